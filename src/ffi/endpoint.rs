//! Endpoints.

use core::ffi::{c_char, c_int, c_uint, c_void};
use core::mem::MaybeUninit;

use libc::{SOCK_DGRAM, SOCK_STREAM, mode_t, size_t, ssize_t};

use super::address::sockutil_addr;
use super::check::{self, INVALID};
use super::flags;
use super::outcome;
use crate::address::Address;
use crate::memory::Buffer;
use crate::resolve::Purpose;
use crate::time::Limit;
use crate::{activation, connect, race, stream_text, tcp, udp, unix};

/// Listen for TCP connections.
///
/// Calls socket(2), bind(2) and listen(2) for the first address of host that
/// this machine has, and sets SO_REUSEADDR and IPV6_V6ONLY. A NULL host is
/// every address: IPv6 and, without SOCKUTIL_V6ONLY, IPv4 in one socket; only
/// IPv4 if there is no IPv6, and on OpenBSD, where no socket has both. host and
/// service are as for sockutil_resolve; for service "0" the kernel chooses a
/// port: see sockutil_addr_local. backlog is 0 to 65535. flags:
/// SOCKUTIL_REUSEPORT (ENOTSUP where sockutil_set_reuseport is; without it a second listener is
/// refused), SOCKUTIL_V6ONLY, SOCKUTIL_IPV4 or SOCKUTIL_IPV6 (addresses of that
/// family alone), SOCKUTIL_NONBLOCK, SOCKUTIL_INHERIT, SOCKUTIL_NUMERIC.
///
/// On a socket that serves both families the address of an IPv4 client is
/// IPv4-mapped, ::ffff:1.2.3.4, in a struct sockaddr_in6. A program that expects
/// a struct sockaddr_in uses SOCKUTIL_IPV4 or host "0.0.0.0", or calls
/// sockutil_addr_unmap on each client's address.
///
/// Returns the descriptor, close-on-exec unless SOCKUTIL_INHERIT; -1 with
/// errno:
///   EADDRINUSE      another socket listens there already
///   EADDRNOTAVAIL   no address of host is this machine's; or, with *gai not 0,
///                   the resolver's failure
///   EAFNOSUPPORT    host has no address of the family that flags asks for
///   EINVAL          service is NULL, backlog is not 0 to 65535, flags has
///                   other bits, or SOCKUTIL_IPV4 with SOCKUTIL_IPV6 or
///                   SOCKUTIL_V6ONLY
/// and the errors of socket(2), bind(2) and listen(2): EACCES, EMFILE, ... *gai
/// is an EAI_ code of getaddrinfo(3) if the resolver failed, else 0; gai may be
/// NULL.
///
/// Thread-safe. Async-signal-safe with SOCKUTIL_NUMERIC, unless host has a
/// zone's name.
/// Source: POSIX socket, bind, listen; UNP section 11.13; ipv6(7).
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_NONNULL((2))
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_tcp_listen(
    host: *const c_char,
    service: *const c_char,
    backlog: c_int,
    flags: c_uint,
    gai: Option<&mut MaybeUninit<c_int>>,
) -> c_int {
    let call = || {
        let flags = flags::check(flags, flags::SERVER)?;
        let backlog = check::backlog(backlog)?;
        // SAFETY: `host` and `service` are NULL, or C strings of the caller's.
        let query = unsafe { check::query(host, service, SOCK_STREAM, &flags, Purpose::Bind) }?;
        tcp::listen(&query, backlog, flags.socket)
    };
    outcome::resolved(gai, call)
}

