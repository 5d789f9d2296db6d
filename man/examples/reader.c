#include <errno.h>
#include <sockutil.h>
#include <stdio.h>

int main(void) {
    int ends[2], r;
    char memory[16], own[8], body[5], *line;
    size_t len;
    sockutil_reader reader;

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0 ||
        sockutil_reader_init(&reader, ends[1], memory, sizeof(memory)))
        return 1;
    if (writen(ends[0], "one\ntwo\nthr", 11) != 11)
        return 1;

    /* As in an event loop: until no whole line is left. */
    while ((r = sockutil_reader_line(&reader, &line, &len,
                                     SOCKUTIL_NOWAIT)) == 1)
        printf("%.*s\n", (int)sockutil_chomp(line, len), line);
    if (r != -1 || errno != EAGAIN)
        return 1;
    printf("%zu bytes are held\n", sockutil_reader_pending(&reader));

    /* A line that is too long is an error: drop it. */
    if (writen(ends[0], "ee and a long rest\nfour\n", 24) != 24)
        return 1;
    r = sockutil_reader_line(&reader, &line, &len, 100);
    if (r != -1 || errno != EMSGSIZE ||
        sockutil_reader_skip_line(&reader, NULL, 100) != 1 ||
        sockutil_reader_line(&reader, &line, &len, 100) != 1)
        return 1;
    printf("too long, dropped; then %s", line);

    /* Into memory of your own: a line, and so many bytes. */
    if (writen(ends[0], "five\nhello", 10) != 10 ||
        sockutil_reader_copy_line(&reader, own, sizeof(own), NULL,
                                  100) != 1 ||
        sockutil_reader_read_full(&reader, body, 5, NULL, 100) != 1)
        return 1;
    printf("%.5s, after the line %s", body, own);
    return 0;
}
