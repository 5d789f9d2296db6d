/* The mistake: send, which knows sockets only. */
#include "tutorial.h"

#include <errno.h>

ssize_t writen(int fd, const void *buf, size_t n) {
    const char *from = buf;
    size_t left = n;
    while (left > 0) {
        ssize_t put = send(fd, from, left, MSG_NOSIGNAL);
        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put <= 0) {
            return -1;
        }
        from += put;
        left -= (size_t)put;
    }
    return (ssize_t)n;
}
