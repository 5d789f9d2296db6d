/* The scenarios of connections: addresses, endpoints, options, passed descriptors, TCP state. Each has one armed call.
 * A run without a fault shows the due result; then every libc call that it makes fails once in every way. With several
 * faults at once, only the general rules are checked: no descriptor more or less than before, none of the caller's
 * changed, -1 with an errno or the result of an undisturbed call, no hang. */
#include "run.h"
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    GIVES_FD = 1, /* the result is a new descriptor */
    CHANGES = 2,  /* its purpose is to change a mode of the descriptor */
    TWO = 4,      /* two addresses are tried, where the machine has both families */
    LISTENS = 8,  /* some errno values mean "not this family" */
    LIES = 16,    /* a false "refused" from connect: the result is not checked */
    RACE = 32,    /* the resolver's answer is `hosts`, and the driver sets the time, without real waits */
    ITSELF = 64,  /* each socket connects to itself */
    HOUR_MS = 3600 * 1000,
    ANY = -1, /* due() does not decide */
    HANG_S = 10,
    MOST_CALLS = 1000
};

static struct {
    int fd, peer, third, sink;
    sockutil_network network;
    sockutil_cred cred;
    sockutil_addr to, out;
    int number, gai;
    size_t count, length;
    char text[128], bytes[16];
    sockutil_relay relay;
} w;

/* The hosts of tcp_connect, in order, a letter for each; and how many of its lists are not freed. */
enum { MOST_HOSTS = 32 };
static const char *hosts;
static int race_says; /* errno, 0 for a connection */
static long race_ms;  /* the time of the waits, without that of the calls */
static union host {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
} host[MOST_HOSTS];
static struct addrinfo list[MOST_HOSTS];
static int lists;
static long skew_ms;
static int dead_door, dead_client,
    closed_door; /* a full listener, the client that fills it, and a socket that does not listen */
static sockutil_addr dead_address, closed_address;

static char path[108];
static int door, unix_door; /* listeners */
static sockutil_addr door_address, unix_address;
static char port[8], closed_port[8];
static char door_text[24], path_text[120], unix_text[120]; /* for stream_listen and stream_connect */

struct scene {
    const char *name, *function;
    int flags;
    void (*begin)(void);
    long long (*call)(void);
    void (*check)(bool succeeded);
};

/* ---- The state before ---------------------------------------------- */

static void stream4(void) {
    w.fd = (int)MUST(socket(AF_INET, SOCK_STREAM, 0));
    w.to = door_address;
}

static void datagram4(void) {
    w.fd = (int)MUST(socket(AF_INET, SOCK_DGRAM, 0));
}

static void datagram6(void) {
    w.fd = socket(AF_INET6, SOCK_DGRAM, 0);
    if (w.fd < 0)
        datagram4();
}

static void stream6(void) {
    w.fd = socket(AF_INET6, SOCK_STREAM, 0);
    if (w.fd < 0)
        stream4();
}

static void datagrams(void) {
    sockutil_addr any = {.len = sizeof(struct sockaddr_in)};
    socklen_t size = sizeof w.to.ss;
    struct sockaddr_in loopback = {.sin_family = AF_INET};
    loopback.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    memcpy(&any.ss, &loopback, sizeof loopback);
    datagram4();
    w.peer = (int)MUST(socket(AF_INET, SOCK_DGRAM, 0));
    MUST(bind(w.peer, (struct sockaddr *)&any.ss, any.len));
    MUST(bind(w.fd, (struct sockaddr *)&any.ss, any.len));
    MUST(getsockname(w.peer, (struct sockaddr *)&w.to.ss, &size));
    w.to.len = size;
}

static void datagram_waits(void) {
    sockutil_addr here;
    datagrams();
    here.len = sizeof here.ss;
    MUST(getsockname(w.fd, (struct sockaddr *)&here.ss, &here.len));
    MUST(sendto(w.peer, "datagram", 8, 0, (struct sockaddr *)&here.ss, here.len));
}

static void pktinfo_waits(void) {
    datagram_waits();
    MUST(setsockopt(w.fd, IPPROTO_IP, IP_PKTINFO, &(int){1}, sizeof(int)));
}

static void connected_datagram(void) {
    datagrams();
    MUST(connect(w.fd, (struct sockaddr *)&w.to.ss, w.to.len));
}

static void connected_stream(void) {
    stream4();
    MUST(connect(w.fd, (struct sockaddr *)&door_address.ss, door_address.len));
    w.peer = (int)MUST(accept(door, NULL, NULL));
}

static void between_begin(void) {
    connected_stream();
    w.out.len = w.to.len = sizeof w.to.ss;
    MUST(getsockname(w.fd, (struct sockaddr *)&w.out.ss, &w.out.len));
    MUST(getpeername(w.fd, (struct sockaddr *)&w.to.ss, &w.to.len));
}

static int client(void) {
    int fd = (int)MUST(socket(AF_INET, SOCK_STREAM, 0));
    MUST(connect(fd, (struct sockaddr *)&door_address.ss, door_address.len));
    return fd;
}

/* Two, where a client without an address counts as gone: the next one is taken. */
static void client_waits(void) {
    w.fd = door;
    w.peer = client();
    if (is_portable)
        w.sink = client();
}

static void unix_stream(void) {
    w.fd = (int)MUST(socket(AF_UNIX, SOCK_STREAM, 0));
    w.to = unix_address;
}

static void unix_stream_nonblocking(void) {
    struct timeval seven = {7, 0};
    unix_stream();
    MUST(fcntl(w.fd, F_SETFL, O_RDWR | O_NONBLOCK));
    MUST(setsockopt(w.fd, SOL_SOCKET, SO_SNDTIMEO, &seven, sizeof seven));
}

static void pair(void) {
    int ends[2];
    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
    w.fd = ends[0];
    w.peer = ends[1];
}

static void descriptor_waits(void) {
    pair();
    arm(NULL);
    if (sockutil_send_fd(w.peer, w.peer, SOCKUTIL_FOREVER) != 1)
        MUST(-1);
}

/* From w.fd, where eight bytes and the end wait, to w.sink, whose other end is w.peer. */
static void relay_begin(void) {
    int from[2], to[2];
    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, from));
    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, to));
    MUST(write(from[1], "a stream", 8));
    MUST(close(from[1]));
    w.fd = from[0];
    w.sink = to[0];
    w.peer = to[1];
    MUST(sockutil_relay_init(&w.relay, w.fd, w.sink, w.bytes, 3));
}

static long long relay_forever(void) {
    return sockutil_relay_run(&w.relay, 1, SOCKUTIL_FOREVER);
}

static long long relay_timed(void) {
    return sockutil_relay_run(&w.relay, 1, HOUR_MS);
}

