/* rdwrn.h - over sockutil: readn and writen, which the programs of "The Linux Programming Interface" get from the
 * book's rdwrn.h and rdwrn.c.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Compile the program unchanged, with -I the folder of this file and -lsockutil, and leave the book's rdwrn.c out. They
 * are sockutil's own functions of these names. A program that defines SOCKUTIL_NO_CLASSIC_NAMES has a readn and a
 * writen of its own, and gets their prototypes alone. */
#ifndef RDWRN_H
#define RDWRN_H

#if defined(SOCKUTIL_NO_CLASSIC_NAMES)

#include <sys/types.h>

ssize_t readn(int fd, void *buffer, size_t n);
ssize_t writen(int fd, const void *buffer, size_t n);

#elif defined(SOCKUTIL_CLASSIC_NAMES_LEFT_OUT)

/* Another header of this family came first, and left sockutil's classic names out. */
#if defined(__GNUC__)
#define RDWRN_INLINE static __inline__ __attribute__((__unused__))
#else
#define RDWRN_INLINE static
#endif

RDWRN_INLINE ssize_t readn(int fd, void *buffer, size_t n) {
    return sockutil_readn(fd, buffer, n);
}

RDWRN_INLINE ssize_t writen(int fd, const void *buffer, size_t n) {
    return sockutil_writen(fd, buffer, n);
}

#undef RDWRN_INLINE

#else

#include <sockutil.h>

#endif

#endif
