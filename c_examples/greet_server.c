/* greet_server.c - sends each client one line and closes first: TIME_WAIT stays on the server's side. */
#include "example.h"

static const char HELP[] =
    "usage: greet_server [-h] [ip] [port]\n"
    "Sends each client one line, closes, and prints the state of the server's end after that.\n"
    "Default: any address, port 6666; port 0: a free one. Waits for a client to close, 3 seconds at most.\n"
    "Ctrl-C or SIGTERM ends it.\n";

int main(int argc, char *argv[]) {
    (void)next_option(argc, argv, "+h", HELP);
    const char *ip = next_argument(argv, "0.0.0.0");
    const char *port = next_argument(argv, "6666");
    no_more_arguments(argv);

    /* 1. create, bind, listen. This sets SO_REUSEADDR: without it, a restart could not bind until the last
     * TIME_WAIT on this port is over, a minute after the last client. */
    int gai, listenfd = sockutil_tcp_listen(ip, port, SOMAXCONN, SOCKUTIL_NUMERIC, &gai);
    if (listenfd < 0)
        endpoint_failed("listen", ip, port, gai);
    stop_on_signals(listenfd);
    announce(listenfd);

    while (!stopped) {
        /* 2. accept. The cause of a failure may last, as when no descriptor is free: the pause prevents a busy loop. */
        sockutil_addr client;
        int connfd = sockutil_accept(listenfd, &client, 0, SOCKUTIL_FOREVER);
        if (connfd < 0) {
            if (!stopped) {
                perror("accept");
                (void)poll(NULL, 0, 100);
            }
            continue;
        }
        sockutil_addr local = local_address(connfd);
        struct address_text peer = endpoint_text(&client);
        printf("client %s\n", peer.s);

        /* 3. greet */
        char line[160];
        (void)snprintf(line, sizeof(line), "hello %s\n", peer.s);
        if (writen(connfd, line, strlen(line)) < 0)
            fprintf(stderr, "client %s: %s\n", peer.s, strerror(errno));

        /* 4. close: send our FIN first, then read until the client's FIN. A plain close with unread input sends RST
         * instead, and the client may lose the line. A signal that stops the server ends the wait. */
        awaited = connfd;
        if (sockutil_close_graceful(connfd, stopped ? SOCKUTIL_NOWAIT : 3000) < 0 && !stopped)
            fprintf(stderr, "client %s: %s\n", peer.s, strerror(errno));
        awaited = listenfd;
        printf("client close %s\n", peer.s);

        /* 5. the state that remains, although no descriptor is open */
        printf("left in %s\n", sockutil_tcp_state_name(sockutil_tcp_state_between(&local, &client)));
    }
    close_socket(listenfd);
    puts("server stopped");
    return 0;
}
