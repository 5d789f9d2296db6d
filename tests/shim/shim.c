/* The shim: preloaded, it stands before the functions of libc that the library and the example programs call. Here is
 * the table of those functions; what is to become of a call is decided by the driver that has armed the shim, or else
 * by the rules. A call that they let pass goes to libc, or to another kernel that is imitated (kernels.c). */
#include "shim.h"
#include "kernels.h"

#include <dlfcn.h>
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static const struct shim_hooks *armed;

/* True inside hooks, rules, imitated kernels and the resolver: their own calls go straight to libc. */
static _Thread_local bool aside;

static _Thread_local struct shim_counts counts;

shim_arm_function shim_arm;

void shim_arm(const struct shim_hooks *hooks) {
    armed = hooks;
    if (hooks != NULL)
        kernels_again();
}

struct shim_counts *shim_counts(void) {
    return &counts;
}

/* Before main: signals that a rule catches may come as soon as a server says that it listens. */
__attribute__((constructor)) static void start(void) {
    aside = true;
    rules_read();
    kernels_read();
    aside = false;
}

/* Whether a call has its answer already, which is in result and errno then. */
static bool answered(struct shim_call *call) {
    if (aside)
        return false;
    int before = errno;
    aside = true;
    if (armed != NULL)
        armed->before(call);
    else
        rules_before(call);
    aside = false;
    errno = before;
    if (call->act == ACT_FAIL) {
        call->result = -1;
        errno = call->err;
    }
    return call->act == ACT_FAIL || call->act == ACT_ANSWER;
}

/* Tells what came of it, which the rules may change. */
static long long told(struct shim_call *call, long long result) {
    call->result = result;
    if (call->imitated)
        aside = false;
    if (aside)
        return result;
    int err = errno;
    call->failed_with = result < 0 ? err : 0;
    aside = true;
    if (armed != NULL)
        armed->after(call);
    else
        rules_after(call);
    aside = false;
    errno = call->result < 0 ? call->failed_with : err;
    return call->result;
}

/* ---- How a function is interposed ---- */

/* Its own name is the assembler's, for glibc declares some with parameters of its own kind. */
#define DEFINE(type, name, parameters)                                                                                 \
    type shim_##name parameters __asm__(#name);                                                                        \
    type shim_##name parameters

/* The function of that name that comes after this library: libc's. memcpy, because ISO C knows no conversion of dlsym's
 * answer into a function pointer. */
