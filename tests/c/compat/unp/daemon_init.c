/* The other file of daemon.c. */
#include "unp.h"

#ifdef OWN_DAEMON_PROC
/* A program may define the variable itself. */
int daemon_proc = 0;
#else
extern int daemon_proc;
#endif

int daemon_init(const char *pname, int facility) {
    openlog(pname, LOG_PID, facility);
    daemon_proc = 1;
    return 0;
}

void daemon_inetd(const char *pname, int facility) {
    daemon_proc = 2;
    openlog(pname, LOG_PID, facility);
}
