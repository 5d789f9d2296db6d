/* A program that printed a line that filled the buffer also printed the bytes after the buffer: the tutorial's readline
 * leaves no room for a NUL. A NUL must follow the stored bytes, within the buffer, and the byte after the buffer must
 * stay.
 */
#include "lines.h"

int main(void) {
    CHECK_BOUND(SECONDS);
    for (size_t i = 0; i < LINE_READER_COUNT; i++) {
        char line[8 + 1];
        int pair[2];
        tcp_pair(pair);
        put(pair, "1234567\n", 8);

        memset(line, '#', sizeof line);
        ssize_t got = LINE_READERS[i](pair[0], line, 8);
        CHECK(line[8] == '#');
        MUST(memchr(line, '\0', 8) != NULL, "no NUL stands behind the line");
        CHECK(got == 7 && strcmp(line, "1234567") == 0);

        memset(line, '#', sizeof line);
        got = LINE_READERS[i](pair[0], line, 8);
        CHECK(got == 1 && strcmp(line, "\n") == 0 && line[8] == '#');
        close_pair(pair);
    }
    return 0;
}
