/* thread_server.c - an echo server with a thread for each client. */
#include "example.h"
#include <pthread.h>

/* Threads with the 8 MiB that each gets by default would soon run out of address space where that is limited. */
#define STACK_BYTES (256 * 1024)

static const char HELP[] = "usage: thread_server [-h] [ip] [port]\n"
                           "Sends each client's lines back, each client in its own thread.\n"
                           "Default: any address, port 6666; port 0: a free one.\n"
                           "Ctrl-C or SIGTERM ends it, and the connections of clients that are still there.\n";

/* Each thread has one of its own. With a single one for all, the next client would change it under the thread's eyes.
 */
struct client {
    int connfd;
    struct address_text peer;
};

/* 5. close: by whoever is the last to know of the client. Nobody else closes it, as a parent must after fork. */
static void end(struct client *client) {
    printf("client close %s\n", client->peer.s);
    close_socket(client->connfd);
    free(client);
}

/* 4. exchange: by length, since a line may hold NULs. One longer than the buffer comes, and goes, in pieces. */
static void *serve(void *argument) {
    struct client *client = argument;
    char line[8192];
    ssize_t n;
    do
        n = readline(client->connfd, line, sizeof(line));
    while (n > 0 && writen(client->connfd, line, (size_t)n) == n);
    if (n != 0)
        perror(client->peer.s); /* the text of strerror may be shared with other threads */
    end(client);
    return NULL;
}

/* No failure here ends the server: it costs this client. */
static void begin(int connfd, const sockutil_addr *peer, const pthread_attr_t *detached) {
    struct client *client = malloc(sizeof(*client));
    if (client == NULL) {
        perror("malloc");
        close_socket(connfd);
        return;
    }
    *client = (struct client){connfd, endpoint_text(peer)};
    printf("client %s\n", client->peer.s);
    /* A thread is born with its parent's signal mask. SIGINT and SIGTERM are the accepting thread's business: what
     * their handler writes is safe for the thread that it interrupts to read, and for no other. */
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

    /* 2. threads that nobody waits for: detached. What is left of a thread that is neither detached nor joined stays,
     * and after some thousand clients there is no room for another. */
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
            (void)poll(NULL, 0, 100); /* the cause lasts, as when no descriptor is free: do not spin */
        }
    }
    close_socket(listenfd);
    (void)pthread_attr_destroy(&detached);

    /* 6. The return from main ends all threads. The lock, which is never given back, leaves us the last word. */
    flockfile(stdout);
    puts("server stopped");
    return 0;
}
