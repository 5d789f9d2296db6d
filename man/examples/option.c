#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sockutil.h>
#include <stdio.h>

int main(void) {
    int nodelay, idle, fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd < 0 || sockutil_set_nodelay(fd, 1) < 0 ||
        sockutil_set_keepalive(fd, 60, 10, 3) < 0)
        return 1;

    /* The value that the kernel has set. */
    if (sockutil_getsockopt_int(fd, IPPROTO_TCP, TCP_NODELAY,
                                &nodelay) < 0 ||
        sockutil_getsockopt_int(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle) <
            0)
        return 1;
    printf("no delay: %s\n", nodelay != 0 ? "on" : "off");
    printf("keepalive after %d s\n", idle);

    /* No error is pending: nothing was sent or tried yet. */
    printf("pending error: %d\n", sockutil_take_error(fd));
    return sockutil_close(fd) < 0;
}
