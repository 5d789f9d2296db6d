/* byte_order.c - the header's byte order against the compiler's own. */
#include "bench.h"

#include <sockutil.h>
#include <string.h>

#define BYTES 8192
#define PASSES 64

static _Alignas(64) union {
    unsigned char bytes[BYTES];
    uint16_t of_16[BYTES / 2];
    uint32_t of_32[BYTES / 4];
    uint64_t of_64[BYTES / 8];
} numbers;

/* The compiler must not drop a pass, nor guess its result. */
#define KEEP __asm__ volatile("" ::: "memory")

/* On a boundary, so that chance gives neither loop the better place. */
#define LOOP static __attribute__((noinline, aligned(64))) void

/* Replaces each number of an array by the value of the expression. */
#define IN_PLACE(name, bits, expression)                                                                               \
    LOOP name(void) {                                                                                                  \
        for (size_t i = 0; i < LENGTH(numbers.of_##bits); i++) {                                                       \
            uint##bits##_t x = numbers.of_##bits[i];                                                                   \
            numbers.of_##bits[i] = expression;                                                                         \
        }                                                                                                              \
    }

IN_PLACE(our_16, 16, sockutil_htons(x))
IN_PLACE(our_32, 32, sockutil_htonl(x))
IN_PLACE(our_64, 64, sockutil_htonll(x))

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
IN_PLACE(swap_16, 16, __builtin_bswap16(x))
IN_PLACE(swap_32, 32, __builtin_bswap32(x))
IN_PLACE(swap_64, 64, __builtin_bswap64(x))
#else
IN_PLACE(swap_16, 16, x)
IN_PLACE(swap_32, 32, x)
IN_PLACE(swap_64, 64, x)
#endif

static uint32_t sum;

/* From places that are not aligned, as in a header of 13 bytes. */
enum { STRIDE = 13 };

LOOP our_get(void) {
    for (size_t i = 0; i + 4 <= BYTES; i += STRIDE)
        sum += sockutil_get_be32(numbers.bytes + i);
}

LOOP swap_get(void) {
    for (size_t i = 0; i + 4 <= BYTES; i += STRIDE) {
        uint32_t x;
        memcpy(&x, numbers.bytes + i, sizeof x);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
        x = __builtin_bswap32(x);
#endif
        sum += x;
    }
}

LOOP our_put(void) {
    for (size_t i = 0; i + 4 <= BYTES; i += STRIDE)
        sockutil_put_be32(numbers.bytes + i, (uint32_t)i * 2654435761U);
}

LOOP swap_put(void) {
    for (size_t i = 0; i + 4 <= BYTES; i += STRIDE) {
        uint32_t x = (uint32_t)i * 2654435761U;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
        x = __builtin_bswap32(x);
#endif
        memcpy(numbers.bytes + i, &x, sizeof x);
    }
}

struct task {
    void (*pass)(void);
};

static double run(void *context) {
    const struct task *task = context;
    double start = spent_ns();
    for (int i = 0; i < PASSES; i++) {
        task->pass();
        KEEP;
    }
    return spent_ns() - start;
}

static void restart(void) {
    uint64_t state = 3;
    for (size_t i = 0; i < BYTES; i++)
        numbers.bytes[i] = (unsigned char)(random_number(&state) >> 8);
    sum = 0;
}

void bench_byte_order(void) {
    static const struct {
        const char *what, *size, *against;
        struct task ours, theirs;
    } PAIRS[] = {
        {"htons, ntohs", "16 bits", "compiler's bswap", {our_16}, {swap_16}},
        {"htonl, ntohl", "32 bits", "compiler's bswap", {our_32}, {swap_32}},
        {"htonll, ntohll", "64 bits", "compiler's bswap", {our_64}, {swap_64}},
        {"get_be32", "unaligned", "memcpy and bswap", {our_get}, {swap_get}},
        {"put_be32", "unaligned", "memcpy and bswap", {our_put}, {swap_put}},
    };
    static unsigned char expected[BYTES];
    for (size_t i = 0; i < LENGTH(PAIRS); i++) {
        struct task ours = PAIRS[i].ours, theirs = PAIRS[i].theirs;
        restart();
        theirs.pass();
        uint32_t expected_sum = sum;
        memcpy(expected, numbers.bytes, sizeof expected);
        restart();
        ours.pass();
        NEED(sum == expected_sum && memcmp(expected, numbers.bytes, sizeof expected) == 0);
        struct contender contenders[] = {{.run = run, .context = &ours}, {.run = run, .context = &theirs}};
        contest(contenders, LENGTH(contenders));
        /* "As fast as", with room for the difference of the same instructions at two places. */
        row(PAIRS[i].what, PAIRS[i].size, PAIRS[i].against, contenders[0].least / contenders[1].least, AT_MOST(1.02));
    }
}
