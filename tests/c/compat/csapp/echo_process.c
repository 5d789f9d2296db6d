/* An echo server with a process for each client. */
#include "csapp.h"

#include "echo.h"

void sigchld_handler(int sig) {
    int olderrno = errno;
    (void)sig;
    while (waitpid(-1, 0, WNOHANG) > 0)
        Sio_puts("reaped\n");
    errno = olderrno;
}

int main(int argc, char **argv) {
    struct sockaddr_storage clientaddr;
    socklen_t clientlen;
    int listenfd, connfd;

    if (argc != 2)
        app_error("usage: echo_process <port>");
    Signal(SIGCHLD, sigchld_handler);
    listenfd = listen_and_say_port(argv[1]);
    while (1) {
        clientlen = sizeof(clientaddr);
        connfd = Accept(listenfd, (SA *)&clientaddr, &clientlen);
        if (Fork() == 0) {
            Close(listenfd);
            echo(connfd);
            Close(connfd);
            exit(0);
        }
        Close(connfd);
    }
}
