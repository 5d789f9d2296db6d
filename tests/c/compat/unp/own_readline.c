/* A program with a Readline of its own: compiled with UNP_OWN_READLINE. What it does not bring is still there. */
#include "unp.h"

#include "check.h"

static int calls;

ssize_t readline(int fd, void *vptr, size_t maxlen) {
    char *ptr = vptr;
    size_t n;
    calls++;
    for (n = 0; n < maxlen - 1;) {
        if (readn(fd, ptr + n, 1) != 1)
            break;
        if (ptr[n++] == '\n')
            break;
    }
    ptr[n] = 0;
    return (ssize_t)n;
}

ssize_t Readline(int fd, void *ptr, size_t maxlen) {
    ssize_t n;
    if ((n = readline(fd, ptr, maxlen)) < 0)
        err_sys("readline error");
    return n;
}

int main(void) {
    char buf[16];
    int pair[2];
    Socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    CHECK(writen(pair[0], "a\nbcd", 5) == 5);
    CHECK(Readline(pair[1], buf, sizeof buf) == 2 && strcmp(buf, "a\n") == 0 && calls == 1);
    CHECK(Readn(pair[1], buf, 3) == 3);
    Writen(pair[0], (char[]){"e\n"}, 2);
    CHECK(readline(pair[1], buf, sizeof buf) == 2 && calls == 2);
    return 0;
}
