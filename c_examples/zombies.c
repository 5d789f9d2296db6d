/* zombies.c - five children end at once: how many zombies each way of reaping leaves. */
#include "example.h"
#include <sys/wait.h>

#define CHILDREN 5

static const char HELP[] =
    "usage: zombies [-h]\n"
    "Lets five children end at once, reaps them in five ways, and prints how many zombies /proc\n"
    "has after each.\n";

static volatile sig_atomic_t signals;

/* The tutorials' mistake: one signal may stand for several children. */
static void reap_one(int signo) {
    int saved = errno;
    (void)signo;
    signals++;
    (void)waitpid(-1, NULL, WNOHANG);
    errno = saved;
}

static void reap_all(int signo) {
    (void)signo;
    signals++;
    (void)sockutil_reap_children();
}

static void wait_once(void) {
    if (wait(NULL) < 0)
        die("wait");
}

static const struct way {
    const char *name;
    void (*handler)(int signo);
    void (*reap)(void); /* NULL: main does nothing */
} WAYS[] = {
    {"nothing", SIG_DFL, NULL},
    {"one wait in main", SIG_DFL, wait_once},
    {"one waitpid in a handler", reap_one, NULL},
    {"sockutil_reap_children in a handler", reap_all, NULL},
    {"SIGCHLD ignored", SIG_IGN, NULL},
};

/* A process that has ended and is not reaped yet has the state Z. One that was reaped is not in /proc. */
static int is_zombie(pid_t pid) {
    char path[40], state = 0;
    (void)snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
    FILE *stat = fopen(path, "r");
    if (stat == NULL && errno == ENOENT)
        return 0;
    if (stat == NULL)
        die(path);
    if (fscanf(stat, "%*d (%*[^)]) %c", &state) != 1 && errno != ESRCH)
        die(path);
    (void)fclose(stat);
    return state == 'Z';
}

/* Five children, which all have ended when this returns. None of them is reaped. */
static void end_at_once(pid_t pid[CHILDREN]) {
    for (int i = 0; i < CHILDREN; i++) {
        pid[i] = fork();
        if (pid[i] < 0)
            die("fork");
        if (pid[i] == 0)
            _exit(0);
    }
    siginfo_t info;
    for (int i = 0; i < CHILDREN; i++)
        if (waitid(P_PID, (id_t)pid[i], &info, WEXITED | WNOWAIT) < 0 && errno != ECHILD) /* ignored: none is left */
            die("waitid");
}

int main(int argc, char *argv[]) {
    (void)next_option(argc, argv, "+h", HELP);
    no_more_arguments(argv);
    line_buffer_stdout();
    sigset_t sigchld;
    if (sigemptyset(&sigchld) < 0 || sigaddset(&sigchld, SIGCHLD) < 0)
        die("sigaddset");
    printf("%-38s signals zombies\n", "5 children end at once, reaped by");

    for (size_t i = 0; i < sizeof(WAYS) / sizeof(WAYS[0]); i++) {
        const struct way *way = &WAYS[i];
        pid_t pid[CHILDREN];
        int zombies = 0;
        signals = 0;
        on_signal(SIGCHLD, way->handler, SA_RESTART | SA_NOCLDSTOP);

        /* 1. SIGCHLD is blocked while the children end, as it is while its handler runs: five signals become one */
        if (sigprocmask(SIG_BLOCK, &sigchld, NULL) < 0)
            die("sigprocmask");
        end_at_once(pid);
        if (sigprocmask(SIG_UNBLOCK, &sigchld, NULL) < 0)
            die("sigprocmask");

        /* 2. what main does */
        if (way->reap != NULL)
            way->reap();

        /* 3. count what is left */
        for (int k = 0; k < CHILDREN; k++)
            zombies += is_zombie(pid[k]);
        printf("%-38s %7d %7d\n", way->name, (int)signals, zombies);

        /* 4. reap the rest. Without that the zombies would stay until this program ends. */
        if (sockutil_reap_children() != zombies)
            die("reap_children");
    }
    return 0;
}
