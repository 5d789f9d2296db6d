/* -Wstringop-overread (gcc): it sends more bytes than the buffer has. */
#include <sockutil.h>

int main(void) {
    char text[8] = "1234567";
#ifdef MISUSE
    return sockutil_writen(1, text, 2 * sizeof(text)) < 0;
#else
    return sockutil_writen(1, text, sizeof(text)) < 0;
#endif
}
