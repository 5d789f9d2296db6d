/* connect_timeout.c - connect with a timeout, step by step: connected, refused, timed out; and a listener's queue. */
#include "example.h"
#include "lab.h"

static const char HELP[] =
    "usage: connect_timeout [-h]\n"
    "Connects to a listener, to a port without one and to a full backlog, and prints each step; then\n"
    "prints how many connections wait in a listener's queue.\n";

#ifndef TCP_SYNCNT
#define TCP_SYNCNT -1 /* Linux alone has it */
#endif

/* Tries to connect, and prints each step. repeats: how often the kernel sends the SYN again before it gives up; -1: its
 * default. The caller closes the socket. */
static int attempt(const char *to_whom, const sockutil_addr *to, int repeats, int timeout_ms) {
    /* 1. create */
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || (repeats >= 0 && sockutil_setsockopt_int(fd, IPPROTO_TCP, TCP_SYNCNT, repeats) < 0))
        die("socket");
    int64_t start = sockutil_now_ms();

    /* 2. start. Any errno but EINPROGRESS is a failure, and there is nothing to wait for. */
    int error = sockutil_connect(fd, to, SOCKUTIL_NOWAIT) < 0 ? errno : 0;
    if (error != 0 && error != EINPROGRESS)
        die("connect");
    printf("%s, %s: %s, %s\n", to_whom, endpoint_text(to).s, errno_name(error),
           sockutil_tcp_state_name(sockutil_tcp_state(fd)));

    /* 3. wait: the socket becomes writable when the attempt has ended, with or without success. After a failure it is
     * readable too. */
    int events = sockutil_wait(fd, POLLIN | POLLOUT, timeout_ms);
    if (events < 0 && errno != EAGAIN)
        die("wait");
    const char *ready = events < 0 ? "not writable" : events & POLLIN ? "readable and writable" : "writable";
    printf("  %s after %lld ms", ready, (long long)(sockutil_now_ms() - start));

    /* 4. get the error of the socket, once: only this says how the attempt ended, and the second time it is 0 */
    const char *state = sockutil_tcp_state_name(sockutil_tcp_state(fd));
    error = sockutil_take_error(fd);
    int again = sockutil_take_error(fd);
    if (error < 0 || again < 0)
        die("take_error");
    printf(", error %s, then %s, %s: %s\n", errno_name(error), errno_name(again), state,
           events < 0              ? "our time limit ran out"
           : error == 0            ? "connected"
           : error == ECONNREFUSED ? "refused"
           : error == ETIMEDOUT    ? "the kernel gave up"
                                   : "failed");
    return fd;
}

static void print_client(int fd) {
    sockutil_addr local = local_address(fd);
    printf("client at port %d: %s\n", sockutil_addr_port(&local), sockutil_tcp_state_name(sockutil_tcp_state(fd)));
}

/* A backlog of 2 has room for 3. The fourth client gets in when one was accepted: it repeats its SYN after a second. */
static void fill_queue(void) {
    int fd[4], listenfd = sockutil_tcp_listen("127.0.0.1", "0", 2, SOCKUTIL_NUMERIC, NULL);
    sockutil_addr to = local_address(listenfd), peer;
    for (int i = 0; i < 4; i++) {
        fd[i] = socket(AF_INET, SOCK_STREAM, 0);
        if (fd[i] < 0 || (sockutil_connect(fd[i], &to, SOCKUTIL_NOWAIT) < 0 && errno != EINPROGRESS))
            die("connect");
        if (sockutil_wait(fd[i], POLLOUT, 300) < 0 && errno != EAGAIN) /* the fourth */
            die("wait");
        print_client(fd[i]);
    }
    print_queue(listenfd);
    for (int i = 0; i < 4; i++) {
        if (sockutil_accept(listenfd, &peer, 0, 10000) < 0)
            die("accept");
        printf("accepted: port %d\n", sockutil_addr_port(&peer));
        if (i == 0 && sockutil_wait(fd[3], POLLOUT, 10000) < 0)
            die("wait");
        print_queue(listenfd);
    }
}

int main(int argc, char *argv[]) {
    (void)next_option(argc, argv, "+h", HELP);
    no_more_arguments(argv);
    line_buffer_stdout();

    /* A backlog of 0 has room for one connection that is not accepted. */
    int listenfd = sockutil_tcp_listen("127.0.0.1", "0", 0, SOCKUTIL_NUMERIC, NULL);
    if (listenfd < 0)
        die("listen");
    sockutil_addr listener = local_address(listenfd);
    int connected = attempt("a listener", &listener, -1, 500);

    /* Bound but not listening: no other program can take the port. */
    int boundfd = socket(AF_INET, SOCK_STREAM, 0);
    sockutil_addr nobody;
    if (boundfd < 0 || sockutil_addr_parse(&nobody, "127.0.0.1", 0) != 1 ||
        bind(boundfd, (struct sockaddr *)&nobody.ss, nobody.len) < 0)
        die("bind");
    nobody = local_address(boundfd);
    close_socket(attempt("nobody", &nobody, -1, 500));
    close_socket(boundfd);

    /* No answer comes. Without a timeout of our own the kernel would send SYNs for two minutes. */
    close_socket(attempt("a full backlog", &listener, -1, 500));
    if (TCP_SYNCNT >= 0)
        close_socket(attempt("a full backlog, one repetition", &listener, 1, 10000));

    /* 5. close */
    close_socket(connected);
    close_socket(listenfd);

    /* 6. a listener's queue. The return from main closes its sockets. */
    fill_queue();
    return 0;
}
