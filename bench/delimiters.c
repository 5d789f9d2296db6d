/* delimiters.c - reader_until_text, for lines that end with "\r\n", against reader_line. */
#include "bench.h"

#include <sockutil.h>
#include <stdlib.h>
#include <string.h>

#define MEMORY_BYTES 65536
#define BATCH_BYTES (1 << 20)

struct reader {
    int (*next)(sockutil_reader *, char **data, size_t *length);
    struct pair pair;
    sockutil_reader state;
    const char *stream; /* what comes: count lines */
    size_t count, line_bytes;
    char *memory;
};

static int by_text(sockutil_reader *state, char **data, size_t *length) {
    return sockutil_reader_until_text(state, "\r\n", 2, data, length, SOCKUTIL_FOREVER);
}

static int by_line(sockutil_reader *state, char **data, size_t *length) {
    return sockutil_reader_line(state, data, length, SOCKUTIL_FOREVER);
}

static double run(void *context) {
    struct reader *r = context;
    char *data;
    size_t length, good = 0;
    fill(r->pair, r->stream, r->count * r->line_bytes);
    double start = spent_ns();
    for (size_t i = 0; i < r->count; i++)
        good += r->next(&r->state, &data, &length) == 1 && length == r->line_bytes;
    double cost = spent_ns() - start;
    NEED(good == r->count && memcmp(data, r->stream + (r->count - 1) * r->line_bytes, length) == 0);
    return cost;
}

static void contest_of_size(size_t room, size_t line_bytes, struct target target) {
    struct reader readers[] = {{.next = by_text}, {.next = by_line}};
    struct contender contenders[LENGTH(readers)];
    char *stream = make_lines(line_bytes, room);
    for (size_t i = line_bytes - 2; i < room; i += line_bytes)
        stream[i] = '\r';
    for (size_t i = 0; i < LENGTH(readers); i++) {
        struct reader *r = &readers[i];
        r->pair = tcp_pair();
        r->stream = stream;
        r->count = room / line_bytes;
        r->line_bytes = line_bytes;
        r->memory = aligned_alloc(4096, MEMORY_BYTES);
        NEED(r->memory != NULL);
        NEED(sockutil_reader_init(&r->state, r->pair.reader, r->memory, MEMORY_BYTES) == 0);
        contenders[i] = (struct contender){.run = run, .context = r};
    }
    contest(contenders, LENGTH(readers));
    row("reader_until_text, \"\\r\\n\"", lines_text(line_bytes), "reader_line",
        contenders[0].least / contenders[1].least, target);
    for (size_t i = 0; i < LENGTH(readers); i++) {
        close_pair(readers[i].pair);
        free(readers[i].memory);
    }
    free(stream);
}

void bench_delimiters(void) {
    size_t room = fitting(BATCH_BYTES);
    contest_of_size(room, 16, NONE);
    contest_of_size(room, 64, AT_MOST(1.30));
    contest_of_size(room, 512, NONE);
}
