/* reconnect.c - a connection between two addresses whose last connection is still in TIME_WAIT. */
#include "example.h"
#include "lab.h"

static const char HELP[] = "usage: reconnect [-h]\n"
                           "Connects twice from one port to another: once the server closes first, once the client.\n";

/* The kernel's setting for the ports that it chooses, when a program connects without bind; -1: it has none. */
static int tcp_tw_reuse(void) {
    int value = 0;
    FILE *file = fopen("/proc/sys/net/ipv4/tcp_tw_reuse", "r");
    if (file == NULL && errno == ENOENT)
        return -1;
    if (file == NULL || fscanf(file, "%d", &value) != 1 || fclose(file) != 0)
        die("tcp_tw_reuse");
    return value;
}

int main(int argc, char *argv[]) {
    (void)next_option(argc, argv, "+h", HELP);
    no_more_arguments(argv);
    int tw_reuse = tcp_tw_reuse();

    for (int server_first = 1; server_first >= 0; server_first--) {
        /* 1. listen */
        int listenfd = sockutil_tcp_listen("127.0.0.1", "0", SOMAXCONN, SOCKUTIL_NUMERIC, NULL);
        if (listenfd < 0)
            die("listen");
        sockutil_addr server = local_address(listenfd), client;
        if (sockutil_addr_parse(&client, "127.0.0.1", 0) != 1)
            die("addr_parse");
        for (int i = 0; i < 2; i++) {
            /* 2. bind the client: the first time to any port, the second time to the same */
            int clientfd = socket(AF_INET, SOCK_STREAM, 0);
            if (clientfd < 0 || sockutil_set_reuseaddr(clientfd, 1) < 0 ||
                bind(clientfd, (struct sockaddr *)&client.ss, client.len) < 0)
                die("bind");
            client = local_address(clientfd);

            /* 3. connect, accept */
            if (sockutil_connect(clientfd, &server, 2000) < 0)
                die("connect");
            int connfd = sockutil_accept(listenfd, NULL, 0, 2000);
            if (connfd < 0)
                die("accept");
            printf("%s -> %s: %s\n", endpoint_text(&client).s, endpoint_text(&server).s,
                   state_when(clientfd, &client, &server, SOCKUTIL_TCP_ESTABLISHED));

            /* 4. close: TIME_WAIT stays at the end that closes first */
            close_socket(server_first ? connfd : clientfd);
            close_socket(server_first ? clientfd : connfd);
            int at_client = server_first ? SOCKUTIL_TCP_CLOSED : SOCKUTIL_TCP_TIME_WAIT;
            int at_server = server_first ? SOCKUTIL_TCP_TIME_WAIT : SOCKUTIL_TCP_CLOSED;
            printf("  closed by the %s first: client's end %s, server's end %s\n", server_first ? "server" : "client",
                   state_when(clientfd, &client, &server, at_client), state_when(connfd, &server, &client, at_server));
        }
        close_socket(listenfd);
    }
    if (tw_reuse >= 0)
        printf("tcp_tw_reuse: %d before, %d after\n", tw_reuse, tcp_tw_reuse());
    return 0;
}
