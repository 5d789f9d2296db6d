/* consumer.c - a user's program: a line and a frame over a socketpair. Prints both, and the version. */
#include <sockutil.h>
#include <stdio.h>
#include <string.h>

int main(void) {
    int ends[2];
    char line[64], memory[64], *body;
    size_t length;
    sockutil_reader reader;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0 || writen(ends[0], "a line\n", 7) != 7 ||
        sockutil_send_frame(ends[0], 2, "a frame", 7, NULL, 1000) != 1)
        return 1;
    if (readline(ends[1], line, sizeof(line)) != 7 ||
        sockutil_reader_init(&reader, ends[1], memory, sizeof(memory)) < 0 ||
        sockutil_reader_frame(&reader, 2, &body, &length, 1000) != 1)
        return 2;
    printf("%s%.*s\n%s\n", line, (int)length, body, sockutil_version());
    return sockutil_close(ends[0]) < 0 || sockutil_close(ends[1]) < 0;
}
