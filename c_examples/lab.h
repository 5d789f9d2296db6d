/* lab.h - for programs that show what the kernel does: both ends of a connection, their states, a packet filter, a
 * network of one's own. */
#ifndef LAB_H
#define LAB_H

#include "example.h"
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#ifdef __linux__
#include <fcntl.h>
#include <linux/filter.h>
#include <net/if.h>
#include <sched.h>
#endif
#ifdef __sun
#include <sys/filio.h>
#endif

/* The name of an errno value that these programs provoke; for any other, its text. */
static inline const char *errno_name(int e) {
    static const struct {
        int e;
        const char *name;
    } NAMES[] = {{0, "0"},
                 {EACCES, "EACCES"},
                 {EADDRINUSE, "EADDRINUSE"},
                 {EADDRNOTAVAIL, "EADDRNOTAVAIL"},
                 {EAGAIN, "EAGAIN"},
                 {EBADF, "EBADF"},
                 {ECONNREFUSED, "ECONNREFUSED"},
                 {ECONNRESET, "ECONNRESET"},
                 {EINPROGRESS, "EINPROGRESS"},
                 {EINTR, "EINTR"},
                 {ENOSPC, "ENOSPC"},
                 {ENOTSOCK, "ENOTSOCK"},
                 {EPIPE, "EPIPE"},
                 {ETIMEDOUT, "ETIMEDOUT"}};
    for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++)
        if (NAMES[i].e == e)
            return NAMES[i].name;
    return strerror(e);
}

/* The two ends of a TCP connection over loopback. */
struct tcp_pair {
    int client, server;
    sockutil_addr client_address, server_address;
};

static inline struct tcp_pair tcp_pair(void) {
    struct tcp_pair pair;
    int gai, listenfd = sockutil_tcp_listen("127.0.0.1", "0", 1, SOCKUTIL_NUMERIC, &gai);
    if (listenfd < 0)
        die("listen");
    pair.server_address = local_address(listenfd);
    pair.client = socket(AF_INET, SOCK_STREAM, 0);
    if (pair.client < 0 || sockutil_connect(pair.client, &pair.server_address, SOCKUTIL_FOREVER) < 0)
        die("connect");
    pair.server = sockutil_accept(listenfd, &pair.client_address, 0, SOCKUTIL_FOREVER);
    if (pair.server < 0)
        die("accept");
    close_socket(listenfd);
    return pair;
}

/* The state of a connection at its end local. Only Linux tells it of a connection without a descriptor; elsewhere it is
 * asked of fd, if that is still open. -1: it is not known. */
static inline int state_at(int fd, const sockutil_addr *local, const sockutil_addr *peer) {
    int state = sockutil_tcp_state_between(local, peer);
    if (state < 0 && errno != ENOTSUP)
        die("tcp_state_between");
    return state < 0 ? sockutil_tcp_state(fd) : state;
}

static const char NOT_KNOWN[] = "not known";

/* The name of a connection's state at its end local, also after that end, fd, was closed. A segment takes a moment to
 * arrive: this waits for the expected state, but no longer than two seconds. NOT_KNOWN: this system cannot tell. */
static inline const char *state_when(int fd, const sockutil_addr *local, const sockutil_addr *peer, int expected) {
    int64_t end = sockutil_now_ms() + 2000;
    int state = state_at(fd, local, peer);
    if (state < 0)
        (void)poll(NULL, 0, 100); /* for the segments alone */
    while (state >= 0 && state != expected && sockutil_ms_left(end) > 0) {
        (void)poll(NULL, 0, 1);
        state = state_at(fd, local, peer);
    }
    return state < 0 ? NOT_KNOWN : sockutil_tcp_state_name(state);
}

/* The number of bytes that have arrived and are not read yet. */
static inline int received_bytes(int fd) {
    int n = 0;
    if (ioctl(fd, FIONREAD, &n) < 0)
        die("FIONREAD");
    return n;
}

/* Waits until the bytes have arrived. poll cannot do it: it does not wait for more than one byte, and after SHUT_RD not
 * at all. */
