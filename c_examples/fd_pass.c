/* fd_pass.c - passes a descriptor to another process: the parent accepts a connection, its child serves the client. */
#include "example.h"
#include "lab.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

static const char HELP[] =
    "usage: fd_pass [-h]\n"
    "Passes one end of a TCP connection to a child process, and shows that it is the same socket.\n";

/* FD_CLOEXEC belongs to the descriptor; O_NONBLOCK to the open file description, which all copies share. */
static void describe(const char *who, int fd) {
    struct stat file;
    int fd_flags = fcntl(fd, F_GETFD), file_flags = fcntl(fd, F_GETFL);
    if (fd_flags < 0 || file_flags < 0 || fstat(fd, &file) < 0)
        die("fcntl");
    printf("%s: descriptor %d is socket %ju, FD_CLOEXEC %s, O_NONBLOCK %s\n", who, fd, (uintmax_t)file.st_ino,
           (fd_flags & FD_CLOEXEC) != 0 ? "on" : "off", (file_flags & O_NONBLOCK) != 0 ? "on" : "off");
}

/* Prints the next line of the connection. readline would not wait, since the child has set O_NONBLOCK. */
static void read_and_print(const char *who, int fd) {
    char line[64];
    size_t n = 0;
    int r = sockutil_read_line(fd, line, sizeof(line), &n, 5000);
    if (r < 0)
        die("read_line");
    if (r == 0)
        printf("%s: reads the end of the stream\n", who);
    else
        printf("%s: reads %s", who, line);
}

static void write_line(int fd, const char *line) {
    if (sockutil_write_full(fd, line, strlen(line), NULL, 5000) < 0)
        die("write_full");
}

/* The child. The connection did not exist when the parent forked: the child has only what it receives. */
static void serve(int unixfd) {
    int connfd, none, r;
    if (sockutil_recv_fd(unixfd, &connfd, 5000) != 1)
        die("recv_fd");
    describe("child", connfd);
    if (sockutil_set_nonblock(connfd, 1) < 0)
        die("O_NONBLOCK");
    write_line(connfd, "greetings from the child\n");
    read_and_print("child", connfd);
    while ((r = sockutil_recv_fd(unixfd, &none, 5000)) < 0 && errno == EPROTO)
        puts("child: recv_fd fails with EPROTO: a message without a descriptor");
    if (r != 0)
        die("recv_fd");
    puts("child: recv_fd returns 0: no more messages");
    close_socket(connfd);
    close_socket(unixfd);
}

int main(int argc, char *argv[]) {
    int ends[2], status = 1;
    (void)next_option(argc, argv, "+h", HELP);
    no_more_arguments(argv);
    line_buffer_stdout();

    /* 1. a Unix socket between the two processes */
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
        die("socketpair");
    pid_t pid = fork();
    if (pid < 0)
        die("fork");
    if (pid == 0) {
        close_socket(ends[0]);
        serve(ends[1]);
        return 0;
    }
    close_socket(ends[1]);

    /* 2. make a connection and pass its server's end. FD_CLOEXEC is not passed: it belongs to the descriptor. */
    struct tcp_pair pair = tcp_pair();
    if (fcntl(pair.server, F_SETFD, 0) < 0)
        die("FD_CLOEXEC");
    describe("parent", pair.server);
    if (sockutil_send_fd(ends[0], pair.server, 5000) < 0)
        die("send_fd");
    read_and_print("client", pair.client);

    /* 3. O_NONBLOCK, set by the child, is on here too: it belongs to the open file description */
    describe("parent", pair.server);

    /* 4. close this copy: the connection lives as long as any copy is open */
    close_socket(pair.server);
    const char *state = state_when(-1, &pair.server_address, &pair.client_address, SOCKUTIL_TCP_ESTABLISHED);
    printf("parent: has closed descriptor %d; the connection is %s\n", pair.server, state);
    write_line(pair.client, "a line for whoever serves me\n");

    /* 5. send a byte without a descriptor, then the end of the stream */
    write_line(ends[0], "x");
    close_socket(ends[0]);
    read_and_print("client", pair.client);
    close_socket(pair.client);
    if (waitpid(pid, &status, 0) < 0)
        die("waitpid");
    return status == 0 ? 0 : 1;
}