/// Connect to a TCP server.
///
/// Tries the addresses of host, IPv6 and IPv4 alternating, as RFC 8305
/// describes. The next attempt begins as soon as one fails, or after 250 ms
/// (less where little time is left for many addresses, but at least 100 ms).
/// The attempts that have begun go on until the first succeeds; the others are
/// closed. Only the first 16 addresses are tried. At most eight attempts, each
/// with a descriptor, go on at once: a ninth waits until one of the eight has
/// failed. After two seconds it replaces the oldest, which counts as timed out.
///
/// timeout_ms bounds the whole call except the resolver, which SOCKUTIL_NUMERIC
/// avoids. An address whose turn does not come within that time is not tried. 0
/// means that no time is left: after the resolver the call fails with ETIMEDOUT
/// and tries nothing, so that you may pass what sockutil_ms_left returns. With
/// SOCKUTIL_FOREVER the last attempts end when the kernel gives them up;
/// setting a flag in a handler does not end the wait.
///
/// If no server listens at a local port, the kernel can connect a socket to
/// itself. The call finds this, closes the socket with RST and fails with
/// ECONNREFUSED, so that no TIME_WAIT blocks the server's port. host (NULL is
/// the loopback) and service are as for sockutil_resolve. flags: SOCKUTIL_IPV4
/// or SOCKUTIL_IPV6 (addresses of that family alone), SOCKUTIL_NONBLOCK,
/// SOCKUTIL_INHERIT, SOCKUTIL_NUMERIC.
///
/// Returns the connected descriptor, blocking unless SOCKUTIL_NONBLOCK,
/// close-on-exec unless SOCKUTIL_INHERIT; -1 with one errno for all attempts.
/// ENETUNREACH, EHOSTUNREACH, EADDRNOTAVAIL and EAFNOSUPPORT count least,
/// ETIMEDOUT more, any other errno most; of equal ones the first counts:
///   ECONNREFUSED    no server listens there
///   ETIMEDOUT       no answer in time, the caller's or the kernel's
///   EADDRNOTAVAIL   no local port is left; or, with *gai not 0, the resolver's
///                   failure
///   EAFNOSUPPORT    host has no address of the family that flags asks for
///   EINVAL          service is NULL, timeout_ms is below -1, flags has other
///                   bits, or SOCKUTIL_IPV4 with SOCKUTIL_IPV6
/// and the errors of socket(2) and connect(2): EMFILE, ENETUNREACH, ... *gai is
/// an EAI_ code of getaddrinfo(3) if the resolver failed, else 0; gai may be
/// NULL.
///
/// Thread-safe. Async-signal-safe with SOCKUTIL_NUMERIC, unless host has a
/// zone's name.
/// Source: POSIX connect; UNP section 11.12; RFC 8305, sections 4 and 5.
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_NONNULL((2))
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_tcp_connect(
    host: *const c_char,
    service: *const c_char,
    flags: c_uint,
    timeout_ms: c_int,
    gai: Option<&mut MaybeUninit<c_int>>,
) -> c_int {
    let call = || {
        let flags = flags::check(flags, flags::CLIENT)?;
        // Check before the resolver is asked.
        check::timeout(timeout_ms)?;
        // SAFETY: `host` and `service` are NULL, or C strings of the caller's.
        let query = unsafe { check::query(host, service, SOCK_STREAM, &flags, Purpose::Connect) }?;
        race::tcp_connect(&query, flags.socket, timeout_ms)
    };
    outcome::resolved(gai, call)
}

/// Listen at the endpoint that one text names, for TCP or a Unix socket.
///
/// A text that begins with "unix:" names a Unix socket: "unix:/run/x.sock", or
/// "unix:@name" for an abstract name (Linux). The call then does what
/// sockutil_unix_listen does with what follows. Any other text is a host and a
/// service for sockutil_tcp_listen: "example.org:http", "192.0.2.1:80",
/// "[::1]:80", "[fe80::1%eth0]:80"; ":80" is the service at every address. The
/// service is what follows the last ':'. Brackets hold a numeric IPv6 address,
/// with or without a zone, and nothing else.
///
/// backlog is 0 to 65535. flags: those of both functions. Those that mean
/// nothing to the kind that the text names are ignored, but SOCKUTIL_IPV4
/// together with SOCKUTIL_IPV6 never is. For IPv4 clients of an IPv6 socket see
/// sockutil_tcp_listen.
///
/// Returns the descriptor, close-on-exec unless SOCKUTIL_INHERIT; -1 with
/// errno:
///   EADDRINUSE      another socket listens there already (at a path: without
///                   SOCKUTIL_REPLACE), or the path is not a socket; it is left
///                   alone
///   EADDRNOTAVAIL   no address of the host is this machine's; or, with *gai not
///                   0, the resolver's failure
///   EAFNOSUPPORT    the host has no address of the family that flags asks for
///   ENAMETOOLONG    the path is longer than 107 bytes, or an abstract name and
///                   its '@' are longer than 108
///   EINVAL          at is NULL or none of these texts, the path is empty or
///                   "@", backlog is not 0 to 65535, flags has other bits, or
///                   SOCKUTIL_IPV4 with SOCKUTIL_IPV6 or, for TCP,
///                   SOCKUTIL_V6ONLY, or SOCKUTIL_REPLACE for an abstract name
/// and the errors of the two functions: EACCES, ENOENT, EMFILE, ... *gai is an
/// EAI_ code of getaddrinfo(3) if the resolver failed, else 0; gai may be NULL.
/// A host of more than 1024 bytes is EAI_NONAME.
///
/// Thread-safe. Async-signal-safe for a Unix socket, or with SOCKUTIL_NUMERIC
/// unless the host has a zone's name.
/// Source: RFC 3986, section 3.2; unix(7); POSIX bind, listen.
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_NONNULL((1))
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_stream_listen(
    at: *const c_char,
    backlog: c_int,
    flags: c_uint,
    gai: Option<&mut MaybeUninit<c_int>>,
) -> c_int {
    let call = || {
        // SAFETY: `at` is NULL, or a C string of the caller's.
        let text = unsafe { check::text_of(at) }.ok_or(INVALID)?;
        let flags = flags::check_listener(flags, stream_text::is_unix(text))?;
        let backlog = check::backlog(backlog)?;
        stream_text::listen(text, flags.lookup(Purpose::Bind), backlog, flags.socket)
    };
    outcome::resolved(gai, call)
}

