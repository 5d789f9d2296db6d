/* stateless.c - readline against its two system calls and against the textbooks' ways without a buffer. */
#include "bench.h"
#include "textbook.h"

#include <sockutil.h>
#include <stdlib.h>
#include <string.h>

/* More than a peek of 64 KB is always queued. */
#define QUEUED_BYTES (1 << 18)
#define MOST_TIMED_LINES 512

struct taker {
    const char *name;
    ssize_t (*take)(int fd, char *line, size_t size);
    size_t size; /* of the memory that the line is taken into */
    size_t queued, line_bytes, timed_lines;
    struct pair pair;
    const char *stream;
};

static char memory[65536];

static ssize_t ours(int fd, char *line, size_t size) {
    return sockutil_readline(fd, line, size);
}

/* The lower bound of readline: the peek and the read. The newline's place is known, not searched. */
static size_t known_bytes;

static ssize_t two_calls(int fd, char *line, size_t size) {
    return recv(fd, line, size < 2048 ? size : 2048, MSG_PEEK) > 0 ? recv(fd, line, known_bytes, 0) : -1;
}

static double run(void *context) {
    const struct taker *t = context;
    size_t bytes = 0;
    known_bytes = t->line_bytes;
    fill(t->pair, t->stream, t->queued);
    double start = spent_ns();
    for (size_t i = 0; i < t->timed_lines; i++) {
        ssize_t length = t->take(t->pair.reader, memory, t->size);
        if (length <= 0)
            break;
        bytes += (size_t)length;
    }
    double cost = spent_ns() - start;
    if (bytes != t->timed_lines * t->line_bytes)
        fail("%s: %zu bytes, not %zu", t->name, bytes, t->timed_lines * t->line_bytes);
    drain(t->pair.reader, t->stream + bytes, t->queued - bytes);
    return cost;
}

static void check(const struct taker *t) {
    known_bytes = t->line_bytes;
    fill(t->pair, t->stream, t->queued);
    for (size_t at = 0; at < t->queued; at += t->line_bytes)
        if (t->take(t->pair.reader, memory, t->size) != (ssize_t)t->line_bytes ||
            memcmp(memory, t->stream + at, t->line_bytes) != 0)
            fail("%s: a wrong line", t->name);
}

enum { OURS, TWO_CALLS, OURS_1_KB, TWO_CALLS_1_KB, PEEKED_1_KB, OURS_64_KB, PEEKED_64_KB, BYTEWISE, TAKERS };

static void contest_of_size(size_t line_bytes, bool against_all, struct target target) {
    struct taker takers[TAKERS] = {
        [OURS] = {.name = "readline", .take = ours, .size = 4096},
        [TWO_CALLS] = {.name = "its two bare recv calls", .take = two_calls, .size = 4096},
        [OURS_1_KB] = {.name = "readline with 1 KB", .take = ours, .size = 1024},
        [TWO_CALLS_1_KB] = {.name = "two bare recv calls, 1 KB", .take = two_calls, .size = 1024},
        [PEEKED_1_KB] = {.name = "textbook peek, 1 KB", .take = peeked_line, .size = 1024},
        [OURS_64_KB] = {.name = "readline with 64 KB", .take = ours, .size = 65536},
        [PEEKED_64_KB] = {.name = "textbook peek, 64 KB", .take = peeked_line, .size = 65536},
        [BYTEWISE] = {.name = "a recv for each byte", .take = bytewise_line, .size = 4096},
    };
    struct contender contenders[TAKERS];
    size_t queued = fitting(QUEUED_BYTES), count = against_all ? TAKERS : TWO_CALLS + 1;
    size_t half = queued / 2 / line_bytes;
    char *stream = make_lines(line_bytes, queued);
    for (size_t i = 0; i < count; i++) {
        struct taker *t = &takers[i];
        t->pair = tcp_pair();
        t->queued = queued;
        t->line_bytes = line_bytes;
        t->timed_lines = half < MOST_TIMED_LINES ? half : MOST_TIMED_LINES;
        t->stream = stream;
        check(t);
        contenders[i] = (struct contender){.run = run, .context = t};
    }
    contest(contenders, count);
    const char *size = lines_text(line_bytes);
    row("readline", size, takers[TWO_CALLS].name, contenders[OURS].least / contenders[TWO_CALLS].least, target);
    if (against_all) {
        row("readline, 1 KB", size, takers[PEEKED_1_KB].name,
            contenders[OURS_1_KB].least / contenders[PEEKED_1_KB].least, AT_MOST(0.85));
        row(takers[TWO_CALLS_1_KB].name, size, takers[PEEKED_1_KB].name,
            contenders[TWO_CALLS_1_KB].least / contenders[PEEKED_1_KB].least, NONE);
        row("readline, 64 KB", size, takers[PEEKED_64_KB].name,
            contenders[OURS_64_KB].least / contenders[PEEKED_64_KB].least, AT_MOST(0.25));
        row("readline", size, takers[BYTEWISE].name, contenders[OURS].least / contenders[BYTEWISE].least, NONE);
    }
    for (size_t i = 0; i < count; i++)
        close_pair(takers[i].pair);
    free(stream);
}

void bench_stateless(void) {
    contest_of_size(16, false, AT_MOST(1.08));
    contest_of_size(64, true, AT_MOST(1.08));
    contest_of_size(512, false, AT_MOST(1.12));
}
