/* How many system calls each operation makes, exactly. the shim counts them; tests/syscalls.rs runs the program
 * once for each section at its end. */
#include "../shim/shim.h"

#include "regressions/regression.h"

#include <fcntl.h>
#include <limits.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <sockutil.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <termios.h>

#define BIG 20000

static const int TIMEOUTS[] = {SOCKUTIL_FOREVER, SOCKUTIL_NOWAIT, 60000};

#define EACH(item, array) for (size_t item = 0; item < sizeof(array) / sizeof *(array); item++)

/* A time limit needs the clock; a call that waits for ever, or not at all, does not. */
static bool may_look_at_the_clock;

static struct shim_counts seen;

#define NAME_AND_PLACE(name) {#name, offsetof(struct shim_counts, name)},

static const struct {
    const char *name;
    size_t place;
} MEMBERS[] = {SYSTEM_CALLS(NAME_AND_PLACE)};

static unsigned long member(const struct shim_counts *counts, size_t place) {
    unsigned long value;
    memcpy(&value, (const char *)counts + place, sizeof value);
    return value;
}

static void compare(int line, const char *call, const struct shim_counts *expected) {
    bool same = true;
    EACH(i, MEMBERS) {
        unsigned long is = member(&seen, MEMBERS[i].place);
        unsigned long should = member(expected, MEMBERS[i].place);
        if (is != should) {
            fprintf(stderr, "FAIL %s:%d: %s: %lu %s, not %lu\n", __FILE__, line, call, is, MEMBERS[i].name, should);
            same = false;
        }
    }
    if (!may_look_at_the_clock && seen.clock_gettime > 0) {
        fprintf(stderr, "FAIL %s:%d: %s: it looked at the clock\n", __FILE__, line, call);
        same = false;
    }
    if (!same)
        exit(1);
}

/* Evaluates a condition with a call in it, which must be true. The other arguments are the system calls it makes: it
 * makes no others. */
#define COUNTS(call, ...)                                                                                              \
    do {                                                                                                               \
        *shim_counts() = (struct shim_counts){0};                                                                      \
        bool as_it_should = (call);                                                                                    \
        seen = *shim_counts();                                                                                         \
        CHECK(as_it_should);                                                                                           \
        compare(__LINE__, #call, &(const struct shim_counts){__VA_ARGS__});                                            \
    } while (0)

#define NONE .recv = 0

/* If the compiler inlines memchr, no function can count it. */
#ifdef __s390x__
#define SEARCHED(counted, bytes) ((counted) == 0)
#else
#define SEARCHED(counted, bytes) ((counted) == (bytes))
#endif

/* As COUNTS, where it depends on the kernel: whether it has RWF_NOWAIT for pipes. */
#define COUNTS_PIPE(call, call_if_not, ...)                                                                            \
    do {                                                                                                               \
        *shim_counts() = (struct shim_counts){0};                                                                      \
        bool as_it_should = (call);                                                                                    \
        seen = *shim_counts();                                                                                         \
        CHECK(as_it_should);                                                                                           \
        if (seen.poll > 0) {                                                                                           \
            /* Whether it is the right end of the pipe is checked before. */                                           \
            CHECK(seen.poll == 1 && seen.call_if_not == 1 && seen.readv + seen.writev == 1);                           \
            seen.poll = seen.call_if_not = seen.readv = seen.writev = 0;                                               \
        }                                                                                                              \
        compare(__LINE__, #call, &(const struct shim_counts){__VA_ARGS__});                                            \
    } while (0)

static void unix_pair(int ends[2]) {
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
}

static void pipe_pair(int ends[2]) {
    CHECK(pipe2(ends, O_CLOEXEC) == 0);
}

/* Nagle's algorithm would hold small pieces back. */
static void tcp(int ends[2]) {
    int on = 1;
    tcp_pair(ends);
    CHECK(setsockopt(ends[1], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0);
}

/* ends[0] reads what ends[1] writes. */
static void (*const SOCKETS[])(int ends[2]) = {tcp, unix_pair};

static void set_nonblock(int fd) {
    CHECK(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) == 0);
}

static size_t queued(int fd) {
    int n = 0;
    CHECK(ioctl(fd, FIONREAD, &n) == 0);
    return (size_t)n;
}

/* Writes, and returns when all of it can be read: TCP promises the order, not the time. */
static void feed(const int ends[2], const void *bytes, size_t n) {
    size_t there = queued(ends[0]) + n;
    CHECK(write(ends[1], bytes, n) == (ssize_t)n);
    while (queued(ends[0]) < there)
        sched_yield();
}

/* Waits until the end of the stream has come. */
static void end(const int ends[2]) {
    struct pollfd entry = {.fd = ends[0], .events = POLLRDHUP};
    CHECK(close(ends[1]) == 0);
    CHECK(poll(&entry, 1, 5000) == 1);
}

static void drain(int fd) {
    char waste[4096];
    while (queued(fd) > 0)
        CHECK(read(fd, waste, sizeof waste) > 0);
}

/* A line of n bytes, its newline among them. */
static const char *line_of(size_t n) {
    static char line[2 * BIG];
    CHECK(n > 0 && n < sizeof line);
    memset(line, 'x', sizeof line);
    line[n - 1] = '\n';
    return line;
}

/* ---- A thread that feeds when the main thread sleeps in a system call ---- */

struct helper {
    const int *ends;
    size_t n;
};

/* The state of the main thread in /proc: 'S' if it waits. */
static char main_state(void) {
    char path[64];
    char text[512] = "";
    FILE *file;
    snprintf(path, sizeof path, "/proc/self/task/%ld/stat", (long)getpid());
    file = fopen(path, "r");
    CHECK(file != NULL && fgets(text, sizeof text, file) != NULL && fclose(file) == 0);
    CHECK(strrchr(text, ')') != NULL);
    return strrchr(text, ')')[2];
}

static void *feed_a_sleeper(void *argument) {
    const struct helper *helper = argument;
    while (main_state() != 'S')
        sched_yield();
    CHECK(write(helper->ends[1], line_of(helper->n), helper->n) == (ssize_t)helper->n);
    return NULL;
}

static pthread_t start_helper(struct helper *helper) {
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, feed_a_sleeper, helper) == 0);
    return thread;
}

/* ---- Sections ------------------------------------------------------------ */

/* A stateless line of up to 2 KB: one peek, and one call that takes it. */
static void lines(void) {
    static const size_t LENGTHS[] = {1, 2, 100, 2046, 2047, 2048};
    char buf[BIG];
    EACH(kind, SOCKETS) EACH(l, LENGTHS) for (int nonblock = 0; nonblock <= 1; nonblock++) {
        size_t n = LENGTHS[l];
        int ends[2];
        SOCKETS[kind](ends);
        if (nonblock)
            set_nonblock(ends[0]);
        EACH(t, TIMEOUTS) {
            int timeout = TIMEOUTS[t];
            size_t done = 0;
            may_look_at_the_clock = timeout > 0;
            feed(ends, line_of(n), n);
            feed(ends, "next\n", 5);
            COUNTS(sockutil_read_line(ends[0], buf, sizeof buf, &done, timeout) == 1, .recv = 2);
            CHECK(done == n);
            /* A buffer of just its size makes no difference. */
            done = 0;
            COUNTS(sockutil_read_line(ends[0], buf, 6, &done, timeout) == 1, .recv = 2);
            /* A piece of a longer line is one peek and one call, too. */
            feed(ends, "longer\n", 7);
            done = 0;
            COUNTS(sockutil_read_line(ends[0], buf, 4, &done, timeout) == -1 && errno == EMSGSIZE, .recv = 2);
            drain(ends[0]);
        }
        may_look_at_the_clock = true;
        feed(ends, line_of(n), n);
        COUNTS(sockutil_readline(ends[0], buf, sizeof buf) == (ssize_t)n, .recv = 2);
        feed(ends, line_of(n), n);
        COUNTS(readline(ends[0], buf, sizeof buf) == (ssize_t)n, .recv = 2);
        close_pair(ends);
    }
}

