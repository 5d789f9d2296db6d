/* half_open.c - a peer that crashed and came back: what finds out that its end of the connection is gone, and when. */
#include "example.h"
#include "lab.h"

static const char HELP[] =
    "usage: half_open [-h]\n"
    "In its own network namespace, takes the link down, lets the peer of four connections crash, and\n"
    "takes the link up again. Exit status: 2 without the right to make a namespace.\n";

enum { IDLE, WRITER, KEEPALIVE, USER_TIMEOUT, WAYS };
static const char *const NAMES[WAYS] = {"idle", "writer", "keepalive", "user timeout"};

static struct tcp_pair pair[WAYS];
static int64_t start; /* when the link went down */

static void link_is(int up) {
    if (set_link(up) < 0)
        die("link");
    puts(up ? "link up" : "link down");
}

static void print_states(int way, int expected) {
    const struct tcp_pair *p = &pair[way];
    printf("%s: here %s, ", NAMES[way], state_when(p->client, &p->client_address, &p->server_address, expected));
    printf("at the peer %s\n", state_when(-1, &p->server_address, &p->client_address, SOCKUTIL_TCP_CLOSED));
}

static void try_write(int way) {
    ssize_t n = writen(pair[way].client, "hello", 5);
    printf("%s, write: %s\n", NAMES[way], n == 5 ? "no error" : errno_name(errno));
}

static void try_read(int way, int timeout_ms) {
    char byte;
    int r = sockutil_read_full(pair[way].client, &byte, 1, NULL, timeout_ms);
    const char *result = r > 0 ? "data" : r == 0 ? "end of stream" : errno_name(errno);
    printf("%s, read after %lld ms: %s\n", NAMES[way], (long long)(sockutil_now_ms() - start), result);
}

int main(int argc, char *argv[]) {
    (void)next_option(argc, argv, "+h", HELP);
    no_more_arguments(argv);
    line_buffer_stdout();

    /* 1. four connections in our own network: one probes the silent peer after 1 s, twice, each second; one gives up
     * when data is not acknowledged within 1 s */
    enter_own_network();
    for (int way = 0; way < WAYS; way++)
        pair[way] = tcp_pair();
    if (sockutil_set_keepalive(pair[KEEPALIVE].client, 1, 1, 2) < 0 ||
        sockutil_set_user_timeout(pair[USER_TIMEOUT].client, 1000) < 0)
        die("setsockopt");

    /* 2. the link goes down, and the peer crashes. Its RST is lost, like all that it sends. This end knows nothing. */
    link_is(0);
    start = sockutil_now_ms();
    for (int way = 0; way < WAYS; way++) {
        if (sockutil_close_reset(pair[way].server) < 0)
            die("close_reset");
        print_states(way, SOCKUTIL_TCP_ESTABLISHED);
    }

    /* 3. writes go on without error: the kernel takes the bytes, and sends them again and again */
    try_write(WRITER);
    try_write(USER_TIMEOUT);

    /* 4. the two that find out while the link is down. Keepalive would not, if data was unacknowledged. */
    try_read(USER_TIMEOUT, 10000);
    try_read(KEEPALIVE, 10000);

    /* 5. the others: no error, and poll does not call them readable */
    try_write(WRITER);
    for (int way = IDLE; way <= WRITER; way++) {
        int events = sockutil_wait(pair[way].client, POLLIN, SOCKUTIL_NOWAIT);
        printf("%s, poll: %s\n", NAMES[way], events >= 0 ? "ready" : errno_name(errno));
        print_states(way, SOCKUTIL_TCP_ESTABLISHED);
    }

    /* 6. the link is up again. The peer does not know the connection, and answers the next retransmission with RST. */
    link_is(1);
    try_read(WRITER, 30000);
    try_write(WRITER);

    /* 7. without a write, nothing is sent, and nothing is found out */
    try_read(IDLE, SOCKUTIL_NOWAIT);
    print_states(IDLE, SOCKUTIL_TCP_ESTABLISHED);
    try_write(IDLE);
    try_read(IDLE, 10000);

    /* 8. close */
    for (int way = 0; way < WAYS; way++) {
        print_states(way, SOCKUTIL_TCP_CLOSED);
        close_socket(pair[way].client);
    }
    return 0;
}
