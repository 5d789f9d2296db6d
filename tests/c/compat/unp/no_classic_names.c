/* SOCKUTIL_NO_CLASSIC_NAMES leaves readn, writen, recv_peek and readline to the program, whatever they are there. */
#define SOCKUTIL_NO_CLASSIC_NAMES
#include "unp.h"

#include "check.h"

static const char *readline(const char *prompt) {
    return prompt;
}
static int readn = 1, writen = 2, recv_peek = 3;

int main(void) {
    char buf[16];
    int pair[2];
    Socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    Writen(pair[0], (char[]){"ab\n"}, 3);
    CHECK(Readn(pair[1], buf, 1) == 1);
    CHECK(Readline(pair[1], buf, sizeof buf) == 2);
    CHECK(strcmp(readline("x"), "x") == 0 && readn + writen + recv_peek == 6);
    return 0;
}