/* Longer lines, incomplete lines, and the end. */
static void more_lines(void) {
    char buf[BIG];
    EACH(kind, SOCKETS) EACH(t, TIMEOUTS) {
        int timeout = TIMEOUTS[t];
        size_t done = 0;
        int ends[2];
        SOCKETS[kind](ends);
        may_look_at_the_clock = timeout > 0;
        /* The first peek sees 2 KB, the second four times that. */
        feed(ends, line_of(2049), 2049);
        COUNTS(sockutil_read_line(ends[0], buf, sizeof buf, &done, timeout) == 1 && done == 2049, .recv = 4);
        feed(ends, line_of(2048 + 8192), 2048 + 8192);
        done = 0;
        COUNTS(sockutil_read_line(ends[0], buf, sizeof buf, &done, timeout) == 1 && done == 2048 + 8192, .recv = 4);
        CHECK(SEARCHED(seen.searched_bytes, 2048 + 8192));
        /* The rest at the end of the stream, and the end. */
        feed(ends, "rest", 4);
        end(ends);
        done = 0;
        COUNTS(sockutil_read_line(ends[0], buf, sizeof buf, &done, timeout) == 0 && done == 4, .recv = 3);
        done = 0;
        COUNTS(sockutil_read_line(ends[0], buf, sizeof buf, &done, timeout) == 0 && done == 0, .recv = 1);
        CHECK(close(ends[0]) == 0);
    }
    EACH(kind, SOCKETS) {
        size_t done = 0;
        int ends[2];
        SOCKETS[kind](ends);
        may_look_at_the_clock = false;
        COUNTS(sockutil_read_line(ends[0], buf, sizeof buf, &done, SOCKUTIL_NOWAIT) == -1 && errno == EAGAIN,
               .recv = 1);
        feed(ends, "half", 4);
        COUNTS(sockutil_read_line(ends[0], buf, sizeof buf, &done, SOCKUTIL_NOWAIT) == -1 && errno == EAGAIN,
               .recv = 3);
        CHECK(done == 4);
        may_look_at_the_clock = true;
        COUNTS(sockutil_read_line(ends[0], buf, sizeof buf, &done, 5) == -1 && errno == EAGAIN, .recv = 2, .poll = 1);
        close_pair(ends);
    }
}

/* A late line: FOREVER adds nothing, a time limit one poll and the peek that came too early. */
static void waiting(void) {
    char buf[BIG];
    EACH(kind, SOCKETS) {
        int ends[2];
        struct helper helper = {.ends = ends, .n = 100};
        pthread_t thread;
        size_t done = 0;
        sockutil_reader reader;
        char mem[200];
        char *line;
        size_t len;
        SOCKETS[kind](ends);

        may_look_at_the_clock = false;
        thread = start_helper(&helper);
        COUNTS(sockutil_read_line(ends[0], buf, sizeof buf, &done, SOCKUTIL_FOREVER) == 1, .recv = 2);
        CHECK(pthread_join(thread, NULL) == 0);

        thread = start_helper(&helper);
        done = 0;
        COUNTS(sockutil_read_full(ends[0], buf, helper.n, &done, SOCKUTIL_FOREVER) == 1, .recv = 1);
        CHECK(pthread_join(thread, NULL) == 0);

        CHECK(sockutil_reader_init(&reader, ends[0], mem, sizeof mem) == 0);
        thread = start_helper(&helper);
        COUNTS(sockutil_reader_line(&reader, &line, &len, SOCKUTIL_FOREVER) == 1, .recv = 1);
        CHECK(pthread_join(thread, NULL) == 0);

        may_look_at_the_clock = true;
        thread = start_helper(&helper);
        COUNTS(sockutil_readline(ends[0], buf, sizeof buf) == 100, .recv = 2);
        CHECK(pthread_join(thread, NULL) == 0);

        thread = start_helper(&helper);
        done = 0;
        COUNTS(sockutil_read_line(ends[0], buf, sizeof buf, &done, 60000) == 1, .recv = 3, .poll = 1);
        CHECK(pthread_join(thread, NULL) == 0);

        thread = start_helper(&helper);
        done = 0;
        COUNTS(sockutil_read_full(ends[0], buf, helper.n, &done, 60000) == 1, .recv = 2, .poll = 1);
        CHECK(pthread_join(thread, NULL) == 0);
        close_pair(ends);
    }
}

/* Available bytes, and bytes with room: one call, whatever the timeout. */
static void transfers(void) {
    char buf[BIG];
    memset(buf, 'x', sizeof buf);
    EACH(kind, SOCKETS) for (int nonblock = 0; nonblock <= 1; nonblock++) {
        int ends[2];
        SOCKETS[kind](ends);
        if (nonblock) {
            set_nonblock(ends[0]);
            set_nonblock(ends[1]);
        }
        EACH(t, TIMEOUTS) {
            int timeout = TIMEOUTS[t];
            struct iovec iov[4] = {{NULL, 0}, {buf, 10}, {buf, 0}, {buf, 90}};
            size_t done = 0;
            may_look_at_the_clock = timeout > 0;
            COUNTS(sockutil_write_full(ends[1], buf, 100, &done, timeout) == 1, .send = 1);
            COUNTS(sockutil_writev_full(ends[1], iov, 4, NULL, timeout) == 1, .sendmsg = 1);
            COUNTS(sockutil_writev_full(ends[1], iov + 1, 1, NULL, timeout) == 1, .sendmsg = 1);
            while (queued(ends[0]) < 210)
                sched_yield();
            COUNTS(sockutil_read_full(ends[0], buf, 210, NULL, timeout) == 1, .recv = 1);
            /* Of no bytes: the kernel checks the descriptor. */
            COUNTS(sockutil_read_full(ends[0], buf, 0, NULL, timeout) == 1, .readv = 1);
            COUNTS(sockutil_write_full(ends[1], buf, 0, NULL, timeout) == 1, .writev = 1);
            COUNTS(sockutil_writev_full(ends[1], iov, 1, NULL, timeout) == 1, .writev = 1);
            /* Refused before any system call. */
            COUNTS(sockutil_write_full(ends[1], buf, 100, &done, timeout) == -1 && errno == EINVAL, NONE);
        }
        may_look_at_the_clock = false;
        COUNTS(sockutil_read_full(ends[0], buf, 5, NULL, SOCKUTIL_NOWAIT) == -1 && errno == EAGAIN, .recv = 1);
        may_look_at_the_clock = true;
        COUNTS(sockutil_read_full(ends[0], buf, 5, NULL, 5) == -1 && errno == EAGAIN, .recv = 2, .poll = 1);
        COUNTS(sockutil_writen(ends[1], buf, 100) == 100, .send = 1);
        while (queued(ends[0]) < 100)
            sched_yield();
        COUNTS(sockutil_recv_peek(ends[0], buf, sizeof buf) == 100, .recv = 1);
        COUNTS(sockutil_readn(ends[0], buf, 100) == 100, .recv = 1);
        feed(ends, buf, 40);
        end(ends);
        COUNTS(sockutil_readn(ends[0], buf, 100) == 40, .recv = 2);
        CHECK(close(ends[0]) == 0);
    }
}

/* Header and body leave together: send(2) for a copy in one piece, sendmsg(2) for larger bodies. */
static void frames(void) {
    static const int HEADERS[] = {1, 2, 4};
    static const size_t BODIES[] = {0, 1, 255, 256, 2047, 2048, 2049, 9000};
    char body[BIG];
    char mem[BIG];
    memset(body, 'x', sizeof body);
    EACH(kind, SOCKETS) EACH(t, TIMEOUTS) EACH(h, HEADERS) EACH(b, BODIES) {
        int header = HEADERS[h];
        size_t n = BODIES[b];
        int timeout = TIMEOUTS[t];
        int ends[2];
        sockutil_reader reader;
        char *got;
        size_t len;
        if (header == 1 && n > 255)
            continue;
        SOCKETS[kind](ends);
        may_look_at_the_clock = timeout > 0;
        for (int i = 0; i < 2; i++) {
            if (n <= 2048)
                COUNTS(sockutil_send_frame(ends[1], header, body, n, NULL, timeout) == 1, .send = 1);
            else
                COUNTS(sockutil_send_frame(ends[1], header, body, n, NULL, timeout) == 1, .sendmsg = 1);
        }
        while (queued(ends[0]) < 2 * ((size_t)header + n))
            sched_yield();
        /* One refill for both. */
        CHECK(sockutil_reader_init(&reader, ends[0], mem, 2 * ((size_t)header + n) + 1) == 0);
        COUNTS(sockutil_reader_frame(&reader, header, &got, &len, timeout) == 1 && len == n, .recv = 1);
        COUNTS(sockutil_reader_frame(&reader, header, &got, &len, timeout) == 1 && len == n, NONE);
        close_pair(ends);
    }
    may_look_at_the_clock = false;
    COUNTS(sockutil_send_frame(-1, 1, body, 256, NULL, SOCKUTIL_FOREVER) == -1 && errno == EMSGSIZE, NONE);
}

