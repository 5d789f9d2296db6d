/* addresses.c - the sock_ functions, Inet_pton, Inet_ntop and the interfaces' names. */
#include "unp.h"

#include "check.h"

union any {
    SA sa;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    struct sockaddr_un un;
};

static union any v4(const char *text, int port) {
    union any a;
    memset(&a, 0, sizeof a);
    a.in.sin_family = AF_INET;
    a.in.sin_port = htons((in_port_t)port);
    Inet_pton(AF_INET, text, &a.in.sin_addr);
    return a;
}

static union any v6(const char *text, int port) {
    union any a;
    memset(&a, 0, sizeof a);
    a.in6.sin6_family = AF_INET6;
    a.in6.sin6_port = htons((in_port_t)port);
    Inet_pton(AF_INET6, text, &a.in6.sin6_addr);
    return a;
}

static union any path(const char *text) {
    union any a;
    memset(&a, 0, sizeof a);
    a.un.sun_family = AF_UNIX;
    strncpy(a.un.sun_path, text, sizeof a.un.sun_path - 1);
    return a;
}

static union any other(void) {
    union any a;
    memset(&a, 0, sizeof a);
    a.sa.sa_family = 77;
    return a;
}

#define IS(text, expected) CHECK(strcmp(text, expected) == 0)

static void texts(void) {
    const struct {
        union any a;
        socklen_t len;
        const char *with_port;
        const char *host;
    } rows[] = {
        {v4("1.2.3.4", 80), sizeof(struct sockaddr_in), "1.2.3.4:80", "1.2.3.4"},
        {v4("255.255.255.255", 65535), sizeof(struct sockaddr_in), "255.255.255.255:65535", "255.255.255.255"},
        {v4("1.2.3.4", 0), sizeof(struct sockaddr_in), "1.2.3.4", "1.2.3.4"},
        {v6("::1", 80), sizeof(struct sockaddr_in6), "[::1]:80", "::1"},
        {v6("::1", 0), sizeof(struct sockaddr_in6), "::1", "::1"},
        {v6("fe80:1111:2222:3333:4444:5555:6666:7777", 65535), sizeof(struct sockaddr_in6),
         "[fe80:1111:2222:3333:4444:5555:6666:7777]:65535", "fe80:1111:2222:3333:4444:5555:6666:7777"},
        {v6("::ffff:1.2.3.4", 7), sizeof(struct sockaddr_in6), "[::ffff:1.2.3.4]:7", "::ffff:1.2.3.4"},
        {path("/tmp/x"), sizeof(struct sockaddr_un), "/tmp/x", "/tmp/x"},
        {path(""), sizeof(struct sockaddr_un), "(no pathname bound)", "(no pathname bound)"},
        {path("/not/looked/at"), offsetof(struct sockaddr_un, sun_path), "(no pathname bound)", "(no pathname bound)"},
        {other(), 16, "sock_ntop: unknown AF_xxx: 77, len 16", "sock_ntop_host: unknown AF_xxx: 77, len 16"},
    };
    size_t i;
    struct sockaddr_storage full;
    for (i = 0; i < sizeof rows / sizeof *rows; i++) {
        IS(sock_ntop(&rows[i].a.sa, rows[i].len), rows[i].with_port);
        IS(Sock_ntop(&rows[i].a.sa, rows[i].len), rows[i].with_port);
        IS(sock_ntop_host(&rows[i].a.sa, rows[i].len), rows[i].host);
        IS(Sock_ntop_host(&rows[i].a.sa, rows[i].len), rows[i].host);
    }
    /* A path may fill its field without a NUL, and the length be that of a larger struct. */
    memset(&full, 'p', sizeof full);
    full.ss_family = AF_UNIX;
    CHECK(strlen(sock_ntop((SA *)&full, sizeof full)) == sizeof rows[0].a.un.sun_path);
    CHECK(strlen(sock_ntop((SA *)&full, sizeof(struct sockaddr_un))) == sizeof rows[0].a.un.sun_path);
    /* Each has one buffer of its own. */
    CHECK(sock_ntop(&rows[0].a.sa, rows[0].len) == sock_ntop(&rows[3].a.sa, rows[3].len));
    CHECK(sock_ntop(&rows[0].a.sa, rows[0].len) != sock_ntop_host(&rows[3].a.sa, rows[3].len));
}

static void ports(void) {
    const socklen_t len = sizeof(union any);
    union any a = v4("1.2.3.4", 80), b = v6("::1", 80), p = path("/x"), o = other();
    CHECK(sock_get_port(&a.sa, len) == htons(80) && sock_get_port(&b.sa, len) == htons(80));
    CHECK(sock_get_port(&p.sa, len) == -1 && sock_get_port(&o.sa, len) == -1);
    sock_set_port(&a.sa, len, htons(65535));
    sock_set_port(&b.sa, len, htons(9877));
    sock_set_port(&p.sa, len, htons(1));
    IS(sock_ntop(&a.sa, len), "1.2.3.4:65535");
    IS(sock_ntop(&b.sa, len), "[::1]:9877");
    IS(sock_ntop(&p.sa, len), "/x");
}

