/* Answers as the kernels of BSD and macOS give them, from Linux. The environment variable SHIM_KERNEL names one or
 * more, with '+' between. Only calls of libsockutil get them: the tests' own calls, and those of Rust's standard
 * library, see Linux. So the library must have been marked (tests/kernels.sh), for a static one is a part of the test's
 * program.
 *
 *   dontwait    send ignores MSG_DONTWAIT on a blocking socket (macOS, NetBSD)
 *   hup         poll reports POLLHUP when the peer has half-closed, and then no POLLOUT (macOS, FreeBSD); SO_NWRITE
 *               answers, so that 2048 bytes are known to have room when there is some (macOS)
 *   refuse      connect to a Unix socket whose backlog is full is refused at once (all)
 *   v6only      IPV6_V6ONLY is on, and cannot be turned off, nor set after bind (OpenBSD)
 *   einval      setsockopt fails with EINVAL when both directions are shut (macOS)
 *   nval        poll reports POLLNVAL for devices (macOS)
 *   intmax      more than INT_MAX bytes in a call are EINVAL (macOS; FreeBSD in part)
 *   nonblock    accept hands on the listener's O_NONBLOCK (all; not accept4)
 *   namelen     every other accept reports an address of 0 bytes, as if the peer had gone (macOS, FreeBSD)
 *   disconnect  connect to AF_UNSPEC works, and fails with EAFNOSUPPORT, or with EINVAL for another length (all)
 *   nobufs      ENOBUFS instead of EAGAIN for datagrams, at once; poll says that there is room (macOS, FreeBSD for UDP)
 *   prototype   the first send to a peer that has gone fails with EPROTOTYPE, the next with EPIPE (macOS)
 *   states      TCP_INFO's states have BSD's numbers (all), and TCP_CONNECTION_INFO is another name for it (macOS)
 *
 * With SHIM_KERNEL_LOG, each process that got such an answer leaves a line in that file: how many.
 */
#include "kernels.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENUM(name) name,
enum mode { MODES(ENUM) MODE_COUNT };
#define NAME(name) #name,
static const char *const NAMES[MODE_COUNT] = {MODES(NAME)};

enum { PIECE = 2048, MOST_FDS = 1024 };

/* Of macOS; Linux has no options of these numbers. */
enum { SO_NWRITE = 0x1024, TCP_CONNECTION_INFO = 0x106 };

static unsigned modes;
static atomic_ulong answers; /* that Linux would not have given */

static bool is(enum mode mode) {
    return (modes >> mode & 1) != 0;
}

static int fails(int err) {
    atomic_fetch_add(&answers, 1);
    errno = err;
    return -1;
}

/* ---- Whose call it is ---- */

enum { MOST_COPIES = 4 }; /* a program, and libraries that it loads */
static struct { const char *start, *stop; } code[MOST_COPIES];
static size_t copies;

/* Called before main by each marked copy of the library in this process (tests/shim/mark.c): where its code is. */
void shim_library(const void *start, const void *stop);
void shim_library(const void *start, const void *stop) {
    if (copies == MOST_COPIES)
        abort();
    code[copies].start = start;
    code[copies++].stop = stop;
}

bool kernels_answer(const void *caller) {
    const char *place = caller;
    for (size_t i = 0; modes != 0 && i < copies; i++)
        if (place >= code[i].start && place < code[i].stop)
            return true;
    return false;
}

void kernels_read(void) {
    const char *text = getenv("SHIM_KERNEL");
    while (text != NULL && *text != '\0') {
        size_t length = strcspn(text, "+");
        unsigned i = 0;
        while (i < MODE_COUNT && (strlen(NAMES[i]) != length || strncmp(NAMES[i], text, length) != 0))
            i++;
        if (i == MODE_COUNT) {
            fprintf(stderr, "shim: no such kernel: %s\n", text);
            abort();
        }
        modes |= 1U << i;
        text += length + (text[length] == '+');
    }
}

__attribute__((destructor)) static void leave_count(void) {
    const char *path = getenv("SHIM_KERNEL_LOG");
    int fd = path != NULL && answers > 0 ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (fd < 0)
        return;
    char line[32];
    int n = snprintf(line, sizeof line, "%lu\n", (unsigned long)answers);
    (void)!write(fd, line, (size_t)n);
    (void)close(fd);
}

/* ---- What a descriptor is ---- */

