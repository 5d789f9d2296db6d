/* ticks.h - a signal every millisecond, as from a profiler or a program's own clock, and a check how long a call lets
 * them restart its timeout. With timer_create, because setitimer would use the alarm that bounds the program.
 */
#ifndef TICKS_H
#define TICKS_H

#include "regression.h"

#include <signal.h>
#include <stdint.h>
#include <time.h>

/* The timeout of the calls under test. The tutorial's is longer: on a machine that does not run this program for as
 * long as the timeout, it ends in spite of the signals.
 */
#ifdef TUTORIAL
#define TIMEOUT_MS 1000
#else
#define TIMEOUT_MS 200
#endif

/* Ticks cannot outrun the milliseconds, so by then a call has had at least twice its timeout. */
#define MOST_TICKS 2000

static volatile sig_atomic_t ticks;

static void on_tick(int signal_number) {
    static const char complaint[] = "FAIL on_tick: every signal starts the timeout anew\n";
    (void)signal_number;
    ticks++;
    if (ticks > MOST_TICKS) {
        _exit(write(STDERR_FILENO, complaint, sizeof complaint - 1) > 0 ? 1 : 2);
    }
}

static timer_t ticker;

static void start_ticks(void) {
    /* Without SA_RESTART, so that every tick ends the system call with EINTR. */
    struct sigaction action = {.sa_handler = on_tick};
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    struct itimerspec every_ms = {.it_interval.tv_nsec = 1000000, .it_value.tv_nsec = 1000000};
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
    CHECK(timer_create(CLOCK_MONOTONIC, &event, &ticker) == 0);
    ticks = 0;
    CHECK(timer_settime(ticker, 0, &every_ms, NULL) == 0);
}

static void stop_ticks(void) {
    CHECK(timer_delete(ticker) == 0);
}

/* More than a connection holds if its peer does not read. */
#define TOO_MUCH ((size_t)64 << 20)

static int64_t clock_ms(void) {
    struct timespec now;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

#endif
