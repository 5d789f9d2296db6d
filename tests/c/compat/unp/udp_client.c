/* A UDP echo client that sends again after a second, and takes answers of its server only. */
#include "unp.h"

void dg_cli(FILE *fp, int sockfd, const SA *pservaddr, socklen_t servlen) {
    ssize_t n;
    char sendline[MAXLINE], recvline[MAXLINE + 1];
    socklen_t len;
    SA *preply_addr = Malloc(servlen);
    while (Fgets(sendline, MAXLINE, fp) != NULL) {
        do
            Sendto(sockfd, sendline, strlen(sendline), 0, pservaddr, servlen);
        while (Readable_timeo(sockfd, 1) == 0);
        len = servlen;
        n = Recvfrom(sockfd, recvline, MAXLINE, 0, preply_addr, &len);
        if (len != servlen || sock_cmp_addr(pservaddr, preply_addr, len) != 0 ||
            sock_cmp_port(pservaddr, preply_addr, len) != 1) {
            printf("reply from %s (ignored)\n", Sock_ntop(preply_addr, len));
            continue;
        }
        recvline[n] = 0;
        Fputs(recvline, stdout);
    }
}

int main(int argc, char **argv) {
    int sockfd;
    socklen_t salen;
    SA *sa;
    if (argc != 3)
        err_quit("usage: udp_client <host> <port>");
    sockfd = Udp_client(argv[1], argv[2], &sa, &salen);
    printf("sending to %s\n", Sock_ntop_host(sa, salen));
    dg_cli(stdin, sockfd, sa, salen);
    return 0;
}