static int option(int fd, int name) {
    int value = -1;
    socklen_t size = sizeof value;
    return getsockopt(fd, SOL_SOCKET, name, &value, &size) < 0 ? -1 : value;
}

/* SOCK_STREAM and so on; -1: no socket. errno stays as it is. */
static int kind_of(int fd) {
    int err = errno, kind = option(fd, SO_TYPE);
    errno = err;
    return kind;
}

static bool is_datagram(int fd) {
    return kind_of(fd) == SOCK_DGRAM;
}

static bool is_nonblocking(int fd) {
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && (flags & O_NONBLOCK) != 0;
}

/* What poll says at once. */
static short now(int fd, short events) {
    struct pollfd entry = {fd, events, 0};
    return poll(&entry, 1, 0) < 0 ? 0 : entry.revents;
}

/* ---- Bytes ---- */

/* More than INT_MAX in all. A descriptor that is not open is EBADF first. */
static bool is_too_much(int fd, const struct iovec *iov, size_t count) {
    size_t sum = 0;
    if (!is(intmax) || fcntl(fd, F_GETFD) < 0)
        return false;
    for (size_t i = 0; i < count && sum <= INT_MAX; i++)
        sum = iov[i].iov_len > INT_MAX ? SIZE_MAX : sum + iov[i].iov_len;
    return sum > INT_MAX;
}

ssize_t kernel_readv(int fd, const struct iovec *iov, int count) {
    return count > 0 && is_too_much(fd, iov, (size_t)count) ? fails(EINVAL) : readv(fd, iov, count);
}

ssize_t kernel_read(int fd, void *buf, size_t n) {
    return is_too_much(fd, &(struct iovec){buf, n}, 1) ? fails(EINVAL) : read(fd, buf, n);
}

ssize_t kernel_recv(int fd, void *buf, size_t n, int flags) {
    return is_too_much(fd, &(struct iovec){buf, n}, 1) ? fails(EINVAL) : recv(fd, buf, n, flags);
}

ssize_t kernel_recvfrom(int fd, void *buf, size_t n, int flags, struct sockaddr *from, socklen_t *length) {
    return is_too_much(fd, &(struct iovec){buf, n}, 1) ? fails(EINVAL) : recvfrom(fd, buf, n, flags, from, length);
}

ssize_t kernel_recvmsg(int fd, struct msghdr *message, int flags) {
    return is_too_much(fd, message->msg_iov, message->msg_iovlen) ? fails(EINVAL) : recvmsg(fd, message, flags);
}

/* Whether it is the first broken pipe of this socket. A number is used again, an inode is not so soon. */
static bool breaks_first(int fd) {
    static _Atomic(ino_t) broken[MOST_FDS];
    struct stat status;
    return fd < MOST_FDS && fstat(fd, &status) == 0 && atomic_exchange(&broken[fd], status.st_ino) != status.st_ino;
}

ssize_t kernel_sendmsg(int fd, const struct msghdr *message, int flags) {
    if (is_too_much(fd, message->msg_iov, message->msg_iovlen))
        return fails(EINVAL);
    if (is(nobufs) && is_datagram(fd)) {
        ssize_t n = sendmsg(fd, message, flags | MSG_DONTWAIT);
        return n < 0 && errno == EAGAIN ? fails(ENOBUFS) : n;
    }
    if (is(dontwait) && (flags & MSG_DONTWAIT) != 0 && !is_nonblocking(fd)) {
        atomic_fetch_add(&answers, 1);
        flags &= ~MSG_DONTWAIT;
    }
    if (!is(prototype) || kind_of(fd) != SOCK_STREAM)
        return sendmsg(fd, message, flags);
    ssize_t n = sendmsg(fd, message, flags | MSG_NOSIGNAL);
    if (n >= 0 || errno != EPIPE)
        return n;
    if (breaks_first(fd))
        return fails(EPROTOTYPE);
    if ((flags & MSG_NOSIGNAL) == 0)
        (void)raise(SIGPIPE);
    errno = EPIPE;
    return -1;
}

ssize_t kernel_sendto(int fd, const void *buf, size_t n, int flags, const struct sockaddr *to, socklen_t length) {
    struct iovec iov = {(void *)(uintptr_t)buf, n};
    struct msghdr message = {
        .msg_name = (void *)(uintptr_t)to, .msg_namelen = length, .msg_iov = &iov, .msg_iovlen = 1};
    return kernel_sendmsg(fd, &message, flags);
}

