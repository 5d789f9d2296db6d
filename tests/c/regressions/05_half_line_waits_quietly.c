/* A server ran at 100 % CPU while half a line waited: the tutorial's readline peeks again and again until a newline is
 * there, and the peeked bytes keep each peek from waiting. Half a line must be taken, and the rest waited for: a
 * handful of system calls, no CPU time.
 */
#include "regression.h"

#include <time.h>

#define TIMEOUT_MS 200

static int calls;

ssize_t recv(int fd, void *buf, size_t n, int flags) {
    MUST(++calls <= 1000, "it spins while half a line waits");
    return recvfrom(fd, buf, n, flags, NULL, NULL);
}

static ssize_t by_readline(int fd, char *buf, size_t cap) {
    return readline(fd, buf, cap);
}

#ifdef TUTORIAL
static ssize_t (*const CALLS[])(int fd, char *buf, size_t cap) = {by_readline};
#else
static ssize_t by_read_line(int fd, char *buf, size_t cap) {
    size_t done = 0;
    int answer = sockutil_read_line(fd, buf, cap, &done, TIMEOUT_MS);
    CHECK(done == 4);
    return answer;
}

static ssize_t (*const CALLS[])(int fd, char *buf, size_t cap) = {by_readline, by_read_line};
#endif

static long cpu_ms(void) {
    struct timespec used;
    CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) == 0);
    return (long)used.tv_sec * 1000 + used.tv_nsec / 1000000;
}

int main(void) {
    CHECK_BOUND(SECONDS);
    for (size_t i = 0; i < sizeof CALLS / sizeof CALLS[0]; i++) {
        char line[64];
        int pair[2];
        tcp_pair(pair);
        set_rcvtimeo(pair[0], TIMEOUT_MS);
        put(pair, "half", 4);

        long before = cpu_ms();
        calls = 0;
        errno = 0;
        CHECK(CALLS[i](pair[0], line, sizeof line) == -1 && errno == EAGAIN);
        CHECK(calls > 0 && calls <= 8);
        CHECK(cpu_ms() - before < TIMEOUT_MS / 2);
        CHECK(strcmp(line, "half") == 0);
        close_pair(pair);
    }
    return 0;
}
