/* frames.c - reader_frame against the limit: recv of as much memory, and a look at each header. */
#include "bench.h"

#include <arpa/inet.h>
#include <sockutil.h>
#include <stdlib.h>
#include <string.h>

#define MEMORY_BYTES 65536
#define BATCH_BYTES (1 << 20)
#define HEADER_BYTES 4

struct tally {
    size_t frames, bytes;
};

struct reader {
    const char *name;
    void (*timed)(struct reader *, struct tally *);
    void (*checked)(struct reader *, struct tally *);
    struct pair pair;
    sockutil_reader state;
    const char *stream; /* what comes: count frames, with bodies of body_bytes */
    size_t count, body_bytes;
    char *memory;
};

/* A reader's loop, twice: as timed, and with a comparison of every body. */
#define READER(name)                                                                                                   \
    static inline __attribute__((always_inline)) void name(struct reader *r, struct tally *out, bool check);           \
    static void name##_timed(struct reader *r, struct tally *out) {                                                    \
        name(r, out, false);                                                                                           \
    }                                                                                                                  \
    static void name##_checked(struct reader *r, struct tally *out) {                                                  \
        name(r, out, true);                                                                                            \
    }                                                                                                                  \
    static inline __attribute__((always_inline)) void name(struct reader *r, struct tally *out, bool check)

static inline __attribute__((always_inline)) void took(const struct reader *r, struct tally *sum, const char *body,
                                                       size_t length, bool check) {
    if (check && (length != r->body_bytes || memcmp(body, r->stream + sum->bytes + HEADER_BYTES, length) != 0))
        fail("%s: a wrong frame", r->name);
    sum->frames++;
    sum->bytes += HEADER_BYTES + length;
}

READER(ours) {
    struct tally sum = {0, 0};
    char *body;
    size_t length;
    while (sum.frames < r->count &&
           sockutil_reader_frame(&r->state, HEADER_BYTES, &body, &length, SOCKUTIL_FOREVER) == 1)
        took(r, &sum, body, length, check);
    *out = sum;
}

/* It keeps the frame that is divided between two calls, as each reader must. */
READER(limit) {
    struct tally sum = {0, 0};
    size_t held = 0;
    while (sum.frames < r->count) {
        ssize_t got = recv(r->pair.reader, r->memory + held, MEMORY_BYTES - held, 0);
        if (got <= 0)
            break;
        const char *next = r->memory;
        held += (size_t)got;
        while (held >= HEADER_BYTES) {
            uint32_t header;
            memcpy(&header, next, sizeof header);
            size_t length = ntohl(header);
            if (held - HEADER_BYTES < length)
                break;
            took(r, &sum, next + HEADER_BYTES, length, check);
            next += HEADER_BYTES + length;
            held -= HEADER_BYTES + length;
        }
        memmove(r->memory, next, held);
    }
    *out = sum;
}

static void check_tally(const struct reader *r, const struct tally *sum) {
    if (sum->frames != r->count || sum->bytes != r->count * (HEADER_BYTES + r->body_bytes))
        fail("%s: %zu frames, not %zu", r->name, sum->frames, r->count);
}

static double run(void *context) {
    struct reader *r = context;
    struct tally sum;
    fill(r->pair, r->stream, r->count * (HEADER_BYTES + r->body_bytes));
    double start = spent_ns();
    r->timed(r, &sum);
    double cost = spent_ns() - start;
    check_tally(r, &sum);
    return cost;
}

/* Frames with pseudo-random letters. The caller frees them. */
static char *make_frames(size_t body_bytes, size_t count) {
    size_t whole = HEADER_BYTES + body_bytes;
    char *frames = make_lines(whole, whole * count);
    uint32_t header = htonl((uint32_t)body_bytes);
    for (size_t i = 0; i < count; i++)
        memcpy(frames + i * whole, &header, sizeof header);
    return frames;
}

static void contest_of_size(size_t room, size_t body_bytes, struct target target) {
    struct reader readers[] = {
        {.name = "reader_frame", .timed = ours_timed, .checked = ours_checked},
        {.name = "recv of 64 KB, and the headers", .timed = limit_timed, .checked = limit_checked}};
    struct contender contenders[LENGTH(readers)];
    size_t count = room / (HEADER_BYTES + body_bytes);
    char *stream = make_frames(body_bytes, count);
    for (size_t i = 0; i < LENGTH(readers); i++) {
        struct reader *r = &readers[i];
        struct tally sum;
        r->pair = tcp_pair();
        r->stream = stream;
        r->count = count;
        r->body_bytes = body_bytes;
        r->memory = aligned_alloc(4096, MEMORY_BYTES);
        NEED(r->memory != NULL);
        NEED(sockutil_reader_init(&r->state, r->pair.reader, r->memory, MEMORY_BYTES) == 0);
        fill(r->pair, stream, count * (HEADER_BYTES + body_bytes));
        r->checked(r, &sum);
        check_tally(r, &sum);
        contenders[i] = (struct contender){.run = run, .context = r};
    }
    contest(contenders, LENGTH(readers));
    row("reader_frame, 64 KB", bytes_text(body_bytes), readers[1].name, contenders[0].least / contenders[1].least,
        target);
    for (size_t i = 0; i < LENGTH(readers); i++) {
        close_pair(readers[i].pair);
        free(readers[i].memory);
    }
    free(stream);
}

void bench_frames(void) {
    size_t room = fitting(BATCH_BYTES);
    contest_of_size(room, 16, AT_MOST(1.80));
    contest_of_size(room, 64, AT_MOST(1.40));
    contest_of_size(room, 512, AT_MOST(1.15));
}
