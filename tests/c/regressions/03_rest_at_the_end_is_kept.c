/* A last line without newline was lost: at the end of the stream the tutorial's readline returns 0, even if it holds
 * bytes. The rest must be returned as a line without newline, and 0 by the next call.
 */
#include "lines.h"

int main(void) {
    CHECK_BOUND(SECONDS);
    for (size_t i = 0; i < LINE_READER_COUNT; i++) {
        char line[64];
        int pair[2];
        tcp_pair(pair);
        put(pair, "one\ntwo", 7);
        CHECK(shutdown(pair[1], SHUT_WR) == 0);

        ssize_t got = LINE_READERS[i](pair[0], line, sizeof line);
        CHECK(got == 4 && memcmp(line, "one\n", 4) == 0);
        got = LINE_READERS[i](pair[0], line, sizeof line);
        MUST(got != 0, "the rest before the end is dropped");
        CHECK(got == 3 && strcmp(line, "two") == 0);
        CHECK(LINE_READERS[i](pair[0], line, sizeof line) == 0 && line[0] == '\0');
        close_pair(pair);
    }
    return 0;
}
