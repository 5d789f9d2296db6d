/* contest.c - who does the same work at the least cost. */
#include "bench.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int rounds = 300;
double contest_s;

_Noreturn void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fflush(stdout);
    fputs("bench: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

_Noreturn void fail_call(const char *call) {
    fail("%s: %s", call, strerror(errno));
}

double clock_ns(clockid_t clock) {
    struct timespec time;
    if (clock_gettime(clock, &time) < 0)
        fail_call("clock_gettime");
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

/* The thread's clock and not CLOCK_MONOTONIC: it stops while other programs have the processor. */
double spent_ns(void) {
    return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

/* A round is shorter than most disturbances, so that a slow moment hits all contenders, and the least of many rounds is
 * free of them. The first contender changes with each round. */
void contest(struct contender *contenders, size_t count) {
    for (size_t i = 0; i < count; i++)
        contenders[i].least = INFINITY;
    double start = clock_ns(CLOCK_MONOTONIC);
    for (size_t round = 0; round < (size_t)rounds; round++)
        for (size_t i = 0; i < count; i++) {
            struct contender *next = &contenders[(round + i) % count];
            double cost = next->run(next->context);
            if (cost < next->least)
                next->least = cost;
        }
    contest_s += (clock_ns(CLOCK_MONOTONIC) - start) / 1e9;
}
