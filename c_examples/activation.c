/* activation.c - an echo server whose listener the service manager passes (systemd's protocol), or else its own. */
#include "example.h"

static const char HELP[] =
    "usage: activation [-h] [ip] [port]\n"
    "Sends back what a client sends, one client at a time, on the listener that was passed as\n"
    "descriptor 3 (LISTEN_PID, LISTEN_FDS). Without one it listens itself: default any address,\n"
    "port 6666; port 0: a free one. Ctrl-C or SIGTERM ends it.\n";

/* Returns the listener that was passed to this process, or -1. */
static int passed_listener(void) {
    int first, listens, count = sockutil_listen_fds(&first);
    if (count < 0)
        die("listen_fds");
    if (count == 0)
        return -1;
    /* Any descriptor can be passed: a datagram socket, a FIFO, a connection. */
    if (count > 1 || sockutil_getsockopt_int(first, SOL_SOCKET, SO_ACCEPTCONN, &listens) < 0 || !listens) {
        fprintf(stderr, "not one listener: %d descriptors were passed, from %d on\n", count, first);
        exit(1);
    }
    return first;
}

/* 4. exchange: all bytes are answered at once, also half a line */
static void serve(int connfd, const char *peer) {
    char bytes[8192];
    ssize_t n;
    do
        n = read(connfd, bytes, sizeof(bytes));
    while (n > 0 && writen(connfd, bytes, (size_t)n) == n);
    if (n != 0 && !stopped)
        fprintf(stderr, "client %s: %s\n", peer, strerror(errno));
}

int main(int argc, char *argv[]) {
    (void)next_option(argc, argv, "+h", HELP);
    const char *ip = next_argument(argv, "0.0.0.0");
    const char *port = next_argument(argv, "6666");
    no_more_arguments(argv);

    /* 1. the listener: passed, already bound and listening, or our own */
    int gai, listenfd = passed_listener();
    const char *whose = listenfd >= 0 ? "passed" : "our own";
    if (listenfd < 0)
        listenfd = sockutil_tcp_listen(ip, port, SOMAXCONN, SOCKUTIL_NUMERIC, &gai);
    if (listenfd < 0)
        endpoint_failed("listen", ip, port, gai);

    /* 2. a pair of sockets: the stop signal shuts down one of them. A shutdown of the listener would end it for the
     * manager too, which starts this program again when the next client comes. */
    int stop[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, stop) < 0)
        die("socketpair");
    stop_on_signals(stop[0]);
    announce(listenfd);
    printf("listener %d: %s\n", listenfd, whose);

    while (!stopped) {
        /* 3. wait for a client or the signal, and accept. The cause of a failure may last, as when no descriptor is
         * free: the pause prevents a busy loop. */
        struct pollfd either[] = {{.fd = listenfd, .events = POLLIN}, {.fd = stop[0], .events = POLLIN}};
        if (sockutil_wait_any(either, 2, SOCKUTIL_FOREVER) < 0)
            die("wait_any");
        if (stopped)
            break;
        sockutil_addr client;
        char text[128];
        int connfd = sockutil_accept(listenfd, &client, 0, SOCKUTIL_NOWAIT);
        if (connfd < 0) {
            if (errno != EAGAIN) { /* EAGAIN: the client has gone again */
                perror("accept");
                (void)poll(NULL, 0, 100);
            }
            continue;
        }
        const char *peer = sockutil_addr_format(&client, text, sizeof(text)) >= 0 ? text : "of a Unix socket";
        printf("client %s\n", peer);

        /* A signal that stops the server must end the wait for this client. If it came before this, stopped is set. */
        awaited = connfd;
        if (!stopped)
            serve(connfd, peer);
        awaited = stop[0];

        /* 5. close */
        close_socket(connfd);
        printf("client close %s\n", peer);
    }
    close_socket(stop[0]);
    close_socket(stop[1]);
    close_socket(listenfd); /* of a passed one, this copy: the manager has its own */
    puts("server stopped");
    return 0;
}
