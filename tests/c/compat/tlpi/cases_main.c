/* The second file of the program with cases, so that each header is in two files that are linked together. */
#include "inet_sockets.h"
#include "rdwrn.h"
#include "read_line.h"

#include "check.h"
#include "compat/cases.h"

int run_case(const struct a_case *cases, int argc, char **argv) {
    const struct a_case *c;
    CHECK_BOUND(20);
    for (c = cases; c->name; c++) {
        if (argc == 1)
            printf("%s%s%s\n", c->name, c->works ? " works" : "", c->fails ? " fails" : "");
        else if (strcmp(c->name, argv[1]) == 0) {
            c->works();
            return 7;
        }
    }
    return argc == 1 ? 0 : 2;
}
