/* The mistake: it returns the length of the last piece, not of the line. */
#include "tutorial.h"

#include <string.h>

ssize_t readline(int sockfd, void *buf, size_t maxlen) {
    char *line = buf;
    size_t left = maxlen - 1;
    while (left > 0) {
        ssize_t ret = recv(sockfd, line, left, MSG_PEEK);
        if (ret <= 0) {
            return ret;
        }
        char *end = memchr(line, '\n', (size_t)ret);
        size_t take = end != NULL ? (size_t)(end - line) + 1 : (size_t)ret;
        ret = recv(sockfd, line, take, 0);
        if (ret != (ssize_t)take) {
            return -1;
        }
        line += take;
        left -= take;
        *line = '\0';
        if (end != NULL) {
            return ret;
        }
    }
    return (ssize_t)(maxlen - 1);
}
