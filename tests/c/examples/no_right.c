/* no_right.c - linked into keepalive with --wrap=unshare and --wrap=ioctl: rights that root always has.
 *
 * DENY=all    no namespace at all
 * DENY=user   no user namespace
 * DENY=root a network namespace only within a user namespace, as for users other than root DENY=link a namespace, but
 * no right to change anything in it
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

int __real_unshare(int flags);
int __wrap_unshare(int flags);
int __real_ioctl(int fd, unsigned long request, void *argument);
int __wrap_ioctl(int fd, unsigned long request, void *argument);

static int denied(const char *what) {
    const char *deny = getenv("DENY");
    if (deny == NULL || strcmp(deny, what) != 0)
        return 0;
    errno = EPERM;
    return 1;
}

int __wrap_unshare(int flags) {
    const char *way = (flags & CLONE_NEWUSER) != 0 ? "user" : "root";
    return denied("all") || denied(way) ? -1 : __real_unshare(flags);
}

int __wrap_ioctl(int fd, unsigned long request, void *argument) {
    return request == SIOCSIFFLAGS && denied("link") ? -1 : __real_ioctl(fd, request, argument);
}
