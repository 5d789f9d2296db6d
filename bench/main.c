/* main.c - the benchmark: the costs of sockutil and of other code in the same run. */
#include "bench.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static const struct {
    const char *name;
    void (*run)(void);
} PARTS[] = {
    {"lines", bench_lines},           {"delimiters", bench_delimiters}, {"frames", bench_frames},
    {"stateless", bench_stateless},   {"transfers", bench_transfers},   {"datagrams", bench_datagrams},
    {"connecting", bench_connecting}, {"addresses", bench_addresses},   {"byte_order", bench_byte_order},
    {"servers", bench_servers},       {"growth", bench_growth},         {"relay", bench_relay},
    {"start", bench_start},
};

static int usage(void) {
    fputs("usage: bench [-r ROUNDS] [-j JSON] [-s SVG] [PART...]\nThe parts, all unless told:", stderr);
    for (size_t i = 0; i < LENGTH(PARTS); i++)
        fprintf(stderr, " %s", PARTS[i].name);
    fputc('\n', stderr);
    return 2;
}

/* One processor for all programs: the last one, which other programs use least. */
static void pin(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) < 0)
        fail_call("sched_getaffinity");
    size_t last = CPU_SETSIZE - 1;
    while (last > 0 && !CPU_ISSET(last, &set))
        last--;
    CPU_ZERO(&set);
    CPU_SET(last, &set);
    if (sched_setaffinity(0, sizeof set, &set) < 0)
        fail_call("sched_setaffinity");
}

static void allow_descriptors(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        fail_call("getrlimit");
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        fail_call("setrlimit");
}

static bool chosen(const char *name, int count, char *names[]) {
    for (int i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return count == 0;
}

int main(int argc, char *argv[]) {
    const char *json = NULL, *svg = NULL;
    int i = 1;
    for (; i + 1 < argc && argv[i][0] == '-'; i += 2) {
        char *end = "";
        if (strcmp(argv[i], "-j") == 0)
            json = argv[i + 1];
        else if (strcmp(argv[i], "-s") == 0)
            svg = argv[i + 1];
        else if (strcmp(argv[i], "-r") == 0)
            rounds = (int)strtol(argv[i + 1], &end, 10);
        else
            break;
        if (*end != '\0' || rounds < 1)
            break;
    }
    bool good = i == argc || argv[i][0] != '-';
    for (int k = i; k < argc; k++) {
        bool known = false;
        for (size_t part = 0; part < LENGTH(PARTS); part++)
            known |= strcmp(PARTS[part].name, argv[k]) == 0;
        good &= known;
    }
    if (!good)
        return usage();
    /* A run that hangs ends by SIGALRM: this is ten times what it needs. */
    (void)alarm(60 + 3 * (unsigned)rounds);
    pin();
    allow_descriptors();
    for (size_t part = 0; part < LENGTH(PARTS); part++)
        if (chosen(PARTS[part].name, argc - i, argv + i))
            PARTS[part].run();
    report(json, svg);
    return 0;
}
