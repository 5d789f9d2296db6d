/* A read with a timeout never returned in a program with a timer: the tutorial calls poll again after EINTR, with the
 * whole timeout. The timeout must bound the call from its start, however many signals arrive, and lose none of the
 * bytes.
 */
#include "ticks.h"

/* Each waits in vain on a connection on which "text" has arrived and no more comes, and whose peer does not read. */
#ifdef TUTORIAL
static int by_read_within(int fd) {
    char bytes[8];
    return read_within(fd, bytes, sizeof bytes, TIMEOUT_MS);
}

static int (*const CALLS[])(int fd) = {by_read_within};
#else
static int by_read_full(int fd) {
    char bytes[8];
    size_t done = 0;
    int answer = sockutil_read_full(fd, bytes, sizeof bytes, &done, TIMEOUT_MS);
    CHECK(done == 4 && memcmp(bytes, "text", 4) == 0);
    return answer;
}

static int by_read_line(int fd) {
    char line[8];
    size_t done = 0;
    int answer = sockutil_read_line(fd, line, sizeof line, &done, TIMEOUT_MS);
    CHECK(done == 4 && strcmp(line, "text") == 0);
    return answer;
}

static int by_write_full(int fd) {
    static char bytes[TOO_MUCH];
    size_t done = 0;
    int answer = sockutil_write_full(fd, bytes, sizeof bytes, &done, TIMEOUT_MS);
    CHECK(done > 0 && done < sizeof bytes);
    return answer;
}

static int by_wait(int fd) {
    return sockutil_wait(fd, POLLPRI, TIMEOUT_MS);
}

static int (*const CALLS[])(int fd) = {by_read_full, by_read_line, by_write_full, by_wait};
#endif

int main(void) {
    CHECK_BOUND(SECONDS);
    for (size_t i = 0; i < sizeof CALLS / sizeof CALLS[0]; i++) {
        int pair[2];
        tcp_pair(pair);
        put(pair, "text", 4);

        start_ticks();
        int64_t start = clock_ms();
        CHECK(CALLS[i](pair[0]) == -1 && errno == EAGAIN);
        CHECK(clock_ms() - start >= TIMEOUT_MS);
        stop_ticks();
        CHECK(ticks > 3);
        close_pair(pair);
    }
    return 0;
}
