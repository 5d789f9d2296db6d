/* hosts.c - tcp_connect, tcp_listen, the udp_ functions, host_serv, and time limits, on loopback. */
#include "unp.h"

#include "check.h"

#include <time.h>

static int is_open(int fd) {
    return fcntl(fd, F_GETFD) != -1;
}

/* The port of a socket, as text. */
static const char *port_of(int fd) {
    static char text[2][16];
    static int turn;
    struct sockaddr_storage local;
    socklen_t len = sizeof local;
    turn = !turn;
    Getsockname(fd, (SA *)&local, &len);
    snprintf(text[turn], sizeof text[turn], "%d", ntohs((in_port_t)sock_get_port((SA *)&local, len)));
    return text[turn];
}

static struct sockaddr_in at_port(const char *port) {
    struct sockaddr_in sin;
    memset(&sin, 0, sizeof sin);
    sin.sin_family = AF_INET;
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sin.sin_port = htons((in_port_t)atoi(port));
    return sin;
}

static void tcp_by(int (*listening)(const char *, const char *, socklen_t *),
                   int (*connecting)(const char *, const char *), const char *host, const char *to,
                   socklen_t expected) {
    char byte, again[16];
    int value = 0, client, server;
    struct sockaddr_storage peer;
    socklen_t len = 0, value_len = sizeof value, peer_len = sizeof peer;
    int listener = listening(host, "0", &len);
    CHECK(len == expected);
    Getsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &value, &value_len);
    CHECK(value != 0);
    CHECK(Fcntl(listener, F_GETFD, 0) == 0 && (Fcntl(listener, F_GETFL, 0) & O_NONBLOCK) == 0);
    client = connecting(to, port_of(listener));
    CHECK(Fcntl(client, F_GETFD, 0) == 0 && (Fcntl(client, F_GETFL, 0) & O_NONBLOCK) == 0);
    server = Accept(listener, (SA *)&peer, &peer_len);
    CHECK(peer_len == expected);
    Write(client, (char[]){"x"}, 1);
    CHECK(Read(server, &byte, 1) == 1 && byte == 'x');
    /* A second server at once, although a connection of this port is in TIME_WAIT: SO_REUSEADDR. */
    snprintf(again, sizeof again, "%s", port_of(listener));
    Close(server);
    CHECK(Read(client, &byte, 1) == 0);
    Close(client);
    Close(listener);
    Close(listening(host, again, NULL));
}

static void udp_by(int (*serving)(const char *, const char *, socklen_t *),
                   int (*unconnected)(const char *, const char *, SA **, socklen_t *),
                   int (*connecting)(const char *, const char *), const char *host, const char *to,
                   socklen_t expected) {
    char byte;
    SA *sa = NULL;
    struct sockaddr_storage peer;
    int value = 1, client;
    socklen_t len = 0, sa_len = 0, value_len = sizeof value, peer_len = sizeof peer;
    int server = serving(host, "0", &len);
    CHECK(len == expected);
    CHECK(Fcntl(server, F_GETFD, 0) == 0);
    Getsockopt(server, SOL_SOCKET, SO_REUSEADDR, &value, &value_len);
    CHECK(value == 0);

    client = unconnected(to, port_of(server), &sa, &sa_len);
    CHECK(sa_len == expected && sock_get_port(sa, sa_len) == htons((in_port_t)atoi(port_of(server))));
    CHECK(getpeername(client, (SA *)&peer, &peer_len) == -1 && errno == ENOTCONN);
    CHECK(Fcntl(client, F_GETFD, 0) == 0);
    Sendto(client, "u", 1, 0, sa, sa_len);
    CHECK(Read(server, &byte, 1) == 1 && byte == 'u');
    free(sa);
    Close(client);

    client = connecting(to, port_of(server));
    peer_len = sizeof peer;
    Getpeername(client, (SA *)&peer, &peer_len);
    CHECK(peer_len == expected && Fcntl(client, F_GETFD, 0) == 0);
    Write(client, (char[]){"c"}, 1);
    CHECK(Read(server, &byte, 1) == 1 && byte == 'c');
    Close(client);
    Close(server);
}

