/* half_close.c - shutdown of one direction: the answer arrives after SHUT_WR, and more bytes after SHUT_RD. */
#include "example.h"
#include "lab.h"

static const char HELP[] =
    "usage: half_close [-h]\n"
    "Shuts down the sending direction of one client and the receiving direction of another, and\n"
    "prints what still arrives.\n";

static struct tcp_pair connected(void) {
    struct tcp_pair pair = tcp_pair();
    printf("client %s, ", endpoint_text(&pair.client_address).s);
    printf("server %s\n", endpoint_text(&pair.server_address).s);
    return pair;
}

static void tell_states(const struct tcp_pair *pair, int client, int server) {
    const char *here = state_when(pair->client, &pair->client_address, &pair->server_address, client);
    printf("client %s, server %s\n", here,
           state_when(pair->server, &pair->server_address, &pair->client_address, server));
}

static void put(const char *who, int fd, const char *text) {
    ssize_t n = writen(fd, text, strlen(text));
    if (n >= 0)
        printf("%s writes %zd bytes\n", who, n);
    else
        printf("%s writes: %s\n", who, errno_name(errno));
}

/* Reads all queued bytes, and prints them and what follows. */
static void take(const char *who, int fd) {
    char text[100];
    size_t n = 0;
    int r = sockutil_read_full(fd, text, sizeof(text), &n, SOCKUTIL_NOWAIT);
    const char *behind = r > 0 ? "more" : r == 0 ? "end of stream" : errno_name(errno);
    printf("%s reads %zu bytes \"%.*s\", then %s\n", who, n, (int)n, text, behind);
}

int main(int argc, char *argv[]) {
    (void)next_option(argc, argv, "+h", HELP);
    no_more_arguments(argv);
    line_buffer_stdout();

    /* 1. shut down the client's sending direction: the FIN follows the bytes written before */
    struct tcp_pair pair = connected();
    put("client", pair.client, "question");
    if (sockutil_shutdown_write(pair.client) < 0)
        die("shutdown");
    puts("client: SHUT_WR");
    tell_states(&pair, SOCKUTIL_TCP_FIN_WAIT2, SOCKUTIL_TCP_CLOSE_WAIT);

    /* 2. bytes after the FIN: the client can send no more; the server reads to the end, and only then answers */
    put("client", pair.client, "one more");
    take("server", pair.server);
    take("client", pair.client);
    put("server", pair.server, "the answer");
    await_bytes(pair.client, 10);
    take("client", pair.client);
    tell_states(&pair, SOCKUTIL_TCP_FIN_WAIT2, SOCKUTIL_TCP_CLOSE_WAIT);

    /* 3. close: the second FIN ends the other direction. The client sent the first FIN, so TIME_WAIT is on its side. */
    close_socket(pair.server);
    tell_states(&pair, SOCKUTIL_TCP_TIME_WAIT, SOCKUTIL_TCP_CLOSED);
    take("client", pair.client);
    close_socket(pair.client);

    /* 4. shut down another client's receiving direction, with six bytes queued. Nothing is sent, no state changes. */
    pair = connected();
    take("client", pair.client);
    put("server", pair.server, "queued");
    await_bytes(pair.client, 6);
    if (shutdown(pair.client, SHUT_RD) < 0)
        die("shutdown");
    puts("client: SHUT_RD");
    tell_states(&pair, SOCKUTIL_TCP_ESTABLISHED, SOCKUTIL_TCP_ESTABLISHED);

    /* 5. queued bytes are not lost, and later bytes are not refused. But when none are queued, a read does not wait. */
    take("client", pair.client);
    take("client", pair.client);
    put("server", pair.server, "later");
    await_bytes(pair.client, 5);
    take("client", pair.client);
    take("client", pair.client);

    /* 6. the other direction works as before */
    put("client", pair.client, "still here");
    await_bytes(pair.server, 10);
    take("server", pair.server);
    close_socket(pair.client);
    close_socket(pair.server);
    return 0;
}
