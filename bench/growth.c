/* growth.c - how the cost grows: with the pieces of a line, with the reader's memory, with a Unix socket's queue. */
#include "bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
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

/* ---- Delimiters of 1 to 8 bytes, in bytes that begin almost every delimiter ---- */

#define LONGEST_DELIMITER 8
#define TEXT_LINE_BYTES 256

struct delimited {
    size_t delimiter_bytes;
    struct pair pair;
    char *stream;
    size_t batch;
    sockutil_reader reader;
    char memory[65536];
};

/* Of aaaaaaab only the last byte differs from what comes before it. */
static double run_delimited(void *context) {
    struct delimited *task = context;
    static const char DELIMITER[] = "aaaaaaab";
    const char *text = DELIMITER + LONGEST_DELIMITER - task->delimiter_bytes;
    size_t bytes = 0, length;
    char *data;
    fill(task->pair, task->stream, task->batch);
    double start = spent_ns();
    while (bytes < task->batch && sockutil_reader_until_text(&task->reader, text, task->delimiter_bytes, &data, &length,
                                                             SOCKUTIL_FOREVER) == 1)
        bytes += length;
    double cost = spent_ns() - start;
    NEED(bytes == task->batch && length == TEXT_LINE_BYTES);
    return cost;
}

static void delimiters(void) {
    static struct delimited tasks[4];
    struct contender contenders[LENGTH(tasks)];
    for (size_t i = 0; i < LENGTH(tasks); i++) {
        struct delimited *t = &tasks[i];
        t->delimiter_bytes = (size_t)1 << i;
        t->batch = fitting(1 << 20);
        t->pair = tcp_pair();
        t->stream = malloc(t->batch);
        NEED(t->stream != NULL);
        for (size_t at = 0; at < t->batch; at++)
            t->stream[at] = at % TEXT_LINE_BYTES == TEXT_LINE_BYTES - 1 ? 'b' : 'a';
        NEED(sockutil_reader_init(&t->reader, t->pair.reader, t->memory, sizeof t->memory) == 0);
        contenders[i] = (struct contender){.run = run_delimited, .context = t};
    }
    contest(contenders, LENGTH(tasks));
    for (size_t i = 1; i < LENGTH(tasks); i++)
        row("reader_until_text, delimiter", bytes_text(tasks[i].delimiter_bytes), "delimiter of 1 byte",
            contenders[i].least / contenders[0].least, AT_MOST(1.50));
    for (size_t i = 0; i < LENGTH(tasks); i++) {
        close_pair(tasks[i].pair);
        free(tasks[i].stream);
    }
}

/* ---- Frames of 8 MB ---- */

#define BODY (8 << 20)
#define FRAME_PIECE 65536

struct framed {
    struct pair pair;
    bool bare;
    char *memory;
};

static char *body;

/* It comes in pieces, with a call after each that does not wait: an incomplete frame must not cost more than the recv
 * that brings its bytes. Memory of 8 MB is in no near cache, so the comparator fills as much. */
static double run_framed(void *context) {
    const struct framed *task = context;
    static const unsigned char HEADER[] = {BODY >> 24, BODY >> 16 & 255, BODY >> 8 & 255, BODY & 255};
    sockutil_reader reader;
    char *data = task->memory + sizeof HEADER;
    size_t length;
    double cost = 0;
    NEED(sockutil_reader_init(&reader, task->pair.reader, task->memory, sizeof HEADER + BODY + 1) == 0);
    fill(task->pair, HEADER, sizeof HEADER);
    if (task->bare)
        drain(task->pair.reader, HEADER, sizeof HEADER);
    else
        NEED(sockutil_reader_frame(&reader, 4, &data, &length, SOCKUTIL_NOWAIT) == -1 && errno == EAGAIN);
    for (size_t done = 0; done < BODY; done += FRAME_PIECE) {
        bool last = done + FRAME_PIECE == BODY;
        fill(task->pair, body + done, FRAME_PIECE);
        double start = spent_ns();
        if (task->bare)
            NEED(recv(task->pair.reader, data + done, BODY - done, MSG_DONTWAIT) == FRAME_PIECE);
        else
            NEED(sockutil_reader_frame(&reader, 4, &data, &length, SOCKUTIL_NOWAIT) == (last ? 1 : -1));
        cost += spent_ns() - start;
    }
    NEED((task->bare || length == BODY) && memcmp(data, body, BODY) == 0);
    return cost;
}

static void frames(void) {
    struct framed tasks[] = {{.bare = false}, {.bare = true}};
    struct contender contenders[LENGTH(tasks)];
    body = make_lines(64, BODY);
    for (size_t i = 0; i < LENGTH(tasks); i++) {
        tasks[i].pair = tcp_pair();
        tasks[i].memory = malloc(BODY + 5);
        NEED(tasks[i].memory != NULL);
        contenders[i] = (struct contender){.run = run_framed, .context = &tasks[i]};
    }
    int all_rounds = rounds;
    rounds = rounds / 50 + 3; /* a round has many pieces */
    contest(contenders, LENGTH(contenders));
    rounds = all_rounds;
    row("reader_frame, in 128 pieces", "8 MB", "recv of each piece", contenders[0].least / contenders[1].least,
        AT_MOST(1.10));
    for (size_t i = 0; i < LENGTH(tasks); i++) {
        close_pair(tasks[i].pair);
        free(tasks[i].memory);
    }
    free(body);
}

/* ---- A name of 1 to 300 addresses ---- */

#define MOST_ADDRESSES 300

static struct sockaddr_in sockaddrs[MOST_ADDRESSES];
static struct addrinfo infos[MOST_ADDRESSES];

static double run_resolve(void *context) {
    const size_t *count = context;
    static sockutil_addr found[MOST_ADDRESSES];
    size_t got;
    resolved = &infos[MOST_ADDRESSES - *count];
    double start = spent_ns();
    int result = sockutil_resolve("many.example", "http", SOCK_STREAM, 0, found, MOST_ADDRESSES, &got, NULL);
    double cost = spent_ns() - start;
    NEED(result == 0 && got == *count);
    return cost / (double)*count;
}

static void addresses(void) {
    static const size_t MANY = MOST_ADDRESSES, FEW = MOST_ADDRESSES / 10;
    struct contender contenders[] = {{.run = run_resolve, .context = (void *)(uintptr_t)&MANY},
                                     {.run = run_resolve, .context = (void *)(uintptr_t)&FEW}};
    for (size_t i = 0; i < MOST_ADDRESSES; i++) {
        sockaddrs[i] = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a000001 + (uint32_t)i)};
        infos[i] = (struct addrinfo){.ai_family = AF_INET,
                                     .ai_socktype = SOCK_STREAM,
                                     .ai_addr = (struct sockaddr *)&sockaddrs[i],
                                     .ai_addrlen = sizeof sockaddrs[i],
                                     .ai_next = i + 1 < MOST_ADDRESSES ? &infos[i + 1] : NULL};
    }
    contest(contenders, LENGTH(contenders));
    row("resolve, per address", "300 addresses", "30 addresses", contenders[0].least / contenders[1].least,
        AT_MOST(1.10));
}

void bench_growth(void) {
    pieces();
    memory_sizes();
    unix_queues();
    delimiters();
    frames();
    addresses();
}
