/* unp.h - over sockutil: what the programs of "UNIX Network Programming", volume 1, 3rd edition, get from the book's
 * unp.h and its library.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Compile the programs unchanged, without the book's unp.h and library: -I the folder of this file, then -lsockutil.
 * Include it before any other header. All functions are static: nothing else has to be linked.
 *
 * Errors are the book's: a message on stderr, or in syslog(3) if daemon_proc is not 0, then exit(1). A function with a
 * capital name calls the one without and reports a failure with err_sys("<name> error"); a comment stands where it does
 * anything else.
 *
 * A program that defines readline or Readline itself is compiled with -DUNP_OWN_READLINE: both are only declared then.
 * With -DSOCKUTIL_NO_CLASSIC_NAMES there is no readn, writen and readline, as in sockutil.h (to use GNU Readline, for
 * one); Readn and Writen stay, and so does Readline.
 *
 * Other functions that are only declared, because many programs bring their own: see "Bodies that programs bring".
 *
 * Differences from the original:
 * writen     never raises SIGPIPE on a socket: EPIPE.
 * readline   keeps no bytes between calls, so that select(2) reports all that is left. A piece of a longer line has
 *            maxlen-1 bytes, and so it returns maxlen-1; maxlen below 2 is EINVAL.
 * hosts      "127.1" and "010.1.1.1" are refused, as everywhere in sockutil; tcp_connect tries addresses at once, as
 *            sockutil_tcp_connect does.
 * connect    connect_timeo leaves the program's SIGALRM alone.
 * signal     is a macro: the address of the C library's signal(3) cannot be taken. */
#ifndef __unp_h
#define __unp_h

/* With -std=c99 and its like glibc declares no POSIX function, unless it is asked to before its first header. */
#if defined(__STRICT_ANSI__) && !defined(_GNU_SOURCE) && !defined(_DEFAULT_SOURCE)
#define _DEFAULT_SOURCE
#endif

/* First: the inline readn of sockutil.h may precede a program's prototype of it, but not follow one. */
#if defined(UNP_OWN_READLINE) && !defined(SOCKUTIL_H) && !defined(SOCKUTIL_NO_CLASSIC_NAMES)
#define SOCKUTIL_NO_CLASSIC_NAMES
#include <sockutil.h>
#undef SOCKUTIL_NO_CLASSIC_NAMES
#define UNP_DEFINES_READN
#else
#include <sockutil.h>
#endif

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/param.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#if defined(__FreeBSD__) || defined(__NetBSD__) || defined(__OpenBSD__) || defined(__APPLE__)
#include <net/if_dl.h>
#include <sys/event.h>
#include <sys/filio.h>
#include <sys/sockio.h>
#include <sys/sysctl.h>
#ifndef HAVE_SOCKADDR_SA_LEN
#define HAVE_SOCKADDR_SA_LEN 1
#endif
#endif
#if defined(__has_include)
#if __has_include(<netinet/sctp.h>)
#include <netinet/sctp.h>
#endif
#endif

/* <sys/mman.h> is not included, because it declares mlock(2), which is a variable in a program of the book. */

/* ---- Constants and types ---- */

#define LISTENQ 1024
#define MAXLINE 4096
#define BUFFSIZE 8192
#define SERV_PORT 9877
#define SERV_PORT_STR "9877"
#define UNIXSTR_PATH "/tmp/unix.str"
#define UNIXDG_PATH "/tmp/unix.dg"

#define SA struct sockaddr
#define FILE_MODE (S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH)
#define DIR_MODE (FILE_MODE | S_IXUSR | S_IXGRP | S_IXOTH)

/* The arguments are evaluated twice. */
#ifndef min
#define min(a, b) ((a) < (b) ? (a) : (b))
#endif
#ifndef max
#define max(a, b) ((a) > (b) ? (a) : (b))
#endif

/* What programs ask with #ifdef. */
#define IPV4 1
#define IPv4 1
#define IPV6 1
#define IPv6 1
#define UNIXDOMAIN 1
#define UNIXdomain 1
#define MCAST 1
#ifndef HAVE_MSGHDR_MSG_CONTROL
#define HAVE_MSGHDR_MSG_CONTROL 1
#endif
#ifndef HAVE_POLL
#define HAVE_POLL 1
#endif
#ifndef CPU_VENDOR_OS
#define CPU_VENDOR_OS "unknown"
#endif

/* Only where the system lacks them. */
#ifndef INFTIM
#define INFTIM (-1)
#endif
#ifndef SUN_LEN
#define SUN_LEN(su) (offsetof(struct sockaddr_un, sun_path) + strlen((su)->sun_path))
#endif
#ifndef INADDR_NONE
#define INADDR_NONE 0xffffffff
#endif
#ifndef AF_LOCAL
#define AF_LOCAL AF_UNIX
#endif
#ifndef PF_LOCAL
#define PF_LOCAL PF_UNIX
#endif
#ifndef INET_ADDRSTRLEN
#define INET_ADDRSTRLEN 16
#endif
#ifndef INET6_ADDRSTRLEN
#define INET6_ADDRSTRLEN 46
#endif
#ifndef SHUT_RD
#define SHUT_RD 0
#define SHUT_WR 1
#define SHUT_RDWR 2
#endif

typedef void Sigfunc(int);

/* Where a datagram was sent to, and the interface that it came by. */
struct unp_in_pktinfo {
    struct in_addr ipi_addr;
    int ipi_ifindex;
};

/* The variable is one for the whole program, whatever files include this header; one that the program defines wins. */
extern int daemon_proc;
#if defined(__GNUC__)
#define UNP_INLINE static __inline__ __attribute__((__unused__))
#define UNP_NORETURN __attribute__((__noreturn__))
int daemon_proc __attribute__((__weak__));
#else
#define UNP_INLINE static
#define UNP_NORETURN
int daemon_proc;
#endif

/* ---- Errors ---- */

/* One line: the text, cut at MAXLINE, and the errno value err as text unless err is -1. */
UNP_INLINE void unp_report(int level, int err, const char *fmt, va_list args) {
    char line[MAXLINE + 256];
    size_t used;
    (void)vsnprintf(line, MAXLINE, fmt, args);
    used = strlen(line);
    if (err >= 0) {
        (void)snprintf(line + used, sizeof line - used - 1, ": %s", strerror(err));
        used += strlen(line + used);
    }
    line[used] = '\n';
    line[used + 1] = '\0';
    if (daemon_proc != 0) {
        syslog(level, "%s", line);
    } else {
        (void)fflush(stdout);
        (void)fputs(line, stderr);
        (void)fflush(stderr);
    }
}

/* Reports a failed system call, and returns. */
UNP_INLINE void err_ret(const char *fmt, ...) {
    int err = errno;
    va_list args;
    va_start(args, fmt);
    unp_report(LOG_INFO, err, fmt, args);
    va_end(args);
}

