/* textbook.c - readers as the textbooks teach them, but correct, so that they can be compared. */
#include "textbook.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct {
    char bytes[4096];
    char *next;
    size_t left;
} shared;

static ssize_t next_byte(int fd, char *byte) {
    if (shared.left == 0) {
        ssize_t got;
        do
            got = read(fd, shared.bytes, sizeof shared.bytes);
        while (got < 0 && errno == EINTR);
        if (got <= 0)
            return got;
        shared.left = (size_t)got;
        shared.next = shared.bytes;
    }
    shared.left--;
    *byte = *shared.next++;
    return 1;
}

ssize_t static_buffer_line(int fd, char *line, size_t size) {
    size_t length = 0;
    while (length < size - 1) {
        char byte;
        ssize_t got = next_byte(fd, &byte);
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        line[length++] = byte;
        if (byte == '\n')
            break;
    }
    line[length] = '\0';
    return (ssize_t)length;
}

size_t static_buffer_held(void) {
    return shared.left;
}

/* Not inlined, since the books have it in a separate file. */
static __attribute__((noinline)) ssize_t copier_read(struct byte_copier *from, char *bytes, size_t n) {
    while (from->left == 0) {
        ssize_t got = read(from->fd, from->buffer, sizeof from->buffer);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got;
        from->left = (size_t)got;
        from->next = from->buffer;
    }
    size_t taken = n < from->left ? n : from->left;
    memcpy(bytes, from->next, taken);
    from->next += taken;
    from->left -= taken;
    return (ssize_t)taken;
}

ssize_t byte_copier_line(struct byte_copier *from, char *line, size_t size) {
    size_t length = 0;
    while (length < size - 1) {
        char byte;
        ssize_t got = copier_read(from, &byte, 1);
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        line[length++] = byte;
        if (byte == '\n')
            break;
    }
    line[length] = '\0';
    return (ssize_t)length;
}

static ssize_t read_all(int fd, char *bytes, size_t n) {
    size_t left = n;
    while (left > 0) {
        ssize_t got = read(fd, bytes, left);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        bytes += got;
        left -= (size_t)got;
    }
    return (ssize_t)(n - left);
}

ssize_t peeked_line(int fd, char *line, size_t size) {
    size_t length = 0;
    while (length < size - 1) {
        ssize_t seen = recv(fd, line + length, size - 1 - length, MSG_PEEK);
        if (seen < 0 && errno == EINTR)
            continue;
        if (seen < 0)
            return -1;
        if (seen == 0)
            break;
        size_t taken = 0;
        int whole = 0;
        while (taken < (size_t)seen && !whole)
            whole = line[length + taken++] == '\n';
        if (read_all(fd, line + length, taken) != (ssize_t)taken)
            return -1;
        length += taken;
        if (whole)
            break;
    }
    line[length] = '\0';
    return (ssize_t)length;
}

ssize_t bytewise_line(int fd, char *line, size_t size) {
    size_t length = 0;
    while (length < size - 1) {
        ssize_t got = recv(fd, line + length, 1, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        if (line[length++] == '\n')
            break;
    }
    line[length] = '\0';
    return (ssize_t)length;
}
