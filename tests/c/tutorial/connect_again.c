/* The mistake: after EINTR, connect is called again. */
#include "tutorial.h"

#include <errno.h>
#include <sys/time.h>

int connect_within(int fd, const struct sockaddr *address, socklen_t size, int timeout_ms) {
    struct timeval limit = {.tv_sec = timeout_ms / 1000, .tv_usec = (timeout_ms % 1000) * 1000};
    int answer;
    if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) != 0) {
        return -1;
    }
    do {
        answer = connect(fd, address, size);
    } while (answer < 0 && errno == EINTR);
    return answer;
}
