/* declarations.c - the headers, constants and prototypes that programs find in unp.h, and nothing that is in their way.
 */
#include "unp.h"

/* Prototypes of what the header has may follow it. */
ssize_t readn(int, void *, size_t);
ssize_t writen(int, const void *, size_t);
ssize_t readline(int, void *, size_t);
char *sock_ntop(const SA *, socklen_t);
int tcp_connect(const char *, const char *);
Sigfunc *signal(int, Sigfunc *);

/* A variable of a program of the book, which <sys/mman.h> would forbid. */
pthread_mutex_t mlock = PTHREAD_MUTEX_INITIALIZER;
/* Defined here and perhaps in another file, too. */
int common_variable;

#include "check.h"

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)

/* The bodies that programs bring. */
void str_cli(FILE *fp, int sockfd) {
    (void)fp, (void)sockfd;
}
void str_echo(int sockfd) {
    (void)sockfd;
}
void dg_cli(FILE *fp, int sockfd, const SA *pservaddr, socklen_t servlen) {
    (void)fp, (void)sockfd, (void)pservaddr, (void)servlen;
}
void dg_echo(int sockfd, SA *pcliaddr, socklen_t clilen) {
    (void)sockfd, (void)pcliaddr, (void)clilen;
}
ssize_t recvfrom_flags(int fd, void *ptr, size_t nbytes, int *flagsp, SA *sa, socklen_t *salenptr,
                       struct unp_in_pktinfo *pktp) {
    (void)fd, (void)ptr, (void)nbytes, (void)flagsp, (void)sa, (void)salenptr;
    pktp->ipi_ifindex = 7;
    pktp->ipi_addr.s_addr = 0;
    return 0;
}
ssize_t Recvfrom_flags(int fd, void *ptr, size_t nbytes, int *flagsp, SA *sa, socklen_t *salenptr,
                       struct unp_in_pktinfo *pktp) {
    return recvfrom_flags(fd, ptr, nbytes, flagsp, sa, salenptr, pktp);
}
int daemon_init(const char *pname, int facility) {
    (void)pname;
    return facility;
}
void daemon_inetd(const char *pname, int facility) {
    (void)pname, (void)facility;
}
char **my_addrs(int *addrtype) {
    *addrtype = AF_INET;
    return NULL;
}
char **My_addrs(int *addrtype) {
    return my_addrs(addrtype);
}
char *gf_time(void) {
    return NULL;
}
uint16_t in_cksum(uint16_t *addr, int len) {
    (void)addr, (void)len;
    return 1;
}
void heartbeat_cli(int servfd, int nsec, int maxnprobes) {
    (void)servfd, (void)nsec, (void)maxnprobes;
}
void heartbeat_serv(int servfd, int nsec, int maxnalarms) {
    (void)servfd, (void)nsec, (void)maxnalarms;
}
int inet_srcrt_add(char *hostptr) {
    return hostptr != NULL;
}
u_char *inet_srcrt_init(int type) {
    (void)type;
    return NULL;
}
void inet_srcrt_print(u_char *ptr, int len) {
    (void)ptr, (void)len;
}
void inet6_srcrt_print(void *ptr) {
    (void)ptr;
}

int main(void) {
    struct addrinfo hints;
    struct stat status;
    struct iovec iov;
    struct sockaddr_un un;
    struct pollfd one;
    struct timespec ts;
    struct hostent *host = NULL;
    Sigfunc *handler = SIG_IGN;
    int family;
    un.sun_path[0] = 'a';
    un.sun_path[1] = 0;
    CHECK(LISTENQ == 1024 && MAXLINE == 4096 && BUFFSIZE == 8192 && SERV_PORT == 9877);
    CHECK(strcmp(SERV_PORT_STR, "9877") == 0);
    CHECK(strcmp(UNIXSTR_PATH, "/tmp/unix.str") == 0 && strcmp(UNIXDG_PATH, "/tmp/unix.dg") == 0);
    CHECK(strcmp(TEXT(SA), "struct sockaddr") == 0);
    CHECK(FILE_MODE == 0644 && DIR_MODE == 0755 && (~FILE_MODE & 0644) == 0);
    CHECK(min(1, 2) == 1 && max(1, 2) == 2 && min(2 & 3, 1) == 1 && 2 * max(1, 2) == 4);
    CHECK(INFTIM == -1 && SUN_LEN(&un) == offsetof(struct sockaddr_un, sun_path) + 1);
    CHECK(INADDR_NONE == 0xffffffff && AF_LOCAL == AF_UNIX && PF_LOCAL == PF_UNIX);
    CHECK(INET_ADDRSTRLEN == 16 && INET6_ADDRSTRLEN == 46);
    CHECK(SHUT_RD == 0 && SHUT_WR == 1 && SHUT_RDWR == 2);
    CHECK(IPV4 + IPv4 + IPV6 + IPv6 + UNIXDOMAIN + UNIXdomain + MCAST + HAVE_MSGHDR_MSG_CONTROL + HAVE_POLL == 9);
    CHECK(strlen(CPU_VENDOR_OS) > 0);
#if defined(HAVE_SOCKADDR_SA_LEN) !=                                                                                   \
    (defined(__FreeBSD__) || defined(__NetBSD__) || defined(__OpenBSD__) || defined(__APPLE__))
    CHECK(0);
#endif
    /* A declaration of each header. */
    bzero(&hints, sizeof hints);
    bzero(&ts, sizeof ts);
    CHECK(stat("/", &status) == 0 && S_ISDIR(status.st_mode));
    iov.iov_len = 0;
    one.events = POLLIN;
    CHECK(iov.iov_len == 0 && one.events == POLLIN && host == NULL && handler == SIG_IGN && hints.ai_family == 0);
    CHECK(htons(1) != 0 && FIONREAD != 0 && WNOHANG != 0 && O_RDONLY == 0 && ts.tv_sec == 0 &&
          inet_addr("127.0.0.1") != 0);
    CHECK(pthread_mutex_lock(&mlock) == 0 && common_variable == 0);
    CHECK(my_addrs(&family) == NULL && My_addrs(&family) == NULL && gf_time() == NULL && in_cksum(NULL, 0) == 1);
    return 0;
}
