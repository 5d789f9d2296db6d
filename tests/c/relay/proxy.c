/* proxy HOST:PORT - prints its own port, takes one client, and ends when both directions have. The server may answer
 * and close while the request still comes: the answer must arrive. */
#define SOCKUTIL_NO_CLASSIC_NAMES
#include <errno.h>
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
    int listener = sockutil_tcp_listen("127.0.0.1", "0", 5, 0, NULL);
    sockutil_addr own;
    if (listener < 0 || sockutil_addr_local(listener, &own) != 0)
        return 1;
    printf("%d\n", sockutil_addr_port(&own));
    fflush(stdout);
    int client = sockutil_accept(listener, NULL, 0, 10000);
    int server = sockutil_tcp_connect(argv[1], port, 0, 5000, NULL);
    if (client < 0 || server < 0 || sockutil_relay_init(&both[0], client, server, up, sizeof up) != 0 ||
        sockutil_relay_init(&both[1], server, client, down, sizeof down) != 0)
        return 1;

    /* The server has had enough: its answer is on its way, or there. Then the rest of the request is drained. */
    int result = sockutil_relay_run(both, 2, 10000), error = errno;
    int up_error = -1, down_error = -1;
    int up_ended = sockutil_relay_ended(&both[0], &up_error), down_ended = sockutil_relay_ended(&both[1], &down_error);
    printf("run %d %s\nup %d %s\ndown %d %s\n", result, result == -1 ? strerror(error) : "", up_ended,
           up_error > 0 ? strerror(up_error) : "", down_ended, down_error > 0 ? strerror(down_error) : "");
    if (sockutil_close_graceful(client, 5000) != 0)
        printf("close %s\n", strerror(errno));
    return sockutil_close(server) == 0 && sockutil_close(listener) == 0 ? 0 : 1;
}
