/* A small web server: files below the working folder, and programs below cgi-bin, for GET. */
#include "csapp.h"

#include "echo.h"

void clienterror(int fd, char *cause, char *errnum, char *shortmsg) {
    char buf[MAXLINE];

    sprintf(buf, "HTTP/1.0 %s %.80s\r\nContent-type: text/plain\r\n\r\n", errnum, shortmsg);
    Rio_writen(fd, buf, strlen(buf));
    sprintf(buf, "%.8000s\n", cause);
    Rio_writen(fd, buf, strlen(buf));
}

void serve_static(int fd, char *filename, int filesize) {
    int srcfd;
    char *srcp, buf[MAXBUF];

    sprintf(buf, "HTTP/1.0 200 OK\r\nContent-length: %d\r\n\r\n", filesize);
    Rio_writen(fd, buf, strlen(buf));
    srcfd = Open(filename, O_RDONLY, 0);
    srcp = Mmap(0, filesize, PROT_READ, MAP_PRIVATE, srcfd, 0);
    Close(srcfd);
    Rio_writen(fd, srcp, filesize);
    Munmap(srcp, filesize);
}

void serve_dynamic(int fd, char *filename, char *cgiargs) {
    char buf[MAXLINE], *emptylist[] = {NULL};

    sprintf(buf, "HTTP/1.0 200 OK\r\n");
    Rio_writen(fd, buf, strlen(buf));
    if (Fork() == 0) {
        setenv("QUERY_STRING", cgiargs, 1);
        Dup2(fd, STDOUT_FILENO);
        Execve(filename, emptylist, environ);
    }
    Wait(NULL);
}

void doit(int fd) {
    struct stat sbuf;
    char buf[MAXLINE], method[16], uri[1024], filename[MAXLINE], *cgiargs;
    rio_t rio;

    Rio_readinitb(&rio, fd);
    if (!Rio_readlineb(&rio, buf, MAXLINE) || sscanf(buf, "%15s %1023s", method, uri) != 2)
        return;
    do {
        if (!Rio_readlineb(&rio, buf, MAXLINE))
            return;
    } while (strcmp(buf, "\r\n"));
    if (strcasecmp(method, "GET")) {
        clienterror(fd, method, "501", "Not implemented");
        return;
    }
    if ((cgiargs = index(uri, '?')) != NULL)
        *cgiargs++ = '\0';
    else
        cgiargs = "";
    sprintf(filename, ".%s", uri);
    if (stat(filename, &sbuf) < 0)
        clienterror(fd, filename, "404", "Not found");
    else if (strstr(uri, "cgi-bin"))
        serve_dynamic(fd, filename, cgiargs);
    else
        serve_static(fd, filename, sbuf.st_size);
}

int main(int argc, char **argv) {
    int listenfd, connfd;
    struct sockaddr_storage clientaddr;
    socklen_t clientlen;

    if (argc != 2)
        app_error("usage: web <port>");
    listenfd = listen_and_say_port(argv[1]);
    while (1) {
        clientlen = sizeof(clientaddr);
        connfd = Accept(listenfd, (SA *)&clientaddr, &clientlen);
        doit(connfd);
        Close(connfd);
    }
}
