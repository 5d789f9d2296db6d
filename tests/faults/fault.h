/* fault.h - the interface between the driver and the preloaded shim.
 *
 * The shim interposes every libc function that libsockutil.so imports and that can fail. While armed it asks the driver
 * before each call what to do, and reports the result afterwards. The driver has all policy.
 */
#ifndef FAULT_H
#define FAULT_H

#include <netdb.h>
#include <stdbool.h>
#include <stddef.h>

#define FAULT_FUNCTIONS(X)                                                                                             \
    X(accept4)                                                                                                         \
    X(bind)                                                                                                            \
    X(clock_gettime)                                                                                                   \
    X(close)                                                                                                           \
    X(connect)                                                                                                         \
    X(fcntl)                                                                                                           \
    X(fstat)                                                                                                           \
    X(getaddrinfo)                                                                                                     \
    X(getpeername)                                                                                                     \
    X(getsockname)                                                                                                     \
    X(getsockopt)                                                                                                      \
    X(if_indextoname)                                                                                                  \
    X(if_nametoindex)                                                                                                  \
    X(ioctl)                                                                                                           \
    X(isatty)                                                                                                          \
    X(listen)                                                                                                          \
    X(lstat)                                                                                                           \
    X(nothing) /* readv and writev of no bytes */                                                                      \
    X(poll)                                                                                                            \
    X(read)                                                                                                            \
    X(recv)                                                                                                            \
    X(recvmsg)                                                                                                         \
    X(send)                                                                                                            \
    X(sendmsg)                                                                                                         \
    X(sendto)                                                                                                          \
    X(setsockopt)                                                                                                      \
    X(shutdown)                                                                                                        \
    X(sigaction)                                                                                                       \
    X(socket)                                                                                                          \
    X(syscall)                                                                                                         \
    X(unlink)                                                                                                          \
    X(waitpid)                                                                                                         \
    X(write)                                                                                                           \
    X(writev)

#define FAULT_ENUM(name) F_##name,
enum fault_function { FAULT_FUNCTIONS(FAULT_ENUM) F_COUNT };
#undef FAULT_ENUM

enum { FAULT_JUMP_S = 2 * 3600, FAULT_MOMENT_MS = 2 };

enum fault_act {
    ACT_PASS,
    ACT_FAIL,     /* -1 (0, NULL) and err; nothing else happens, except that close closes, as Linux does */
    ACT_CUT,      /* at most one byte is moved */
    ACT_TIME_OUT, /* poll: 0 at once */
    ACT_JUMP,     /* clock_gettime: FAULT_JUMP_S later */
    ACT_QUICK,    /* poll: 0 after FAULT_MOMENT_MS, if nothing is ready by then */
};

struct fault_call {
    enum fault_function function;
    int fd;              /* -1: it takes none */
    int flags;           /* of recv, send and the like */
    int timeout_ms;      /* of poll */
    int command;         /* of fcntl; the option's name of getsockopt and setsockopt */
    bool pause;          /* poll of no descriptor at all */
    long number;         /* of syscall */
    const void *address; /* of connect */
    unsigned int size;
    /* The driver's answer. */
    enum fault_act act;
    int err;
    long skew_ms;            /* of clock_gettime: so much later */
    struct addrinfo *answer; /* of getaddrinfo, if libc's is not asked */
    /* The result. */
    long long result;
    int failed_with; /* errno; 0: it did not fail */
};

struct fault_hooks {
    void (*before)(struct fault_call *call);
    void (*after)(const struct fault_call *call);
    /* Whether this list was the driver's answer, which libc cannot free. */
    bool (*frees)(const struct addrinfo *list);
};

/* Exported by the shim. NULL disarms. Calls that the hooks make are real. */
typedef void fault_arm_function(const struct fault_hooks *hooks);

#endif
