/* 0 is a descriptor like any other: a program whose standard input is closed gets it for its first socket. */
#include "check.h"

#include <poll.h>
#include <sockutil.h>
#include <sys/socket.h>

#define LIMIT_MS 10000

static void is_closed_again(void) {
    CHECK(sockutil_close(0) == 0);
    CHECK(sockutil_wait(0, POLLIN, SOCKUTIL_NOWAIT) == -1 && errno == EBADF);
}

int main(void) {
    CHECK_BOUND(60);
    CHECK(close(0) == 0);

    /* One end of a pair */
    int ends[2];
    char line[8] = "", byte;
    size_t done = 0;
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0 && ends[0] == 0);
    CHECK(sockutil_wait(0, POLLOUT, SOCKUTIL_NOWAIT) == POLLOUT);
    CHECK(sockutil_wait(0, POLLIN, SOCKUTIL_NOWAIT) == -1 && errno == EAGAIN);
    CHECK(sockutil_write_full(ends[1], "line\nxy", 7, NULL, LIMIT_MS) == 1);
    CHECK(sockutil_wait(0, POLLIN, LIMIT_MS) == POLLIN);
    CHECK(sockutil_read_line(0, line, sizeof line, &done, LIMIT_MS) == 1 && strcmp(line, "line\n") == 0);
    CHECK(sockutil_read_full(0, &byte, 1, NULL, SOCKUTIL_NOWAIT) == 1 && byte == 'x');
    CHECK(sockutil_readn(0, &byte, 1) == 1 && byte == 'y');
    CHECK(sockutil_writen(0, "z", 1) == 1);
    CHECK(sockutil_readn(ends[1], &byte, 1) == 1 && byte == 'z');
    CHECK(sockutil_close(ends[1]) == 0);
    is_closed_again();

    /* A listener */
    int gai;
    sockutil_addr at;
    char port[8];
    CHECK(sockutil_tcp_listen("127.0.0.1", "0", 1, SOCKUTIL_NUMERIC, &gai) == 0);
    CHECK(sockutil_addr_local(0, &at) == 0);
    CHECK(snprintf(port, sizeof port, "%d", sockutil_addr_port(&at)) > 0);
    int client = sockutil_tcp_connect("127.0.0.1", port, SOCKUTIL_NUMERIC, LIMIT_MS, &gai);
    CHECK(client > 0);
    int server = sockutil_accept(0, NULL, 0, LIMIT_MS);
    CHECK(server > 0);
    CHECK(sockutil_close(client) == 0 && sockutil_close(server) == 0);

    /* One as another process would send it */
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    CHECK(sockutil_send_fd(ends[0], 0, LIMIT_MS) == 1);
    is_closed_again();
    int received = -1;
    CHECK(sockutil_recv_fd(ends[1], &received, LIMIT_MS) == 1 && received == 0);
    CHECK(sockutil_addr_local(0, &at) == 0);
    is_closed_again();
    CHECK(sockutil_close(ends[0]) == 0 && sockutil_close(ends[1]) == 0);
    return 0;
}
