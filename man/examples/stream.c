#include <errno.h>
#include <sockutil.h>
#include <stdio.h>

int main(void) {
    int ends[2];
    char line[32], body[5];
    size_t done = 0;
    struct iovec message[2] = {{"length 5\n", 9}, {"hel", 3}};

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
        return 1;
    if (sockutil_writev_full(ends[0], message, 2, &done, 100) != 1)
        return 1;

    /* Read the line, and no byte after it. */
    done = 0;
    if (sockutil_read_line(ends[1], line, sizeof(line), &done, 100) < 1)
        return 1;
    (void)sockutil_chomp(line, done);
    printf("line: %s\n", line);

    /* Two bytes of the body are late. */
    done = 0;
    if (sockutil_read_full(ends[1], body, 5, &done, 20) != -1 ||
        errno != EAGAIN)
        return 1;
    printf("not yet: %zu of 5 bytes\n", done);

    /* The same call goes on where it stopped. */
    if (sockutil_write_full(ends[0], "lo", 2, NULL, 100) != 1 ||
        sockutil_read_full(ends[1], body, 5, &done, 100) != 1)
        return 1;
    printf("body: %.5s\n", body);

    /* What has come, be it less than there is room for. */
    if (writen(ends[0], "more", 4) != 4 ||
        sockutil_read_some(ends[1], line, sizeof(line), &done, 100) !=
            1)
        return 1;
    printf("then: %zu bytes\n", done);
    return 0;
}
