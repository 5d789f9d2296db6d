/* Time with a clock that only this program moves. Its own system calls replace libc's: nothing really waits, nothing is
 * ever ready, and every signal comes at its planned time. */
#include "check.h"

#include <limits.h>
#include <poll.h>
#include <sockutil.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/time.h>
#include <time.h>

#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S (1000 * NS_PER_MS)

/* The tick of the slowest timer that Linux is built with. */
#define TICK_NS (10 * NS_PER_MS)

static int64_t now_ns;

/* Nanoseconds from the start of a wait to the signal that ends it; 0: there is none. */
static int64_t signal_after_ns;

/* The descriptor under test: the library must check no other. */
static int watched;

/* Whether poll reports it ready although it never is: some descriptors do that. */
static bool called_ready;

/* The longest wait that poll was asked for. */
static int longest_ms;

static bool clock_fails;

static int calls;

static void count_call(void) {
    if (++calls > 100000) {
        fputs("FAIL: it does not end\n", stderr);
        _exit(1);
    }
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    if (clock_fails) {
        errno = EINVAL;
        return -1;
    }
    int64_t ns = clock == CLOCK_MONOTONIC_COARSE ? now_ns / TICK_NS * TICK_NS : now_ns;
    time->tv_sec = (time_t)(ns / NS_PER_S);
    time->tv_nsec = (long)(ns % NS_PER_S);
    return 0;
}

int poll(struct pollfd *fds, nfds_t n, int ms) {
    count_call();
    CHECK(n == 1 && (fds->fd == watched || fds->fd == -1));
    CHECK(ms >= 0);
    if (called_ready && fds->fd == watched) {
        fds->revents = fds->events;
        return 1;
    }
    if (ms > longest_ms)
        longest_ms = ms;
    if (signal_after_ns > 0 && signal_after_ns < ms * NS_PER_MS) {
        now_ns += signal_after_ns;
        errno = EINTR;
        return -1;
    }
    now_ns += ms * NS_PER_MS;
    return 0;
}

/* A signal comes before the kernel's own timeout is over. */
static ssize_t transfer(int flags) {
    count_call();
    errno = EAGAIN;
    if ((flags & MSG_DONTWAIT) == 0) {
        now_ns += NS_PER_MS / 2;
        errno = EINTR;
    }
    return -1;
}

ssize_t recv(int fd, void *buf, size_t n, int flags) {
    (void)fd, (void)buf, (void)n;
    return transfer(flags);
}

ssize_t send(int fd, const void *buf, size_t n, int flags) {
    (void)fd, (void)buf, (void)n;
    return transfer(flags);
}

static const int64_t SIGNALS_NS[] = {0, NS_PER_MS, 1300001, 7 * NS_PER_MS};

/* The classic calls' timeouts after a signal, by the coarse clock: "a timeout may come late, never early". The most
 * allowed delay is twice that clock's error, and a millisecond of poll. */
static void own_timeouts(int fd) {
    /* No multiples of the tick, which would come late anyway. */
    static const int TIMEOUTS_MS[] = {24, 104, 1508};
    for (size_t t = 0; t < 3; t++)
        for (size_t s = 0; s < sizeof SIGNALS_NS / sizeof *SIGNALS_NS; s++)
            for (int64_t phase = 0; phase < TICK_NS; phase += NS_PER_MS / 4)
                for (int out = 0; out < 2; out++) {
                    struct timeval timeout = {TIMEOUTS_MS[t] / 1000, TIMEOUTS_MS[t] % 1000 * 1000};
                    int option = out ? SO_SNDTIMEO : SO_RCVTIMEO;
                    char byte = 'x';
                    CHECK(setsockopt(fd, SOL_SOCKET, option, &timeout, sizeof timeout) == 0);
                    /* This machine's kernel rounds it up to its own ticks. */
                    CHECK(getsockopt(fd, SOL_SOCKET, option, &timeout, &(socklen_t){sizeof timeout}) == 0);
                    int64_t wanted_ns = timeout.tv_sec * NS_PER_S + timeout.tv_usec * 1000;
                    CHECK(wanted_ns >= TIMEOUTS_MS[t] * NS_PER_MS);
                    signal_after_ns = SIGNALS_NS[s];
                    now_ns = 100 * NS_PER_S + phase;
                    calls = 0;
                    int64_t start = now_ns;
                    CHECK((out ? sockutil_writen(fd, &byte, 1) : sockutil_readn(fd, &byte, 1)) == -1);
                    CHECK(errno == EAGAIN);
                    CHECK(now_ns - start >= wanted_ns);
                    CHECK(now_ns - start <= wanted_ns + 2 * TICK_NS + 2 * NS_PER_MS);
                    /* It waits, and does not poll again and again. */
                    CHECK(signal_after_ns > 0 || calls < 50);
                }
}

