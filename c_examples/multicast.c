/* multicast.c - one datagram for a group or for all hosts: interface, join, send, leave; and broadcast. */
#include "example.h"
#include "lab.h"
#include <net/if.h>

static const char HELP[] =
    "usage: multicast [-h]\n"
    "Sends datagrams to a group before a socket joins it, while it is a member, and after it leaves;\n"
    "then broadcasts without and with the option. All traffic stays on this host.\n";
#define WAIT_MS 300

static void tell(const char *call, int result) {
    printf("%s: %s\n", call, result == 0 ? "ok" : errno_name(errno));
}

/* Sends a datagram, and prints what the receiver gets. */
static void send_and_receive(int sender, const char *text, const sockutil_addr *to, int receiver) {
    char data[64];
    if (sockutil_sendto(sender, text, strlen(text), to, WAIT_MS) < 0) {
        printf("send to %s: %s\n", endpoint_text(to).s, errno_name(errno));
        return;
    }
    printf("send to %s: ok\n", endpoint_text(to).s);
    ssize_t n = sockutil_recvfrom(receiver, data, sizeof(data), NULL, NULL, WAIT_MS);
    if (n >= 0)
        printf("received \"%.*s\"\n", (int)n, data);
    else
        printf("received nothing: %s\n", errno_name(errno));
}

int main(int argc, char *argv[]) {
    (void)next_option(argc, argv, "+h", HELP);
    no_more_arguments(argv);

    /* 1. interface: by its number, to join on it and to send through it. Its name is lo on Linux, lo0 elsewhere. */
    const char *name = "lo";
    unsigned lo = if_nametoindex(name);
    if (lo == 0 && (lo = if_nametoindex(name = "lo0")) == 0)
        die("if_nametoindex");
    printf("interface %s: number %u\n", name, lo);

    /* 2. receiver: bound to any address, since datagrams are sent to the group's address. Unless IP_MULTICAST_ALL is
     * off, Linux also delivers groups that other sockets of this host have joined; some emulators lack the option. */
    int gai, receiver = sockutil_udp_bind("0.0.0.0", "0", SOCKUTIL_NUMERIC, &gai);
    if (receiver < 0)
        die("receiver");
#ifdef IP_MULTICAST_ALL
    if (sockutil_setsockopt_int(receiver, IPPROTO_IP, IP_MULTICAST_ALL, 0) < 0 && errno != ENOPROTOOPT)
        die("IP_MULTICAST_ALL");
#endif
    sockutil_addr local = local_address(receiver), group, everybody;
    if (sockutil_addr_parse(&group, "239.255.66.66", sockutil_addr_port(&local)) != 1 ||
        sockutil_addr_parse(&everybody, "127.255.255.255", sockutil_addr_port(&local)) != 1)
        die("addr_parse");

    /* 3. sender: it need not join. By default the interface is that of the route, and there may be none. */
    int sender = socket(AF_INET, SOCK_DGRAM, 0);
    if (sender < 0 || sockutil_set_multicast_interface(sender, AF_INET, lo) < 0)
        die("sender");

    /* 4. send before the receiver is a member */
    send_and_receive(sender, "before", &group, receiver);

    /* 5. join, once per interface */
    tell("join", sockutil_multicast_join(receiver, &group, lo));
    send_and_receive(sender, "joined", &group, receiver);
    tell("join again", sockutil_multicast_join(receiver, &group, lo));

    /* 6. leave */
    tell("leave", sockutil_multicast_leave(receiver, &group, lo));
    send_and_receive(sender, "after", &group, receiver);
    tell("leave again", sockutil_multicast_leave(receiver, &group, lo));

    /* 7. broadcast: every host receives it without a join, so the sender must ask for the right with an option */
    send_and_receive(sender, "no option", &everybody, receiver);
    tell("broadcast option on", sockutil_set_broadcast(sender, 1));
    send_and_receive(sender, "with option", &everybody, receiver);
    tell("broadcast option off", sockutil_set_broadcast(sender, 0));
    send_and_receive(sender, "no option", &everybody, receiver);

    /* 8. close */
    close_socket(sender);
    close_socket(receiver);
    return 0;
}
