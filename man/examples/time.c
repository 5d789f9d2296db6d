#include <errno.h>
#include <sockutil.h>
#include <stdio.h>
#include <unistd.h>

int main(void) {
    int ends[2];
    char c;

    if (pipe(ends) < 0 || write(ends[1], "ab", 2) != 2)
        return 1;

    /* One limit for all calls below. */
    int64_t end = sockutil_now_ms() + 100;

    while (sockutil_wait(ends[0], POLLIN, sockutil_ms_left(end)) > 0) {
        if (read(ends[0], &c, 1) != 1)
            return 1;
        printf("%c arrived in time\n", c);
    }
    if (errno != EAGAIN)
        return 1;
    printf("time is up, %d ms are left\n", sockutil_ms_left(end));
    return 0;
}
