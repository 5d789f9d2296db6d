/* csapp.h - over sockutil: the functions that the programs of "Computer Systems: A Programmer's Perspective", 3rd
 * edition, get from the book's csapp.h and csapp.c.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Compile the program unchanged, without the book's csapp.h and csapp.c beside it: -I the folder of this file, then
 * -lsockutil -pthread. All functions are static: nothing else has to be linked.
 *
 * Errors are the book's: a message on stderr, then exit(0). unix_error appends the text of errno, posix_error that of
 * an error code, gai_error that of getaddrinfo(3). A function with a capital name calls its system call and reports a
 * failure with unix_error("<Name> error"); a comment stands where it does anything else. */
#ifndef __CSAPP_H__
#define __CSAPP_H__

/* With -std=c99 and its like glibc declares no POSIX function, unless it is asked to before its first header. */
#if defined(__STRICT_ANSI__) && !defined(_GNU_SOURCE) && !defined(_DEFAULT_SOURCE)
#define _DEFAULT_SOURCE
#endif

/* The book's header declares no readn and no readline, so programs may have their own: the classic names are left out,
 * unless the program has included sockutil.h before. */
#if !defined(SOCKUTIL_H) && !defined(SOCKUTIL_NO_CLASSIC_NAMES)
#define SOCKUTIL_NO_CLASSIC_NAMES
#include <sockutil.h>
#undef SOCKUTIL_NO_CLASSIC_NAMES
#define SOCKUTIL_CLASSIC_NAMES_LEFT_OUT
#else
#include <sockutil.h>
#endif

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

/* Permissions of new files; programs also set the umask to DEF_UMASK. */
#define DEF_MODE S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP | S_IROTH | S_IWOTH
#define DEF_UMASK S_IWGRP | S_IWOTH

#define RIO_BUFSIZE 8192
#define MAXLINE 8192
#define MAXBUF 8192
#define LISTENQ 1024

typedef struct sockaddr SA;
typedef void handler_t(int);

/* A reader with a buffer: rio_cnt bytes from rio_bufptr on are not taken yet. Programs look at these fields and set
 * them. rio_home is where rio_buf was when rio_bufptr was set: it shows that the struct has been copied since. */
typedef struct {
    int rio_fd;
    int rio_cnt;
    char *rio_bufptr;
    char rio_buf[RIO_BUFSIZE];
    char *rio_home;
} rio_t;

#ifndef h_errno
extern int h_errno;
#endif
extern char **environ;

/* With _GNU_SOURCE glibc has another function of this name, for getaddrinfo_a(3). */
#if defined(__GLIBC__) && defined(_GNU_SOURCE)
#define gai_error csapp_gai_error
#endif

#if defined(__GNUC__)
#define CSAPP_INLINE static __inline__ __attribute__((__unused__))
#else
#define CSAPP_INLINE static
#endif

/* ---- Errors: each ends the program with status 0 ---- */

CSAPP_INLINE void csapp_fail(const char *msg, const char *why) {
    if (why != NULL)
        fprintf(stderr, "%s: %s\n", msg, why);
    else
        fprintf(stderr, "%s\n", msg);
    exit(0);
}

CSAPP_INLINE void csapp_fail_errno(const char *msg) {
    csapp_fail(msg, strerror(errno));
}

CSAPP_INLINE void unix_error(char *msg) {
    csapp_fail_errno(msg);
}

CSAPP_INLINE void posix_error(int code, char *msg) {
    csapp_fail(msg, strerror(code));
}

CSAPP_INLINE void gai_error(int code, char *msg) {
    csapp_fail(msg, gai_strerror(code));
}

CSAPP_INLINE void app_error(char *msg) {
    csapp_fail(msg, NULL);
}

CSAPP_INLINE void dns_error(char *msg) {
    csapp_fail(msg, NULL);
}

/* ---- Processes ---- */

