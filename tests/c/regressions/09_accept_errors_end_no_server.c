/* A server ended when a client closed before accept: the tutorial's loop goes on while accept succeeds. An error of a
 * connection that is already gone, in accept(2), must cost only that connection.
 */
#include "serve.h"

#include <sys/syscall.h>

#define CLIENTS 3

static const int GONE[] = {EINTR,     ECONNABORTED, EPROTO,       ENETDOWN,   ENOPROTOOPT,
                           EHOSTDOWN, ENONET,       EHOSTUNREACH, ENETUNREACH};
static size_t reported;

static int next_client(int fd, struct sockaddr *address, socklen_t *length, int flags) {
    if (reported < sizeof GONE / sizeof GONE[0]) {
        errno = GONE[reported++];
        return -1;
    }
    return (int)syscall(SYS_accept4, fd, address, length, flags);
}

/* The program's own accept replaces libc's. */
int my_accept(int fd, struct sockaddr *address, socklen_t *length) __asm__("accept");
int my_accept(int fd, struct sockaddr *address, socklen_t *length) {
    return next_client(fd, address, length, 0);
}

int my_accept4(int fd, struct sockaddr *address, socklen_t *length, int flags) __asm__("accept4");
int my_accept4(int fd, struct sockaddr *address, socklen_t *length, int flags) {
    return next_client(fd, address, length, flags);
}

int main(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_storage peers[CLIENTS];
    socklen_t size = sizeof address;
    CHECK_BOUND(SECONDS);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(listener >= 0);
    CHECK(bind(listener, (struct sockaddr *)&address, size) == 0 && listen(listener, CLIENTS) == 0);
    CHECK(getsockname(listener, (struct sockaddr *)&address, &size) == 0);
    for (int i = 0; i < CLIENTS; i++) {
        int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        CHECK(client >= 0 && connect(client, (struct sockaddr *)&address, size) == 0);
    }

    int served = serve_clients(listener, peers, CLIENTS);
    MUST(served == CLIENTS, "an error of accept ends the server");
    CHECK(reported == sizeof GONE / sizeof GONE[0]);
    return 0;
}