/* One call for as much as the memory takes, none for held bytes. */
static void reader(void) {
    char mem[4096];
    char buf[4096];
    EACH(kind, SOCKETS) EACH(t, TIMEOUTS) {
        int timeout = TIMEOUTS[t];
        int ends[2];
        sockutil_reader r;
        char *line;
        size_t len;
        size_t done = 0;
        SOCKETS[kind](ends);
        may_look_at_the_clock = timeout > 0;
        COUNTS(sockutil_reader_init(&r, ends[0], mem, sizeof mem) == 0, NONE);

        /* 4,095 bytes: all that fits. */
        memset(buf, 'x', sizeof buf);
        for (size_t i = 14; i < 4095; i += 15)
            buf[i] = '\n';
        feed(ends, buf, 4095);
        COUNTS(sockutil_reader_line(&r, &line, &len, timeout) == 1 && len == 15, .recv = 1);
        for (int i = 1; i < 273; i++)
            COUNTS(sockutil_reader_line(&r, &line, &len, timeout) == 1 && len == 15, NONE);
        COUNTS(sockutil_reader_pending(&r) == 0, NONE);

        /* All functions use the held bytes. */
        feed(ends,
             "until;text\r\ncopy\nsome\x03"
             "big"
             "skip\nfull\x02!!rest",
             41);
        COUNTS(sockutil_reader_until(&r, ';', &line, &len, timeout) == 1 && len == 6, .recv = 1);
        COUNTS(sockutil_reader_until_text(&r, "\r\n", 2, &line, &len, timeout) == 1 && len == 6, NONE);
        done = 0;
        COUNTS(sockutil_reader_copy_line(&r, buf, sizeof buf, &done, timeout) == 1 && done == 5, NONE);
        COUNTS(sockutil_reader_read_some(&r, buf, 4, &done, timeout) == 1 && done == 4, NONE);
        done = 0;
        COUNTS(sockutil_reader_skip_frame(&r, 1, &done, timeout) == 1 && done == 4, NONE);
        done = 0;
        COUNTS(sockutil_reader_skip_line(&r, &done, timeout) == 1 && done == 5, NONE);
        COUNTS(sockutil_reader_read_full(&r, buf, 4, NULL, timeout) == 1, NONE);
        COUNTS(sockutil_reader_frame(&r, 1, &line, &len, timeout) == 1 && len == 2, NONE);
        COUNTS(sockutil_reader_pending(&r) == 4, NONE);
        /* Other bytes go directly into the caller's buffer. */
        feed(ends, "of it", 5);
        COUNTS(sockutil_reader_read_full(&r, buf, 9, NULL, timeout) == 1, .recv = 1);
        CHECK(memcmp(buf, "restof it", 9) == 0);
        feed(ends, "some", 4);
        COUNTS(sockutil_reader_read_some(&r, buf, sizeof buf, &done, timeout) == 1 && done == 4, .recv = 1);
        feed(ends, "more", 4);
        COUNTS(sockutil_read_some(ends[0], buf, sizeof buf, &done, timeout) == 1 && done == 4, .recv = 1);
        /* A frame is dropped by the memory, not by the byte. */
        sockutil_put_be16(buf, 4093);
        feed(ends, buf, 4095);
        done = 0;
        COUNTS(sockutil_reader_skip_frame(&r, 2, &done, timeout) == 1 && done == 4095, .recv = 1);
        done = 0;

        /* Half a line. */
        feed(ends, "line\nha", 7);
        COUNTS(sockutil_reader_line(&r, &line, &len, timeout) == 1 && len == 5, .recv = 1);
        COUNTS(sockutil_reader_line(&r, &line, &len, SOCKUTIL_NOWAIT) == -1 && errno == EAGAIN, .recv = 1);
        feed(ends, "lf\n", 3);
        COUNTS(sockutil_reader_line(&r, &line, &len, timeout) == 1 && len == 5, .recv = 1);

        /* A line that is too long is known without another call. */
        feed(ends, line_of(5000), 5000);
        COUNTS(sockutil_reader_line(&r, &line, &len, timeout) == -1 && errno == EMSGSIZE && len == 4095, .recv = 1);
        COUNTS(sockutil_reader_line(&r, &line, &len, timeout) == -1 && errno == EMSGSIZE, NONE);
        done = 0;
        COUNTS(sockutil_reader_take(&r) == 4095, NONE);
        COUNTS(sockutil_reader_skip_line(&r, &done, timeout) == 1 && done == 905, .recv = 1);
        feed(ends, "\xFF\xFF", 2);
        COUNTS(sockutil_reader_frame(&r, 2, &line, &len, timeout) == -1 && errno == EMSGSIZE, .recv = 1);
        COUNTS(sockutil_reader_frame(&r, 2, &line, &len, timeout) == -1 && errno == EMSGSIZE, NONE);
        end(ends);
        COUNTS(sockutil_reader_line(&r, &line, &len, timeout) == 0 && len == 2, .recv = 1);
        CHECK(close(ends[0]) == 0);
    }
}

/* None for what fits, one for all that is held, one for what does not fit together with what is held. */
static void writer(void) {
    char mem[4096];
    char body[BIG];
    memset(body, 'x', sizeof body);
    EACH(kind, SOCKETS) EACH(t, TIMEOUTS) {
        int timeout = TIMEOUTS[t];
        int ends[2];
        sockutil_writer w;
        size_t done = 0;
        SOCKETS[kind](ends);
        may_look_at_the_clock = false;
        COUNTS(sockutil_writer_init(&w, ends[1], mem, sizeof mem) == 0, NONE);
        for (int i = 0; i < 60; i++)
            COUNTS(sockutil_writer_frame(&w, 4, body, 64, NULL, timeout) == 1, NONE);
        COUNTS(sockutil_writer_put(&w, body, 16, NULL, timeout) == 1, NONE);
        COUNTS(sockutil_writer_pending(&w) == 4096, NONE);
        may_look_at_the_clock = timeout > 0;
        COUNTS(sockutil_writer_flush(&w, timeout) == 1, .sendmsg = 1);
        may_look_at_the_clock = false;
        COUNTS(sockutil_writer_flush(&w, timeout) == 1, NONE);

        /* What does not fit: a piece that would fit alone, a frame, and a body larger than the memory. */
        COUNTS(sockutil_writer_put(&w, body, 4000, NULL, timeout) == 1, NONE);
        may_look_at_the_clock = timeout > 0;
        COUNTS(sockutil_writer_put(&w, body, 97, NULL, timeout) == 1, .sendmsg = 1);
        COUNTS(sockutil_writer_pending(&w) == 0, NONE);
        may_look_at_the_clock = false;
        COUNTS(sockutil_writer_put(&w, body, 4096, NULL, timeout) == 1, NONE);
        may_look_at_the_clock = timeout > 0;
        COUNTS(sockutil_writer_frame(&w, 2, body, 0, NULL, timeout) == 1, .sendmsg = 1);
        COUNTS(sockutil_writer_frame(&w, 2, body, 9000, &done, timeout) == 1 && done == 9002, .sendmsg = 1);
        may_look_at_the_clock = false;
        COUNTS(sockutil_writer_frame(&w, 2, body, 10, NULL, timeout) == 1, NONE);
        may_look_at_the_clock = timeout > 0;
        COUNTS(sockutil_writer_frame(&w, 2, body, 9000, (done = 0, &done), timeout) == 1, .sendmsg = 1);
        COUNTS(sockutil_writer_put(&w, body, 9000, (done = 0, &done), timeout) == 1 && done == 9000, .sendmsg = 1);
        COUNTS(sockutil_writer_pending(&w) == 0, NONE);
        close_pair(ends);
    }
    /* A pipe: sendmsg fails once a writer. */
    int ends[2];
    sockutil_writer w;
    pipe_pair(ends);
    may_look_at_the_clock = false;
    CHECK(sockutil_writer_init(&w, ends[1], mem, 100) == 0);
    COUNTS(sockutil_writer_put(&w, body, 60, NULL, SOCKUTIL_FOREVER) == 1, NONE);
    COUNTS(sockutil_writer_put(&w, body, 60, NULL, SOCKUTIL_FOREVER) == 1, .sendmsg = 1, .writev = 1);
    COUNTS(sockutil_writer_put(&w, body, 60, NULL, SOCKUTIL_FOREVER) == 1, NONE);
    COUNTS(sockutil_writer_put(&w, body, 60, NULL, SOCKUTIL_FOREVER) == 1, .writev = 1);
    COUNTS(sockutil_writer_put(&w, body, 60, NULL, SOCKUTIL_FOREVER) == 1, NONE);
    COUNTS(sockutil_writer_flush(&w, SOCKUTIL_FOREVER) == 1, .writev = 1);
    close_pair(ends);
}

/* Held bytes move to the front once for each system call at most, and not at all while there is room behind them. */
static void writer_moves(void) {
    enum { CAP = 1 << 16 };
    static char mem[CAP];
    static char body[CAP];
    int ends[2];
    sockutil_writer w;
    size_t moved = 0;
    unsigned long calls = 0;
    pipe_pair(ends);
    may_look_at_the_clock = false;
    CHECK(fcntl(ends[1], F_SETPIPE_SZ, 8192) == 8192);
    CHECK(sockutil_writer_init(&w, ends[1], mem, CAP) == 0);
    CHECK(sockutil_writer_put(&w, body, CAP, NULL, SOCKUTIL_NOWAIT) == 1);
    for (int i = 0; i < 100000; i++) {
        *shim_counts() = (struct shim_counts){0};
        CHECK(sockutil_writer_put(&w, body, 1, NULL, SOCKUTIL_NOWAIT) == 1 || errno == EAGAIN);
        moved += shim_counts()->moved_bytes;
        calls += shim_counts()->syscall + shim_counts()->write > 0;
        if (i % 100 == 0)
            drain(ends[0]);
    }
    CHECK(calls > 0 && moved <= calls * CAP && moved < 2000 * CAP);
    close_pair(ends);
}

