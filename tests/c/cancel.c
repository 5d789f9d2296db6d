/* pthread_cancel ends a thread in each wait of the library, also in one without a limit, and C's cleanup handlers run.
 * Each call is cancelled twice: once while it sleeps, once before it can have begun.
 */
#include "check.h"
#include <sockutil.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <sys/un.h>

/* ---- Descriptors on which nothing moves. */

static int empty_socket, empty_pipe, full_socket, full_pipe, listener, udp, full_udp, deaf_unix;
static char deaf_service[8], deaf_path[64];

static void fill(int fd) {
    static char bytes[65536];
    int flags = fcntl(fd, F_GETFL);
    CHECK(fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0);
    for (size_t size = sizeof bytes; size > 0; size /= 2) {
        while (write(fd, bytes, size) > 0)
            ;
    }
    CHECK(fcntl(fd, F_SETFL, flags) == 0);
}

/* A listener on TCP or on a Unix socket whose backlog is full: a connect waits. */
static int deaf(int family) {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_un path;
    } a;
    socklen_t size = family == AF_INET ? sizeof a.v4 : sizeof a.path;
    memset(&a, 0, sizeof a);
    a.any.sa_family = (sa_family_t)family;
    a.v4.sin_addr.s_addr = family == AF_INET ? htonl(INADDR_LOOPBACK) : 0;
    if (family == AF_UNIX) {
        /* An abstract name is as long as its bytes. */
        int length = snprintf(a.path.sun_path + 1, sizeof a.path.sun_path - 1, "sockutil-cancel-%d", (int)getpid());
        CHECK(length > 0);
        size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
    }
    int fd = socket(family, SOCK_STREAM, 0);
    CHECK(fd >= 0 && bind(fd, &a.any, size) == 0 && listen(fd, 0) == 0);
    CHECK(getsockname(fd, &a.any, &size) == 0);
    if (family == AF_INET)
        CHECK(snprintf(deaf_service, sizeof deaf_service, "%d", ntohs(a.v4.sin_port)) > 0);
    else
        CHECK(snprintf(deaf_path, sizeof deaf_path, "@%s", a.path.sun_path + 1) > 0);
    for (int i = 0; i < 8; i++) {
        /* None of these waits: the socket is connected, or the kernel goes on trying. */
        int client = socket(family, SOCK_STREAM | SOCK_NONBLOCK, 0);
        CHECK(client >= 0);
        (void)!connect(client, &a.any, size);
    }
    return fd;
}

static void make_descriptors(void) {
    int ends[2];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    empty_socket = ends[0];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    full_socket = ends[0];
    fill(full_socket);
    CHECK(pipe(ends) == 0);
    empty_pipe = ends[0];
    CHECK(pipe(ends) == 0);
    full_pipe = ends[1];
    fill(full_pipe);
    CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) == 0);
    full_udp = ends[0];
    fill(full_udp);
    listener = sockutil_tcp_listen("127.0.0.1", "0", 1, SOCKUTIL_NUMERIC, NULL);
    udp = sockutil_udp_bind("127.0.0.1", "0", SOCKUTIL_NUMERIC, NULL);
    CHECK(listener >= 0 && udp >= 0);
    deaf(AF_INET);
    deaf_unix = deaf(AF_UNIX);
}

/* ---- The waits. Each is called without a limit, and with one that is longer than the test. */

static char memory[1 << 16];
static sockutil_reader reader;

static void reads(int fd, int ms) {
    (void)!sockutil_read_full(fd, memory, sizeof memory, NULL, ms);
}

static void read_full_socket(int ms) {
    reads(empty_socket, ms);
}

static void read_full_pipe(int ms) {
    reads(empty_pipe, ms);
}

static void read_line(int ms) {
    (void)!sockutil_read_line(empty_socket, memory, sizeof memory, NULL, ms);
}

static void read_line_pipe(int ms) {
    (void)!sockutil_read_line(empty_pipe, memory, sizeof memory, NULL, ms);
}

static void readn_pipe(int ms) {
    (void)ms;
    (void)!sockutil_readn(empty_pipe, memory, 1);
}

static void readline_socket(int ms) {
    (void)ms;
    (void)!sockutil_readline(empty_socket, memory, sizeof memory);
}

static void peek(int ms) {
    (void)ms;
    (void)!sockutil_recv_peek(empty_socket, memory, 1);
}

static void make_reader(void) {
    static char held[256];
    CHECK(sockutil_reader_init(&reader, empty_socket, held, sizeof held) == 0);
}

static void reader_line(int ms) {
    char *line;
    size_t len;
    make_reader();
    (void)!sockutil_reader_line(&reader, &line, &len, ms);
}

static void reader_frame(int ms) {
    char *body;
    size_t len;
    make_reader();
    (void)!sockutil_reader_frame(&reader, 4, &body, &len, ms);
}

static void relay_run(int ms) {
    static char held[256];
    sockutil_relay relay;
    CHECK(sockutil_relay_init(&relay, empty_socket, empty_pipe, held, sizeof held) == 0);
    (void)!sockutil_relay_run(&relay, 1, ms);
}

