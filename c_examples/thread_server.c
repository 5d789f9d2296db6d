/* thread_server.c - an echo server with a thread for each client. */
#include "example.h"
#include <pthread.h>

/* With the default of 8 MiB for each thread, a limited address space would soon be full. */
#define STACK_BYTES (256 * 1024)

static const char HELP[] = "usage: thread_server [-h] [ip] [port]\n"
                           "Sends each client's lines back, each client in its own thread.\n"
                           "Default: any address, port 6666; port 0: a free one.\n"
                           "Ctrl-C or SIGTERM ends it, and the connections of clients that are still there.\n";

/* One for each thread. If all threads shared one, the next client would change it while a thread reads it. */
struct client {
    int connfd;
    struct address_text peer;
};

/* 5. close. All threads share the descriptor, so it is closed once (after fork, parent and child both close it). */
static void end(struct client *client) {
    printf("client close %s\n", client->peer.s);
    close_socket(client->connfd);
    free(client);
}

/* 4. exchange. A line is sent by its length, since it may hold NULs. A line longer than the buffer comes in pieces. */
static void *serve(void *argument) {
    struct client *client = argument;
    char line[8192];
    ssize_t n;
    do
        n = readline(client->connfd, line, sizeof(line));
    while (n > 0 && writen(client->connfd, line, (size_t)n) == n);
    if (n != 0)
        perror(client->peer.s); /* strerror may return the same buffer in all threads */
    end(client);
    return NULL;
}

/* A failure here costs this client, not the server. */
static void begin(int connfd, const sockutil_addr *peer, const pthread_attr_t *detached) {
    struct client *client = malloc(sizeof(*client));
    if (client == NULL) {
        perror("malloc");
        close_socket(connfd);
        return;
    }
    *client = (struct client){connfd, endpoint_text(peer)};
    printf("client %s\n", client->peer.s);
    /* A new thread inherits the signal mask. Only the accepting thread handles SIGINT and SIGTERM: a sig_atomic_t that
     * a handler sets is safe to read only in the thread that was interrupted. */
    sigset_t stops, before;
    if (sigemptyset(&stops) < 0 || sigaddset(&stops, SIGINT) < 0 || sigaddset(&stops, SIGTERM) < 0 ||
        (errno = pthread_sigmask(SIG_BLOCK, &stops, &before)) != 0)
        die("pthread_sigmask");
    pthread_t thread;
    int failure = pthread_create(&thread, detached, serve, client);
    if ((errno = pthread_sigmask(SIG_SETMASK, &before, NULL)) != 0)
        die("pthread_sigmask");
    if (failure != 0) {
        errno = failure;
        perror("pthread_create");
        end(client);
    }
}

int main(int argc, char *argv[]) {
    (void)next_option(argc, argv, "+h", HELP);
    const char *ip = next_argument(argv, "0.0.0.0");
    const char *port = next_argument(argv, "6666");
    no_more_arguments(argv);

    /* 1. listen. Connections inherit TCP_NODELAY: each line leaves at once. */
    int gai, listenfd = sockutil_tcp_listen(ip, port, SOMAXCONN, SOCKUTIL_NUMERIC, &gai);
    if (listenfd < 0)
        endpoint_failed("listen", ip, port, gai);
    if (sockutil_set_nodelay(listenfd, 1) < 0)
        die("set_nodelay");
    stop_on_signals(listenfd);

    /* 2. detached threads. A thread that is neither detached nor joined keeps its stack after its end, and after some
     * thousand clients no thread can be created. */
    pthread_attr_t detached;
    if ((errno = pthread_attr_init(&detached)) != 0 ||
        (errno = pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED)) != 0 ||
        (errno = pthread_attr_setstacksize(&detached, STACK_BYTES)) != 0)
        die("pthread_attr");
    announce(listenfd);

    /* 3. accept */
    while (!stopped) {
        sockutil_addr peer;
        int connfd = sockutil_accept(listenfd, &peer, 0, SOCKUTIL_FOREVER);
        if (connfd >= 0) {
            begin(connfd, &peer, &detached);
        } else if (!stopped) {
            perror("accept");
            (void)poll(NULL, 0, 100); /* the cause may last, as when no descriptor is free: prevents a busy loop */
        }
    }
    close_socket(listenfd);
    (void)pthread_attr_destroy(&detached);

    /* 6. The return from main ends all threads. With the lock, which is never released, none of them can print more. */
    flockfile(stdout);
    puts("server stopped");
    return 0;
}
