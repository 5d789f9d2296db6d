/* Names with several addresses, and rare answers of the kernel. The program's own system calls and resolver replace
 * libc's: each records its call, then calls the kernel, or fails as planned.
 * usage: endpoints CASE
 */
#include "check.h"
#include <sockutil.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>

#define MOST 4096

/* ---- The resolver: a list of addresses, or a failure. */

static union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
} list[MOST];
static struct addrinfo nodes[MOST];
static int listed, resolver_says, resolver_errno, resolved, freed;

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **answer) {
    (void)host, (void)service;
    resolved++;
    if (resolver_says != 0) {
        errno = resolver_errno;
        return resolver_says;
    }
    CHECK(hints != NULL && hints->ai_socktype == SOCK_STREAM);
    for (int i = 0; i < listed; i++) {
        int family = list[i].any.sa_family;
        nodes[i] = (struct addrinfo){.ai_family = family, .ai_socktype = SOCK_STREAM, .ai_addr = &list[i].any};
        nodes[i].ai_addrlen = family == AF_INET ? sizeof list[i].v4 : sizeof list[i].v6;
        nodes[i].ai_next = i + 1 < listed ? &nodes[i + 1] : NULL;
    }
    *answer = nodes;
    return 0;
}

void freeaddrinfo(struct addrinfo *answer) {
    CHECK(answer == nodes);
    freed++;
}

static void add(const char *text, int port) {
    union address *a = &list[listed++];
    memset(a, 0, sizeof *a);
    if (inet_pton(AF_INET, text, &a->v4.sin_addr) == 1) {
        a->v4.sin_family = AF_INET;
        a->v4.sin_port = htons((uint16_t)port);
    } else {
        CHECK(inet_pton(AF_INET6, text, &a->v6.sin6_addr) == 1);
        a->v6.sin6_family = AF_INET6;
        a->v6.sin6_port = htons((uint16_t)port);
    }
}

/* ---- The system calls, under names without glibc's own argument types. */

