/* The mistake: it takes only the first descriptor; the others stay open, and the program does not know them.
 */
#include "tutorial.h"

#include <string.h>

int receive_descriptor(int unix_fd) {
    /* CMSG_SPACE rounds up: on 64-bit machines there is always room for a second one. */
    union {
        struct cmsghdr header;
        char memory[CMSG_SPACE(2 * sizeof(int))];
    } control;
    char byte;
    struct iovec part = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    int fd;
    message.msg_control = control.memory;
    message.msg_controllen = sizeof control.memory;
    if (recvmsg(unix_fd, &message, 0) != 1) {
        return -1;
    }
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header == NULL || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) {
        return -1;
    }
    memcpy(&fd, CMSG_DATA(header), sizeof fd);
    return fd;
}
