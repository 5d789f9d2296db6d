/* The faults: which exist, when they happen, and the due results. */
#include "run.h"
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

enum {
    MOST_CALLS = 30000, /* of libc by one call: more is spinning */
    FEW_CALLS = 16      /* that a call may make for its last try after its time has run out */
};

/* ---- Which exist, and when ------------------------------------------ */

bool is_transfer(enum shim_function function) {
    switch (function) {
    case F_recv:
    case F_read:
    case F_send:
    case F_sendmsg:
    case F_syscall:
    case F_write:
    case F_writev:
        return true;
    default:
        return false;
    }
}

static bool is_for_sockets(enum shim_function function) {
    return function == F_recv || function == F_send || function == F_sendmsg;
}

/* recv(2), send(2), read(2), write(2), writev(2), preadv2(2), poll(2), ...; what socket(7) and tcp(7) add is there too.
 */
const int *errnos_of(enum shim_function function, long number) {
    static const int receiving[] = {EAGAIN,   EBADF,    ECONNREFUSED, ECONNRESET, EFAULT,       EINTR, EINVAL, ENOMEM,
                                    ENOTCONN, ENOTSOCK, ETIMEDOUT,    EOPNOTSUPP, EHOSTUNREACH, EIO,   0};
    static const int sending[] = {EACCES,   EAGAIN,     EALREADY, EBADF,     ECONNRESET,   EDESTADDRREQ, EFAULT,
                                  EINTR,    EINVAL,     EISCONN,  EMSGSIZE,  ENOBUFS,      ENOMEM,       ENOTCONN,
                                  ENOTSOCK, EOPNOTSUPP, EPIPE,    ETIMEDOUT, EHOSTUNREACH, ENETDOWN,     0};
    static const int reading[] = {EAGAIN, EBADF, EFAULT, EINTR, EINVAL, EIO, EISDIR, ECONNRESET, ETIMEDOUT, 0};
    static const int writing[] = {EAGAIN, EBADF,  EDESTADDRREQ, EDQUOT, EFAULT,     EFBIG,     EINTR, EINVAL,
                                  EIO,    ENOSPC, EPERM,        EPIPE,  ECONNRESET, ETIMEDOUT, 0};
    static const int reading_nowait[] = {EAGAIN, EBADF,     EFAULT, EINTR,  EINVAL,     EIO,   EISDIR,
                                         ENXIO,  EOVERFLOW, ESPIPE, ENOSYS, EOPNOTSUPP, EPERM, 0};
    static const int writing_nowait[] = {EAGAIN, EBADF,     EDESTADDRREQ, EDQUOT, EFAULT,     EFBIG,
                                         EINTR,  EINVAL,    EIO,          ENOSPC, EPERM,      EPIPE,
                                         ENXIO,  EOVERFLOW, ESPIPE,       ENOSYS, EOPNOTSUPP, 0};
    static const int polling[] = {EFAULT, EINTR, EINVAL, ENOMEM, 0};
    static const int clock[] = {EFAULT, EINVAL, ENODEV, EOVERFLOW, EPERM, 0};
    static const int statting[] = {EBADF, EFAULT, ENOMEM, EOVERFLOW, 0};
    static const int controlling[] = {EBADF, EFAULT, EINVAL, ENOTTY, EIO, 0};
    static const int nothing[] = {EBADF, EINVAL, EFAULT, 0};
    static const int option[] = {EBADF, EFAULT, EINVAL, ENOPROTOOPT, ENOTSOCK, ENOMEM, 0};
    static const int half_closing[] = {EBADF, EINVAL, ENOTCONN, ENOTSOCK, 0};
    static const int closing[] = {EBADF, EDQUOT, EINTR, EIO, ENOSPC, 0};
    static const int disposing[] = {EFAULT, EINVAL, 0};
    static const int reaping[] = {ECHILD, EINTR, EINVAL, 0};
    static const int accepting[] = {
        EAGAIN,   EBADF,       ECONNABORTED, EFAULT,   EINTR,        EINVAL,      EMFILE,
        ENFILE,   ENOBUFS,     ENOMEM,       ENOTSOCK, EPERM,        EPROTO,      EOPNOTSUPP,
        ENETDOWN, ENOPROTOOPT, EHOSTDOWN,    ENONET,   EHOSTUNREACH, ENETUNREACH, 0};
    static const int binding[] = {EACCES, EADDRINUSE,   EBADF,  EINVAL, ENOTSOCK, EADDRNOTAVAIL, EFAULT,
                                  ELOOP,  ENAMETOOLONG, ENOENT, ENOMEM, ENOTDIR,  EROFS,         0};
    static const int connecting[] = {EACCES,   EPERM,       EADDRINUSE,   EADDRNOTAVAIL, EAFNOSUPPORT, EAGAIN,
                                     EALREADY, EBADF,       ECONNREFUSED, EFAULT,        EINPROGRESS,  EINTR,
                                     EISCONN,  ENETUNREACH, ENOTSOCK,     EPROTOTYPE,    ETIMEDOUT,    ENOENT,
                                     0};
    static const int flags[] = {EBADF, EINVAL, EPERM, 0};
    static const int resolving[] = {EAI_AGAIN, EAI_FAIL, EAI_MEMORY, EAI_NONAME, EAI_SERVICE, EIO, EMFILE, 0};
    static const int naming[] = {EBADF, EFAULT, EINVAL, ENOBUFS, ENOTCONN, ENOTSOCK, 0};
    static const int interfaces[] = {ENODEV, ENXIO, EMFILE, 0};
    static const int listening[] = {EADDRINUSE, EBADF, ENOTSOCK, EOPNOTSUPP, 0};
    static const int looking[] = {EACCES, EFAULT, ELOOP, ENAMETOOLONG, ENOENT, ENOMEM, ENOTDIR, EOVERFLOW, 0};
    static const int making[] = {EACCES,  EAFNOSUPPORT, EINVAL,          EMFILE,     ENFILE,
                                 ENOBUFS, ENOMEM,       EPROTONOSUPPORT, EOPNOTSUPP, 0};
    static const int opening[] = {EACCES, EINTR, ELOOP, EMFILE, ENAMETOOLONG, ENFILE, ENOENT, ENOMEM, ENOTDIR, 0};
    static const int permitting[] = {EACCES,  EFAULT, EIO,   ELOOP, ENAMETOOLONG, ENOENT, ENOMEM,
                                     ENOTDIR, EPERM,  EROFS, 0};
    static const int permitting_fd[] = {EBADF, EINVAL, EIO, EPERM, EROFS, 0};
    static const int unlinking[] = {EACCES, EBUSY,  EFAULT,  EIO,   EISDIR, ELOOP, ENAMETOOLONG,
                                    ENOENT, ENOMEM, ENOTDIR, EPERM, EROFS,  0};
    switch (function) {
    case F_accept:
    case F_accept4:
        return accepting;
    case F_bind:
        return binding;
    case F_chmod:
    case F_fchmodat:
        return permitting;
    case F_connect:
        return connecting;
    case F_fchmod:
        return permitting_fd;
    case F_fcntl:
        return flags;
    case F_getaddrinfo:
        return resolving;
    case F_getpeername:
    case F_getsockname:
        return naming;
    case F_if_indextoname:
    case F_if_nametoindex:
        return interfaces;
    case F_listen:
        return listening;
    case F_lstat:
        return looking;
    case F_openat:
        return opening;
    case F_socket:
        return making;
    case F_unlink:
        return unlinking;
    case F_recvmsg:
    case F_recvfrom:
    case F_recv:
        return receiving;
    case F_sendto:
    case F_send:
    case F_sendmsg:
        return sending;
    case F_read:
        return reading;
    case F_write:
    case F_writev:
        return writing;
    case F_syscall:
        return number == SYS_preadv2 ? reading_nowait : writing_nowait;
    case F_poll:
        return polling;
    case F_clock_gettime:
        return clock;
    case F_fstat:
        return statting;
    case F_isatty:
    case F_ioctl:
        return controlling;
    case F_readv:
        return nothing;
    case F_getsockopt:
    case F_setsockopt:
        return option;
    case F_shutdown:
        return half_closing;
    case F_close:
        return closing;
    case F_sigaction:
        return disposing;
    default:
        return reaping;
    }
}

