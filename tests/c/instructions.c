/* The operations whose instructions are counted (tests/instructions.sh): valgrind counts only inside measured(), and
 * records each of its calls. Standard output has the name of each operation, and how often a call does it. */
#include "check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sockutil.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#define MEMORY_BYTES 65536
#define BATCH_BYTES 49152
#define ADDRESSES 512

static int ends[2];
static char bytes[BATCH_BYTES], memory[MEMORY_BYTES];
static sockutil_reader reader;
static char texts[ADDRESSES][INET6_ADDRSTRLEN];
static unsigned char addresses[ADDRESSES][16];

/* ---- The operations, so many times n bytes ---- */

static bool reader_line(size_t count, size_t n) {
    char *line;
    size_t good = 0, length;
    for (size_t i = 0; i < count; i++)
        good += sockutil_reader_line(&reader, &line, &length, SOCKUTIL_FOREVER) == 1 && length == n;
    return good == count;
}

static bool reader_frame(size_t count, size_t n) {
    char *body;
    size_t good = 0, length;
    for (size_t i = 0; i < count; i++)
        good += sockutil_reader_frame(&reader, 4, &body, &length, SOCKUTIL_FOREVER) == 1 && length == n - 4;
    return good == count;
}

static bool until_text(size_t count, size_t n) {
    char *data;
    size_t good = 0, length;
    for (size_t i = 0; i < count; i++)
        good += sockutil_reader_until_text(&reader, "x\n", 2, &data, &length, SOCKUTIL_FOREVER) == 1 && length == n;
    return good == count;
}

static bool readline_(size_t count, size_t n) {
    size_t good = 0;
    for (size_t i = 0; i < count; i++)
        good += sockutil_readline(ends[0], memory, sizeof memory) == (ssize_t)n;
    return good == count;
}

static bool read_line(size_t count, size_t n) {
    size_t good = 0, done;
    for (size_t i = 0; i < count; i++) {
        done = 0;
        good += sockutil_read_line(ends[0], memory, sizeof memory, &done, SOCKUTIL_FOREVER) == 1 && done == n;
    }
    return good == count;
}

static bool read_full(size_t count, size_t n) {
    size_t good = 0, done;
    for (size_t i = 0; i < count; i++) {
        done = 0;
        good += sockutil_read_full(ends[0], memory, n, &done, SOCKUTIL_FOREVER) == 1;
    }
    return good == count;
}

static bool readn_(size_t count, size_t n) {
    size_t good = 0;
    for (size_t i = 0; i < count; i++)
        good += sockutil_readn(ends[0], memory, n) == (ssize_t)n;
    return good == count;
}

static bool write_full(size_t count, size_t n) {
    size_t good = 0, done;
    for (size_t i = 0; i < count; i++) {
        done = 0;
        good += sockutil_write_full(ends[1], bytes, n, &done, SOCKUTIL_FOREVER) == 1;
    }
    return good == count;
}

static bool writen_(size_t count, size_t n) {
    size_t good = 0;
    for (size_t i = 0; i < count; i++)
        good += sockutil_writen(ends[1], bytes, n) == (ssize_t)n;
    return good == count;
}

static bool send_frame(size_t count, size_t n) {
    size_t good = 0, done;
    for (size_t i = 0; i < count; i++) {
        done = 0;
        good += sockutil_send_frame(ends[1], 4, bytes, n, &done, SOCKUTIL_FOREVER) == 1;
    }
    return good == count;
}

static bool pton(size_t count, size_t n) {
    int family = n == 4 ? AF_INET : AF_INET6;
    size_t good = 0;
    for (size_t i = 0; i < count; i++)
        good += sockutil_pton(family, texts[i], memory) == 1;
    return good == count;
}

static bool ntop(size_t count, size_t n) {
    int family = n == 4 ? AF_INET : AF_INET6;
    size_t good = 0;
    for (size_t i = 0; i < count; i++)
        good += sockutil_ntop(family, addresses[i], memory, INET6_ADDRSTRLEN) == memory;
    return good == count;
}

enum what_flows { READ, FRAMES, WRITTEN, NOTHING };

