/* seqnum.h - shared by the server and the client: numbers as lines of text. */
#include "inet_sockets.h"
#include "rdwrn.h"
#include "read_line.h"
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define INT_LEN 30
