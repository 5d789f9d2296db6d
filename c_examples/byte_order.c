/* byte_order.c - the order of a number's bytes: in this host's memory, and on the network. */
#include "example.h"
#include <inttypes.h>

static const char HELP[] = "usage: byte_order [-h]\n"
                           "Prints how this host stores numbers in memory, and what each conversion changes.\n";

/* Prints n bytes of memory, the lowest address first. */
static void print_bytes(const void *start, size_t n) {
    const unsigned char *bytes = start;
    for (size_t i = 0; i < n; i++)
        printf(" %02x", bytes[i]);
    putchar('\n');
}

int main(int argc, char *argv[]) {
    (void)next_option(argc, argv, "+h", HELP);
    no_more_arguments(argv);

    /* 1. this host: the number is 0x0102 on every host, but its bytes in memory differ */
    uint16_t host16 = 0x0102;
    printf("this host is %s-endian, its memory holds 0x0102 as", sockutil_is_big_endian() ? "big" : "little");
    print_bytes(&host16, sizeof(host16));

    /* 2. convert, so that the bytes in memory are in network order: the number may change. Then convert back. */
    uint16_t net16 = sockutil_htons(host16);
    printf("htons(0x0102) = 0x%04" PRIx16 ", in memory", net16);
    print_bytes(&net16, sizeof(net16));
    printf("ntohs(0x%04" PRIx16 ") = 0x%04" PRIx16 "\n", net16, sockutil_ntohs(net16));

    uint32_t net32 = sockutil_htonl(0x01020304);
    printf("htonl(0x01020304) = 0x%08" PRIx32 ", in memory", net32);
    print_bytes(&net32, sizeof(net32));
    printf("ntohl(0x%08" PRIx32 ") = 0x%08" PRIx32 "\n", net32, sockutil_ntohl(net32));

    uint64_t net64 = sockutil_htonll(0x0102030405060708);
    printf("htonll(0x0102030405060708) = 0x%016" PRIx64 ", in memory", net64);
    print_bytes(&net64, sizeof(net64));
    printf("ntohll(0x%016" PRIx64 ") = 0x%016" PRIx64 "\n", net64, sockutil_ntohll(net64));

    /* 3. a message: a byte, then numbers of 2, 4 and 8 bytes, nothing between them. They are not aligned, so
     * that access through a pointer to uint16_t, uint32_t or uint64_t would be undefined. */
    _Alignas(8) unsigned char message[1 + 2 + 4 + 8] = {0xff};
    unsigned char *at16 = message + 1, *at32 = at16 + 2, *at64 = at32 + 4;
    sockutil_put_be16(at16, 0x0102);
    sockutil_put_be32(at32, 0x01020304);
    sockutil_put_be64(at64, 0x0102030405060708);
    printf("message, numbers at %s addresses:",
           (uintptr_t)at16 & (uintptr_t)at32 & (uintptr_t)at64 & 1 ? "odd" : "even");
    print_bytes(message, sizeof(message));
    printf("get_be16: 0x%04" PRIx16 "\n", sockutil_get_be16(at16));
    printf("get_be32: 0x%08" PRIx32 "\n", sockutil_get_be32(at32));
    printf("get_be64: 0x%016" PRIx64 "\n", sockutil_get_be64(at64));

    /* 4. a socket address: its port and its address are in network order */
    struct sockaddr_in address = address_from("192.168.1.100", "6666");
    printf("192.168.1.100 in memory:");
    print_bytes(&address.sin_addr, sizeof(address.sin_addr));
    printf("as a number: s_addr = 0x%08" PRIx32 ", ntohl(s_addr) = 0x%08" PRIx32 "\n", address.sin_addr.s_addr,
           sockutil_ntohl(address.sin_addr.s_addr));
    printf("port 6666 in memory:");
    print_bytes(&address.sin_port, sizeof(address.sin_port));

    /* 5. the classic mistake: a port that is not converted */
    address.sin_port = 6666;
    printf("port 6666 without htons is port %" PRIu16 "\n", sockutil_get_be16(&address.sin_port));
    return 0;
}
