/* A UDP echo server. It passes over the first datagram, so that the client must send again. */
#include "unp.h"

void dg_echo(int sockfd, SA *pcliaddr, socklen_t clilen) {
    ssize_t n;
    socklen_t len;
    char mesg[MAXLINE];
    len = clilen;
    Recvfrom(sockfd, mesg, MAXLINE, 0, pcliaddr, &len);
    for (;;) {
        len = clilen;
        n = Recvfrom(sockfd, mesg, MAXLINE, 0, pcliaddr, &len);
        Sendto(sockfd, mesg, (size_t)n, 0, pcliaddr, len);
    }
}

int main(void) {
    socklen_t len;
    struct sockaddr_storage servaddr, cliaddr;
    int sockfd = Udp_server("127.0.0.1", "0", &len);
    Getsockname(sockfd, (SA *)&servaddr, &len);
    printf("%d\n", ntohs((uint16_t)sock_get_port((SA *)&servaddr, len)));
    fflush(stdout);
    dg_echo(sockfd, (SA *)&cliaddr, sizeof(cliaddr));
    return 0;
}
