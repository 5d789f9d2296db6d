//! Listening, connecting and accepting. What needs other system calls than the kernel's is in `tests/endpoints.rs`.

use std::ffi::{CStr, CString, c_char};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::time::{Duration, Instant};

use crate::c::*;
use libc::{c_int, c_uint};

use crate::kit::*;
use crate::support::{has_ipv6, imitates};

const REUSEPORT: c_uint = 1 << 16;
const V6ONLY: c_uint = 1 << 17;
const NONBLOCK: c_uint = 1 << 18;
const INHERIT: c_uint = 1 << 19;
const NUMERIC: c_uint = 1 << 20;

const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

/// Whether this machine has the address: it may have no IPv6.
fn is_here(ip: IpAddr) -> bool {
    ip.is_ipv4() || has_ipv6(format!("endpoints at {ip}"))
}

/// No flags: bits beside theirs, and what a backlog or a timeout in their place looks like.
const NO_FLAGS: [c_uint; 6] = [1, 128, 5000, 1 << 15, 1 << 23, 1 << 31];

/// The call makes a descriptor, and leaves errno alone.
#[track_caller]
fn makes(call: impl FnOnce() -> c_int) -> OwnedFd {
    const MARK: Errno = Errno(4711);
    set_errno(MARK);
    let fd = call();
    let after = errno();
    assert!(fd >= 0, "{after}");
    assert_eq!(after, MARK, "errno on success");
    unsafe { OwnedFd::from_raw_fd(fd) }
}

/// The call, which has a `gai`, fails with this errno, and `*gai` is as told; then once more without one.
#[track_caller]
fn fails_with_gai(e: c_int, code: c_int, call: impl Fn(*mut c_int) -> c_int) {
    let mut gai = 4711;
    fails(e, || call(&raw mut gai));
    assert_eq!(gai, code, "*gai");
    fails(e, || call(ptr::null_mut()));
}

fn text(host: Option<&CStr>) -> *const c_char {
    host.map_or(ptr::null(), CStr::as_ptr)
}

#[track_caller]
fn listen(host: Option<&CStr>, flags: c_uint) -> TcpListener {
    let mut gai = 4711;
    let fd = makes(|| unsafe { sockutil_tcp_listen(text(host), c"0".as_ptr(), 16, flags, &raw mut gai) });
    assert_eq!(gai, 0, "*gai");
    fd.into()
}

fn port(listener: &TcpListener) -> u16 {
    listener.local_addr().unwrap().port()
}

fn service(port: u16) -> CString {
    CString::new(port.to_string()).unwrap()
}

fn option(fd: c_int, level: c_int, name: c_int) -> c_int {
    let mut value: c_int = -1;
    let mut size = size_of::<c_int>() as u32;
    assert_eq!(unsafe { libc::getsockopt(fd, level, name, (&raw mut value).cast(), &raw mut size) }, 0);
    value
}

fn is_cloexec(fd: c_int) -> bool {
    unsafe { libc::fcntl(fd, libc::F_GETFD) & libc::FD_CLOEXEC != 0 }
}

fn socket(family: c_int, kind: c_int) -> OwnedFd {
    let fd = unsafe { libc::socket(family, kind | libc::SOCK_CLOEXEC, 0) };
    assert!(fd >= 0);
    unsafe { OwnedFd::from_raw_fd(fd) }
}

fn blank() -> sockutil_addr {
    unsafe { std::mem::zeroed() }
}

/// By std's means, not by those under test.
fn addr_of(address: SocketAddr) -> sockutil_addr {
    let mut a = blank();
    match address {
        SocketAddr::V4(v4) => {
            let place = (&raw mut a.ss).cast::<libc::sockaddr_in>();
            let ip = libc::in_addr { s_addr: u32::from_ne_bytes(v4.ip().octets()) };
            unsafe {
                (*place).sin_family = libc::AF_INET as u16;
                (*place).sin_port = v4.port().to_be();
                (*place).sin_addr = ip;
            }
            a.len = size_of::<libc::sockaddr_in>() as u32;
        }
        SocketAddr::V6(v6) => {
            let place = (&raw mut a.ss).cast::<libc::sockaddr_in6>();
            unsafe {
                (*place).sin6_family = libc::AF_INET6 as u16;
                (*place).sin6_port = v6.port().to_be();
                (*place).sin6_addr.s6_addr = v6.ip().octets();
            }
            a.len = size_of::<libc::sockaddr_in6>() as u32;
        }
    }
    a
}

fn as_sockaddr(a: &sockutil_addr) -> *const libc::sockaddr {
    (&raw const a.ss).cast()
}

fn bind(fd: c_int, a: &sockutil_addr) {
    assert_eq!(unsafe { libc::bind(fd, as_sockaddr(a), a.len) }, 0, "{}", errno());
}

fn local(fd: c_int) -> sockutil_addr {
    let mut a = blank();
    a.len = size_of::<libc::sockaddr_storage>() as u32;
    assert_eq!(unsafe { libc::getsockname(fd, (&raw mut a.ss).cast(), &raw mut a.len) }, 0);
    a
}

/// What the bytes in use say: for addresses from the kernel, which leaves no padding to chance.
fn said(a: &sockutil_addr) -> &[u8] {
    unsafe { std::slice::from_raw_parts((&raw const a.ss).cast(), a.len as usize) }
}

/// An address without a listener, and where no other can listen while its socket is open.
fn nobody(ip: IpAddr) -> (OwnedFd, SocketAddr) {
    let family = if ip.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
    let socket = socket(family, libc::SOCK_STREAM);
    bind(socket.as_raw_fd(), &addr_of((ip, 0).into()));
    // Both families keep it in the same place.
    let mut a = local(socket.as_raw_fd());
    let port = unsafe { (*(&raw mut a.ss).cast::<libc::sockaddr_in>()).sin_port };
    (socket, (ip, u16::from_be(port)).into())
}

/// A listener that answers no one more until it accepts.
struct Full {
    listener: TcpListener,
    clients: Vec<TcpStream>,
}

impl Full {
    fn new(ip: IpAddr) -> Self {
        Self::at((ip, 0).into()).unwrap()
    }

