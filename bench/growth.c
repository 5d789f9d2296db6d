/* growth.c - how the cost grows: with the pieces of a line, with the reader's memory, with a Unix socket's queue. */
#include "bench.h"

#include <errno.h>
#include <sockutil.h>
#include <stdlib.h>
#include <string.h>

/* ---- A line in pieces ---- */

#define PIECE_BYTES 60
#define LINES 16 /* at once, so that the clock is read once for so many pieces */
#define MOST_PIECES 1000

struct growing {
    struct pair pair;
    sockutil_reader reader;
    char memory[65536];
};

struct pieces {
    size_t count;
    struct growing *lines;
};

static char *long_line;

static double run_pieces(void *context) {
    const struct pieces *task = context;
    double cost = 0;
    for (size_t piece = 1; piece <= task->count; piece++) {
        const char *bytes = long_line + (MOST_PIECES - task->count + piece - 1) * PIECE_BYTES;
        for (size_t i = 0; i < LINES; i++)
            fill(task->lines[i].pair, bytes, PIECE_BYTES);
        size_t good = 0;
        double start = spent_ns();
        for (size_t i = 0; i < LINES; i++) {
            char *line;
            size_t length;
            int result = sockutil_reader_line(&task->lines[i].reader, &line, &length, SOCKUTIL_NOWAIT);
            if (piece < task->count)
                good += result == -1 && errno == EAGAIN;
            else
                good += result == 1 && length == task->count * PIECE_BYTES &&
                        memcmp(line, long_line + (MOST_PIECES - task->count) * PIECE_BYTES, length) == 0;
        }
        /* The last call compares the line: both leave it out. */
        if (piece < task->count)
            cost += spent_ns() - start;
        NEED(good == LINES);
    }
    return cost / (double)(task->count - 1);
}

static void pieces(void) {
    struct growing *all = calloc(LINES, sizeof *all);
    long_line = make_lines(MOST_PIECES * PIECE_BYTES, MOST_PIECES * PIECE_BYTES);
    NEED(all != NULL);
    for (size_t i = 0; i < LINES; i++) {
        all[i].pair = tcp_pair();
        NEED(sockutil_reader_init(&all[i].reader, all[i].pair.reader, all[i].memory, sizeof all[i].memory) == 0);
    }
    struct pieces many = {MOST_PIECES, all}, few = {MOST_PIECES / 10, all};
    struct contender contenders[] = {{.run = run_pieces, .context = &many}, {.run = run_pieces, .context = &few}};
    int all_rounds = rounds;
    rounds = rounds / 10 + 5; /* a round has many pieces */
    contest(contenders, LENGTH(contenders));
    rounds = all_rounds;
    row("reader_line, per byte", "1000 pieces", "line of 100 pieces", contenders[0].least / contenders[1].least,
        AT_MOST(1.10));
    for (size_t i = 0; i < LINES; i++)
        close_pair(all[i].pair);
    free(all);
    free(long_line);
}

/* ---- The reader's memory ---- */

struct sized {
    struct pair pair;
    sockutil_reader reader;
    size_t line_bytes, batch;
    const char *stream;
    char memory[65536];
};

static double run_sized(void *context) {
    struct sized *task = context;
    size_t bytes = 0, length, count = 0;
    char *line;
    fill(task->pair, task->stream, task->batch);
    double start = spent_ns();
    while (bytes < task->batch && sockutil_reader_line(&task->reader, &line, &length, SOCKUTIL_FOREVER) == 1) {
        bytes += length;
        count++;
    }
    double cost = spent_ns() - start;
    NEED(bytes == task->batch && count == bytes / task->line_bytes);
    return cost;
}

static void memory_sizes(void) {
    static struct sized large, small;
    large.line_bytes = small.line_bytes = 16;
    large.batch = small.batch = fitting(1 << 20);
    large.stream = small.stream = make_lines(16, large.batch);
    large.pair = tcp_pair();
    small.pair = tcp_pair();
    NEED(sockutil_reader_init(&large.reader, large.pair.reader, large.memory, 65536) == 0);
    NEED(sockutil_reader_init(&small.reader, small.pair.reader, small.memory, 4096) == 0);
    struct contender contenders[] = {{.run = run_sized, .context = &large}, {.run = run_sized, .context = &small}};
    contest(contenders, LENGTH(contenders));
    row("reader_line, 64 KB", lines_text(16), "reader_line, 4 KB", contenders[0].least / contenders[1].least,
        AT_MOST(1.00));
    close_pair(large.pair);
    close_pair(small.pair);
    free((char *)large.stream);
}

