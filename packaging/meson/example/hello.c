/* hello.c - a line over a socketpair. */
#include <sockutil.h>
#include <stdio.h>

int main(void) {
    int ends[2];
    char line[64];

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == -1)
        return 1;
    if (sockutil_write_full(ends[0], "a line\n", 7, NULL, 1000) != 1)
        return 1;
    if (sockutil_read_line(ends[1], line, sizeof(line), NULL, 1000) != 1)
        return 1;
    printf("sockutil %s: %s", sockutil_version(), line);
    return 0;
}
