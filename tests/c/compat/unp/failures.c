/* failures.c - each function of unp.h and unpthread.h that ends the program: its message and its status. */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* What no argument makes fail: in the header these calls fail when the case sets `forced`. */
static int forced;
static int fail(int err) {
    errno = err;
    return -1;
}
static void *fail_null(int err) {
    errno = err;
    return NULL;
}
/* An accept that fails twice for a client that has gone, then with another error. */
static int failing_accept(void) {
    static const int errors[] = {ECONNABORTED, EPROTO, EMFILE};
    static size_t calls;
    return fail(errors[calls++]);
}
#undef strdup
#define accept(fd, sa, len) (forced ? failing_accept() : accept(fd, sa, len))
#define fork() (forced ? fail(EAGAIN) : fork())
#define gettimeofday(tv, zone) (forced ? fail(EFAULT) : gettimeofday(tv, zone))
#define if_nameindex() (forced ? (struct if_nameindex *)fail_null(ENOBUFS) : if_nameindex())
#define sigemptyset(set) (forced ? fail(EINVAL) : sigemptyset(set))
#define sigfillset(set) (forced ? fail(EINVAL) : sigfillset(set))
#define sigpending(set) (forced ? fail(EFAULT) : sigpending(set))
#define malloc(size) (forced ? fail_null(ENOMEM) : malloc(size))
#define calloc(n, size) (forced ? fail_null(ENOMEM) : calloc(n, size))
#define strdup(text) (forced ? (char *)fail_null(ENOMEM) : strdup(text))
#define pthread_mutexattr_init(attr) (forced ? ENOMEM : pthread_mutexattr_init(attr))
#define pthread_mutex_init(mutex, attr) (forced ? EAGAIN : pthread_mutex_init(mutex, attr))
#define pthread_cond_broadcast(cond) (forced ? EINVAL : pthread_cond_broadcast(cond))
#define pthread_cond_signal(cond) (forced ? EINVAL : pthread_cond_signal(cond))
#define pthread_cond_wait(cond, mutex) (forced ? EPERM : pthread_cond_wait(cond, mutex))
#define pthread_once(once, func) (forced ? EINVAL : pthread_once(once, func))
#define pthread_detach(thread) (forced ? ESRCH : pthread_detach(thread))
#define pthread_create(thread, attr, func, arg) (forced ? EAGAIN : pthread_create(thread, attr, func, arg))

#include "unpthread.h"

#include "cases.h"

/* A program may still include it. */
#include <sys/mman.h>

/* The compiler must not see that these are no arguments to give. */
static volatile size_t huge = (size_t)-1 / 2;
static void *volatile nowhere = NULL;
static char bytes[1 << 20];

static struct sockaddr_in any_v4(void) {
    struct sockaddr_in sin;
    memset(&sin, 0, sizeof sin);
    sin.sin_family = AF_INET;
    return sin;
}

static SA *as_sa(struct sockaddr_in *sin) {
    return (SA *)sin;
}

/* A stream that takes fewer bytes than are sent. errno is then whatever it was: here ENOBUFS. */
static int small_stream(void) {
    int fds[2];
    Socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds);
    errno = ENOBUFS;
    return fds[0];
}

static void no_files(void) {
    struct rlimit none;
    getrlimit(RLIMIT_NOFILE, &none);
    none.rlim_cur = 3;
    setrlimit(RLIMIT_NOFILE, &none);
}

static void on_alarm(int signo) {
    (void)signo;
}

/* SIGALRM interrupts the call that comes next, however late the machine is. */
static void soon_a_signal(void) {
    struct itimerval often = {{0, 20000}, {0, 20000}};
    Signal(SIGALRM, on_alarm);
    setitimer(ITIMER_REAL, &often, NULL);
}

#define CASE(name, ...)                                                                                                \
    static void name(void) {                                                                                           \
        struct sockaddr_in sin = any_v4();                                                                             \
        SA *sa = as_sa(&sin);                                                                                          \
        socklen_t len = sizeof sin;                                                                                    \
        (void)sa;                                                                                                      \
        (void)len;                                                                                                     \
        __VA_ARGS__                                                                                                    \
    }

