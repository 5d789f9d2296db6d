/* pipe_rules.c - a pipe's rules: what read and write return, when they block, and what raises SIGPIPE. */
#include "example.h"
#include "lab.h"
#include <limits.h>
#include <sys/time.h>

static const char HELP[] = "usage: pipe_rules [-h]\n"
                           "Reads from and writes to pipes in several states. An alarm ends the calls that block.\n";

enum { BLOCKING = 0, NONBLOCK = 1 };

static int ends[2]; /* the pipe: ends[0] to read from, ends[1] to write to */
static size_t page; /* on Linux a pipe has room for so many pages, and only a whole page that was read is room again */
static char bytes[1 << 21];
static volatile sig_atomic_t raised;

/* SIGPIPE is noted. The alarm ends a call that blocks, without SA_RESTART: by EINTR, or with the count so far. */
static void on_either(int signo) {
    if (signo == SIGPIPE)
        raised = 1;
}

/* An alarm every 50 ms: a single one might come before the call has begun. 0: no more. */
static void set_alarm(int us) {
    struct itimerval every = {.it_interval = {.tv_usec = us}, .it_value = {.tv_usec = us}};
    if (setitimer(ITIMER_REAL, &every, NULL) < 0)
        die("setitimer");
}

static void try_call(const char *name, size_t n, int mode) {
    int writes = strcmp(name, "write") == 0;
    if (sockutil_set_nonblock(ends[writes], mode) < 0)
        die("O_NONBLOCK");
    raised = 0;
    set_alarm(50000);
    ssize_t r = writes ? write(ends[1], bytes, n) : read(ends[0], bytes, n);
    int e = errno;
    set_alarm(0);
    printf("  %s %zu, %s: %s", name, n, mode == NONBLOCK ? "O_NONBLOCK" : "blocking", raised ? "SIGPIPE, " : "");
    if (r < 0)
        printf("%s%s\n", e == EINTR ? "blocked, " : "", errno_name(e));
    else
        printf("%s%zd\n", writes && mode == BLOCKING && (size_t)r < n ? "blocked, " : "", r);
}

static void put(size_t n) {
    if (sockutil_write_full(ends[1], bytes, n, NULL, SOCKUTIL_NOWAIT) < 0)
        die("write_full");
}

/* Fills the pipe, and makes room for n bytes, at most a page. Returns how many bytes it holds when full. */
static int fill_but(size_t n) {
    if (sockutil_write_full(ends[1], bytes, sizeof(bytes), NULL, SOCKUTIL_NOWAIT) >= 0 || errno != EAGAIN)
        die("write_full");
    int full = received_bytes(ends[0]);
    if (n > 0) {
        if (sockutil_read_full(ends[0], bytes, page, NULL, SOCKUTIL_NOWAIT) <= 0)
            die("read_full");
        put(page - n);
        printf("room for %d of %d bytes\n", full - received_bytes(ends[0]), full);
    }
    return full;
}

int main(int argc, char *argv[]) {
    (void)next_option(argc, argv, "+h", HELP);
    no_more_arguments(argv);
    line_buffer_stdout();
    page = (size_t)sysconf(_SC_PAGESIZE);
    on_signal(SIGPIPE, on_either, 0);
    on_signal(SIGALRM, on_either, 0);

    /* 1. data: read returns what is there, not what was asked for */
    if (pipe(ends) < 0)
        die("pipe");
    put(5);
    puts("5 bytes");
    try_call("read", 100, BLOCKING);

    /* 2. empty: read waits for a byte or for the last writer's close */
    puts("empty");
    try_call("read", 100, BLOCKING);
    try_call("read", 100, NONBLOCK);

    /* 3. no writer: first the rest, then the end of the stream */
    put(5);
    close_socket(ends[1]);
    puts("5 bytes, no writer");
    try_call("read", 100, BLOCKING);
    try_call("read", 100, BLOCKING);
    close_socket(ends[0]);

    /* 4. full: write waits for room */
    if (pipe(ends) < 0)
        die("pipe");
    printf("full, %d bytes\n", fill_but(0));
    try_call("write", 1, BLOCKING);
    try_call("write", 1, NONBLOCK);

    /* 5. nearly full: up to PIPE_BUF bytes are written whole or not at all, so that several writers can share a pipe */
    (void)fill_but(PIPE_BUF - 1);
    try_call("write", PIPE_BUF, BLOCKING);
    try_call("write", PIPE_BUF, NONBLOCK);
    try_call("write", PIPE_BUF - 1, NONBLOCK);

    /* 6. more than PIPE_BUF bytes may be divided */
    (void)fill_but(page);
    try_call("write", 2 * page, BLOCKING);
    (void)fill_but(page);
    try_call("write", 2 * page, NONBLOCK);

    /* 7. no reader: SIGPIPE, whose default action kills, and EPIPE */
    close_socket(ends[0]);
    puts("no reader");
    try_call("write", 5, BLOCKING);
    try_call("write", 5, NONBLOCK);
    close_socket(ends[1]);
    return 0;
}
