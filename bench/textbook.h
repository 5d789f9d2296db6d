/* textbook.h - readers as the textbooks teach them, rewritten: most programs would have these instead of sockutil. */
#ifndef TEXTBOOK_H
#define TEXTBOOK_H

#include <stddef.h>
#include <sys/types.h>

/* With a static buffer of 4 KB, from which a function returns a byte at a time (as UNP's my_read). Returns the line's
 * length. */
ssize_t static_buffer_line(int fd, char *line, size_t size);

/* How many bytes are in the static buffer. */
size_t static_buffer_held(void);

/* With a buffer of 8 KB in a struct, from which a call copies each byte (as CS:APP's rio). */
struct byte_copier {
    int fd;
    size_t left;
    char *next;
    char buffer[8192];
};

ssize_t byte_copier_line(struct byte_copier *from, char *line, size_t size);

/* Without a buffer: peeks (MSG_PEEK) as much as the caller's memory holds, searches the newline byte by byte, takes the
 * line. */
ssize_t peeked_line(int fd, char *line, size_t size);

/* Without a buffer: a recv for each byte. */
ssize_t bytewise_line(int fd, char *line, size_t size);

#endif
