/* shim.h - the preloaded shim that stands before libc, for those who control it.
 *
 * Three can: a program that has the shim loaded reads its counts; the fault driver arms it with functions of its own;
 * and the environment variable SHIM holds rules (rules.c), which need no program to be written or compiled.
 */
#ifndef SHIM_H
#define SHIM_H

#include <netdb.h>
#include <stdbool.h>
#include <stddef.h>

/* The system calls that the library makes, here or on another system. tests/faults.rs fails when it imports a function
 * that is not here. */
#define SYSTEM_CALLS(X)                                                                                                \
    X(accept)                                                                                                          \
    X(accept4)                                                                                                         \
    X(bind)                                                                                                            \
    X(chmod)                                                                                                           \
    X(close)                                                                                                           \
    X(connect)                                                                                                         \
    X(fchmod)                                                                                                          \
    X(fchmodat)                                                                                                        \
    X(fcntl)                                                                                                           \
    X(fstat)                                                                                                           \
    X(getpeername)                                                                                                     \
    X(getsockname)                                                                                                     \
    X(getsockopt)                                                                                                      \
    X(ioctl)                                                                                                           \
    X(isatty)                                                                                                          \
    X(listen)                                                                                                          \
    X(lstat)                                                                                                           \
    X(openat)                                                                                                          \
    X(poll)                                                                                                            \
    X(read)                                                                                                            \
    X(readv)                                                                                                           \
    X(recv)                                                                                                            \
    X(recvfrom)                                                                                                        \
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

/* What it calls besides: the vDSO answers the clock, and the resolver's system calls are libc's business. */
#define OTHER_CALLS(X)                                                                                                 \
    X(clock_gettime)                                                                                                   \
    X(getaddrinfo)                                                                                                     \
    X(if_indextoname)                                                                                                  \
    X(if_nametoindex)

#define LIBRARY_CALLS(X) SYSTEM_CALLS(X) OTHER_CALLS(X)

/* What only the example programs call. */
#define PROGRAM_CALLS(X)                                                                                               \
    X(epoll_ctl)                                                                                                       \
    X(epoll_wait)                                                                                                      \
    X(fork)                                                                                                            \
    X(pthread_create)                                                                                                  \
    X(unshare)

#define SHIM_ENUM(name) F_##name,
enum shim_function {
    LIBRARY_CALLS(SHIM_ENUM) F_LIBRARY_COUNT,
    F_BEFORE_PROGRAMS = F_LIBRARY_COUNT - 1,
    PROGRAM_CALLS(SHIM_ENUM) F_COUNT
};
#undef SHIM_ENUM

enum { SHIM_JUMP_S = 2 * 3600, SHIM_MOMENT_MS = 2 };

enum shim_act {
    ACT_PASS,
    ACT_FAIL,     /* -1 (0, NULL) and err; nothing else happens, except that close closes, as Linux does */
    ACT_CUT,      /* at most so many bytes are moved: most, or one */
    ACT_TIME_OUT, /* poll: 0 at once */
    ACT_JUMP,     /* clock_gettime: SHIM_JUMP_S later */
    ACT_QUICK,    /* poll: 0 after SHIM_MOMENT_MS, if nothing is ready by then */
    ACT_ANSWER,   /* result, and nothing else happens */
};

struct shim_call {
    enum shim_function function;
    long arg[6];         /* as they were passed; accept's third is the length that its pointer leads to */
    int fd;              /* -1: it takes none */
    int flags;           /* of recv, send and the like; the clock */
    int timeout_ms;      /* of poll */
    bool pause;          /* poll of no descriptor at all */
    bool nothing;        /* writev of no bytes */
    long number;         /* of syscall */
    const void *address; /* of connect */
    unsigned int size;
    /* The answer of the driver or the rules. */
    enum shim_act act;
    int err;
    size_t most;             /* with ACT_CUT; 0: one byte */
    int clear;               /* flags of send and recv that the kernel does not get to see */
    unsigned int length;     /* of the address that accept reports; 0: as it is */
    long skew_ms;            /* of clock_gettime: so much later */
    struct addrinfo *answer; /* of getaddrinfo, if libc's is not asked */
    struct rule *rule;       /* that applies */
    bool imitated;           /* it is the library's, and another kernel than Linux answers it */
    /* What came of it. */
    long long result;
    int failed_with; /* errno; 0: it did not fail */
};

struct shim_hooks {
    void (*before)(struct shim_call *call);
    void (*after)(const struct shim_call *call);
    /* Whether this list was the driver's answer, which libc cannot free. */
    bool (*frees)(const struct addrinfo *list);
};

/* Exported by the shim. NULL disarms. Calls that the hooks make are real. While armed, there are no rules. */
typedef void shim_arm_function(const struct shim_hooks *hooks);

/* What one thread has called. */
#define SHIM_MEMBER(name) unsigned long name;
struct shim_counts {
    LIBRARY_CALLS(SHIM_MEMBER)
    PROGRAM_CALLS(SHIM_MEMBER)
    unsigned long searched_bytes; /* by memchr */
    unsigned long moved_bytes;    /* by memmove */
};
#undef SHIM_MEMBER

/* The counts of the thread that asks. Weak, so that a program without the shim can say so. */
struct shim_counts *shim_counts(void) __attribute__((weak));

/* rules.c: reads the rules; what the rules say of a call, and what they make of what came of it. */
void rules_read(void);
void rules_before(struct shim_call *call);
void rules_after(struct shim_call *call);

#endif
