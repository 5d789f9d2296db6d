/* run.h - one run of one scenario: its descriptors, the fault that is planned, and what is checked. */
#ifndef RUN_H
#define RUN_H

#define SOCKUTIL_NO_CLASSIC_NAMES /* The scenarios bear the names. */
#include "../shim/shim.h"
#include <errno.h>
#include <sockutil.h>
#include <stdint.h>
#include <sys/types.h>

/* The kind of descriptor. */
enum { TCP = 1, UNIX = 2, PIPE = 4, FIFO = 8, REGULAR = 16, TERMINAL = 32, NO_FD = 64 };
#define SOCKETS (TCP | UNIX)
#define STREAMS (SOCKETS | PIPE | FIFO)

/* How the call may wait; the last two are for calls that follow the descriptor's own modes. */
enum { FOREVER = 1, NOWAIT = 2, TIMED = 4, OWN = 8, OWN_TIMEOUT = 16 };
#define LIMITS (FOREVER | NOWAIT | TIMED)
#define OWNS (OWN | OWN_TIMEOUT)

/* The input is there before the call; or it comes in pieces, each when the call polls or has returned EAGAIN. */
enum { QUEUED = 1, PIECES = 2 };

/* The properties of a scenario. */
enum {
    WRITES = 1, /* else it reads */
    LINES = 2,  /* descriptors that cannot be peeked are read byte by byte */
    PEEKS = 4,  /* ENOTSOCK is returned */
    CLOSES = 8, /* the descriptor is closed on every path; ENOTCONN is ignored; a time-out is ETIMEDOUT */
    HALF = 16   /* the peer never ends its stream */
};

/* Faults in addition to the planned one. */
enum base {
    BASE_NONE,
    BASE_EINTR,   /* every other call is interrupted */
    BASE_EAGAIN,  /* every other transfer finds nothing at first */
    BASE_NO_SOCK, /* nothing is a socket */
    BASE_OLD,     /* nothing is a socket, and the kernel does not know RWF_NOWAIT */
    BASE_CUT,     /* one byte at a time */
    BASE_COUNT
};

struct plan {
    enum base base;
    long at; /* the call that is hit, from 1; 0: none */
    enum shim_act act;
    int err;
    uint64_t seed; /* 0: no mix */
};

struct run;

struct scenario {
    const char *name;
    int kinds, limits, arrivals, flags;
    size_t size; /* of the buffer, or of each write */
    void (*begin)(struct run *r);
    void (*step)(struct run *r); /* one call; after a failure the same again */
    void (*end)(struct run *r);  /* NULL: the streams are compared */
};

/* Both tables end with a scenario without a name. */
extern const struct scenario transfers[], others[];

enum { ROOM = 20000, GUARD = 64, LOG = 32768 };

struct run {
    const struct scenario *scenario;
    int kind, limit, arrival;
    struct plan plan;

    int fd, peer;
    int timeout_ms;
    int status_flags;

    /* The stream: for a reader what the peer sends, for a writer what it must receive. */
    unsigned char stream[ROOM];
    size_t length;
    size_t fed;      /* sent by the peer so far */
    bool ended;      /* and its end too */
    size_t received; /* by the peer */
    unsigned char seen[ROOM];

    /* The caller's side. */
    size_t pos, done; /* of the stream: before this item; of this item */
    int phase;
    bool finished, failed;
    unsigned char *buf, *second; /* of `size` bytes, and of a scenario's size, each between two guards */
    size_t second_size;
    unsigned char memory[2][GUARD + ROOM + GUARD];
    sockutil_reader reader;
    sockutil_writer writer;
    size_t held;
    pid_t children[4];

    /* The call that was just made. */
    const char *function;
    long long ret;
    int err, surfaced;
    size_t in, out;       /* bytes that it moved */
    bool jumping, jumped; /* the clock jumps; since it was first read */
    size_t since_jump;
    bool over; /* poll has reported that time has run out */

    /* The whole run. */
    size_t all_in, all_out, steps, injected, cut;
    long counted; /* calls that a plan can hit */
    int hit;      /* the function that was hit; -1: none */
    bool turn[F_LIBRARY_COUNT][2];
    uint64_t random;
    size_t logged;
    struct shim_call log[LOG];
    enum shim_function trace[LOG];
    long trace_number[LOG];
};

extern struct run run;
extern size_t runs, faults_injected, transfers_cut, functions_reached[F_LIBRARY_COUNT], failures;
extern const char *const function_names[F_LIBRARY_COUNT];
extern shim_arm_function *arm;
/* The library is the one that other systems get (src/sys/os/posix.rs). */
extern bool is_portable;

/* Makes one armed call of the library, and computes its due result. */
#define CALL(r, name, ...) CALL_AS(r, name, name(__VA_ARGS__))
#define CALL_AS(r, name, expression)                                                                                   \
    do {                                                                                                               \
        call_begins(r, #name);                                                                                         \
        long long call_result = (long long)(expression);                                                               \
        call_ends(r, call_result);                                                                                     \
    } while (0)

enum { MARK = 4711 };

void call_begins(struct run *r, const char *function);
void call_ends(struct run *r, long long result);

/* Checks the answer: the due errno if there is one, else this one. True for the latter. */
bool returned(struct run *r, long long result, int err);

/* Reports what is wrong, once a run. */
void complain(struct run *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
#define CHECK(r, condition)                                                                                            \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            complain(r, "%s:%d: %s", __FILE__, __LINE__, #condition);                                                  \
    } while (0)

/* The bytes are those of the stream at this place. */
void check_stream(struct run *r, const void *bytes, size_t from, size_t n);

/* A pattern of so many bytes, or a text, at the end of the stream. */
void add_pattern(struct run *r, size_t n);
void add_bytes(struct run *r, const void *bytes, size_t n);

void guard_buffers(struct run *r);
bool run_once(const struct scenario *s, int kind, int limit, int arrival, const struct plan *plan);
bool suits(const struct scenario *s, int kind, int limit, int arrival);

/* The errno values that its man page lists, ended by 0; `number` is that of syscall. */
const int *errnos_of(enum shim_function function, long number);
bool is_transfer(enum shim_function function);

/* faults.c: asked before each call of libc and told after it; then the errno that has to surface, or 0. */
void before_call(struct shim_call *call);
void after_call(const struct shim_call *call);
int verdict(struct run *r);

/* world.c */
void start(void);
void make_world(struct run *r);
void fill_world(struct run *r);
void pump(struct run *r); /* what happens while the call waits */
void compare_streams(struct run *r);
void close_end(struct run *r, int *fd);
uint64_t open_descriptors(void);

/* Calls of the harness itself must work. */
long must(long answer, const char *what);
#define MUST(call) must((long)(call), #call)

/* Reports the current run, and the functions called so far. */
void describe(const struct run *r, char *text, size_t size);
void print_functions(void);
void note_function(const char *function);

/* connections.c: all scenarios of its own table. */
void explore_connections(bool full, const char *only);

#endif
