/* udp_cost.c - what a connected UDP socket saves: a datagram sent without an address, against one with it. */
#include "example.h"
#include <time.h>

static const char HELP[] =
    "usage: udp_cost [-h] [datagrams]\n"
    "Sends datagrams over loopback from a socket that is connected and from one that is not, in turn,\n"
    "and prints the processor time of each. Default: 100000 datagrams each.\n";
enum { ROUNDS = 20 };

static double cpu_ns(void) {
    struct timespec t;
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) < 0)
        die("clock_gettime");
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* The processor time for a datagram, in ns. to: NULL on a connected socket. */
static double round_of(int fd, const sockutil_addr *to, int count) {
    double start = cpu_ns();
    for (int i = 0; i < count; i++)
        if (sockutil_sendto(fd, "0123456789", 10, to, SOCKUTIL_FOREVER) != 10)
            die("sendto");
    return (cpu_ns() - start) / count;
}

/* Takes all datagrams that have arrived. Returns how many. */
static int take_all(int receiver) {
    char data[16];
    int n = 0;
    while (sockutil_recvfrom(receiver, data, sizeof(data), NULL, NULL, SOCKUTIL_NOWAIT) >= 0)
        n++;
    if (errno != EAGAIN)
        die("recvfrom");
    return n;
}

int main(int argc, char *argv[]) {
    (void)next_option(argc, argv, "+h", HELP);
    const char *text = next_argument(argv, "100000");
    no_more_arguments(argv);
    char *end;
    long datagrams = strtol(text, &end, 10);
    if (end == text || *end != '\0' || datagrams < ROUNDS || datagrams > 100000000)
        bad_argument("not a number, 20 to 100000000", text);
    int count = (int)datagrams / ROUNDS;

    /* 1. a receiver. What its small buffer has no room for is dropped, as always with UDP. */
    int gai, receiver = sockutil_udp_bind("127.0.0.1", "0", SOCKUTIL_NUMERIC, &gai);
    if (receiver < 0 || sockutil_setsockopt_int(receiver, SOL_SOCKET, SO_RCVBUF, 4096) < 0)
        die("receiver");
    sockutil_addr to = local_address(receiver);

    /* 2. two senders, one of them connected: its route is looked up once, by connect */
    int plain = socket(AF_INET, SOCK_DGRAM, 0), connected = socket(AF_INET, SOCK_DGRAM, 0);
    if (plain < 0 || connected < 0 || sockutil_connect(connected, &to, SOCKUTIL_FOREVER) < 0)
        die("connect");

    /* 3. both reach the receiver */
    (void)round_of(plain, &to, 1);
    printf("sendto: %d datagram arrived\n", take_all(receiver));
    (void)round_of(connected, NULL, 1);
    printf("connected: %d datagram arrived\n", take_all(receiver));

    /* 4. in turn, since the processor's speed changes; the best round of each, which was disturbed least */
    double best[2] = {1e9, 1e9};
    for (int i = 0; i < ROUNDS; i++) {
        double each[2] = {round_of(plain, &to, count), round_of(connected, NULL, count)};
        for (int k = 0; k < 2; k++)
            if (each[k] < best[k])
                best[k] = each[k];
    }
    printf("%d rounds of %d datagrams: sendto %.0f ns each, connected %.0f ns, ratio %.2f\n", ROUNDS, count, best[0],
           best[1], best[1] / best[0]);

    /* 5. close */
    close_socket(plain);
    close_socket(connected);
    close_socket(receiver);
    return 0;
}
