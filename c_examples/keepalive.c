/* keepalive.c - only keepalive finds out that an idle peer has vanished. */
#include "example.h"
#include "lab.h"

#define IDLE_S 1
#define INTERVAL_S 1
#define COUNT 2
#define WAIT_MS 10000

static const char HELP[] = "usage: keepalive [-h]\n"
                           "Makes two connections in its own network namespace, one of them with keepalive, and takes\n"
                           "the link down. Exit status: 2 without the right to make a namespace.\n";

static void print_state(const char *what, int fd) {
    printf("%s: %s\n", what, sockutil_tcp_state_name(sockutil_tcp_state(fd)));
}

int main(int argc, char *argv[]) {
    (void)next_option(argc, argv, "+h", HELP);
    no_more_arguments(argv);
    line_buffer_stdout();

    /* 1. make our own network namespace, in which we may take the link down */
    enter_own_network();

    /* 2. two connections */
    struct tcp_pair with = tcp_pair(), without = tcp_pair();
    if (sockutil_set_keepalive(with.client, IDLE_S, INTERVAL_S, COUNT) < 0)
        die("keepalive");
    printf("keepalive: after %d s of silence, %d questions, %d s each\n", IDLE_S, COUNT, INTERVAL_S);
    print_state("with keepalive", with.client);
    print_state("without keepalive", without.client);

    /* 3. take the link down: neither end receives anything, no FIN and no RST */
    int64_t start = sockutil_now_ms();
    if (set_link(0) < 0)
        die("link down");
    puts("link down");

    /* 4. wait for data */
    char data;
    size_t done = 0;
    int r = sockutil_read_full(with.client, &data, 1, &done, WAIT_MS);
    printf("with keepalive, read after %lld ms: %s\n", (long long)(sockutil_now_ms() - start),
           r == 0  ? "end of stream"
           : r > 0 ? "data"
                   : errno_name(errno));
    r = sockutil_read_full(without.client, &data, 1, &done, SOCKUTIL_NOWAIT);
    printf("without keepalive, read: %s\n", r == 0 ? "end of stream" : r > 0 ? "data" : errno_name(errno));
    print_state("with keepalive", with.client);
    print_state("without keepalive", without.client);

    /* 5. close */
    int all[] = {with.client, with.server, without.client, without.server};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        close_socket(all[i]);
    return 0;
}
