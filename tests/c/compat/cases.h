/* cases.h - programs with a case for each function. Without arguments they print the cases' names, and which of the two
 * halves each has. With a name they run the half where the function works, which ends with status 7; with a name and
 * "fails", the half where the function ends the program. */
#ifndef CASES_H
#define CASES_H

struct a_case {
    const char *name;
    void (*works)(void);
    void (*fails)(void);
};

int run_case(const struct a_case *cases, int argc, char **argv);

#endif
