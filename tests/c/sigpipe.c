/* A peer that is gone is EPIPE, and the process lives: here SIGPIPE has the action that every C program starts with. On
 * a pipe that action decides, and sockutil_ignore_sigpipe changes it. */
#include "check.h"
#include <signal.h>
#include <sockutil.h>
#include <sys/wait.h>

static int broken_socket(void) {
    int ends[2];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    CHECK(close(ends[0]) == 0);
    return ends[1];
}

static int broken_pipe(void) {
    int ends[2];
    CHECK(pipe(ends) == 0);
    CHECK(close(ends[0]) == 0);
    return ends[1];
}

/* The end of a child that writes to a pipe without a reader. */
static int status_of_pipe_writer(int ignore) {
    int status = 0;
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        if (ignore)
            CHECK(sockutil_ignore_sigpipe() == 0);
        CHECK(writen(broken_pipe(), "x", 1) == -1 && errno == EPIPE);
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child);
    return status;
}

int main(void) {
    static const int timeouts[] = {SOCKUTIL_FOREVER, SOCKUTIL_NOWAIT, 1000};
    char byte = 'x';
    struct iovec iov[2] = {{&byte, 1}, {&byte, 1}};
    size_t i, done;
    int fd = broken_socket(), status;

    CHECK_BOUND(10);
    CHECK(signal(SIGPIPE, SIG_DFL) != SIG_ERR);

    CHECK(writen(fd, &byte, 1) == -1 && errno == EPIPE);
    for (i = 0; i < sizeof timeouts / sizeof timeouts[0]; i++) {
        done = 0;
        CHECK(sockutil_write_full(fd, &byte, 1, &done, timeouts[i]) == -1 && errno == EPIPE && done == 0);
        CHECK(sockutil_writev_full(fd, iov, 2, &done, timeouts[i]) == -1 && errno == EPIPE && done == 0);
    }

    status = status_of_pipe_writer(0);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE);
    status = status_of_pipe_writer(1);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return 0;
}
