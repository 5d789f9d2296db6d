/* udp_home.c - a UDP server that answers from the address that it was asked at, and one that does not. */
#include "example.h"
#include "lab.h"

static const char HELP[] =
    "usage: udp_home [-h] [ip]\n"
    "Asks two servers on any address at ip, an address of this machine that is not the first one of\n"
    "its interface, and prints where their answers come from. Default: 127.0.0.2.\n";
#define WAIT_MS 300

/* A socket at any address. With the option, each datagram brings the address that it was sent to. Sets *to to where
 * clients ask it: its port at ip. */
static int server(int option, const char *ip, sockutil_addr *to) {
    struct sockaddr_in asked = address_from(ip, "0");
    int gai, fd = sockutil_udp_bind("0.0.0.0", "0", SOCKUTIL_NUMERIC, &gai);
    if (fd < 0 || sockutil_set_pktinfo(fd, option) < 0)
        die("server");
    sockutil_addr local = local_address(fd);
    if (sockutil_addr_from(to, &asked, sizeof(asked)) < 0 || sockutil_addr_set_port(to, sockutil_addr_port(&local)) < 0)
        die("address");
    return fd;
}

/* As in the books: the answer goes to where the question came from. The kernel chooses the address it comes from. */
static void answer(int fd) {
    char data[64];
    sockutil_addr client;
    ssize_t n = sockutil_recvfrom(fd, data, sizeof(data), &client, NULL, WAIT_MS);
    if (n < 0 || sockutil_sendto(fd, data, (size_t)n, &client, WAIT_MS) < 0)
        die("answer");
    printf("  server: from %s, answered\n", endpoint_text(&client).s);
}

/* The same, but from the address at, which the client has asked. */
static void answer_from_home(int fd) {
    char data[64];
    sockutil_addr client, at;
    ssize_t n = sockutil_recvfrom_at(fd, data, sizeof(data), &client, &at, NULL, NULL, WAIT_MS);
    if (n < 0 || sockutil_sendto_from(fd, data, (size_t)n, &client, &at, 0, WAIT_MS) < 0)
        die("answer_from_home");
    printf("  server: from %s, asked at %s, answered from there\n", endpoint_text(&client).s, endpoint_text(&at).s);
}

/* Sends a question, connected or not, lets the server answer it, and prints what comes back. */
static void ask(const char *who, const sockutil_addr *server_address, int connected, int fd, void (*serve)(int)) {
    char data[64];
    sockutil_addr from;
    printf("%s asks %s\n", who, endpoint_text(server_address).s);
    int sockfd = socket(server_address->ss.ss_family, SOCK_DGRAM, 0);
    if (sockfd < 0 || (connected && sockutil_connect(sockfd, server_address, WAIT_MS) < 0) ||
        sockutil_sendto(sockfd, "where are you?", 14, connected ? NULL : server_address, WAIT_MS) < 0)
        die("ask");
    serve(fd);
    ssize_t n = sockutil_recvfrom(sockfd, data, sizeof(data), &from, NULL, WAIT_MS);
    if (n >= 0)
        printf("  client: %zd bytes from %s\n", n, endpoint_text(&from).s);
    else
        printf("  client: %s\n", errno == EAGAIN ? "no answer" : errno_name(errno));
    close_socket(sockfd);
}

int main(int argc, char *argv[]) {
    (void)next_option(argc, argv, "+h", HELP);
    const char *ip = next_argument(argv, "127.0.0.2");
    no_more_arguments(argv);
    line_buffer_stdout();

    /* 1. two servers on any address: one socket for all addresses of this machine. The option comes before the first
     * datagram. */
    sockutil_addr at_plain, at_home;
    int plain = server(0, ip, &at_plain), home = server(1, ip, &at_home);

    /* 2. a client that is not connected gets an answer from an address that it did not ask */
    ask("a client", &at_plain, 0, plain, answer);

    /* 3. a connected client never gets it: the kernel delivers only what comes from its peer */
    ask("a connected client", &at_plain, 1, plain, answer);

    /* 4. the server that answers from where it was asked: both clients get their answer */
    ask("a client", &at_home, 0, home, answer_from_home);
    ask("a connected client", &at_home, 1, home, answer_from_home);

    /* 5. close */
    close_socket(plain);
    close_socket(home);
    return 0;
}