static bool lists(const struct shim_call *call, int err) {
    for (const int *e = errnos_of(call->function, call->number); *e != 0; e++)
        if (*e == err)
            return true;
    return false;
}

static void fail_with(struct shim_call *call, int err) {
    call->act = ACT_FAIL;
    call->err = err;
}

static bool every_other(struct run *r, const struct shim_call *call) {
    bool *turn = &r->turn[call->function][(call->flags & MSG_PEEK) != 0];
    *turn = !*turn;
    return *turn;
}

/* Whether what lies under the plan has decided already. */
static bool base_decides(struct run *r, struct shim_call *call) {
    switch (r->plan.base) {
    case BASE_EINTR:
        if (lists(call, EINTR) && every_other(r, call))
            fail_with(call, EINTR);
        break;
    case BASE_EAGAIN:
        if (is_transfer(call->function) && every_other(r, call))
            fail_with(call, EAGAIN);
        break;
    case BASE_NO_SOCK:
    case BASE_OLD:
        if (is_for_sockets(call->function))
            fail_with(call, ENOTSOCK);
        else if (call->function == F_syscall && r->plan.base == BASE_OLD)
            fail_with(call, ENOSYS);
        break;
    default:
        break;
    }
    return call->act != ACT_PASS;
}

static uint64_t next_random(struct run *r) {
    r->random ^= r->random << 13;
    r->random ^= r->random >> 7;
    r->random ^= r->random << 17;
    return r->random >> 11;
}

