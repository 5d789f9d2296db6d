/* The scenarios that move bytes: each step makes one call, compares its result with the stream, and goes on. */
#include "run.h"
#include <string.h>
#include <unistd.h>

/* The item is complete: the next starts after it. */
static void next_item(struct run *r, size_t n) {
    r->pos += n;
    r->done = 0;
}

static bool at_end(const struct run *r, size_t n) {
    return r->pos + n == r->length;
}

/* ---- Streams ----------------------------------------------------------- */

static void bytes_begin(struct run *r) {
    add_pattern(r, 29);
}

static void read_full(struct run *r) {
    size_t n = r->scenario->size, before = r->done;
    CALL(r, sockutil_read_full, r->fd, r->buf, n, &r->done, r->timeout_ms);
    CHECK(r, r->done - before == r->in);
    check_stream(r, r->buf, r->pos, r->done);
    if (!returned(r, r->done == n, 0))
        return;
    CHECK(r, r->done == n || at_end(r, r->done));
    r->finished |= r->done == 0;
    next_item(r, r->done);
}

static void read_some(struct run *r) {
    size_t n = r->scenario->size, length = SIZE_MAX;
    CALL(r, sockutil_read_some, r->fd, r->buf, n, &length, r->timeout_ms);
    CHECK(r, length == r->in && length <= n);
    if (!returned(r, length > 0, 0))
        return;
    CHECK(r, length > 0 || at_end(r, 0));
    check_stream(r, r->buf, r->pos, length);
    r->finished |= length == 0;
    next_item(r, length);
}

/* All bytes of a stream that does not end. */
static void read_terminal(struct run *r) {
    size_t before = r->done;
    CALL(r, sockutil_read_full, r->fd, r->buf, r->length, &r->done, r->timeout_ms);
    CHECK(r, r->done - before == r->in);
    check_stream(r, r->buf, r->pos, r->done);
    if (returned(r, 1, 0))
        CHECK(r, r->done == r->length);
    r->finished |= r->done == r->length;
}

static void readn(struct run *r) {
    size_t n = r->scenario->size;
    CALL(r, sockutil_readn, r->fd, r->buf, n);
    /* A failure loses the count; the shim knows it. */
    if (returned(r, (long long)r->in, 0)) {
        CHECK(r, r->in == n || at_end(r, r->in));
        check_stream(r, r->buf, r->pos, r->in);
        r->finished |= r->in == 0;
    }
    next_item(r, r->in);
}

static void recv_peek(struct run *r) {
    size_t held = r->fed - r->pos, n = held < r->scenario->size ? held : r->scenario->size;
    CALL(r, sockutil_recv_peek, r->fd, r->buf, r->scenario->size);
    CHECK(r, r->in == 0);
    if (!returned(r, r->logged > 0 && r->log[r->logged - 1].act == ACT_CUT && n > 0 ? 1 : (long long)n, 0))
        return;
    n = (size_t)r->ret;
    check_stream(r, r->buf, r->pos, n);
    CHECK(r, n > 0 || at_end(r, 0));
    r->finished |= n == 0;
    /* The peeked bytes can still be read. */
    if (n > 0)
        CHECK(r, read(r->fd, r->buf, n) == (ssize_t)n);
    check_stream(r, r->buf, r->pos, n);
    r->all_in += n;
    next_item(r, n);
}

static void write_begin(struct run *r) {
    add_pattern(r, r->arrival == QUEUED ? 3 * r->scenario->size : 10 * r->scenario->size);
}

static void write_full(struct run *r) {
    size_t n = r->arrival == QUEUED ? r->scenario->size : r->length, before = r->done;
    CALL(r, sockutil_write_full, r->fd, r->stream + r->pos, n, &r->done, r->timeout_ms);
    CHECK(r, r->done - before == r->out);
    if (!returned(r, 1, 0))
        return;
    CHECK(r, r->done == n);
    next_item(r, r->done);
    r->finished |= at_end(r, 0);
}

