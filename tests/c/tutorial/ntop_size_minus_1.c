/* The mistake: it subtracts a byte for the NUL, which inet_ntop already counts. */
#include "tutorial.h"

#include <arpa/inet.h>

const char *address_text(int af, const void *address, char *text, socklen_t size) {
    return inet_ntop(af, address, text, size - 1);
}