/* Other descriptors than sockets: recv or send fails once a call, or once a reader. */
/* A terminal, and the side that types. */
static void terminal_pair(int ends[2]) {
    char name[64];
    ends[1] = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    CHECK(ends[1] >= 0 && grantpt(ends[1]) == 0 && unlockpt(ends[1]) == 0);
    CHECK(ptsname_r(ends[1], name, sizeof name) == 0);
    ends[0] = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    CHECK(ends[0] >= 0);
}

static void terminals(void) {
    char buf[300];
    int ends[2];
    struct termios settings;
    struct pollfd typed = {.events = POLLIN};
    size_t done = 0;
    terminal_pair(ends);
    CHECK(tcgetattr(ends[0], &settings) == 0);
    settings.c_lflag &= ~(tcflag_t)ECHO;
    CHECK(tcsetattr(ends[0], TCSANOW, &settings) == 0);
    typed.fd = ends[0];

    /* An end that is typed is read, and what comes after it is there. */
    may_look_at_the_clock = true;
    CHECK(write(ends[1], "\004", 1) == 1 && poll(&typed, 1, 5000) == 1);
    CHECK(sockutil_read_full(ends[0], buf, 4, &done, 5000) == 0 && done == 0);
    CHECK(write(ends[1], "abc\n", 4) == 4 && poll(&typed, 1, 5000) == 1);
    CHECK(sockutil_read_full(ends[0], buf, 4, &done, 5000) == 1 && memcmp(buf, "abc\n", 4) == 0);

    /* With a limit: a vain attempt, fstat and isatty, a look whether it is open for writing, and then poll and write
     * for 256 bytes, or for a control character alone. */
    memset(buf, 'x', sizeof buf);
    COUNTS(sockutil_write_full(ends[0], buf, sizeof buf, NULL, 5000) == 1, .send = 1, .fstat = 1, .isatty = 1,
           .writev = 1, .poll = 2, .write = 2);
    buf[100] = '\n';
    COUNTS(sockutil_write_full(ends[0], buf, 200, NULL, 5000) == 1, .send = 1, .fstat = 1, .isatty = 1, .writev = 1,
           .poll = 3, .write = 3);
    CHECK(close(ends[0]) == 0 && close(ends[1]) == 0);
}

static void pipes(void) {
    char mem[64];
    char buf[64];
    int ends[2];
    sockutil_reader r;
    char *line;
    size_t len;
    size_t done = 0;
    struct iovec iov[2] = {{buf, 2}, {buf, 3}};
    memset(buf, 'x', sizeof buf);
    pipe_pair(ends);

    may_look_at_the_clock = true;
    feed(ends, "line\nnext", 9);
    COUNTS(sockutil_readline(ends[0], buf, sizeof buf) == 5, .recv = 1, .read = 5);
    COUNTS(sockutil_readn(ends[0], buf, 4) == 4, .recv = 1, .read = 1);
    COUNTS(sockutil_writen(ends[1], buf, 4) == 4, .send = 1, .write = 1);
    drain(ends[0]);

    may_look_at_the_clock = false;
    feed(ends, "line\nnext", 9);
    COUNTS(sockutil_read_line(ends[0], buf, sizeof buf, &done, SOCKUTIL_FOREVER) == 1, .recv = 1, .read = 5);
    COUNTS(sockutil_read_full(ends[0], buf, 4, NULL, SOCKUTIL_FOREVER) == 1, .recv = 1, .read = 1);
    COUNTS(sockutil_write_full(ends[1], buf, 4, NULL, SOCKUTIL_FOREVER) == 1, .send = 1, .write = 1);
    COUNTS(sockutil_writev_full(ends[1], iov, 2, NULL, SOCKUTIL_FOREVER) == 1, .sendmsg = 1, .writev = 1);
    COUNTS(sockutil_send_frame(ends[1], 1, buf, 9, NULL, SOCKUTIL_FOREVER) == 1, .send = 1, .write = 1);
    drain(ends[0]);

    /* Without waiting: fstat, and then RWF_NOWAIT, or poll if the kernel does not have that for pipes. */
    feed(ends, "four", 4);
    COUNTS_PIPE(sockutil_read_full(ends[0], buf, 4, NULL, SOCKUTIL_NOWAIT) == 1, read, .recv = 1, .fstat = 1,
                .syscall = 1);
    COUNTS_PIPE(sockutil_write_full(ends[1], buf, 4, NULL, SOCKUTIL_NOWAIT) == 1, write, .send = 1, .fstat = 1,
                .syscall = 1);
    drain(ends[0]);

    CHECK(sockutil_reader_init(&r, ends[0], mem, sizeof mem) == 0);
    feed(ends, "one\ntwo\n", 8);
    COUNTS(sockutil_reader_line(&r, &line, &len, SOCKUTIL_FOREVER) == 1, .recv = 1, .read = 1);
    COUNTS(sockutil_reader_line(&r, &line, &len, SOCKUTIL_FOREVER) == 1, NONE);
    for (int i = 0; i < 3; i++) {
        feed(ends, "more\n", 5);
        COUNTS(sockutil_reader_line(&r, &line, &len, SOCKUTIL_FOREVER) == 1, .read = 1);
        feed(ends, "\x01x", 2);
        COUNTS(sockutil_reader_frame(&r, 1, &line, &len, SOCKUTIL_FOREVER) == 1, .read = 1);
        feed(ends, "four", 4);
        COUNTS(sockutil_reader_read_full(&r, buf, 4, NULL, SOCKUTIL_FOREVER) == 1, .read = 1);
    }
    feed(ends, "more\n", 5);
    COUNTS_PIPE(sockutil_reader_line(&r, &line, &len, SOCKUTIL_NOWAIT) == 1, read, .fstat = 1, .syscall = 1);
    close_pair(ends);
}

/* The total cost of many calls. */
struct sum {
    unsigned long recv;
    unsigned long searched;
    unsigned long moved;
};

static void add(struct sum *sum, const struct shim_counts *counts) {
    sum->recv += counts->recv;
    sum->searched += counts->searched_bytes;
    sum->moved += counts->moved_bytes;
}

/* Makes a call that must give this answer, and adds its cost. */
#define SUM(sum, call)                                                                                                 \
    do {                                                                                                               \
        *shim_counts() = (struct shim_counts){0};                                                                      \
        bool as_it_should = (call);                                                                                    \
        seen = *shim_counts();                                                                                         \
        CHECK(as_it_should);                                                                                           \
        add(sum, &seen);                                                                                               \
    } while (0)

enum { PIECE = 7, PIECES = 1000, LENGTH = PIECE * PIECES };

static const char *piece(size_t number) {
    return line_of(LENGTH) + number * PIECE;
}

/* A line in a thousand pieces costs no more: two calls a piece (the second finds nothing), and each byte is searched
 * once, and moved once at most. */
static void linear(void) {
    static char mem[LENGTH + 200];
    static char buf[LENGTH + 1];
    may_look_at_the_clock = false;
    EACH(kind, SOCKETS) {
        int ends[2];
        size_t done = 0;
        struct sum sum = {0};
        SOCKETS[kind](ends);

        for (size_t before = 0; before <= 90; before += 30) {
            sockutil_reader r;
            char *line;
            size_t len;
            sum = (struct sum){0};
            /* The room after the line before it is a little too small. */
            CHECK(sockutil_reader_init(&r, ends[0], mem, LENGTH + 1 + before / 2) == 0);
            if (before > 0) {
                feed(ends, line_of(before), before);
                feed(ends, piece(0), PIECE);
                COUNTS(sockutil_reader_line(&r, &line, &len, SOCKUTIL_NOWAIT) == 1 && len == before, .recv = 1);
            }
            for (size_t i = before > 0; i < PIECES - 1; i++) {
                feed(ends, piece(i), PIECE);
                SUM(&sum, sockutil_reader_line(&r, &line, &len, SOCKUTIL_NOWAIT) == -1 && errno == EAGAIN);
            }
            feed(ends, piece(PIECES - 1), PIECE);
            SUM(&sum, sockutil_reader_line(&r, &line, &len, SOCKUTIL_NOWAIT) == 1 && len == LENGTH);
            CHECK(memcmp(line, line_of(LENGTH), LENGTH) == 0);
            /* The search for the line before goes to the end of its block, perhaps into the first piece. */
            CHECK(SEARCHED(sum.searched, LENGTH) ||
                  (before > 0 && sum.searched < LENGTH && sum.searched >= LENGTH - PIECE));
            if (before == 0)
                CHECK(sum.recv == 2 * PIECES - 1 && sum.moved == 0);
            else
                CHECK(sum.recv <= 2 * PIECES && sum.moved <= LENGTH);
        }

        sum = (struct sum){0};
        for (size_t i = 0; i < PIECES - 1; i++) {
            feed(ends, piece(i), PIECE);
            SUM(&sum, sockutil_read_line(ends[0], buf, sizeof buf, &done, SOCKUTIL_NOWAIT) == -1 && errno == EAGAIN);
        }
        feed(ends, piece(PIECES - 1), PIECE);
        SUM(&sum, sockutil_read_line(ends[0], buf, sizeof buf, &done, SOCKUTIL_NOWAIT) == 1 && done == LENGTH);
        CHECK(sum.recv == 3 * PIECES - 1 && SEARCHED(sum.searched, LENGTH) && sum.moved == 0);

        sum = (struct sum){0};
        done = 0;
        for (size_t i = 0; i < PIECES - 1; i++) {
            feed(ends, piece(i), PIECE);
            SUM(&sum, sockutil_read_full(ends[0], buf, LENGTH, &done, SOCKUTIL_NOWAIT) == -1 && errno == EAGAIN);
        }
        feed(ends, piece(PIECES - 1), PIECE);
        SUM(&sum, sockutil_read_full(ends[0], buf, LENGTH, &done, SOCKUTIL_NOWAIT) == 1);
        CHECK(sum.recv == 2 * PIECES - 1 && sum.moved == 0);
        close_pair(ends);
    }
}

