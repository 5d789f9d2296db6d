/* wire.h - for timeline.c: the segments that a connection sends, captured and printed. Linux only. */
#ifndef WIRE_H
#define WIRE_H

#include "lab.h"
#include <net/ethernet.h>
#include <netinet/ip.h>
#include <netpacket/packet.h>

/* All flags: each segment has one of them. */
enum { TH_ANY = 0xff };

/* A connection, and a capture of what it sends. */
struct wire {
    struct tcp_pair pair; /* a descriptor that is closed is -1 */
    int capturefd;
    FILE *out;             /* NULL: what is sent is not printed */
    unsigned passing;      /* a segment without one of these flags is lost: see let_through */
    int at_once;           /* both ends send at once: which is the first is chance */
    uint32_t first_seq[2]; /* that of the client's SYN, and of the server's */
    uint32_t new_seq[2];   /* counted from there: what is sent from here on is new */
    int64_t since;         /* the end of the last call */
    int repeated;          /* how many different segments were sent again */
    int seconds;           /* how long calls have waited */
    int as_expected;       /* the states after each call, so far */
};

struct segment {
    int from_server;
    unsigned flags;
    uint32_t seq, ack, len;
};

/* A listener, and a client with a port that is not connected yet. Returns the listener, which pair has as its server.
 */
static inline int prepare_pair(struct tcp_pair *pair) {
    int gai, listenfd = pair->server = sockutil_tcp_listen("127.0.0.1", "0", 1, SOCKUTIL_NUMERIC, &gai);
    pair->client = socket(AF_INET, SOCK_STREAM, 0);
    if (listenfd < 0 || pair->client < 0 || sockutil_addr_parse(&pair->client_address, "127.0.0.1:0", 0) < 0 ||
        bind(pair->client, (struct sockaddr *)&pair->client_address.ss, pair->client_address.len) < 0)
        die("bind");
    pair->client_address = local_address(pair->client);
    pair->server_address = local_address(listenfd);
    return listenfd;
}

/* Captures what is sent in this network, from now on. */
static inline int open_capture(void) {
    int fd = socket(AF_PACKET, SOCK_DGRAM, sockutil_htons(ETH_P_ALL));
    if (fd < 0)
        no_network();
    return fd;
}

/* The next segment of the connection; 0: there is none. Over loopback each packet comes twice: this takes the copy of
 * what is sent, which is made before it can arrive. */
static inline int next_segment(const struct wire *wire, struct segment *segment) {
    int client = sockutil_addr_port(&wire->pair.client_address),
        server = sockutil_addr_port(&wire->pair.server_address);
    for (;;) {
        struct sockaddr_ll link = {0};
        socklen_t size = sizeof(link);
        unsigned char headers[128] = {0};
        if (recvfrom(wire->capturefd, headers, sizeof(headers), MSG_DONTWAIT, (struct sockaddr *)&link, &size) < 0) {
            if (errno != EAGAIN)
                die("capture");
            return 0;
        }
        struct iphdr ip;
        struct tcphdr tcp;
        memcpy(&ip, headers, sizeof(ip));
        memcpy(&tcp, headers + 4 * ip.ihl, sizeof(tcp));
        int from = sockutil_ntohs(tcp.th_sport), to = sockutil_ntohs(tcp.th_dport);
        *segment = (struct segment){.from_server = from == server,
                                    .flags = tcp.th_flags,
                                    .seq = sockutil_ntohl(tcp.th_seq),
                                    .ack = sockutil_ntohl(tcp.th_ack),
                                    .len = sockutil_ntohs(ip.tot_len) - 4U * ip.ihl - 4U * tcp.th_off};
        if (link.sll_pkttype == PACKET_OUTGOING && link.sll_protocol == sockutil_htons(ETH_P_IP) &&
            ip.protocol == IPPROTO_TCP && ((from == client && to == server) || (from == server && to == client)))
            return 1;
    }
}