/* Reports a failed system call, and ends the program with status 1. */
UNP_INLINE UNP_NORETURN void err_sys(const char *fmt, ...) {
    int err = errno;
    va_list args;
    va_start(args, fmt);
    unp_report(LOG_ERR, err, fmt, args);
    va_end(args);
    exit(1);
}

/* Reports a failed system call, and aborts the program, for a core dump. */
UNP_INLINE UNP_NORETURN void err_dump(const char *fmt, ...) {
    int err = errno;
    va_list args;
    va_start(args, fmt);
    unp_report(LOG_ERR, err, fmt, args);
    va_end(args);
    abort();
}

/* Reports something else, and returns. */
UNP_INLINE void err_msg(const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    unp_report(LOG_INFO, -1, fmt, args);
    va_end(args);
}

/* Reports something else, and ends the program with status 1. */
UNP_INLINE UNP_NORETURN void err_quit(const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    unp_report(LOG_ERR, -1, fmt, args);
    va_end(args);
    exit(1);
}

/* ---- Sockets ---- */

UNP_INLINE int Socket(int family, int type, int protocol) {
    int fd = socket(family, type, protocol);
    if (fd < 0)
        err_sys("socket error");
    return fd;
}

UNP_INLINE void Socketpair(int family, int type, int protocol, int *fds) {
    if (socketpair(family, type, protocol, fds) < 0)
        err_sys("socketpair error");
}

UNP_INLINE void Bind(int fd, const SA *sa, socklen_t salen) {
    if (bind(fd, sa, salen) < 0)
        err_sys("bind error");
}

UNP_INLINE void Connect(int fd, const SA *sa, socklen_t salen) {
    if (connect(fd, sa, salen) < 0)
        err_sys("connect error");
}

/* The environment variable LISTENQ replaces a backlog. */
UNP_INLINE int unp_backlog(int backlog) {
    const char *replaced = getenv("LISTENQ");
    return replaced != NULL ? atoi(replaced) : backlog;
}

UNP_INLINE void Listen(int fd, int backlog) {
    if (listen(fd, unp_backlog(backlog)) < 0)
        err_sys("listen error");
}

/* Goes on after a client that left before it was accepted; a signal is a failure. */
UNP_INLINE int Accept(int fd, SA *sa, socklen_t *salenp) {
    int client;
    do
        client = accept(fd, sa, salenp);
    while (client < 0 && (errno == EPROTO || errno == ECONNABORTED));
    if (client < 0)
        err_sys("accept error");
    return client;
}

UNP_INLINE void Getpeername(int fd, SA *sa, socklen_t *salenp) {
    if (getpeername(fd, sa, salenp) < 0)
        err_sys("getpeername error");
}

UNP_INLINE void Getsockname(int fd, SA *sa, socklen_t *salenp) {
    if (getsockname(fd, sa, salenp) < 0)
        err_sys("getsockname error");
}

UNP_INLINE void Getsockopt(int fd, int level, int optname, void *optval, socklen_t *optlenp) {
    if (getsockopt(fd, level, optname, optval, optlenp) < 0)
        err_sys("getsockopt error");
}

UNP_INLINE void Setsockopt(int fd, int level, int optname, const void *optval, socklen_t optlen) {
    if (setsockopt(fd, level, optname, optval, optlen) < 0)
        err_sys("setsockopt error");
}

UNP_INLINE void Shutdown(int fd, int how) {
    if (shutdown(fd, how) < 0)
        err_sys("shutdown error");
}

UNP_INLINE int Sockatmark(int fd) {
    int at_mark = sockatmark(fd);
    if (at_mark < 0)
        err_sys("sockatmark error");
    return at_mark;
}

UNP_INLINE ssize_t Recv(int fd, void *ptr, size_t nbytes, int flags) {
    ssize_t n = recv(fd, ptr, nbytes, flags);
    if (n < 0)
        err_sys("recv error");
    return n;
}

UNP_INLINE ssize_t Recvfrom(int fd, void *ptr, size_t nbytes, int flags, SA *sa, socklen_t *salenp) {
    ssize_t n = recvfrom(fd, ptr, nbytes, flags, sa, salenp);
    if (n < 0)
        err_sys("recvfrom error");
    return n;
}

UNP_INLINE ssize_t Recvmsg(int fd, struct msghdr *msg, int flags) {
    ssize_t n = recvmsg(fd, msg, flags);
    if (n < 0)
        err_sys("recvmsg error");
    return n;
}

/* In these and in Write and Writen fewer bytes are a failure too. */
UNP_INLINE void Send(int fd, const void *ptr, size_t nbytes, int flags) {
    if (send(fd, ptr, nbytes, flags) != (ssize_t)nbytes)
        err_sys("send error");
}

UNP_INLINE void Sendto(int fd, const void *ptr, size_t nbytes, int flags, const SA *sa, socklen_t salen) {
    if (sendto(fd, ptr, nbytes, flags, sa, salen) != (ssize_t)nbytes)
        err_sys("sendto error");
}

UNP_INLINE void Sendmsg(int fd, const struct msghdr *msg, int flags) {
    size_t nbytes = 0;
    size_t i;
    for (i = 0; i < (size_t)msg->msg_iovlen; i++)
        nbytes += msg->msg_iov[i].iov_len;
    if (sendmsg(fd, msg, flags) != (ssize_t)nbytes)
        err_sys("sendmsg error");
}

/* A signal is a failure. */
UNP_INLINE int Select(int nfds, fd_set *readfds, fd_set *writefds, fd_set *exceptfds, struct timeval *timeout) {
    int n = select(nfds, readfds, writefds, exceptfds, timeout);
    if (n < 0)
        err_sys("select error");
    return n;
}

UNP_INLINE int Poll(struct pollfd *fds, unsigned long nfds, int timeout) {
    int n = poll(fds, (nfds_t)nfds, timeout);
    if (n < 0)
        err_sys("poll error");
    return n;
}

/* ---- Descriptors, processes, memory ---- */

UNP_INLINE void Close(int fd) {
    if (close(fd) < 0)
        err_sys("close error");
}

UNP_INLINE void Dup2(int fd, int fd2) {
    if (dup2(fd, fd2) < 0)
        err_sys("dup2 error");
}

UNP_INLINE void Pipe(int *fds) {
    if (pipe(fds) < 0)
        err_sys("pipe error");
}

UNP_INLINE int Open(const char *pathname, int flags, mode_t mode) {
    int fd = open(pathname, flags, mode);
    if (fd < 0)
        err_sys("open error for %s", pathname);
    return fd;
}

UNP_INLINE void Unlink(const char *pathname) {
    if (unlink(pathname) < 0)
        err_sys("unlink error for %s", pathname);
}

/* The message has no errno. */
UNP_INLINE int Mkstemp(char *name) {
    int fd = mkstemp(name);
    if (fd < 0)
        err_quit("mkstemp error");
    return fd;
}

