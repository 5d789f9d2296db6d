/* wrappers.c - each wrapper of a system call at work: it returns what the call returns. */
#include "unp.h"

#include "check.h"

#include <sys/mman.h>

static volatile sig_atomic_t signals;
static void count(int signo) {
    (void)signo;
    signals++;
}

static struct sockaddr_in loopback(void) {
    struct sockaddr_in sin;
    memset(&sin, 0, sizeof sin);
    sin.sin_family = AF_INET;
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return sin;
}

/* Both ends of a TCP connection, by the wrappers. */
static void connection(int *client, int *server) {
    struct sockaddr_in at = loopback(), peer, local;
    socklen_t len = sizeof at;
    int listener = Socket(AF_INET, SOCK_STREAM, 0);
    int on = 1, type = 0;
    Setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    Bind(listener, (SA *)&at, sizeof at);
    Listen(listener, LISTENQ);
    Getsockname(listener, (SA *)&at, &len);
    CHECK(at.sin_port != 0);
    *client = Socket(AF_INET, SOCK_STREAM, 0);
    Connect(*client, (SA *)&at, sizeof at);
    len = sizeof peer;
    *server = Accept(listener, (SA *)&peer, &len);
    len = sizeof local;
    Getsockname(*client, (SA *)&local, &len);
    CHECK(peer.sin_port == local.sin_port);
    len = sizeof peer;
    Getpeername(*client, (SA *)&peer, &len);
    CHECK(peer.sin_port == at.sin_port);
    len = sizeof type;
    Getsockopt(*client, SOL_SOCKET, SO_TYPE, &type, &len);
    CHECK(type == SOCK_STREAM);
    Close(listener);
    CHECK(fcntl(listener, F_GETFD) == -1);
}

static void sockets(void) {
    char buf[64];
    struct iovec iov[2];
    struct msghdr msg;
    struct sockaddr_in at = loopback(), from;
    socklen_t len = sizeof at;
    fd_set readable;
    struct timeval none = {0, 0};
    struct pollfd one;
    int client, server, udp, other, pair[2];
    connection(&client, &server);
    Send(client, "send", 4, 0);
    CHECK(Recv(server, buf, 4, MSG_WAITALL) == 4 && memcmp(buf, "send", 4) == 0);
    Write(client, (char[]){"write"}, 5);
    CHECK(Read(server, buf, sizeof buf) == 5 && memcmp(buf, "write", 5) == 0);

    FD_ZERO(&readable);
    FD_SET(server, &readable);
    CHECK(Select(server + 1, &readable, NULL, NULL, &none) == 0);
    one.fd = server;
    one.events = POLLIN;
    CHECK(Poll(&one, 1, 0) == 0);
    memset(&msg, 0, sizeof msg);
    iov[0].iov_base = (char[]){"mes"};
    iov[0].iov_len = 3;
    iov[1].iov_base = (char[]){"sage"};
    iov[1].iov_len = 4;
    msg.msg_iov = iov;
    msg.msg_iovlen = 2;
    Sendmsg(client, &msg, 0);
    FD_SET(server, &readable);
    CHECK(Select(server + 1, &readable, NULL, NULL, NULL) == 1 && FD_ISSET(server, &readable));
    CHECK(Poll(&one, 1, INFTIM) == 1 && one.revents == POLLIN);
    iov[0].iov_base = buf;
    iov[0].iov_len = sizeof buf;
    msg.msg_iovlen = 1;
    CHECK(Recvmsg(server, &msg, 0) == 7 && memcmp(buf, "message", 7) == 0);

    Send(client, "!", 1, MSG_OOB);
    one.events = POLLPRI;
    CHECK(Poll(&one, 1, INFTIM) == 1);
    CHECK(Sockatmark(server) == 1);
    CHECK(Recv(server, buf, 1, MSG_OOB) == 1 && buf[0] == '!');
    Shutdown(client, SHUT_WR);
    CHECK(Recv(server, buf, 1, 0) == 0);
    CHECK(Sockatmark(client) == 0);

    udp = Socket(AF_INET, SOCK_DGRAM, 0);
    Bind(udp, (SA *)&at, sizeof at);
    Getsockname(udp, (SA *)&at, &len);
    other = Socket(AF_INET, SOCK_DGRAM, 0);
    Sendto(other, "sendto", 6, 0, (SA *)&at, sizeof at);
    len = sizeof from;
    CHECK(Recvfrom(udp, buf, sizeof buf, 0, (SA *)&from, &len) == 6 && from.sin_family == AF_INET);
    Sendto(other, "", 0, 0, (SA *)&at, sizeof at);
    CHECK(Recvfrom(udp, buf, sizeof buf, 0, NULL, NULL) == 0);

    Socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    Write(pair[0], (char[]){"x"}, 1);
    CHECK(Read(pair[1], buf, 1) == 1);
    /* The descriptors stay open in a program that is run, as the book's do. */
    CHECK(Fcntl(client, F_GETFD, 0) == 0 && Fcntl(server, F_GETFD, 0) == 0 && Fcntl(pair[0], F_GETFD, 0) == 0);
}

