/* read_line.h and inet_sockets.h declare no readn, writen, recv_peek or readline: a program may have its own. */
#include "inet_sockets.h"
#include "read_line.h"

static int readn = 7;

static int readline(void) {
    return readn;
}

static int writen(int recv_peek) {
    return recv_peek;
}

int main(void) {
    return writen(readline());
}
