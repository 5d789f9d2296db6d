/* after.c - the server of before.c, with sockutil. */
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <sockutil.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ERR_EXIT(m)                                                                                                    \
    do {                                                                                                               \
        perror(m);                                                                                                     \
        exit(EXIT_FAILURE);                                                                                            \
    } while (0)

static void handle_sigchld(int sig) {
    (void)sig;
    sockutil_reap_children();
}

/* Sends every line back. A client that sends no whole line for so long is dismissed. */
static void echo_srv(int conn, int timeout_ms) {
    static char memory[65536];
    sockutil_reader reader;
    char *line;
    size_t len;
    int ret;

    if (sockutil_reader_init(&reader, conn, memory, sizeof(memory)) == -1)
        ERR_EXIT("reader_init");
    while ((ret = sockutil_reader_line(&reader, &line, &len, timeout_ms)) == 1)
        if (sockutil_write_full(conn, line, len, NULL, timeout_ms) == -1)
            ERR_EXIT("write_full");
    if (ret == 0)
        writen(conn, line, len); /* the rest without a newline; often of 0 bytes */
    else if (errno == EAGAIN)
        writen(conn, "too slow\n", 9);
    else
        ERR_EXIT("reader_line");
}

int main(int argc, char *argv[]) {
    if (argc != 3) {
        fprintf(stderr, "usage: after PORT SECONDS\n");
        return 2;
    }
    int timeout_ms = atoi(argv[2]) * 1000;
    int gai;

    signal(SIGCHLD, handle_sigchld);
    int listenfd = sockutil_tcp_listen("127.0.0.1", argv[1], SOMAXCONN, 0, &gai);
    if (listenfd == -1) {
        fprintf(stderr, "listen: %s\n", gai != 0 ? gai_strerror(gai) : strerror(errno));
        return EXIT_FAILURE;
    }

    sockutil_addr local;
    char text[128];
    if (sockutil_addr_local(listenfd, &local) == -1 || sockutil_addr_format(&local, text, sizeof(text)) == -1)
        ERR_EXIT("getsockname");
    printf("listening on %s\n", text);
    fflush(stdout);

    while (1) {
        int conn = sockutil_accept(listenfd, NULL, 0, SOCKUTIL_FOREVER);
        if (conn == -1)
            ERR_EXIT("accept");
        pid_t pid = fork();
        if (pid == -1)
            ERR_EXIT("fork");
        if (pid == 0) {
            sockutil_close(listenfd);
            echo_srv(conn, timeout_ms);
            sockutil_close_graceful(conn, timeout_ms);
            exit(EXIT_SUCCESS);
        }
        sockutil_close(conn);
    }
}
