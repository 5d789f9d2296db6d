/* preadv2(2) and pwritev2(2) on a kernel that has neither (before Linux 4.6, and in some emulators): a pipe serves
 * within time limits all the same, and its wrong end is told from one that is not ready. */
#include "../shim/shim.h"
#include "check.h"

#include <fcntl.h>
#include <sockutil.h>

#define MOMENT_MS 20
#define LIMIT_MS 10000

static void reads_from(int in, int out) {
    char byte = 'x';
    size_t done = 0;
    CHECK(sockutil_read_full(in, &byte, 1, NULL, SOCKUTIL_NOWAIT) == -1 && errno == EAGAIN);
    CHECK(sockutil_read_full(in, &byte, 1, NULL, MOMENT_MS) == -1 && errno == EAGAIN);
    CHECK(sockutil_write_full(out, "ab", 2, &done, LIMIT_MS) == 1 && done == 2);
    CHECK(sockutil_read_full(in, &byte, 1, NULL, SOCKUTIL_NOWAIT) == 1 && byte == 'a');
    CHECK(sockutil_read_full(in, &byte, 1, NULL, LIMIT_MS) == 1 && byte == 'b');
}

/* At the wrong end of a pipe a wait would never end. */
static void is_refused(int in, int out, int timeout_ms) {
    char byte;
    size_t done = 0;
    CHECK(sockutil_read_full(out, &byte, 1, &done, timeout_ms) == -1 && errno == EBADF && done == 0);
    CHECK(sockutil_write_full(in, "x", 1, &done, timeout_ms) == -1 && errno == EBADF && done == 0);
}

int main(void) {
    CHECK_BOUND(60);
    CHECK(shim_counts != NULL);
    int ends[2];
    CHECK(pipe(ends) == 0);
    reads_from(ends[0], ends[1]);
    CHECK(shim_counts()->syscall > 0);
    is_refused(ends[0], ends[1], SOCKUTIL_NOWAIT);
    is_refused(ends[0], ends[1], MOMENT_MS);
    is_refused(ends[0], ends[1], SOCKUTIL_FOREVER);

    /* Other flags of the descriptor are not its access mode. */
    for (int i = 0; i < 2; i++)
        CHECK(fcntl(ends[i], F_SETFL, O_NONBLOCK) == 0);
    reads_from(ends[0], ends[1]);
    is_refused(ends[0], ends[1], MOMENT_MS);

    /* A descriptor that is open for both has no wrong end. */
    char path[32];
    CHECK(snprintf(path, sizeof path, "/proc/self/fd/%d", ends[0]) > 0);
    int both = open(path, O_RDWR);
    CHECK(both >= 0);
    reads_from(both, both);
    CHECK(close(both) == 0 && close(ends[0]) == 0 && close(ends[1]) == 0);
    return 0;
}
