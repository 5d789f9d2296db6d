/* A case for each function of csapp.h. */
#include "csapp.h"

#include <limits.h>

#include "check.h"
#include "compat/cases.h"

static char loopback[] = "127.0.0.1";
static char zero[] = "0";
static char text[] = "text";

/* ---- Errors ---- */

static void unix_error_fails(void) {
    errno = ENOENT;
    unix_error(text);
}

static void posix_error_fails(void) {
    errno = 0;
    posix_error(EACCES, text);
}

static void gai_error_fails(void) {
    gai_error(EAI_SERVICE, text);
}

static void app_error_fails(void) {
    app_error(text);
}

static void dns_error_fails(void) {
    dns_error(text);
}

/* ---- Processes ---- */

static void Fork_works(void) {
    int status = 0;
    pid_t pid = Fork();
    if (pid == 0)
        exit(3);
    CHECK(pid > 0);
    CHECK(Wait(&status) == pid);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 3);
}

static void Execve_works(void) {
    char sh[] = "sh", c[] = "-c", command[] = "echo $GREETING; exit 7", greeting[] = "GREETING=hello";
    char *args[4], *env[2];
    args[0] = sh, args[1] = c, args[2] = command, args[3] = NULL;
    env[0] = greeting, env[1] = NULL;
    CHECK(environ);
    Execve("/bin/sh", args, env);
}

static void Execve_fails(void) {
    char *none[1] = {NULL};
    Execve("/nonexistent/program", none, environ);
}

static void Wait_fails(void) {
    Wait(NULL);
}

static void Waitpid_works(void) {
    int status = 0;
    pid_t pid = Fork();
    if (pid == 0) {
        CHECK_BOUND(20);
        Pause();
        exit(4);
    }
    CHECK(Waitpid(pid, &status, WNOHANG) == 0);
    Kill(pid, SIGKILL);
    CHECK(Waitpid(pid, &status, 0) == pid);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void Waitpid_fails(void) {
    Waitpid(getpid(), NULL, 0);
}

static void Kill_works(void) {
    Kill(getpid(), 0);
}

static void Kill_fails(void) {
    Kill(getpid(), 9999);
}

static volatile sig_atomic_t caught;
static int ticks[2] = {-1, -1}; /* a byte for each signal that was caught, after expect_ticks */

static void catch (int signum) {
    int saved = errno;
    caught = signum;
    if (ticks[1] != -1 && write(ticks[1], "", 1) != 1)
        _exit(99);
    errno = saved;
}

/* Before fork: then the child can wait until its parent has caught some signals. */
static void expect_ticks(void) {
    CHECK(pipe(ticks) == 0);
}

static void await_ticks(void) {
    char some[3];
    size_t n;
    for (n = 0; n < sizeof some; n++)
        CHECK(read(ticks[0], some, 1) == 1);
}

static void catch_without_restart(int signum) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = catch;
    CHECK(sigaction(signum, &action, NULL) == 0);
}

/* SIGALRM every 10 ms. */
static void tick(void) {
    struct itimerval often;
    often.it_value.tv_sec = 0;
    often.it_value.tv_usec = 10000;
    often.it_interval = often.it_value;
    CHECK(setitimer(ITIMER_REAL, &often, NULL) == 0);
}

static void Sleep_works(void) {
    CHECK(Sleep(0) == 0);
    catch_without_restart(SIGALRM);
    tick();
    CHECK(Sleep(100) >= 98);
}

static void Pause_works(void) {
    catch_without_restart(SIGALRM);
    tick();
    Pause();
    CHECK(caught == SIGALRM);
}

static void Alarm_works(void) {
    unsigned before = Alarm(100);
    CHECK(before >= 1 && before <= 20);
    before = Alarm(0);
    CHECK(before >= 90 && before <= 100);
}

static void Setpgid_works(void) {
    Setpgid(0, 0);
    CHECK(Getpgrp() == getpid());
}

static void Setpgid_fails(void) {
    Setpgid(0, -1);
}

static void Getpgrp_works(void) {
    CHECK(Getpgrp() == getpgid(0));
}

/* ---- Signals ---- */

static void Signal_works(void) {
    struct sigaction set;
    int status = 0;
    pid_t pid;
    handler_t *before = Signal(SIGUSR1, catch);
    CHECK(before == SIG_DFL);
    before = Signal(SIGUSR1, SIG_IGN);
    CHECK(before == catch);
    (void)Signal(SIGALRM, catch);
    CHECK(sigaction(SIGALRM, NULL, &set) == 0);
    CHECK(set.sa_flags & SA_RESTART);
    CHECK(!sigismember(&set.sa_mask, SIGUSR1) && !sigismember(&set.sa_mask, SIGINT));
    /* wait(2) goes on after the signal, SIGALRM's too. */
    expect_ticks();
    pid = Fork();
    if (pid == 0) {
        await_ticks();
        exit(5);
    }
    tick();
    CHECK(wait(&status) == pid);
    CHECK(caught == SIGALRM && WEXITSTATUS(status) == 5);
}

static void Signal_fails(void) {
    (void)Signal(SIGKILL, catch);
}

static void Sigprocmask_works(void) {
    sigset_t set, before;
    Sigemptyset(&set);
    Sigaddset(&set, SIGUSR1);
    Sigprocmask(SIG_BLOCK, &set, &before);
    CHECK(!Sigismember(&before, SIGUSR1));
    (void)Signal(SIGUSR1, catch);
    Kill(getpid(), SIGUSR1);
    CHECK(caught == 0);
    Sigprocmask(SIG_SETMASK, &before, NULL);
    CHECK(caught == SIGUSR1);
}

static void Sigprocmask_fails(void) {
    sigset_t set;
    Sigemptyset(&set);
    Sigprocmask(99, &set, NULL);
}

static void Sigemptyset_works(void) {
    sigset_t set;
    Sigfillset(&set);
    Sigemptyset(&set);
    CHECK(Sigismember(&set, SIGINT) == 0);
}