UNP_INLINE ssize_t Read(int fd, void *ptr, size_t nbytes) {
    ssize_t n = read(fd, ptr, nbytes);
    if (n < 0)
        err_sys("read error");
    return n;
}

UNP_INLINE void Write(int fd, void *ptr, size_t nbytes) {
    if (write(fd, ptr, nbytes) != (ssize_t)nbytes)
        err_sys("write error");
}

UNP_INLINE int Fcntl(int fd, int cmd, int arg) {
    int n = fcntl(fd, cmd, arg);
    if (n < 0)
        err_sys("fcntl error");
    return n;
}

/* The C library's request is an unsigned long, to which the sign must not be extended, or an int. */
#if defined(__linux__) && !defined(__GLIBC__)
#define UNP_REQUEST int
#else
#define UNP_REQUEST unsigned int
#endif

UNP_INLINE int Ioctl(int fd, int request, void *arg) {
    int n = ioctl(fd, (UNP_REQUEST)request, arg);
    if (n < 0)
        err_sys("ioctl error");
    return n;
}

UNP_INLINE pid_t Fork(void) {
    pid_t pid = fork();
    if (pid < 0)
        err_sys("fork error");
    return pid;
}

UNP_INLINE pid_t Wait(int *status) {
    pid_t pid = wait(status);
    if (pid < 0)
        err_sys("wait error");
    return pid;
}

UNP_INLINE pid_t Waitpid(pid_t pid, int *status, int options) {
    pid_t ended = waitpid(pid, status, options);
    if (ended < 0)
        err_sys("waitpid error");
    return ended;
}

UNP_INLINE void Gettimeofday(struct timeval *tv, void *zone) {
    if (gettimeofday(tv, zone) < 0)
        err_sys("gettimeofday error");
}

/* -1 without an errno means that there is no limit; that is a failure too. */
UNP_INLINE long Sysconf(int name) {
    long value;
    errno = 0;
    value = sysconf(name);
    if (value == -1)
        err_sys("sysconf error");
    return value;
}

UNP_INLINE void *Malloc(size_t size) {
    void *ptr = malloc(size);
    if (ptr == NULL)
        err_sys("malloc error");
    return ptr;
}

UNP_INLINE void *Calloc(size_t n, size_t size) {
    void *ptr = calloc(n, size);
    if (ptr == NULL)
        err_sys("calloc error");
    return ptr;
}

UNP_INLINE char *Strdup(const char *str) {
    char *copy = strdup(str);
    if (copy == NULL)
        err_sys("strdup error");
    return copy;
}

/* Declares mmap(2) alone, by another name, so that a program may still include <sys/mman.h>. */
#if defined(__GNUC__)
#define UNP_TEXT_OF(name) #name
#define UNP_SYMBOL_(prefix, name) __asm__(UNP_TEXT_OF(prefix) name)
#define UNP_SYMBOL(prefix, name) UNP_SYMBOL_(prefix, name)
#if defined(__USE_FILE_OFFSET64)
extern void *unp_mmap(void *, size_t, int, int, int, off_t) UNP_SYMBOL(__USER_LABEL_PREFIX__, "mmap64");
#else
extern void *unp_mmap(void *, size_t, int, int, int, off_t) UNP_SYMBOL(__USER_LABEL_PREFIX__, "mmap");
#endif
#undef UNP_TEXT_OF
#undef UNP_SYMBOL_
#undef UNP_SYMBOL
#else
extern void *mmap(void *, size_t, int, int, int, off_t);
#define unp_mmap mmap
#endif

UNP_INLINE void *Mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset) {
    void *ptr = unp_mmap(addr, len, prot, flags, fd, offset);
    if (ptr == (void *)-1)
        err_sys("mmap error");
    return ptr;
}

/* ---- Standard input and output ---- */

UNP_INLINE FILE *Fopen(const char *filename, const char *mode) {
    FILE *fp = fopen(filename, mode);
    if (fp == NULL)
        err_sys("fopen error");
    return fp;
}

UNP_INLINE FILE *Fdopen(int fd, const char *mode) {
    FILE *fp = fdopen(fd, mode);
    if (fp == NULL)
        err_sys("fdopen error");
    return fp;
}

UNP_INLINE void Fclose(FILE *fp) {
    if (fclose(fp) != 0)
        err_sys("fclose error");
}

/* Returns NULL at the end of the file. */
UNP_INLINE char *Fgets(char *ptr, int n, FILE *fp) {
    char *line = fgets(ptr, n, fp);
    if (line == NULL && ferror(fp))
        err_sys("fgets error");
    return line;
}

UNP_INLINE void Fputs(const char *ptr, FILE *fp) {
    if (fputs(ptr, fp) == EOF)
        err_sys("fputs error");
}

/* ---- Signals ---- */

UNP_INLINE Sigfunc *unp_sigaction(int signo, Sigfunc *func, int flags) {
    struct sigaction action, before;
    action.sa_handler = func;
    action.sa_flags = flags;
    if (sigemptyset(&action.sa_mask) < 0 || sigaction(signo, &action, &before) < 0)
        return SIG_ERR;
    return before.sa_handler;
}

/* Handlers stay, and no other signal is blocked. The system restarts the calls that the signal interrupts, unless it is
 * SIGALRM. It takes the place of the C library's signal(3). */
UNP_INLINE Sigfunc *unp_signal(int signo, Sigfunc *func) {
    return unp_sigaction(signo, func, signo == SIGALRM ? 0 : SA_RESTART);
}
#undef signal
#define signal unp_signal

UNP_INLINE Sigfunc *Signal(int signo, Sigfunc *func) {
    Sigfunc *before = signal(signo, func);
    if (before == SIG_ERR)
        err_sys("signal error");
    return before;
}

/* The signal interrupts system calls: EINTR. */
UNP_INLINE Sigfunc *signal_intr(int signo, Sigfunc *func) {
    return unp_sigaction(signo, func, 0);
}

UNP_INLINE Sigfunc *Signal_intr(int signo, Sigfunc *func) {
    Sigfunc *before = signal_intr(signo, func);
    if (before == SIG_ERR)
        err_sys("signal_intr error");
    return before;
}

UNP_INLINE void Sigemptyset(sigset_t *set) {
    if (sigemptyset(set) < 0)
        err_sys("sigemptyset error");
}

UNP_INLINE void Sigfillset(sigset_t *set) {
    if (sigfillset(set) < 0)
        err_sys("sigfillset error");
}

UNP_INLINE void Sigaddset(sigset_t *set, int signo) {
    if (sigaddset(set, signo) < 0)
        err_sys("sigaddset error");
}

UNP_INLINE void Sigdelset(sigset_t *set, int signo) {
    if (sigdelset(set, signo) < 0)
        err_sys("sigdelset error");
}

