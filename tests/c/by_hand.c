/* A program that declares the four helpers itself, without the header: it links. */
#include "check.h"
#include <sys/socket.h>
#include <sys/types.h>

ssize_t readn(int fd, void *buf, size_t n);
ssize_t writen(int fd, const void *buf, size_t n);
ssize_t recv_peek(int sockfd, void *buf, size_t len);
ssize_t readline(int sockfd, void *buf, size_t maxlen);

int main(void) {
    char buf[8];
    int ends[2];
    CHECK_BOUND(10);
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    CHECK(writen(ends[0], "ab\ncd", 5) == 5);
    CHECK(recv_peek(ends[1], buf, sizeof buf) == 5);
    CHECK(readline(ends[1], buf, sizeof buf) == 3 && strcmp(buf, "ab\n") == 0);
    CHECK(readn(ends[1], buf, 2) == 2 && memcmp(buf, "cd", 2) == 0);
    return 0;
}
