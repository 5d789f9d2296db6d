/* check.h - shared by the C test programs: a check that prints its place, and a time limit for the run. */
#ifndef CHECK_H
#define CHECK_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A program that hangs is ended by SIGALRM: call it first. */
#define CHECK_BOUND(seconds) ((void)alarm(seconds))

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "FAIL %s:%d: %s (errno %d)\n", __FILE__, __LINE__, #condition, errno);                     \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)

#endif