static inline void await_bytes(int fd, int expected) {
    int64_t end = sockutil_now_ms() + 2000;
    while (received_bytes(fd) < expected && sockutil_ms_left(end) > 0)
        (void)poll(NULL, 0, 1);
}

/* The number of bytes that were written and are not acknowledged yet. -1: this system cannot tell. */
static inline int unacknowledged_bytes(int fd) {
#if defined(__linux__)
    int n, r = ioctl(fd, TIOCOUTQ, &n);
#elif defined(FIONWRITE) /* FreeBSD, NetBSD */
    int n, r = ioctl(fd, FIONWRITE, &n);
#elif defined(SO_NWRITE) /* macOS */
    int n, r = sockutil_getsockopt_int(fd, SOL_SOCKET, SO_NWRITE, &n);
#elif defined(__OpenBSD__)
    struct tcp_info info;
    socklen_t size = sizeof(info);
    int r = getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size), n = (int)info.tcpi_so_snd_sb_cc;
#else
    int n = -1, r = fd < 0 ? -1 : 0;
#endif
    if (r < 0)
        die("the bytes written");
    return n;
}

/* Prints how many connections wait to be accepted, and the listener's backlog. Linux has both in TCP_INFO, at the place
 * of other figures. */
static inline void print_queue(int listenfd) {
#ifdef __linux__
    struct tcp_info info = {0};
    socklen_t size = sizeof(info);
    if (getsockopt(listenfd, IPPROTO_TCP, TCP_INFO, &info, &size) < 0)
        die("TCP_INFO");
    printf("  queue %u, backlog %u\n", info.tcpi_unacked, info.tcpi_sacked);
#else
    printf("  queue of descriptor %d: not known\n", listenfd);
#endif
}

#ifdef __linux__
/* The exit status of a program when the system does not have what it shows. */
enum { NOT_HERE = 77 };

/* Some sandboxes refuse packet filters, and some kernels have none. */
static inline _Noreturn void no_filter(void) {
    int lacking = errno == EPERM || errno == EACCES || errno == ENOSYS || errno == ENOPROTOOPT || errno == EOPNOTSUPP;
    perror("SO_ATTACH_FILTER");
    exit(lacking ? NOT_HERE : 1);
}

/* From now on both ends receive only segments with this flag in the TCP header (TH_SYN, TH_ACK, ...). All others are
 * lost; with 0, every segment is. */
static inline void let_through(const struct tcp_pair *pair, unsigned flag) {
    struct sock_filter code[] = {BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 13), /* the byte of the flags */
                                 BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, flag, 0, 1),
                                 BPF_STMT(BPF_RET | BPF_K, UINT32_MAX), BPF_STMT(BPF_RET | BPF_K, 0)};
    struct sock_fprog filter = {.len = sizeof(code) / sizeof(code[0]), .filter = code};
    if (setsockopt(pair->client, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) < 0 ||
        setsockopt(pair->server, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) < 0)
        no_filter();
}

/* Takes the loopback link up or down. */
static inline int set_link(int up) {
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct ifreq link = {.ifr_name = "lo"};
    if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &link) < 0)
        die("lo");
    link.ifr_flags = (short)(up ? link.ifr_flags | IFF_UP : link.ifr_flags & ~IFF_UP);
    int r = ioctl(fd, SIOCSIFFLAGS, &link);
    close_socket(fd);
    return r;
}

/* Exit status 2: the caller has no right to what the program needs. */
static inline _Noreturn void no_network(void) {
    fprintf(stderr, "no right to a network of our own: %s\n", strerror(errno));
    exit(2);
}

/* Moves the process into a new network namespace, whose only link is loopback. An ordinary user needs his own user
 * namespace for that; some systems allow the namespace, but no rights in it. */
static inline void enter_own_network(void) {
    if ((unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0) || set_link(1) < 0)
        no_network();
}

/* Changes a setting of this network namespace. */
static inline void change_setting(const char *path, const char *value) {
    int fd = open(path, O_WRONLY);
    if (fd < 0 || writen(fd, value, strlen(value)) < 0)
        no_network();
    close_socket(fd);
}
#endif

#endif