static void writev_full(struct run *r) {
    size_t n = r->arrival == QUEUED ? r->scenario->size : r->length, before = r->done;
    unsigned char *start = r->stream + r->pos;
    const struct iovec iov[] = {{NULL, 0},           {start, 3},         {start, 0},
                                {start + 3, n - 10}, {start + n - 7, 6}, {start + n - 1, 1}};
    struct iovec passed[sizeof iov / sizeof *iov];
    memcpy(passed, iov, sizeof iov);
    CALL(r, sockutil_writev_full, r->fd, passed, (int)(sizeof iov / sizeof *iov), &r->done, r->timeout_ms);
    CHECK(r, memcmp(passed, iov, sizeof iov) == 0);
    CHECK(r, r->done - before == r->out);
    if (!returned(r, 1, 0))
        return;
    CHECK(r, r->done == n);
    next_item(r, r->done);
    r->finished |= at_end(r, 0);
}

static void writen(struct run *r) {
    size_t rest = r->length - r->pos, n = rest < r->scenario->size || r->arrival == PIECES ? rest : r->scenario->size;
    CALL(r, sockutil_writen, r->fd, r->stream + r->pos, n);
    if (returned(r, (long long)n, 0))
        CHECK(r, r->out == n);
    next_item(r, r->out);
    r->finished |= at_end(r, 0);
}

/* ---- Lines ------------------------------------------------------------- */

static void lines_begin(struct run *r) {
    static const char text[] = "one\n\nwith a \0 and a \r\na line that is too long\nexactly 11\nexactly 12.\nrest";
    add_bytes(r, text, sizeof text - 1);
}

static void two_lines_begin(struct run *r) {
    static const char text[] = "one\n\nwhat is not asked for stays in the queue\n";
    add_bytes(r, text, sizeof text - 1);
}

/* The length of the next item, at most `room` bytes. */
static size_t item_length(const struct run *r, unsigned char delimiter, size_t room) {
    size_t rest = r->length - r->pos, n = rest < room ? rest : room;
    const unsigned char *start = r->stream + r->pos, *found = memchr(start, delimiter, n);
    return found != NULL ? (size_t)(found - start) + 1 : n;
}

static bool is_whole(const struct run *r, unsigned char delimiter, size_t n) {
    return n > 0 && r->stream[r->pos + n - 1] == delimiter;
}

static void read_line_step(struct run *r) {
    size_t cap = r->scenario->size, before = r->done, n = item_length(r, '\n', cap - 1);
    bool whole = is_whole(r, '\n', n), full = n == cap - 1;
    CALL(r, sockutil_read_line, r->fd, (char *)r->buf, cap, &r->done, r->timeout_ms);
    CHECK(r, r->done - before == r->in);
    check_stream(r, r->buf, r->pos, r->done);
    CHECK(r, r->buf[r->done] == 0);
    if (!returned(r, whole ? 1 : full ? -1 : 0, EMSGSIZE))
        return;
    CHECK(r, r->done == n);
    next_item(r, n);
    r->finished |= n == 0;
}

static void read_line(struct run *r) {
    read_line_step(r);
}

/* Ends with the second line: bytes after it must stay in the queue. */
static void read_two_lines(struct run *r) {
    read_line_step(r);
    r->finished |= r->pos == 5;
}

static void readline_step(struct run *r) {
    size_t cap = r->scenario->size;
    CALL(r, sockutil_readline, r->fd, r->buf, cap);
    /* On failure too. */
    CHECK(r, r->in < cap && r->buf[r->in] == 0);
    check_stream(r, r->buf, r->pos, r->in);
    if (returned(r, (long long)r->in, 0)) {
        CHECK(r, r->in == item_length(r, '\n', cap - 1));
        r->finished |= r->in == 0;
    }
    next_item(r, r->in);
}

static void readline_two(struct run *r) {
    readline_step(r);
    r->finished |= r->pos >= 5;
}

/* ---- Buffered reader --------------------------------------------------- */

static char never;

/* The result of a call for an item; `n` bytes are due from the stream, the first `skip` of them hidden. */
static bool item(struct run *r, int result, int err, size_t n, size_t skip, const char *start, size_t length) {
    size_t pending = sockutil_reader_pending(&r->reader), consumed = r->ret >= 0 ? n : 0;
    const char *mem = (const char *)r->buf;
    CHECK(r, pending == r->held + r->in - consumed);
    r->held = pending;
    if (!returned(r, result, err)) {
        CHECK(r, start == NULL && length == 0);
        return false;
    }
    CHECK(r, start >= mem && start + (n - skip) < mem + r->scenario->size && length == n - skip);
    if (r->failed)
        return false;
    check_stream(r, start, r->pos + skip, n - skip);
    CHECK(r, start[n - skip] == 0);
    return true;
}

