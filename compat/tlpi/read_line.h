/* read_line.h - over sockutil: readLine, which the programs of "The Linux Programming Interface" get from the book's
 * read_line.h and read_line.c.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Compile the program unchanged, with -I the folder of this file and -lsockutil, and leave the book's read_line.c out.
 */
#ifndef READ_LINE_H
#define READ_LINE_H

/* The book's header declares no readn and no readline, so programs may have their own: the classic names are left out,
 * unless the program has included sockutil.h or rdwrn.h before. */
#if !defined(SOCKUTIL_H) && !defined(SOCKUTIL_NO_CLASSIC_NAMES)
#define SOCKUTIL_NO_CLASSIC_NAMES
#include <sockutil.h>
#undef SOCKUTIL_NO_CLASSIC_NAMES
#define SOCKUTIL_CLASSIC_NAMES_LEFT_OUT
#else
#include <sockutil.h>
#endif

#include <errno.h>
#include <string.h>
#include <sys/types.h>

#if defined(__GNUC__)
#define READ_LINE_INLINE static __inline__ __attribute__((__unused__))
#else
#define READ_LINE_INLINE static
#endif

/* Reads a whole line, and not a byte past its newline. Stores at most n-1 bytes of it, the newline included, and a NUL;
 * what does not fit is thrown away. Waits as the descriptor's own O_NONBLOCK and SO_RCVTIMEO say.
 *
 * Returns the bytes stored, without the NUL; 0 at the end of the stream, and then nothing is stored; -1 with errno:
 * EINVAL for NULL or n 0. A failure loses the count, but the bytes taken are in buffer. */
READ_LINE_INLINE ssize_t readLine(int fd, void *buffer, size_t n) {
    char *to = (char *)buffer;
    char piece[2048];
    size_t stored = 0, part;
    ssize_t got;
    int nothing_yet = 1;
    if (n == 0 || buffer == NULL) {
        errno = EINVAL;
        return -1;
    }
    do {
        /* Into memory of our own: at the end of the stream the caller's must stay as it is. */
        piece[0] = '\0';
        got = sockutil_readline(fd, piece, sizeof piece);
        if (got == 0 && nothing_yet)
            return 0;
        part = got < 0 ? strlen(piece) : (size_t)got;
        if (part > n - 1 - stored)
            part = n - 1 - stored;
        memcpy(to + stored, piece, part);
        stored += part;
        nothing_yet = 0;
    } while (got > 0 && piece[got - 1] != '\n');
    if (got < 0 && stored == 0)
        return -1;
    to[stored] = '\0';
    return got < 0 ? -1 : (ssize_t)stored;
}

#undef READ_LINE_INLINE

#endif