static void Sigfillset_works(void) {
    sigset_t set;
    Sigemptyset(&set);
    Sigfillset(&set);
    CHECK(Sigismember(&set, SIGINT) == 1);
}

static void Sigaddset_works(void) {
    sigset_t set;
    Sigemptyset(&set);
    Sigaddset(&set, SIGINT);
    CHECK(Sigismember(&set, SIGINT) == 1 && Sigismember(&set, SIGTERM) == 0);
}

static void Sigaddset_fails(void) {
    sigset_t set;
    Sigemptyset(&set);
    Sigaddset(&set, 9999);
}

static void Sigdelset_works(void) {
    sigset_t set;
    Sigfillset(&set);
    Sigdelset(&set, SIGINT);
    CHECK(Sigismember(&set, SIGINT) == 0 && Sigismember(&set, SIGTERM) == 1);
}

static void Sigdelset_fails(void) {
    sigset_t set;
    Sigfillset(&set);
    Sigdelset(&set, 9999);
}

static void Sigismember_fails(void) {
    sigset_t set;
    Sigfillset(&set);
    Sigismember(&set, 9999);
}

static void Sigsuspend_works(void) {
    sigset_t set, before;
    (void)Signal(SIGUSR1, catch);
    Sigemptyset(&set);
    Sigaddset(&set, SIGUSR1);
    Sigprocmask(SIG_BLOCK, &set, &before);
    Kill(getpid(), SIGUSR1);
    CHECK(Sigsuspend(&before) == -1);
    CHECK(caught == SIGUSR1);
}

/* ---- Output from signal handlers ---- */

static void sio_puts_works(void) {
    CHECK(sio_puts(text) == 4);
    CHECK(close(1) == 0);
    CHECK(sio_puts(text) == -1 && errno == EBADF);
}

static void sio_putl_works(void) {
    CHECK(sio_putl(-120) == 4);
    CHECK(sio_puts(text) == 4);
    CHECK(sio_putl(0) == 1);
    CHECK(sio_putl((long)0x7fffffff) == 10);
}

static void Sio_putl_works(void) {
    long least = (long)(~0UL ^ ~0UL >> 1);
    char expected[32];
    CHECK(Sio_putl(least) == sprintf(expected, "%ld", least));
}

static void Sio_puts_works(void) {
    CHECK(Sio_puts(text) == 4);
}

static void at_exit(void) {
    int exit_2 = 0;
    CHECK(exit_2);
}

static void sio_error_fails(void) {
    CHECK(atexit(at_exit) == 0);
    sio_error(text);
}

static void Sio_error_fails(void) {
    CHECK(atexit(at_exit) == 0);
    Sio_error(text);
}

/* ---- Files ---- */

/* A new file without a name. */
static int a_file(const char *content) {
    char name[] = "/tmp/sockutil-csapp-XXXXXX";
    int fd = mkstemp(name);
    CHECK(fd >= 0 && unlink(name) == 0);
    CHECK(write(fd, content, strlen(content)) == (ssize_t)strlen(content));
    CHECK(lseek(fd, 0, SEEK_SET) == 0);
    return fd;
}

static void Open_works(void) {
    char folder[] = "/tmp/sockutil-csapp-XXXXXX", name[64];
    struct stat st;
    int fd;
    CHECK(mkdtemp(folder));
    sprintf(name, "%s/file", folder);
    (void)umask(DEF_UMASK);
    fd = Open(name, O_WRONLY | O_CREAT, DEF_MODE);
    CHECK(fd >= 0);
    Stat(name, &st);
    CHECK((st.st_mode & 0777) == 0644);
    CHECK(unlink(name) == 0 && rmdir(folder) == 0);
}

static void Open_fails(void) {
    Open("/nonexistent/file", O_RDONLY, 0);
}

static void Read_works(void) {
    char buf[8];
    int fd = a_file("abc");
    CHECK(Read(fd, buf, sizeof buf) == 3 && memcmp(buf, "abc", 3) == 0);
    CHECK(Read(fd, buf, sizeof buf) == 0);
}

static void Read_fails(void) {
    char byte;
    Read(-1, &byte, 1);
}

static void Write_works(void) {
    CHECK(Write(a_file(""), "abc", 3) == 3);
}

static void Write_fails(void) {
    Write(-1, "a", 1);
}

static void Lseek_works(void) {
    int fd = a_file("abc");
    char byte = 0;
    CHECK(Lseek(fd, 2, SEEK_SET) == 2);
    CHECK(Read(fd, &byte, 1) == 1 && byte == 'c');
}

static void Lseek_fails(void) {
    int ends[2];
    CHECK(pipe(ends) == 0);
    Lseek(ends[0], 0, SEEK_SET);
}

static void Close_works(void) {
    int fd = a_file("");
    Close(fd);
    CHECK(fcntl(fd, F_GETFD) == -1 && errno == EBADF);
}

static void Close_fails(void) {
    Close(-1);
}

static void Select_works(void) {
    int ends[2];
    fd_set set;
    struct timeval now = {0, 0};
    CHECK(pipe(ends) == 0);
    FD_ZERO(&set);
    FD_SET(ends[0], &set);
    CHECK(Select(ends[0] + 1, &set, NULL, NULL, &now) == 0);
    CHECK(write(ends[1], "a", 1) == 1);
    FD_SET(ends[0], &set);
    CHECK(Select(ends[0] + 1, &set, NULL, NULL, NULL) == 1 && FD_ISSET(ends[0], &set));
}

static void Select_fails(void) {
    Select(-1, NULL, NULL, NULL, NULL);
}

static void Dup2_works(void) {
    char byte = 0;
    CHECK(Dup2(a_file("x"), 20) == 20);
    CHECK(Read(20, &byte, 1) == 1 && byte == 'x');
}

static void Dup2_fails(void) {
    Dup2(-1, 20);
}

static void Stat_works(void) {
    struct stat st;
    Stat("/", &st);
    CHECK(S_ISDIR(st.st_mode));
}

static void Stat_fails(void) {
    struct stat st;
    Stat("/nonexistent/file", &st);
}