CSAPP_INLINE pid_t Fork(void) {
    pid_t pid = fork();
    if (pid < 0)
        csapp_fail_errno("Fork error");
    return pid;
}

CSAPP_INLINE void Execve(const char *filename, char *const argv[], char *const envp[]) {
    if (execve(filename, argv, envp) < 0)
        csapp_fail_errno("Execve error");
}

CSAPP_INLINE pid_t Wait(int *status) {
    pid_t pid = wait(status);
    if (pid < 0)
        csapp_fail_errno("Wait error");
    return pid;
}

CSAPP_INLINE pid_t Waitpid(pid_t pid, int *status, int options) {
    pid_t found = waitpid(pid, status, options);
    if (found < 0)
        csapp_fail_errno("Waitpid error");
    return found;
}

CSAPP_INLINE void Kill(pid_t pid, int signum) {
    if (kill(pid, signum) < 0)
        csapp_fail_errno("Kill error");
}

/* Returns the seconds that were left when a signal came. */
CSAPP_INLINE unsigned int Sleep(unsigned int secs) {
    return sleep(secs);
}

CSAPP_INLINE void Pause(void) {
    (void)pause();
}

/* Returns the seconds that were left of the alarm before. */
CSAPP_INLINE unsigned int Alarm(unsigned int seconds) {
    return alarm(seconds);
}

CSAPP_INLINE void Setpgid(pid_t pid, pid_t pgid) {
    if (setpgid(pid, pgid) < 0)
        csapp_fail_errno("Setpgid error");
}

CSAPP_INLINE pid_t Getpgrp(void) {
    return getpgrp();
}

/* ---- Signals ---- */

/* System calls that the signal interrupts are restarted; no other signal is blocked. Returns the handler before. */
CSAPP_INLINE handler_t *Signal(int signum, handler_t *handler) {
    struct sigaction action, before;
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    if (sigaction(signum, &action, &before) < 0)
        csapp_fail_errno("Signal error");
    return before.sa_handler;
}

CSAPP_INLINE void Sigprocmask(int how, const sigset_t *set, sigset_t *oldset) {
    if (sigprocmask(how, set, oldset) < 0)
        csapp_fail_errno("Sigprocmask error");
}

CSAPP_INLINE void Sigemptyset(sigset_t *set) {
    if (sigemptyset(set) < 0)
        csapp_fail_errno("Sigemptyset error");
}

CSAPP_INLINE void Sigfillset(sigset_t *set) {
    if (sigfillset(set) < 0)
        csapp_fail_errno("Sigfillset error");
}

CSAPP_INLINE void Sigaddset(sigset_t *set, int signum) {
    if (sigaddset(set, signum) < 0)
        csapp_fail_errno("Sigaddset error");
}

CSAPP_INLINE void Sigdelset(sigset_t *set, int signum) {
    if (sigdelset(set, signum) < 0)
        csapp_fail_errno("Sigdelset error");
}

CSAPP_INLINE int Sigismember(const sigset_t *set, int signum) {
    int is = sigismember(set, signum);
    if (is < 0)
        csapp_fail_errno("Sigismember error");
    return is;
}

/* Returns -1 after a signal, as sigsuspend(2) does: EINTR is no failure. */
CSAPP_INLINE int Sigsuspend(const sigset_t *set) {
    int rc = sigsuspend(set);
    if (errno != EINTR)
        csapp_fail_errno("Sigsuspend error");
    return rc;
}

/* ---- Output from signal handlers: write(2) to stdout ---- */

CSAPP_INLINE ssize_t csapp_sio_write(const char *s) {
    return write(STDOUT_FILENO, s, strlen(s));
}

CSAPP_INLINE void csapp_sio_fail(const char *s) {
    ssize_t ignored = csapp_sio_write(s);
    (void)ignored;
    _exit(1);
}

CSAPP_INLINE ssize_t sio_puts(char s[]) {
    return csapp_sio_write(s);
}