/* The same for frames, for dropped bytes, for lines that do not fit, and for many lines. */
static void linear_others(void) {
    static char mem[LENGTH + 5];
    static char many[20000];
    may_look_at_the_clock = false;
    EACH(kind, SOCKETS) {
        int ends[2];
        sockutil_reader r;
        char *line;
        size_t len;
        size_t done = 0;
        size_t lines = 0;
        struct sum sum = {0};
        SOCKETS[kind](ends);
        CHECK(sockutil_reader_init(&r, ends[0], mem, sizeof mem) == 0);

        sockutil_put_be32(mem, LENGTH);
        feed(ends, mem, 4);
        for (size_t i = 0; i < PIECES - 1; i++) {
            feed(ends, piece(i), PIECE);
            SUM(&sum, sockutil_reader_frame(&r, 4, &line, &len, SOCKUTIL_NOWAIT) == -1 && errno == EAGAIN);
        }
        feed(ends, piece(PIECES - 1), PIECE);
        SUM(&sum, sockutil_reader_frame(&r, 4, &line, &len, SOCKUTIL_NOWAIT) == 1 && len == LENGTH);
        CHECK(sum.recv == 2 * PIECES - 1 && sum.searched == 0 && sum.moved == 0);

        sum = (struct sum){0};
        for (size_t i = 0; i < PIECES - 1; i++) {
            feed(ends, piece(i), PIECE);
            SUM(&sum, sockutil_reader_skip_line(&r, &done, SOCKUTIL_NOWAIT) == -1 && errno == EAGAIN);
        }
        feed(ends, piece(PIECES - 1), PIECE);
        SUM(&sum, sockutil_reader_skip_line(&r, &done, SOCKUTIL_NOWAIT) == 1 && done == LENGTH);
        CHECK(sum.recv == 2 * PIECES - 1 && SEARCHED(sum.searched, LENGTH) && sum.moved == 0);

        /* A line that is too long is not searched again. Whole blocks are searched without memchr, the rest with it. */
        sum = (struct sum){0};
        CHECK(sockutil_reader_init(&r, ends[0], mem, 1000) == 0);
        feed(ends, line_of(LENGTH), LENGTH);
        for (int i = 0; i < 1000; i++)
            SUM(&sum, sockutil_reader_line(&r, &line, &len, SOCKUTIL_NOWAIT) == -1 && errno == EMSGSIZE);
        CHECK(sum.recv == 1 && SEARCHED(sum.searched, 999 % (8 * sizeof(size_t))) && sum.moved == 0);
        drain(ends[0]);

        /* Lines of 100 bytes through memory for ten and a half: one call fills the free memory, and only the half line
         * moves. */
        sum = (struct sum){0};
        CHECK(sockutil_reader_init(&r, ends[0], mem, 1050) == 0);
        for (size_t i = 0; i < sizeof many; i++)
            many[i] = i % 100 == 99 ? '\n' : 'x';
        feed(ends, many, sizeof many);
        while (lines < 200) {
            SUM(&sum, sockutil_reader_line(&r, &line, &len, SOCKUTIL_NOWAIT) == 1 && len == 100);
            lines++;
        }
        CHECK(sum.recv <= 20000 / 950 + 1);
        CHECK(sum.searched <= 20000 + 100 * sum.recv);
        CHECK(sum.moved <= 100 * sum.recv);
        close_pair(ends);
    }
}

/* A batch of lines through 16 KB: one call fills the memory, however many lines that is. The held part of the last line
 * moves to the front, and the next call fills the rest. */
static void reader_batch(void) {
    static const size_t LENGTHS[] = {16, 64, 512};
    static char mem[16384];
    static char batch[3 * sizeof mem];
    may_look_at_the_clock = false;
    EACH(kind, SOCKETS) EACH(l, LENGTHS) {
        size_t n = LENGTHS[l];
        size_t left = sizeof batch;
        size_t held = 0;
        size_t refills = 0;
        int ends[2];
        sockutil_reader r;
        char *line;
        size_t len;
        struct sum sum = {0};
        SOCKETS[kind](ends);
        for (size_t i = 0; i < sizeof batch; i++)
            batch[i] = i % n == n - 1 ? '\n' : 'x';
        for (; left > 0; refills++) {
            size_t room = sizeof mem - 1 - held;
            size_t got = left < room ? left : room;
            left -= got;
            held = (held + got) % n;
        }
        CHECK(refills == 4);
        feed(ends, batch, sizeof batch);
        CHECK(sockutil_reader_init(&r, ends[0], mem, sizeof mem) == 0);
        for (size_t i = 0; i < sizeof batch / n; i++)
            SUM(&sum, sockutil_reader_line(&r, &line, &len, SOCKUTIL_FOREVER) == 1 && len == n);
        CHECK(sum.recv == refills);
        CHECK(sum.moved <= refills * n);
        close_pair(ends);
    }
}

static void closing(void) {
    EACH(kind, SOCKETS) EACH(t, TIMEOUTS) {
        int timeout = TIMEOUTS[t];
        int ends[2];
        may_look_at_the_clock = timeout > 0;
        SOCKETS[kind](ends);
        end(ends);
        COUNTS(sockutil_close_graceful(ends[0], timeout) == 0, .setsockopt = 1, .shutdown = 1, .recv = 1, .close = 1);
        /* With bytes to discard. */
        SOCKETS[kind](ends);
        feed(ends, "unread", 6);
        end(ends);
        COUNTS(sockutil_close_graceful(ends[0], timeout) == 0, .setsockopt = 1, .shutdown = 1, .recv = 2, .close = 1);
    }
    EACH(kind, SOCKETS) {
        int ends[2];
        may_look_at_the_clock = false;
        SOCKETS[kind](ends);
        COUNTS(sockutil_close_graceful(ends[0], SOCKUTIL_NOWAIT) == -1 && errno == ETIMEDOUT, .setsockopt = 1,
               .shutdown = 1, .recv = 1, .close = 1);
        CHECK(close(ends[1]) == 0);
        SOCKETS[kind](ends);
        COUNTS(sockutil_shutdown_write(ends[0]) == 0, .shutdown = 1);
        COUNTS(sockutil_close(ends[0]) == 0, .close = 1);
        COUNTS(sockutil_close_reset(ends[1]) == 0, .setsockopt = 1, .close = 1);
        may_look_at_the_clock = true;
        SOCKETS[kind](ends);
        COUNTS(sockutil_close_graceful(ends[0], 5) == -1 && errno == ETIMEDOUT, .setsockopt = 1, .shutdown = 1,
               .recv = 2, .poll = 1, .close = 1);
        CHECK(close(ends[1]) == 0);
    }
    may_look_at_the_clock = false;
    /* Without a connection there is nothing to wait for. */
    int alone = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(alone >= 0);
    COUNTS(sockutil_close_graceful(alone, SOCKUTIL_FOREVER) == 0, .setsockopt = 1, .shutdown = 1, .close = 1);
    COUNTS(sockutil_close_graceful(INT_MAX, SOCKUTIL_FOREVER) == -1 && errno == EBADF, .setsockopt = 1, .shutdown = 1,
           .close = 1);
}

