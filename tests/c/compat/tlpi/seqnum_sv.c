/* Gives each client as many sequence numbers as it asks for, beginning with the next one. */
#include "seqnum.h"

int main(int argc, char *argv[]) {
    int seqNum = 0, reqLen, lfd, cfd;
    char reqLenStr[INT_LEN], seqNumStr[INT_LEN];
    struct sockaddr_in addr;
    socklen_t addrlen;

    if (argc != 2 || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        exit(EXIT_FAILURE);
    lfd = inetListen(argv[1], 5, &addrlen);
    if (lfd == -1 || getsockname(lfd, (struct sockaddr *)&addr, &addrlen) == -1)
        exit(EXIT_FAILURE);
    printf("%d\n", ntohs(addr.sin_port));
    fflush(stdout);
    for (;;) {
        cfd = accept(lfd, NULL, NULL);
        if (cfd == -1)
            exit(EXIT_FAILURE);
        if (readLine(cfd, reqLenStr, INT_LEN) > 0 && (reqLen = atoi(reqLenStr)) > 0) {
            snprintf(seqNumStr, INT_LEN, "%d\n", seqNum);
            if (writen(cfd, seqNumStr, strlen(seqNumStr)) != (ssize_t)strlen(seqNumStr))
                fprintf(stderr, "Error on write");
            seqNum += reqLen;
        }
        if (close(cfd) == -1)
            exit(EXIT_FAILURE);
    }
}
