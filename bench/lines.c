/* lines.c - reader_line against other readers with a buffer, and against the limit. */
#include "bench.h"
#include "read_until.h"
#include "textbook.h"

#include <sockutil.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef HAVE_LIBEVENT
#include <event2/buffer.h>
#endif

/* The buffer of each reader that may choose. */
#define MEMORY_BYTES 65536
#define BATCH_BYTES (1 << 20)

struct tally {
    size_t lines, bytes;
};

struct reader {
    const char *name;
    void (*timed)(struct reader *, struct tally *);
    void (*checked)(struct reader *, struct tally *);
    void (*open)(struct reader *);
    void (*close)(struct reader *);
    struct pair pair;
    const char *stream; /* what comes: batch bytes, in lines */
    size_t batch, line_bytes;
    void *state;
    char *memory;
};

/* A reader's loop, twice: as timed, and with a comparison of every line. It counts the lines, and ends when it has read
 * all bytes of the batch. */
#define READER(name)                                                                                                   \
    static inline __attribute__((always_inline)) void name(struct reader *r, struct tally *out, bool check);           \
    static void name##_timed(struct reader *r, struct tally *out) {                                                    \
        name(r, out, false);                                                                                           \
    }                                                                                                                  \
    static void name##_checked(struct reader *r, struct tally *out) {                                                  \
        name(r, out, true);                                                                                            \
    }                                                                                                                  \
    static inline __attribute__((always_inline)) void name(struct reader *r, struct tally *out, bool check)

static inline __attribute__((always_inline)) void took(const struct reader *r, struct tally *sum, const char *line,
                                                       size_t length, bool check) {
    if (check && (length != r->line_bytes || memcmp(line, r->stream + sum->bytes, length) != 0))
        fail("%s: a wrong line", r->name);
    sum->lines++;
    sum->bytes += length;
}

/* ---- sockutil_reader_line ---- */

static void ours_open(struct reader *r) {
    r->state = malloc(sizeof(sockutil_reader));
    NEED(r->state != NULL);
    NEED(sockutil_reader_init(r->state, r->pair.reader, r->memory, MEMORY_BYTES) == 0);
}

READER(ours) {
    struct tally sum = {0, 0};
    char *line;
    size_t length;
    while (sum.bytes < r->batch && sockutil_reader_line(r->state, &line, &length, SOCKUTIL_FOREVER) == 1)
        took(r, &sum, line, length, check);
    *out = sum;
}

/* ---- The limit: no reader that returns lines should be faster ---- */

READER(limit) {
    struct tally sum = {0, 0};
    (void)check; /* it keeps no lines to compare */
    while (sum.bytes < r->batch) {
        ssize_t got = recv(r->pair.reader, r->memory, MEMORY_BYTES, 0);
        if (got <= 0)
            break;
        const char *next = r->memory, *end = r->memory + got;
        while ((next = memchr(next, '\n', (size_t)(end - next))) != NULL) {
            next++;
            sum.lines++;
        }
        sum.bytes += (size_t)got;
    }
    *out = sum;
}

/* ---- The textbooks ---- */

READER(static_buffer) {
    struct tally sum = {0, 0};
    while (sum.bytes < r->batch) {
        ssize_t length = static_buffer_line(r->pair.reader, r->memory, MEMORY_BYTES);
        if (length <= 0)
            break;
        took(r, &sum, r->memory, (size_t)length, check);
    }
    *out = sum;
}

static void byte_copy_open(struct reader *r) {
    struct byte_copier *state = malloc(sizeof *state);
    NEED(state != NULL);
    *state = (struct byte_copier){.fd = r->pair.reader};
    r->state = state;
}

READER(byte_copy) {
    struct tally sum = {0, 0};
    while (sum.bytes < r->batch) {
        ssize_t length = byte_copier_line(r->state, r->memory, MEMORY_BYTES);
        if (length <= 0)
            break;
        took(r, &sum, r->memory, (size_t)length, check);
    }
    *out = sum;
}

/* ---- The tutorials' readline: it looks ahead as far as a buffer of 1 KB goes, and takes the line ---- */

