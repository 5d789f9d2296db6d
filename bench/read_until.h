/* read_until.h - the part in Rust (rust/src/lib.rs): std's BufReader and read_until. */
#ifndef READ_UNTIL_H
#define READ_UNTIL_H

#include <stddef.h>

/* A BufReader of so many bytes over a socket, which the caller still owns. */
void *bench_read_until_open(int fd, size_t capacity);

/* Reads lines up to so many bytes in all, and returns the number of bytes; fewer after a failure, or after a line that
 * is not as expected (not checked if that is NULL). */
size_t bench_read_until(void *reader, size_t batch, const char *expected, size_t line_bytes, size_t *lines);

void bench_read_until_close(void *reader);

#endif
