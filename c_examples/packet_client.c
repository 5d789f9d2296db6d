/* packet_client.c - sends packets back to back, each after its length. */
#include "example.h"

#define HEADER_BYTES 4 /* as in packet_server.c: the length, big-endian */
#define RANDOM_BYTES 4000
static const char HELP[] =
    "usage: packet_client [-h] [-n count] [ip] [port] [text...]\n"
    "Sends each word of text, or else each line of stdin, as a packet. Prints each packet's length\n"
    "and checksum, and at the end what the server has received. Default: 127.0.0.1, port 6666.\n"
    "  -n   instead, count packets of 0 to 4000 random bytes\n"
    "Ctrl-D or Ctrl-C ends it, a second Ctrl-C at once. Exit status: 0 if the server received all.\n";

static int sockfd, ended;                 /* ended: our sending direction */
static unsigned long long packets, bytes; /* sent */

/* Ends our sending direction. The server then answers, and that ends every wait here. */
static void on_interrupt(int signo) {
    int saved = errno;
    (void)signo;
    (void)shutdown(sockfd, SHUT_WR);
    errno = saved;
}

/* FNV-1a, 32 bits: it changes with every byte and its place. packet_server prints the same. */
static unsigned checksum(const char *body, size_t n) {
    uint32_t sum = 2166136261;
    for (size_t i = 0; i < n; i++)
        sum = (sum ^ (uint8_t)body[i]) * 16777619;
    return sum;
}

static void send_packet(const char *body, size_t n) {
    ended = sockutil_send_frame(sockfd, HEADER_BYTES, body, n, NULL, SOCKUTIL_FOREVER) < 0;
    if (ended && errno != EPIPE && errno != ECONNRESET)
        die("server");
    if (ended)
        return; /* by the server, whose answer may say why, or by Ctrl-C */
    packets++;
    bytes += n;
    printf("packet %llu: %zu bytes, checksum %08x\n", packets, n, checksum(body, n));
}

/* Sends the lines of stdin, without their newlines, until it ends or the server answers. */
static void send_lines(void) {
    static char held[1 << 20];
    struct pollfd ends[] = {{.fd = sockfd, .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};
    sockutil_reader input;
    char *line;
    size_t n;
    int r = 1;
    if (sockutil_reader_init(&input, STDIN_FILENO, held, sizeof(held)) < 0)
        die("reader_init");
    while (r != 0 && !ended && ends[0].revents == 0) {
        r = sockutil_reader_line(&input, &line, &n, SOCKUTIL_NOWAIT);
        if (r < 0 && errno != EAGAIN)
            die("stdin");
        if (r < 0 && sockutil_wait_any(ends, 2, SOCKUTIL_FOREVER) < 0)
            die("wait_any");
        if (r == 1 || (r == 0 && n > 0)) /* the last line may have no newline */
            send_packet(line, n - (size_t)r);
    }
}

int main(int argc, char *argv[]) {
    long count = 0;
    while (next_option(argc, argv, "+hn:", HELP) == 'n') {
        char *end;
        count = strtol(optarg, &end, 10);
        if (*end != '\0' || count < 1 || count > 1000000)
            bad_argument("not a count, 1 to 1000000", optarg);
    }
    const char *ip = next_argument(argv, "127.0.0.1");
    const char *port = next_argument(argv, "6666");
    if (count > 0 && optind < argc)
        bad_argument("either -n or text", argv[optind]);

    /* 1. create, connect */
    int gai;
    sockfd = sockutil_tcp_connect(ip, port, SOCKUTIL_NUMERIC, SOCKUTIL_FOREVER, &gai);
    if (sockfd < 0)
        endpoint_failed("connect", ip, port, gai);
    on_signal(SIGINT, on_interrupt, SA_RESTART | SA_RESETHAND);
    sockutil_addr local = local_address(sockfd);
    fprintf(stderr, "local %s\n", endpoint_text(&local).s);

    /* 2. send all packets without waiting for an answer */
    char body[RANDOM_BYTES], *answer;
    size_t n;
    if (count == 0 && optind == argc)
        send_lines();
    for (; optind < argc && !ended; optind++)
        send_packet(argv[optind], strlen(argv[optind]));
    for (; count > 0 && !ended; count--) {
        n = (size_t)random() % (RANDOM_BYTES + 1);
        for (size_t i = 0; i < n; i++)
            body[i] = (char)(random() & 0xff);
        send_packet(body, n);
    }
    if (sockutil_shutdown_write(sockfd) < 0 && errno != ENOTCONN)
        die("shutdown");

    /* 3. receive the answer, which is a packet too */
    sockutil_reader reader;
    if (sockutil_reader_init(&reader, sockfd, body, sizeof(body)) < 0)
        die("reader_init");
    int r = sockutil_reader_frame(&reader, HEADER_BYTES, &answer, &n, SOCKUTIL_FOREVER);
    if (r < 0)
        die("server");
    if (r == 0)
        fprintf(stderr, "server close\n");
    else
        printf("answer: %s\n", answer);
    char wanted[128];
    (void)snprintf(wanted, sizeof(wanted), "%llu packets, %llu bytes", packets, bytes);

    /* 4. close */
    close_socket(sockfd);
    return r == 1 && strcmp(answer, wanted) == 0 ? 0 : 1;
}
