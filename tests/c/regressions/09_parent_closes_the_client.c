/* Clients of a server that forks for each waited for ever for the end of the answer, and after a thousand of them the
 * server had no descriptor left: the parent keeps each child's connection open. When the child has ended, the client
 * must see the end, and nothing must be left in the parent.
 */
#include "serve.h"

#include <fcntl.h>

#define CLIENTS 3

int main(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_storage peers[CLIENTS];
    socklen_t size = sizeof address;
    int clients[CLIENTS];
    CHECK_BOUND(SECONDS);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(listener >= 0);
    CHECK(bind(listener, (struct sockaddr *)&address, size) == 0 && listen(listener, CLIENTS) == 0);
    CHECK(getsockname(listener, (struct sockaddr *)&address, &size) == 0);
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        CHECK(clients[i] >= 0 && connect(clients[i], (struct sockaddr *)&address, size) == 0);
    }
    int next = dup(listener);
    CHECK(next >= 0 && close(next) == 0);

    CHECK(serve_clients(listener, peers, CLIENTS) == CLIENTS);
    for (int i = 0; i < CLIENTS; i++) {
        char line[8];
        struct timeval limit = {.tv_sec = 2};
        CHECK(setsockopt(clients[i], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0);
        CHECK(recv(clients[i], line, 7, MSG_WAITALL) == 7 && memcmp(line, "served\n", 7) == 0);
        MUST(recv(clients[i], line, 1, 0) == 0, "the client never sees the end");
    }
    MUST(fcntl(next, F_GETFD) == -1, "the parent keeps the descriptor");
    return 0;
}