/* A wait longer than poll allows is made in parts with the right sum. */
static void long_timeouts(int fd) {
    static const int64_t SECONDS[] = {3000000, 100000000};
    for (size_t t = 0; t < 2; t++) {
        struct timeval timeout = {(time_t)SECONDS[t], 0};
        char byte;
        CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) == 0);
        signal_after_ns = 0;
        now_ns = 100 * NS_PER_S;
        calls = 0;
        longest_ms = 0;
        int64_t start = now_ns;
        CHECK(sockutil_readn(fd, &byte, 1) == -1 && errno == EAGAIN);
        CHECK(now_ns - start >= SECONDS[t] * NS_PER_S);
        CHECK(now_ns - start <= SECONDS[t] * NS_PER_S + 2 * TICK_NS + 2 * NS_PER_MS);
        CHECK(longest_ms == INT_MAX);
    }
}

/* A limit in milliseconds, from any nanosecond on: not a nanosecond too short, less than a millisecond too long. */
static void limits(int fd) {
    static const int TIMEOUTS_MS[] = {1, 2, 50, 1999, INT_MAX};
    static const int64_t PHASES_NS[] = {0, 1, 499999, 999999};
    for (size_t t = 0; t < 5; t++)
        for (size_t s = 0; s < (TIMEOUTS_MS[t] == INT_MAX ? 1 : sizeof SIGNALS_NS / sizeof *SIGNALS_NS); s++)
            for (size_t p = 0; p < 4; p++) {
                char byte;
                signal_after_ns = SIGNALS_NS[s];
                for (int transfer = 0; transfer < 2; transfer++) {
                    now_ns = 100 * NS_PER_S + PHASES_NS[p];
                    calls = 0;
                    int64_t start = now_ns;
                    if (transfer)
                        CHECK(sockutil_read_full(fd, &byte, 1, NULL, TIMEOUTS_MS[t]) == -1);
                    else
                        CHECK(sockutil_wait(fd, POLLIN, TIMEOUTS_MS[t]) == -1);
                    CHECK(errno == EAGAIN);
                    CHECK(now_ns - start >= TIMEOUTS_MS[t] * NS_PER_MS);
                    CHECK(now_ns - start < TIMEOUTS_MS[t] * NS_PER_MS + NS_PER_MS);
                }
            }
}

/* A descriptor that is reported ready and is not must not keep the processor busy, nor outlast its time: two attempts
 * and a poll each millisecond. */
static void never_ready(int fd) {
    char byte = 'x';
    struct timeval timeout = {0, 120000};
    CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) == 0);
    called_ready = true;
    signal_after_ns = 0;
    for (int own = 0; own < 2; own++) {
        now_ns = 100 * NS_PER_S;
        calls = 0;
        CHECK((own ? sockutil_readn(fd, &byte, 1) : sockutil_read_full(fd, &byte, 1, NULL, 120)) == -1);
        CHECK(errno == EAGAIN);
        CHECK(now_ns - 100 * NS_PER_S >= 120 * NS_PER_MS);
        CHECK(now_ns - 100 * NS_PER_S <= 120 * NS_PER_MS + 2 * TICK_NS + 2 * NS_PER_MS);
        CHECK(calls <= 700);
    }
    called_ready = false;
}

/* sockutil_now_ms does not run ahead, and sockutil_ms_left agrees with it. */
static void milliseconds(void) {
    now_ns = 7 * NS_PER_S - 1;
    CHECK(sockutil_now_ms() == 6999);
    CHECK(sockutil_ms_left(7001) == 2);
    CHECK(sockutil_ms_left(6999) == 0);
    CHECK(sockutil_ms_left(0) == 0);
    CHECK(sockutil_ms_left(INT64_MIN) == 0);
    CHECK(sockutil_ms_left(6999 + (int64_t)INT_MAX) == INT_MAX);
    CHECK(sockutil_ms_left(7000 + (int64_t)INT_MAX) == INT_MAX);
    CHECK(sockutil_ms_left(INT64_MAX) == INT_MAX);
    now_ns++;
    CHECK(sockutil_now_ms() == 7000);
    /* Without such a clock. */
    clock_fails = true;
    errno = 0;
    CHECK(sockutil_now_ms() == -1 && errno == EINVAL);
    CHECK(sockutil_ms_left(INT64_MAX) == 0);
    clock_fails = false;
}

int main(void) {
    int ends[2];
    CHECK_BOUND(50);
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    watched = ends[0];
    own_timeouts(ends[0]);
    long_timeouts(ends[0]);
    limits(ends[0]);
    never_ready(ends[0]);
    milliseconds();
    return 0;
}
