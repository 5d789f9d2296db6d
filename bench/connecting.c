/* connecting.c - tcp_connect to a name whose first address is dead, against curl on the same two addresses. */
#include "bench.h"

#include <arpa/inet.h>
#include <math.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sockutil.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROUNDS 3 /* an attempt takes a quarter of a second */

/* [::1] is dead: its listener's queue is full, so that the kernel drops each SYN. 127.0.0.1 accepts. */
static struct sockaddr_in6 dead = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
static struct sockaddr_in live = {.sin_family = AF_INET};

static struct addrinfo answer[] = {
    {.ai_family = AF_INET6,
     .ai_socktype = SOCK_STREAM,
     .ai_addr = (struct sockaddr *)&dead,
     .ai_addrlen = sizeof dead,
     .ai_next = &answer[1]},
    {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM, .ai_addr = (struct sockaddr *)&live, .ai_addrlen = sizeof live},
};

/* ---- The two listeners ---- */

static void *accept_all(void *context) {
    const int *listener = context;
    for (int fd; (fd = accept(*listener, NULL, NULL)) >= 0;)
        close(fd);
    return NULL;
}

static bool listens(int fd, const void *address, socklen_t length, int backlog) {
    int on = 1;
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    return fd >= 0 && bind(fd, address, length) == 0 && listen(fd, backlog) == 0;
}

/* Fills the queue of the dead listener. */
static void fill_queue(int callers[2]) {
    for (int i = 0; i < 2; i++) {
        callers[i] = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        NEED(callers[i] >= 0);
        (void)connect(callers[i], (struct sockaddr *)&dead, sizeof dead);
    }
}

/* ---- The contest ---- */

static double ours(int limit) {
    double least = INFINITY;
    for (int i = 0; i < ROUNDS; i++) {
        double start = clock_ns(CLOCK_MONOTONIC);
        int fd = sockutil_tcp_connect("two.example", "http", 0, limit, NULL);
        double ms = (clock_ns(CLOCK_MONOTONIC) - start) / 1e6;
        if (fd < 0)
            fail_call("sockutil_tcp_connect");
        close(fd);
        least = fmin(least, ms);
    }
    return least;
}

/* curl's own time from its start to the connection, which leaves out the start of its process. */
static double by_curl(void) {
    double least = INFINITY;
    for (int i = 0; i < ROUNDS; i++) {
        char command[256], text[64] = "";
        unsigned port = ntohs(live.sin_port);
        snprintf(command, sizeof command,
                 "curl -q -s -m 5 -o /dev/null -w '%%{time_connect}' --noproxy '*' "
                 "--resolve two.example:%u:[::1],127.0.0.1 http://two.example:%u/",
                 port, port);
        FILE *said = popen(command, "r");
        NEED(said != NULL && fgets(text, sizeof text, said) != NULL);
        (void)pclose(said); /* the server closes without an answer */
        double ms = strtod(text, NULL) * 1e3;
        NEED(ms > 0);
        least = fmin(least, ms);
    }
    return least;
}

void bench_connecting(void) {
    static const struct {
        const char *name;
        int ms;
    } LIMITS[] = {{"500 ms", 500}, {"10 s", 10000}, {"FOREVER", SOCKUTIL_FOREVER}};
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
        full = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int callers[2];
    socklen_t length = sizeof live;
    pthread_t thread;
    live.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (!listens(listener, &live, sizeof live, 16) || getsockname(listener, (struct sockaddr *)&live, &length) < 0)
        fail_call("listen");
    dead.sin6_port = live.sin_port;
    bool can = listens(full, &dead, sizeof dead, 0) && system("curl --version >/dev/null 2>&1") == 0;
    if (!can) {
        row_absent("tcp_connect, the first is dead", "", "curl, or IPv6");
        close(listener);
        close(full);
        return;
    }
    fill_queue(callers);
    NEED(pthread_create(&thread, NULL, accept_all, &listener) == 0);
    resolved = answer;
    double curl = by_curl();
    for (size_t i = 0; i < LENGTH(LIMITS); i++)
        row("tcp_connect, the first is dead", LIMITS[i].name, "curl", ours(LIMITS[i].ms) / curl, AT_MOST(1.10));
    shutdown(listener, SHUT_RDWR);
    NEED(pthread_join(thread, NULL) == 0);
    close(listener);
    close(full);
    close(callers[0]);
    close(callers[1]);
}
