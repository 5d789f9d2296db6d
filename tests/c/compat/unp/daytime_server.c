/* A daytime server that serves one client. */
#include "unp.h"
#include <time.h>

int main(int argc, char **argv) {
    int listenfd, connfd;
    socklen_t len, addrlen;
    char buff[MAXLINE];
    time_t ticks;
    struct sockaddr_storage cliaddr, servaddr;

    if (argc == 2)
        listenfd = Tcp_listen(NULL, argv[1], &addrlen);
    else if (argc == 3)
        listenfd = Tcp_listen(argv[1], argv[2], &addrlen);
    else
        err_quit("usage: daytime_server [ <host> ] <service or port>");
    len = addrlen;
    Getsockname(listenfd, (SA *)&servaddr, &len);
    printf("%d\n", ntohs((uint16_t)sock_get_port((SA *)&servaddr, len)));
    fflush(stdout);
    len = addrlen;
    connfd = Accept(listenfd, (SA *)&cliaddr, &len);
    printf("connection from %s\n", Sock_ntop_host((SA *)&cliaddr, len));
    ticks = time(NULL);
    snprintf(buff, sizeof(buff), "%.24s\r\n", ctime(&ticks));
    Write(connfd, buff, strlen(buff));
    Close(connfd);
    return 0;
}
