#include <errno.h>
#include <signal.h>
#include <sockutil.h>
#include <stdio.h>
#include <sys/signalfd.h>

int main(void) {
    int ends[2];
    char line[32];
    size_t done = 0;
    sigset_t signals;

    /* Block SIGTERM, so that it arrives through the signalfd. */
    if (sigemptyset(&signals) < 0 || sigaddset(&signals, SIGTERM) < 0 ||
        sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
        return 1;
    int signalled = signalfd(-1, &signals, SFD_CLOEXEC);
    if (signalled < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
        return 1;

    if (writen(ends[0], "line\nhalf", 9) != 9 || raise(SIGTERM) != 0)
        return 1;

    struct pollfd fds[] = {{.fd = ends[1], .events = POLLIN},
                           {.fd = signalled, .events = POLLIN}};

    while (sockutil_wait_any(fds, 2, SOCKUTIL_FOREVER) > 0) {
        int r = sockutil_read_line(ends[1], line, sizeof(line), &done,
                                   SOCKUTIL_NOWAIT);
        if (r == 0 || (r == -1 && errno != EAGAIN))
            break;
        if (r == 1) {
            printf("%s", line);
            done = 0;
        } else if (fds[1].revents != 0) {
            printf("SIGTERM; %zu bytes of a line are kept\n", done);
            break;
        }
    }
    return 0;
}
