#include <errno.h>
#include <signal.h>
#include <sockutil.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

/* Adds a descriptor to the set. */
static int add(int set, int fd) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    return epoll_ctl(set, EPOLL_CTL_ADD, fd, &event);
}

int main(void) {
    int ends[2], set = epoll_create1(EPOLL_CLOEXEC);
    char line[32];
    size_t done = 0;
    sigset_t signals;

    /* Block SIGTERM, so that it arrives through the signalfd. */
    if (sigemptyset(&signals) < 0 || sigaddset(&signals, SIGTERM) < 0 ||
        sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
        return 1;
    int signalled = signalfd(-1, &signals, SFD_CLOEXEC);
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0 ||
        add(set, ends[1]) < 0 || add(set, signalled) < 0)
        return 1;

    if (writen(ends[0], "line\nhalf", 9) != 9 || raise(SIGTERM) != 0)
        return 1;

    /* An epoll descriptor is readable when one in its set is. */
    while (sockutil_wait(set, POLLIN, 1000) > 0) {
        int r = sockutil_read_line(ends[1], line, sizeof(line), &done,
                                   SOCKUTIL_NOWAIT);
        if (r == 0 || (r == -1 && errno != EAGAIN))
            break;
        if (r == 1) {
            printf("%s", line);
            done = 0;
        } else if (sockutil_wait(signalled, POLLIN, 0) > 0) {
            printf("SIGTERM; %zu bytes of a line are kept\n", done);
            break;
        }
    }
    return 0;
}