static void others(void) {
    unsigned char bytes[16] = {0};
    char text[64] = "127.0.0.1";
    int ends[2];
    tcp_pair(ends);
    may_look_at_the_clock = false;
    /* The counter counts. */
    COUNTS(send(ends[1], "xy", 2, 0) == 2, .send = 1);
    COUNTS(sockutil_wait(ends[0], POLLIN, SOCKUTIL_FOREVER) == POLLIN, .poll = 1);
    COUNTS(sockutil_wait(ends[0], POLLIN, SOCKUTIL_NOWAIT) == POLLIN, .poll = 1);
    COUNTS(sockutil_wait(ends[0], POLLPRI, SOCKUTIL_NOWAIT) == -1 && errno == EAGAIN, .poll = 1);
    struct pollfd two[] = {{.fd = ends[0], .events = POLLIN}, {.fd = -1}};
    COUNTS(sockutil_wait_any(two, 2, SOCKUTIL_FOREVER) == 1, .poll = 1);
    COUNTS(sockutil_wait_any(two, 2, SOCKUTIL_NOWAIT) == 1 && two[0].revents == POLLIN, .poll = 1);
    COUNTS(sockutil_wait_any(NULL, 0, SOCKUTIL_NOWAIT) == -1 && errno == EAGAIN, .poll = 1);
    COUNTS(sockutil_wait_any(NULL, 1, SOCKUTIL_FOREVER) == -1 && errno == EINVAL, NONE);
    COUNTS(sockutil_set_reuseaddr(ends[0], 1) == 0, .setsockopt = 1);
    COUNTS(sockutil_pton(AF_INET, text, bytes) == 1, NONE);
    COUNTS(sockutil_ntop(AF_INET, bytes, text, sizeof text) == text, NONE);
    COUNTS(sockutil_get_be32(bytes) == 0x7F000001, NONE);
    COUNTS(sockutil_htonl(sockutil_ntohl(1)) == 1, NONE);
    COUNTS(sockutil_chomp(text, 9) == 9, NONE);
    COUNTS(sockutil_version() != NULL, NONE);
    COUNTS(sockutil_reap_children() == 0, .waitpid = 1);
    COUNTS(sockutil_ignore_sigpipe() == 0, .sigaction = 1);
    may_look_at_the_clock = true;
    COUNTS(sockutil_wait(ends[0], POLLIN, 60000) == POLLIN, .poll = 1);
    COUNTS(sockutil_wait(ends[0], POLLPRI, 5) == -1 && errno == EAGAIN, .poll = 1);
    COUNTS(sockutil_wait_any(two, 2, 60000) == 1, .poll = 1);
    COUNTS(sockutil_wait_any(NULL, 0, 5) == -1 && errno == EAGAIN, .poll = 1);
    COUNTS(sockutil_now_ms() > 0, NONE);
    CHECK(seen.clock_gettime == 1);
    COUNTS(sockutil_ms_left(0) == 0, NONE);
    close_pair(ends);
}

static void connections(void) {
    const unsigned numeric = SOCKUTIL_NUMERIC;
    sockutil_addr local, peer, copy;
    sockutil_network network;
    char port[8], text[64], byte = 'x';
    int listener, client, server, udp, pair[2], received, truncated;
    unsigned ifindex;
    sockutil_cred cred;
    int passed[2];
    size_t done = 0, count, length;

    may_look_at_the_clock = false;
    COUNTS((listener = sockutil_tcp_listen("127.0.0.1", "0", 8, numeric, NULL)) >= 0, .socket = 1, .setsockopt = 1,
           .bind = 1, .listen = 1);
    COUNTS(sockutil_addr_local(listener, &local) == 0, .getsockname = 1);
    CHECK(snprintf(port, sizeof port, "%d", sockutil_addr_port(&local)) > 0);
    /* getsockname shows a self-connection; fcntl clears O_NONBLOCK. */
    may_look_at_the_clock = true;
    COUNTS((client = sockutil_tcp_connect("127.0.0.1", port, numeric, SOCKUTIL_FOREVER, NULL)) >= 0, .socket = 1,
           .connect = 1, .poll = 1, .getsockname = 1, .fcntl = 1);
    may_look_at_the_clock = false;
    COUNTS((server = sockutil_accept(listener, &peer, 0, SOCKUTIL_FOREVER)) >= 0, .accept4 = 1);
    COUNTS(sockutil_addr_peer(server, &peer) == 0, .getpeername = 1);
    COUNTS(sockutil_addr_equal(&local, &peer) == 0, NONE);
    COUNTS(sockutil_addr_unmap(&peer) == 0, NONE);
    COUNTS(sockutil_addr_from(&copy, &peer.ss, peer.len) == 0, NONE);
    COUNTS(sockutil_addr_set_port(&copy, 80) == 0, NONE);
    COUNTS(sockutil_network_parse(&network, "127.0.0.0/8") == 1 && sockutil_addr_in(&copy, &network) == 1, NONE);
    COUNTS(strcmp(sockutil_error_text(EPIPE, 0, text, sizeof text), strerror(EPIPE)) == 0, NONE);
    COUNTS(sockutil_tcp_state(server) == SOCKUTIL_TCP_ESTABLISHED, .getsockopt = 1);
#ifdef WITHOUT_SOCK_DIAG
    COUNTS(sockutil_tcp_state_between(&local, &peer) == -1 && errno == EOPNOTSUPP, .socket = 1);
#else
    COUNTS(sockutil_tcp_state_between(&local, &peer) == SOCKUTIL_TCP_ESTABLISHED, .socket = 1, .send = 1, .recv = 1,
           .close = 1);
#endif
    COUNTS(sockutil_set_nodelay(server, 1) == 0, .setsockopt = 1);
    COUNTS(sockutil_set_nonblock(server, 1) == 0, .fcntl = 2);
    COUNTS(sockutil_set_nonblock(server, 1) == 0, .fcntl = 1);
    COUNTS(sockutil_set_keepalive(server, 60, 10, 3) == 0, .setsockopt = 4);
    COUNTS(sockutil_set_user_timeout(server, 1000) == 0, .setsockopt = 1);
    COUNTS(sockutil_take_error(server) == 0, .getsockopt = 1);
    CHECK(close(client) == 0 && close(server) == 0);
    /* accept has no flag that keeps it from waiting. */
    CHECK((client = sockutil_tcp_connect("127.0.0.1", port, numeric, SOCKUTIL_FOREVER, NULL)) >= 0);
    COUNTS((server = sockutil_accept(listener, NULL, 0, SOCKUTIL_NOWAIT)) >= 0, .poll = 1, .accept4 = 1);
    CHECK(close(client) == 0 && close(server) == 0 && close(listener) == 0);

    COUNTS((udp = sockutil_udp_bind("127.0.0.1", "0", numeric, NULL)) >= 0, .socket = 1, .bind = 1);
    CHECK(sockutil_addr_local(udp, &local) == 0);
    COUNTS(sockutil_sendto(udp, &byte, 1, &local, SOCKUTIL_FOREVER) == 1, .sendto = 1);
    COUNTS(sockutil_recvfrom(udp, &byte, 1, &peer, &truncated, SOCKUTIL_FOREVER) == 1, .recvmsg = 1);
    COUNTS(sockutil_sendto(udp, &byte, 1, &local, SOCKUTIL_NOWAIT) == 1, .sendto = 1);
    COUNTS(sockutil_recvfrom(udp, &byte, 1, NULL, NULL, SOCKUTIL_NOWAIT) == 1, .recvfrom = 1);
    COUNTS(sockutil_set_multicast_hops(udp, AF_INET, 2) == 0, .getsockopt = 1, .setsockopt = 1);
    COUNTS(sockutil_set_multicast_loop(udp, AF_INET, 1) == 0, .getsockopt = 1, .setsockopt = 1);
    COUNTS(sockutil_multicast_join_source(udp, &local, &local, 0) == -1, .setsockopt = 1);
    COUNTS(sockutil_multicast_leave_source(udp, &local, &local, 0) == -1, .setsockopt = 1);
    COUNTS(sockutil_set_pktinfo(udp, 1) == 0, .getsockopt = 1, .setsockopt = 1);
    COUNTS(sockutil_sendto_from(udp, &byte, 1, &local, NULL, 0, SOCKUTIL_FOREVER) == 1, .sendto = 1);
    COUNTS(sockutil_recvfrom_at(udp, &byte, 1, &peer, &copy, &ifindex, &truncated, SOCKUTIL_FOREVER) == 1,
           .recvmsg = 1);
    COUNTS(sockutil_sendto_from(udp, &byte, 1, &peer, &copy, 0, SOCKUTIL_NOWAIT) == 1, .sendmsg = 1);
    COUNTS(sockutil_recvfrom_at(udp, &byte, 1, NULL, NULL, NULL, NULL, SOCKUTIL_NOWAIT) == 1, .recvmsg = 1);
    CHECK(close(udp) == 0);

    char pid[16];
    CHECK(snprintf(pid, sizeof pid, "%d", (int)getpid()) > 0 && setenv("LISTEN_PID", pid, 1) == 0);
    COUNTS(sockutil_listen_fds(&received) == 0 && received == -1, NONE);
    CHECK(setenv("LISTEN_FDS", "2", 1) == 0 && dup2(2, 3) == 3 && dup2(2, 4) == 4);
    /* All are looked at before the first is changed. */
    COUNTS(sockutil_listen_fds(&received) == 2 && received == 3, .fcntl = 4);
    CHECK(close(3) == 0 && close(4) == 0);
    COUNTS(sockutil_listen_fds(&received) == -1 && errno == EBADF, .fcntl = 1);

    unix_pair(pair);
    /* The family, the type, whether it listens, and the peer. */
    COUNTS(sockutil_peer_cred(pair[0], &cred) == 0 && cred.pid > 0, .getsockopt = 4);
    /* The first call finds out whether it is a Unix socket: others would take the byte and drop the descriptor. */
    COUNTS(sockutil_send_fd(pair[0], pair[0], SOCKUTIL_FOREVER) == 1, .getsockopt = 1, .sendmsg = 1);
    COUNTS(sockutil_recv_fd(pair[1], &received, SOCKUTIL_FOREVER) == 1, .recvmsg = 1);
    CHECK(close(received) == 0);
    /* A stream too: a message could lose its rest. */
    COUNTS(sockutil_send_fds(pair[0], pair, 2, text, 2, &done, SOCKUTIL_FOREVER) == 1, .getsockopt = 2, .sendmsg = 1);
    COUNTS(sockutil_recv_fds(pair[1], passed, 2, &count, text, 2, &length, SOCKUTIL_FOREVER) == 1, .getsockopt = 2,
           .recvmsg = 1);
    CHECK(count == 2 && length == 2 && close(passed[0]) == 0 && close(passed[1]) == 0);
    /* What does not fit is closed. */
    done = 0;
    COUNTS(sockutil_send_fds(pair[0], pair, 2, text, 2, &done, SOCKUTIL_NOWAIT) == 1, .getsockopt = 2, .sendmsg = 1);
    COUNTS(sockutil_recv_fds(pair[1], passed, 1, &count, text, 2, &length, SOCKUTIL_NOWAIT) == -1, .getsockopt = 2,
           .recvmsg = 1, .close = 2);
    close_pair(pair);
}

