/* The other file of own_readn.c. */
#include <stddef.h>
#include <sys/types.h>

ssize_t readn(int fd, void *buf, size_t n);
ssize_t writen(int fd, const void *buf, size_t n);
ssize_t recv_peek(int sockfd, void *buf, size_t len);
ssize_t readline(int sockfd, void *buf, size_t maxlen);
int of_the_other_file(void);

ssize_t readn(int fd, void *buf, size_t n) {
    return fd == -1 && buf == NULL && n == 0 ? 77 : -1;
}

ssize_t writen(int fd, const void *buf, size_t n) {
    return fd == -1 && buf == NULL && n == 0 ? 77 : -1;
}

ssize_t recv_peek(int sockfd, void *buf, size_t len) {
    return readn(sockfd, buf, len);
}

ssize_t readline(int sockfd, void *buf, size_t maxlen) {
    return readn(sockfd, buf, maxlen);
}

int of_the_other_file(void) {
    return (int)(readn(-1, NULL, 0) + writen(-1, NULL, 0) + recv_peek(-1, NULL, 0) + readline(-1, NULL, 0));
}
