/* relay.c - a port forwarder: a process for each client moves the bytes between it and another server, both ways. */
#include "example.h"

#define CONNECT_MS 10000
#define STEP_MS 250 /* how long it may take to see that a connection has failed or is idle */
static const char HELP[] =
    "usage: relay [-h] [-i seconds] [ip] [port] [to]\n"
    "Connects each client to another server. Default: any address, port 6666; port 0: a free one.\n"
    "  to           the server, host:port, [::1]:port or unix:/path; default 127.0.0.1:7777\n"
    "  -i seconds   end a connection on which nothing moves for so long; default 300\n"
    "Ctrl-C or SIGTERM ends it. After SIGTERM the clients that it has are served to their end.\n";

static void on_child(int signo) {
    (void)signo;
    (void)sockutil_reap_children();
}

/* Step 4 of main: exchange. Two relays, each with its own memory. One passes the end of its stream on while the other
 * goes on: that is a half-close. Returns how it ended; NULL: both streams have ended, and all is delivered. */
static const char *forward(sockutil_relay both[2], int client, int server, int idle_ms) {
    static char memory[2][65536];
    if (sockutil_relay_init(&both[0], client, server, memory[0], sizeof(memory[0])) < 0 ||
        sockutil_relay_init(&both[1], server, client, memory[1], sizeof(memory[1])) < 0)
        die("relay_init");
    int64_t idle_at = sockutil_now_ms() + idle_ms;
    for (uint64_t before = 0;;) {
        int r = sockutil_relay_run(both, 2, STEP_MS), error = 0;
        if (r == 1)
            return NULL;
        if (errno != EAGAIN)
            return strerror(errno);
        if (stopped)
            return "stopped";
        /* If one has failed, an end of the connection is gone. The other relay would notice only at its next byte. */
        for (int i = 0; i < 2; i++)
            if (sockutil_relay_ended(&both[i], &error) && error != 0)
                return strerror(error);

        uint64_t moved = sockutil_relay_moved(&both[0]) + sockutil_relay_moved(&both[1]);
        if (moved != before)
            idle_at = sockutil_now_ms() + idle_ms;
        else if (sockutil_ms_left(idle_at) == 0)
            return "idle";
        before = moved;
    }
}

static void serve(int client, const char *peer, const char *to, int idle_ms) {
    int gai, server = sockutil_stream_connect(to, 0, CONNECT_MS, &gai);
    if (server < 0) {
        char text[128];
        fprintf(stderr, "client %s: %s: %s\n", peer, to, sockutil_error_text(errno, gai, text, sizeof(text)));
        close_socket(client);
        return;
    }
    sockutil_relay both[2];
    const char *problem = forward(both, client, server, idle_ms);
    printf("client close %s: %ju bytes there, %ju back%s%s\n", peer, (uintmax_t)sockutil_relay_moved(&both[0]),
           (uintmax_t)sockutil_relay_moved(&both[1]), problem != NULL ? ", " : "", problem != NULL ? problem : "");

    /* 5. close. After a failure with RST: a peer that gets FIN takes what has arrived for the whole. */
    if ((problem != NULL ? sockutil_close_reset(server) : close(server)) < 0 ||
        (problem != NULL ? sockutil_close_reset(client) : close(client)) < 0)
        perror("close");
}

int main(int argc, char *argv[]) {
    long idle_s = 300;
    while (next_option(argc, argv, "+hi:", HELP) == 'i') {
        char *end;
        idle_s = strtol(optarg, &end, 10);
        if (*end != '\0' || idle_s < 1 || idle_s > 1000000)
            bad_argument("not a number of seconds, 1 to 1000000", optarg);
    }
    const char *ip = next_argument(argv, "0.0.0.0"), *port = next_argument(argv, "6666");
    const char *to = next_argument(argv, "127.0.0.1:7777");
    no_more_arguments(argv);
    int gai; /* with the time 0, this checks the text and resolves the name, but makes no attempt */
    if (sockutil_stream_connect(to, 0, 0, &gai) >= 0 || errno != ETIMEDOUT)
        bad_argument("not a server", to);

    /* 1. create, bind, listen */
    int listenfd = sockutil_tcp_listen(ip, port, SOMAXCONN, SOCKUTIL_NUMERIC, &gai);
    if (listenfd < 0)
        endpoint_failed("listen", ip, port, gai);
    on_signal(SIGCHLD, on_child, SA_RESTART | SA_NOCLDSTOP);
    stop_on_signals(listenfd);
    announce(listenfd);

    while (!stopped) {
        /* 2. accept. The cause of a failure may last, as when no descriptor is free: the pause prevents a busy loop. */
        sockutil_addr client;
        int connfd = sockutil_accept(listenfd, &client, 0, SOCKUTIL_FOREVER);
        if (connfd < 0) {
            if (!stopped) {
                perror("accept");
                (void)poll(NULL, 0, 100);
            }
            continue;
        }
        struct address_text peer = endpoint_text(&client);
        printf("client %s\n", peer.s);

        /* 3. a process for this client. A signal there must not shut down the listener, which is its parent's too. */
        awaited = connfd;
        pid_t pid = fork();
        if (pid < 0)
            perror("fork"); /* costs this client, not the server */
        if (pid == 0) {
            close_socket(listenfd);
            serve(connfd, peer.s, to, (int)idle_s * 1000);
            return 0;
        }
        awaited = listenfd;
        close_socket(connfd);
    }
    close_socket(listenfd);
    puts("server stopped");
    return 0;
}
