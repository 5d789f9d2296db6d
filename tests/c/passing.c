/* Descriptors between the library and programs as the books write them. Stevens (UNP): one byte, and the descriptor in
 * the control message. Stevens and Rago (APUE): a byte 0 and a status, 0 with a descriptor; after a failure the status
 * is above 0, no descriptor comes, and a text may precede both. Here they are written by hand, with sendmsg and
 * recvmsg. */
#include "check.h"
#include <fcntl.h>
#include <sockutil.h>
#include <sys/stat.h>

enum { SOON = 10000 };

/* Sends bytes by hand, with a descriptor unless it is -1. */
static void send_by_hand(int unix_fd, const void *bytes, size_t n, int passed) {
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec part = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = n};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    memset(&control, 0, sizeof control);
    if (passed >= 0) {
        message.msg_control = &control;
        message.msg_controllen = sizeof control;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(header), &passed, sizeof passed);
    }
    CHECK(sendmsg(unix_fd, &message, 0) == (ssize_t)n);
}

/* Receives at most n bytes by hand, and the descriptor that comes with them; -1: none. */
static size_t recv_by_hand(int unix_fd, void *bytes, size_t n, int *passed) {
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec part = {.iov_base = bytes, .iov_len = n};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t got = recvmsg(unix_fd, &message, 0);
    CHECK(got > 0 && (message.msg_flags & (MSG_CTRUNC | MSG_TRUNC)) == 0);
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    *passed = -1;
    if (header != NULL) {
        CHECK(header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS);
        CHECK(header->cmsg_len == CMSG_LEN(sizeof(int)));
        memcpy(passed, CMSG_DATA(header), sizeof *passed);
    }
    return (size_t)got;
}

static void same_file(int one, int other) {
    struct stat of_one, of_other;
    CHECK(one != other && fstat(one, &of_one) == 0 && fstat(other, &of_other) == 0);
    CHECK(of_one.st_dev == of_other.st_dev && of_one.st_ino == of_other.st_ino);
}

static void arrived(int received, int sent) {
    CHECK(received >= 0);
    same_file(received, sent);
    CHECK(close(received) == 0);
}

static void is_private(int fd) {
    CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC);
}

/* UNP: write_fd and read_fd. */
static void one_byte(const int ends[2], int file) {
    char byte = 'x';
    int fd = -1;
    size_t nfds, len, done = 0;

    CHECK(sockutil_send_fds(ends[0], &file, 1, "", 1, &done, SOON) == 1 && done == 1);
    CHECK(recv_by_hand(ends[1], &byte, 1, &fd) == 1 && byte == '\0');
    arrived(fd, file);

    CHECK(sockutil_send_fd(ends[0], file, SOON) == 1);
    CHECK(recv_by_hand(ends[1], &byte, 1, &fd) == 1 && byte == '\0');
    arrived(fd, file);

    send_by_hand(ends[0], "!", 1, file);
    CHECK(sockutil_recv_fds(ends[1], &fd, 1, &nfds, &byte, 1, &len, SOON) == 1);
    CHECK(nfds == 1 && len == 1 && byte == '!');
    is_private(fd);
    arrived(fd, file);

    send_by_hand(ends[0], "!", 1, file);
    CHECK(sockutil_recv_fd(ends[1], &fd, SOON) == 1);
    is_private(fd);
    arrived(fd, file);
}

/* APUE: send_fd, send_err and recv_fd. */
static void null_and_status(const int ends[2], int file) {
    const char opened[2] = {0, 0}, failed[2] = {0, 5};
    char bytes[32];
    int fd = -1;
    size_t nfds, len, done = 0;

    CHECK(sockutil_send_fds(ends[0], &file, 1, opened, 2, &done, SOON) == 1 && done == 2);
    CHECK(recv_by_hand(ends[1], bytes, sizeof bytes, &fd) == 2 && bytes[0] == 0 && bytes[1] == 0);
    arrived(fd, file);

    send_by_hand(ends[0], opened, 2, file);
    CHECK(sockutil_recv_fds(ends[1], &fd, 1, &nfds, bytes, 2, &len, SOON) == 1);
    CHECK(nfds == 1 && len == 2 && bytes[0] == 0 && bytes[1] == 0);
    is_private(fd);
    arrived(fd, file);

    /* A failure: the text, the 0 and the status; no descriptor. */
    done = 0;
    CHECK(sockutil_write_full(ends[0], "no such file", 12, NULL, SOON) == 1);
    CHECK(sockutil_send_fds(ends[0], NULL, 0, failed, 2, &done, SOON) == 1 && done == 2);
    len = recv_by_hand(ends[1], bytes, sizeof bytes, &fd);
    CHECK(len == 14 && fd == -1 && memcmp(bytes, "no such file\0\5", 14) == 0);

    send_by_hand(ends[0], "no such file", 12, -1);
    send_by_hand(ends[0], failed, 2, -1);
    CHECK(sockutil_recv_fds(ends[1], &fd, 1, &nfds, bytes, sizeof bytes, &len, SOON) == 1);
    CHECK(nfds == 0 && len == 14 && memcmp(bytes, "no such file\0\5", 14) == 0);
}

int main(void) {
    int ends[2], line[2];
    CHECK_BOUND(30);
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0 && pipe(line) == 0);
    for (int i = 0; i < 2; i++) {
        one_byte(ends, line[i]);
        null_and_status(ends, line[i]);
    }
    CHECK(close(ends[0]) == 0 && close(ends[1]) == 0 && close(line[0]) == 0 && close(line[1]) == 0);
    return 0;
}
