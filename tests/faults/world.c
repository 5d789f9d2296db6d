/* The world of a run: its descriptors, its peer, and the stream between them. */
#include "run.h"
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

enum {
    HOUR_MS = 3600 * 1000, /* a timed call's limit: it never runs out by itself */
    PIECE = 7              /* bytes in a piece, if they come in pieces */
};

long must(long answer, const char *what) {
    if (answer < 0) {
        fprintf(stderr, "faults: the harness itself: %s: %s\n", what, strerror(errno));
        exit(2);
    }
    return answer;
}

/* ---- The stream --------------------------------------------------------- */

void add_bytes(struct run *r, const void *bytes, size_t n) {
    memcpy(r->stream + r->length, bytes, n);
    r->length += n;
}

void add_pattern(struct run *r, size_t n) {
    for (size_t i = 0; i < n; i++, r->length++)
        r->stream[r->length] = (unsigned char)(r->length * 7 + r->length / 251);
}

void check_stream(struct run *r, const void *bytes, size_t from, size_t n) {
    if (from + n > r->length || memcmp(bytes, r->stream + from, n) != 0)
        complain(r, "%zu bytes are not those of the stream at %zu", n, from);
}

static bool is_socket(const struct run *r) {
    return (r->kind & SOCKETS) != 0;
}

static int unread(int fd) {
    int n = 0;
    MUST(ioctl(fd, FIONREAD, &n));
    return n;
}

/* The peer sends n bytes more, and they arrive. */
static void feed(struct run *r, size_t n) {
    if (n == 0)
        return;
    int before = unread(r->fd);
    if (MUST(write(r->peer, r->stream + r->fed, n)) != (long)n) {
        fputs("faults: the harness itself: the peer could not send\n", stderr);
        exit(2);
    }
    r->fed += n;
    while (unread(r->fd) < before + (int)n)
        (void)sched_yield();
}

/* The peer sends its end of stream, and it arrives. */
static void end_stream(struct run *r) {
    if (r->ended || r->peer < 0 || (r->scenario->flags & HALF) != 0)
        return;
    r->ended = true;
    if (is_socket(r)) {
        struct pollfd entry = {r->fd, POLLRDHUP, 0};
        MUST(shutdown(r->peer, SHUT_WR));
        MUST(poll(&entry, 1, -1));
    } else {
        MUST(close(r->peer));
        r->peer = -1;
    }
}

/* The peer takes the queued bytes. */
static void drain(struct run *r) {
    ssize_t n;
    while (r->received < ROOM && (n = read(r->peer, r->seen + r->received, ROOM - r->received)) > 0)
        r->received += (size_t)n;
}

/* The events during a wait of the call. */
void pump(struct run *r) {
    if (r->peer < 0)
        return;
    if ((r->scenario->flags & WRITES) != 0)
        drain(r);
    else if (r->fed < r->length)
        feed(r, r->length - r->fed < PIECE ? r->length - r->fed : PIECE);
    else
        end_stream(r);
}

/* The peer gets the sent bytes; unread bytes are still there. */
void compare_streams(struct run *r) {
    if ((r->scenario->flags & WRITES) != 0) {
        if (r->kind == REGULAR) {
            r->received = (size_t)MUST(pread(r->fd, r->seen, ROOM, 0));
        } else {
            for (struct pollfd entry = {r->peer, POLLIN, 0}; r->received < r->all_out; drain(r))
                MUST(poll(&entry, 1, -1));
        }
        if (r->received != r->all_out || r->received != r->length)
            complain(r, "the peer got %zu bytes of %zu", r->received, r->length);
        if (memcmp(r->seen, r->stream, r->received < ROOM ? r->received : ROOM) != 0)
            complain(r, "the peer got other bytes than were sent");
        return;
    }
    size_t rest = r->fed - r->all_in;
    if (r->fed < r->all_in || (rest > 0 && MUST(read(r->fd, r->seen, rest)) != (long)rest))
        complain(r, "%zu bytes were read of %zu, and the rest is not there", r->all_in, r->fed);
    else
        check_stream(r, r->seen, r->all_in, rest);
}

/* ---- The descriptors ---------------------------------------------------- */

static int listener;
static struct sockaddr_in address = {.sin_family = AF_INET};

void start(void) {
    socklen_t size = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listener = (int)MUST(socket(AF_INET, SOCK_STREAM, 0));
    MUST(bind(listener, (struct sockaddr *)&address, size));
    MUST(listen(listener, 16));
    MUST(getsockname(listener, (struct sockaddr *)&address, &size));
}

