/* regression.h - shared by the regression programs.
 *
 * Each program is compiled against the library, and with -DTUTORIAL against a file of tests/c/tutorial instead, where
 * it must fail with the words of one MUST: the driver looks for them. Set-up uses CHECK.
 */
#ifndef REGRESSION_H
#define REGRESSION_H

#include "check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/types.h>

#ifdef TUTORIAL
#include "tutorial/tutorial.h"
#else
#include <sockutil.h>
#endif

/* The time limit of a program; each needs only a few seconds. */
#define SECONDS 30

#define MUST(condition, otherwise)                                                                                     \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "FAIL %s:%d: %s: %s (errno %d)\n", __FILE__, __LINE__, otherwise, #condition, errno);      \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)

/* Two ends of one TCP connection over the loopback: ends[0] for the code under test, ends[1] for its peer. */
static inline void tcp_pair(int ends[2]) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(listener >= 0);
    CHECK(bind(listener, (struct sockaddr *)&address, size) == 0);
    CHECK(listen(listener, 1) == 0);
    CHECK(getsockname(listener, (struct sockaddr *)&address, &size) == 0);
    ends[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(ends[1] >= 0);
    CHECK(connect(ends[1], (struct sockaddr *)&address, size) == 0);
    ends[0] = accept(listener, NULL, NULL);
    CHECK(ends[0] >= 0);
    CHECK(close(listener) == 0);
}

static inline void close_pair(const int ends[2]) {
    CHECK(close(ends[0]) == 0);
    CHECK(close(ends[1]) == 0);
}

/* Sends from one end, and returns when the other has something to read. */
static inline void put(const int ends[2], const char *bytes, size_t n) {
    struct pollfd entry = {.fd = ends[0], .events = POLLIN};
    CHECK(send(ends[1], bytes, n, MSG_NOSIGNAL) == (ssize_t)n);
    CHECK(poll(&entry, 1, 5000) == 1);
}

/* The descriptor's own limit on waiting for input. */
static inline void set_rcvtimeo(int fd, int ms) {
    struct timeval limit = {.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000};
    CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0);
}

#endif