/* What was moved arrives, and no more; all of it if the call succeeded. What fails but a transfer can be repeated. */
static void relayed(bool succeeded) {
    char got[16];
    int error = MARK;
    size_t moved = (size_t)sockutil_relay_moved(&w.relay);
    bool over = sockutil_relay_ended(&w.relay, &error) == 1;
    CHECK(&run, !succeeded || (over && error == 0 && moved == 8));
    CHECK(&run, succeeded || error == (over ? run.err : MARK));
    if (!over)
        CHECK(&run, sockutil_relay_run(&w.relay, 1, SOCKUTIL_FOREVER) == 1 && (moved = 8) == 8);
    CHECK(&run, recv(w.peer, got, sizeof got, MSG_DONTWAIT) == (moved > 0            ? (ssize_t)moved
                                                                : over && error == 0 ? 0
                                                                                     : -1));
    CHECK(&run, memcmp(got, "a stream", moved) == 0);
}

/* Descriptor 3 is one of the driver's own. */
static void activated(void) {
    char pid[16];
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    MUST(fcntl(3, F_GETFD));
    MUST(setenv("LISTEN_PID", pid, 1));
    MUST(setenv("LISTEN_FDS", "1", 1));
}

static void stale_file(void) {
    int old = (int)MUST(socket(AF_UNIX, SOCK_STREAM, 0));
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    memcpy(name.sun_path, path, sizeof name.sun_path);
    MUST(bind(old, (struct sockaddr *)&name, sizeof name));
    MUST(close(old));
}

static void living_file(void) {
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    w.fd = (int)MUST(socket(AF_UNIX, SOCK_STREAM, 0));
    memcpy(name.sun_path, path, sizeof name.sun_path);
    MUST(bind(w.fd, (struct sockaddr *)&name, sizeof name));
    MUST(listen(w.fd, 5));
}

/* An unused port. */
static void free_port(void) {
    struct sockaddr_in any = {.sin_family = AF_INET};
    sockutil_addr local = {.len = sizeof any};
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = (int)MUST(socket(AF_INET, SOCK_STREAM, 0));
    MUST(bind(fd, (struct sockaddr *)&any, sizeof any));
    MUST(getsockname(fd, (struct sockaddr *)&local.ss, &local.len));
    MUST(close(fd));
    snprintf(closed_port, sizeof closed_port, "%d", sockutil_addr_port(&local));
}

/* The resolver's answer: `d` is dead, `r` refuses, `l` is alive, each at its own address. */
static void answer(const char *letters, int err, long ms) {
    hosts = letters;
    race_says = err;
    race_ms = ms;
    for (int i = 0; letters[i] != '\0'; i++) {
        const sockutil_addr *at = letters[i] == 'd'   ? &dead_address
                                  : letters[i] == 'r' ? &closed_address
                                                      : &door_address;
        memcpy(&host[i].v4, &at->ss, sizeof host[i].v4);
        host[i].v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (uint32_t)(letters[i] == 'l' ? 0 : i));
        list[i] = (struct addrinfo){.ai_family = AF_INET, .ai_socktype = SOCK_STREAM, .ai_addr = &host[i].any};
        list[i].ai_addrlen = sizeof host[i].v4;
        list[i].ai_next = letters[i + 1] != '\0' ? &list[i + 1] : NULL;
    }
}

static void dead_then_live(void) {
    answer("dl", 0, 250);
}

static void refused_twice_then_live(void) {
    answer("rrl", 0, 0);
}

static void refused_dead_live(void) {
    answer("rdl", 0, 150);
}

static void nine(void) {
    answer("ddddddddl", 0, 2000);
}

static void two_dead(void) {
    answer("dd", ETIMEDOUT, 300);
}

static void dead_and_refused(void) {
    answer("dr", ECONNREFUSED, 60000);
}

static void too_late(void) {
    answer("dl", ETIMEDOUT, 0);
}

static void eighteen_refused(void) {
    answer("rrrrrrrrrrrrrrrrrl", ECONNREFUSED, 0);
}

static void source_begin(void) {
    w.to = door_address;
}

static void group_begin(void) {
    if (sockutil_addr_parse(&w.to, "224.0.0.251", 0) != 1)
        MUST(-1);
    datagram4();
    (void)setsockopt(w.fd, IPPROTO_IP, IP_MULTICAST_IF, &(struct ip_mreqn){.imr_ifindex = 1}, sizeof(struct ip_mreqn));
}

static void member_begin(void) {
    group_begin();
    if (sockutil_multicast_join(w.fd, &w.to, 1) < 0)
        return; /* if that is not possible, the tested call fails too */
}

/* Which address the source is does not matter: it is the group's own. */
static void source_member_begin(void) {
    group_begin();
    if (sockutil_multicast_join_source(w.fd, &w.to, &w.to, 1) < 0)
        return; /* if that is not possible, the tested call fails too */
}

static void zone_begin(void) {
    struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_port = htons(80), .sin6_scope_id = 1};
    a.sin6_addr.s6_addr[0] = 0xfe;
    a.sin6_addr.s6_addr[1] = 0x80;
    memcpy(&w.to.ss, &a, sizeof a);
    w.to.len = sizeof a;
}

/* ---- The calls --------------------------------------------------------- */

#define ARMED(name, expression)                                                                                        \
    static long long name(void) {                                                                                      \
        return (long long)(expression);                                                                                \
    }