/* ---- Sockets ---- */
CASE(no_family, Socket(-1, SOCK_STREAM, 0);)
CASE(socketpair_no_family, int fds[2]; Socketpair(-1, SOCK_STREAM, 0, fds);)
CASE(bind_bad, Bind(-1, sa, len);)
CASE(connect_bad, Connect(-1, sa, len);)
CASE(listen_bad, Listen(-1, 5);)
CASE(accept_bad, Accept(-1, NULL, NULL);)
CASE(accept_goes_on, forced = 1; Accept(0, NULL, NULL);)
CASE(accept_signal, int fd = Tcp_listen("127.0.0.1", "0", NULL); soon_a_signal(); Accept(fd, NULL, NULL);)
CASE(getpeername_bad, Getpeername(-1, sa, &len);)
CASE(getsockname_bad, Getsockname(-1, sa, &len);)
CASE(getsockopt_bad, Getsockopt(-1, SOL_SOCKET, SO_TYPE, bytes, &len);)
CASE(setsockopt_bad, int on = 1; Setsockopt(-1, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);)
CASE(shutdown_bad, Shutdown(-1, SHUT_WR);)
CASE(sockatmark_bad, Sockatmark(-1);)
CASE(recv_bad, Recv(-1, bytes, 1, 0);)
CASE(recvfrom_bad, Recvfrom(-1, bytes, 1, 0, sa, &len);)
CASE(recvmsg_bad, struct msghdr msg; memset(&msg, 0, sizeof msg); Recvmsg(-1, &msg, 0);)
CASE(send_bad, Send(-1, bytes, 1, 0);)
CASE(send_short, Send(small_stream(), bytes, sizeof bytes, 0);)
CASE(sendto_bad, Sendto(-1, bytes, 1, 0, sa, len);)
CASE(sendto_short, Sendto(small_stream(), bytes, sizeof bytes, 0, NULL, 0);)
static void send_message(int fd, size_t n) {
    struct iovec iov[2];
    struct msghdr msg;
    memset(&msg, 0, sizeof msg);
    iov[0].iov_base = iov[1].iov_base = bytes;
    iov[0].iov_len = 1;
    iov[1].iov_len = n;
    msg.msg_iov = iov;
    msg.msg_iovlen = 2;
    Sendmsg(fd, &msg, 0);
}
CASE(sendmsg_bad, send_message(-1, 1);)
CASE(sendmsg_short, send_message(small_stream(), sizeof bytes);)
CASE(select_bad, Select(-1, NULL, NULL, NULL, NULL);)
CASE(select_signal, soon_a_signal(); Select(0, NULL, NULL, NULL, NULL);)
CASE(poll_bad, Poll(NULL, (unsigned long)huge, 0);)
CASE(poll_signal, soon_a_signal(); Poll(NULL, 0, INFTIM);)

/* ---- Descriptors, processes, memory ---- */
CASE(close_bad, Close(-1);)
CASE(dup2_bad, Dup2(-1, 9);)
CASE(pipe_full, int fds[2]; no_files(); Pipe(fds);)
CASE(open_none, Open("/no/such file", O_RDONLY, 0);)
CASE(unlink_none, Unlink("/no/such file");)
CASE(mkstemp_bad, char name[] = "/no/such/XXXXXX"; Mkstemp(name);)
CASE(read_bad, Read(-1, bytes, 1);)
CASE(write_bad, Write(-1, bytes, 1);)
CASE(write_short, Write(small_stream(), bytes, sizeof bytes);)
CASE(fcntl_bad, Fcntl(-1, F_GETFL, 0);)
CASE(ioctl_bad, int n; Ioctl(-1, FIONREAD, &n);)
CASE(fork_fails, forced = 1; Fork();)
CASE(wait_none, Wait(NULL);)
CASE(waitpid_none, Waitpid(-1, NULL, 0);)
CASE(gettimeofday_fails, struct timeval tv; forced = 1; Gettimeofday(&tv, NULL);)
CASE(sysconf_bad, errno = EPERM; Sysconf(-1);)
CASE(sysconf_no_limit, errno = EPERM; Sysconf(_SC_AIO_MAX);)
CASE(malloc_fails, forced = 1; Malloc(10);)
CASE(calloc_fails, forced = 1; Calloc(10, 2);)
CASE(strdup_fails, forced = 1; Strdup("text");)
CASE(mmap_bad, Mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);)

/* ---- Standard input and output ---- */
CASE(fopen_none, Fopen("/no/such file", "r");)
CASE(fdopen_bad, Fdopen(-1, "r");)
CASE(fclose_full, FILE *fp = Fopen("/dev/full", "w"); Fputs("text", fp); Fclose(fp);)
CASE(fgets_folder, FILE *fp = Fopen("/", "r"); Fgets(bytes, 10, fp);)
CASE(fputs_to_input, FILE *fp = Fopen("/dev/null", "r"); Fputs("text", fp);)

