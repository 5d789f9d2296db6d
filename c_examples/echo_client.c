/* echo_client.c - the classic echo client, which watches keyboard and socket together. */
#include "example.h"

#define CHUNK 65536
static const char HELP[] = "usage: echo_client [-h] [ip] [port] [text...]\n"
                           "Sends text as one line, or else what stdin brings, and prints what comes back.\n"
                           "Default: 127.0.0.1, port 6666. A line quit or QUIT, Ctrl-D or Ctrl-C ends it when all\n"
                           "that was sent is back, a second Ctrl-C at once. Exit status: 0 if all came back.\n";

static int sockfd;
static volatile sig_atomic_t leaving; /* no more is read from stdin */

/* Ends what we send. The server then ends what it sends, and that wakes whatever waits for it here. */
static void on_interrupt(int signo) {
    int saved = errno;
    (void)signo;
    leaving = 1;
    (void)shutdown(sockfd, SHUT_WR);
    errno = saved;
}

/* How many of the n bytes to send: those before a line quit or QUIT, or before an end that may yet become one. */
static size_t sendable(const char *text, size_t n) {
    static int line_start = 1; /* does a line start where text does? */
    for (size_t i = 0; i < n;) {
        size_t left = n - i, seen = left < 5 ? left : 5;
        if (line_start && (memcmp(text + i, "quit\n", seen) == 0 || memcmp(text + i, "QUIT\n", seen) == 0)) {
            leaving = leaving || seen == 5;
            return i;
        }
        const char *newline = memchr(text + i, '\n', left);
        line_start = newline != NULL;
        i = newline != NULL ? (size_t)(newline - text) + 1 : n;
    }
    return n;
}

/* Exchanges first the n bytes of text, then, unless leaving, what stdin brings, a chunk at a time in the same memory.
 * Nothing waits but poll: while we waited to send, the server might wait for us to receive. */
static int converse(char *text, size_t n) {
    static char echo[CHUNK];
    size_t ready = n, done = 0, sent = 0, received = 0; /* of the n bytes: due, sent; then in all */
    for (;;) {
        if (leaving && done == ready && shutdown(sockfd, SHUT_WR) < 0 && errno != ENOTCONN)
            die("shutdown");
        struct pollfd ends[] = {{.fd = sockfd, .events = done < ready ? POLLIN | POLLOUT : POLLIN},
                                {.fd = leaving || done < ready ? -1 : STDIN_FILENO, .events = POLLIN}};
        if (poll(ends, 2, -1) < 0 && errno != EINTR)
            die("poll");
        if (ends[0].revents != 0) {
            size_t got = 0;
            int r = sockutil_read_full(sockfd, echo, sizeof(echo), &got, SOCKUTIL_NOWAIT);
            if (writen(STDOUT_FILENO, echo, got) < 0)
                die("stdout");
            received += got;
            if (r == 0)
                break;
            if (r < 0 && errno != EAGAIN)
                die("server");
        }
        if (ends[1].revents != 0) {
            memmove(text, text + ready, n -= ready);
            int r = sockutil_read_full(STDIN_FILENO, text, CHUNK, &n, SOCKUTIL_NOWAIT);
            if (r < 0 && errno != EAGAIN)
                die("stdin");
            ready = sendable(text, n);
            done = 0;
            if (r == 0 && !leaving)
                ready = n;
            leaving = leaving || r == 0;
        }
        if (done < ready) {
            sent -= done;
            int r = sockutil_write_full(sockfd, text, ready, &done, SOCKUTIL_NOWAIT);
            sent += done;
            if (r < 0 && errno == EPIPE)
                ready = done; /* the server, or Ctrl-C, has ended this direction; the other goes on */
            else if (r < 0 && errno != EAGAIN)
                die("server");
        }
    }
    if (!leaving || done < ready || received != sent)
        fprintf(stderr, "server close\n");
    return received == sent ? 0 : 1;
}

int main(int argc, char *argv[]) {
    (void)next_option(argc, argv, "+h", HELP);
    const char *ip = optind < argc ? argv[optind++] : "127.0.0.1";
    const char *port = optind < argc ? argv[optind++] : "6666";
    size_t n = 0;
    leaving = optind < argc;
    char *text = leaving ? join_words(argv + optind, &n) : memory(CHUNK);

    /* 1. create */
    sockfd = socket(AF_INET, SOCK_STREAM, 0);
    if (sockfd < 0)
        die("socket");

    /* 2. address */
    struct sockaddr_in server = address_arguments(ip, port), local;
    socklen_t length = sizeof(local);

    /* 3. connect */
    if (connect(sockfd, (struct sockaddr *)&server, sizeof(server)) < 0 ||
        getsockname(sockfd, (struct sockaddr *)&local, &length) < 0)
        die("connect");
    fprintf(stderr, "local %s\nconnected to %s\n", address_text(&local).s, address_text(&server).s);
    on_signal(SIGINT, on_interrupt, SA_RESTART | SA_RESETHAND);

    /* 4. exchange */
    int status = converse(text, n);
    free(text);

    /* 5. close */
    close_socket(sockfd);
    return status;
}