static void Fstat_works(void) {
    struct stat st;
    Fstat(a_file("abc"), &st);
    CHECK(st.st_size == 3);
}

static void Fstat_fails(void) {
    struct stat st;
    Fstat(-1, &st);
}

static void Opendir_works(void) {
    CHECK(Opendir("/"));
}

static void Opendir_fails(void) {
    Opendir("/nonexistent");
}

static void Readdir_works(void) {
    DIR *dir = Opendir("/");
    int dots = 0;
    struct dirent *entry;
    errno = EIO;
    while ((entry = Readdir(dir)) != NULL)
        dots += strcmp(entry->d_name, ".") == 0;
    CHECK(dots == 1);
}

static void Readdir_fails(void) {
    DIR *dir = Opendir("/");
    CHECK(close(dirfd(dir)) == 0);
    Readdir(dir);
}

static void Closedir_works(void) {
    CHECK(Closedir(Opendir("/")) == 0);
}

static void Closedir_fails(void) {
    DIR *dir = Opendir("/");
    CHECK(close(dirfd(dir)) == 0);
    Closedir(dir);
}

static void Mmap_works(void) {
    char *at = (char *)Mmap(NULL, 3, PROT_READ, MAP_PRIVATE, a_file("abc"), 0);
    CHECK(memcmp(at, "abc", 3) == 0);
    Munmap(at, 3);
}

static void Mmap_fails(void) {
    Mmap(NULL, 3, PROT_READ, MAP_PRIVATE, -1, 0);
}

static void Munmap_works(void) {
    void *at = Mmap(NULL, 3, PROT_READ, MAP_PRIVATE, a_file("abc"), 0);
    Munmap(at, 3);
    CHECK(msync(at, 3, MS_ASYNC) == -1 && errno == ENOMEM);
}

static void Munmap_fails(void) {
    char *at = (char *)Mmap(NULL, 3, PROT_READ, MAP_PRIVATE, a_file("abc"), 0);
    Munmap(at + 1, 3);
}

/* ---- Standard I/O ---- */

static FILE *full(void) {
    FILE *fp = fopen("/dev/full", "w");
    CHECK(fp && setvbuf(fp, NULL, _IONBF, 0) == 0);
    return fp;
}

static void Fclose_works(void) {
    FILE *fp = fopen("/dev/null", "w");
    int fd = fileno(fp);
    Fclose(fp);
    CHECK(fcntl(fd, F_GETFD) == -1);
}

static void Fclose_fails(void) {
    FILE *fp = fopen("/dev/full", "w");
    CHECK(fp && fputs("a", fp) >= 0);
    Fclose(fp);
}

static void Fdopen_works(void) {
    char line[8];
    FILE *fp = Fdopen(a_file("ab\nc"), "r");
    CHECK(Fgets(line, sizeof line, fp) == line && strcmp(line, "ab\n") == 0);
}

static void Fdopen_fails(void) {
    Fdopen(-1, "r");
}

static void Fgets_works(void) {
    char line[8];
    FILE *fp = Fdopen(a_file("ab"), "r");
    CHECK(Fgets(line, sizeof line, fp) == line && strcmp(line, "ab") == 0);
    CHECK(Fgets(line, sizeof line, fp) == NULL);
}

static void Fgets_fails(void) {
    char line[8];
    Fgets(line, sizeof line, Fopen("/", "r"));
}

static void Fopen_works(void) {
    CHECK(Fopen("/dev/null", "r"));
}

static void Fopen_fails(void) {
    Fopen("/nonexistent/file", "r");
}

static void Fputs_works(void) {
    Fputs("text", stdout);
}

static void Fputs_fails(void) {
    Fputs("text", full());
}

static void Fread_works(void) {
    char buf[8];
    FILE *fp = Fdopen(a_file("abcde"), "r");
    CHECK(Fread(buf, 2, 2, fp) == 2 && memcmp(buf, "abcd", 4) == 0);
    CHECK(Fread(buf, 1, 2, fp) == 1 && buf[0] == 'e');
}

static void Fread_fails(void) {
    char buf[8];
    Fread(buf, 1, sizeof buf, Fopen("/", "r"));
}

static void Fwrite_works(void) {
    Fwrite("text", 2, 2, stdout);
}

static void Fwrite_fails(void) {
    Fwrite("text", 2, 2, full());
}

/* ---- Memory ---- */

static volatile size_t too_much = (size_t)-1 / 4;

static void Malloc_works(void) {
    char *p = (char *)Malloc(10);
    memset(p, 1, 10);
    Free(p);
}

static void Malloc_fails(void) {
    free(Malloc(too_much));
}

static void Realloc_works(void) {
    char *p = (char *)Realloc(NULL, 2);
    p[0] = 'a', p[1] = 'b';
    p = (char *)Realloc(p, 10000);
    CHECK(p[0] == 'a' && p[1] == 'b');
    Free(p);
}

static void Realloc_fails(void) {
    free(Realloc(NULL, too_much));
}

static void Calloc_works(void) {
    char *p = (char *)Calloc(10, 10);
    int i;
    for (i = 0; i < 100; i++)
        CHECK(p[i] == 0);
    Free(p);
}

static void Calloc_fails(void) {
    free(Calloc(too_much, 3));
}

/* ---- Sockets ---- */

static int port_of(int fd) {
    struct sockaddr_in addr;
    socklen_t len = sizeof addr;
    CHECK(getsockname(fd, (SA *)&addr, &len) == 0 && addr.sin_family == AF_INET);
    return ntohs(addr.sin_port);
}

static void local_address(struct sockaddr_in *addr, int port) {
    memset(addr, 0, sizeof *addr);
    addr->sin_family = AF_INET;
    addr->sin_port = htons((uint16_t)port);
    Inet_pton(AF_INET, loopback, &addr->sin_addr);
}

static int bound(void) {
    struct sockaddr_in addr;
    int fd = Socket(AF_INET, SOCK_STREAM, 0);
    local_address(&addr, 0);
    Bind(fd, (SA *)&addr, sizeof addr);
    return fd;
}