/* ---- Signals ---- */
CASE(signal_bad, Signal(9999, SIG_IGN);)
CASE(signal_intr_bad, Signal_intr(9999, SIG_IGN);)
CASE(sigemptyset_fails, sigset_t set; forced = 1; Sigemptyset(&set);)
CASE(sigfillset_fails, sigset_t set; forced = 1; Sigfillset(&set);)
CASE(sigaddset_bad, sigset_t set; Sigemptyset(&set); Sigaddset(&set, 9999);)
CASE(sigdelset_bad, sigset_t set; Sigemptyset(&set); Sigdelset(&set, 9999);)
CASE(sigismember_bad, sigset_t set; Sigemptyset(&set); Sigismember(&set, 9999);)
CASE(sigpending_fails, sigset_t set; forced = 1; Sigpending(&set);)
CASE(sigprocmask_bad, sigset_t set; Sigemptyset(&set); Sigprocmask(9999, &set, NULL);)

/* ---- Whole transfers ---- */
CASE(readn_bad, Readn(-1, bytes, 1);)
CASE(writen_bad, Writen(-1, bytes, 1);)
CASE(writen_short, Writen(small_stream(), bytes, sizeof bytes);)
CASE(readline_bad, Readline(-1, bytes, 10);)

/* ---- Addresses ---- */
CASE(pton_family, Inet_pton(-1, "1.2.3.4", bytes);)
CASE(pton_text, Inet_pton(AF_INET, "1.2.3.x", bytes);)
CASE(ntop_null, Inet_ntop(AF_INET, &sin.sin_addr, nowhere, INET_ADDRSTRLEN);)
CASE(ntop_family, Inet_ntop(-1, &sin.sin_addr, bytes, sizeof bytes);)
CASE(ntop_small, Inet_ntop(AF_INET, &sin.sin_addr, bytes, 3);)
CASE(nametoindex_none, If_nametoindex("none such");)
CASE(indextoname_none, If_indextoname(2000000000, bytes);)
CASE(nameindex_fails, forced = 1; If_nameindex();)
CASE(sock_bind_wild_family, Sock_bind_wild(-1, AF_UNIX);)
CASE(sock_bind_wild_bad, Sock_bind_wild(-1, AF_INET);)
CASE(sockfd_to_family_bad, Sockfd_to_family(-1);)
CASE(family_to_level_other, Family_to_level(AF_UNIX);)

/* ---- Hosts and services ---- */
/* A host that no resolver is asked about, and a service that there is not; none of this leaves the machine. */
#define NO_SERVICE "no-such-service"
static char text_for[512];
static const char *gai_text(const char *start, int gai) {
    snprintf(text_for, sizeof text_for, "%s: %s", start, gai_strerror(gai));
    return text_for;
}
/* A port without a listener: that of a socket that is bound, and does not listen. */
static const char *dead_port(int type) {
    static char port[16];
    struct sockaddr_in sin = any_v4();
    socklen_t len = sizeof sin;
    int fd = Socket(AF_INET, type, 0);
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    Bind(fd, (SA *)&sin, len);
    Getsockname(fd, (SA *)&sin, &len);
    snprintf(port, sizeof port, "%d", ntohs(sin.sin_port));
    return port;
}
static const char *dead;
CASE(tcp_connect_name, tcp_connect("127.0.0.1", NO_SERVICE);)
CASE(Tcp_connect_name, Tcp_connect("127.0.0.1", NO_SERVICE);)
CASE(tcp_connect_null, tcp_connect(NULL, NULL);)
CASE(tcp_connect_refused, tcp_connect("127.0.0.1", dead);)
CASE(tcp_listen_name, tcp_listen("127.0.0.1", NO_SERVICE, NULL);)
CASE(Tcp_listen_name, Tcp_listen(NULL, NO_SERVICE, NULL);)
CASE(tcp_listen_taken, tcp_listen("127.0.0.1", dead, NULL);)
CASE(tcp_listen_elsewhere, tcp_listen("192.0.2.1", "0", NULL);)
CASE(udp_client_name, SA *to; udp_client("127.0.0.1", NO_SERVICE, &to, &len);)
CASE(Udp_client_name, SA *to; Udp_client("127.0.0.1", NO_SERVICE, &to, &len);)
CASE(udp_client_full, SA *to; no_files(); udp_client("127.0.0.1", "9", &to, &len);)
CASE(udp_connect_name, udp_connect("127.0.0.1", NO_SERVICE);)
CASE(Udp_connect_name, Udp_connect("127.0.0.1", NO_SERVICE);)
CASE(udp_connect_full, no_files(); udp_connect("127.0.0.1", "9");)
CASE(udp_server_name, udp_server("127.0.0.1", NO_SERVICE, NULL);)
CASE(Udp_server_name, Udp_server(NULL, NO_SERVICE, NULL);)
CASE(udp_server_taken, udp_server("127.0.0.1", dead, NULL);)
CASE(host_serv_name, Host_serv("127.0.0.1", NO_SERVICE, AF_INET, SOCK_STREAM);)
CASE(host_serv_null, Host_serv(NULL, NULL, 0, 0);)

