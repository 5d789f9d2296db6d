/* The scenarios that move no bytes for the caller. */
#include "run.h"
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- Time and waiting -------------------------------------------------- */

static void wait_step(struct run *r) {
    CALL(r, sockutil_wait, r->fd, r->scenario->flags & WRITES ? POLLOUT : POLLIN, r->timeout_ms);
    if (!returned(r, r->ret > 0 ? r->ret : 1, 0))
        return;
    CHECK(r, (r->ret & (r->scenario->flags & WRITES ? POLLOUT : POLLIN)) != 0);
    r->finished = true;
}

static void wait_any_step(struct run *r) {
    short event = r->scenario->flags & WRITES ? POLLOUT : POLLIN;
    struct pollfd fds[2] = {{.fd = -1, .events = event, .revents = 4711}, {.fd = r->fd, .events = event}};
    CALL(r, sockutil_wait_any, fds, 2, r->timeout_ms);
    if (!returned(r, 1, 0))
        return;
    CHECK(r, fds[0].revents == 0 && (fds[1].revents & event) != 0);
    r->finished = true;
}

static void wait_begin(struct run *r) {
    add_pattern(r, 3);
}

static void nothing_moved(struct run *r) {
    CHECK(r, r->all_in == 0 && r->all_out == 0);
}

static void now_ms(struct run *r) {
    CALL_AS(r, sockutil_now_ms, sockutil_now_ms());
    if (returned(r, r->ret > 0 ? r->ret : 1, 0))
        r->finished = true;
}

/* Without a clock it returns 0, which is no failure. */
static void ms_left(struct run *r) {
    int64_t now = sockutil_now_ms();
    CALL(r, sockutil_ms_left, now + INT64_C(10800000));
    if (r->surfaced != 0)
        CHECK(r, r->ret == 0 && r->err == MARK);
    else if (returned(r, r->ret, 0))
        CHECK(r, r->ret <= 10800000 && (r->ret > 10700000) == !r->jumping && r->ret > 3500000);
    r->finished = true;
}

/* ---- Options, processes ------------------------------------------------ */

static void set_reuseaddr(struct run *r) {
    int on = 0;
    socklen_t size = sizeof on;
    CALL(r, sockutil_set_reuseaddr, r->fd, 1);
    bool set = returned(r, 0, 0);
    CHECK(r, getsockopt(r->fd, SOL_SOCKET, SO_REUSEADDR, &on, &size) == 0 && (on != 0) == set);
    r->finished |= set;
}

static void ignore_sigpipe(struct run *r) {
    struct sigaction standard = {.sa_handler = SIG_DFL}, now;
    CHECK(r, sigaction(SIGPIPE, &standard, NULL) == 0);
    CALL_AS(r, sockutil_ignore_sigpipe, sockutil_ignore_sigpipe());
    bool ignored = returned(r, 0, 0);
    CHECK(r, sigaction(SIGPIPE, NULL, &now) == 0 && now.sa_handler == (ignored ? SIG_IGN : SIG_DFL));
    r->finished |= ignored;
}

/* Three children have ended, one runs until the run is over. */
static void children_begin(struct run *r) {
    for (int i = 0; i < 4; i++) {
        siginfo_t info;
        r->children[i] = fork();
        if (r->children[i] == 0) {
            (void)alarm(60);
            if (i == 3)
                (void)pause();
            _exit(i);
        }
        if (r->children[i] < 0 || (i < 3 && waitid(P_PID, (id_t)r->children[i], &info, WEXITED | WNOWAIT) != 0))
            complain(r, "no child was made");
    }
}

static void reap_children(struct run *r) {
    int reaped = 0;
    CALL_AS(r, sockutil_reap_children, sockutil_reap_children());
    for (size_t i = 0; i < r->logged; i++)
        reaped += r->log[i].result > 0;
    r->done += (size_t)reaped;
    if (!returned(r, reaped, 0) || (r->logged > 0 && r->log[r->logged - 1].failed_with == ECHILD))
        return; /* Again: a false ECHILD ends a call too early. */
    CHECK(r, r->done == 3);
    r->finished = true;
}

