/* A TCP echo server with a process for each client, in the book's style: main has no return type. */
#include "unp.h"

static void sig_chld(int signo) {
    (void)signo;
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
}

void str_echo(int sockfd) {
    ssize_t n;
    char line[MAXLINE];
    while ((n = Readline(sockfd, line, MAXLINE)) > 0)
        Writen(sockfd, line, (size_t)n);
}

main(argc, argv) int argc;
char **argv;
{
    int listenfd, connfd;
    pid_t childpid;
    socklen_t clilen;
    struct sockaddr_in cliaddr, servaddr;

    if (argc != 2)
        err_quit("usage: echo_fork <IPaddress>");
    bzero(&servaddr, sizeof(servaddr));
    servaddr.sin_family = AF_INET;
    Inet_pton(AF_INET, argv[1], &servaddr.sin_addr);
    listenfd = Socket(AF_INET, SOCK_STREAM, 0);
    Bind(listenfd, (SA *)&servaddr, sizeof(servaddr));
    Listen(listenfd, LISTENQ);
    clilen = sizeof(servaddr);
    Getsockname(listenfd, (SA *)&servaddr, &clilen);
    printf("%d\n", ntohs(servaddr.sin_port));
    fflush(stdout);

    Signal(SIGCHLD, sig_chld);
    for (;;) {
        clilen = sizeof(cliaddr);
        if ((connfd = accept(listenfd, (SA *)&cliaddr, &clilen)) < 0) {
            if (errno == EINTR)
                continue;
            else
                err_sys("accept error");
        }
        if ((childpid = Fork()) == 0) {
            Close(listenfd);
            str_echo(connfd);
            exit(0);
        }
        Close(connfd);
    }
}
