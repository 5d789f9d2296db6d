/* refuse.c - runs a command for which the system calls of one kind fail, as on a machine that lacks it.
 * usage: refuse filter|ipv6 COMMAND [ARGUMENT...]
 *   filter   setsockopt(SO_ATTACH_FILTER) fails with EPERM, as in some sandboxes
 *   ipv6     socket(AF_INET6) fails with EAFNOSUPPORT, as with a kernel that has no IPv6
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
/* Goes on if the loaded value is this, else skips so many. */
#define UNLESS(value, skipped) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skipped)
#define FAIL(error) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error))
#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

static struct sock_filter filter[] = {
    LOAD(nr),      UNLESS(SYS_setsockopt, 5),   LOAD(args[1]), UNLESS(SOL_SOCKET, 3),
    LOAD(args[2]), UNLESS(SO_ATTACH_FILTER, 1), FAIL(EPERM),   ALLOW,
};
static struct sock_filter ipv6[] = {
    LOAD(nr), UNLESS(SYS_socket, 3), LOAD(args[0]), UNLESS(AF_INET6, 1), FAIL(EAFNOSUPPORT), ALLOW,
};

int main(int argc, char *argv[]) {
    if (argc < 3)
        return 2;
    int without_ipv6 = strcmp(argv[1], "ipv6") == 0;
    struct sock_fprog program = {.len = sizeof filter / sizeof filter[0], .filter = filter};
    if (without_ipv6)
        program = (struct sock_fprog){.len = sizeof ipv6 / sizeof ipv6[0], .filter = ipv6};
    /* An ordinary user may filter only a process that can gain no privileges. A privileged one keeps what it has. */
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0 &&
        (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)) {
        perror("seccomp");
        return 1;
    }
    execvp(argv[2], argv + 2);
    perror(argv[2]);
    return 127;
}
