/* unix_server.c - an echo server on a Unix socket: a file left over, the file's mode, who the client is. */
#include "example.h"

static const char HELP[] =
    "usage: unix_server [-h] [-m mode] [path]\n"
    "Sends back what a client sends, one client at a time, and prints who the client is.\n"
    "path: the socket's file, default echo.sock; or an abstract name: @name (Linux)\n"
    "  -m mode   the file's permissions, in octal, default 0600: who may write to it can connect\n"
    "Ctrl-C or SIGTERM ends it.\n";

static unsigned mode_from(const char *text) {
    if (text[0] == '\0' || strspn(text, "01234567") != strlen(text) || strtoul(text, NULL, 8) > 0777)
        bad_argument("not a mode, 0 to 0777", text);
    return (unsigned)strtoul(text, NULL, 8);
}

/* 3. exchange: all bytes are answered at once, also half a line */
static void serve(int connfd) {
    char bytes[8192];
    ssize_t n;
    do
        n = read(connfd, bytes, sizeof(bytes));
    while (n > 0 && writen(connfd, bytes, (size_t)n) == n);
    if (n != 0 && !stopped)
        perror("client");
}

int main(int argc, char *argv[]) {
    const char *mode = NULL;
    while (next_option(argc, argv, "+hm:", HELP) == 'm')
        mode = optarg;
    const char *path = next_argument(argv, "echo.sock");
    no_more_arguments(argv);
    int abstract = path[0] == '@';
    if (abstract && mode != NULL)
        bad_argument("an abstract name has no mode", path);
    unsigned permissions = mode_from(mode != NULL ? mode : "0600");

    /* 1. create, bind, listen. A file without a listener, which a killed server has left, is replaced; a living server
     * is not, and neither is a file that is no socket. An abstract name has no file, so nothing can be left of it, and
     * nothing protects it. */
    int listenfd = abstract ? sockutil_unix_listen(path, SOMAXCONN, 0)
                            : sockutil_unix_listen_mode(path, SOMAXCONN, permissions, 0);
    if (listenfd < 0 && (errno == EINVAL || errno == ENAMETOOLONG))
        bad_argument("not a path of a socket", path);
    if (listenfd < 0)
        die("listen");
    stop_on_signals(listenfd);
    announce(listenfd);

    while (!stopped) {
        /* 2. accept. The client has no address: it is not bound. The kernel knows who it was when it connected.
         * The cause of a failure may last, as when no descriptor is free: the pause prevents a busy loop. */
        int connfd = sockutil_accept(listenfd, NULL, 0, SOCKUTIL_FOREVER);
        if (connfd < 0) {
            if (!stopped) {
                perror("accept");
                (void)poll(NULL, 0, 100);
            }
            continue;
        }
        sockutil_cred client;
        if (sockutil_peer_cred(connfd, &client) < 0)
            printf("client: unknown, %s\n", strerror(errno));
        else
            printf("client: pid %ld, uid %lu, gid %lu\n", (long)client.pid, (unsigned long)client.uid,
                   (unsigned long)client.gid);

        /* A signal that stops the server must end the wait for this client. If it came before this, stopped is set. */
        awaited = connfd;
        if (!stopped)
            serve(connfd);
        awaited = listenfd;

        /* 4. close */
        close_socket(connfd);
        puts("client close");
    }

    /* 5. remove the file: close does not */
    if (!abstract && unlink(path) < 0)
        perror(path);
    close_socket(listenfd);
    puts("server stopped");
    return 0;
}
