#include <netdb.h>
#include <sockutil.h>
#include <stdio.h>

int main(void) {
    static const char *const texts[] = {"192.168.1.100:6666",
                                        "127.1:80", "0:0:0:0:0:0:0:1",
                                        "unix:@name"};
    sockutil_addr address, found[8];
    char text[128];
    sockutil_network home;
    size_t count;
    int gai;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        int r = sockutil_addr_parse(&address, texts[i], 80);
        if (r < 0 || (r == 1 && sockutil_addr_format(&address, text,
                                                     sizeof(text)) < 0))
            return 1;
        printf("%s: %s\n", texts[i], r == 1 ? text : "no address");
    }

    /* Is it one of ours? Clients of a listener for both families look
     * like this. */
    if (sockutil_network_parse(&home, "192.168.0.0/16") != 1 ||
        sockutil_addr_parse(&address, "::ffff:192.168.1.7", 80) != 1)
        return 1;
    printf("in 192.168.0.0/16: %s\n",
           sockutil_addr_in(&address, &home) ? "yes" : "no");
    if (sockutil_addr_unmap(&address) != 1 ||
        sockutil_addr_format(&address, text, sizeof(text)) < 0)
        return 1;
    printf("as IPv4: %s\n", text);

    /* The address from which this host would send to a peer. */
    if (sockutil_addr_parse(&address, "127.0.0.1", 80) != 1 ||
        sockutil_addr_source_for(&address, &found[0]) < 0 ||
        sockutil_addr_format(&found[0], text, sizeof(text)) < 0)
        return 1;
    printf("to 127.0.0.1: from %s\n", text);

    /* A name, without the resolver: an error. */
    if (sockutil_resolve("localhost", "80", SOCK_STREAM,
                         SOCKUTIL_NUMERIC, found, 8, &count,
                         &gai) != -1)
        return 1;
    printf("localhost: %s\n",
           gai == EAI_NONAME ? "not asked for" : "?");
    return 0;
}
