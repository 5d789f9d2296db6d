/* A device that answers a write with 0: it took nothing, without a reason. The functions end with EIO and do not spin.
 * The program's own system calls replace libc's. */
#include "check.h"
#include <sockutil.h>

static int calls;

static ssize_t take_nothing(void) {
    if (++calls > 100) {
        fputs("FAIL: it spins\n", stderr);
        _exit(1);
    }
    return 0;
}

ssize_t send(int fd, const void *buf, size_t n, int flags) {
    (void)fd, (void)buf, (void)n, (void)flags;
    return take_nothing();
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
    (void)fd, (void)message, (void)flags;
    return take_nothing();
}

int main(int argc, char **argv) {
    const char *which = argc > 1 ? argv[1] : "";
    size_t done = 0;
    struct iovec iov[2] = {{argv[0], 1}, {argv[0], 1}};
    CHECK_BOUND(10);
    errno = 0;
    if (strcmp(which, "writen") == 0)
        CHECK(writen(1, "abc", 3) == -1);
    else if (strcmp(which, "write_full") == 0)
        CHECK(sockutil_write_full(1, "abc", 3, &done, SOCKUTIL_FOREVER) == -1);
    else if (strcmp(which, "send_frame") == 0)
        CHECK(sockutil_send_frame(1, 2, "abc", 3, &done, SOCKUTIL_FOREVER) == -1);
    else
        CHECK(sockutil_writev_full(1, iov, 2, &done, SOCKUTIL_FOREVER) == -1);
    CHECK(errno == EIO);
    CHECK(done == 0);
    CHECK(calls == 1);
    return 0;
}
