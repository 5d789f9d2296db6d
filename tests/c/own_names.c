/* A source that has its own functions with the four names. */
#define SOCKUTIL_NO_CLASSIC_NAMES
#include "check.h"
#include <sockutil.h>

static char *readline(const char *prompt) {
    return strdup(prompt);
}

static int readn = 1, writen = 2, recv_peek = 3;

int main(void) {
    char *line = readline("mine"), buf[2];
    int ends[2];
    CHECK_BOUND(10);
    CHECK(line != NULL && strcmp(line, "mine") == 0 && readn + writen + recv_peek == 6);
    free(line);
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    CHECK(sockutil_writen(ends[0], "x", 1) == 1);
    CHECK(sockutil_readline(ends[1], buf, sizeof buf) == -1 || buf[0] == 'x');
    return 0;
}
