/* started.c - the smallest program with a call of sockutil, or without: start.c starts both. */
#ifdef WITH_SOCKUTIL
#include <sockutil.h>
#else
#include <unistd.h>
#endif

int main(void) {
#ifdef WITH_SOCKUTIL
    return sockutil_close(-1) == 0;
#else
    return close(-1) == 0;
#endif
}
