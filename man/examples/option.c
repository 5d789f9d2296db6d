#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sockutil.h>
#include <stdio.h>

int main(void) {
    int nodelay, idle, hops, fd = socket(AF_INET, SOCK_STREAM, 0);
    sockutil_addr group, source;

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
    if (sockutil_close(fd) < 0)
        return 1;

    /* A listener for IPv6 alone, where there is IPv6. */
    fd = socket(AF_INET6, SOCK_STREAM, 0);
    if (fd >= 0 &&
        (sockutil_set_v6only(fd, 1) < 0 || sockutil_close(fd) < 0))
        return 1;

    /* What one host sends to a group, by one interface, and no more. */
    unsigned ifindex = if_nametoindex("lo");
    fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0 || sockutil_addr_parse(&group, "232.1.2.3", 0) != 1 ||
        sockutil_addr_parse(&source, "127.0.0.1", 0) != 1 ||
        sockutil_multicast_join_source(fd, &group, &source, ifindex) <
            0 ||
        sockutil_multicast_leave_source(fd, &group, &source, ifindex) <
            0)
        return 1;

    /* What we send crosses no router, and no socket of this host
     * receives it. */
    if (sockutil_set_multicast_hops(fd, AF_INET, 1) < 0 ||
        sockutil_set_multicast_loop(fd, AF_INET, 0) < 0 ||
        sockutil_getsockopt_int(fd, IPPROTO_IP, IP_MULTICAST_TTL,
                                &hops) < 0)
        return 1;
    printf("multicast hops: %d\n", hops);
    return sockutil_close(fd) < 0;
}
