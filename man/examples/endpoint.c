#include <errno.h>
#include <sockutil.h>
#include <stdio.h>

int main(void) {
    sockutil_addr local, peer;
    char service[8], line[32];
    int gai, truncated;

    /* Service 0: the kernel chooses a port. */
    int listenfd = sockutil_tcp_listen("127.0.0.1", "0", 8,
                                       SOCKUTIL_NUMERIC, &gai);
    if (listenfd < 0 || sockutil_addr_local(listenfd, &local) < 0)
        return 1;
    (void)snprintf(service, sizeof(service), "%d",
                   sockutil_addr_port(&local));

    /* Both ends in one program: the backlog holds the connection. */
    int client = sockutil_tcp_connect("127.0.0.1", service,
                                      SOCKUTIL_NUMERIC, 1000, &gai);
    int server = sockutil_accept(listenfd, &peer, 0, 1000);
    if (client < 0 || server < 0)
        return 1;

    if (writen(client, "hello\n", 6) != 6 ||
        sockutil_read_line(server, line, sizeof(line), NULL, 1000) != 1)
        return 1;
    printf("server: %s", line);

    if (sockutil_addr_local(client, &local) < 0)
        return 1;
    printf("from the client's own address: %s\n",
           sockutil_addr_equal(&local, &peer) ? "yes" : "no");

    /* UDP: a connected socket needs no address for each datagram. */
    int receiver =
        sockutil_udp_bind("127.0.0.1", "0", SOCKUTIL_NUMERIC, &gai);
    if (receiver < 0 || sockutil_addr_local(receiver, &local) < 0)
        return 1;
    (void)snprintf(service, sizeof(service), "%d",
                   sockutil_addr_port(&local));
    int sender = sockutil_udp_connect("127.0.0.1", service,
                                      SOCKUTIL_NUMERIC, &gai);
    if (sender < 0 ||
        sockutil_sendto(sender, "datagram", 8, NULL, 100) < 0)
        return 1;
    ssize_t n = sockutil_recvfrom(receiver, line, sizeof(line), &peer,
                                  &truncated, 1000);
    printf("receiver: %zd bytes\n", n);

    /* A Unix socket, and nobody who listens there. */
    if (sockutil_unix_connect("/nowhere/socket", 0, 100) < 0)
        printf("no server: %s\n", errno == ENOENT ? "no file" : "?");
    return 0;
}
