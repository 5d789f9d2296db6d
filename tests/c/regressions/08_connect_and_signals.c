/* A program with a timer could not connect: "Operation already in progress". A signal ends connect(2) but not the
 * attempt, which the tutorial begins again.
 * The call must wait for the attempt that goes on, in the time that is left, and return its result.
 */
#include "full_backlog.h"

#include <signal.h>
#include <time.h>

#define TIMEOUT_MS 200
#define TICKS 20

static volatile sig_atomic_t ticks;
static timer_t ticker;

/* The listener that makes room once the connect has been interrupted often enough; -1: never. */
static volatile sig_atomic_t listener_with_room = -1;

static void on_tick(int signal_number) {
    int saved = errno;
    (void)signal_number;
    ticks++;
    if (ticks >= TICKS) {
        struct itimerspec never = {.it_value.tv_nsec = 0};
        (void)timer_settime(ticker, 0, &never, NULL);
        if (listener_with_room >= 0)
            (void)accept(listener_with_room, NULL, NULL);
    }
    errno = saved;
}

static void start_ticks(void) {
    struct itimerspec every_ms = {.it_interval.tv_nsec = 1000000, .it_value.tv_nsec = 1000000};
    ticks = 0;
    CHECK(timer_settime(ticker, 0, &every_ms, NULL) == 0);
}

#ifndef TUTORIAL
static int connect_within(int fd, const struct sockaddr *address, socklen_t size, int timeout_ms) {
    sockutil_addr to = {.len = size};
    memcpy(&to.ss, address, size);
    return sockutil_connect(fd, &to, timeout_ms);
}
#endif

int main(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    /* Without SA_RESTART, as in programs that want to be interrupted. */
    struct sigaction action = {.sa_handler = on_tick};
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    CHECK_BOUND(SECONDS);
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
    CHECK(timer_create(CLOCK_MONOTONIC, &event, &ticker) == 0);
    int listener = full_backlog(&address);

    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(fd >= 0);
    start_ticks();
    int answer = connect_within(fd, (struct sockaddr *)&address, sizeof address, TIMEOUT_MS);
    CHECK(answer == -1 && ticks > 0);
    MUST(errno != EALREADY, "connect is called again");
#ifndef TUTORIAL
    CHECK(errno == ETIMEDOUT);
    CHECK(close(fd) == 0);

    /* Interrupted, and answered later: connected. */
    fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(fd >= 0);
    listener_with_room = listener;
    start_ticks();
    CHECK(connect_within(fd, (struct sockaddr *)&address, sizeof address, SOCKUTIL_FOREVER) == 0);
    CHECK(ticks == TICKS);
#endif
    CHECK(close(fd) == 0 && close(listener) == 0);
    return 0;
}
