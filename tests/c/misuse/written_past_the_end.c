/* -Wstringop-overflow (gcc): it asks for more bytes than the buffer has room for. By a classic name, which must also
 * have the attribute. */
#include <sockutil.h>

int main(void) {
    char text[8];
#ifdef MISUSE
    return readn(0, text, 2 * sizeof(text)) < 0;
#else
    return readn(0, text, sizeof(text)) < 0;
#endif
}