ARMED(addr_parse, sockutil_addr_parse(&w.out, "[fe80::1%lo]:80", -1))
ARMED(addr_format, sockutil_addr_format(&w.to, w.text, sizeof w.text) > 0 ? 0 : -1)
ARMED(addr_port, sockutil_addr_port(&w.to))
ARMED(addr_from, sockutil_addr_from(&w.out, &w.to.ss, w.to.len))
ARMED(addr_set_port, sockutil_addr_set_port(&w.to, 80))
ARMED(network_parse, sockutil_network_parse(&w.network, "10.0.0.0/8"))
ARMED(addr_in, sockutil_addr_in(&w.to, &w.network))
ARMED(error_text, sockutil_error_text(ECONNREFUSED, 0, w.text, sizeof w.text) == w.text)
ARMED(addr_unmap, sockutil_addr_unmap(&w.to))
ARMED(addr_equal, sockutil_addr_equal(&w.to, &w.to))
ARMED(addr_local, sockutil_addr_local(w.fd, &w.out))
ARMED(addr_peer, sockutil_addr_peer(w.fd, &w.out))
ARMED(source_for, sockutil_addr_source_for(&w.to, &w.out))
ARMED(resolve_number, sockutil_resolve("127.0.0.1", "80", 0, 0, &w.out, 1, &w.count, &w.gai))
ARMED(resolve_name, sockutil_resolve("localhost", "80", SOCK_STREAM, 0, &w.out, 1, &w.count, &w.gai))
ARMED(listen_any, sockutil_tcp_listen(NULL, "0", 5, SOCKUTIL_REUSEPORT, &w.gai))
ARMED(listen_one, sockutil_tcp_listen("127.0.0.1", "0", 5, SOCKUTIL_NONBLOCK, &w.gai))
ARMED(listen_name, sockutil_tcp_listen("localhost", "0", 5, 0, &w.gai))
ARMED(bind_any, sockutil_udp_bind(NULL, "0", 0, &w.gai))
ARMED(bind_one, sockutil_udp_bind("127.0.0.1", "0", SOCKUTIL_INHERIT, &w.gai))
ARMED(connect_any, sockutil_tcp_connect(NULL, port, 0, SOCKUTIL_FOREVER, &w.gai))
ARMED(connect_one, sockutil_tcp_connect("127.0.0.1", port, 0, SOCKUTIL_FOREVER, &w.gai))
ARMED(connect_one_timed, sockutil_tcp_connect("127.0.0.1", port, SOCKUTIL_NONBLOCK, HOUR_MS, &w.gai))
ARMED(connect_name, sockutil_tcp_connect("localhost", port, 0, HOUR_MS, &w.gai))
ARMED(race_forever, sockutil_tcp_connect("name", port, 0, SOCKUTIL_FOREVER, &w.gai))
ARMED(race_timed, sockutil_tcp_connect("name", port, 0, 60 * 1000, &w.gai))
ARMED(race_shortly, sockutil_tcp_connect("name", port, SOCKUTIL_NONBLOCK, 300, &w.gai))
ARMED(race_nowait, sockutil_tcp_connect("name", port, 0, SOCKUTIL_NOWAIT, &w.gai))
ARMED(meet_itself, sockutil_tcp_connect("127.0.0.1", closed_port, 0, SOCKUTIL_FOREVER, &w.gai))
ARMED(connect_forever, sockutil_connect(w.fd, &w.to, SOCKUTIL_FOREVER))
ARMED(connect_timed, sockutil_connect(w.fd, &w.to, HOUR_MS))
ARMED(connect_nowait, sockutil_connect(w.fd, &w.to, SOCKUTIL_NOWAIT))
ARMED(accept_forever, sockutil_accept(w.fd, &w.out, 0, SOCKUTIL_FOREVER))
ARMED(accept_timed, sockutil_accept(w.fd, &w.out, SOCKUTIL_NONBLOCK, HOUR_MS))
ARMED(accept_nowait, sockutil_accept(w.fd, &w.out, 0, SOCKUTIL_NOWAIT))
ARMED(udp_connect_any, sockutil_udp_connect(NULL, port, 0, &w.gai))
ARMED(udp_connect_one, sockutil_udp_connect("127.0.0.1", port, 0, &w.gai))
ARMED(udp_disconnect, sockutil_udp_disconnect(w.fd))
ARMED(sendto_forever, sockutil_sendto(w.fd, "datagram", 8, &w.to, SOCKUTIL_FOREVER))
ARMED(sendto_timed, sockutil_sendto(w.fd, "datagram", 8, &w.to, HOUR_MS))
ARMED(recvfrom_forever, sockutil_recvfrom(w.fd, w.bytes, 5, &w.out, &w.number, SOCKUTIL_FOREVER))
ARMED(recvfrom_whole, sockutil_recvfrom(w.fd, w.bytes, 8, &w.out, NULL, SOCKUTIL_FOREVER))
ARMED(recvfrom_timed, sockutil_recvfrom(w.fd, w.bytes, 8, &w.out, &w.number, HOUR_MS))
ARMED(pktinfo, sockutil_set_pktinfo(w.fd, 1))
ARMED(recvfrom_at_forever, sockutil_recvfrom_at(w.fd, w.bytes, 5, &w.out, NULL, NULL, &w.number, SOCKUTIL_FOREVER))
ARMED(recvfrom_at_timed, sockutil_recvfrom_at(w.fd, w.bytes, 8, NULL, &w.out, NULL, &w.number, HOUR_MS))
ARMED(sendto_from_forever, sockutil_sendto_from(w.fd, "datagram", 8, &w.to, &w.to, 0, SOCKUTIL_FOREVER))
ARMED(sendto_from_timed, sockutil_sendto_from(w.fd, "datagram", 8, &w.to, NULL, 1, HOUR_MS))
ARMED(sendto_from_peer, sockutil_sendto_from(w.fd, "datagram", 8, NULL, &w.to, 0, HOUR_MS))
ARMED(listen_fds, sockutil_listen_fds(&w.number))
ARMED(unix_listen, sockutil_unix_listen(path, 5, 0))
ARMED(unix_listen_mode, sockutil_unix_listen_mode(path, 5, 0666, 0))
ARMED(unix_replace, sockutil_unix_listen(path, 5, SOCKUTIL_REPLACE))
ARMED(unix_connect, sockutil_unix_connect(((struct sockaddr_un *)&unix_address.ss)->sun_path, 0, HOUR_MS))
ARMED(unix_connect_nowait, sockutil_unix_connect(((struct sockaddr_un *)&unix_address.ss)->sun_path, 0, 0))
ARMED(peer_cred, sockutil_peer_cred(w.fd, &w.cred))
ARMED(stream_listen_one, sockutil_stream_listen("127.0.0.1:0", 5, SOCKUTIL_NONBLOCK, &w.gai))
ARMED(stream_listen_any, sockutil_stream_listen(":0", 5, 0, &w.gai))
ARMED(stream_listen_unix, sockutil_stream_listen(path_text, 5, SOCKUTIL_V6ONLY, &w.gai))
ARMED(stream_connect_one, sockutil_stream_connect(door_text, 0, HOUR_MS, &w.gai))
ARMED(stream_connect_unix, sockutil_stream_connect(unix_text, SOCKUTIL_NUMERIC, HOUR_MS, &w.gai))
ARMED(stream_connect_nowait, sockutil_stream_connect(door_text, 0, SOCKUTIL_NOWAIT, &w.gai))
ARMED(send_fd_forever, sockutil_send_fd(w.fd, w.peer, SOCKUTIL_FOREVER))
ARMED(send_fd_timed, sockutil_send_fd(w.fd, w.peer, HOUR_MS))
ARMED(recv_fd_forever, sockutil_recv_fd(w.fd, &w.third, SOCKUTIL_FOREVER))
ARMED(recv_fd_timed, sockutil_recv_fd(w.fd, &w.third, HOUR_MS))
ARMED(send_fds_forever, sockutil_send_fds(w.fd, &w.peer, 1, "bytes", 5, &w.count, SOCKUTIL_FOREVER))
ARMED(send_fds_timed, sockutil_send_fds(w.fd, &w.peer, 1, "bytes", 5, &w.count, HOUR_MS))
ARMED(recv_fds_forever, sockutil_recv_fds(w.fd, &w.third, 1, &w.count, w.bytes, 5, &w.length, SOCKUTIL_FOREVER))
ARMED(recv_fds_timed, sockutil_recv_fds(w.fd, &w.third, 1, &w.count, w.bytes, 5, &w.length, HOUR_MS))
ARMED(tcp_state, sockutil_tcp_state(w.fd))
ARMED(between, sockutil_tcp_state_between(&w.out, &w.to))
ARMED(state_name, sockutil_tcp_state_name(1) != NULL)
ARMED(reuseport, sockutil_set_reuseport(w.fd, 1))
ARMED(v6only, sockutil_set_v6only(w.fd, 1))
ARMED(nonblock, sockutil_set_nonblock(w.fd, 1))
ARMED(nodelay, sockutil_set_nodelay(w.fd, 1))
ARMED(broadcast, sockutil_set_broadcast(w.fd, 1))
ARMED(linger, sockutil_set_linger(w.fd, 1, 3))
ARMED(keepalive, sockutil_set_keepalive(w.fd, 60, 10, 3))
ARMED(join, sockutil_multicast_join(w.fd, &w.to, 1))
ARMED(leave, sockutil_multicast_leave(w.fd, &w.to, 1))
ARMED(user_timeout, sockutil_set_user_timeout(w.fd, 1000))
ARMED(join_source, sockutil_multicast_join_source(w.fd, &w.to, &w.to, 1))
ARMED(leave_source, sockutil_multicast_leave_source(w.fd, &w.to, &w.to, 1))
ARMED(set_hops, sockutil_set_multicast_hops(w.fd, AF_INET, 1))
ARMED(set_loop, sockutil_set_multicast_loop(w.fd, AF_INET, 1))
ARMED(set_interface, sockutil_set_multicast_interface(w.fd, AF_INET, 1))
ARMED(get_int, sockutil_getsockopt_int(w.fd, SOL_SOCKET, SO_TYPE, &w.number))
ARMED(set_int, sockutil_setsockopt_int(w.fd, SOL_SOCKET, SO_KEEPALIVE, 1))
ARMED(take_error, sockutil_take_error(w.fd))

