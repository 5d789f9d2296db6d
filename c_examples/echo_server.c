/* echo_server.c - the classic echo server: a process for each client, which sends every line back. */
#include "example.h"

static const char HELP[] = "usage: echo_server [-h] [-1] [ip] [port]\n"
                           "Sends each client's lines back. Default: any address, port 6666; port 0: a free one.\n"
                           "  -1   serve one client, without a process of its own, and end\n"
                           "Ctrl-C or SIGTERM ends it; after SIGTERM, clients that are still there are served on.\n";

static pid_t server; /* the process that accepts */

/* Several children that end together raise one SIGCHLD: reap them all, or zombies remain. */
static void on_child(int signo) {
    (void)signo;
    (void)sockutil_reap_children();
}

/* The flag alone would be missed by an accept just about to wait; on a socket that is shut down, none waits. A child,
 * which inherits this handler, must leave its parent's listener alone: it ends itself, as without a handler. */
static void on_stop_here(int signo) {
    if (getpid() != server)
        _exit(1);
    on_stop(signo);
}

/* No failed accept ends the server. Most cost one client, who is gone already. Where the cause lasts, as when no
 * descriptor is free, the next accept fails at once too: pause, so as not to spin. */
static void accept_failed(void) {
    int e = errno;
    perror("accept");
    if (e != EINTR && e != ECONNABORTED && e != EPROTO && e != EPERM && e != ENETDOWN && e != ENOPROTOOPT &&
        e != EHOSTDOWN && e != ENONET && e != EHOSTUNREACH && e != ENETUNREACH)
        (void)poll(NULL, 0, 100);
}

/* 6. exchange: by length, since a line may hold NULs. One longer than the buffer comes, and goes, in pieces. */
static void serve(int connfd, const char *peer) {
    char line[8192];
    ssize_t n;
    do
        n = readline(connfd, line, sizeof(line));
    while (n > 0 && writen(connfd, line, (size_t)n) == n);
    if (n != 0)
        fprintf(stderr, "client %s: %s\n", peer, strerror(errno));
    printf("client close %s\n", peer);
}

int main(int argc, char *argv[]) {
    int once = 0;
    while (next_option(argc, argv, "+h1", HELP) == '1')
        once = 1;
    const char *ip = optind < argc ? argv[optind++] : "0.0.0.0";
    const char *port = optind < argc ? argv[optind++] : "6666";
    if (optind < argc)
        bad_argument("too many arguments", argv[optind]);

    /* 1. create. The first option lets a restart bind while old connections are in TIME_WAIT. Connections inherit the
     * second: a line need not wait for the acknowledgement of the one before. */
    int listenfd = socket(AF_INET, SOCK_STREAM, 0);
    if (listenfd < 0 || sockutil_set_reuseaddr(listenfd, 1) < 0 || sockutil_set_nodelay(listenfd, 1) < 0)
        die("socket");

    /* 2. address */
    struct sockaddr_in address = address_arguments(ip, port);
    socklen_t length = sizeof(address);

    /* 3. bind */
    if (bind(listenfd, (struct sockaddr *)&address, length) < 0)
        die("bind");

    /* 4. listen */
    if (listen(listenfd, SOMAXCONN) < 0)
        die("listen");
    server = getpid();
    awaited = listenfd;
    on_signal(SIGCHLD, on_child, SA_RESTART | SA_NOCLDSTOP);
    on_signal(SIGINT, on_stop_here, SA_RESTART);
    on_signal(SIGTERM, on_stop_here, SA_RESTART);
    announce(listenfd);

    /* 5. accept */
    while (!stopped) {
        length = sizeof(address); /* each time anew: accept changes it */
        int connfd = accept(listenfd, (struct sockaddr *)&address, &length);
        if (connfd < 0) {
            if (!stopped)
                accept_failed();
            continue;
        }
        struct address_text peer = address_text(&address);
        printf("client %s\n", peer.s);
        pid_t pid = once ? 0 : fork();
        if (pid < 0)
            perror("fork"); /* costs this client, not the server */
        if (pid == 0) {
            awaited = connfd;
            close_socket(listenfd); /* the parent's business */
            if (!stopped)
                serve(connfd, peer.s);
            stopped = 1;
        }

        /* 7. close: if the parent kept this one, no client would ever see the end of its stream */
        close_socket(connfd);
        if (pid == 0 && !once)
            return 0;
    }
    if (!once)
        close_socket(listenfd);
    puts("server stopped");
    return 0;
}
