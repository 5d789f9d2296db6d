/* epoll_server.c - an echo server that serves all its clients in one thread, with epoll. */
#include "example.h"
#include <sys/epoll.h>
#define INPUT (EPOLLIN | EPOLLRDHUP)
static const char HELP[] = "usage: epoll_server [-h] [ip] [port]\n"
                           "Sends each client's lines back. Default: any address, port 6666; port 0: a free one.\n";

/* All that is kept of a client. A line goes out from where it came in; until it is out, nothing more is read. */
struct client {
    struct client *next, *last;
    int fd, awaited, half_closed; /* awaited: events */
    char *line;
    size_t len, sent; /* of the line; len is 0 when none is on its way out */
    struct address_text peer;
    sockutil_reader reader;
    char memory[4096];
};
static struct client listener = {.next = &listener, .last = &listener}; /* and the clients, in a ring */
static int epollfd;

static int await(struct client *c, int events) {
    struct epoll_event event = {.events = (uint32_t)events, .data.ptr = c};
    int operation = c->awaited == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, change = events != c->awaited;
    c->awaited = events;
    return change ? epoll_ctl(epollfd, operation, c->fd, &event) : 0;
}

static void leave(struct client *c, int error) {
    if (error != 0)
        fprintf(stderr, "client %s: %s\n", c->peer.s, strerror(error));
    printf("client close %s\n", c->peer.s);
    close_socket(c->fd); /* which takes it out of epoll's set, too */
    c->last->next = c->next;
    c->next->last = c->last;
    free(c);
}

/* 3. accept. Where that fails it may fail again at once, as when no descriptor is free. Returns when to go on, or 0. */
static int64_t enter(void) {
    sockutil_addr peer;
    struct client *c = malloc(sizeof(*c));
    int fd = c != NULL ? sockutil_accept(listener.fd, &peer, 0, SOCKUTIL_NOWAIT) : -1;
    if (fd < 0) {
        if (!stopped)
            perror("accept");
        free(c);
        return sockutil_now_ms() + 100;
    }
    *c = (struct client){.fd = fd, .next = listener.next, .last = &listener, .peer = endpoint_text(&peer)};
    listener.next = c->next->last = c;
    printf("client %s\n", c->peer.s);
    if (sockutil_reader_init(&c->reader, fd, c->memory, sizeof(c->memory)) < 0 || await(c, INPUT) < 0)
        leave(c, errno);
    return 0;
}

/* 4. exchange, until there is nothing to do, or others must have their turn. -1: it is over, errno says why. */
static int serve(struct client *c, uint32_t events) {
    int lines = 0;
    if (events & EPOLLRDHUP && !c->half_closed++)
        printf("client half-close %s\n", c->peer.s); /* it still reads: it gets its answers */
    do {
        errno = 0; /* what it is at the end of the stream. Before it, there may be a last line without newline. */
        if (c->len == 0 && sockutil_reader_line(&c->reader, &c->line, &c->len, SOCKUTIL_NOWAIT) < 1 && c->len == 0)
            return errno == EAGAIN ? await(c, INPUT) : -1;
        if (sockutil_write_full(c->fd, c->line, c->len, &c->sent, SOCKUTIL_NOWAIT) < 0)
            return errno == EAGAIN ? await(c, EPOLLOUT) : -1; /* only: the others would wake us in vain */
        if (c->line[c->len - 1] != '\n' && /* a last line, or a piece of one: the reader holds it, and no more */
            sockutil_reader_init(&c->reader, c->fd, c->memory, sizeof(c->memory)) < 0)
            return -1;
        c->len = c->sent = 0;
    } while (sockutil_reader_pending(&c->reader) > 0 && ++lines < 32);
    /* epoll knows nothing of what the reader holds. But there is room to send, and so we are called again. */
    return await(c, sockutil_reader_pending(&c->reader) > 0 ? EPOLLOUT : INPUT);
}

int main(int argc, char *argv[]) {
    (void)next_option(argc, argv, "+h", HELP);
    const char *ip = optind < argc ? argv[optind++] : "0.0.0.0";
    const char *port = optind < argc ? argv[optind++] : "6666";
    if (optind < argc)
        bad_argument("too many arguments", argv[optind]);

    /* 1. listen. Connections inherit TCP_NODELAY: each line leaves at once. */
    int gai;
    listener.fd = sockutil_tcp_listen(ip, port, SOMAXCONN, SOCKUTIL_NUMERIC | SOCKUTIL_NONBLOCK, &gai);
    if (listener.fd < 0)
        endpoint_failed("listen", ip, port, gai);
    epollfd = epoll_create1(EPOLL_CLOEXEC);
    if (epollfd < 0 || sockutil_set_nodelay(listener.fd, 1) < 0 || await(&listener, EPOLLIN) < 0)
        die("epoll");
    stop_on_signals(listener.fd);
    announce(listener.fd);

    /* 2. wait for all at once */
    for (int64_t resume = 0; !stopped;) {
        struct epoll_event ready[64];
        int pause_ms = resume != 0 ? sockutil_ms_left(resume) : 0; /* in accepting: else we would spin */
        (void)await(&listener, pause_ms > 0 ? EPOLLERR : EPOLLIN);
        int n = epoll_wait(epollfd, ready, 64, pause_ms > 0 ? pause_ms : -1);
        if (n < 0 && errno != EINTR)
            die("epoll_wait");
        for (int i = 0; i < n; i++) {
            struct client *c = ready[i].data.ptr;
            if (c == &listener)
                resume = enter();
            else if (ready[i].events & (EPOLLHUP | EPOLLERR)) /* it is gone: no answer would arrive */
                leave(c, sockutil_take_error(c->fd));
            else if (serve(c, ready[i].events) < 0)
                leave(c, errno);
        }
    }

    while (listener.next != &listener)
        leave(listener.next, 0);
    close_socket(epollfd);
    close_socket(listener.fd);
    puts("server stopped");
    return 0;
}
