/* The contract's prototypes, word for word: a header with other ones does not compile with them. */
#define _DEFAULT_SOURCE /* for the states in <netinet/tcp.h> */
#include <netinet/tcp.h>
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
int sockutil_wait_any(struct pollfd *fds, size_t n, int timeout_ms);

int sockutil_read_full(int fd, void *buf, size_t n, size_t *done, int timeout_ms);
int sockutil_read_some(int fd, void *buf, size_t n, size_t *len, int timeout_ms);
int sockutil_write_full(int fd, const void *buf, size_t n, size_t *done, int timeout_ms);
int sockutil_writev_full(int fd, const struct iovec *iov, int iovcnt, size_t *done, int timeout_ms);
int sockutil_read_line(int fd, char *buf, size_t cap, size_t *done, int timeout_ms);
size_t sockutil_chomp(char *line, size_t len);

int sockutil_reader_init(sockutil_reader *r, int fd, void *mem, size_t cap);
int sockutil_reader_line(sockutil_reader *r, char **line, size_t *len, int timeout_ms);
int sockutil_reader_until(sockutil_reader *r, int delimiter, char **data, size_t *len, int timeout_ms);
int sockutil_reader_until_text(sockutil_reader *r, const void *delimiter, size_t n, char **data, size_t *len,
                               int timeout_ms);
int sockutil_reader_frame(sockutil_reader *r, int header_bytes, char **body, size_t *len, int timeout_ms);
int sockutil_reader_copy_line(sockutil_reader *r, char *buf, size_t cap, size_t *done, int timeout_ms);
int sockutil_reader_read_full(sockutil_reader *r, void *buf, size_t n, size_t *done, int timeout_ms);
int sockutil_reader_read_some(sockutil_reader *r, void *buf, size_t n, size_t *len, int timeout_ms);
int sockutil_reader_skip_frame(sockutil_reader *r, int header_bytes, size_t *done, int timeout_ms);
int sockutil_reader_skip_line(sockutil_reader *r, size_t *done, int timeout_ms);
size_t sockutil_reader_take(sockutil_reader *r);
size_t sockutil_reader_pending(const sockutil_reader *r);

int sockutil_relay_init(sockutil_relay *r, int from, int to, void *mem, size_t cap);
int sockutil_relay_run(sockutil_relay *relays, size_t n, int timeout_ms);
void sockutil_relay_wants(const sockutil_relay *r, struct pollfd ends[2]);
int sockutil_relay_ended(const sockutil_relay *r, int *error);
uint64_t sockutil_relay_moved(const sockutil_relay *r);

int sockutil_send_frame(int fd, int header_bytes, const void *body, size_t n, size_t *done, int timeout_ms);

int sockutil_writer_init(sockutil_writer *w, int fd, void *mem, size_t cap);
int sockutil_writer_put(sockutil_writer *w, const void *buf, size_t n, size_t *done, int timeout_ms);
int sockutil_writer_frame(sockutil_writer *w, int header_bytes, const void *body, size_t n, size_t *done,
                          int timeout_ms);
int sockutil_writer_flush(sockutil_writer *w, int timeout_ms);
size_t sockutil_writer_pending(const sockutil_writer *w);

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
int sockutil_addr_parse(sockutil_addr *a, const char *text, int default_port);
int sockutil_addr_format(const sockutil_addr *a, char *dst, size_t size);
int sockutil_addr_port(const sockutil_addr *a);
int sockutil_addr_from(sockutil_addr *a, const void *sockaddr, socklen_t len);
int sockutil_addr_set_port(sockutil_addr *a, int port);
int sockutil_addr_unmap(sockutil_addr *a);
int sockutil_network_parse(sockutil_network *n, const char *text);
int sockutil_addr_in(const sockutil_addr *a, const sockutil_network *n);
const char *sockutil_error_text(int err, int gai, char *buf, size_t size);
int sockutil_addr_local(int fd, sockutil_addr *a);
int sockutil_addr_peer(int fd, sockutil_addr *a);
int sockutil_addr_source_for(const sockutil_addr *peer, sockutil_addr *local);
int sockutil_addr_equal(const sockutil_addr *a, const sockutil_addr *b);
int sockutil_resolve(const char *host, const char *service, int socktype, unsigned flags, sockutil_addr *out,
                     size_t cap, size_t *count, int *gai);

