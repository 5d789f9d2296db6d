/* The mistake: every peek goes into the start of the buffer, over the bytes taken before. */
#include "tutorial.h"

#include <string.h>

ssize_t readline(int sockfd, void *buf, size_t maxlen) {
    char *line = buf;
    char *end = NULL;
    size_t total = 0;
    while (end == NULL && total < maxlen - 1) {
        ssize_t seen = recv(sockfd, line, maxlen - 1 - total, MSG_PEEK);
        if (seen <= 0) {
            return seen;
        }
        end = memchr(line, '\n', (size_t)seen);
        size_t take = end != NULL ? (size_t)(end - line) + 1 : (size_t)seen;
        if (recv(sockfd, line, take, 0) != (ssize_t)take) {
            return -1;
        }
        total += take;
    }
    line[total] = '\0';
    return (ssize_t)total;
}
