/* With a non-blocking descriptor, lines lost their beginning: the tutorial's readline takes the first half, meets
 * EAGAIN, and returns -1; the next call starts at the beginning of the buffer.
 * After EAGAIN the half must still be there, and the next call must complete it.
 */
#include "regression.h"

#include <fcntl.h>

static int line_now(int fd, char *buf, size_t cap, size_t *done) {
#ifdef TUTORIAL
    ssize_t got = readline(fd, buf, cap);
    *done = got > 0 ? (size_t)got : 0;
    return got > 0 ? 1 : (int)got;
#else
    return sockutil_read_line(fd, buf, cap, done, SOCKUTIL_NOWAIT);
#endif
}

int main(void) {
    char line[64];
    size_t done = 0;
    int pair[2];
    CHECK_BOUND(SECONDS);
    tcp_pair(pair);
    CHECK(fcntl(pair[0], F_SETFL, O_NONBLOCK) == 0);

    CHECK(line_now(pair[0], line, sizeof line, &done) == -1 && errno == EAGAIN);
    put(pair, "half a ", 7);
    CHECK(line_now(pair[0], line, sizeof line, &done) == -1 && errno == EAGAIN);
    CHECK(memcmp(line, "half a ", 7) == 0);
    put(pair, "line\nnext\n", 10);
    CHECK(line_now(pair[0], line, sizeof line, &done) == 1);
    MUST(done == 12 && memcmp(line, "half a line\n", 12) == 0, "the first half is lost");

    done = 0;
    CHECK(line_now(pair[0], line, sizeof line, &done) == 1);
    CHECK(done == 5 && memcmp(line, "next\n", 5) == 0);
    CHECK((fcntl(pair[0], F_GETFL) & O_NONBLOCK) != 0);
    close_pair(pair);
    return 0;
}
