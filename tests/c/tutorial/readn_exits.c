/* The mistake: it prints and ends the program, instead of returning an error. */
#include "tutorial.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

ssize_t readn(int fd, void *buf, size_t n) {
    char *to = buf;
    size_t left = n;
    while (left > 0) {
        ssize_t got = read(fd, to, left);
        if (got < 0) {
            perror("read");
            exit(EXIT_FAILURE);
        }
        if (got == 0) {
            break;
        }
        to += got;
        left -= (size_t)got;
    }
    return (ssize_t)(n - left);
}
