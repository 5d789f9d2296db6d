/* udp_server.c - a UDP echo server: one socket for all clients, and no connection. */
#include "example.h"

static const char HELP[] =
    "usage: udp_server [-h] [ip] [port]\n"
    "Sends each datagram back. It receives at most 1024 bytes of a datagram, and reports longer ones.\n"
    "Default: any address, port 6666; port 0: a free one. Ctrl-C or SIGTERM ends it.\n";

int main(int argc, char *argv[]) {
    (void)next_option(argc, argv, "+h", HELP);
    const char *ip = next_argument(argv, "0.0.0.0");
    const char *port = next_argument(argv, "6666");
    no_more_arguments(argv);

    /* 1. create, 2. address, 3. bind. No listen and no accept: this socket receives the datagrams of all clients. */
    int gai, sockfd = sockutil_udp_bind(ip, port, SOCKUTIL_NUMERIC, &gai);
    if (sockfd < 0)
        endpoint_failed("bind", ip, port, gai);
    stop_on_signals(sockfd);
    announce(sockfd);

    /* 4. exchange. Each recvfrom returns the sender of its datagram. A datagram of 0 bytes is valid. */
    for (;;) {
        char datagram[1024];
        sockutil_addr client;
        int truncated;
        ssize_t n = sockutil_recvfrom(sockfd, datagram, sizeof(datagram), &client, &truncated, SOCKUTIL_FOREVER);
        if (stopped)
            break;
        if (n < 0)
            die("recvfrom");
        printf("client %s: %zd bytes%s\n", endpoint_text(&client).s, n, truncated ? ", the rest is cut off" : "");

        /* If an answer cannot be sent, this client gets none, as when a network loses it. The server goes on. */
        if (sockutil_sendto(sockfd, datagram, (size_t)n, &client, SOCKUTIL_FOREVER) < 0)
            perror("sendto");
    }

    /* 5. close */
    close_socket(sockfd);
    puts("server stopped");
    return 0;
}
