/* The same with SO_RCVTIMEO: the tutorial's readn calls recv again after EINTR, and the kernel counts from there.
 * The classic calls must wait no longer than the descriptor's timeout.
 */
#include "ticks.h"

/* The kernel's timers for sockets go by ticks of up to 10 ms, and may be one short. */
#define TICK_MS 10

/* Each waits in vain on a connection without input, whose peer does not read. */
static ssize_t by_readn(int fd) {
    char bytes[8];
    return readn(fd, bytes, sizeof bytes);
}

#ifdef TUTORIAL
static ssize_t (*const CALLS[])(int fd) = {by_readn};
#else
static ssize_t by_recv_peek(int fd) {
    char bytes[8];
    return recv_peek(fd, bytes, sizeof bytes);
}

static ssize_t by_readline(int fd) {
    char line[8];
    return readline(fd, line, sizeof line);
}

static ssize_t by_writen(int fd) {
    static char bytes[TOO_MUCH];
    struct timeval limit = {.tv_usec = TIMEOUT_MS * 1000};
    CHECK(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) == 0);
    return writen(fd, bytes, sizeof bytes);
}

static ssize_t (*const CALLS[])(int fd) = {by_readn, by_recv_peek, by_readline, by_writen};
#endif

int main(void) {
    CHECK_BOUND(SECONDS);
    for (size_t i = 0; i < sizeof CALLS / sizeof CALLS[0]; i++) {
        int pair[2];
        tcp_pair(pair);
        set_rcvtimeo(pair[0], TIMEOUT_MS);

        start_ticks();
        int64_t start = clock_ms();
        CHECK(CALLS[i](pair[0]) == -1 && errno == EAGAIN);
        CHECK(clock_ms() - start >= TIMEOUT_MS - 2 * TICK_MS);
        stop_ticks();
        CHECK(ticks > 3);
        close_pair(pair);
    }
    return 0;
}