/* Half of the calls pass; mostly what is transient happens to the others. */
static void mix(struct run *r, struct shim_call *call) {
    switch (next_random(r) % 16) {
    case 0:
    case 1:
    case 2:
        if (lists(call, EINTR))
            fail_with(call, EINTR);
        break;
    case 3:
    case 4:
        if (is_transfer(call->function))
            fail_with(call, EAGAIN);
        break;
    case 5:
    case 6:
    case 7:
        if (is_transfer(call->function))
            call->act = ACT_CUT;
        break;
    case 8: {
        const int *list = errnos_of(call->function, call->number);
        size_t n = 0;
        while (list[n] != 0)
            n++;
        if (next_random(r) % 4 == 0)
            fail_with(call, list[next_random(r) % n]);
        break;
    }
    default:
        break;
    }
}

void before_call(struct shim_call *call) {
    struct run *r = &run;
    if (call->function == F_writev && call->nothing)
        call->function = F_readv; /* The two serve the same end, and fail alike. */
    bool blocking_write = (r->scenario->flags & WRITES) != 0 && r->arrival == QUEUED && is_transfer(call->function);
    if (call->function == F_poll || blocking_write)
        pump(r);
    functions_reached[call->function]++;
    if (r->logged >= MOST_CALLS) {
        complain(r, "it spins");
        exit(1);
    }
    if (call->fd != -1 && call->fd != r->fd)
        complain(r, "%s of another descriptor", function_names[call->function]);
    if (call->function == F_syscall && call->number != SYS_preadv2 && call->number != SYS_pwritev2)
        complain(r, "system call %ld is not known here", call->number);
    if (base_decides(r, call)) {
        r->injected++;
        return;
    }
    if (r->plan.base == BASE_CUT && is_transfer(call->function))
        call->act = ACT_CUT;
    if (r->counted < LOG) {
        r->trace[r->counted] = call->function;
        r->trace_number[r->counted] = call->function == F_poll ? call->timeout_ms : call->number;
    }
    r->counted++;
    if (r->counted == r->plan.at) {
        call->act = r->plan.act;
        call->err = r->plan.err;
        r->hit = (int)call->function;
        r->jumping |= call->act == ACT_JUMP;
    } else if (r->plan.seed != 0) {
        mix(r, call);
    }
    r->injected += call->act != ACT_PASS && call->act != ACT_CUT;
    r->cut += call->act == ACT_CUT;
    if (r->jumping && call->function == F_clock_gettime && call->act == ACT_PASS)
        call->act = ACT_JUMP;
    if (call->pause && call->act == ACT_PASS)
        call->act = ACT_TIME_OUT; /* It waits only for the time: skip that. */
    /* A time limit starts at the first reading of the clock: later readings are moved. */
    for (size_t i = 0; r->jumping && !r->jumped && i < r->logged; i++)
        r->jumped = r->log[i].function == F_clock_gettime && r->log[i].act != ACT_JUMP;
    r->since_jump += r->jumped && r->limit == TIMED;
}

