/* -Wuninitialized (gcc): uninitialized memory is sent to the peer. */
#include <sockutil.h>

int main(void) {
#ifdef MISUSE
    char text[8];
#else
    char text[8] = "1234567";
#endif
    return sockutil_send_frame(1, 2, text, sizeof(text), NULL, SOCKUTIL_NOWAIT) != 1;
}
