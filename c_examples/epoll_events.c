/* epoll_events.c - what epoll reports of a connection: bytes, a FIN from the peer, a FIN of our own, both, RST. */
#include "example.h"
#include "lab.h"
#include <sys/epoll.h>

static const char HELP[] = "usage: epoll_events [-h]\n"
                           "Ends connections in several orders, and prints the events of one end after each step.\n";

#define WATCHED (EPOLLIN | EPOLLOUT | EPOLLRDHUP) /* EPOLLHUP and EPOLLERR are always reported */

static int epollfd;

/* A connection whose client's end epoll watches. Closing that end also removes it from epoll. */
static struct tcp_pair watched_pair(void) {
    struct tcp_pair pair = tcp_pair();
    struct epoll_event event = {.events = WATCHED};
    if (epoll_ctl(epollfd, EPOLL_CTL_ADD, pair.client, &event) < 0)
        die("epoll_ctl");
    return pair;
}

/* Prints the events. A segment takes a moment to arrive: this waits for the expected ones, at most two seconds. */
static void print_events(const char *step, unsigned expected) {
    int64_t end = sockutil_now_ms() + 2000;
    struct epoll_event event;
    for (;;) {
        event.events = 0;
        if (epoll_wait(epollfd, &event, 1, 0) < 0)
            die("epoll_wait");
        if (event.events == expected || sockutil_ms_left(end) == 0)
            break;
        (void)poll(NULL, 0, 1);
    }
    printf("%s:%s%s%s%s%s\n", step, event.events & EPOLLIN ? " EPOLLIN" : "",
           event.events & EPOLLOUT ? " EPOLLOUT" : "", event.events & EPOLLRDHUP ? " EPOLLRDHUP" : "",
           event.events & EPOLLHUP ? " EPOLLHUP" : "", event.events & EPOLLERR ? " EPOLLERR" : "");
}

static void send_fin(int fd) {
    if (sockutil_shutdown_write(fd) < 0)
        die("shutdown");
}

static void close_pair(const struct tcp_pair *pair) {
    close_socket(pair->client);
    close_socket(pair->server);
}

int main(int argc, char *argv[]) {
    (void)next_option(argc, argv, "+h", HELP);
    no_more_arguments(argv);
    line_buffer_stdout();
    epollfd = epoll_create1(EPOLL_CLOEXEC);
    if (epollfd < 0)
        die("epoll_create1");

    /* 1. the peer ends its direction first: we can still send. Then we end ours. */
    char byte;
    struct tcp_pair pair = watched_pair();
    print_events("connected", EPOLLOUT);
    if (writen(pair.server, "x", 1) != 1)
        die("write");
    print_events("a byte has arrived", EPOLLIN | EPOLLOUT);
    if (readn(pair.client, &byte, 1) != 1)
        die("read");
    print_events("it was read", EPOLLOUT);
    send_fin(pair.server);
    print_events("the peer's FIN", EPOLLIN | EPOLLOUT | EPOLLRDHUP);
    send_fin(pair.client);
    print_events("our own FIN too", EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLHUP);
    close_pair(&pair);

    /* 2. the other order: after our own FIN alone the peer can still send */
    pair = watched_pair();
    send_fin(pair.client);
    print_events("our own FIN", EPOLLOUT);
    send_fin(pair.server);
    print_events("the peer's FIN too", EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLHUP);
    close_pair(&pair);

    /* 3. RST ends both directions */
    pair = watched_pair();
    if (sockutil_close_reset(pair.server) < 0)
        die("close_reset");
    print_events("the peer's RST", EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLHUP | EPOLLERR);
    close_socket(pair.client);

    /* 4. a socket that is not connected */
    pair.client = socket(AF_INET, SOCK_STREAM, 0);
    struct epoll_event event = {.events = WATCHED};
    if (pair.client < 0 || epoll_ctl(epollfd, EPOLL_CTL_ADD, pair.client, &event) < 0)
        die("epoll_ctl");
    print_events("never connected", EPOLLOUT | EPOLLHUP);
    close_socket(pair.client);
    return 0;
}
