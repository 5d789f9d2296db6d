#include <sockutil.h>
#include <stdio.h>
#include <string.h>

int main(void) {
    static const char *const words[] = {"one", "", "three"};
    int ends[2], r;
    char memory[1024], *body;
    size_t len;
    sockutil_reader reader;

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0 ||
        sockutil_reader_init(&reader, ends[1], memory, sizeof(memory)))
        return 1;

    /* Three messages, which a stream alone would join. */
    for (size_t i = 0; i < 3; i++)
        if (sockutil_send_frame(ends[0], 2, words[i], strlen(words[i]),
                                NULL, 100) != 1)
            return 1;
    if (sockutil_close(ends[0]) < 0)
        return 1;

    /* One that nobody wants, of whatever length. */
    if (sockutil_reader_skip_frame(&reader, 2, NULL, 100) != 1)
        return 1;
    printf("one is dropped\n");

    /* They arrive as they were sent, the empty one too. */
    while ((r = sockutil_reader_frame(&reader, 2, &body, &len, 100)) ==
           1)
        printf("\"%s\", %zu bytes\n", body, len);
    if (r < 0 || len > 0)
        return 1;
    printf("the end, between two frames\n");
    return 0;
}
