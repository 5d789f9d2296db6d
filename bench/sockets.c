/* sockets.c - socket pairs whose queue is filled before the clock starts, so that no writer is measured. */
#include "bench.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

/* The system limits it to net.core.rmem_max and wmem_max. */
#define BUFFER_BYTES (8 << 20)

/* How long bytes may take to come over loopback. */
#define ARRIVAL_S 5

static void large_buffers(int fd) {
    int size = BUFFER_BYTES;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size) < 0)
        fail_call("setsockopt");
}

struct pair tcp_pair(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct pair pair = {.writer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (listener < 0 || pair.writer < 0)
        fail_call("socket");
    /* Set before connect, which fixes the largest window. */
    large_buffers(listener);
    large_buffers(pair.writer);
    if (bind(listener, (struct sockaddr *)&address, size) < 0 || listen(listener, 1) < 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) < 0)
        fail_call("listen");
    if (connect(pair.writer, (struct sockaddr *)&address, size) < 0)
        fail_call("connect");
    pair.reader = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (pair.reader < 0)
        fail_call("accept4");
    close(listener);
    return pair;
}

struct pair unix_pair(void) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        fail_call("socketpair");
    large_buffers(ends[0]);
    large_buffers(ends[1]);
    return (struct pair){.reader = ends[0], .writer = ends[1]};
}

void close_pair(struct pair pair) {
    close(pair.reader);
    close(pair.writer);
}

static size_t queued(int fd) {
    int bytes;
    if (ioctl(fd, FIONREAD, &bytes) < 0)
        fail_call("ioctl(FIONREAD)");
    return (size_t)bytes;
}

static time_t now_s(void) {
    struct timespec time;
    if (clock_gettime(CLOCK_MONOTONIC, &time) < 0)
        fail_call("clock_gettime");
    return time.tv_sec;
}

static bool arrive(int fd, size_t n, time_t seconds) {
    time_t end = now_s() + seconds;
    while (queued(fd) < n) {
        if (now_s() > end)
            return false;
        /* A thread of the kernel may have to deliver them, on this processor. */
        sched_yield();
    }
    return true;
}

void fill(struct pair pair, const void *bytes, size_t n) {
    NEED(queued(pair.reader) == 0);
    ssize_t sent = send(pair.writer, bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0)
        fail_call("send");
    NEED((size_t)sent == n);
    if (!arrive(pair.reader, n, ARRIVAL_S))
        fail("%zu bytes did not come over loopback", n);
}

void drain(int fd, const void *expected, size_t n) {
    static char bytes[65536];
    for (size_t done = 0; done < n;) {
        size_t most = n - done < sizeof bytes ? n - done : sizeof bytes;
        ssize_t got = recv(fd, bytes, most, 0);
        if (got <= 0)
            fail_call("recv");
        if (expected != NULL && memcmp(bytes, (const char *)expected + done, (size_t)got) != 0)
            fail("bytes were changed");
        done += (size_t)got;
    }
    NEED(queued(fd) == 0);
}

size_t fitting(size_t wanted) {
    char *bytes = calloc(1, wanted);
    NEED(bytes != NULL);
    for (bool fits = false; !fits;) {
        NEED(wanted >= 16384);
        struct pair pair = tcp_pair();
        ssize_t sent = send(pair.writer, bytes, wanted, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0)
            fail_call("send");
        fits = (size_t)sent == wanted && arrive(pair.reader, wanted, 1);
        if (!fits)
            wanted /= 2;
        close_pair(pair);
    }
    free(bytes);
    return wanted;
}

/* xorshift64*, Marsaglia and Vigna. */
uint64_t random_number(uint64_t *state) {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545F4914F6CDD1D;
}

char *make_lines(size_t line_bytes, size_t n) {
    uint64_t state = 1;
    char *lines = malloc(n);
    NEED(lines != NULL && n % line_bytes == 0);
    for (size_t i = 0; i < n; i++)
        lines[i] = i % line_bytes == line_bytes - 1 ? '\n' : (char)('a' + random_number(&state) % 26);
    return lines;
}

const char *bytes_text(size_t n) {
    static char texts[64][24];
    static size_t next;
    char *text = texts[next++ % LENGTH(texts)];
    if (n >= 4096 && n % 1024 == 0)
        snprintf(text, sizeof texts[0], "%zu KB", n / 1024);
    else
        snprintf(text, sizeof texts[0], "%zu B", n);
    return text;
}

const char *lines_text(size_t line_bytes) {
    static char texts[64][32];
    static size_t next;
    char *text = texts[next++ % LENGTH(texts)];
    snprintf(text, sizeof texts[0], "%s lines", bytes_text(line_bytes));
    return text;
}
