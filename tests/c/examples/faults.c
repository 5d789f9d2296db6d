/* faults.c - linked into echo_server with --wrap=accept and --wrap=fork: failures that a healthy kernel does not give.
 *
 * FAIL_ACCEPT errno numbers with commas between: every other accept fails with the next one, until none is left
 * FAIL_FORK how many calls of fork fail first FORK_SIGNAL the signal that the first child gets before its first
 * statement
 */
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int __real_accept(int fd, struct sockaddr *address, socklen_t *length);
int __wrap_accept(int fd, struct sockaddr *address, socklen_t *length);
pid_t __real_fork(void);
pid_t __wrap_fork(void);

static int number(const char *name) {
    const char *text = getenv(name);
    return text != NULL ? atoi(text) : 0;
}

int __wrap_accept(int fd, struct sockaddr *address, socklen_t *length) {
    static char *next;
    static int calls;
    if (calls == 0)
        next = getenv("FAIL_ACCEPT");
    if (*length != sizeof(struct sockaddr_in)) {
        fprintf(stderr, "FAIL: accept was given the length %u\n", (unsigned)*length);
        abort();
    }
    int failure = next != NULL && *next != '\0' && calls++ % 2 == 0 ? (int)strtol(next, &next, 10) : 0;
    if (next != NULL && *next == ',')
        next++;
    int connfd = failure == 0 ? __real_accept(fd, address, length) : -1;
    if (failure != 0)
        errno = failure;
    *length = 1; /* as if this peer's address had been shorter */
    return connfd;
}

pid_t __wrap_fork(void) {
    static int calls;
    if (calls++ < number("FAIL_FORK")) {
        errno = EAGAIN;
        return -1;
    }
    pid_t pid = __real_fork();
    int signo = number("FORK_SIGNAL");
    if (pid == 0 && calls == 1 && signo != 0)
        (void)raise(signo);
    return pid;
}
