#include <sockutil.h>
#include <stdio.h>

int main(void) {
    static const char text[] = "GET book\nlength 5\n";
    int ends[2];
    char line[64];
    ssize_t n;

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
        return 1;
    n = sizeof(text) - 1;
    if (writen(ends[0], text, (size_t)n) != n)
        return 1;

    /* The peeked bytes stay in the queue. */
    n = recv_peek(ends[1], line, 3);
    if (n < 0)
        return 1;
    printf("it begins with %.*s\n", (int)n, line);

    /* At the end of the stream, readline returns 0. */
    if (sockutil_close(ends[0]) < 0)
        return 1;
    while ((n = readline(ends[1], line, sizeof(line))) > 0)
        printf("%zd bytes: %s", n, line);
    return n < 0;
}
