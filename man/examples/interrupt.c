#include <errno.h>
#include <signal.h>
#include <sockutil.h>
#include <stdio.h>
#include <unistd.h>

static volatile sig_atomic_t awaited, stopped;

/* shutdown(2) is async-signal-safe. errno belongs to the program. */
static void on_alarm(int signo) {
    int saved = errno;
    (void)signo;
    stopped = 1;
    (void)shutdown(awaited, SHUT_RDWR);
    errno = saved;
}

int main(void) {
    struct sigaction action = {.sa_handler = on_alarm};
    int ends[2];
    char line[32];
    size_t done = 0;

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
        return 1;
    awaited = ends[1];
    if (sigemptyset(&action.sa_mask) < 0 ||
        sigaction(SIGALRM, &action, NULL) < 0)
        return 1;
    if (writen(ends[0], "half a ", 7) != 7)
        return 1;
    (void)ualarm(50000, 0);

    /* A signal alone does not end this call: it goes on after EINTR. */
    int r = sockutil_read_line(ends[1], line, sizeof(line), &done,
                               SOCKUTIL_FOREVER);
    printf("%d, %s, %zu bytes of a line\n", r,
           stopped ? "interrupted" : "the peer has ended", done);
    return 0;
}
