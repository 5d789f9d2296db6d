/* nc HOST:PORT - keyboard to socket, socket to screen. */
#define SOCKUTIL_NO_CLASSIC_NAMES
#include <sockutil.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv) {
    static char up[65536], down[65536];
    sockutil_relay both[2];
    char *port = argc == 2 ? strrchr(argv[1], ':') : NULL;
    if (port == NULL)
        return 2;
    *port++ = '\0';
    int fd = sockutil_tcp_connect(argv[1], port, 0, 5000, NULL);
    if (fd < 0) {
        perror("connect");
        return 1;
    }
    if (sockutil_relay_init(&both[0], 0, fd, up, sizeof up) != 0 ||
        sockutil_relay_init(&both[1], fd, 1, down, sizeof down) != 0)
        return 1;

    /* Until the server ends; the keyboard may go on, as in nc. */
    while (sockutil_relay_run(both, 2, 200) == -1)
        if (sockutil_relay_ended(&both[1], NULL))
            break;
    int error = 0;
    if (!sockutil_relay_ended(&both[1], &error) || error != 0) {
        fprintf(stderr, "nc: %s\n", strerror(error));
        return 1;
    }
    fprintf(stderr, "sent %llu, received %llu\n", (unsigned long long)sockutil_relay_moved(&both[0]),
            (unsigned long long)sockutil_relay_moved(&both[1]));
    return 0;
}
