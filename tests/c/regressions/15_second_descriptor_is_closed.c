/* A server ran out of descriptors: a peer put two into one control message, the tutorial took the first and left the
 * second open.
 * A message with more than one must leave none open.
 */
#include "regression.h"

#ifndef TUTORIAL
static int receive_descriptor(int unix_fd) {
    int fd = -1;
    int answer = sockutil_recv_fd(unix_fd, &fd, 5000);
    CHECK(answer == 1 || (answer == -1 && errno == EPROTO && fd == -1));
    return answer == 1 ? fd : -1;
}
#endif

/* Sends one byte with so many descriptors, all for the same file. */
static void send_descriptors(int unix_fd, int fd, size_t count) {
    union {
        struct cmsghdr header;
        char memory[CMSG_SPACE(2 * sizeof(int))];
    } control = {.header = {.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
    struct iovec part = {.iov_base = "x", .iov_len = 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.memory};
    int both[2] = {fd, fd};
    CHECK(count <= 2);
    /* A size_t in glibc, a socklen_t in musl. */
    control.header.cmsg_len = (__typeof__(control.header.cmsg_len))CMSG_LEN(count * sizeof fd);
    message.msg_controllen = (__typeof__(message.msg_controllen))CMSG_SPACE(count * sizeof fd);
    memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), both, count * sizeof fd);
    CHECK(sendmsg(unix_fd, &message, MSG_NOSIGNAL) == 1);
}

int main(void) {
    int ends[2], target[2];
    CHECK_BOUND(SECONDS);
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);

    /* A single one is received. */
    CHECK(pipe(target) == 0);
    send_descriptors(ends[1], target[1], 1);
    int fd = receive_descriptor(ends[0]);
    CHECK(fd >= 0 && write(fd, "y", 1) == 1);
    CHECK(close(fd) == 0);
    close_pair(target);

    /* Two: when the received one, if any, is closed, the pipe's end must not be open any more. */
    CHECK(pipe(target) == 0);
    send_descriptors(ends[1], target[1], 2);
    fd = receive_descriptor(ends[0]);
    if (fd >= 0) {
        CHECK(close(fd) == 0);
    }
    CHECK(close(target[1]) == 0);
    struct pollfd entry = {.fd = target[0], .events = POLLIN};
    MUST(poll(&entry, 1, 0) == 1 && entry.revents == POLLHUP, "the second descriptor stays open");
    CHECK(close(target[0]) == 0);
    close_pair(ends);
    return 0;
}