    fn at(address: SocketAddr) -> std::io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        assert_eq!(unsafe { libc::listen(listener.as_raw_fd(), 0) }, 0);
        // The kernel lets one more in than the backlog says.
        let clients = vec![TcpStream::connect(listener.local_addr()?)?];
        assert!(sockutil_wait(listener.as_raw_fd(), libc::POLLIN.into(), 5000) > 0);
        Ok(Self { listener, clients })
    }

    fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap()
    }

    fn addr(&self) -> sockutil_addr {
        addr_of(self.address())
    }

    /// Answers again.
    fn make_room(&self) -> TcpStream {
        self.listener.accept().unwrap().0
    }
}

/// A Unix listener with an abstract name of the kernel's choice, full.
fn full_unix() -> (OwnedFd, sockutil_addr, OwnedFd) {
    let listener = socket(libc::AF_UNIX, libc::SOCK_STREAM);
    let mut any = blank();
    any.ss.ss_family = libc::AF_UNIX as u16;
    any.len = size_of::<libc::sa_family_t>() as u32;
    bind(listener.as_raw_fd(), &any);
    assert_eq!(unsafe { libc::listen(listener.as_raw_fd(), 0) }, 0);
    let address = local(listener.as_raw_fd());
    let client = socket(libc::AF_UNIX, libc::SOCK_STREAM);
    assert_eq!(unsafe { libc::connect(client.as_raw_fd(), as_sockaddr(&address), address.len) }, 0);
    (listener, address, client)
}

fn this_thread() -> c_int {
    unsafe { libc::gettid() }
}

/// How often a thread has waited for something.
fn waits(thread: c_int) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/self/task/{thread}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    line.and_then(|n| n.trim().parse().ok()).unwrap_or_default()
}

/// Comes back when a thread has begun to wait so many times more: or soon, if it never does.
fn await_waits(thread: c_int, more: u64) {
    let (start, before) = (Instant::now(), waits(thread));
    while waits(thread) < before + more && start.elapsed() < Duration::from_millis(300) {
        look_again();
    }
}

/// What a caller may find changed: the descriptor's flags and its own timeouts.
fn modes(fd: c_int) -> (c_int, [(libc::time_t, libc::suseconds_t); 2]) {
    let timeout = |name| {
        let mut time = libc::timeval { tv_sec: -1, tv_usec: -1 };
        let mut size = size_of::<libc::timeval>() as u32;
        let place = (&raw mut time).cast();
        assert_eq!(unsafe { libc::getsockopt(fd, libc::SOL_SOCKET, name, place, &raw mut size) }, 0);
        (time.tv_sec, time.tv_usec)
    };
    (unsafe { libc::fcntl(fd, libc::F_GETFL) }, [libc::SO_SNDTIMEO, libc::SO_RCVTIMEO].map(timeout))
}

fn is_connected(fd: c_int) -> bool {
    let mut a = blank();
    a.len = size_of::<libc::sockaddr_storage>() as u32;
    unsafe { libc::getpeername(fd, (&raw mut a.ss).cast(), &raw mut a.len) == 0 }
}

// ---- tcp_listen

#[test]
fn tcp_listen_listens() {
    for (host, ip) in [(c"127.0.0.1", V4), (c"::1", V6)] {
        if !is_here(ip) {
            continue;
        }
        for flags in [0, NUMERIC] {
            let server = listen(Some(host), flags);
            let address = server.local_addr().unwrap();
            assert_eq!(address.ip(), ip);
            assert_ne!(address.port(), 0);
            let client = TcpStream::connect(address).unwrap();
            let (_, peer) = server.accept().unwrap();
            assert_eq!(client.local_addr().unwrap(), peer);
        }
    }
    let server = listen(Some(c"localhost"), 0);
    assert!(server.local_addr().unwrap().ip().is_loopback());
    TcpStream::connect(server.local_addr().unwrap()).unwrap();
}

#[test]
fn tcp_listen_without_a_host_is_for_every_address() {
    if imitates("v6only", "one socket for both families") {
        return;
    }
    for flags in [0, NUMERIC] {
        let server = listen(None, flags);
        assert!(server.local_addr().unwrap().ip().is_unspecified());
        if server.local_addr().unwrap().is_ipv6() {
            assert_eq!(option(server.as_raw_fd(), libc::IPPROTO_IPV6, libc::IPV6_V6ONLY), 0);
        }
        for ip in [V4, V6] {
            if !is_here(ip) {
                continue;
            }
            let client = TcpStream::connect((ip, port(&server))).unwrap();
            let (_, peer) = server.accept().unwrap();
            assert_eq!(client.local_addr().unwrap().port(), peer.port());
        }
    }
}

#[test]
fn tcp_listen_v6only_keeps_ipv4_out() {
    if !is_here(V6) {
        return;
    }
    let server = listen(None, V6ONLY);
    assert_eq!(option(server.as_raw_fd(), libc::IPPROTO_IPV6, libc::IPV6_V6ONLY), 1);
    // Refused; or answered by another test that has the port for IPv4, which this listener does not.
    let stranger = TcpStream::connect((V4, port(&server)));
    assert_eq!(sockutil_wait(server.as_raw_fd(), libc::POLLIN.into(), NOWAIT), -1);
    drop(stranger);
    TcpStream::connect((V6, port(&server))).unwrap();
    assert!(sockutil_wait(server.as_raw_fd(), libc::POLLIN.into(), 5000) > 0);
}

#[test]
fn tcp_listen_sets_what_was_asked_for() {
    for (host, ip) in [(None, V4), (Some(c"127.0.0.1"), V4), (Some(c"::1"), V6)] {
        if !is_here(ip) {
            continue;
        }
        let plain = listen(host, 0);
        let fd = plain.as_raw_fd();
        assert_eq!(option(fd, libc::SOL_SOCKET, libc::SO_REUSEADDR), 1);
        assert_eq!(option(fd, libc::SOL_SOCKET, libc::SO_REUSEPORT), 0);
        assert_eq!(option(fd, libc::SOL_SOCKET, libc::SO_ACCEPTCONN), 1);
        assert!(is_cloexec(fd) && !is_nonblock(fd));

        let other = listen(host, REUSEPORT | INHERIT | NONBLOCK);
        let fd = other.as_raw_fd();
        assert_eq!(option(fd, libc::SOL_SOCKET, libc::SO_REUSEADDR), 1);
        assert_eq!(option(fd, libc::SOL_SOCKET, libc::SO_REUSEPORT), 1);
        assert!(!is_cloexec(fd) && is_nonblock(fd));
    }
}

