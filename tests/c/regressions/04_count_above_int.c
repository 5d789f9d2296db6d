/* A transfer of more than 2 GiB in one call moved nothing, or returned a negative count: the tutorial's readn and
 * writen count in an int. 3 GiB must be counted as 3 GiB. No memory is touched: the functions below replace the kernel.
 */
#include "regression.h"

#include <stdint.h>
#include <sys/mman.h>

#define GIB ((size_t)1 << 30)
#define TOTAL (3 * GIB)

static int calls;

static ssize_t pretend(size_t n) {
    MUST(++calls <= 1000, "it calls on and on");
    return (ssize_t)(n < GIB ? n : GIB);
}

ssize_t recv(int fd, void *buf, size_t n, int flags) {
    (void)fd, (void)buf, (void)flags;
    return pretend(n);
}

ssize_t read(int fd, void *buf, size_t n) {
    (void)fd, (void)buf;
    return pretend(n);
}

ssize_t send(int fd, const void *buf, size_t n, int flags) {
    (void)fd, (void)buf, (void)flags;
    return pretend(n);
}

ssize_t write(int fd, const void *buf, size_t n) {
    (void)fd, (void)buf;
    return pretend(n);
}

int main(void) {
    CHECK_BOUND(SECONDS);
    void *memory = mmap(NULL, TOTAL, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(memory != MAP_FAILED);

    MUST(readn(0, memory, TOTAL) == (ssize_t)TOTAL, "readn counts in an int");
    MUST(writen(1, memory, TOTAL) == (ssize_t)TOTAL, "writen counts in an int");
#ifndef TUTORIAL
    size_t done = 0;
    CHECK(sockutil_read_full(0, memory, TOTAL, &done, SOCKUTIL_FOREVER) == 1 && done == TOTAL);
    done = 0;
    CHECK(sockutil_write_full(1, memory, TOTAL, &done, SOCKUTIL_FOREVER) == 1 && done == TOTAL);
#endif
    return 0;
}
