#include <errno.h>
#include <sockutil.h>
#include <stdio.h>
#include <string.h>

int main(void) {
    static const char *const words[] = {"one", "two", "three", "four"};
    int ends[2], little = 4096;
    char memory[1024], bytes[64], news[600] = "news";
    sockutil_writer writer;
    size_t done, dropped = 0;
    ssize_t len;

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0 ||
        sockutil_writer_init(&writer, ends[0], memory, sizeof(memory)))
        return 1;

    /* 1. Small frames, and bytes without a header, are only copied. */
    for (size_t i = 0; i < 4; i++)
        if (sockutil_writer_frame(&writer, 2, words[i],
                                  strlen(words[i]), NULL, 100) != 1)
            return 1;
    if (sockutil_writer_put(&writer, "end\n", 4, NULL, 100) != 1)
        return 1;
    printf("%zu bytes are held\n", sockutil_writer_pending(&writer));

    /* 2. They leave in one system call. */
    if (sockutil_writer_flush(&writer, 100) != 1 ||
        (len = recv_peek(ends[1], bytes, sizeof(bytes))) < 0)
        return 1;
    printf("%zd bytes have arrived\n", len);

    /* 3. A peer that does not read: a frame that does not fit is
     *    dropped as a whole. */
    if (setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &little,
                   sizeof(little)) < 0)
        return 1;
    for (size_t i = 0; i < 100; i++) {
        done = 0;
        if (sockutil_writer_frame(&writer, 2, news, sizeof(news), &done,
                                  SOCKUTIL_NOWAIT) == 1)
            continue;
        if (errno != EAGAIN || done != 0)
            return 1;
        dropped++;
    }
    printf("some frames were dropped: %s\n",
           dropped > 0 ? "yes" : "no");
    return 0;
}
