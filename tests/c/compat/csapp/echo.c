/* echo.c - serves one client: sends back each line that it gets. */
#include "csapp.h"

#include "echo.h"

/* The tests ask for port 0 and read on stdout which one it is. */
int listen_and_say_port(char *port) {
    struct sockaddr_storage addr;
    socklen_t len = sizeof(addr);
    char service[MAXLINE];
    int listenfd = Open_listenfd(port);

    if (getsockname(listenfd, (SA *)&addr, &len) < 0)
        unix_error("getsockname error");
    Getnameinfo((SA *)&addr, len, NULL, 0, service, MAXLINE, NI_NUMERICSERV);
    printf("%s\n", service);
    fflush(stdout);
    return listenfd;
}

void echo(int connfd) {
    size_t n;
    char buf[MAXLINE];
    rio_t rio;

    Rio_readinitb(&rio, connfd);
    while ((n = Rio_readlineb(&rio, buf, MAXLINE)) != 0)
        Rio_writen(connfd, buf, n);
}
