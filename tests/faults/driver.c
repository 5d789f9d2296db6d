/* The driver: for every scenario, every call of libc that it makes, and every way in which that call can fail or fall
 * short, one run; then runs with a seeded mix of all of them.
 * usage: LD_PRELOAD=the shim driver quick|full [SCENARIO] */
#include "run.h"
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FEW_FAILURES = 3 };

static bool full;
static size_t variants, seeds;

static void hang(int signal) {
    static char text[300];
    (void)signal;
    describe(&run, text, sizeof text);
    (void)!write(2, "FAIL it hangs: ", 15);
    (void)!write(2, text, strlen(text));
    (void)!write(2, "\n", 1);
    _exit(1);
}

static void one_run(const struct scenario *s, int kind, int limit, int arrival, const struct plan *plan) {
    (void)run_once(s, kind, limit, arrival, plan);
    if (failures >= FEW_FAILURES) {
        fputs("faults: that is enough\n", stderr);
        exit(1);
    }
}

/* In the quick form the errno values with a special meaning, and one of the others in turn. */
static bool wanted(int err, size_t index, size_t turn) {
    switch (err) {
    case EAGAIN:
    case ECHILD:
    case EINTR:
    case ENOSYS:
    case ENOTCONN:
    case ENOTSOCK:
    case EOPNOTSUPP:
        return true;
    default:
        return full || index == turn;
    }
}

static size_t length_of(const int *list) {
    size_t n = 0;
    while (list[n] != 0)
        n++;
    return n;
}

static bool base_suits(const struct scenario *s, int limit, int arrival, enum base base) {
    bool moves = s->size > 1 || (s->flags & CLOSES) != 0;
    switch (base) {
    case BASE_NONE:
    case BASE_EINTR:
        return true;
    case BASE_NO_SOCK:
        return moves && (s->flags & PEEKS) == 0;
    case BASE_OLD:
        return moves && (s->flags & PEEKS) == 0 && (limit & (NOWAIT | TIMED)) != 0;
    case BASE_CUT: /* Ten thousand single bytes show no more than a hundred. */
        return moves && ((s->flags & WRITES) == 0 || arrival == QUEUED);
    default:
        return moves;
    }
}

/* Hits every call once with each possible fault. */
static void singles(const struct scenario *s, int kind, int limit, int arrival, enum base base) {
    static enum shim_function trace[LOG];
    static long number[LOG];
    struct plan plan = {.base = base};
    one_run(s, kind, limit, arrival, &plan);
    long calls = run.counted, most = full ? 60 : 6;
    memcpy(trace, run.trace, sizeof trace);
    memcpy(number, run.trace_number, sizeof number);
    /* One byte at a time there are thousands of calls, all alike: some of them are hit. */
    for (long at = 1; at <= calls; at += 1 + (at > most ? calls / most : 0)) {
        enum shim_function function = trace[at - 1];
        const int *list = errnos_of(function, number[at - 1]);
        plan.at = at;
        plan.act = ACT_FAIL;
        for (size_t i = 0; list[i] != 0; i++)
            if (wanted(list[i], i, (size_t)at % length_of(list))) {
                plan.err = list[i];
                one_run(s, kind, limit, arrival, &plan);
                if (run.hit != (int)function && !run.failed)
                    complain(&run, "%s was to be hit", function_names[function]);
            }
        plan.err = 0;
        if (is_transfer(function) && base != BASE_CUT)
            plan.act = ACT_CUT;
        else if (function == F_poll && number[at - 1] >= 0)
            plan.act = ACT_TIME_OUT;
        else if (function == F_clock_gettime)
            plan.act = ACT_JUMP;
        else
            continue;
        one_run(s, kind, limit, arrival, &plan);
    }
    plan = (struct plan){.base = base, .at = calls + 1, .act = ACT_FAIL, .err = EIO};
    one_run(s, kind, limit, arrival, &plan);
    if (run.hit != -1)
        complain(&run, "there is a call more than before");
}

static void explore(const struct scenario *s, int kind, int limit, int arrival) {
    variants++;
    for (enum base base = BASE_NONE; base < BASE_COUNT; base++)
        if (base_suits(s, limit, arrival, base))
            singles(s, kind, limit, arrival, base);
    for (uint64_t seed = 1; seed <= seeds; seed++) {
        struct plan plan = {.seed = seed};
        one_run(s, kind, limit, arrival, &plan);
    }
}

static void explore_all(const struct scenario *s, const char *only) {
    for (; s->name != NULL; s++)
        for (int kind = TCP; kind <= NO_FD; kind <<= 1)
            for (int limit = FOREVER; limit <= OWN_TIMEOUT; limit <<= 1)
                for (int arrival = QUEUED; arrival <= PIECES; arrival <<= 1)
                    if (suits(s, kind, limit, arrival) && (only == NULL || strcmp(only, s->name) == 0))
                        explore(s, kind, limit, arrival);
}

int main(int argc, char **argv) {
    const char *only = argc > 2 ? argv[2] : NULL;
    struct sigaction action = {.sa_handler = hang};
    void *found = dlsym(RTLD_DEFAULT, "shim_arm");
    if (found == NULL || argc < 2) {
        fputs("usage: LD_PRELOAD=the shim driver quick|full [SCENARIO]\n", stderr);
        return 2;
    }
    memcpy(&arm, &found, sizeof arm);
    full = strcmp(argv[1], "full") == 0;
    is_portable = getenv("PORTABLE") != NULL;
    seeds = full ? 200 : 4;
    (void)sigaction(SIGALRM, &action, NULL);
    start();
    explore_all(transfers, only);
    explore_all(others, only);
    explore_connections(full, only);
    /* tests/faults.rs compares them with what the library imports. */
    fputs("libc:", stdout);
    for (int i = 0; i < F_LIBRARY_COUNT; i++)
        if (functions_reached[i] > 0)
            printf(" %s", function_names[i]);
    fputs("\n", stdout);
    fputs("functions: ", stdout);
    print_functions();
    printf("faults: %zu injected, and %zu transfers cut short, in %zu runs of %zu scenarios, %zu seeds each\n",
           faults_injected, transfers_cut, runs, variants, seeds);
    return failures > 0;
}
