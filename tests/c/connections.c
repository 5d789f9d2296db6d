/* A parent that serves and a child that asks, over TCP, a Unix socket and UDP; a passed descriptor; and the states of a
 * TCP connection up to TIME_WAIT. */
#include "check.h"
#include <sockutil.h>
#include <sys/wait.h>

/* A limit that is long enough for any machine. */
#define SOON 10000

static void say(int fd, const char *text) {
    CHECK(sockutil_write_full(fd, text, strlen(text), NULL, SOON) == 1);
}

static void hear(int fd, const char *text) {
    char line[64];
    CHECK(sockutil_read_line(fd, line, sizeof line, NULL, SOON) == 1);
    CHECK(strcmp(line, text) == 0);
}

static void hear_the_end(int fd) {
    char byte;
    CHECK(sockutil_read_full(fd, &byte, 1, NULL, SOON) == 0);
}

/* The port that the kernel chose, as text. */
static void port_of(int fd, char *text, size_t size) {
    sockutil_addr address;
    CHECK(sockutil_addr_local(fd, &address) == 0);
    CHECK(snprintf(text, size, "%d", sockutil_addr_port(&address)) > 0);
}

/* tests/cross.sh marks qemu's user mode, which lacks the sock_diag that is used here. */
#ifdef WITHOUT_SOCK_DIAG
#define BETWEEN(state) ((void)(state), -1)
#else
#define BETWEEN(state) (state)
#endif

/* A state changes with a segment or an acknowledgement, which can still be on its way. */
static void state_becomes(const sockutil_addr *local, const sockutil_addr *peer, int wanted) {
    int64_t end = sockutil_now_ms() + SOON;
    while (sockutil_tcp_state_between(local, peer) != BETWEEN(wanted)) {
        CHECK(sockutil_ms_left(end) > 0);
    }
}

/* The child asks once over each transport, and passes the end of a pipe. */
static void ask(const char *tcp_port, const char *udp_port, const char *path) {
    char answer[8];
    int gai, ends[2], fd = sockutil_tcp_connect("127.0.0.1", tcp_port, SOCKUTIL_NUMERIC, SOON, &gai);
    CHECK(fd >= 0 && gai == 0);
    CHECK(sockutil_tcp_state(fd) == SOCKUTIL_TCP_ESTABLISHED);
    say(fd, "tcp?\n");
    hear(fd, "tcp!\n");
    hear_the_end(fd);
    CHECK(sockutil_tcp_state(fd) == SOCKUTIL_TCP_CLOSE_WAIT);
    CHECK(sockutil_close(fd) == 0);

    fd = sockutil_unix_connect(path, 0, SOON);
    CHECK(fd >= 0);
    say(fd, "unix?\n");
    hear(fd, "unix!\n");
    CHECK(pipe(ends) == 0);
    CHECK(sockutil_send_fd(fd, ends[0], SOON) == 1);
    CHECK(sockutil_close(ends[0]) == 0);
    say(ends[1], "through the pipe\n");
    CHECK(sockutil_close(ends[1]) == 0);
    hear_the_end(fd);
    CHECK(sockutil_close(fd) == 0);

    fd = sockutil_udp_connect("127.0.0.1", udp_port, SOCKUTIL_NUMERIC, &gai);
    CHECK(fd >= 0 && gai == 0);
    CHECK(sockutil_sendto(fd, "udp?", 4, NULL, SOON) == 4);
    CHECK(sockutil_recvfrom(fd, answer, sizeof answer, NULL, NULL, SOON) == 4);
    CHECK(memcmp(answer, "udp!", 4) == 0);
    CHECK(sockutil_close(fd) == 0);
}

/* The server closes first, so TIME_WAIT is its own. */
static void serve_tcp(int listener) {
    sockutil_addr here, peer, same;
    int fd = sockutil_accept(listener, &peer, 0, SOON);
    CHECK(fd >= 0);
    CHECK(sockutil_addr_local(fd, &here) == 0 && sockutil_addr_peer(fd, &same) == 0);
    CHECK(sockutil_addr_equal(&peer, &same) == 1);
    CHECK(sockutil_tcp_state_between(&here, &peer) == BETWEEN(SOCKUTIL_TCP_ESTABLISHED));
    hear(fd, "tcp?\n");
    say(fd, "tcp!\n");
    CHECK(sockutil_close_graceful(fd, SOON) == 0);
    state_becomes(&here, &peer, SOCKUTIL_TCP_TIME_WAIT);
    state_becomes(&peer, &here, SOCKUTIL_TCP_CLOSED);
    CHECK(strcmp(sockutil_tcp_state_name(SOCKUTIL_TCP_TIME_WAIT), "TIME_WAIT") == 0);
}

static void serve_unix(int listener) {
    int pipe_end = -1, fd = sockutil_accept(listener, NULL, 0, SOON);
    CHECK(fd >= 0);
    hear(fd, "unix?\n");
    say(fd, "unix!\n");
    CHECK(sockutil_recv_fd(fd, &pipe_end, SOON) == 1);
    hear(pipe_end, "through the pipe\n");
    hear_the_end(pipe_end);
    CHECK(sockutil_close(pipe_end) == 0 && sockutil_close(fd) == 0);
}

static void serve_udp(int fd) {
    sockutil_addr peer;
    char question[3];
    int truncated = -1;
    CHECK(sockutil_recvfrom(fd, question, sizeof question, &peer, &truncated, SOON) == 3);
    CHECK(memcmp(question, "udp", 3) == 0 && truncated == 1);
    CHECK(sockutil_sendto(fd, "udp!", 4, &peer, SOON) == 4);
}

int main(int argc, char **argv) {
    char tcp_port[8], udp_port[8];
    int gai = -1, status = -1;
    CHECK_BOUND(30);
    CHECK(argc == 2);
    int tcp = sockutil_tcp_listen(NULL, "0", 8, 0, &gai);
    CHECK(tcp >= 0 && gai == 0 && sockutil_tcp_state(tcp) == SOCKUTIL_TCP_LISTEN);
    int udp = sockutil_udp_bind(NULL, "0", 0, &gai);
    CHECK(udp >= 0 && gai == 0);
    int local = sockutil_unix_listen(argv[1], 8, 0);
    CHECK(local >= 0);
    port_of(tcp, tcp_port, sizeof tcp_port);
    port_of(udp, udp_port, sizeof udp_port);

    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        CHECK_BOUND(30);
        CHECK(close(tcp) == 0 && close(udp) == 0 && close(local) == 0);
        ask(tcp_port, udp_port, argv[1]);
        _exit(0);
    }
    serve_tcp(tcp);
    serve_unix(local);
    serve_udp(udp);
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);

    /* A restart during TIME_WAIT: the same port, and the same path although its file is still there. */
    CHECK(sockutil_close(tcp) == 0 && sockutil_close(local) == 0 && sockutil_close(udp) == 0);
    tcp = sockutil_tcp_listen(NULL, tcp_port, 8, 0, &gai);
    local = sockutil_unix_listen(argv[1], 8, 0);
    CHECK(tcp >= 0 && local >= 0);
    CHECK(sockutil_tcp_listen(NULL, tcp_port, 8, 0, &gai) == -1 && errno == EADDRINUSE && gai == 0);
    CHECK(sockutil_unix_listen(argv[1], 8, 0) == -1 && errno == EADDRINUSE);
    CHECK(sockutil_close(tcp) == 0 && sockutil_close(local) == 0);
    CHECK(unlink(argv[1]) == 0);
    return 0;
}
