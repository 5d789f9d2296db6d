/* The mistake: one socket for all addresses of a name. */
#include "tutorial.h"

#include <netdb.h>
#include <sys/time.h>
#include <unistd.h>

int connect_by_name(const char *host, const char *service, int timeout_ms) {
    struct timeval limit = {.tv_sec = timeout_ms / 1000, .tv_usec = (timeout_ms % 1000) * 1000};
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list;
    if (getaddrinfo(host, service, &hints, &list) != 0) {
        return -1;
    }
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int answer = fd < 0 ? -1 : setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (answer == 0) {
        answer = -1;
        for (struct addrinfo *each = list; each != NULL && answer < 0; each = each->ai_next) {
            answer = connect(fd, each->ai_addr, each->ai_addrlen);
        }
    }
    freeaddrinfo(list);
    if (answer < 0 && fd >= 0) {
        close(fd);
        return -1;
    }
    return fd;
}
