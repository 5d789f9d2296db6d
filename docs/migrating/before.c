/* before.c - a line server as the tutorials write it, with its own readn, writen, recv_peek, readline, read_timeout and
 * tcp_server. after.c is the same server with sockutil. Their faults are kept: see docs/migrating.md. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define ERR_EXIT(m)                                                                                                    \
    do {                                                                                                               \
        perror(m);                                                                                                     \
        exit(EXIT_FAILURE);                                                                                            \
    } while (0)

static ssize_t readn(int fd, void *buf, size_t count) {
    size_t nleft = count;
    ssize_t nread;
    char *bufp = (char *)buf;

    while (nleft > 0) {
        if ((nread = read(fd, bufp, nleft)) < 0) {
            if (errno == EINTR)
                continue;
            return -1;
        } else if (nread == 0)
            return (ssize_t)(count - nleft);
        bufp += nread;
        nleft -= (size_t)nread;
    }
    return (ssize_t)count;
}

static ssize_t writen(int fd, const void *buf, size_t count) {
    size_t nleft = count;
    ssize_t nwritten;
    const char *bufp = (const char *)buf;

    while (nleft > 0) {
        if ((nwritten = write(fd, bufp, nleft)) < 0) {
            if (errno == EINTR)
                continue;
            return -1;
        } else if (nwritten == 0)
            continue;
        bufp += nwritten;
        nleft -= (size_t)nwritten;
    }
    return (ssize_t)count;
}

static ssize_t recv_peek(int sockfd, void *buf, size_t len) {
    while (1) {
        ssize_t ret = recv(sockfd, buf, len, MSG_PEEK);
        if (ret == -1 && errno == EINTR)
            continue;
        return ret;
    }
}

static ssize_t readline(int sockfd, void *buf, size_t maxline) {
    ssize_t ret;
    size_t nread;
    char *bufp = buf;
    size_t nleft = maxline;

    while (1) {
        ret = recv_peek(sockfd, bufp, nleft);
        if (ret < 0)
            return ret;
        else if (ret == 0)
            return ret;

        nread = (size_t)ret;
        for (size_t i = 0; i < nread; i++) {
            if (bufp[i] == '\n') {
                ret = readn(sockfd, bufp, i + 1);
                if (ret != (ssize_t)(i + 1))
                    exit(EXIT_FAILURE);
                return ret;
            }
        }
        if (nread > nleft)
            exit(EXIT_FAILURE);
        nleft -= nread;
        ret = readn(sockfd, bufp, nread);
        if (ret != (ssize_t)nread)
            exit(EXIT_FAILURE);
        bufp += nread;
    }
    return -1;
}

/* 0: readable; -1 and ETIMEDOUT: not within wait_seconds */
static int read_timeout(int fd, unsigned int wait_seconds) {
    int ret = 0;
    if (wait_seconds > 0) {
        fd_set read_fdset;
        struct timeval timeout;

        FD_ZERO(&read_fdset);
        FD_SET(fd, &read_fdset);
        timeout.tv_sec = (time_t)wait_seconds;
        timeout.tv_usec = 0;
        do {
            ret = select(fd + 1, &read_fdset, NULL, NULL, &timeout);
        } while (ret < 0 && errno == EINTR);

        if (ret == 0) {
            ret = -1;
            errno = ETIMEDOUT;
        } else if (ret == 1)
            ret = 0;
    }
    return ret;
}

static int tcp_server(const char *host, unsigned short port) {
    int listenfd;
    if ((listenfd = socket(PF_INET, SOCK_STREAM, 0)) < 0)
        ERR_EXIT("socket");

    struct sockaddr_in servaddr;
    memset(&servaddr, 0, sizeof(servaddr));
    servaddr.sin_family = AF_INET;
    servaddr.sin_port = htons(port);
    if (host != NULL)
        servaddr.sin_addr.s_addr = inet_addr(host);
    else
        servaddr.sin_addr.s_addr = htonl(INADDR_ANY);

    int on = 1;
    if (setsockopt(listenfd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
        ERR_EXIT("setsockopt");
    if (bind(listenfd, (struct sockaddr *)&servaddr, sizeof(servaddr)) < 0)
        ERR_EXIT("bind");
    if (listen(listenfd, SOMAXCONN) < 0)
        ERR_EXIT("listen");
    return listenfd;
}

static void handle_sigchld(int sig) {
    (void)sig;
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
}

/* Sends every line back. A client that sends nothing for so long is dismissed. */
static void echo_srv(int conn, unsigned int wait_seconds) {
    char recvbuf[1024];

    while (1) {
        memset(recvbuf, 0, sizeof(recvbuf));
        if (read_timeout(conn, wait_seconds) == -1) {
            if (errno != ETIMEDOUT)
                ERR_EXIT("read_timeout");
            writen(conn, "too slow\n", 9);
            break;
        }
        ssize_t ret = readline(conn, recvbuf, sizeof(recvbuf) - 1);
        if (ret == -1)
            ERR_EXIT("readline");
        if (ret == 0)
            break;
        writen(conn, recvbuf, strlen(recvbuf));
    }
}

int main(int argc, char *argv[]) {
    if (argc != 3) {
        fprintf(stderr, "usage: before PORT SECONDS\n");
        return 2;
    }
    unsigned short port = (unsigned short)atoi(argv[1]);
    unsigned int wait_seconds = (unsigned int)atoi(argv[2]);

    signal(SIGCHLD, handle_sigchld);
    signal(SIGPIPE, SIG_IGN);
    int listenfd = tcp_server("127.0.0.1", port);

    struct sockaddr_in localaddr, peeraddr;
    socklen_t addrlen = sizeof(localaddr);
    if (getsockname(listenfd, (struct sockaddr *)&localaddr, &addrlen) < 0)
        ERR_EXIT("getsockname");
    printf("listening on %s:%d\n", inet_ntoa(localaddr.sin_addr), ntohs(localaddr.sin_port));
    fflush(stdout);

    while (1) {
        socklen_t peerlen = sizeof(peeraddr);
        int conn = accept(listenfd, (struct sockaddr *)&peeraddr, &peerlen);
        if (conn == -1) {
            if (errno == EINTR)
                continue;
            ERR_EXIT("accept");
        }
        pid_t pid = fork();
        if (pid == -1)
            ERR_EXIT("fork");
        if (pid == 0) {
            close(listenfd);
            echo_srv(conn, wait_seconds);
            exit(EXIT_SUCCESS);
        }
        close(conn);
    }
}