/* Takes n bytes through the reader, as if it were not there. */
static void reader_read_full(struct run *r, size_t n) {
    size_t before = r->done;
    CALL(r, sockutil_reader_read_full, &r->reader, r->second, n, &r->done, r->timeout_ms);
    size_t pending = sockutil_reader_pending(&r->reader);
    CHECK(r, r->done - before == r->in + r->held - pending);
    /* No more is read than requested. */
    CHECK(r, r->in == 0 || pending == 0);
    r->held = pending;
    check_stream(r, r->second, r->pos, r->done);
    if (!returned(r, r->done == n, 0))
        return;
    CHECK(r, r->done == n || at_end(r, r->done));
    next_item(r, r->done);
    r->phase = 0;
}

static void skip_line(struct run *r) {
    size_t before = r->done, n = item_length(r, '\n', r->length);
    CALL(r, sockutil_reader_skip_line, &r->reader, &r->done, r->timeout_ms);
    size_t pending = sockutil_reader_pending(&r->reader);
    CHECK(r, r->done - before == r->in + r->held - pending && r->done <= n);
    r->held = pending;
    if (!returned(r, is_whole(r, '\n', n), 0))
        return;
    CHECK(r, r->done == n);
    next_item(r, n);
    r->phase = 0;
}

static void reader_start(struct run *r) {
    r->second_size = r->length;
    guard_buffers(r);
    CALL(r, sockutil_reader_init, &r->reader, r->fd, r->buf, r->scenario->size);
    (void)returned(r, 0, 0);
    CHECK(r, r->logged == 0 && sockutil_reader_pending(&r->reader) == 0);
}

static void reader_lines_begin(struct run *r) {
    lines_begin(r);
    reader_start(r);
}

/* A line that is too long is taken as bytes. */
static void reader_line(struct run *r) {
    size_t usable = r->scenario->size - 1, n = item_length(r, '\n', usable), length = SIZE_MAX;
    bool whole = is_whole(r, '\n', n);
    char *line = &never;
    if (r->phase > 0) {
        reader_read_full(r, (size_t)r->phase);
        return;
    }
    CALL(r, sockutil_reader_line, &r->reader, &line, &length, r->timeout_ms);
    if (!item(r, whole ? 1 : n == usable ? -1 : 0, EMSGSIZE, n, 0, line, length))
        return;
    r->finished |= n == 0;
    if (r->ret >= 0)
        next_item(r, n);
    else
        /* More than is held: the others come directly from the descriptor. */
        r->phase = (int)n + 2;
}

/* A line that is too long is taken as it is shown, and goes on. */
static void reader_take(struct run *r) {
    size_t usable = r->scenario->size - 1, n = item_length(r, '\n', usable), length = SIZE_MAX;
    bool whole = is_whole(r, '\n', n);
    char *line = &never;
    CALL(r, sockutil_reader_line, &r->reader, &line, &length, r->timeout_ms);
    if (!item(r, whole ? 1 : n == usable ? -1 : 0, EMSGSIZE, n, 0, line, length))
        return;
    r->finished |= n == 0;
    bool too_long = r->ret < 0;
    next_item(r, n);
    CALL(r, sockutil_reader_take, &r->reader);
    CHECK(r, (size_t)r->ret == (too_long ? n : 0) && r->logged == 0);
    if (too_long)
        check_stream(r, line, r->pos - n, n);
    r->held = sockutil_reader_pending(&r->reader);
    CHECK(r, r->held == 0 || !too_long);
}

/* Lines that the reader's memory is too small for. */
static void reader_copy_line(struct run *r) {
    size_t cap = 14, before = r->done, n = item_length(r, '\n', cap - 1);
    bool whole = is_whole(r, '\n', n);
    CALL(r, sockutil_reader_copy_line, &r->reader, (char *)r->second, cap, &r->done, r->timeout_ms);
    size_t pending = sockutil_reader_pending(&r->reader);
    CHECK(r, r->done - before == r->in + r->held - pending && r->done <= n && r->second[r->done] == 0);
    r->held = pending;
    check_stream(r, r->second, r->pos, r->done);
    if (!returned(r, whole ? 1 : n == cap - 1 ? -1 : 0, EMSGSIZE))
        return;
    CHECK(r, r->done == n);
    r->finished |= n == 0;
    next_item(r, n);
}

