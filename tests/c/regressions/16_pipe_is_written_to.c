/* A pipe could not be written to: the tutorial's writen calls send, to use MSG_NOSIGNAL, and send is ENOTSOCK on other
 * descriptors than sockets. A write to these must work, too.
 */
#include "regression.h"

static ssize_t by_writen(int fd) {
    return writen(fd, "text", 4);
}

#ifdef TUTORIAL
static ssize_t (*const CALLS[])(int fd) = {by_writen};
#else
static ssize_t write_full(int fd, int timeout_ms) {
    size_t done = 0;
    int answer = sockutil_write_full(fd, "text", 4, &done, timeout_ms);
    return answer == 1 ? (ssize_t)done : -1;
}

static ssize_t by_write_full(int fd) {
    return write_full(fd, SOCKUTIL_FOREVER);
}

/* Bounded calls use other system calls, since a pipe has no MSG_DONTWAIT. */
static ssize_t by_write_full_within(int fd) {
    return write_full(fd, 5000);
}

static ssize_t by_writev_full(int fd) {
    struct iovec parts[2] = {{.iov_base = "te", .iov_len = 2}, {.iov_base = "xt", .iov_len = 2}};
    size_t done = 0;
    int answer = sockutil_writev_full(fd, parts, 2, &done, SOCKUTIL_FOREVER);
    return answer == 1 ? (ssize_t)done : -1;
}

static ssize_t (*const CALLS[])(int fd) = {by_writen, by_write_full, by_write_full_within, by_writev_full};
#endif

int main(void) {
    CHECK_BOUND(SECONDS);
    for (size_t i = 0; i < sizeof CALLS / sizeof CALLS[0]; i++) {
        char text[8];
        int ends[2];
        CHECK(pipe(ends) == 0);
        ssize_t answer = CALLS[i](ends[1]);
        MUST(!(answer == -1 && errno == ENOTSOCK), "a pipe is not written to");
        CHECK(answer == 4);
        CHECK(read(ends[0], text, sizeof text) == 4 && memcmp(text, "text", 4) == 0);
        close_pair(ends);

        FILE *file = tmpfile();
        CHECK(file != NULL);
        CHECK(CALLS[i](fileno(file)) == 4);
        CHECK(pread(fileno(file), text, sizeof text, 0) == 4 && memcmp(text, "text", 4) == 0);
        CHECK(fclose(file) == 0);
    }
    return 0;
}
