/* start.c - what it costs a program to start with libsockutil.so, against the same program with libc alone. */
#include "bench.h"

#include <errno.h>
#include <spawn.h>
#include <sys/wait.h>

extern char **environ;

/* Wall-clock time: a child's processor time is counted in ticks on some kernels. Each run waits for the one before. */
static double run(void *context) {
    char *const arguments[] = {context, NULL};
    int status;
    pid_t child;
    double start = clock_ns(CLOCK_MONOTONIC);
    if ((errno = posix_spawn(&child, context, NULL, NULL, arguments, environ)) != 0)
        fail_call("posix_spawn");
    if (waitpid(child, &status, 0) != child)
        fail_call("waitpid");
    double cost = clock_ns(CLOCK_MONOTONIC) - start;
    NEED(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return cost;
}

void bench_start(void) {
    struct contender contenders[] = {{.run = run, .context = START_WITH}, {.run = run, .context = START_WITHOUT}};
    contest(contenders, LENGTH(contenders));
    row("a program's start", "libsockutil.so", "libc alone", contenders[0].least / contenders[1].least, AT_MOST(1.10));
}
