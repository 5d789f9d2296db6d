/* socket_sizes.c - the sizes that a socket has: SO_RCVBUF is doubled, segments and window are the connection's own. */
#include "example.h"
#include <linux/tcp.h> /* unlike <netinet/tcp.h> it has tcpi_snd_wnd */

static const char HELP[] = "usage: socket_sizes [-h]\n"
                           "Sets SO_RCVBUF and TCP_MAXSEG, and prints what getsockopt and TCP_INFO then have.\n";

static int option(int fd, int level, int name) {
    int value;
    if (sockutil_getsockopt_int(fd, level, name, &value) < 0)
        die("getsockopt");
    return value;
}

static void set_option(int fd, int level, int name, int value) {
    if (sockutil_setsockopt_int(fd, level, name, value) < 0)
        die("setsockopt");
}

static void set_buffer(int fd, int bytes) {
    set_option(fd, SOL_SOCKET, SO_RCVBUF, bytes);
    printf("SO_RCVBUF set to %d: getsockopt returns %d\n", bytes, option(fd, SOL_SOCKET, SO_RCVBUF));
}

/* A connection. 0: the system's buffer and segments. */
static void connection(const char *name, int server_buffer, int client_segment) {
    /* 1. the listener's SO_RCVBUF, before the handshake: it bounds the window, and connections inherit it */
    int listenfd = sockutil_tcp_listen("127.0.0.1", "0", 1, SOCKUTIL_NUMERIC, NULL);
    sockutil_addr to = local_address(listenfd);
    if (server_buffer > 0)
        set_option(listenfd, SOL_SOCKET, SO_RCVBUF, server_buffer);

    /* 2. the client's TCP_MAXSEG, before connect: its SYN asks the peer for segments of this size at most */
    int clientfd = socket(AF_INET, SOCK_STREAM, 0);
    if (clientfd < 0)
        die("socket");
    if (client_segment > 0)
        set_option(clientfd, IPPROTO_TCP, TCP_MAXSEG, client_segment);
    int before = option(clientfd, IPPROTO_TCP, TCP_MAXSEG);

    /* 3. connect, and get what this connection has */
    if (sockutil_connect(clientfd, &to, SOCKUTIL_FOREVER) < 0)
        die("connect");
    int serverfd = sockutil_accept(listenfd, NULL, 0, SOCKUTIL_FOREVER);
    struct tcp_info info = {0};
    socklen_t size = sizeof(info);
    if (serverfd < 0 || getsockopt(clientfd, IPPROTO_TCP, TCP_INFO, &info, &size) < 0)
        die("TCP_INFO");
    printf("%s: TCP_MAXSEG %d before connect, then %d at the client, %d at the server\n", name, before,
           option(clientfd, IPPROTO_TCP, TCP_MAXSEG), option(serverfd, IPPROTO_TCP, TCP_MAXSEG));
    printf("  the server's SO_RCVBUF %d, and its window for the client %u\n", option(serverfd, SOL_SOCKET, SO_RCVBUF),
           info.tcpi_snd_wnd);
    close_socket(clientfd);
    close_socket(serverfd);
    close_socket(listenfd);
}

int main(int argc, char *argv[]) {
    (void)next_option(argc, argv, "+h", HELP);
    no_more_arguments(argv);
    line_buffer_stdout();

    /* The kernel doubles the number, for its own data beside the bytes; there is a least one, and a largest one
     * (net.core.rmem_max). */
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0)
        die("socket");
    printf("SO_RCVBUF of a new socket: %d\n", option(fd, SOL_SOCKET, SO_RCVBUF));
    set_buffer(fd, 10000);
    set_buffer(fd, 1);
    set_buffer(fd, 1 << 30);
    close_socket(fd);

    connection("as it is", 0, 0);
    connection("SO_RCVBUF 20000, TCP_MAXSEG 1000", 20000, 1000);
    return 0;
}
