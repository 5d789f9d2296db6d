/* syn_retries.c - when a connect without an answer sends its SYN again, and when it gives up. */
#include "example.h"
#include "lab.h"
#include <pthread.h>

static const char HELP[] =
    "usage: syn_retries [-h]\n"
    "In two network namespaces of its own, connects to a listener that drops each SYN, and prints when\n"
    "the SYN is sent again. Seven seconds. Exit status: 2 without the right to make a namespace.\n";
#define RETRIES "/proc/sys/net/ipv4/tcp_syn_retries"
#define LINEAR "/proc/sys/net/ipv4/tcp_syn_linear_timeouts" /* since Linux 6.5 */

/* The pause after each SYN is double the one before, at first 1 s; before that come so many of 1 s. */
static const struct way { const char *name, *linear; } WAYS[] = {{"doubled pauses", "0"}, {"4 linear ones first", "4"}};

/* How often the kernel has sent the SYN again. */
static unsigned repeated(int fd) {
    struct tcp_info info = {0};
    socklen_t size = sizeof(info);
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) < 0)
        die("TCP_INFO");
    return info.tcpi_total_retrans;
}

static void *attempt(void *argument) {
    const struct way *way = argument;

    /* 1. a network of this thread's own, and its settings. tcp_syn_retries bounds the time, as if all pauses were
     * doubled: 2 are 1 + 2 + 4 seconds, and the default, 6, more than two minutes. */
    enter_own_network();
    change_setting(RETRIES, "2");
    if (access(LINEAR, F_OK) == 0)
        change_setting(LINEAR, way->linear);

    /* 2. a listener whose backlog is full drops each SYN */
    int listenfd = sockutil_tcp_listen("127.0.0.1", "0", 0, SOCKUTIL_NUMERIC, NULL);
    int queued = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0);
    sockutil_addr to = local_address(listenfd);
    if (queued < 0 || fd < 0 || sockutil_connect(queued, &to, SOCKUTIL_FOREVER) < 0)
        die("connect");

    /* 3. connect without waiting, and look again and again */
    int64_t start = sockutil_now_ms();
    if (sockutil_connect(fd, &to, SOCKUTIL_NOWAIT) == 0 || errno != EINPROGRESS)
        die("connect");
    unsigned count = 0;
    while (sockutil_wait(fd, POLLOUT, 10) < 0) {
        if (errno != EAGAIN)
            die("wait");
        if (repeated(fd) != count) {
            count = repeated(fd);
            printf("%s: SYN again, %u, after %lld ms\n", way->name, count, (long long)(sockutil_now_ms() - start));
        }
    }

    /* 4. the error of the socket */
    int error = sockutil_take_error(fd);
    printf("%s: %s after %lld ms\n", way->name, errno_name(error), (long long)(sockutil_now_ms() - start));
    close_socket(fd);
    close_socket(queued);
    close_socket(listenfd);
    return NULL;
}

int main(int argc, char *argv[]) {
    (void)next_option(argc, argv, "+h", HELP);
    no_more_arguments(argv);
    line_buffer_stdout();
    enter_own_network(); /* an ordinary user gets the right to one before there is a second thread, or never */
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        if ((errno = pthread_create(&threads[i], NULL, attempt, (void *)&WAYS[i])) != 0)
            die("pthread_create");
    for (int i = 0; i < 2; i++)
        if ((errno = pthread_join(threads[i], NULL)) != 0)
            die("pthread_join");
    return 0;
}