#define FIND_NEXT(name)                                                                                                \
    static __typeof__(&shim_##name) next;                                                                              \
    if (next == NULL) {                                                                                                \
        void *found = dlsym(RTLD_NEXT, #name);                                                                         \
        memcpy(&next, &found, sizeof next);                                                                            \
    }

#define FIRST_SIX(a, b, c, d, e, f, ...)                                                                               \
    { (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f) }
#define LONGS(...) FIRST_SIX(__VA_ARGS__, 0, 0, 0, 0, 0, 0)

/* The call, counted. What follows the arguments are initializers. */
#define BEGIN_AS(function_, name, arguments, ...)                                                                      \
    FIND_NEXT(name)                                                                                                    \
    struct shim_call call = {.function = F_##function_, .arg = LONGS arguments, __VA_ARGS__};                          \
    call.imitated = !aside && kernels_answer(__builtin_return_address(0));                                             \
    counts.function_ += !aside
#define BEGIN(name, arguments, ...) BEGIN_AS(name, name, arguments, __VA_ARGS__)

/* What answers a call that has no answer yet. */
#define REAL(name) (stands_aside(&call) ? kernel_##name : next)

static bool stands_aside(const struct shim_call *call) {
    aside |= call->imitated;
    return call->imitated;
}

/* One that fails with -1. adjust comes before the real call, and may change its arguments. */
#define CALL_BY(real, function_, type, name, parameters, arguments, adjust, ...)                                       \
    DEFINE(type, name, parameters) {                                                                                   \
        BEGIN_AS(function_, name, arguments, __VA_ARGS__);                                                             \
        return (type)told(&call, answered(&call) ? call.result : (adjust, real arguments));                            \
    }
#define CALL_AS(function_, type, name, parameters, arguments, adjust, ...)                                             \
    CALL_BY(next, function_, type, name, parameters, arguments, adjust, __VA_ARGS__)
#define CALL(type, name, parameters, arguments, adjust, ...)                                                           \
    CALL_AS(name, type, name, parameters, arguments, adjust, __VA_ARGS__)
/* One that other kernels answer in their own way. */
#define KERNEL_CALL(type, name, parameters, arguments, adjust, ...)                                                    \
    CALL_BY(REAL(name), name, type, name, parameters, arguments, adjust, __VA_ARGS__)

#define AS_IT_IS (void)0
#define CLEAR flags &= ~call.clear
#define CUT n = cut(&call, n)

static size_t cut(const struct shim_call *call, size_t n) {
    size_t most = call->most > 0 ? call->most : 1;
    return call->act == ACT_CUT && n > most ? most : n;
}

/* The first bytes of a vector as a vector of its own. */
static struct iovec first_bytes(const struct shim_call *call, const struct iovec *iov, size_t count) {
    while (count > 1 && iov->iov_len == 0) {
        iov++;
        count--;
    }
    return (struct iovec){iov->iov_base, cut(call, iov->iov_len)};
}

static const struct msghdr *cut_message(const struct shim_call *call, const struct msghdr *message,
                                        struct msghdr *shorter, struct iovec *first) {
    if (call->act != ACT_CUT || message->msg_iovlen == 0)
        return message;
    *first = first_bytes(call, message->msg_iov, (size_t)message->msg_iovlen);
    *shorter = *message;
    shorter->msg_iov = first;
    shorter->msg_iovlen = 1;
    return shorter;
}

/* ---- The system calls of the library ---- */

KERNEL_CALL(ssize_t, recv, (int fd, void *buf, size_t n, int flags), (fd, buf, n, flags), (CUT, CLEAR), .fd = fd,
            .flags = flags)
KERNEL_CALL(ssize_t, send, (int fd, const void *buf, size_t n, int flags), (fd, buf, n, flags), (CUT, CLEAR), .fd = fd,
            .flags = flags)
KERNEL_CALL(ssize_t, read, (int fd, void *buf, size_t n), (fd, buf, n), CUT, .fd = fd)
KERNEL_CALL(ssize_t, write, (int fd, const void *buf, size_t n), (fd, buf, n), CUT, .fd = fd)
KERNEL_CALL(ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags), (fd, message, flags),
            (message = cut_message(&call, message, &(struct msghdr){0}, &(struct iovec){0}), CLEAR), .fd = fd,
            .flags = flags)
KERNEL_CALL(ssize_t, recvfrom, (int fd, void *buf, size_t n, int flags, struct sockaddr *from, socklen_t *length),
            (fd, buf, n, flags, from, length), CLEAR, .fd = fd, .flags = flags)
KERNEL_CALL(ssize_t, recvmsg, (int fd, struct msghdr *message, int flags), (fd, message, flags), CLEAR, .fd = fd,
            .flags = flags)
KERNEL_CALL(ssize_t, sendto,
            (int fd, const void *buf, size_t n, int flags, const struct sockaddr *to, socklen_t length),
            (fd, buf, n, flags, to, length), CLEAR, .fd = fd, .flags = flags)
KERNEL_CALL(ssize_t, readv, (int fd, const struct iovec *iov, int count), (fd, iov, count), AS_IT_IS, .fd = fd)
KERNEL_CALL(int, accept4, (int fd, struct sockaddr *peer, socklen_t *length, int flags), (fd, peer, length, flags),
            AS_IT_IS, .fd = fd)
KERNEL_CALL(int, bind, (int fd, const struct sockaddr *address, socklen_t length), (fd, address, length), AS_IT_IS,
            .fd = fd)
CALL(int, chmod, (const char *path, mode_t mode), (path, mode), AS_IT_IS, .fd = -1)
CALL(int, fchmod, (int fd, mode_t mode), (fd, mode), AS_IT_IS, .fd = fd)
CALL(int, fchmodat, (int folder, const char *path, mode_t mode, int flags), (folder, path, mode, flags), AS_IT_IS,
     .fd = -1)
CALL(int, fstat, (int fd, struct stat *status), (fd, status), AS_IT_IS, .fd = fd)
#ifdef __GLIBC__
/* Instead of it where off_t has 32 bits. */
CALL_AS(fstat, int, fstat64, (int fd, void *status), (fd, status), AS_IT_IS, .fd = fd)
#endif
CALL(int, getpeername, (int fd, struct sockaddr *address, socklen_t *length), (fd, address, length), AS_IT_IS, .fd = fd)
CALL(int, getsockname, (int fd, struct sockaddr *address, socklen_t *length), (fd, address, length), AS_IT_IS, .fd = fd)
KERNEL_CALL(int, getsockopt, (int fd, int level, int name, void *value, socklen_t *size),
            (fd, level, name, value, size), AS_IT_IS, .fd = fd)
KERNEL_CALL(int, setsockopt, (int fd, int level, int name, const void *value, socklen_t size),
            (fd, level, name, value, size), AS_IT_IS, .fd = fd)
CALL(int, listen, (int fd, int backlog), (fd, backlog), AS_IT_IS, .fd = fd)
CALL(int, lstat, (const char *path, struct stat *status), (path, status), AS_IT_IS, .fd = -1)
CALL(int, shutdown, (int fd, int how), (fd, how), AS_IT_IS, .fd = fd)
CALL(int, sigaction, (int number, const struct sigaction *action, struct sigaction *old), (number, action, old),
     AS_IT_IS, .fd = -1)
KERNEL_CALL(int, socket, (int family, int kind, int protocol), (family, kind, protocol), AS_IT_IS, .fd = -1)
CALL(int, unlink, (const char *path), (path), AS_IT_IS, .fd = -1)
CALL(pid_t, waitpid, (pid_t pid, int *status, int options), (pid, status, options), AS_IT_IS, .fd = -1)

/* Arguments that were not passed are passed on as they are. */
CALL(int, fcntl, (int fd, int command, long argument), (fd, command, argument), AS_IT_IS, .fd = fd)
CALL(int, openat, (int folder, const char *path, int flags, unsigned mode), (folder, path, flags, mode), AS_IT_IS,
     .fd = -1)
CALL(int, ioctl, (int fd, unsigned long request, void *argument), (fd, request, argument), AS_IT_IS, .fd = fd)

DEFINE(ssize_t, writev, (int fd, const struct iovec *iov, int count)) {
    BEGIN(writev, (fd, iov, count), .fd = fd, .nothing = count == 1 && iov->iov_len == 0);
    struct iovec first;
    if (answered(&call))
        return (ssize_t)told(&call, call.result);
    if (call.act == ACT_CUT && count > 0) {
        first = first_bytes(&call, iov, (size_t)count);
        iov = &first;
        count = 1;
    }
    return (ssize_t)told(&call, REAL(writev)(fd, iov, count));
}

/* Six arguments are what a system call has at most. Of preadv2 and pwritev2 it is known what they are. */
DEFINE(long, syscall, (long number, long a, long b, long c, long d, long e, long f)) {
    BEGIN(syscall, (number, a, b, c, d, e), .fd = -1, .number = number);
    bool vector = number == SYS_preadv2 || number == SYS_pwritev2;
    struct iovec first;
    if (vector)
        call.fd = (int)a;
    if (answered(&call))
        return (long)told(&call, call.result);
    if (vector && call.act == ACT_CUT && c > 0) {
        const struct iovec *iov;
        memcpy(&iov, &b, sizeof iov);
        first = first_bytes(&call, iov, (size_t)c);
        iov = &first;
        memcpy(&b, &iov, sizeof iov);
        c = 1;
    }
    return (long)told(&call, next(number, a, b, c, d, e, f));
}

DEFINE(int, poll, (struct pollfd * fds, nfds_t count, int timeout_ms)) {
    BEGIN(poll, (fds, count, timeout_ms), .fd = count == 1 ? fds->fd : -1, .timeout_ms = timeout_ms,
          .pause = count == 1 && fds->fd == -1);
    if (answered(&call))
        return (int)told(&call, call.result);
    if (call.act == ACT_TIME_OUT) {
        for (nfds_t i = 0; i < count; i++)
            fds[i].revents = 0;
        return (int)told(&call, 0);
    }
    if (call.act == ACT_QUICK && timeout_ms > SHIM_MOMENT_MS)
        timeout_ms = SHIM_MOMENT_MS;
    return (int)told(&call, REAL(poll)(fds, count, timeout_ms));
}

/* It fails with 0. */
DEFINE(int, isatty, (int fd)) {
    BEGIN(isatty, (fd), .fd = fd);
    return told(&call, answered(&call) ? call.result : next(fd)) == 1;
}

DEFINE(int, close, (int fd)) {
    BEGIN(close, (fd), .fd = fd);
    if (!answered(&call))
        return (int)told(&call, next(fd));
    if (call.act == ACT_FAIL) {
        /* Whatever it then says, Linux has let go of the descriptor. */
        int err = errno;
        (void)next(fd);
        errno = err;
    }
    return (int)told(&call, call.result);
}

DEFINE(int, accept, (int fd, struct sockaddr *peer, socklen_t *length)) {
    BEGIN(accept, (fd, peer, length != NULL ? *length : 0), .fd = fd);
    (void)told(&call, answered(&call) ? call.result : REAL(accept)(fd, peer, length));
    if (length != NULL && call.length > 0)
        *length = call.length;
    return (int)call.result;
}

DEFINE(int, connect, (int fd, const struct sockaddr *address, socklen_t size)) {
    BEGIN(connect, (fd, address, size), .fd = fd, .address = address, .size = size);
    if (!answered(&call))
        return (int)told(&call, REAL(connect)(fd, address, size));
    /* Of these two the attempt goes on, but for a Unix socket's. */
    int err = errno;
    if (call.act == ACT_FAIL && (err == EINTR || err == EINPROGRESS) && address->sa_family != AF_UNIX)
        (void)next(fd, address, size);
    errno = err;
    return (int)told(&call, call.result);
}

/* ---- What else the library calls ---- */

DEFINE(int, clock_gettime, (clockid_t clock, struct timespec *now)) {
    BEGIN(clock_gettime, (clock, now), .fd = -1, .flags = (int)clock);
    if (answered(&call))
        return (int)told(&call, call.result);
    int result = next(clock, now);
    if (call.act == ACT_JUMP)
        now->tv_sec += SHIM_JUMP_S;
    now->tv_nsec += call.skew_ms % 1000 * 1000000;
    now->tv_sec += call.skew_ms / 1000 + now->tv_nsec / 1000000000;
    now->tv_nsec %= 1000000000;
    return (int)told(&call, result);
}

/* Its failures are EAI_ codes; where errno is to be told, EAI_SYSTEM goes with it. */
DEFINE(int, getaddrinfo,
       (const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **list)) {
    BEGIN(getaddrinfo, (host, service, hints, list), .fd = -1);
    if (answered(&call)) {
        (void)told(&call, -1);
        return call.err > 0 ? EAI_SYSTEM : call.err;
    }
    if (call.answer != NULL) {
        *list = call.answer;
        return (int)told(&call, 0);
    }
    bool before = aside;
    aside = true;
    int code = next(host, service, hints, list);
    aside = before;
    (void)told(&call, code == 0 ? 0 : -1);
    return code;
}

DEFINE(void, freeaddrinfo, (struct addrinfo * list)) {
    FIND_NEXT(freeaddrinfo)
    if (armed == NULL || armed->frees == NULL || !armed->frees(list))
        next(list);
}

DEFINE(unsigned int, if_nametoindex, (const char *name)) {
    BEGIN(if_nametoindex, (name), .fd = -1);
    bool failed = answered(&call), before = aside;
    aside = true;
    unsigned int index = failed ? 0 : next(name);
    aside = before;
    (void)told(&call, index == 0 ? -1 : (long long)index);
    return index;
}

DEFINE(char *, if_indextoname, (unsigned int index, char *name)) {
    BEGIN(if_indextoname, (index, name), .fd = -1);
    bool failed = answered(&call), before = aside;
    aside = true;
    char *found = failed ? NULL : next(index, name);
    aside = before;
    (void)told(&call, found == NULL ? -1 : 0);
    return found;
}

/* No system calls, but what takes the time when a line is searched again and again, or moved. */

DEFINE(void *, memchr, (const void *memory, int byte, size_t n)) {
    FIND_NEXT(memchr)
    void *found_at = next(memory, byte, n);
    counts.searched_bytes += found_at != NULL ? (size_t)((char *)found_at - (const char *)memory) + 1 : n;
    return found_at;
}

DEFINE(void *, memmove, (void *to, const void *from, size_t n)) {
    FIND_NEXT(memmove)
    counts.moved_bytes += n;
    return next(to, from, n);
}

/* ---- What only the example programs call ---- */

CALL(int, epoll_ctl, (int fd, int operation, int target, struct epoll_event *event), (fd, operation, target, event),
     AS_IT_IS, .fd = fd)
CALL(int, epoll_wait, (int fd, struct epoll_event *events, int n, int timeout), (fd, events, n, timeout), AS_IT_IS,
     .fd = fd)
CALL(int, unshare, (int flags), (flags), AS_IT_IS, .fd = -1)

DEFINE(pid_t, fork, (void)) {
    BEGIN(fork, (0), .fd = -1);
    return (pid_t)told(&call, answered(&call) ? call.result : next());
}

/* The failure is in what it returns, and nowhere else. */
DEFINE(int, pthread_create, (pthread_t * thread, const pthread_attr_t *attr, void *(*run)(void *), void *argument)) {
    BEGIN(pthread_create, (thread, attr, run, argument), .fd = -1);
    int code = answered(&call) ? call.err : next(thread, attr, run, argument);
    errno = code;
    (void)told(&call, code == 0 ? 0 : -1);
    errno = 0;
    return code;
}