READER(peeking) {
    struct tally sum = {0, 0};
    while (sum.bytes < r->batch) {
        ssize_t length = peeked_line(r->pair.reader, r->memory, 1024);
        if (length <= 0)
            break;
        took(r, &sum, r->memory, (size_t)length, check);
    }
    *out = sum;
}

/* ---- stdio, with a buffer of the same size ---- */

struct stdio {
    FILE *file;
    char *line;
    size_t size;
};

static void stdio_open(struct reader *r) {
    struct stdio *state = calloc(1, sizeof *state);
    NEED(state != NULL);
    int fd = dup(r->pair.reader);
    state->file = fd >= 0 ? fdopen(fd, "r") : NULL;
    if (state->file == NULL || setvbuf(state->file, r->memory, _IOFBF, MEMORY_BYTES) != 0)
        fail_call("fdopen");
    state->size = 4096;
    state->line = malloc(state->size);
    NEED(state->line != NULL);
    r->state = state;
}

static void stdio_close(struct reader *r) {
    struct stdio *state = r->state;
    fclose(state->file);
    free(state->line);
}

READER(by_getline) {
    struct tally sum = {0, 0};
    struct stdio *state = r->state;
    while (sum.bytes < r->batch) {
        ssize_t length = getline(&state->line, &state->size, state->file);
        if (length <= 0)
            break;
        took(r, &sum, state->line, (size_t)length, check);
    }
    *out = sum;
}

READER(by_fgets) {
    struct tally sum = {0, 0};
    struct stdio *state = r->state;
    while (sum.bytes < r->batch && fgets(state->line, (int)state->size, state->file) != NULL)
        took(r, &sum, state->line, strlen(state->line), check);
    *out = sum;
}

/* ---- Rust's standard library ---- */

static void read_until_open(struct reader *r) {
    r->state = bench_read_until_open(r->pair.reader, MEMORY_BYTES);
}

static void read_until_close(struct reader *r) {
    bench_read_until_close(r->state);
    r->state = NULL;
}

READER(read_until) {
    out->bytes = bench_read_until(r->state, r->batch, check ? r->stream : NULL, r->line_bytes, &out->lines);
}

/* ---- libevent ---- */

#ifdef HAVE_LIBEVENT
static void evbuffer_open(struct reader *r) {
    r->state = evbuffer_new();
    NEED(r->state != NULL);
}

static void evbuffer_close(struct reader *r) {
    evbuffer_free(r->state);
    r->state = NULL;
}

/* evbuffer_read takes 4 KB a call; with 64 KB of reserved space one call is enough. */
READER(evbuffer) {
    struct tally sum = {0, 0};
    while (sum.bytes < r->batch) {
        size_t length;
        char *line = evbuffer_readln(r->state, &length, EVBUFFER_EOL_LF);
        if (line == NULL) {
            struct evbuffer_iovec space;
            NEED(evbuffer_reserve_space(r->state, MEMORY_BYTES, &space, 1) == 1);
            ssize_t got = recv(r->pair.reader, space.iov_base, space.iov_len, 0);
            if (got <= 0)
                break;
            space.iov_len = (size_t)got;
            NEED(evbuffer_commit_space(r->state, &space, 1) == 0);
            continue;
        }
        line[length] = '\n'; /* readln has cut the newline and put a NUL there */
        took(r, &sum, line, length + 1, check);
        free(line);
    }
    *out = sum;
}
#endif

/* ---- The contest ---- */

#define FUNCTIONS(name) .timed = name##_timed, .checked = name##_checked

enum { OURS, LIMIT, STATIC_BUFFER, BYTE_COPY, PEEKING, GETLINE, FGETS, READ_UNTIL, EVBUFFER, READERS };

