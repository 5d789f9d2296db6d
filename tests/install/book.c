/* book.c - built by tests/install.sh with the installed drop-in headers of two books: a line goes to a server and back.
 */
#include "csapp.h"

#include "inet_sockets.h"
#include "rdwrn.h"
#include "read_line.h"

static char port[16], text[] = "a line\n";

static void *serve(void *listenfd) {
    char buf[MAXLINE];
    rio_t rio;
    int connfd = Accept(*(int *)listenfd, NULL, NULL);
    ssize_t n;
    Rio_readinitb(&rio, connfd);
    n = Rio_readlineb(&rio, buf, MAXLINE);
    Rio_writen(connfd, buf, (size_t)n);
    Close(connfd);
    return NULL;
}

int main(void) {
    struct sockaddr_in addr;
    socklen_t len = sizeof addr;
    char buf[64];
    pthread_t tid;
    int listenfd = inetListen("0", LISTENQ, NULL);
    int fd;
    if (listenfd < 0 || getsockname(listenfd, (SA *)&addr, &len) < 0)
        unix_error("inetListen");
    sprintf(port, "%d", ntohs(addr.sin_port));
    Pthread_create(&tid, NULL, serve, &listenfd);
    fd = inetConnect(NULL, port, SOCK_STREAM);
    if (writen(fd, text, strlen(text)) < 0 || readLine(fd, buf, sizeof buf) < 0)
        unix_error("the line");
    Pthread_join(tid, NULL);
    Fputs(buf, stdout);
    return 0;
}
