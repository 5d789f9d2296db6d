/* linger_reset.c - the ways to close a connection: what close returns and when, what the peer reads, what remains. */
#include "example.h"
#include "lab.h"
#include <pthread.h>

static const char HELP[] =
    "usage: linger_reset [-h]\n"
    "Closes connections over loopback, each in a different way, while the peer reads or does not.\n"
    "Prints the ports of both ends, this one first; how it was closed (close_reset: linger 0);\n"
    "what close returned, after how long, and the state then; how many bytes the peer then read,\n"
    "and how its stream ended; the states of both ends after the peer has closed.\n";

enum { LINE = 6, MUCH = 200000 }; /* bytes: a line; more than the peer's window holds */

static int graceful(int fd) {
    return sockutil_close_graceful(fd, 5000);
}

static int linger_1s(int fd) {
    if (sockutil_set_linger(fd, 1, 1) < 0)
        die("SO_LINGER");
    return close(fd);
}

static int linger_1s_nonblock(int fd) {
    if (sockutil_set_nonblock(fd, 1) < 0)
        die("O_NONBLOCK");
    return linger_1s(fd);
}

static struct peer {
    int fd, error; /* 0: it read to the end of the stream */
    size_t n;      /* bytes read */
} peer;

static void *read_and_close(void *unused) {
    static char buffer[2 * MUCH];
    peer.n = 0;
    peer.error = sockutil_read_full(peer.fd, buffer, sizeof(buffer), &peer.n, 5000) == 0 ? 0 : errno;
    close_socket(peer.fd);
    return unused;
}

static void experiment(const char *how, int (*close_it)(int fd), size_t n, const char *unread, int state,
                       int end_state) {
    static const char bytes[MUCH];
    struct tcp_pair pair = tcp_pair();
    pthread_t thread;
    peer.fd = pair.client;

    /* 1. fixed buffers: the sender's has room for all bytes, the receiver's has not */
    if (sockutil_setsockopt_int(pair.client, SOL_SOCKET, SO_RCVBUF, 65536) < 0 ||
        sockutil_setsockopt_int(pair.server, SOL_SOCKET, SO_SNDBUF, MUCH) < 0 ||
        sockutil_write_full(pair.client, unread, strlen(unread), NULL, SOCKUTIL_NOWAIT) < 0 ||
        (unread[0] != '\0' && sockutil_wait(pair.server, POLLIN, 2000) < 0) ||
        sockutil_write_full(pair.server, bytes, n, NULL, SOCKUTIL_NOWAIT) < 0)
        die("write");

    /* 2. close. The graceful close waits for the peer's end: there the peer reads in a thread, else after the close. */
    if (close_it == graceful && pthread_create(&thread, NULL, read_and_close, NULL) != 0)
        die("pthread_create");
    int64_t start = sockutil_now_ms();
    const char *returned = close_it(pair.server) == 0 ? "0" : strerror(errno);
    int64_t ms = sockutil_now_ms() - start;
    const char *after = state_when(-1, &pair.server_address, &pair.client_address, state);
    if (close_it == graceful ? pthread_join(thread, NULL) != 0 : read_and_close(NULL) != NULL)
        die("pthread_join");
    const char *here = state_when(-1, &pair.server_address, &pair.client_address, end_state);
    const char *there = state_when(-1, &pair.client_address, &pair.server_address, SOCKUTIL_TCP_CLOSED);
    const char *end = peer.error == 0 ? "end" : errno_name(peer.error);
    printf("  %5d-%-5d  %-18s%2s in %4d ms  %-9s  %6zu, %-10s  %-9s  %s\n", sockutil_addr_port(&pair.server_address),
           sockutil_addr_port(&pair.client_address), how, returned, (int)ms, after, peer.n, end, here, there);
}

int main(int argc, char *argv[]) {
    (void)next_option(argc, argv, "+h", HELP);
    no_more_arguments(argv);
    line_buffer_stdout();
    printf("  %-13s%-19s%-13s%-11s%-20s%-11s%s\n", "ports", "closed by", "returned", "state", "the peer read", "later",
           "peer");

    puts("A line was sent; the peer has room for it:");
    experiment("close_graceful", graceful, LINE, "", SOCKUTIL_TCP_TIME_WAIT, SOCKUTIL_TCP_TIME_WAIT);
    experiment("close", close, LINE, "", SOCKUTIL_TCP_FIN_WAIT2, SOCKUTIL_TCP_TIME_WAIT);
    experiment("close, linger 1 s", linger_1s, LINE, "", SOCKUTIL_TCP_FIN_WAIT2, SOCKUTIL_TCP_TIME_WAIT);
    experiment("close_reset", sockutil_close_reset, LINE, "", SOCKUTIL_TCP_CLOSED, SOCKUTIL_TCP_CLOSED);
    puts("200000 bytes were sent; the peer's window is full:");
    experiment("close", close, MUCH, "", SOCKUTIL_TCP_FIN_WAIT1, SOCKUTIL_TCP_TIME_WAIT);
    experiment("close, linger 1 s", linger_1s, MUCH, "", SOCKUTIL_TCP_FIN_WAIT1, SOCKUTIL_TCP_TIME_WAIT);
    experiment("same, O_NONBLOCK", linger_1s_nonblock, MUCH, "", SOCKUTIL_TCP_FIN_WAIT1, SOCKUTIL_TCP_TIME_WAIT);
    experiment("close_reset", sockutil_close_reset, MUCH, "", SOCKUTIL_TCP_CLOSED, SOCKUTIL_TCP_CLOSED);
    puts("The same, and a line of the peer's was not read:");
    experiment("close", close, MUCH, "unread\n", SOCKUTIL_TCP_CLOSED, SOCKUTIL_TCP_CLOSED);
    experiment("close_graceful", graceful, MUCH, "unread\n", SOCKUTIL_TCP_TIME_WAIT, SOCKUTIL_TCP_TIME_WAIT);
    return 0;
}
