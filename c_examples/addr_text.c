/* addr_text.c - which texts are addresses for sockutil_pton, sockutil_addr_parse, inet_addr and inet_aton. */
#include "example.h"
#include "lab.h"
#include <arpa/inet.h>

static const char HELP[] =
    "usage: addr_text [-h] [text...]\n"
    "Prints for each text whether it is an address, and which one. Default: a built-in table, and then\n"
    "what inet_ntoa does with its buffer, and sockutil_ntop with a buffer that is too small.\n";

static char *table[] = {
    "192.168.1.100",  "255.255.255.255", "010.1.1.1",     "08.1.1.1",      "0x7f.1",    "1.2.3",        "2130706433",
    "256.1.1.1",      "1.2.3.4.5",       "1.2..3",        " 1.2.3.4",      "1.2.3.4 x", "1.2.3.4x",     "::1",
    "::ffff:1.2.3.4", "::ffff:1.2.3.04", "2001:DB8::0:1", "1:2:3:4:5:6:7", "1::2::3",   "12345::",      "fe80::1%lo",
    "fe80::1%none",   "1.2.3.4:80",      "1.2.3.4:65536", "[::1]",         "[::1]:80",  "[1.2.3.4]:80", NULL};

/* Returns the rule that a text breaks. An IPv4 address is four decimal numbers of 0 to 255, separated by dots. */
static const char *broken_rule_v4(const char *text) {
    int numbers = 1;
    for (const char *number = text;; number++, numbers++) {
        size_t length = strcspn(number, "."), digits = strspn(number, "0123456789");
        if (number[0] == '0' && (number[1] == 'x' || number[1] == 'X'))
            return "0x: hexadecimal for inet_aton";
        if (digits < length)
            return number[digits] == ' ' ? "a blank" : "a character that is no digit";
        if (length == 0)
            return "a number is missing";
        if (number[0] == '0' && length > 1)
            return "a leading zero: octal for inet_aton";
        if (length < strlen(text) && (length > 3 || atoi(number) > 255))
            return "a number above 255";
        number += length;
        if (*number == '\0')
            return numbers < 4 ? "fewer than 4 numbers: for inet_aton the last one is longer" : "more than 4 numbers";
    }
}

/* An IPv6 address is eight groups of up to four hexadecimal digits, separated by colons. The last two groups may be
 * written as an IPv4 address, and one "::" stands for the groups that are missing. */
static const char *broken_rule_v6(const char *text) {
    const char *gap = strstr(text, "::"), *last = strrchr(text, ':') + 1;
    if (text[0] == '[' || last == strchr(text, ':') + 1)
        return "not ip:port or [ipv6]:port, port 0 to 65535 without leading zeros";
    struct in_addr v4;
    int dotted = strchr(last, '.') != NULL;
    if (dotted && sockutil_pton(AF_INET, last, &v4) != 1)
        return broken_rule_v4(last);
    for (const char *group = text; *group != '\0' && !(dotted && group == last); group += *group == ':') {
        size_t digits = strspn(group, "0123456789abcdefABCDEF");
        group += digits;
        if (*group != ':' && *group != '\0')
            return "a character that is no hexadecimal digit";
        if (digits > 4)
            return "a group of more than 4 digits";
    }
    return gap != NULL && strstr(gap + 1, "::") != NULL ? "more than one \"::\"" : "not 8 groups";
}

static struct address_text ip_text(int af, const void *ip) {
    struct address_text text;
    if (sockutil_ntop(af, ip, text.s, sizeof(text.s)) == NULL)
        die("ntop");
    return text;
}

/* Prints one row of the table: what each function returns, and why. */
static void judge(const char *text) {
    const struct address_text refused = {"refused"}, error = {"INADDR_NONE"};

    /* 1. an address alone, of one family */
    struct in6_addr ip; /* has room for an in_addr too */
    int af = sockutil_pton(AF_INET, text, &ip) == 1 ? AF_INET : sockutil_pton(AF_INET6, text, &ip) == 1 ? AF_INET6 : 0;
    struct address_text pton = af != 0 ? ip_text(af, &ip) : refused;

    /* 2. an address of any family, perhaps with a port and a zone */
    sockutil_addr address;
    int parsed = sockutil_addr_parse(&address, text, 6666), e = errno;
    struct address_text parse = parsed == 1 ? endpoint_text(&address) : refused;

    /* 3. the old inet_addr: its error value, INADDR_NONE, is an address too */
    struct in_addr old = {inet_addr(text)};
    struct address_text addr = old.s_addr != INADDR_NONE ? ip_text(AF_INET, &old) : error;

    /* 4. the old inet_aton: errors are clear, but it accepts surprising forms */
    struct address_text aton = inet_aton(text, &old) != 0 ? ip_text(AF_INET, &old) : refused;

    const char *why = "a form of RFC 4291, written as in RFC 5952";
    if (af == AF_INET)
        why = strcmp(addr.s, error.s) == 0 ? "inet_addr's error is this address" : "4 numbers of 0 to 255";
    else if (af == 0 && parsed != 0)
        why = parsed == 1 ? "more than an address: brackets, zone, port or path" : strerror(e);
    else if (af == 0)
        why = strchr(text, ':') != NULL ? broken_rule_v6(text) : broken_rule_v4(text);
    int pad = strlen(text) < 20 ? 20 - (int)strlen(text) : 1;
    printf("\"%s\"%*s %-16s %-22s %-16s %-16s %s\n", text, pad, "", pton.s, parse.s, addr.s, aton.s, why);
}

int main(int argc, char *argv[]) {
    (void)next_option(argc, argv, "+h", HELP);
    puts("text                   sockutil_pton    sockutil_addr_parse    inet_addr        inet_aton        why");
    for (char **text = optind < argc ? argv + optind : table; *text != NULL; text++)
        judge(*text);
    if (optind < argc)
        return 0;

    /* 5. back to text with the old inet_ntoa: all calls share one buffer */
    struct in_addr one = {sockutil_htonl(0xc0a86464)}, two = {sockutil_htonl(0x0a000001)};
    const char *first = inet_ntoa(one);
    printf("inet_ntoa: %s", first);
    (void)inet_ntoa(two);
    printf(", which after the next inet_ntoa reads %s\n", first);

    /* 6. sockutil_ntop writes into the caller's buffer. Pass its full size, with room for the NUL. */
    char text[INET_ADDRSTRLEN];
    for (size_t size = sizeof(text); size >= sizeof(text) - 1; size--) {
        int fits = sockutil_ntop(AF_INET, &one, text, (socklen_t)size) != NULL;
        printf("sockutil_ntop into %zu bytes: %s\n", size, fits ? text : errno_name(errno));
    }
    return 0;
}
