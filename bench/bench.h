/* bench.h - shared by the parts of the benchmark: contests, rows, socket pairs. README.md describes the measurement. */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <time.h>

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

/* Ends the run with status 1, and without results: a call failed or bytes were wrong. */
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The call that failed, with errno. */
_Noreturn void fail_call(const char *call);

#define NEED(condition)                                                                                                \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            fail("%s:%d: not so: %s", __FILE__, __LINE__, #condition);                                                 \
    } while (0)

/* ---- Contests (contest.c) ---- */

/* One way to do a piece of work. */
struct contender {
    double (*run)(void *context); /* does the work once and returns its cost, in nanoseconds of this thread */
    void *context;
    double least; /* of all rounds */
};

double clock_ns(clockid_t clock);

/* The processor time of this thread. */
double spent_ns(void);

/* Runs each contender once a round, in turns, and keeps the least cost of each. */
void contest(struct contender *contenders, size_t count);

extern int rounds;

/* The duration of all contests, in seconds of wall-clock time. */
extern double contest_s;

/* ---- Rows (report.c) ---- */

struct target {
    enum { NO_TARGET, MOST, LEAST } kind;
    double number;
};

#define NONE ((struct target){NO_TARGET, 0})

/* The target: the highest ratio of our cost to the other's. */
#define AT_MOST(number) ((struct target){MOST, number})

/* The target: the lowest ratio of the other's cost to ours. */
#define AT_LEAST(number) ((struct target){LEAST, number})

/* ratio: our cost divided by the other's. */
void row(const char *what, const char *size, const char *against, double ratio, struct target target);

/* A comparator that this machine does not have. */
void row_absent(const char *what, const char *size, const char *against);

/* How often a forbidden event happened, of so many tries; and how often to the other. */
void row_count(const char *what, const char *size, const char *against, int ours, int others, int of);

/* Prints the sum, and writes JSON and SVG into these files unless they are NULL. */
void report(const char *json, const char *svg);

/* ---- Socket pairs (sockets.c) ---- */

struct pair {
    int reader, writer;
};

/* Two ends of a TCP connection over loopback, with buffers as large as the system allows. */
struct pair tcp_pair(void);

struct pair unix_pair(void);

void close_pair(struct pair pair);

/* Sends n bytes, and waits until all are in the reader's queue. */
void fill(struct pair pair, const void *bytes, size_t n);

/* Takes n bytes out of the reader's queue, and compares them unless expected is NULL. */
void drain(int fd, const void *expected, size_t n);

/* How many bytes a queue holds here without more waiting outside: a power of two, at most the wanted number. */
size_t fitting(size_t wanted);

/* Lines of so many bytes each, the newline included, of pseudo-random letters: n bytes in all. The caller frees it. */
char *make_lines(size_t line_bytes, size_t n);

/* The next of a sequence of pseudo-random numbers, the same in each run. */
uint64_t random_number(uint64_t *state);

/* "64 B", and "64 B lines", in memory that lasts. */
const char *bytes_text(size_t n);
const char *lines_text(size_t line_bytes);

/* ---- The resolver of this program (resolver.c) ---- */

struct addrinfo;

/* What every name stands for. */
extern struct addrinfo *resolved;

/* ---- The parts ---- */

void bench_lines(void);
void bench_delimiters(void);
void bench_frames(void);
void bench_stateless(void);
void bench_transfers(void);
void bench_datagrams(void);
void bench_connecting(void);
void bench_addresses(void);
void bench_byte_order(void);
void bench_servers(void);
void bench_growth(void);
void bench_relay(void);
void bench_start(void);

#endif