CSAPP_INLINE ssize_t sio_putl(long v) {
    char text[3 * sizeof v + 2];
    char *at = text + sizeof text - 1;
    unsigned long rest = v < 0 ? 0UL - (unsigned long)v : (unsigned long)v;
    *at = '\0';
    do
        *--at = (char)('0' + rest % 10);
    while ((rest /= 10) != 0);
    if (v < 0)
        *--at = '-';
    return csapp_sio_write(at);
}

/* Writes s and ends the program with status 1, without atexit(3) functions. */
CSAPP_INLINE void sio_error(char s[]) {
    csapp_sio_fail(s);
}

CSAPP_INLINE ssize_t Sio_puts(char s[]) {
    ssize_t n = sio_puts(s);
    if (n < 0)
        csapp_sio_fail("Sio_puts error");
    return n;
}

CSAPP_INLINE ssize_t Sio_putl(long v) {
    ssize_t n = sio_putl(v);
    if (n < 0)
        csapp_sio_fail("Sio_putl error");
    return n;
}

CSAPP_INLINE void Sio_error(char s[]) {
    sio_error(s);
}

/* ---- Files ---- */

CSAPP_INLINE int Open(const char *pathname, int flags, mode_t mode) {
    int fd = open(pathname, flags, mode);
    if (fd < 0)
        csapp_fail_errno("Open error");
    return fd;
}

CSAPP_INLINE ssize_t Read(int fd, void *buf, size_t count) {
    ssize_t n = read(fd, buf, count);
    if (n < 0)
        csapp_fail_errno("Read error");
    return n;
}

CSAPP_INLINE ssize_t Write(int fd, const void *buf, size_t count) {
    ssize_t n = write(fd, buf, count);
    if (n < 0)
        csapp_fail_errno("Write error");
    return n;
}

CSAPP_INLINE off_t Lseek(int fd, off_t offset, int whence) {
    off_t at = lseek(fd, offset, whence);
    if (at < 0)
        csapp_fail_errno("Lseek error");
    return at;
}

CSAPP_INLINE void Close(int fd) {
    if (close(fd) < 0)
        csapp_fail_errno("Close error");
}

CSAPP_INLINE int Select(int n, fd_set *readfds, fd_set *writefds, fd_set *exceptfds, struct timeval *timeout) {
    int ready = select(n, readfds, writefds, exceptfds, timeout);
    if (ready < 0)
        csapp_fail_errno("Select error");
    return ready;
}

CSAPP_INLINE int Dup2(int fd1, int fd2) {
    int fd = dup2(fd1, fd2);
    if (fd < 0)
        csapp_fail_errno("Dup2 error");
    return fd;
}

CSAPP_INLINE void Stat(const char *filename, struct stat *buf) {
    if (stat(filename, buf) < 0)
        csapp_fail_errno("Stat error");
}

CSAPP_INLINE void Fstat(int fd, struct stat *buf) {
    if (fstat(fd, buf) < 0)
        csapp_fail_errno("Fstat error");
}

/* These five have small letters in their messages. */

CSAPP_INLINE DIR *Opendir(const char *name) {
    DIR *dir = opendir(name);
    if (dir == NULL)
        csapp_fail_errno("opendir error");
    return dir;
}

/* Returns NULL at the end of the folder. */
CSAPP_INLINE struct dirent *Readdir(DIR *dirp) {
    struct dirent *entry;
    errno = 0;
    entry = readdir(dirp);
    if (entry == NULL && errno != 0)
        csapp_fail_errno("readdir error");
    return entry;
}

CSAPP_INLINE int Closedir(DIR *dirp) {
    int rc = closedir(dirp);
    if (rc < 0)
        csapp_fail_errno("closedir error");
    return rc;
}

CSAPP_INLINE void *Mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset) {
    void *at = mmap(addr, len, prot, flags, fd, offset);
    if (at == MAP_FAILED)
        csapp_fail_errno("mmap error");
    return at;
}

