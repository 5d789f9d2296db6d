/* Sends its arguments after the port as datagrams, and prints the answers. */
#include "inet_sockets.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char *argv[]) {
    char resp[10];
    ssize_t numBytes;
    int j, sfd;

    if (argc < 3 || (sfd = inetConnect("127.0.0.1", argv[1], SOCK_DGRAM)) == -1)
        exit(EXIT_FAILURE);
    for (j = 2; j < argc; j++) {
        if (write(sfd, argv[j], strlen(argv[j])) != (ssize_t)strlen(argv[j]))
            exit(EXIT_FAILURE);
        numBytes = read(sfd, resp, sizeof(resp));
        if (numBytes == -1)
            exit(EXIT_FAILURE);
        printf("%.*s\n", (int)numBytes, resp);
    }
    exit(EXIT_SUCCESS);
}
