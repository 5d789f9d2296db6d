//! The functions of include/sockutil.h, as a C program calls them. With the feature `test-shipped`, which `make test`
//! sets, they are those of libsockutil.a as it is shipped. Without it they are the crate's, compiled with Rust's checks
//! of arithmetic and `debug_assert!`. `sockutil-man prototypes` makes this file; `make header` checks it.

#![allow(unused_imports, dead_code, reason = "each test program uses its own part")]

use core::ffi::{c_char, c_int, c_uint, c_void};

use libc::{iovec, pollfd, size_t, socklen_t, ssize_t};
// Constants and structs. The functions below take the place of the crate's own.
pub use sockutil::ffi::*;

#[rustfmt::skip]
#[cfg_attr(feature = "test-shipped", link(name = "sockutil", kind = "static"))]
unsafe extern "C" {
    pub safe fn sockutil_version() -> *const c_char;
    pub safe fn sockutil_now_ms() -> i64;
    pub safe fn sockutil_ms_left(end_ms: i64) -> c_int;
    pub safe fn sockutil_wait(fd: c_int, poll_events: c_int, timeout_ms: c_int) -> c_int;
    pub fn sockutil_wait_any(fds: *mut pollfd, n: size_t, timeout_ms: c_int) -> c_int;
    pub fn sockutil_read_full(fd: c_int, buf: *mut c_void, n: size_t, done: *mut size_t, timeout_ms: c_int) -> c_int;
    pub fn sockutil_read_some(fd: c_int, buf: *mut c_void, n: size_t, len: *mut size_t, timeout_ms: c_int) -> c_int;
    pub fn sockutil_write_full(fd: c_int, buf: *const c_void, n: size_t, done: *mut size_t, timeout_ms: c_int) -> c_int;
    pub fn sockutil_writev_full(fd: c_int, iov: *const iovec, iovcnt: c_int, done: *mut size_t, timeout_ms: c_int) -> c_int;
    pub fn sockutil_read_line(fd: c_int, buf: *mut c_char, cap: size_t, done: *mut size_t, timeout_ms: c_int) -> c_int;
    pub fn sockutil_chomp(line: *mut c_char, len: size_t) -> size_t;
    pub fn sockutil_reader_init(r: *mut sockutil_reader, fd: c_int, mem: *mut c_void, cap: size_t) -> c_int;
    pub fn sockutil_reader_line(r: *mut sockutil_reader, line: *mut *mut c_char, len: *mut size_t, timeout_ms: c_int) -> c_int;
    pub fn sockutil_reader_until(r: *mut sockutil_reader, delimiter: c_int, data: *mut *mut c_char, len: *mut size_t, timeout_ms: c_int) -> c_int;
    pub fn sockutil_reader_until_text(r: *mut sockutil_reader, delimiter: *const c_void, n: size_t, data: *mut *mut c_char, len: *mut size_t, timeout_ms: c_int) -> c_int;
    pub fn sockutil_reader_frame(r: *mut sockutil_reader, header_bytes: c_int, body: *mut *mut c_char, len: *mut size_t, timeout_ms: c_int) -> c_int;
    pub fn sockutil_reader_copy_line(r: *mut sockutil_reader, buf: *mut c_char, cap: size_t, done: *mut size_t, timeout_ms: c_int) -> c_int;
    pub fn sockutil_reader_read_full(r: *mut sockutil_reader, buf: *mut c_void, n: size_t, done: *mut size_t, timeout_ms: c_int) -> c_int;
    pub fn sockutil_reader_read_some(r: *mut sockutil_reader, buf: *mut c_void, n: size_t, len: *mut size_t, timeout_ms: c_int) -> c_int;
    pub fn sockutil_reader_skip_frame(r: *mut sockutil_reader, header_bytes: c_int, done: *mut size_t, timeout_ms: c_int) -> c_int;
    pub fn sockutil_reader_skip_line(r: *mut sockutil_reader, done: *mut size_t, timeout_ms: c_int) -> c_int;
    pub fn sockutil_reader_take(r: *mut sockutil_reader) -> size_t;
    pub fn sockutil_reader_pending(r: *const sockutil_reader) -> size_t;
    pub fn sockutil_send_frame(fd: c_int, header_bytes: c_int, body: *const c_void, n: size_t, done: *mut size_t, timeout_ms: c_int) -> c_int;
    pub fn sockutil_writer_init(w: *mut sockutil_writer, fd: c_int, mem: *mut c_void, cap: size_t) -> c_int;
    pub fn sockutil_writer_put(w: *mut sockutil_writer, buf: *const c_void, n: size_t, done: *mut size_t, timeout_ms: c_int) -> c_int;
    pub fn sockutil_writer_frame(w: *mut sockutil_writer, header_bytes: c_int, body: *const c_void, n: size_t, done: *mut size_t, timeout_ms: c_int) -> c_int;
    pub fn sockutil_writer_flush(w: *mut sockutil_writer, timeout_ms: c_int) -> c_int;
    pub fn sockutil_writer_pending(w: *const sockutil_writer) -> size_t;
    pub fn sockutil_relay_init(r: *mut sockutil_relay, from: c_int, to: c_int, mem: *mut c_void, cap: size_t) -> c_int;
    pub fn sockutil_relay_run(relays: *mut sockutil_relay, n: size_t, timeout_ms: c_int) -> c_int;
    pub fn sockutil_relay_wants(r: *const sockutil_relay, ends: *mut pollfd);
    pub fn sockutil_relay_ended(r: *const sockutil_relay, error: *mut c_int) -> c_int;
    pub fn sockutil_relay_moved(r: *const sockutil_relay) -> u64;
    pub fn sockutil_readn(fd: c_int, buf: *mut c_void, n: size_t) -> ssize_t;
    pub fn sockutil_writen(fd: c_int, buf: *const c_void, n: size_t) -> ssize_t;
    pub fn sockutil_recv_peek(sockfd: c_int, buf: *mut c_void, len: size_t) -> ssize_t;
    pub fn sockutil_readline(sockfd: c_int, buf: *mut c_void, maxlen: size_t) -> ssize_t;
    pub safe fn sockutil_htons(host: u16) -> u16;
    pub safe fn sockutil_ntohs(net: u16) -> u16;
    pub safe fn sockutil_htonl(host: u32) -> u32;
    pub safe fn sockutil_ntohl(net: u32) -> u32;
    pub safe fn sockutil_htonll(host: u64) -> u64;
    pub safe fn sockutil_ntohll(net: u64) -> u64;
    pub fn sockutil_get_be16(from: *const c_void) -> u16;
    pub fn sockutil_put_be16(to: *mut c_void, value: u16);
    pub fn sockutil_get_be32(from: *const c_void) -> u32;
    pub fn sockutil_put_be32(to: *mut c_void, value: u32);
    pub fn sockutil_get_be64(from: *const c_void) -> u64;
    pub fn sockutil_put_be64(to: *mut c_void, value: u64);
    pub safe fn sockutil_is_big_endian() -> c_int;
    pub fn sockutil_pton(af: c_int, text: *const c_char, dst: *mut c_void) -> c_int;
    pub fn sockutil_ntop(af: c_int, src: *const c_void, dst: *mut c_char, size: socklen_t) -> *const c_char;
    pub fn sockutil_addr_parse(a: *mut sockutil_addr, text: *const c_char, default_port: c_int) -> c_int;
    pub fn sockutil_addr_format(a: *const sockutil_addr, dst: *mut c_char, size: size_t) -> c_int;
    pub fn sockutil_addr_port(a: *const sockutil_addr) -> c_int;
    pub fn sockutil_addr_from(a: *mut sockutil_addr, sockaddr: *const c_void, len: socklen_t) -> c_int;
    pub fn sockutil_addr_set_port(a: *mut sockutil_addr, port: c_int) -> c_int;
    pub fn sockutil_addr_unmap(a: *mut sockutil_addr) -> c_int;
    pub fn sockutil_addr_local(fd: c_int, a: *mut sockutil_addr) -> c_int;
    pub fn sockutil_addr_peer(fd: c_int, a: *mut sockutil_addr) -> c_int;
    pub fn sockutil_addr_source_for(peer: *const sockutil_addr, local: *mut sockutil_addr) -> c_int;
    pub fn sockutil_addr_equal(a: *const sockutil_addr, b: *const sockutil_addr) -> c_int;
    pub fn sockutil_network_parse(n: *mut sockutil_network, text: *const c_char) -> c_int;
    pub fn sockutil_addr_in(a: *const sockutil_addr, n: *const sockutil_network) -> c_int;
    pub fn sockutil_error_text(err: c_int, gai: c_int, buf: *mut c_char, size: size_t) -> *const c_char;
    pub fn sockutil_resolve(host: *const c_char, service: *const c_char, socktype: c_int, flags: c_uint, out: *mut sockutil_addr, cap: size_t, count: *mut size_t, gai: *mut c_int) -> c_int;
    pub fn sockutil_tcp_listen(host: *const c_char, service: *const c_char, backlog: c_int, flags: c_uint, gai: *mut c_int) -> c_int;
    pub fn sockutil_tcp_connect(host: *const c_char, service: *const c_char, flags: c_uint, timeout_ms: c_int, gai: *mut c_int) -> c_int;
    pub fn sockutil_stream_listen(at: *const c_char, backlog: c_int, flags: c_uint, gai: *mut c_int) -> c_int;
    pub fn sockutil_stream_connect(to: *const c_char, flags: c_uint, timeout_ms: c_int, gai: *mut c_int) -> c_int;
    pub fn sockutil_connect(fd: c_int, to: *const sockutil_addr, timeout_ms: c_int) -> c_int;
    pub fn sockutil_accept(listenfd: c_int, peer: *mut sockutil_addr, flags: c_uint, timeout_ms: c_int) -> c_int;
    pub fn sockutil_listen_fds(first: *mut c_int) -> c_int;
    pub fn sockutil_udp_bind(host: *const c_char, service: *const c_char, flags: c_uint, gai: *mut c_int) -> c_int;
    pub fn sockutil_udp_connect(host: *const c_char, service: *const c_char, flags: c_uint, gai: *mut c_int) -> c_int;
    pub safe fn sockutil_udp_disconnect(fd: c_int) -> c_int;
    pub fn sockutil_sendto(fd: c_int, buf: *const c_void, n: size_t, to: *const sockutil_addr, timeout_ms: c_int) -> ssize_t;
    pub fn sockutil_recvfrom(fd: c_int, buf: *mut c_void, n: size_t, from: *mut sockutil_addr, truncated: *mut c_int, timeout_ms: c_int) -> ssize_t;
    pub safe fn sockutil_set_pktinfo(fd: c_int, on: c_int) -> c_int;
    pub fn sockutil_recvfrom_at(fd: c_int, buf: *mut c_void, n: size_t, from: *mut sockutil_addr, at: *mut sockutil_addr, ifindex: *mut c_uint, truncated: *mut c_int, timeout_ms: c_int) -> ssize_t;
    pub fn sockutil_sendto_from(fd: c_int, buf: *const c_void, n: size_t, to: *const sockutil_addr, at: *const sockutil_addr, ifindex: c_uint, timeout_ms: c_int) -> ssize_t;
    pub fn sockutil_unix_listen(path: *const c_char, backlog: c_int, flags: c_uint) -> c_int;
    pub fn sockutil_unix_listen_mode(path: *const c_char, backlog: c_int, mode: c_uint, flags: c_uint) -> c_int;
    pub fn sockutil_unix_connect(path: *const c_char, flags: c_uint, timeout_ms: c_int) -> c_int;
    pub safe fn sockutil_set_reuseaddr(fd: c_int, on: c_int) -> c_int;
    pub safe fn sockutil_set_reuseport(fd: c_int, on: c_int) -> c_int;
    pub safe fn sockutil_set_v6only(fd: c_int, on: c_int) -> c_int;
    pub safe fn sockutil_set_nonblock(fd: c_int, on: c_int) -> c_int;
    pub safe fn sockutil_set_nodelay(fd: c_int, on: c_int) -> c_int;
    pub safe fn sockutil_set_broadcast(fd: c_int, on: c_int) -> c_int;
    pub safe fn sockutil_set_linger(fd: c_int, on: c_int, seconds: c_int) -> c_int;
    pub safe fn sockutil_set_keepalive(fd: c_int, idle_s: c_int, interval_s: c_int, count: c_int) -> c_int;
    pub safe fn sockutil_set_user_timeout(fd: c_int, ms: c_int) -> c_int;
    pub fn sockutil_multicast_join(fd: c_int, group: *const sockutil_addr, ifindex: c_uint) -> c_int;
    pub fn sockutil_multicast_leave(fd: c_int, group: *const sockutil_addr, ifindex: c_uint) -> c_int;
    pub fn sockutil_multicast_join_source(fd: c_int, group: *const sockutil_addr, source: *const sockutil_addr, ifindex: c_uint) -> c_int;
    pub fn sockutil_multicast_leave_source(fd: c_int, group: *const sockutil_addr, source: *const sockutil_addr, ifindex: c_uint) -> c_int;
    pub safe fn sockutil_set_multicast_interface(fd: c_int, af: c_int, ifindex: c_uint) -> c_int;
    pub safe fn sockutil_set_multicast_hops(fd: c_int, af: c_int, hops: c_int) -> c_int;
    pub safe fn sockutil_set_multicast_loop(fd: c_int, af: c_int, on: c_int) -> c_int;
    pub fn sockutil_getsockopt_int(fd: c_int, level: c_int, name: c_int, value: *mut c_int) -> c_int;
    pub safe fn sockutil_setsockopt_int(fd: c_int, level: c_int, name: c_int, value: c_int) -> c_int;
    pub safe fn sockutil_take_error(fd: c_int) -> c_int;
    pub safe fn sockutil_shutdown_write(fd: c_int) -> c_int;
    pub safe fn sockutil_close(fd: c_int) -> c_int;
    pub safe fn sockutil_close_graceful(fd: c_int, timeout_ms: c_int) -> c_int;
    pub safe fn sockutil_close_reset(fd: c_int) -> c_int;
    pub safe fn sockutil_ignore_sigpipe() -> c_int;
    pub safe fn sockutil_reap_children() -> c_int;
    pub fn sockutil_peer_cred(unix_fd: c_int, cred: *mut sockutil_cred) -> c_int;
    pub safe fn sockutil_send_fd(unix_fd: c_int, fd: c_int, timeout_ms: c_int) -> c_int;
    pub fn sockutil_recv_fd(unix_fd: c_int, fd: *mut c_int, timeout_ms: c_int) -> c_int;
    pub fn sockutil_send_fds(unix_fd: c_int, fds: *const c_int, nfds: size_t, buf: *const c_void, n: size_t, done: *mut size_t, timeout_ms: c_int) -> c_int;
    pub fn sockutil_recv_fds(unix_fd: c_int, fds: *mut c_int, cap: size_t, nfds: *mut size_t, buf: *mut c_void, n: size_t, len: *mut size_t, timeout_ms: c_int) -> c_int;
    pub safe fn sockutil_tcp_state(fd: c_int) -> c_int;
    pub fn sockutil_tcp_state_between(local: *const sockutil_addr, peer: *const sockutil_addr) -> c_int;
    pub safe fn sockutil_tcp_state_name(state: c_int) -> *const c_char;
}