static void children_end(struct run *r) {
    CHECK(r, waitpid(-1, NULL, WNOHANG) == 0);
    CHECK(r, kill(r->children[3], SIGKILL) == 0 && waitpid(-1, NULL, 0) == r->children[3]);
}

/* ---- Closing ----------------------------------------------------------- */

static void shutdown_write(struct run *r) {
    char byte;
    CALL(r, sockutil_shutdown_write, r->fd);
    if (!returned(r, 0, 0))
        return;
    CHECK(r, read(r->peer, &byte, 1) == 0);
    r->finished = true;
}

/* On every path: closed, by one call. */
static bool closed(struct run *r) {
    size_t calls = 0;
    for (size_t i = 0; i < r->logged; i++)
        calls += r->log[i].function == F_close;
    CHECK(r, calls == 1);
    CHECK(r, fcntl(r->fd, F_GETFD) == -1);
    if (fcntl(r->fd, F_GETFD) == -1)
        r->fd = -1;
    r->finished = true;
    return r->surfaced == 0 && !r->failed;
}

static void close_step(struct run *r) {
    CALL(r, sockutil_close, r->fd);
    (void)returned(r, 0, 0);
    (void)closed(r);
}

static const char farewell[] = "what was sent before the end";

/* The peer has sent more than one buffer takes; this side has sent its last bytes. */
static void graceful_begin(struct run *r) {
    add_pattern(r, r->arrival == QUEUED ? 4200 : 20);
    CHECK(r, write(r->fd, farewell, sizeof farewell) == (ssize_t)sizeof farewell);
}

static void close_graceful(struct run *r) {
    bool gone = false;
    char text[sizeof farewell + 1];
    CALL(r, sockutil_close_graceful, r->fd, r->timeout_ms);
    for (size_t i = 0; i < r->logged; i++)
        gone |= r->log[i].function == F_shutdown && r->log[i].failed_with != 0;
    (void)returned(r, 0, 0);
    /* It has waited for the peer's end of stream, unless there is no peer. */
    CHECK(r, r->ret == -1 || gone || r->ended);
    /* The peer gets all that was sent, and a clean end. */
    if (closed(r) && !gone && r->ret == 0) {
        CHECK(r, recv(r->peer, text, sizeof farewell, MSG_WAITALL) == (ssize_t)sizeof farewell);
        CHECK(r, memcmp(text, farewell, sizeof farewell) == 0);
        CHECK(r, read(r->peer, text, 1) == 0);
        CHECK(r, r->all_in == r->length);
    }
}

static void close_reset(struct run *r) {
    char byte;
    CALL(r, sockutil_close_reset, r->fd);
    (void)returned(r, 0, 0);
    if (closed(r) && r->kind == TCP)
        CHECK(r, read(r->peer, &byte, 1) == -1 && errno == ECONNRESET);
}

static void was_closed(struct run *r) {
    CHECK(r, r->fd == -1 && r->all_out == 0);
}

/* ---- Functions without libc calls that can fail --------------------------- */

