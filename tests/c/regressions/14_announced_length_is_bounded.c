/* A peer wrote over a server's stack: the length in a frame's header came from the network and was used unchecked. A
 * length above the receiver's memory must be refused, with nothing written past the memory.
 */
#include "regression.h"

#define ROOM 16

static struct {
    char memory[ROOM];
    char behind[64];
} frame;

#ifndef TUTORIAL
static int take_frame(int fd, char *memory, size_t size) {
    sockutil_reader reader;
    char *body = NULL;
    size_t len = 0;
    int answer;
    CHECK(sockutil_reader_init(&reader, fd, memory, size) == 0);
    answer = sockutil_reader_frame(&reader, 2, &body, &len, 5000);
    if (answer == -1 && errno == EMSGSIZE) {
        CHECK(len == 40 && body == NULL);
        CHECK(sockutil_reader_pending(&reader) >= 2);
    }
    return answer;
}
#endif

int main(void) {
    char hostile[42];
    char intact[sizeof frame.behind];
    int pair[2];
    CHECK_BOUND(SECONDS);
    memset(frame.behind, '#', sizeof frame.behind);
    memset(intact, '#', sizeof intact);
    tcp_pair(pair);

    /* 40 bytes are announced, and come. */
    memset(hostile, 'x', sizeof hostile);
    hostile[0] = 0;
    hostile[1] = 40;
    put(pair, hostile, sizeof hostile);

    errno = 0;
    int answer = take_frame(pair[0], frame.memory, ROOM);
    int e = errno;
    MUST(memcmp(frame.behind, intact, sizeof intact) == 0, "the peer wrote behind the memory");
    CHECK(answer == -1 && e == EMSGSIZE);
    close_pair(pair);
    return 0;
}