void after_call(const struct shim_call *call) {
    struct run *r = &run;
    r->log[r->logged++] = *call;
    if (call->result <= 0 || !is_transfer(call->function) || (call->flags & MSG_PEEK) != 0)
        return;
    bool in = call->function == F_recv || call->function == F_read || call->number == SYS_preadv2;
    *(in ? &r->in : &r->out) += (size_t)call->result;
}

/* ---- The due result of a call ----------------------------------------- */

/* When the time of a limit is over, there is one last try. */
static bool has_last_try(const struct run *r) {
    return r->limit == TIMED && strncmp(r->function, "sockutil_wait", 13) != 0;
}

static bool is_terminal_read(const struct run *r) {
    return r->kind == TERMINAL && (r->scenario->flags & WRITES) == 0;
}

/* Whether a clock is asked for what is left of the descriptor's own timeout. */
static bool is_of_own_time(const struct run *r, const struct shim_call *call) {
    return call->flags == CLOCK_MONOTONIC_COARSE || (is_portable && (r->limit & OWNS) != 0 && r->kind != NO_FD);
}

/* Options that only the portable library asks for before a transfer (src/sys/os/posix.rs): SO_NWRITE is macOS's. */
static bool is_of_portable(long option) {
    enum { SO_NWRITE = 0x1024 };
    return is_portable && (option == SO_ACCEPTCONN || option == SO_SNDBUF || option == SO_NWRITE);
}

/* The contract: which failures of libc are told, injected or not. The first of them ends the call. */
static int surfaces(const struct run *r, const struct shim_call *call, bool own_time_runs, bool peeking, bool over) {
    int err = call->failed_with;
    int flags = r->scenario->flags;
    bool nothing_waits = r->limit == NOWAIT || ((r->limit & OWNS) != 0 && !own_time_runs);
    /* A descriptor that cannot be peeked is read byte by byte, whichever call reports it. */
    bool falls_back = (flags & LINES) != 0 && peeking && (err == ENOTSOCK || err == EOPNOTSUPP);
    bool is_send = call->function == F_send || call->function == F_sendmsg;
    /* 0 from poll means that time has run out; without a wait, that there is nothing yet. */
    if (call->pause && call->result == 0)
        return 0; /* A pause, for a descriptor that poll wrongly reports ready. */
    if (call->function == F_poll && call->result == 0 && call->timeout_ms == 0 && is_terminal_read(r))
        return 0; /* Fewer bytes than VMIN: FIONREAD reports them. */
    if (call->function == F_poll && call->result == 0)
        return nothing_waits || over || (call->timeout_ms > 0 && !has_last_try(r)) ? EAGAIN : 0;
    if (err == 0 || err == EINTR || falls_back)
        return 0;
    if (is_transfer(call->function)) {
        if (is_portable && is_send && err == EPROTOTYPE)
            return EPIPE; /* macOS, while the peer goes away. */
        if (err == EAGAIN || (is_portable && is_send && err == ENOBUFS && (r->limit & OWNS) == 0))
            return nothing_waits || over ? EAGAIN : 0;
        if (err == ENOTSOCK && is_for_sockets(call->function))
            return (flags & PEEKS) != 0 ? err : 0;
        if (call->function == F_syscall && (err == EOPNOTSUPP || err == ENOSYS || err == EPERM || err == EINVAL))
            return 0; /* A kernel or a sandbox without it. */
        return err;
    }
    if (call->function == F_getsockopt && is_of_portable(call->arg[2])) /* Then it is no socket, or tells no room. */
        return call->arg[2] == SO_ACCEPTCONN && (err != ENOTSOCK || (flags & PEEKS) != 0) ? err : 0;
    switch (call->function) {
    case F_isatty: /* Then it is no terminal, or one that has hung up. */
    case F_ioctl:
        return 0;
    case F_clock_gettime: /* The coarse one is needed only after a signal: then it gives the time that is left. */
        return is_of_own_time(r, call) && !own_time_runs ? 0 : err;
    case F_setsockopt: /* Once both directions are shut, macOS takes no option. */
        return is_portable && (flags & CLOSES) != 0 && err == EINVAL ? 0 : err;
    case F_shutdown:
        return (flags & CLOSES) != 0 && err == ENOTCONN ? 0 : err;
    case F_waitpid:
        return err == ECHILD ? 0 : err;
    default:
        return err;
    }
}