static int has_ipv6(void) {
    struct sockaddr_in6 loopback;
    int fd = socket(AF_INET6, SOCK_DGRAM, 0), has;
    memset(&loopback, 0, sizeof loopback);
    loopback.sin6_family = AF_INET6;
    loopback.sin6_addr = in6addr_loopback;
    has = fd >= 0 && bind(fd, (SA *)&loopback, sizeof loopback) == 0;
    close(fd);
    return has;
}

static void endpoints(void) {
    const socklen_t v4 = sizeof(struct sockaddr_in), v6 = sizeof(struct sockaddr_in6);
    /* A NULL host is every IPv4 address, and to connect the loopback: clients are no ::ffff:127.0.0.1. */
    tcp_by(tcp_listen, tcp_connect, NULL, "127.0.0.1", v4);
    tcp_by(Tcp_listen, Tcp_connect, NULL, NULL, v4);
    tcp_by(Tcp_listen, Tcp_connect, "127.0.0.1", "127.0.0.1", v4);
    udp_by(udp_server, udp_client, udp_connect, NULL, "127.0.0.1", v4);
    udp_by(Udp_server, Udp_client, Udp_connect, "127.0.0.1", "127.0.0.1", v4);
    if (!has_ipv6()) {
        printf("left out: no IPv6: tcp_listen and udp_server at ::1\n");
        return;
    }
    tcp_by(Tcp_listen, Tcp_connect, "::1", "::1", v6);
    udp_by(Udp_server, Udp_client, Udp_connect, "::1", "::1", v6);
}

/* tcp_listen listens by way of LISTENQ, as Listen does. */
static void backlog(void) {
    int fits[2], which;
    for (which = 0; which < 2; which++) {
        int listener;
        setenv("LISTENQ", which == 0 ? "1" : "12", 1);
        listener = Tcp_listen("127.0.0.1", "0", NULL);
        for (fits[which] = 0; fits[which] < 20; fits[which]++) {
            struct sockaddr_in to = at_port(port_of(listener));
            struct pollfd one;
            one.fd = Socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
            one.events = POLLOUT;
            CHECK(connect(one.fd, (SA *)&to, sizeof to) == 0 || errno == EINPROGRESS);
            if (poll(&one, 1, 300) == 0)
                break;
        }
    }
    CHECK(fits[0] < 12 && fits[1] >= 12);
    setenv("LISTENQ", "-1", 1);
    Close(Tcp_listen("127.0.0.1", "0", NULL));
    setenv("LISTENQ", "1000000", 1);
    Close(Tcp_listen("127.0.0.1", "0", NULL));
    unsetenv("LISTENQ");
}

static void services(void) {
    struct addrinfo *all = host_serv("127.0.0.1", "9877", AF_INET, SOCK_STREAM);
    CHECK(all != NULL && all->ai_family == AF_INET && all->ai_socktype == SOCK_STREAM);
    CHECK(strcmp(all->ai_canonname, "127.0.0.1") == 0);
    CHECK(strcmp(Sock_ntop(all->ai_addr, all->ai_addrlen), "127.0.0.1:9877") == 0);
    freeaddrinfo(all);
    all = Host_serv("127.0.0.1", NULL, 0, SOCK_DGRAM);
    CHECK(strcmp(Sock_ntop(all->ai_addr, all->ai_addrlen), "127.0.0.1") == 0);
    freeaddrinfo(all);
    CHECK(host_serv("127.0.0.1", "no-such-service", AF_INET, SOCK_STREAM) == NULL);
    CHECK(host_serv(NULL, NULL, 0, 0) == NULL);
}

/* ---- Time limits ---- */

/* A listener that answers no more: its backlog is full. */
static struct sockaddr_in silent(void) {
    struct sockaddr_in to;
    int listener = Socket(AF_INET, SOCK_STREAM, 0);
    to = at_port("0");
    Bind(listener, (SA *)&to, sizeof to);
    Listen(listener, 0);
    to = at_port(port_of(listener));
    for (;;) {
        struct pollfd one;
        one.fd = Socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        one.events = POLLOUT;
        CHECK(connect(one.fd, (SA *)&to, sizeof to) == 0 || errno == EINPROGRESS);
        if (poll(&one, 1, 500) == 0)
            return to;
    }
}

/* Nobody listens there. */
static struct sockaddr_in dead(void) {
    struct sockaddr_in to = at_port("0");
    int bound = Socket(AF_INET, SOCK_STREAM, 0);
    Bind(bound, (SA *)&to, sizeof to);
    return at_port(port_of(bound));
}

