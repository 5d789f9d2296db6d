/* A Unix domain echo server and its client, in one program: the server's path is the argument. */
#include "unp.h"

static void str_echo_once(int sockfd) {
    char line[MAXLINE];
    ssize_t n;
    while ((n = Readline(sockfd, line, MAXLINE)) > 0)
        Writen(sockfd, line, (size_t)n);
}

int main(int argc, char **argv) {
    int listenfd, connfd, sockfd, status;
    socklen_t clilen;
    struct sockaddr_un cliaddr, servaddr;
    char line[MAXLINE];
    pid_t childpid;

    if (argc != 2)
        err_quit("usage: unix_echo <pathname>");
    listenfd = Socket(AF_LOCAL, SOCK_STREAM, 0);
    unlink(argv[1]);
    bzero(&servaddr, sizeof(servaddr));
    servaddr.sun_family = AF_LOCAL;
    strncpy(servaddr.sun_path, argv[1], sizeof(servaddr.sun_path) - 1);
    Bind(listenfd, (SA *)&servaddr, (socklen_t)SUN_LEN(&servaddr));
    Listen(listenfd, LISTENQ);
    if ((childpid = Fork()) == 0) {
        clilen = sizeof(cliaddr);
        connfd = Accept(listenfd, (SA *)&cliaddr, &clilen);
        Fputs(Sock_ntop((SA *)&cliaddr, clilen), stdout);
        Fputs("\n", stdout);
        str_echo_once(connfd);
        exit(0);
    }
    Close(listenfd);
    sockfd = Socket(AF_LOCAL, SOCK_STREAM, 0);
    Connect(sockfd, (SA *)&servaddr, sizeof(servaddr));
    clilen = sizeof(cliaddr);
    Getpeername(sockfd, (SA *)&cliaddr, &clilen);
    if (strcmp(sock_ntop((SA *)&cliaddr, clilen), argv[1]) != 0)
        err_quit("connected to %s", sock_ntop((SA *)&cliaddr, clilen));
    while (Fgets(line, MAXLINE, stdin) != NULL) {
        Writen(sockfd, line, strlen(line));
        if (Readline(sockfd, line, MAXLINE) == 0)
            err_quit("str_cli: server terminated prematurely");
        Fputs(line, stdout);
    }
    fflush(stdout);
    Close(sockfd);
    Waitpid(childpid, &status, 0);
    Unlink(argv[1]);
    return status != 0;
}