static void pure(struct run *r) {
    static const unsigned char bytes[8] = {0, 1, 2, 3, 4, 5, 6, 7};
    unsigned char to[16] = {0};
    char text[64] = "line\r\n";
    sockutil_relay relay;
    struct pollfd ends[2];
#define PURE(due, name, ...)                                                                                           \
    CALL(r, name, __VA_ARGS__);                                                                                        \
    (void)returned(r, due, 0);                                                                                         \
    CHECK(r, r->logged == 0)
#define PURE_AS(name, expression)                                                                                      \
    CALL_AS(r, name, expression);                                                                                      \
    (void)returned(r, 1, 0);                                                                                           \
    CHECK(r, r->logged == 0)
    PURE(0, sockutil_reader_pending, &r->reader);
    PURE(0, sockutil_writer_pending, &r->writer);
    PURE(0, sockutil_relay_init, &relay, r->fd, r->fd + 1, to, sizeof to);
    PURE(0, sockutil_relay_ended, &relay, NULL);
    PURE(0, sockutil_relay_moved, &relay);
    PURE_AS(sockutil_relay_wants, (sockutil_relay_wants(&relay, ends), ends[1].fd == -1));
    PURE(4, sockutil_chomp, text, 6);
    PURE(1, sockutil_pton, AF_INET, "192.0.2.1", to);
    PURE(1, sockutil_pton, AF_INET6, "2001:db8::1", to);
    PURE_AS(sockutil_ntop, sockutil_ntop(AF_INET, bytes, text, sizeof text) == text);
    PURE_AS(sockutil_ntop, sockutil_ntop(AF_INET6, to, text, sizeof text) == text);
    PURE_AS(sockutil_version, sockutil_version() != NULL);
    PURE(htons(513), sockutil_htons, 513);
    PURE(ntohs(513), sockutil_ntohs, 513);
    PURE(htonl(513), sockutil_htonl, 513);
    PURE(ntohl(513), sockutil_ntohl, 513);
    PURE(513, sockutil_ntohll, sockutil_htonll(513));
    PURE_AS(sockutil_htonll, sockutil_htonll(0) == 0);
    PURE_AS(sockutil_is_big_endian, sockutil_is_big_endian() == (htons(1) == 1));
    PURE(0x0102, sockutil_get_be16, bytes + 1);
    PURE(0x01020304, sockutil_get_be32, bytes + 1);
    PURE(0x0001020304050607, sockutil_get_be64, bytes);
    PURE_AS(sockutil_put_be16, (sockutil_put_be16(to, 0x0102), to[1] == 2));
    PURE_AS(sockutil_put_be32, (sockutil_put_be32(to, 0x01020304), to[3] == 4));
    PURE_AS(sockutil_put_be64, (sockutil_put_be64(to, 8), to[7] == 8));
#undef PURE
#undef PURE_AS
    r->finished = true;
}

const struct scenario others[] = {
    {"wait for input", STREAMS, LIMITS, QUEUED | PIECES, 0, 1, wait_begin, wait_step, nothing_moved},
    {"wait for room", STREAMS, LIMITS, QUEUED, WRITES, 1, NULL, wait_step, nothing_moved},
    {"wait_any for input", STREAMS, LIMITS, QUEUED | PIECES, 0, 1, wait_begin, wait_any_step, nothing_moved},
    {"wait_any for room", STREAMS, LIMITS, QUEUED, WRITES, 1, NULL, wait_any_step, nothing_moved},
    {"now_ms", NO_FD, OWN, QUEUED, 0, 1, NULL, now_ms, nothing_moved},
    {"ms_left", NO_FD, OWN, QUEUED, 0, 1, NULL, ms_left, nothing_moved},
    {"set_reuseaddr", SOCKETS, OWN, QUEUED, 0, 1, NULL, set_reuseaddr, nothing_moved},
    {"ignore_sigpipe", NO_FD, OWN, QUEUED, 0, 1, NULL, ignore_sigpipe, nothing_moved},
    {"reap_children", NO_FD, OWN, QUEUED, 0, 1, children_begin, reap_children, children_end},
    {"shutdown_write", SOCKETS, OWN, QUEUED, 0, 1, NULL, shutdown_write, nothing_moved},
    {"close", STREAMS | REGULAR, OWN, QUEUED, CLOSES, 1, NULL, close_step, nothing_moved},
    {"close_graceful", SOCKETS, LIMITS, QUEUED | PIECES, CLOSES, 1, graceful_begin, close_graceful, was_closed},
    {"close_graceful, a peer that stays", SOCKETS, NOWAIT, QUEUED, CLOSES | HALF, 1, graceful_begin, close_graceful,
     was_closed},
    {"close_reset", SOCKETS, OWN, QUEUED, CLOSES, 1, NULL, close_reset, nothing_moved},
    {"no system call", NO_FD, OWN, QUEUED, 0, 1, NULL, pure, nothing_moved},
    {0},
};