UNP_INLINE int Sigismember(const sigset_t *set, int signo) {
    int is_member = sigismember(set, signo);
    if (is_member < 0)
        err_sys("sigismember error");
    return is_member;
}

UNP_INLINE void Sigpending(sigset_t *set) {
    if (sigpending(set) < 0)
        err_sys("sigpending error");
}

UNP_INLINE void Sigprocmask(int how, const sigset_t *set, sigset_t *oldset) {
    if (sigprocmask(how, set, oldset) < 0)
        err_sys("sigprocmask error");
}

/* ---- Whole transfers and lines ---- */

#ifdef UNP_DEFINES_READN
#undef UNP_DEFINES_READN
UNP_INLINE ssize_t readn(int fd, void *ptr, size_t nbytes) {
    return sockutil_readn(fd, ptr, nbytes);
}

UNP_INLINE ssize_t writen(int fd, const void *ptr, size_t nbytes) {
    return sockutil_writen(fd, ptr, nbytes);
}
#endif

UNP_INLINE ssize_t Readn(int fd, void *ptr, size_t nbytes) {
    ssize_t n = sockutil_readn(fd, ptr, nbytes);
    if (n < 0)
        err_sys("readn error");
    return n;
}

UNP_INLINE void Writen(int fd, void *ptr, size_t nbytes) {
    if (sockutil_writen(fd, ptr, nbytes) != (ssize_t)nbytes)
        err_sys("writen error");
}

#ifdef UNP_OWN_READLINE
ssize_t readline(int, void *, size_t);
ssize_t Readline(int, void *, size_t);
#else
UNP_INLINE ssize_t Readline(int fd, void *ptr, size_t maxlen) {
    ssize_t n = sockutil_readline(fd, ptr, maxlen);
    if (n < 0)
        err_sys("readline error");
    return n;
}
#endif

/* ---- Addresses ---- */

/* The message names the text; without an errno if the text is no address. */
UNP_INLINE void Inet_pton(int family, const char *text, void *addr) {
    int n = inet_pton(family, text, addr);
    if (n < 0)
        err_sys("inet_pton error for %s", text);
    if (n == 0)
        err_quit("inet_pton error for %s", text);
}

UNP_INLINE const char *Inet_ntop(int family, const void *addr, char *text, size_t len) {
    const char *ptr;
    if (text == NULL)
        err_quit("NULL 3rd argument to inet_ntop");
    ptr = inet_ntop(family, addr, text, (socklen_t)len);
    if (ptr == NULL)
        err_sys("inet_ntop error");
    return ptr;
}

/* The messages of these two have no errno. */
UNP_INLINE unsigned int If_nametoindex(const char *ifname) {
    unsigned int ifindex = if_nametoindex(ifname);
    if (ifindex == 0)
        err_quit("if_nametoindex error for %s", ifname);
    return ifindex;
}

UNP_INLINE char *If_indextoname(unsigned int ifindex, char *ifname) {
    char *ptr = if_indextoname(ifindex, ifname);
    if (ptr == NULL)
        err_quit("if_indextoname error for %d", (int)ifindex);
    return ptr;
}

UNP_INLINE struct if_nameindex *If_nameindex(void) {
    struct if_nameindex *all = if_nameindex();
    if (all == NULL)
        err_sys("if_nameindex error");
    return all;
}

/* The address inside sa and its size, without the port; NULL if sa is neither IPv4 nor IPv6. */
UNP_INLINE const void *unp_host(const SA *sa, size_t *size) {
    const void *any = sa;
    switch (sa->sa_family) {
    case AF_INET:
        *size = sizeof(struct in_addr);
        return &((const struct sockaddr_in *)any)->sin_addr;
    case AF_INET6:
        *size = sizeof(struct in6_addr);
        return &((const struct sockaddr_in6 *)any)->sin6_addr;
    default:
        return NULL;
    }
}

/* The path of a Unix address, copied to a text of 128 bytes: the kernel's need not end with NUL. */
UNP_INLINE char *unp_path(const SA *sa, socklen_t salen, char *text) {
    const void *any = sa;
    const struct sockaddr_un *un = (const struct sockaddr_un *)any;
    size_t at = offsetof(struct sockaddr_un, sun_path);
    size_t n = salen > at ? salen - at : 0;
    if (n > sizeof un->sun_path)
        n = sizeof un->sun_path;
    memcpy(text, un->sun_path, n);
    text[n] = '\0';
    return text;
}

/* In network byte order; -1 if sa is neither IPv4 nor IPv6. */
UNP_INLINE int sock_get_port(const SA *sa, socklen_t salen) {
    const void *any = sa;
    (void)salen;
    switch (sa->sa_family) {
    case AF_INET:
        return ((const struct sockaddr_in *)any)->sin_port;
    case AF_INET6:
        return ((const struct sockaddr_in6 *)any)->sin6_port;
    default:
        return -1;
    }
}

/* In network byte order. */
UNP_INLINE void sock_set_port(SA *sa, socklen_t salen, int port) {
    void *any = sa;
    (void)salen;
    switch (sa->sa_family) {
    case AF_INET:
        ((struct sockaddr_in *)any)->sin_port = (in_port_t)port;
        break;
    case AF_INET6:
        ((struct sockaddr_in6 *)any)->sin6_port = (in_port_t)port;
        break;
    default:
        break;
    }
}

/* addr is a struct in_addr or struct in6_addr. */
UNP_INLINE void sock_set_addr(SA *sa, socklen_t salen, const void *addr) {
    void *any = sa;
    (void)salen;
    switch (sa->sa_family) {
    case AF_INET:
        memcpy(&((struct sockaddr_in *)any)->sin_addr, addr, sizeof(struct in_addr));
        break;
    case AF_INET6:
        memcpy(&((struct sockaddr_in6 *)any)->sin6_addr, addr, sizeof(struct in6_addr));
        break;
    default:
        break;
    }
}

/* 0.0.0.0 and :: are zeros. */
UNP_INLINE void sock_set_wild(SA *sa, socklen_t salen) {
    struct in6_addr zeros;
    memset(&zeros, 0, sizeof zeros);
    sock_set_addr(sa, salen, &zeros);
}

/* 0 if the addresses are the same, as memcmp(3); ports do not count. -1 for two families or another one. */
UNP_INLINE int sock_cmp_addr(const SA *sa1, const SA *sa2, socklen_t salen) {
    size_t size = 0;
    const void *host1 = unp_host(sa1, &size);
    const void *host2 = unp_host(sa2, &size);
    char path1[128], path2[128];
    if (sa1->sa_family != sa2->sa_family)
        return -1;
    if (sa1->sa_family == AF_UNIX)
        return strcmp(unp_path(sa1, salen, path1), unp_path(sa2, salen, path2));
    return host1 != NULL && host2 != NULL ? memcmp(host1, host2, size) : -1;
}