static inline void print_segment(struct wire *wire, const struct segment *s) {
    static const char *const NAMES[] = {"FIN", "SYN", "RST", "PSH", "ACK"};
    char flags[32] = "";
    for (unsigned i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++)
        if (s->flags >> i & 1)
            (void)stpcpy(stpcpy(strchr(flags, '\0'), flags[0] != '\0' ? "," : ""), NAMES[i]);
    if (s->flags & TH_SYN)
        wire->first_seq[s->from_server] = s->seq;
    uint32_t seq = s->seq - wire->first_seq[s->from_server];
    uint32_t end = seq + s->len + ((s->flags & (TH_SYN | TH_FIN)) != 0); /* each of the two counts as a byte */
    int again = seq < end && end <= wire->new_seq[s->from_server];
    if (again)
        wire->repeated++;
    else
        wire->new_seq[s->from_server] = end;
    if (wire->out == NULL)
        return;
    fprintf(wire->out, "    %s  %-7s  seq %u", s->from_server ? "server -> client" : "client -> server", flags, seq);
    if (s->flags & TH_ACK)
        fprintf(wire->out, ", ack %u", s->ack - wire->first_seq[!s->from_server]);
    fprintf(wire->out, ", len %u%s%s\n", s->len, again ? ", again" : "", s->flags & wire->passing ? "" : ", lost");
}

static inline int same_segment(const struct segment *a, const struct segment *b) {
    return a->flags == b->flags && a->seq == b->seq && a->ack == b->ack && a->len == b->len;
}

/* Prints the segments that were sent since the last time. One that is sent again and again is printed once. */
static inline void print_segments(struct wire *wire) {
    struct segment sent[2][8];
    unsigned n[2] = {0, 0};
    for (struct segment s; next_segment(wire, &s);) {
        struct segment *others = sent[s.from_server];
        unsigned *count = &n[s.from_server];
        if (*count > 1 && same_segment(&s, &others[*count - 1]) && same_segment(&s, &others[*count - 2]))
            continue;
        if (!wire->at_once)
            print_segment(wire, &s);
        if (*count < 8)
            others[(*count)++] = s;
    }
    for (unsigned i = 0; wire->at_once && i < 8; i++)
        for (int from = 0; from < 2; from++)
            if (i < n[from])
                print_segment(wire, &sent[from][i]);
}

static inline int end_state(int fd, const sockutil_addr *local, const sockutil_addr *peer) {
    int state = sockutil_tcp_state_between(local, peer);
    if (state == SOCKUTIL_TCP_CLOSED && fd >= 0)
        state = sockutil_tcp_state(fd); /* no connection, but perhaps a listener */
    if (state < 0)
        die("tcp_state");
    return state;
}

/* How many segments of an end wait for an ACK. */
static inline unsigned unacknowledged_segments(int fd) {
    struct tcp_info info = {0};
    socklen_t size = sizeof(info);
    if (fd >= 0 && getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) < 0)
        die("TCP_INFO");
    return info.tcpi_state == SOCKUTIL_TCP_LISTEN ? 0 : info.tcpi_unacked; /* a listener counts its connections there */
}

static inline void print_end(FILE *out, const char *name, int fd, int state) {
    int unread;
    fprintf(out, "%s %s", name, sockutil_tcp_state_name(state));
    if (fd >= 0 && ioctl(fd, FIONREAD, &unread) == 0 && unread > 0) /* a listener has none, and FIONREAD fails */
        fprintf(out, " (%d bytes unread)", unread);
}

