/* The contract's prototypes once more, word for word: a header that says otherwise does not compile with them. */
#include <sockutil.h>

ssize_t readn(int fd, void *buf, size_t n);
ssize_t writen(int fd, const void *buf, size_t n);
ssize_t recv_peek(int sockfd, void *buf, size_t len);
ssize_t readline(int sockfd, void *buf, size_t maxlen);
ssize_t sockutil_readn(int fd, void *buf, size_t n);
ssize_t sockutil_writen(int fd, const void *buf, size_t n);
ssize_t sockutil_recv_peek(int sockfd, void *buf, size_t len);
ssize_t sockutil_readline(int sockfd, void *buf, size_t maxlen);

int64_t sockutil_now_ms(void);
int sockutil_ms_left(int64_t end_ms);
int sockutil_wait(int fd, int poll_events, int timeout_ms);

int sockutil_read_full(int fd, void *buf, size_t n, size_t *done, int timeout_ms);
int sockutil_write_full(int fd, const void *buf, size_t n, size_t *done, int timeout_ms);
int sockutil_writev_full(int fd, const struct iovec *iov, int iovcnt, size_t *done, int timeout_ms);
int sockutil_read_line(int fd, char *buf, size_t cap, size_t *done, int timeout_ms);
size_t sockutil_chomp(char *line, size_t len);

int sockutil_reader_init(sockutil_reader *r, int fd, void *mem, size_t cap);
int sockutil_reader_line(sockutil_reader *r, char **line, size_t *len, int timeout_ms);
int sockutil_reader_until(sockutil_reader *r, int delimiter, char **data, size_t *len, int timeout_ms);
int sockutil_reader_frame(sockutil_reader *r, int header_bytes, char **body, size_t *len, int timeout_ms);
int sockutil_reader_read_full(sockutil_reader *r, void *buf, size_t n, size_t *done, int timeout_ms);
int sockutil_reader_skip_line(sockutil_reader *r, size_t *done, int timeout_ms);
size_t sockutil_reader_pending(const sockutil_reader *r);

int sockutil_send_frame(int fd, int header_bytes, const void *body, size_t n, size_t *done, int timeout_ms);

uint16_t sockutil_htons(uint16_t host);
uint16_t sockutil_ntohs(uint16_t net);
uint32_t sockutil_htonl(uint32_t host);
uint32_t sockutil_ntohl(uint32_t net);
uint64_t sockutil_htonll(uint64_t host);
uint64_t sockutil_ntohll(uint64_t net);
uint16_t sockutil_get_be16(const void *from);
void sockutil_put_be16(void *to, uint16_t value);
uint32_t sockutil_get_be32(const void *from);
void sockutil_put_be32(void *to, uint32_t value);
uint64_t sockutil_get_be64(const void *from);
void sockutil_put_be64(void *to, uint64_t value);
int sockutil_is_big_endian(void);

int sockutil_pton(int af, const char *text, void *dst);
const char *sockutil_ntop(int af, const void *src, char *dst, socklen_t size);

int sockutil_set_reuseaddr(int fd, int on);

int sockutil_shutdown_write(int fd);
int sockutil_close(int fd);
int sockutil_close_graceful(int fd, int timeout_ms);
int sockutil_close_reset(int fd);

int sockutil_ignore_sigpipe(void);
int sockutil_reap_children(void);

const char *sockutil_version(void);

/* The reader's layout is the ABI's: programs hold the struct themselves. */
#define MUST_BE(name, condition) typedef char name[(condition) ? 1 : -1]
MUST_BE(reader_size, sizeof(sockutil_reader) == 2 * sizeof(int) + 7 * sizeof(size_t) + 2 * sizeof(int));
MUST_BE(reader_starts_with_fd, offsetof(sockutil_reader, fd) == 0);

int main(void) {
    struct sockutil_reader by_tag;
    sockutil_reader *by_name = &by_tag;
    return by_name == NULL || SOCKUTIL_FOREVER != -1 || SOCKUTIL_NOWAIT != 0;
}
