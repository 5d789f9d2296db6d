/* The mistake: it peeks until a newline is there, and takes nothing before, so that no peek waits. */
#include "tutorial.h"

#include <string.h>

ssize_t readline(int sockfd, void *buf, size_t maxlen) {
    char *line = buf;
    for (;;) {
        ssize_t seen = recv(sockfd, line, maxlen - 1, MSG_PEEK);
        if (seen <= 0) {
            return seen;
        }
        char *end = memchr(line, '\n', (size_t)seen);
        if (end != NULL) {
            ssize_t got = recv(sockfd, line, (size_t)(end - line) + 1, 0);
            line[got > 0 ? got : 0] = '\0';
            return got;
        }
    }
}