/* ---- The state afterwards ------------------------------------------ */

static void no_output(bool succeeded) {
    static const sockutil_addr none;
    CHECK(&run, succeeded || memcmp(&w.out, &none, sizeof none) == 0);
    CHECK(&run, succeeded || w.number == MARK);
}

static void resolved(bool succeeded) {
    no_output(succeeded);
    CHECK(&run, !succeeded || (w.gai == 0 && w.count > 0));
    CHECK(&run, succeeded || run.hit != F_getaddrinfo || w.gai == (run.plan.err < 0 ? run.plan.err : EAI_SYSTEM));
}

static void gai_told(bool succeeded) {
    CHECK(&run, !succeeded || w.gai == 0);
    CHECK(&run, run.hit == F_getaddrinfo || run.plan.seed != 0 || w.gai == 0);
}

/* The list was freed, and the descriptor is blocking or not, as requested. */
static void race_over(bool succeeded) {
    gai_told(succeeded);
    CHECK(&run, lists == 0);
    if (run.plan.at == 0 && run.plan.seed == 0) {
        CHECK(&run, succeeded == (race_says == 0) && (succeeded || run.err == race_says));
        CHECK(&run, skew_ms <= race_ms && skew_ms >= race_ms - race_ms / 5);
    }
    bool nonblock = succeeded && (fcntl((int)run.ret, F_GETFL) & O_NONBLOCK) != 0;
    CHECK(&run, !succeeded || nonblock == (hosts != NULL && strcmp(hosts, "rdl") == 0));
}

static void datagram_read(bool succeeded) {
    no_output(succeeded);
    CHECK(&run, !succeeded || (memcmp(w.bytes, "datagram", (size_t)run.ret) == 0 && w.number == (run.ret < 8)));
}

static void datagram_came(bool succeeded) {
    no_output(succeeded);
    CHECK(&run, !succeeded || (run.ret == 8 && memcmp(w.bytes, "datagram", 8) == 0 && w.number == MARK));
}

/* The portable library makes a descriptor close-on-exec after it has come. */
static bool could_not_set_flags(void) {
    bool failed = false;
    for (size_t i = 0; is_portable && i < run.logged; i++)
        failed |= run.log[i].function == F_fcntl && run.log[i].failed_with != 0;
    return failed;
}

static void descriptor_got(bool succeeded) {
    CHECK(&run, succeeded == (w.third >= 0));
    CHECK(&run, !succeeded || could_not_set_flags() || (fcntl(w.third, F_GETFD) & FD_CLOEXEC) != 0);
}

static void bytes_and_descriptor_sent(bool succeeded) {
    CHECK(&run, w.count == (succeeded ? 5 : 0));
}

static void byte_and_descriptor_got(bool succeeded) {
    descriptor_got(succeeded);
    CHECK(&run, w.count == succeeded && w.length == succeeded);
}

static void first_told(bool succeeded) {
    CHECK(&run, w.number == (succeeded ? 3 : -1));
    CHECK(&run, !succeeded || (fcntl(3, F_GETFD) & FD_CLOEXEC) != 0);
}

static void cred_got(bool succeeded) {
    CHECK(&run, w.cred.pid == (succeeded ? getpid() : 0));
}

/* The file has a listener, or a failed call has left none, unless it took it for another server's. */
static void listener_file(bool succeeded) {
    struct stat status;
    bool is_new = run.hit == F_listen || run.hit == F_openat || run.hit == F_fstat || run.hit == F_chmod;
    CHECK(&run, !succeeded || lstat(path, &status) == 0);
    CHECK(&run, succeeded || !is_new || run.err == EADDRINUSE || lstat(path, &status) != 0);
    CHECK(&run,
          !succeeded || strcmp(run.function, "sockutil_unix_listen_mode") != 0 || (status.st_mode & 07777) == 0666);
}

/* Its file too, unless the library believed a false answer. */
static void living_stays(bool succeeded) {
    struct stat status;
    bool lied = run.hit == F_lstat || run.hit == F_connect || run.plan.seed != 0;
    CHECK(&run, lied || (!succeeded && lstat(path, &status) == 0));
}

static void connection_works(bool succeeded) {
    sockutil_addr peer = {.len = sizeof peer.ss};
    CHECK(&run, !succeeded || getpeername(w.fd, (struct sockaddr *)&peer.ss, &peer.len) == 0);
}

/* ---- The due result of a fault ---------------------------------------- */

static size_t names_found; /* addresses of "localhost" */

static bool tries_two(const struct scene *s) {
    return (s->flags & TWO) != 0 && ((s->call != listen_name && s->call != connect_name) || names_found > 1);
}

static int v6_says; /* the errno of a connect to ::1 at the port */

/* The rank of an errno of connect. */
static int telling(int err) {
    bool here = err == ENETUNREACH || err == EHOSTUNREACH || err == EADDRNOTAVAIL || err == EAFNOSUPPORT;
    return here ? 0 : err == ETIMEDOUT ? 1 : 2;
}

