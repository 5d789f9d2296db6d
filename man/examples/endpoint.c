#include <sockutil.h>
#include <stdio.h>

int main(void) {
    sockutil_addr local, peer;
    char service[8], line[32];
    int gai;

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
    return 0;
}
