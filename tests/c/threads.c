/* Threads that share nothing, and threads that share a socket as the header allows. Every byte is accounted for.
 * tests/memory.sh runs it under the thread sanitizer, too.
 * usage: threads CASE */
#include "check.h"
#include "sockutil.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/un.h>

enum { THREADS = 4, ROUNDS = 200, BOUND_S = 50, LIMIT_MS = 20000 };

static pthread_barrier_t start;

/* Runs a thread for each index, all started at once, and joins all. */
static void in_threads(void *(*work)(void *), size_t count) {
    pthread_t threads[2 * THREADS];
    size_t index[2 * THREADS];
    CHECK(count <= sizeof threads / sizeof *threads);
    CHECK(pthread_barrier_init(&start, NULL, (unsigned)count) == 0);
    for (size_t i = 0; i < count; i++) {
        index[i] = i;
        CHECK(pthread_create(&threads[i], NULL, work, &index[i]) == 0);
    }
    for (size_t i = 0; i < count; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK(pthread_barrier_destroy(&start) == 0);
}

static size_t begin(void *index) {
    pthread_barrier_wait(&start);
    return *(size_t *)index;
}

/* ---- Nothing is shared ------------------------------------------------- */

static void stream_alone(size_t me) {
    int ends[2];
    char line[64], memory[64], *held, expected[64];
    size_t done = 0, length, frame;
    char *body;
    sockutil_reader reader;
    sockutil_writer writer;
    char small[8];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    CHECK(sockutil_writer_init(&writer, ends[0], small, sizeof small) == 0);
    for (int round = 0; round < ROUNDS; round++) {
        int n = snprintf(expected, sizeof expected, "thread %zu, round %d\n", me, round);
        CHECK(n > 0);
        length = (size_t)n;
        /* A stateless line, then the same with the reader, then as a frame, then with the classic calls. */
        CHECK(sockutil_write_full(ends[0], expected, length, (done = 0, &done), LIMIT_MS) == 1);
        CHECK(sockutil_read_line(ends[1], line, sizeof line, (done = 0, &done), LIMIT_MS) == 1);
        CHECK(done == length && strcmp(line, expected) == 0);
        CHECK(sockutil_writen(ends[0], expected, length) == n);
        CHECK(sockutil_recv_peek(ends[1], line, sizeof line) == n);
        CHECK(sockutil_readline(ends[1], line, sizeof line) == n && strcmp(line, expected) == 0);
        CHECK(sockutil_reader_init(&reader, ends[1], memory, sizeof memory) == 0);
        CHECK(sockutil_writen(ends[0], expected, length) == n);
        CHECK(sockutil_reader_line(&reader, &held, &done, LIMIT_MS) == 1);
        CHECK(done == length && strcmp(held, expected) == 0);
        CHECK(sockutil_send_frame(ends[0], 2, expected, length, (done = 0, &done), LIMIT_MS) == 1);
        CHECK(sockutil_reader_frame(&reader, 2, &body, &frame, LIMIT_MS) == 1);
        CHECK(frame == length && memcmp(body, expected, length) == 0);
        CHECK(sockutil_writer_put(&writer, "held", 4, NULL, LIMIT_MS) == 1);
        CHECK(sockutil_writer_frame(&writer, 1, expected, length, (done = 0, &done), LIMIT_MS) == 1);
        CHECK(sockutil_writer_flush(&writer, LIMIT_MS) == 1);
        CHECK(sockutil_reader_until(&reader, 'd', &held, &done, LIMIT_MS) == 1 && done == 4);
        CHECK(sockutil_reader_frame(&reader, 1, &body, &frame, LIMIT_MS) == 1);
        CHECK(frame == length && memcmp(body, expected, length) == 0);
        CHECK(sockutil_read_full(ends[1], line, 1, (done = 0, &done), SOCKUTIL_NOWAIT) == -1 && errno == EAGAIN);
    }
    CHECK(sockutil_close(ends[0]) == 0);
    CHECK(sockutil_read_full(ends[1], line, 1, NULL, LIMIT_MS) == 0);
    CHECK(sockutil_close(ends[1]) == 0);
}

static void addresses_alone(size_t me) {
    char text[128], expected[128];
    sockutil_addr address, again;
    for (int round = 0; round < ROUNDS; round++) {
        CHECK(snprintf(expected, sizeof expected, "[2001:db8::%zx:%x]:%d", me + 1, round + 1, round) > 0);
        CHECK(sockutil_addr_parse(&address, expected, -1) == 1);
        CHECK(sockutil_addr_format(&address, text, sizeof text) > 0 && strcmp(text, expected) == 0);
        CHECK(sockutil_addr_port(&address) == round);
        CHECK(sockutil_addr_parse(&again, text, -1) == 1 && sockutil_addr_equal(&address, &again) == 1);
    }
}

static void connection_alone(void) {
    char byte = 'x';
    sockutil_addr at, from;
    int gai;
    for (int round = 0; round < ROUNDS / 10; round++) {
        int listener = sockutil_tcp_listen("127.0.0.1", "0", 1, SOCKUTIL_NUMERIC, &gai);
        CHECK(listener >= 0 && sockutil_addr_local(listener, &at) == 0);
        char port[8];
        CHECK(snprintf(port, sizeof port, "%d", sockutil_addr_port(&at)) > 0);
        int client = sockutil_tcp_connect("127.0.0.1", port, SOCKUTIL_NUMERIC, LIMIT_MS, &gai);
        CHECK(client >= 0);
        int server = sockutil_accept(listener, &from, 0, LIMIT_MS);
        CHECK(server >= 0 && sockutil_tcp_state(server) == SOCKUTIL_TCP_ESTABLISHED);
#ifndef WITHOUT_SOCK_DIAG
        CHECK(sockutil_tcp_state_between(&from, &at) == SOCKUTIL_TCP_ESTABLISHED);
#endif
        CHECK(sockutil_write_full(client, &byte, 1, NULL, LIMIT_MS) == 1);
        CHECK(sockutil_read_full(server, &byte, 1, NULL, LIMIT_MS) == 1);
        CHECK(sockutil_close_reset(client) == 0 && sockutil_close(server) == 0 && sockutil_close(listener) == 0);
    }
}

static void *alone(void *index) {
    size_t me = begin(index);
    stream_alone(me);
    addresses_alone(me);
    connection_alone();
    return NULL;
}

/* ---- One socket -------------------------------------------------------- */

static int shared[2];

enum { RECORD = 16, RECORDS = 2000 };

/* How often each record came, by writer and number. Only one reader may count each, or it came twice. */
static unsigned char seen[THREADS][RECORDS];

/* A record of 15 digits and a newline, written and read as one; and which one it is. */
static void record(char *text, size_t writer, size_t number) {
    char room[RECORD + 1];
    CHECK(snprintf(room, sizeof room, "%04zu %010zu\n", writer, number) == RECORD);
    memcpy(text, room, RECORD);
}

static void count(const char *text) {
    char expected[RECORD], *end;
    size_t writer = strtoul(text, &end, 10), number = strtoul(end, NULL, 10);
    CHECK(writer < THREADS && number < RECORDS);
    record(expected, writer, number);
    CHECK(memcmp(text, expected, RECORD) == 0);
    CHECK(seen[writer][number]++ == 0);
}

static void all_were_seen(void) {
    for (size_t writer = 0; writer < THREADS; writer++)
        for (size_t number = 0; number < RECORDS; number++)
            CHECK(seen[writer][number] == 1);
}

/* Datagrams: each goes and comes whole, whatever thread sends and receives it. Threads below THREADS write, the others
 * read until each gets an empty datagram. */
static void *datagrams(void *index) {
    size_t me = begin(index);
    char text[RECORD + 1];
    if (me < THREADS) {
        for (size_t number = 0; number < RECORDS; number++) {
            record(text, me, number);
            CHECK(sockutil_sendto(shared[0], text, RECORD, NULL, LIMIT_MS) == RECORD);
        }
        CHECK(sockutil_sendto(shared[0], NULL, 0, NULL, LIMIT_MS) == 0);
        return NULL;
    }
    for (;;) {
        int truncated;
        ssize_t n = sockutil_recvfrom(shared[1], text, sizeof text, NULL, &truncated, LIMIT_MS);
        if (n == 0)
            return NULL;
        CHECK(n == RECORD && truncated == 0);
        text[RECORD] = '\0';
        count(text);
    }
}

/* A stream with several readers and one writer: each reader gets some of its bytes, and none is lost or comes twice. A
 * reader may get parts of records, so the test counts bytes, by their value. */
enum { BYTES = 1 << 20 };
static unsigned long sent[256];
static unsigned long received[THREADS][256];

static void *readers(void *index) {
    size_t me = begin(index), done;
    char piece[100];
    if (me == THREADS) {
        unsigned int state = 1;
        for (size_t left = BYTES; left > 0;) {
            size_t n = left < 64 ? left : 64;
            for (size_t i = 0; i < n; i++) {
                state = state * 1664525U + 1013904223U;
                piece[i] = (char)(state >> 24);
                sent[state >> 24]++;
            }
            CHECK(sockutil_write_full(shared[0], piece, n, (done = 0, &done), LIMIT_MS) == 1);
            left -= n;
        }
        CHECK(sockutil_shutdown_write(shared[0]) == 0);
        return NULL;
    }
    for (int result = 1; result == 1;) {
        /* Two of them read lines, the others whole pieces. */
        done = 0;
        if (me % 2 == 0)
            result = sockutil_read_line(shared[1], piece, sizeof piece, &done, LIMIT_MS);
        else
            result = sockutil_read_full(shared[1], piece, sizeof piece, &done, LIMIT_MS);
        CHECK(result >= 0 || (me % 2 == 0 && errno == EMSGSIZE));
        if (result < 0)
            result = 1;
        for (size_t i = 0; i < done; i++)
            received[me][(unsigned char)piece[i]]++;
    }
    return NULL;
}

/* A stream with several writers, each record in one call that the kernel takes at once, and one reader. */
static void *writers(void *index) {
    size_t me = begin(index);
    char text[RECORD];
    if (me == THREADS) {
        static char memory[1000];
        sockutil_reader reader;
        CHECK(sockutil_reader_init(&reader, shared[1], memory, sizeof memory) == 0);
        for (size_t left = THREADS * RECORDS; left > 0; left--) {
            char *line;
            size_t length;
            CHECK(sockutil_reader_line(&reader, &line, &length, LIMIT_MS) == 1 && length == RECORD);
            count(line);
        }
        CHECK(sockutil_reader_pending(&reader) == 0);
        return NULL;
    }
    for (size_t number = 0; number < RECORDS; number++) {
        struct iovec parts[2] = {{text, 5}, {text + 5, RECORD - 5}};
        record(text, me, number);
        if (me % 2 == 0)
            CHECK(sockutil_writen(shared[0], text, RECORD) == RECORD);
        else
            CHECK(sockutil_writev_full(shared[0], parts, 2, NULL, LIMIT_MS) == 1);
    }
    return NULL;
}

/* One reads, one writes, at both ends: a socket is two streams. */
static void *both_ways(void *index) {
    size_t me = begin(index), done;
    unsigned char bytes[256];
    int fd = shared[me / 2];
    for (int round = 0; round < ROUNDS; round++) {
        if (me % 2 == 0) {
            memset(bytes, (int)(me / 2 + (size_t)round) % 256, sizeof bytes);
            CHECK(sockutil_write_full(fd, bytes, sizeof bytes, (done = 0, &done), LIMIT_MS) == 1);
        } else {
            CHECK(sockutil_read_full(fd, bytes, sizeof bytes, (done = 0, &done), LIMIT_MS) == 1);
            for (size_t i = 0; i < sizeof bytes; i++)
                CHECK(bytes[i] == (1 - me / 2 + (size_t)round) % 256);
        }
    }
    return NULL;
}

/* A listener that several threads accept from, as the header asks: with O_NONBLOCK. Each client meets one of them. */
static sockutil_addr listener_at;
static int listener;

static void *acceptors(void *index) {
    size_t me = begin(index);
    unsigned char number;
    for (int round = 0; round < ROUNDS / 10; round++) {
        if (me < THREADS) {
            int fd = sockutil_accept(listener, NULL, 0, LIMIT_MS);
            CHECK(fd >= 0 && sockutil_read_full(fd, &number, 1, NULL, LIMIT_MS) == 1);
            CHECK(number < THREADS && sockutil_write_full(fd, &number, 1, NULL, LIMIT_MS) == 1);
            CHECK(sockutil_close(fd) == 0);
        } else {
            unsigned char mine = (unsigned char)(me - THREADS);
            char port[8];
            CHECK(snprintf(port, sizeof port, "%d", sockutil_addr_port(&listener_at)) > 0);
            int fd = sockutil_tcp_connect("127.0.0.1", port, SOCKUTIL_NUMERIC, LIMIT_MS, NULL);
            CHECK(fd >= 0 && sockutil_write_full(fd, &mine, 1, NULL, LIMIT_MS) == 1);
            CHECK(sockutil_read_full(fd, &number, 1, NULL, LIMIT_MS) == 1 && number == mine);
            CHECK(sockutil_close(fd) == 0);
        }
    }
    return NULL;
}

static void pair(int type) {
    CHECK(socketpair(AF_UNIX, type, 0, shared) == 0);
}

int main(int argc, char **argv) {
    CHECK_BOUND(BOUND_S);
    CHECK(argc == 2);
    const char *name = argv[1];
    if (strcmp(name, "alone") == 0) {
        in_threads(alone, THREADS);
    } else if (strcmp(name, "datagrams") == 0) {
        pair(SOCK_DGRAM);
        in_threads(datagrams, 2 * THREADS);
        all_were_seen();
    } else if (strcmp(name, "readers") == 0) {
        pair(SOCK_STREAM);
        in_threads(readers, THREADS + 1);
        for (int value = 0; value < 256; value++) {
            unsigned long sum = 0;
            for (size_t reader = 0; reader < THREADS; reader++)
                sum += received[reader][value];
            CHECK(sum == sent[value]);
        }
    } else if (strcmp(name, "writers") == 0) {
        pair(SOCK_STREAM);
        in_threads(writers, THREADS + 1);
        all_were_seen();
    } else if (strcmp(name, "both_ways") == 0) {
        pair(SOCK_STREAM);
        in_threads(both_ways, 4);
    } else if (strcmp(name, "acceptors") == 0) {
        listener = sockutil_tcp_listen("127.0.0.1", "0", 2 * THREADS, SOCKUTIL_NUMERIC | SOCKUTIL_NONBLOCK, NULL);
        CHECK(listener >= 0 && sockutil_addr_local(listener, &listener_at) == 0);
        in_threads(acceptors, 2 * THREADS);
        CHECK(sockutil_close(listener) == 0);
    } else {
        CHECK(!"a case that there is");
    }
    return 0;
}
