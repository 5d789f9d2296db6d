/* -Wunused-result: a read that fell short, or failed, is not noticed. */
#include <sockutil.h>

int main(void) {
    char text[8] = "";
#ifdef MISUSE
    sockutil_read_full(0, text, sizeof(text), NULL, SOCKUTIL_NOWAIT);
#else
    if (sockutil_read_full(0, text, sizeof(text), NULL, SOCKUTIL_NOWAIT) != 1)
        return 1;
#endif
    return text[0];
}
