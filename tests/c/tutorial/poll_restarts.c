/* The mistake: after EINTR, poll is called again with the whole timeout. */
#include "tutorial.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

int read_within(int fd, void *buf, size_t n, int timeout_ms) {
    char *to = buf;
    size_t left = n;
    while (left > 0) {
        struct pollfd entry = {.fd = fd, .events = POLLIN};
        int ready;
        do {
            ready = poll(&entry, 1, timeout_ms);
        } while (ready < 0 && errno == EINTR);
        if (ready == 0) {
            errno = EAGAIN;
        }
        if (ready <= 0) {
            return -1;
        }
        ssize_t got = read(fd, to, left);
        if (got <= 0) {
            return (int)got;
        }
        to += got;
        left -= (size_t)got;
    }
    return 1;
}
