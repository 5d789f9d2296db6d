/* A name had two addresses, the first one's host was down, and the second was never reached: the tutorial uses the
 * socket again, whose first attempt still goes on.
 * Every address must be tried, each with its own socket.
 */
#include "full_backlog.h"

#include <netdb.h>

#define TIMEOUT_MS 400

static struct sockaddr_in down = {.sin_family = AF_INET}, up = {.sin_family = AF_INET};

/* The resolver that knows the name. */
int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **list) {
    static struct addrinfo nodes[2];
    (void)service, (void)hints;
    CHECK(strcmp(host, "server.example") == 0);
    nodes[1] = (struct addrinfo){.ai_family = AF_INET, .ai_socktype = SOCK_STREAM, .ai_addrlen = sizeof up};
    nodes[0] = nodes[1];
    nodes[0].ai_addr = (struct sockaddr *)&down;
    nodes[0].ai_next = &nodes[1];
    nodes[1].ai_addr = (struct sockaddr *)&up;
    *list = nodes;
    return 0;
}

void freeaddrinfo(struct addrinfo *list) {
    CHECK(list != NULL);
}

#ifndef TUTORIAL
static int connect_by_name(const char *host, const char *service, int timeout_ms) {
    return sockutil_tcp_connect(host, service, 0, timeout_ms, NULL);
}
#endif

int main(void) {
    CHECK_BOUND(SECONDS);
    down.sin_addr.s_addr = htonl(0x7f000002);
    up.sin_addr.s_addr = htonl(0x7f000003);
    int silent = full_backlog(&down);
    int listener = listen_at(&up, 16);

    int fd = connect_by_name("server.example", "service", TIMEOUT_MS);
    MUST(fd >= 0, "a socket whose connect failed is used again");
    int served = accept(listener, NULL, NULL);
    CHECK(served >= 0);
    CHECK(close(served) == 0 && close(fd) == 0 && close(silent) == 0 && close(listener) == 0);
    return 0;
}
