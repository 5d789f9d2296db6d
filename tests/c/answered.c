/* Transfers whose system calls the shim answers. Of "always ready" each call takes or gives one byte at once, for ever:
 * still the call's time ends it. Of "takes nothing" a write is answered with 0, and no more is said: that is EIO, after
 * one attempt.
 * usage: LD_PRELOAD=the shim SHIM=rules answered ready|nothing FUNCTION */
#include "../shim/shim.h"
#include "check.h"
#include <sockutil.h>
#include <sys/mman.h>

#define TIMEOUT_MS 100
#define SIZE ((size_t)1 << 30)

static sockutil_reader reader;

/* Of a flush, done counts what has left. */
static int by_writer(const char *function, char *memory, size_t *done, int timeout_ms) {
    enum { HELD = 1 << 24 };
    sockutil_writer writer;
    int answer;
    CHECK(sockutil_writer_init(&writer, 0, memory, strcmp(function, "flush") == 0 ? HELD : 64) == 0);
    if (strcmp(function, "put") == 0)
        return sockutil_writer_put(&writer, memory + HELD, SIZE - HELD, done, timeout_ms);
    if (strcmp(function, "frame") == 0)
        return sockutil_writer_frame(&writer, 4, memory + HELD, SIZE - HELD, done, timeout_ms);
    CHECK(strcmp(function, "flush") == 0);
    CHECK(sockutil_writer_put(&writer, memory + HELD, HELD, NULL, SOCKUTIL_NOWAIT) == 1);
    answer = sockutil_writer_flush(&writer, timeout_ms);
    *done = HELD - sockutil_writer_pending(&writer);
    return answer;
}

static int call(const char *function, char *memory, size_t *done, int timeout_ms) {
    struct iovec iov[2] = {{memory, 1}, {memory, SIZE - 1}};
    char *item;
    size_t length;
    int answer;
    if (strcmp(function, "read_full") == 0)
        return sockutil_read_full(0, memory, SIZE, done, timeout_ms);
    if (strcmp(function, "read_line") == 0)
        return sockutil_read_line(0, memory, SIZE, done, timeout_ms);
    if (strcmp(function, "write_full") == 0)
        return sockutil_write_full(0, memory, SIZE, done, timeout_ms);
    if (strcmp(function, "writev_full") == 0)
        return sockutil_writev_full(0, iov, 2, done, timeout_ms);
    if (strcmp(function, "send_frame") == 0)
        return sockutil_send_frame(0, 4, memory, SIZE - 4, done, timeout_ms);
    if (strcmp(function, "writen") == 0)
        return (int)sockutil_writen(0, memory, SIZE);
    if (strcmp(function, "reader_line") == 0) {
        CHECK(sockutil_reader_init(&reader, 0, memory, SIZE) == 0);
        answer = sockutil_reader_line(&reader, &item, &length, timeout_ms);
        *done = sockutil_reader_pending(&reader);
        return answer;
    }
    if (strncmp(function, "writer_", 7) == 0)
        return by_writer(function + 7, memory, done, timeout_ms);
    CHECK(strcmp(function, "reader_skip_line") == 0);
    CHECK(sockutil_reader_init(&reader, 0, memory, 64) == 0);
    return sockutil_reader_skip_line(&reader, done, timeout_ms);
}

int main(int argc, char **argv) {
    CHECK(argc == 3 && shim_counts != NULL);
    char *memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    size_t done = 0;
    int64_t start = sockutil_now_ms();
    CHECK_BOUND(30);
    CHECK(memory != MAP_FAILED);
    if (strcmp(argv[1], "ready") == 0) {
        CHECK(call(argv[2], memory, &done, TIMEOUT_MS) == -1 && errno == EAGAIN);
        CHECK(done > 0 && done < SIZE);
        CHECK(sockutil_now_ms() - start >= TIMEOUT_MS - 1);
    } else {
        CHECK(call(argv[2], memory, &done, SOCKUTIL_FOREVER) == -1 && errno == EIO);
        CHECK(done == 0);
        CHECK(shim_counts()->send + shim_counts()->sendmsg == 1);
    }
    return 0;
}