/* A listener that no longer answers; *client is the client that it did answer. */
static int full_listener(const char *ip, char port[8], int *client) {
    sockutil_addr local;
    int fd = sockutil_tcp_listen(ip, port, 0, SOCKUTIL_NUMERIC, NULL);
    if (fd < 0)
        return -1;
    CHECK(sockutil_addr_local(fd, &local) == 0);
    CHECK(snprintf(port, 8, "%d", sockutil_addr_port(&local)) > 0);
    CHECK((*client = sockutil_tcp_connect(ip, port, SOCKUTIL_NUMERIC, 5000, NULL)) >= 0);
    CHECK(sockutil_wait(fd, POLLIN, 5000) > 0);
    return fd;
}

static void connecting(void) {
    const unsigned numeric = SOCKUTIL_NUMERIC, nonblock = SOCKUTIL_NONBLOCK;
    static const int timeouts[] = {SOCKUTIL_FOREVER, 5000};
    char port[8], dead[8], other[8] = "0";
    sockutil_addr to;
    int fd, client;
    int listener = sockutil_tcp_listen("127.0.0.1", "0", 64, numeric, NULL);
    int taken = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(listener >= 0 && taken >= 0);
    CHECK(sockutil_addr_parse(&to, "127.0.0.1:0", -1) == 1);
    CHECK(bind(taken, (struct sockaddr *)&to.ss, to.len) == 0 && sockutil_addr_local(taken, &to) == 0);
    CHECK(snprintf(dead, sizeof dead, "%d", sockutil_addr_port(&to)) > 0);
    CHECK(sockutil_addr_local(listener, &to) == 0);
    CHECK(snprintf(port, sizeof port, "%d", sockutil_addr_port(&to)) > 0);

    may_look_at_the_clock = true;
    EACH(i, timeouts) {
        const int limit = timeouts[i];
        COUNTS((fd = sockutil_tcp_connect("127.0.0.1", port, numeric, limit, NULL)) >= 0, .socket = 1, .connect = 1,
               .poll = 1, .getsockname = 1, .fcntl = 1);
        CHECK(close(fd) == 0);
        COUNTS((fd = sockutil_tcp_connect("127.0.0.1", port, numeric | nonblock, limit, NULL)) >= 0, .socket = 1,
               .connect = 1, .poll = 1, .getsockname = 1);
        CHECK(close(fd) == 0);
        COUNTS(sockutil_tcp_connect("127.0.0.1", dead, numeric, limit, NULL) == -1 && errno == ECONNREFUSED,
               .socket = 1, .connect = 1, .poll = 1, .getsockopt = 1, .close = 1);
    }

    /* No host is ::1, then 127.0.0.1. The first one, which is dead, costs a wait and a close. Another program may have
     * a port in the other family. */
    int front = -1, back = -1;
    for (int i = 0; i < 100 && back < 0; i++) {
        strcpy(other, "0");
        if ((front = full_listener("::1", other, &client)) < 0)
            break;
        back = sockutil_tcp_listen("127.0.0.1", other, 64, numeric, NULL);
        CHECK(back >= 0 || (close(front) == 0 && close(client) == 0));
    }
    if (front < 0) {
        fputs("left out: no IPv6: the race of ::1 and 127.0.0.1\n", stderr);
    } else {
        CHECK(back >= 0);
        EACH(i, timeouts) {
            COUNTS((fd = sockutil_tcp_connect(NULL, other, numeric, timeouts[i], NULL)) >= 0, .socket = 2, .connect = 2,
                   .poll = 2, .getsockname = 1, .fcntl = 1, .close = 1);
            CHECK(close(fd) == 0);
        }
        COUNTS(sockutil_tcp_connect(NULL, other, numeric, 20, NULL) == -1 && errno == ETIMEDOUT, .socket = 1,
               .connect = 1, .poll = 1, .close = 1);
        CHECK(close(front) == 0 && close(back) == 0 && close(client) == 0);
    }

    may_look_at_the_clock = false;
    COUNTS(sockutil_tcp_connect("127.0.0.1", port, numeric, SOCKUTIL_NOWAIT, NULL) == -1 && errno == ETIMEDOUT, NONE);
    COUNTS(sockutil_unix_connect("/", 0, SOCKUTIL_NOWAIT) == -1 && errno == ETIMEDOUT, NONE);
    COUNTS(sockutil_stream_connect("unix:/", 0, SOCKUTIL_NOWAIT, NULL) == -1 && errno == ETIMEDOUT, NONE);
    COUNTS(sockutil_stream_connect("[::1]:9", numeric, SOCKUTIL_NOWAIT, NULL) == -1 && errno == ETIMEDOUT, NONE);
    COUNTS(sockutil_stream_connect("[name]:9", 0, SOCKUTIL_FOREVER, NULL) == -1 && errno == EINVAL, NONE);
    COUNTS(sockutil_stream_listen("host", 8, 0, NULL) == -1 && errno == EINVAL, NONE);
    /* One text: the calls of tcp_connect and tcp_listen. */
    char text_of_port[24];
    CHECK(snprintf(text_of_port, sizeof text_of_port, "127.0.0.1:%s", port) > 0);
    may_look_at_the_clock = true;
    COUNTS((fd = sockutil_stream_connect(text_of_port, 0, SOCKUTIL_FOREVER, NULL)) >= 0, .socket = 1, .connect = 1,
           .poll = 1, .getsockname = 1, .fcntl = 1);
    may_look_at_the_clock = false;
    CHECK(close(fd) == 0);
    COUNTS((fd = sockutil_stream_listen("127.0.0.1:0", 8, 0, NULL)) >= 0, .socket = 1, .setsockopt = 1, .bind = 1,
           .listen = 1);
    CHECK(close(fd) == 0);

    /* connect(2) waits for a Unix listener's backlog: the call sets a time limit, and restores the old one. */
    char path[] = "/tmp/sockutil-syscalls-XXXXXX";
    CHECK(mkdtemp(path) != NULL);
    char name[sizeof path + 2];
    CHECK(snprintf(name, sizeof name, "%s/s", path) > 0);
    int door;
    COUNTS((door = sockutil_unix_listen(name, 64, 0)) >= 0, .socket = 1, .bind = 1, .listen = 1);
    /* A probe; and none where the caller knows. */
    COUNTS(sockutil_unix_listen(name, 64, 0) == -1, .socket = 2, .bind = 1, .lstat = 1, .connect = 1, .close = 2);
    CHECK(close(door) == 0);
    COUNTS((door = sockutil_unix_listen(name, 64, SOCKUTIL_REPLACE)) >= 0, .socket = 1, .bind = 2, .lstat = 1,
           .unlink = 1, .listen = 1);
    CHECK(close(door) == 0 && unlink(name) == 0);
    /* A look at the file; it is changed only if umask denies a permission. */
    mode_t mask = umask(022);
    COUNTS((door = sockutil_unix_listen_mode(name, 64, 0600, 0)) >= 0, .socket = 1, .fchmod = 1, .bind = 1, .openat = 1,
           .fstat = 1, .close = 1, .listen = 1);
    CHECK(close(door) == 0 && unlink(name) == 0);
    COUNTS((door = sockutil_unix_listen_mode(name, 64, 0666, 0)) >= 0, .socket = 1, .fchmod = 1, .bind = 1, .openat = 1,
           .fstat = 1, .chmod = 1, .close = 1, .listen = 1);
    (void)umask(mask);
    COUNTS((fd = sockutil_unix_connect(name, 0, SOCKUTIL_FOREVER)) >= 0, .socket = 1, .connect = 1);
    CHECK(close(fd) == 0);
    COUNTS((fd = sockutil_unix_connect(name, nonblock, SOCKUTIL_FOREVER)) >= 0, .socket = 1, .connect = 1, .fcntl = 1);
    CHECK(close(fd) == 0);
    may_look_at_the_clock = true;
    COUNTS((fd = sockutil_unix_connect(name, 0, 5000)) >= 0, .socket = 1, .setsockopt = 2, .connect = 1);
    CHECK(close(fd) == 0 && close(door) == 0 && unlink(name) == 0 && rmdir(path) == 0);
    may_look_at_the_clock = false;

    /* The caller's socket. The first call shows whether it is connected. */
    CHECK((fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) >= 0);
    COUNTS(sockutil_connect(fd, &to, SOCKUTIL_FOREVER) == 0, .getpeername = 1, .fcntl = 3, .connect = 1, .poll = 1,
           .getsockopt = 1);
    COUNTS(sockutil_connect(fd, &to, SOCKUTIL_FOREVER) == -1 && errno == EISCONN, .getpeername = 1, .getsockopt = 1);
    CHECK(close(fd) == 0);
    CHECK((fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) >= 0);
    COUNTS(sockutil_connect(fd, &to, SOCKUTIL_NOWAIT) == -1 && errno == EINPROGRESS, .getpeername = 1, .fcntl = 3,
           .connect = 1);
    CHECK(close(fd) == 0);
    may_look_at_the_clock = true;
    CHECK((fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) >= 0);
    COUNTS(sockutil_connect(fd, &to, 5000) == 0, .getpeername = 1, .fcntl = 3, .connect = 1, .poll = 1,
           .getsockopt = 1);
    CHECK(close(fd) == 0);
    CHECK((fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) >= 0);
    COUNTS(sockutil_connect(fd, &to, 5000) == 0, .getpeername = 1, .fcntl = 1, .connect = 1, .poll = 1,
           .getsockopt = 1);
    CHECK(close(fd) == 0 && close(taken) == 0 && close(listener) == 0);
}

