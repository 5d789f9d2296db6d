/* tutorial.h - the helpers as the tutorials write them, each file with its own mistakes.
 *
 * They are only for the regression programs, which must fail with them. A file has the mistake that its first comment
 * names; the rest is correct, so that a test sees only that mistake.
 */
#ifndef TUTORIAL_H
#define TUTORIAL_H

#include <sys/select.h>
#include <sys/socket.h>
#include <sys/types.h>

ssize_t readn(int fd, void *buf, size_t n);
ssize_t writen(int fd, const void *buf, size_t n);
ssize_t readline(int sockfd, void *buf, size_t maxlen);

/* Sends back one line, read with the given readline. 0 or -1. */
int echo_line(ssize_t (*take)(int fd, void *buf, size_t maxlen), int fd);

/* 1: all n bytes; 0: end of stream; -1: error, EAGAIN when the time is up. */
int read_within(int fd, void *buf, size_t n, int timeout_ms);

/* 1 or 0; -1: error. */
int wait_readable(int fd, int timeout_ms);

/* The stack of wait_readable, in memory that a test can check. */
#define STACK_BYTE 0x23
extern struct select_frame {
    fd_set set;
    unsigned char behind[64];
} select_frame;

/* Defined by the test: its check after FD_SET. */
void after_fd_set(void);

/* The handler of SIGCHLD. */
void on_child(int signal_number);

/* 0 or -1; the descriptor is closed. */
int end_connection(int fd);

/* 1: a frame is in memory; -1: error. */
int take_frame(int fd, char *memory, size_t size);

const char *address_text(int af, const void *address, char *text, socklen_t size);

/* 1, or 0: not an address. */
int read_address(int af, const char *text, void *address);

/* The descriptor that came, or -1. */
int receive_descriptor(int unix_fd);

/* 0 or -1. */
int connect_within(int fd, const struct sockaddr *address, socklen_t size, int timeout_ms);

/* The connection, or -1. */
int connect_by_name(const char *host, const char *service, int timeout_ms);

/* Answers so many clients, each with a line. Returns how many it answered, with their names. */
int serve_clients(int listenfd, struct sockaddr_storage *peers, int count);

/* A listener on the loopback, or -1. */
int start_server(int port);

#endif
