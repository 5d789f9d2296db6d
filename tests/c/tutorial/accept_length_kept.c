/* The mistake: the size for the peer's address is set once, before the loop, but accept changes it. */
#include "tutorial.h"

#include <errno.h>
#include <unistd.h>

int serve_clients(int listenfd, struct sockaddr_storage *peers, int count) {
    int served = 0;
    socklen_t size = sizeof peers[0];
    while (served < count) {
        int fd = accept(listenfd, (struct sockaddr *)&peers[served], &size);
        if (fd < 0) {
            if (errno == EINTR || errno == ECONNABORTED) {
                continue;
            }
            break;
        }
        if (write(fd, "served\n", 7) == 7) {
            served++;
        }
        close(fd);
    }
    return served;
}
