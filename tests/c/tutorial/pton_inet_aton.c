/* The mistake: inet_aton, which reads "010" as octal, and "1.2.3" as 1.2.0.3. */
#include "tutorial.h"

#include <arpa/inet.h>

int read_address(int af, const char *text, void *address) {
    (void)af;
    return inet_aton(text, address);
}
