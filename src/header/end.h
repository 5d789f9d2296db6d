/* ---- Classic names ---------------------------------------------------- */

/* The same four without their prefix, as inline functions: a program that
 * includes this header refers to no bare symbol, and a copy of readn that was
 * left below is a compile error. A source that uses these names for something
 * else, such as GNU Readline's readline: #define SOCKUTIL_NO_CLASSIC_NAMES
 * before this header. A prototype of one's own may follow the header, but not
 * precede it. The compiler does not warn of results that are ignored. */
#ifndef SOCKUTIL_NO_CLASSIC_NAMES
#if defined(__cplusplus) || (defined(__STDC_VERSION__) && __STDC_VERSION__ >= 199901L)
#define SOCKUTIL_CLASSIC static inline
#elif defined(__GNUC__)
#define SOCKUTIL_CLASSIC static __inline
#else
#define SOCKUTIL_CLASSIC static
#endif
SOCKUTIL_WRITES(2, 3)
SOCKUTIL_CLASSIC ssize_t readn(int fd, void *buf, size_t n)
{
    return sockutil_readn(fd, buf, n);
}
SOCKUTIL_READS(2, 3)
SOCKUTIL_CLASSIC ssize_t writen(int fd, const void *buf, size_t n)
{
    return sockutil_writen(fd, buf, n);
}
SOCKUTIL_WRITES(2, 3)
SOCKUTIL_CLASSIC ssize_t recv_peek(int sockfd, void *buf, size_t len)
{
    return sockutil_recv_peek(sockfd, buf, len);
}
SOCKUTIL_WRITES(2, 3)
SOCKUTIL_CLASSIC ssize_t readline(int sockfd, void *buf, size_t maxlen)
{
    return sockutil_readline(sockfd, buf, maxlen);
}
#undef SOCKUTIL_CLASSIC
#endif

/* ---- Byte order, inline ------------------------------------------------ */

/* The same functions inline, for compilers that can swap bytes. If you take an
 * address, or use another compiler, you get the library's. */
#if defined(__GNUC__) && defined(__BYTE_ORDER__) && \
    (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ || \
     __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define SOCKUTIL_SWAP(bits, number) __builtin_bswap##bits(number)
#else
#define SOCKUTIL_SWAP(bits, number) (number)
#endif
#define SOCKUTIL_INLINE extern __inline __attribute__((__gnu_inline__))
#define SOCKUTIL_BYTE_ORDER(bits, hton, ntoh)                                \
    SOCKUTIL_INLINE uint##bits##_t hton(uint##bits##_t host)                 \
    {                                                                        \
        return SOCKUTIL_SWAP(bits, host);                                    \
    }                                                                        \
    SOCKUTIL_INLINE uint##bits##_t ntoh(uint##bits##_t net)                  \
    {                                                                        \
        return SOCKUTIL_SWAP(bits, net);                                     \
    }                                                                        \
    SOCKUTIL_INLINE uint##bits##_t sockutil_get_be##bits(const void *from)   \
    {                                                                        \
        uint##bits##_t net = 0;                                              \
        if (from)                                                            \
            __builtin_memcpy(&net, from, sizeof net);                        \
        return SOCKUTIL_SWAP(bits, net);                                     \
    }                                                                        \
    SOCKUTIL_INLINE void sockutil_put_be##bits(void *to, uint##bits##_t value) \
    {                                                                        \
        uint##bits##_t net = SOCKUTIL_SWAP(bits, value);                     \
        if (to)                                                              \
            __builtin_memcpy(to, &net, sizeof net);                          \
    }
SOCKUTIL_BYTE_ORDER(16, sockutil_htons, sockutil_ntohs)
SOCKUTIL_BYTE_ORDER(32, sockutil_htonl, sockutil_ntohl)
SOCKUTIL_BYTE_ORDER(64, sockutil_htonll, sockutil_ntohll)
#undef SOCKUTIL_BYTE_ORDER
#undef SOCKUTIL_INLINE
#undef SOCKUTIL_SWAP
#endif

#undef SOCKUTIL_RESULT
#undef SOCKUTIL_NONNULL
#undef SOCKUTIL_READS
#undef SOCKUTIL_WRITES

#ifdef __cplusplus
}
#endif

#endif /* SOCKUTIL_H */