/* A backlog of 0 refuses a third client; the variable LISTENQ replaces it. */
static int clients_that_fit(int backlog) {
    struct sockaddr_in at = loopback();
    socklen_t len = sizeof at;
    int fits = 0;
    int listener = Socket(AF_INET, SOCK_STREAM, 0);
    Bind(listener, (SA *)&at, sizeof at);
    Listen(listener, backlog);
    Getsockname(listener, (SA *)&at, &len);
    for (; fits < 20; fits++) {
        int fd = Socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        struct pollfd one;
        one.fd = fd;
        one.events = POLLOUT;
        CHECK(connect(fd, (SA *)&at, sizeof at) == 0 || errno == EINPROGRESS);
        if (poll(&one, 1, 300) == 0)
            break;
    }
    return fits;
}

static void backlog(void) {
    int small, large;
    unsetenv("LISTENQ");
    small = clients_that_fit(1);
    setenv("LISTENQ", "12", 1);
    large = clients_that_fit(1);
    setenv("LISTENQ", "1", 1);
    CHECK(clients_that_fit(12) == small);
    unsetenv("LISTENQ");
    CHECK(small < 12 && large >= 12);
}

static void files(void) {
    char name[] = "/tmp/sockutil-unp-XXXXXX", line[16];
    struct stat status;
    FILE *fp;
    void *at;
    int n = 0, ends[2];
    int fd = Mkstemp(name);
    Write(fd, (char[]){"one\ntwo"}, 7);
    Close(fd);
    fd = Open(name, O_RDONLY, 0);
    CHECK(Ioctl(fd, FIONREAD, &n) == 0 && n == 7);
    at = Mmap(NULL, 7, PROT_READ, MAP_PRIVATE, fd, 0);
    CHECK(memcmp(at, "one\ntwo", 7) == 0);
    munmap(at, 7);
    fp = Fdopen(fd, "r");
    CHECK(Fgets(line, sizeof line, fp) == line && strcmp(line, "one\n") == 0);
    CHECK(Fgets(line, sizeof line, fp) == line && strcmp(line, "two") == 0);
    CHECK(Fgets(line, sizeof line, fp) == NULL);
    Fclose(fp);
    fp = Fopen(name, "w");
    Fputs("text", fp);
    Fclose(fp);
    CHECK(stat(name, &status) == 0 && status.st_size == 4);
    Unlink(name);
    CHECK(access(name, F_OK) == -1);
    umask(0);
    fd = Open(name, O_WRONLY | O_CREAT | O_EXCL, FILE_MODE);
    CHECK(fstat(fd, &status) == 0 && (status.st_mode & 0777) == 0644);
    CHECK(DIR_MODE == 0755);
    Unlink(name);
    Pipe(ends);
    Dup2(ends[1], fd);
    Write(fd, (char[]){"dup"}, 3);
    CHECK(Read(ends[0], line, sizeof line) == 3 && memcmp(line, "dup", 3) == 0);
    CHECK(Fcntl(fd, F_GETFL, 0) >= 0 && (Fcntl(fd, F_GETFL, 0) & O_ACCMODE) == O_WRONLY);
}

static void processes(void) {
    int status;
    struct timeval tv;
    time_t now = time(NULL);
    pid_t pid = Fork();
    if (pid == 0)
        _exit(3);
    CHECK(Waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 3);
    if ((pid = Fork()) == 0)
        _exit(4);
    CHECK(Wait(&status) == pid && WEXITSTATUS(status) == 4);
    Gettimeofday(&tv, NULL);
    CHECK(tv.tv_sec >= now && tv.tv_sec < now + 100);
    CHECK(Sysconf(_SC_OPEN_MAX) > 3);
}

