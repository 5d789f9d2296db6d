/* multicast.c - the mcast_ functions, on the loopback interface alone. */
#include "unp.h"

#include "check.h"

#include <net/route.h>
#include <sched.h>

static unsigned lo;
static char lo_name[IF_NAMESIZE];

static union any {
    SA sa;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
} v4(const char *text, int port) {
    union any a;
    memset(&a, 0, sizeof a);
    a.in.sin_family = AF_INET;
    a.in.sin_port = (in_port_t)port;
    Inet_pton(AF_INET, text, &a.in.sin_addr);
    return a;
}

static union any v6(const char *text) {
    union any a;
    memset(&a, 0, sizeof a);
    a.in6.sin6_family = AF_INET6;
    Inet_pton(AF_INET6, text, &a.in6.sin6_addr);
    return a;
}

static const union any no_group = {{77, {0}}};

/* Whether this process is in a network namespace of its own, where all groups are routed to the loopback interface: the
 * kernel leaves an IPv4 group on the interface of the route. */
static int has_route;

static void make_route(void) {
    struct ifreq up;
    struct rtentry route;
    union any net = v4("224.0.0.0", 0), mask = v4("240.0.0.0", 0);
    char device[IF_NAMESIZE];
    int fd;
    if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
        return;
    fd = Socket(AF_INET, SOCK_DGRAM, 0);
    memset(&up, 0, sizeof up);
    strcpy(up.ifr_name, "lo");
    Ioctl(fd, SIOCGIFFLAGS, &up);
    up.ifr_flags = (short)(up.ifr_flags | IFF_UP);
    Ioctl(fd, SIOCSIFFLAGS, &up);
    memset(&route, 0, sizeof route);
    memcpy(&route.rt_dst, &net.sa, sizeof net.sa);
    memcpy(&route.rt_genmask, &mask.sa, sizeof mask.sa);
    route.rt_flags = RTF_UP;
    strcpy(device, "lo");
    route.rt_dev = device;
    Ioctl(fd, SIOCADDRT, &route);
    Close(fd);
    has_route = 1;
}

static void find_loopback(void) {
    struct if_nameindex *all = If_nameindex(), *one;
    int fd = Socket(AF_INET, SOCK_DGRAM, 0);
    for (one = all; one->if_index != 0; one++) {
        struct ifreq request;
        memset(&request, 0, sizeof request);
        strncpy(request.ifr_name, one->if_name, IFNAMSIZ - 1);
        Ioctl(fd, SIOCGIFFLAGS, &request);
        if ((request.ifr_flags & IFF_LOOPBACK) != 0) {
            lo = one->if_index;
            strncpy(lo_name, one->if_name, sizeof lo_name - 1);
        }
    }
    if_freenameindex(all);
    Close(fd);
    CHECK(lo != 0);
}

/* Whether a datagram from the sender to the group comes to the receiver. The second one, to the receiver itself, comes
 * after it. */
static int hears(int receiver, int sender, const union any *group) {
    char buf[16];
    int heard = 0;
    union any straight = v4("127.0.0.1", group->in.sin_port);
    Sendto(sender, "group", 5, 0, &group->sa, sizeof group->in);
    Sendto(sender, "self", 4, 0, &straight.sa, sizeof straight.in);
    while (Recv(receiver, buf, sizeof buf, 0) == 5)
        heard = 1;
    return heard;
}

static void groups(void) {
    int receiver = Socket(AF_INET, SOCK_DGRAM, 0), sender = Socket(AF_INET, SOCK_DGRAM, 0);
    int port = Sock_bind_wild(receiver, AF_INET), off = 0;
    union any group = v4("239.77.1.2", port), source = v4("127.0.0.1", 0), stranger = v4("127.0.0.9", 0);
    const socklen_t len = sizeof group.in;
    /* Without this Linux gives a socket what any socket of the machine has joined. */
    Setsockopt(receiver, IPPROTO_IP, IP_MULTICAST_ALL, &off, sizeof off);
    Bind(sender, &source.sa, len);
    CHECK(mcast_set_if(sender, lo_name, 0) == 0);
    Mcast_set_if(sender, NULL, lo);
    CHECK(hears(receiver, sender, &group) == 0);

    /* An index; a name; the index comes first. */
    CHECK(mcast_join(receiver, &group.sa, len, NULL, lo) == 0);
    CHECK(hears(receiver, sender, &group) == 1);
    CHECK(mcast_join(receiver, &group.sa, len, NULL, lo) == -1 && errno == EADDRINUSE);
    CHECK(mcast_leave(receiver, &group.sa, len) == 0);
    CHECK(hears(receiver, sender, &group) == 0);
    CHECK(mcast_leave(receiver, &group.sa, len) == -1 && errno == EADDRNOTAVAIL);
    Mcast_join(receiver, &group.sa, len, lo_name, 0);
    CHECK(hears(receiver, sender, &group) == 1);
    Mcast_leave(receiver, &group.sa, len);
    CHECK(mcast_join(receiver, &group.sa, len, "none such", lo) == 0);
    Mcast_leave(receiver, &group.sa, len);
    /* The system's choice. */
    CHECK(mcast_join(receiver, &group.sa, len, NULL, 0) == 0);
    CHECK(hears(receiver, sender, &group) == 1);
    Mcast_leave(receiver, &group.sa, len);
    CHECK(mcast_join(receiver, &group.sa, len, "none such", 0) == -1 && errno == ENXIO);
    CHECK(mcast_join(receiver, &no_group.sa, len, NULL, lo) == -1 && errno == EAFNOSUPPORT);
    CHECK(mcast_join(receiver, &group.sa, 100000, NULL, lo) == -1 && errno == EINVAL);

    /* Sources: one that is let through, one that is not. */
    CHECK(mcast_join_source_group(receiver, &stranger.sa, len, &group.sa, len, NULL, lo) == 0);
    CHECK(hears(receiver, sender, &group) == 0);
    Mcast_join_source_group(receiver, &source.sa, len, &group.sa, len, lo_name, 0);
    CHECK(hears(receiver, sender, &group) == 1);
    CHECK(mcast_leave_source_group(receiver, &source.sa, len, &group.sa, len) == 0);
    CHECK(hears(receiver, sender, &group) == 0);
    Mcast_leave_source_group(receiver, &stranger.sa, len, &group.sa, len);
    CHECK(mcast_join_source_group(receiver, &source.sa, len, &group.sa, len, NULL, 2000000000) == -1 &&
          errno == ENODEV);
    CHECK(mcast_join_source_group(receiver, &source.sa, len, &group.sa, len, "none such", 0) == -1 && errno == ENXIO);
    CHECK(mcast_join_source_group(receiver, &source.sa, len, &no_group.sa, len, NULL, lo) == -1 &&
          errno == EAFNOSUPPORT);

    /* Blocked within a group that is joined. */
    Mcast_join(receiver, &group.sa, len, NULL, lo);
    CHECK(mcast_block_source(receiver, &source.sa, len, &group.sa, len) == 0);
    CHECK(hears(receiver, sender, &group) == 0);
    CHECK(mcast_unblock_source(receiver, &source.sa, len, &group.sa, len) == 0);
    CHECK(hears(receiver, sender, &group) == 1);
    Mcast_block_source(receiver, &source.sa, len, &group.sa, len);
    Mcast_unblock_source(receiver, &source.sa, len, &group.sa, len);
    CHECK(hears(receiver, sender, &group) == 1);
    Mcast_leave(receiver, &group.sa, len);
}