/* The same for tcp_connect, one of whose attempts has failed so: it is as if that address were such a one. */
static int due_of_race(const struct scene *s, const struct shim_call *call, size_t sockets) {
    const char *found = (s->flags & (RACE | ITSELF)) != 0 ? hosts : tries_two(s) ? "6l" : "l";
    int err = call->err, most = 0;
    switch (call->function) {
    case F_socket:
    case F_connect:
        break;
    case F_getsockopt: /* Then the refusal is another errno. */
        break;
    case F_getsockname:
    case F_getpeername:
        return (s->flags & ITSELF) != 0 ? ANY : 0;
    case F_setsockopt:
        return 0;
    default: /* The clock, poll, fcntl: without them there is no connection. */
        return err;
    }
    if (call->function == F_connect && (err == EINTR || err == EINPROGRESS))
        return 0;
    if (call->function == F_getsockopt && strchr(found, 'd') != NULL)
        return strchr(found, 'l') != NULL ? 0 : ANY; /* It may be any of them. */
    for (size_t i = 0; i < 16 && found[i] != '\0'; i++) {
        int fails = found[i] == 'd' ? ETIMEDOUT : found[i] == '6' ? v6_says : ECONNREFUSED;
        if (i + 1 == sockets)
            fails = err;
        else if (found[i] == 'l')
            return 0;
        if (most == 0 || telling(fails) > telling(most))
            most = fails;
    }
    return most;
}

/* The first fault of a run without a mix: the errno that is due, 0 if all is as without it, or ANY. */
static int due(const struct scene *s, const struct shim_call *call) {
    int err = call->err;
    size_t sockets = 0, binds = 0;
    bool first;
    /* A peer that has gone is passed over, for the next one. */
    if (call->function == F_getpeername && s->function != NULL && strcmp(s->function, "sockutil_accept") == 0)
        return err == ENOTCONN || err == EINVAL ? 0 : err;
    /* Its calls are others. Whatever it answers, nothing is lost, left open or changed. */
    if (is_portable)
        return ANY;
    for (size_t i = 0; i < run.logged; i++) {
        if (run.log[i].function == F_socket)
            sockets++;
        if (run.log[i].function == F_bind)
            binds++;
        if ((long)i + 1 == run.plan.at)
            break;
    }
    first = sockets == 1;
    bool at_unix = s->begin == unix_stream || s->begin == unix_stream_nonblocking || s->call == unix_connect ||
                   s->call == stream_connect_unix;
    bool nowait = s->call == connect_nowait || s->call == accept_nowait;
    if (call->function == F_close || call->function == F_if_indextoname)
        return 0;
    if (call->function == F_if_nametoindex)
        return ENODEV;
    if (call->function == F_getaddrinfo)
        return err < 0 ? EADDRNOTAVAIL : err;
    if (call->function == F_poll && err == EINTR)
        return 0;
    if ((s->flags & LIES) != 0 && (call->function == F_lstat || call->function == F_connect))
        return ANY;
    if (s->call == unix_listen || s->call == unix_listen_mode || s->call == unix_replace ||
        s->call == stream_listen_unix) {
        bool stale = s->begin != NULL;
        if (call->function == F_fchmod)
            return 0; /* chmod removes what is too much. */
        if (call->function == F_openat && err == EINTR)
            return 0;
        /* The file is gone, or another user's: another server has the path. */
        if ((call->function == F_openat && err == ENOENT) || (call->function == F_chmod && err == EPERM))
            return EADDRINUSE;
        if (call->function == F_chmod && err == ENOENT)
            return ANY; /* Without /proc, Linux 6.6 has another call. */
        if (call->function == F_bind && binds == 1 && err == EADDRINUSE)
            return 0;
        if (call->function == F_lstat && err == ENOENT)
            return 0;
        if (call->function == F_connect)
            return err == ECONNREFUSED || err == ENOENT ? 0 : EADDRINUSE;
        if (call->function == F_unlink && err == ENOENT)
            return stale ? EADDRINUSE : 0; /* It exists: bind reports that. */
        return err;
    }
    if (s->check == relayed) {
        bool transient = (call->function == F_recv || call->function == F_send) &&
                         (err == EINTR || err == EAGAIN || err == ENOTSOCK);
        return transient || (call->function == F_shutdown && (err == ENOTSOCK || err == ENOTCONN)) ? 0 : err;
    }
    if ((s->flags & LISTENS) != 0)
        return tries_two(s) && first && (err == EAFNOSUPPORT || err == EADDRNOTAVAIL || err == EPROTONOSUPPORT) ? 0
                                                                                                                : err;
    if (s->function == NULL)
        return err;
    if (strcmp(s->function, "sockutil_tcp_connect") == 0 || s->call == stream_connect_one)
        return due_of_race(s, call, sockets);
    if (strcmp(s->function, "sockutil_connect") == 0 && call->function == F_getpeername)
        return 0; /* Then it has no peer, and connect decides. */
    if (s->call == leave_source && err == EINVAL)
        return EADDRNOTAVAIL; /* A member for no source at all. */
    if (s->call == sendto_from_peer && call->function == F_getpeername && err == ENOTCONN)
        return 0; /* Then sendto decides. */
    if (s->call == pktinfo && s->begin == datagram6 && err == ENOPROTOOPT)
        return ANY; /* A raw socket of IPv6 has no IP_PKTINFO. */
    if ((call->function == F_send || call->function == F_recv) && err == EINTR)
        return 0;
    if (call->function == F_connect) {
        bool datagram = strcmp(s->function, "sockutil_udp_connect") == 0 ||
                        strcmp(s->function, "sockutil_udp_disconnect") == 0 ||
                        strcmp(s->function, "sockutil_addr_source_for") == 0;
        if (err == EINTR)
            return 0;
        if (at_unix && err == EAGAIN)
            return nowait ? EAGAIN : ETIMEDOUT;
        if (err == EINPROGRESS && !at_unix && !datagram)
            return 0;
    }
    if (tries_two(s) && first)
        return 0;
    if (s->call == between) {
        if (err == EAFNOSUPPORT || err == EPROTONOSUPPORT || err == EOPNOTSUPP)
            return ENOTSUP;
        return call->function == F_recv && err == EINTR ? 0 : err;
    }
    switch (call->function) {
    case F_accept:
    case F_accept4:
        switch (err) {
        case ECONNABORTED:
        case EPROTO:
        case ENETDOWN:
        case ENOPROTOOPT:
        case EHOSTDOWN:
        case ENONET:
        case EHOSTUNREACH:
        case ENETUNREACH:
        case EINTR:
            return 0;
        case EAGAIN:
            return nowait ? EAGAIN : 0;
        default:
            return err;
        }
    case F_recvfrom:
    case F_recvmsg:
    case F_sendmsg:
    case F_sendto:
        return err == EINTR || err == EAGAIN ? 0 : err;
    default:
        return err;
    }
}

/* ---- Runs --------------------------------------------------------------- */

static bool disturbed; /* a call that sets, or sets back, a mode was hit */
static struct shim_call hit;

static uint64_t next_random(void) {
    run.random ^= run.random << 13;
    run.random ^= run.random >> 7;
    run.random ^= run.random << 17;
    return run.random >> 11;
}

static bool races, meets_itself;