#[test]
fn tcp_listen_starts_again_at_once() {
    let server = listen(Some(c"127.0.0.1"), 0);
    let address = server.local_addr().unwrap();
    let client = TcpStream::connect(address).unwrap();
    let (connection, _) = server.accept().unwrap();
    // The server's end closes first, and stays in TIME_WAIT.
    drop(connection);
    drop(client);
    drop(server);
    let again = || unsafe {
        sockutil_tcp_listen(c"127.0.0.1".as_ptr(), service(address.port()).as_ptr(), 1, 0, ptr::null_mut())
    };
    drop(makes(again));
}

#[test]
fn tcp_listen_takes_any_backlog_of_16_bits() {
    for backlog in [0, 1, 65535] {
        drop(makes(|| unsafe { sockutil_tcp_listen(ptr::null(), c"0".as_ptr(), backlog, 0, ptr::null_mut()) }));
    }
}

#[test]
fn sockutil_tcp_listen_EADDRINUSE() {
    let second =
        |host, port, flags, gai| unsafe { sockutil_tcp_listen(text(host), service(port).as_ptr(), 1, flags, gai) };
    for (host, ip) in [(None, V4), (Some(c"127.0.0.1"), V4), (Some(c"::1"), V6)] {
        if !is_here(ip) {
            continue;
        }
        for (first_flags, flags) in [(0, 0), (REUSEPORT, 0), (0, REUSEPORT)] {
            let first = listen(host, first_flags);
            fails_with_gai(libc::EADDRINUSE, 0, |gai| second(host, port(&first), flags, gai));
        }
        let first = listen(host, REUSEPORT);
        let mut gai = 4711;
        drop(makes(|| second(host, port(&first), REUSEPORT, &raw mut gai)));
        assert_eq!(gai, 0);
    }
    // Every address takes each.
    let first = listen(None, 0);
    fails_with_gai(libc::EADDRINUSE, 0, |gai| second(Some(c"127.0.0.1"), port(&first), 0, gai));
    if is_here(V6) {
        fails_with_gai(libc::EADDRINUSE, 0, |gai| second(Some(c"::1"), port(&first), 0, gai));
    }
}

/// A name, forms that only look like addresses, and ports that are none.
const UNRESOLVED: [(&CStr, &CStr, c_uint); 5] = [
    (c"localhost", c"0", NUMERIC),
    (c"010.1.1.1", c"0", 0),
    (c"127.1", c"0", 0),
    (c"0x7f.1", c"0", 0),
    (c"127.0.0.1", c"65536", 0),
];

#[test]
fn sockutil_tcp_listen_EADDRNOTAVAIL() {
    // TEST-NET-1 of RFC 5737 and the documentation prefix of RFC 3849 belong to no host.
    for (host, ip) in [(c"192.0.2.1", V4), (c"2001:db8::1", V6)] {
        if !is_here(ip) {
            continue;
        }
        let call = |gai| unsafe { sockutil_tcp_listen(host.as_ptr(), c"0".as_ptr(), 1, NUMERIC, gai) };
        fails_with_gai(libc::EADDRNOTAVAIL, 0, call);
    }
    for (host, service, flags) in UNRESOLVED {
        let call = |gai| unsafe { sockutil_tcp_listen(host.as_ptr(), service.as_ptr(), 1, flags, gai) };
        let code = if service == c"65536" { libc::EAI_SERVICE } else { libc::EAI_NONAME };
        fails_with_gai(libc::EADDRNOTAVAIL, code, call);
    }
}

#[test]
fn sockutil_tcp_listen_EINVAL() {
    let zero = c"0".as_ptr();
    for host in [None, Some(c"127.0.0.1"), Some(c"localhost")] {
        let host = text(host);
        fails_with_gai(EINVAL, 0, |gai| unsafe { sockutil_tcp_listen(host, ptr::null(), 1, 0, gai) });
        for backlog in [-1, 65536, NONBLOCK as c_int, c_int::MIN, c_int::MAX] {
            fails_with_gai(EINVAL, 0, |gai| unsafe { sockutil_tcp_listen(host, zero, backlog, 0, gai) });
        }
        for flags in NO_FLAGS {
            fails_with_gai(EINVAL, 0, |gai| unsafe { sockutil_tcp_listen(host, zero, 1, flags, gai) });
        }
    }
}

// ---- tcp_connect

#[track_caller]
fn connect_to(host: Option<&CStr>, port: u16, flags: c_uint, timeout: c_int) -> OwnedFd {
    let mut gai = 4711;
    let service = service(port);
    let fd = makes(|| unsafe { sockutil_tcp_connect(text(host), service.as_ptr(), flags, timeout, &raw mut gai) });
    assert_eq!(gai, 0, "*gai");
    fd
}

#[test]
fn tcp_connect_connects() {
    for (host, ip) in [(Some(c"127.0.0.1"), V4), (Some(c"::1"), V6), (None, V6), (None, V4)] {
        if !is_here(ip) {
            continue;
        }
        let server = TcpListener::bind((ip, 0)).unwrap();
        for timeout in [FOREVER, 5000] {
            for flags in [0, NUMERIC, NONBLOCK, INHERIT, NONBLOCK | INHERIT | NUMERIC] {
                let client = connect_to(host, port(&server), flags, timeout);
                let fd = client.as_raw_fd();
                assert_eq!(is_nonblock(fd), flags & NONBLOCK != 0);
                assert_eq!(is_cloexec(fd), flags & INHERIT == 0);
                assert_eq!(modes(fd).1, [(0, 0); 2], "no timeouts are left on it");
                let (_, peer) = server.accept().unwrap();
                assert_eq!(TcpStream::from(client).local_addr().unwrap(), peer);
            }
        }
    }
    let server = listen(None, 0);
    connect_to(Some(c"localhost"), port(&server), 0, 5000);
}

