/* ---- Classic names ---------------------------------------------------- */

/* readn, writen, recv_peek and readline, described above with their prefix,
 * onto which they map: by the assembler's name where the compiler can, so that
 * they stay ordinary identifiers, else by a macro. For a source that has other
 * uses for these names, GNU Readline's readline for one:
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

#undef SOCKUTIL_RESULT
#undef SOCKUTIL_NONNULL
#undef SOCKUTIL_READS
#undef SOCKUTIL_WRITES

#ifdef __cplusplus
}
#endif

#endif /* SOCKUTIL_H */
