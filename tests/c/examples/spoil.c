/* spoil.c - linked into a server and libsockutil.a with --wrap: mistakes that the soak must notice.
 *
 * SPOIL=descriptor   every 50th close closes nothing
 * SPOIL=memory       every close keeps 4 KiB
 * SPOIL=child        children that have ended are not reaped
 * SPOIL=byte after a signal has interrupted a wait, one of the next bytes is lost SPOIL=eintr after a signal, the next
 * accept takes a client and forgets it SPOIL=sigpipe send raises SIGPIPE
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int __real_close(int fd);
int __wrap_close(int fd);
int __real_accept4(int fd, struct sockaddr *address, socklen_t *length, int flags);
int __wrap_accept4(int fd, struct sockaddr *address, socklen_t *length, int flags);
ssize_t __real_recv(int fd, void *buf, size_t n, int flags);
ssize_t __wrap_recv(int fd, void *buf, size_t n, int flags);
ssize_t __real_send(int fd, const void *buf, size_t n, int flags);
ssize_t __wrap_send(int fd, const void *buf, size_t n, int flags);
int __real_poll(struct pollfd *fds, nfds_t n, int timeout);
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout);
int __real_sockutil_reap_children(void);
int __wrap_sockutil_reap_children(void);

static int interrupted;

static int spoiled(const char *what) {
    const char *spoil = getenv("SPOIL");
    return spoil != NULL && strcmp(spoil, what) == 0;
}

/* Whether a signal has come since this was last asked, for a mistake that needs one. */
static int after_a_signal(const char *what) {
    int after = interrupted && spoiled(what);
    if (after)
        interrupted = 0;
    return after;
}

int __wrap_close(int fd) {
    static int calls;
    static void *kept;
    if (spoiled("memory")) {
        void **block = malloc(4096);
        if (block != NULL) {
            *block = kept; /* or the compiler would remove the unused memory */
            kept = block;
        }
    }
    return spoiled("descriptor") && ++calls % 50 == 0 ? 0 : __real_close(fd);
}

int __wrap_accept4(int fd, struct sockaddr *address, socklen_t *length, int flags) {
    int connfd = __real_accept4(fd, address, length, flags);
    if (connfd < 0 && errno == EINTR)
        interrupted = 1;
    if (connfd < 0 || !after_a_signal("eintr"))
        return connfd;
    (void)__real_close(connfd);
    errno = EINTR;
    return -1;
}

ssize_t __wrap_recv(int fd, void *buf, size_t n, int flags) {
    ssize_t came = __real_recv(fd, buf, n, flags);
    if (came < 0 && errno == EINTR)
        interrupted = 1;
    return came > 1 && (flags & MSG_PEEK) == 0 && after_a_signal("byte") ? came - 1 : came;
}

ssize_t __wrap_send(int fd, const void *buf, size_t n, int flags) {
    return __real_send(fd, buf, n, spoiled("sigpipe") ? flags & ~MSG_NOSIGNAL : flags);
}

int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout) {
    int ready = __real_poll(fds, n, timeout);
    if (ready < 0 && errno == EINTR)
        interrupted = 1;
    return ready;
}

int __wrap_sockutil_reap_children(void) {
    return spoiled("child") ? 0 : __real_sockutil_reap_children();
}
