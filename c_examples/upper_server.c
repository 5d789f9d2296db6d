/* upper_server.c - sends back in upper case what it receives. Several servers can share a port, by SO_REUSEPORT. */
#include "example.h"

static const char HELP[] =
    "usage: upper_server [-h] [-a] [ip] [port]\n"
    "Sends back in upper case what it receives, to one client at a time. Start it twice on one port,\n"
    "and both get clients. Default: any address, port 6666; port 0: a free one.\n"
    "  -a   alone: without SO_REUSEPORT\n"
    "Ctrl-C or SIGTERM ends it.\n";

/* ASCII only. toupper depends on the locale, and is undefined for a negative char, as bytes from 0x80 up can be. */
static void to_upper(char *bytes, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (bytes[i] >= 'a' && bytes[i] <= 'z')
            bytes[i] = (char)(bytes[i] - 'a' + 'A');
}

int main(int argc, char *argv[]) {
    unsigned share = SOCKUTIL_REUSEPORT;
    while (next_option(argc, argv, "+ha", HELP) == 'a')
        share = 0;
    const char *ip = next_argument(argv, "0.0.0.0");
    const char *port = next_argument(argv, "6666");
    no_more_arguments(argv);

    /* 1. create, bind, listen. All servers that share the port must set the option, also the first one. */
    int gai, listenfd = sockutil_tcp_listen(ip, port, SOMAXCONN, SOCKUTIL_NUMERIC | share, &gai);
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
        struct address_text peer = endpoint_text(&client);
        printf("client %s\n", peer.s);

        /* 3. exchange: all bytes are answered at once, whether half a line, a NUL or many lines. A signal that stops
         * the server must end the wait for this client. If it came before awaited was set, stopped is set. */
        awaited = connfd;
        char bytes[8192];
        ssize_t n = 0;
        while (!stopped && (n = read(connfd, bytes, sizeof(bytes))) > 0) {
            to_upper(bytes, (size_t)n);
            if (writen(connfd, bytes, (size_t)n) < 0) {
                n = -1;
                break;
            }
        }
        if (n < 0 && !stopped)
            fprintf(stderr, "client %s: %s\n", peer.s, strerror(errno));
        awaited = listenfd;

        /* 4. close */
        close_socket(connfd);
        printf("client close %s\n", peer.s);
    }
    close_socket(listenfd);
    puts("server stopped");
    return 0;
}
