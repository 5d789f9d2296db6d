/* IPv4 addresses through sockutil_ntop and back through sockutil_pton.
 * every_ipv4: edges and four million others, the same in every run.
 * every_ipv4 all: each of the 4,294,967,296, on all processors.
 * The expected text comes from a table made by printf: nothing here divides as the library does. */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <sockutil.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCKS (UINT32_C(1) << 16) /* of as many addresses each */
#define SAMPLES 4000000
#define PROGRESS_MS 3000
#define UNTOUCHED 4711

static struct {
    char text[4];
    size_t length;
} numbers[256];

static atomic_uint next_block;
static atomic_ullong checked;

/* Appends a number and what follows it. */
static char *append(char *to, unsigned number, char behind) {
    memcpy(to, numbers[number].text, numbers[number].length);
    to += numbers[number].length;
    *to = behind;
    return to + 1;
}

static void check(const unsigned char address[4], const char *expected, size_t size) {
    char text[INET_ADDRSTRLEN];
    unsigned char back[4] = {0};
    if (sockutil_ntop(AF_INET, address, text, sizeof text) == text && memcmp(text, expected, size) == 0 &&
        sockutil_pton(AF_INET, text, back) == 1 && memcmp(back, address, 4) == 0 && errno == UNTOUCHED)
        return;
    fprintf(stderr, "wrong: %s is written \"%.*s\", and read as %u.%u.%u.%u; errno %d\n", expected, INET_ADDRSTRLEN - 1,
            text, back[0], back[1], back[2], back[3], errno);
    exit(1);
}

/* The 65,536 addresses that begin with the two bytes of block. */
static void check_block(unsigned block) {
    unsigned char address[4] = {(unsigned char)(block >> 8), (unsigned char)block, 0, 0};
    char expected[INET_ADDRSTRLEN];
    char *third = append(append(expected, address[0], '.'), address[1], '.');
    for (unsigned c = 0; c < 256; c++) {
        char *fourth = append(third, c, '.');
        address[2] = (unsigned char)c;
        for (unsigned d = 0; d < 256; d++) {
            address[3] = (unsigned char)d;
            check(address, expected, (size_t)(append(fourth, d, '\0') - expected));
        }
    }
}

static void check_one(const unsigned char address[4]) {
    char expected[INET_ADDRSTRLEN];
    char *end = append(append(append(expected, address[0], '.'), address[1], '.'), address[2], '.');
    end = append(end, address[3], '\0');
    check(address, expected, (size_t)(end - expected));
    atomic_fetch_add(&checked, 1);
}

/* Every mixture of the numbers where the count of digits or the first digit changes, each number in each place, and
 * numbers that look random. */
static void check_sample(void) {
    static const unsigned char edges[] = {0,   1,   9,   10,  11,  19,  20,  99,  100,
                                          101, 127, 128, 199, 200, 249, 250, 254, 255};
    const size_t n = sizeof edges;
    for (size_t i = 0; i < n * n * n * n; i++) {
        const unsigned char address[4] = {edges[i / (n * n * n)], edges[i / (n * n) % n], edges[i / n % n],
                                          edges[i % n]};
        check_one(address);
    }
    for (unsigned i = 0; i < 4 * 256; i++) {
        unsigned char address[4] = {10, 200, 3, 44};
        address[i % 4] = (unsigned char)(i / 4);
        check_one(address);
    }
    uint64_t state = 1;
    for (unsigned i = 0; i < SAMPLES; i++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        const uint32_t bits = (uint32_t)(state >> 32);
        unsigned char address[4];
        memcpy(address, &bits, sizeof address);
        check_one(address);
    }
}

static void *work(void *unused) {
    (void)unused;
    errno = UNTOUCHED;
    for (unsigned block; (block = atomic_fetch_add(&next_block, 1)) < BLOCKS;) {
        check_block(block);
        atomic_fetch_add(&checked, BLOCKS);
    }
    return NULL;
}

static void check_all(long threads) {
    const unsigned long long all = (unsigned long long)BLOCKS * BLOCKS;
    const int64_t start = sockutil_now_ms();
    int64_t shown = start;
    for (long i = 0; i < threads; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, work, NULL) != 0)
            exit(2);
    }
    for (unsigned long long done = 0; done < all;) {
        usleep(50 * 1000);
        done = atomic_load(&checked);
        const int64_t now = sockutil_now_ms();
        if (now - shown < PROGRESS_MS)
            continue;
        shown = now;
        const double rate = (double)done / (double)(now - start) * 1000;
        printf("%5.1f %%  %.1f million a second  %.0f s to go\n", (double)done * 100 / (double)all, rate / 1e6,
               rate > 0 ? (double)(all - done) / rate : 0.0);
        fflush(stdout);
    }
    printf("in %.1f s, by %ld threads: ", (double)(sockutil_now_ms() - start) / 1000, threads);
}

int main(int argc, char **argv) {
    for (unsigned i = 0; i < 256; i++)
        numbers[i].length = (size_t)snprintf(numbers[i].text, sizeof numbers[i].text, "%u", i);
    errno = UNTOUCHED;
    if (argc == 1) {
        check_sample();
    } else if (argc == 2 && strcmp(argv[1], "all") == 0) {
        const long processors = sysconf(_SC_NPROCESSORS_ONLN);
        check_all(processors > 0 ? processors : 1);
    } else {
        fprintf(stderr, "usage: every_ipv4 [all]\n");
        return 2;
    }
    printf("%llu IPv4 addresses, each written as expected and read back as the same\n", atomic_load(&checked));
    return 0;
}
