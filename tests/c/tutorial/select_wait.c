/* The mistake: an fd_set ends at descriptor 1023, and FD_SET does not check. */
#include "tutorial.h"

#include <string.h>

struct select_frame select_frame;

int wait_readable(int fd, int timeout_ms) {
    struct timeval timeout = {.tv_sec = timeout_ms / 1000, .tv_usec = (timeout_ms % 1000) * 1000};
    memset(select_frame.behind, STACK_BYTE, sizeof select_frame.behind);
    FD_ZERO(&select_frame.set);
    FD_SET((unsigned)fd, &select_frame.set);
    after_fd_set();
    return select(fd + 1, &select_frame.set, NULL, NULL, &timeout);
}
