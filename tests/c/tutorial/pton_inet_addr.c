/* The mistake: inet_addr, whose error is the address 255.255.255.255. */
#include "tutorial.h"

#include <arpa/inet.h>
#include <string.h>

int read_address(int af, const char *text, void *address) {
    in_addr_t bits = inet_addr(text);
    (void)af;
    if (bits == INADDR_NONE) {
        return 0;
    }
    memcpy(address, &bits, sizeof bits);
    return 1;
}
