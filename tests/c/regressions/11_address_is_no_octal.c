/* "010.1.1.1" became 8.1.1.1, since the tutorial's inet_aton reads it as octal; and 255.255.255.255 could not be used,
 * since inet_addr returns INADDR_NONE for it, as for an error. All texts of four decimal numbers must be accepted, and
 * every other form refused, with nothing written.
 */
#include "regression.h"

#ifndef TUTORIAL
#define read_address sockutil_pton
#endif

int main(void) {
    static const char *const refused[] = {"010.1.1.1", "1.2.3",    "127.1",     "0x7f.0.0.1",
                                          "1",         "1.2.3.4 ", "1.2.3.256", ""};
    struct in_addr address = {.s_addr = 0};
    CHECK_BOUND(SECONDS);

    CHECK(read_address(AF_INET, "10.1.1.1", &address) == 1);
    CHECK(address.s_addr == htonl(0x0a010101));
    MUST(read_address(AF_INET, "255.255.255.255", &address) == 1, "255.255.255.255 is refused");
    CHECK(address.s_addr == htonl(0xffffffff));

    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        address.s_addr = htonl(0x01020304);
        int answer = read_address(AF_INET, refused[i], &address);
        MUST(address.s_addr != htonl(0x08010101), "010.1.1.1 is read as octal");
        CHECK(answer == 0 && address.s_addr == htonl(0x01020304));
    }
    return 0;
}