/// Connect to the endpoint that one text names, by TCP or a Unix socket.
///
/// The texts are those of sockutil_stream_listen; without a host, as in ":80",
/// it is the loopback. The call does what sockutil_unix_connect or
/// sockutil_tcp_connect does. timeout_ms is as for these: it bounds the whole
/// call except the resolver, which SOCKUTIL_NUMERIC avoids, and 0 is a time that
/// has run out, so that you may pass what sockutil_ms_left returns. Setting a
/// flag in a handler does not end a SOCKUTIL_FOREVER call. flags: SOCKUTIL_IPV4,
/// SOCKUTIL_IPV6 and SOCKUTIL_NUMERIC, which are ignored for a Unix socket
/// unless the first two are together; SOCKUTIL_NONBLOCK, SOCKUTIL_INHERIT.
///
/// Returns the connected descriptor, blocking unless SOCKUTIL_NONBLOCK,
/// close-on-exec unless SOCKUTIL_INHERIT; -1 with errno:
///   ECONNREFUSED    no server listens there
///   ETIMEDOUT       no answer in time, the caller's or the kernel's; or
///                   timeout_ms is 0
///   ENOENT          there is no file at the path
///   EADDRNOTAVAIL   no local port is left; or, with *gai not 0, the resolver's
///                   failure
///   EAFNOSUPPORT    the host has no address of the family that flags asks for
///   ENAMETOOLONG    the path is longer than 107 bytes, or an abstract name and
///                   its '@' are longer than 108
///   EINVAL          to is NULL or none of these texts, the path is empty or
///                   "@", timeout_ms is below -1, flags has other bits, or
///                   SOCKUTIL_IPV4 with SOCKUTIL_IPV6
/// and the errors of the two functions: EACCES, EMFILE, ENETUNREACH, ... *gai is
/// an EAI_ code of getaddrinfo(3) if the resolver failed, else 0; gai may be
/// NULL. A host of more than 1024 bytes is EAI_NONAME.
///
/// Thread-safe. Async-signal-safe for a Unix socket, or with SOCKUTIL_NUMERIC
/// unless the host has a zone's name.
/// Source: RFC 3986, section 3.2; RFC 8305; unix(7); POSIX connect.
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_NONNULL((1))
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_stream_connect(
    to: *const c_char,
    flags: c_uint,
    timeout_ms: c_int,
    gai: Option<&mut MaybeUninit<c_int>>,
) -> c_int {
    let call = || {
        let flags = flags::check(flags, flags::CLIENT)?;
        // Check before the resolver is asked.
        check::timeout(timeout_ms)?;
        // SAFETY: `to` is NULL, or a C string of the caller's.
        let text = unsafe { check::text_of(to) }.ok_or(INVALID)?;
        stream_text::connect(text, flags.lookup(Purpose::Connect), flags.socket, timeout_ms)
    };
    outcome::resolved(gai, call)
}

/// Connect a socket within a time limit.
///
/// Calls connect(2) once, then waits in poll(2) and reads the result from
/// SO_ERROR; on a Unix socket it waits in connect(2). A signal does not end the
/// attempt. timeout_ms -1 SOCKUTIL_FOREVER waits as long as the kernel does; 0
/// SOCKUTIL_NOWAIT starts the attempt and fails with EINPROGRESS: finish it
/// with sockutil_wait for POLLOUT and sockutil_take_error. timeout_ms holds
/// whatever O_NONBLOCK and SO_SNDTIMEO are. The call may change both while it
/// lasts, for all that share the descriptor, and restores them on every return.
/// After EINPROGRESS, EISCONN or EINVAL keep the socket. After any other
/// failure close it: the attempt may still go on, and the socket cannot be used
/// again. A connected datagram socket gets the new peer.
///
/// Setting a flag in a handler does not end a SOCKUTIL_FOREVER call. If fd is
/// not a Unix socket, shutdown(2) from the handler or another thread does:
/// ECONNRESET. Or use SOCKUTIL_NOWAIT, and poll(2) for fd and a signalfd or
/// pipe together.
///
/// Returns 0; -1 with errno:
///   ETIMEDOUT      no answer in time, the caller's or the kernel's
///   ECONNREFUSED   no server listens there
///   EISCONN        fd is connected already, and is not a datagram socket
///   EINPROGRESS    with SOCKUTIL_NOWAIT: it has been started
///   EAGAIN         with SOCKUTIL_NOWAIT: a Unix listener's backlog is full
///   EINVAL         to is NULL, timeout_ms is below -1
///   EBADF          fd is not a descriptor
///   ENOTSOCK       fd is not a socket
/// and the errors of connect(2): EALREADY, ENETUNREACH, ENOENT, ...
///
/// Async-signal-safe and thread-safe.
/// Source: POSIX connect; UNP section 16.3; connect(2).
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_NONNULL((2))
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_connect(fd: c_int, to: Option<&sockutil_addr>, timeout_ms: c_int) -> c_int {
    outcome::of(|| {
        let limit = Limit::from_ms(timeout_ms)?;
        connect::connect(fd, to.ok_or(INVALID)?.address(), limit).map(|()| 0)
    })
}

