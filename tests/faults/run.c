/* One run of one scenario, and its reports. */
#include "run.h"
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct run run;
size_t runs, faults_injected, transfers_cut, functions_reached[F_LIBRARY_COUNT], failures;
shim_arm_function *arm;
bool is_portable;

#define NAME(name) #name,
const char *const function_names[F_LIBRARY_COUNT] = {LIBRARY_CALLS(NAME)};
#undef NAME

enum { MOST_STEPS = 30000, HANG_S = 10 };

/* ---- Reports ------------------------------------------------------------ */

static const char *name_of(int bit) {
    switch (bit) {
    case TCP:
        return "TCP";
    case UNIX:
        return "AF_UNIX";
    case PIPE:
        return "pipe";
    case FIFO:
        return "FIFO";
    case REGULAR:
        return "file";
    case TERMINAL:
        return "terminal";
    default:
        return "-";
    }
}

static const char *limit_name(int bit) {
    switch (bit) {
    case FOREVER:
        return "FOREVER";
    case NOWAIT:
        return "NOWAIT";
    case TIMED:
        return "timed";
    case OWN:
        return "own mode";
    default:
        return "own timeout";
    }
}

static const char *act_name(enum shim_act act) {
    static const char *const names[] = {"passes", "fails", "moves one byte", "times out", "jumps ahead"};
    return names[act];
}

void describe(const struct run *r, char *text, size_t size) {
    static const char *const bases[] = {
        "", ", EINTR first", ", EAGAIN first", ", no socket", ", no socket, old kernel", ", byte by byte"};
    int n = snprintf(text, size, "%s %s %s %s%s", r->scenario->name, name_of(r->kind), limit_name(r->limit),
                     r->arrival == QUEUED ? "queued" : "in pieces", bases[r->plan.base]);
    if (n < 0 || (size_t)n >= size)
        return;
    text += n;
    size -= (size_t)n;
    if (r->plan.at != 0)
        snprintf(text, size, ", call %ld (%s) %s %s", r->plan.at, r->hit < 0 ? "not reached" : function_names[r->hit],
                 act_name(r->plan.act), r->plan.act == ACT_FAIL ? strerror(r->plan.err) : "");
    if (r->plan.seed != 0)
        snprintf(text, size, ", seed %llu", (unsigned long long)r->plan.seed);
}

void complain(struct run *r, const char *format, ...) {
    char text[256];
    va_list list;
    if (r->failed)
        return;
    r->failed = true;
    r->finished = true;
    describe(r, text, sizeof text);
    fprintf(stderr, "FAIL %s\n     %s: ", text, r->function != NULL ? r->function : "-");
    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
    fprintf(stderr, "\n     %lld (%s), *done %zu, moved %zu in, %zu out; libc:", r->ret,
            r->ret == -1 ? strerror(r->err) : "errno as it was", r->done, r->in, r->out);
    for (size_t i = 0; i < r->logged && i < 20; i++)
        fprintf(stderr, " %s=%lld%s%s", function_names[r->log[i].function], r->log[i].result,
                r->log[i].failed_with != 0 ? " " : "",
                r->log[i].failed_with != 0 ? strerror(r->log[i].failed_with) : "");
    fputs(r->logged > 20 ? " ...\n" : "\n", stderr);
    failures++;
}

/* ---- Calls and runs ----------------------------------------------------- */

void guard_buffers(struct run *r) {
    for (int i = 0; i < 2; i++) {
        size_t size = i == 0 ? r->scenario->size : r->second_size;
        memset(r->memory[i], 0xA5, GUARD + size + GUARD);
    }
}

static void check_guards(struct run *r) {
    for (int i = 0; i < 2; i++) {
        size_t size = i == 0 ? r->scenario->size : r->second_size;
        for (size_t k = 0; k < GUARD; k++)
            if (r->memory[i][k] != 0xA5 || r->memory[i][GUARD + size + k] != 0xA5) {
                complain(r, "it wrote outside of its memory");
                return;
            }
    }
}

static const char *called[256];

void note_function(const char *function) {
    size_t i = 0;
    while (called[i] != NULL && strcmp(called[i], function) != 0)
        i++;
    if (i + 1 < sizeof called / sizeof *called)
        called[i] = function;
}

void print_functions(void) {
    for (size_t i = 0; called[i] != NULL; i++)
        printf("%s%s", called[i], called[i + 1] != NULL ? " " : "\n");
}

void call_begins(struct run *r, const char *function) {
    static const struct shim_hooks hooks = {before_call, after_call, NULL};
    r->function = function;
    note_function(function);
    r->logged = r->in = r->out = r->since_jump = 0;
    r->jumping = r->jumped = r->over = false;
    if (++r->steps > MOST_STEPS)
        complain(r, "it comes to no end");
    arm(&hooks);
    errno = MARK;
}

void call_ends(struct run *r, long long result) {
    r->err = errno;
    arm(NULL);
    r->ret = result;
    r->all_in += r->in;
    r->all_out += r->out;
    check_guards(r);
    r->surfaced = verdict(r);
    if (r->ret == -1 && r->err == EAGAIN)
        pump(r);
}

bool suits(const struct scenario *s, int kind, int limit, int arrival) {
    if ((s->kinds & kind) == 0 || (s->limits & limit) == 0 || (s->arrivals & arrival) == 0)
        return false;
    if (arrival == PIECES && (kind == REGULAR || (kind == TCP && (s->flags & WRITES) != 0)))
        return false; /* A file exists or not; a small TCP window takes tenths of seconds. */
    if (limit == OWN_TIMEOUT && ((kind & SOCKETS) == 0 || arrival == PIECES))
        return false;
    return true;
}

/* False if something is wrong, which is then reported. */
bool run_once(const struct scenario *s, int kind, int limit, int arrival, const struct plan *plan) {
    struct run *r = &run;
    size_t size = offsetof(struct run, log);
    memset(r, 0, offsetof(struct run, stream));
    memset(&r->length, 0, offsetof(struct run, seen) - offsetof(struct run, length));
    memset(&r->pos, 0, offsetof(struct run, memory) - offsetof(struct run, pos));
    memset(&r->reader, 0, size - offsetof(struct run, reader));
    r->scenario = s;
    r->kind = kind;
    r->limit = limit;
    r->arrival = arrival;
    r->plan = *plan;
    r->random = plan->seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
    r->hit = -1;
    r->buf = r->memory[0] + GUARD;
    r->second = r->memory[1] + GUARD;
    (void)alarm(HANG_S);
    uint64_t before = open_descriptors();
    make_world(r);
    if (s->begin != NULL)
        s->begin(r);
    guard_buffers(r);
    fill_world(r);
    if (r->fd >= 0)
        r->status_flags = (int)MUST(fcntl(r->fd, F_GETFL));
    while (!r->finished)
        s->step(r);
    if (r->fd >= 0 && fcntl(r->fd, F_GETFL) != r->status_flags)
        complain(r, "the descriptor was closed, or its flags were changed");
    if (!r->failed)
        (s->end != NULL ? s->end : compare_streams)(r);
    close_end(r, &r->fd);
    close_end(r, &r->peer);
    if (open_descriptors() != before)
        complain(r, "other descriptors are open than before");
    (void)alarm(0);
    runs++;
    faults_injected += r->injected;
    transfers_cut += r->cut;
    return !r->failed;
}