static void before(struct shim_call *call) {
    functions_reached[call->function]++;
    if (run.logged >= MOST_CALLS) {
        complain(&run, "it spins");
        exit(1);
    }
    run.trace[run.counted] = call->function;
    run.counted++;
    if (run.counted == run.plan.at) {
        call->act = ACT_FAIL;
        call->err = run.plan.err;
        run.hit = (int)call->function;
        hit = *call;
    } else if (run.plan.seed != 0 && next_random() % 4 == 0) {
        const int *list = errnos_of(call->function, 0);
        size_t n = 0;
        bool interrupts = false;
        for (; list[n] != 0; n++)
            interrupts |= list[n] == EINTR;
        call->act = ACT_FAIL;
        call->err = interrupts && next_random() % 2 == 0 ? EINTR : list[next_random() % n];
    }
    if (call->act == ACT_FAIL) {
        run.injected++;
        disturbed |= call->function == F_fcntl || call->function == F_setsockopt;
    } else if (call->pause) {
        call->act = ACT_TIME_OUT;
    } else if (races && call->function == F_poll) {
        call->act = ACT_QUICK;
    } else if (races && call->function == F_getaddrinfo) {
        call->answer = list;
        lists++;
    }
    if (races && call->function == F_clock_gettime)
        call->skew_ms = skew_ms;
    if (meets_itself && call->function == F_connect)
        MUST(bind(call->fd, call->address, call->size));
}

static void after(const struct shim_call *call) {
    run.log[run.logged++] = *call;
    if (call->act == ACT_QUICK && call->result == 0)
        skew_ms += call->timeout_ms;
}

static bool frees(const struct addrinfo *answer) {
    if (answer != list)
        return false;
    lists--;
    return true;
}

static void let_go(int fd) {
    struct linger now = {1, 0};
    if (fd < 0 || fd == door)
        return;
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    if (close(fd) != 0)
        complain(&run, "a descriptor of the caller's was closed");
}

/* Takes what has arrived at the listeners meanwhile. */
static void empty(int listener) {
    int fd;
    while ((fd = accept(listener, NULL, NULL)) >= 0)
        let_go(fd);
}

static long long base_ret;
static int base_err;

static void once(const struct scene *s, const struct plan *plan) {
    static const struct shim_hooks hooks = {before, after, frees};
    static struct scenario named;
    struct timeval timeout[2] = {{0, 0}, {0, 0}};
    socklen_t size = sizeof *timeout;
    int modes = 0;
    bool bare = plan->at == 0 && plan->seed == 0;
    named.name = s->name;
    run.scenario = &named;
    run.kind = 0;
    run.limit = 0;
    run.plan = *plan;
    run.hit = -1;
    run.failed = false;
    run.function = s->function;
    run.logged = run.injected = 0;
    run.counted = 0;
    run.in = run.out = run.done = 0;
    run.random = plan->seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
    disturbed = false;
    races = (s->flags & RACE) != 0;
    meets_itself = (s->flags & ITSELF) != 0;
    skew_ms = lists = 0;
    hosts = meets_itself ? "r" : NULL;
    memset(&w, 0, sizeof w);
    w.fd = w.peer = w.third = w.sink = -1;
    w.number = MARK;
    (void)alarm(HANG_S);
    uint64_t first = open_descriptors();
    if (s->begin != NULL)
        s->begin();
    if (w.fd >= 0) {
        modes = (int)MUST(fcntl(w.fd, F_GETFL));
        MUST(getsockopt(w.fd, SOL_SOCKET, SO_SNDTIMEO, &timeout[0], &size));
    }
    uint64_t open_before = open_descriptors();
    note_function(s->function);
    arm(&hooks);
    errno = MARK;
    run.ret = s->call();
    run.err = errno;
    arm(NULL);
    bool succeeded = run.ret >= 0;
    if (bare) {
        base_ret = run.ret;
        base_err = run.err;
    }
    CHECK(&run, !succeeded || run.err == MARK);
    CHECK(&run, succeeded || (run.err != MARK && run.err > 0));
    CHECK(&run, succeeded || run.err != EINTR);
    if (plan->at != 0 && run.hit >= 0) {
        int err = due(s, &hit);
        bool as_before = (s->flags & GIVES_FD) != 0 && succeeded ? base_ret >= 0 : run.ret == base_ret;
        if (err > 0 && (succeeded || run.err != err))
            complain(&run, "-1 and %s were due", strerror(err));
        /* An existing listener is reported, whichever call reports it. */
        if (err == 0 && (!as_before || (!succeeded && run.err != base_err)))
            complain(&run, "the fault was to be passed over: %lld was due", base_ret);
    }
    if (s->check != NULL && !run.failed)
        s->check(succeeded);
    if ((s->flags & GIVES_FD) != 0 && succeeded)
        let_go((int)run.ret);
    let_go(w.third);
    if (open_descriptors() != open_before)
        complain(&run, "other descriptors are open than before");
    if (w.fd >= 0 && !disturbed && (s->flags & CHANGES) == 0) {
        CHECK(&run, fcntl(w.fd, F_GETFL) == modes);
        CHECK(&run, getsockopt(w.fd, SOL_SOCKET, SO_SNDTIMEO, &timeout[1], &size) == 0);
        CHECK(&run, timeout[0].tv_sec == timeout[1].tv_sec && timeout[0].tv_usec == timeout[1].tv_usec);
    }
    let_go(w.fd);
    let_go(w.peer);
    let_go(w.sink);
    empty(door);
    empty(unix_door);
    hosts = NULL;
    (void)unlink(path);
    if (open_descriptors() != first)
        complain(&run, "other descriptors are open at the end than at the start");
    (void)alarm(0);
    runs++;
    faults_injected += run.injected;
    if (failures >= 3) {
        fputs("faults: that is enough\n", stderr);
        exit(1);
    }
}

static void explore(const struct scene *s, bool full) {
    uint64_t seeds = full ? 500 : 20;
    static enum shim_function trace[LOG];
    struct plan plan = {.act = ACT_FAIL};
    once(s, &plan);
    long calls = run.counted;
    memcpy(trace, run.trace, sizeof trace);
    for (plan.at = 1; plan.at <= calls; plan.at++)
        for (const int *err = errnos_of(trace[plan.at - 1], 0); *err != 0; err++) {
            plan.err = *err;
            /* A long race has many calls that are alike. */
            if (!full && calls > 30 && (*err + plan.at) % 4 != 0)
                continue;
            once(s, &plan);
            if (run.hit != (int)trace[plan.at - 1] && !run.failed)
                complain(&run, "%s was to be hit", function_names[trace[plan.at - 1]]);
        }
    plan.at = 0;
    for (plan.seed = 1; plan.seed <= seeds; plan.seed++)
        once(s, &plan);
}