/* A listener, made with the wrappers, a client and a connection. */
static void connection(int *client, int *server) {
    struct sockaddr_in addr;
    socklen_t len = sizeof addr;
    int on = 1, got = 0;
    int listener = Socket(AF_INET, SOCK_STREAM, 0);
    Setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    len = sizeof got;
    CHECK(getsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &got, &len) == 0 && got != 0);
    local_address(&addr, 0);
    Bind(listener, (SA *)&addr, sizeof addr);
    Listen(listener, LISTENQ);
    local_address(&addr, port_of(listener));
    *client = Socket(AF_INET, SOCK_STREAM, 0);
    Connect(*client, (SA *)&addr, sizeof addr);
    len = sizeof addr;
    *server = Accept(listener, (SA *)&addr, &len);
    CHECK(*server >= 0 && len == sizeof addr && ntohs(addr.sin_port) == port_of(*client));
    Close(listener);
}

static void Socket_works(void) {
    int client, server;
    char buf[4];
    connection(&client, &server);
    CHECK(write(client, "abcd", 4) == 4 && read(server, buf, 4) == 4 && memcmp(buf, "abcd", 4) == 0);
}

static void Socket_fails(void) {
    Socket(-1, SOCK_STREAM, 0);
}

static void Setsockopt_fails(void) {
    int on = 1;
    Setsockopt(-1, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
}

static void Bind_fails(void) {
    struct sockaddr_in addr;
    local_address(&addr, port_of(bound()));
    Bind(Socket(AF_INET, SOCK_STREAM, 0), (SA *)&addr, sizeof addr);
}

static void Listen_fails(void) {
    Listen(-1, LISTENQ);
}

static void Accept_fails(void) {
    Accept(-1, NULL, NULL);
}

static void Connect_fails(void) {
    struct sockaddr_in addr;
    /* Bound, but without a listener. */
    local_address(&addr, port_of(bound()));
    Connect(Socket(AF_INET, SOCK_STREAM, 0), (SA *)&addr, sizeof addr);
}

/* ---- Names and addresses ---- */

static void Getaddrinfo_works(void) {
    struct addrinfo hints, *list = NULL;
    char host[64], port[16];
    memset(&hints, 0, sizeof hints);
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    Getaddrinfo("127.0.0.1", "80", &hints, &list);
    CHECK(list && list->ai_next == NULL);
    Getnameinfo(list->ai_addr, list->ai_addrlen, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV);
    CHECK(strcmp(host, "127.0.0.1") == 0 && strcmp(port, "80") == 0);
    Freeaddrinfo(list);
}

static void Getaddrinfo_fails(void) {
    struct addrinfo hints, *list;
    memset(&hints, 0, sizeof hints);
    hints.ai_flags = AI_NUMERICHOST;
    Getaddrinfo("a name", NULL, &hints, &list);
}

static void Getnameinfo_fails(void) {
    struct sockaddr_in addr;
    char host[64];
    local_address(&addr, 80);
    addr.sin_family = AF_UNSPEC;
    Getnameinfo((SA *)&addr, sizeof addr, host, sizeof host, NULL, 0, NI_NUMERICHOST);
}

static void Inet_ntop_works(void) {
    struct in_addr addr;
    char buf[INET_ADDRSTRLEN];
    Inet_pton(AF_INET, "1.2.3.4", &addr);
    CHECK(ntohl(addr.s_addr) == 0x01020304);
    Inet_ntop(AF_INET, &addr, buf, sizeof buf);
    CHECK(strcmp(buf, "1.2.3.4") == 0);
}

static void Inet_ntop_fails(void) {
    struct in_addr addr;
    char buf[4];
    addr.s_addr = 0;
    Inet_ntop(AF_INET, &addr, buf, sizeof buf);
}

static void Inet_pton_works(void) {
    unsigned char addr[16];
    Inet_pton(AF_INET6, "::1", addr);
    CHECK(addr[0] == 0 && addr[15] == 1);
}

static void Inet_pton_fails(void) {
    struct in_addr addr;
    Inet_pton(AF_INET, "1.2.3", &addr);
}

static void Inet_pton_and_family_fails(void) {
    unsigned char addr[16];
    Inet_pton(AF_UNIX, "1.2.3.4", addr);
}

static void Gethostbyname_works(void) {
    struct hostent *host = Gethostbyname("127.0.0.1");
    CHECK(host && host->h_length == 4 && memcmp(host->h_addr_list[0], "\177\0\0\1", 4) == 0);
    h_errno = 0;
}

/* Digits alone, and too long for a name: no resolver is asked. */
static void Gethostbyname_fails(void) {
    char name[301];
    memset(name, '9', 300);
    name[300] = '\0';
    Gethostbyname(name);
}

static void Gethostbyaddr_works(void) {
    char name[1025];
    struct hostent *plain = gethostbyaddr("\177\0\0\1", 4, AF_INET);
    if (plain == NULL) {
        fprintf(stderr, "left out: 127.0.0.1 has no name: Gethostbyaddr\n");
        return;
    }
    sprintf(name, "%.1000s", plain->h_name);
    CHECK(strcmp(Gethostbyaddr("\177\0\0\1", 4, AF_INET)->h_name, name) == 0);
}

static void Gethostbyaddr_fails(void) {
    Gethostbyaddr("\177\0\0\1", 4, AF_UNIX);
}

/* ---- Threads ---- */

static void *add_one(void *number) {
    ++*(int *)number;
    return number;
}

static void *wait_for_ever(void *ignored) {
    for (;;)
        Pause();
    return ignored;
}

static sem_t semaphore;
static pthread_t the_thread;

static void *leave(void *result) {
    the_thread = Pthread_self();
    V(&semaphore);
    Pthread_exit(result);
    return NULL;
}

static void Pthread_create_works(void) {
    int number = 1;
    void *result = NULL;
    pthread_t thread;
    Pthread_create(&thread, NULL, add_one, &number);
    Pthread_join(thread, &result);
    CHECK(number == 2 && result == &number);
}

static void Pthread_cancel_works(void) {
    pthread_t thread;
    void *result = NULL;
    Pthread_create(&thread, NULL, wait_for_ever, NULL);
    Pthread_cancel(thread);
    Pthread_join(thread, &result);
    CHECK(result == PTHREAD_CANCELED);
}

static void Pthread_detach_works(void) {
    pthread_t thread;
    pthread_attr_t attr;
    CHECK(pthread_attr_init(&attr) == 0);
    Sem_init(&semaphore, 0, 0);
    Pthread_create(&thread, &attr, leave, NULL);
    Pthread_detach(thread);
    P(&semaphore);
}

static void Pthread_exit_works(void) {
    pthread_t thread;
    int number;
    void *result = NULL;
    Sem_init(&semaphore, 0, 0);
    Pthread_create(&thread, NULL, leave, &number);
    Pthread_join(thread, &result);
    CHECK(result == &number);
}

static void Pthread_self_works(void) {
    Pthread_exit_works();
    CHECK(pthread_equal(Pthread_self(), pthread_self()));
    CHECK(!pthread_equal(Pthread_self(), the_thread));
}

static int times;

static void count(void) {
    times++;
}

static void Pthread_once_works(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    Pthread_once(&once, count);
    Pthread_once(&once, count);
    CHECK(times == 1);
}

static void Sem_init_works(void) {
    int value = 0;
    Sem_init(&semaphore, 0, 2);
    P(&semaphore);
    P(&semaphore);
    V(&semaphore);
    CHECK(sem_getvalue(&semaphore, &value) == 0 && value == 1);
}

static void Sem_init_fails(void) {
    Sem_init(&semaphore, 0, (unsigned)SEM_VALUE_MAX + 1);
}

static void P_fails(void) {
    Sem_init(&semaphore, 0, 0);
    catch_without_restart(SIGALRM);
    tick();
    P(&semaphore);
}

static void V_fails(void) {
    Sem_init(&semaphore, 0, SEM_VALUE_MAX);
    V(&semaphore);
}

/* ---- Rio ---- */

/* A child that does not keep its parent's end open, and ends like that after a time. */
static int in_child(int fd_of_parent) {
    if (Fork() != 0)
        return 0;
    CHECK_BOUND(20);
    CHECK(close(fd_of_parent) == 0);
    return 1;
}

static void pair(int ends[2]) {
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
}

static void put(int fd, const char *bytes) {
    CHECK(write(fd, bytes, strlen(bytes)) == (ssize_t)strlen(bytes));
}

static void rio_readn_works(void) {
    char buf[8];
    int ends[2];
    pair(ends);
    put(ends[1], "abcde");
    CHECK(rio_readn(ends[0], buf, 3) == 3 && memcmp(buf, "abc", 3) == 0);
    CHECK(close(ends[1]) == 0);
    CHECK(rio_readn(ends[0], buf, 8) == 2 && memcmp(buf, "de", 2) == 0);
    CHECK(rio_readn(ends[0], buf, 8) == 0);
    CHECK(rio_readn(-1, buf, 8) == -1 && errno == EBADF);
}

static void rio_writen_works(void) {
    char buf[8];
    int ends[2];
    pair(ends);
    CHECK(rio_writen(ends[1], text, 4) == 4);
    CHECK(read(ends[0], buf, sizeof buf) == 4 && memcmp(buf, "text", 4) == 0);
    CHECK(rio_writen(ends[1], text, 0) == 0);
    /* More than the socket's buffers take at once. */
    if (in_child(ends[0])) {
        char *much = (char *)Calloc(1, 1 << 20);
        CHECK(rio_writen(ends[1], much, 1 << 20) == 1 << 20);
        _exit(0);
    } else {
        char *much = (char *)Malloc(1 << 20);
        CHECK(rio_readn(ends[0], much, 1 << 20) == 1 << 20);
    }
}

static void rio_readnb_works(void) {
    char buf[8];
    int ends[2];
    rio_t rio;
    pair(ends);
    rio_readinitb(&rio, ends[0]);
    put(ends[1], "abc\ndefgh");
    CHECK(rio_readlineb(&rio, buf, sizeof buf) == 4);
    CHECK(rio_readnb(&rio, buf, 3) == 3 && memcmp(buf, "def", 3) == 0);
    CHECK(rio_readnb(&rio, buf, 0) == 0);
    CHECK(close(ends[1]) == 0);
    CHECK(rio_readnb(&rio, buf, 8) == 2 && memcmp(buf, "gh", 2) == 0);
    CHECK(rio_readnb(&rio, buf, 8) == 0);
    rio_readinitb(&rio, -1);
    CHECK(rio_readnb(&rio, buf, 8) == -1 && errno == EBADF);
}

static void rio_readinitb_works(void) {
    rio_t rio;
    memset(&rio, 0x55, sizeof rio);
    rio_readinitb(&rio, 12);
    CHECK(rio.rio_fd == 12 && rio.rio_cnt == 0 && rio.rio_bufptr == rio.rio_buf);
    CHECK(sizeof rio.rio_buf == 8192 && RIO_BUFSIZE == 8192 && MAXLINE == 8192 && MAXBUF == 8192 && LISTENQ == 1024);
}

static void rio_readlineb_works(void) {
    char buf[16] = "untouched";
    int ends[2];
    rio_t rio;
    pair(ends);
    rio_readinitb(&rio, ends[0]);
    put(ends[1], "one\r\n\n1234567890\nrest");
    CHECK(rio_readlineb(&rio, buf, sizeof buf) == 5 && strcmp(buf, "one\r\n") == 0);
    CHECK(rio_readlineb(&rio, buf, sizeof buf) == 1 && strcmp(buf, "\n") == 0);
    /* A longer line comes in pieces; the newline may be alone in the last. */
    CHECK(rio_readlineb(&rio, buf, 6) == 5 && strcmp(buf, "12345") == 0);
    CHECK(rio_readlineb(&rio, buf, 6) == 5 && strcmp(buf, "67890") == 0);
    CHECK(rio_readlineb(&rio, buf, 6) == 1 && strcmp(buf, "\n") == 0);
    /* Room for the NUL alone: nothing is taken. */
    buf[0] = 'x';
    CHECK(rio_readlineb(&rio, buf, 1) == 0 && buf[0] == '\0');
    CHECK(rio_readlineb(&rio, buf, 3) == 2 && strcmp(buf, "re") == 0);
    CHECK(close(ends[1]) == 0);
    CHECK(rio_readlineb(&rio, buf, sizeof buf) == 2 && strcmp(buf, "st") == 0);
    strcpy(buf, "untouched");
    CHECK(rio_readlineb(&rio, buf, sizeof buf) == 0 && strcmp(buf, "untouched") == 0);
    rio_readinitb(&rio, -1);
    CHECK(rio_readlineb(&rio, buf, sizeof buf) == -1 && errno == EBADF);
}

/* A line is data: NUL bytes, too. */
static void rio_and_nul_works(void) {
    char buf[16];
    int ends[2];
    rio_t rio;
    pair(ends);
    rio_readinitb(&rio, ends[0]);
    CHECK(write(ends[1], "a\0b\n\0", 5) == 5 && close(ends[1]) == 0);
    CHECK(rio_readlineb(&rio, buf, sizeof buf) == 4 && memcmp(buf, "a\0b\n\0", 5) == 0);
    CHECK(rio_readlineb(&rio, buf, sizeof buf) == 1 && memcmp(buf, "\0\0", 2) == 0);
    CHECK(rio_readlineb(&rio, buf, sizeof buf) == 0);
}

static ssize_t line_of_copy(rio_t rio, char *buf, size_t maxlen) {
    return rio_readlineb(&rio, buf, maxlen);
}

/* A copy goes on where the struct was, also after the memory of the first has changed. */
static void rio_copied_works(void) {
    char buf[16];
    int ends[2];
    rio_t first, copy;
    pair(ends);
    rio_readinitb(&first, ends[0]);
    put(ends[1], "one\ntwo\nthree\n");
    CHECK(rio_readlineb(&first, buf, sizeof buf) == 4 && strcmp(buf, "one\n") == 0);
    CHECK(line_of_copy(first, buf, sizeof buf) == 4 && strcmp(buf, "two\n") == 0);
    CHECK(first.rio_cnt == 10 && memcmp(first.rio_bufptr, "two\nthree\n", 10) == 0);
    copy = first;
    memset(&first, 0x55, sizeof first);
    CHECK(rio_readlineb(&copy, buf, sizeof buf) == 4 && strcmp(buf, "two\n") == 0);
    CHECK(copy.rio_cnt == 6 && memcmp(copy.rio_bufptr, "three\n", 6) == 0);
    /* A copy that is skipped in before it is used. */
    first = copy;
    memset(&copy, 0x55, sizeof copy);
    first.rio_cnt -= 2;
    first.rio_bufptr += 2;
    CHECK(rio_readnb(&first, buf, 4) == 4 && memcmp(buf, "ree\n", 4) == 0);
}

/* What programs do to the fields. */
static void rio_fields_works(void) {
    char buf[16];
    int ends[2];
    rio_t rio, other;
    pair(ends);
    rio_readinitb(&rio, ends[0]);
    put(ends[1], "one\ntwo\nthree\nfour\n");
    CHECK(rio_readlineb(&rio, buf, sizeof buf) == 4);
    CHECK(memcmp(rio.rio_buf, "one\ntwo\n", 8) == 0 && rio.rio_bufptr == rio.rio_buf + 4 && rio.rio_cnt == 15);
    /* The documented fields alone are copied; the pointer goes on in the first one's memory. */
    memset(&other, 0x55, sizeof other);
    other.rio_fd = rio.rio_fd;
    other.rio_cnt = rio.rio_cnt;
    other.rio_bufptr = rio.rio_bufptr;
    memcpy(other.rio_buf, rio.rio_buf, RIO_BUFSIZE);
    CHECK(rio_readlineb(&other, buf, sizeof buf) == 4 && strcmp(buf, "two\n") == 0);
    /* Fewer bytes are made of those held: the first of them. */
    rio.rio_cnt = 4;
    CHECK(rio_readnb(&rio, buf, 4) == 4 && memcmp(buf, "two\n", 4) == 0 && rio.rio_cnt == 0);
    /* Back to the beginning. */
    rio.rio_bufptr = rio.rio_buf;
    rio.rio_cnt = 8;
    CHECK(rio_readlineb(&rio, buf, sizeof buf) == 4 && strcmp(buf, "one\n") == 0);
    /* Filled by the program itself. */
    memcpy(rio.rio_buf, "mine\n", 5);
    rio.rio_bufptr = rio.rio_buf;
    rio.rio_cnt = 5;
    CHECK(rio_readlineb(&rio, buf, sizeof buf) == 5 && strcmp(buf, "mine\n") == 0);
    /* Emptied: what was held is dropped. */
    put(ends[1], "old\nolder\n");
    CHECK(rio_readlineb(&rio, buf, sizeof buf) == 4 && strcmp(buf, "old\n") == 0);
    rio.rio_cnt = 0;
    put(ends[1], "new\n");
    CHECK(rio_readlineb(&rio, buf, sizeof buf) == 4 && strcmp(buf, "new\n") == 0);
}

/* Signals are not seen, O_NONBLOCK and SO_RCVTIMEO are. */
static void rio_waits_works(void) {
    char buf[16];
    int ends[2];
    rio_t rio;
    struct timeval limit = {0, 50000};
    pair(ends);
    rio_readinitb(&rio, ends[0]);
    expect_ticks();
    if (in_child(ends[0])) {
        await_ticks();
        put(ends[1], "late\n");
        _exit(0);
    }
    catch_without_restart(SIGALRM);
    tick();
    CHECK(rio_readlineb(&rio, buf, sizeof buf) == 5 && strcmp(buf, "late\n") == 0);
    CHECK(caught == SIGALRM);
    Alarm(20);
    CHECK(setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0);
    CHECK(rio_readnb(&rio, buf, 4) == -1 && errno == EAGAIN);
    CHECK(rio_readn(ends[0], buf, 4) == -1 && errno == EAGAIN);
    CHECK(fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0);
    put(ends[1], "ab");
    memset(buf, 'x', sizeof buf);
    CHECK(rio_readlineb(&rio, buf, sizeof buf) == -1 && errno == EAGAIN);
    /* The count is lost; the bytes are where they belong. */
    CHECK(memcmp(buf, "abx", 3) == 0);
    put(ends[1], "c\n");
    CHECK(rio_readlineb(&rio, buf, sizeof buf) == 2 && strcmp(buf, "c\n") == 0);
}

/* Lines and blocks of all sizes, across the ends of the buffer: every byte comes once, in its order. */
static void rio_mixed_works(void) {
    enum { TOTAL = 300000 };
    unsigned char *sent = (unsigned char *)Malloc(TOTAL), *got = (unsigned char *)Malloc(TOTAL + 1);
    unsigned random = 1, i;
    size_t at = 0;
    int ends[2];
    rio_t rio;
    for (i = 0; i < TOTAL; i++) {
        random = random * 1103515245u + 12345u;
        sent[i] = (unsigned char)((random >> 16) % 300 == 0 ? '\n' : random >> 24);
    }
    pair(ends);
    if (in_child(ends[0])) {
        size_t done, part;
        for (done = 0; done < TOTAL; done += part) {
            random = random * 1103515245u + 12345u;
            part = 1 + (random >> 16) % 20000;
            if (part > TOTAL - done)
                part = TOTAL - done;
            CHECK(rio_writen(ends[1], sent + done, part) == (ssize_t)part);
        }
        _exit(0);
    }
    CHECK(close(ends[1]) == 0);
    rio_readinitb(&rio, ends[0]);
    for (;;) {
        size_t room = TOTAL + 1 - at, asked;
        ssize_t n;
        random = random * 1103515245u + 12345u;
        asked = 2 + (random >> 16) % (random & 0x8000 ? 12000 : 50);
        if (asked > room)
            asked = room;
        if (random & 0x4000) {
            const unsigned char *newline;
            n = rio_readlineb(&rio, got + at, asked);
            if (n <= 0)
                break;
            newline = (const unsigned char *)memchr(got + at, '\n', (size_t)n);
            CHECK(newline == NULL || newline == got + at + n - 1);
            CHECK(newline || (size_t)n == asked - 1 || at + (size_t)n == TOTAL);
            CHECK(got[at + (size_t)n] == '\0');
        } else {
            n = rio_readnb(&rio, got + at, asked);
            if (n <= 0)
                break;
            CHECK((size_t)n == asked || at + (size_t)n == TOTAL);
        }
        at += (size_t)n;
        if (at == TOTAL)
            break;
    }
    CHECK(at == TOTAL && memcmp(sent, got, TOTAL) == 0);
    CHECK(rio_readnb(&rio, got, 1) == 0);
}

static void Rio_readn_works(void) {
    char buf[4];
    CHECK(Rio_readn(a_file("abc"), buf, 4) == 3);
}

static void Rio_readn_fails(void) {
    char buf[4];
    Rio_readn(-1, buf, 4);
}

static void Rio_writen_works(void) {
    Rio_writen(1, text, 4);
}

/* A socket's EPIPE comes without SIGPIPE. */
static void Rio_writen_fails(void) {
    int ends[2];
    pair(ends);
    CHECK(close(ends[0]) == 0);
    Rio_writen(ends[1], text, 4);
}

static void Rio_readinitb_works(void) {
    char buf[4];
    rio_t rio;
    Rio_readinitb(&rio, a_file("abc"));
    CHECK(Rio_readnb(&rio, buf, 4) == 3);
    CHECK(Rio_readnb(&rio, buf, 4) == 0);
}

static void Rio_readnb_fails(void) {
    char buf[4];
    rio_t rio;
    Rio_readinitb(&rio, -1);
    Rio_readnb(&rio, buf, 4);
}

static void Rio_readlineb_works(void) {
    char buf[8];
    rio_t rio;
    Rio_readinitb(&rio, a_file("abc\nd"));
    CHECK(Rio_readlineb(&rio, buf, 8) == 4 && strcmp(buf, "abc\n") == 0);
    CHECK(Rio_readlineb(&rio, buf, 8) == 1 && strcmp(buf, "d") == 0);
    CHECK(Rio_readlineb(&rio, buf, 8) == 0);
}

static void Rio_readlineb_fails(void) {
    char buf[4];
    rio_t rio;
    Rio_readinitb(&rio, -1);
    Rio_readlineb(&rio, buf, 4);
}

/* ---- Clients and servers ---- */

static void port_text(char *to, int fd) {
    sprintf(to, "%d", port_of(fd));
}

static void open_listenfd_works(void) {
    char port[16], taken[16], word[] = "http";
    struct sockaddr_in addr;
    socklen_t len = sizeof addr;
    int on = 0, client;
    int listener = open_listenfd(zero);
    CHECK(listener >= 0);
    CHECK((fcntl(listener, F_GETFD) & FD_CLOEXEC) == 0 && (fcntl(listener, F_GETFL) & O_NONBLOCK) == 0);
    len = sizeof on;
    CHECK(getsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, &len) == 0 && on != 0);
    len = sizeof on;
    CHECK(getsockopt(listener, SOL_SOCKET, SO_ACCEPTCONN, &on, &len) == 0 && on != 0);
    port_text(port, listener);
    client = open_clientfd(loopback, port);
    CHECK(client >= 0);
    /* The peer's address is a plain IPv4 address. */
    len = sizeof addr;
    CHECK(accept(listener, (SA *)&addr, &len) >= 0 && len == sizeof addr && addr.sin_family == AF_INET);
    CHECK(ntohl(addr.sin_addr.s_addr) == INADDR_LOOPBACK);
    CHECK(open_listenfd(port) == -1 && errno == EADDRINUSE);
    port_text(taken, bound());
    CHECK(open_listenfd(taken) == -1 && errno == EADDRINUSE);
    CHECK(open_listenfd(word) == -2);
    CHECK(open_listenfd(NULL) == -2);
}

