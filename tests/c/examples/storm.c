/* storm.c - linked into a server: SIGUSR1 is caught, counted, and interrupts whatever call waits.
 *
 * STORM           a file of 8 bytes, where the handler counts; children and threads count there too
 * STORM_RESTART if set, SA_RESTART: for a program whose own plain calls rely on it. Calls such as
 *                 poll are interrupted all the same
 */
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static _Atomic uint64_t *count;

static void on_storm(int signo) {
    (void)signo;
    atomic_fetch_add(count, 1);
}

/* Before main: the signals come as soon as the server prints that it listens. */
__attribute__((constructor)) static void await_storm(void) {
    const char *path = getenv("STORM");
    int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *shared = fd >= 0 ? mmap(NULL, sizeof(*count), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
    struct sigaction action = {.sa_handler = on_storm, .sa_flags = getenv("STORM_RESTART") != NULL ? SA_RESTART : 0};
    if (shared == MAP_FAILED || close(fd) < 0 || sigaction(SIGUSR1, &action, NULL) < 0) {
        perror("storm");
        abort();
    }
    count = shared;
}