static const struct reader LIST[READERS] = {
    [OURS] = {.name = "reader_line", FUNCTIONS(ours), .open = ours_open},
    [LIMIT] = {.name = "the limit", FUNCTIONS(limit)},
    [STATIC_BUFFER] = {.name = "textbook, static buffer", FUNCTIONS(static_buffer)},
    [BYTE_COPY] = {.name = "textbook, per-byte copy", FUNCTIONS(byte_copy), .open = byte_copy_open},
    [PEEKING] = {.name = "textbook peek", FUNCTIONS(peeking)},
    [GETLINE] = {.name = "getline", FUNCTIONS(by_getline), .open = stdio_open, .close = stdio_close},
    [FGETS] = {.name = "fgets", FUNCTIONS(by_fgets), .open = stdio_open, .close = stdio_close},
    [READ_UNTIL] = {.name = "Rust std read_until",
                    FUNCTIONS(read_until),
                    .open = read_until_open,
                    .close = read_until_close},
    [EVBUFFER] = {.name = "libevent evbuffer_readln",
#ifdef HAVE_LIBEVENT
                  FUNCTIONS(evbuffer),
                  .open = evbuffer_open,
                  .close = evbuffer_close
#endif
    },
};

static void check_tally(const struct reader *r, const struct tally *sum) {
    if (sum->bytes != r->batch || sum->lines != r->batch / r->line_bytes)
        fail("%s: %zu lines of %zu bytes, not %zu of %zu", r->name, sum->lines, sum->bytes, r->batch / r->line_bytes,
             r->batch);
}

static double run(void *context) {
    struct reader *r = context;
    struct tally sum;
    fill(r->pair, r->stream, r->batch);
    double start = spent_ns();
    r->timed(r, &sum);
    double cost = spent_ns() - start;
    check_tally(r, &sum);
    return cost;
}

static void contest_of_size(size_t batch, size_t line_bytes, const struct target targets[READERS]) {
    struct reader readers[READERS];
    struct contender contenders[READERS];
    size_t count = 0, place[READERS];
    char *stream = make_lines(line_bytes, batch);
    for (size_t i = 0; i < READERS; i++) {
        struct reader *r = &readers[i];
        *r = LIST[i];
        if (r->timed == NULL)
            continue;
        r->pair = tcp_pair();
        r->stream = stream;
        r->batch = batch;
        r->line_bytes = line_bytes;
        r->memory = aligned_alloc(4096, MEMORY_BYTES);
        NEED(r->memory != NULL);
        if (r->open != NULL)
            r->open(r);
        struct tally sum;
        fill(r->pair, stream, batch);
        r->checked(r, &sum);
        check_tally(r, &sum);
        place[i] = count;
        contenders[count++] = (struct contender){.run = run, .context = r};
    }
    contest(contenders, count);
    for (size_t i = OURS + 1; i < READERS; i++) {
        const char *size = lines_text(line_bytes);
        if (readers[i].timed == NULL)
            row_absent("reader_line, 64 KB", size, readers[i].name);
        else
            row("reader_line, 64 KB", size, readers[i].name, contenders[OURS].least / contenders[place[i]].least,
                targets[i]);
    }
    NEED(static_buffer_held() == 0);
    for (size_t i = 0; i < READERS; i++) {
        if (readers[i].timed == NULL)
            continue;
        if (readers[i].close != NULL)
            readers[i].close(&readers[i]);
        free(i == READ_UNTIL || i == EVBUFFER ? NULL : readers[i].state);
        free(readers[i].memory);
        close_pair(readers[i].pair);
    }
    free(stream);
}

void bench_lines(void) {
    size_t batch = fitting(BATCH_BYTES);
    contest_of_size(
        batch, 16,
        (const struct target[READERS]){[LIMIT] = AT_MOST(0.80), [PEEKING] = AT_LEAST(20), [GETLINE] = AT_MOST(0.45)});
    contest_of_size(batch, 64,
                    (const struct target[READERS]){[LIMIT] = AT_MOST(0.95),
                                                   [GETLINE] = AT_MOST(0.60),
                                                   [READ_UNTIL] = AT_LEAST(2.2),
                                                   [STATIC_BUFFER] = AT_LEAST(8),
                                                   [BYTE_COPY] = AT_LEAST(8),
                                                   [PEEKING] = AT_LEAST(20)});
    contest_of_size(
        batch, 512,
        (const struct target[READERS]){[LIMIT] = AT_MOST(1.10), [PEEKING] = AT_LEAST(8), [GETLINE] = AT_MOST(0.85)});
}
