/* interrupted.c - signals while accept waits: EINTR or not, and the listener blocks as before. */
#include "example.h"
#include "lab.h"
#include <fcntl.h>
#include <sys/time.h>

static const char HELP[] =
    "usage: interrupted [-h]\n"
    "Waits for a client in three ways, while a signal comes every 100 ms. The client comes with the\n"
    "third one. Prints how often the wait ended with EINTR, and whether the listener blocks.\n";

static sockutil_addr listener;
static int clientfd;
static volatile sig_atomic_t signals;

static void on_alarm(int signo) {
    int saved = errno;
    (void)signo;
    signals = signals + 1;
    if (signals == 3 && connect(clientfd, (struct sockaddr *)&listener.ss, listener.len) < 0)
        _exit(1);
    errno = saved;
}

static int plain_accept(int listenfd) {
    return accept(listenfd, NULL, NULL);
}

static int sockutil_way(int listenfd) {
    return sockutil_accept(listenfd, NULL, 0, SOCKUTIL_FOREVER);
}

static void alarm_every(int ms) {
    struct timeval period = {.tv_usec = ms * 1000};
    struct itimerval timer = {.it_interval = period, .it_value = period};
    if (setitimer(ITIMER_REAL, &timer, NULL) < 0)
        die("setitimer");
}

static const char *blocking(int fd) {
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0)
        die("F_GETFL");
    return flags & O_NONBLOCK ? "non-blocking" : "blocking";
}

static void wait_for_client(const char *how, int (*wait)(int listenfd), unsigned flags) {
    /* 1. listen; the client's socket is not connected yet */
    int connfd, interrupted = 0, listenfd = sockutil_tcp_listen("127.0.0.1", "0", 1, SOCKUTIL_NUMERIC, NULL);
    clientfd = socket(AF_INET, SOCK_STREAM, 0);
    if (listenfd < 0 || clientfd < 0)
        die("listen");
    listener = local_address(listenfd);
    const char *before = blocking(listenfd);

    /* 2. signals, with or without SA_RESTART */
    signals = 0;
    on_signal(SIGALRM, on_alarm, flags);
    alarm_every(100);

    /* 3. accept. After EINTR it is called again, and waits again. */
    while ((connfd = wait(listenfd)) < 0) {
        if (errno != EINTR)
            die("accept");
        interrupted++;
    }
    alarm_every(0);
    printf("%s: %d signals, %d times EINTR, then the client; the listener: %s before, %s after\n", how, (int)signals,
           interrupted, before, blocking(listenfd));

    /* 4. close */
    close_socket(connfd);
    close_socket(clientfd);
    close_socket(listenfd);
}

int main(int argc, char *argv[]) {
    (void)next_option(argc, argv, "+h", HELP);
    no_more_arguments(argv);
    line_buffer_stdout();
    wait_for_client("accept", plain_accept, 0);
    wait_for_client("accept, SA_RESTART", plain_accept, SA_RESTART);
    wait_for_client("sockutil_accept", sockutil_way, 0);
    return 0;
}