/* A line, then what is there. */
static void reader_read_some(struct run *r) {
    size_t length = SIZE_MAX;
    if (r->phase == 0) {
        size_t usable = r->scenario->size - 1, n = item_length(r, '\n', usable);
        bool whole = is_whole(r, '\n', n);
        char *line = &never;
        CALL(r, sockutil_reader_line, &r->reader, &line, &length, r->timeout_ms);
        if (!item(r, whole ? 1 : n == usable ? -1 : 0, EMSGSIZE, n, 0, line, length))
            return;
        r->finished |= n == 0;
        if (r->ret >= 0)
            next_item(r, n);
        r->phase = 1;
        return;
    }
    size_t held = r->held;
    CALL(r, sockutil_reader_read_some, &r->reader, r->second, 3, &length, r->timeout_ms);
    r->held = sockutil_reader_pending(&r->reader);
    CHECK(r, length == r->in + held - r->held && length <= 3 && (held == 0 || r->in == 0));
    if (!returned(r, length > 0, 0))
        return;
    CHECK(r, length > 0 || at_end(r, 0));
    check_stream(r, r->second, r->pos, length);
    next_item(r, length);
    r->phase = 0;
}

static void until_begin(struct run *r) {
    static const char text[] = "a;;bb;\nccc\nmore than cap;and a line\n;\0;\n;d";
    add_bytes(r, text, sizeof text - 1);
    reader_start(r);
}

/* Up to a semicolon, then the rest of that line is dropped. */
static void reader_until(struct run *r) {
    size_t usable = r->scenario->size - 1, n = item_length(r, ';', usable), length = SIZE_MAX;
    bool whole = is_whole(r, ';', n);
    char *data = &never;
    if (r->phase > 1) {
        skip_line(r);
        return;
    }
    CALL(r, sockutil_reader_until, &r->reader, ';', &data, &length, r->timeout_ms);
    if (!item(r, whole ? 1 : n == usable ? -1 : 0, EMSGSIZE, n, 0, data, length))
        return;
    r->finished |= n == 0;
    if (r->ret >= 0)
        next_item(r, n);
    r->phase = r->ret >= 0 ? r->phase + 1 : 2;
}

static void until_text_begin(struct run *r) {
    static const char text[] = "a\r\n\r\r\nccc\n\r.more than cap\r\n\r\n123456789\r\n\r";
    add_bytes(r, text, sizeof text - 1);
    reader_start(r);
}

/* Up to "\r\n"; what does not fit is taken, and the last time ends in the middle of it. */
static void reader_until_text(struct run *r) {
    size_t usable = r->scenario->size - 1, n = 0, rest = r->length - r->pos, length = SIZE_MAX;
    const unsigned char *start = r->stream + r->pos;
    bool whole = false;
    char *data = &never;
    while (!whole && n < usable && n < rest) {
        n++;
        /* Its first byte may be among those taken. */
        whole = start[n - 1] == '\n' && r->pos + n > 1 && start[n - 2] == '\r' && (n > 1 || r->phase > 0);
    }
    CALL(r, sockutil_reader_until_text, &r->reader, "\r\n", 2, &data, &length, r->timeout_ms);
    if (!item(r, whole ? 1 : n == usable ? -1 : 0, EMSGSIZE, n, 0, data, length))
        return;
    r->finished |= n == 0;
    r->phase = r->ret < 0;
    if (r->phase > 0)
        CHECK(r, sockutil_reader_take(&r->reader) == n);
    r->held = sockutil_reader_pending(&r->reader);
    next_item(r, n);
}

/* An empty body, one, one that fills the memory, one that is too long for it, one, and one that is cut short. */
static void frames_begin(struct run *r) {
    static const size_t bodies[] = {0, 5, 13, 300, 1, 9};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        unsigned char header[2];
        sockutil_put_be16(header, (uint16_t)bodies[i]);
        add_bytes(r, header, sizeof header);
        add_pattern(r, bodies[i]);
    }
    r->length -= 4;
    reader_start(r);
}

