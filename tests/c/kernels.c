/* The kernels that the shim imitates (tests/shim/kernels.c), one a run: what stands below in the section sockutil_code
 * is taken for libsockutil, and gets their answers. The other calls get Linux's. usage: SHIM_KERNEL=KERNEL
 * LD_PRELOAD=the shim kernels KERNEL */
#include "../shim/kernels.h"
#include "check.h"
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>

/* ---- What is taken for the library ---- */

#define LIBRARY(type, name, parameters, arguments)                                                                     \
    __attribute__((section("sockutil_code"), noinline)) static type lib_##name parameters {                            \
        type answer = name arguments;                                                                                  \
        __asm__ volatile("" : "+r"(answer)); /* or the call would return past this function */                         \
        return answer;                                                                                                 \
    }

LIBRARY(ssize_t, read, (int fd, void *buf, size_t n), (fd, buf, n))
LIBRARY(ssize_t, write, (int fd, const void *buf, size_t n), (fd, buf, n))
LIBRARY(ssize_t, writev, (int fd, const struct iovec *iov, int count), (fd, iov, count))
LIBRARY(ssize_t, recv, (int fd, void *buf, size_t n, int flags), (fd, buf, n, flags))
LIBRARY(ssize_t, send, (int fd, const void *buf, size_t n, int flags), (fd, buf, n, flags))
LIBRARY(ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags), (fd, message, flags))
LIBRARY(int, poll, (struct pollfd * fds, nfds_t count, int timeout_ms), (fds, count, timeout_ms))
LIBRARY(int, socket, (int family, int kind, int protocol), (family, kind, protocol))
LIBRARY(int, bind, (int fd, const struct sockaddr *address, socklen_t length), (fd, address, length))
LIBRARY(int, connect, (int fd, const struct sockaddr *address, socklen_t length), (fd, address, length))
LIBRARY(int, accept, (int fd, struct sockaddr *peer, socklen_t *length), (fd, peer, length))
LIBRARY(int, accept4, (int fd, struct sockaddr *peer, socklen_t *length, int flags), (fd, peer, length, flags))
LIBRARY(int, getsockopt, (int fd, int level, int name, void *value, socklen_t *size), (fd, level, name, value, size))
LIBRARY(int, setsockopt, (int fd, int level, int name, const void *value, socklen_t size),
        (fd, level, name, value, size))

/* ---- What the checks share ---- */

#define FAILS(call, e) CHECK((errno = 0, (call) == -1) && errno == (e))

enum { FD, PEER };

static void pair(int kind, int fds[2]) {
    CHECK(socketpair(AF_UNIX, kind, 0, fds) == 0);
}

/* A listener at a port, or of a Unix name, of the kernel's choice; its address. */
static int listener(int family, struct sockaddr_storage *address, socklen_t *length) {
    struct sockaddr_in loopback = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    sa_family_t no_name = AF_UNIX;
    int fd = socket(family, SOCK_STREAM, 0);
    CHECK(fd >= 0);
    if (family == AF_INET)
        CHECK(bind(fd, (struct sockaddr *)&loopback, sizeof loopback) == 0);
    else
        CHECK(bind(fd, (struct sockaddr *)&no_name, sizeof no_name) == 0);
    CHECK(listen(fd, 2) == 0);
    *length = sizeof *address;
    CHECK(getsockname(fd, (struct sockaddr *)address, length) == 0);
    return fd;
}

static int client(const struct sockaddr_storage *address, socklen_t length) {
    int fd = socket(address->ss_family, SOCK_STREAM, 0);
    CHECK(fd >= 0 && connect(fd, (const struct sockaddr *)address, length) == 0);
    return fd;
}

/* Until the kernel takes no more. */
static void fill(int fd) {
    char bytes[1024] = {0};
    for (size_t n = sizeof bytes; n > 0; n /= 2)
        while (send(fd, bytes, n, MSG_DONTWAIT) > 0) {
        }
    CHECK(errno == EAGAIN);
}

static short polled(int (*by)(struct pollfd *, nfds_t, int), int fd, short events, int timeout_ms) {
    struct pollfd entry = {fd, events, 0};
    int ready = by(&entry, 1, timeout_ms);
    CHECK(ready == (entry.revents != 0));
    return entry.revents;
}

static bool is_nonblocking(int fd) {
    return (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0;
}

static void set_nonblocking(int fd) {
    CHECK(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) == 0);
}

static void nothing(int signal_number) {
    (void)signal_number;
}

/* ---- The kernels ---- */