/// Accept a connection within a time limit.
///
/// Calls accept4(2), again after EINTR and after the errors of a connection
/// that is already gone: ECONNABORTED, EPROTO, ENETDOWN, ENOPROTOOPT,
/// EHOSTDOWN, ENONET, EHOSTUNREACH, ENETUNREACH. *peer is the client's address,
/// IPv4-mapped for an IPv4 client of an IPv6 listener (see
/// sockutil_tcp_listen); peer may be NULL. timeout_ms holds whatever O_NONBLOCK
/// and SO_RCVTIMEO are. Setting a flag in a handler does not end a wait. With a
/// time limit the call waits in poll(2). If the listener is blocking and
/// another process or thread accepts from it too, that one can be quicker: then
/// accept4 waits for the next client without a limit. Set O_NONBLOCK on such a
/// listener. flags: SOCKUTIL_NONBLOCK, SOCKUTIL_INHERIT.
///
/// Returns the connection's descriptor, blocking unless SOCKUTIL_NONBLOCK,
/// close-on-exec unless SOCKUTIL_INHERIT; -1 with errno, and *peer untouched:
///   EAGAIN       timeout_ms ran out
///   EMFILE       this process has no descriptor left: the client still waits
///   EINVAL       listenfd does not listen, timeout_ms is below -1, flags has
///                other bits
///   EOPNOTSUPP   listenfd is no stream socket
///   EBADF        listenfd is not a descriptor
///   ENOTSOCK     listenfd is not a socket
/// and the errors of accept(2): ENFILE, ENOBUFS, ENOMEM, EPERM.
///
/// Async-signal-safe and thread-safe.
/// Source: POSIX accept; accept(2), "Error handling"; UNP section 16.6.
/// cbindgen:postfix=SOCKUTIL_RESULT
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_accept(
    listenfd: c_int,
    peer: Option<&mut MaybeUninit<sockutil_addr>>,
    flags: c_uint,
    timeout_ms: c_int,
) -> c_int {
    outcome::of(|| {
        let limit = Limit::from_ms(timeout_ms)?;
        let flags = flags::check(flags, flags::DESCRIPTOR)?;
        let (fd, address) = tcp::accept(listenfd, flags.socket, limit)?;
        if let Some(peer) = peer {
            peer.write(address.into());
        }
        Ok(fd)
    })
}

/// Take over the descriptors that the service manager has opened.
///
/// This is systemd's socket activation: a manager binds the sockets of a
/// service, starts it when the first client comes, and passes them as
/// descriptors 3, 4, ... with the environment variables LISTEN_PID and
/// LISTEN_FDS. Sets *first to the first of them, and makes all close-on-exec, or
/// none on failure. The order is that of the unit file; a descriptor can also be
/// a datagram socket, a FIFO or another file. The environment is not changed: a
/// second call returns the same, and a child finds another LISTEN_PID than its
/// own.
///
/// Returns how many were passed; 0, and -1 in *first, if none: LISTEN_PID is not
/// set or is another process, or LISTEN_FDS is not set or 0; -1 with errno, and
/// -1 in *first:
///   EINVAL   LISTEN_PID or LISTEN_FDS is no decimal number, or is too large;
///            or first is NULL
///   EBADF    one of the descriptors is not open
///
/// Not async-signal-safe. Thread-safe only while no other thread changes the
/// environment (setenv(3), putenv(3)), because getenv(3) is: call it at the start
/// of main.
/// Source: sd_listen_fds and systemd.socket in systemd's manual; POSIX getenv.
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_NONNULL((1))
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_listen_fds(first: Option<&mut MaybeUninit<c_int>>) -> c_int {
    outcome::of(|| {
        let first = first.ok_or(INVALID)?.write(-1);
        let count = activation::listen_fds()?;
        if count > 0 {
            *first = activation::FIRST;
        }
        Ok(count)
    })
}

/// Make a UDP socket that is bound to an address.
///
/// host and service are as for sockutil_tcp_listen: a NULL host is every
/// address, IPv6 and IPv4 in one socket if there is IPv6; IPv4 senders then have
/// IPv4-mapped addresses. flags: SOCKUTIL_REUSEPORT, SOCKUTIL_REUSEADDR (share
/// the port with other programs that set it, for multicast), SOCKUTIL_V6ONLY,
/// SOCKUTIL_IPV4 or SOCKUTIL_IPV6 (addresses of that family alone),
/// SOCKUTIL_NONBLOCK, SOCKUTIL_INHERIT, SOCKUTIL_NUMERIC.
///
/// Returns the descriptor, close-on-exec unless SOCKUTIL_INHERIT; -1 with
/// errno:
///   EADDRINUSE      the port is taken
///   EADDRNOTAVAIL   no address of host is this machine's; or, with *gai not 0,
///                   the resolver's failure
///   EAFNOSUPPORT    host has no address of the family that flags asks for
///   EINVAL          service is NULL, flags has other bits, or SOCKUTIL_IPV4
///                   with SOCKUTIL_IPV6 or SOCKUTIL_V6ONLY
/// and the errors of socket(2) and bind(2): EACCES, EMFILE, ... *gai is an EAI_
/// code of getaddrinfo(3) if the resolver failed, else 0; gai may be NULL.
///
/// Thread-safe. Async-signal-safe with SOCKUTIL_NUMERIC, unless host has a
/// zone's name.
/// Source: POSIX socket, bind; udp(7).
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_NONNULL((2))
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_udp_bind(
    host: *const c_char,
    service: *const c_char,
    flags: c_uint,
    gai: Option<&mut MaybeUninit<c_int>>,
) -> c_int {
    let call = || {
        let flags = flags::check(flags, flags::UDP_SERVER)?;
        // SAFETY: `host` and `service` are NULL, or C strings of the caller's.
        let query = unsafe { check::query(host, service, SOCK_DGRAM, &flags, Purpose::Bind) }?;
        udp::bind(&query, flags.socket)
    };
    outcome::resolved(gai, call)
}

