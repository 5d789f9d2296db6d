/* without - runs a program without the features that qemu's user mode lacks. A test that is left out there must fail
 * here: this shows that it is left out only for that.
 * usage: without PROGRAM [ARGUMENT...] */
#include <errno.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LOAD(member) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member))
/* Skips so many statements unless the value is this one. */
#define UNLESS(value, statements) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, (statements))
/* Refuses a call with this errno value if an argument and the third have these values. */
#define REFUSE(call, argument, value, third, e)                                                                        \
    LOAD(nr), UNLESS(call, 5), LOAD(argument), UNLESS(value, 3), LOAD(args[2]), UNLESS(third, 1),                      \
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (e))

/* The low halves of the arguments: these are ints, and this processor is little-endian. */
static struct sock_filter filter[] = {
    REFUSE(SYS_socket, args[0], AF_NETLINK, NETLINK_SOCK_DIAG, EOPNOTSUPP),
    REFUSE(SYS_getsockopt, args[1], IPPROTO_IP, IP_MULTICAST_IF, ENOPROTOOPT),
    REFUSE(SYS_setsockopt, args[1], IPPROTO_IP, IP_MULTICAST_ALL, ENOPROTOOPT),
    REFUSE(SYS_setsockopt, args[1], IPPROTO_IPV6, IPV6_MULTICAST_IF, ENOPROTOOPT),
    REFUSE(SYS_getsockopt, args[1], IPPROTO_IPV6, IPV6_MULTICAST_IF, ENOPROTOOPT),
    REFUSE(SYS_setsockopt, args[1], IPPROTO_IPV6, IPV6_MULTICAST_ALL, ENOPROTOOPT),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

int main(int argc, char **argv) {
    struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};
    if (argc < 2)
        return 2;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == -1) {
        perror("seccomp");
        return 2;
    }
    execvp(argv[1], argv + 1);
    perror(argv[1]);
    return 2;
}
