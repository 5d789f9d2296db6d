/* stack.c - convention 1 of the contract: a call uses at most 8 KiB of stack, and 16 KiB with the resolver, apart from
 * what libc's own getaddrinfo takes. A thread paints its stack, calls, and looks how far the paint is gone. */
#include "check.h"
#include <netdb.h>
#include <pthread.h>
#include <sockutil.h>
#include <stdint.h>
#include <sys/uio.h>

enum { STACK_BYTES = 512 * 1024, PAINTED_BYTES = 128 * 1024, PAINT = 0xa5, OWN_FRAMES_BYTES = 256 };

static int ends[2];
static int listener;
static char port[8];

static void transfers(void) {
    static char bytes[8192];
    const struct iovec parts[2] = {{bytes, 4000}, {bytes, 100}};
    size_t done = 0;
    CHECK(sockutil_write_full(ends[0], bytes, 1, &done, 1000) == 1);
    done = 0;
    CHECK(sockutil_writev_full(ends[0], parts, 2, &done, 1000) == 1);
    done = 0;
    CHECK(sockutil_read_full(ends[1], bytes, 4101, &done, 1000) == 1);
    done = 0;
    CHECK(sockutil_read_full(ends[1], bytes, 1, &done, 1) == -1 && errno == EAGAIN);
    CHECK(writen(ends[0], "ab\n", 3) == 3 && readline(ends[1], bytes, sizeof bytes) == 3);
}

static void frames(void) {
    static char memory[8192];
    static const char body[3000];
    sockutil_reader reader;
    char *found;
    size_t done = 0;
    size_t len;
    CHECK(sockutil_reader_init(&reader, ends[1], memory, sizeof memory) == 0);
    CHECK(sockutil_send_frame(ends[0], 4, body, 2000, &done, 1000) == 1);
    CHECK(sockutil_reader_frame(&reader, 4, &found, &len, 1000) == 1 && len == 2000);
    done = 0;
    CHECK(sockutil_send_frame(ends[0], 4, body, sizeof body, &done, 1000) == 1);
    CHECK(sockutil_reader_frame(&reader, 4, &found, &len, 1000) == 1 && len == sizeof body);
    CHECK(writen(ends[0], "line\n", 5) == 5 && sockutil_reader_line(&reader, &found, &len, 1000) == 1);
}

static void descriptors(void) {
    int got;
    size_t nfds, len, done = 0;
    char byte;
    sockutil_cred cred;
    CHECK(sockutil_peer_cred(ends[0], &cred) == 0);
    CHECK(sockutil_send_fds(ends[0], ends, 1, "x", 1, &done, 1000) == 1);
    CHECK(sockutil_recv_fds(ends[1], &got, 1, &nfds, &byte, 1, &len, 1000) == 1 && sockutil_close(got) == 0);
    CHECK(sockutil_send_fd(ends[0], ends[1], 1000) == 1);
    CHECK(sockutil_recv_fd(ends[1], &got, 1000) == 1 && sockutil_close(got) == 0);
}

static void addresses(void) {
    char text[160];
    sockutil_addr addr;
    sockutil_addr source;
    sockutil_network network;
    CHECK(sockutil_addr_parse(&addr, "[2001:db8::1]:80", -1) == 1);
    CHECK(sockutil_addr_format(&addr, text, sizeof text) > 0);
    CHECK(sockutil_addr_parse(&addr, "127.0.0.1:80", -1) == 1 && sockutil_addr_source_for(&addr, &source) == 0);
    CHECK(sockutil_network_parse(&network, "127.0.0.0/8") == 1 && sockutil_addr_in(&addr, &network) == 1);
}

static void numeric_connections(void) {
    int gai;
    int fd = sockutil_tcp_connect("127.0.0.1", port, SOCKUTIL_NUMERIC, 1000, &gai);
    int accepted = sockutil_accept(listener, NULL, 0, 1000);
    sockutil_addr local;
    sockutil_addr peer;
    CHECK(fd >= 0 && accepted >= 0);
    CHECK(sockutil_addr_local(fd, &local) == 0 && sockutil_addr_peer(fd, &peer) == 0);
    if (sockutil_tcp_state_between(&local, &peer) < 0) {
        CHECK(errno == ENOTSUP);
    }
    CHECK(sockutil_close(accepted) == 0 && sockutil_close_graceful(fd, 1000) == 0);
    CHECK((fd = sockutil_udp_bind("127.0.0.1", "0", SOCKUTIL_NUMERIC, &gai)) >= 0 && sockutil_close(fd) == 0);
    CHECK((fd = sockutil_udp_connect("127.0.0.1", port, SOCKUTIL_NUMERIC, &gai)) >= 0 && sockutil_close(fd) == 0);
}

