/* The mistake: after EINTR, read is called again, and SO_RCVTIMEO with it. */
#include "tutorial.h"

#include <errno.h>
#include <unistd.h>

ssize_t readn(int fd, void *buf, size_t n) {
    char *to = buf;
    size_t left = n;
    while (left > 0) {
        ssize_t got = read(fd, to, left);
        if (got < 0 && errno == EINTR) {
            continue;
        }
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
