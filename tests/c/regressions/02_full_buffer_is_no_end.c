/* A client that sent a line longer than the buffer was taken for one that had closed: with the buffer full, the
 * tutorial's readline peeks for 0 more bytes, gets 0, and returns that. The line must come in pieces that fill the
 * buffer except for the NUL, and 0 only at the end of the stream.
 */
#include "lines.h"

int main(void) {
    CHECK_BOUND(SECONDS);
    for (size_t i = 0; i < LINE_READER_COUNT; i++) {
        char line[8];
        int pair[2];
        tcp_pair(pair);
        put(pair, "123456789abc\nx\n", 15);

        ssize_t got = LINE_READERS[i](pair[0], line, sizeof line);
        MUST(got != 0, "a long line is taken for the end of the stream");
        CHECK(got == 7 && memcmp(line, "1234567", 7) == 0);
        got = LINE_READERS[i](pair[0], line, sizeof line);
        CHECK(got == 6 && memcmp(line, "89abc\n", 6) == 0);
        got = LINE_READERS[i](pair[0], line, sizeof line);
        CHECK(got == 2 && memcmp(line, "x\n", 2) == 0);

        CHECK(shutdown(pair[1], SHUT_WR) == 0);
        CHECK(LINE_READERS[i](pair[0], line, sizeof line) == 0);
        close_pair(pair);
    }
    return 0;
}
