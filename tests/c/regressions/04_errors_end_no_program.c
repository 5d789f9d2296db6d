/* A whole server ended for an error on one descriptor: the tutorial's readn calls exit.
 * A failure must be returned as -1 and errno, and the program must go on.
 */
#include "regression.h"

#include <sys/wait.h>

static ssize_t by_readn(int fd) {
    char bytes[4];
    return readn(fd, bytes, sizeof bytes);
}

#ifdef TUTORIAL
static ssize_t (*const CALLS[])(int fd) = {by_readn};
#else
static ssize_t by_writen(int fd) {
    return writen(fd, "text", 4);
}

static ssize_t by_recv_peek(int fd) {
    char bytes[4];
    return recv_peek(fd, bytes, sizeof bytes);
}

static ssize_t by_readline(int fd) {
    char line[4];
    return readline(fd, line, sizeof line);
}

static ssize_t by_read_full(int fd) {
    char bytes[4];
    return sockutil_read_full(fd, bytes, sizeof bytes, NULL, SOCKUTIL_FOREVER);
}

static ssize_t by_write_full(int fd) {
    return sockutil_write_full(fd, "text", 4, NULL, SOCKUTIL_FOREVER);
}

static ssize_t by_read_line(int fd) {
    char line[4];
    return sockutil_read_line(fd, line, sizeof line, NULL, SOCKUTIL_FOREVER);
}

static ssize_t (*const CALLS[])(int fd) = {by_readn,     by_writen,     by_recv_peek, by_readline,
                                           by_read_full, by_write_full, by_read_line};
#endif

/* The child's message, if it is still alive. */
enum { TOLD = 42, NOT_TOLD = 43 };

int main(void) {
    CHECK_BOUND(SECONDS);
    for (size_t i = 0; i < sizeof CALLS / sizeof CALLS[0]; i++) {
        int status = 0;
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        CHECK(fd >= 0);
        CHECK(close(fd) == 0);

        pid_t child = fork();
        CHECK(child >= 0);
        if (child == 0) {
            errno = 0;
            _exit(CALLS[i](fd) == -1 && errno == EBADF ? TOLD : NOT_TOLD);
        }
        CHECK(waitpid(child, &status, 0) == child);
        CHECK(WIFEXITED(status));
        CHECK(WEXITSTATUS(status) != NOT_TOLD);
        MUST(WEXITSTATUS(status) == TOLD, "the library ended the program");
    }
    return 0;
}