/* Prints what was sent, and the states: when they are as expected, and no ACK is on its way. */
static inline void print_what_follows(struct wire *wire, int client_expected, int server_expected) {
    const struct tcp_pair *pair = &wire->pair;
    int client, server, settled;
    int64_t end = sockutil_now_ms() + 2000;
    do {
        client = end_state(pair->client, &pair->client_address, &pair->server_address);
        server = end_state(pair->server, &pair->server_address, &pair->client_address);
        settled = client == client_expected && server == server_expected;
        if (wire->passing == TH_ANY)
            settled = settled && unacknowledged_segments(pair->client) + unacknowledged_segments(pair->server) == 0;
    } while (!settled && sockutil_ms_left(end) > 0 && poll(NULL, 0, 1) == 0);
    wire->as_expected = wire->as_expected && settled;
    print_segments(wire);
    print_end(wire->out, "    client", pair->client, client);
    print_end(wire->out, ", server", pair->server, server);
    fputs("\n", wire->out);
    wire->since = sockutil_now_ms();
}

/* Prints a call of "client", "server" or "both", its result, and what follows. */
static inline void after(struct wire *wire, const char *call, ssize_t result, int client_expected,
                         int server_expected) {
    fprintf(wire->out, "  %s = %zd", call, result);
    if (result < 0)
        fprintf(wire->out, ", %s", errno_name(errno));
    int seconds = (int)(sockutil_now_ms() - wire->since + 500) / 1000;
    if (seconds > 0)
        fprintf(wire->out, ", after %d s", seconds);
    wire->seconds += seconds;
    fputs("\n", wire->out);
    print_what_follows(wire, client_expected, server_expected);
}

/* Closes an end with close, or with another function. */
static inline int ended(int *fd, int (*close_it)(int fd)) {
    int closed = *fd;
    *fd = -1;
    return close_it(closed);
}

/* From now on segments to these two ends, which may be one, are lost unless they have one of these flags. */
static inline void lose_all_but(struct wire *wire, unsigned flags, int fd, int other_fd) {
    wire->passing = flags;
    let_through(&(struct tcp_pair){.client = fd, .server = other_fd}, flags);
}

/* A wait for what TCP sends again by itself. */
static inline void after_a_while(struct wire *wire, const char *who, int client_expected, int server_expected) {
    fprintf(wire->out, "  %s: wait\n", who);
    print_what_follows(wire, client_expected, server_expected);
}

struct scene {
    const char *name;
    void (*play)(struct wire *wire);
    int connected; /* it begins with a connection */
    int repeated;  /* how many segments are lost, and sent again */
    int seconds;   /* how long its calls wait */
};

static inline const struct scene *scene_named(const struct scene *scenes, size_t n, const char *name) {
    for (size_t i = 0; i < n; i++)
        if (strcmp(scenes[i].name, name) == 0)
            return &scenes[i];
    bad_argument("no such scene", name);
}

/* Plays a scene and prints it. When a timer came late, as it may on a busy machine, the scene is played again. Returns
 * 0; -1: it never was as expected. The last attempt is printed then. */
static inline int play(const struct scene *scene, int capturefd) {
    int as_expected = 0;
    for (int tries = 10; tries > 0 && !as_expected; tries--) {
        struct wire wire = {.pair = {.client = -1, .server = -1}, .capturefd = capturefd, .passing = TH_ANY};
        if (scene->connected) {
            wire.pair = tcp_pair();
            print_segments(&wire); /* not printed yet: it notes the first sequence numbers */
        }
        char *text;
        size_t n;
        if ((wire.out = open_memstream(&text, &n)) == NULL)
            die("open_memstream");
        fprintf(wire.out, "scene %s\n", scene->name);
        wire.as_expected = 1;
        wire.since = sockutil_now_ms();
        scene->play(&wire);
        if (fclose(wire.out) != 0)
            die("the text");
        as_expected = wire.as_expected && wire.repeated == scene->repeated && wire.seconds == scene->seconds;
        if (as_expected || tries == 1)
            fputs(text, stdout);
        free(text);
        if (wire.pair.client >= 0)
            close_socket(wire.pair.client);
        if (wire.pair.server >= 0)
            close_socket(wire.pair.server);
    }
    return as_expected ? 0 : -1;
}

#endif
