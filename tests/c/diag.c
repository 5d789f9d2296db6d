/* sock_diag(7): what sockutil_tcp_state_between sends, and how it handles answers that this program fakes. Its own
 * system calls replace libc's. */
#include "check.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <sockutil.h>
#include <stddef.h>

static struct {
    struct nlmsghdr header;
    struct inet_diag_req_v2 request;
} question;

static struct {
    struct nlmsghdr header;
    union {
        struct inet_diag_msg found;
        struct nlmsgerr error;
    } body;
} answer;

static size_t answer_bytes;

ssize_t send(int fd, const void *buf, size_t n, int flags) {
    (void)fd, (void)flags;
    CHECK(n == sizeof question);
    memcpy(&question, buf, n);
    return (ssize_t)n;
}

ssize_t recv(int fd, void *buf, size_t n, int flags) {
    (void)fd, (void)flags;
    CHECK(n >= answer_bytes);
    memcpy(buf, &answer, answer_bytes);
    return (ssize_t)answer_bytes;
}

static sockutil_addr address(const char *text) {
    sockutil_addr result;
    CHECK(sockutil_addr_parse(&result, text, -1) == 1);
    return result;
}

/* The kernel finds this. */
static void finds(int family, int state, const char *local, int local_port, const char *peer, int peer_port) {
    memset(&answer, 0, sizeof answer);
    answer_bytes = sizeof answer.header + sizeof answer.body.found;
    answer.header.nlmsg_len = (uint32_t)answer_bytes;
    answer.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
    answer.body.found.idiag_family = (uint8_t)family;
    answer.body.found.idiag_state = (uint8_t)state;
    answer.body.found.id.idiag_sport = htons((uint16_t)local_port);
    answer.body.found.id.idiag_dport = htons((uint16_t)peer_port);
    CHECK(inet_pton(family, local, answer.body.found.id.idiag_src) == 1);
    CHECK(inet_pton(family, peer, answer.body.found.id.idiag_dst) == 1);
}

static void says(int error) {
    memset(&answer, 0, sizeof answer);
    answer_bytes = sizeof answer.header + sizeof answer.body.error;
    answer.header.nlmsg_len = (uint32_t)answer_bytes;
    answer.header.nlmsg_type = NLMSG_ERROR;
    answer.body.error.error = error;
}

static int between(const char *local, const char *peer) {
    sockutil_addr one = address(local);
    sockutil_addr other = address(peer);
    memset(&question, 0xee, sizeof question);
    return sockutil_tcp_state_between(&one, &other);
}

#define V4 "127.0.0.1:1000", "127.0.0.2:2000"
#define V6 "[fe80::1%7]:1000", "[fe80::2%7]:2000"

/* The fields of sock_diag(7): one connection, in any state, by its two ends; no extensions, no cookie. */
static void questions(void) {
    static const uint8_t ZEROS[12];
    struct in6_addr ip;
    finds(AF_INET, SOCKUTIL_TCP_ESTABLISHED, "127.0.0.1", 1000, "127.0.0.2", 2000);
    CHECK(between(V4) == SOCKUTIL_TCP_ESTABLISHED);
    for (int i = 0; i < 2; i++) {
        CHECK(question.header.nlmsg_len == sizeof question);
        CHECK(question.header.nlmsg_type == SOCK_DIAG_BY_FAMILY);
        CHECK(question.header.nlmsg_flags == NLM_F_REQUEST);
        CHECK(question.request.sdiag_family == (i == 0 ? AF_INET : AF_INET6));
        CHECK(question.request.sdiag_protocol == IPPROTO_TCP);
        CHECK(question.request.idiag_ext == 0);
        CHECK(question.request.idiag_states == UINT32_MAX);
        CHECK(ntohs(question.request.id.idiag_sport) == 1000);
        CHECK(ntohs(question.request.id.idiag_dport) == 2000);
        CHECK(question.request.id.idiag_cookie[0] == INET_DIAG_NOCOOKIE);
        CHECK(question.request.id.idiag_cookie[1] == INET_DIAG_NOCOOKIE);
        if (i == 0) {
            CHECK(ntohl(question.request.id.idiag_src[0]) == 0x7f000001);
            CHECK(ntohl(question.request.id.idiag_dst[0]) == 0x7f000002);
            CHECK(memcmp(&question.request.id.idiag_src[1], ZEROS, sizeof ZEROS) == 0);
            CHECK(memcmp(&question.request.id.idiag_dst[1], ZEROS, sizeof ZEROS) == 0);
            CHECK(question.request.id.idiag_if == 0);
            finds(AF_INET6, SOCKUTIL_TCP_ESTABLISHED, "fe80::1", 1000, "fe80::2", 2000);
            CHECK(between(V6) == SOCKUTIL_TCP_ESTABLISHED);
        }
    }
    CHECK(inet_pton(AF_INET6, "fe80::1", &ip) == 1 && memcmp(question.request.id.idiag_src, &ip, sizeof ip) == 0);
    CHECK(inet_pton(AF_INET6, "fe80::2", &ip) == 1 && memcmp(question.request.id.idiag_dst, &ip, sizeof ip) == 0);
    CHECK(question.request.id.idiag_if == 7);
}

