#include <errno.h>
#include <sockutil.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* nc: keyboard to socket, socket to screen, until the peer ends. */
static int nc(int keyboard, int sock, int screen) {
    static char up[65536], down[65536];
    sockutil_relay both[2];
    int r, error = 0;

    if (sockutil_relay_init(&both[0], keyboard, sock, up, sizeof(up)) ||
        sockutil_relay_init(&both[1], sock, screen, down, sizeof(down)))
        return -1;
    do
        r = sockutil_relay_run(both, 2, 1000);
    while (r < 0 && errno == EAGAIN &&
           !sockutil_relay_ended(&both[1], NULL));
    if (!sockutil_relay_ended(&both[1], &error) || error != 0)
        return -1;
    printf("%d bytes sent, %d received\n",
           (int)sockutil_relay_moved(&both[0]),
           (int)sockutil_relay_moved(&both[1]));
    return 0;
}

int main(void) {
    int keys[2], ends[2], screen[2];
    char text[64], memory[16];
    sockutil_relay relay;
    struct pollfd wants[2];

    /* What is typed, a server that has already answered, and the
     * screen. */
    if (pipe(keys) || socketpair(AF_UNIX, SOCK_STREAM, 0, ends) ||
        pipe(screen) || write(keys[1], "hello\n", 6) != 6 ||
        sockutil_close(keys[1]) ||
        writen(ends[1], "good day\n", 9) != 9 ||
        sockutil_shutdown_write(ends[1]))
        return 1;
    if (nc(keys[0], ends[0], screen[1]))
        return 1;
    printf("the server got %d bytes\n", (int)readn(ends[1], text, 64));
    printf("the screen shows %.9s",
           readn(screen[0], text, 9) == 9 ? text : "");

    /* For a poll(2) of your own: a relay that holds nothing waits for
     * bytes, and not for room. */
    if (sockutil_relay_init(&relay, ends[0], screen[1], memory,
                            sizeof(memory)))
        return 1;
    sockutil_relay_wants(&relay, wants);
    printf("waits for bytes: %s, for room: %s\n",
           wants[0].fd >= 0 && wants[0].events & POLLIN ? "yes" : "no",
           wants[1].fd >= 0 ? "yes" : "no");
    return 0;
}