static void reader_frame(struct run *r) {
    size_t usable = r->scenario->size - 1, rest = r->length - r->pos, length = SIZE_MAX;
    size_t announced = rest < 2 ? 0 : sockutil_get_be16(r->stream + r->pos), n = announced + 2;
    char *body = &never;
    if (r->phase > 0) {
        reader_read_full(r, (size_t)r->phase);
        return;
    }
    CALL(r, sockutil_reader_frame, &r->reader, 2, &body, &length, r->timeout_ms);
    if (n > usable) {
        size_t pending = sockutil_reader_pending(&r->reader);
        CHECK(r, pending == r->held + r->in);
        r->held = pending;
        if (!returned(r, -1, EMSGSIZE))
            return;
        CHECK(r, body == NULL && length == announced);
        r->phase = (int)n;
    } else if (n <= rest) {
        if (item(r, 1, 0, n, 2, body, length))
            next_item(r, n);
    } else if (item(r, 0, 0, rest, 0, body, length)) {
        r->finished |= rest == 0;
        next_item(r, rest);
    }
}

/* Every frame is dropped, whatever its length. */
static void reader_skip_frame(struct run *r) {
    size_t rest = r->length - r->pos, before = r->done;
    size_t whole = rest < 2 ? 2 : (size_t)sockutil_get_be16(r->stream + r->pos) + 2, n = whole < rest ? whole : rest;
    CALL(r, sockutil_reader_skip_frame, &r->reader, 2, &r->done, r->timeout_ms);
    size_t pending = sockutil_reader_pending(&r->reader);
    CHECK(r, r->done - before == r->in + r->held - pending && r->done <= n);
    r->held = pending;
    if (!returned(r, whole <= rest, 0))
        return;
    CHECK(r, r->done == n);
    r->finished |= n == 0;
    next_item(r, n);
}

/* ---- Frames ------------------------------------------------------------ */

static void send_frame_begin(struct run *r) {
    unsigned char header[4];
    bool two = r->scenario->size < 256;
    for (int i = 0; i < (two ? 2 : 1); i++) {
        sockutil_put_be32(header, (uint32_t)r->scenario->size);
        add_bytes(r, header + 2 * two, two ? 2 : 4);
        add_pattern(r, r->scenario->size);
    }
}

static void send_frame(struct run *r) {
    size_t n = r->scenario->size, header = n < 256 ? 2 : 4, before = r->done;
    CALL(r, sockutil_send_frame, r->fd, (int)header, r->stream + r->pos + header, n, &r->done, r->timeout_ms);
    CHECK(r, r->done - before == r->out);
    if (!returned(r, 1, 0))
        return;
    CHECK(r, r->done == header + n);
    next_item(r, r->done);
    r->finished |= at_end(r, 0);
}

/* ---- Buffered writer --------------------------------------------------- */

/* Puts, and frames with a header, in twenty-fifths of the memory, and a few bytes more or less. */
static const struct {
    size_t header, parts;
    int more;
} PIECES_PUT[] = {{0, 3, 0}, {2, 5, 0},  {0, 0, 0},  {4, 20, 0}, {0, 25, 0}, {0, 25, 1},
                  {2, 0, 0}, {2, 60, 0}, {0, 70, 3}, {0, 0, 1},  {1, 0, 9},  {4, 20, 0}};

enum { PUTS = sizeof PIECES_PUT / sizeof *PIECES_PUT };

static size_t put_size(const struct run *r, int i) {
    return r->scenario->size / 25 * PIECES_PUT[i].parts + (size_t)PIECES_PUT[i].more;
}

static void writer_begin(struct run *r) {
    for (int i = 0; i < PUTS; i++) {
        unsigned char header[4];
        sockutil_put_be32(header, (uint32_t)put_size(r, i));
        add_bytes(r, header + 4 - PIECES_PUT[i].header, PIECES_PUT[i].header);
        add_pattern(r, put_size(r, i));
    }
    guard_buffers(r);
    CALL(r, sockutil_writer_init, &r->writer, r->fd, r->buf, r->scenario->size);
    (void)returned(r, 0, 0);
    CHECK(r, r->logged == 0 && sockutil_writer_pending(&r->writer) == 0);
}

/* What left, and what is held, is what was held before and what was accepted. */
static size_t check_held(struct run *r, size_t accepted) {
    size_t pending = sockutil_writer_pending(&r->writer), before = r->held;
    CHECK(r, r->out + pending == before + accepted && pending <= r->scenario->size);
    r->held = pending;
    return pending;
}

