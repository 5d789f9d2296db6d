/* keepalive.c - only keepalive finds out that an idle peer has vanished. */
#include "example.h"
#include "lab.h"
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>

#define IDLE_S 1
#define INTERVAL_S 1
#define COUNT 2
#define WAIT_MS 10000

static const char HELP[] = "usage: keepalive [-h]\n"
                           "Makes two connections in its own network namespace, one of them with keepalive, and takes\n"
                           "the link down. Exit status: 2 without the right to make a namespace.\n";

/* Takes the loopback link up or down. */
static int set_link(int up) {
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct ifreq link = {.ifr_name = "lo"};
    if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &link) < 0)
        die("lo");
    link.ifr_flags = (short)(up ? link.ifr_flags | IFF_UP : link.ifr_flags & ~IFF_UP);
    int r = ioctl(fd, SIOCSIFFLAGS, &link);
    close_socket(fd);
    return r;
}

static void print_state(const char *what, int fd) {
    printf("%s: %s\n", what, sockutil_tcp_state_name(sockutil_tcp_state(fd)));
}

int main(int argc, char *argv[]) {
    (void)next_option(argc, argv, "+h", HELP);
    no_more_arguments(argv);
    line_buffer_stdout();

    /* 1. make our own network namespace. An ordinary user needs his own user namespace for that; some systems allow
     * the namespace, but no rights in it. */
    if ((unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0) || set_link(1) < 0) {
        fprintf(stderr, "no right to a network of our own: %s\n", strerror(errno));
        return 2;
    }

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