#define F(name) "sockutil_" #name
static const struct scene scenes[] = {
    {"addr_parse, a zone", F(addr_parse), 0, NULL, addr_parse, no_output},
    {"addr_format, a zone", F(addr_format), 0, zone_begin, addr_format, NULL},
    {"addr_port", F(addr_port), 0, zone_begin, addr_port, NULL},
    {"addr_from", F(addr_from), 0, zone_begin, addr_from, no_output},
    {"addr_set_port", F(addr_set_port), 0, zone_begin, addr_set_port, NULL},
    {"network_parse", F(network_parse), 0, NULL, network_parse, NULL},
    {"addr_in", F(addr_in), 0, zone_begin, addr_in, NULL},
    {"error_text", F(error_text), 0, NULL, error_text, NULL},
    {"addr_unmap", F(addr_unmap), 0, zone_begin, addr_unmap, NULL},
    {"addr_equal", F(addr_equal), 0, zone_begin, addr_equal, NULL},
    {"addr_local", F(addr_local), 0, connected_stream, addr_local, no_output},
    {"addr_peer", F(addr_peer), 0, connected_stream, addr_peer, no_output},
    {"addr_source_for", F(addr_source_for), 0, source_begin, source_for, no_output},
    {"resolve, a number", F(resolve), 0, NULL, resolve_number, resolved},
    {"resolve, a name", F(resolve), 0, NULL, resolve_name, resolved},
    {"tcp_listen, any", F(tcp_listen), GIVES_FD | TWO | LISTENS, NULL, listen_any, gai_told},
    {"tcp_listen, IPv4", F(tcp_listen), GIVES_FD | LISTENS, NULL, listen_one, gai_told},
    {"tcp_listen, a name", F(tcp_listen), GIVES_FD | TWO | LISTENS, NULL, listen_name, gai_told},
    {"udp_bind, any", F(udp_bind), GIVES_FD | TWO | LISTENS, NULL, bind_any, gai_told},
    {"udp_bind, IPv4", F(udp_bind), GIVES_FD | LISTENS, NULL, bind_one, gai_told},
    {"tcp_connect, any", F(tcp_connect), GIVES_FD | TWO, NULL, connect_any, gai_told},
    {"tcp_connect, IPv4", F(tcp_connect), GIVES_FD, NULL, connect_one, gai_told},
    {"tcp_connect, IPv4, timed", F(tcp_connect), GIVES_FD, NULL, connect_one_timed, gai_told},
    {"tcp_connect, a name", F(tcp_connect), GIVES_FD | TWO, NULL, connect_name, gai_told},
    {"tcp_connect, a race", F(tcp_connect), GIVES_FD | RACE, dead_then_live, race_timed, race_over},
    {"tcp_connect, a race for ever", F(tcp_connect), GIVES_FD | RACE, refused_twice_then_live, race_forever, race_over},
    {"tcp_connect, a short race", F(tcp_connect), GIVES_FD | RACE, refused_dead_live, race_shortly, race_over},
    {"tcp_connect, nine", F(tcp_connect), GIVES_FD | RACE, nine, race_timed, race_over},
    {"tcp_connect, two are dead", F(tcp_connect), GIVES_FD | RACE, two_dead, race_shortly, race_over},
    {"tcp_connect, one refuses", F(tcp_connect), GIVES_FD | RACE, dead_and_refused, race_timed, race_over},
    {"tcp_connect, eighteen", F(tcp_connect), GIVES_FD | RACE, eighteen_refused, race_forever, race_over},
    {"tcp_connect, no time", F(tcp_connect), GIVES_FD | RACE, too_late, race_nowait, race_over},
    {"tcp_connect, to itself", F(tcp_connect), GIVES_FD | ITSELF, free_port, meet_itself, gai_told},
    {"unix_connect, no time", F(unix_connect), GIVES_FD, NULL, unix_connect_nowait, NULL},
    {"connect", F(connect), 0, stream4, connect_forever, connection_works},
    {"connect, timed", F(connect), 0, stream4, connect_timed, connection_works},
    {"connect, at once", F(connect), 0, stream4, connect_nowait, NULL},
    {"connect, Unix", F(connect), 0, unix_stream, connect_forever, connection_works},
    {"connect, Unix, timed", F(connect), 0, unix_stream_nonblocking, connect_timed, connection_works},
    {"connect, Unix, at once", F(connect), 0, unix_stream, connect_nowait, NULL},
    {"accept", F(accept), GIVES_FD, client_waits, accept_forever, no_output},
    {"accept, timed", F(accept), GIVES_FD, client_waits, accept_timed, no_output},
    {"accept, at once", F(accept), GIVES_FD, client_waits, accept_nowait, no_output},
    {"udp_connect, any", F(udp_connect), GIVES_FD | TWO, NULL, udp_connect_any, gai_told},
    {"udp_connect, IPv4", F(udp_connect), GIVES_FD, NULL, udp_connect_one, gai_told},
    {"udp_disconnect", F(udp_disconnect), 0, connected_datagram, udp_disconnect, NULL},
    {"sendto", F(sendto), 0, datagrams, sendto_forever, NULL},
    {"sendto, timed", F(sendto), 0, datagrams, sendto_timed, NULL},
    {"recvfrom", F(recvfrom), 0, datagram_waits, recvfrom_forever, datagram_read},
    {"recvfrom, without truncated", F(recvfrom), 0, datagram_waits, recvfrom_whole, datagram_came},
    {"recvfrom, timed", F(recvfrom), 0, datagram_waits, recvfrom_timed, datagram_read},
    {"set_pktinfo", F(set_pktinfo), 0, datagram4, pktinfo, NULL},
    {"set_pktinfo, IPv6", F(set_pktinfo), 0, datagram6, pktinfo, NULL},
    {"recvfrom_at", F(recvfrom_at), 0, pktinfo_waits, recvfrom_at_forever, datagram_read},
    {"recvfrom_at, timed", F(recvfrom_at), 0, pktinfo_waits, recvfrom_at_timed, datagram_read},
    {"sendto_from", F(sendto_from), 0, datagrams, sendto_from_forever, NULL},
    {"sendto_from, timed", F(sendto_from), 0, datagrams, sendto_from_timed, NULL},
    {"sendto_from, the peer", F(sendto_from), 0, connected_datagram, sendto_from_peer, NULL},
    {"listen_fds", F(listen_fds), 0, activated, listen_fds, first_told},
    {"unix_listen", F(unix_listen), GIVES_FD, NULL, unix_listen, listener_file},
    {"unix_listen, a stale file", F(unix_listen), GIVES_FD, stale_file, unix_listen, listener_file},
    {"unix_listen, a living one is replaced", F(unix_listen), GIVES_FD, living_file, unix_replace, listener_file},
    {"unix_listen_mode", F(unix_listen_mode), GIVES_FD, NULL, unix_listen_mode, listener_file},
    {"unix_listen_mode, a stale file", F(unix_listen_mode), GIVES_FD, stale_file, unix_listen_mode, listener_file},
    {"unix_connect", F(unix_connect), GIVES_FD, NULL, unix_connect, NULL},
    {"peer_cred", F(peer_cred), 0, pair, peer_cred, cred_got},
    {"stream_listen, TCP", F(stream_listen), GIVES_FD | LISTENS, NULL, stream_listen_one, gai_told},
    {"stream_listen, TCP, any", F(stream_listen), GIVES_FD | TWO | LISTENS, NULL, stream_listen_any, gai_told},
    {"stream_listen, a path", F(stream_listen), GIVES_FD, NULL, stream_listen_unix, listener_file},
    {"stream_listen, a stale file", F(stream_listen), GIVES_FD, stale_file, stream_listen_unix, listener_file},
    {"stream_connect, TCP", F(stream_connect), GIVES_FD, NULL, stream_connect_one, gai_told},
    {"stream_connect, a path", F(stream_connect), GIVES_FD, NULL, stream_connect_unix, gai_told},
    {"stream_connect, no time", F(stream_connect), GIVES_FD, NULL, stream_connect_nowait, gai_told},
    {"send_fd", F(send_fd), 0, pair, send_fd_forever, NULL},
    {"send_fd, timed", F(send_fd), 0, pair, send_fd_timed, NULL},
    {"recv_fd", F(recv_fd), 0, descriptor_waits, recv_fd_forever, descriptor_got},
    {"recv_fd, timed", F(recv_fd), 0, descriptor_waits, recv_fd_timed, descriptor_got},
    {"send_fds", F(send_fds), 0, pair, send_fds_forever, bytes_and_descriptor_sent},
    {"send_fds, timed", F(send_fds), 0, pair, send_fds_timed, bytes_and_descriptor_sent},
    {"recv_fds", F(recv_fds), 0, descriptor_waits, recv_fds_forever, byte_and_descriptor_got},
    {"recv_fds, timed", F(recv_fds), 0, descriptor_waits, recv_fds_timed, byte_and_descriptor_got},
    {"relay", F(relay_run), 0, relay_begin, relay_forever, relayed},
    {"relay, timed", F(relay_run), 0, relay_begin, relay_timed, relayed},
    {"tcp_state", F(tcp_state), 0, connected_stream, tcp_state, NULL},
    {"tcp_state_between", F(tcp_state_between), 0, between_begin, between, NULL},
    {"tcp_state_name", F(tcp_state_name), 0, NULL, state_name, NULL},
    {"set_reuseport", F(set_reuseport), 0, stream4, reuseport, NULL},
    {"set_v6only", F(set_v6only), 0, stream6, v6only, NULL},
    {"set_nonblock", F(set_nonblock), CHANGES, stream4, nonblock, NULL},
    {"set_nodelay", F(set_nodelay), 0, stream4, nodelay, NULL},
    {"set_broadcast", F(set_broadcast), 0, datagram4, broadcast, NULL},
    {"set_linger", F(set_linger), 0, stream4, linger, NULL},
    {"set_keepalive", F(set_keepalive), 0, stream4, keepalive, NULL},
    {"multicast_join", F(multicast_join), 0, group_begin, join, NULL},
    {"multicast_leave", F(multicast_leave), 0, member_begin, leave, NULL},
    {"set_user_timeout", F(set_user_timeout), 0, stream4, user_timeout, NULL},
    {"multicast_join_source", F(multicast_join_source), 0, group_begin, join_source, NULL},
    {"multicast_leave_source", F(multicast_leave_source), 0, source_member_begin, leave_source, NULL},
    {"set_multicast_hops", F(set_multicast_hops), 0, group_begin, set_hops, NULL},
    {"set_multicast_loop", F(set_multicast_loop), 0, group_begin, set_loop, NULL},
    {"set_multicast_interface", F(set_multicast_interface), 0, group_begin, set_interface, NULL},
    {"getsockopt_int", F(getsockopt_int), 0, stream4, get_int, no_output},
    {"setsockopt_int", F(setsockopt_int), 0, stream4, set_int, NULL},
    {"take_error", F(take_error), 0, stream4, take_error, NULL},
    {"unix_listen, somebody listens", F(unix_listen), GIVES_FD | LIES, living_file, unix_listen, living_stays},
};
#undef F

