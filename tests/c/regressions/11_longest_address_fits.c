/* A client at 192.168.100.100 could not be printed: the tutorial passes inet_ntop one byte less than the buffer has,
 * and that address needs all sixteen. It must fit in INET_ADDRSTRLEN bytes; with one less it must be ENOSPC, and
 * nothing written.
 */
#include "regression.h"

#ifndef TUTORIAL
#define address_text sockutil_ntop
#endif

int main(void) {
    char text[INET_ADDRSTRLEN + 1];
    struct in_addr address = {.s_addr = htonl(0xc0a86464)};
    CHECK_BOUND(SECONDS);

    memset(text, '#', sizeof text);
    MUST(address_text(AF_INET, &address, text, INET_ADDRSTRLEN) == text, "the longest address does not fit");
    CHECK(strcmp(text, "192.168.100.100") == 0);
    CHECK(text[INET_ADDRSTRLEN] == '#');

    memset(text, '#', sizeof text);
    errno = 0;
    CHECK(address_text(AF_INET, &address, text, INET_ADDRSTRLEN - 1) == NULL && errno == ENOSPC);
    for (size_t i = 0; i < sizeof text; i++) {
        CHECK(text[i] == '#');
    }
    return 0;
}