static const struct operation {
    const char *name;
    bool (*run)(size_t count, size_t n);
    enum what_flows flows;
    size_t n, overhead;
} OPERATIONS[] = {
    {"reader_line, 16 bytes", reader_line, READ, 16, 0},
    {"reader_line, 64 bytes", reader_line, READ, 64, 0},
    {"reader_line, 512 bytes", reader_line, READ, 512, 0},
    {"reader_until_text, 64 bytes", until_text, READ, 64, 0},
    {"reader_frame, 16 bytes", reader_frame, FRAMES, 16 + 4, 0},
    {"reader_frame, 64 bytes", reader_frame, FRAMES, 64 + 4, 0},
    {"reader_frame, 512 bytes", reader_frame, FRAMES, 512 + 4, 0},
    {"read_line, 64 bytes", read_line, READ, 64, 0},
    {"readline, 64 bytes", readline_, READ, 64, 0},
    {"read_full, 64 bytes", read_full, READ, 64, 0},
    {"readn, 64 bytes", readn_, READ, 64, 0},
    {"write_full, 64 bytes", write_full, WRITTEN, 64, 0},
    {"writen, 64 bytes", writen_, WRITTEN, 64, 0},
    {"send_frame, 64 bytes", send_frame, WRITTEN, 64, 4},
    {"send_frame, 2048 bytes", send_frame, WRITTEN, 2048, 4},
    {"send_frame, 4096 bytes", send_frame, WRITTEN, 4096, 4},
    {"pton, IPv4", pton, NOTHING, 4, 0},
    {"ntop, IPv4", ntop, NOTHING, 4, 0},
    {"pton, IPv6", pton, NOTHING, 16, 0},
    {"ntop, IPv6", ntop, NOTHING, 16, 0},
};

/* It is called twice: the first call binds the functions and touches the memory, and is not counted. Not static:
 * valgrind finds it by its name, which compilers change when they change a function. */
__attribute__((noinline)) void measured(const struct operation *operation, size_t count);

void measured(const struct operation *operation, size_t count) {
    CHECK(operation->run(count, operation->n));
}

/* ---- Their data ---- */

static uint32_t next_number(void) {
    static uint32_t state = 1;
    state = state * 1664525 + 1013904223;
    return state >> 8;
}

static void make_addresses(size_t n) {
    for (size_t i = 0; i < ADDRESSES; i++) {
        memset(addresses[i], 0, 16);
        /* IPv6: with a run of zeros in the middle, of any length. */
        size_t zeros = n == 4 ? 0 : next_number() % 6 * 2;
        for (size_t k = 0; k < n; k++)
            addresses[i][k] = (unsigned char)(k >= 4 && k < 4 + zeros ? 0 : next_number() & 255);
        CHECK(inet_ntop(n == 4 ? AF_INET : AF_INET6, addresses[i], texts[i], sizeof texts[i]) == texts[i]);
    }
}

static void drain(size_t left) {
    while (left > 0) {
        ssize_t got = recv(ends[0], memory, sizeof memory, 0);
        CHECK(got > 0 && (size_t)got <= left);
        left -= (size_t)got;
    }
}

int main(void) {
    CHECK_BOUND(300);
    int size = 1 << 20;
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    CHECK(setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof size) == 0);
    for (size_t o = 0; o < sizeof OPERATIONS / sizeof *OPERATIONS; o++) {
        const struct operation *operation = &OPERATIONS[o];
        size_t n = operation->n;
        size_t count = operation->flows == NOTHING ? ADDRESSES : BATCH_BYTES / n;
        /* Each small message uses memory of the queue. */
        if (operation->flows == WRITTEN && count > 48)
            count = 48;
        CHECK(sockutil_reader_init(&reader, ends[0], memory, sizeof memory) == 0);
        if (operation->flows == NOTHING)
            make_addresses(n);
        for (int i = 0; i < 2; i++) {
            if (operation->flows == READ || operation->flows == FRAMES) {
                for (size_t k = 0; k < BATCH_BYTES; k++)
                    bytes[k] = k % n == n - 1 ? '\n' : 'x';
                for (size_t k = 0; k < count && operation->flows == FRAMES; k++) {
                    uint32_t header = htonl((uint32_t)(n - 4));
                    memcpy(bytes + k * n, &header, sizeof header);
                }
                CHECK(send(ends[1], bytes, count * n, 0) == (ssize_t)(count * n));
            }
            measured(operation, count);
            if (operation->flows == WRITTEN)
                drain(count * (n + operation->overhead));
        }
        CHECK(printf("%s\t%zu\n", operation->name, count) > 0);
    }
    return 0;
}
