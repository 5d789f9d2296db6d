/* The bare names: results may be ignored, and prototypes may follow the header. COPY and BYTES leave a copy of one. */
#include <sockutil.h>

#include <sys/types.h>

ssize_t readn(int fd, void *buf, size_t n);
ssize_t writen(int fd, const void *buf, size_t n);
ssize_t recv_peek(int sockfd, void *buf, size_t len);
ssize_t readline(int sockfd, void *buf, size_t maxlen);

#ifdef COPY
ssize_t COPY(int fd, BYTES *buf, size_t n) {
    return fd + (buf != 0) + (ssize_t)n;
}
#endif

int main(void) {
    char buf[2] = "";
    writen(-1, buf, sizeof buf);
    readn(-1, buf, sizeof buf);
    recv_peek(-1, buf, sizeof buf);
    readline(-1, buf, sizeof buf);
    return 0;
}