static int64_t clock_ms(void) {
    struct timespec now;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The attempts in order, with their times. */
static union address tried[MOST];
static int64_t tried_at[MOST];
static int tries;

/* The attempts that connect to themselves, as bits; and the errno values with which the first ones fail at once, if
 * any. */
static unsigned int meets_itself;
static const int *connect_says;
static int connect_count;

int my_connect(int fd, const struct sockaddr *address, socklen_t length) __asm__("connect");
int my_connect(int fd, const struct sockaddr *address, socklen_t length) {
    CHECK(tries < MOST && length <= sizeof tried[0]);
    memset(&tried[tries], 0, sizeof tried[0]);
    memcpy(&tried[tries], address, length);
    tried_at[tries] = clock_ms();
    if (tries < 32 && (meets_itself >> tries & 1) != 0) {
        /* The kernel does this by chance if the port is an ephemeral one. */
        CHECK(syscall(SYS_bind, fd, address, length) == 0);
    }
    if (tries++ < connect_count) {
        errno = connect_says[tries - 1];
        return -1;
    }
    return (int)syscall(SYS_connect, fd, address, length);
}

/* Sockets made minus descriptors closed: now, and the maximum. */
static int sockets, most_sockets;

int my_close(int fd) __asm__("close");
int my_close(int fd) {
    sockets--;
    return (int)syscall(SYS_close, fd);
}

/* The next polls fail: they take their time and report nothing, although something is ready; or they take all the time,
 * and end by a signal. */
static int blind_polls, late_polls, polls;

int my_poll(struct pollfd *entries, nfds_t count, int timeout_ms) __asm__("poll");
int my_poll(struct pollfd *entries, nfds_t count, int timeout_ms) {
    struct timespec time = {timeout_ms / 1000, timeout_ms % 1000 * 1000000L};
    polls++;
    if (blind_polls > 0 || late_polls > 0) {
        CHECK(timeout_ms > 0);
        time.tv_nsec += late_polls > 0 ? 20000000 : 0;
        CHECK(nanosleep(&time, NULL) == 0);
        if (late_polls > 0) {
            late_polls--;
            errno = EINTR;
            return -1;
        }
        blind_polls--;
        for (nfds_t i = 0; i < count; i++)
            entries[i].revents = 0;
        return 0;
    }
#ifdef SYS_poll
    return (int)syscall(SYS_poll, entries, count, timeout_ms);
#else
    return (int)syscall(SYS_ppoll, entries, count, timeout_ms < 0 ? NULL : &time, NULL, 0);
#endif
}

static int refused_family, refused_errno, kinds_without_cloexec;

int my_socket(int family, int kind, int protocol) __asm__("socket");
int my_socket(int family, int kind, int protocol) {
    kinds_without_cloexec += (kind & SOCK_CLOEXEC) == 0;
    if (family == refused_family) {
        errno = refused_errno;
        return -1;
    }
    sockets++;
    if (sockets > most_sockets)
        most_sockets = sockets;
    return (int)syscall(SYS_socket, family, kind, protocol);
}

static bool bound, reuseaddr, reuseport, v6only_said;
static int v6only;

int my_bind(int fd, const struct sockaddr *address, socklen_t length) __asm__("bind");
int my_bind(int fd, const struct sockaddr *address, socklen_t length) {
    bound = true;
    return (int)syscall(SYS_bind, fd, address, length);
}

int my_setsockopt(int fd, int level, int name, const void *value, socklen_t size) __asm__("setsockopt");
int my_setsockopt(int fd, int level, int name, const void *value, socklen_t size) {
    /* After the bind each of these would come too late. */
    if (level == SOL_SOCKET && name == SO_REUSEADDR && !bound)
        reuseaddr = *(const int *)value != 0;
    if (level == SOL_SOCKET && name == SO_REUSEPORT && !bound)
        reuseport = *(const int *)value != 0;
    if (level == IPPROTO_IPV6 && name == IPV6_V6ONLY && !bound) {
        v6only_said = true;
        v6only = *(const int *)value;
    }
    return (int)syscall(SYS_setsockopt, fd, level, name, value, size);
}

/* The errno values with which accept fails, one after the other, before it calls the kernel. */
static const int *accept_says;
static int accept_count, accepts, accept_flags;

int my_accept4(int fd, struct sockaddr *address, socklen_t *length, int flags) __asm__("accept4");
int my_accept4(int fd, struct sockaddr *address, socklen_t *length, int flags) {
    accepts++;
    accept_flags = flags;
    if (address != NULL)
        CHECK(*length == sizeof(struct sockaddr_storage));
    if (accept_count > 0) {
        /* A failure may have shortened it. */
        if (address != NULL)
            *length = 1;
        accept_count--;
        errno = *accept_says++;
        return -1;
    }
    return (int)syscall(SYS_accept4, fd, address, length, flags);
}

/* ---- Helpers for the cases. */

static int descriptors(void) {
    int count = 0;
    DIR *folder = opendir("/proc/self/fd");
    CHECK(folder != NULL);
    while (readdir(folder) != NULL)
        count++;
    CHECK(closedir(folder) == 0);
    return count;
}

/* A socket bound to the text's address, and the port in *port: the kernel's choice if that is 0. */
static int bound_to(const char *text, int *port) {
    listed = 0;
    add(text, *port);
    socklen_t size = list[0].any.sa_family == AF_INET ? sizeof list[0].v4 : sizeof list[0].v6;
    int one = 1, fd = (int)syscall(SYS_socket, list[0].any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0);
    CHECK(syscall(SYS_setsockopt, fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0);
    CHECK(syscall(SYS_bind, fd, &list[0], size) == 0);
    CHECK(getsockname(fd, &list[0].any, &size) == 0);
    *port = ntohs(list[0].v4.sin_port);
    listed = 0;
    return fd;
}

static bool has_v6(void) {
    union address loopback = {.v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT}};
    int fd = (int)syscall(SYS_socket, AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool has = fd >= 0 && syscall(SYS_bind, fd, &loopback, sizeof loopback.v6) == 0;
    (void)syscall(SYS_close, fd);
    return has;
}

static int listener(const char *text, int *port) {
    int fd = bound_to(text, port);
    CHECK(listen(fd, 16) == 0);
    return fd;
}

/* A listener that no longer answers. */
static int dead(const char *text, int *port) {
    int fd = listener(text, port);
    CHECK(listen(fd, 0) == 0);
    add(text, *port);
    socklen_t size = list[0].any.sa_family == AF_INET ? sizeof list[0].v4 : sizeof list[0].v6;
    int client = (int)syscall(SYS_socket, list[0].any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(client >= 0);
    CHECK(syscall(SYS_connect, client, &list[0], size) == 0);
    struct pollfd entry = {.fd = fd, .events = POLLIN};
    CHECK(poll(&entry, 1, 5000) == 1);
    listed = 0;
    return fd;
}

static int gai;

static int connect_by_name(int timeout_ms) {
    tries = resolved = freed = sockets = most_sockets = 0;
    gai = 4711;
    errno = E2BIG;
    return sockutil_tcp_connect("name", "service", 0, timeout_ms, &gai);
}

static void check_tried(const char *const *texts, const int *ports, int count) {
    CHECK(tries == count);
    for (int i = 0; i < count; i++) {
        char text[INET6_ADDRSTRLEN];
        int family = tried[i].any.sa_family;
        const void *ip = family == AF_INET ? (void *)&tried[i].v4.sin_addr : (void *)&tried[i].v6.sin6_addr;
        CHECK(inet_ntop(family, ip, text, sizeof text) != NULL);
        CHECK(strcmp(text, texts[i]) == 0);
        CHECK(ntohs(tried[i].v4.sin_port) == ports[i]);
    }
}

static void nothing(int signal_number) {
    (void)signal_number;
}

static timer_t ticker;

static void start_ticks(void) {
    struct sigaction action = {.sa_handler = nothing};
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    struct itimerspec every_ms = {.it_interval.tv_nsec = 1000000, .it_value.tv_nsec = 1000000};
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
    CHECK(timer_create(CLOCK_MONOTONIC, &event, &ticker) == 0);
    CHECK(timer_settime(ticker, 0, &every_ms, NULL) == 0);
}

static void stop_ticks(void) {
    CHECK(timer_delete(ticker) == 0);
}

/* ---- The cases. */

/* Families in turn, the first one's first; the first answer is taken, and nothing is tried after it. */
static void order(void) {
    if (!has_v6()) {
        fputs("left out: no IPv6: addresses of two families in turn\n", stderr);
        return;
    }
    int refused = 0, live = 0, live6 = 0;
    bound_to("127.0.0.1", &refused);
    listener("127.0.0.3", &live);
    listener("::1", &live6);
    int refused6 = 0;
    bound_to("::1", &refused6);

    add("127.0.0.1", refused);
    add("127.0.0.2", refused);
    add("127.0.0.3", live);
    add("::1", refused6);
    int before = descriptors();
    int fd = connect_by_name(5000);
    CHECK(fd >= 0 && errno == E2BIG && gai == 0);
    CHECK(resolved == 1 && freed == 1);
    const char *texts[] = {"127.0.0.1", "::1", "127.0.0.2", "127.0.0.3"};
    const int ports[] = {refused, refused6, refused, live};
    check_tried(texts, ports, 4);
    CHECK(descriptors() == before + 1);
    CHECK(close(fd) == 0);

    /* IPv6 first, and more of it. */
    listed = 0;
    add("::1", refused6);
    add("::1", live6);
    add("127.0.0.1", refused);
    add("127.0.0.3", live);
    fd = connect_by_name(SOCKUTIL_FOREVER);
    CHECK(fd >= 0 && errno == E2BIG && gai == 0);
    const char *texts6[] = {"::1", "127.0.0.1", "::1"};
    const int ports6[] = {refused6, refused, live6};
    check_tried(texts6, ports6, 3);
    CHECK(descriptors() == before + 1);
    CHECK(resolved == 1 && freed == 1);
    CHECK(close(fd) == 0);
}

/* The rank of an errno: an answer above a time-out, a time-out above a failure on this host. */
static int telling(int error) {
    switch (error) {
    case ENETUNREACH:
    case EHOSTUNREACH:
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
        return 0;
    case ETIMEDOUT:
        return 1;
    default:
        return 2;
    }
}

/* When all fail, errno is that of the most specific failure, the first of its kind: each kind is here three times. */
static void most_telling(void) {
    static const int kinds[] = {ENETUNREACH, EHOSTUNREACH, EADDRNOTAVAIL, EAFNOSUPPORT, ETIMEDOUT, ECONNREFUSED,
                                ECONNRESET,  EACCES,       EMFILE,        EINVAL,       EPERM,     ENOBUFS};
    enum { KINDS = sizeof kinds / sizeof kinds[0] };
    int before = descriptors();
    add("127.0.0.1", 9);
    add("127.0.0.2", 9);
    add("127.0.0.3", 9);
    for (int i = 0; i < KINDS * KINDS * KINDS; i++) {
        const int say[3] = {kinds[i % KINDS], kinds[i / KINDS % KINDS], kinds[i / KINDS / KINDS]};
        int most = say[0];
        for (int k = 1; k < 3; k++)
            most = telling(say[k]) > telling(most) ? say[k] : most;
        connect_says = say;
        connect_count = 3;
        CHECK(connect_by_name(i % 2 == 0 ? 5000 : SOCKUTIL_FOREVER) == -1 && errno == most && gai == 0);
        CHECK(tries == 3 && resolved == 1 && freed == 1 && sockets == 0);
    }
    connect_count = 0;
    CHECK(descriptors() == before);

    /* An address without an answer when the time runs out is ETIMEDOUT. */
    int refused = 0, hangs = 0;
    bound_to("127.0.0.1", &refused);
    dead("127.0.0.2", &hangs);
    before = descriptors();
    for (int first = 0; first < 2; first++) {
        add(first == 0 ? "127.0.0.1" : "127.0.0.2", first == 0 ? refused : hangs);
        add(first == 0 ? "127.0.0.2" : "127.0.0.1", first == 0 ? hangs : refused);
        int64_t start = clock_ms();
        CHECK(connect_by_name(300) == -1 && errno == ECONNREFUSED && gai == 0);
        CHECK(clock_ms() - start >= 300);
        CHECK(tries == 2 && resolved == 1 && freed == 1 && descriptors() == before);
        listed = 0;
    }
    static const int never_left[] = {ENETUNREACH};
    connect_says = never_left;
    connect_count = 1;
    add("127.0.0.1", 9);
    add("127.0.0.2", hangs);
    CHECK(connect_by_name(200) == -1 && errno == ETIMEDOUT && tries == 2);
    CHECK(descriptors() == before);
}

/* A dead address costs a share of the time, and its attempt goes on meanwhile; all together cost the time, and no more.
 * */
static void race(bool storm) {
    /* Each at its own port: another one's may be in TIME_WAIT here. */
    int hangs[3] = {0}, live = 0;
    dead("127.0.0.2", &hangs[0]);
    dead("127.0.0.3", &hangs[1]);
    dead("127.0.0.4", &hangs[2]);
    listener("127.0.0.5", &live);
    int before = descriptors();
    if (storm)
        start_ticks();

    add("127.0.0.2", hangs[0]);
    add("127.0.0.3", hangs[1]);
    add("127.0.0.4", hangs[2]);
    add("127.0.0.5", live);
    int fd = connect_by_name(800);
    CHECK(fd >= 0 && errno == E2BIG && gai == 0);
    CHECK(tries == 4 && resolved == 1 && freed == 1 && descriptors() == before + 1 && most_sockets == 4);
    for (int i = 1; i < tries; i++) {
        /* A busy machine can let some of a share pass before its attempt begins. */
        CHECK(tried_at[i] - tried_at[i - 1] >= 150);
        CHECK(tried_at[i] - tried_at[i - 1] < 700);
    }
    CHECK(close(fd) == 0);

    /* A quick failure leaves its share to the others. */
    int refused = 0;
    int holder = bound_to("127.0.0.1", &refused);
    add("127.0.0.1", refused);
    add("127.0.0.6", refused);
    add("127.0.0.2", hangs[0]);
    add("127.0.0.3", hangs[1]);
    int64_t start = clock_ms();
    CHECK(connect_by_name(400) == -1 && errno == ECONNREFUSED && gai == 0);
    int64_t took = clock_ms() - start;
    CHECK(took >= 400 && took < 1400);
    CHECK(tries == 4 && resolved == 1 && freed == 1);
    CHECK(tried_at[3] - tried_at[2] >= 150);
    CHECK(close(holder) == 0);

    listed = 0;
    add("127.0.0.2", hangs[0]);
    add("127.0.0.3", hangs[1]);
    add("127.0.0.4", hangs[2]);
    start = clock_ms();
    CHECK(connect_by_name(300) == -1 && errno == ETIMEDOUT && gai == 0);
    took = clock_ms() - start;
    CHECK(took >= 300 && took < 1300);
    CHECK(resolved == 1 && freed == 1 && descriptors() == before);
    if (storm)
        stop_ticks();
}

/* A resolver's answer can be up to 64 KB of DNS long: 16 of its addresses are tried. */
static void many(void) {
    int refused = 0, before = descriptors();
    int holder = bound_to("127.0.0.1", &refused);
    for (int i = 0; i < 2000; i++) {
        char text[INET_ADDRSTRLEN];
        CHECK(snprintf(text, sizeof text, "127.0.%d.%d", 1 + i / 200, 1 + i % 200) > 0);
        add(text, refused);
    }
    for (int i = 0; i < 2; i++) {
        int64_t start = clock_ms();
        CHECK(connect_by_name(i == 0 ? 5000 : SOCKUTIL_FOREVER) == -1 && errno == ECONNREFUSED && gai == 0);
        CHECK(clock_ms() - start < 4000);
        CHECK(tries == 16 && freed == 1 && sockets == 0);
    }
    CHECK(close(holder) == 0 && descriptors() == before);
}

/* However many are dead, at most eight attempts go on at once. */
static void eight(void) {
    int hangs = 0;
    dead("0.0.0.0", &hangs);
    int before = descriptors();
    for (int i = 0; i < 300; i++) {
        char text[INET_ADDRSTRLEN];
        CHECK(snprintf(text, sizeof text, "127.0.%d.%d", 1 + i / 200, 1 + i % 200) > 0);
        add(text, hangs);
    }
    int64_t start = clock_ms();
    CHECK(connect_by_name(2600) == -1 && errno == ETIMEDOUT && gai == 0);
    int64_t took = clock_ms() - start;
    CHECK(took >= 2600 && took < 4600);
    /* 2,600 ms for 16 addresses: one each 162 ms, and then one each time that the oldest is two seconds old. */
    CHECK(tries >= 9 && tries <= 12 && most_sockets == 8 && sockets == 0);
    for (int i = 8; i < tries; i++)
        CHECK(tried_at[i] - tried_at[i - 8] >= 1900);
    CHECK(descriptors() == before);
}

/* Two that succeed at the same time: one is taken, and the other is closed. */
static void both(void) {
    int first = 0, second = 0;
    int one = listener("127.0.0.1", &first), other = listener("127.0.0.2", &second);
    int before = descriptors();
    add("127.0.0.1", first);
    add("127.0.0.2", second);
    blind_polls = 1;
    int fd = connect_by_name(5000);
    union address a;
    socklen_t size = sizeof a;
    char byte;
    CHECK(fd >= 0 && errno == E2BIG && tries == 2 && sockets == 1 && descriptors() == before + 1);
    CHECK(getpeername(fd, &a.any, &size) == 0 && a.v4.sin_addr.s_addr == htonl(0x7f000001));
    int taken = accept(one, NULL, NULL), closed = accept(other, NULL, NULL);
    CHECK(taken >= 0 && closed >= 0 && recv(closed, &byte, 1, 0) == 0);
    CHECK(recv(taken, &byte, 1, MSG_DONTWAIT) == -1 && errno == EAGAIN);
}

/* The call no longer waits for a failed attempt, but for those that go on beside it. */
static void place_between(void) {
    int refused = 0, hangs = 0;
    bound_to("127.0.0.1", &refused);
    dead("127.0.0.2", &hangs);
    add("127.0.0.1", refused);
    add("127.0.0.2", hangs);
    blind_polls = 1;
    polls = 0;
    CHECK(connect_by_name(400) == -1 && errno == ECONNREFUSED && tries == 2 && most_sockets == 2 && sockets == 0);
    /* A poll that reports nothing, one that reports the refusal, and one for the time that is left. */
    CHECK(polls == 3);
}

/* Time has run out, and a signal ended the wait: a result that has come meanwhile counts. */
static void late(void) {
    int port = 0;
    listener("127.0.0.1", &port);
    add("127.0.0.1", port);
    late_polls = 1;
    int fd = connect_by_name(100);
    CHECK(fd >= 0 && errno == E2BIG && late_polls == 0);
}

/* Whether the kernel still knows a connection from a port to itself. */
static bool is_left(int port) {
    static const char *const files[] = {"/proc/net/tcp", "/proc/net/tcp6"};
    bool left = false;
    for (int i = 0; i < 2; i++) {
        char line[512];
        FILE *file = fopen(files[i], "r");
        while (file != NULL && fgets(line, sizeof line, file) != NULL) {
            unsigned local = 0, remote = 0;
            if (sscanf(line, "%*[^:]: %*[^:]:%x %*[^:]:%x", &local, &remote) == 2)
                left |= local == (unsigned)port && remote == (unsigned)port;
        }
        if (file != NULL)
            CHECK(fclose(file) == 0);
    }
    return left;
}

/* A server can start at a port of every address, without even SO_REUSEADDR, unless another program has taken it. */
static void check_free(int port) {
    listed = 0;
    add(has_v6() ? "::" : "0.0.0.0", port);
    int fd = (int)syscall(SYS_socket, list[0].any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0);
    if (syscall(SYS_bind, fd, &list[0], sizeof list[0]) == -1)
        CHECK(errno == EADDRINUSE && !is_left(port));
    else
        CHECK(listen(fd, 1) == 0);
    CHECK(close(fd) == 0);
    listed = 0;
}

/* A free port below the range from which the kernel gives ports to other programs: a closed port of that range could be
 * somebody else's a moment later. */
static int quiet_port(void) {
    for (int port = 20000 + getpid() % 10000; port < 32768; port++) {
        listed = 0;
        add(has_v6() ? "::" : "0.0.0.0", port);
        int fd = (int)syscall(SYS_socket, list[0].any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        CHECK(fd >= 0);
        const bool is_free = syscall(SYS_bind, fd, &list[0], sizeof list[0]) == 0;
        CHECK(close(fd) == 0);
        listed = 0;
        if (is_free)
            return port;
    }
    CHECK(!"a port is free");
    return -1;
}

/* A client that gets the port that it connects to is no server, and leaves nothing that keeps a server from that port.
 * */
static void itself(void) {
    static const int timeouts[] = {5000, SOCKUTIL_FOREVER};
    static const char *const hosts[] = {"127.0.0.1", "0.0.0.0", "::1", "::", "::ffff:127.0.0.1", "::ffff:0.0.0.0"};
    int before = descriptors(), port = quiet_port(), fd;
    char service[8];
    CHECK(snprintf(service, sizeof service, "%d", port) > 0);
    meets_itself = ~0u;
    for (size_t i = 0; i < 2 * sizeof hosts / sizeof hosts[0]; i++) {
        if (strchr(hosts[i / 2], ':') != NULL && !has_v6()) {
            fprintf(stderr, "left out: no IPv6: a connection to itself by %s\n", hosts[i / 2]);
            continue;
        }
        tries = 0;
        gai = 4711;
        CHECK(sockutil_tcp_connect(hosts[i / 2], service, SOCKUTIL_NUMERIC, timeouts[i % 2], &gai) == -1);
        CHECK(errno == ECONNREFUSED && gai == 0 && tries == 1);
        CHECK(descriptors() == before);
        check_free(port);
    }

    /* Beside another attempt that succeeds, before it and after it. */
    for (unsigned int i = 0; i < 2; i++) {
        int live = 0, server = listener("127.0.0.2", &live);
        meets_itself = 1u << i;
        blind_polls = 1;
        add(i == 0 ? "127.0.0.1" : "127.0.0.2", i == 0 ? port : live);
        add(i == 0 ? "127.0.0.2" : "127.0.0.1", i == 0 ? live : port);
        fd = connect_by_name(5000);
        union address a;
        socklen_t size = sizeof a;
        CHECK(fd >= 0 && errno == E2BIG && tries == 2);
        CHECK(getpeername(fd, &a.any, &size) == 0 && ntohs(a.v4.sin_port) == live);
        CHECK(close(fd) == 0 && close(server) == 0);
        check_free(port);
    }
    CHECK(descriptors() == before);
}

/* The resolver's failures are returned, with nothing to free; NUMERIC never asks it. */
static void resolver(void) {
    static const int codes[] = {EAI_AGAIN, EAI_FAIL, EAI_NONAME, EAI_SERVICE, EAI_MEMORY};
    resolver_errno = ENOMEM;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        resolver_says = codes[i];
        CHECK(connect_by_name(5000) == -1 && errno == EADDRNOTAVAIL && gai == codes[i]);
        CHECK(resolved == 1 && freed == 0);
        gai = 4711;
        CHECK(sockutil_tcp_listen("name", "service", 1, 0, &gai) == -1 && errno == EADDRNOTAVAIL && gai == codes[i]);
        CHECK(sockutil_tcp_listen("name", "service", 1, 0, NULL) == -1 && errno == EADDRNOTAVAIL);
        CHECK(resolved == 3 && freed == 0);
    }
    resolver_says = EAI_SYSTEM;
    resolver_errno = EMFILE;
    CHECK(connect_by_name(5000) == -1 && errno == EMFILE && gai == EAI_SYSTEM && freed == 0);

    resolved = 0;
    static const char *const pairs[][2] = {{"name", "80"}, {"127.0.0.1", "http"}, {"name", "http"}, {NULL, "http"}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        gai = 0;
        CHECK(sockutil_tcp_connect(pairs[i][0], pairs[i][1], SOCKUTIL_NUMERIC, 5000, &gai) == -1);
        CHECK(errno == EADDRNOTAVAIL && (gai == EAI_NONAME || gai == EAI_SERVICE));
        gai = 0;
        CHECK(sockutil_tcp_listen(pairs[i][0], pairs[i][1], 1, SOCKUTIL_NUMERIC, &gai) == -1);
        CHECK(errno == EADDRNOTAVAIL && (gai == EAI_NONAME || gai == EAI_SERVICE));
    }
    CHECK(resolved == 0);
}

/* A machine without IPv6, or one without a descriptor left. */
static void no_socket(void) {
    int port = 0;
    char service[8];
    listener("127.0.0.1", &port);
    CHECK(snprintf(service, sizeof service, "%d", port) > 0);
    int before = descriptors();

    refused_family = AF_INET6;
    refused_errno = EAFNOSUPPORT;
    gai = 4711;
    errno = E2BIG;
    int client = sockutil_tcp_connect(NULL, service, 0, 5000, &gai);
    CHECK(client >= 0 && gai == 0 && errno == E2BIG);
    int server = sockutil_tcp_listen(NULL, "0", 1, 0, &gai);
    CHECK(server >= 0 && gai == 0 && errno == E2BIG);
    union address a;
    socklen_t size = sizeof a;
    CHECK(getsockname(server, &a.any, &size) == 0 && a.any.sa_family == AF_INET);
    CHECK(close(client) == 0 && close(server) == 0);

    struct rlimit limit;
    CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    rlim_t old = limit.rlim_cur;
    limit.rlim_cur = 0;
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    refused_family = -1;
    CHECK(sockutil_tcp_connect("127.0.0.1", service, 0, 5000, &gai) == -1 && errno == EMFILE && gai == 0);
    CHECK(sockutil_tcp_listen(NULL, "0", 1, 0, &gai) == -1 && errno == EMFILE && gai == 0);
    limit.rlim_cur = old;
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    CHECK(descriptors() == before);
}

static int listen_by_name(const char *host, unsigned int flags) {
    resolved = freed = 0;
    bound = reuseaddr = reuseport = v6only_said = false;
    gai = 4711;
    errno = E2BIG;
    return sockutil_tcp_listen(host, "service", 16, flags, &gai);
}

/* A server listens on the first address of its name that is this machine's. */
static void listens(void) {
    int taken = 0;
    union address a;
    socklen_t size = sizeof a;
    listener("127.0.0.1", &taken);
    int before = descriptors();

    add("192.0.2.1", 0);
    add("2001:db8::1", 0);
    add("127.0.0.2", 0);
    add("127.0.0.3", 0);
    int fd = listen_by_name("name", 0);
    CHECK(fd >= 0 && errno == E2BIG && gai == 0 && resolved == 1 && freed == 1);
    CHECK(getsockname(fd, &a.any, &size) == 0 && a.v4.sin_addr.s_addr == htonl(0x7f000002));
    CHECK(descriptors() == before + 1);
    CHECK(close(fd) == 0);

    /* If that one is taken, it does not try another. */
    listed = 0;
    add("192.0.2.1", taken);
    add("127.0.0.1", taken);
    add("127.0.0.2", taken);
    CHECK(listen_by_name("name", 0) == -1 && errno == EADDRINUSE && gai == 0);
    CHECK(resolved == 1 && freed == 1 && descriptors() == before);

    listed = 0;
    add("192.0.2.1", 0);
    if (has_v6())
        add("2001:db8::1", 0);
    else
        fputs("left out: no IPv6: an address that is not this machine's\n", stderr);
    CHECK(listen_by_name("name", 0) == -1 && errno == EADDRNOTAVAIL && gai == 0);
    CHECK(resolved == 1 && freed == 1 && descriptors() == before);
}

/* No host is every address, IPv4's too, however the service is written and in whatever order a resolver lists them. */
static void wildcard(void) {
    if (!has_v6()) {
        fputs("left out: no IPv6: a listener for every address of both families\n", stderr);
        return;
    }
    union address a;
    socklen_t size = sizeof a;
    add("0.0.0.0", 0);
    add("::", 0);
    int fd = listen_by_name(NULL, 0);
    CHECK(fd >= 0 && errno == E2BIG && gai == 0 && resolved == freed);
    CHECK(v6only_said && v6only == 0);
    CHECK(getsockname(fd, &a.any, &size) == 0 && a.any.sa_family == AF_INET6);
    CHECK(close(fd) == 0);
}

/* The options that a listener gets before bind, set whatever the system's defaults are. */
static void options(void) {
    static const unsigned int asked[] = {0, SOCKUTIL_V6ONLY, SOCKUTIL_REUSEPORT, SOCKUTIL_REUSEPORT | SOCKUTIL_V6ONLY};
    bool v6 = has_v6();
    if (!v6)
        fputs("left out: no IPv6: the option V6ONLY of a listener\n", stderr);
    add(v6 ? "::1" : "127.0.0.1", 0);
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        if (!v6 && (asked[i] & SOCKUTIL_V6ONLY) != 0)
            continue;
        int fd = listen_by_name("name", asked[i]);
        CHECK(fd >= 0 && reuseaddr);
        CHECK(reuseport == ((asked[i] & SOCKUTIL_REUSEPORT) != 0));
        CHECK(v6only_said == v6 && (!v6 || v6only == ((asked[i] & SOCKUTIL_V6ONLY) != 0)));
        CHECK(kinds_without_cloexec == 0);
        CHECK(close(fd) == 0);
    }
}

/* accept(2), "Error handling": errors of connections that are gone already. */
static const int TRANSIENT[] = {EINTR,     ECONNABORTED, EPROTO,       ENETDOWN,   ENOPROTOOPT,
                                EHOSTDOWN, ENONET,       EHOSTUNREACH, ENETUNREACH};
#define TRANSIENTS (int)(sizeof TRANSIENT / sizeof TRANSIENT[0])

/* One client waits at a listener. */
static int one_waits(bool nonblock) {
    int port = 0, fd = listener("127.0.0.1", &port);
    add("127.0.0.1", port);
    int client = (int)syscall(SYS_socket, AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(client >= 0);
    CHECK(syscall(SYS_connect, client, &list[0], sizeof list[0].v4) == 0);
    struct pollfd entry = {.fd = fd, .events = POLLIN};
    CHECK(poll(&entry, 1, 5000) == 1);
    if (nonblock)
        CHECK(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
    listed = 0;
    return fd;
}

static void transient(void) {
    static const int timeouts[] = {SOCKUTIL_FOREVER, 5000, SOCKUTIL_NOWAIT};
    for (int i = 0; i < 6; i++) {
        int fd = one_waits(i % 2 == 1);
        sockutil_addr peer;
        accept_says = TRANSIENT;
        accept_count = TRANSIENTS;
        accepts = 0;
        errno = E2BIG;
        int connection = sockutil_accept(fd, &peer, 0, timeouts[i / 2]);
        CHECK(connection >= 0 && errno == E2BIG);
        CHECK(accepts == TRANSIENTS + 1);
        CHECK(accept_flags == SOCK_CLOEXEC);
        CHECK(peer.len == sizeof(struct sockaddr_in) && peer.ss.ss_family == AF_INET);
        CHECK(close(connection) == 0);

        /* Without a client they change nothing: no client has come. */
        if (timeouts[i / 2] != SOCKUTIL_FOREVER) {
            int port = 0, empty = listener("127.0.0.1", &port);
            CHECK(fcntl(empty, F_SETFL, O_NONBLOCK) == 0);
            accept_says = TRANSIENT;
            accept_count = TRANSIENTS;
            int64_t start = clock_ms();
            int limit = timeouts[i / 2] == 5000 ? 100 : SOCKUTIL_NOWAIT;
            CHECK(sockutil_accept(empty, &peer, 0, limit) == -1 && errno == EAGAIN);
            CHECK(clock_ms() - start >= limit);
            accept_count = 0;
            CHECK(close(empty) == 0);
        }
        CHECK(close(fd) == 0);
    }
}

/* Every other error is returned at once. */
static void lasting(void) {
    static const int others[] = {EMFILE, ENFILE, ENOBUFS, ENOMEM, EPERM, EOPNOTSUPP, EINVAL, EFAULT, ETIMEDOUT, ENOSR};
    static const int timeouts[] = {SOCKUTIL_FOREVER, 5000, SOCKUTIL_NOWAIT};
    int fd = one_waits(false);
    sockutil_addr peer;
    memset(&peer, 7, sizeof peer);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        for (size_t j = 0; j < sizeof timeouts / sizeof timeouts[0]; j++) {
            accept_says = &others[i];
            accept_count = 1;
            accepts = 0;
            CHECK(sockutil_accept(fd, &peer, 0, timeouts[j]) == -1);
            CHECK(errno == others[i] && accepts == 1);
            for (size_t k = 0; k < sizeof peer; k++)
                CHECK(((unsigned char *)&peer)[k] == 7);
        }
    }
}

/* No descriptor is left: this is reported, and the client waits until there is one. */
static void emfile(void) {
    static const int timeouts[] = {SOCKUTIL_FOREVER, 5000, SOCKUTIL_NOWAIT};
    int fd = one_waits(false);
    struct rlimit limit;
    CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    rlim_t old = limit.rlim_cur;
    /* Not 0: poll(2) refuses more descriptors than that. */
    limit.rlim_cur = 1;
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    for (size_t i = 0; i < sizeof timeouts / sizeof timeouts[0]; i++) {
        CHECK(sockutil_accept(fd, NULL, 0, timeouts[i]) == -1 && errno == EMFILE);
    }
    limit.rlim_cur = old;
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    CHECK(sockutil_accept(fd, NULL, 0, SOCKUTIL_NOWAIT) >= 0);
}

static void race_quietly(void) {
    race(false);
}

static void race_in_a_storm(void) {
    race(true);
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        void (*run)(void);
    } cases[] = {
        {"order", order},     {"telling", most_telling}, {"race", race_quietly}, {"storm", race_in_a_storm},
        {"many", many},       {"eight", eight},          {"both", both},         {"between", place_between},
        {"late", late},       {"itself", itself},        {"resolver", resolver}, {"no_socket", no_socket},
        {"listens", listens}, {"wildcard", wildcard},    {"options", options},   {"transient", transient},
        {"lasting", lasting}, {"emfile", emfile},
    };
    refused_family = -1;
    CHECK_BOUND(30);
    for (size_t i = 0; argc == 2 && i < sizeof cases / sizeof cases[0]; i++) {
        if (strcmp(argv[1], cases[i].name) == 0) {
            cases[i].run();
            return 0;
        }
    }
    fputs("usage: endpoints CASE\n", stderr);
    return 2;
}
