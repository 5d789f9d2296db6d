/* time_wait_flood.c - a client that closes first, again and again, runs out of ports; three cures. */
#include "example.h"
#include "lab.h"

static const char HELP[] =
    "usage: time_wait_flood [-h]\n"
    "Connects 40 times to one server, with 20 ports to choose from: closes first each time, and then\n"
    "tries three cures, each in its own network namespace. Exit status: 2 without the right to make one.\n";

#define CONNECTIONS 40
#define FIRST_PORT 40000

enum closer { CLIENT_FIRST, SERVER_FIRST, CLIENT_RESETS };

/* -1: connect failed. The client does not bind: connect chooses its port. */
static int connect_pair(int listenfd, struct tcp_pair *pair) {
    pair->server_address = local_address(listenfd);
    pair->client = socket(AF_INET, SOCK_STREAM, 0);
    if (pair->client < 0)
        die("socket");
    if (sockutil_connect(pair->client, &pair->server_address, SOCKUTIL_FOREVER) < 0)
        return -1;
    pair->server = sockutil_accept(listenfd, &pair->client_address, 0, SOCKUTIL_FOREVER);
    if (pair->server < 0)
        die("accept");
    return 0;
}

/* Closes one end. The other end waits for the FIN or RST, and closes too. */
static void close_pair(const struct tcp_pair *pair, enum closer closer) {
    char byte;
    if (closer == CLIENT_RESETS) {
        if (sockutil_close_reset(pair->client) < 0 || readn(pair->server, &byte, 1) >= 0 || errno != ECONNRESET)
            die("reset");
        close_socket(pair->server);
        return;
    }
    int client_first = closer == CLIENT_FIRST;
    close_socket(client_first ? pair->client : pair->server);
    if (readn(client_first ? pair->server : pair->client, &byte, 1) != 0)
        die("end of stream");
    close_socket(client_first ? pair->server : pair->client);
    const sockutil_addr *first = client_first ? &pair->client_address : &pair->server_address;
    const sockutil_addr *other = client_first ? &pair->server_address : &pair->client_address;
    (void)state_when(-1, first, other, SOCKUTIL_TCP_TIME_WAIT); /* the second FIN takes a moment */
}

/* For how many of the clients' ports the end local is in TIME_WAIT: the client's, or the server's. */
static int time_waits(int at_client, int ports, const sockutil_addr *server) {
    int count = 0;
    sockutil_addr client = *server; /* the same IP address */
    for (int port = FIRST_PORT; port < FIRST_PORT + ports; port++) {
        if (sockutil_addr_set_port(&client, port) < 0)
            die("addr_set_port");
        int state =
            at_client ? sockutil_tcp_state_between(&client, server) : sockutil_tcp_state_between(server, &client);
        if (state < 0)
            die("tcp_state_between");
        count += state == SOCKUTIL_TCP_TIME_WAIT;
    }
    return count;
}

static void flood(const char *way, enum closer closer, int ports) {
    /* 1. a network of its own, with so many ports for clients. On loopback, but on no other link, the kernel would let
     * them have a port again after a second in TIME_WAIT: tcp_tw_reuse is 2. */
    char range[40];
    enter_own_network();
    (void)snprintf(range, sizeof(range), "%d %d", FIRST_PORT, FIRST_PORT + ports - 1);
    change_setting("/proc/sys/net/ipv4/ip_local_port_range", range);
    change_setting("/proc/sys/net/ipv4/tcp_tw_reuse", "0");

    /* 2. listen */
    int gai, listenfd = sockutil_tcp_listen("127.0.0.1", "6666", SOMAXCONN, SOCKUTIL_NUMERIC, &gai);
    if (listenfd < 0)
        die("listen");

    /* 3. connect and close, one connection after the other, until connect fails */
    struct tcp_pair pair;
    int made = 0, r;
    while ((r = connect_pair(listenfd, &pair)) == 0) {
        close_pair(&pair, closer);
        if (++made == CONNECTIONS)
            break;
    }
    printf("%s, %d ports: %d connections, then %s\n", way, ports, made, r < 0 ? errno_name(errno) : "no more wanted");
    if (r < 0)
        close_socket(pair.client);

    /* 4. what is left */
    printf("  in TIME_WAIT: %d at the clients' ends, ", time_waits(1, ports, &pair.server_address));
    printf("%d at the server's\n", time_waits(0, ports, &pair.server_address));
    close_socket(listenfd);
}

int main(int argc, char *argv[]) {
    (void)next_option(argc, argv, "+h", HELP);
    no_more_arguments(argv);
    line_buffer_stdout();
    flood("the client closes first", CLIENT_FIRST, 20);
    flood("the server closes first", SERVER_FIRST, 20);
    flood("the client resets", CLIENT_RESETS, 20);
    flood("the client closes first", CLIENT_FIRST, 60);
    return 0;
}
