/* A case for each function of rdwrn.h, read_line.h and inet_sockets.h. */
#include "inet_sockets.h"
#include "rdwrn.h"
#include "read_line.h"

#include "check.h"
#include "compat/cases.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>

static void pair(int ends[2]) {
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
}

static void put(int fd, const char *bytes) {
    CHECK(write(fd, bytes, strlen(bytes)) == (ssize_t)strlen(bytes));
}

/* A child that does not keep its parent's end open, and ends like that after a time. */
static int in_child(int fd_of_parent) {
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid > 0)
        return 0;
    CHECK_BOUND(20);
    CHECK(close(fd_of_parent) == 0);
    return 1;
}

static volatile sig_atomic_t caught;
static int ticks[2] = {-1, -1}; /* a byte for each signal that was caught, after expect_ticks */

static void catch (int signum) {
    int saved = errno;
    caught = signum;
    if (ticks[1] != -1 && write(ticks[1], "", 1) != 1)
        _exit(99);
    errno = saved;
}

/* Before fork: then the child can wait until its parent has caught some signals. */
static void expect_ticks(void) {
    CHECK(pipe(ticks) == 0);
}

static void await_ticks(void) {
    char some[3];
    size_t n;
    for (n = 0; n < sizeof some; n++)
        CHECK(read(ticks[0], some, 1) == 1);
}

/* SIGALRM every 10 ms, which restarts no call. */
static void tick(void) {
    struct itimerval often;
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = catch;
    CHECK(sigaction(SIGALRM, &action, NULL) == 0);
    often.it_value.tv_sec = 0;
    often.it_value.tv_usec = 10000;
    often.it_interval = often.it_value;
    CHECK(setitimer(ITIMER_REAL, &often, NULL) == 0);
}

/* ---- rdwrn.h ---- */

static void readn_works(void) {
    char buf[8];
    int ends[2];
    pair(ends);
    expect_ticks();
    if (in_child(ends[0])) {
        put(ends[1], "ab");
        await_ticks();
        put(ends[1], "cde");
        _exit(0);
    }
    CHECK(close(ends[1]) == 0);
    tick();
    CHECK(readn(ends[0], buf, 4) == 4 && memcmp(buf, "abcd", 4) == 0 && caught);
    CHECK(readn(ends[0], buf, 4) == 1 && buf[0] == 'e');
    CHECK(readn(ends[0], buf, 4) == 0);
    CHECK(readn(-1, buf, 4) == -1 && errno == EBADF);
}

