/* process_server.c - three generations: the main process waits, its child accepts, the grandchildren serve. */
#include "example.h"
#include <sys/wait.h>

static const char HELP[] =
    "usage: process_server [-h] [ip] [port]\n"
    "Sends each client's lines back: a child accepts, and forks for each client. If that child is\n"
    "killed, the main process reports it and ends. Default: any address, port 6666; port 0: a free one.\n"
    "Ctrl-C or SIGTERM ends it. After SIGTERM the clients that it has are served to their end.\n";

/* For the accepting process: each process reaps its own children. */
static void on_child(int signo) {
    (void)signo;
    (void)sockutil_reap_children();
}

/* The grandchild: sends each line back. */
static void serve(int connfd, const char *peer) {
    char line[8192];
    ssize_t n;
    do
        n = readline(connfd, line, sizeof(line));
    while (n > 0 && writen(connfd, line, (size_t)n) == n);
    if (n != 0 && !stopped)
        fprintf(stderr, "client %s: %s\n", peer, strerror(errno));
    printf("client close %s\n", peer);
}

/* The child: accepts, and forks a process for each client. */
static int accept_clients(int listenfd) {
    on_signal(SIGCHLD, on_child, SA_RESTART | SA_NOCLDSTOP);
    while (!stopped) {
        sockutil_addr client;
        int connfd = sockutil_accept(listenfd, &client, 0, SOCKUTIL_FOREVER);
        if (connfd < 0 && errno == EINVAL) /* shut down, perhaps by main's handler: the listener is main's, too */
            break;
        if (connfd < 0) {
            perror("accept");
            (void)poll(NULL, 0, 100); /* the cause may last: the pause prevents a busy loop */
            continue;
        }
        struct address_text peer = endpoint_text(&client);
        awaited = connfd; /* before fork: else a stop signal in the grandchild shut down the listener */
        pid_t pid = fork();
        if (pid < 0)
            perror("fork"); /* costs this client, not the server */
        if (pid == 0) {
            close_socket(listenfd);
            printf("client %s: process %ld, child of %ld\n", peer.s, (long)getpid(), (long)getppid());
            if (!stopped) /* by a signal that came before awaited was set */
                serve(connfd, peer.s);
            close_socket(connfd);
            return 0;
        }
        awaited = listenfd;
        close_socket(connfd); /* or the client would never see the end of its stream */
    }
    return 0;
}

int main(int argc, char *argv[]) {
    (void)next_option(argc, argv, "+h", HELP);
    const char *ip = next_argument(argv, "0.0.0.0");
    const char *port = next_argument(argv, "6666");
    no_more_arguments(argv);

    /* 1. create, bind, listen */
    int gai, listenfd = sockutil_tcp_listen(ip, port, SOMAXCONN, SOCKUTIL_NUMERIC, &gai);
    if (listenfd < 0)
        endpoint_failed("listen", ip, port, gai);
    stop_on_signals(listenfd); /* before fork: a signal to any of the processes is handled from its start on */
    announce(listenfd);

    /* 2. fork the child that accepts */
    pid_t accepting = fork();
    if (accepting < 0)
        die("fork");
    if (accepting == 0) {
        printf("accepting: process %ld, child of %ld\n", (long)getpid(), (long)getppid());
        return accept_clients(listenfd);
    }

    /* 3. wait until it ends, and reap it. SA_RESTART: a signal that stops the server does not end the wait; it shuts
     * down the listener, and that ends the child. */
    int status;
    if (waitpid(accepting, &status, 0) < 0)
        die("waitpid");

    /* 4. close. While the listener is open, clients can connect: without an accepting process they would wait for
     * ever. */
    close_socket(listenfd);
    if (WIFSIGNALED(status)) {
        fprintf(stderr, "accepting process %ld: %s\n", (long)accepting, strsignal(WTERMSIG(status)));
        return 1;
    }
    if (WEXITSTATUS(status) != 0)
        return 1;
    puts("server stopped");
    return 0;
}
