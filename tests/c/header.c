/* The header alone, in every language that it supports: each function is called once, so that each links. Compiled as
 * strict C99 and as C++11, against the shared and the static library. */
#include <sockutil.h>

/* tests/cross.sh marks qemu's user mode, which lacks the sock_diag that is used here. */
#ifdef WITHOUT_SOCK_DIAG
#define BETWEEN_ENDS (-1)
#else
#define BETWEEN_ENDS SOCKUTIL_TCP_ESTABLISHED
#endif

static int failures;

static void check(int condition) {
    if (!condition)
        failures++;
}

/* Other uses of the classic names, which must still work: they are no macros if the compiler has assembler names. */
struct names {
    int readn, writen, recv_peek, readline;
};

int main(void) {
    struct names names = {1, 2, 3, 4};
    char text[46], line[8];
    unsigned char bytes[16] = {127, 0, 0, 1};
    char memory[16], held[16], *item;
    sockutil_reader reader;
    sockutil_relay relay;
    struct pollfd wants[2];
    sockutil_writer writer;
    struct iovec iov;
    struct pollfd poll_entry;
    size_t done = 0, length = 0;
    sockutil_addr here, there, list[2];
    sockutil_network network;
    sockutil_cred cred;
    int ends[2], listener, client, server, gai = 1, fd = -1, value = 1;
    ssize_t (*function)(int, void *, size_t) = readline;

    check(names.readn + names.writen + names.recv_peek + names.readline == 10);
    check(SOCKUTIL_FOREVER == -1 && SOCKUTIL_NOWAIT == 0);
    check(SOCKUTIL_VERSION_MAJOR == 0 && SOCKUTIL_VERSION_MINOR == 1 && SOCKUTIL_VERSION_PATCH == 0);
    check(sockutil_version() != NULL);
    check(sockutil_now_ms() > 0);
    check(sockutil_ms_left(0) == 0);

    check(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    check(sockutil_set_reuseaddr(ends[0], 1) == 0);
    iov.iov_base = bytes;
    iov.iov_len = 4;
    check(sockutil_write_full(ends[0], "ab\n", 3, &done, SOCKUTIL_FOREVER) == 1 && done == 3);
    done = 0;
    check(sockutil_wait(ends[1], POLLIN, 1000) == POLLIN);
    poll_entry.fd = ends[1];
    poll_entry.events = POLLIN;
    check(sockutil_wait_any(&poll_entry, 1, 1000) == 1 && poll_entry.revents == POLLIN);
    check(sockutil_read_line(ends[1], line, sizeof line, &done, SOCKUTIL_FOREVER) == 1 && done == 3);
    check(sockutil_chomp(line, done) == 2 && line[2] == '\0');
    check(sockutil_writev_full(ends[0], &iov, 1, NULL, 1000) == 1);
    check(sockutil_read_full(ends[1], bytes, 4, NULL, SOCKUTIL_NOWAIT) == 1);

    check(writen(ends[0], "cd\nef", 5) == 5);
    check(recv_peek(ends[1], line, sizeof line) == 5);
    check(function(ends[1], line, sizeof line) == 3);
    check(readn(ends[1], line, 2) == 2);
    check(sockutil_writen(ends[0], "cd\nef", 5) == 5);
    check(sockutil_recv_peek(ends[1], line, sizeof line) == 5);
    check(sockutil_readline(ends[1], line, sizeof line) == 3);
    check(sockutil_readn(ends[1], line, 2) == 2);

    check(sockutil_reader_init(&reader, ends[1], memory, sizeof memory) == 0);
    check(sockutil_write_full(ends[0], "ab\ncd;longest\n", 14, NULL, 1000) == 1);
    check(sockutil_reader_line(&reader, &item, &length, 1000) == 1 && length == 3 && item[3] == '\0');
    check(sockutil_reader_until(&reader, ';', &item, &length, 1000) == 1 && length == 3);
    check(sockutil_reader_until_text(&reader, "lo", 2, &item, &length, 1000) == 1 && length == 2);
    check(sockutil_reader_pending(&reader) > 0);
    check(sockutil_reader_read_full(&reader, line, 2, NULL, 1000) == 1 && line[0] == 'n' && line[1] == 'g');
    check(sockutil_reader_skip_line(&reader, NULL, 1000) == 1);
    check(sockutil_write_full(ends[0], "ab\ncd", 5, NULL, 1000) == 1);
    check(sockutil_reader_copy_line(&reader, line, sizeof line, NULL, 1000) == 1 && line[1] == 'b' && line[3] == '\0');
    check(sockutil_reader_read_some(&reader, line, sizeof line, &length, 1000) == 1 && length == 2);
    check(sockutil_write_full(ends[0], "x", 1, NULL, 1000) == 1);
    check(sockutil_read_some(ends[1], line, sizeof line, &length, 1000) == 1 && length == 1);
    check(sockutil_send_frame(ends[0], 4, "frame", 5, NULL, 1000) == 1);
    check(sockutil_reader_skip_frame(&reader, 4, NULL, 1000) == 1);
    check(sockutil_send_frame(ends[0], 2, "frame", 5, NULL, 1000) == 1);
    check(sockutil_reader_frame(&reader, 2, &item, &length, 1000) == 1 && length == 5 && item[4] == 'e');
    check(sockutil_reader_pending(&reader) == 0 && sockutil_reader_take(&reader) == 0);
    check(sockutil_reader_pending(&reader) == 0);
    check(sockutil_writer_init(&writer, ends[0], held, sizeof held) == 0);
    check(sockutil_writer_put(&writer, "put;", 4, NULL, 1000) == 1);
    check(sockutil_writer_frame(&writer, 1, "frame", 5, NULL, SOCKUTIL_NOWAIT) == 1);
    check(sockutil_writer_pending(&writer) == 10);
    check(sockutil_writer_flush(&writer, 1000) == 1);
    check(sockutil_reader_until(&reader, ';', &item, &length, 1000) == 1 && length == 4);
    check(sockutil_reader_frame(&reader, 1, &item, &length, 1000) == 1 && length == 5);
    check(sockutil_shutdown_write(ends[0]) == 0);
    check(sockutil_reader_line(&reader, &item, &length, 1000) == 0 && length == 0);
    check(sockutil_relay_init(&relay, ends[1], ends[0], memory, sizeof memory) == 0);
    sockutil_relay_wants(&relay, wants);
    check(wants[0].fd == ends[1] && wants[0].events == POLLIN && wants[1].fd == -1);
    check(sockutil_relay_run(&relay, 1, 1000) == 1);
    check(sockutil_relay_ended(&relay, NULL) == 1 && sockutil_relay_moved(&relay) == 0);
    check(sockutil_close_graceful(ends[1], 0) == 0);
    check(sockutil_close_reset(ends[0]) == 0);
    check(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    check(sockutil_close(ends[0]) == 0 && sockutil_close(ends[1]) == 0);

    check(sockutil_ntop(AF_INET, bytes, text, sizeof text) == text);
    check(sockutil_pton(AF_INET, text, bytes) == 1);
    check(sockutil_ntohs(sockutil_htons(1)) == 1);
    check(sockutil_ntohl(sockutil_htonl(1)) == 1);
    check(sockutil_ntohll(sockutil_htonll(1)) == 1);
    sockutil_put_be16(bytes, 2);
    check(sockutil_get_be16(bytes) == 2);
    sockutil_put_be32(bytes, 3);
    check(sockutil_get_be32(bytes) == 3);
    sockutil_put_be64(bytes, 4);
    check(sockutil_get_be64(bytes) == 4);
    check(sockutil_is_big_endian() == 0 || sockutil_is_big_endian() == 1);

    check(sockutil_addr_parse(&here, "127.0.0.1:80", -1) == 1 && sockutil_addr_port(&here) == 80);
    check(sockutil_addr_format(&here, text, sizeof text) == 12);
    check(sockutil_addr_from(&there, &here.ss, here.len) == 0 && sockutil_addr_set_port(&here, 80) == 0);
    check(sockutil_network_parse(&network, "127.0.0.0/8") == 1 && sockutil_addr_in(&here, &network) == 1);
    check(sockutil_error_text(0, 0, line, sizeof line) == line);
    check(sockutil_addr_unmap(&here) == 0 && sockutil_addr_equal(&here, &here) == 1);
    check(sockutil_resolve("127.0.0.1", "80", SOCK_STREAM, SOCKUTIL_NUMERIC, list, 2, &length, &gai) == 0);
    check(length == 1 && gai == 0 && sockutil_addr_equal(&here, &list[0]) == 1);
    check(sockutil_addr_source_for(&here, &there) == 0 && sockutil_addr_port(&there) == 0);

    listener = sockutil_tcp_listen("127.0.0.1", "0", 4, SOCKUTIL_NUMERIC, &gai);
    check(listener >= 0 && sockutil_addr_local(listener, &there) == 0);
    check(sockutil_tcp_state(listener) == SOCKUTIL_TCP_LISTEN);
    client = socket(AF_INET, SOCK_STREAM, 0);
    check(sockutil_connect(client, &there, 5000) == 0);
    server = sockutil_accept(listener, &here, 0, 5000);
    check(server >= 0 && sockutil_addr_peer(server, &list[0]) == 0);
    check(sockutil_addr_equal(&here, &list[0]) == 1);
    check(sockutil_tcp_state_between(&here, &there) == BETWEEN_ENDS);
    check(sockutil_tcp_state_name(SOCKUTIL_TCP_ESTABLISHED)[0] == 'E');
    check(sockutil_set_nodelay(client, 1) == 0 && sockutil_set_keepalive(client, 60, 10, 3) == 0);
    check(sockutil_set_linger(client, 0, 0) == 0 && sockutil_set_nonblock(client, 0) == 0);
    check(sockutil_set_reuseport(client, 0) == 0 && sockutil_set_v6only(client, 0) == -1);
    check(sockutil_take_error(client) == 0);
    check(sockutil_setsockopt_int(client, SOL_SOCKET, SO_KEEPALIVE, 0) == 0);
    check(sockutil_getsockopt_int(client, SOL_SOCKET, SO_KEEPALIVE, &value) == 0 && value == 0);
    check(sockutil_udp_disconnect(client) == -1);
    check(sockutil_close(client) == 0 && sockutil_close(server) == 0 && sockutil_close(listener) == 0);
    check(sockutil_tcp_connect("010.1.1.1", "80", SOCKUTIL_NONBLOCK, 1000, &gai) == -1 && gai != 0);

    server = sockutil_udp_bind("127.0.0.1", "0", SOCKUTIL_REUSEPORT, NULL);
    check(server >= 0 && sockutil_addr_local(server, &there) == 0);
    client = sockutil_udp_connect("127.0.0.1", "9", SOCKUTIL_INHERIT, NULL);
    check(client >= 0 && sockutil_udp_disconnect(client) == 0);
    check(sockutil_set_broadcast(client, 1) == 0);
    check(sockutil_sendto(client, "hello", 5, &there, 1000) == 5);
    check(sockutil_recvfrom(server, line, 4, &here, &value, 5000) == 4 && value == 1);
    check(sockutil_set_pktinfo(server, 1) == 0);
    check(sockutil_sendto_from(client, "hello", 5, &there, NULL, 0, 1000) == 5);
    check(sockutil_recvfrom_at(server, line, 5, &here, &list[0], NULL, &value, 5000) == 5 && value == 0);
    check(sockutil_multicast_join(server, &there, 0) == -1 && sockutil_multicast_leave(server, &there, 0) == -1);
    check(sockutil_set_multicast_interface(server, AF_INET, 0) == 0);
    check(sockutil_multicast_join_source(server, &there, &there, 0) == -1);
    check(sockutil_multicast_leave_source(server, &there, &there, 0) == -1);
    check(sockutil_set_multicast_hops(server, AF_INET, 1) == 0 && sockutil_set_multicast_loop(server, AF_INET, 1) == 0);
    check(sockutil_set_user_timeout(server, 1000) == -1);
    check(sockutil_close(client) == 0 && sockutil_close(server) == 0);

    check(sockutil_listen_fds(&value) == 0 && value == -1);
    check(sockutil_stream_listen("unix:", 4, SOCKUTIL_V6ONLY, &gai) == -1 && gai == 0);
    check(sockutil_stream_connect("[::1]:9", SOCKUTIL_NUMERIC, SOCKUTIL_NOWAIT, NULL) == -1);
    check(sockutil_unix_listen("", 4, 0) == -1 && sockutil_unix_connect("", SOCKUTIL_V6ONLY, 1000) == -1);
    check(sockutil_unix_listen_mode("", 4, 0600, SOCKUTIL_REPLACE) == -1);
    check(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    check(sockutil_peer_cred(ends[0], &cred) == 0 && cred.pid > 0);
    check(sockutil_send_fd(ends[0], ends[0], 1000) == 1 && sockutil_recv_fd(ends[1], &fd, 1000) == 1 && fd >= 0);
    check(sockutil_close(fd) == 0);
    done = 0;
    check(sockutil_send_fds(ends[0], ends, 1, line, 1, &done, 1000) == 1 && done == 1);
    check(sockutil_recv_fds(ends[1], &fd, 1, &done, line, 1, &length, 1000) == 1 && done == 1 && length == 1);
    check(sockutil_close(fd) == 0 && sockutil_close(ends[0]) == 0 && sockutil_close(ends[1]) == 0);

    check(sockutil_ignore_sigpipe() == 0);
    check(sockutil_reap_children() == 0);
    return failures;
}
