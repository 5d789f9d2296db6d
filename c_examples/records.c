/* records.c - records that end with a NUL: one read takes two of them, or a part of one; a reader takes each whole. */
#include "example.h"
#include "lab.h"
#include <sys/wait.h>

static const char HELP[] =
    "usage: records [-h] [text...]\n"
    "Receives messages of strlen + 1 bytes by one read each, as the tutorials do, and by a reader: first\n"
    "two, then one in two parts, then the texts, the last one without its NUL. Default: three texts.\n";

static void put(int fd, const void *bytes, size_t n) {
    if (writen(fd, bytes, n) < 0)
        die("writen");
}

/* A child sends the texts back to back, and nothing but their NULs divides them. The last one ends with the stream. In
 * one process, long texts would wait for ever to be read. */
static pid_t send_texts(const struct tcp_pair *pair, char *texts[]) {
    pid_t pid = fork();
    if (pid < 0)
        die("fork");
    if (pid > 0)
        return pid;
    close_socket(pair->server);
    for (; *texts != NULL; texts++)
        put(pair->client, *texts, strlen(*texts) + (texts[1] != NULL));
    close_socket(pair->client);
    exit(0);
}

int main(int argc, char *argv[]) {
    (void)next_option(argc, argv, "+h", HELP);
    char first[] = "first", empty[] = "", last[] = "last", *three[] = {first, empty, last, NULL};
    char **texts = argv[optind] != NULL ? argv + optind : three;

    /* 1. two messages with their NULs, as the tutorials send them. They arrive together. */
    struct tcp_pair pair = tcp_pair();
    put(pair.client, "hello", strlen("hello") + 1);
    put(pair.client, "world", strlen("world") + 1);
    await_bytes(pair.server, 12);

    /* 2. one read, as the tutorials receive them: printed as a text it ends at the first NUL, and the rest is lost */
    char buf[100];
    ssize_t n = read(pair.server, buf, sizeof(buf));
    if (n <= 0)
        die("read");
    printf("one read: %zd bytes, as a text: %s\n", n, buf);

    /* 3. the reader, without waiting: a part of a record is no record, and is not lost */
    static char memory[1 << 20];
    char *record;
    size_t length;
    sockutil_reader reader;
    if (sockutil_reader_init(&reader, pair.server, memory, sizeof(memory)) < 0)
        die("reader_init");
    put(pair.client, "in two ", 7);
    await_bytes(pair.server, 7);
    int r = sockutil_reader_until(&reader, '\0', &record, &length, SOCKUTIL_NOWAIT);
    printf("a part: %s\n", r < 0 ? errno_name(errno) : record);
    put(pair.client, "parts", 6);
    if (sockutil_reader_until(&reader, '\0', &record, &length, 2000) <= 0)
        die("reader_until");
    printf("the rest: %s\n", record);

    /* 4. record by record, until the end of the stream. length counts the NUL, which the last record does not have. */
    if (fflush(stdout) != 0) /* or the child prints what is in the buffer, too */
        die("stdout");
    pid_t child = send_texts(&pair, texts);
    close_socket(pair.client);
    while ((r = sockutil_reader_until(&reader, '\0', &record, &length, SOCKUTIL_FOREVER)) > 0)
        printf("record of %zu bytes: %s\n", length, record);
    if (r < 0)
        die("reader_until");
    if (length > 0)
        printf("last record, of %zu bytes, without NUL: %s\n", length, record);

    /* 5. close */
    int status;
    if (waitpid(child, &status, 0) < 0)
        die("waitpid");
    close_socket(pair.server);
    return status != 0;
}