static void hosts(void) {
    const socklen_t len = sizeof(union any);
    union any a = v4("1.2.3.4", 80), b = v6("::1", 80), p = path("/x");
    const union any to_a = v4("5.6.7.8", 0), to_b = v6("fe80::1", 0);
    sock_set_addr(&a.sa, len, &to_a.in.sin_addr);
    sock_set_addr(&b.sa, len, &to_b.in6.sin6_addr);
    sock_set_addr(&p.sa, len, &to_b.in6.sin6_addr);
    IS(sock_ntop(&a.sa, len), "5.6.7.8:80");
    IS(sock_ntop(&b.sa, len), "[fe80::1]:80");
    IS(sock_ntop(&p.sa, len), "/x");
    sock_set_wild(&a.sa, len);
    sock_set_wild(&b.sa, len);
    sock_set_wild(&p.sa, len);
    IS(sock_ntop(&a.sa, len), "0.0.0.0:80");
    IS(sock_ntop(&b.sa, len), "[::]:80");
    IS(sock_ntop(&p.sa, len), "/x");
}

static int sign(int n) {
    return (n > 0) - (n < 0);
}

static void comparisons(void) {
    const struct {
        union any a, b;
        int addr; /* 0: the same */
        int port; /* 1: the same */
    } rows[] = {
        {v4("1.2.3.4", 80), v4("1.2.3.4", 80), 0, 1},
        {v4("1.2.3.4", 80), v4("1.2.3.4", 81), 0, 0},
        {v4("1.2.3.4", 80), v4("1.2.3.5", 80), -1, 1},
        {v4("9.2.3.4", 80), v4("1.2.3.4", 81), 1, 0},
        {v6("::1", 80), v6("::1", 80), 0, 1},
        {v6("::1", 80), v6("::2", 81), -1, 0},
        {v6("fe80::", 80), v6("::2", 80), 1, 1},
        {path("/a"), path("/a"), 0, -1},
        {path("/a"), path("/b"), -1, -1},
        {path("/b"), path("/a"), 1, -1},
        {v4("1.2.3.4", 80), v6("::1", 80), -1, -1},
        {other(), other(), -1, -1},
    };
    size_t i;
    for (i = 0; i < sizeof rows / sizeof *rows; i++) {
        CHECK(sign(sock_cmp_addr(&rows[i].a.sa, &rows[i].b.sa, sizeof rows[i].a)) == rows[i].addr);
        CHECK(sock_cmp_port(&rows[i].a.sa, &rows[i].b.sa, sizeof rows[i].a) == rows[i].port);
    }
}

static void of_sockets(void) {
    union any local;
    socklen_t len = sizeof local;
    int pair[2];
    int v4_socket = Socket(AF_INET, SOCK_DGRAM, 0), v6_socket;
    int port = sock_bind_wild(v4_socket, AF_INET);
    CHECK(port > 0);
    Getsockname(v4_socket, &local.sa, &len);
    CHECK(local.in.sin_port == port && local.in.sin_addr.s_addr == htonl(INADDR_ANY));
    CHECK(sockfd_to_family(v4_socket) == AF_INET && Sockfd_to_family(v4_socket) == AF_INET);
    /* Bound already; a family that has no ports; another family than the socket's. */
    CHECK(sock_bind_wild(v4_socket, AF_INET) == -1);
    CHECK(sock_bind_wild(v4_socket, AF_UNIX) == -1);
    Socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    CHECK(sockfd_to_family(pair[0]) == AF_UNIX && sockfd_to_family(-1) == -1);
    CHECK(family_to_level(AF_INET) == IPPROTO_IP && family_to_level(AF_INET6) == IPPROTO_IPV6);
    CHECK(Family_to_level(AF_INET6) == IPPROTO_IPV6 && family_to_level(AF_UNIX) == -1);

    v6_socket = socket(AF_INET6, SOCK_STREAM, 0);
    if (v6_socket < 0) {
        printf("left out: no IPv6: Sock_bind_wild and Sockfd_to_family of an IPv6 socket\n");
        return;
    }
    port = Sock_bind_wild(v6_socket, AF_INET6);
    len = sizeof local;
    Getsockname(v6_socket, &local.sa, &len);
    CHECK(local.in6.sin6_port == port && IN6_IS_ADDR_UNSPECIFIED(&local.in6.sin6_addr));
    CHECK(Sockfd_to_family(v6_socket) == AF_INET6);
}

static void names(void) {
    char text[INET6_ADDRSTRLEN], name[IF_NAMESIZE];
    struct in_addr addr;
    struct if_nameindex *all = If_nameindex();
    Inet_pton(AF_INET, "192.0.2.7", &addr);
    CHECK(addr.s_addr == htonl(0xc0000207));
    CHECK(Inet_ntop(AF_INET, &addr, text, sizeof text) == text);
    IS(text, "192.0.2.7");
    CHECK(all[0].if_index != 0);
    CHECK(If_indextoname(all[0].if_index, name) == name);
    IS(name, all[0].if_name);
    CHECK(If_nametoindex(name) == all[0].if_index);
    if_freenameindex(all);
}

int main(void) {
    CHECK_BOUND(20);
    texts();
    ports();
    hosts();
    comparisons();
    of_sockets();
    names();
    return 0;
}
