/* udp_client.c - a UDP client: sendto and recvfrom, or a socket that is connected to one peer, then to another. */
#include "example.h"

#define LARGEST 65507 /* bytes in a datagram, over IPv4 */
static const char HELP[] =
    "usage: udp_client [-h] [-c] [-a port] [ip] [port] [text...]\n"
    "Sends text, or else each line of stdin, as a datagram, and prints the answers. It waits for\n"
    "an answer for 3 seconds. Default: 127.0.0.1, port 6666.\n"
    "  -c        connect the socket for each datagram, and disconnect it after the answer\n"
    "  -a port   like -c, and every second datagram goes to this port\n"
    "Exit status: 0 if all were answered. Ctrl-D or Ctrl-C ends it.\n";

static int sockfd;
static volatile sig_atomic_t lost; /* an answer */

/* There is no connection to end and no buffered output: _exit is enough. */
static void on_interrupt(int signo) {
    (void)signo;
    (void)close(sockfd);
    _exit((int)lost);
}

static void print_ends(const char *what) {
    sockutil_addr local = local_address(sockfd), peer;
    int has_peer = sockutil_addr_peer(sockfd, &peer) == 0;
    fprintf(stderr, "%s: local %s, peer %s\n", what, endpoint_text(&local).s,
            has_peer            ? endpoint_text(&peer).s
            : errno == ENOTCONN ? "none"
                                : strerror(errno));
}

/* Sends a datagram, to the connected peer if to is NULL, and prints the answer of the server. */
static void exchange(const sockutil_addr *to, const sockutil_addr *server, const char *text, size_t n) {
    static char answer[LARGEST];
    sockutil_addr from;
    ssize_t got = sockutil_sendto(sockfd, text, n, to, SOCKUTIL_FOREVER);
    int64_t end = sockutil_now_ms() + 3000;
    while (got >= 0) {
        got = sockutil_recvfrom(sockfd, answer, sizeof(answer), &from, NULL, sockutil_ms_left(end));
        if (got >= 0 && sockutil_addr_equal(&from, server)) {
            if (writen(STDOUT_FILENO, answer, (size_t)got) < 0)
                die("stdout");
            return;
        }
        if (got >= 0) /* any host can send to a socket that is not connected */
            fprintf(stderr, "ignored: %zd bytes from %s\n", got, endpoint_text(&from).s);
    }
    lost = 1;
    fprintf(stderr, "lost: %s\n", errno == EAGAIN ? "no answer within 3 seconds" : strerror(errno));
}

int main(int argc, char *argv[]) {
    int connected = 0, option, gai;
    const char *another = NULL;
    while ((option = next_option(argc, argv, "+hca:", HELP)) != -1) {
        connected = 1;
        if (option == 'a')
            another = optarg;
    }
    const char *ip = next_argument(argv, "127.0.0.1");
    const char *port = next_argument(argv, "6666");

    /* 1. addresses */
    sockutil_addr servers[2];
    for (int i = 0; i < 2; i++) {
        size_t count;
        if (i == 1 && another != NULL)
            port = another;
        if (sockutil_resolve(ip, port, SOCK_DGRAM, SOCKUTIL_NUMERIC, &servers[i], 1, &count, &gai) < 0)
            endpoint_failed("resolve", ip, port, gai);
    }

    /* 2. create. It has no port yet: without a bind, the first send or connect gives it one. */
    sockfd = socket(servers[0].ss.ss_family, SOCK_DGRAM, 0);
    if (sockfd < 0)
        die("socket");
    on_signal(SIGINT, on_interrupt, SA_RESTART);

    static char line[LARGEST + 1];
    int typed = argv[optind] == NULL;
    char *text = typed ? line : joined_arguments(argv);
    size_t n = strlen(text);
    for (int turn = 0;; turn = !turn) {
        if (typed) {
            ssize_t got = readline(STDIN_FILENO, line, sizeof(line));
            if (got < 0)
                die("stdin");
            if (got == 0)
                break;
            n = (size_t)got;
        }
        const sockutil_addr *server = &servers[turn];
        if (connected) {
            /* 3. connect: nothing is sent. From now on the kernel delivers only datagrams and errors of this peer. */
            if (sockutil_connect(sockfd, server, SOCKUTIL_FOREVER) < 0)
                die("connect");
            print_ends("connected");

            /* 4. exchange, without addresses */
            exchange(NULL, server, text, n);

            /* 5. disconnect: this also gives up the local port that the kernel chose */
            if (sockutil_udp_disconnect(sockfd) < 0)
                die("disconnect");
            print_ends("disconnected");
        } else {
            exchange(server, server, text, n);
        }
        if (!typed)
            break;
    }
    if (!typed)
        free(text);

    /* 6. close */
    close_socket(sockfd);
    return (int)lost;
}