ssize_t kernel_send(int fd, const void *buf, size_t n, int flags) {
    return kernel_sendto(fd, buf, n, flags, NULL, 0);
}

/* Of a socket as sendmsg, but of no bytes it may be a question. */
ssize_t kernel_writev(int fd, const struct iovec *iov, int count) {
    bool nothing = true;
    for (int i = 0; i < count; i++)
        nothing &= iov[i].iov_len == 0;
    if (!nothing && kind_of(fd) >= 0) {
        struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)iov, .msg_iovlen = (size_t)count};
        return kernel_sendmsg(fd, &message, 0);
    }
    return !nothing && is_too_much(fd, iov, (size_t)count) ? fails(EINVAL) : writev(fd, iov, count);
}

ssize_t kernel_write(int fd, const void *buf, size_t n) {
    return n == 0 ? write(fd, buf, n) : kernel_writev(fd, &(struct iovec){(void *)(uintptr_t)buf, n}, 1);
}

/* ---- poll ---- */

enum { OUT = POLLOUT | POLLWRNORM | POLLWRBAND };

static bool is_device(int fd) {
    struct stat status;
    return fstat(fd, &status) == 0 && S_ISCHR(status.st_mode) && !isatty(fd);
}

/* What is to be said of an entry, of which Linux has said `really`. */
static short said_of(const struct pollfd *entry, short really) {
    short said = really;
    if (entry->fd < 0)
        return said;
    if (is(nval) && is_device(entry->fd))
        return POLLNVAL;
    if (is(nobufs) && is_datagram(entry->fd))
        said |= entry->events & (POLLOUT | POLLWRNORM);
    if (is(hup) && (really & POLLRDHUP) != 0 && kind_of(entry->fd) >= 0)
        said = (short)((really & ~OUT & ~(POLLRDHUP & ~entry->events)) | POLLHUP);
    return said;
}

int kernel_poll(struct pollfd *fds, nfds_t count, int timeout_ms) {
    struct pollfd few[64], *real = count <= 64 ? few : calloc(count, sizeof *real);
    if (!(is(hup) || is(nval) || is(nobufs)) || real == NULL)
        return poll(fds, count, timeout_ms);
    for (nfds_t i = 0; i < count; i++) {
        real[i] = (struct pollfd){fds[i].fd, fds[i].events, 0};
        /* Of a socket it is asked besides whether the peer has half-closed: of another descriptor that says nothing. */
        if (is(hup))
            real[i].events |= POLLRDHUP;
        if (said_of(&real[i], 0) != 0)
            timeout_ms = 0;
    }
    int ready = poll(real, count, timeout_ms), err = errno;
    for (nfds_t i = 0; ready >= 0 && i < count; i++) {
        fds[i].revents = said_of(&fds[i], real[i].revents);
        atomic_fetch_add(&answers, fds[i].revents != (real[i].revents & (fds[i].events | ~POLLRDHUP)));
    }
    if (ready >= 0)
        ready = 0;
    for (nfds_t i = 0; ready >= 0 && i < count; i++)
        ready += fds[i].revents != 0;
    if (real != few)
        free(real);
    errno = err;
    return ready;
}

/* ---- Connections ---- */

int kernel_socket(int family, int kind, int protocol) {
    int fd = socket(family, kind, protocol);
    if (fd >= 0 && is(v6only) && family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){1}, sizeof(int));
    return fd;
}

int kernel_bind(int fd, const struct sockaddr *address, socklen_t length) {
    if (is(v6only) && address->sa_family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){1}, sizeof(int));
    return bind(fd, address, length);
}

/* Never waits for room in the backlog. */
static int connect_or_refuse(int fd, const struct sockaddr *address, socklen_t length) {
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0)
        return -1;
    (void)fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    int answer = connect(fd, address, length), err = errno;
    (void)fcntl(fd, F_SETFL, flags);
    errno = err;
    return answer < 0 && err == EAGAIN ? fails(ECONNREFUSED) : answer;
}

/* The length of an address of this socket's family; 0: any. */
static socklen_t own_length(int fd) {
    switch (option(fd, SO_DOMAIN)) {
    case AF_INET:
        return sizeof(struct sockaddr_in);
    case AF_INET6:
        return sizeof(struct sockaddr_in6);
    default:
        return 0;
    }
}

