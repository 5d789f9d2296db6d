/* The mistake: waitpid returns 0 while the children that are left live, and 0 goes on. */
#include "tutorial.h"

#include <errno.h>
#include <stddef.h>
#include <sys/wait.h>

void on_child(int signal_number) {
    int saved = errno;
    (void)signal_number;
    while (waitpid(-1, NULL, WNOHANG) >= 0) {
    }
    errno = saved;
}