static void check_dontwait(void) {
    int fds[2];
    struct itimerval soon = {{0, 10000}, {0, 10000}}, never = {{0, 0}, {0, 0}};
    struct sigaction action = {.sa_handler = nothing};
    struct iovec byte = {"x", 1};
    struct msghdr message = {.msg_iov = &byte, .msg_iovlen = 1};
    pair(SOCK_STREAM, fds);
    fill(fds[FD]);
    CHECK(sigaction(SIGALRM, &action, NULL) == 0 && setitimer(ITIMER_REAL, &soon, NULL) == 0);
    FAILS(send(fds[FD], "x", 1, MSG_DONTWAIT), EAGAIN);
    FAILS(lib_send(fds[FD], "x", 1, MSG_DONTWAIT), EINTR); /* it has waited */
    FAILS(lib_sendmsg(fds[FD], &message, MSG_DONTWAIT), EINTR);
    FAILS(lib_recv(fds[FD], &(char){0}, 1, MSG_DONTWAIT), EAGAIN);
    set_nonblocking(fds[FD]);
    FAILS(lib_send(fds[FD], "x", 1, MSG_DONTWAIT), EAGAIN);
    CHECK(setitimer(ITIMER_REAL, &never, NULL) == 0 && signal(SIGALRM, SIG_DFL) != SIG_ERR);
    CHECK_BOUND(20);
}

static void check_hup(void) {
    int fds[2], room, used;
    socklen_t size = sizeof room;
    pair(SOCK_STREAM, fds);
    CHECK(polled(lib_poll, fds[FD], POLLIN | POLLOUT, 0) == POLLOUT);
    CHECK(shutdown(fds[PEER], SHUT_WR) == 0);
    CHECK(polled(poll, fds[FD], POLLIN | POLLOUT, 0) == (POLLIN | POLLOUT));
    CHECK(polled(lib_poll, fds[FD], POLLIN | POLLOUT, 0) == (POLLIN | POLLHUP));
    CHECK(polled(lib_poll, fds[FD], POLLOUT, -1) == POLLHUP);
    CHECK(getsockopt(fds[FD], SOL_SOCKET, SO_SNDBUF, &room, &size) == 0);
    FAILS(getsockopt(fds[FD], SOL_SOCKET, 0x1024, &used, &size), ENOPROTOOPT);
    CHECK(lib_getsockopt(fds[FD], SOL_SOCKET, 0x1024, &used, &size) == 0 && used == room - 2048);
    fill(fds[FD]);
    CHECK(lib_getsockopt(fds[FD], SOL_SOCKET, 0x1024, &used, &size) == 0 && used == room);
    CHECK(polled(poll, fds[FD], POLLOUT, 0) == 0);
    CHECK(polled(lib_poll, fds[FD], POLLOUT, -1) == POLLHUP);
    struct pollfd ignored = {-1, POLLOUT, 0};
    CHECK(lib_poll(&ignored, 1, 0) == 0);
}

static void check_refuse(void) {
    struct sockaddr_storage address;
    socklen_t length;
    int server = listener(AF_UNIX, &address, &length), fd;
    do {
        CHECK((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0)) >= 0);
    } while (connect(fd, (struct sockaddr *)&address, length) == 0);
    CHECK(errno == EAGAIN);
    FAILS(lib_connect(fd, (struct sockaddr *)&address, length), ECONNREFUSED);
    CHECK((fd = socket(AF_UNIX, SOCK_STREAM, 0)) >= 0);
    FAILS(lib_connect(fd, (struct sockaddr *)&address, length), ECONNREFUSED);
    CHECK(!is_nonblocking(fd) && accept(server, NULL, NULL) >= 0);
    CHECK(lib_connect(fd, (struct sockaddr *)&address, length) == 0);
}

static void check_v6only(void) {
    struct sockaddr_in6 any = {.sin6_family = AF_INET6};
    int fd = lib_socket(AF_INET6, SOCK_STREAM, 0), on = 0, off = 0;
    socklen_t size = sizeof on;
    if (fd < 0) {
        puts("left out: no IPv6: a kernel with V6ONLY alone");
        return;
    }
    CHECK(getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, &size) == 0 && on == 1);
    FAILS(lib_setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, size), EINVAL);
    CHECK(lib_setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, size) == 0);
    CHECK(lib_bind(fd, (struct sockaddr *)&any, sizeof any) == 0);
    FAILS(lib_setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, size), EINVAL);
    /* A socket of the test's own, too, when the library binds it. */
    CHECK((fd = socket(AF_INET6, SOCK_STREAM, 0)) >= 0);
    CHECK(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, size) == 0);
    CHECK(lib_getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, &size) == 0 && on == 1);
    CHECK(lib_bind(fd, (struct sockaddr *)&any, sizeof any) == 0);
    CHECK(getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, &size) == 0 && on == 1);
}