/* The kernel answers with the nearest match, for example a listener: only the two ends of the query are an answer. */
static void answers(void) {
    finds(AF_INET, SOCKUTIL_TCP_TIME_WAIT, "127.0.0.1", 1000, "127.0.0.2", 2000);
    CHECK(between(V4) == SOCKUTIL_TCP_TIME_WAIT);
    /* Of IPv4 the first four bytes count. */
    memset(&answer.body.found.id.idiag_src[1], 0xaa, 12);
    memset(&answer.body.found.id.idiag_dst[1], 0xaa, 12);
    CHECK(between(V4) == SOCKUTIL_TCP_TIME_WAIT);

    finds(AF_INET, SOCKUTIL_TCP_LISTEN, "127.0.0.1", 1000, "127.0.0.2", 2000);
    CHECK(between(V4) == SOCKUTIL_TCP_CLOSED);
    /* The kernel's NEW_SYN_RECV. */
    finds(AF_INET, 12, "127.0.0.1", 1000, "127.0.0.2", 2000);
    CHECK(between(V4) == SOCKUTIL_TCP_SYN_RECV);

    finds(AF_INET, SOCKUTIL_TCP_ESTABLISHED, "127.0.0.3", 1000, "127.0.0.2", 2000);
    CHECK(between(V4) == SOCKUTIL_TCP_CLOSED);
    finds(AF_INET, SOCKUTIL_TCP_ESTABLISHED, "127.0.0.1", 1000, "127.0.0.3", 2000);
    CHECK(between(V4) == SOCKUTIL_TCP_CLOSED);
    finds(AF_INET, SOCKUTIL_TCP_ESTABLISHED, "127.0.0.1", 1001, "127.0.0.2", 2000);
    CHECK(between(V4) == SOCKUTIL_TCP_CLOSED);
    finds(AF_INET, SOCKUTIL_TCP_ESTABLISHED, "127.0.0.1", 1000, "127.0.0.2", 2001);
    CHECK(between(V4) == SOCKUTIL_TCP_CLOSED);
    finds(AF_INET, SOCKUTIL_TCP_ESTABLISHED, "127.0.0.2", 2000, "127.0.0.1", 1000);
    CHECK(between(V4) == SOCKUTIL_TCP_CLOSED);

    /* An IPv6 socket also carries IPv4; but an address that only looks like IPv4 is another one. */
    finds(AF_INET6, SOCKUTIL_TCP_ESTABLISHED, "::ffff:127.0.0.1", 1000, "::ffff:127.0.0.2", 2000);
    CHECK(between(V4) == SOCKUTIL_TCP_ESTABLISHED);
    finds(AF_INET6, SOCKUTIL_TCP_ESTABLISHED, "7f00:1::", 1000, "7f00:2::", 2000);
    CHECK(between(V4) == SOCKUTIL_TCP_CLOSED);
    finds(AF_INET, SOCKUTIL_TCP_ESTABLISHED, "0.0.0.0", 1000, "0.0.0.0", 2000);
    CHECK(inet_pton(AF_INET6, "::ffff:127.0.0.1", answer.body.found.id.idiag_src) == 1);
    CHECK(inet_pton(AF_INET6, "::ffff:127.0.0.2", answer.body.found.id.idiag_dst) == 1);
    CHECK(between(V4) == SOCKUTIL_TCP_CLOSED);

    finds(AF_INET6, SOCKUTIL_TCP_ESTABLISHED, "fe80::1", 1000, "fe80::3", 2000);
    CHECK(between(V6) == SOCKUTIL_TCP_CLOSED);
    finds(AF_INET6, SOCKUTIL_TCP_ESTABLISHED, "fe80::1", 1000, "fe80::2", 2000);
    answer.body.found.idiag_family = AF_INET;
    CHECK(between(V6) == SOCKUTIL_TCP_CLOSED);
    /* An address with IPv6's zeros, beside an IPv4 answer of the same bytes. */
    finds(AF_INET, SOCKUTIL_TCP_ESTABLISHED, "127.0.0.1", 1000, "127.0.0.2", 2000);
    CHECK(between("[7f00:1::]:1000", "[7f00:2::]:2000") == SOCKUTIL_TCP_CLOSED);
}

/* The kernel refuses, or sends an unknown message. */
static void refusals(void) {
    says(-ENOENT);
    CHECK(between(V4) == SOCKUTIL_TCP_CLOSED);
    says(-EPERM);
    errno = 0;
    CHECK(between(V4) == -1 && errno == EPERM);
    says(0);
    errno = 0;
    CHECK(between(V4) == -1 && errno != 0);
    answer.header.nlmsg_type = NLMSG_DONE;
    errno = 0;
    CHECK(between(V4) == -1 && errno != 0);
    /* Each length that is too short for its message. Any error will do. */
    finds(AF_INET, SOCKUTIL_TCP_ESTABLISHED, "127.0.0.1", 1000, "127.0.0.2", 2000);
    size_t needed =
        sizeof answer.header + offsetof(struct inet_diag_msg, id) + offsetof(struct inet_diag_sockid, idiag_if);
    for (answer_bytes = 0; answer_bytes < needed; answer_bytes++) {
        errno = 0;
        CHECK(between(V4) == -1 && errno != 0);
    }
    says(-ENOENT);
    needed = sizeof answer.header + sizeof answer.body.error.error;
    for (answer_bytes = 0; answer_bytes < needed; answer_bytes++) {
        errno = 0;
        CHECK(between(V4) == -1 && errno != 0);
    }
}

int main(void) {
    CHECK_BOUND(10);
    questions();
    answers();
    refusals();
    return 0;
}
