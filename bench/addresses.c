/* addresses.c - pton and ntop against glibc's. */
#include "bench.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sockutil.h>
#include <string.h>

#define COUNT 8192

static char texts[COUNT][INET6_ADDRSTRLEN];
static unsigned char addresses[COUNT][16];

/* ---- The addresses ---- */

static void make_ipv4(uint64_t *state, unsigned char *address, char *text, size_t size) {
    uint64_t bits = random_number(state) >> 8;
    for (int i = 0; i < 4; i++, bits >>= 8)
        address[i] = (unsigned char)bits;
    /* More numbers of one and two digits than chance gives: 10.0.0.1, 192.168.1.20. */
    for (int i = 0; i < 4; i++, bits >>= 2)
        if ((bits & 3) == 0)
            address[i] = (unsigned char)(address[i] % (bits & 4 ? 10 : 100));
    snprintf(text, size, "%d.%d.%d.%d", address[0], address[1], address[2], address[3]);
}

static void store(unsigned char *address, const unsigned groups[8]) {
    for (int i = 0; i < 8; i++) {
        address[2 * i] = (unsigned char)(groups[i] >> 8);
        address[2 * i + 1] = (unsigned char)groups[i];
    }
}

/* Of each eight: two with all their groups, four with a "::" somewhere, one of those "::1"-like, one of a link, and one
 * that carries an IPv4 address with dots. Every fourth is in capitals. */
static void make_ipv6(uint64_t *state, size_t number, unsigned char *address, char *text, size_t size) {
    unsigned groups[8];
    for (int i = 0; i < 8; i++) {
        uint64_t bits = random_number(state) >> 8;
        groups[i] = (unsigned)(bits & 0xFFFF) >> (bits >> 16 & 3) * 4; /* of one to four digits */
        groups[i] += groups[i] == 0; /* so that "::" stands only for the zeros made below */
    }
    unsigned from = 8, to = 8; /* the zeros */
    switch (number % 8) {
    case 0:
    case 1:
        break;
    case 6:
        groups[0] = 0xfe80;
        from = 1;
        to = 4;
        break;
    case 7:
        memset(groups, 0, 5 * sizeof groups[0]);
        groups[5] = 0xffff;
        store(address, groups);
        snprintf(text, size, "::ffff:%u.%u.%u.%u", groups[6] >> 8, groups[6] & 255, groups[7] >> 8, groups[7] & 255);
        return;
    default:
        from = (unsigned)(random_number(state) >> 8) % 6;
        to = from + 2 + (unsigned)(random_number(state) >> 8) % (7 - from);
        /* ::a:b is an IPv4 address in six bytes of zeros, which glibc writes with dots and RFC 5952 does not. */
        if (from == 0 && to == 6)
            to = 7;
    }
    size_t length = 0;
    for (unsigned i = 0; i < 8; i++) {
        if (i >= from && i < to) {
            groups[i] = 0;
            if (i == from)
                length += (size_t)snprintf(text + length, size - length, "::");
            continue;
        }
        length += (size_t)snprintf(text + length, size - length, number % 4 == 3 ? "%s%X" : "%s%x",
                                   i == 0 || i == to ? "" : ":", groups[i]);
    }
    store(address, groups);
}

static void make(int family) {
    uint64_t state = 2;
    for (size_t i = 0; i < COUNT; i++)
        if (family == AF_INET)
            make_ipv4(&state, addresses[i], texts[i], sizeof texts[i]);
        else
            make_ipv6(&state, i, addresses[i], texts[i], sizeof texts[i]);
}

/* All four functions agree about all addresses. */
static void check(int family) {
    size_t size = family == AF_INET ? 4 : 16;
    for (size_t i = 0; i < COUNT; i++) {
        unsigned char ours[16], theirs[16];
        char our_text[INET6_ADDRSTRLEN], their_text[INET6_ADDRSTRLEN];
        if (sockutil_pton(family, texts[i], ours) != 1 || inet_pton(family, texts[i], theirs) != 1 ||
            memcmp(ours, addresses[i], size) != 0 || memcmp(theirs, addresses[i], size) != 0)
            fail("%s is read wrongly", texts[i]);
        if (sockutil_ntop(family, addresses[i], our_text, sizeof our_text) == NULL ||
            inet_ntop(family, addresses[i], their_text, sizeof their_text) == NULL || strcmp(our_text, their_text) != 0)
            fail("%s is written wrongly", texts[i]);
    }
}

/* ---- The contest ---- */

typedef int read_address(int family, const char *text, void *address);
typedef const char *write_address(int family, const void *address, char *text, socklen_t size);

struct task {
    int family;
    read_address *read;
    write_address *write;
};

/* Both through a pointer: no compiler knows what they do. */
static double run(void *context) {
    const struct task *task = context;
    size_t good = 0;
    char text[INET6_ADDRSTRLEN];
    unsigned char address[16];
    double start = spent_ns();
    if (task->read != NULL)
        for (size_t i = 0; i < COUNT; i++)
            good += task->read(task->family, texts[i], address) == 1;
    else
        for (size_t i = 0; i < COUNT; i++)
            good += task->write(task->family, addresses[i], text, sizeof text) == text;
    double cost = spent_ns() - start;
    NEED(good == COUNT);
    return cost;
}

static void contest_of(const char *what, const char *size, const char *against, struct task ours, struct task theirs,
                       struct target target) {
    struct contender contenders[] = {{.run = run, .context = &ours}, {.run = run, .context = &theirs}};
    contest(contenders, LENGTH(contenders));
    row(what, size, against, contenders[0].least / contenders[1].least, target);
}

void bench_addresses(void) {
    static const struct {
        int family;
        const char *name;
        double read, write;
    } FAMILIES[] = {{AF_INET, "IPv4", 0.75, 0.05}, {AF_INET6, "IPv6", 0.45, 0.15}};
    for (size_t i = 0; i < LENGTH(FAMILIES); i++) {
        int family = FAMILIES[i].family;
        make(family);
        check(family);
        contest_of("pton", FAMILIES[i].name, "glibc inet_pton", (struct task){.family = family, .read = sockutil_pton},
                   (struct task){.family = family, .read = inet_pton}, AT_MOST(FAMILIES[i].read));
        contest_of("ntop", FAMILIES[i].name, "glibc inet_ntop", (struct task){.family = family, .write = sockutil_ntop},
                   (struct task){.family = family, .write = inet_ntop}, AT_MOST(FAMILIES[i].write));
    }
}
