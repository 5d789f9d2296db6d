/* window.c - flow control: a reader that does not read blocks the writer; and how many reads many small writes need. */
#include "example.h"
#include "lab.h"
#include <netinet/tcp.h>

#define TOTAL 1000000
#define MESSAGE 10
#define BLOCKED_MS 300
#define LIMIT_MS 5000
static const char HELP[] =
    "usage: window [-h]\n"
    "Writes to a reader that does not read, then lets it read; then compares writes and reads.\n";

static char sent[TOTAL], came[TOTAL];

/* Writes the bytes that are not written yet. *taken is correct after a timeout too: the next call continues there. */
static void write_on(int writer, size_t *taken, int timeout_ms) {
    int64_t start = sockutil_now_ms();
    int r = sockutil_write_full(writer, sent, TOTAL, taken, timeout_ms);
    if (r < 0 && errno != EAGAIN)
        die("write");
    printf("writer: %zu bytes taken after %d ms, then %s\n", *taken, (int)(sockutil_now_ms() - start),
           r < 0 ? "EAGAIN" : "nothing is left");
}

/* Many small writes, and only after them reads, each of which takes what is there. */
static void small_writes(int nodelay) {
    struct tcp_pair pair = tcp_pair();
    int writes = 0, reads = 0, on;
    size_t total = 0;
    ssize_t n;
    if (sockutil_set_nodelay(pair.client, nodelay) < 0 ||
        sockutil_getsockopt_int(pair.client, IPPROTO_TCP, TCP_NODELAY, &on) < 0)
        die("TCP_NODELAY");
    for (; writes < 1000; writes++)
        if (writen(pair.client, sent + MESSAGE * writes, MESSAGE) < 0)
            die("write");
    if (sockutil_shutdown_write(pair.client) < 0)
        die("shutdown");
    while ((n = read(pair.server, came + total, TOTAL - total)) > 0) {
        total += (size_t)n;
        reads++;
    }
    if (n < 0)
        die("read");
    printf("TCP_NODELAY %s: %d writes of %d bytes, %d reads: %zu bytes, %s\n", on ? "on" : "off", writes, MESSAGE,
           reads, total, memcmp(sent, came, total) == 0 ? "as sent" : "not as sent");
    close_socket(pair.client);
    close_socket(pair.server);
}

int main(int argc, char *argv[]) {
    (void)next_option(argc, argv, "+h", HELP);
    no_more_arguments(argv);
    line_buffer_stdout();
    for (size_t i = 0; i < TOTAL; i++)
        sent[i] = (char)(i ^ i >> 8 ^ i >> 16);

    /* 1. connect. Two buffers of this size hold less than TOTAL bytes, whatever this machine's defaults are. */
    struct tcp_pair pair = tcp_pair();
    int writer = pair.client, reader = pair.server;
    if (sockutil_setsockopt_int(writer, SOL_SOCKET, SO_SNDBUF, 65536) < 0 ||
        sockutil_setsockopt_int(reader, SOL_SOCKET, SO_RCVBUF, 65536) < 0)
        die("setsockopt");
    printf("writer %s, ", endpoint_text(&pair.client_address).s);
    printf("reader %s, %d bytes to write\n", endpoint_text(&pair.server_address).s, TOTAL);

    /* 2. write without a reader: first without waiting, then with a timeout */
    size_t taken = 0, received = 0;
    write_on(writer, &taken, SOCKUTIL_NOWAIT);
    write_on(writer, &taken, BLOCKED_MS);

    /* 3. where the bytes are. Until its acknowledgement arrives a byte counts at both ends, so wait for that. */
    int64_t end = sockutil_now_ms() + LIMIT_MS;
    int unread, unsent;
    do {
        (void)poll(NULL, 0, 1);
        unread = received_bytes(reader);
        unsent = unacknowledged_bytes(writer);
    } while (unsent >= 0 && (size_t)unread + (size_t)unsent != taken && sockutil_ms_left(end) > 0);
    if (unsent >= 0)
        printf("queued: %d bytes at the reader, %d at the writer\n", unread, unsent);
    else
        printf("queued: %d bytes at the reader; how many at the writer is not known here\n", unread);

    /* 4. read these bytes. That opens the window, and the writer continues where it stopped. */
    int turns = 1;
    for (;; turns++) {
        if (sockutil_read_full(reader, came, taken, &received, LIMIT_MS) != 1)
            die("read");
        if (turns == 1)
            printf("reader: %zu bytes read\n", received);
        if (taken == TOTAL)
            break;
        if (sockutil_wait(writer, POLLOUT, LIMIT_MS) < 0)
            die("poll");
        size_t before = taken;
        if (sockutil_write_full(writer, sent, TOTAL, &taken, SOCKUTIL_NOWAIT) < 0 && errno != EAGAIN)
            die("write");
        if (turns == 1)
            printf("writer: %zu bytes more\n", taken - before);
    }
    int same = memcmp(sent, came, TOTAL) == 0;
    printf("in %d turns: %zu bytes written, %zu read, %s\n", turns, taken, received, same ? "as sent" : "not as sent");
    close_socket(writer);
    close_socket(reader);

    /* 5. a stream has no message boundaries, with or without TCP_NODELAY */
    small_writes(0);
    small_writes(1);
    return same ? 0 : 1;
}
