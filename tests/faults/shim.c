/* The shim: preloaded, it interposes libc for libsockutil.so, and for the driver, which arms it only around the calls
 * under test. */
#include "fault.h"
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const struct fault_hooks *armed;

fault_arm_function fault_arm;

void fault_arm(const struct fault_hooks *hooks) {
    armed = hooks;
}

/* The function of that name that comes after this library: libc's. */
#define REAL(name)                                                                                                     \
    static __typeof__(&(name)) real_##name;                                                                            \
    if (real_##name == NULL) {                                                                                         \
        void *found = dlsym(RTLD_NEXT, #name);                                                                         \
        memcpy(&real_##name, &found, sizeof found);                                                                    \
    }

/* Asks the driver, and returns whether the call must fail; then errno is set. */
static bool fails(struct fault_call *call) {
    const struct fault_hooks *hooks = armed;
    if (hooks == NULL)
        return false;
    int before = errno;
    armed = NULL;
    hooks->before(call);
    armed = hooks;
    errno = call->act == ACT_FAIL ? call->err : before;
    return call->act == ACT_FAIL;
}

/* Reports the result to the driver. */
static long long told(struct fault_call *call, long long result) {
    const struct fault_hooks *hooks = armed;
    if (hooks != NULL) {
        int err = errno;
        call->result = result;
        call->failed_with = result < 0 ? err : 0;
        armed = NULL;
        hooks->after(call);
        armed = hooks;
        errno = err;
    }
    return result;
}

static size_t cut(const struct fault_call *call, size_t n) {
    return call->act == ACT_CUT && n > 1 ? 1 : n;
}

/* The first byte of a vector as a vector of its own. */
static struct iovec first_byte(const struct iovec *iov, size_t count) {
    while (count > 1 && iov->iov_len == 0) {
        iov++;
        count--;
    }
    return (struct iovec){iov->iov_base, iov->iov_len > 0 ? 1 : 0};
}

ssize_t recv(int fd, void *buf, size_t n, int flags) {
    REAL(recv)
    struct fault_call call = {.function = F_recv, .fd = fd, .flags = flags};
    return (ssize_t)told(&call, fails(&call) ? -1 : real_recv(fd, buf, cut(&call, n), flags));
}

ssize_t read(int fd, void *buf, size_t n) {
    REAL(read)
    struct fault_call call = {.function = F_read, .fd = fd};
    return (ssize_t)told(&call, fails(&call) ? -1 : real_read(fd, buf, cut(&call, n)));
}

ssize_t send(int fd, const void *buf, size_t n, int flags) {
    REAL(send)
    struct fault_call call = {.function = F_send, .fd = fd, .flags = flags};
    return (ssize_t)told(&call, fails(&call) ? -1 : real_send(fd, buf, cut(&call, n), flags));
}

ssize_t write(int fd, const void *buf, size_t n) {
    REAL(write)
    struct fault_call call = {.function = F_write, .fd = fd};
    return (ssize_t)told(&call, fails(&call) ? -1 : real_write(fd, buf, cut(&call, n)));
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
    REAL(sendmsg)
    struct fault_call call = {.function = F_sendmsg, .fd = fd, .flags = flags};
    struct msghdr shorter = *message;
    struct iovec one;
    if (fails(&call))
        return (ssize_t)told(&call, -1);
    if (call.act == ACT_CUT && message->msg_iovlen > 0) {
        one = first_byte(message->msg_iov, (size_t)message->msg_iovlen);
        shorter.msg_iov = &one;
        shorter.msg_iovlen = 1;
    }
    return (ssize_t)told(&call, real_sendmsg(fd, &shorter, flags));
}

ssize_t writev(int fd, const struct iovec *iov, int count) {
    REAL(writev)
    bool nothing = count == 1 && iov->iov_len == 0;
    struct fault_call call = {.function = nothing ? F_nothing : F_writev, .fd = fd};
    struct iovec one;
    if (fails(&call))
        return (ssize_t)told(&call, -1);
    if (call.act == ACT_CUT && count > 0) {
        one = first_byte(iov, (size_t)count);
        iov = &one;
        count = 1;
    }
    return (ssize_t)told(&call, real_writev(fd, iov, count));
}

/* preadv2 and pwritev2, by number. The driver refuses any other. */
long syscall(long number, ...) {
    REAL(syscall)
    struct fault_call call = {.function = F_syscall, .fd = -1, .number = number};
    struct iovec one;
    va_list list;
    long a[6];
    va_start(list, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(list, long);
    va_end(list);
    if (number == SYS_preadv2 || number == SYS_pwritev2) {
        call.fd = (int)a[0];
        if (fails(&call))
            return (long)told(&call, -1);
        if (call.act == ACT_CUT && a[2] > 0) {
            const struct iovec *iov;
            memcpy(&iov, &a[1], sizeof iov);
            one = first_byte(iov, (size_t)a[2]);
            return (long)told(&call, real_syscall(number, a[0], &one, 1L, a[3], a[4], a[5]));
        }
    } else if (fails(&call)) {
        return (long)told(&call, -1);
    }
    return (long)told(&call, real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]));
}

int poll(struct pollfd *fds, nfds_t count, int timeout_ms) {
    REAL(poll)
    struct fault_call call = {.function = F_poll, .fd = count == 1 ? fds->fd : -1, .timeout_ms = timeout_ms};
    call.pause = count == 1 && fds->fd == -1;
    if (fails(&call))
        return (int)told(&call, -1);
    if (call.act == ACT_TIME_OUT) {
        for (nfds_t i = 0; i < count; i++)
            fds[i].revents = 0;
        return (int)told(&call, 0);
    }
    if (call.act == ACT_QUICK && timeout_ms > FAULT_MOMENT_MS)
        timeout_ms = FAULT_MOMENT_MS;
    return (int)told(&call, real_poll(fds, count, timeout_ms));
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    REAL(clock_gettime)
    struct fault_call call = {.function = F_clock_gettime, .fd = -1, .flags = (int)clock};
    if (fails(&call))
        return (int)told(&call, -1);
    int result = real_clock_gettime(clock, time);
    if (call.act == ACT_JUMP)
        time->tv_sec += FAULT_JUMP_S;
    time->tv_nsec += call.skew_ms % 1000 * 1000000;
    time->tv_sec += call.skew_ms / 1000 + time->tv_nsec / 1000000000;
    time->tv_nsec %= 1000000000;
    return (int)told(&call, result);
}

int fstat(int fd, struct stat *status) {
    REAL(fstat)
    struct fault_call call = {.function = F_fstat, .fd = fd};
    return (int)told(&call, fails(&call) ? -1 : real_fstat(fd, status));
}

#ifdef __GLIBC__
/* Used instead if off_t has 32 bits. */
int fstat64(int fd, struct stat64 *status) {
    REAL(fstat64)
    struct fault_call call = {.function = F_fstat, .fd = fd};
    return (int)told(&call, fails(&call) ? -1 : real_fstat64(fd, status));
}
#endif

/* It fails with 0. */
int isatty(int fd) {
    REAL(isatty)
    struct fault_call call = {.function = F_isatty, .fd = fd};
    return told(&call, fails(&call) ? -1 : real_isatty(fd)) == 1;
}

int ioctl(int fd, unsigned long request, ...) {
    REAL(ioctl)
    struct fault_call call = {.function = F_ioctl, .fd = fd};
    va_list list;
    va_start(list, request);
    void *argument = va_arg(list, void *);
    va_end(list);
    return (int)told(&call, fails(&call) ? -1 : real_ioctl(fd, request, argument));
}

ssize_t readv(int fd, const struct iovec *iov, int count) {
    REAL(readv)
    struct fault_call call = {.function = F_nothing, .fd = fd};
    return (ssize_t)told(&call, fails(&call) ? -1 : real_readv(fd, iov, count));
}

int getsockopt(int fd, int level, int name, void *value, socklen_t *size) {
    REAL(getsockopt)
    struct fault_call call = {.function = F_getsockopt, .fd = fd, .command = name};
    return (int)told(&call, fails(&call) ? -1 : real_getsockopt(fd, level, name, value, size));
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t size) {
    REAL(setsockopt)
    struct fault_call call = {.function = F_setsockopt, .fd = fd, .command = name};
    return (int)told(&call, fails(&call) ? -1 : real_setsockopt(fd, level, name, value, size));
}

int shutdown(int fd, int how) {
    REAL(shutdown)
    struct fault_call call = {.function = F_shutdown, .fd = fd};
    return (int)told(&call, fails(&call) ? -1 : real_shutdown(fd, how));
}

int close(int fd) {
    REAL(close)
    struct fault_call call = {.function = F_close, .fd = fd};
    if (fails(&call)) {
        /* Whatever it returns, Linux has freed the descriptor. */
        int err = errno;
        (void)real_close(fd);
        errno = err;
        return (int)told(&call, -1);
    }
    return (int)told(&call, real_close(fd));
}

int sigaction(int signal, const struct sigaction *action, struct sigaction *old) {
    REAL(sigaction)
    struct fault_call call = {.function = F_sigaction, .fd = -1};
    return (int)told(&call, fails(&call) ? -1 : real_sigaction(signal, action, old));
}

pid_t waitpid(pid_t pid, int *status, int options) {
    REAL(waitpid)
    struct fault_call call = {.function = F_waitpid, .fd = -1};
    return (pid_t)told(&call, fails(&call) ? -1 : real_waitpid(pid, status, options));
}

/* With _GNU_SOURCE glibc's addresses are unions of pointers. */
#ifndef __GLIBC__
#define __SOCKADDR_ARG struct sockaddr *
#define __CONST_SOCKADDR_ARG const struct sockaddr *
#endif

int socket(int family, int kind, int protocol) {
    REAL(socket)
    struct fault_call call = {.function = F_socket, .fd = -1};
    return (int)told(&call, fails(&call) ? -1 : real_socket(family, kind, protocol));
}

int bind(int fd, __CONST_SOCKADDR_ARG address, socklen_t size) {
    REAL(bind)
    struct fault_call call = {.function = F_bind, .fd = fd};
    return (int)told(&call, fails(&call) ? -1 : real_bind(fd, address, size));
}

int connect(int fd, __CONST_SOCKADDR_ARG address, socklen_t size) {
    REAL(connect)
    const struct sockaddr *to;
    memcpy(&to, &address, sizeof to);
    struct fault_call call = {.function = F_connect, .fd = fd, .address = to, .size = size};
    if (fails(&call)) {
        /* After these two the attempt goes on, except on a Unix socket. */
        int err = errno;
        if ((err == EINTR || err == EINPROGRESS) && to->sa_family != AF_UNIX)
            (void)real_connect(fd, address, size);
        errno = err;
        return (int)told(&call, -1);
    }
    return (int)told(&call, real_connect(fd, address, size));
}

int listen(int fd, int backlog) {
    REAL(listen)
    struct fault_call call = {.function = F_listen, .fd = fd};
    return (int)told(&call, fails(&call) ? -1 : real_listen(fd, backlog));
}

int accept4(int fd, __SOCKADDR_ARG address, socklen_t *size, int flags) {
    REAL(accept4)
    struct fault_call call = {.function = F_accept4, .fd = fd};
    return (int)told(&call, fails(&call) ? -1 : real_accept4(fd, address, size, flags));
}

int getsockname(int fd, __SOCKADDR_ARG address, socklen_t *size) {
    REAL(getsockname)
    struct fault_call call = {.function = F_getsockname, .fd = fd};
    return (int)told(&call, fails(&call) ? -1 : real_getsockname(fd, address, size));
}

int getpeername(int fd, __SOCKADDR_ARG address, socklen_t *size) {
    REAL(getpeername)
    struct fault_call call = {.function = F_getpeername, .fd = fd};
    return (int)told(&call, fails(&call) ? -1 : real_getpeername(fd, address, size));
}

ssize_t sendto(int fd, const void *buf, size_t n, int flags, __CONST_SOCKADDR_ARG to, socklen_t size) {
    REAL(sendto)
    struct fault_call call = {.function = F_sendto, .fd = fd, .flags = flags};
    return (ssize_t)told(&call, fails(&call) ? -1 : real_sendto(fd, buf, n, flags, to, size));
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags) {
    REAL(recvmsg)
    struct fault_call call = {.function = F_recvmsg, .fd = fd, .flags = flags};
    return (ssize_t)told(&call, fails(&call) ? -1 : real_recvmsg(fd, message, flags));
}

int unlink(const char *path) {
    REAL(unlink)
    struct fault_call call = {.function = F_unlink, .fd = -1};
    return (int)told(&call, fails(&call) ? -1 : real_unlink(path));
}

int lstat(const char *path, struct stat *status) {
    REAL(lstat)
    struct fault_call call = {.function = F_lstat, .fd = -1};
    return (int)told(&call, fails(&call) ? -1 : real_lstat(path, status));
}

/* F_GETFL and F_SETFL; others have arguments of other types. */
int fcntl(int fd, int command, ...) {
    REAL(fcntl)
    struct fault_call call = {.function = F_fcntl, .fd = fd, .command = command};
    va_list list;
    va_start(list, command);
    int flags = command == F_GETFL || command == F_GETFD ? 0 : va_arg(list, int);
    va_end(list);
    return (int)told(&call, fails(&call) ? -1 : real_fcntl(fd, command, flags));
}

/* Its failures are EAI_ codes; if the driver sets errno, the code is EAI_SYSTEM. The resolver's own calls are not the
 * library's. */
int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **list) {
    REAL(getaddrinfo)
    struct fault_call call = {.function = F_getaddrinfo, .fd = -1};
    if (fails(&call)) {
        (void)told(&call, -1);
        return call.err > 0 ? EAI_SYSTEM : call.err;
    }
    if (call.answer != NULL) {
        *list = call.answer;
        return (int)told(&call, 0);
    }
    const struct fault_hooks *hooks = armed;
    armed = NULL;
    int code = real_getaddrinfo(host, service, hints, list);
    armed = hooks;
    (void)told(&call, code == 0 ? 0 : -1);
    return code;
}

void freeaddrinfo(struct addrinfo *list) {
    REAL(freeaddrinfo)
    if (armed == NULL || armed->frees == NULL || !armed->frees(list))
        real_freeaddrinfo(list);
}

unsigned int if_nametoindex(const char *name) {
    REAL(if_nametoindex)
    struct fault_call call = {.function = F_if_nametoindex, .fd = -1};
    bool failed = fails(&call);
    const struct fault_hooks *hooks = armed;
    armed = NULL;
    unsigned int index = failed ? 0 : real_if_nametoindex(name);
    armed = hooks;
    (void)told(&call, index == 0 ? -1 : (long long)index);
    return index;
}

/* Declared with the array's size in glibc, and without in musl. */
#ifndef __clang__
#pragma GCC diagnostic ignored "-Warray-parameter"
#endif
char *if_indextoname(unsigned int index, char name[IF_NAMESIZE]) {
    REAL(if_indextoname)
    struct fault_call call = {.function = F_if_indextoname, .fd = -1};
    bool failed = fails(&call);
    const struct fault_hooks *hooks = armed;
    armed = NULL;
    char *found = failed ? NULL : real_if_indextoname(index, name);
    armed = hooks;
    (void)told(&call, found == NULL ? -1 : 0);
    return found;
}
