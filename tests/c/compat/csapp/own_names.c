/* The book's header declares no readn, writen, recv_peek or readline: a program may have its own. */
#include "csapp.h"

/* Prototypes of the header's functions may be repeated. */
void Free(void *ptr);
ssize_t rio_writen(int fd, void *usrbuf, size_t n);

static int readn = 3;

static char *readline(const char *prompt) {
    return strdup(prompt);
}

ssize_t writen(int fd, char *text);

ssize_t writen(int fd, char *text) {
    return rio_writen(fd, text, strlen(text));
}

static void recv_peek(void) {
}

int main(void) {
    char *line = readline("line\n");
    recv_peek();
    if (writen(1, line) != 5 || readn != 3)
        app_error("writen");
    Free(line);
    return 7;
}
