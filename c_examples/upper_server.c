/* upper_server.c - sends back in upper case what comes. Several of them share one port, by SO_REUSEPORT. */
#include "example.h"

static const char HELP[] = "usage: upper_server [-h] [-a] [ip] [port]\n"
                           "Sends back in upper case what comes, to one client at a time. Start it twice on one port,\n"
                           "and the clients are shared out. Default: any address, port 6666; port 0: a free one.\n"
                           "  -a   alone: without SO_REUSEPORT\n"
                           "Ctrl-C or SIGTERM ends it.\n";

/* ASCII alone. toupper depends on the locale, and is undefined for a negative char: a byte of 0x80 and above. */
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

    /* 1. create, bind, listen. All that share the port must set the option, the first one too. */
    int gai, listenfd = sockutil_tcp_listen(ip, port, SOMAXCONN, SOCKUTIL_NUMERIC | share, &gai);
    if (listenfd < 0)
        endpoint_failed("listen", ip, port, gai);
    stop_on_signals(listenfd);
    announce(listenfd);

    while (!stopped) {
        /* 2. accept. A failure that is left has a cause that lasts, such as no free descriptor: pause, do not spin. */
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

        /* 3. exchange: whatever has come is answered at once, be it half a line, a NUL or many lines. A signal that
         * stops the server must end the wait for this client. One that came before awaited was set is in stopped. */
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
