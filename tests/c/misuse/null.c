/* -Wnonnull: NULL for an output. */
#include <sockutil.h>

int main(void) {
    unsigned char address[4];
#ifdef MISUSE
    return sockutil_pton(AF_INET, "127.0.0.1", NULL) != 1 || sizeof(address) != 4;
#else
    return sockutil_pton(AF_INET, "127.0.0.1", address) != 1 || address[0] != 127;
#endif
}
