#include <sockutil.h>
#include <stdio.h>
#include <string.h>

int main(void) {
    char header[32];

    (void)snprintf(header, sizeof(header), "%d.%d.%d",
                   SOCKUTIL_VERSION_MAJOR, SOCKUTIL_VERSION_MINOR,
                   SOCKUTIL_VERSION_PATCH);

    /* They may differ with the shared library: the header is from
     * compile time, the library from run time. */
    printf("compiled with %s\n", header);
    printf("running with %s\n", sockutil_version());
    if (strcmp(header, sockutil_version()) != 0)
        printf("they differ\n");
    return 0;
}