static void check_einval(void) {
    int fds[2], on = 1;
    pair(SOCK_STREAM, fds);
    CHECK(lib_setsockopt(fds[FD], SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on) == 0);
    CHECK(shutdown(fds[FD], SHUT_WR) == 0);
    CHECK(lib_setsockopt(fds[FD], SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on) == 0);
    CHECK(shutdown(fds[PEER], SHUT_WR) == 0);
    FAILS(lib_setsockopt(fds[FD], SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on), EINVAL);
    CHECK(setsockopt(fds[FD], SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on) == 0);
    int fresh = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(lib_setsockopt(fresh, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on) == 0);
}

static void check_nval(void) {
    int zero = open("/dev/zero", O_RDWR), ends[2];
    CHECK(zero >= 0 && pipe(ends) == 0);
    CHECK(polled(poll, zero, POLLIN, 0) == POLLIN);
    CHECK(polled(lib_poll, zero, POLLIN, -1) == POLLNVAL);
    CHECK(polled(lib_poll, ends[0], POLLIN, 0) == 0);
    struct pollfd both[2] = {{ends[0], POLLIN, 0}, {zero, POLLOUT, 0}};
    CHECK(lib_poll(both, 2, -1) == 1 && both[0].revents == 0 && both[1].revents == POLLNVAL);
}

