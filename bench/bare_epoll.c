/* bare_epoll.c - the smallest epoll loop that sends whole lines back, the comparator of epoll_server. A line that does
 * not fit, or an answer that the kernel does not take at once, ends the connection. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct client {
    int fd;
    size_t held;
    char memory[4096];
};

static void need(int condition, const char *call) {
    if (!condition) {
        perror(call);
        exit(1);
    }
}

static int echo(struct client *c) {
    ssize_t got = recv(c->fd, c->memory + c->held, sizeof c->memory - c->held, MSG_DONTWAIT);
    if (got <= 0)
        return -1;
    c->held += (size_t)got;
    const char *newline = memrchr(c->memory, '\n', c->held);
    if (newline == NULL)
        return c->held < sizeof c->memory ? 0 : -1;
    size_t whole = (size_t)(newline - c->memory) + 1;
    if (send(c->fd, c->memory, whole, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)whole)
        return -1;
    c->held -= whole;
    if (c->held > 0)
        memmove(c->memory, c->memory + whole, c->held);
    return 0;
}

int main(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int on = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int epollfd = epoll_create1(EPOLL_CLOEXEC);
    need(listener >= 0 && epollfd >= 0, "socket");
    need(setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0, "setsockopt");
    need(bind(listener, (struct sockaddr *)&address, size) == 0 && listen(listener, SOMAXCONN) == 0 &&
             getsockname(listener, (struct sockaddr *)&address, &size) == 0,
         "listen");
    struct epoll_event event = {.events = EPOLLIN};
    need(epoll_ctl(epollfd, EPOLL_CTL_ADD, listener, &event) == 0, "epoll_ctl");
    printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
    need(fflush(stdout) == 0, "stdout");
    for (;;) {
        struct epoll_event ready[64];
        int n = epoll_wait(epollfd, ready, 64, -1);
        need(n >= 0, "epoll_wait");
        for (int i = 0; i < n; i++) {
            struct client *c = ready[i].data.ptr;
            if (c != NULL) {
                if (echo(c) < 0) {
                    close(c->fd);
                    free(c);
                }
                continue;
            }
            int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
            c = fd >= 0 ? malloc(sizeof *c) : NULL;
            need(c != NULL, "accept4");
            c->fd = fd;
            c->held = 0;
            event = (struct epoll_event){.events = EPOLLIN, .data.ptr = c};
            need(epoll_ctl(epollfd, EPOLL_CTL_ADD, fd, &event) == 0, "epoll_ctl");
        }
    }
}
