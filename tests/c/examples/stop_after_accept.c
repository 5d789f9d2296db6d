/* stop_after_accept.c - linked into a server with --wrap=sockutil_accept: the signal that ends it comes just after an
 * accept. */
#include <signal.h>
#include <sockutil.h>

int __real_sockutil_accept(int listenfd, sockutil_addr *peer, unsigned int flags, int timeout_ms);
int __wrap_sockutil_accept(int listenfd, sockutil_addr *peer, unsigned int flags, int timeout_ms);

int __wrap_sockutil_accept(int listenfd, sockutil_addr *peer, unsigned int flags, int timeout_ms) {
    int connfd = __real_sockutil_accept(listenfd, peer, flags, timeout_ms);
    if (connfd >= 0)
        (void)raise(SIGTERM);
    return connfd;
}
