/* servers.c - epoll_server against a bare epoll loop: what an answered line costs the server, in processor time. */
#include "bench.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LINE_BYTES 64
#define MOST_CONNECTIONS 10000

/* Lines in one sample, over all connections; at least one for each. */
#define EXCHANGES 1000

/* How often the servers are started: the place of a process's memory makes some percent of difference, and the least of
 * several starts does not depend on it. */
#define STARTS 6

struct server {
    pid_t pid;
    clockid_t clock;
    in_port_t port;
    int said; /* its stdout */
    int count;
    int connections[MOST_CONNECTIONS];
};

static char *lines;

static struct server start(const char *program) {
    struct server server = {.count = 0};
    int pipe_ends[2];
    char text[256];
    if (pipe2(pipe_ends, O_CLOEXEC) < 0)
        fail_call("pipe2");
    /* Discard the output of epoll_server about a thousand clients. */
    if (fcntl(pipe_ends[1], F_SETPIPE_SZ, 1 << 20) < 0)
        fail_call("fcntl(F_SETPIPE_SZ)");
    server.pid = fork();
    if (server.pid < 0)
        fail_call("fork");
    if (server.pid == 0) {
        /* It comes after the client when both have something to do, so that all that a round sends lies there when the
         * server wakes: each server then finds the same work in the same portions. */
        struct sched_param none = {0};
        if (sched_setscheduler(0, SCHED_BATCH, &none) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 ||
            dup2(pipe_ends[1], STDOUT_FILENO) < 0)
            fail_call("a server's process");
        if (strstr(program, "epoll_server") != NULL)
            execl(program, program, "127.0.0.1", "0", (char *)NULL);
        else
            execl(program, program, (char *)NULL);
        fail_call(program);
    }
    close(pipe_ends[1]);
    server.said = pipe_ends[0];
    size_t length = 0;
    do {
        ssize_t got = read(server.said, text + length, sizeof text - 1 - length);
        if (got <= 0)
            fail("%s does not say where it listens", program);
        length += (size_t)got;
        text[length] = '\0';
    } while (strchr(text, '\n') == NULL);
    const char *colon = strrchr(text, ':');
    NEED(colon != NULL);
    server.port = htons((in_port_t)strtoul(colon + 1, NULL, 10));
    if (clock_getcpuclockid(server.pid, &server.clock) != 0)
        fail("a server has no clock");
    return server;
}

static void stop(struct server *server) {
    if (kill(server->pid, SIGKILL) < 0 || waitpid(server->pid, NULL, 0) != server->pid)
        fail_call("kill");
    /* With RST, so that nothing is left for the next start. */
    struct linger at_once = {.l_onoff = 1};
    for (int i = 0; i < server->count; i++) {
        if (setsockopt(server->connections[i], SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) < 0)
            fail_call("setsockopt");
        close(server->connections[i]);
    }
    close(server->said);
}

static void connect_more(struct server *server, int count) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = server->port};
    while (server->count < count) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
        if (fd < 0 || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0 ||
            connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
            fail_call("connect");
        server->connections[server->count++] = fd;
    }
}

/* A line on each connection at once; then their answers. */
static void exchange(const struct server *server) {
    char answer[LINE_BYTES];
    for (int i = 0; i < server->count; i++)
        if (send(server->connections[i], lines + i * LINE_BYTES, LINE_BYTES, MSG_NOSIGNAL) != LINE_BYTES)
            fail_call("send");
    /* Read the last one first: when it is answered, all others are. */
    for (int i = server->count - 1; i >= 0; i--) {
        if (recv(server->connections[i], answer, LINE_BYTES, MSG_WAITALL) != LINE_BYTES)
            fail_call("recv");
        if (memcmp(answer, lines + i * LINE_BYTES, LINE_BYTES) != 0)
            fail("a server sent a wrong line");
    }
}

static double run(void *context) {
    const struct server *server = context;
    double start = clock_ns(server->clock);
    for (int i = 0; i < EXCHANGES; i += server->count)
        exchange(server);
    return clock_ns(server->clock) - start;
}

/* One server after the other: the usual limit of descriptors does not allow both at once. */
static double of_most(const char *program) {
    static struct server server;
    double least = INFINITY;
    for (int i = 0; i < STARTS / 2; i++) {
        server = start(program);
        connect_more(&server, MOST_CONNECTIONS);
        exchange(&server);
        struct contender contender = {.run = run, .context = &server};
        contest(&contender, 1);
        least = fmin(least, contender.least);
        stop(&server);
    }
    return least;
}

void bench_servers(void) {
    static const int CONNECTIONS[] = {100, 1000};
    static const char *const SIZES[] = {"100 clients", "1000 clients"};
    double least[LENGTH(CONNECTIONS)][2] = {{INFINITY, INFINITY}, {INFINITY, INFINITY}};
    static struct server ours, bare;
    int all_rounds = rounds;
    lines = make_lines(LINE_BYTES, MOST_CONNECTIONS * LINE_BYTES);
    rounds = rounds / STARTS + 1;
    for (int i = 0; i < STARTS; i++) {
        ours = start(EPOLL_SERVER);
        bare = start(BARE_EPOLL);
        for (size_t k = 0; k < LENGTH(CONNECTIONS); k++) {
            connect_more(&ours, CONNECTIONS[k]);
            connect_more(&bare, CONNECTIONS[k]);
            exchange(&ours);
            exchange(&bare);
            struct contender contenders[] = {{.run = run, .context = &ours}, {.run = run, .context = &bare}};
            contest(contenders, LENGTH(contenders));
            for (size_t c = 0; c < LENGTH(contenders); c++)
                least[k][c] = fmin(least[k][c], contenders[c].least);
        }
        stop(&ours);
        stop(&bare);
    }
    struct rlimit descriptors;
    if (getrlimit(RLIMIT_NOFILE, &descriptors) < 0)
        fail_call("getrlimit");
    bool allowed = descriptors.rlim_cur >= MOST_CONNECTIONS + 100;
    rounds = rounds / 10 + 3;
    double ours_of_most = allowed ? of_most(EPOLL_SERVER) : 0, bare_of_most = allowed ? of_most(BARE_EPOLL) : 0;
    rounds = all_rounds;
    for (size_t k = 0; k < LENGTH(CONNECTIONS); k++)
        row("epoll_server", SIZES[k], "bare epoll loop", least[k][0] / least[k][1], AT_MOST(1.03));
    if (allowed)
        row("epoll_server", "10000 clients", "bare epoll loop", ours_of_most / bare_of_most, AT_MOST(1.03));
    else
        row_absent("epoll_server", "10000 clients", "as many descriptors");
    free(lines);
}
