/* sigpipe.c - writes to a peer that is gone, and to a pipe without a reader: who is killed, and who gets an error. */
#include "example.h"
#include "lab.h"
#include <sys/wait.h>

static const char HELP[] = "usage: sigpipe [-h]\n"
                           "Writes to a closed connection and to a pipe without a reader, each way in a child.\n";
#define TEXT "hello"

/* printf is not async-signal-safe; writen is. */
static void on_sigpipe(int signo) {
    static const char CAUGHT[] = "  handler: SIGPIPE\n";
    int saved = errno;
    (void)signo;
    if (writen(STDOUT_FILENO, CAUGHT, sizeof(CAUGHT) - 1) < 0)
        _exit(1);
    errno = saved;
}

static ssize_t send_plain(int fd, const void *data, size_t n) {
    return send(fd, data, n, 0);
}

static ssize_t send_nosignal(int fd, const void *data, size_t n) {
    return send(fd, data, n, MSG_NOSIGNAL);
}

static const struct way {
    const char *call;
    ssize_t (*put)(int fd, const void *data, size_t n);
    const char *disposition;
    void (*handler)(int signo);
} WAYS[] = {
    {"write", write, "default action", SIG_DFL},
    {"write", write, "a handler", on_sigpipe},
    {"write", write, "ignored", SIG_IGN},
    {"writen", writen, "default action", SIG_DFL},
    {"writen", writen, "ignored", SIG_IGN},
    {"send", send_plain, "default action", SIG_DFL},
    {"send with MSG_NOSIGNAL", send_nosignal, "default action", SIG_DFL},
};

static void put(const struct way *way, const char *which, int fd) {
    ssize_t n = way->put(fd, TEXT, strlen(TEXT));
    if (n >= 0)
        printf("  %s: %zd bytes taken\n", which, n);
    else
        printf("  %s: %s\n", which, errno_name(errno));
}

/* 2. A peer that is gone has sent a FIN, which only means that it sends no more. The first write succeeds, and RST
 * comes back: now the kernel knows. */
static void try_socket(const struct way *way) {
    struct tcp_pair pair = tcp_pair();
    char byte;
    close_socket(pair.server);
    put(way, "first", pair.client);
    int events = sockutil_wait(pair.client, POLLERR | POLLHUP, 5000);
    if (events < 0)
        die("RST");
    printf("  poll:%s%s, %s\n", events & POLLERR ? " POLLERR" : "", events & POLLHUP ? " POLLHUP" : "",
           sockutil_tcp_state_name(sockutil_tcp_state(pair.client)));
    put(way, "second", pair.client);
    ssize_t n = read(pair.client, &byte, 1);
    printf("  read: %s\n", n == 0 ? "server close" : n < 0 ? strerror(errno) : "a byte");
    close_socket(pair.client);
}

/* 3. A pipe is local: the first write fails already. */
static void try_pipe(const struct way *way) {
    int ends[2];
    if (pipe(ends) < 0)
        die("pipe");
    close_socket(ends[0]);
    put(way, "first", ends[1]);
    close_socket(ends[1]);
}

/* 1. Each way runs in its own child, since some are killed. */
static int in_child(const struct way *way, const char *where, void (*try)(const struct way *way)) {
    printf("%s to a %s, SIGPIPE: %s\n", way->call, where, way->disposition);
    pid_t pid = fork();
    if (pid < 0)
        die("fork");
    if (pid == 0) {
        if (way->handler != SIG_IGN)
            on_signal(SIGPIPE, way->handler, 0);
        else if (sockutil_ignore_sigpipe() < 0)
            die("sigaction");
        try(way);
        exit(0);
    }
    int status;
    if (waitpid(pid, &status, 0) < 0)
        die("waitpid");
    if (WIFSIGNALED(status))
        printf("  killed by %s\n", WTERMSIG(status) == SIGPIPE ? "SIGPIPE" : strsignal(WTERMSIG(status)));
    else
        printf("  exit status %d\n", WEXITSTATUS(status));
    return WIFEXITED(status) && WEXITSTATUS(status) != 0;
}

int main(int argc, char *argv[]) {
    int failed = 0;
    (void)next_option(argc, argv, "+h", HELP);
    no_more_arguments(argv);
    line_buffer_stdout();
    for (size_t i = 0; i < sizeof(WAYS) / sizeof(WAYS[0]); i++)
        failed |= in_child(&WAYS[i], "socket", try_socket);
    for (size_t i = 0; i < sizeof(WAYS) / sizeof(WAYS[0]); i++)
        failed |= in_child(&WAYS[i], "pipe", try_pipe);
    return failed;
}
