/* relay.c - a proxy's processor time for a stream of 64 MB through it: two relays, a plain loop of poll, recv and send
 * with the same memory, and socat. Each is a process of its own with a connection at either side; only its time counts.
 */
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sockutil.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STREAM_BYTES = 64 << 20, MEMORY_BYTES = 64 << 10 };

static char memory[2][MEMORY_BYTES];

/* Moves what comes from ends[0] to ends[1] and the other way, until both have ended. */
static void by_relays(const int ends[2]) {
    sockutil_relay both[2];
    if (sockutil_relay_init(&both[0], ends[0], ends[1], memory[0], MEMORY_BYTES) < 0 ||
        sockutil_relay_init(&both[1], ends[1], ends[0], memory[1], MEMORY_BYTES) < 0 ||
        sockutil_relay_run(both, 2, SOCKUTIL_FOREVER) != 1)
        _exit(1);
}

/* As programs write it that have no half-closed, slow or failing peers: send waits. */
static void by_plain_loop(const int ends[2]) {
    struct pollfd entries[2] = {{.fd = ends[0], .events = POLLIN}, {.fd = ends[1], .events = POLLIN}};
    while (entries[0].fd >= 0 || entries[1].fd >= 0) {
        if (poll(entries, 2, -1) < 0)
            _exit(1);
        for (int i = 0; i < 2; i++) {
            if (entries[i].fd < 0 || entries[i].revents == 0)
                continue;
            ssize_t got = recv(ends[i], memory[i], MEMORY_BYTES, 0);
            if (got < 0)
                _exit(1);
            for (ssize_t done = 0, n; done < got; done += n)
                if ((n = send(ends[1 - i], memory[i] + done, (size_t)(got - done), MSG_NOSIGNAL)) < 0)
                    _exit(1);
            if (got == 0) {
                (void)shutdown(ends[1 - i], SHUT_WR);
                entries[i].fd = -1;
            }
        }
    }
}

static void by_socat(const int ends[2]) {
    char first[32], second[32];
    for (int i = 0; i < 2; i++)
        if (fcntl(ends[i], F_SETFD, 0) < 0)
            _exit(1);
    snprintf(first, sizeof first, "FD:%d", ends[0]);
    snprintf(second, sizeof second, "FD:%d", ends[1]);
    execlp("socat", "socat", "-b65536", first, second, (char *)NULL);
    _exit(1);
}

static void *send_all(void *argument) {
    static const char bytes[MEMORY_BYTES];
    int fd = *(const int *)argument;
    for (size_t i = 0; i < STREAM_BYTES / sizeof bytes; i++)
        if (writen(fd, bytes, sizeof bytes) != (ssize_t)sizeof bytes)
            fail_call("writen");
    if (shutdown(fd, SHUT_WR) < 0)
        fail_call("shutdown");
    return NULL;
}

/* The processor time of a proxy for one stream. */
static double one_stream(void *context) {
    void (*const *proxy)(const int[2]) = context;
    static char taken[MEMORY_BYTES];
    struct pair front = tcp_pair(), back = tcp_pair();
    int ends[2] = {front.reader, back.writer}, status;
    struct rusage used;
    pthread_t sender;
    pid_t child = fork();
    if (child < 0)
        fail_call("fork");
    if (child == 0) {
        close(front.writer);
        close(back.reader);
        (*proxy)(ends);
        _exit(0);
    }
    close(front.reader);
    close(back.writer);
    if ((errno = pthread_create(&sender, NULL, send_all, &front.writer)) != 0)
        fail_call("pthread_create");
    size_t total = 0;
    for (ssize_t n; (n = read(back.reader, taken, sizeof taken)) != 0; total += (size_t)n)
        if (n < 0)
            fail_call("read");
    NEED(total == STREAM_BYTES);
    NEED((errno = pthread_join(sender, NULL)) == 0);
    close(back.reader);
    close(front.writer);
    if (wait4(child, &status, 0, &used) != child)
        fail_call("wait4");
    NEED(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return ((double)used.ru_utime.tv_sec + (double)used.ru_stime.tv_sec) * 1e9 +
           ((double)used.ru_utime.tv_usec + (double)used.ru_stime.tv_usec) * 1e3;
}

void bench_relay(void) {
    static void (*const ways[])(const int[2]) = {by_relays, by_plain_loop, by_socat};
    struct contender contenders[LENGTH(ways)];
    for (size_t i = 0; i < LENGTH(ways); i++)
        contenders[i] = (struct contender){.run = one_stream, .context = (void *)(uintptr_t)&ways[i]};
    bool has_socat = system("socat -V >/dev/null 2>&1") == 0;
    int all_rounds = rounds;
    rounds = rounds / 10 + 5; /* a round is a whole stream */
    contest(contenders, has_socat ? 3 : 2);
    rounds = all_rounds;
    row("relay", "64 MB", "poll, recv, send", contenders[0].least / contenders[1].least, AT_MOST(1.0));
    if (has_socat)
        row("relay", "64 MB", "socat", contenders[0].least / contenders[2].least, AT_LEAST(1.5));
    else
        row_absent("relay", "64 MB", "socat");
}