static void reader_skip(int ms) {
    make_reader();
    (void)!sockutil_reader_skip_line(&reader, NULL, ms);
}

static void write_socket(int ms) {
    (void)!sockutil_write_full(full_socket, memory, sizeof memory, NULL, ms);
}

static void write_pipe(int ms) {
    (void)!sockutil_write_full(full_pipe, memory, sizeof memory, NULL, ms);
}

static void writev_pipe(int ms) {
    struct iovec pieces[] = {{memory, 10}, {memory, 10}};
    (void)!sockutil_writev_full(full_pipe, pieces, 2, NULL, ms);
}

static void writen_socket(int ms) {
    (void)ms;
    (void)!sockutil_writen(full_socket, memory, sizeof memory);
}

static void send_frame(int ms) {
    (void)!sockutil_send_frame(full_socket, 4, memory, sizeof memory, NULL, ms);
}

static void writer_put(int ms) {
    sockutil_writer w;
    char held[16];
    size_t done = 0;
    CHECK(sockutil_writer_init(&w, full_socket, held, sizeof held) == 0);
    (void)!sockutil_writer_put(&w, memory, sizeof memory, &done, ms);
}

static void writer_flush(int ms) {
    sockutil_writer w;
    char held[16];
    CHECK(sockutil_writer_init(&w, full_socket, held, sizeof held) == 0);
    CHECK(sockutil_writer_put(&w, memory, sizeof held, NULL, ms) == 1);
    (void)!sockutil_writer_flush(&w, ms);
}

static void waits(int ms) {
    (void)!sockutil_wait(empty_socket, POLLIN, ms);
}

static void waits_for_any(int ms) {
    struct pollfd fds[] = {{.fd = -1}, {.fd = empty_socket, .events = POLLIN}};
    (void)!sockutil_wait_any(fds, 2, ms);
}

static void waits_for_nothing(int ms) {
    (void)!sockutil_wait_any(NULL, 0, ms);
}

static void accepts(int ms) {
    (void)!sockutil_accept(listener, NULL, 0, ms);
}

static void recvfrom_udp(int ms) {
    (void)!sockutil_recvfrom(udp, memory, sizeof memory, NULL, NULL, ms);
}

static void recvfrom_at_udp(int ms) {
    (void)!sockutil_recvfrom_at(udp, memory, sizeof memory, NULL, NULL, NULL, NULL, ms);
}

static void sendto_full(int ms) {
    (void)!sockutil_sendto(full_udp, memory, 1, NULL, ms);
}

static void send_fd(int ms) {
    (void)!sockutil_send_fd(full_socket, full_socket, ms);
}

static void recv_fd(int ms) {
    int fd;
    (void)!sockutil_recv_fd(empty_socket, &fd, ms);
}

static void send_fds(int ms) {
    size_t done = 0;
    (void)!sockutil_send_fds(full_socket, &full_socket, 1, memory, sizeof memory, &done, ms);
}

static void recv_fds(int ms) {
    int fds[2];
    size_t nfds, len;
    (void)!sockutil_recv_fds(empty_socket, fds, 2, &nfds, memory, sizeof memory, &len, ms);
}

static void connect_to(int family, int ms) {
    sockutil_addr to;
    socklen_t size = sizeof to.ss;
    if (family == AF_UNIX) {
        CHECK(getsockname(deaf_unix, (struct sockaddr *)&to.ss, &size) == 0);
        to.len = size;
    } else {
        char text[32];
        CHECK(snprintf(text, sizeof text, "127.0.0.1:%s", deaf_service) > 0);
        CHECK(sockutil_addr_parse(&to, text, -1) == 1);
    }
    int fd = socket(family, SOCK_STREAM, 0);
    (void)!sockutil_connect(fd, &to, ms);
}

static void connect_tcp(int ms) {
    connect_to(AF_INET, ms);
}

static void connect_unix(int ms) {
    connect_to(AF_UNIX, ms);
}

static void tcp_connect(int ms) {
    (void)!sockutil_tcp_connect("127.0.0.1", deaf_service, SOCKUTIL_NUMERIC, ms, NULL);
}

static void unix_connect(int ms) {
    (void)!sockutil_unix_connect(deaf_path, 0, ms);
}

static void stream_connect_tcp(int ms) {
    char text[32];
    CHECK(snprintf(text, sizeof text, "127.0.0.1:%s", deaf_service) > 0);
    (void)!sockutil_stream_connect(text, SOCKUTIL_NUMERIC, ms, NULL);
}

static void stream_connect_unix(int ms) {
    char text[128];
    CHECK(snprintf(text, sizeof text, "unix:%s", deaf_path) > 0);
    (void)!sockutil_stream_connect(text, 0, ms, NULL);
}

static void close_graceful(int ms) {
    (void)!sockutil_close_graceful(dup(empty_socket), ms);
}

