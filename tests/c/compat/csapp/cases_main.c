/* The second file of each program with cases, so that the header is in two files that are linked together. */
#include "csapp.h"

#include "check.h"
#include "compat/cases.h"

int run_case(const struct a_case *cases, int argc, char **argv) {
    const struct a_case *c;
    CHECK_BOUND(20);
    for (c = cases; c->name; c++) {
        if (argc == 1)
            printf("%s%s%s\n", c->name, c->works ? " works" : "", c->fails ? " fails" : "");
        else if (strcmp(c->name, argv[1]) == 0) {
            void (*body)(void) = argc == 2 ? c->works : c->fails;
            CHECK(body);
            body();
            /* Not 0: this is how the book's error functions end a program. */
            return argc == 2 ? 7 : 9;
        }
    }
    return argc == 1 ? 0 : 2;
}
