/* tcp_states.c - the state diagram, live: all eleven states of TCP, each held and read from the kernel. */
#include "example.h"
#include "lab.h"
#include <netinet/tcp.h>

static const char HELP[] =
    "usage: tcp_states [-h] [-s]\n"
    "Takes two connections over loopback through all states of TCP.\n"
    "  -s   step: wait for Enter after each line, to compare with ss -tan; Ctrl-D: no more steps\n"
    "The longer you look, the longer the next step takes: TCP doubles its pause before it sends again.\n";

static struct tcp_pair pair; /* before accept, pair.server is the listener */
static int stepping, seen;   /* seen: a bit for each state */
static int64_t since;        /* when the last title was printed */

/* Lets segments with this flag through until both ends are in the expected states, or for as long as TCP may take to
 * send again. After that it lets none through, so that the states stay. Returns whether they are as expected. */
static int see(const char *event, unsigned flag, int expected_client, int expected_server) {
    int client, server, as_expected;
    int64_t now = sockutil_now_ms(), end = now + 2 * (now - since) + 5000;
    let_through(&pair, flag);
    do {
        (void)poll(NULL, 0, 1);
        client = sockutil_tcp_state_between(&pair.client_address, &pair.server_address);
        server = sockutil_tcp_state_between(&pair.server_address, &pair.client_address);
        if (server == SOCKUTIL_TCP_CLOSED)
            server = sockutil_tcp_state(pair.server); /* no connection yet, but perhaps the listener */
        if (client < 0 || server < 0)
            die("tcp_state");
        as_expected = client == expected_client && server == expected_server;
    } while (!as_expected && sockutil_ms_left(end) > 0);
    let_through(&pair, 0);

    printf("  %-64s%-17s%s\n", event, sockutil_tcp_state_name(client), sockutil_tcp_state_name(server));
    seen |= 1 << client | 1 << server;
    for (int key = 0; stepping && key != '\n';)
        stepping = (key = getchar()) != EOF;
    return as_expected;
}

static void title(const char *text) {
    since = sockutil_now_ms();
    printf("%-66s%-17s%s\n", text, endpoint_text(&pair.client_address).s, endpoint_text(&pair.server_address).s);
}

int main(int argc, char *argv[]) {
    while (next_option(argc, argv, "+hs", HELP) == 's')
        stepping = 1;
    no_more_arguments(argv);
    line_buffer_stdout();

    /* 1. open */
    int gai, listenfd = pair.server = sockutil_tcp_listen("127.0.0.1", "0", 1, SOCKUTIL_NUMERIC, &gai);
    pair.client = socket(AF_INET, SOCK_STREAM, 0);
    if (listenfd < 0 || pair.client < 0 || sockutil_addr_parse(&pair.client_address, "127.0.0.1:0", 0) < 0 ||
        bind(pair.client, (struct sockaddr *)&pair.client_address.ss, pair.client_address.len) < 0)
        die("bind");
    pair.client_address = local_address(pair.client);
    pair.server_address = local_address(listenfd);
    let_through(&pair, 0); /* before the first line, since it may not be possible here */
    printf("%-66s%-17s%s\n", "", "client", "server");
    title("A connection opens");
    see("client: socket; server: socket, bind, listen", 0, SOCKUTIL_TCP_CLOSED, SOCKUTIL_TCP_LISTEN);
    if (sockutil_connect(pair.client, &pair.server_address, SOCKUTIL_NOWAIT) == 0 || errno != EINPROGRESS)
        die("connect");
    see("client: connect; its SYN is lost", 0, SOCKUTIL_TCP_SYN_SENT, SOCKUTIL_TCP_LISTEN);
    see("SYN, sent again, and SYN ACK arrive; ACK is lost", TH_SYN, SOCKUTIL_TCP_ESTABLISHED, SOCKUTIL_TCP_SYN_RECV);
    if (writen(pair.client, "x", 1) < 0)
        die("write");
    see("client: write; its segment brings an ACK, too", TH_ACK, SOCKUTIL_TCP_ESTABLISHED, SOCKUTIL_TCP_ESTABLISHED);
    pair.server = sockutil_accept(listenfd, NULL, 0, 5000);
    if (pair.server < 0)
        die("accept");
    close_socket(listenfd);

    /* 2. close one end, then the other */
    title("One end closes, then the other");
    let_through(&pair, 0);
    if (sockutil_shutdown_write(pair.client) < 0)
        die("shutdown");
    see("client: shutdown; its FIN is lost", 0, SOCKUTIL_TCP_FIN_WAIT1, SOCKUTIL_TCP_ESTABLISHED);
    see("FIN, sent again, and ACK arrive", TH_ACK, SOCKUTIL_TCP_FIN_WAIT2, SOCKUTIL_TCP_CLOSE_WAIT);
    if (sockutil_shutdown_write(pair.server) < 0)
        die("shutdown");
    see("server: shutdown; its FIN is lost", 0, SOCKUTIL_TCP_FIN_WAIT2, SOCKUTIL_TCP_LAST_ACK);
    see("FIN, sent again, and ACK arrive", TH_ACK, SOCKUTIL_TCP_TIME_WAIT, SOCKUTIL_TCP_CLOSED);
    close_socket(pair.client);
    close_socket(pair.server);

    /* 3. close both ends at once. Two timers send the FINs again, nearly always before either FIN has arrived. */
    int crossed = 0;
    for (int tries = 0; tries < 5 && !crossed; tries++) {
        pair = tcp_pair();
        title("Both ends close at once");
        let_through(&pair, 0);
        if (sockutil_shutdown_write(pair.client) < 0 || sockutil_shutdown_write(pair.server) < 0)
            die("shutdown");
        see("both: shutdown; both FINs are lost", 0, SOCKUTIL_TCP_FIN_WAIT1, SOCKUTIL_TCP_FIN_WAIT1);
        crossed = see("both FINs are sent again; ACKs are lost", TH_FIN, SOCKUTIL_TCP_CLOSING, SOCKUTIL_TCP_CLOSING);
        see("nothing is lost any more", TH_ACK, SOCKUTIL_TCP_TIME_WAIT, SOCKUTIL_TCP_TIME_WAIT);
        close_socket(pair.client);
        close_socket(pair.server);
    }
    if (seen == 0xffe && crossed)
        return 0;
    fputs("not all states were seen\n", stderr);
    return 1;
}