/* ---- Time limits, descriptors, multicast ---- */
CASE(connect_timeo_bad, Connect_timeo(-1, sa, len, 1);)
CASE(readable_timeo_bad, Readable_timeo(-1, 1);)
CASE(readable_timeo_closed, Readable_timeo(999, 1);)
CASE(readable_timeo_negative, Readable_timeo(0, -1);)
CASE(readable_timeo_signal, int fds[2]; Pipe(fds); soon_a_signal(); Readable_timeo(fds[0], 10);)
CASE(writable_timeo_bad, Writable_timeo(-1, 1);)
CASE(read_fd_bad, int fd; Read_fd(-1, bytes, 1, &fd);)
CASE(write_fd_bad, Write_fd(-1, bytes, 1, 0);)
static void foreign_type(void) {
    int fds[2], fd;
    int on = 1;
    Socketpair(AF_UNIX, SOCK_DGRAM, 0, fds);
    Setsockopt(fds[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
    Write(fds[0], bytes, 1);
    read_fd(fds[1], bytes, 1, &fd);
}
static void foreign_level(void) {
    int fd, from;
    int on = 1;
    struct sockaddr_storage local;
    socklen_t len = sizeof local;
    int server = Udp_server("127.0.0.1", "0", NULL);
    Setsockopt(server, IPPROTO_IP, IP_RECVTTL, &on, sizeof on);
    Getsockname(server, (SA *)&local, &len);
    from = Socket(AF_INET, SOCK_DGRAM, 0);
    Sendto(from, bytes, 1, 0, (SA *)&local, len);
    read_fd(server, bytes, 1, &fd);
}
CASE(mcast_join_bad, Mcast_join(-1, sa, len, NULL, 0);)
CASE(mcast_join_name, Mcast_join(-1, sa, len, "none such", 0);)
CASE(mcast_leave_bad, Mcast_leave(-1, sa, len);)
CASE(mcast_join_source_bad, Mcast_join_source_group(-1, sa, len, sa, len, NULL, 0);)
CASE(mcast_join_source_name, Mcast_join_source_group(-1, sa, len, sa, len, "none such", 0);)
CASE(mcast_leave_source_bad, Mcast_leave_source_group(-1, sa, len, sa, len);)
CASE(mcast_block_bad, Mcast_block_source(-1, sa, len, sa, len);)
CASE(mcast_unblock_bad, Mcast_unblock_source(-1, sa, len, sa, len);)
CASE(mcast_set_if_bad, Mcast_set_if(-1, NULL, 0);)
CASE(mcast_set_loop_bad, Mcast_set_loop(-1, 0);)
CASE(mcast_set_ttl_bad, Mcast_set_ttl(-1, 0);)
CASE(mcast_set_ttl_family, int fds[2]; Socketpair(AF_UNIX, SOCK_DGRAM, 0, fds); Mcast_set_ttl(fds[0], 0);)
CASE(mcast_get_if_bad, Mcast_get_if(-1);)
CASE(mcast_get_if_v4, Mcast_get_if(Socket(AF_INET, SOCK_DGRAM, 0));)
CASE(mcast_get_loop_bad, Mcast_get_loop(-1);)
CASE(mcast_get_ttl_bad, Mcast_get_ttl(-1);)

/* ---- Threads ---- */
static void *nothing(void *arg) {
    return arg;
}
static void nothing_once(void) {
}
/* A mutex that checks who locks it. */
static pthread_mutex_t *checked(void) {
    static pthread_mutex_t mutex;
    pthread_mutexattr_t attr;
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK);
    pthread_mutex_init(&mutex, &attr);
    return &mutex;
}
CASE(create_fails, pthread_t t; forced = 1; Pthread_create(&t, NULL, nothing, NULL);)
CASE(join_self, Pthread_join(pthread_self(), NULL);)
CASE(detach_fails, forced = 1; Pthread_detach(pthread_self());)
CASE(kill_bad, Pthread_kill(pthread_self(), 9999);)
CASE(mutexattr_init_fails, pthread_mutexattr_t attr; forced = 1; Pthread_mutexattr_init(&attr);)
CASE(setpshared_bad, pthread_mutexattr_t attr; Pthread_mutexattr_init(&attr); Pthread_mutexattr_setpshared(&attr, 99);)
CASE(mutex_init_fails, pthread_mutex_t mutex; forced = 1; Pthread_mutex_init(&mutex, NULL);)
CASE(mutex_lock_twice, pthread_mutex_t *mutex = checked(); Pthread_mutex_lock(mutex); Pthread_mutex_lock(mutex);)
CASE(mutex_unlock_free, Pthread_mutex_unlock(checked());)
CASE(cond_broadcast_fails, pthread_cond_t cond = PTHREAD_COND_INITIALIZER; forced = 1; Pthread_cond_broadcast(&cond);)
CASE(cond_signal_fails, pthread_cond_t cond = PTHREAD_COND_INITIALIZER; forced = 1; Pthread_cond_signal(&cond);)
CASE(cond_wait_fails, pthread_cond_t cond = PTHREAD_COND_INITIALIZER; forced = 1; Pthread_cond_wait(&cond, checked());)
CASE(cond_timedwait_late, pthread_cond_t cond = PTHREAD_COND_INITIALIZER; pthread_mutex_t *mutex = checked();
     struct timespec past = {1, 0}; Pthread_mutex_lock(mutex); Pthread_cond_timedwait(&cond, mutex, &past);)
CASE(once_fails, pthread_once_t once = PTHREAD_ONCE_INIT; forced = 1; Pthread_once(&once, nothing_once);)
CASE(key_create_full, pthread_key_t key; for (;;) Pthread_key_create(&key, NULL);)
CASE(setspecific_bad, Pthread_setspecific((pthread_key_t)-1, bytes);)

/* A message without the text of an errno value. */
#define NO_ERRNO -1

/* A call, what it must write to stderr and, if err is not NO_ERRNO, the error whose text follows ": ". */
struct ending {
    const char *name;
    void (*call)(void);
    const char *text;
    int err;
};

/* Each call writes its message to stderr alone, after what stdout held, and ends the program with status 1. */
static int run_endings(const struct ending *endings, size_t count) {
    char out[256], err[8192], expected[8192];
    int wrong = 0;
    size_t i;
    for (i = 0; i < count; i++) {
        const struct ending *e = &endings[i];
        int status = run_apart(e->call, out, sizeof out, err, sizeof err);
        if (e->err == NO_ERRNO)
            snprintf(expected, sizeof expected, "%s\n", e->text);
        else
            snprintf(expected, sizeof expected, "%s: %s\n", e->text, strerror(e->err));
        if (WIFEXITED(status) && WEXITSTATUS(status) == 1 && strcmp(out, "before") == 0 && strcmp(err, expected) == 0)
            continue;
        fprintf(stderr, "FAIL %s: status %#x, stdout \"%s\", stderr \"%s\", expected \"%s\"\n", e->name,
                (unsigned)status, out, err, expected);
        wrong++;
    }
    return wrong;
}

int main(void) {
    const struct ending endings[] = {
        {"Socket", no_family, "socket error", EAFNOSUPPORT},
        {"Socketpair", socketpair_no_family, "socketpair error", EAFNOSUPPORT},
        {"Bind", bind_bad, "bind error", EBADF},
        {"Connect", connect_bad, "connect error", EBADF},
        {"Listen", listen_bad, "listen error", EBADF},
        {"Accept", accept_bad, "accept error", EBADF},
        {"Accept goes on", accept_goes_on, "accept error", EMFILE},
        {"Accept and a signal", accept_signal, "accept error", EINTR},
        {"Getpeername", getpeername_bad, "getpeername error", EBADF},
        {"Getsockname", getsockname_bad, "getsockname error", EBADF},
        {"Getsockopt", getsockopt_bad, "getsockopt error", EBADF},
        {"Setsockopt", setsockopt_bad, "setsockopt error", EBADF},
        {"Shutdown", shutdown_bad, "shutdown error", EBADF},
        {"Sockatmark", sockatmark_bad, "sockatmark error", EBADF},
        {"Recv", recv_bad, "recv error", EBADF},
        {"Recvfrom", recvfrom_bad, "recvfrom error", EBADF},
        {"Recvmsg", recvmsg_bad, "recvmsg error", EBADF},
        {"Send", send_bad, "send error", EBADF},
        {"Send short", send_short, "send error", ENOBUFS},
        {"Sendto", sendto_bad, "sendto error", EBADF},
        {"Sendto short", sendto_short, "sendto error", ENOBUFS},
        {"Sendmsg", sendmsg_bad, "sendmsg error", EBADF},
        {"Sendmsg short", sendmsg_short, "sendmsg error", ENOBUFS},
        {"Select", select_bad, "select error", EINVAL},
        {"Select and a signal", select_signal, "select error", EINTR},
        {"Poll", poll_bad, "poll error", EINVAL},
        {"Poll and a signal", poll_signal, "poll error", EINTR},
        {"Close", close_bad, "close error", EBADF},
        {"Dup2", dup2_bad, "dup2 error", EBADF},
        {"Pipe", pipe_full, "pipe error", EMFILE},
        {"Open", open_none, "open error for /no/such file", ENOENT},
        {"Unlink", unlink_none, "unlink error for /no/such file", ENOENT},
        {"Mkstemp", mkstemp_bad, "mkstemp error", NO_ERRNO},
        {"Read", read_bad, "read error", EBADF},
        {"Write", write_bad, "write error", EBADF},
        {"Write short", write_short, "write error", ENOBUFS},
        {"Fcntl", fcntl_bad, "fcntl error", EBADF},
        {"Ioctl", ioctl_bad, "ioctl error", EBADF},
        {"Fork", fork_fails, "fork error", EAGAIN},
        {"Wait", wait_none, "wait error", ECHILD},
        {"Waitpid", waitpid_none, "waitpid error", ECHILD},
        {"Gettimeofday", gettimeofday_fails, "gettimeofday error", EFAULT},
        {"Sysconf", sysconf_bad, "sysconf error", EINVAL},
        {"Sysconf without a limit", sysconf_no_limit, "sysconf error", 0},
        {"Malloc", malloc_fails, "malloc error", ENOMEM},
        {"Calloc", calloc_fails, "calloc error", ENOMEM},
        {"Strdup", strdup_fails, "strdup error", ENOMEM},
        {"Mmap", mmap_bad, "mmap error", EINVAL},
        {"Fopen", fopen_none, "fopen error", ENOENT},
        {"Fdopen", fdopen_bad, "fdopen error", EBADF},
        {"Fclose", fclose_full, "fclose error", ENOSPC},
        {"Fgets", fgets_folder, "fgets error", EISDIR},
        {"Fputs", fputs_to_input, "fputs error", EBADF},
        {"Signal", signal_bad, "signal error", EINVAL},
        {"Signal_intr", signal_intr_bad, "signal_intr error", EINVAL},
        {"Sigemptyset", sigemptyset_fails, "sigemptyset error", EINVAL},
        {"Sigfillset", sigfillset_fails, "sigfillset error", EINVAL},
        {"Sigaddset", sigaddset_bad, "sigaddset error", EINVAL},
        {"Sigdelset", sigdelset_bad, "sigdelset error", EINVAL},
        {"Sigismember", sigismember_bad, "sigismember error", EINVAL},
        {"Sigpending", sigpending_fails, "sigpending error", EFAULT},
        {"Sigprocmask", sigprocmask_bad, "sigprocmask error", EINVAL},
        {"Readn", readn_bad, "readn error", EBADF},
        {"Writen", writen_bad, "writen error", EBADF},
        {"Writen short", writen_short, "writen error", EAGAIN},
        {"Readline", readline_bad, "readline error", EBADF},
        {"Inet_pton", pton_family, "inet_pton error for 1.2.3.4", EAFNOSUPPORT},
        {"Inet_pton no address", pton_text, "inet_pton error for 1.2.3.x", NO_ERRNO},
        {"Inet_ntop NULL", ntop_null, "NULL 3rd argument to inet_ntop", NO_ERRNO},
        {"Inet_ntop", ntop_family, "inet_ntop error", EAFNOSUPPORT},
        {"Inet_ntop small", ntop_small, "inet_ntop error", ENOSPC},
        {"If_nametoindex", nametoindex_none, "if_nametoindex error for none such", NO_ERRNO},
        {"If_indextoname", indextoname_none, "if_indextoname error for 2000000000", NO_ERRNO},
        {"If_nameindex", nameindex_fails, "if_nameindex error", ENOBUFS},
        {"Sock_bind_wild family", sock_bind_wild_family, "sock_bind_wild error", EAFNOSUPPORT},
        {"Sock_bind_wild", sock_bind_wild_bad, "sock_bind_wild error", EBADF},
        {"Sockfd_to_family", sockfd_to_family_bad, "sockfd_to_family error", EBADF},
        {"Family_to_level", family_to_level_other, "family_to_level error", EAFNOSUPPORT},
        {"Connect_timeo", connect_timeo_bad, "connect_timeo error", EBADF},
        {"Readable_timeo", readable_timeo_bad, "readable_timeo error", EBADF},
        {"Readable_timeo closed", readable_timeo_closed, "readable_timeo error", EBADF},
        {"Readable_timeo negative", readable_timeo_negative, "readable_timeo error", EINVAL},
        {"Readable_timeo and a signal", readable_timeo_signal, "readable_timeo error", EINTR},
        {"Writable_timeo", writable_timeo_bad, "writable_timeo error", EBADF},
        {"Read_fd", read_fd_bad, "read_fd error", EBADF},
        {"Write_fd", write_fd_bad, "write_fd error", EBADF},
        {"Mcast_join", mcast_join_bad, "mcast_join error", EBADF},
        {"Mcast_join name", mcast_join_name, "mcast_join error", ENXIO},
        {"Mcast_leave", mcast_leave_bad, "mcast_leave error", EBADF},
        {"Mcast_join_source_group", mcast_join_source_bad, "mcast_join_source_group error", EBADF},
        {"Mcast_join_source_group name", mcast_join_source_name, "mcast_join_source_group error", ENXIO},
        {"Mcast_leave_source_group", mcast_leave_source_bad, "mcast_leave_source_group error", EBADF},
        {"Mcast_block_source", mcast_block_bad, "mcast_block_source error", EBADF},
        {"Mcast_unblock_source", mcast_unblock_bad, "mcast_unblock_source error", EBADF},
        {"Mcast_set_if", mcast_set_if_bad, "mcast_set_if error", EBADF},
        {"Mcast_set_loop", mcast_set_loop_bad, "mcast_set_loop error", EBADF},
        {"Mcast_set_ttl", mcast_set_ttl_bad, "mcast_set_ttl error", EBADF},
        {"Mcast_set_ttl family", mcast_set_ttl_family, "mcast_set_ttl error", EAFNOSUPPORT},
        {"Mcast_get_if", mcast_get_if_bad, "mcast_get_if error", EBADF},
        {"Mcast_get_if IPv4", mcast_get_if_v4, "mcast_get_if error", EAFNOSUPPORT},
        {"Mcast_get_loop", mcast_get_loop_bad, "mcast_get_loop error", EBADF},
        {"Mcast_get_ttl", mcast_get_ttl_bad, "mcast_get_ttl error", EBADF},
        {"read_fd level", foreign_level, "control level != SOL_SOCKET", NO_ERRNO},
        {"read_fd type", foreign_type, "control type != SCM_RIGHTS", NO_ERRNO},
        {"Pthread_create", create_fails, "pthread_create error", EAGAIN},
        {"Pthread_join", join_self, "pthread_join error", EDEADLK},
        {"Pthread_detach", detach_fails, "pthread_detach error", ESRCH},
        {"Pthread_kill", kill_bad, "pthread_kill error", EINVAL},
        {"Pthread_mutexattr_init", mutexattr_init_fails, "pthread_mutexattr_init error", ENOMEM},
        {"Pthread_mutexattr_setpshared", setpshared_bad, "pthread_mutexattr_setpshared error", EINVAL},
        {"Pthread_mutex_init", mutex_init_fails, "pthread_mutex_init error", EAGAIN},
        {"Pthread_mutex_lock", mutex_lock_twice, "pthread_mutex_lock error", EDEADLK},
        {"Pthread_mutex_unlock", mutex_unlock_free, "pthread_mutex_unlock error", EPERM},
        {"Pthread_cond_broadcast", cond_broadcast_fails, "pthread_cond_broadcast error", EINVAL},
        {"Pthread_cond_signal", cond_signal_fails, "pthread_cond_signal error", EINVAL},
        {"Pthread_cond_wait", cond_wait_fails, "pthread_cond_wait error", EPERM},
        {"Pthread_cond_timedwait", cond_timedwait_late, "pthread_cond_timedwait error", ETIMEDOUT},
        {"Pthread_once", once_fails, "pthread_once error", EINVAL},
        {"Pthread_key_create", key_create_full, "pthread_key_create error", EAGAIN},
        {"Pthread_setspecific", setspecific_bad, "pthread_setspecific error", EINVAL},
    };
    /* The resolver's failures: the text of gai_strerror(3) follows. */
    const struct {
        const char *name;
        void (*call)(void);
        const char *text;
        int gai;
    } resolver[] = {
        {"tcp_connect", tcp_connect_name, "tcp_connect error for 127.0.0.1, " NO_SERVICE, EAI_SERVICE},
        {"Tcp_connect", Tcp_connect_name, "tcp_connect error for 127.0.0.1, " NO_SERVICE, EAI_SERVICE},
        {"tcp_connect NULL", tcp_connect_null, "tcp_connect error for (null), (null)", EAI_NONAME},
        {"tcp_listen", tcp_listen_name, "tcp_listen error for 127.0.0.1, " NO_SERVICE, EAI_SERVICE},
        {"Tcp_listen", Tcp_listen_name, "tcp_listen error for (null), " NO_SERVICE, EAI_SERVICE},
        {"udp_client", udp_client_name, "udp_client error for 127.0.0.1, " NO_SERVICE, EAI_SERVICE},
        {"Udp_client", Udp_client_name, "udp_client error for 127.0.0.1, " NO_SERVICE, EAI_SERVICE},
        {"udp_connect", udp_connect_name, "udp_connect error for 127.0.0.1, " NO_SERVICE, EAI_SERVICE},
        {"Udp_connect", Udp_connect_name, "udp_connect error for 127.0.0.1, " NO_SERVICE, EAI_SERVICE},
        {"udp_server", udp_server_name, "udp_server error for 127.0.0.1, " NO_SERVICE, EAI_SERVICE},
        {"Udp_server", Udp_server_name, "udp_server error for (null), " NO_SERVICE, EAI_SERVICE},
        {"Host_serv", host_serv_name, "host_serv error for 127.0.0.1, " NO_SERVICE, EAI_SERVICE},
        {"Host_serv NULL", host_serv_null, "host_serv error for (no hostname), (no service name)", EAI_NONAME},
    };
    /* Those of system calls for a port that is taken, or that has no listener. */
    const struct {
        const char *name;
        void (*call)(void);
        int type;
        const char *text;
        int err;
    } ports[] = {
        {"tcp_connect refused", tcp_connect_refused, SOCK_STREAM, "tcp_connect error for 127.0.0.1, %s", ECONNREFUSED},
        {"tcp_listen taken", tcp_listen_taken, SOCK_STREAM, "tcp_listen error for 127.0.0.1, %s", EADDRINUSE},
        {"tcp_listen elsewhere", tcp_listen_elsewhere, SOCK_STREAM, "tcp_listen error for 192.0.2.1, 0", EADDRNOTAVAIL},
        {"udp_client full", udp_client_full, SOCK_DGRAM, "udp_client error for 127.0.0.1, 9", EMFILE},
        {"udp_connect full", udp_connect_full, SOCK_DGRAM, "udp_connect error for 127.0.0.1, 9", EMFILE},
        {"udp_server taken", udp_server_taken, SOCK_DGRAM, "udp_server error for 127.0.0.1, %s", EADDRINUSE},
    };
    int wrong;
    size_t i;
    CHECK_BOUND(55);
    unsetenv("LISTENQ");
    wrong = run_endings(endings, sizeof endings / sizeof *endings);
    for (i = 0; i < sizeof resolver / sizeof *resolver; i++) {
        struct ending one = {resolver[i].name, resolver[i].call, gai_text(resolver[i].text, resolver[i].gai), NO_ERRNO};
        wrong += run_endings(&one, 1);
    }
    for (i = 0; i < sizeof ports / sizeof *ports; i++) {
        struct ending one = {ports[i].name, ports[i].call, text_for, ports[i].err};
        dead = dead_port(ports[i].type);
        if (strstr(ports[i].text, "%s") != NULL)
            snprintf(text_for, sizeof text_for, "%.*s%s", (int)strlen(ports[i].text) - 2, ports[i].text, dead);
        else
            snprintf(text_for, sizeof text_for, "%s", ports[i].text);
        wrong += run_endings(&one, 1);
    }
    printf("%zu endings, %d wrong\n",
           sizeof endings / sizeof *endings + sizeof resolver / sizeof *resolver + sizeof ports / sizeof *ports, wrong);
    return wrong != 0;
}
