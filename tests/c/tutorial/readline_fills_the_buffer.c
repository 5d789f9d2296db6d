/* The mistakes: the line may fill the whole buffer, without room for a NUL, and when it is full the loop goes on, with
 * 0 bytes of room. */
#include "tutorial.h"

#include <string.h>

ssize_t readline(int sockfd, void *buf, size_t maxlen) {
    char *start = buf;
    char *line = buf;
    size_t left = maxlen;
    for (;;) {
        ssize_t seen = recv(sockfd, line, left, MSG_PEEK);
        if (seen <= 0) {
            return seen;
        }
        char *end = memchr(line, '\n', (size_t)seen);
        size_t take = end != NULL ? (size_t)(end - line) + 1 : (size_t)seen;
        if (recv(sockfd, line, take, 0) != (ssize_t)take) {
            return -1;
        }
        line += take;
        left -= take;
        if (end != NULL) {
            return line - start;
        }
    }
}
