/* daemon_proc is one variable for a program of several files: here it is set in another one (daemon_init.c). */
#include "unp.h"

#include "check.h"

int main(void) {
    CHECK(daemon_proc == 0);
    CHECK(daemon_init("daemon", LOG_USER) == 0);
    CHECK(daemon_proc == 1);
    daemon_inetd("daemon", LOG_USER);
    CHECK(daemon_proc == 2);
    return 0;
}
