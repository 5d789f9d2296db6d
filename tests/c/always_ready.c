/* A peer that always has a byte and always takes one keeps no call waiting, and still the call's time ends it. The
 * program's own system calls replace libc's, and never fail with EAGAIN. */
#include "check.h"
#include <sockutil.h>
#include <sys/mman.h>

#define TIMEOUT_MS 100
#define SIZE ((size_t)1 << 30)

ssize_t recv(int fd, void *buf, size_t n, int flags) {
    (void)fd, (void)n, (void)flags;
    *(char *)buf = 'x';
    return 1;
}

ssize_t send(int fd, const void *buf, size_t n, int flags) {
    (void)fd, (void)buf, (void)n, (void)flags;
    return 1;
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
    (void)fd, (void)message, (void)flags;
    return 1;
}

int main(int argc, char **argv) {
    const char *which = argc > 1 ? argv[1] : "";
    char *memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    struct iovec iov[2] = {{memory, 1}, {memory, SIZE - 1}};
    sockutil_reader reader;
    char *item;
    size_t done = 0, length;
    int64_t start = sockutil_now_ms();
    int answer;

    CHECK_BOUND(30);
    CHECK(memory != MAP_FAILED);
    if (strcmp(which, "read_full") == 0)
        answer = sockutil_read_full(0, memory, SIZE, &done, TIMEOUT_MS);
    else if (strcmp(which, "read_line") == 0)
        answer = sockutil_read_line(0, memory, SIZE, &done, TIMEOUT_MS);
    else if (strcmp(which, "write_full") == 0)
        answer = sockutil_write_full(0, memory, SIZE, &done, TIMEOUT_MS);
    else if (strcmp(which, "send_frame") == 0)
        answer = sockutil_send_frame(0, 4, memory, SIZE - 4, &done, TIMEOUT_MS);
    else if (strcmp(which, "reader_line") == 0) {
        CHECK(sockutil_reader_init(&reader, 0, memory, SIZE) == 0);
        answer = sockutil_reader_line(&reader, &item, &length, TIMEOUT_MS);
        done = sockutil_reader_pending(&reader);
    } else if (strcmp(which, "reader_skip_line") == 0) {
        CHECK(sockutil_reader_init(&reader, 0, memory, 64) == 0);
        answer = sockutil_reader_skip_line(&reader, &done, TIMEOUT_MS);
    } else
        answer = sockutil_writev_full(0, iov, 2, &done, TIMEOUT_MS);
    CHECK(answer == -1 && errno == EAGAIN);
    CHECK(done > 0 && done < SIZE);
    CHECK(sockutil_now_ms() - start >= TIMEOUT_MS - 1);
    return 0;
}
