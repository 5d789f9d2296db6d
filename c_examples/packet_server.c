/* packet_server.c - gets packets out of a stream, exactly as they were sent: each comes after its length. */
#include "example.h"

#define HEADER_BYTES 4   /* as in packet_client.c: the length, big-endian */
#define MOST_BYTES 65536 /* of a packet: our memory sets the limit, not the header */
static const char HELP[] =
    "usage: packet_server [-h] [ip] [port]\n"
    "Prints each packet's length and checksum, and at the end sends one packet: what it received.\n"
    "Default: any address, port 6666; port 0: a free one. Serves one client at a time, and\n"
    "refuses packets of more than 65536 bytes. Ctrl-C or SIGTERM ends it.\n";

/* FNV-1a, 32 bits: it changes with every byte and its place. packet_client prints the same. */
static unsigned checksum(const char *body, size_t n) {
    uint32_t sum = 2166136261;
    for (size_t i = 0; i < n; i++)
        sum = (sum ^ (uint8_t)body[i]) * 16777619;
    return sum;
}

/* 3. exchange: receive packets up to the end of the stream or the first bad one, then send what was received. */
static void serve(int connfd, const char *peer) {
    static char held[HEADER_BYTES + MOST_BYTES + 1];
    char answer[128], *body;
    unsigned long long packets = 0, bytes = 0;
    sockutil_reader reader;
    size_t n;
    int r;
    if (sockutil_reader_init(&reader, connfd, held, sizeof(held)) < 0)
        die("reader_init");
    while ((r = sockutil_reader_frame(&reader, HEADER_BYTES, &body, &n, SOCKUTIL_FOREVER)) == 1) {
        packets++;
        bytes += n;
        printf("packet %llu: %zu bytes, checksum %08x\n", packets, n, checksum(body, n));
    }
    if (r == 0 && n == 0)
        (void)snprintf(answer, sizeof(answer), "%llu packets, %llu bytes", packets, bytes);
    else if (r == 0)
        (void)snprintf(answer, sizeof(answer), "packet %llu is cut short: of header and body, %zu bytes came",
                       packets + 1, n);
    else if (errno == EMSGSIZE)
        (void)snprintf(answer, sizeof(answer), "packet %llu is refused: %zu bytes, more than %d", packets + 1, n,
                       MOST_BYTES);
    else
        (void)snprintf(answer, sizeof(answer), "packet %llu: %s", packets + 1, strerror(errno));
    if (stopped)
        return; /* by a signal */
    printf("answer: %s\n", answer);
    if (sockutil_send_frame(connfd, HEADER_BYTES, answer, strlen(answer), NULL, 10000) < 0)
        fprintf(stderr, "client %s: %s\n", peer, strerror(errno));
}

int main(int argc, char *argv[]) {
    (void)next_option(argc, argv, "+h", HELP);
    const char *ip = next_argument(argv, "0.0.0.0");
    const char *port = next_argument(argv, "6666");
    no_more_arguments(argv);

    /* 1. create, bind, listen */
    int gai, listenfd = sockutil_tcp_listen(ip, port, SOMAXCONN, SOCKUTIL_NUMERIC, &gai);
    if (listenfd < 0)
        endpoint_failed("listen", ip, port, gai);
    stop_on_signals(listenfd);
    announce(listenfd);

    while (!stopped) {
        /* 2. accept. The cause of a failure may last, as when no descriptor is free: the pause prevents a busy loop. */
        sockutil_addr client;
        int connfd = sockutil_accept(listenfd, &client, 0, SOCKUTIL_FOREVER);
        if (connfd < 0) {
            if (!stopped) {
                perror("accept");
                (void)poll(NULL, 0, 100);
            }
            continue;
        }
        struct address_text peer = endpoint_text(&client);
        printf("client %s\n", peer.s);

        /* A signal that stops the server must end the wait for this client. If it came before this, stopped is set. */
        awaited = connfd;
        if (!stopped)
            serve(connfd, peer.s);

        /* 4. close. After a refusal the client still sends: a plain close would send RST, and may lose the answer. */
        if (sockutil_close_graceful(connfd, stopped ? SOCKUTIL_NOWAIT : 10000) < 0 && !stopped)
            fprintf(stderr, "client %s: %s\n", peer.s, strerror(errno));
        awaited = listenfd;
        printf("client close %s\n", peer.s);
    }
    close_socket(listenfd);
    puts("server stopped");
    return 0;
}
