/* How the library handles the resolver's answers: the program's getaddrinfo replaces libc's, and returns what each case
 * needs.
 * usage: resolver CASE
 */
#include "check.h"
#include <sockutil.h>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>

#define MOST 16

static struct sockaddr_in6 list[MOST]; /* Room for IPv4 as well. */
static struct addrinfo nodes[MOST];
static int listed, answer, answer_errno, freed;

/* Adds the next address to the list: an IPv6 one with a zone after a '%', or an IPv4 one; a port after a ' '. */
static void add(const char *text) {
    char host[64];
    unsigned port = 80, zone = 0;
    CHECK(sscanf(text, "%63[^ %%]%%%u", host, &zone) >= 1);
    const char *blank = strchr(text, ' ');
    CHECK(blank == NULL || sscanf(blank, "%u", &port) == 1);
    struct sockaddr_in6 *v6 = &list[listed];
    struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)v6;
    struct addrinfo *node = &nodes[listed];
    memset(v6, 0, sizeof *v6);
    if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons((uint16_t)port);
        *node = (struct addrinfo){.ai_family = AF_INET, .ai_addrlen = sizeof *v4};
    } else {
        CHECK(inet_pton(AF_INET6, host, &v6->sin6_addr) == 1);
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons((uint16_t)port);
        v6->sin6_scope_id = zone;
        *node = (struct addrinfo){.ai_family = AF_INET6, .ai_addrlen = sizeof *v6};
    }
    node->ai_addr = (struct sockaddr *)(void *)v6;
    if (listed > 0)
        nodes[listed - 1].ai_next = node;
    listed++;
}

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **result) {
    (void)host, (void)service, (void)hints;
    if (answer_errno >= 0)
        errno = answer_errno;
    if (answer == 0)
        *result = nodes;
    return answer;
}

void freeaddrinfo(struct addrinfo *first) {
    CHECK(first == nodes);
    freed++;
}

/* ---- The cases. */

/* Each address is given once, in order, wherever its copies stand. */
static void once(void) {
    static const struct {
        const char *found[8], *given[8];
    } rows[] = {
        {{"192.0.2.1"}, {"192.0.2.1:80"}},
        {{"192.0.2.1", "192.0.2.1"}, {"192.0.2.1:80"}},
        {{"192.0.2.1", "192.0.2.2", "192.0.2.1"}, {"192.0.2.1:80", "192.0.2.2:80"}},
        {{"192.0.2.1", "192.0.2.2", "192.0.2.1", "192.0.2.3", "192.0.2.2"},
         {"192.0.2.1:80", "192.0.2.2:80", "192.0.2.3:80"}},
        {{"2001:db8::1", "192.0.2.1", "2001:db8::1", "192.0.2.1"}, {"[2001:db8::1]:80", "192.0.2.1:80"}},
        {{"192.0.2.3", "192.0.2.2", "192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.3"},
         {"192.0.2.3:80", "192.0.2.2:80", "192.0.2.1:80"}},
        /* Not the same: another port, another zone, another family. */
        {{"192.0.2.1 80", "192.0.2.1 81", "192.0.2.1 80"}, {"192.0.2.1:80", "192.0.2.1:81"}},
        {{"fe80::1%1000001", "fe80::1%1000002", "fe80::1%1000001"}, {"[fe80::1%1000001]:80", "[fe80::1%1000002]:80"}},
        {{"::ffff:192.0.2.1", "192.0.2.1", "::ffff:192.0.2.1"}, {"[::ffff:192.0.2.1]:80", "192.0.2.1:80"}},
    };
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        size_t given = 0;
        listed = 0;
        for (size_t i = 0; i < 8 && rows[row].found[i] != NULL; i++)
            add(rows[row].found[i]);
        while (given < 8 && rows[row].given[given] != NULL)
            given++;
        for (size_t cap = 0; cap <= MOST; cap++) {
            sockutil_addr out[MOST];
            size_t count = 4711;
            int gai = 4711;
            errno = 4711;
            memset(out, 0, sizeof out);
            CHECK(sockutil_resolve("name", "80", 0, 0, out, cap, &count, &gai) == 0);
            CHECK(errno == 4711 && gai == 0 && count == given);
            for (size_t i = 0; i < MOST; i++) {
                char text[128] = "";
                CHECK((sockutil_addr_format(&out[i], text, sizeof text) > 0) == (i < cap && i < given));
                CHECK(i >= cap || i >= given || strcmp(text, rows[row].given[i]) == 0);
            }
        }
    }
    CHECK(freed == (int)(sizeof rows / sizeof rows[0]) * (MOST + 1));
}

/* All calls that ask the resolver. */
static int call(int function, int *gai) {
    size_t count = 0;
    switch (function) {
    case 0:
        return sockutil_tcp_listen("name", "80", 1, 0, gai);
    case 1:
        return sockutil_tcp_connect("name", "80", 0, 1000, gai);
    case 2:
        return sockutil_udp_bind("name", "80", 0, gai);
    case 3:
        return sockutil_udp_connect("name", "80", 0, gai);
    default:
        return sockutil_resolve("name", "80", SOCK_STREAM, 0, NULL, 0, &count, gai);
    }
}

/* EAI_SYSTEM means that errno has the cause; if it has none, EIO. Each other failure is EADDRNOTAVAIL. */
static void failures(void) {
    static const struct {
        int answer, answer_errno, expected;
    } rows[] = {
        {EAI_SYSTEM, EMFILE, EMFILE},
        {EAI_SYSTEM, ENOMEM, ENOMEM},
        {EAI_SYSTEM, EADDRNOTAVAIL, EADDRNOTAVAIL},
        {EAI_SYSTEM, 0, EIO},
        {EAI_SYSTEM, -1, EIO}, /* It does not set errno, which keeps the program's value. */
        {EAI_NONAME, 0, EADDRNOTAVAIL},
        {EAI_NONAME, -1, EADDRNOTAVAIL},
        {EAI_AGAIN, EMFILE, EADDRNOTAVAIL},
        {EAI_MEMORY, ENOMEM, EADDRNOTAVAIL},
        {EAI_FAIL, 0, EADDRNOTAVAIL},
    };
    for (int function = 0; function < 5; function++) {
        for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
            for (int stale = 0; stale < 2; stale++) {
                int gai = 4711;
                answer = rows[row].answer;
                answer_errno = rows[row].answer_errno;
                errno = stale ? 4711 : 0;
                CHECK(call(function, &gai) == -1);
                CHECK(errno == rows[row].expected);
                CHECK(gai == answer);
                errno = stale ? 4711 : 0;
                CHECK(call(function, NULL) == -1);
                CHECK(errno == rows[row].expected);
            }
        }
    }
    CHECK(freed == 0);
}

/* A resolver that changes errno and succeeds. */
static void success(void) {
    add("127.0.0.1 0");
    answer_errno = ENOENT;
    for (int function = 0; function < 5; function++) {
        int gai = 4711;
        if (function == 1)
            continue; /* Port 0 has no listener. */
        errno = 4711;
        CHECK(call(function, &gai) >= 0);
        CHECK(errno == 4711 && gai == 0);
    }
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        void (*run)(void);
    } cases[] = {{"once", once}, {"failures", failures}, {"success", success}};
    CHECK_BOUND(30);
    answer_errno = -1;
    for (size_t i = 0; argc == 2 && i < sizeof cases / sizeof cases[0]; i++) {
        if (strcmp(argv[1], cases[i].name) == 0) {
            cases[i].run();
            return 0;
        }
    }
    fputs("usage: resolver CASE\n", stderr);
    return 2;
}
