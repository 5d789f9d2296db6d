/* Prints a file that another program opens for it: itself, run again with a socket's number, since the descriptors of
 * Socketpair stay open in a program that is run. */
#include "unp.h"

static int open_it(int sockfd, const char *pathname) {
    int fd = open(pathname, O_RDONLY);
    if (fd < 0)
        return errno > 0 ? errno : 255;
    return Write_fd(sockfd, "", 1, fd) < 0 ? errno : 0;
}

static int my_open(const char *program, const char *pathname) {
    int fd, sockfd[2], status;
    pid_t childpid;
    char c, argsockfd[10];

    Socketpair(AF_LOCAL, SOCK_STREAM, 0, sockfd);
    if ((childpid = Fork()) == 0) {
        Close(sockfd[0]);
        snprintf(argsockfd, sizeof(argsockfd), "%d", sockfd[1]);
        execl(program, program, argsockfd, pathname, (char *)NULL);
        err_sys("execl error");
    }
    Close(sockfd[1]);
    Waitpid(childpid, &status, 0);
    if (WIFEXITED(status) == 0)
        err_quit("child did not terminate");
    if ((status = WEXITSTATUS(status)) == 0)
        Read_fd(sockfd[0], &c, 1, &fd);
    else {
        errno = status;
        fd = -1;
    }
    Close(sockfd[0]);
    return fd;
}

int main(int argc, char **argv) {
    int fd;
    ssize_t n;
    char buff[BUFFSIZE];
    if (argc == 3)
        exit(open_it(atoi(argv[1]), argv[2]));
    if (argc != 2)
        err_quit("usage: pass_file <pathname>");
    if ((fd = my_open(argv[0], argv[1])) < 0)
        err_sys("cannot open %s", argv[1]);
    while ((n = Read(fd, buff, BUFFSIZE)) > 0)
        Write(STDOUT_FILENO, buff, (size_t)n);
    exit(0);
}
