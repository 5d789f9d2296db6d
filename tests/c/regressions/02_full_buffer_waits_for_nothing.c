/* A server hung on a client that had sent as many bytes as the buffer holds and then waited for an answer: with the
 * buffer full and the queue empty, the tutorial's readline waits for a byte for which it has no room. A full buffer
 * must be returned at once, and the rest must stay in the queue.
 */
#include "lines.h"

int main(void) {
    CHECK_BOUND(SECONDS);
    for (size_t i = 0; i < LINE_READER_COUNT; i++) {
        char line[8];
        int pair[2];
        /* AF_UNIX waits on a peek for 0 bytes; TCP returns 0 at once. */
        CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
        /* "For ever" is too long for a test. */
        set_rcvtimeo(pair[0], 500);
        put(pair, "12345678", 8);

        ssize_t got = LINE_READERS[i](pair[0], line, sizeof line);
        MUST(!(got == -1 && errno == EAGAIN), "it waits although the buffer is full");
        CHECK(got == 7 && memcmp(line, "1234567", 7) == 0);
        CHECK(recv(pair[0], line, sizeof line, MSG_DONTWAIT) == 1 && line[0] == '8');
        close_pair(pair);
    }
    return 0;
}
