/* An echo server that serves one client after the other. */
#include "csapp.h"

#include "echo.h"

int main(int argc, char **argv) {
    struct sockaddr_storage clientaddr;
    socklen_t clientlen;
    char host[MAXLINE], port[MAXLINE];
    int listenfd, connfd;

    if (argc != 2) {
        fprintf(stderr, "usage: %s <port>\n", argv[0]);
        exit(0);
    }
    listenfd = listen_and_say_port(argv[1]);
    while (1) {
        clientlen = sizeof(struct sockaddr_storage);
        connfd = Accept(listenfd, (SA *)&clientaddr, &clientlen);
        Getnameinfo((SA *)&clientaddr, clientlen, host, MAXLINE, port, MAXLINE, NI_NUMERICHOST | NI_NUMERICSERV);
        fprintf(stderr, "client at %s\n", host);
        echo(connfd);
        Close(connfd);
    }
}
