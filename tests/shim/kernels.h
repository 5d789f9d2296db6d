/* kernels.h - answers as the kernels of BSD and macOS give them, for the shim (kernels.c says which). */
#ifndef KERNELS_H
#define KERNELS_H

#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* All of them. */
#define MODES(X)                                                                                                       \
    X(dontwait)                                                                                                        \
    X(hup)                                                                                                             \
    X(refuse)                                                                                                          \
    X(v6only)                                                                                                          \
    X(einval)                                                                                                          \
    X(nval)                                                                                                            \
    X(intmax)                                                                                                          \
    X(nonblock)                                                                                                        \
    X(namelen)                                                                                                         \
    X(disconnect)                                                                                                      \
    X(nobufs)                                                                                                          \
    X(prototype)                                                                                                       \
    X(states)

/* Reads SHIM_KERNEL. */
void kernels_read(void);

/* From here on the answers are those of a new program: each run of the fault harness gets the same. */
void kernels_again(void);

/* Whether a call that will return to this place is one of libsockutil's, and a kernel is imitated. */
bool kernels_answer(const void *caller);

/* Each takes the place of the call of its name. The calls that it makes itself must be real. */
ssize_t kernel_read(int fd, void *buf, size_t n);
ssize_t kernel_readv(int fd, const struct iovec *iov, int count);
ssize_t kernel_recv(int fd, void *buf, size_t n, int flags);
ssize_t kernel_recvfrom(int fd, void *buf, size_t n, int flags, struct sockaddr *from, socklen_t *length);
ssize_t kernel_recvmsg(int fd, struct msghdr *message, int flags);
ssize_t kernel_write(int fd, const void *buf, size_t n);
ssize_t kernel_writev(int fd, const struct iovec *iov, int count);
ssize_t kernel_send(int fd, const void *buf, size_t n, int flags);
ssize_t kernel_sendto(int fd, const void *buf, size_t n, int flags, const struct sockaddr *to, socklen_t length);
ssize_t kernel_sendmsg(int fd, const struct msghdr *message, int flags);
int kernel_poll(struct pollfd *fds, nfds_t count, int timeout_ms);
int kernel_socket(int family, int kind, int protocol);
int kernel_bind(int fd, const struct sockaddr *address, socklen_t length);
int kernel_connect(int fd, const struct sockaddr *address, socklen_t length);
int kernel_accept(int fd, struct sockaddr *peer, socklen_t *length);
int kernel_accept4(int fd, struct sockaddr *peer, socklen_t *length, int flags);
int kernel_getsockopt(int fd, int level, int name, void *value, socklen_t *size);
int kernel_setsockopt(int fd, int level, int name, const void *value, socklen_t size);

#endif
