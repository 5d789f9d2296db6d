/* Correct uses of a wrong library, and wrong programs: tests/planted.rs checks that each is caught.
 * usage: planted CASE */
#include "check.h"
#include "sockutil.h"

#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/socket.h>

/* A line that fills its memory, directly before other memory. */
static void line(void) {
    enum { CAP = 16 };
    int ends[2];
    char *memory = malloc(CAP);
    CHECK(memory != NULL && socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    CHECK(sockutil_writen(ends[0], "fifteen bytes.\n", CAP - 1) == CAP - 1);
    CHECK(sockutil_read_line(ends[1], memory, CAP, NULL, 1000) == 1 && strlen(memory) == CAP - 1);
    free(memory);
}

static void address(void) {
    unsigned char bytes[4];
    char *text = strdup("1.2.3.4");
    CHECK(text != NULL && sockutil_pton(AF_INET, text, bytes) == 1);
    free(text);
}

static void sum(void) {
    CHECK(sockutil_ms_left(INT64_MAX) != 0);
}

static void *ask(void *unused) {
    CHECK(sockutil_version() != NULL);
    return unused;
}

static int shared;

static void *count(void *unused) {
    shared++;
    return unused;
}

static void two(void *(*work)(void *)) {
    pthread_t threads[2];
    for (size_t i = 0; i < 2; i++)
        CHECK(pthread_create(&threads[i], NULL, work, NULL) == 0);
    for (size_t i = 0; i < 2; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
}

static void *volatile kept;

int main(int argc, char **argv) {
    CHECK_BOUND(50);
    CHECK(argc == 2);
    const char *name = argv[1];
    /* Numbers that the compiler cannot know. */
    volatile int one = argc - 1;
    if (strcmp(name, "line") == 0) {
        line();
    } else if (strcmp(name, "address") == 0) {
        address();
    } else if (strcmp(name, "sum") == 0) {
        sum();
    } else if (strcmp(name, "library_race") == 0) {
        two(ask);
    } else if (strcmp(name, "race") == 0) {
        two(count);
        CHECK(shared == 2);
    } else if (strcmp(name, "overflow") == 0) {
        CHECK(INT_MAX + one != 0);
    } else if (strcmp(name, "misaligned") == 0) {
        static const char bytes[2 * sizeof(int)];
        const void *odd = bytes + one;
        CHECK(*(const volatile int *)odd == 0);
    } else if (strcmp(name, "leak") == 0) {
        kept = malloc(10);
        CHECK(kept != NULL);
        kept = NULL;
    } else if (strcmp(name, "heap") == 0) {
        volatile char *memory = malloc(10);
        CHECK(memory != NULL);
        memory[9 + one] = 1;
        free((void *)memory);
    } else {
        CHECK(!"a case that there is");
    }
    return 0;
}
