/* A server on a Unix socket lost its clients' names after the first client that had none: accept replaces the size of
 * the memory by the length of the address, and the tutorial's loop passes that to the next accept. Each client's
 * address must be whole, whatever client came before.
 */
#include "serve.h"

#include <sys/un.h>

#define CLIENTS 3

int main(void) {
    struct sockaddr_un address = {.sun_family = AF_UNIX}, name;
    struct sockaddr_storage peers[CLIENTS];
    socklen_t size = sizeof address, named;
    CHECK_BOUND(SECONDS);
    memset(peers, 0, sizeof peers);
    /* With a bind to only the family, the kernel chooses a name. */
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(listener >= 0);
    CHECK(bind(listener, (struct sockaddr *)&address, sizeof address.sun_family) == 0);
    CHECK(listen(listener, CLIENTS) == 0);
    CHECK(getsockname(listener, (struct sockaddr *)&address, &size) == 0);

    /* The last of them has a name. */
    for (int i = 0; i < CLIENTS; i++) {
        int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        CHECK(client >= 0);
        memset(&name, 0, sizeof name);
        name.sun_family = AF_UNIX;
        if (i == CLIENTS - 1)
            CHECK(bind(client, (struct sockaddr *)&name, sizeof name.sun_family) == 0);
        CHECK(connect(client, (struct sockaddr *)&address, size) == 0);
        named = sizeof name;
        CHECK(getsockname(client, (struct sockaddr *)&name, &named) == 0);
    }
    CHECK(named > sizeof name.sun_family);

    CHECK(serve_clients(listener, peers, CLIENTS) == CLIENTS);
    MUST(memcmp(&peers[CLIENTS - 1], &name, named) == 0, "the peer's address is cut");
    return 0;
}
