/* urgent.c - urgent data (MSG_OOB): one byte, the last one that was sent so. The others are ordinary data. */
#include "example.h"
#include "lab.h"

static const char HELP[] = "usage: urgent [-h]\n"
                           "Sends bytes with MSG_OOB, and prints what recv, recv with MSG_OOB and sockatmark return.\n";

/* Sends, and waits until the peer's kernel has the bytes. */
static void put(int fd, const char *text, int flags) {
    if (send(fd, text, strlen(text), flags) != (ssize_t)strlen(text))
        die("send");
    printf("send \"%s\"%s\n", text, flags & MSG_OOB ? ", MSG_OOB" : "");
    int64_t end = sockutil_now_ms() + 2000;
    while (unacknowledged_bytes(fd) > 0 && sockutil_ms_left(end) > 0)
        (void)poll(NULL, 0, 1);
}

static void take(int fd, int flags) {
    char text[100];
    ssize_t n = recv(fd, text, sizeof(text), flags | MSG_DONTWAIT);
    printf("  recv%s: ", flags & MSG_OOB ? ", MSG_OOB" : "");
    if (n < 0)
        printf("%s\n", errno == EINVAL ? "EINVAL" : errno_name(errno));
    else
        printf("\"%.*s\"\n", (int)n, text);
}

/* SIOCATMARK: whether the next byte to read is the one after the mark, or, with SO_OOBINLINE, the urgent byte. */
static void print_mark(int fd) {
    int at_mark = sockatmark(fd);
    if (at_mark < 0)
        die("sockatmark");
    printf("  %s the mark\n", at_mark ? "at" : "not at");
}

/* POLLPRI: an urgent byte has arrived. */
static void await_urgent(int fd) {
    if (sockutil_wait(fd, POLLPRI, 2000) < 0)
        die("wait");
}

static void close_pair(const struct tcp_pair *pair) {
    close_socket(pair->client);
    close_socket(pair->server);
}

int main(int argc, char *argv[]) {
    (void)next_option(argc, argv, "+h", HELP);
    no_more_arguments(argv);
    line_buffer_stdout();

    /* 1. three bytes with MSG_OOB: only the last one is urgent. recv stops before it, and does not return it. */
    struct tcp_pair pair = tcp_pair();
    put(pair.client, "abc", MSG_OOB);
    put(pair.client, "def", 0);
    await_urgent(pair.server);
    take(pair.server, 0);
    print_mark(pair.server);
    take(pair.server, MSG_OOB);
    take(pair.server, MSG_OOB); /* it was taken already */
    take(pair.server, 0);
    close_pair(&pair);

    /* 2. a second urgent byte before the first one was taken: there is room for one. The first one is ordinary now. */
    pair = tcp_pair();
    put(pair.client, "abc", MSG_OOB);
    await_urgent(pair.server);
    put(pair.client, "xyz", MSG_OOB);
    take(pair.server, MSG_OOB);
    take(pair.server, 0);
    close_pair(&pair);

    /* 3. SO_OOBINLINE: the urgent byte stays among the others, and only the mark shows which one it is */
    pair = tcp_pair();
    if (sockutil_setsockopt_int(pair.server, SOL_SOCKET, SO_OOBINLINE, 1) < 0)
        die("SO_OOBINLINE");
    puts("SO_OOBINLINE");
    put(pair.client, "abc", MSG_OOB);
    put(pair.client, "def", 0);
    await_urgent(pair.server);
    print_mark(pair.server);
    take(pair.server, 0);
    print_mark(pair.server);
    take(pair.server, 0);
    close_pair(&pair);
    return 0;
}
