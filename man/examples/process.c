#include <signal.h>
#include <sockutil.h>
#include <stdio.h>
#include <unistd.h>

static void on_child(int signo) {
    (void)signo;
    (void)sockutil_reap_children();
}

int main(void) {
    struct sigaction action = {.sa_handler = on_child,
                               .sa_flags = SA_RESTART};
    int ends[2], line[2], received, both[2], came[2];
    size_t done = 0, count, len;
    char text[16];

    if (sigemptyset(&action.sa_mask) < 0 ||
        sigaction(SIGCHLD, &action, NULL) < 0 ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return 1;

    switch (fork()) {
    case -1:
        return 1;
    case 0: /* The child makes a pipe, and passes its reading end. */
        if (pipe(line) < 0 ||
            sockutil_send_fd(ends[1], line[0], 1000) != 1)
            _exit(1);
        _exit(writen(line[1], "hello\n", 6) == 6 ? 0 : 1);
    default:
        break;
    }
    if (sockutil_recv_fd(ends[0], &received, 1000) != 1)
        return 1;
    ssize_t n = readline(received, text, sizeof(text));
    printf("through the child's pipe: %s", n > 0 ? text : "nothing\n");

    /* Two of them, with the first byte of a message. */
    both[0] = received;
    both[1] = ends[1];
    if (sockutil_send_fds(ends[1], both, 2, "two", 3, &done, 1000) !=
            1 ||
        sockutil_recv_fds(ends[0], came, 2, &count, text, 3, &len,
                          1000) != 1)
        return 1;
    printf("with \"%.*s\": %zu descriptors\n", (int)len, text, count);
    return n < 0;
}
