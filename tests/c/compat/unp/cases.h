/* cases.h - calls that end the program, each in a child: what it printed, where, and how it ended. */
#ifndef CASES_H
#define CASES_H

#include "check.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A call that came back ends its child with this. */
#define CAME_BACK 77

/* All of a pipe, as text. */
static void read_all(int fd, char *text, size_t size) {
    size_t used = 0;
    ssize_t n;
    while (used < size - 1 && (n = read(fd, text + used, size - 1 - used)) > 0)
        used += (size_t)n;
    text[used] = '\0';
    close(fd);
}

/* Runs the call in a child that has printed "before" already. Returns its status as from waitpid. */
static int run_apart(void (*call)(void), char *out, size_t out_size, char *err, size_t err_size) {
    int out_pipe[2], err_pipe[2], status;
    pid_t pid;
    CHECK(pipe(out_pipe) == 0 && pipe(err_pipe) == 0);
    fflush(NULL);
    CHECK((pid = fork()) >= 0);
    if (pid == 0) {
        alarm(20);
        dup2(out_pipe[1], STDOUT_FILENO);
        dup2(err_pipe[1], STDERR_FILENO);
        close(out_pipe[0]);
        close(out_pipe[1]);
        close(err_pipe[0]);
        close(err_pipe[1]);
        printf("before");
        call();
        _exit(CAME_BACK);
    }
    close(out_pipe[1]);
    close(err_pipe[1]);
    read_all(out_pipe[0], out, out_size);
    read_all(err_pipe[0], err, err_size);
    CHECK(waitpid(pid, &status, 0) == pid);
    return status;
}

#endif