static void unix_connections(void) {
    char path[64];
    int fd;
    snprintf(path, sizeof path, "/tmp/sockutil-stack-%ld", (long)getpid());
    CHECK((fd = sockutil_unix_listen(path, 4, 0)) >= 0 && sockutil_close(fd) == 0);
    CHECK((fd = sockutil_unix_listen(path, 4, 0)) >= 0 && sockutil_close(fd) == 0);
    CHECK((fd = sockutil_unix_listen_mode(path, 4, 0666, SOCKUTIL_REPLACE)) >= 0 && sockutil_close(fd) == 0);
    CHECK(unlink(path) == 0 && sockutil_listen_fds(&fd) == 0);
}

static void names(void) {
    sockutil_addr found[4];
    size_t count;
    int gai;
    int fd;
    CHECK(sockutil_resolve("localhost", port, SOCK_STREAM, 0, found, 4, &count, &gai) == 0 && count > 0);
    CHECK((fd = sockutil_tcp_connect("localhost", port, SOCKUTIL_IPV4, 1000, &gai)) >= 0 && sockutil_close(fd) == 0);
    CHECK((fd = sockutil_accept(listener, NULL, 0, 1000)) >= 0 && sockutil_close(fd) == 0);
}

/* What libc takes for the same names. */
static void names_by_libc(void) {
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    CHECK(getaddrinfo("localhost", port, &hints, &found) == 0);
    freeaddrinfo(found);
}

struct measured {
    void (*calls)(void);
    size_t bytes;
};

static void *measure(void *argument) {
    struct measured *measured = argument;
    unsigned char *top = (unsigned char *)__builtin_frame_address(0) - OWN_FRAMES_BYTES;
    unsigned char *bottom = top - PAINTED_BYTES;
    volatile unsigned char *low = bottom;
    /* Twice: in the first, the loader may look up functions, on this stack. */
    measured->calls();
    memset(bottom, PAINT, PAINTED_BYTES);
    measured->calls();
    while (low < top && *low == PAINT) {
        low++;
    }
    measured->bytes = (size_t)(top + OWN_FRAMES_BYTES - low);
    return NULL;
}

static size_t bytes_of(void (*calls)(void)) {
    struct measured measured = {calls, 0};
    pthread_attr_t attributes;
    pthread_t thread;
    CHECK(pthread_attr_init(&attributes) == 0 && pthread_attr_setstacksize(&attributes, STACK_BYTES) == 0);
    CHECK(pthread_create(&thread, &attributes, measure, &measured) == 0 && pthread_join(thread, NULL) == 0);
    CHECK(pthread_attr_destroy(&attributes) == 0);
    return measured.bytes;
}

int main(void) {
    static const struct {
        const char *name;
        void (*calls)(void);
    } table[] = {
        {"transfers", transfers},
        {"frames", frames},
        {"descriptors", descriptors},
        {"addresses", addresses},
        {"numeric connections", numeric_connections},
        {"unix connections", unix_connections},
    };
    int failed = 0;
    int gai;
    sockutil_addr at;
    size_t by_libc;
    size_t ours;
    CHECK_BOUND(30);
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    CHECK((listener = sockutil_tcp_listen("127.0.0.1", "0", 4, SOCKUTIL_NUMERIC, &gai)) >= 0);
    CHECK(sockutil_addr_local(listener, &at) == 0);
    snprintf(port, sizeof port, "%d", sockutil_addr_port(&at));
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const size_t bytes = bytes_of(table[i].calls);
        /* With fewer bytes, nothing was measured. */
        const int wrong = bytes < OWN_FRAMES_BYTES + 64 || bytes > 8192 + OWN_FRAMES_BYTES;
        printf("%-20s %6zu bytes%s\n", table[i].name, bytes, wrong ? ": WRONG" : "");
        failed |= wrong;
    }
    by_libc = bytes_of(names_by_libc);
    ours = bytes_of(names);
    printf("%-20s %6zu bytes, of which libc's resolver takes %zu\n", "names", ours, by_libc);
    return failed || ours > by_libc + 8192;
}