static void memory(void) {
    char *text = Strdup("text");
    int *zeros = Calloc(100, sizeof *zeros);
    CHECK(strcmp(text, "text") == 0 && zeros[0] == 0 && zeros[99] == 0);
    free(zeros);
    free(text);
    text = Malloc(10);
    memset(text, 1, 10);
    free(text);
}

static void signal_sets(void) {
    sigset_t set, before, pending;
    Sigfillset(&set);
    CHECK(Sigismember(&set, SIGUSR1) == 1);
    Sigdelset(&set, SIGUSR1);
    CHECK(Sigismember(&set, SIGUSR1) == 0 && Sigismember(&set, SIGUSR2) == 1);
    Sigemptyset(&set);
    CHECK(Sigismember(&set, SIGUSR2) == 0);
    Sigaddset(&set, SIGUSR1);
    Sigprocmask(SIG_BLOCK, &set, &before);
    Signal(SIGUSR1, count);
    raise(SIGUSR1);
    Sigpending(&pending);
    CHECK(signals == 0 && Sigismember(&pending, SIGUSR1) == 1);
    Sigprocmask(SIG_SETMASK, &before, NULL);
    CHECK(signals == 1);
}

/* Whether a read of an empty pipe goes on after the signal: the handler's first call writes nothing, its second does.
 */
static int writes_to;
static void write_later(int signo) {
    (void)signo;
    if (++signals == 2)
        (void)!write(writes_to, "x", 1);
}
static int restarts(int signo, int which) {
    const struct itimerval often = {{0, 20000}, {0, 20000}}, never = {{0, 0}, {0, 0}};
    char byte;
    int ends[2];
    ssize_t n;
    Pipe(ends);
    writes_to = ends[1];
    signals = 0;
    setitimer(which, &often, NULL);
    n = read(ends[0], &byte, 1);
    CHECK(n == 1 || errno == EINTR);
    setitimer(which, &never, NULL);
    (void)signo;
    return n == 1;
}

static void handlers(void) {
    struct sigaction action;
    sigset_t empty;
    /* A handler stays; what was there before is returned. */
    CHECK(signal(SIGUSR2, count) == SIG_DFL);
    signals = 0;
    raise(SIGUSR2);
    raise(SIGUSR2);
    CHECK(signals == 2);
    CHECK(Signal(SIGUSR2, SIG_IGN) == count);
    CHECK(signal_intr(SIGUSR2, count) == SIG_IGN);
    CHECK(Signal_intr(SIGUSR2, SIG_DFL) == count);
    CHECK(signal(9999, count) == SIG_ERR && signal_intr(9999, count) == SIG_ERR);

    signal(SIGUSR2, count);
    CHECK(sigaction(SIGUSR2, NULL, &action) == 0 && (action.sa_flags & SA_RESTART) != 0);
    sigemptyset(&empty);
    CHECK(sigismember(&action.sa_mask, SIGUSR1) == 0 && sigismember(&action.sa_mask, SIGUSR2) == 0);
    CHECK(signal_intr(SIGUSR2, count) == count);
    CHECK(sigaction(SIGUSR2, NULL, &action) == 0 && (action.sa_flags & SA_RESTART) == 0);
    signal(SIGALRM, write_later);
    CHECK(restarts(SIGALRM, ITIMER_REAL) == 0);
    CHECK(sigaction(SIGALRM, NULL, &action) == 0 && (action.sa_flags & SA_RESTART) == 0);
}

/* SIGUSR1 from a child, twice: a read by a handler of `signal` goes on, one by a handler of `signal_intr` does not. */
static int goes_on(Sigfunc *(*set)(int, Sigfunc *)) {
    char byte;
    int ends[2];
    ssize_t n;
    pid_t child, parent = getpid();
    Pipe(ends);
    writes_to = ends[1];
    signals = 0;
    set(SIGUSR1, write_later);
    if ((child = Fork()) == 0) {
        for (;;) {
            kill(parent, SIGUSR1);
            poll(NULL, 0, 20);
        }
    }
    n = read(ends[0], &byte, 1);
    CHECK(n == 1 || errno == EINTR);
    kill(child, SIGKILL);
    while (waitpid(child, NULL, 0) < 0)
        CHECK(errno == EINTR);
    return n == 1;
}

int main(void) {
    CHECK_BOUND(50);
    sockets();
    backlog();
    files();
    processes();
    memory();
    signal_sets();
    CHECK(goes_on(signal) == 1);
    CHECK(goes_on(Signal) == 1);
    CHECK(goes_on(signal_intr) == 0);
    handlers();
    return 0;
}
