/* A SIGCHLD handler from the tutorials spins while any child runs, or leaves zombies, or calls printf, which is not
 * async-signal-safe, or changes the errno of the code that it interrupts. The handler must reap all ended children,
 * leave the others, return, print nothing and not change errno.
 */
#include "regression.h"

#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#define ENDED 3

static volatile sig_atomic_t calls;

/* The handler's waitpid: it notices a spin. */
pid_t waitpid(pid_t pid, int *status, int options) {
    calls++;
    MUST(calls <= 1000, "the handler spins while a child lives");
    return wait4(pid, status, options, NULL);
}

#ifndef TUTORIAL
static void on_child(int signal_number) {
    (void)signal_number;
    sockutil_reap_children();
}
#endif

static pid_t start(const int hold[2]) {
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        char byte;
        if (hold != NULL) {
            close(hold[1]);
            _exit(read(hold[0], &byte, 1) == 0 ? 0 : 1);
        }
        _exit(0);
    }
    return child;
}

/* Returns when the child is a zombie. */
static void let_end(pid_t child) {
    siginfo_t info;
    CHECK(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT) == 0);
}

/* The one signal that stands for all children that have ended arrives here, in the middle of something else. */
static void take_the_signal(int out) {
    sigset_t set;
    int printed = 0;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    calls = 0;
    errno = E2BIG;
    int answer = sigprocmask(SIG_UNBLOCK, &set, NULL);
    MUST(errno == E2BIG, "the handler changed errno");
    CHECK(answer == 0);
    CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
    CHECK(calls > 0);
    CHECK(fflush(stdout) == 0);
    CHECK(ioctl(out, FIONREAD, &printed) == 0);
    MUST(printed == 0, "the handler prints");
}

int main(void) {
    struct sigaction action = {.sa_handler = on_child};
    sigset_t set;
    int hold[2];
    int out[2];
    pid_t ended[ENDED];
    CHECK_BOUND(SECONDS);
    /* Output goes to a place where it can be counted. */
    CHECK(pipe(out) == 0);
    CHECK(dup2(out[1], STDOUT_FILENO) == STDOUT_FILENO);
    CHECK(pipe(hold) == 0);
    CHECK(sigaction(SIGCHLD, &action, NULL) == 0);
    CHECK(sigemptyset(&set) == 0 && sigaddset(&set, SIGCHLD) == 0);
    CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0);

    pid_t living = start(hold);
    for (size_t i = 0; i < ENDED; i++) {
        ended[i] = start(NULL);
    }
    for (size_t i = 0; i < ENDED; i++) {
        let_end(ended[i]);
    }
    take_the_signal(out[0]);
    for (size_t i = 0; i < ENDED; i++) {
        MUST(wait4(ended[i], NULL, WNOHANG, NULL) == -1 && errno == ECHILD, "an ended child is left");
    }
    CHECK(wait4(living, NULL, WNOHANG, NULL) == 0);

    /* The last one: after it there is none to wait for, which is ECHILD inside the handler. */
    CHECK(close(hold[1]) == 0);
    let_end(living);
    take_the_signal(out[0]);
    CHECK(wait4(living, NULL, WNOHANG, NULL) == -1 && errno == ECHILD);
    return 0;
}