/* The other way round: 1 if the ports are the same, 0 if not. -1 for two families or another one. */
UNP_INLINE int sock_cmp_port(const SA *sa1, const SA *sa2, socklen_t salen) {
    int port1 = sock_get_port(sa1, salen);
    if (sa1->sa_family != sa2->sa_family || port1 < 0)
        return -1;
    return port1 == sock_get_port(sa2, salen);
}

/* The text of an address, with the port unless it is to be left out; name is the function's, for other families. */
UNP_INLINE char *unp_ntop(const SA *sa, socklen_t salen, int with_port, const char *name, char *text, size_t size) {
    char host[INET6_ADDRSTRLEN];
    size_t host_size;
    const void *addr = unp_host(sa, &host_size);
    if (sa->sa_family == AF_UNIX) {
        if (*unp_path(sa, salen, text) == '\0')
            strcpy(text, "(no pathname bound)");
    } else if (addr == NULL || sockutil_ntop(sa->sa_family, addr, host, (socklen_t)sizeof host) == NULL) {
        (void)snprintf(text, size, "%s: unknown AF_xxx: %d, len %d", name, sa->sa_family, (int)salen);
    } else if (with_port && sock_get_port(sa, salen) != 0) {
        int port = ntohs((in_port_t)sock_get_port(sa, salen));
        (void)snprintf(text, size, sa->sa_family == AF_INET6 ? "[%s]:%d" : "%s:%d", host, port);
    } else {
        strcpy(text, host);
    }
    return text;
}

/* "1.2.3.4:80", "[::1]:80", a path; without a port if that is 0. The text is overwritten by the next call. */
UNP_INLINE char *sock_ntop(const SA *sa, socklen_t salen) {
    static char text[128];
    return unp_ntop(sa, salen, 1, "sock_ntop", text, sizeof text);
}

/* The same without the port. */
UNP_INLINE char *sock_ntop_host(const SA *sa, socklen_t salen) {
    static char text[128];
    return unp_ntop(sa, salen, 0, "sock_ntop_host", text, sizeof text);
}

/* These two cannot fail. */
UNP_INLINE char *Sock_ntop(const SA *sa, socklen_t salen) {
    return sock_ntop(sa, salen);
}

UNP_INLINE char *Sock_ntop_host(const SA *sa, socklen_t salen) {
    return sock_ntop_host(sa, salen);
}

/* Binds to any address and a port that the kernel chooses. Returns the port in network byte order. */
UNP_INLINE int sock_bind_wild(int fd, int family) {
    sockutil_addr local;
    const void *any = &local.ss;
    memset(&local, 0, sizeof local);
    local.ss.ss_family = (sa_family_t)family;
    switch (family) {
    case AF_INET:
        local.len = (socklen_t)sizeof(struct sockaddr_in);
        break;
    case AF_INET6:
        local.len = (socklen_t)sizeof(struct sockaddr_in6);
        break;
    default:
        errno = EAFNOSUPPORT;
        return -1;
    }
    if (bind(fd, (const SA *)any, local.len) < 0 || sockutil_addr_local(fd, &local) < 0)
        return -1;
    return sock_get_port((const SA *)any, local.len);
}

UNP_INLINE int Sock_bind_wild(int fd, int family) {
    int port = sock_bind_wild(fd, family);
    if (port < 0)
        err_sys("sock_bind_wild error");
    return port;
}

UNP_INLINE int sockfd_to_family(int fd) {
    sockutil_addr local;
    return sockutil_addr_local(fd, &local) < 0 ? -1 : local.ss.ss_family;
}

UNP_INLINE int Sockfd_to_family(int fd) {
    int family = sockfd_to_family(fd);
    if (family < 0)
        err_sys("sockfd_to_family error");
    return family;
}

/* The level for setsockopt(2). */
UNP_INLINE int family_to_level(int family) {
    switch (family) {
    case AF_INET:
        return IPPROTO_IP;
    case AF_INET6:
        return IPPROTO_IPV6;
    default:
        errno = EAFNOSUPPORT;
        return -1;
    }
}

UNP_INLINE int Family_to_level(int family) {
    int level = family_to_level(family);
    if (level < 0)
        err_sys("family_to_level error");
    return level;
}

/* Copies sa. -1 EINVAL: it is too long. */
UNP_INLINE int unp_copy_addr(struct sockaddr_storage *ss, const SA *sa, socklen_t salen) {
    memset(ss, 0, sizeof *ss);
    if (salen > sizeof *ss) {
        errno = EINVAL;
        return -1;
    }
    memcpy(ss, sa, salen);
    return 0;
}

/* ---- Hosts and services: failures end the program, with or without a capital ---- */

/* gai is a code of getaddrinfo(3), or 0 for a failed system call. */
UNP_INLINE UNP_NORETURN void unp_fail(const char *name, const char *host, const char *serv, int gai) {
    if (host == NULL)
        host = "(null)";
    if (serv == NULL)
        serv = "(null)";
    if (gai != 0)
        err_quit("%s error for %s, %s: %s", name, host, serv, gai_strerror(gai));
    err_sys("%s error for %s, %s", name, host, serv);
}

/* Without a service getaddrinfo(3) gives port 0, but it needs a host then. */
UNP_INLINE const char *unp_service(const char *name, const char *host, const char *serv) {
    if (host == NULL && serv == NULL)
        unp_fail(name, host, serv, EAI_NONAME);
    return serv != NULL ? serv : "0";
}

/* The length of an address of the socket's protocol. */
UNP_INLINE void unp_address_length(int fd, socklen_t *lenp) {
    sockutil_addr local;
    if (lenp != NULL && sockutil_addr_local(fd, &local) == 0)
        *lenp = local.len;
}

UNP_INLINE int tcp_connect(const char *host, const char *serv) {
    int gai;
    const char *port = unp_service("tcp_connect", host, serv);
    int fd = sockutil_tcp_connect(host, port, SOCKUTIL_INHERIT, SOCKUTIL_FOREVER, &gai);
    if (fd < 0)
        unp_fail("tcp_connect", host, serv, gai);
    return fd;
}

UNP_INLINE int Tcp_connect(const char *host, const char *serv) {
    return tcp_connect(host, serv);
}

/* A NULL host is every IPv4 address. lenp may be NULL. */
UNP_INLINE int tcp_listen(const char *host, const char *serv, socklen_t *lenp) {
    int gai, fd;
    const char *port = unp_service("tcp_listen", host, serv);
    const char *local = host != NULL ? host : "0.0.0.0";
    int backlog = unp_backlog(LISTENQ);
    /* To listen(2) a negative backlog is a very large one. */
    if (backlog < 0 || backlog > 65535)
        backlog = 65535;
    fd = sockutil_tcp_listen(local, port, backlog, SOCKUTIL_INHERIT, &gai);
    if (fd < 0)
        unp_fail("tcp_listen", host, serv, gai);
    unp_address_length(fd, lenp);
    return fd;
}