static void limits_of(int (*connecting)(int, const SA *, socklen_t, int), int immediate_closes) {
    struct sockaddr_in quiet = silent(), none = dead(), to;
    struct sockaddr_un path;
    int seconds, fd;
    time_t start;
    int listener = Tcp_listen("127.0.0.1", "0", NULL);
    to = at_port(port_of(listener));
    for (seconds = 0; seconds < 3; seconds += 2) {
        /* The flags are as they were. */
        fd = Socket(AF_INET, SOCK_STREAM, 0);
        CHECK(connecting(fd, (SA *)&to, sizeof to, seconds) == 0);
        CHECK((Fcntl(fd, F_GETFL, 0) & O_NONBLOCK) == 0);
        Close(fd);
        fd = Socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        CHECK(connecting(fd, (SA *)&to, sizeof to, seconds) == 0);
        CHECK((Fcntl(fd, F_GETFL, 0) & O_NONBLOCK) != 0);
        Close(fd);
        /* Refused: closed. */
        fd = Socket(AF_INET, SOCK_STREAM, 0);
        CHECK(connecting(fd, (SA *)&none, sizeof none, seconds) == -1 && errno == ECONNREFUSED);
        CHECK(!is_open(fd));
    }
    fd = Socket(AF_INET, SOCK_STREAM, 0);
    start = time(NULL);
    CHECK(connecting(fd, (SA *)&quiet, sizeof quiet, 1) == -1 && errno == ETIMEDOUT);
    CHECK(time(NULL) - start >= 1);
    CHECK(!is_open(fd));
    /* What fails at once. */
    memset(&path, 0, sizeof path);
    path.sun_family = AF_UNIX;
    strcpy(path.sun_path, "/no/such/socket");
    fd = Socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK(connecting(fd, (SA *)&path, sizeof path, 1) == -1 && errno == ENOENT);
    CHECK(is_open(fd) == !immediate_closes);
    /* Longer than any address. */
    fd = Socket(AF_INET, SOCK_STREAM, 0);
    CHECK(connecting(fd, (SA *)&to, 100000, 1) == -1 && errno == EINVAL);
}

/* Connect_timeo, and connect_timeo with a program's own alarm: it still comes. */
static void with_alarm(void) {
    struct sockaddr_in to;
    unsigned left;
    int fd = Socket(AF_INET, SOCK_STREAM, 0);
    int listener = Tcp_listen("127.0.0.1", "0", NULL);
    to = at_port(port_of(listener));
    left = alarm(30);
    Connect_timeo(fd, (SA *)&to, sizeof to, 5);
    CHECK(alarm(left) > 20);
}

static void ready(void) {
    char bytes[4096];
    time_t start;
    int pair[2];
    memset(bytes, 0, sizeof bytes);
    Socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    start = time(NULL);
    CHECK(readable_timeo(pair[0], 1) == 0);
    CHECK(time(NULL) - start >= 1);
    CHECK(readable_timeo(pair[0], 0) == 0 && Readable_timeo(pair[0], 0) == 0);
    CHECK(writable_timeo(pair[0], 0) > 0 && Writable_timeo(pair[0], 1) > 0);
    Write(pair[1], bytes, 1);
    CHECK(readable_timeo(pair[0], 100) > 0 && Readable_timeo(pair[0], 0) > 0);
    while (send(pair[0], bytes, sizeof bytes, MSG_DONTWAIT) > 0)
        ;
    CHECK(writable_timeo(pair[0], 0) == 0 && Writable_timeo(pair[0], 1) == 0);
    /* The end of the stream can be read. */
    Close(pair[1]);
    CHECK(readable_timeo(pair[0], 5) > 0);
    CHECK(readable_timeo(-1, 1) == -1 && errno == EBADF);
    CHECK(writable_timeo(999, 1) == -1 && errno == EBADF);
    CHECK(readable_timeo(pair[0], -1) == -1 && errno == EINVAL);
}

int main(void) {
    CHECK_BOUND(50);
    signal(SIGPIPE, SIG_IGN);
    unsetenv("LISTENQ");
    endpoints();
    backlog();
    services();
    limits_of(connect_timeo, 1);
    limits_of(connect_nonb, 0);
    with_alarm();
    ready();
    return 0;
}
