/* echo_server.c - the classic echo server: a process for each client sends every line back. */
#include "example.h"

static const char HELP[] =
    "usage: echo_server [-h] [ip] [port]\n"
    "Sends each client's lines back. Default: any address, port 6666; port 0: a free one.\n"
    "Ctrl-C or SIGTERM ends it. After SIGTERM the clients that it has are served to their end.\n";

/* One SIGCHLD may stand for several children that have ended: reap them all, or zombies remain. */
static void on_child(int signo) {
    (void)signo;
    (void)sockutil_reap_children();
}

/* Step 6 of main: exchange. A line is sent by its length, since it may hold NULs. A line longer than the buffer comes
 * in pieces. */
static void serve(int connfd, const char *peer) {
    char line[8192];
    ssize_t n;
    do
        n = readline(connfd, line, sizeof(line));
    while (n > 0 && writen(connfd, line, (size_t)n) == n);
    if (n != 0 && !stopped)
        fprintf(stderr, "client %s: %s\n", peer, strerror(errno));
    printf("client close %s\n", peer);
}

int main(int argc, char *argv[]) {
    (void)next_option(argc, argv, "+h", HELP);
    const char *ip = next_argument(argv, "0.0.0.0");
    const char *port = next_argument(argv, "6666");
    no_more_arguments(argv);

    /* 1. create. With SO_REUSEADDR, a restart can bind while old connections are in TIME_WAIT. Connections inherit
     * TCP_NODELAY, which accepted sockets inherit: a line does not wait for the ACK of the last one. */
    int listenfd = socket(AF_INET, SOCK_STREAM, 0);
    if (listenfd < 0 || sockutil_set_reuseaddr(listenfd, 1) < 0 || sockutil_set_nodelay(listenfd, 1) < 0)
        die("socket");

    /* 2. address */
    struct sockaddr_in address = address_from(ip, port);
    socklen_t length = sizeof(address);

    /* 3. bind */
    if (bind(listenfd, (struct sockaddr *)&address, length) < 0)
        die("bind");

    /* 4. listen */
    if (listen(listenfd, SOMAXCONN) < 0)
        die("listen");
    on_signal(SIGCHLD, on_child, SA_RESTART | SA_NOCLDSTOP);
    stop_on_signals(listenfd);
    announce(listenfd);

    while (!stopped) {
        /* 5. accept. It changes length: set it again before each call. A failure costs a client, not the server.
         * Its cause may last, as when no descriptor is free: the pause prevents a busy loop. */
        length = sizeof(address);
        int connfd = accept(listenfd, (struct sockaddr *)&address, &length);
        if (connfd < 0) {
            if (!stopped) {
                perror("accept");
                (void)poll(NULL, 0, 100);
            }
            continue;
        }
        struct address_text peer = address_text(&address);
        printf("client %s\n", peer.s);

        awaited = connfd; /* before fork: else a stop signal in the child shut down the listener, its parent's too */
        pid_t pid = fork();
        if (pid < 0)
            perror("fork"); /* costs this client, not the server */
        if (pid == 0) {
            close_socket(listenfd);
            if (!stopped) /* by a signal that came before awaited was set */
                serve(connfd, peer.s);
            close_socket(connfd);
            return 0;
        }
        awaited = listenfd;

        /* 7. close the parent's copy. If it stayed open, the client would never see the end of its stream. */
        close_socket(connfd);
    }
    close_socket(listenfd);
    puts("server stopped");
    return 0;
}
