/* An echo server sent less than it got when a line held a NUL: the tutorial takes the length from strlen. With the
 * length that was returned, all bytes must come back.
 */
#include "lines.h"

#ifndef TUTORIAL
static int echo_line(line_reader *reader, int fd) {
    char line[64];
    ssize_t got = reader(fd, line, sizeof line);
    return got > 0 && writen(fd, line, (size_t)got) == got ? 0 : -1;
}
#endif

int main(void) {
    static const char sent[] = "ab\0cd\0\0\n";
    const size_t length = sizeof sent - 1;
    CHECK_BOUND(SECONDS);
    for (size_t i = 0; i < LINE_READER_COUNT; i++) {
        char back[64];
        size_t total = 0;
        ssize_t got;
        int pair[2];
        tcp_pair(pair);
        put(pair, sent, length);

        CHECK(echo_line(LINE_READERS[i], pair[0]) == 0);
        CHECK(shutdown(pair[0], SHUT_WR) == 0);
        while ((got = recv(pair[1], back + total, sizeof back - total, 0)) > 0) {
            total += (size_t)got;
        }
        CHECK(got == 0);
        MUST(total == length, "the echo is cut at the NUL");
        CHECK(memcmp(back, sent, length) == 0);
        close_pair(pair);
    }
    return 0;
}