/* ---- A Unix socket whose queue holds many small messages ---- */

#define SOCKETS 4
#define MESSAGE_BYTES 64
#define MOST_QUEUED 256

struct queues {
    bool buffered;
    size_t queued;
    struct pair *pairs;
};

static char *messages;

static void send_messages(struct pair pair, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (send(pair.writer, messages + i * MESSAGE_BYTES, MESSAGE_BYTES, MSG_NOSIGNAL | MSG_DONTWAIT) !=
            MESSAGE_BYTES)
            fail_call("send");
}

static void check_message(const char *line, size_t length, size_t number) {
    if (length != MESSAGE_BYTES || memcmp(line, messages + number * MESSAGE_BYTES, length) != 0)
        fail("a wrong line out of a Unix socket");
}

/* readline takes the first queued line, and only the cost of its peek changes. reader_line takes them all. */
static double run_queues(void *context) {
    const struct queues *task = context;
    static char lines[SOCKETS][MESSAGE_BYTES + 2048], memory[65536];
    ssize_t lengths[SOCKETS];
    double cost = 0;
    for (size_t i = 0; i < SOCKETS; i++)
        send_messages(task->pairs[i], task->queued);
    if (!task->buffered) {
        double start = spent_ns();
        for (size_t i = 0; i < SOCKETS; i++)
            lengths[i] = sockutil_readline(task->pairs[i].reader, lines[i], sizeof lines[i]);
        cost = spent_ns() - start;
        for (size_t i = 0; i < SOCKETS; i++) {
            NEED(lengths[i] > 0);
            check_message(lines[i], (size_t)lengths[i], 0);
            drain(task->pairs[i].reader, messages + MESSAGE_BYTES, (task->queued - 1) * MESSAGE_BYTES);
        }
        return cost / SOCKETS;
    }
    for (size_t i = 0; i < SOCKETS; i++) {
        sockutil_reader reader;
        size_t good = 0, length;
        char *line;
        NEED(sockutil_reader_init(&reader, task->pairs[i].reader, memory, sizeof memory) == 0);
        double start = spent_ns();
        for (size_t k = 0; k < task->queued; k++)
            good += sockutil_reader_line(&reader, &line, &length, SOCKUTIL_FOREVER) == 1 && length == MESSAGE_BYTES;
        cost += spent_ns() - start;
        NEED(good == task->queued && memcmp(memory, messages, MESSAGE_BYTES) == 0);
    }
    return cost / SOCKETS / (double)task->queued;
}

static void unix_queues(void) {
    static const size_t QUEUED[] = {1, 16, MOST_QUEUED};
    static const char *const SIZES[] = {"1 queued", "16 queued", "256 queued"};
    enum { COUNTS = LENGTH(QUEUED) };
    struct pair pairs[SOCKETS];
    struct queues tasks[2 * COUNTS];
    struct contender contenders[2 * COUNTS];
    messages = make_lines(MESSAGE_BYTES, MOST_QUEUED * MESSAGE_BYTES);
    for (size_t i = 0; i < SOCKETS; i++)
        pairs[i] = unix_pair();
    for (size_t i = 0; i < 2 * COUNTS; i++) {
        tasks[i] = (struct queues){.buffered = i >= COUNTS, .queued = QUEUED[i % COUNTS], .pairs = pairs};
        contenders[i] = (struct contender){.run = run_queues, .context = &tasks[i]};
    }
    int all_rounds = rounds;
    rounds = rounds / 10 + 5; /* a round has many lines */
    contest(contenders, 2 * COUNTS);
    rounds = all_rounds;
    for (size_t i = 0; i < COUNTS; i++) {
        if (i > 0)
            row("readline, AF_UNIX", SIZES[i], "readline, 1 queued", contenders[i].least / contenders[0].least, NONE);
        row("reader_line, AF_UNIX, per line", SIZES[i], "readline, 1 queued",
            contenders[COUNTS + i].least / contenders[0].least, NONE);
    }
    for (size_t i = 0; i < SOCKETS; i++)
        close_pair(pairs[i]);
    free(messages);
}

void bench_growth(void) {
    pieces();
    memory_sizes();
    unix_queues();
}
