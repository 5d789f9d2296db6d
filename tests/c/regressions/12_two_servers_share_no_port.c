/* Half of the clients reached an old server that still ran: SO_REUSEPORT, which the tutorial sets so that a restart
 * binds during TIME_WAIT, silently lets a second server start on the port. A second server must be refused, and a
 * restart during TIME_WAIT must still bind.
 */
#include "regression.h"

#ifndef TUTORIAL
static int start_server(int port) {
    char service[8];
    CHECK(snprintf(service, sizeof service, "%d", port) > 0);
    return sockutil_tcp_listen("127.0.0.1", service, 16, 0, NULL);
}
#endif

int main(void) {
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    char byte;
    CHECK_BOUND(SECONDS);
    int server = start_server(0);
    CHECK(server >= 0);
    CHECK(getsockname(server, (struct sockaddr *)&address, &size) == 0);
    int port = ntohs(address.sin_port);

    /* A connection that the server's end closes first, so that it is the one in TIME_WAIT. */
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(client >= 0 && connect(client, (struct sockaddr *)&address, size) == 0);
    int served = accept(server, NULL, NULL);
    CHECK(served >= 0 && close(served) == 0);
    CHECK(recv(client, &byte, 1, 0) == 0 && close(client) == 0);
    CHECK(close(server) == 0);
    server = start_server(port);
    CHECK(server >= 0);

    int second = start_server(port);
    MUST(second == -1, "two servers share the port");
    CHECK(errno == EADDRINUSE);
    CHECK(close(server) == 0);
    return 0;
}
