/* The mistake: it takes 0 from write for "try again". */
#include "tutorial.h"

#include <errno.h>
#include <unistd.h>

ssize_t writen(int fd, const void *buf, size_t n) {
    const char *from = buf;
    size_t left = n;
    while (left > 0) {
        ssize_t put = write(fd, from, left);
        if (put < 0 && errno != EINTR) {
            return -1;
        }
        if (put <= 0) {
            continue;
        }
        from += put;
        left -= (size_t)put;
    }
    return (ssize_t)n;
}
