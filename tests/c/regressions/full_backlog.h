/* full_backlog.h - a listener on the loopback that does not answer until the test accepts: like a server whose host is
 * gone.
 */
#ifndef FULL_BACKLOG_H
#define FULL_BACKLOG_H

#include "regression.h"

/* Replaces port 0 by the real one, and returns the listener. */
static inline int listen_at(struct sockaddr_in *address, int backlog) {
    socklen_t size = sizeof *address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(listener >= 0);
    CHECK(bind(listener, (struct sockaddr *)address, size) == 0);
    CHECK(listen(listener, backlog) == 0);
    CHECK(getsockname(listener, (struct sockaddr *)address, &size) == 0);
    return listener;
}

static inline int full_backlog(struct sockaddr_in *address) {
    int listener = listen_at(address, 0);
    /* The kernel takes one more than the backlog. */
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct pollfd entry = {.fd = listener, .events = POLLIN};
    CHECK(client >= 0);
    CHECK(connect(client, (struct sockaddr *)address, sizeof *address) == 0);
    CHECK(poll(&entry, 1, 5000) == 1);
    return listener;
}

#endif
