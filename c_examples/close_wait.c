/* close_wait.c - a server that forgets close: descriptors and CLOSE_WAIT pile up; and one that closes. */
#include "example.h"
#include "lab.h"
#include <fcntl.h>

static const char HELP[] =
    "usage: close_wait [-h]\n"
    "Serves 50 clients without a close, then 50 with, and prints how many descriptors are open after\n"
    "that, and the states of both ends of the connections.\n";

#define CLIENTS 50

/* One end of a connection. */
struct end {
    int fd; /* -1: closed */
    sockutil_addr address;
};

/* The number of open descriptors, among the first thousand. */
static int descriptors(void) {
    int open = 0;
    for (int fd = 0; fd < 1000; fd++)
        open += fcntl(fd, F_GETFD) >= 0;
    return open;
}

/* How many ends are in the expected state. The first one that is not ends the count. */
static void print_states(const char *who, const struct end local[], const struct end peer[], int expected) {
    const char *name = sockutil_tcp_state_name(expected), *state = name;
    int n = 0;
    for (; n < CLIENTS; n++) {
        state = state_when(local[n].fd, &local[n].address, &peer[n].address, expected);
        if (strcmp(state, name) != 0)
            break;
    }
    printf("  %s: %d %s%s%s\n", who, n, name, n < CLIENTS ? ", then " : "", n < CLIENTS ? state : "");
}

/* A client asks, and closes when it has its answer. The server reads to the end of the stream. */
static void serve_one(int listenfd, struct end *client, struct end *server) {
    char text[6];
    server->address = local_address(listenfd);
    client->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (client->fd < 0 || sockutil_connect(client->fd, &server->address, SOCKUTIL_FOREVER) < 0)
        die("connect");
    server->fd = sockutil_accept(listenfd, &client->address, 0, SOCKUTIL_FOREVER);
    if (server->fd < 0)
        die("accept");
    if (writen(client->fd, "hello", 5) < 0 || readn(server->fd, text, 5) != 5 || writen(server->fd, text, 5) < 0 ||
        readn(client->fd, text, 5) != 5)
        die("exchange");
    close_socket(client->fd);
    client->fd = -1;
    if (readn(server->fd, text, 1) != 0)
        die("end of stream");
}

static void serve_clients(int closes) {
    static struct end client[CLIENTS], server[CLIENTS];

    /* 1. listen */
    int gai, listenfd = sockutil_tcp_listen("127.0.0.1", "0", SOMAXCONN, SOCKUTIL_NUMERIC, &gai);
    if (listenfd < 0)
        die("listen");
    sockutil_addr at = local_address(listenfd);
    printf("%s, %s\n", closes ? "a server that closes" : "a server that forgets close", endpoint_text(&at).s);

    /* 2. serve */
    int before = descriptors();
    for (int i = 0; i < CLIENTS; i++) {
        serve_one(listenfd, &client[i], &server[i]);

        /* 3. close, or not: the connection waits for it, with no time limit */
        if (closes) {
            close_socket(server[i].fd);
            server[i].fd = -1;
        }
    }

    /* 4. what is left */
    printf("  descriptors: %d more than before\n", descriptors() - before);
    print_states("server's ends", server, client, closes ? SOCKUTIL_TCP_CLOSED : SOCKUTIL_TCP_CLOSE_WAIT);
    print_states("clients' ends", client, server, closes ? SOCKUTIL_TCP_TIME_WAIT : SOCKUTIL_TCP_FIN_WAIT2);

    /* 5. what the end of the process would do */
    for (int i = 0; i < CLIENTS; i++)
        if (server[i].fd >= 0)
            close_socket(server[i].fd);
    close_socket(listenfd);
}

int main(int argc, char *argv[]) {
    (void)next_option(argc, argv, "+h", HELP);
    no_more_arguments(argv);
    line_buffer_stdout();
    serve_clients(0);
    serve_clients(1);
    return 0;
}
