/* http_get.c - an HTTP/1.1 client: a head of lines, then a body by its length, in chunks, or up to the stream's end. */
#include "example.h"
#include <strings.h>

#define SILENCE_MS 30000 /* bounds each call */
static const char HELP[] = "usage: http_get [-h] [host] [port] [path]\n"
                           "Prints the body of the answer to GET path, and on stderr the first line of its head.\n"
                           "Default: 127.0.0.1, port 6666, path /. Exit status: 0 if the whole body has come.\n";
static sockutil_reader reader;

static void need(int fine, const char *problem) {
    if (fine)
        return;
    fprintf(stderr, "answer: %s\n", problem);
    exit(1);
}

/* Checks what a call of the reader has returned. It fails with EMSGSIZE when a line or the head is too long. */
static void need_all(int r) {
    need(r == 1, r == 0 ? "cut short" : strerror(errno));
}

/* A number as HTTP has it: digits alone. strtoull would also accept a blank, a sign or "0x" before it. */
static unsigned long long number_from(const char *text, int base) {
    size_t digits = strspn(text, base == 10 ? "0123456789" : "0123456789abcdefABCDEF");
    errno = 0;
    unsigned long long n = strtoull(text, NULL, base);
    need(digits > 0 && errno == 0 && strchr("; \t\r", text[digits]) != NULL, "not a number"); /* also at '\0' */
    return n;
}

/* Copies n bytes of the body to stdout. Returns 1; or 0, the stream has ended before. */
static int copy(unsigned long long n) {
    char bytes[16384];
    for (size_t len; n > 0; n -= len) {
        size_t most = n < sizeof(bytes) ? (size_t)n : sizeof(bytes);
        int r = sockutil_reader_read_some(&reader, bytes, most, &len, SILENCE_MS);
        if (r == 0)
            return 0;
        need_all(r);
        if (writen(STDOUT_FILENO, bytes, len) < 0)
            die("stdout");
    }
    return 1;
}

/* The next line, without its "\r\n". */
static char *next_line(void) {
    char *line;
    size_t len;
    need_all(sockutil_reader_line(&reader, &line, &len, SILENCE_MS));
    line[sockutil_chomp(line, len)] = '\0';
    return line;
}

/* A chunk is a line with its length in hexadecimal, so many bytes, and "\r\n". The last one has the length 0; after it
 * come lines as in a head, up to an empty one. */
static void copy_chunks(void) {
    unsigned long long n;
    while ((n = number_from(next_line(), 16)) > 0) {
        need_all(copy(n));
        need(*next_line() == '\0', "a chunk of another length");
    }
    while (*next_line() != '\0')
        ;
}

/* The value of a field in the head, whose name may be in capitals or not. NULL: there is none. */
static const char *field(const char *head, const char *name) {
    size_t n = strlen(name);
    for (const char *line = head; (line = strstr(line, "\r\n")) != NULL; line++)
        if (strncasecmp(line + 2, name, n) == 0)
            return line + 2 + n + strspn(line + 2 + n, " \t");
    return NULL;
}

int main(int argc, char *argv[]) {
    (void)next_option(argc, argv, "+h", HELP);
    const char *host = next_argument(argv, "127.0.0.1"), *port = next_argument(argv, "6666");
    const char *path = next_argument(argv, "/");
    no_more_arguments(argv);
    char request[4096];
    int n = snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: %s:%s\r\nConnection: close\r\n\r\n", path,
                     host, port);
    if (path[0] != '/' || strpbrk(path, " \t\r\n") != NULL || (size_t)n >= sizeof(request))
        bad_argument("not a path", path);

    /* 1. create, connect, ask */
    int gai, sockfd = sockutil_tcp_connect(host, port, 0, SILENCE_MS, &gai);
    if (sockfd < 0)
        endpoint_failed("connect", host, port, gai);
    static char memory[65536]; /* bounds the head, not the body */
    if (writen(sockfd, request, (size_t)n) < 0 || sockutil_reader_init(&reader, sockfd, memory, sizeof(memory)) < 0)
        die("request");

    /* 2. read the head, up to its empty line, however packets divide it. "100 Continue" may come before the answer. */
    char *head;
    size_t len;
    unsigned long long status;
    do {
        need_all(sockutil_reader_until_text(&reader, "\r\n\r\n", 4, &head, &len, SILENCE_MS));
        need(strlen(head) == len && strncmp(head, "HTTP/1.", 7) == 0 && strcspn(head, " ") == 8, "not HTTP/1.1");
        status = number_from(head + 9, 10);
        fprintf(stderr, "%.*s\n", (int)strcspn(head, "\r\n"), head);
    } while (status < 200);

    /* 3. read the body. Some answers have none, whatever their head says; chunks come before a length. */
    const char *encoding = field(head, "Transfer-Encoding:"), *length = field(head, "Content-Length:");
    need(encoding == NULL || strncasecmp(encoding, "chunked\r\n", 9) == 0, "an unknown Transfer-Encoding");
    if (encoding != NULL && status != 204 && status != 304)
        copy_chunks();
    else if (length != NULL && status != 204 && status != 304)
        need_all(copy(number_from(length, 10)));
    else if (status != 204 && status != 304)
        (void)copy(UINT64_MAX); /* up to the end */

    /* 4. close */
    close_socket(sockfd);
    return 0;
}
