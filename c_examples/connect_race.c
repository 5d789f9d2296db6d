/* connect_race.c - connects to a name with a dead and a live address: the second does not wait for the first. */
#include "example.h"
#include "lab.h"
#include <pthread.h>

#define LIMIT_MS 5000
#define PATIENCE_MS 1000
static const char HELP[] = "usage: connect_race [-h] [host]\n"
                           "Connects to host, while its first address is dead, and prints what became of both.\n"
                           "  host   a name with two addresses of this machine; default: none, for ::1 and 127.0.0.1\n";
static int port;
static _Atomic int racing, most; /* most: attempts at once, while main was racing */

/* The number of attempts to connect to port that have no answer yet: SYN_SENT in the kernel's tables. */
static int attempts(void) {
    static const char *const TABLES[] = {"/proc/net/tcp", "/proc/net/tcp6"};
    int count = 0;
    for (size_t i = 0; i < 2; i++) {
        char line[512];
        unsigned to, state;
        FILE *table = fopen(TABLES[i], "r");
        while (table != NULL && fgets(line, sizeof(line), table) != NULL) /* no IPv6, no second table */
            if (sscanf(line, "%*d: %*[0-9A-F]:%*x %*[0-9A-F]:%x %x", &to, &state) == 2 && to == (unsigned)port)
                count += state == SOCKUTIL_TCP_SYN_SENT;
        if (table != NULL && fclose(table) != 0)
            die(TABLES[i]);
    }
    return count;
}

/* Runs beside main, which waits in connect. */
static void *watch(void *unused) {
    while (racing) {
        int now = attempts();
        if (now > most)
            most = now;
        (void)poll(NULL, 0, 5);
    }
    return unused;
}

/* Connects to the name. The library does all of it: addresses, attempts, time. */
static void race(const char *what, const char *host) {
    char service[8];
    pthread_t watcher;
    (void)snprintf(service, sizeof(service), "%d", port);
    most = 0;
    racing = 1;
    if ((errno = pthread_create(&watcher, NULL, watch, NULL)) != 0)
        die("pthread_create");
    int64_t start = sockutil_now_ms();
    int fd = sockutil_tcp_connect(host, service, 0, LIMIT_MS, NULL);
    long long ms = (long long)(sockutil_now_ms() - start);
    sockutil_addr peer;
    if (fd < 0 || sockutil_addr_peer(fd, &peer) < 0)
        die(what);
    int left = attempts();
    racing = 0;
    if ((errno = pthread_join(watcher, NULL)) != 0)
        die("pthread_join");
    printf("%s: connected to %s after %lld ms; ", what, endpoint_text(&peer).s, ms);
    printf("in SYN_SENT at most %d, now %d\n", most, left);
    close_socket(fd);
}

int main(int argc, char *argv[]) {
    (void)next_option(argc, argv, "+h", HELP);
    const char *host = next_argument(argv, NULL);
    no_more_arguments(argv);

    /* 1. addresses, in the order in which they will be tried */
    sockutil_addr addresses[2], *dead = &addresses[0], *live = &addresses[1];
    size_t count;
    if (sockutil_resolve(host, "0", SOCK_STREAM, 0, addresses, 2, &count, NULL) < 0 || count < 2)
        bad_argument("not a name with two addresses", host != NULL ? host : "(none)");

    /* 2. two listeners at one port: the kernel picks it for the first, and another program may have it at the second */
    int deadfd, livefd;
    do {
        deadfd = sockutil_stream_listen(endpoint_text(dead).s, 0, SOCKUTIL_NUMERIC, NULL);
        if (deadfd < 0) {
            int lacking = errno == EADDRNOTAVAIL || errno == EAFNOSUPPORT;
            perror(endpoint_text(dead).s);
            return lacking ? NOT_HERE : 1;
        }
        sockutil_addr local = local_address(deadfd);
        port = sockutil_addr_port(&local);
        if (sockutil_addr_set_port(live, port) < 0)
            die("set_port");
        livefd = sockutil_stream_listen(endpoint_text(live).s, SOMAXCONN, SOCKUTIL_NUMERIC, NULL);
        if (livefd < 0)
            close_socket(deadfd);
    } while (livefd < 0 && errno == EADDRINUSE);
    if (livefd < 0 || sockutil_addr_set_port(dead, port) < 0)
        die("listen");

    /* 3. the first one dies: its backlog is full, so that it drops each SYN. A host that is off looks the same. */
    int queued = socket(dead->ss.ss_family, SOCK_STREAM, 0);
    if (queued < 0 || sockutil_connect(queued, dead, LIMIT_MS) < 0)
        die("connect");
    printf("first %s: dead\n", endpoint_text(dead).s);
    printf("second %s: alive\n", endpoint_text(live).s);

    /* 4. as in the tutorials: one address after the other. The kernel would go on with the first for two minutes. */
    int fd = socket(dead->ss.ss_family, SOCK_STREAM, 0);
    if (fd < 0 || sockutil_connect(fd, dead, PATIENCE_MS) == 0)
        die("the first address is not dead");
    printf("one after the other: %s at %s after %d ms\n", errno_name(errno), endpoint_text(dead).s, PATIENCE_MS);
    close_socket(fd);

    /* 5. both at once: the second attempt begins a quarter of a second after the first; the winner ends the other */
    race("race", host);

    /* 6. when the first address refuses, the second attempt begins at once */
    close_socket(queued);
    close_socket(deadfd);
    race("race, the first refuses", host);
    close_socket(livefd);
    return 0;
}
