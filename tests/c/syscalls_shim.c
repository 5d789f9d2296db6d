/* Counts, thread by thread, the system calls that the library makes: LD_PRELOAD puts these functions before libc's.
 * tests/syscalls.rs fails if the library imports a function that is missing here and may be a system call. */
#include "syscalls.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static _Thread_local struct counts counts;

struct counts *syscall_counts(void) {
    return &counts;
}

/* Defines a function that counts itself and calls the next of its name. Its name is an assembler name, since glibc
 * declares some with other parameter types. memcpy, because ISO C has no conversion from dlsym's result to a function
 * pointer. */
#define COUNT_AS(counter, type, name, parameters, arguments)                                                           \
    type counted_##name parameters __asm__(#name);                                                                     \
    type counted_##name parameters {                                                                                   \
        static type(*next) parameters;                                                                                 \
        counts.counter++;                                                                                              \
        if (next == NULL) {                                                                                            \
            void *found = dlsym(RTLD_NEXT, #name);                                                                     \
            memcpy(&next, &found, sizeof next);                                                                        \
        }                                                                                                              \
        return next arguments;                                                                                         \
    }
#define COUNT(type, name, parameters, arguments) COUNT_AS(name, type, name, parameters, arguments)

COUNT(ssize_t, recv, (int fd, void *buf, size_t n, int flags), (fd, buf, n, flags))
COUNT(ssize_t, send, (int fd, const void *buf, size_t n, int flags), (fd, buf, n, flags))
COUNT(ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags), (fd, message, flags))
COUNT(ssize_t, read, (int fd, void *buf, size_t n), (fd, buf, n))
COUNT(ssize_t, write, (int fd, const void *buf, size_t n), (fd, buf, n))
COUNT(ssize_t, writev, (int fd, const struct iovec *iov, int count), (fd, iov, count))
COUNT(int, poll, (struct pollfd * fds, nfds_t n, int timeout_ms), (fds, n, timeout_ms))
COUNT(ssize_t, readv, (int fd, const struct iovec *iov, int count), (fd, iov, count))
COUNT(int, fstat, (int fd, struct stat *status), (fd, status))
/* Used instead if off_t has 32 bits. */
COUNT_AS(fstat, int, fstat64, (int fd, void *status), (fd, status))
COUNT(int, isatty, (int fd), (fd))
COUNT(int, ioctl, (int fd, unsigned long request, void *argument), (fd, request, argument))
COUNT(int, getsockopt, (int fd, int level, int name, void *value, socklen_t *size), (fd, level, name, value, size))
COUNT(int, setsockopt, (int fd, int level, int name, const void *value, socklen_t size), (fd, level, name, value, size))
COUNT(int, shutdown, (int fd, int how), (fd, how))
COUNT(int, close, (int fd), (fd))
COUNT(pid_t, waitpid, (pid_t pid, int *status, int options), (pid, status, options))
COUNT(int, sigaction, (int number, const struct sigaction *action, struct sigaction *old), (number, action, old))
COUNT(int, accept4, (int fd, struct sockaddr *peer, socklen_t *length, int flags), (fd, peer, length, flags))
COUNT(int, bind, (int fd, const struct sockaddr *address, socklen_t length), (fd, address, length))
COUNT(int, connect, (int fd, const struct sockaddr *address, socklen_t length), (fd, address, length))
COUNT(int, getpeername, (int fd, struct sockaddr *address, socklen_t *length), (fd, address, length))
COUNT(int, getsockname, (int fd, struct sockaddr *address, socklen_t *length), (fd, address, length))
COUNT(int, listen, (int fd, int backlog), (fd, backlog))
COUNT(int, lstat, (const char *path, struct stat *status), (path, status))
COUNT(ssize_t, recvmsg, (int fd, struct msghdr *message, int flags), (fd, message, flags))
COUNT(ssize_t, sendto, (int fd, const void *buf, size_t n, int flags, const struct sockaddr *to, socklen_t length),
      (fd, buf, n, flags, to, length))
COUNT(int, socket, (int family, int type, int protocol), (family, type, protocol))
COUNT(int, unlink, (const char *path), (path))
COUNT(int, clock_gettime, (clockid_t clock, struct timespec *now), (clock, now))

/* A missing third argument is passed on as garbage. */
int fcntl(int fd, int command, ...) {
    static int (*next)(int, int, ...);
    va_list arguments;
    counts.fcntl++;
    va_start(arguments, command);
    long argument = va_arg(arguments, long);
    va_end(arguments);
    if (next == NULL) {
        void *found = dlsym(RTLD_NEXT, "fcntl");
        memcpy(&next, &found, sizeof next);
    }
    return next(fd, command, argument);
}

/* A system call has at most six arguments; missing ones are passed on as garbage. */
long syscall(long number, ...) {
    static long (*next)(long, ...);
    long a[6];
    va_list arguments;
    counts.syscall++;
    va_start(arguments, number);
    for (size_t i = 0; i < sizeof a / sizeof a[0]; i++)
        a[i] = va_arg(arguments, long);
    va_end(arguments);
    if (next == NULL) {
        void *found = dlsym(RTLD_NEXT, "syscall");
        memcpy(&next, &found, sizeof next);
    }
    return next(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* No system calls, but the cost of a line that is searched again and again, or moved. */

void *memchr(const void *memory, int byte, size_t n) {
    const unsigned char *bytes = memory;
    for (size_t i = 0; i < n; i++) {
        counts.searched_bytes++;
        if (bytes[i] == (unsigned char)byte)
            return (void *)(bytes + i);
    }
    return NULL;
}

void *memmove(void *to, const void *from, size_t n) {
    unsigned char *target = to;
    const unsigned char *source = from;
    counts.moved_bytes += n;
    if ((size_t)target - (size_t)source >= n)
        for (size_t i = 0; i < n; i++)
            target[i] = source[i];
    else
        while (n-- > 0)
            target[n] = source[n];
    return to;
}
