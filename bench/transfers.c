/* transfers.c - whole transfers and frames against the system call that each of them is. */
#include "bench.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sockutil.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define SMALL 64
#define CALLS 1000

static char memory[16384 + 4];
static char *stream; /* 16 KB of letters, repeated */

/* ---- Receiving ---- */

struct task {
    const char *name;
    bool (*call)(int fd, size_t n); /* all n bytes */
    size_t n, calls;
    size_t header;          /* bytes that come before the n */
    bool (*begin)(int fd);  /* NULL: nothing to do */
    bool (*finish)(int fd); /* NULL: all has left */
    struct pair pair;
};

static bool raw_recv(int fd, size_t n) {
    return recv(fd, memory, n, 0) == (ssize_t)n;
}

static bool our_read_full(int fd, size_t n) {
    size_t done = 0;
    return sockutil_read_full(fd, memory, n, &done, SOCKUTIL_FOREVER) == 1;
}

static bool our_readn(int fd, size_t n) {
    return sockutil_readn(fd, memory, n) == (ssize_t)n;
}

static double run_receive(void *context) {
    const struct task *t = context;
    size_t good = 0;
    fill(t->pair, stream, t->n * t->calls);
    double start = spent_ns();
    for (size_t i = 0; i < t->calls; i++)
        good += t->call(t->pair.reader, t->n);
    double cost = spent_ns() - start;
    if (good != t->calls || memcmp(memory, stream + t->n * (t->calls - 1), t->n) != 0)
        fail("%s: wrong bytes", t->name);
    return cost;
}

/* ---- Sending ---- */

static bool raw_send(int fd, size_t n) {
    return send(fd, memory, n, MSG_NOSIGNAL) == (ssize_t)n;
}

static bool our_write_full(int fd, size_t n) {
    size_t done = 0;
    return sockutil_write_full(fd, memory, n, &done, SOCKUTIL_FOREVER) == 1;
}

static bool our_writen(int fd, size_t n) {
    return sockutil_writen(fd, memory, n) == (ssize_t)n;
}

static bool raw_sendmsg(int fd, size_t n) {
    unsigned char header[] = {(unsigned char)(n >> 24), (unsigned char)(n >> 16), (unsigned char)(n >> 8),
                              (unsigned char)n};
    struct iovec parts[] = {{header, sizeof header}, {memory, n}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    return sendmsg(fd, &message, MSG_NOSIGNAL) == (ssize_t)(sizeof header + n);
}

static bool our_send_frame(int fd, size_t n) {
    size_t done = 0;
    return sockutil_send_frame(fd, 4, memory, n, &done, SOCKUTIL_FOREVER) == 1;
}

static sockutil_writer writer;
static char held[64 << 10];

static bool our_writer_init(int fd) {
    return sockutil_writer_init(&writer, fd, held, sizeof held) == 0;
}

static bool our_writer_frame(int fd, size_t n) {
    size_t done = 0;
    (void)fd;
    return sockutil_writer_frame(&writer, 4, memory, n, &done, SOCKUTIL_FOREVER) == 1;
}

static bool our_flush(int fd) {
    (void)fd;
    return sockutil_writer_flush(&writer, SOCKUTIL_FOREVER) == 1;
}

/* One writev of 64 frames that lie ready, as a program without a writer would gather them. */
#define PIECES 64

static unsigned char ready[PIECES][4 + SMALL];
static struct iovec gathered[PIECES];
static size_t gathered_count;

static bool make_ready(int fd) {
    static const unsigned char HEADER[] = {0, 0, 0, SMALL};
    (void)fd;
    for (size_t i = 0; i < PIECES; i++) {
        memcpy(ready[i], HEADER, sizeof HEADER);
        memcpy(ready[i] + sizeof HEADER, memory, SMALL);
    }
    return true;
}

static bool gathered_leave(int fd) {
    size_t whole = 0, count = gathered_count;
    for (size_t i = 0; i < count; i++)
        whole += gathered[i].iov_len;
    gathered_count = 0;
    return count == 0 || writev(fd, gathered, (int)count) == (ssize_t)whole;
}

static bool gather(int fd, size_t n) {
    gathered[gathered_count] = (struct iovec){ready[gathered_count], 4 + n};
    gathered_count++;
    return gathered_count < PIECES || gathered_leave(fd);
}

/* The writer too sends each 64 frames. */
static bool our_writer_frame_of_64(int fd, size_t n) {
    static size_t count;
    return our_writer_frame(fd, n) && (++count % PIECES != 0 || our_flush(fd));
}

static void set_nodelay(int fd, int on) {
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0)
        fail_call("setsockopt");
}

/* As a socket is by default, with Nagle's algorithm: the first call's bytes leave at once, those of the others gather
 * until a segment is full. That is the cheapest send, so that a function's own cost shows most. TCP_NODELAY sends the
 * rest when the clock has stopped. */
static double run_send(void *context) {
    const struct task *t = context;
    size_t good = 0, whole = t->header + t->n;
    memcpy(memory, stream, t->n);
    double start = spent_ns();
    NEED(t->begin == NULL || t->begin(t->pair.writer));
    for (size_t i = 0; i < t->calls; i++)
        good += t->call(t->pair.writer, t->n);
    NEED(t->finish == NULL || t->finish(t->pair.writer));
    double cost = spent_ns() - start;
    NEED(good == t->calls);
    set_nodelay(t->pair.writer, 1);
    for (size_t i = 0; i < t->calls; i++) {
        unsigned char got[4 + sizeof memory];
        if (recv(t->pair.reader, got, whole, MSG_WAITALL) != (ssize_t)whole ||
            memcmp(got + t->header, stream, t->n) != 0 ||
            (t->header > 0 && ((size_t)got[0] << 24 | (size_t)got[1] << 16 | (size_t)got[2] << 8 | got[3]) != t->n))
            fail("%s: wrong bytes", t->name);
    }
    set_nodelay(t->pair.writer, 0);
    return cost;
}

