/* A TCP echo client whose str_cli waits for its input and the server at once, by select. */
#include "unp.h"

void str_cli(FILE *fp, int sockfd) {
    int maxfdp1, stdineof = 0;
    fd_set rset;
    char buf[MAXLINE];
    ssize_t n;
    for (;;) {
        FD_ZERO(&rset);
        if (stdineof == 0)
            FD_SET(fileno(fp), &rset);
        FD_SET(sockfd, &rset);
        maxfdp1 = max(fileno(fp), sockfd) + 1;
        Select(maxfdp1, &rset, NULL, NULL, NULL);
        if (FD_ISSET(sockfd, &rset)) {
            if ((n = Readline(sockfd, buf, MAXLINE)) == 0) {
                if (stdineof == 1)
                    return;
                err_quit("str_cli: server terminated prematurely");
            }
            Fputs(buf, stdout);
        }
        if (FD_ISSET(fileno(fp), &rset)) {
            if ((n = Read(fileno(fp), buf, MAXLINE)) == 0) {
                stdineof = 1;
                Shutdown(sockfd, SHUT_WR);
                continue;
            }
            Writen(sockfd, buf, (size_t)n);
        }
    }
}

int main(int argc, char **argv) {
    int sockfd;
    if (argc != 3)
        err_quit("usage: echo_client <host> <port>");
    sockfd = Tcp_connect(argv[1], argv[2]);
    str_cli(stdin, sockfd);
    Fclose(stdout);
    return 0;
}