#[test]
fn tcp_connect_survives_signals() {
    let server = TcpListener::bind((V4, 0)).unwrap();
    for timeout in [FOREVER, 5000] {
        in_a_storm(|| drop(connect_to(Some(c"127.0.0.1"), port(&server), 0, timeout)));
        drop(server.accept().unwrap());
    }
}

#[test]
fn sockutil_tcp_connect_ECONNREFUSED() {
    for (host, ip) in [(Some(c"127.0.0.1"), V4), (Some(c"::1"), V6), (None, V4)] {
        if !is_here(ip) {
            continue;
        }
        let (_socket, address) = nobody(ip);
        let service = service(address.port());
        for timeout in [FOREVER, 5000] {
            for flags in [0, NONBLOCK] {
                let call = |gai| unsafe { sockutil_tcp_connect(text(host), service.as_ptr(), flags, timeout, gai) };
                fails_with_gai(libc::ECONNREFUSED, 0, call);
            }
        }
    }
}

#[test]
fn sockutil_tcp_connect_ETIMEDOUT() {
    for (host, ip) in [(c"127.0.0.1", V4), (c"::1", V6)] {
        if !is_here(ip) {
            continue;
        }
        let full = Full::new(ip);
        let service = service(full.address().port());
        for flags in [0, NONBLOCK] {
            let mut gai = 4711;
            let mut call =
                || unsafe { sockutil_tcp_connect(host.as_ptr(), service.as_ptr(), flags, 150, &raw mut gai) };
            takes_ms(150, || fails(libc::ETIMEDOUT, &mut call));
            takes_ms(150, || in_a_storm(|| fails(libc::ETIMEDOUT, &mut call)));
            assert_eq!(gai, 0);
        }
    }
}

/// A time that has run out before: after the checks and the resolver, and without an attempt.
#[test]
fn tcp_connect_in_no_time_has_timed_out() {
    let server = listen(None, 0);
    let there = service(port(&server));
    let connect = |host: Option<&CStr>, service, flags, gai| unsafe {
        sockutil_tcp_connect(text(host), service, flags, NOWAIT, gai)
    };
    for flags in [0, NONBLOCK, INHERIT] {
        for host in [None, Some(c"127.0.0.1"), Some(c"::1"), Some(c"localhost")] {
            fails_with_gai(libc::ETIMEDOUT, 0, |gai| connect(host, there.as_ptr(), flags, gai));
        }
    }
    // As `sockutil_ms_left` has it at the end of a time.
    let left = sockutil_ms_left(sockutil_now_ms());
    let call = |gai| unsafe { sockutil_tcp_connect(ptr::null(), there.as_ptr(), 0, left, gai) };
    fails_with_gai(libc::ETIMEDOUT, 0, call);
    // What is wrong is an error of its own.
    fails_with_gai(EINVAL, 0, |gai| connect(None, ptr::null(), 0, gai));
    fails_with_gai(EINVAL, 0, |gai| connect(None, there.as_ptr(), REUSEPORT, gai));
    fails_with_gai(libc::ENODEV, 0, |gai| connect(Some(c"fe80::1%none"), there.as_ptr(), 0, gai));
    for (host, service, flags) in UNRESOLVED {
        let code = if service == c"65536" { libc::EAI_SERVICE } else { libc::EAI_NONAME };
        fails_with_gai(libc::EADDRNOTAVAIL, code, |gai| connect(Some(host), service.as_ptr(), flags, gai));
    }
    assert_eq!(sockutil_wait(server.as_raw_fd(), libc::POLLIN.into(), NOWAIT), -1, "nobody has tried");
}

/// One port, at which IPv6's loopback is dead and IPv4's is as told.
fn dead_in_front(live: bool) -> (Full, Result<TcpListener, Full>) {
    for _ in 0..100 {
        let front = Full::new(V6);
        let address = SocketAddr::from((V4, front.address().port()));
        // The port may be taken there.
        if live {
            if let Ok(listener) = TcpListener::bind(address) {
                return (front, Ok(listener));
            }
        } else if let Ok(full) = Full::at(address) {
            return (front, Err(full));
        }
    }
    panic!("no port is free on both");
}

/// No host is ::1, then 127.0.0.1: two addresses without a resolver.
#[test]
fn tcp_connect_leaves_time_for_the_next_address() {
    if !is_here(V6) {
        return;
    }
    let (front, back) = dead_in_front(true);
    let back = back.ok().unwrap();
    for flags in [0, NONBLOCK] {
        // The delay of RFC 8305, whatever the limit.
        let client = takes_ms(250, || connect_to(None, front.address().port(), flags, 20_000));
        assert_eq!(TcpStream::from(client).peer_addr().unwrap().ip(), V4);
        drop(back.accept().unwrap());
        takes_ms(250, || drop(connect_to(None, front.address().port(), flags, FOREVER)));
        drop(back.accept().unwrap());
    }
    takes_ms(100, || in_a_storm(|| drop(connect_to(None, front.address().port(), 0, 200))));
}

#[test]
fn tcp_connect_tries_no_longer_than_told_in_all() {
    if !is_here(V6) {
        return;
    }
    let (front, back) = dead_in_front(false);
    let service = service(front.address().port());
    let call = || unsafe { sockutil_tcp_connect(ptr::null(), service.as_ptr(), 0, 300, ptr::null_mut()) };
    takes_ms(300, || fails(libc::ETIMEDOUT, call));
    takes_ms(300, || in_a_storm(|| fails(libc::ETIMEDOUT, call)));
    drop(back);
}

#[test]
fn sockutil_tcp_connect_EADDRNOTAVAIL() {
    for (host, service, flags) in UNRESOLVED {
        let call = |gai| unsafe { sockutil_tcp_connect(host.as_ptr(), service.as_ptr(), flags, 5000, gai) };
        let code = if service == c"65536" { libc::EAI_SERVICE } else { libc::EAI_NONAME };
        fails_with_gai(libc::EADDRNOTAVAIL, code, call);
    }
}

