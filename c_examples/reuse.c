/* reuse.c - SO_REUSEADDR, SO_REUSEPORT and TIME_WAIT: which bind, listen and connect succeed. */
#include "example.h"
#include "lab.h"

static const char HELP[] =
    "usage: reuse [-h]\nTries to bind a port that another socket holds, with every option on both sockets.\n";
#define LOCAL "127.0.0.1"
enum option { NONE, REUSEADDR, REUSEPORT };
static const char *const OPTION[] = {"none", "SO_REUSEADDR", "SO_REUSEPORT"};
static const struct holder {
    const char *what, *old_ip, *new_ip;
    int type, state; /* the state that holds the port */
} HOLDERS[] = {
    {"a closed connection", LOCAL, LOCAL, SOCK_STREAM, SOCKUTIL_TCP_TIME_WAIT},
    {"a connection whose listener is gone", LOCAL, LOCAL, SOCK_STREAM, SOCKUTIL_TCP_ESTABLISHED},
    {"a listener", LOCAL, LOCAL, SOCK_STREAM, SOCKUTIL_TCP_LISTEN},
    {"a listener at any address", "0.0.0.0", LOCAL, SOCK_STREAM, SOCKUTIL_TCP_LISTEN},
    {"a listener; the new one wants any address", LOCAL, "0.0.0.0", SOCK_STREAM, SOCKUTIL_TCP_LISTEN},
    {"a listener; the new one wants 127.0.0.2", LOCAL, "127.0.0.2", SOCK_STREAM, SOCKUTIL_TCP_LISTEN},
    {"a socket that listens after the new one's bind", LOCAL, LOCAL, SOCK_STREAM, SOCKUTIL_TCP_CLOSED},
    {"a UDP socket", LOCAL, LOCAL, SOCK_DGRAM, SOCKUTIL_TCP_CLOSED},
};

/* Returns a bound socket with an option; -1 if bind fails. */
static int bound_socket(int type, enum option option, const char *ip, int port) {
    sockutil_addr address;
    int fd = socket(AF_INET, type, 0);
    if (fd < 0 || sockutil_set_reuseaddr(fd, option == REUSEADDR) < 0 ||
        sockutil_set_reuseport(fd, option == REUSEPORT) < 0 || sockutil_addr_parse(&address, ip, port) != 1)
        die("socket");
    if (bind(fd, (struct sockaddr *)&address.ss, address.len) == 0)
        return fd;
    close_socket(fd);
    return -1;
}

static int connected_to(const sockutil_addr *address) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || sockutil_connect(fd, address, 2000) < 0)
        die("connect");
    return fd;
}

/* Tries to bind another socket to a port that one holds: a new port each time, so that no earlier attempt matters. */
static void try_to_have(const struct holder *h, enum option old, enum option next) {
    /* 1. a socket with the old option has the port; in most cases it listens */
    int stream = h->type == SOCK_STREAM, client = -1, oldfd = bound_socket(h->type, old, h->old_ip, 0);
    if (oldfd < 0 || (h->state != SOCKUTIL_TCP_CLOSED && listen(oldfd, SOMAXCONN) < 0))
        die("listen");
    sockutil_addr address = local_address(oldfd), peer;
    const char *state = stream ? sockutil_tcp_state_name(sockutil_tcp_state(oldfd)) : "-";
    /* 2. or a connection of this listener has it: the listener is closed, and for TIME_WAIT the connection too */
    if (h->state == SOCKUTIL_TCP_ESTABLISHED || h->state == SOCKUTIL_TCP_TIME_WAIT) {
        client = connected_to(&address);
        int listenfd = oldfd;
        oldfd = sockutil_accept(listenfd, &peer, 0, 2000);
        close_socket(listenfd);
        if (oldfd < 0)
            die("accept");
        if (h->state == SOCKUTIL_TCP_TIME_WAIT) {
            close_socket(oldfd); /* before the client: TIME_WAIT stays at the end that closes first */
            close_socket(client);
            oldfd = client = -1;
        }
        state = state_when(oldfd, &address, &peer, h->state);
    }
    if (next == NONE || (stream && state != NOT_KNOWN && strcmp(state, sockutil_tcp_state_name(h->state)) != 0))
        printf("\n%-14s%-13s", OPTION[old], state);
    /* 3. the new socket, with its option: bind, and listen */
    int newfd = bound_socket(h->type, next, h->new_ip, sockutil_addr_port(&address));
    const char *outcome = newfd >= 0 ? "ok" : errno == EADDRNOTAVAIL ? "bind: no such IP" : "bind: EADDRINUSE";
    if (newfd >= 0 && stream &&
        ((h->state == SOCKUTIL_TCP_CLOSED && listen(oldfd, SOMAXCONN) < 0) || listen(newfd, SOMAXCONN) < 0))
        outcome = "listen: EADDRINUSE";
    if (strcmp(outcome, "ok") != 0 && errno != EADDRINUSE && errno != EADDRNOTAVAIL)
        die("the new socket");
    printf("%-*s", next == REUSEPORT ? 0 : 19, outcome);
    int all[] = {oldfd, client, newfd};
    for (size_t i = 0; i < 3; i++)
        if (all[i] >= 0)
            close_socket(all[i]);
}

/* Connects until each of two listeners on one port has accepted. The kernel decides which one gets a connection. */
static void share_a_port(void) {
    int accepted[2] = {0, 0}, first = bound_socket(SOCK_STREAM, REUSEPORT, LOCAL, 0);
    sockutil_addr address = local_address(first);
    int second = bound_socket(SOCK_STREAM, REUSEPORT, LOCAL, sockutil_addr_port(&address));
    struct pollfd at[] = {{.fd = first, .events = POLLIN}, {.fd = second, .events = POLLIN}};
    if (listen(first, SOMAXCONN) < 0 || listen(second, SOMAXCONN) < 0)
        die("listen");
    for (int i = 0; i < 1000 && (accepted[0] == 0 || accepted[1] == 0); i++) {
        int client = connected_to(&address);
        int ready = sockutil_wait_any(at, 2, 2000), asked = at[1].revents != 0;
        int connfd = sockutil_accept(at[asked].fd, NULL, 0, SOCKUTIL_NOWAIT);
        if (ready != 1 || connfd < 0)
            die("accept");
        accepted[asked]++;
        close_socket(connfd);
        close_socket(client);
    }
    printf("two listeners, SO_REUSEPORT on both: one accepted %d, the other %d\n", accepted[0], accepted[1]);
    close_socket(first);
    close_socket(second);
}

int main(int argc, char *argv[]) {
    (void)next_option(argc, argv, "+h", HELP);
    no_more_arguments(argv);
    for (size_t i = 0; i < sizeof(HOLDERS) / sizeof(HOLDERS[0]); i++) {
        printf("the port is held by %s\nold option    state        new option: none   SO_REUSEADDR       SO_REUSEPORT",
               HOLDERS[i].what);
        for (enum option old = NONE; old <= REUSEPORT; old++)
            for (enum option next = NONE; next <= REUSEPORT; next++)
                try_to_have(&HOLDERS[i], old, next);
        puts("\n");
    }
    share_a_port();
    return 0;
}
