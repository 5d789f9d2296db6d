/* upper_client.c - sends its arguments, or its stdin, to upper_server and prints them in upper case. */
#include "example.h"

#define PIECE 4096
static const char HELP[] = "usage: upper_client [-h] [ip] [port] [text...]\n"
                           "Sends text as one line, or else what stdin brings, and prints the answer.\n"
                           "Default: 127.0.0.1, port 6666. Ctrl-D or Ctrl-C ends it, a second Ctrl-C at once.\n"
                           "Exit status: 0 if all that was sent was answered.\n";

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

/* Sends a piece, waits for its answer of the same length, and prints it. One piece at a time fits into all buffers. If
 * a long text were sent as a whole, each side could wait for ever until the other reads. Returns whether the answer is
 * complete. */
static int ask(char *piece, size_t n) {
    if (writen(sockfd, piece, n) < 0 && !leaving)
        die("server");
    ssize_t answered = readn(sockfd, piece, n);
    if (answered < 0)
        die("server");
    if (writen(STDOUT_FILENO, piece, (size_t)answered) < 0)
        die("stdout");
    if ((size_t)answered < n && !leaving)
        fprintf(stderr, "server close\n");
    return (size_t)answered == n;
}

/* Reads what stdin has, at most a piece; from a keyboard, a line. Returns its length, or 0 at the end of stdin or when
 * the server closes: all answers have come, so that the socket can only report that. */
static size_t next_piece(char *piece) {
    struct pollfd ends[] = {{.fd = sockfd, .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};
    if (sockutil_wait_any(ends, 2, SOCKUTIL_FOREVER) < 0)
        die("wait_any");
    if (ends[0].revents == 0) {
        ssize_t n = read(STDIN_FILENO, piece, PIECE);
        if (n < 0)
            die("stdin");
        return (size_t)n;
    }
    ssize_t unasked = readn(sockfd, piece, 1);
    if (unasked > 0)
        errno = EPROTO;
    if (unasked != 0)
        die("server");
    if (!leaving)
        fprintf(stderr, "server close\n");
    return 0;
}

int main(int argc, char *argv[]) {
    (void)next_option(argc, argv, "+h", HELP);
    const char *ip = next_argument(argv, "127.0.0.1");
    const char *port = next_argument(argv, "6666");

    /* 1. create, connect */
    int gai;
    sockfd = sockutil_tcp_connect(ip, port, SOCKUTIL_NUMERIC, SOCKUTIL_FOREVER, &gai);
    if (sockfd < 0)
        endpoint_failed("connect", ip, port, gai);
    on_signal(SIGINT, on_interrupt, SA_RESTART | SA_RESETHAND);
    sockutil_addr local = local_address(sockfd);
    fprintf(stderr, "local %s\n", endpoint_text(&local).s);

    /* 2. exchange, a piece and its answer at a time */
    int answered = 1;
    size_t n;
    if (argv[optind] != NULL) {
        char *line = joined_arguments(argv);
        n = strlen(line);
        for (size_t i = 0; i < n && answered; i += PIECE)
            answered = ask(line + i, n - i < PIECE ? n - i : PIECE);
        free(line);
    } else {
        char piece[PIECE];
        while (answered && (n = next_piece(piece)) > 0)
            answered = ask(piece, n);
    }

    /* 3. close */
    close_socket(sockfd);
    return answered ? 0 : 1;
}
