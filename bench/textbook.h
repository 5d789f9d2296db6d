/* textbook.h - readers as the textbooks teach them, written anew: what most programs would have instead of sockutil. */
#ifndef TEXTBOOK_H
#define TEXTBOOK_H

#include <stddef.h>
#include <sys/types.h>

/* With a static buffer of 4 KB, out of which a function gives a byte at a time (as UNP's my_read). Returns the line's
 * length. */
ssize_t static_buffer_line(int fd, char *line, size_t size);

/* How many bytes are in the static buffer. */
size_t static_buffer_held(void);

/* With a buffer of 8 KB in a struct, out of which each byte is copied by a call for one byte (as CS:APP's rio). */
struct byte_copier {
    int fd;
    size_t left;
    char *next;
    char buffer[8192];
};

ssize_t byte_copier_line(struct byte_copier *from, char *line, size_t size);

/* Without a buffer: looks into the queue with MSG_PEEK as far as the caller's memory goes, searches the newline byte by
 * byte, takes the line. */
ssize_t peeked_line(int fd, char *line, size_t size);

/* Without a buffer: a recv for each byte. */
ssize_t bytewise_line(int fd, char *line, size_t size);

#endif
