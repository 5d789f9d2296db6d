/* Answers each datagram with the same in capital letters, to wherever it came from. */
#include "inet_sockets.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#define BUF_SIZE 10

int main(int argc, char *argv[]) {
    struct sockaddr_storage claddr;
    socklen_t addrlen, len;
    ssize_t numBytes;
    int sfd, j;
    char buf[BUF_SIZE], claddrStr[IS_ADDR_STR_LEN];

    if (argc != 2 || (sfd = inetBind(argv[1], SOCK_DGRAM, &addrlen)) == -1)
        exit(EXIT_FAILURE);
    len = addrlen;
    if (getsockname(sfd, (struct sockaddr *)&claddr, &len) == -1 || len != addrlen)
        exit(EXIT_FAILURE);
    printf("%d\n", ntohs(((struct sockaddr_in *)&claddr)->sin_port));
    fflush(stdout);
    for (;;) {
        len = sizeof(struct sockaddr_storage);
        numBytes = recvfrom(sfd, buf, BUF_SIZE, 0, (struct sockaddr *)&claddr, &len);
        if (numBytes == -1)
            exit(EXIT_FAILURE);
        fprintf(stderr, "%ld bytes from %s\n", (long)numBytes,
                inetAddressStr((struct sockaddr *)&claddr, len, claddrStr, IS_ADDR_STR_LEN));
        for (j = 0; j < numBytes; j++)
            buf[j] = (char)toupper((unsigned char)buf[j]);
        if (sendto(sfd, buf, (size_t)numBytes, 0, (struct sockaddr *)&claddr, len) != numBytes)
            exit(EXIT_FAILURE);
    }
}
