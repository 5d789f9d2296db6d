/* syscalls.h - shared by the counter of system calls (syscalls_shim.c) and the program that reads it. */
#ifndef SYSCALLS_H
#define SYSCALLS_H

/* The functions of libc that the library calls and that are system calls: one number each. */
#define SYSTEM_CALLS(X)                                                                                                \
    X(recv)                                                                                                            \
    X(send)                                                                                                            \
    X(sendmsg)                                                                                                         \
    X(read)                                                                                                            \
    X(write)                                                                                                           \
    X(writev)                                                                                                          \
    X(syscall)                                                                                                         \
    X(poll)                                                                                                            \
    X(fstat)                                                                                                           \
    X(isatty)                                                                                                          \
    X(ioctl)                                                                                                           \
    X(readv)                                                                                                           \
    X(getsockopt)                                                                                                      \
    X(setsockopt)                                                                                                      \
    X(shutdown)                                                                                                        \
    X(close)                                                                                                           \
    X(waitpid)                                                                                                         \
    X(sigaction)                                                                                                       \
    X(accept4)                                                                                                         \
    X(bind)                                                                                                            \
    X(connect)                                                                                                         \
    X(fcntl)                                                                                                           \
    X(getpeername)                                                                                                     \
    X(getsockname)                                                                                                     \
    X(listen)                                                                                                          \
    X(lstat)                                                                                                           \
    X(recvmsg)                                                                                                         \
    X(sendto)                                                                                                          \
    X(socket)                                                                                                          \
    X(unlink)

#define MEMBER(name) unsigned long name;

/* The calls of one thread. */
struct counts {
    SYSTEM_CALLS(MEMBER)
    unsigned long clock_gettime;  /* the vDSO answers it: no system call */
    unsigned long searched_bytes; /* by memchr */
    unsigned long moved_bytes;    /* by memmove */
};

/* The counts of the calling thread. Weak, so that a program without the counter can report that. */
struct counts *syscall_counts(void) __attribute__((weak));

#endif