/// Make a UDP socket that is connected to a peer.
///
/// It sends only to that peer, receives only from it, and reports its ICMP
/// errors: ECONNREFUSED if the peer's port has no socket. host (NULL is the
/// loopback) and service are as for sockutil_resolve; the first address with a
/// route is used. Nothing is sent yet. flags: SOCKUTIL_IPV4 or SOCKUTIL_IPV6
/// (addresses of that family alone), SOCKUTIL_NONBLOCK, SOCKUTIL_INHERIT,
/// SOCKUTIL_NUMERIC.
///
/// Returns the descriptor, close-on-exec unless SOCKUTIL_INHERIT; -1 with
/// errno:
///   EADDRNOTAVAIL   no local port is left; or, with *gai not 0, the resolver's
///                   failure
///   EAFNOSUPPORT    host has no address of the family that flags asks for
///   EINVAL          service is NULL, flags has other bits, or SOCKUTIL_IPV4
///                   with SOCKUTIL_IPV6
/// and the errors of socket(2) and connect(2): ENETUNREACH, EMFILE, ... *gai is
/// an EAI_ code of getaddrinfo(3) if the resolver failed, else 0; gai may be
/// NULL.
///
/// Thread-safe. Async-signal-safe with SOCKUTIL_NUMERIC, unless host has a
/// zone's name.
/// Source: POSIX connect; UNP section 8.11.
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_NONNULL((2))
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_udp_connect(
    host: *const c_char,
    service: *const c_char,
    flags: c_uint,
    gai: Option<&mut MaybeUninit<c_int>>,
) -> c_int {
    let call = || {
        let flags = flags::check(flags, flags::CLIENT)?;
        // SAFETY: `host` and `service` are NULL, or C strings of the caller's.
        let query = unsafe { check::query(host, service, SOCK_DGRAM, &flags, Purpose::Connect) }?;
        udp::connect(&query, flags.socket)
    };
    outcome::resolved(gai, call)
}

/// Disconnect a UDP socket from its peer.
///
/// Calls connect(2) with AF_UNSPEC. The socket can then connect to another
/// peer, or send to any.
///
/// Returns 0; -1 with errno:
///   EPROTOTYPE   fd is no datagram socket: a stream would be aborted
///   EBADF        fd is not a descriptor
///   ENOTSOCK     fd is not a socket
///
/// Async-signal-safe and thread-safe.
/// Source: POSIX connect; UNP section 8.11.
/// cbindgen:postfix=SOCKUTIL_RESULT
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_udp_disconnect(fd: c_int) -> c_int {
    outcome::of(|| udp::disconnect(fd).map(|()| 0))
}

/// Send one datagram within a time limit.
///
/// Calls sendto(2) with MSG_NOSIGNAL, to *to, or to the socket's peer if to is
/// NULL. A datagram is sent whole or not at all; n may be 0. (A stream socket
/// can take fewer than n bytes: use sockutil_write_full.) timeout_ms holds
/// whatever O_NONBLOCK and SO_SNDTIMEO are. Signals neither end nor stretch it;
/// setting a flag in a handler does not end a wait.
///
/// Returns n; -1 with errno:
///   EAGAIN         timeout_ms ran out, and nothing was sent
///   EMSGSIZE       n is more than a datagram can hold
///   EDESTADDRREQ   to is NULL and the socket has no peer
///   EINVAL         buf is NULL and n is not 0, n is above SSIZE_MAX,
///                  timeout_ms is below -1
///   EBADF          fd is not a descriptor
///   ENOTSOCK       fd is not a socket
/// and the errors of sendto(2): ECONNREFUSED (for an earlier datagram),
/// EISCONN, ENETUNREACH, EACCES (broadcast not allowed), EPIPE, ...
///
/// Async-signal-safe and thread-safe.
/// Source: POSIX sendto; udp(7).
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_READS(2, 3)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_sendto(
    fd: c_int,
    buf: *const c_void,
    n: size_t,
    to: Option<&sockutil_addr>,
    timeout_ms: c_int,
) -> ssize_t {
    outcome::of(|| {
        let limit = Limit::from_ms(timeout_ms)?;
        // SAFETY: `buf` is NULL, or the caller promises `n` readable bytes there.
        let bytes = unsafe { check::bytes(buf, n) }?;
        let to = to.map(sockutil_addr::address);
        Ok(outcome::count(udp::sendto(fd, bytes, to, limit)?))
    })
}