UNP_INLINE int Tcp_listen(const char *host, const char *serv, socklen_t *lenp) {
    return tcp_listen(host, serv, lenp);
}

/* An unconnected socket, and the server's address in *saptr, which the caller frees. */
UNP_INLINE int udp_client(const char *host, const char *serv, SA **saptr, socklen_t *lenp) {
    sockutil_addr found[16];
    size_t count, i;
    int gai;
    int fd = -1;
    const char *port = unp_service("udp_client", host, serv);
    if (sockutil_resolve(host, port, SOCK_DGRAM, 0, found, sizeof found / sizeof *found, &count, &gai) < 0)
        unp_fail("udp_client", host, serv, gai);
    for (i = 0; i < count && i < sizeof found / sizeof *found; i++) {
        fd = socket(found[i].ss.ss_family, SOCK_DGRAM, 0);
        if (fd >= 0)
            break;
    }
    if (fd < 0)
        unp_fail("udp_client", host, serv, 0);
    *saptr = (SA *)Malloc(found[i].len);
    memcpy(*saptr, &found[i].ss, found[i].len);
    *lenp = found[i].len;
    return fd;
}

UNP_INLINE int Udp_client(const char *host, const char *serv, SA **saptr, socklen_t *lenp) {
    return udp_client(host, serv, saptr, lenp);
}

UNP_INLINE int udp_connect(const char *host, const char *serv) {
    int gai;
    const char *port = unp_service("udp_connect", host, serv);
    int fd = sockutil_udp_connect(host, port, SOCKUTIL_INHERIT, &gai);
    if (fd < 0)
        unp_fail("udp_connect", host, serv, gai);
    return fd;
}

UNP_INLINE int Udp_connect(const char *host, const char *serv) {
    return udp_connect(host, serv);
}

/* A NULL host is every IPv4 address. lenp may be NULL. */
UNP_INLINE int udp_server(const char *host, const char *serv, socklen_t *lenp) {
    int gai;
    const char *port = unp_service("udp_server", host, serv);
    int fd = sockutil_udp_bind(host != NULL ? host : "0.0.0.0", port, SOCKUTIL_INHERIT, &gai);
    if (fd < 0)
        unp_fail("udp_server", host, serv, gai);
    unp_address_length(fd, lenp);
    return fd;
}

UNP_INLINE int Udp_server(const char *host, const char *serv, socklen_t *lenp) {
    return udp_server(host, serv, lenp);
}

UNP_INLINE int unp_getaddrinfo(const char *host, const char *serv, int family, int socktype, struct addrinfo **found) {
    struct addrinfo hints;
    memset(&hints, 0, sizeof hints);
    hints.ai_flags = AI_CANONNAME;
    hints.ai_family = family;
    hints.ai_socktype = socktype;
    return getaddrinfo(host, serv, &hints, found);
}

/* Returns NULL on failure. */
UNP_INLINE struct addrinfo *host_serv(const char *host, const char *serv, int family, int socktype) {
    struct addrinfo *found;
    return unp_getaddrinfo(host, serv, family, socktype, &found) != 0 ? NULL : found;
}

UNP_INLINE struct addrinfo *Host_serv(const char *host, const char *serv, int family, int socktype) {
    struct addrinfo *found;
    int gai = unp_getaddrinfo(host, serv, family, socktype, &found);
    if (gai != 0)
        err_quit("host_serv error for %s, %s: %s", host != NULL ? host : "(no hostname)",
                 serv != NULL ? serv : "(no service name)", gai_strerror(gai));
    return found;
}

/* ---- Time limits, in seconds ---- */

UNP_INLINE int unp_milliseconds(int seconds) {
    return seconds > 2000000 ? 2000000000 : seconds * 1000;
}

/* Closes without a change of errno. */
UNP_INLINE int unp_close_failed(int fd) {
    int err = errno;
    (void)close(fd);
    errno = err;
    return -1;
}

/* On failure the socket is closed. Without an answer in time the error is ETIMEDOUT; 0 seconds are no limit. */
UNP_INLINE int connect_timeo(int fd, const SA *sa, socklen_t salen, int nsec) {
    sockutil_addr to;
    to.len = salen;
    if (unp_copy_addr(&to.ss, sa, salen) < 0 ||
        sockutil_connect(fd, &to, nsec > 0 ? unp_milliseconds(nsec) : SOCKUTIL_FOREVER) < 0)
        return unp_close_failed(fd);
    return 0;
}

UNP_INLINE void Connect_timeo(int fd, const SA *sa, socklen_t salen, int nsec) {
    if (connect_timeo(fd, sa, salen, nsec) < 0)
        err_sys("connect_timeo error");
}

/* The same, but a failure that is known at once leaves the socket open. */
UNP_INLINE int connect_nonb(int fd, const SA *sa, socklen_t salen, int nsec) {
    sockutil_addr to;
    int error;
    to.len = salen;
    if (unp_copy_addr(&to.ss, sa, salen) < 0)
        return -1;
    if (sockutil_connect(fd, &to, SOCKUTIL_NOWAIT) == 0)
        return 0;
    if (errno != EINPROGRESS)
        return -1;
    if (sockutil_wait(fd, POLLOUT, nsec > 0 ? unp_milliseconds(nsec) : SOCKUTIL_FOREVER) < 0) {
        if (errno == EAGAIN)
            errno = ETIMEDOUT;
        return unp_close_failed(fd);
    }
    error = sockutil_take_error(fd);
    if (error == 0)
        return 0;
    if (error > 0)
        errno = error;
    return unp_close_failed(fd);
}

/* As select(2): above 0, 0 when time runs out, -1; a signal ends it. */
UNP_INLINE int unp_ready(int fd, short events, int sec) {
    struct pollfd one;
    int n;
    if (fd < 0 || sec < 0) {
        errno = fd < 0 ? EBADF : EINVAL;
        return -1;
    }
    one.fd = fd;
    one.events = events;
    one.revents = 0;
    n = poll(&one, 1, unp_milliseconds(sec));
    if (n > 0 && (one.revents & POLLNVAL) != 0) {
        errno = EBADF;
        return -1;
    }
    return n;
}

UNP_INLINE int readable_timeo(int fd, int sec) {
    return unp_ready(fd, POLLIN, sec);
}

UNP_INLINE int Readable_timeo(int fd, int sec) {
    int n = readable_timeo(fd, sec);
    if (n < 0)
        err_sys("readable_timeo error");
    return n;
}

UNP_INLINE int writable_timeo(int fd, int sec) {
    return unp_ready(fd, POLLOUT, sec);
}

UNP_INLINE int Writable_timeo(int fd, int sec) {
    int n = writable_timeo(fd, sec);
    if (n < 0)
        err_sys("writable_timeo error");
    return n;
}

