/* serve.h - a server that answers so many clients with the library. */
#ifndef SERVE_H
#define SERVE_H

#include "regression.h"

#ifndef TUTORIAL
static int serve_clients(int listenfd, struct sockaddr_storage *peers, int count) {
    int served = 0;
    while (served < count) {
        sockutil_addr peer;
        int fd = sockutil_accept(listenfd, &peer, 0, SOCKUTIL_FOREVER);
        if (fd < 0)
            break;
        peers[served++] = peer.ss;
        pid_t child = fork();
        if (child == 0)
            _exit(sockutil_write_full(fd, "served\n", 7, NULL, 5000) == 1 ? 0 : 1);
        CHECK(child > 0);
        CHECK(sockutil_close(fd) == 0);
    }
    return served;
}
#endif

#endif
