/* both_readlines.c - GNU Readline's readline and ours in one program: each call must reach the right one. */
#define SOCKUTIL_NO_CLASSIC_NAMES
#include <sockutil.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <readline/readline.h>

int main(void) {
    int keyboard[2], ends[2];
    char line[64];
    if (pipe(keyboard) < 0 || write(keyboard[1], "typed\n", 6) != 6 || close(keyboard[1]) < 0)
        return 1;
    rl_instream = fdopen(keyboard[0], "r");
    rl_outstream = fopen("/dev/null", "w");
    if (rl_instream == NULL || rl_outstream == NULL)
        return 1;
    char *typed = readline("");
    if (typed == NULL || strcmp(typed, "typed") != 0)
        return 2;
    free(typed);
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0 || sockutil_writen(ends[0], "sent\n", 5) != 5)
        return 1;
    if (sockutil_readline(ends[1], line, sizeof(line)) != 5 || strcmp(line, "sent\n") != 0)
        return 3;
    puts("both");
    return 0;
}