/* out -= in */
UNP_INLINE void tv_sub(struct timeval *out, struct timeval *in) {
    out->tv_sec -= in->tv_sec;
    out->tv_usec -= in->tv_usec;
    if (out->tv_usec < 0) {
        out->tv_sec--;
        out->tv_usec += 1000000;
    }
}

/* ---- Passing descriptors ---- */

/* Room for one descriptor, aligned as the kernel wants it. */
union unp_control {
    struct cmsghdr align;
    char room[64];
};

/* Fills a message of one buffer, and of one descriptor in control. */
UNP_INLINE void unp_message(struct msghdr *msg, struct iovec *iov, union unp_control *control, void *ptr, size_t n) {
    memset(msg, 0, sizeof *msg);
    memset(control, 0, sizeof *control);
    iov->iov_base = ptr;
    iov->iov_len = n;
    msg->msg_iov = iov;
    msg->msg_iovlen = 1;
    msg->msg_control = control;
    msg->msg_controllen = CMSG_LEN(sizeof(int));
}

/* *recvfd is -1 if no descriptor came. It is not close-on-exec. Another control message ends the program. */
UNP_INLINE ssize_t read_fd(int fd, void *ptr, size_t nbytes, int *recvfd) {
    struct msghdr msg;
    struct iovec iov;
    union unp_control control;
    struct cmsghdr *first;
    ssize_t n;
    *recvfd = -1;
    unp_message(&msg, &iov, &control, ptr, nbytes);
    n = recvmsg(fd, &msg, 0);
    if (n <= 0)
        return n;
    first = CMSG_FIRSTHDR(&msg);
    if (first == NULL || first->cmsg_len != CMSG_LEN(sizeof(int)))
        return n;
    if (first->cmsg_level != SOL_SOCKET)
        err_quit("control level != SOL_SOCKET");
    if (first->cmsg_type != SCM_RIGHTS)
        err_quit("control type != SCM_RIGHTS");
    memcpy(recvfd, CMSG_DATA(first), sizeof(int));
    return n;
}

UNP_INLINE ssize_t Read_fd(int fd, void *ptr, size_t nbytes, int *recvfd) {
    ssize_t n = read_fd(fd, ptr, nbytes, recvfd);
    if (n < 0)
        err_sys("read_fd error");
    return n;
}

UNP_INLINE ssize_t write_fd(int fd, void *ptr, size_t nbytes, int sendfd) {
    struct msghdr msg;
    struct iovec iov;
    union unp_control control;
    unp_message(&msg, &iov, &control, ptr, nbytes);
    control.align.cmsg_len = CMSG_LEN(sizeof(int));
    control.align.cmsg_level = SOL_SOCKET;
    control.align.cmsg_type = SCM_RIGHTS;
    memcpy(CMSG_DATA(&control.align), &sendfd, sizeof(int));
    return sendmsg(fd, &msg, 0);
}

UNP_INLINE ssize_t Write_fd(int fd, void *ptr, size_t nbytes, int sendfd) {
    ssize_t n = write_fd(fd, ptr, nbytes, sendfd);
    if (n < 0)
        err_sys("write_fd error");
    return n;
}

/* ---- Multicast ---- */

/* The interface that the caller means: an index, else a name, else 0. -1 ENXIO: there is no such name. */
UNP_INLINE int unp_interface(const char *ifname, u_int ifindex, unsigned int *found) {
    *found = ifindex;
    if (ifindex == 0 && ifname != NULL) {
        *found = if_nametoindex(ifname);
        if (*found == 0) {
            errno = ENXIO;
            return -1;
        }
    }
    return 0;
}

/* The interface is an index, or if that is 0 a name, or if that is NULL the system's choice. */
UNP_INLINE int mcast_join(int fd, const SA *grp, socklen_t grplen, const char *ifname, u_int ifindex) {
    sockutil_addr group;
    unsigned int found;
    group.len = grplen;
    if (unp_interface(ifname, ifindex, &found) < 0 || unp_copy_addr(&group.ss, grp, grplen) < 0)
        return -1;
    return sockutil_multicast_join(fd, &group, found);
}

UNP_INLINE void Mcast_join(int fd, const SA *grp, socklen_t grplen, const char *ifname, u_int ifindex) {
    if (mcast_join(fd, grp, grplen, ifname, ifindex) < 0)
        err_sys("mcast_join error");
}

UNP_INLINE int mcast_leave(int fd, const SA *grp, socklen_t grplen) {
    sockutil_addr group;
    group.len = grplen;
    return unp_copy_addr(&group.ss, grp, grplen) < 0 ? -1 : sockutil_multicast_leave(fd, &group, 0);
}

UNP_INLINE void Mcast_leave(int fd, const SA *grp, socklen_t grplen) {
    if (mcast_leave(fd, grp, grplen) < 0)
        err_sys("mcast_leave error");
}

#ifndef MCAST_JOIN_SOURCE_GROUP
/* The system has none of the four: ENOPROTOOPT. */
#define MCAST_JOIN_SOURCE_GROUP (-1)
#define MCAST_LEAVE_SOURCE_GROUP (-1)
#define MCAST_BLOCK_SOURCE (-1)
#define MCAST_UNBLOCK_SOURCE (-1)
struct group_source_req {
    unsigned int gsr_interface;
    struct sockaddr_storage gsr_group;
    struct sockaddr_storage gsr_source;
};
#endif

UNP_INLINE int unp_source(int fd, int option, const SA *src, socklen_t srclen, const SA *grp, socklen_t grplen,
                          unsigned int ifindex) {
    struct group_source_req req;
    int level = family_to_level(grp->sa_family);
    memset(&req, 0, sizeof req);
    req.gsr_interface = ifindex;
    if (level < 0 || unp_copy_addr(&req.gsr_group, grp, grplen) < 0 || unp_copy_addr(&req.gsr_source, src, srclen) < 0)
        return -1;
    return setsockopt(fd, level, option, &req, (socklen_t)sizeof req);
}

/* Datagrams of one source; the interface as in mcast_join. */
UNP_INLINE int mcast_join_source_group(int fd, const SA *src, socklen_t srclen, const SA *grp, socklen_t grplen,
                                       const char *ifname, u_int ifindex) {
    unsigned int found;
    if (unp_interface(ifname, ifindex, &found) < 0)
        return -1;
    return unp_source(fd, MCAST_JOIN_SOURCE_GROUP, src, srclen, grp, grplen, found);
}

UNP_INLINE void Mcast_join_source_group(int fd, const SA *src, socklen_t srclen, const SA *grp, socklen_t grplen,
                                        const char *ifname, u_int ifindex) {
    if (mcast_join_source_group(fd, src, srclen, grp, grplen, ifname, ifindex) < 0)
        err_sys("mcast_join_source_group error");
}

