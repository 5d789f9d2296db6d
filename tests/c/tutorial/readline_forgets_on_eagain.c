/* The mistake: on EAGAIN, it forgets the bytes taken before. */
#include "tutorial.h"

ssize_t readline(int sockfd, void *buf, size_t maxlen) {
    char *line = buf;
    size_t n = 0;
    while (n < maxlen - 1) {
        ssize_t got = recv(sockfd, line + n, 1, 0);
        if (got < 0) {
            return -1;
        }
        if (got == 0) {
            break;
        }
        n++;
        if (line[n - 1] == '\n') {
            break;
        }
    }
    line[n] = '\0';
    return (ssize_t)n;
}
