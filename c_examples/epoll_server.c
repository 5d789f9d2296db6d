/* epoll_server.c - an echo server that serves all its clients in one thread, with epoll. */
#include "example.h"
#include <sys/epoll.h>
#define INPUT (EPOLLIN | EPOLLRDHUP)
#define MOST 20000 /* descriptors */
static const char HELP[] = "usage: epoll_server [-h] [ip] [port]\n"
                           "Sends each client's lines back. Default: any address, port 6666; port 0: a free one.\n";

/* What is kept for a client. A line is sent from the memory that received it; until it is sent, no more is received. */
static struct client {
    int events, half_closed; /* events: that epoll reports */
    char *line;
    size_t len, sent; /* of the line; len is 0 when there is none to send */
    struct address_text peer;
    sockutil_reader reader;
    char memory[4096];
} clients[MOST]; /* by descriptor */
static int epollfd, listenfd;

/* Sets the events of fd that epoll reports. The first call adds fd to epoll. */
static int watch(int fd, int events) {
    struct epoll_event event = {.events = (uint32_t)events, .data.fd = fd};
    int before = clients[fd].events;
    clients[fd].events = events;
    return events == before ? 0 : epoll_ctl(epollfd, before == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event);
}

/* 5. close */
static void leave(int fd, int error) {
    if (error != 0)
        fprintf(stderr, "client %s: %s\n", clients[fd].peer.s, strerror(error));
    printf("client close %s\n", clients[fd].peer.s);
    close_socket(fd); /* this also removes it from epoll */
}

/* 3. accept. Returns when to accept again. After a failure, that is not at once: its cause may last, as when no
 * descriptor is free. */
static int64_t enter(void) {
    sockutil_addr peer;
    int fd = sockutil_accept(listenfd, &peer, 0, SOCKUTIL_NOWAIT);
    if (fd >= MOST) {
        close_socket(fd);
        errno = EMFILE;
    }
    if (fd < 0 || fd >= MOST) {
        if (!stopped)
            perror("accept");
        return sockutil_now_ms() + 100;
    }
    struct client *c = &clients[fd];
    *c = (struct client){.peer = endpoint_text(&peer)};
    printf("client %s\n", c->peer.s);
    if (sockutil_reader_init(&c->reader, fd, c->memory, sizeof(c->memory)) < 0 || watch(fd, INPUT) < 0)
        leave(fd, errno);
    return 0;
}

/* 4. exchange, line by line, as far as possible without waiting. Returns 0; -1: failed, or the end with errno 0. */
static int serve(int fd, uint32_t events) {
    struct client *c = &clients[fd];
    if (events & EPOLLRDHUP && !c->half_closed++)
        printf("client half-close %s\n", c->peer.s); /* it sends no more, but it still gets its answers */
    for (int lines = 0; lines < 32; lines++) {
        errno = 0; /* stays 0 at the end of the stream */
        if (c->len == 0 && sockutil_reader_line(&c->reader, &c->line, &c->len, SOCKUTIL_NOWAIT) < 1 && c->len == 0)
            return errno == EAGAIN ? watch(fd, INPUT) : -1;
        if (sockutil_write_full(fd, c->line, c->len, &c->sent, SOCKUTIL_NOWAIT) < 0)
            return errno == EAGAIN ? watch(fd, EPOLLOUT) : -1;
        /* After EMSGSIZE this was a piece of a line that is too long: take it, and the line goes on. Else it is 0. */
        sockutil_reader_take(&c->reader);
        c->len = c->sent = 0;
        if (sockutil_reader_pending(&c->reader) == 0)
            return watch(fd, INPUT);
    }
    /* The others first. epoll does not see lines that the reader holds, but it reports at once that there is room. */
    return watch(fd, EPOLLOUT);
}

int main(int argc, char *argv[]) {
    (void)next_option(argc, argv, "+h", HELP);
    const char *ip = next_argument(argv, "0.0.0.0");
    const char *port = next_argument(argv, "6666");
    no_more_arguments(argv);

    /* 1. listen. Connections inherit TCP_NODELAY: each line leaves at once. */
    int gai;
    listenfd = sockutil_tcp_listen(ip, port, SOMAXCONN, SOCKUTIL_NUMERIC | SOCKUTIL_NONBLOCK, &gai);
    if (listenfd < 0)
        endpoint_failed("listen", ip, port, gai);
    epollfd = epoll_create1(EPOLL_CLOEXEC);
    if (epollfd < 0 || sockutil_set_nodelay(listenfd, 1) < 0 || watch(listenfd, EPOLLIN) < 0)
        die("epoll");
    stop_on_signals(listenfd);
    announce(listenfd);

    /* 2. wait for all at once. While accept pauses, epoll reports nothing but errors of the listener. */
    int64_t resume = 0;
    while (!stopped) {
        struct epoll_event ready[64];
        int pause_ms = sockutil_ms_left(resume);
        if (watch(listenfd, pause_ms > 0 ? EPOLLERR : EPOLLIN) < 0)
            die("epoll_ctl");
        int n = epoll_wait(epollfd, ready, 64, pause_ms > 0 ? pause_ms : -1);
        if (n < 0 && errno != EINTR)
            die("epoll_wait");
        for (int i = 0; i < n; i++) {
            int fd = ready[i].data.fd;
            if (fd == listenfd)
                resume = enter();
            else if (ready[i].events & (EPOLLHUP | EPOLLERR)) /* both directions are over: no answer can arrive */
                leave(fd, sockutil_take_error(fd));
            else if (serve(fd, ready[i].events) < 0)
                leave(fd, errno);
        }
    }
    puts("server stopped"); /* the return from main closes all connections */
    return 0;
}