static void open_clientfd_works(void) {
    char port[16], eighty[] = "80", local[] = "localhost", numbers[] = "999.1.1.1", word[] = "http", empty[] = "";
    int listener = open_listenfd(zero);
    int client;
    port_text(port, listener);
    client = open_clientfd(local, port);
    CHECK(client >= 0);
    CHECK((fcntl(client, F_GETFD) & FD_CLOEXEC) == 0 && (fcntl(client, F_GETFL) & O_NONBLOCK) == 0);
    client = open_clientfd(NULL, port);
    CHECK(client >= 0);
    port_text(port, bound());
    CHECK(open_clientfd(loopback, port) == -1 && errno == ECONNREFUSED);
    CHECK(open_clientfd(numbers, eighty) == -2);
    CHECK(open_clientfd(loopback, word) == -2);
    CHECK(open_clientfd(loopback, empty) == -2);
    CHECK(open_clientfd(loopback, NULL) == -2);
}

static void Open_clientfd_works(void) {
    char port[16];
    port_text(port, Open_listenfd(zero));
    CHECK(Open_clientfd(loopback, port) >= 0);
}

static void Open_clientfd_fails(void) {
    char port[16];
    port_text(port, bound());
    Open_clientfd(loopback, port);
}

/* The resolver's failure, -2, ends the program too. */
static void Open_clientfd_and_resolver_fails(void) {
    char word[] = "http";
    Open_clientfd(loopback, word);
}