static char living[108];

/* Runs however the driver ends. */
static void remove_files(void) {
    (void)unlink(living);
    (void)unlink(path);
}

static void look_up(int fd, sockutil_addr *address) {
    address->len = sizeof address->ss;
    MUST(getsockname(fd, (struct sockaddr *)&address->ss, &address->len));
}

/* The resolver's addresses: a full listener, and a socket that does not listen. */
static void make_hosts(void) {
    struct sockaddr_in any = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    dead_door = (int)MUST(socket(AF_INET, SOCK_STREAM, 0));
    MUST(bind(dead_door, (struct sockaddr *)&any, sizeof any));
    MUST(listen(dead_door, 0));
    look_up(dead_door, &dead_address);
    dead_client = (int)MUST(socket(AF_INET, SOCK_STREAM, 0));
    MUST(connect(dead_client, (struct sockaddr *)&dead_address.ss, dead_address.len));
    closed_door = (int)MUST(socket(AF_INET, SOCK_STREAM, 0));
    MUST(bind(closed_door, (struct sockaddr *)&any, sizeof any));
    look_up(closed_door, &closed_address);
    v6.sin6_port = htons((uint16_t)sockutil_addr_port(&door_address));
    int probe = socket(AF_INET6, SOCK_STREAM, 0);
    if (probe < 0 || connect(probe, (struct sockaddr *)&v6, sizeof v6) < 0)
        v6_says = errno;
    if (probe >= 0)
        MUST(close(probe));
}

void explore_connections(bool full, const char *only) {
    struct sockaddr_in any = {.sin_family = AF_INET};
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    door = (int)MUST(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    door_address.len = sizeof any;
    MUST(bind(door, (struct sockaddr *)&any, sizeof any));
    MUST(listen(door, 16));
    MUST(getsockname(door, (struct sockaddr *)&door_address.ss, &door_address.len));
    snprintf(port, sizeof port, "%d", sockutil_addr_port(&door_address));
    snprintf(door_text, sizeof door_text, "127.0.0.1:%s", port);
    snprintf(path, sizeof path, "/tmp/sockutil-faults-%d", (int)getpid());
    snprintf(living, sizeof living, "/tmp/sockutil-faults-%d-living", (int)getpid());
    snprintf(path_text, sizeof path_text, "unix:%s", path);
    snprintf(unix_text, sizeof unix_text, "unix:%s", living);
    (void)atexit(remove_files);
    memcpy(name.sun_path, living, sizeof name.sun_path);
    memcpy(&unix_address.ss, &name, sizeof name);
    unix_address.len = sizeof name;
    unix_door = (int)MUST(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
    MUST(bind(unix_door, (struct sockaddr *)&name, sizeof name));
    MUST(listen(unix_door, 16));
    make_hosts();
    (void)umask(022);
    if (sockutil_resolve("localhost", "80", SOCK_STREAM, 0, NULL, 0, &names_found, NULL) < 0)
        names_found = 0;
    for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++)
        if (only == NULL || strcmp(only, scenes[i].name) == 0)
            explore(&scenes[i], full);
    MUST(close(door));
    MUST(close(unix_door));
    MUST(close(dead_client));
    MUST(close(dead_door));
    MUST(close(closed_door));
}
