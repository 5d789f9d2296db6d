/* server_faults.c - linked into a server and libsockutil.a with --wrap: failures that a healthy kernel does not give,
 * and a count of the calls that serve a client.
 *
 * FAIL_ACCEPT errno numbers with commas between: every other accept4 fails with the next one, until none is left
 * FAIL_THREAD how many calls of pthread_create fail first SIGNAL_BEFORE the first call of accept4, or else of
 * epoll_wait, finds that SIGTERM has just come COUNT if set, the counts are printed at exit; turn: the most lines sent
 * between two waits
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

int __real_accept4(int fd, struct sockaddr *address, socklen_t *length, int flags);
int __wrap_accept4(int fd, struct sockaddr *address, socklen_t *length, int flags);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *argument);
ssize_t __real_recv(int fd, void *buf, size_t n, int flags);
ssize_t __wrap_recv(int fd, void *buf, size_t n, int flags);
ssize_t __real_send(int fd, const void *buf, size_t n, int flags);
ssize_t __wrap_send(int fd, const void *buf, size_t n, int flags);
int __real_poll(struct pollfd *fds, nfds_t n, int timeout);
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout);
int __real_epoll_wait(int fd, struct epoll_event *events, int n, int timeout);
int __wrap_epoll_wait(int fd, struct epoll_event *events, int n, int timeout);
int __real_epoll_ctl(int fd, int operation, int target, struct epoll_event *event);
int __wrap_epoll_ctl(int fd, int operation, int target, struct epoll_event *event);

static int recvs, sends, polls, waits, changes, turn, longest_turn;

static void tell(void) {
    fprintf(stderr, "recv %d send %d poll %d epoll_wait %d epoll_ctl %d turn %d\n", recvs, sends, polls, waits, changes,
            longest_turn);
}

static void signal_before(const char *call) {
    const char *which = getenv("SIGNAL_BEFORE");
    if (which != NULL && strcmp(which, call) == 0)
        (void)raise(SIGTERM);
}

int __wrap_accept4(int fd, struct sockaddr *address, socklen_t *length, int flags) {
    static char *next;
    static int calls;
    if (calls == 0) {
        next = getenv("FAIL_ACCEPT");
        if (getenv("COUNT") != NULL && atexit(tell) != 0)
            abort();
    }
    if (calls == 0)
        signal_before("accept4");
    int failure = calls++ % 2 == 0 && next != NULL && *next != '\0' ? (int)strtol(next, &next, 10) : 0;
    if (next != NULL && *next == ',')
        next++;
    if (failure == 0)
        return __real_accept4(fd, address, length, flags);
    errno = failure;
    return -1;
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *argument) {
    static int calls;
    const char *text = getenv("FAIL_THREAD");
    errno = 0; /* the failure is its return value */
    return text != NULL && calls++ < atoi(text) ? EAGAIN : __real_pthread_create(thread, attr, run, argument);
}

ssize_t __wrap_recv(int fd, void *buf, size_t n, int flags) {
    recvs++;
    return __real_recv(fd, buf, n, flags);
}

ssize_t __wrap_send(int fd, const void *buf, size_t n, int flags) {
    sends++;
    turn++;
    if (turn > longest_turn)
        longest_turn = turn;
    return __real_send(fd, buf, n, flags);
}

int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout) {
    polls++;
    return __real_poll(fds, n, timeout);
}

int __wrap_epoll_wait(int fd, struct epoll_event *events, int n, int timeout) {
    if (waits++ == 0)
        signal_before("epoll_wait");
    turn = 0;
    return __real_epoll_wait(fd, events, n, timeout);
}

int __wrap_epoll_ctl(int fd, int operation, int target, struct epoll_event *event) {
    changes++;
    return __real_epoll_ctl(fd, operation, target, event);
}