#[test]
fn sockutil_tcp_connect_EINVAL() {
    // A listener, so that nothing but the argument is wrong.
    let server = listen(None, 0);
    let there = service(port(&server));
    for host in [None, Some(c"127.0.0.1"), Some(c"localhost")] {
        let host = text(host);
        let there = there.as_ptr();
        fails_with_gai(EINVAL, 0, |gai| unsafe { sockutil_tcp_connect(host, ptr::null(), 0, FOREVER, gai) });
        for timeout in [-2, c_int::MIN] {
            fails_with_gai(EINVAL, 0, |gai| unsafe { sockutil_tcp_connect(host, there, 0, timeout, gai) });
        }
        for flags in NO_FLAGS.into_iter().chain([REUSEPORT, V6ONLY]) {
            fails_with_gai(EINVAL, 0, |gai| unsafe { sockutil_tcp_connect(host, there, flags, 5000, gai) });
        }
    }
    assert_eq!(sockutil_wait(server.as_raw_fd(), libc::POLLIN.into(), NOWAIT), -1, "nobody has tried");
}

// ---- connect

/// A fresh socket of each blocking mode, with timeouts of its own that must survive, and must not be felt.
fn clients(family: c_int) -> Vec<OwnedFd> {
    [(false, 0), (true, 0), (false, 20), (true, 20)]
        .map(|(nonblock, timeout)| {
            let client = socket(family, libc::SOCK_STREAM);
            if nonblock {
                set_nonblock(client.as_raw_fd());
            }
            if timeout > 0 {
                set_timeout(client.as_raw_fd(), libc::SO_SNDTIMEO, timeout);
                set_timeout(client.as_raw_fd(), libc::SO_RCVTIMEO, timeout + 10);
            }
            client
        })
        .into()
}

/// Runs a call on a descriptor whose modes must be afterwards what they were before.
#[track_caller]
fn keeping_modes<T>(fd: c_int, call: impl FnOnce() -> T) -> T {
    let before = modes(fd);
    let result = call();
    assert_eq!(modes(fd), before);
    result
}

#[test]
fn connect_connects() {
    for (ip, family) in [(V4, libc::AF_INET), (V6, libc::AF_INET6)] {
        if !is_here(ip) {
            continue;
        }
        let server = TcpListener::bind((ip, 0)).unwrap();
        let to = addr_of(server.local_addr().unwrap());
        for timeout in [FOREVER, 5000] {
            for storm in [false, true] {
                for client in clients(family) {
                    let fd = client.as_raw_fd();
                    let call = || gives(0, || unsafe { sockutil_connect(fd, &raw const to, timeout) });
                    keeping_modes(fd, || if storm { in_a_storm(call) } else { call() });
                    let (_, peer) = server.accept().unwrap();
                    assert_eq!(TcpStream::from(client).local_addr().unwrap(), peer);
                }
            }
        }
    }
}

/// Regression 8: a connect that a signal interrupts goes on, and is never begun again.
#[test]
fn connect_survives_signals_while_it_waits() {
    for timeout in [FOREVER, 20_000] {
        // Two of the four: the kernel's next SYN keeps each waiting for a second.
        for client in clients(libc::AF_INET).into_iter().skip(1).take(2) {
            let full = Full::new(V4);
            let (fd, to, this) = (client.as_raw_fd(), full.addr(), this_thread());
            beside(
                || {
                    await_waits(this, 20);
                    assert!(!is_connected(fd));
                    full.make_room();
                },
                || {
                    keeping_modes(fd, || {
                        in_a_storm(|| gives(0, || unsafe { sockutil_connect(fd, &raw const to, timeout) }));
                    });
                },
            );
            assert!(is_connected(fd));
        }
    }
}

#[test]
fn connect_gives_a_datagram_socket_its_peer() {
    let peer = UdpSocket::bind((V4, 0)).unwrap();
    let socket = socket(libc::AF_INET, libc::SOCK_DGRAM);
    let to = addr_of(peer.local_addr().unwrap());
    for timeout in [FOREVER, NOWAIT, 5000] {
        gives(0, || unsafe { sockutil_connect(socket.as_raw_fd(), &raw const to, timeout) });
        assert!(is_connected(socket.as_raw_fd()));
    }
}

#[test]
fn connect_to_a_unix_listener() {
    for timeout in [FOREVER, NOWAIT, 5000] {
        for client in clients(libc::AF_UNIX) {
            let (listener, address, first) = full_unix();
            assert_eq!(unsafe { libc::listen(listener.as_raw_fd(), 8) }, 0);
            let fd = client.as_raw_fd();
            keeping_modes(fd, || gives(0, || unsafe { sockutil_connect(fd, &raw const address, timeout) }));
            assert!(is_connected(fd));
            drop(first);
        }
    }
}

#[test]
fn connect_waits_for_a_unix_listener() {
    if imitates("refuse", "a client that waits for a place in the backlog") {
        return;
    }
    for timeout in [FOREVER, 20_000] {
        for storm in [false, true] {
            for client in clients(libc::AF_UNIX) {
                let (listener, address, _first) = full_unix();
                let (fd, this) = (client.as_raw_fd(), this_thread());
                let call = || gives(0, || unsafe { sockutil_connect(fd, &raw const address, timeout) });
                beside(
                    || {
                        await_waits(this, if storm { 20 } else { 1 });
                        assert!(!is_connected(fd));
                        let fd = unsafe { libc::accept(listener.as_raw_fd(), ptr::null_mut(), ptr::null_mut()) };
                        drop(unsafe { OwnedFd::from_raw_fd(fd) });
                    },
                    || keeping_modes(fd, || if storm { in_a_storm(call) } else { call() }),
                );
                // Not is_connected: the listener may have let go of it already.
                assert!(sockutil_wait(fd, libc::POLLOUT.into(), NOWAIT) > 0);
            }
        }
    }
}

#[test]
fn sockutil_connect_ETIMEDOUT() {
    let full = Full::new(V4);
    let (_listener, unix, _first) = full_unix();
    for (family, to) in [(libc::AF_INET, full.addr()), (libc::AF_UNIX, unix)] {
        if family == libc::AF_UNIX && imitates("refuse", "a client that waits for a place in the backlog") {
            continue;
        }
        for storm in [false, true] {
            for client in clients(family) {
                let fd = client.as_raw_fd();
                let call = || fails(libc::ETIMEDOUT, || unsafe { sockutil_connect(fd, &raw const to, 100) });
                takes_ms(100, || keeping_modes(fd, || if storm { in_a_storm(call) } else { call() }));
            }
        }
    }
    assert_eq!(full.clients.len(), 1);
}

