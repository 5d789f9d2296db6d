/* example.h - the scraps that the example programs share: arguments, addresses as text, signals, the way out. */
#ifndef EXAMPLE_H
#define EXAMPLE_H

#include <errno.h>
#include <netinet/in.h>
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

/* An address as text, for people: "192.168.1.100:6666". */
struct address_text {
    char s[INET_ADDRSTRLEN + sizeof(":65535")];
};

static inline struct address_text address_text(const struct sockaddr_in *address) {
    struct address_text text;
    char ip[INET_ADDRSTRLEN];
    if (sockutil_ntop(AF_INET, &address->sin_addr, ip, sizeof(ip)) == NULL)
        die("ntop");
    snprintf(text.s, sizeof(text.s), "%s:%d", ip, sockutil_ntohs(address->sin_port));
    return text;
}

/* Install a signal handler. Unlike signal(2), sigaction(2) means the same everywhere. */
static inline void on_signal(int signo, void (*handler)(int), unsigned flags) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = (int)flags};
    if (sigemptyset(&action.sa_mask) < 0 || sigaction(signo, &action, NULL) < 0)
        die("sigaction");
}

#endif
