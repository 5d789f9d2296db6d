/* A server with a thousand clients smashed its stack: the tutorial waits with select, and FD_SET of a descriptor from
 * 1024 on writes past the fd_set, over other data on the stack. Such a descriptor must be waited for like any other.
 */
#include "regression.h"

#include <fcntl.h>
#include <sys/resource.h>

#ifdef TUTORIAL
/* A replacement for the tutorial's stack after its fd_set. Checked before select, which crashes qemu. */
void after_fd_set(void) {
    for (size_t i = 0; i < sizeof select_frame.behind; i++) {
        MUST(select_frame.behind[i] == STACK_BYTE, "FD_SET wrote behind the set");
    }
}
#else

static int wait_readable(int fd, int timeout_ms) {
    int answer = sockutil_wait(fd, POLLIN, timeout_ms);
    CHECK(answer == POLLIN || (answer == -1 && errno == EAGAIN));
    return answer > 0;
}
#endif

int main(void) {
    struct rlimit limit;
    int pair[2];
    CHECK_BOUND(SECONDS);
    CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    CHECK(limit.rlim_max > 1050);
    if (limit.rlim_cur <= 1050) {
        limit.rlim_cur = 1051;
        CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    }
    tcp_pair(pair);
    int high = fcntl(pair[0], F_DUPFD_CLOEXEC, 1050);
    CHECK(high == 1050);

    CHECK(wait_readable(high, 0) == 0);
    put(pair, "x", 1);
    CHECK(wait_readable(high, 5000) == 1);
    CHECK(close(high) == 0);
    close_pair(pair);
    return 0;
}