#[test]
fn sockutil_connect_ECONNREFUSED() {
    let (_v4, v4) = nobody(V4);
    let v6 = is_here(V6).then(|| nobody(V6));
    let (listener, unix, first) = full_unix();
    // The name stays bound, and is listened on no more.
    assert_eq!(unsafe { libc::shutdown(listener.as_raw_fd(), libc::SHUT_RD) }, 0);
    drop(first);
    let v6 = v6.as_ref().map(|(_socket, v6)| (libc::AF_INET6, addr_of(*v6)));
    for (family, to) in [(libc::AF_INET, addr_of(v4)), (libc::AF_UNIX, unix)].into_iter().chain(v6) {
        for timeout in [FOREVER, 5000] {
            for client in clients(family) {
                let fd = client.as_raw_fd();
                let call = || unsafe { sockutil_connect(fd, &raw const to, timeout) };
                keeping_modes(fd, || fails(libc::ECONNREFUSED, call));
            }
        }
    }
}

#[test]
fn sockutil_connect_EINPROGRESS() {
    let server = TcpListener::bind((V4, 0)).unwrap();
    let (_socket, dead) = nobody(V4);
    let full = Full::new(V4);
    let outcomes = [(server.local_addr().unwrap(), 0), (dead, libc::ECONNREFUSED)];
    for storm in [false, true] {
        for (to, outcome) in outcomes {
            for client in clients(libc::AF_INET) {
                let (fd, to) = (client.as_raw_fd(), addr_of(to));
                let call = || fails(libc::EINPROGRESS, || unsafe { sockutil_connect(fd, &raw const to, NOWAIT) });
                keeping_modes(fd, || if storm { in_a_storm(call) } else { call() });
                assert!(sockutil_wait(fd, libc::POLLOUT.into(), 5000) > 0);
                gives(outcome, || sockutil_take_error(fd));
                assert_eq!(is_connected(fd), outcome == 0);
            }
        }
    }
    // It is not waited for.
    for client in clients(libc::AF_INET) {
        let (fd, to) = (client.as_raw_fd(), full.addr());
        fails(libc::EINPROGRESS, || unsafe { sockutil_connect(fd, &raw const to, NOWAIT) });
        fails(EAGAIN, || sockutil_wait(fd, libc::POLLOUT.into(), NOWAIT));
        // What goes on cannot be begun again: connect(2).
        fails(libc::EALREADY, || unsafe { sockutil_connect(fd, &raw const to, NOWAIT) });
    }
}

#[test]
fn sockutil_connect_EAGAIN() {
    let (_listener, unix, _first) = full_unix();
    let refuses = imitates("refuse", "a backlog that only asks to try again");
    let wanted = if refuses { libc::ECONNREFUSED } else { EAGAIN };
    for storm in [false, true] {
        for client in clients(libc::AF_UNIX) {
            let fd = client.as_raw_fd();
            let call = || fails(wanted, || unsafe { sockutil_connect(fd, &raw const unix, NOWAIT) });
            keeping_modes(fd, || if storm { in_a_storm(call) } else { call() });
        }
    }
}

type Connect = fn(c_int, &sockutil_addr);

/// How a socket comes to be connected.
const WAYS: [(&str, Connect); 4] = [
    ("the kernel", |fd, to| assert_eq!(unsafe { libc::connect(fd, as_sockaddr(to), to.len) }, 0)),
    ("for ever", |fd, to| gives(0, || unsafe { sockutil_connect(fd, to, FOREVER) })),
    ("timed", |fd, to| gives(0, || unsafe { sockutil_connect(fd, to, 5000) })),
    ("at once", |fd, to| {
        if unsafe { sockutil_connect(fd, to, NOWAIT) } != 0 {
            assert_eq!(errno().0, libc::EINPROGRESS);
            assert!(sockutil_wait(fd, libc::POLLOUT.into(), 5000) > 0);
            gives(0, || sockutil_take_error(fd));
        }
    }),
];

/// A listener of a family and a kind, with an address of the kernel's choice.
fn listening(family: c_int, kind: c_int) -> (OwnedFd, sockutil_addr) {
    let listener = socket(family, kind);
    let fd = listener.as_raw_fd();
    let any = match family {
        libc::AF_INET => addr_of((V4, 0).into()),
        libc::AF_INET6 => addr_of((V6, 0).into()),
        _ => {
            let mut any = blank();
            any.ss.ss_family = family as u16;
            any.len = size_of::<libc::sa_family_t>() as u32;
            any
        }
    };
    bind(fd, &any);
    if kind != libc::SOCK_DGRAM {
        assert_eq!(unsafe { libc::listen(fd, 16) }, 0);
    }
    let address = local(fd);
    (listener, address)
}

fn peer(fd: c_int) -> sockutil_addr {
    let mut a = blank();
    a.len = size_of::<libc::sockaddr_storage>() as u32;
    assert_eq!(unsafe { libc::getpeername(fd, (&raw mut a.ss).cast(), &raw mut a.len) }, 0);
    a
}

#[test]
fn sockutil_connect_EISCONN() {
    let kinds = [
        (libc::AF_INET, libc::SOCK_STREAM),
        (libc::AF_INET6, libc::SOCK_STREAM),
        (libc::AF_UNIX, libc::SOCK_STREAM),
        (libc::AF_UNIX, libc::SOCK_SEQPACKET),
    ];
    for (family, kind) in kinds {
        if family == libc::AF_INET6 && !is_here(V6) {
            continue;
        }
        let (_listener, to) = listening(family, kind);
        let (_other, elsewhere) = listening(family, kind);
        for (way, connect) in WAYS {
            for first in [FOREVER, NOWAIT, 5000] {
                let client = socket(family, kind);
                let fd = client.as_raw_fd();
                connect(fd, &to);
                let before = peer(fd);
                // Every time, and the first time too, wherever it is to go.
                for (to, timeout) in [(&elsewhere, first), (&to, FOREVER), (&elsewhere, 5000), (&to, NOWAIT)] {
                    println!("{family} {kind} {way} {first} {timeout}");
                    let call = || fails(libc::EISCONN, || unsafe { sockutil_connect(fd, to, timeout) });
                    keeping_modes(fd, call);
                }
                assert_eq!(said(&peer(fd)), said(&before));
            }
        }
    }
    // What no connect has made.
    for pair in [tcp(), unix()] {
        let (_listener, to) =
            listening(if pair.kind == "TCP" { libc::AF_INET } else { libc::AF_UNIX }, libc::SOCK_STREAM);
        for fd in [pair.r(), pair.w()] {
            for timeout in [FOREVER, NOWAIT, 5000] {
                fails(libc::EISCONN, || unsafe { sockutil_connect(fd, &raw const to, timeout) });
            }
        }
    }
}

