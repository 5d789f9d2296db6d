#include <sockutil.h>
#include <stdio.h>

int main(void) {
    unsigned char record[7]; /* a type, a port, a serial number */

    /* The numbers may have any alignment. */
    record[0] = 1;
    sockutil_put_be16(record + 1, 6666);
    sockutil_put_be32(record + 3, 0x01020304);
    for (size_t i = 0; i < sizeof(record); i++)
        printf("%02x%c", record[i], i < 6 ? ' ' : '\n');

    printf("port %u, serial 0x%08x\n",
           (unsigned)sockutil_get_be16(record + 1),
           (unsigned)sockutil_get_be32(record + 3));

    /* On a big-endian host the bytes stay in order. */
    int unchanged = sockutil_htons(6666) == 6666;
    printf("%s\n", unchanged == sockutil_is_big_endian() ? "as expected"
                                                         : "strange");
    return 0;
}