int sockutil_tcp_listen(const char *host, const char *service, int backlog, unsigned flags, int *gai);
int sockutil_tcp_connect(const char *host, const char *service, unsigned flags, int timeout_ms, int *gai);
int sockutil_stream_listen(const char *at, int backlog, unsigned flags, int *gai);
int sockutil_stream_connect(const char *to, unsigned flags, int timeout_ms, int *gai);
int sockutil_connect(int fd, const sockutil_addr *to, int timeout_ms);
int sockutil_accept(int listenfd, sockutil_addr *peer, unsigned flags, int timeout_ms);
int sockutil_listen_fds(int *first);
int sockutil_udp_bind(const char *host, const char *service, unsigned flags, int *gai);
int sockutil_udp_connect(const char *host, const char *service, unsigned flags, int *gai);
int sockutil_udp_disconnect(int fd);
ssize_t sockutil_sendto(int fd, const void *buf, size_t n, const sockutil_addr *to, int timeout_ms);
ssize_t sockutil_recvfrom(int fd, void *buf, size_t n, sockutil_addr *from, int *truncated, int timeout_ms);
int sockutil_set_pktinfo(int fd, int on);
ssize_t sockutil_recvfrom_at(int fd, void *buf, size_t n, sockutil_addr *from, sockutil_addr *at, unsigned *ifindex,
                             int *truncated, int timeout_ms);
ssize_t sockutil_sendto_from(int fd, const void *buf, size_t n, const sockutil_addr *to, const sockutil_addr *at,
                             unsigned ifindex, int timeout_ms);
int sockutil_unix_listen(const char *path, int backlog, unsigned flags);
int sockutil_unix_listen_mode(const char *path, int backlog, unsigned mode, unsigned flags);
int sockutil_unix_connect(const char *path, unsigned flags, int timeout_ms);

int sockutil_set_reuseaddr(int fd, int on);
int sockutil_set_reuseport(int fd, int on);
int sockutil_set_v6only(int fd, int on);
int sockutil_set_nonblock(int fd, int on);
int sockutil_set_nodelay(int fd, int on);
int sockutil_set_broadcast(int fd, int on);
int sockutil_set_linger(int fd, int on, int seconds);
int sockutil_set_keepalive(int fd, int idle_s, int interval_s, int count);
int sockutil_set_user_timeout(int fd, int ms);
int sockutil_multicast_join(int fd, const sockutil_addr *group, unsigned ifindex);
int sockutil_multicast_leave(int fd, const sockutil_addr *group, unsigned ifindex);
int sockutil_multicast_join_source(int fd, const sockutil_addr *group, const sockutil_addr *source, unsigned ifindex);
int sockutil_multicast_leave_source(int fd, const sockutil_addr *group, const sockutil_addr *source, unsigned ifindex);
int sockutil_set_multicast_interface(int fd, int af, unsigned ifindex);
int sockutil_set_multicast_hops(int fd, int af, int hops);
int sockutil_set_multicast_loop(int fd, int af, int on);
int sockutil_getsockopt_int(int fd, int level, int name, int *value);
int sockutil_setsockopt_int(int fd, int level, int name, int value);
int sockutil_take_error(int fd);

int sockutil_shutdown_write(int fd);
int sockutil_close(int fd);
int sockutil_close_graceful(int fd, int timeout_ms);
int sockutil_close_reset(int fd);

int sockutil_ignore_sigpipe(void);
int sockutil_reap_children(void);
int sockutil_peer_cred(int unix_fd, sockutil_cred *cred);
int sockutil_send_fd(int unix_fd, int fd, int timeout_ms);
int sockutil_recv_fd(int unix_fd, int *fd, int timeout_ms);
int sockutil_send_fds(int unix_fd, const int *fds, size_t nfds, const void *buf, size_t n, size_t *done,
                      int timeout_ms);
int sockutil_recv_fds(int unix_fd, int *fds, size_t cap, size_t *nfds, void *buf, size_t n, size_t *len,
                      int timeout_ms);

int sockutil_tcp_state(int fd);
int sockutil_tcp_state_between(const sockutil_addr *local, const sockutil_addr *peer);
const char *sockutil_tcp_state_name(int state);

const char *sockutil_version(void);

/* The reader's layout is part of the ABI: programs allocate the struct. */
#define MUST_BE(name, condition) typedef char name[(condition) ? 1 : -1]
MUST_BE(reader_size, sizeof(sockutil_reader) == 2 * sizeof(int) + 7 * sizeof(size_t) + 2 * sizeof(int));
MUST_BE(reader_starts_with_fd, offsetof(sockutil_reader, fd) == 0);
MUST_BE(relay_size, sizeof(sockutil_relay) == 4 * sizeof(int) + 6 * sizeof(size_t) + sizeof(uint64_t));
MUST_BE(relay_starts_with_from, offsetof(sockutil_relay, from) == 0);
MUST_BE(relay_goes_on_with_to, offsetof(sockutil_relay, to) == sizeof(int));

/* So is the writer's. */
MUST_BE(writer_size, sizeof(sockutil_writer) == 2 * sizeof(int) + 7 * sizeof(size_t) + 2 * sizeof(int));
MUST_BE(writer_starts_with_fd, offsetof(sockutil_writer, fd) == 0);