CSAPP_INLINE void Munmap(void *start, size_t length) {
    if (munmap(start, length) < 0)
        csapp_fail_errno("munmap error");
}

/* ---- Standard I/O ---- */

CSAPP_INLINE void Fclose(FILE *fp) {
    if (fclose(fp) != 0)
        csapp_fail_errno("Fclose error");
}

CSAPP_INLINE FILE *Fdopen(int fd, const char *type) {
    FILE *fp = fdopen(fd, type);
    if (fp == NULL)
        csapp_fail_errno("Fdopen error");
    return fp;
}

/* Returns NULL at the end of the file; only an error ends the program, with app_error. */
CSAPP_INLINE char *Fgets(char *ptr, int n, FILE *stream) {
    char *got = fgets(ptr, n, stream);
    if (got == NULL && ferror(stream))
        csapp_fail("Fgets error", NULL);
    return got;
}

CSAPP_INLINE FILE *Fopen(const char *filename, const char *mode) {
    FILE *fp = fopen(filename, mode);
    if (fp == NULL)
        csapp_fail_errno("Fopen error");
    return fp;
}

CSAPP_INLINE void Fputs(const char *ptr, FILE *stream) {
    if (fputs(ptr, stream) == EOF)
        csapp_fail_errno("Fputs error");
}

/* Returns fewer than nmemb at the end of the file. */
CSAPP_INLINE size_t Fread(void *ptr, size_t size, size_t nmemb, FILE *stream) {
    size_t n = fread(ptr, size, nmemb, stream);
    if (n < nmemb && ferror(stream))
        csapp_fail_errno("Fread error");
    return n;
}

CSAPP_INLINE void Fwrite(const void *ptr, size_t size, size_t nmemb, FILE *stream) {
    if (fwrite(ptr, size, nmemb, stream) < nmemb)
        csapp_fail_errno("Fwrite error");
}

/* ---- Memory ---- */

CSAPP_INLINE void *Malloc(size_t size) {
    void *p = malloc(size);
    if (p == NULL)
        csapp_fail_errno("Malloc error");
    return p;
}

CSAPP_INLINE void *Realloc(void *ptr, size_t size) {
    void *p = realloc(ptr, size);
    if (p == NULL)
        csapp_fail_errno("Realloc error");
    return p;
}

CSAPP_INLINE void *Calloc(size_t nmemb, size_t size) {
    void *p = calloc(nmemb, size);
    if (p == NULL)
        csapp_fail_errno("Calloc error");
    return p;
}

CSAPP_INLINE void Free(void *ptr) {
    free(ptr);
}

/* ---- Sockets: the lengths of addresses are int, as in the book ---- */

CSAPP_INLINE int Socket(int domain, int type, int protocol) {
    int fd = socket(domain, type, protocol);
    if (fd < 0)
        csapp_fail_errno("Socket error");
    return fd;
}

CSAPP_INLINE void Setsockopt(int s, int level, int optname, const void *optval, int optlen) {
    if (setsockopt(s, level, optname, optval, (socklen_t)optlen) < 0)
        csapp_fail_errno("Setsockopt error");
}

CSAPP_INLINE void Bind(int sockfd, struct sockaddr *my_addr, int addrlen) {
    if (bind(sockfd, my_addr, (socklen_t)addrlen) < 0)
        csapp_fail_errno("Bind error");
}

CSAPP_INLINE void Listen(int s, int backlog) {
    if (listen(s, backlog) < 0)
        csapp_fail_errno("Listen error");
}

CSAPP_INLINE int Accept(int s, struct sockaddr *addr, socklen_t *addrlen) {
    int fd = accept(s, addr, addrlen);
    if (fd < 0)
        csapp_fail_errno("Accept error");
    return fd;
}

CSAPP_INLINE void Connect(int sockfd, struct sockaddr *serv_addr, int addrlen) {
    if (connect(sockfd, serv_addr, (socklen_t)addrlen) < 0)
        csapp_fail_errno("Connect error");
}

