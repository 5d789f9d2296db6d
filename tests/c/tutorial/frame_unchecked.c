/* The mistake: the length that the peer announces is never compared with the size of the memory. */
#include "tutorial.h"

#include <arpa/inet.h>

int take_frame(int fd, char *memory, size_t size) {
    uint16_t length;
    size_t done = 0;
    (void)size;
    if (recv(fd, &length, sizeof length, MSG_WAITALL) != (ssize_t)sizeof length) {
        return -1;
    }
    size_t n = ntohs(length);
    while (done < n) {
        ssize_t got = recv(fd, memory + done, n - done, 0);
        if (got <= 0) {
            return -1;
        }
        done += (size_t)got;
    }
    return 1;
}