/// Receive one datagram within a time limit.
///
/// Sets *from to the sender, and *truncated to 1 if the datagram was longer than
/// n, else to 0; bytes after the first n are lost. from and truncated may be
/// NULL; n may be 0. Calls recvmsg(2), or if truncated is NULL recvfrom(2), which
/// costs less. timeout_ms holds whatever O_NONBLOCK and SO_RCVTIMEO are. Signals
/// neither end nor stretch it; setting a flag in a handler does not end a wait.
///
/// Returns the number of bytes stored: 0 is an empty datagram, not an end; -1
/// with errno, and *from and *truncated untouched:
///   EAGAIN         timeout_ms ran out
///   ECONNREFUSED   ICMP reported that the connected peer's port is closed
///   EINVAL         buf is NULL and n is not 0, n is above SSIZE_MAX,
///                  timeout_ms is below -1
///   EBADF          fd is not a descriptor
///   ENOTSOCK       fd is not a socket
/// and the errors of recvfrom(2) and recvmsg(2).
///
/// Async-signal-safe and thread-safe.
/// Source: POSIX recvfrom, recvmsg; udp(7); recvmsg(2), MSG_TRUNC.
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_WRITES(2, 3)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_recvfrom(
    fd: c_int,
    buf: *mut c_void,
    n: size_t,
    from: Option<&mut MaybeUninit<sockutil_addr>>,
    truncated: Option<&mut MaybeUninit<c_int>>,
    timeout_ms: c_int,
) -> ssize_t {
    outcome::of(|| {
        let limit = Limit::from_ms_inline(timeout_ms)?;
        // SAFETY: `buf` is NULL, or the caller promises `n` writable bytes there.
        let mut buffer = Buffer::fresh(unsafe { check::memory(buf, n) }?);
        let mut sender = Address::empty();
        let mut cut = false;
        udp::recvfrom(fd, &mut buffer, &mut sender, truncated.is_some().then_some(&mut cut), limit)?;
        if let Some(from) = from {
            from.write(sender.into());
        }
        if let Some(truncated) = truncated {
            truncated.write(c_int::from(cut));
        }
        Ok(outcome::count(buffer.len()))
    })
}

/// Report the local address of each datagram that arrives.
///
/// Sets IP_PKTINFO on an IPv4 socket, and IP_PKTINFO and IPV6_RECVPKTINFO on an
/// IPv6 socket, if on is not 0; clears them if on is 0. sockutil_recvfrom_at then
/// returns which address of this machine a datagram was sent to. Call it before
/// bind(2), or know that the first datagrams may lack that. Other systems have
/// other options for IPv4, which do the same.
///
/// Returns 0; -1 with errno:
///   EAFNOSUPPORT   fd is neither an IPv4 nor an IPv6 socket
///   EBADF          fd is not a descriptor
///   ENOTSOCK       fd is not a socket
/// and the errors of setsockopt(2).
///
/// Async-signal-safe and thread-safe.
/// Source: ip(7); RFC 3542, section 6.1; UNP sections 22.2 and 27.7.
/// cbindgen:postfix=SOCKUTIL_RESULT
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_set_pktinfo(fd: c_int, on: c_int) -> c_int {
    outcome::of(|| udp::set_pktinfo(fd, on != 0).map(|()| 0))
}

/// Receive one datagram, and the local address that it was sent to.
///
/// As sockutil_recvfrom, after sockutil_set_pktinfo. A server on the wildcard
/// address that answers with sockutil_sendto_from from *at answers from the
/// address that the client has asked; other answers many clients ignore.
///
/// Sets *at to a local address that you can answer from, with port 0: where the
/// datagram was sent to; for a broadcast or multicast datagram the interface's
/// own address. Its family is that of *from: on an IPv6 socket an IPv4 address
/// is IPv4-mapped. A link-local address has its zone. If the kernel has not
/// reported an address (without sockutil_set_pktinfo, for datagrams that were
/// queued before it, on other than IPv4 and IPv6 sockets), or the interface has
/// none, the family of *at is AF_UNSPEC. Sets *ifindex to the interface that the
/// datagram came by, 0 if the kernel has not reported it, as for IPv4 on
/// FreeBSD, NetBSD and OpenBSD. from, at, ifindex and
/// truncated may be NULL. For an IPv6 multicast datagram the kernel does not
/// report the interface's own address: if at is not NULL, the call opens a
/// socket to find it. Descriptors that a Unix socket brings are closed.
///
/// timeout_ms holds whatever O_NONBLOCK and SO_RCVTIMEO are. Signals neither end
/// nor stretch it; setting a flag in a handler does not end a wait.
///
/// Returns the number of bytes stored: 0 is an empty datagram, not an end; -1
/// with errno, and the outputs untouched:
///   EAGAIN         timeout_ms ran out
///   ECONNREFUSED   ICMP reported that the connected peer's port is closed
///   EINVAL         buf is NULL and n is not 0, n is above SSIZE_MAX,
///                  timeout_ms is below -1
///   EBADF          fd is not a descriptor
///   ENOTSOCK       fd is not a socket
/// and the errors of recvmsg(2).
///
/// Async-signal-safe and thread-safe.
/// Source: ip(7), IP_PKTINFO; RFC 3542, section 6; UNP section 22.2.
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_WRITES(2, 3)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_recvfrom_at(
    fd: c_int,
    buf: *mut c_void,
    n: size_t,
    from: Option<&mut MaybeUninit<sockutil_addr>>,
    at: Option<&mut MaybeUninit<sockutil_addr>>,
    ifindex: Option<&mut MaybeUninit<c_uint>>,
    truncated: Option<&mut MaybeUninit<c_int>>,
    timeout_ms: c_int,
) -> ssize_t {
    outcome::of(|| {
        let limit = Limit::from_ms(timeout_ms)?;
        // SAFETY: `buf` is NULL, or the caller promises `n` writable bytes there.
        let mut buffer = Buffer::fresh(unsafe { check::memory(buf, n) }?);
        let mut sender = Address::empty();
        let arrival = udp::recvfrom_at(fd, &mut buffer, &mut sender, limit)?;
        if let Some(at) = at {
            at.write(arrival.at(&sender).into());
        }
        if let Some(ifindex) = ifindex {
            ifindex.write(arrival.interface());
        }
        if let Some(from) = from {
            from.write(sender.into());
        }
        if let Some(truncated) = truncated {
            truncated.write(c_int::from(arrival.cut));
        }
        Ok(outcome::count(buffer.len()))
    })
}

