/* The mistake: readn counts in an int. */
#include "tutorial.h"

#include <unistd.h>

ssize_t readn(int fd, void *buf, size_t n) {
    char *to = buf;
    int left = (int)n;
    while (left > 0) {
        int got = (int)read(fd, to, (size_t)left);
        if (got < 0) {
            return -1;
        }
        if (got == 0) {
            break;
        }
        to += got;
        left -= got;
    }
    return (int)n - left;
}

ssize_t writen(int fd, const void *buf, size_t n) {
    const char *from = buf;
    size_t left = n;
    while (left > 0) {
        ssize_t put = write(fd, from, left);
        if (put <= 0) {
            return -1;
        }
        from += put;
        left -= (size_t)put;
    }
    return (ssize_t)n;
}