/* ---- The contests ---- */

static void contest_of(double (*run)(void *), const char *size, struct task *tasks, size_t ours, struct target target,
                       const char *const *names) {
    struct contender contenders[4];
    NEED(ours < LENGTH(contenders));
    for (size_t i = 0; i <= ours; i++) {
        tasks[i].name = names[i];
        tasks[i].pair = tcp_pair();
        contenders[i] = (struct contender){.run = run, .context = &tasks[i]};
    }
    contest(contenders, ours + 1);
    for (size_t i = 0; i < ours; i++)
        row(names[i], size, names[ours], contenders[i].least / contenders[ours].least, target);
    for (size_t i = 0; i <= ours; i++)
        close_pair(tasks[i].pair);
}

/* ---- Header and body written apart: how many exchanges wait for the peer's delayed acknowledgement ---- */

#define EXCHANGES 20

/* Far less than the 40 ms of a delayed acknowledgement, far more than loopback takes. */
#define AT_ONCE_MS 15

static void write_apart(int fd, size_t n) {
    unsigned char header[] = {0, 0, 0, (unsigned char)n};
    NEED(write(fd, header, sizeof header) == sizeof header && write(fd, memory, n) == (ssize_t)n);
}

static void frame_at_once(int fd, size_t n) {
    NEED(our_send_frame(fd, n));
}

static int delayed(void (*send_one)(int fd, size_t n)) {
    struct pair pair = tcp_pair();
    int count = 0;
    for (int i = 0; i < EXCHANGES; i++) {
        char got[4 + SMALL];
        send_one(pair.writer, SMALL);
        NEED(recv(pair.reader, got, 4, MSG_WAITALL) == 4);
        struct pollfd body = {.fd = pair.reader, .events = POLLIN};
        int ready = poll(&body, 1, AT_ONCE_MS);
        NEED(ready >= 0);
        count += ready == 0;
        NEED(recv(pair.reader, got, SMALL, MSG_WAITALL) == SMALL && memcmp(got, memory, SMALL) == 0);
        NEED(send(pair.reader, "ok", 2, MSG_NOSIGNAL) == 2 && recv(pair.writer, got, 2, MSG_WAITALL) == 2);
    }
    close_pair(pair);
    return count;
}

void bench_transfers(void) {
    static const size_t BODIES[] = {64, 512, 2048, 16384};
    stream = make_lines(SMALL, (1 << 20));
    contest_of(run_receive, bytes_text(SMALL),
               (struct task[]){{.call = our_read_full, .n = SMALL, .calls = CALLS},
                               {.call = our_readn, .n = SMALL, .calls = CALLS},
                               {.call = raw_recv, .n = SMALL, .calls = CALLS}},
               2, AT_MOST(1.05), (const char *const[]){"read_full", "readn", "recv"});
    contest_of(run_send, bytes_text(SMALL),
               (struct task[]){{.call = our_write_full, .n = SMALL, .calls = CALLS},
                               {.call = our_writen, .n = SMALL, .calls = CALLS},
                               {.call = raw_send, .n = SMALL, .calls = CALLS}},
               2, AT_MOST(1.05), (const char *const[]){"write_full", "writen", "send"});
    size_t room = fitting(1 << 20);
    for (size_t i = 0; i < LENGTH(BODIES); i++) {
        size_t n = BODIES[i], calls = room / 2 / (n + 4) < CALLS ? room / 2 / (n + 4) : CALLS;
        struct target target = n <= 2048 ? AT_MOST(1.00) : AT_MOST(1.05);
        contest_of(run_send, bytes_text(n),
                   (struct task[]){{.call = our_send_frame, .n = n, .calls = calls, .header = 4},
                                   {.call = raw_sendmsg, .n = n, .calls = calls, .header = 4}},
                   1, target, (const char *const[]){"send_frame", "sendmsg of two parts"});
    }
    contest_of(run_send, bytes_text(SMALL),
               (struct task[]){{.call = our_writer_frame,
                                .n = SMALL,
                                .calls = CALLS,
                                .header = 4,
                                .begin = our_writer_init,
                                .finish = our_flush},
                               {.call = our_send_frame, .n = SMALL, .calls = CALLS, .header = 4}},
               1, AT_MOST(0.25), (const char *const[]){"writer_frame", "send_frame"});
    contest_of(
        run_send, bytes_text(SMALL),
        (struct task[]){
            {.call = our_writer_frame_of_64, .n = SMALL, .calls = 15 * PIECES, .header = 4, .begin = our_writer_init},
            {.call = gather, .n = SMALL, .calls = 15 * PIECES, .header = 4, .begin = make_ready}},
        1, AT_MOST(1.30), (const char *const[]){"writer_frame, flushed each 64", "writev of 64 pieces"});
    memcpy(memory, stream, SMALL);
    row_count("send_frame, delayed exchanges", bytes_text(SMALL), "header and body written apart",
              delayed(frame_at_once), delayed(write_apart), EXCHANGES);
    free(stream);
}