#[test]
fn connect_gives_a_connected_datagram_socket_another_peer() {
    for family in [libc::AF_INET, libc::AF_INET6, libc::AF_UNIX] {
        if family == libc::AF_INET6 && !is_here(V6) {
            continue;
        }
        let (_one, to) = listening(family, libc::SOCK_DGRAM);
        let (_other, elsewhere) = listening(family, libc::SOCK_DGRAM);
        let client = socket(family, libc::SOCK_DGRAM);
        let fd = client.as_raw_fd();
        for timeout in [FOREVER, NOWAIT, 5000] {
            for to in [&to, &elsewhere] {
                gives(0, || unsafe { sockutil_connect(fd, to, timeout) });
                assert_eq!(said(&peer(fd)), said(to));
            }
        }
    }
}

/// What `shut_down` does it to.
static TO_SHUT_DOWN: AtomicI32 = AtomicI32::new(-1);

extern "C" fn shut_down(_: c_int) {
    unsafe { libc::shutdown(TO_SHUT_DOWN.load(Ordering::Relaxed), libc::SHUT_RDWR) };
}

/// A flag that a signal handler sets does not end a connect; shutdown(2) does, from another thread and from a handler,
/// also from one whose signal would have the kernel begin the system call again.
#[test]
fn shutdown_ends_a_connect() {
    let signal = libc::SIGRTMIN() + 2;
    let full = Full::new(V4);
    for timeout in [FOREVER, 20_000] {
        for handler in [None, Some(0), Some(libc::SA_RESTART)] {
            for client in clients(libc::AF_INET) {
                let (fd, to, this) = (client.as_raw_fd(), full.addr(), this_thread());
                TO_SHUT_DOWN.store(fd, Ordering::Relaxed);
                let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
                action.sa_sigaction = shut_down as *const () as usize;
                action.sa_flags = handler.unwrap_or(0);
                assert_eq!(unsafe { libc::sigaction(signal, &raw const action, ptr::null_mut()) }, 0);
                let end = || match handler {
                    None => unsafe { libc::shutdown(fd, libc::SHUT_RDWR) },
                    Some(_) => unsafe { libc::syscall(libc::SYS_tgkill, libc::getpid(), this, signal) as c_int },
                };
                let done = AtomicBool::new(false);
                beside(
                    || {
                        // Once more, if it had not begun yet: a thread waits for other things too, and many of them under an
                        // emulator.
                        let start = Instant::now();
                        while start.elapsed() < Duration::from_secs(15) {
                            await_waits(this, 1);
                            if done.load(Ordering::Relaxed) {
                                return;
                            }
                            end();
                        }
                        // It would go on for minutes.
                        full.make_room();
                    },
                    || {
                        let call = || unsafe { sockutil_connect(fd, &raw const to, timeout) };
                        println!("{timeout} {handler:?}");
                        keeping_modes(fd, || fails(libc::ECONNRESET, call));
                        done.store(true, Ordering::Relaxed);
                    },
                );
            }
        }
    }
}

#[test]
fn sockutil_connect_EINVAL() {
    let server = TcpListener::bind((V4, 0)).unwrap();
    let to = addr_of(server.local_addr().unwrap());
    let client = socket(libc::AF_INET, libc::SOCK_STREAM);
    let fd = client.as_raw_fd();
    for timeout in [FOREVER, NOWAIT, 5000] {
        fails(EINVAL, || unsafe { sockutil_connect(fd, ptr::null(), timeout) });
    }
    for timeout in [-2, c_int::MIN] {
        fails(EINVAL, || unsafe { sockutil_connect(fd, &raw const to, timeout) });
    }
    // An address that is none: connect(2).
    let empty = sockutil_addr { len: 0, ..to };
    fails(EINVAL, || unsafe { sockutil_connect(fd, &raw const empty, FOREVER) });
    assert_eq!(sockutil_wait(server.as_raw_fd(), libc::POLLIN.into(), NOWAIT), -1, "nobody has tried");
}

#[test]
fn sockutil_connect_EBADF() {
    let (_listener, unix, _first) = full_unix();
    for to in [addr_of((V4, 9).into()), unix] {
        for timeout in [FOREVER, NOWAIT, 50] {
            fails(EBADF, || unsafe { sockutil_connect(-1, &raw const to, timeout) });
            fails(EBADF, || unsafe { sockutil_connect(CLOSED, &raw const to, timeout) });
        }
    }
}

#[test]
fn sockutil_connect_ENOTSOCK() {
    let (_listener, unix, _first) = full_unix();
    let pipe = pipe();
    let before = is_nonblock(pipe.w());
    for to in [addr_of((V4, 9).into()), unix] {
        for timeout in [FOREVER, NOWAIT, 50] {
            fails(ENOTSOCK, || unsafe { sockutil_connect(pipe.w(), &raw const to, timeout) });
            assert_eq!(is_nonblock(pipe.w()), before);
        }
    }
}

// ---- accept

/// Listeners of each blocking mode, with and without a timeout of their own.
fn servers(ip: IpAddr) -> Vec<TcpListener> {
    [(false, 0), (true, 0), (false, 20), (true, 20)]
        .map(|(nonblock, timeout)| {
            let server = TcpListener::bind((ip, 0)).unwrap();
            server.set_nonblocking(nonblock).unwrap();
            if timeout > 0 {
                set_timeout(server.as_raw_fd(), libc::SO_RCVTIMEO, timeout);
            }
            server
        })
        .into()
}

