/* ---- Classic names ---------------------------------------------------- */

/* readn, writen, recv_peek and readline are the functions above without their
 * prefix: by the assembler's name if the compiler can, so that they stay
 * ordinary identifiers, else by a macro. If a source uses these names for
 * something else, such as GNU Readline's readline:
 * #define SOCKUTIL_NO_CLASSIC_NAMES before this header. */
#ifndef SOCKUTIL_NO_CLASSIC_NAMES
#if defined(__GNUC__)
#define SOCKUTIL_QUOTE_(name) #name
#define SOCKUTIL_QUOTE(name) SOCKUTIL_QUOTE_(name)
#define SOCKUTIL_SYMBOL(name) \
    __asm__(SOCKUTIL_QUOTE(__USER_LABEL_PREFIX__) "sockutil_" #name)
ssize_t readn(int fd, void *buf, size_t n) SOCKUTIL_SYMBOL(readn)
    SOCKUTIL_RESULT SOCKUTIL_WRITES(2, 3);
ssize_t writen(int fd, const void *buf, size_t n) SOCKUTIL_SYMBOL(writen)
    SOCKUTIL_RESULT SOCKUTIL_READS(2, 3);
ssize_t recv_peek(int sockfd, void *buf, size_t len) SOCKUTIL_SYMBOL(recv_peek)
    SOCKUTIL_RESULT SOCKUTIL_NONNULL(2) SOCKUTIL_WRITES(2, 3);
ssize_t readline(int sockfd, void *buf, size_t maxlen) SOCKUTIL_SYMBOL(readline)
    SOCKUTIL_RESULT SOCKUTIL_NONNULL(2) SOCKUTIL_WRITES(2, 3);
#undef SOCKUTIL_SYMBOL
#undef SOCKUTIL_QUOTE
#undef SOCKUTIL_QUOTE_
#else
#define readn sockutil_readn
#define writen sockutil_writen
#define recv_peek sockutil_recv_peek
#define readline sockutil_readline
#endif
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
