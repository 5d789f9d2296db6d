/* echo_client.c - the classic echo client: a thread sends what is typed, and main prints what comes back. */
#include "example.h"
#include <pthread.h>

static const char HELP[] = "usage: echo_client [-h] [ip] [port] [text...]\n"
                           "Sends text as one line, or else the lines of stdin, and prints what comes back.\n"
                           "Default: 127.0.0.1, port 6666. A line quit or QUIT, Ctrl-D or Ctrl-C ends it when all\n"
                           "that was sent is back, a second Ctrl-C at once. Exit status: 0 if all came back.\n";

static int sockfd;
static _Atomic size_t sent; /* bytes */
static _Atomic int leaving; /* we end the conversation, not the server */

/* Ends our sending direction, also on Ctrl-C. The server then ends the other direction, and main stops waiting. */
static void leave(int signo) {
    int saved = errno;
    (void)signo;
    leaving = 1;
    (void)shutdown(sockfd, SHUT_WR); /* fails only when the connection is gone, which main sees too */
    errno = saved;
}

/* Returns whether the line was sent. If not, the server or Ctrl-C has ended this direction: main sees which. */
static int send_line(const char *line, size_t n) {
    if (writen(sockfd, line, n) < 0)
        return 0;
    sent += n;
    return 1;
}

static void *send_text(void *text) {
    if (send_line(text, strlen(text)))
        leave(0);
    free(text);
    return NULL;
}

static void *send_stdin(void *unused) {
    static char memory[32 << 20]; /* bounds the length of a line; pages that no line needs cost nothing */
    sockutil_reader input;
    char *line;
    size_t n;
    if (sockutil_reader_init(&input, STDIN_FILENO, memory, sizeof(memory)) < 0)
        die("reader_init");
    for (int r = 1; r == 1;) { /* 0: the end of stdin; line may then be a last one without newline */
        r = sockutil_reader_line(&input, &line, &n, SOCKUTIL_FOREVER);
        if (r < 0)
            die("stdin");
        if (n == 0 || strcmp(line, "quit\n") == 0 || strcmp(line, "QUIT\n") == 0)
            break;
        if (!send_line(line, n))
            return unused;
    }
    leave(0);
    return unused;
}

int main(int argc, char *argv[]) {
    (void)next_option(argc, argv, "+h", HELP);
    const char *ip = next_argument(argv, "127.0.0.1");
    const char *port = next_argument(argv, "6666");
    char *text = argv[optind] != NULL ? joined_arguments(argv) : NULL;

    /* 1. create */
    sockfd = socket(AF_INET, SOCK_STREAM, 0);
    if (sockfd < 0)
        die("socket");

    /* 2. address */
    struct sockaddr_in server = address_from(ip, port), local;
    socklen_t length = sizeof(local);

    /* 3. connect */
    if (connect(sockfd, (struct sockaddr *)&server, sizeof(server)) < 0 ||
        getsockname(sockfd, (struct sockaddr *)&local, &length) < 0)
        die("connect");
    fprintf(stderr, "local %s\nconnected to %s\n", address_text(&local).s, address_text(&server).s);
    on_signal(SIGINT, leave, SA_RESTART | SA_RESETHAND); /* RESETHAND: a second Ctrl-C ends the program */

    /* 4. send, in a second thread: if we sent all before we read, the unread echo could block both sides. */
    pthread_t sender;
    if ((errno = pthread_create(&sender, NULL, text != NULL ? send_text : send_stdin, text)) != 0)
        die("pthread_create");

    /* 5. receive, up to the end of the stream */
    char line[8192];
    size_t received = 0;
    ssize_t n;
    while ((n = readline(sockfd, line, sizeof(line))) > 0 && writen(STDOUT_FILENO, line, (size_t)n) == n)
        received += (size_t)n;
    if (n != 0)
        die(n < 0 ? "server" : "stdout");
    if (!leaving || received < sent)
        fputs("server close\n", stderr);

    /* 6. close. The return from main ends the second thread, which may still wait at the keyboard. */
    close_socket(sockfd);
    return received < sent ? 1 : 0;
}
