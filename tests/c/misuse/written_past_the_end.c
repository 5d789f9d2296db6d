/* -Wstringop-overflow (gcc): more is asked for than there is room. By a classic name, so that these have it too. */
#include <sockutil.h>

int main(void) {
    char text[8];
#ifdef MISUSE
    return readn(0, text, 2 * sizeof(text)) < 0;
#else
    return readn(0, text, sizeof(text)) < 0;
#endif
}