static void Open_listenfd_works(void) {
    CHECK(port_of(Open_listenfd(zero)) > 0);
}

static void Open_listenfd_fails(void) {
    char port[16];
    port_text(port, Open_listenfd(zero));
    Open_listenfd(port);
}

static void Open_listenfd_and_resolver_fails(void) {
    char word[] = "http";
    Open_listenfd(word);
}

#define BOTH(name)                                                                                                     \
    { #name, name##_works, name##_fails }
#define WORKS(name)                                                                                                    \
    { #name, name##_works, NULL }
#define FAILS(name)                                                                                                    \
    { #name, NULL, name##_fails }

/* Those that only refused.c can make fail are WORKS here. A case without a function of its own shares another's. */
static const struct a_case cases[] = {
    FAILS(unix_error),
    FAILS(posix_error),
    FAILS(gai_error),
    FAILS(app_error),
    FAILS(dns_error),
    WORKS(Fork),
    BOTH(Execve),
    {"Wait", Fork_works, Wait_fails},
    BOTH(Waitpid),
    BOTH(Kill),
    WORKS(Sleep),
    WORKS(Pause),
    WORKS(Alarm),
    BOTH(Setpgid),
    WORKS(Getpgrp),
    BOTH(Signal),
    BOTH(Sigprocmask),
    WORKS(Sigemptyset),
    WORKS(Sigfillset),
    BOTH(Sigaddset),
    BOTH(Sigdelset),
    {"Sigismember", Sigaddset_works, Sigismember_fails},
    WORKS(Sigsuspend),
    WORKS(sio_puts),
    WORKS(sio_putl),
    FAILS(sio_error),
    WORKS(Sio_puts),
    WORKS(Sio_putl),
    FAILS(Sio_error),
    BOTH(Open),
    BOTH(Read),
    BOTH(Write),
    BOTH(Lseek),
    BOTH(Close),
    BOTH(Select),
    BOTH(Dup2),
    BOTH(Stat),
    BOTH(Fstat),
    BOTH(Opendir),
    BOTH(Readdir),
    BOTH(Closedir),
    BOTH(Mmap),
    BOTH(Munmap),
    BOTH(Fclose),
    BOTH(Fdopen),
    BOTH(Fgets),
    BOTH(Fopen),
    BOTH(Fputs),
    BOTH(Fread),
    BOTH(Fwrite),
    BOTH(Malloc),
    BOTH(Realloc),
    BOTH(Calloc),
    {"Free", Malloc_works, NULL},
    BOTH(Socket),
    {"Setsockopt", Socket_works, Setsockopt_fails},
    {"Bind", Socket_works, Bind_fails},
    {"Listen", Socket_works, Listen_fails},
    {"Accept", Socket_works, Accept_fails},
    {"Connect", Socket_works, Connect_fails},
    BOTH(Getaddrinfo),
    {"Getnameinfo", Getaddrinfo_works, Getnameinfo_fails},
    {"Freeaddrinfo", Getaddrinfo_works, NULL},
    BOTH(Inet_ntop),
    BOTH(Inet_pton),
    FAILS(Inet_pton_and_family),
    BOTH(Gethostbyname),
    BOTH(Gethostbyaddr),
    WORKS(Pthread_create),
    {"Pthread_join", Pthread_create_works, NULL},
    WORKS(Pthread_cancel),
    WORKS(Pthread_detach),
    WORKS(Pthread_exit),
    WORKS(Pthread_self),
    WORKS(Pthread_once),
    BOTH(Sem_init),
    {"P", Sem_init_works, P_fails},
    {"V", Sem_init_works, V_fails},
    WORKS(rio_readn),
    WORKS(rio_writen),
    WORKS(rio_readinitb),
    WORKS(rio_readnb),
    WORKS(rio_readlineb),
    WORKS(rio_and_nul),
    WORKS(rio_copied),
    WORKS(rio_fields),
    WORKS(rio_waits),
    WORKS(rio_mixed),
    BOTH(Rio_readn),
    BOTH(Rio_writen),
    WORKS(Rio_readinitb),
    {"Rio_readnb", Rio_readinitb_works, Rio_readnb_fails},
    BOTH(Rio_readlineb),
    WORKS(open_clientfd),
    WORKS(open_listenfd),
    BOTH(Open_clientfd),
    FAILS(Open_clientfd_and_resolver),
    BOTH(Open_listenfd),
    FAILS(Open_listenfd_and_resolver),
    {NULL, NULL, NULL},
};

int main(int argc, char **argv) {
    return run_case(cases, argc, argv);
}