/* So is an address's, with ss first so that it can be cast. */
struct addr_of_the_contract {
    struct sockaddr_storage ss;
    socklen_t len;
};
MUST_BE(addr_starts_with_ss, offsetof(sockutil_addr, ss) == 0);
MUST_BE(addr_goes_on_with_len, offsetof(sockutil_addr, len) == sizeof(struct sockaddr_storage));
MUST_BE(addr_size, sizeof(sockutil_addr) == sizeof(struct addr_of_the_contract));
MUST_BE(ss_size, sizeof(((sockutil_addr *)0)->ss) == sizeof(struct sockaddr_storage));
MUST_BE(len_size, sizeof(((sockutil_addr *)0)->len) == sizeof(socklen_t));

/* And a peer's. */
struct cred_of_the_contract {
    pid_t pid;
    uid_t uid;
    gid_t gid;
    int reserved[4];
};
MUST_BE(cred_starts_with_pid, offsetof(sockutil_cred, pid) == 0);
MUST_BE(cred_uid, offsetof(sockutil_cred, uid) == offsetof(struct cred_of_the_contract, uid));
MUST_BE(cred_gid, offsetof(sockutil_cred, gid) == offsetof(struct cred_of_the_contract, gid));
MUST_BE(cred_reserve, sizeof(((sockutil_cred *)0)->reserved) == 4 * sizeof(int));
MUST_BE(cred_size, sizeof(sockutil_cred) == sizeof(struct cred_of_the_contract));

/* No bit below 1 << 16, so that no flag is a backlog or a usual timeout; one bit each, all different. */
#define IS_FLAG(flag) ((flag) >= 1 << 16 && ((flag) & ((flag)-1)) == 0)
#define ALL_FLAGS                                                                                                      \
    (SOCKUTIL_REUSEPORT + SOCKUTIL_V6ONLY + SOCKUTIL_NONBLOCK + SOCKUTIL_INHERIT + SOCKUTIL_NUMERIC + SOCKUTIL_REPLACE)
#define ANY_FLAG                                                                                                       \
    (SOCKUTIL_REUSEPORT | SOCKUTIL_V6ONLY | SOCKUTIL_NONBLOCK | SOCKUTIL_INHERIT | SOCKUTIL_NUMERIC | SOCKUTIL_REPLACE)
MUST_BE(reuseport_is_a_flag, IS_FLAG(SOCKUTIL_REUSEPORT));
MUST_BE(v6only_is_a_flag, IS_FLAG(SOCKUTIL_V6ONLY));
MUST_BE(nonblock_is_a_flag, IS_FLAG(SOCKUTIL_NONBLOCK));
MUST_BE(inherit_is_a_flag, IS_FLAG(SOCKUTIL_INHERIT));
MUST_BE(numeric_is_a_flag, IS_FLAG(SOCKUTIL_NUMERIC));
MUST_BE(replace_is_a_flag, IS_FLAG(SOCKUTIL_REPLACE));
MUST_BE(flags_are_distinct, ALL_FLAGS == ANY_FLAG);

/* Linux's numbers, as in <netinet/tcp.h>, which strict C hides. */
MUST_BE(established, SOCKUTIL_TCP_ESTABLISHED == TCP_ESTABLISHED);
MUST_BE(syn_sent, SOCKUTIL_TCP_SYN_SENT == TCP_SYN_SENT);
MUST_BE(syn_recv, SOCKUTIL_TCP_SYN_RECV == TCP_SYN_RECV);
MUST_BE(fin_wait1, SOCKUTIL_TCP_FIN_WAIT1 == TCP_FIN_WAIT1);
MUST_BE(fin_wait2, SOCKUTIL_TCP_FIN_WAIT2 == TCP_FIN_WAIT2);
MUST_BE(time_wait, SOCKUTIL_TCP_TIME_WAIT == TCP_TIME_WAIT);
MUST_BE(closed, SOCKUTIL_TCP_CLOSED == TCP_CLOSE);
MUST_BE(close_wait, SOCKUTIL_TCP_CLOSE_WAIT == TCP_CLOSE_WAIT);
MUST_BE(last_ack, SOCKUTIL_TCP_LAST_ACK == TCP_LAST_ACK);
MUST_BE(listen_state, SOCKUTIL_TCP_LISTEN == TCP_LISTEN);
MUST_BE(closing, SOCKUTIL_TCP_CLOSING == TCP_CLOSING);

/* The header defines only names of the library. */
#if defined(CLIENT) || defined(SERVER) || defined(DESCRIPTOR) || defined(NUMERIC)
#error "the header defines names that belong to the program"
#endif

int main(void) {
    struct sockutil_reader by_tag;
    sockutil_reader *by_name = &by_tag;
    struct sockutil_addr address;
    sockutil_addr *also = &address;
    return also == NULL || by_name == NULL || SOCKUTIL_FOREVER != -1 || SOCKUTIL_NOWAIT != 0;
}
