/* epoll HOST:PORT IDLE_MS CLIENTS - a proxy by epoll: prints its own port, and for each connection that ends one line.
 * It ends after so many clients. */
#define SOCKUTIL_NO_CLASSIC_NAMES
#include <errno.h>
#include <sockutil.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

enum { MOST = 64, ROOM = 16384 };

struct connection {
    int fd[2]; /* client, server */
    bool in_set[2];
    sockutil_relay relay[2];
    char mem[2][ROOM];
    uint64_t moved;
    int64_t idle_at;
};

static struct connection *connections[MOST];
static int set, idle_ms, over;

/* A descriptor is from of one relay and to of the other. */
static void watch(struct connection *c, uint32_t number) {
    short events[2] = {0, 0};
    for (int i = 0; i < 2; i++) {
        struct pollfd ends[2];
        sockutil_relay_wants(&c->relay[i], ends);
        for (int k = 0; k < 2; k++)
            if (ends[k].fd >= 0)
                events[ends[k].fd == c->fd[1]] |= ends[k].events;
    }
    for (int i = 0; i < 2; i++) {
        struct epoll_event event = {.events = (uint32_t)events[i], .data.u32 = number};
        if (events[i] != 0 && epoll_ctl(set, c->in_set[i] ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, c->fd[i], &event) != 0)
            abort();
        if (events[i] == 0 && c->in_set[i] && epoll_ctl(set, EPOLL_CTL_DEL, c->fd[i], NULL) != 0)
            abort();
        c->in_set[i] = events[i] != 0;
    }
}

static void end(uint32_t number, const char *why) {
    struct connection *c = connections[number];
    printf("%s %llu %llu\n", why, (unsigned long long)sockutil_relay_moved(&c->relay[0]),
           (unsigned long long)sockutil_relay_moved(&c->relay[1]));
    for (int i = 0; i < 2; i++)
        if (sockutil_close(c->fd[i]) != 0)
            abort();
    free(c);
    connections[number] = NULL;
    over++;
}

static void go_on(uint32_t number) {
    struct connection *c = connections[number];
    int result = sockutil_relay_run(c->relay, 2, SOCKUTIL_NOWAIT);
    if (result == 1) {
        end(number, "end");
    } else if (errno != EAGAIN) {
        end(number, strerror(errno));
    } else {
        uint64_t moved = sockutil_relay_moved(&c->relay[0]) + sockutil_relay_moved(&c->relay[1]);
        if (moved != c->moved)
            c->idle_at = sockutil_now_ms() + idle_ms;
        c->moved = moved;
        watch(c, number);
    }
}

int main(int argc, char **argv) {
    char *port = argc == 4 ? strrchr(argv[1], ':') : NULL;
    if (port == NULL)
        return 2;
    *port++ = '\0';
    idle_ms = atoi(argv[2]);
    int clients = atoi(argv[3]);
    unsigned long wakeups = 0;
    int listener = sockutil_tcp_listen("127.0.0.1", "0", 64, SOCKUTIL_NONBLOCK, NULL);
    sockutil_addr own;
    set = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = MOST};
    if (listener < 0 || set < 0 || sockutil_addr_local(listener, &own) != 0 ||
        epoll_ctl(set, EPOLL_CTL_ADD, listener, &event) != 0)
        return 1;
    printf("%d\n", sockutil_addr_port(&own));
    fflush(stdout);
    while (over < clients) {
        struct epoll_event events[16];
        int64_t first = INT64_MAX;
        for (uint32_t i = 0; i < MOST; i++)
            if (connections[i] != NULL && connections[i]->idle_at < first)
                first = connections[i]->idle_at;
        int n = epoll_wait(set, events, 16, first == INT64_MAX ? -1 : sockutil_ms_left(first));
        wakeups++;
        for (int i = 0; i < n; i++) {
            uint32_t number = events[i].data.u32;
            if (number < MOST) {
                if (connections[number] != NULL)
                    go_on(number);
                continue;
            }
            int client = sockutil_accept(listener, NULL, SOCKUTIL_NONBLOCK, SOCKUTIL_NOWAIT);
            if (client < 0)
                continue;
            struct connection *c = calloc(1, sizeof *c);
            if (c == NULL)
                return 1;
            int server = sockutil_tcp_connect(argv[1], port, SOCKUTIL_NONBLOCK, 5000, NULL);
            c->fd[0] = client, c->fd[1] = server;
            if (server < 0 || sockutil_relay_init(&c->relay[0], client, server, c->mem[0], ROOM) != 0 ||
                sockutil_relay_init(&c->relay[1], server, client, c->mem[1], ROOM) != 0)
                return 1;
            c->idle_at = sockutil_now_ms() + idle_ms;
            for (number = 0; connections[number] != NULL; number++)
                if (number == MOST - 1)
                    return 1;
            connections[number] = c;
            go_on(number);
        }
        for (uint32_t i = 0; i < MOST; i++)
            if (connections[i] != NULL && sockutil_ms_left(connections[i]->idle_at) == 0)
                end(i, "idle");
    }
    printf("wakeups %lu\n", wakeups);
    return sockutil_close(listener) == 0 && sockutil_close(set) == 0 ? 0 : 1;
}
