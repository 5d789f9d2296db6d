/* A server answered, closed, and its client got "connection reset" instead of the answer: a close with unread input
 * sends RST, which destroys data on its way to the client. The client must get the whole answer and then the end of the
 * stream.
 */
#include "regression.h"

#ifndef TUTORIAL
static int end_connection(int fd) {
    return sockutil_close_graceful(fd, 5000);
}
#endif

int main(void) {
    static char block[1 << 16];
    size_t sent = 0, received = 0;
    ssize_t n;
    int pair[2];
    CHECK_BOUND(SECONDS);
    tcp_pair(pair);

    /* The client sends more than the server reads, and then its FIN. */
    put(pair, "a question that is not read\n", 28);
    CHECK(shutdown(pair[1], SHUT_WR) == 0);

    /* An answer too large to be completely at the client when the server closes. */
    while ((n = send(pair[0], block, sizeof block, MSG_NOSIGNAL | MSG_DONTWAIT)) > 0)
        sent += (size_t)n;
    CHECK(errno == EAGAIN && sent > 0);
    CHECK(end_connection(pair[0]) == 0);

    while ((n = recv(pair[1], block, sizeof block, 0)) > 0)
        received += (size_t)n;
    MUST(received == sent, "the answer is destroyed on its way out");
    CHECK(n == 0);
    CHECK(close(pair[1]) == 0);
    return 0;
}
