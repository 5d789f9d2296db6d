/* A program for the web server: adds the two numbers of the query, such as 15000&213. */
#include "csapp.h"

int main(void) {
    char *buf = getenv("QUERY_STRING"), content[MAXLINE];
    int n1 = 0, n2 = 0;

    if (buf == NULL || sscanf(buf, "%d&%d", &n1, &n2) != 2)
        app_error("adder: two numbers are needed");
    sprintf(content, "%d + %d = %d\n", n1, n2, n1 + n2);
    printf("Content-length: %d\r\n\r\n%s", (int)strlen(content), content);
    fflush(stdout);
    exit(0);
}
