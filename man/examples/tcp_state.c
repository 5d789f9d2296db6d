#include <sockutil.h>
#include <stdio.h>

static const char *name_of(int fd) {
    return sockutil_tcp_state_name(sockutil_tcp_state(fd));
}

int main(void) {
    sockutil_addr there, here;
    int listenfd = sockutil_tcp_listen("127.0.0.1", "0", 1,
                                       SOCKUTIL_NUMERIC, NULL);
    int client = socket(AF_INET, SOCK_STREAM, 0);

    if (listenfd < 0 || client < 0 ||
        sockutil_addr_local(listenfd, &there) < 0 ||
        sockutil_connect(client, &there, 1000) < 0 ||
        sockutil_addr_local(client, &here) < 0)
        return 1;
    int server = sockutil_accept(listenfd, NULL, 0, 1000);
    if (server < 0)
        return 1;
    printf("listener %s, client %s\n", name_of(listenfd),
           name_of(client));

    /* POLLRDHUP: the server's FIN has arrived. */
    if (sockutil_shutdown_write(server) < 0 ||
        sockutil_wait(client, POLLRDHUP, 1000) < 0)
        return 1;
    printf("client %s\n", name_of(client));

    /* After RST there is no connection, and no state. */
    if (sockutil_close_reset(client) < 0)
        return 1;
    int state = sockutil_tcp_state_between(&here, &there);
    printf("then %s\n", sockutil_tcp_state_name(state));
    return 0;
}
