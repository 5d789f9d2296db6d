#include <sockutil.h>
#include <stdio.h>

int main(void) {
    int ends[2], client, server;
    char text[32];
    size_t done = 0;

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
        return 1;
    client = ends[0];
    server = ends[1];

    /* The client has sent everything. It can still receive. */
    if (writen(client, "question\n", 9) != 9 ||
        sockutil_shutdown_write(client) < 0)
        return 1;

    /* The server answers without reading. Its close reads to the
     * client's end, so that no RST destroys the answer. */
    if (writen(server, "answer\n", 7) != 7 ||
        sockutil_close_graceful(server, 1000) < 0)
        return 1;

    /* Seven bytes, then the end of the stream. */
    int r = sockutil_read_full(client, text, sizeof(text), &done, 1000);
    printf("%d, %zu bytes: %.*s", r, done, (int)done, text);
    return sockutil_close(client) < 0;
}
