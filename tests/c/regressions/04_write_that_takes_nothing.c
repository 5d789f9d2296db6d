/* A program spun when write returned 0: the tutorial's writen takes that for "try again". It must be an error, EIO,
 * after one attempt. The functions below replace the device.
 */
#include "regression.h"

static int is_socket;
static int calls;

static ssize_t take_nothing(void) {
    MUST(++calls <= 1000, "it spins when nothing is taken");
    return 0;
}

ssize_t send(int fd, const void *buf, size_t n, int flags) {
    (void)fd, (void)buf, (void)n, (void)flags;
    if (is_socket) {
        return take_nothing();
    }
    errno = ENOTSOCK;
    return -1;
}

ssize_t write(int fd, const void *buf, size_t n) {
    (void)fd, (void)buf, (void)n;
    return take_nothing();
}

static ssize_t by_writen(int fd) {
    return writen(fd, "text", 4);
}

#ifdef TUTORIAL
static ssize_t (*const CALLS[])(int fd) = {by_writen};
#else
static ssize_t by_write_full(int fd) {
    size_t done = 0;
    int answer = sockutil_write_full(fd, "text", 4, &done, SOCKUTIL_FOREVER);
    CHECK(done == 0);
    return answer;
}

static ssize_t (*const CALLS[])(int fd) = {by_writen, by_write_full};
#endif

int main(void) {
    CHECK_BOUND(SECONDS);
    for (is_socket = 0; is_socket <= 1; is_socket++) {
        for (size_t i = 0; i < sizeof CALLS / sizeof CALLS[0]; i++) {
            calls = 0;
            errno = 0;
            CHECK(CALLS[i](STDOUT_FILENO) == -1 && errno == EIO);
            CHECK(calls == 1);
        }
    }
    return 0;
}
