/* datagrams.c - sockutil_recvfrom against the system call that it is. */
#include "bench.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sockutil.h>
#include <string.h>
#include <unistd.h>

#define DATAGRAM_BYTES 64
#define CALLS 64 /* the smallest usual receive buffer holds so many */

struct task {
    bool (*call)(int fd, char *bytes, size_t n); /* one datagram of n bytes, and its sender */
    int receiver, sender;
};

static struct sockaddr_in sender_address;

static bool is_sender(const void *from, socklen_t length) {
    const struct sockaddr_in *address = from;
    return length == sizeof *address && address->sin_port == sender_address.sin_port;
}

static bool bare(int fd, char *bytes, size_t n) {
    struct sockaddr_storage from;
    socklen_t length = sizeof from;
    return recvfrom(fd, bytes, n, 0, (struct sockaddr *)&from, &length) == DATAGRAM_BYTES && is_sender(&from, length);
}

static bool without_truncated(int fd, char *bytes, size_t n) {
    sockutil_addr from;
    return sockutil_recvfrom(fd, bytes, n, &from, NULL, SOCKUTIL_FOREVER) == DATAGRAM_BYTES &&
           is_sender(&from.ss, from.len);
}

static bool with_truncated(int fd, char *bytes, size_t n) {
    sockutil_addr from;
    int truncated;
    return sockutil_recvfrom(fd, bytes, n, &from, &truncated, SOCKUTIL_FOREVER) == DATAGRAM_BYTES && truncated == 0 &&
           is_sender(&from.ss, from.len);
}

static double run(void *context) {
    const struct task *t = context;
    char sent[DATAGRAM_BYTES], got[2 * DATAGRAM_BYTES];
    size_t good = 0;
    memset(sent, 'd', sizeof sent);
    for (int i = 0; i < CALLS; i++)
        NEED(send(t->sender, sent, sizeof sent, MSG_NOSIGNAL) == sizeof sent);
    double start = spent_ns();
    for (int i = 0; i < CALLS; i++)
        good += t->call(t->receiver, got, sizeof got);
    double cost = spent_ns() - start;
    NEED(good == CALLS && memcmp(got, sent, sizeof sent) == 0);
    return cost;
}

static struct sockaddr_in bound(int fd) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &length) < 0)
        fail_call("bind");
    return address;
}

void bench_datagrams(void) {
    int receiver = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0),
        sender = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in to = bound(receiver);
    sender_address = bound(sender);
    if (connect(sender, (struct sockaddr *)&to, sizeof to) < 0)
        fail_call("connect");
    struct task tasks[] = {
        {without_truncated, receiver, sender}, {with_truncated, receiver, sender}, {bare, receiver, sender}};
    struct contender contenders[LENGTH(tasks)];
    for (size_t i = 0; i < LENGTH(tasks); i++)
        contenders[i] = (struct contender){.run = run, .context = &tasks[i]};
    contest(contenders, LENGTH(tasks));
    row("recvfrom", bytes_text(DATAGRAM_BYTES), "recvfrom(2)", contenders[0].least / contenders[2].least,
        AT_MOST(1.03));
    row("recvfrom with truncated", bytes_text(DATAGRAM_BYTES), "recvfrom(2)", contenders[1].least / contenders[2].least,
        AT_MOST(1.27));
    close(receiver);
    close(sender);
}
