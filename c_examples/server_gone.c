/* server_gone.c - the server process is killed while its client waits at the keyboard and does not read its socket. */
#include "example.h"
#include "lab.h"
#include <sys/wait.h>

static const char HELP[] = "usage: server_gone [-h]\n"
                           "Forks a server, sends it a line of stdin, kills it, and sends it the next.\n"
                           "At the end of stdin it uses built-in lines.\n";

/* As in the tutorials: while the client waits here, it does not look at its socket. */
static size_t keyboard(char *line, size_t size, const char *built_in) {
    puts("waiting at the keyboard");
    ssize_t n = readline(STDIN_FILENO, line, size);
    if (n < 0)
        die("stdin");
    return n > 0 ? (size_t)n : (size_t)(stpcpy(line, built_in) - line);
}

static void tell_states(const struct tcp_pair *pair, int client, int server) {
    const char *here = state_when(pair->client, &pair->client_address, &pair->server_address, client);
    printf("client %s, server %s\n", here,
           state_when(pair->server, &pair->server_address, &pair->client_address, server));
}

int main(int argc, char *argv[]) {
    (void)next_option(argc, argv, "+h", HELP);
    no_more_arguments(argv);
    line_buffer_stdout();

    /* 1. connect, and fork the server. Each keeps only its own end: else the death of the server would send no FIN. */
    struct tcp_pair pair = tcp_pair();
    char line[1024], back[1024];
    ssize_t n;
    pid_t pid = fork();
    if (pid < 0)
        die("fork");
    if (pid == 0) {
        close_socket(pair.client);
        do
            n = read(pair.server, line, sizeof(line));
        while (n > 0 && writen(pair.server, line, (size_t)n) == n);
        close_socket(pair.server);
        return n == 0 ? 0 : 1;
    }
    close_socket(pair.server);
    int sockfd = pair.client;
    printf("client %s, ", endpoint_text(&pair.client_address).s);
    printf("server %s\n", endpoint_text(&pair.server_address).s);
    tell_states(&pair, SOCKUTIL_TCP_ESTABLISHED, SOCKUTIL_TCP_ESTABLISHED);

    /* 2. send a line, and receive it */
    size_t length = keyboard(line, sizeof(line), "first line\n");
    if (writen(sockfd, line, length) < 0)
        die("write");
    n = readn(sockfd, back, length);
    if (n < 0)
        die("read");
    printf("written %zu bytes, read %zd, %s\n", length, n,
           memcmp(line, back, (size_t)n) == 0 ? "the same" : "not the same");

    /* 3. kill the server. The kernel closes its descriptors, as for any process that ends. */
    int status;
    if (kill(pid, SIGKILL) < 0 || waitpid(pid, &status, 0) < 0)
        die("kill");
    printf("server killed by %s\n", WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL ? "SIGKILL" : "nobody");
    tell_states(&pair, SOCKUTIL_TCP_CLOSE_WAIT, SOCKUTIL_TCP_FIN_WAIT2);

    /* 4. send the next line: write succeeds, since a FIN only means that the server sends no more. RST comes back. */
    length = keyboard(line, sizeof(line), "second line\n");
    n = writen(sockfd, line, length);
    if (n < 0)
        die("write");
    int events = sockutil_wait(sockfd, POLLERR | POLLHUP, 5000);
    if (events < 0)
        die("RST");
    printf("written %zd bytes, then poll:%s%s\n", n, events & POLLERR ? " POLLERR" : "",
           events & POLLHUP ? " POLLHUP" : "");
    tell_states(&pair, SOCKUTIL_TCP_CLOSED, SOCKUTIL_TCP_CLOSED);

    /* 5. only now the client reads */
    n = readn(sockfd, back, length);
    if (n < 0)
        die("read");
    printf("read %zd bytes%s\n", n, n == 0 ? ": server close" : "");
    n = writen(sockfd, line, length);
    printf("written once more: %s\n", n >= 0 ? "taken" : errno_name(errno));

    /* 6. close: a connection that was reset leaves nothing, not even TIME_WAIT */
    close_socket(sockfd);
    tell_states(&pair, SOCKUTIL_TCP_CLOSED, SOCKUTIL_TCP_CLOSED);
    return 0;
}
