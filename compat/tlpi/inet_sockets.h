/* inet_sockets.h - over sockutil: the functions that the programs of "The Linux Programming Interface" get from the
 * book's inet_sockets.h and inet_sockets.c.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Compile the program unchanged, with -I the folder of this file and -lsockutil, and leave the book's inet_sockets.c
 * out. Children inherit every descriptor, as the book's. */
#ifndef INET_SOCKETS_H
#define INET_SOCKETS_H

/* With -std=c99 and its like glibc declares no getaddrinfo, unless it is asked to before its first header. */
#if defined(__STRICT_ANSI__) && !defined(_GNU_SOURCE) && !defined(_DEFAULT_SOURCE)
#define _DEFAULT_SOURCE
#endif

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
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The room that inetAddressStr needs at most. */
#define IS_ADDR_STR_LEN 4096

#if defined(__GNUC__)
#define INET_SOCKETS_INLINE static __inline__ __attribute__((__unused__))
#else
#define INET_SOCKETS_INLINE static
#endif

/* Connects a socket of type SOCK_STREAM or SOCK_DGRAM to host (NULL: this one) and service, by whichever of the host's
 * addresses works. Returns the descriptor; -1 with errno, which is ENOSYS if the resolver failed. */
INET_SOCKETS_INLINE int inetConnect(const char *host, const char *service, int type) {
    int gai = 0;
    int fd = -1;
    if (type == SOCK_STREAM)
        fd = sockutil_tcp_connect(host, service, SOCKUTIL_INHERIT, SOCKUTIL_FOREVER, &gai);
    else if (type == SOCK_DGRAM)
        fd = sockutil_udp_connect(host, service, SOCKUTIL_INHERIT, &gai);
    else
        gai = EAI_SOCKTYPE;
    if (fd < 0 && gai != 0)
        errno = ENOSYS;
    return fd;
}

/* Makes a stream socket that listens at service on all IPv4 addresses: peers then have plain IPv4 addresses, as
 * programs expect. *addrlen, unless NULL, becomes the size of its addresses. Returns the descriptor; -1 with errno,
 * which is left alone if the resolver failed. */
INET_SOCKETS_INLINE int inetListen(const char *service, int backlog, socklen_t *addrlen) {
    int before = errno;
    int gai = 0;
    int fd;
    /* listen(2) takes any number, sockutil a sensible one. */
    if (backlog < 0 || backlog > 65535)
        backlog = 65535;
    fd = sockutil_tcp_listen("0.0.0.0", service, backlog, SOCKUTIL_INHERIT, &gai);
    if (fd < 0 && gai != 0)
        errno = before;
    if (fd >= 0 && addrlen != NULL)
        *addrlen = (socklen_t)sizeof(struct sockaddr_in);
    return fd;
}

/* Makes a socket of a type and binds it to service on all IPv4 addresses, without SO_REUSEADDR. A stream socket does
 * not listen yet. *addrlen and the result are as for inetListen. */
INET_SOCKETS_INLINE int inetBind(const char *service, int type, socklen_t *addrlen) {
    int before = errno;
    int gai = 0;
    size_t found;
    sockutil_addr local;
    int fd;
    if (sockutil_resolve("0.0.0.0", service, type, 0, &local, 1, &found, &gai) < 0) {
        if (gai != 0)
            errno = before;
        return -1;
    }
    fd = socket(local.ss.ss_family, type, 0);
    if (fd < 0)
        return -1;
    if (bind(fd, (const struct sockaddr *)&local.ss, local.len) < 0) {
        int cause = errno;
        (void)close(fd);
        errno = cause;
        return -1;
    }
    if (addrlen != NULL)
        *addrlen = local.len;
    return fd;
}

/* Writes "(host, port)", where host is the name that the resolver finds for the address, or "(?UNKNOWN?)", cut to
 * addrStrLen with its NUL. Returns addrStr. */
INET_SOCKETS_INLINE char *inetAddressStr(const struct sockaddr *addr, socklen_t addrlen, char *addrStr,
                                         int addrStrLen) {
    char host[1025], port[32], text[sizeof host + sizeof port + 4];
    size_t length;
    if (getnameinfo(addr, addrlen, host, sizeof host, port, sizeof port, NI_NUMERICSERV) == 0)
        sprintf(text, "(%s, %s)", host, port);
    else
        strcpy(text, "(?UNKNOWN?)");
    length = strlen(text);
    if (addrStrLen <= 0)
        return addrStr;
    if (length >= (size_t)addrStrLen)
        length = (size_t)addrStrLen - 1;
    memcpy(addrStr, text, length);
    addrStr[length] = '\0';
    return addrStr;
}

#undef INET_SOCKETS_INLINE

#endif
