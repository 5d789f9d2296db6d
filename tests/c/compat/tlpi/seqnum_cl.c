/* Asks the server of argv[1], argv[2] for argv[3] sequence numbers. */
#include "seqnum.h"

int main(int argc, char *argv[]) {
    char seqNumStr[INT_LEN];
    ssize_t numRead;
    int cfd = argc == 4 ? inetConnect(argv[1], argv[2], SOCK_STREAM) : -1;

    if (cfd == -1) {
        perror("inetConnect");
        exit(EXIT_FAILURE);
    }
    if (writen(cfd, argv[3], strlen(argv[3])) == -1 || writen(cfd, "\n", 1) != 1)
        exit(EXIT_FAILURE);
    numRead = readLine(cfd, seqNumStr, INT_LEN);
    if (numRead == -1)
        exit(EXIT_FAILURE);
    if (numRead == 0)
        fprintf(stderr, "Unexpected EOF from server\n");
    printf("Sequence number: %s", seqNumStr);
    exit(EXIT_SUCCESS);
}
