/* errors.c - err_ret, err_sys, err_dump, err_msg and err_quit: the text, the stream, the end, and syslog. */
#include <syslog.h>

/* What the header gives to syslog. */
#undef syslog
#define syslog(level, ...) logged(level, __VA_ARGS__)
static void logged(int level, const char *fmt, ...);

#include "unp.h"

#include "cases.h"

static void logged(int level, const char *fmt, ...) {
    va_list args;
    const char *name = level == LOG_INFO ? "info" : level == LOG_ERR ? "err" : "other";
    va_start(args, fmt);
    printf("|%s|", name);
    vprintf(fmt, args);
    va_end(args);
    fflush(stdout);
}

/* How a program ends when main returns. */
static void normally(void) {
    exit(0);
}

static void ret(void) {
    errno = ENOENT;
    err_ret("%s %d", "ret", 1);
    CHECK(errno == ENOENT);
    normally();
}
static void sys(void) {
    errno = EACCES;
    err_sys("%s %d", "sys", 2);
}
static void dump(void) {
    errno = EPIPE;
    err_dump("%s %d", "dump", 3);
}
static void msg(void) {
    errno = EACCES;
    err_msg("%s %d", "msg", 4);
    normally();
}
static void quit(void) {
    errno = EACCES;
    err_quit("%s %d", "quit", 5);
}

/* The same as daemons: stderr stays empty. */
#define AS_DAEMON(name)                                                                                                \
    static void daemon_##name(void) {                                                                                  \
        daemon_proc = 1;                                                                                               \
        name();                                                                                                        \
    }
AS_DAEMON(ret)
AS_DAEMON(sys)
AS_DAEMON(dump)
AS_DAEMON(msg)
AS_DAEMON(quit)

static char long_text[3 * MAXLINE];
static void too_long(void) {
    err_quit("%s", long_text);
}

/* stdout and stderr are one pipe: what stdout held comes first. */
static void in_order(void) {
    dup2(STDERR_FILENO, STDOUT_FILENO);
    err_msg("middle");
    printf("last");
    normally();
}

int main(void) {
    const struct {
        const char *name;
        void (*call)(void);
        const char *out;
        const char *err;
        int exit_status;
        int signal;
    } rows[] = {
        {"err_ret", ret, "before", "ret 1: No such file or directory\n", 0, 0},
        {"err_sys", sys, "before", "sys 2: Permission denied\n", 1, 0},
        {"err_dump", dump, "before", "dump 3: Broken pipe\n", 0, SIGABRT},
        {"err_msg", msg, "before", "msg 4\n", 0, 0},
        {"err_quit", quit, "before", "quit 5\n", 1, 0},
        {"err_ret, daemon", daemon_ret, "before|info|ret 1: No such file or directory\n", "", 0, 0},
        {"err_sys, daemon", daemon_sys, "before|err|sys 2: Permission denied\n", "", 1, 0},
        {"err_dump, daemon", daemon_dump, "before|err|dump 3: Broken pipe\n", "", 0, SIGABRT},
        {"err_msg, daemon", daemon_msg, "before|info|msg 4\n", "", 0, 0},
        {"err_quit, daemon", daemon_quit, "before|err|quit 5\n", "", 1, 0},
        {"in order", in_order, "", "beforemiddle\nlast", 0, 0},
    };
    static char out[4 * MAXLINE], err[4 * MAXLINE];
    size_t i;
    int status, ended, wrong = 0;
    CHECK_BOUND(50);
    for (i = 0; i < sizeof rows / sizeof *rows; i++) {
        status = run_apart(rows[i].call, out, sizeof out, err, sizeof err);
        ended = rows[i].signal == 0 ? WIFEXITED(status) && WEXITSTATUS(status) == rows[i].exit_status
                                    : WIFSIGNALED(status) && WTERMSIG(status) == rows[i].signal;
        if (ended && strcmp(out, rows[i].out) == 0 && strcmp(err, rows[i].err) == 0)
            continue;
        fprintf(stderr, "FAIL %s: status %#x, stdout \"%s\", stderr \"%s\"\n", rows[i].name, (unsigned)status, out,
                err);
        wrong++;
    }
    memset(long_text, 'x', sizeof long_text - 1);
    status = run_apart(too_long, out, sizeof out, err, sizeof err);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 1);
    /* Cut at MAXLINE, and still a line. */
    CHECK(strlen(err) == MAXLINE && err[MAXLINE - 1] == '\n' && strspn(err, "x") == MAXLINE - 1);
    return wrong != 0;
}
