#include <netdb.h>
#include <sockutil.h>
#include <stdio.h>

int main(void) {
    static const char *const texts[] = {"192.168.1.100:6666",
                                        "127.1:80", "0:0:0:0:0:0:0:1",
                                        "unix:@name"};
    sockutil_addr address, found[8];
    char text[128];
    size_t count;
    int gai;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        int r = sockutil_addr_parse(&address, texts[i], 80);
        if (r < 0 || (r == 1 && sockutil_addr_format(&address, text,
                                                     sizeof(text)) < 0))
            return 1;
        printf("%s: %s\n", texts[i], r == 1 ? text : "no address");
    }

    /* A name, without the resolver: an error. */
    if (sockutil_resolve("localhost", "80", SOCK_STREAM,
                         SOCKUTIL_NUMERIC, found, 8, &count,
                         &gai) != -1)
        return 1;
    printf("localhost: %s\n",
           gai == EAI_NONAME ? "not asked for" : "?");
    return 0;
}