/* All pieces, then what is held. */
static void writer(struct run *r) {
    size_t cap = r->scenario->size, before = r->done, held = r->held;
    if (r->phase == PUTS) {
        CALL(r, sockutil_writer_flush, &r->writer, r->timeout_ms);
        size_t pending = check_held(r, 0);
        if (returned(r, 1, 0)) {
            CHECK(r, pending == 0);
            r->finished = true;
        }
        return;
    }
    size_t header = PIECES_PUT[r->phase].header, n = put_size(r, r->phase), whole = header + n;
    const unsigned char *body = r->stream + r->pos + header;
    if (header == 0)
        CALL(r, sockutil_writer_put, &r->writer, body, n, &r->done, r->timeout_ms);
    else
        CALL(r, sockutil_writer_frame, &r->writer, (int)header, body, n, &r->done, r->timeout_ms);
    CHECK(r, r->done >= before && r->done <= whole);
    size_t pending = check_held(r, r->done - before);
    /* What fits needs no system call. */
    CHECK(r, held + whole > cap || r->logged == 0);
    if (!returned(r, 1, 0)) {
        CHECK(r, r->done == 0 || (whole > cap && pending == 0));
        return;
    }
    CHECK(r, r->done == whole);
    next_item(r, whole);
    r->phase++;
}

#define ALL (STREAMS | REGULAR)
#define BOTH (QUEUED | PIECES)

const struct scenario transfers[] = {
    {"read_full", ALL, LIMITS, BOTH, 0, 13, bytes_begin, read_full, NULL},
    {"read_full terminal", TERMINAL, LIMITS, BOTH, HALF, 29, bytes_begin, read_terminal, NULL},
    {"write_full terminal", TERMINAL, LIMITS, QUEUED, WRITES, 25, write_begin, write_full, NULL},
    {"read_some", ALL, LIMITS, BOTH, 0, 13, bytes_begin, read_some, NULL},
    {"readn", ALL, OWNS, BOTH, 0, 13, bytes_begin, readn, NULL},
    {"recv_peek", SOCKETS, OWNS, BOTH, PEEKS, 13, bytes_begin, recv_peek, NULL},
    {"read_line", ALL, LIMITS, BOTH, LINES, 12, lines_begin, read_line, NULL},
    {"read_line twice", ALL, LIMITS, BOTH, LINES, 3000, two_lines_begin, read_two_lines, NULL},
    {"readline", ALL, OWNS, BOTH, LINES, 12, lines_begin, readline_step, NULL},
    {"readline twice", ALL, OWNS, BOTH, LINES, 3000, two_lines_begin, readline_two, NULL},
    {"reader_line", ALL, LIMITS, BOTH, 0, 12, reader_lines_begin, reader_line, NULL},
    {"reader_take", ALL, LIMITS, BOTH, 0, 12, reader_lines_begin, reader_take, NULL},
    {"reader_copy_line", ALL, LIMITS, BOTH, 0, 5, reader_lines_begin, reader_copy_line, NULL},
    {"reader_read_some", ALL, LIMITS, BOTH, 0, 12, reader_lines_begin, reader_read_some, NULL},
    {"reader_skip_frame", ALL, LIMITS, BOTH, 0, 16, frames_begin, reader_skip_frame, NULL},
    {"reader_until", ALL, LIMITS, BOTH, 0, 10, until_begin, reader_until, NULL},
    {"reader_until_text", ALL, LIMITS, BOTH, 0, 11, until_text_begin, reader_until_text, NULL},
    {"reader_frame", ALL, LIMITS, BOTH, 0, 16, frames_begin, reader_frame, NULL},
    {"write_full", ALL, LIMITS, QUEUED, WRITES, 25, write_begin, write_full, NULL},
    {"write_full much", ALL, LIMITS, PIECES, WRITES, 1300, write_begin, write_full, NULL},
    {"writev_full", ALL, LIMITS, QUEUED, WRITES, 25, write_begin, writev_full, NULL},
    {"writev_full much", ALL, LIMITS, PIECES, WRITES, 1300, write_begin, writev_full, NULL},
    {"writen", ALL, OWNS, QUEUED, WRITES, 25, write_begin, writen, NULL},
    {"writen much", ALL, OWN, PIECES, WRITES, 1300, write_begin, writen, NULL},
    {"send_frame", ALL, LIMITS, QUEUED, WRITES, 25, send_frame_begin, send_frame, NULL},
    {"send_frame long", ALL, LIMITS, BOTH, WRITES, 2049, send_frame_begin, send_frame, NULL},
    {"writer", ALL, LIMITS, QUEUED, WRITES, 25, writer_begin, writer, NULL},
    {"writer much", ALL, LIMITS, PIECES, WRITES, 1300, writer_begin, writer, NULL},
    {0},
};
