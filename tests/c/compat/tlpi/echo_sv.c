/* An echo server with a process for each client; given a program's name, that serves the client instead, with the
 * connection as its stdin and stdout. */
#include "inet_sockets.h"
#include "rdwrn.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define BUF_SIZE 4096

static void grimReaper(int sig) {
    int savedErrno = errno;
    (void)sig;
    while (waitpid(-1, NULL, WNOHANG) > 0)
        continue;
    errno = savedErrno;
}

static void handleRequest(int cfd) {
    char buf[BUF_SIZE];
    ssize_t numRead;

    while ((numRead = read(cfd, buf, BUF_SIZE)) > 0)
        if (writen(cfd, buf, (size_t)numRead) != numRead) {
            perror("writen");
            exit(EXIT_FAILURE);
        }
}

int main(int argc, char *argv[]) {
    int lfd, cfd;
    socklen_t addrlen, len;
    struct sockaddr_storage claddr;
    struct sigaction sa;
    char addrStr[IS_ADDR_STR_LEN];

    sigemptyset(&sa.sa_mask);
    sa.sa_flags = SA_RESTART;
    sa.sa_handler = grimReaper;
    if (sigaction(SIGCHLD, &sa, NULL) == -1)
        exit(EXIT_FAILURE);

    lfd = inetListen(argv[1], 10, &addrlen);
    if (lfd == -1) {
        perror("inetListen");
        exit(EXIT_FAILURE);
    }
    len = addrlen;
    if (getsockname(lfd, (struct sockaddr *)&claddr, &len) == -1)
        exit(EXIT_FAILURE);
    printf("%d\n", ntohs(((struct sockaddr_in *)&claddr)->sin_port));
    fflush(stdout);

    for (;;) {
        len = addrlen;
        cfd = accept(lfd, (struct sockaddr *)&claddr, &len);
        if (cfd == -1)
            exit(EXIT_FAILURE);
        fprintf(stderr, "%s\n", inetAddressStr((struct sockaddr *)&claddr, len, addrStr, IS_ADDR_STR_LEN));
        switch (fork()) {
        case 0:
            close(lfd);
            if (argc > 2) {
                dup2(cfd, STDIN_FILENO);
                dup2(cfd, STDOUT_FILENO);
                execl(argv[2], argv[2], (char *)NULL);
                _exit(EXIT_FAILURE);
            }
            handleRequest(cfd);
            _exit(EXIT_SUCCESS);
        default:
            close(cfd);
        }
    }
}
