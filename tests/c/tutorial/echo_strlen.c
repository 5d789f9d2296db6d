/* The mistake: it sends back strlen bytes. */
#include "tutorial.h"

#include <string.h>
#include <unistd.h>

ssize_t readline(int sockfd, void *buf, size_t maxlen) {
    char *line = buf;
    size_t n = 0;
    while (n < maxlen - 1) {
        ssize_t got = read(sockfd, line + n, 1);
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

int echo_line(ssize_t (*take)(int fd, void *buf, size_t maxlen), int fd) {
    char line[1024];
    if (take(fd, line, sizeof line) <= 0) {
        return -1;
    }
    return write(fd, line, strlen(line)) > 0 ? 0 : -1;
}
