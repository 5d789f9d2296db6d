/* The mistake: printf in a signal handler. */
#include "tutorial.h"

#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>

void on_child(int signal_number) {
    int saved = errno;
    pid_t child;
    (void)signal_number;
    while ((child = waitpid(-1, NULL, WNOHANG)) > 0) {
        printf("child %d ended\n", (int)child);
    }
    errno = saved;
}
