/* descriptors.c - readn, writen, readline, read_fd, write_fd and tv_sub. */
#include "unp.h"

#include "check.h"

static void whole(ssize_t (*reading)(int, void *, size_t)) {
    char buf[16];
    int pair[2];
    Socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    CHECK(writen(pair[0], "abc", 3) == 3);
    Writen(pair[0], (char[]){"defg"}, 4);
    CHECK(reading(pair[1], buf, 5) == 5 && memcmp(buf, "abcde", 5) == 0);
    Close(pair[0]);
    CHECK(reading(pair[1], buf, sizeof buf) == 2 && memcmp(buf, "fg", 2) == 0);
    CHECK(reading(pair[1], buf, sizeof buf) == 0);
    Close(pair[1]);
}

static void lines(ssize_t (*reading)(int, void *, size_t)) {
    char buf[6];
    fd_set readable;
    struct timeval none = {0, 0};
    int pair[2];
    Socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    Writen(pair[0], (char[]){"one\ntwo\nlonger\nend"}, 18);
    CHECK(reading(pair[1], buf, sizeof buf) == 4 && strcmp(buf, "one\n") == 0);
    /* What is left is in the socket: select(2) sees it, and another descriptor can be read between two lines. */
    FD_ZERO(&readable);
    FD_SET(pair[1], &readable);
    CHECK(Select(pair[1] + 1, &readable, NULL, NULL, &none) == 1);
    CHECK(reading(pair[1], buf, sizeof buf) == 4 && strcmp(buf, "two\n") == 0);
    CHECK(reading(pair[1], buf, sizeof buf) == 5 && strcmp(buf, "longe") == 0);
    CHECK(reading(pair[1], buf, sizeof buf) == 2 && strcmp(buf, "r\n") == 0);
    Close(pair[0]);
    CHECK(reading(pair[1], buf, sizeof buf) == 3 && strcmp(buf, "end") == 0);
    CHECK(reading(pair[1], buf, sizeof buf) == 0);
    Close(pair[1]);
}

static void failures(void) {
    char buf[6];
    CHECK(readn(-1, buf, 1) == -1 && errno == EBADF);
    CHECK(writen(-1, buf, 1) == -1 && errno == EBADF);
    CHECK(readline(-1, buf, sizeof buf) == -1 && errno == EBADF);
}

/* A descriptor of a pipe goes over; it stays open in programs that are run. */
static void passing(int type, ssize_t (*sending)(int, void *, size_t, int),
                    ssize_t (*receiving)(int, void *, size_t, int *)) {
    char buf[16];
    int pair[2], ends[2], got = 7;
    ssize_t n;
    Socketpair(AF_UNIX, type, 0, pair);
    Pipe(ends);
    /* The data is the caller's own. */
    n = sending(pair[0], (char[]){"data"}, 4, ends[1]);
    CHECK(n == 4);
    Close(ends[1]);
    CHECK(receiving(pair[1], buf, sizeof buf, &got) == 4 && memcmp(buf, "data", 4) == 0);
    CHECK(got >= 0 && Fcntl(got, F_GETFD, 0) == 0);
    Write(got, (char[]){"pipe"}, 4);
    Close(got);
    CHECK(Read(ends[0], buf, sizeof buf) == 4 && memcmp(buf, "pipe", 4) == 0);
    CHECK(Read(ends[0], buf, sizeof buf) == 0);
    /* None came. */
    Write(pair[0], (char[]){"plain"}, 5);
    got = 7;
    CHECK(receiving(pair[1], buf, sizeof buf, &got) == 5 && got == -1);
    if (type == SOCK_STREAM) {
        Close(pair[0]);
        CHECK(receiving(pair[1], buf, sizeof buf, &got) == 0);
    }
    CHECK(write_fd(pair[1], buf, 1, -1) == -1 && errno == EBADF);
    CHECK(read_fd(-1, buf, 1, &got) == -1 && errno == EBADF);
}

/* Two descriptors come: one is taken, the other does not stay open unseen. */
static void one_of_two(void) {
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(2 * sizeof(int))];
    } control;
    char buf[4];
    int pair[2], got, before, after, ends[2];
    struct iovec iov;
    struct msghdr msg;
    Socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    Pipe(ends);
    memset(&msg, 0, sizeof msg);
    memset(&control, 0, sizeof control);
    iov.iov_base = (char[]){"x"};
    iov.iov_len = 1;
    msg.msg_iov = &iov;
    msg.msg_iovlen = 1;
    msg.msg_control = &control;
    msg.msg_controllen = sizeof control;
    control.align.cmsg_len = CMSG_LEN(2 * sizeof(int));
    control.align.cmsg_level = SOL_SOCKET;
    control.align.cmsg_type = SCM_RIGHTS;
    memcpy(CMSG_DATA(&control.align), ends, sizeof ends);
    Sendmsg(pair[0], &msg, 0);
    before = dup(0);
    Close(before);
    CHECK(read_fd(pair[1], buf, sizeof buf, &got) == 1 && got == before);
    after = dup(0);
    CHECK(after == before + 1);
}

static void times(void) {
    const struct {
        struct timeval out, in, left;
    } rows[] = {
        {{5, 700000}, {2, 200000}, {3, 500000}},
        {{5, 200000}, {2, 700000}, {2, 500000}},
        {{5, 0}, {5, 0}, {0, 0}},
        {{5, 0}, {4, 999999}, {0, 1}},
    };
    size_t i;
    for (i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct timeval out = rows[i].out, in = rows[i].in;
        tv_sub(&out, &in);
        CHECK(out.tv_sec == rows[i].left.tv_sec && out.tv_usec == rows[i].left.tv_usec);
    }
}

int main(void) {
    CHECK_BOUND(20);
    signal(SIGPIPE, SIG_IGN);
    whole(readn);
    whole(Readn);
    lines(readline);
    lines(Readline);
    failures();
    passing(SOCK_STREAM, write_fd, read_fd);
    passing(SOCK_STREAM, Write_fd, Read_fd);
    passing(SOCK_DGRAM, Write_fd, Read_fd);
    one_of_two();
    times();
    return 0;
}
