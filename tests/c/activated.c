/* A parent that does what systemd does for a service with sockets: it opens them, waits for a client, and starts the
 * service with the sockets as descriptors from 3 on. The service is this program again; it starts a third one, which
 * must not get them.
 */
#include "check.h"
#include <fcntl.h>
#include <netinet/in.h>
#include <sockutil.h>
#include <sys/wait.h>

enum { SOON = 10000, PASSED = 3 };

static void ends_well(pid_t pid) {
    int status;
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void becomes(char *program, char *role) {
    char *arguments[] = {program, role, NULL};
    (void)execv(program, arguments);
    CHECK(!"execv");
}

static void manage(char *program) {
    struct sockaddr_in any = {.sin_family = AF_INET};
    sockutil_addr local;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int datagrams = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int line[2];
    char text[16];

    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(bind(listener, (struct sockaddr *)&any, sizeof any) == 0 && listen(listener, 8) == 0);
    CHECK(bind(datagrams, (struct sockaddr *)&any, sizeof any) == 0);
    CHECK(pipe2(line, O_CLOEXEC) == 0);

    /* The first client comes before there is a service. */
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(sockutil_addr_local(listener, &local) == 0);
    CHECK(connect(client, (struct sockaddr *)&local.ss, local.len) == 0);
    CHECK(sockutil_wait(listener, POLLIN, SOON) == POLLIN);

    pid_t service = fork();
    CHECK(service >= 0);
    if (service == 0) {
        const int passed[PASSED] = {listener, datagrams, line[1]};
        int high[PASSED];
        CHECK_BOUND(30);
        for (int i = 0; i < PASSED; i++)
            CHECK((high[i] = fcntl(passed[i], F_DUPFD_CLOEXEC, 20)) >= 20);
        for (int i = 0; i < PASSED; i++)
            CHECK(dup2(high[i], 3 + i) == 3 + i);
        snprintf(text, sizeof text, "%d", (int)getpid());
        CHECK(setenv("LISTEN_PID", text, 1) == 0 && setenv("LISTEN_FDS", "3", 1) == 0);
        becomes(program, "service");
    }
    CHECK(sockutil_read_full(client, text, 5, NULL, SOON) == 1 && memcmp(text, "hello", 5) == 0);
    CHECK(sockutil_addr_local(datagrams, &local) == 0);
    CHECK(sockutil_sendto(datagrams, "you", 3, &local, SOON) == 3);
    CHECK(close(line[1]) == 0);
    CHECK(sockutil_read_full(line[0], text, 2, NULL, SOON) == 1 && memcmp(text, "it", 2) == 0);
    ends_well(service);
}

static void serve(char *program) {
    int first = -2, again = -2;
    char text[8];
    CHECK(sockutil_listen_fds(&first) == PASSED && first == 3);
    for (int i = 0; i < PASSED; i++)
        CHECK(fcntl(first + i, F_GETFD) == FD_CLOEXEC);
    /* The environment is as it was. */
    CHECK(atoi(getenv("LISTEN_PID")) == (int)getpid() && strcmp(getenv("LISTEN_FDS"), "3") == 0);
    CHECK(sockutil_listen_fds(&again) == PASSED && again == 3);

    int client = sockutil_accept(first, NULL, 0, SOON);
    CHECK(client >= 0 && sockutil_write_full(client, "hello", 5, NULL, SOON) == 1);
    CHECK(sockutil_recvfrom(first + 1, text, sizeof text, NULL, NULL, SOON) == 3 && memcmp(text, "you", 3) == 0);

    /* A child has another process ID, and a program that it runs has not even the descriptors. */
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        CHECK(sockutil_listen_fds(&first) == 0 && first == -1);
        becomes(program, "other");
    }
    ends_well(child);
    CHECK(sockutil_write_full(first + 2, "it", 2, NULL, SOON) == 1);
}

static void be_another(void) {
    int first = -2;
    CHECK(sockutil_listen_fds(&first) == 0 && first == -1);
    for (int fd = 3; fd < 3 + PASSED; fd++)
        CHECK(fcntl(fd, F_GETFD) == -1 && errno == EBADF);
}

int main(int argc, char **argv) {
    CHECK_BOUND(30);
    if (argc == 1)
        manage(argv[0]);
    else if (strcmp(argv[1], "service") == 0)
        serve(argv[0]);
    else
        be_another();
    return 0;
}
