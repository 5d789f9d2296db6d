/* The permissions of a Unix listener's file, at each moment: the program's own bind and listen look at the file when it
 * is there first, and when clients can connect first. Between them, in some cases, the file makes way for another.
 * usage: unix_mode CASE FOLDER
 */
#include "check.h"
#include <fcntl.h>
#include <sockutil.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

enum { PERMISSIONS = 07777 };

static char path[100], other[100];
static mode_t wanted;
static bool is_wide; /* fchmod is refused: the file can have more permissions at first */
static int binds, listens;
static void (*swap)(void);

static struct stat look(const char *name) {
    struct stat status;
    CHECK(lstat(name, &status) == 0);
    return status;
}

static int socket_at(const char *name) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    memcpy(address.sun_path, name, strlen(name));
    CHECK(fd >= 0 && syscall(SYS_bind, fd, &address, sizeof address) == 0);
    return fd;
}

int my_bind(int fd, const struct sockaddr *address, socklen_t length) __asm__("bind");
int my_bind(int fd, const struct sockaddr *address, socklen_t length) {
    int result = (int)syscall(SYS_bind, fd, address, length);
    if (result == 0) {
        struct stat status = look(path);
        binds++;
        CHECK(S_ISSOCK(status.st_mode));
        CHECK(is_wide || (status.st_mode & PERMISSIONS & ~wanted) == 0);
        if (swap != NULL)
            swap();
    }
    return result;
}

int my_listen(int fd, int backlog) __asm__("listen");
int my_listen(int fd, int backlog) {
    listens++;
    CHECK((look(path).st_mode & PERMISSIONS) == wanted);
    return (int)syscall(SYS_listen, fd, backlog);
}

static int listen_with(mode_t mode, unsigned flags) {
    wanted = mode;
    binds = listens = 0;
    return sockutil_unix_listen_mode(path, 4, mode, flags);
}

static void serves(int listener) {
    int client = sockutil_unix_connect(path, 0, 5000);
    int server = sockutil_accept(listener, NULL, 0, 5000);
    char byte = 0;
    CHECK(client >= 0 && server >= 0);
    CHECK(sockutil_write_full(client, "x", 1, NULL, 5000) == 1);
    CHECK(sockutil_read_full(server, &byte, 1, NULL, 5000) == 1 && byte == 'x');
    CHECK(close(client) == 0 && close(server) == 0);
}

/* ---- Whatever umask is ---- */

static void every_mode(void) {
    static const mode_t masks[] = {0, 022, 027, 077, 0177, 0777},
                        modes[] = {0, 0111, 0200, 0600, 0640, 0660, 0666, 0700, 0770, 0777};
    for (size_t i = 0; i < sizeof masks / sizeof *masks; i++)
        for (size_t j = 0; j < sizeof modes / sizeof *modes; j++)
            /* A fresh file, and one that replaces a stale file with other permissions. */
            for (int stale = 0; stale < 2; stale++) {
                (void)umask(0);
                if (stale)
                    CHECK(close(socket_at(path)) == 0 && fchmodat(AT_FDCWD, path, modes[j] ^ 0777, 0) == 0);
                (void)umask(masks[i]);
                /* A stale file that this user may not connect to counts as alive. */
                int fd = listen_with(modes[j], geteuid() == 0 ? 0 : SOCKUTIL_REPLACE);
                CHECK(fd >= 0 && binds == 1 && listens == 1);
                CHECK((look(path).st_mode & PERMISSIONS) == modes[j]);
                CHECK(umask(masks[i]) == masks[i]);
                if ((modes[j] & 0200) != 0 || geteuid() == 0)
                    serves(fd);
                CHECK(close(fd) == 0 && unlink(path) == 0);
            }
}

/* ---- Another file instead ---- */

static void away(void) {
    CHECK(unlink(path) == 0);
}

static void link_to_file(void) {
    away();
    CHECK(symlink(other, path) == 0);
}

static void file_instead(void) {
    away();
    CHECK(close(open(path, O_CREAT | O_EXCL | O_WRONLY, 0600)) == 0);
}

static void folder_instead(void) {
    away();
    CHECK(mkdir(path, 0700) == 0);
}

static void fifo_instead(void) {
    away();
    CHECK(mkfifo(path, 0600) == 0);
}

/* One with a permission that is not asked for. */
static void wider_socket_instead(void) {
    away();
    CHECK(close(socket_at(path)) == 0 && fchmodat(AT_FDCWD, path, 0602, 0) == 0);
}

/* A private socket that has another name. */
static void linked_socket_instead(void) {
    away();
    CHECK(link(other, path) == 0);
}

static void nobody_is_mistaken(void) {
    static const struct {
        void (*swap)(void);
        bool other_is_socket;
    } cases[] = {{link_to_file, false},   {link_to_file, true},         {file_instead, false},
                 {folder_instead, false}, {fifo_instead, false},        {wider_socket_instead, false},
                 {away, false},           {linked_socket_instead, true}};
    (void)umask(077);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fprintf(stderr, "case %d\n", (int)i);
        CHECK(close(cases[i].other_is_socket ? socket_at(other) : open(other, O_CREAT | O_WRONLY, 0600)) == 0);
        /* No permission more than is asked for, so that it is not this that saves it. */
        CHECK(fchmodat(AT_FDCWD, other, 0600, 0) == 0);
        mode_t before = look(other).st_mode;
        swap = cases[i].swap;
        CHECK(listen_with(0660, 0) == -1);
        CHECK(errno == EADDRINUSE);
        CHECK(binds == 1 && listens == 0);
        CHECK(look(other).st_mode == before);
        if (swap != away) {
            mode_t at_path = look(path).st_mode;
            CHECK(S_ISLNK(at_path) || (at_path & PERMISSIONS & 0060) == 0);
            CHECK(S_ISDIR(at_path) ? rmdir(path) == 0 : unlink(path) == 0);
        }
        swap = NULL;
        CHECK(unlink(other) == 0);
    }
    /* Without all that it works. */
    int fd = listen_with(0660, 0);
    CHECK(fd >= 0);
    serves(fd);
    CHECK(close(fd) == 0 && unlink(path) == 0);
}

/* ---- Without a way to change permissions ---- */

static void no_way(void) {
    struct stat status;
    (void)umask(077);
    CHECK(listen_with(0660, 0) == -1 && errno == ENOTSUP && listens == 0);
    CHECK(lstat(path, &status) == -1 && errno == ENOENT);
    /* What umask leaves needs none. */
    int fd = listen_with(0600, 0);
    CHECK(fd >= 0);
    serves(fd);
    CHECK(close(fd) == 0 && unlink(path) == 0);
}

int main(int argc, char **argv) {
    CHECK_BOUND(60);
    CHECK(argc == 3);
    CHECK(snprintf(path, sizeof path, "%s/%d", argv[2], (int)getpid()) < (int)sizeof path);
    CHECK(snprintf(other, sizeof other, "%s/%d-other", argv[2], (int)getpid()) < (int)sizeof other);
    is_wide = strcmp(argv[1], "wide") == 0;
    if (strcmp(argv[1], "swap") == 0)
        nobody_is_mistaken();
    else if (strcmp(argv[1], "no_way") == 0)
        no_way();
    else
        every_mode();
    return 0;
}