static unsigned interface_v4(int fd) {
    struct in_addr addr;
    socklen_t len = sizeof addr;
    Getsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &addr, &len);
    return ntohl(addr.s_addr);
}

static void options_v4(void) {
    int fd = Socket(AF_INET, SOCK_DGRAM, 0), pair[2];
    CHECK(mcast_get_ttl(fd) == 1 && mcast_get_loop(fd) == 1);
    CHECK(mcast_set_ttl(fd, 200) == 0 && mcast_get_ttl(fd) == 200);
    Mcast_set_ttl(fd, 0);
    CHECK(Mcast_get_ttl(fd) == 0);
    CHECK(mcast_set_loop(fd, 0) == 0 && mcast_get_loop(fd) == 0);
    Mcast_set_loop(fd, 1);
    CHECK(Mcast_get_loop(fd) == 1);
    CHECK(mcast_set_if(fd, lo_name, 0) == 0);
    CHECK(mcast_set_if(fd, "none such", 0) == -1 && errno == ENXIO);
    /* Neither name nor index: INADDR_ANY again. */
    CHECK(mcast_set_if(fd, NULL, 0) == 0 && interface_v4(fd) == INADDR_ANY);
    CHECK(mcast_get_if(fd) == -1);
    Socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
    CHECK(mcast_set_if(pair[0], NULL, lo) == -1 && errno == EAFNOSUPPORT);
    CHECK(mcast_set_loop(pair[0], 1) == -1 && errno == EAFNOSUPPORT);
    CHECK(mcast_set_ttl(pair[0], 1) == -1 && errno == EAFNOSUPPORT);
    CHECK(mcast_get_if(pair[0]) == -1 && errno == EAFNOSUPPORT);
    CHECK(mcast_get_loop(pair[0]) == -1 && mcast_get_ttl(pair[0]) == -1);
    CHECK(mcast_set_ttl(-1, 1) == -1 && errno == EBADF);
}

static void options_v6(void) {
    int fd = socket(AF_INET6, SOCK_DGRAM, 0);
    union any group;
    if (fd < 0) {
        printf("left out: no IPv6: mcast_ functions of an IPv6 socket\n");
        return;
    }
    group = v6("ff02::77");
    CHECK(mcast_get_ttl(fd) == 1 && mcast_get_loop(fd) == 1 && mcast_get_if(fd) == 0);
    CHECK(mcast_set_ttl(fd, 200) == 0 && Mcast_get_ttl(fd) == 200);
    CHECK(mcast_set_loop(fd, 0) == 0 && Mcast_get_loop(fd) == 0);
    Mcast_set_loop(fd, 1);
    CHECK(mcast_get_loop(fd) == 1);
    CHECK(mcast_set_if(fd, lo_name, 0) == 0 && Mcast_get_if(fd) == (int)lo);
    CHECK(mcast_set_if(fd, NULL, lo) == 0 && mcast_get_if(fd) == (int)lo);
    CHECK(mcast_set_if(fd, NULL, 0) == -1 && errno == EINVAL);
    if (mcast_join(fd, &group.sa, sizeof group.in6, lo_name, 0) < 0) {
        CHECK(errno == ENODEV || errno == EADDRNOTAVAIL);
        printf("left out: no IPv6 on the loopback interface: mcast_join of an IPv6 group\n");
        return;
    }
    Mcast_leave(fd, &group.sa, sizeof group.in6);
}

int main(void) {
    CHECK_BOUND(20);
    make_route();
    find_loopback();
    if (has_route)
        groups();
    else
        printf("left out: no network namespace: mcast_join, mcast_leave and the functions of sources\n");
    options_v4();
    options_v6();
    return 0;
}
