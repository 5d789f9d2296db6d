/* example.h - what the programs share: arguments, addresses as text, a server's start and stop, the way out. */
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

/* ---- The way out ---- */

/* A call has failed, and the program cannot go on. */
static inline _Noreturn void die(const char *call) {
    perror(call);
    exit(1);
}

/* A close that fails closes the descriptor all the same: report it, and go on. */
static inline void close_socket(int fd) {
    if (close(fd) < 0)
        perror("close");
}

/* ---- Arguments ---- */

/* Exit status 2 is the caller's mistake, 1 is a failure. */
static inline _Noreturn void bad_argument(const char *problem, const char *text) {
    fprintf(stderr, "%s: %s\n", problem, text);
    exit(2);
}

/* The next option in argv, one of those in known; -1: there are no more. For -h it prints help and exits. getopt itself
 * reports an unknown option. */
static inline int next_option(int argc, char *argv[], const char *known, const char *help) {
    int option = getopt(argc, argv, known);
    if (option == 'h')
        exit(fputs(help, stdout) >= 0 && fflush(stdout) == 0 ? 0 : 1);
    if (option == '?')
        exit(2);
    return option;
}

/* The next argument after the options, or a default. */
static inline const char *next_argument(char *argv[], const char *fallback) {
    return argv[optind] != NULL ? argv[optind++] : fallback;
}

static inline void no_more_arguments(char *argv[]) {
    if (argv[optind] != NULL)
        bad_argument("too many arguments", argv[optind]);
}

/* The remaining arguments as one line, with blanks between the words. The caller frees it. */
static inline char *joined_arguments(char *argv[]) {
    size_t n = 1;
    for (char **word = argv + optind; *word != NULL; word++)
        n += strlen(*word) + 1;
    char *line = malloc(n), *end = line;
    if (line == NULL)
        die("malloc");
    for (char **word = argv + optind; *word != NULL; word++)
        end = stpcpy(stpcpy(end, *word), word[1] != NULL ? " " : "\n");
    return line;
}

/* An IPv4 address and a port from their texts. strtol alone would also accept the ports " +80", "080" and "80x". */
static inline struct sockaddr_in address_from(const char *ip, const char *port) {
    size_t digits = strspn(port, "0123456789");
    long number = strtol(port, NULL, 10);
    if (digits == 0 || digits > 5 || port[digits] != '\0' || (port[0] == '0' && digits > 1) || number > 65535)
        bad_argument("not a port, 0 to 65535", port);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = sockutil_htons((uint16_t)number)};
    if (sockutil_pton(AF_INET, ip, &address.sin_addr) != 1)
        bad_argument("not an IPv4 address", ip);
    return address;
}

/* A call with ip and port has failed. If the resolver refused them, gai is not 0. */
static inline _Noreturn void endpoint_failed(const char *call, const char *ip, const char *port, int gai) {
    if (gai == 0)
        die(call);
    fprintf(stderr, "not an address and a port: %s %s\n", ip, port);
    exit(2);
}

/* ---- Addresses as text: "192.168.1.100:6666", "[::1]:6666" ---- */

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

static inline sockutil_addr local_address(int fd) {
    sockutil_addr local;
    if (sockutil_addr_local(fd, &local) < 0)
        die("getsockname");
    return local;
}

/* ---- Start and stop ---- */

/* Each line of output appears at once, also in a pipe. */
static inline void line_buffer_stdout(void) {
    if (setvbuf(stdout, NULL, _IOLBF, 0) != 0)
        die("setvbuf");
}

/* Prints where a server listens: with port 0 the kernel has chosen the port. */
static inline void announce(int listenfd) {
    sockutil_addr local = local_address(listenfd);
    line_buffer_stdout();
    printf("listening on %s\n", endpoint_text(&local).s);
}

/* Install a signal handler. Unlike signal(2), sigaction(2) means the same everywhere. */
static inline void on_signal(int signo, void (*handler)(int), unsigned flags) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = (int)flags};
    if (sigemptyset(&action.sa_mask) < 0 || sigaction(signo, &action, NULL) < 0)
        die("sigaction");
}

/* Ctrl-C or SIGTERM sets stopped, and shuts down awaited: the socket that the program waits for. The flag alone is not
 * enough: an accept that begins just after the program has looked at it would wait all the same. */
static volatile sig_atomic_t stopped, awaited;

static inline void on_stop(int signo) {
    int saved = errno;
    (void)signo;
    stopped = 1;
    (void)shutdown((int)awaited, SHUT_RDWR); /* sig_atomic_t may be a long */
    errno = saved;
}

static inline void stop_on_signals(int fd) {
    awaited = fd;
    on_signal(SIGINT, on_stop, SA_RESTART);
    on_signal(SIGTERM, on_stop, SA_RESTART);
}

#endif
