/* example.h - the scraps that the programs share: arguments, addresses as text, signals, a connection, the way out. */
#ifndef EXAMPLE_H
#define EXAMPLE_H

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sockutil.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A call has failed without which the program cannot go on. */
static inline _Noreturn void die(const char *call) {
    perror(call);
    exit(1);
}

/* The name of an errno value that these programs meet on purpose; of others the text. */
static inline const char *errno_name(int e) {
    static const struct {
        int e;
        const char *name;
    } NAMES[] = {{0, "0"},
                 {EACCES, "EACCES"},
                 {EADDRINUSE, "EADDRINUSE"},
                 {EADDRNOTAVAIL, "EADDRNOTAVAIL"},
                 {EAGAIN, "EAGAIN"},
                 {EBADF, "EBADF"},
                 {ECONNREFUSED, "ECONNREFUSED"},
                 {ECONNRESET, "ECONNRESET"},
                 {EINPROGRESS, "EINPROGRESS"},
                 {ENOSPC, "ENOSPC"},
                 {ENOTSOCK, "ENOTSOCK"},
                 {EPIPE, "EPIPE"},
                 {ETIMEDOUT, "ETIMEDOUT"}};
    for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++)
        if (NAMES[i].e == e)
            return NAMES[i].name;
    return strerror(e);
}

/* Nothing can be done about a close that fails: the descriptor is gone all the same. But it can be told. */
static inline void close_socket(int fd) {
    if (close(fd) < 0)
        perror("close");
}

/* The caller's mistake, told from a failure by its exit status. */
static inline _Noreturn void bad_argument(const char *problem, const char *text) {
    fprintf(stderr, "%s: %s\n", problem, text);
    exit(2);
}

/* The next option of argv that is among known, or -1. Takes care of -h, whose answer was asked for and so goes to
 * stdout, and of an unknown option, about which getopt has said its line. */
static inline int next_option(int argc, char *argv[], const char *known, const char *help) {
    int option = getopt(argc, argv, known);
    if (option == 'h')
        exit(fputs(help, stdout) >= 0 && fflush(stdout) == 0 ? 0 : 1);
    if (option == '?')
        exit(2);
    return option;
}

/* A port from its text. strtol alone would also take " +80", "080" and "80x". */
static inline uint16_t port_argument(const char *text) {
    size_t digits = strspn(text, "0123456789");
    long port = digits > 0 && digits <= 5 && text[digits] == '\0' ? strtol(text, NULL, 10) : -1;
    if (port < 0 || port > 65535 || (text[0] == '0' && digits > 1))
        bad_argument("not a port, 0 to 65535", text);
    return (uint16_t)port;
}

/* An IPv4 address from the texts of its two parts. */
static inline struct sockaddr_in address_arguments(const char *ip, const char *port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = sockutil_htons(port_argument(port))};
    if (sockutil_pton(AF_INET, ip, &address.sin_addr) != 1)
        bad_argument("not an IPv4 address", ip);
    return address;
}

/* Memory of n bytes. The caller frees it. */
static inline char *memory(size_t n) {
    char *start = malloc(n);
    if (start == NULL)
        die("malloc");
    return start;
}

/* Words joined by blanks into one line of *n bytes. The caller frees it. */
static inline char *join_words(char *words[], size_t *n) {
    *n = 0;
    for (char **word = words; *word != NULL; word++)
        *n += strlen(*word) + 1;
    char *line = memory(*n), *end = line;
    for (; *words != NULL; words++) {
        end = stpcpy(end, *words);
        *end++ = words[1] != NULL ? ' ' : '\n';
    }
    return line;
}

/* An address as text, for people: "192.168.1.100:6666", "[::1]:6666". */
struct address_text {
    char s[128];
};

static inline struct address_text endpoint_text(const sockutil_addr *address) {
    struct address_text text;
    if (sockutil_addr_format(address, text.s, sizeof(text.s)) < 0)
        die("addr_format");
    return text;
}

static inline struct address_text address_text(const struct sockaddr_in *address) {
    sockutil_addr a = {.len = sizeof(*address)};
    memcpy(&a.ss, address, sizeof(*address));
    return endpoint_text(&a);
}

/* A call that took ip and port has failed. What the resolver refused (gai is not 0) was a bad argument. */
static inline _Noreturn void endpoint_failed(const char *call, const char *ip, const char *port, int gai) {
    if (gai == 0)
        die(call);
    fprintf(stderr, "not an address and a port: %s %s\n", ip, port);
    exit(2);
}

/* The local address of a socket. */
static inline sockutil_addr local_address(int fd) {
    sockutil_addr local;
    if (sockutil_addr_local(fd, &local) < 0)
        die("getsockname");
    return local;
}

/* Says where a server listens: with port 0, nobody else knows. Each line leaves at once, into a pipe as well. */
static inline void announce(int listenfd) {
    sockutil_addr local = local_address(listenfd);
    if (setvbuf(stdout, NULL, _IOLBF, 0) != 0)
        die("setvbuf");
    printf("listening on %s\n", endpoint_text(&local).s);
}

/* Install a signal handler. Unlike signal(2), sigaction(2) means the same everywhere. */
static inline void on_signal(int signo, void (*handler)(int), unsigned flags) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = (int)flags};
    if (sigemptyset(&action.sa_mask) < 0 || sigaction(signo, &action, NULL) < 0)
        die("sigaction");
}

/* Ctrl-C or SIGTERM sets stopped and shuts down the socket that the program waits on: the flag alone would be missed
 * by an accept just about to wait. For programs of one process; echo_server.c shows what children change. */
static volatile sig_atomic_t stopped, awaited;

static inline void on_stop(int signo) {
    int saved = errno;
    (void)signo;
    stopped = 1;
    (void)shutdown(awaited, SHUT_RDWR);
    errno = saved;
}

static inline void stop_on_signals(int fd) {
    awaited = fd;
    on_signal(SIGINT, on_stop, SA_RESTART);
    on_signal(SIGTERM, on_stop, SA_RESTART);
}

/* The two ends of a TCP connection of our own, over loopback. */
struct tcp_pair {
    int client, server;
    sockutil_addr client_address, server_address;
};

static inline struct tcp_pair tcp_pair(void) {
    struct tcp_pair pair;
    int gai, listenfd = sockutil_tcp_listen("127.0.0.1", "0", 1, SOCKUTIL_NUMERIC, &gai);
    if (listenfd < 0)
        die("listen");
    pair.server_address = local_address(listenfd);
    pair.client = socket(AF_INET, SOCK_STREAM, 0);
    if (pair.client < 0 || sockutil_connect(pair.client, &pair.server_address, SOCKUTIL_FOREVER) < 0)
        die("connect");
    pair.server = sockutil_accept(listenfd, &pair.client_address, 0, SOCKUTIL_FOREVER);
    if (pair.server < 0)
        die("accept");
    close_socket(listenfd);
    return pair;
}

/* The name of the state that the kernel has the connection in, from local to peer, with or without a descriptor. What
 * travels takes a moment: two seconds are left to it to come to the state that is expected. */
static inline const char *state_when(const sockutil_addr *local, const sockutil_addr *peer, int expected) {
    int64_t end = sockutil_now_ms() + 2000;
    int state = sockutil_tcp_state_between(local, peer);
    while (state >= 0 && state != expected && sockutil_ms_left(end) > 0) {
        (void)poll(NULL, 0, 1);
        state = sockutil_tcp_state_between(local, peer);
    }
    if (state < 0)
        die("tcp_state_between");
    return sockutil_tcp_state_name(state);
}

#endif
