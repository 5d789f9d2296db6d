/* A program with functions of its own by the four names, in a file without the header: the program gets these, and the
 * library its own. */
#include "check.h"
#include <sockutil.h>

int of_the_other_file(void);

int main(void) {
    char buf[8];
    int ends[2];
    CHECK_BOUND(10);
    CHECK(of_the_other_file() == 4 * 77);
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    CHECK(writen(ends[0], "ab\ncd", 5) == 5);
    CHECK(sockutil_recv_peek(ends[1], buf, sizeof buf) == 5 && recv_peek(ends[1], buf, sizeof buf) == 5);
    CHECK(readline(ends[1], buf, sizeof buf) == 3 && strcmp(buf, "ab\n") == 0);
    CHECK(sockutil_readn(ends[1], buf, 1) == 1 && buf[0] == 'c');
    CHECK(readn(ends[1], buf, 1) == 1 && buf[0] == 'd');
    return 0;
}