static const struct {
    const char *name;
    void (*call)(int ms);
    bool opens;    /* The call has opened a descriptor, which stays open. */
    bool no_limit; /* It has no time limit. */
} rows[] = {
    {"read_full, socket", read_full_socket, false, false},
    {"read_full, pipe", read_full_pipe, false, false},
    {"read_line, socket", read_line, false, false},
    {"read_line, pipe", read_line_pipe, false, false},
    {"readn", readn_pipe, false, true},
    {"readline", readline_socket, false, true},
    {"recv_peek", peek, false, true},
    {"reader_line", reader_line, false, false},
    {"reader_frame", reader_frame, false, false},
    {"reader_skip_line", reader_skip, false, false},
    {"relay_run", relay_run, false, false},
    {"write_full, socket", write_socket, false, false},
    {"write_full, pipe", write_pipe, false, false},
    {"writev_full, pipe", writev_pipe, false, false},
    {"writen", writen_socket, false, true},
    {"send_frame", send_frame, false, false},
    {"writer_put", writer_put, false, false},
    {"writer_flush", writer_flush, false, false},
    {"wait", waits, false, false},
    {"wait_any", waits_for_any, false, false},
    {"wait_any, n 0", waits_for_nothing, false, false},
    {"accept", accepts, false, false},
    {"recvfrom", recvfrom_udp, false, false},
    {"recvfrom_at", recvfrom_at_udp, false, false},
    {"sendto", sendto_full, false, false},
    {"send_fd", send_fd, false, false},
    {"recv_fd", recv_fd, false, false},
    {"send_fds", send_fds, false, false},
    {"recv_fds", recv_fds, false, false},
    {"connect, TCP", connect_tcp, true, false},
    {"connect, Unix", connect_unix, true, false},
    {"tcp_connect", tcp_connect, true, false},
    {"unix_connect", unix_connect, true, false},
    {"stream_connect, TCP", stream_connect_tcp, true, false},
    {"stream_connect, Unix", stream_connect_unix, true, false},
    /* The last: it shuts its socket down. */
    {"close_graceful", close_graceful, true, false},
};

/* ---- Threads that are cancelled. */

struct job {
    size_t row;
    int ms;
    atomic_int tid;
    int handlers, cleanups;
};

static void handler(void *job) {
    ((struct job *)job)->handlers++;
}

static void leave(struct job **job) {
    (*job)->cleanups++;
}

static void *work(void *argument) {
    /* Run by the unwinder (-fexceptions), as C++ destructors are. */
    struct job *job __attribute__((cleanup(leave))) = argument;
    pthread_cleanup_push(handler, job);
    atomic_store(&job->tid, (int)syscall(SYS_gettid));
    rows[job->row].call(job->ms);
    pthread_cleanup_pop(0);
    return NULL;
}

/* Whether a thread of this process sleeps, by proc(5). */
static bool sleeps(int tid) {
    char path[64], text[512];
    CHECK(snprintf(path, sizeof path, "/proc/self/task/%d/stat", tid) > 0);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return true; /* It has ended by itself, as the join will show. */
    char *read = fgets(text, sizeof text, file);
    CHECK(fclose(file) == 0);
    if (read == NULL)
        return true;
    const char *name_end = strrchr(text, ')');
    return name_end != NULL && name_end[1] == ' ' && name_end[2] == 'S';
}

static int descriptors(void) {
    int count = 0;
    for (int fd = 0; fd < 1000; fd++)
        count += fcntl(fd, F_GETFD) != -1;
    return count;
}

static void cancelled(size_t row, int ms, bool asleep) {
    struct job job = {.row = row, .ms = ms};
    pthread_t thread;
    void *result = NULL;
    int before = descriptors();
    CHECK(pthread_create(&thread, NULL, work, &job) == 0);
    while (asleep && (atomic_load(&job.tid) == 0 || !sleeps(job.tid))) {
        (void)!poll(NULL, 0, 1);
    }
    CHECK(pthread_cancel(thread) == 0);
    CHECK(pthread_join(thread, &result) == 0);
    if (result != PTHREAD_CANCELED) {
        fprintf(stderr, "%s, %d ms, %s: it was not cancelled\n", rows[row].name, ms, asleep ? "asleep" : "at once");
        exit(1);
    }
    if (asleep) {
        CHECK(job.handlers == 1);
#if defined __GLIBC__ && defined __x86_64__
        /* There Rust writes unwind tables; elsewhere, and with musl, only the handlers run. */
        CHECK(job.cleanups == 1);
#endif
        if (descriptors() > before + (rows[row].opens ? 2 : 0)) {
            fprintf(stderr, "%s, %d ms: %d descriptors, then %d\n", rows[row].name, ms, before, descriptors());
            exit(1);
        }
    }
}

int main(void) {
    CHECK_BOUND(50);
    make_descriptors();
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        for (int asleep = 0; asleep < 2; asleep++) {
            cancelled(row, SOCKUTIL_FOREVER, asleep != 0);
            if (!rows[row].no_limit)
                cancelled(row, 1000000, asleep != 0);
        }
    }
    /* The process goes on, and so do its descriptors. */
    CHECK(sockutil_read_full(empty_pipe, memory, 1, NULL, SOCKUTIL_NOWAIT) == -1 && errno == EAGAIN);
    return 0;
}
