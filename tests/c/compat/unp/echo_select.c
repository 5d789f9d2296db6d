/* A TCP echo server of one process for all clients, by select. */
#include "unp.h"

int main(void) {
    int i, maxi = -1, maxfd, listenfd, connfd, sockfd, nready, client[FD_SETSIZE];
    ssize_t n;
    fd_set rset, allset;
    char buf[MAXLINE];
    socklen_t clilen;
    struct sockaddr_storage cliaddr;

    listenfd = Tcp_listen("127.0.0.1", "0", &clilen);
    Getsockname(listenfd, (SA *)&cliaddr, &clilen);
    printf("%d\n", ntohs((uint16_t)sock_get_port((SA *)&cliaddr, clilen)));
    fflush(stdout);

    maxfd = listenfd;
    for (i = 0; i < FD_SETSIZE; i++)
        client[i] = -1;
    FD_ZERO(&allset);
    FD_SET(listenfd, &allset);
    for (;;) {
        rset = allset;
        nready = Select(maxfd + 1, &rset, NULL, NULL, NULL);
        if (FD_ISSET(listenfd, &rset)) {
            clilen = sizeof(cliaddr);
            connfd = Accept(listenfd, (SA *)&cliaddr, &clilen);
            for (i = 0; i < FD_SETSIZE; i++)
                if (client[i] < 0) {
                    client[i] = connfd;
                    break;
                }
            if (i == FD_SETSIZE)
                err_quit("too many clients");
            FD_SET(connfd, &allset);
            maxfd = max(maxfd, connfd);
            maxi = max(maxi, i);
            if (--nready <= 0)
                continue;
        }
        for (i = 0; i <= maxi; i++) {
            if ((sockfd = client[i]) < 0)
                continue;
            if (FD_ISSET(sockfd, &rset)) {
                if ((n = Read(sockfd, buf, min(sizeof(buf), BUFFSIZE))) == 0) {
                    Close(sockfd);
                    FD_CLR(sockfd, &allset);
                    client[i] = -1;
                } else
                    Writen(sockfd, buf, (size_t)n);
                if (--nready <= 0)
                    break;
            }
        }
    }
}
