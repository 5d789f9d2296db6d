/* shared_fd.c - what two processes share after fork: a file's offset, a connection; close and shutdown compared. */
#include "example.h"
#include "lab.h"
#include <fcntl.h>
#include <sys/wait.h>

static const char HELP[] = "usage: shared_fd [-h]\n"
                           "Forks, and prints what a child's read, close and shutdown change for its parent.\n";

static struct tcp_pair pair; /* parent and child share the server's end */

static pid_t fork_child(void) {
    if (fflush(stdout) != 0) /* or parent and child both print what is in its buffer */
        die("stdout");
    pid_t pid = fork();
    if (pid < 0)
        die("fork");
    return pid;
}

static void wait_for(pid_t pid) {
    int status;
    if (waitpid(pid, &status, 0) < 0)
        die("waitpid");
    if (status != 0)
        exit(1);
}

static void print_states(const char *when, int server, int client) {
    printf("%s: server's end %s, client's end %s\n", when,
           state_when(pair.server, &pair.server_address, &pair.client_address, server),
           state_when(pair.client, &pair.client_address, &pair.server_address, client));
}

static void print_write(const char *who) {
    ssize_t n = writen(pair.server, "hello", 5);
    printf("%s writes: %s\n", who, n == 5 ? "taken" : errno_name(errno));
}

static void print_read(const char *who, int fd) {
    char text[6] = "";
    int r = sockutil_read_full(fd, text, 5, NULL, 2000);
    printf("%s reads: %s\n", who, r > 0 ? text : r == 0 ? "end of stream" : errno_name(errno));
}

static void connect_pair(void) {
    pair = tcp_pair();
    printf("connection %s -> %s\n", endpoint_text(&pair.client_address).s, endpoint_text(&pair.server_address).s);
}

int main(int argc, char *argv[]) {
    (void)next_option(argc, argv, "+h", HELP);
    no_more_arguments(argv);

    /* 1. a file, opened before fork, and opened again after it by both processes. The child reads first. */
    char name[] = "/tmp/shared_fd.XXXXXX";
    int before = mkstemp(name);
    if (before < 0 || writen(before, "1234567890", 10) != 10 || lseek(before, 0, SEEK_SET) != 0)
        die(name);
    pid_t pid = fork_child();
    int after = open(name, O_RDONLY);
    if (after < 0)
        die(name);
    if (pid != 0) {
        wait_for(pid);
        (void)unlink(name);
    }
    print_read(pid == 0 ? "child, file opened before fork," : "parent, file opened before fork,", before);
    print_read(pid == 0 ? "child, file opened after fork," : "parent, file opened after fork,", after);
    close_socket(before);
    close_socket(after);
    if (pid == 0)
        return 0;

    /* 2. close: closes the descriptor of this process. The connection ends when the last descriptor is closed. */
    connect_pair();
    pid = fork_child();
    if (pid == 0) {
        close_socket(pair.server);
        close_socket(pair.client);
        print_write("child, after its close,");
        return 0;
    }
    wait_for(pid);
    print_states("the child has closed", SOCKUTIL_TCP_ESTABLISHED, SOCKUTIL_TCP_ESTABLISHED);
    print_write("parent");
    print_read("client", pair.client);
    close_socket(pair.server);
    print_states("the parent has closed", SOCKUTIL_TCP_FIN_WAIT2, SOCKUTIL_TCP_CLOSE_WAIT);
    print_read("client", pair.client);
    close_socket(pair.client);

    /* 3. shutdown: ends the connection, although another process still has a descriptor */
    connect_pair();
    pid = fork_child();
    if (pid == 0) {
        if (shutdown(pair.server, SHUT_RDWR) < 0)
            die("shutdown");
        close_socket(pair.server);
        close_socket(pair.client);
        return 0;
    }
    wait_for(pid);
    print_states("the child has shut down", SOCKUTIL_TCP_FIN_WAIT2, SOCKUTIL_TCP_CLOSE_WAIT);
    print_write("parent");
    print_read("parent", pair.server);
    print_read("client", pair.client);
    close_socket(pair.server);
    close_socket(pair.client);
    return 0;
}