static void check_intmax(void) {
    int fds[2];
    size_t most = INT_MAX, part = (size_t)INT_MAX / 2 + 1;
    /* Not on the stack: so much from there can be more than a process may have, and then EFAULT. */
    static char byte = 'x';
    pair(SOCK_STREAM, fds);
    set_nonblocking(fds[FD]);
    FAILS(lib_read(fds[FD], &byte, most + 1), EINVAL);
    FAILS(lib_recv(fds[FD], &byte, most + 1, 0), EINVAL);
    FAILS(lib_write(fds[FD], &byte, most + 1), EINVAL);
    FAILS(lib_send(fds[FD], &byte, most + 1, 0), EINVAL);
    FAILS(lib_read(-1, &byte, most + 1), EBADF);
    FAILS(lib_recv(fds[FD], &byte, most, 0), EAGAIN); /* INT_MAX itself is not too much */
    void *half = mmap(NULL, part, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(half != MAP_FAILED);
    struct iovec twice[2] = {{half, part}, {half, part}};
    struct msghdr message = {.msg_iov = twice, .msg_iovlen = 2};
    FAILS(lib_writev(fds[FD], twice, 2), EINVAL);
    FAILS(lib_sendmsg(fds[FD], &message, 0), EINVAL);
    CHECK(sendmsg(fds[FD], &message, 0) > 0);
}

static void check_nonblock(void) {
    struct sockaddr_storage address;
    socklen_t length;
    int server = listener(AF_UNIX, &address, &length);
    (void)client(&address, length);
    CHECK(!is_nonblocking(lib_accept(server, NULL, NULL)));
    set_nonblocking(server);
    (void)client(&address, length);
    CHECK(is_nonblocking(lib_accept(server, NULL, NULL)));
    (void)client(&address, length);
    CHECK(!is_nonblocking(lib_accept4(server, NULL, NULL, 0)));
    (void)client(&address, length);
    CHECK(!is_nonblocking(accept(server, NULL, NULL)));
    FAILS(lib_accept(server, NULL, NULL), EAGAIN);
}

static void check_namelen(void) {
    struct sockaddr_storage address, peer, before;
    socklen_t length, own;
    int server = listener(AF_INET, &address, &length), none = 0;
    for (int i = 0; i < 4; i++) {
        (void)client(&address, length);
        own = sizeof peer;
        memset(&peer, 0xA5, sizeof peer);
        memset(&before, 0xA5, sizeof before);
        CHECK((i % 2 == 0 ? lib_accept(server, (struct sockaddr *)&peer, &own)
                          : lib_accept4(server, (struct sockaddr *)&peer, &own, 0)) >= 0);
        none += own == 0;
        CHECK(own == 0 ? memcmp(&peer, &before, sizeof peer) == 0 : own == sizeof(struct sockaddr_in));
    }
    CHECK(none == 2);
}

static void check_disconnect(void) {
    struct sockaddr_storage address, none = {.ss_family = AF_UNSPEC};
    socklen_t length;
    (void)listener(AF_INET, &address, &length);
    for (int shorter = 0; shorter < 2; shorter++) {
        int fd = socket(AF_INET, SOCK_DGRAM, 0);
        CHECK(fd >= 0 && connect(fd, (struct sockaddr *)&address, length) == 0);
        FAILS(lib_connect(fd, (struct sockaddr *)&none, shorter ? 8 : length), shorter ? EINVAL : EAFNOSUPPORT);
        struct sockaddr_storage peer;
        FAILS(getpeername(fd, (struct sockaddr *)&peer, &(socklen_t){sizeof peer}), ENOTCONN);
        CHECK(connect(fd, (struct sockaddr *)&none, length) == 0);
    }
}

static void check_nobufs(void) {
    int fds[2];
    pair(SOCK_DGRAM, fds);
    fill(fds[FD]);
    FAILS(send(fds[FD], "x", 1, MSG_DONTWAIT), EAGAIN);
    FAILS(lib_send(fds[FD], "x", 1, 0), ENOBUFS);
    FAILS(lib_write(fds[FD], "x", 1), ENOBUFS);
    CHECK(polled(poll, fds[FD], POLLOUT, 0) == 0);
    CHECK(polled(lib_poll, fds[FD], POLLIN | POLLOUT, -1) == POLLOUT);
    pair(SOCK_STREAM, fds);
    set_nonblocking(fds[FD]);
    fill(fds[FD]);
    FAILS(lib_send(fds[FD], "x", 1, 0), EAGAIN);
    CHECK(polled(lib_poll, fds[FD], POLLOUT, 0) == 0);
}

static volatile sig_atomic_t pipes;

static void on_pipe(int signal_number) {
    (void)signal_number;
    pipes++;
}

static void check_prototype(void) {
    struct sigaction action = {.sa_handler = on_pipe};
    CHECK(sigaction(SIGPIPE, &action, NULL) == 0);
    for (int i = 0; i < 2; i++) {
        int fds[2];
        pair(SOCK_STREAM, fds);
        CHECK(lib_send(fds[FD], "x", 1, MSG_NOSIGNAL) == 1 && close(fds[PEER]) == 0);
        FAILS(lib_send(fds[FD], "x", 1, MSG_NOSIGNAL), EPROTOTYPE);
        FAILS(lib_send(fds[FD], "x", 1, MSG_NOSIGNAL), EPIPE);
        CHECK(pipes == i);
        FAILS(lib_write(fds[FD], "x", 1), EPIPE);
        CHECK(pipes == i + 1 && close(fds[FD]) == 0);
    }
}

static int state_by(int (*by)(int, int, int, void *, socklen_t *), int fd) {
    unsigned char state, same;
    CHECK(by(fd, IPPROTO_TCP, TCP_INFO, &state, &(socklen_t){sizeof state}) == 0);
    if (by == lib_getsockopt) /* macOS's name for it */
        CHECK(by(fd, IPPROTO_TCP, 0x106, &same, &(socklen_t){sizeof same}) == 0 && same == state);
    return state;
}

static void check_states(void) {
    struct sockaddr_storage address;
    socklen_t length;
    int server = listener(AF_INET, &address, &length), fd = client(&address, length), peer = accept(server, NULL, NULL);
    CHECK(state_by(getsockopt, server) == TCP_LISTEN && state_by(lib_getsockopt, server) == 1);
    CHECK(state_by(lib_getsockopt, fd) == 4);
    CHECK(shutdown(fd, SHUT_WR) == 0);
    while (state_by(getsockopt, fd) != TCP_FIN_WAIT2) {
    }
    CHECK(state_by(lib_getsockopt, fd) == 9 && state_by(lib_getsockopt, peer) == 5);
    CHECK(state_by(lib_getsockopt, socket(AF_INET, SOCK_STREAM, 0)) == 0);
}

/* Without a kernel to imitate, the library sees Linux. */
static void check_none(void) {
    int fds[2], used;
    socklen_t size = sizeof used;
    pair(SOCK_STREAM, fds);
    fill(fds[FD]);
    FAILS(lib_send(fds[FD], "x", 1, MSG_DONTWAIT), EAGAIN);
    FAILS(lib_getsockopt(fds[FD], SOL_SOCKET, 0x1024, &used, &size), ENOPROTOOPT);
    CHECK(close(fds[PEER]) == 0 && polled(lib_poll, fds[FD], POLLOUT, 0) == (POLLOUT | POLLERR | POLLHUP));
    FAILS(lib_send(fds[FD], "x", 1, MSG_NOSIGNAL), EPIPE);
}

/* What Linux's answers are put through for one kernel is left alone for the others. */
#define KERNELS(X) MODES(X) X(none)

int main(int argc, char **argv) {
    const char *name = argc == 2 ? argv[1] : "";
    CHECK_BOUND(20);
#define RUN(kernel)                                                                                                    \
    if (strcmp(name, #kernel) == 0) {                                                                                  \
        check_##kernel();                                                                                              \
        return 0;                                                                                                      \
    }
    KERNELS(RUN)
    fprintf(stderr, "kernels: no such kernel: %s\n", name);
    return 2;
}
