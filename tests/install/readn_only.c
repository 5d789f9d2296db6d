/* readn_only.c - how much does one function of the library add? Without USE_SOCKUTIL: the same program without it. */
#include <unistd.h>
#ifdef USE_SOCKUTIL
#include <sockutil.h>
#else
#define readn read
#endif

int main(void) {
    char byte;
    return (int)readn(0, &byte, 1);
}