/// Send one datagram from a chosen local address.
///
/// As sockutil_sendto, but from the address at, which sockutil_recvfrom_at has
/// reported or which is another one of this machine; its port is ignored. The
/// socket needs no sockutil_set_pktinfo. at NULL, or of family AF_UNSPEC, leaves
/// the choice to the kernel. ifindex sends through that interface, whatever the
/// routes are: pass 0, except to a link-local or multicast address. With ifindex
/// 0 a link-local at is on its zone's interface. to NULL is the socket's peer.
///
/// timeout_ms holds whatever O_NONBLOCK and SO_SNDTIMEO are. Signals neither end
/// nor stretch it; setting a flag in a handler does not end a wait.
///
/// Returns n; -1 with errno:
///   EAGAIN         timeout_ms ran out, and nothing was sent
///   EMSGSIZE       n is more than a datagram can hold
///   EDESTADDRREQ   to is NULL and the socket has no peer
///   ENODEV         there is no such interface
///   EINVAL         at is of another family than to (IPv4-mapped and other IPv6
///                  addresses are two families here); at or ifindex is given,
///                  and to is neither IPv4 nor IPv6; buf is NULL and n is not 0,
///                  n is above SSIZE_MAX, timeout_ms is below -1
///   EBADF          fd is not a descriptor
///   ENOTSOCK       fd is not a socket
/// and the errors of sendmsg(2): EINVAL or ENETUNREACH (at is not an address of
/// this machine), ECONNREFUSED (for an earlier datagram), EACCES (broadcast not
/// allowed), ...
///
/// Async-signal-safe and thread-safe.
/// Source: ip(7), IP_PKTINFO; RFC 3542, section 6; UNP section 27.7.
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_READS(2, 3)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_sendto_from(
    fd: c_int,
    buf: *const c_void,
    n: size_t,
    to: Option<&sockutil_addr>,
    at: Option<&sockutil_addr>,
    ifindex: c_uint,
    timeout_ms: c_int,
) -> ssize_t {
    outcome::of(|| {
        let limit = Limit::from_ms(timeout_ms)?;
        // SAFETY: `buf` is NULL, or the caller promises `n` readable bytes there.
        let bytes = unsafe { check::bytes(buf, n) }?;
        let (to, at) = (to.map(sockutil_addr::address), at.map(sockutil_addr::address));
        Ok(outcome::count(udp::sendto_from(fd, bytes, to, at, ifindex, limit)?))
    })
}

/// Listen for connections at a path.
///
/// Calls socket(2), bind(2) and listen(2) with AF_UNIX and SOCK_STREAM. An
/// existing socket file is replaced only after a connect has shown that it has
/// no listener. A live listener sees that probe as a client that closes at
/// once. If two servers start at once, one can take the other's fresh socket
/// for a stale one: use a lock file to prevent that. The file stays when the
/// socket is closed. On FreeBSD, NetBSD, OpenBSD and macOS a busy listener
/// refuses as a dead one does: there nothing is replaced without
/// SOCKUTIL_REPLACE (EADDRINUSE), and sockutil_unix_connect to a listener with a
/// full backlog is ECONNREFUSED at once.
///
/// A path that begins with '@' is an abstract name (Linux; elsewhere EINVAL), as
/// in sockutil_addr_parse: there is no file, and the name is free again when the
/// last descriptor of the socket is closed. No permissions protect it: every
/// process of the network namespace can connect. For a file of that name use
/// "./@name". backlog is 0 to 65535. flags: SOCKUTIL_REPLACE,
/// SOCKUTIL_NONBLOCK, SOCKUTIL_INHERIT.
///
/// With SOCKUTIL_REPLACE there is no probe: whatever socket is at the path is
/// replaced, a living listener's too. That is for programs that hold a lock of
/// their own. For a moment there is nothing at the path. The old listener keeps
/// the clients that it has, and gets no new ones.
///
/// Returns the descriptor, close-on-exec unless SOCKUTIL_INHERIT; -1 with
/// errno:
///   EADDRINUSE     a server listens there, without SOCKUTIL_REPLACE, or path
///                  is not a socket; it is left alone
///   ENAMETOOLONG   path is longer than 107 bytes (103 where sun_path has 104),
///                  or an abstract name and its '@' are longer than 108
///   EINVAL         path is NULL, empty or "@", backlog is not 0 to 65535,
///                  flags has other bits, or SOCKUTIL_REPLACE for an abstract
///                  name
/// and the errors of bind(2) and unlink(2): EACCES, ENOENT, ENOTDIR, EROFS, ...
///
/// Async-signal-safe and thread-safe.
/// Source: unix(7); UNP section 15.5.
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_NONNULL((1))
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_unix_listen(path: *const c_char, backlog: c_int, flags: c_uint) -> c_int {
    outcome::of(|| {
        let flags = flags::check(flags, flags::UNIX_LISTENER)?;
        let backlog = check::backlog(backlog)?;
        // SAFETY: `path` is NULL, or a C string of the caller's.
        let path = unsafe { check::text_of(path) }.ok_or(INVALID)?;
        unix::listen(path, backlog, flags.socket)
    })
}

