/* SOCKUTIL_NO_CLASSIC_NAMES: a program that has a readn and a writen of its own, and rdwrn.h for their prototypes. */
#define SOCKUTIL_NO_CLASSIC_NAMES
#include "inet_sockets.h"
#include "rdwrn.h"

ssize_t readn(int fd, void *buffer, size_t n) {
    (void)fd, (void)buffer;
    return (ssize_t)n + 1;
}

ssize_t writen(int fd, const void *buffer, size_t n) {
    (void)fd, (void)buffer;
    return (ssize_t)n + 2;
}

int main(void) {
    char buf[4];
    return (int)(readn(-1, buf, 1) + writen(-1, buf, 3));
}