#[test]
fn accept_gives_the_connection_and_the_peer() {
    for ip in [V4, V6] {
        if !is_here(ip) {
            continue;
        }
        for server in servers(ip) {
            for timeout in [FOREVER, 5000, NOWAIT] {
                let client = TcpStream::connect(server.local_addr().unwrap()).unwrap();
                assert!(sockutil_wait(server.as_raw_fd(), libc::POLLIN.into(), 5000) > 0);
                // As short as no address is: the length is an output only.
                let mut peer = sockutil_addr { len: 1, ..blank() };
                let fd = server.as_raw_fd();
                let call = || makes(|| unsafe { sockutil_accept(fd, &raw mut peer, 0, timeout) });
                let connection = keeping_modes(fd, call);
                let wanted = local(client.as_raw_fd());
                assert_eq!((peer.len, said(&peer)), (wanted.len, said(&wanted)));
                assert!(is_connected(connection.as_raw_fd()));
            }
        }
    }
}

#[test]
fn accept_makes_what_was_asked_for() {
    for server in servers(V4) {
        for timeout in [FOREVER, 5000] {
            for flags in [0, NONBLOCK, INHERIT, NONBLOCK | INHERIT] {
                let _client = TcpStream::connect(server.local_addr().unwrap()).unwrap();
                let call = || unsafe { sockutil_accept(server.as_raw_fd(), ptr::null_mut(), flags, timeout) };
                let connection = makes(call);
                assert_eq!(is_nonblock(connection.as_raw_fd()), flags & NONBLOCK != 0);
                assert_eq!(is_cloexec(connection.as_raw_fd()), flags & INHERIT == 0);
            }
        }
    }
}

#[test]
fn accept_of_a_unix_client_without_a_name() {
    let (listener, _, _client) = full_unix();
    let mut peer = sockutil_addr { len: 77, ..blank() };
    drop(makes(|| unsafe { sockutil_accept(listener.as_raw_fd(), &raw mut peer, 0, FOREVER) }));
    assert_eq!((peer.ss.ss_family, peer.len), (libc::AF_UNIX as u16, size_of::<libc::sa_family_t>() as u32));
}

#[test]
fn accept_waits_for_a_client() {
    for storm in [false, true] {
        for timeout in [FOREVER, 20_000] {
            for server in servers(V4) {
                let (fd, address, this) = (server.as_raw_fd(), server.local_addr().unwrap(), this_thread());
                let call = || drop(makes(|| unsafe { sockutil_accept(fd, ptr::null_mut(), 0, timeout) }));
                beside(
                    || {
                        // Often enough for the listener's own timeout to have run out.
                        await_waits(this, if storm { 40 } else { 2 });
                        drop(TcpStream::connect(address).unwrap());
                    },
                    || keeping_modes(fd, || if storm { in_a_storm(call) } else { call() }),
                );
            }
        }
    }
}

#[test]
fn sockutil_accept_EAGAIN() {
    for server in servers(V4) {
        let fd = server.as_raw_fd();
        let mut peer = sockutil_addr { len: 77, ..blank() };
        let mut call = |timeout| fails(EAGAIN, || unsafe { sockutil_accept(fd, &raw mut peer, 0, timeout) });
        keeping_modes(fd, || call(NOWAIT));
        takes_ms(80, || keeping_modes(fd, || call(80)));
        takes_ms(80, || in_a_storm(|| call(80)));
        assert_eq!((peer.ss.ss_family, peer.len), (0, 77), "untouched");
    }
}

#[test]
fn sockutil_accept_EINVAL() {
    let server = TcpListener::bind((V4, 0)).unwrap();
    let fd = server.as_raw_fd();
    let _client = TcpStream::connect(server.local_addr().unwrap()).unwrap();
    let mut peer = sockutil_addr { len: 77, ..blank() };
    for timeout in [-2, c_int::MIN] {
        fails(EINVAL, || unsafe { sockutil_accept(fd, &raw mut peer, 0, timeout) });
    }
    for flags in NO_FLAGS.into_iter().chain([REUSEPORT, V6ONLY, NUMERIC]) {
        fails(EINVAL, || unsafe { sockutil_accept(fd, &raw mut peer, flags, FOREVER) });
    }
    assert!(sockutil_wait(fd, libc::POLLIN.into(), 5000) > 0, "the client still waits");

    // What does not listen: new, bound, connected, and connected with something to read.
    let (bound, _) = nobody(V4);
    let (idle, busy) = (tcp(), tcp());
    busy.feed(b"text");
    for other in [&socket(libc::AF_INET, libc::SOCK_STREAM), &bound, &idle.reader, &busy.reader, &unix().reader] {
        for timeout in [FOREVER, NOWAIT, 50] {
            fails(EINVAL, || unsafe { sockutil_accept(other.as_raw_fd(), &raw mut peer, 0, timeout) });
        }
    }
    assert_eq!((peer.ss.ss_family, peer.len), (0, 77), "untouched");
}

#[test]
fn sockutil_accept_EOPNOTSUPP() {
    let datagrams = [socket(libc::AF_INET, libc::SOCK_DGRAM), socket(libc::AF_UNIX, libc::SOCK_DGRAM)];
    for socket in datagrams {
        for timeout in [FOREVER, NOWAIT, 50] {
            fails(libc::EOPNOTSUPP, || unsafe { sockutil_accept(socket.as_raw_fd(), ptr::null_mut(), 0, timeout) });
        }
    }
}

#[test]
fn sockutil_accept_EBADF() {
    for timeout in [FOREVER, NOWAIT, 50] {
        fails(EBADF, || unsafe { sockutil_accept(-1, ptr::null_mut(), 0, timeout) });
        fails(EBADF, || unsafe { sockutil_accept(CLOSED, ptr::null_mut(), 0, timeout) });
    }
}

#[test]
fn sockutil_accept_ENOTSOCK() {
    let pipe = pipe();
    for timeout in [FOREVER, NOWAIT, 50] {
        fails(ENOTSOCK, || unsafe { sockutil_accept(pipe.r(), ptr::null_mut(), 0, timeout) });
        fails(ENOTSOCK, || unsafe { sockutil_accept(pipe.w(), ptr::null_mut(), 0, timeout) });
    }
}