UNP_INLINE int mcast_leave_source_group(int fd, const SA *src, socklen_t srclen, const SA *grp, socklen_t grplen) {
    return unp_source(fd, MCAST_LEAVE_SOURCE_GROUP, src, srclen, grp, grplen, 0);
}

UNP_INLINE void Mcast_leave_source_group(int fd, const SA *src, socklen_t srclen, const SA *grp, socklen_t grplen) {
    if (mcast_leave_source_group(fd, src, srclen, grp, grplen) < 0)
        err_sys("mcast_leave_source_group error");
}

UNP_INLINE int mcast_block_source(int fd, const SA *src, socklen_t srclen, const SA *grp, socklen_t grplen) {
    return unp_source(fd, MCAST_BLOCK_SOURCE, src, srclen, grp, grplen, 0);
}

UNP_INLINE void Mcast_block_source(int fd, const SA *src, socklen_t srclen, const SA *grp, socklen_t grplen) {
    if (mcast_block_source(fd, src, srclen, grp, grplen) < 0)
        err_sys("mcast_block_source error");
}

UNP_INLINE int mcast_unblock_source(int fd, const SA *src, socklen_t srclen, const SA *grp, socklen_t grplen) {
    return unp_source(fd, MCAST_UNBLOCK_SOURCE, src, srclen, grp, grplen, 0);
}

UNP_INLINE void Mcast_unblock_source(int fd, const SA *src, socklen_t srclen, const SA *grp, socklen_t grplen) {
    if (mcast_unblock_source(fd, src, srclen, grp, grplen) < 0)
        err_sys("mcast_unblock_source error");
}

/* The socket's family, if it is IPv4 or IPv6; else -1. */
UNP_INLINE int unp_ip_family(int fd) {
    int family = sockfd_to_family(fd);
    return family < 0 || family_to_level(family) < 0 ? -1 : family;
}

/* Without index and name: the system's choice for IPv4, EINVAL for IPv6. */
UNP_INLINE int mcast_set_if(int fd, const char *ifname, u_int ifindex) {
    unsigned int found;
    int family = unp_ip_family(fd);
    if (family < 0 || unp_interface(ifname, ifindex, &found) < 0)
        return -1;
    if (family == AF_INET6 && found == 0) {
        errno = EINVAL;
        return -1;
    }
    return sockutil_set_multicast_interface(fd, family, found);
}

UNP_INLINE void Mcast_set_if(int fd, const char *ifname, u_int ifindex) {
    if (mcast_set_if(fd, ifname, ifindex) < 0)
        err_sys("mcast_set_if error");
}

/* For IPv4 these options are an unsigned char, for IPv6 an int; all systems take them so. */
UNP_INLINE int unp_set_multicast(int fd, int option_v4, int option_v6, int value) {
    unsigned char byte = (unsigned char)value;
    switch (unp_ip_family(fd)) {
    case AF_INET:
        return setsockopt(fd, IPPROTO_IP, option_v4, &byte, (socklen_t)sizeof byte);
    case AF_INET6:
        return setsockopt(fd, IPPROTO_IPV6, option_v6, &value, (socklen_t)sizeof value);
    default:
        return -1;
    }
}

UNP_INLINE int unp_get_multicast(int fd, int option_v4, int option_v6) {
    unsigned char byte;
    int value;
    socklen_t byte_len = (socklen_t)sizeof byte;
    socklen_t value_len = (socklen_t)sizeof value;
    switch (unp_ip_family(fd)) {
    case AF_INET:
        return getsockopt(fd, IPPROTO_IP, option_v4, &byte, &byte_len) < 0 ? -1 : byte;
    case AF_INET6:
        return getsockopt(fd, IPPROTO_IPV6, option_v6, &value, &value_len) < 0 ? -1 : value;
    default:
        return -1;
    }
}

UNP_INLINE int mcast_set_loop(int fd, int on) {
    return unp_set_multicast(fd, IP_MULTICAST_LOOP, IPV6_MULTICAST_LOOP, on);
}

UNP_INLINE void Mcast_set_loop(int fd, int on) {
    if (mcast_set_loop(fd, on) < 0)
        err_sys("mcast_set_loop error");
}

UNP_INLINE int mcast_set_ttl(int fd, int ttl) {
    return unp_set_multicast(fd, IP_MULTICAST_TTL, IPV6_MULTICAST_HOPS, ttl);
}

UNP_INLINE void Mcast_set_ttl(int fd, int ttl) {
    if (mcast_set_ttl(fd, ttl) < 0)
        err_sys("mcast_set_ttl error");
}

/* The interface's index for IPv6; -1 for IPv4. */
UNP_INLINE int mcast_get_if(int fd) {
    if (unp_ip_family(fd) == AF_INET) {
        errno = EAFNOSUPPORT;
        return -1;
    }
    return unp_get_multicast(fd, 0, IPV6_MULTICAST_IF);
}

UNP_INLINE int Mcast_get_if(int fd) {
    int ifindex = mcast_get_if(fd);
    if (ifindex < 0)
        err_sys("mcast_get_if error");
    return ifindex;
}

UNP_INLINE int mcast_get_loop(int fd) {
    return unp_get_multicast(fd, IP_MULTICAST_LOOP, IPV6_MULTICAST_LOOP);
}

UNP_INLINE int Mcast_get_loop(int fd) {
    int on = mcast_get_loop(fd);
    if (on < 0)
        err_sys("mcast_get_loop error");
    return on;
}

UNP_INLINE int mcast_get_ttl(int fd) {
    return unp_get_multicast(fd, IP_MULTICAST_TTL, IPV6_MULTICAST_HOPS);
}

UNP_INLINE int Mcast_get_ttl(int fd) {
    int ttl = mcast_get_ttl(fd);
    if (ttl < 0)
        err_sys("mcast_get_ttl error");
    return ttl;
}

/* ---- Bodies that programs bring: the examples of the book, which many programs replace by their own ---- */

void str_cli(FILE *, int);
void str_echo(int);
void dg_cli(FILE *, int, const SA *, socklen_t);
void dg_echo(int, SA *, socklen_t);
ssize_t recvfrom_flags(int, void *, size_t, int *, SA *, socklen_t *, struct unp_in_pktinfo *);
ssize_t Recvfrom_flags(int, void *, size_t, int *, SA *, socklen_t *, struct unp_in_pktinfo *);
int daemon_init(const char *, int);
void daemon_inetd(const char *, int);
char **my_addrs(int *);
char **My_addrs(int *);
char *gf_time(void);
uint16_t in_cksum(uint16_t *, int);
void heartbeat_cli(int, int, int);
void heartbeat_serv(int, int, int);
int inet_srcrt_add(char *);
u_char *inet_srcrt_init(int);
void inet_srcrt_print(u_char *, int);
void inet6_srcrt_print(void *);

#endif /* __unp_h */
