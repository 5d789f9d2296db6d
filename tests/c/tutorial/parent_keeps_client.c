/* The mistake: the parent does not close the descriptor that its child serves. */
#include "tutorial.h"

#include <errno.h>
#include <unistd.h>

int serve_clients(int listenfd, struct sockaddr_storage *peers, int count) {
    int served = 0;
    while (served < count) {
        socklen_t size = sizeof peers[served];
        int fd = accept(listenfd, (struct sockaddr *)&peers[served], &size);
        if (fd < 0) {
            if (errno == EINTR || errno == ECONNABORTED) {
                continue;
            }
            break;
        }
        pid_t child = fork();
        if (child == 0) {
            close(listenfd);
            _exit(write(fd, "served\n", 7) == 7 ? 0 : 1);
        }
        if (child > 0) {
            served++;
        }
    }
    return served;
}