/// Listen for connections at a path whose permissions you choose.
///
/// As sockutil_unix_listen, but the socket's file gets the permissions of mode,
/// 0 to 0777, whatever umask is. Who may write to it can connect: 0600 admits
/// your own user and root, 0660 also the file's group, 0666 everybody. The file
/// never has a permission that mode does not have, and it has all of them before
/// anyone can connect. umask itself, which belongs to the whole process, does
/// not change.
///
/// The folder must not be writable by others, who could remove the file and put
/// another in its place. If there is another file after the bind, a symbolic
/// link too, the call fails and changes nothing. It cannot distinguish another
/// socket whose permissions do not exceed mode: this one would get those of
/// mode, and no client could reach yours. An abstract name has no permissions:
/// EINVAL. flags: SOCKUTIL_REPLACE, SOCKUTIL_NONBLOCK, SOCKUTIL_INHERIT.
///
/// Returns the descriptor, close-on-exec unless SOCKUTIL_INHERIT; -1 with
/// errno:
///   EADDRINUSE     a server listens there, without SOCKUTIL_REPLACE, or path
///                  is not a socket, or has just become another file; it is
///                  left alone
///   ENAMETOOLONG   path is longer than 107 bytes
///   ENOTSUP        umask denies a permission of mode, and there is no safe way
///                  to give it: no /proc is mounted, and Linux is older than 6.6
///   EINVAL         path is NULL or empty, or begins with '@', mode is above
///                  0777, backlog is not 0 to 65535, flags has other bits
/// and the errors of bind(2), unlink(2), open(2) and chmod(2): EACCES, EMFILE,
/// ENOENT, ENOTDIR, EROFS, ...
///
/// Async-signal-safe and thread-safe.
/// Source: unix(7), "Pathname socket ownership and permissions"; umask(2).
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_NONNULL((1))
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_unix_listen_mode(
    path: *const c_char,
    backlog: c_int,
    mode: c_uint,
    flags: c_uint,
) -> c_int {
    outcome::of(|| {
        let flags = flags::check(flags, flags::UNIX_LISTENER)?;
        let backlog = check::backlog(backlog)?;
        let mode = if mode <= 0o777 { Some(mode as mode_t) } else { return Err(INVALID) };
        // SAFETY: `path` is NULL, or a C string of the caller's.
        let path = unsafe { check::text_of(path) }.ok_or(INVALID)?;
        unix::listen_with(path, backlog, mode, flags.socket)
    })
}

/// Connect to a listener at a path, within a time limit.
///
/// While the listener's backlog is full, the call waits for at most timeout_ms.
/// 0 is a time that has run out: ETIMEDOUT after the checks and without an
/// attempt, so that you may always pass the result of sockutil_ms_left. Setting
/// a flag in a handler does not end a SOCKUTIL_FOREVER call. A path that begins
/// with '@' is an abstract name (Linux), as for sockutil_unix_listen. flags:
/// SOCKUTIL_NONBLOCK, SOCKUTIL_INHERIT.
///
/// Returns the connected descriptor, blocking unless SOCKUTIL_NONBLOCK,
/// close-on-exec unless SOCKUTIL_INHERIT; -1 with errno:
///   ETIMEDOUT      timeout_ms ran out while the backlog was full, or is 0
///   ECONNREFUSED   the socket file is there, and there is no listener; or no
///                  socket has the abstract name
///   ENOENT         there is no such file
///   ENAMETOOLONG   path is longer than 107 bytes, or an abstract name and its
///                  '@' are longer than 108
///   EINVAL         path is NULL, empty or "@", timeout_ms is below -1, flags
///                  has other bits
/// and the errors of connect(2): EACCES, EPROTOTYPE, ...
///
/// Async-signal-safe and thread-safe.
/// Source: unix(7); POSIX connect.
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_NONNULL((1))
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_unix_connect(path: *const c_char, flags: c_uint, timeout_ms: c_int) -> c_int {
    outcome::of(|| {
        let flags = flags::check(flags, flags::DESCRIPTOR)?;
        let limit = Limit::from_ms(timeout_ms)?;
        // SAFETY: `path` is NULL, or a C string of the caller's.
        let path = unsafe { check::text_of(path) }.ok_or(INVALID)?;
        unix::connect(path, flags.socket, limit)
    })
}