/* A relay: what it reads and writes, and one poll(2) for all that wait. It never spins. */
static void relay(void) {
    static char mem[16][4096], bytes[10000];
    int from[2], to[2], error;
    sockutil_relay r[16];
    struct pollfd ends[2];
    EACH(kind, SOCKETS) {
        SOCKETS[kind](from);
        SOCKETS[kind](to);
        for (int i = 0; i < 16; i++)
            COUNTS(sockutil_relay_init(&r[i], from[0], to[1], mem[i], sizeof mem[i]) == 0, NONE);
        may_look_at_the_clock = false;
        feed(from, bytes, 100);
        COUNTS(sockutil_relay_run(r, 1, SOCKUTIL_NOWAIT) == -1 && errno == EAGAIN, .recv = 2, .send = 1);
        feed(from, bytes, 4096);
        COUNTS(sockutil_relay_run(r, 1, SOCKUTIL_NOWAIT) == -1 && errno == EAGAIN, .recv = 2, .send = 1);
        COUNTS(sockutil_relay_run(r, 16, SOCKUTIL_NOWAIT) == -1 && errno == EAGAIN, .recv = 16);
        COUNTS((sockutil_relay_wants(r, ends), ends[0].fd == from[0] && ends[1].fd == -1), NONE);
        COUNTS(sockutil_relay_ended(r, &error) == 0 && sockutil_relay_moved(r) == 4196, NONE);
        drain(to[0]);

        /* It waits once, and tries once more at the end. */
        may_look_at_the_clock = true;
        COUNTS(sockutil_relay_run(r, 1, 30) == -1 && errno == EAGAIN, .recv = 2, .poll = 1);
        COUNTS(sockutil_relay_run(r, 16, 30) == -1 && errno == EAGAIN, .recv = 32, .poll = 1);
        /* Bytes that come, and no more: the rest of the time is one wait. */
        feed(from, bytes, 100);
        COUNTS(sockutil_relay_run(r, 1, 30) == -1 && errno == EAGAIN, .recv = 2, .send = 1, .poll = 1);
        drain(to[0]);

        CHECK(close(from[0]) == 0 && close(from[1]) == 0 && close(to[0]) == 0 && close(to[1]) == 0);

        /* The memory is full, and from has hung up, which poll(2) would report at once: it is not asked for. TCP as the
         * sink would have room again when an acknowledgement comes. */
        SOCKETS[kind](from);
        unix_pair(to);
        CHECK(sockutil_relay_init(r, from[0], to[1], mem[0], sizeof mem[0]) == 0);
        set_nonblock(to[1]);
        while (write(to[1], bytes, 1000) > 0)
            ;
        may_look_at_the_clock = false;
        feed(from, bytes, 5000);
        COUNTS(sockutil_relay_run(r, 1, SOCKUTIL_NOWAIT) == -1 && errno == EAGAIN, .recv = 1, .send = 1);
        COUNTS(sockutil_relay_run(r, 1, SOCKUTIL_NOWAIT) == -1 && errno == EAGAIN, .send = 1);
        end(from);
        may_look_at_the_clock = true;
        COUNTS(sockutil_relay_run(r, 1, 30) == -1 && errno == EAGAIN, .send = 2, .poll = 1);
        COUNTS((sockutil_relay_wants(r, ends), ends[0].fd == -1 && ends[1].fd == to[1]), NONE);
        CHECK(close(from[0]) == 0 && close(to[0]) == 0 && close(to[1]) == 0);

        /* to has hung up and nothing is held: that is not asked for either. */
        may_look_at_the_clock = false;
        SOCKETS[kind](from);
        SOCKETS[kind](to);
        CHECK(sockutil_relay_init(r, from[0], to[1], mem[0], sizeof mem[0]) == 0);
        struct pollfd entry = {.fd = to[1], .events = POLLRDHUP};
        CHECK(close(to[0]) == 0 && poll(&entry, 1, 5000) == 1);
        may_look_at_the_clock = true;
        COUNTS(sockutil_relay_run(r, 1, 30) == -1 && errno == EAGAIN, .recv = 2, .poll = 1);
        may_look_at_the_clock = false;
        CHECK(close(to[1]) == 0);

        /* The end of the stream. */
        SOCKETS[kind](to);
        CHECK(sockutil_relay_init(r, from[0], to[1], mem[0], sizeof mem[0]) == 0);
        feed(from, bytes, 100);
        end(from);
        COUNTS(sockutil_relay_run(r, 1, SOCKUTIL_FOREVER) == 1, .recv = 2, .send = 1, .poll = 1, .shutdown = 1);
        COUNTS(sockutil_relay_run(r, 1, SOCKUTIL_FOREVER) == 1, NONE);
        COUNTS(sockutil_relay_ended(r, &error) == 1 && error == 0, NONE);
        CHECK(close(from[0]) == 0 && close(to[0]) == 0 && close(to[1]) == 0);
    }
}

/* A datagram socket with an error in its error queue: poll(2) reports it ready for ever, and there is nothing to read.
 * Between two looks at it the relay pauses for a millisecond. */
static void relay_wrongly_ready(void) {
    enum { MS = 200 };
    char mem[64];
    int to[2], on = 1, error, closed = socket(AF_INET, SOCK_DGRAM, 0), fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address, error_size = sizeof error;
    sockutil_relay r;
    CHECK(closed >= 0 && fd >= 0 && bind(closed, (struct sockaddr *)&address, size) == 0);
    CHECK(getsockname(closed, (struct sockaddr *)&address, &size) == 0 && close(closed) == 0);
    CHECK(setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on) == 0);
    CHECK(connect(fd, (struct sockaddr *)&address, size) == 0 && write(fd, "x", 1) == 1);
    struct pollfd entry = {.fd = fd};
    CHECK(poll(&entry, 1, 5000) == 1);
    CHECK(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_size) == 0 && poll(&entry, 1, 0) == 1);
    CHECK(recv(fd, mem, 1, MSG_DONTWAIT) == -1 && errno == EAGAIN);
    unix_pair(to);
    CHECK(sockutil_relay_init(&r, fd, to[1], mem, sizeof mem) == 0);
    *shim_counts() = (struct shim_counts){0};
    CHECK(sockutil_relay_run(&r, 1, MS) == -1 && errno == EAGAIN);
    seen = *shim_counts();
    CHECK(seen.poll > 2 && seen.poll <= 2 * MS + 10 && seen.recv <= MS + 10);
    CHECK(close(fd) == 0 && close(to[0]) == 0 && close(to[1]) == 0);
}

static const struct {
    const char *name;
    void (*run)(void);
} SECTIONS[] = {
    {"lines", lines},
    {"more_lines", more_lines},
    {"waiting", waiting},
    {"transfers", transfers},
    {"frames", frames},
    {"reader", reader},
    {"reader_batch", reader_batch},
    {"relay", relay},
    {"writer", writer},
    {"writer_moves", writer_moves},
    {"relay_wrongly_ready", relay_wrongly_ready},
    {"pipes", pipes},
    {"terminals", terminals},
    {"terminals", terminals},
    {"linear", linear},
    {"linear_others", linear_others},
    {"closing", closing},
    {"others", others},
    {"connections", connections},
    {"connecting", connecting},
};

/* usage: LD_PRELOAD=the shim syscalls SECTION */
int main(int argc, char **argv) {
    CHECK_BOUND(60);
    CHECK(shim_counts != NULL);
    CHECK(argc == 2);
    EACH(i, SECTIONS) if (strcmp(SECTIONS[i].name, argv[1]) == 0) {
        SECTIONS[i].run();
        return 0;
    }
    fprintf(stderr, "FAIL: there is no section %s\n", argv[1]);
    return 1;
}