/* ---- Names and addresses ---- */

/* A failure is reported as gai_error does. */
CSAPP_INLINE void Getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                              struct addrinfo **res) {
    int rc = getaddrinfo(node, service, hints, res);
    if (rc != 0)
        csapp_fail("Getaddrinfo error", gai_strerror(rc));
}

/* A failure is reported as gai_error does. */
CSAPP_INLINE void Getnameinfo(const struct sockaddr *sa, socklen_t salen, char *host, size_t hostlen, char *serv,
                              size_t servlen, int flags) {
    int rc = getnameinfo(sa, salen, host, (socklen_t)hostlen, serv, (socklen_t)servlen, flags);
    if (rc != 0)
        csapp_fail("Getnameinfo error", gai_strerror(rc));
}

CSAPP_INLINE void Freeaddrinfo(struct addrinfo *res) {
    freeaddrinfo(res);
}

CSAPP_INLINE void Inet_ntop(int af, const void *src, char *dst, socklen_t size) {
    if (sockutil_ntop(af, src, dst, size) == NULL)
        csapp_fail_errno("Inet_ntop error");
}

/* A text that is no address is reported as app_error does. */
CSAPP_INLINE void Inet_pton(int af, const char *src, void *dst) {
    int rc = sockutil_pton(af, src, dst);
    if (rc == 0)
        csapp_fail("inet_pton error: invalid dotted-decimal address", NULL);
    if (rc < 0)
        csapp_fail_errno("Inet_pton error");
}

/* A failure is reported as dns_error does. */
CSAPP_INLINE struct hostent *Gethostbyname(const char *name) {
    struct hostent *host = gethostbyname(name);
    if (host == NULL)
        csapp_fail("Gethostbyname error", NULL);
    return host;
}

/* A failure is reported as dns_error does. */
CSAPP_INLINE struct hostent *Gethostbyaddr(const char *addr, int len, int type) {
    struct hostent *host = gethostbyaddr(addr, (socklen_t)len, type);
    if (host == NULL)
        csapp_fail("Gethostbyaddr error", NULL);
    return host;
}

/* ---- Threads: the first four report a failure as posix_error does ---- */

CSAPP_INLINE void csapp_check_code(int code, const char *msg) {
    if (code != 0)
        csapp_fail(msg, strerror(code));
}

CSAPP_INLINE void Pthread_create(pthread_t *tidp, pthread_attr_t *attrp, void *(*routine)(void *), void *argp) {
    csapp_check_code(pthread_create(tidp, attrp, routine, argp), "Pthread_create error");
}

CSAPP_INLINE void Pthread_join(pthread_t tid, void **thread_return) {
    csapp_check_code(pthread_join(tid, thread_return), "Pthread_join error");
}

CSAPP_INLINE void Pthread_cancel(pthread_t tid) {
    csapp_check_code(pthread_cancel(tid), "Pthread_cancel error");
}

CSAPP_INLINE void Pthread_detach(pthread_t tid) {
    csapp_check_code(pthread_detach(tid), "Pthread_detach error");
}

CSAPP_INLINE void Pthread_exit(void *retval) {
    pthread_exit(retval);
}

CSAPP_INLINE pthread_t Pthread_self(void) {
    return pthread_self();
}

CSAPP_INLINE void Pthread_once(pthread_once_t *once_control, void (*init_function)(void)) {
    (void)pthread_once(once_control, init_function);
}

CSAPP_INLINE void Sem_init(sem_t *sem, int pshared, unsigned int value) {
    if (sem_init(sem, pshared, value) < 0)
        csapp_fail_errno("Sem_init error");
}

CSAPP_INLINE void P(sem_t *sem) {
    if (sem_wait(sem) < 0)
        csapp_fail_errno("P error");
}

CSAPP_INLINE void V(sem_t *sem) {
    if (sem_post(sem) < 0)
        csapp_fail_errno("V error");
}

