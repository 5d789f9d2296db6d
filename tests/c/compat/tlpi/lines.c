/* Copies the lines of stdin, cut to 9 bytes each, with their numbers. */
#include "read_line.h"
#include <stdio.h>
#include <stdlib.h>

int main(void) {
    char line[10];
    ssize_t n;
    int number = 0;

    while ((n = readLine(0, line, sizeof(line))) > 0)
        printf("%d %d %s%s", ++number, (int)n, line, line[n - 1] == '\n' ? "" : "\n");
    exit(n == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}