static void connected(int *fd, int *peer) {
    socklen_t size = sizeof address;
    int on = 1;
    *peer = (int)MUST(socket(AF_INET, SOCK_STREAM, 0));
    MUST(connect(*peer, (struct sockaddr *)&address, size));
    *fd = (int)MUST(accept(listener, NULL, NULL));
    MUST(setsockopt(*fd, IPPROTO_TCP, 1 /* TCP_NODELAY */, &on, sizeof on));
    MUST(setsockopt(*peer, IPPROTO_TCP, 1, &on, sizeof on));
}

/* Opened by its name in /proc, a pipe is a FIFO: it lacks what only pipe(2) sets up. */
static void named_pipe(int ends[2]) {
    char name[64];
    int pipe_ends[2];
    MUST(pipe(pipe_ends));
    snprintf(name, sizeof name, "/proc/self/fd/%d", pipe_ends[0]);
    ends[0] = (int)MUST(open(name, O_RDONLY));
    ends[1] = (int)MUST(open(name, O_WRONLY));
    MUST(close(pipe_ends[0]));
    MUST(close(pipe_ends[1]));
}

/* The program's end of a terminal, raw, and the other end. */
static void terminal(int ends[2]) {
    struct termios modes;
    ends[1] = (int)MUST(posix_openpt(O_RDWR | O_NOCTTY));
    MUST(grantpt(ends[1]));
    MUST(unlockpt(ends[1]));
    ends[0] = (int)MUST(open(ptsname(ends[1]), O_RDWR | O_NOCTTY));
    MUST(tcgetattr(ends[0], &modes));
    cfmakeraw(&modes);
    MUST(tcsetattr(ends[0], TCSANOW, &modes));
}

static void make_small(struct run *r) {
    int bytes = 1;
    if (r->kind == UNIX)
        MUST(setsockopt(r->fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes));
    else
        MUST(fcntl(r->fd, F_SETPIPE_SZ, 4096));
}

void make_world(struct run *r) {
    bool writes = (r->scenario->flags & WRITES) != 0;
    bool nonblocking = r->arrival == PIECES && (r->limit & (FOREVER | OWN)) != 0;
    int ends[2] = {-1, -1};
    switch (r->kind) {
    case TCP:
        connected(&ends[0], &ends[1]);
        break;
    case UNIX:
        MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
        break;
    case PIPE:
        MUST(pipe(ends));
        break;
    case FIFO:
        named_pipe(ends);
        break;
    case TERMINAL:
        terminal(ends);
        break;
    case REGULAR:
        ends[0] = (int)MUST(memfd_create("faults", 0));
        break;
    default:
        break;
    }
    bool reversed = writes && (r->kind & (PIPE | FIFO)) != 0;
    r->fd = ends[reversed];
    r->peer = ends[!reversed];
    if (r->peer >= 0 && writes)
        MUST(fcntl(r->peer, F_SETFL, O_NONBLOCK));
    if (writes && r->arrival == PIECES)
        make_small(r);
    if (nonblocking)
        MUST(fcntl(r->fd, F_SETFL, MUST(fcntl(r->fd, F_GETFL)) | O_NONBLOCK));
    if (r->limit == OWN_TIMEOUT) {
        struct timeval hour = {3600, 0};
        MUST(setsockopt(r->fd, SOL_SOCKET, SO_RCVTIMEO, &hour, sizeof hour));
        MUST(setsockopt(r->fd, SOL_SOCKET, SO_SNDTIMEO, &hour, sizeof hour));
    }
    r->timeout_ms = r->limit == FOREVER ? SOCKUTIL_FOREVER : r->limit == NOWAIT ? SOCKUTIL_NOWAIT : HOUR_MS;
}

/* The input before the reader's first call. */
void fill_world(struct run *r) {
    if ((r->scenario->flags & WRITES) != 0 || r->arrival != QUEUED)
        return;
    if (r->kind == REGULAR) {
        MUST(pwrite(r->fd, r->stream, r->length, 0));
        r->fed = r->length;
        r->ended = true;
    } else if (r->peer >= 0) {
        feed(r, r->length);
        end_stream(r);
    }
}

/* With RST, so that a hundred thousand runs leave no connection in TIME_WAIT. */
void close_end(struct run *r, int *fd) {
    struct linger now = {1, 0};
    if (*fd < 0)
        return;
    if (r->kind == TCP)
        (void)setsockopt(*fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    if (close(*fd) != 0)
        complain(r, "a descriptor of the caller's was closed");
    *fd = -1;
}

/* Which descriptors are open, as a number that changes with them. */
uint64_t open_descriptors(void) {
    uint64_t sum = 0;
    DIR *folder = opendir("/proc/self/fd");
    if (folder == NULL)
        MUST(-1);
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;)
        if (entry->d_name[0] != '.')
            sum += UINT64_C(1) << (atoi(entry->d_name) & 63);
    MUST(closedir(folder));
    return sum;
}