int kernel_connect(int fd, const struct sockaddr *address, socklen_t length) {
    if (is(refuse) && address->sa_family == AF_UNIX)
        return connect_or_refuse(fd, address, length);
    bool disconnects = is(disconnect) && address->sa_family == AF_UNSPEC && is_datagram(fd);
    if (!disconnects)
        return connect(fd, address, length);
    socklen_t own = own_length(fd);
    if (connect(fd, address, length) < 0)
        return -1;
    return fails(own != 0 && length != own ? EINVAL : EAFNOSUPPORT);
}

static atomic_uint accepts;

void kernels_again(void) {
    atomic_store(&accepts, 0);
}

static int accepted(int fd, socklen_t *length) {
    if (fd >= 0 && is(namelen) && length != NULL && atomic_fetch_add(&accepts, 1) % 2 == 0) {
        atomic_fetch_add(&answers, 1);
        *length = 0;
    }
    return fd;
}

/* The address keeps what it had before, as far as an address of 0 bytes goes. */
static int accept_without_name(int fd, struct sockaddr *peer, socklen_t *length, int flags) {
    struct sockaddr_storage before;
    socklen_t room = length != NULL ? *length : 0;
    bool keeps = is(namelen) && peer != NULL && room <= sizeof before;
    if (keeps)
        memcpy(&before, peer, room);
    int new = accepted(accept4(fd, peer, length, flags), length);
    if (keeps && new >= 0 && *length == 0)
        memcpy(peer, &before, room);
    return new;
}

int kernel_accept4(int fd, struct sockaddr *peer, socklen_t *length, int flags) {
    return accept_without_name(fd, peer, length, flags);
}

int kernel_accept(int fd, struct sockaddr *peer, socklen_t *length) {
    int inherited = is(nonblock) && is_nonblocking(fd) ? SOCK_NONBLOCK : 0;
    int new = accept_without_name(fd, peer, length, inherited);
    atomic_fetch_add(&answers, new >= 0 && inherited != 0);
    return new;
}

/* ---- Options ---- */

/* Linux's numbers from 1, and BSD's. */
static const unsigned char STATES[] = {0, 4, 2, 3, 6, 9, 10, 0, 5, 8, 1, 7, 3};

int kernel_getsockopt(int fd, int level, int name, void *value, socklen_t *size) {
    if (is(hup) && level == SOL_SOCKET && name == SO_NWRITE && *size >= sizeof(int) && kind_of(fd) >= 0) {
        int room = option(fd, SO_SNDBUF);
        int used = (now(fd, POLLOUT) & POLLOUT) == 0 ? room : room > PIECE ? room - PIECE : 0;
        memcpy(value, &used, sizeof used);
        *size = sizeof used;
        atomic_fetch_add(&answers, 1);
        return 0;
    }
    if (is(states) && level == IPPROTO_TCP && name == TCP_CONNECTION_INFO)
        name = TCP_INFO;
    int answer = getsockopt(fd, level, name, value, size);
    if (answer == 0 && is(v6only) && level == IPPROTO_IPV6 && name == IPV6_V6ONLY)
        memcpy(value, &(int){1}, sizeof(int));
    if (answer == 0 && is(states) && level == IPPROTO_TCP && name == TCP_INFO && *size > 0) {
        unsigned char *state = value;
        *state = *state < sizeof STATES ? STATES[*state] : 0;
        atomic_fetch_add(&answers, 1);
    }
    return answer;
}

static bool is_bound(int fd) {
    struct sockaddr_in6 own;
    socklen_t size = sizeof own;
    return getsockname(fd, (struct sockaddr *)&own, &size) == 0 && own.sin6_port != 0;
}

int kernel_setsockopt(int fd, int level, int name, const void *value, socklen_t size) {
    short shut = POLLHUP | POLLRDHUP;
    if (is(einval) && kind_of(fd) >= 0 && (now(fd, POLLRDHUP) & shut) == shut)
        return fails(EINVAL);
    if (is(v6only) && level == IPPROTO_IPV6 && name == IPV6_V6ONLY && option(fd, SO_DOMAIN) == AF_INET6) {
        int on = 0;
        memcpy(&on, value, size < sizeof on ? size : sizeof on);
        if (on == 0 || is_bound(fd))
            return fails(EINVAL);
    }
    return setsockopt(fd, level, name, value, size);
}
