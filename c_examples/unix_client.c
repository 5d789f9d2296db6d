/* unix_client.c - sends its arguments, or the lines of stdin, over a Unix socket and prints the answers. */
#include "example.h"

static const char HELP[] = "usage: unix_client [-h] [path] [text...]\n"
                           "Sends text as one line, or else each line of stdin, and prints the answer.\n"
                           "path: the server's socket, default echo.sock; or an abstract name: @name (Linux)\n"
                           "Ctrl-D or Ctrl-C ends it, a second Ctrl-C at once. Exit status: 0 if all was answered.\n";

static int sockfd;
static volatile sig_atomic_t leaving;

/* Ends our sending direction. The server then ends the other direction, and that ends every wait for it here. */
static void on_interrupt(int signo) {
    int saved = errno;
    (void)signo;
    leaving = 1;
    (void)shutdown(sockfd, SHUT_WR);
    errno = saved;
}

/* Returns whether the whole answer has come: as many bytes as were sent. */
static int ask(char *line, size_t n) {
    if (writen(sockfd, line, n) < 0 && !leaving)
        die("server");
    ssize_t answered = readn(sockfd, line, n);
    if (answered < 0)
        die("server");
    if (writen(STDOUT_FILENO, line, (size_t)answered) < 0)
        die("stdout");
    return (size_t)answered == n;
}

/* Waits for the keyboard and for the server at once, so that "server close" appears also while nobody types. Returns
 * the length of the next line, or of a part of a long one; 0 at the end of stdin or of the server's stream. */
static size_t next_line(char *line, size_t size) {
    struct pollfd ends[] = {{.fd = sockfd, .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};
    if (sockutil_wait_any(ends, 2, SOCKUTIL_FOREVER) < 0)
        die("wait_any");
    if (ends[0].revents != 0)
        return 0;
    ssize_t n = readline(STDIN_FILENO, line, size);
    if (n < 0)
        die("stdin");
    leaving = leaving || n == 0;
    return (size_t)n;
}

int main(int argc, char *argv[]) {
    (void)next_option(argc, argv, "+h", HELP);
    const char *path = next_argument(argv, "echo.sock");

    /* 1. create. With 0, a Unix socket has the one protocol that its type has. */
    char text[128];
    sockutil_addr server;
    if ((size_t)snprintf(text, sizeof(text), "unix:%s", path) >= sizeof(text) ||
        sockutil_addr_parse(&server, text, -1) != 1)
        bad_argument("not a path of a socket", path);
    sockfd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (sockfd < 0)
        die("socket");

    /* 2. connect. Without waiting: unlike TCP, this is done at once. Only a full backlog needs a wait. */
    int connected = sockutil_connect(sockfd, &server, SOCKUTIL_NOWAIT);
    fprintf(stderr, "connect without waiting: %s\n", connected == 0 ? "connected" : strerror(errno));
    if (connected < 0 && (errno != EAGAIN || sockutil_connect(sockfd, &server, SOCKUTIL_FOREVER) < 0))
        die("connect");
    on_signal(SIGINT, on_interrupt, SA_RESTART | SA_RESETHAND);

    /* 3. exchange, a line and its answer at a time */
    int answered = 1;
    if (argv[optind] != NULL) {
        char *line = joined_arguments(argv);
        answered = ask(line, strlen(line));
        free(line);
        leaving = 1;
    } else {
        char line[4096];
        size_t n;
        while (answered && (n = next_line(line, sizeof(line))) > 0)
            answered = ask(line, n);
    }
    if (!leaving)
        fputs("server close\n", stderr);

    /* 4. close */
    close_socket(sockfd);
    return answered ? 0 : 1;
}