/* ---- Rio: the descriptor's own O_NONBLOCK and SO_RCVTIMEO rule, EAGAIN is a failure, EINTR is not ---- */

/* Reads n bytes. Returns n, fewer at the end of the stream, or -1. */
CSAPP_INLINE ssize_t rio_readn(int fd, void *usrbuf, size_t n) {
    return sockutil_readn(fd, usrbuf, n);
}

/* Writes n bytes. Returns n or -1. */
CSAPP_INLINE ssize_t rio_writen(int fd, void *usrbuf, size_t n) {
    return sockutil_writen(fd, usrbuf, n);
}

CSAPP_INLINE void rio_readinitb(rio_t *rp, int fd) {
    rp->rio_fd = fd;
    rp->rio_cnt = 0;
    rp->rio_bufptr = rp->rio_buf;
    rp->rio_home = rp->rio_buf;
}

/* In a copy of a struct rio_bufptr still points into the first one's memory, which may be gone: makes it point to the
 * same byte of the copy's own. A pointer that a program has set to anything else stays. */
CSAPP_INLINE void csapp_rio_come_home(rio_t *rp) {
    size_t in_own = (uintptr_t)rp->rio_bufptr - (uintptr_t)rp->rio_buf;
    size_t in_first = (uintptr_t)rp->rio_bufptr - (uintptr_t)rp->rio_home;
    if (in_own > RIO_BUFSIZE && in_first <= RIO_BUFSIZE)
        rp->rio_bufptr = rp->rio_buf + in_first;
    rp->rio_home = rp->rio_buf;
}

/* Reads if nothing is held. Returns how many bytes are held then, 0 at the end of the stream, or -1. Not by a
 * sockutil_reader: its time limit would stand above O_NONBLOCK and SO_RCVTIMEO, and it must not be copied. */
CSAPP_INLINE ssize_t csapp_rio_held(rio_t *rp) {
    ssize_t n;
    if (rp->rio_cnt > 0) {
        csapp_rio_come_home(rp);
        return rp->rio_cnt;
    }
    do
        n = read(rp->rio_fd, rp->rio_buf, sizeof rp->rio_buf);
    while (n < 0 && errno == EINTR);
    rp->rio_cnt = (int)n;
    rp->rio_bufptr = rp->rio_buf;
    rp->rio_home = rp->rio_buf;
    return n;
}

/* Takes n bytes, which are held. */
CSAPP_INLINE void csapp_rio_take(rio_t *rp, void *to, size_t n) {
    memcpy(to, rp->rio_bufptr, n);
    rp->rio_bufptr += n;
    rp->rio_cnt -= (int)n;
}

/* Reads n bytes. Returns n, fewer at the end of the stream, or -1. */
CSAPP_INLINE ssize_t rio_readnb(rio_t *rp, void *usrbuf, size_t n) {
    char *to = (char *)usrbuf;
    size_t done = 0;
    while (done < n) {
        ssize_t held = csapp_rio_held(rp);
        size_t part = n - done;
        if (held < 0)
            return -1;
        if (held == 0)
            break;
        if (part > (size_t)held)
            part = (size_t)held;
        csapp_rio_take(rp, to + done, part);
        done += part;
    }
    return (ssize_t)done;
}

/* Reads a line of at most maxlen-1 bytes, its newline included, and stores a NUL after it. The next call goes on with a
 * line that is longer. Returns the bytes stored, without the NUL; 0 at the end of the stream, and then nothing is
 * stored; -1. */
CSAPP_INLINE ssize_t rio_readlineb(rio_t *rp, void *usrbuf, size_t maxlen) {
    char *to = (char *)usrbuf;
    size_t done = 0;
    const char *newline = NULL;
    if (maxlen == 0)
        return 0;
    while (newline == NULL && done < maxlen - 1) {
        ssize_t held = csapp_rio_held(rp);
        size_t part = maxlen - 1 - done;
        if (held < 0)
            return -1;
        if (held == 0 && done == 0)
            return 0;
        if (held == 0)
            break;
        if (part > (size_t)held)
            part = (size_t)held;
        newline = (const char *)memchr(rp->rio_bufptr, '\n', part);
        if (newline != NULL)
            part = (size_t)(newline - rp->rio_bufptr) + 1;
        csapp_rio_take(rp, to + done, part);
        done += part;
    }
    to[done] = '\0';
    return (ssize_t)done;
}

