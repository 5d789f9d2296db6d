/* sendto_fails.c - linked into udp_server with --wrap=sockutil_sendto: the first answer cannot be sent, as with a
 * packet filter. */
#include <errno.h>
#include <sockutil.h>

ssize_t __real_sockutil_sendto(int fd, const void *buf, size_t n, const sockutil_addr *to, int timeout_ms);
ssize_t __wrap_sockutil_sendto(int fd, const void *buf, size_t n, const sockutil_addr *to, int timeout_ms);

ssize_t __wrap_sockutil_sendto(int fd, const void *buf, size_t n, const sockutil_addr *to, int timeout_ms) {
    static int calls;
    if (calls++ == 0) {
        errno = EPERM;
        return -1;
    }
    return __real_sockutil_sendto(fd, buf, n, to, timeout_ms);
}
