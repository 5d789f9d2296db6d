/* The mistake: writen counts in an int. */
#include "tutorial.h"

#include <unistd.h>

ssize_t readn(int fd, void *buf, size_t n) {
    char *to = buf;
    size_t left = n;
    while (left > 0) {
        ssize_t got = read(fd, to, left);
        if (got < 0) {
            return -1;
        }
        if (got == 0) {
            break;
        }
        to += got;
        left -= (size_t)got;
    }
    return (ssize_t)(n - left);
}

ssize_t writen(int fd, const void *buf, size_t n) {
    const char *from = buf;
    int left = (int)n;
    while (left > 0) {
        int put = (int)write(fd, from, (size_t)left);
        if (put <= 0) {
            return -1;
        }
        from += put;
        left -= put;
    }
    return (int)n;
}