CSAPP_INLINE ssize_t Rio_readn(int fd, void *usrbuf, size_t n) {
    ssize_t got = rio_readn(fd, usrbuf, n);
    if (got < 0)
        csapp_fail_errno("Rio_readn error");
    return got;
}

CSAPP_INLINE void Rio_writen(int fd, void *usrbuf, size_t n) {
    if (rio_writen(fd, usrbuf, n) < 0)
        csapp_fail_errno("Rio_writen error");
}

CSAPP_INLINE void Rio_readinitb(rio_t *rp, int fd) {
    rio_readinitb(rp, fd);
}

CSAPP_INLINE ssize_t Rio_readnb(rio_t *rp, void *usrbuf, size_t n) {
    ssize_t got = rio_readnb(rp, usrbuf, n);
    if (got < 0)
        csapp_fail_errno("Rio_readnb error");
    return got;
}

CSAPP_INLINE ssize_t Rio_readlineb(rio_t *rp, void *usrbuf, size_t maxlen) {
    ssize_t got = rio_readlineb(rp, usrbuf, maxlen);
    if (got < 0)
        csapp_fail_errno("Rio_readlineb error");
    return got;
}

/* ---- Clients and servers: descriptors that children inherit, as the book's ---- */

/* The book asks the resolver for numeric ports alone; sockutil would also take names of services. */
CSAPP_INLINE int csapp_is_number(const char *port) {
    return port != NULL && *port != '\0' && port[strspn(port, "0123456789")] == '\0';
}

/* Connects to a server. Returns the descriptor; -2 if the resolver failed, with its text on stderr; -1 with errno. */
CSAPP_INLINE int open_clientfd(char *hostname, char *port) {
    int gai = EAI_NONAME;
    int fd = -1;
    if (csapp_is_number(port))
        fd = sockutil_tcp_connect(hostname, port, SOCKUTIL_INHERIT, SOCKUTIL_FOREVER, &gai);
    else
        errno = EADDRNOTAVAIL;
    if (fd < 0 && gai != 0) {
        int cause = errno;
        fprintf(stderr, "getaddrinfo failed (%s:%s): %s\n", hostname != NULL ? hostname : "(null)",
                port != NULL ? port : "(null)", gai_strerror(gai));
        errno = cause;
        return -2;
    }
    return fd;
}

/* Listens at a port, on all IPv4 addresses: peers then have plain IPv4 addresses, as programs expect. Returns as
 * open_clientfd does. */
CSAPP_INLINE int open_listenfd(char *port) {
    int gai = EAI_NONAME;
    int fd = -1;
    if (csapp_is_number(port))
        fd = sockutil_tcp_listen("0.0.0.0", port, LISTENQ, SOCKUTIL_INHERIT, &gai);
    else
        errno = EADDRNOTAVAIL;
    if (fd < 0 && gai != 0) {
        int cause = errno;
        fprintf(stderr, "getaddrinfo failed (port %s): %s\n", port != NULL ? port : "(null)", gai_strerror(gai));
        errno = cause;
        return -2;
    }
    return fd;
}

CSAPP_INLINE int Open_clientfd(char *hostname, char *port) {
    int fd = open_clientfd(hostname, port);
    if (fd < 0)
        csapp_fail_errno("Open_clientfd error");
    return fd;
}

CSAPP_INLINE int Open_listenfd(char *port) {
    int fd = open_listenfd(port);
    if (fd < 0)
        csapp_fail_errno("Open_listenfd error");
    return fd;
}

#undef CSAPP_INLINE

#endif