static void writen_works(void) {
    enum { MUCH = 1 << 20 };
    static char sent[MUCH], got[MUCH];
    int ends[2], status = 1;
    size_t i;
    for (i = 0; i < MUCH; i++)
        sent[i] = (char)(i * 7 + i / 251);
    pair(ends);
    if (in_child(ends[1])) {
        CHECK(readn(ends[0], got, MUCH) == MUCH && memcmp(sent, got, MUCH) == 0);
        _exit(0);
    }
    CHECK(close(ends[0]) == 0);
    CHECK(writen(ends[1], sent, MUCH) == MUCH);
    CHECK(wait(&status) > 0 && status == 0);
    CHECK(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
    CHECK(writen(ends[1], sent, 1) == -1 && errno == EPIPE);
}

/* ---- read_line.h ---- */

static void readLine_works(void) {
    char buf[16] = "untouched";
    int ends[2];
    pair(ends);
    CHECK(readLine(ends[0], buf, 0) == -1 && errno == EINVAL);
    CHECK(readLine(ends[0], NULL, 8) == -1 && errno == EINVAL);
    CHECK(readLine(-1, buf, 8) == -1 && errno == EBADF && strcmp(buf, "untouched") == 0);
    put(ends[1], "one\r\n\nexactly\n12345678\n123456789\nnext\n");
    CHECK(readLine(ends[0], buf, 9) == 5 && strcmp(buf, "one\r\n") == 0);
    CHECK(readLine(ends[0], buf, 9) == 1 && strcmp(buf, "\n") == 0);
    CHECK(readLine(ends[0], buf, 9) == 8 && strcmp(buf, "exactly\n") == 0);
    /* What does not fit is thrown away: the newline alone, or more. */
    CHECK(readLine(ends[0], buf, 9) == 8 && strcmp(buf, "12345678") == 0);
    CHECK(readLine(ends[0], buf, 5) == 4 && strcmp(buf, "1234") == 0);
    CHECK(readLine(ends[0], buf, 9) == 5 && strcmp(buf, "next\n") == 0);
    /* Room for the NUL alone: the line is thrown away. */
    put(ends[1], "gone\nrest of it");
    CHECK(readLine(ends[0], buf, 1) == 0 && buf[0] == '\0');
    CHECK(close(ends[1]) == 0);
    CHECK(readLine(ends[0], buf, 5) == 4 && strcmp(buf, "rest") == 0);
    strcpy(buf, "untouched");
    CHECK(readLine(ends[0], buf, 5) == 0 && strcmp(buf, "untouched") == 0);
    CHECK(readLine(ends[0], buf, 1) == 0 && strcmp(buf, "untouched") == 0);
}

static void readLine_and_nul_works(void) {
    char buf[16];
    int ends[2];
    pair(ends);
    CHECK(write(ends[1], "a\0b\nc\0", 6) == 6);
    CHECK(readLine(ends[0], buf, sizeof buf) == 4 && memcmp(buf, "a\0b\n\0", 5) == 0);
    /* Nothing after the newline was taken. */
    CHECK(recv(ends[0], buf, sizeof buf, MSG_PEEK) == 2 && buf[0] == 'c');
    CHECK(close(ends[1]) == 0);
    CHECK(readLine(ends[0], buf, sizeof buf) == 2 && memcmp(buf, "c\0\0", 3) == 0);
}

/* Lines of many lengths, whole, and cut from a pipe. */
static void readLine_long_works(void) {
    static const size_t lengths[] = {1, 2046, 2047, 2048, 2049, 4094, 4095, 10000, 50000};
    static char line[60000], buf[60000];
    size_t i, cut;
    for (i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        size_t length = lengths[i];
        memset(line, 'x', length);
        line[length - 1] = '\n';
        for (cut = 0; cut < 2; cut++) {
            size_t room = cut ? 100 : sizeof buf;
            ssize_t expected = length < room ? (ssize_t)length : (ssize_t)room - 1;
            int ends[2];
            CHECK(cut ? pipe(ends) == 0 : socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
            CHECK(write(ends[1], line, length) == (ssize_t)length);
            put(ends[1], "next\n");
            CHECK(readLine(ends[0], buf, room) == expected);
            CHECK(memcmp(buf, line, (size_t)expected) == 0 && buf[expected] == '\0');
            CHECK(readLine(ends[0], buf, room) == 5 && strcmp(buf, "next\n") == 0);
            CHECK(close(ends[0]) == 0 && close(ends[1]) == 0);
        }
    }
}

static void readLine_waits_works(void) {
    struct timeval limit = {0, 50000};
    char buf[16];
    int ends[2];
    pair(ends);
    expect_ticks();
    if (in_child(ends[0])) {
        put(ends[1], "la");
        await_ticks();
        put(ends[1], "te\n");
        _exit(0);
    }
    tick();
    CHECK(readLine(ends[0], buf, sizeof buf) == 5 && strcmp(buf, "late\n") == 0 && caught);
    CHECK(setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0);
    CHECK(readLine(ends[0], buf, sizeof buf) == -1 && errno == EAGAIN);
    CHECK(fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0);
    put(ends[1], "half");
    memset(buf, 'x', sizeof buf);
    CHECK(readLine(ends[0], buf, sizeof buf) == -1 && errno == EAGAIN);
    /* The count is lost; the bytes are where they belong. */
    CHECK(memcmp(buf, "half", 4) == 0);
    put(ends[1], " line\n");
    CHECK(readLine(ends[0], buf, sizeof buf) == 6 && strcmp(buf, " line\n") == 0);
}

/* ---- inet_sockets.h ---- */

static int port_of(int fd) {
    struct sockaddr_in addr;
    socklen_t len = sizeof addr;
    CHECK(getsockname(fd, (struct sockaddr *)&addr, &len) == 0 && addr.sin_family == AF_INET);
    return ntohs(addr.sin_port);
}

static const char *service_of(int fd) {
    static char text[16];
    sprintf(text, "%d", port_of(fd));
    return text;
}

static int option(int fd, int name) {
    int value = -1;
    socklen_t len = sizeof value;
    CHECK(getsockopt(fd, SOL_SOCKET, name, &value, &len) == 0);
    return value;
}

static void check_plain(int fd) {
    CHECK(fd >= 0 && (fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0 && (fcntl(fd, F_GETFL) & O_NONBLOCK) == 0);
}

static void inetListen_works(void) {
    socklen_t addrlen = 0, len;
    struct sockaddr_in peer;
    int fd, client;
    errno = ENXIO;
    fd = inetListen("0", 5, &addrlen);
    check_plain(fd);
    CHECK(errno == ENXIO && addrlen == sizeof(struct sockaddr_in));
    CHECK(option(fd, SO_ACCEPTCONN) == 1 && option(fd, SO_REUSEADDR) == 1 && option(fd, SO_TYPE) == SOCK_STREAM);
    client = inetConnect(NULL, service_of(fd), SOCK_STREAM);
    check_plain(client);
    len = sizeof peer;
    CHECK(accept(fd, (struct sockaddr *)&peer, &len) >= 0);
    CHECK(len == addrlen && peer.sin_family == AF_INET && ntohl(peer.sin_addr.s_addr) == INADDR_LOOPBACK);
    /* Every number is a backlog for listen(2); NULL is allowed. */
    check_plain(inetListen("0", -1, NULL));
    check_plain(inetListen("0", 1000000, NULL));
    addrlen = 99;
    CHECK(inetListen(service_of(fd), 5, &addrlen) == -1 && errno == EADDRINUSE && addrlen == 99);
    errno = ENXIO;
    CHECK(inetListen("no such service", 5, &addrlen) == -1 && errno == ENXIO && addrlen == 99);
}

static void inetBind_works(void) {
    socklen_t addrlen = 0;
    char answer[8];
    int bound, client;
    errno = ENXIO;
    bound = inetBind("0", SOCK_DGRAM, &addrlen);
    check_plain(bound);
    CHECK(errno == ENXIO && addrlen == sizeof(struct sockaddr_in));
    CHECK(option(bound, SO_REUSEADDR) == 0 && option(bound, SO_TYPE) == SOCK_DGRAM);
    client = inetConnect("127.0.0.1", service_of(bound), SOCK_DGRAM);
    check_plain(client);
    CHECK(send(client, "ping", 4, 0) == 4 && recv(bound, answer, sizeof answer, 0) == 4);
    addrlen = 99;
    CHECK(inetBind(service_of(bound), SOCK_DGRAM, &addrlen) == -1 && errno == EADDRINUSE && addrlen == 99);
    /* A stream socket is bound, and does not listen. */
    bound = inetBind("0", SOCK_STREAM, NULL);
    check_plain(bound);
    CHECK(option(bound, SO_ACCEPTCONN) == 0 && option(bound, SO_TYPE) == SOCK_STREAM);
    CHECK(option(bound, SO_REUSEADDR) == 0 && port_of(bound) > 0);
    CHECK(inetConnect(NULL, service_of(bound), SOCK_STREAM) == -1 && errno == ECONNREFUSED);
    CHECK(listen(bound, 1) == 0);
    check_plain(inetConnect(NULL, service_of(bound), SOCK_STREAM));
    errno = ENXIO;
    CHECK(inetBind("no such service", SOCK_STREAM, &addrlen) == -1 && errno == ENXIO && addrlen == 99);
    errno = ENXIO;
    CHECK(inetBind("0", 12345, &addrlen) == -1 && errno == ENXIO);
}

static void inetConnect_works(void) {
    int listener = inetListen("0", 5, NULL);
    int bound = inetBind("0", SOCK_STREAM, NULL);
    check_plain(inetConnect("localhost", service_of(listener), SOCK_STREAM));
    check_plain(inetConnect(NULL, service_of(listener), SOCK_STREAM));
    CHECK(inetConnect("127.0.0.1", service_of(bound), SOCK_STREAM) == -1 && errno == ECONNREFUSED);
    CHECK(inetConnect("999.1.1.1", "80", SOCK_STREAM) == -1 && errno == ENOSYS);
    CHECK(inetConnect("999.1.1.1", "80", SOCK_DGRAM) == -1 && errno == ENOSYS);
    CHECK(inetConnect("127.0.0.1", "no such service", SOCK_STREAM) == -1 && errno == ENOSYS);
    CHECK(inetConnect("127.0.0.1", "80", 12345) == -1 && errno == ENOSYS);
}

static void inetAddressStr_works(void) {
    struct sockaddr_in addr;
    struct sockaddr_un nameless;
    char str[IS_ADDR_STR_LEN], expected[2048], host[1025];
    CHECK(IS_ADDR_STR_LEN == 4096);
    memset(&addr, 0, sizeof addr);
    addr.sin_family = AF_INET;
    addr.sin_port = htons(80);
    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    /* The name is what the resolver of this machine finds, the port a number. */
    CHECK(getnameinfo((struct sockaddr *)&addr, sizeof addr, host, sizeof host, NULL, 0, 0) == 0);
    sprintf(expected, "(%s, 80)", host);
    CHECK(inetAddressStr((struct sockaddr *)&addr, sizeof addr, str, IS_ADDR_STR_LEN) == str);
    CHECK(strcmp(str, expected) == 0);
    /* Cut to the room. */
    memset(str, 'x', sizeof str);
    inetAddressStr((struct sockaddr *)&addr, sizeof addr, str, 5);
    CHECK(strlen(str) == 4 && memcmp(str, expected, 4) == 0 && str[5] == 'x');
    inetAddressStr((struct sockaddr *)&addr, sizeof addr, str, 0);
    CHECK(memcmp(str, expected, 4) == 0);
    memset(&nameless, 0, sizeof nameless);
    nameless.sun_family = AF_UNSPEC;
    inetAddressStr((struct sockaddr *)&nameless, sizeof nameless, str, IS_ADDR_STR_LEN);
    CHECK(strcmp(str, "(?UNKNOWN?)") == 0);
}

static const struct a_case cases[] = {
    {"readn", readn_works, NULL},
    {"writen", writen_works, NULL},
    {"readLine", readLine_works, NULL},
    {"readLine_and_nul", readLine_and_nul_works, NULL},
    {"readLine_long", readLine_long_works, NULL},
    {"readLine_waits", readLine_waits_works, NULL},
    {"inetConnect", inetConnect_works, NULL},
    {"inetListen", inetListen_works, NULL},
    {"inetBind", inetBind_works, NULL},
    {"inetAddressStr", inetAddressStr_works, NULL},
    {NULL, NULL, NULL},
};

int main(int argc, char **argv) {
    return run_case(cases, argc, argv);
}