/* After a failure nothing more is done to the descriptor, unless it is to be closed in any case: then that is done, and
 * done well although SO_LINGER could not be turned off. */
static bool may_follow(const struct run *r, enum shim_function failed, enum shim_function function) {
    return (r->scenario->flags & CLOSES) != 0 && (function == F_close || failed == F_setsockopt);
}

/* The rest of a call when its time has run out: one try, which takes the whole line if it is read byte by byte.
 */
static size_t last_calls(const struct run *r) {
    bool is_socket = (r->kind & SOCKETS) != 0 && r->plan.base != BASE_NO_SOCK && r->plan.base != BASE_OLD;
    return FEW_CALLS + ((r->scenario->flags & LINES) != 0 && !is_socket ? 4 * r->scenario->size : 0);
}

int verdict(struct run *r) {
    bool own_time_runs = false, peeking = false, clock_known = true, over = false;
    size_t since_over = 0;
    if (r->since_jump > last_calls(r))
        complain(r, "it goes on although time has run out");
    for (size_t i = 0; i < r->logged; i++) {
        const struct shim_call *call = &r->log[i];
        if (is_transfer(call->function))
            peeking = call->function == F_recv && (call->flags & MSG_PEEK) != 0;
        /* From the first signal on, the rest of SO_RCVTIMEO is waited for by poll. */
        if (is_for_sockets(call->function) && call->failed_with == EINTR)
            own_time_runs = r->limit == OWN_TIMEOUT && clock_known;
        else if (is_transfer(call->function) && call->result >= 0)
            own_time_runs = false;
        if (call->function == F_clock_gettime && is_of_own_time(r, call))
            clock_known = call->failed_with == 0;
        since_over += over;
        if (since_over > last_calls(r))
            complain(r, "it goes on although poll has said that time has run out");
        int err = surfaces(r, call, own_time_runs, peeking, over);
        over |=
            has_last_try(r) && call->function == F_poll && !call->pause && call->result == 0 && call->timeout_ms > 0;
        r->over = over || (is_terminal_read(r) && call->function == F_poll && call->result == 0);
        if (err == 0) {
            /* The peek is given up for good, and the next part starts again. */
            own_time_runs &= !(peeking && call->failed_with == ENOTSOCK);
            continue;
        }
        for (size_t later = i + 1; later < r->logged; later++)
            if (!may_follow(r, call->function, r->log[later].function))
                complain(r, "it goes on after %s failed with %s", function_names[call->function], strerror(err));
        return err;
    }
    return 0;
}

static int late(const struct run *r, int err) {
    return err == EAGAIN && (r->scenario->flags & CLOSES) != 0 ? ETIMEDOUT : err;
}

bool returned(struct run *r, long long result, int err) {
    if (r->surfaced != 0) {
        if (r->ret != -1 || r->err != late(r, r->surfaced))
            complain(r, "-1 and %s were due", strerror(late(r, r->surfaced)));
        return false;
    }
    if ((r->jumped || r->over) && r->ret == -1 && r->err == late(r, EAGAIN))
        return false;
    if (r->ret != result)
        complain(r, "%lld was due", result);
    else if (result != -1 && r->err != MARK)
        complain(r, "errno was changed on success, to %s", strerror(r->err));
    else if (result == -1 && r->err != err)
        complain(r, "%s was due", strerror(err));
    return !r->failed;
}
