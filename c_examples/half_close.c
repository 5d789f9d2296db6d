/* half_close.c - shutdown of one direction: of what we send, and the answer still comes; of what we receive. */
#include "example.h"
#include "lab.h"
#include <sys/ioctl.h>

static const char HELP[] =
    "usage: half_close [-h]\n"
    "Shuts down what one client sends, and what another receives, and looks at what still comes.\n";

static struct tcp_pair connected(void) {
    struct tcp_pair pair = tcp_pair();
    printf("client %s, ", endpoint_text(&pair.client_address).s);
    printf("server %s\n", endpoint_text(&pair.server_address).s);
    return pair;
}

static void tell_states(const struct tcp_pair *pair, int client, int server) {
    const char *here = state_when(&pair->client_address, &pair->server_address, client);
    printf("client %s, server %s\n", here, state_when(&pair->server_address, &pair->client_address, server));
}

static void put(const char *who, int fd, const char *text) {
    ssize_t n = writen(fd, text, strlen(text));
    if (n >= 0)
        printf("%s writes %zd bytes\n", who, n);
    else
        printf("%s writes: %s\n", who, errno_name(errno));
}

/* Reads all that is there, and tells what is behind it. */
static void take(const char *who, int fd) {
    char text[100];
    size_t n = 0;
    int r = sockutil_read_full(fd, text, sizeof(text), &n, SOCKUTIL_NOWAIT);
    const char *behind = r > 0 ? "more" : r == 0 ? "end of stream" : errno_name(errno);
    printf("%s reads %zu bytes \"%.*s\", then %s\n", who, n, (int)n, text, behind);
}

/* What travels takes a moment. To poll is of no use: after SHUT_RD a read never waits, so poll does not either. */
static void await_bytes(int fd, int expected) {
    int64_t end = sockutil_now_ms() + 2000;
    int n = 0;
    while (ioctl(fd, FIONREAD, &n) == 0 && n < expected && sockutil_ms_left(end) > 0)
        (void)poll(NULL, 0, 1);
}

int main(int argc, char *argv[]) {
    (void)next_option(argc, argv, "+h", HELP);
    no_more_arguments(argv);
    line_buffer_stdout();

    /* 1. shut down what the client sends: the FIN comes behind what was written before */
    struct tcp_pair pair = connected();
    put("client", pair.client, "question");
    if (sockutil_shutdown_write(pair.client) < 0)
        die("shutdown");
    puts("client: SHUT_WR");
    tell_states(&pair, SOCKUTIL_TCP_FIN_WAIT2, SOCKUTIL_TCP_CLOSE_WAIT);

    /* 2. bytes both ways after it: the server reads to the end, and only then answers */
    put("client", pair.client, "one more");
    take("server", pair.server);
    take("client", pair.client);
    put("server", pair.server, "the answer");
    await_bytes(pair.client, 10);
    take("client", pair.client);
    tell_states(&pair, SOCKUTIL_TCP_FIN_WAIT2, SOCKUTIL_TCP_CLOSE_WAIT);

    /* 3. close: the second FIN ends the other direction. The client, whose FIN was the first, has TIME_WAIT. */
    close_socket(pair.server);
    tell_states(&pair, SOCKUTIL_TCP_TIME_WAIT, SOCKUTIL_TCP_CLOSED);
    take("client", pair.client);
    close_socket(pair.client);

    /* 4. shut down what another client receives, when six bytes are queued there. Nothing is sent: no state changes. */
    pair = connected();
    take("client", pair.client);
    put("server", pair.server, "queued");
    await_bytes(pair.client, 6);
    if (shutdown(pair.client, SHUT_RD) < 0)
        die("shutdown");
    puts("client: SHUT_RD");
    tell_states(&pair, SOCKUTIL_TCP_ESTABLISHED, SOCKUTIL_TCP_ESTABLISHED);

    /* 5. the queued bytes are not lost, and later ones not refused. But where there are none, a read does not wait. */
    take("client", pair.client);
    take("client", pair.client);
    put("server", pair.server, "later");
    await_bytes(pair.client, 5);
    take("client", pair.client);
    take("client", pair.client);

    /* 6. the other direction knows nothing of it */
    put("client", pair.client, "still here");
    await_bytes(pair.server, 10);
    take("server", pair.server);
    close_socket(pair.client);
    close_socket(pair.server);
    return 0;
}
