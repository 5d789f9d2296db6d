//! UDP: bind, connect, disconnect, and datagrams.

use std::ffi::{CStr, CString};
use std::mem::MaybeUninit;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, UdpSocket};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::net::UnixDatagram;
use std::ptr;

use crate::c::*;
use libc::{c_char, c_int, c_uint, c_void};

use crate::addr::socket;
use crate::kit::*;
use crate::pass::{has_run_alone, in_a_child};
use crate::support::{has_ipv6, imitates};

/// The call makes a descriptor, and leaves errno alone.
#[track_caller]
pub fn makes(call: impl FnOnce() -> c_int) -> OwnedFd {
    const MARK: Errno = Errno(4711);
    set_errno(MARK);
    let fd = call();
    let after = errno();
    assert!(fd >= 0, "{after}");
    assert_eq!(after, MARK, "errno on success");
    unsafe { OwnedFd::from_raw_fd(fd) }
}

pub fn is_cloexec(fd: c_int) -> bool {
    unsafe { libc::fcntl(fd, libc::F_GETFD) & libc::FD_CLOEXEC != 0 }
}

pub fn option(fd: c_int, level: c_int, name: c_int) -> c_int {
    let (mut value, mut size) = (-1, size_of::<c_int>() as u32);
    assert_eq!(unsafe { libc::getsockopt(fd, level, name, (&raw mut value).cast(), &raw mut size) }, 0);
    value
}

/// All bytes the same, so that one that is written shows.
pub fn marked() -> sockutil_addr {
    let mut address = MaybeUninit::<sockutil_addr>::uninit();
    unsafe {
        address.as_mut_ptr().cast::<u8>().write_bytes(0x5a, size_of::<sockutil_addr>());
        address.assume_init()
    }
}

pub fn is_marked(address: &sockutil_addr) -> bool {
    let storage: [u8; size_of::<libc::sockaddr_storage>()] = unsafe { std::mem::transmute(address.ss) };
    storage == [0x5a; size_of::<libc::sockaddr_storage>()] && address.len == 0x5a5a_5a5a
}

pub fn to_addr(from: SocketAddr) -> sockutil_addr {
    let mut address: sockutil_addr = unsafe { std::mem::zeroed() };
    match from {
        SocketAddr::V4(v4) => unsafe {
            let place: *mut libc::sockaddr_in = (&raw mut address.ss).cast();
            (*place).sin_family = libc::AF_INET as u16;
            (*place).sin_port = v4.port().to_be();
            (*place).sin_addr.s_addr = u32::from_ne_bytes(v4.ip().octets());
            address.len = size_of::<libc::sockaddr_in>() as u32;
        },
        SocketAddr::V6(v6) => unsafe {
            let place: *mut libc::sockaddr_in6 = (&raw mut address.ss).cast();
            (*place).sin6_family = libc::AF_INET6 as u16;
            (*place).sin6_port = v6.port().to_be();
            (*place).sin6_addr.s6_addr = v6.ip().octets();
            (*place).sin6_scope_id = v6.scope_id();
            address.len = size_of::<libc::sockaddr_in6>() as u32;
        },
    }
    address
}

pub fn to_std(address: &sockutil_addr) -> SocketAddr {
    match c_int::from(address.ss.ss_family) {
        libc::AF_INET => {
            assert_eq!(address.len as usize, size_of::<libc::sockaddr_in>());
            let v4: libc::sockaddr_in = unsafe { (&raw const address.ss).cast::<libc::sockaddr_in>().read() };
            (Ipv4Addr::from(v4.sin_addr.s_addr.to_ne_bytes()), u16::from_be(v4.sin_port)).into()
        }
        libc::AF_INET6 => {
            assert_eq!(address.len as usize, size_of::<libc::sockaddr_in6>());
            let v6: libc::sockaddr_in6 = unsafe { (&raw const address.ss).cast::<libc::sockaddr_in6>().read() };
            let ip = Ipv6Addr::from(v6.sin6_addr.s6_addr);
            SocketAddrV6::new(ip, u16::from_be(v6.sin6_port), 0, v6.sin6_scope_id).into()
        }
        family => panic!("family {family}"),
    }
}

type Ask = unsafe extern "C" fn(c_int, *mut libc::sockaddr, *mut libc::socklen_t) -> c_int;

fn ask(fd: c_int, ask: Ask) -> SocketAddr {
    let mut address: sockutil_addr = unsafe { std::mem::zeroed() };
    address.len = size_of::<libc::sockaddr_storage>() as u32;
    assert_eq!(unsafe { ask(fd, (&raw mut address.ss).cast(), &raw mut address.len) }, 0);
    to_std(&address)
}

pub fn local(fd: c_int) -> SocketAddr {
    ask(fd, libc::getsockname)
}

pub fn peer(fd: c_int) -> SocketAddr {
    ask(fd, libc::getpeername)
}

fn text(host: Option<&str>) -> Option<CString> {
    host.map(|host| CString::new(host).unwrap())
}

type Make = unsafe extern "C" fn(*const c_char, *const c_char, c_uint, *mut c_int) -> c_int;

/// bind or connect, whose gai must be 0 on success.
#[track_caller]
fn make(function: Make, host: Option<&str>, port: u16, flags: c_uint) -> OwnedFd {
    let (host, service) = (text(host), CString::new(port.to_string()).unwrap());
    let host = host.as_deref().map_or(ptr::null(), CStr::as_ptr);
    let mut gai = 4711;
    let fd = makes(|| unsafe { function(host, service.as_ptr(), flags, &raw mut gai) });
    assert_eq!(gai, 0);
    let again = makes(|| unsafe { function(host, c"0".as_ptr(), flags, ptr::null_mut()) });
    drop(again);
    fd
}

/// It fails with this errno, and gai says whether the resolver did.
#[track_caller]
fn cannot(function: Make, e: c_int, host: Option<&CStr>, service: Option<&CStr>, flags: c_uint) -> c_int {
    let start = |text: Option<&CStr>| text.map_or(ptr::null(), CStr::as_ptr);
    let mut gai = 4711;
    fails(e, || unsafe { function(start(host), start(service), flags, &raw mut gai) });
    fails(e, || unsafe { function(start(host), start(service), flags, ptr::null_mut()) });
    gai
}

fn bound(host: Option<&str>, port: u16, flags: c_uint) -> OwnedFd {
    make(sockutil_udp_bind, host, port, flags)
}

fn connected(host: Option<&str>, port: u16, flags: c_uint) -> OwnedFd {
    make(sockutil_udp_connect, host, port, flags)
}

fn send(fd: c_int, bytes: &[u8], to: Option<SocketAddr>, timeout_ms: c_int) -> isize {
    let to = to.map(to_addr);
    let to = to.as_ref().map_or(ptr::null(), |to| &raw const *to);
    unsafe { sockutil_sendto(fd, bytes.as_ptr().cast(), bytes.len(), to, timeout_ms) }
}

/// recvfrom without its outputs.
fn receive(fd: c_int, buffer: &mut [u8], timeout_ms: c_int) -> isize {
    let start = buffer.as_mut_ptr().cast();
    unsafe { sockutil_recvfrom(fd, start, buffer.len(), ptr::null_mut(), ptr::null_mut(), timeout_ms) }
}

fn std_udp() -> UdpSocket {
    UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap()
}

/// A TCP socket that is bound to an address and does not listen, so that no other program listens there. None if the port
/// is taken, or if there is no such family.
pub fn held(at: SocketAddr) -> Option<OwnedFd> {
    let socket = socket(if at.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 }, libc::SOCK_STREAM);
    let to = to_addr(at);
    (unsafe { libc::bind(socket.as_raw_fd(), (&raw const to.ss).cast(), to.len) } == 0).then_some(socket)
}

/// A closed port: its socket is open, so that no other gets the port, and takes datagrams only from itself.
pub fn closed_port() -> UdpSocket {
    let socket = std_udp();
    socket.connect(socket.local_addr().unwrap()).unwrap();
    socket
}

#[test]
fn udp_bind_without_a_host_is_dual_stack() {
    if imitates("v6only", "one socket for both families") {
        return;
    }
    let fd = bound(None, 0, 0);
    let here = local(fd.as_raw_fd());
    assert!(here.ip().is_unspecified() && here.port() != 0);
    let mut senders = vec![std_udp()];
    if here.is_ipv6() {
        assert_eq!(option(fd.as_raw_fd(), libc::IPPROTO_IPV6, libc::IPV6_V6ONLY), 0);
    }
    if has_ipv6("a sender by IPv6") {
        assert!(here.is_ipv6());
        senders.push(UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).unwrap());
    }
    for sender in senders {
        let from = sender.local_addr().unwrap();
        sender.send_to(b"hello", (from.ip(), here.port())).unwrap();
        let (mut buffer, mut address, mut cut) = ([0; 16], marked(), -1);
        let start = buffer.as_mut_ptr().cast();
        gives(5, || unsafe {
            sockutil_recvfrom(fd.as_raw_fd(), start, buffer.len(), &raw mut address, &raw mut cut, 5000)
        });
        let sender = to_std(&address);
        assert_eq!((sender.ip().to_canonical(), sender.port(), cut), (from.ip(), from.port(), 0));
        // The address of the answer's way back is good for it.
        gives(2, || send(fd.as_raw_fd(), b"re", Some(sender), 1000));
    }
}

#[test]
fn udp_bind_v6only_keeps_ipv4_out() {
    if !has_ipv6("IPv6 alone") {
        return;
    }
    let probe = UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).unwrap();
    let fd = bound(None, 0, SOCKUTIL_V6ONLY);
    assert_eq!(option(fd.as_raw_fd(), libc::IPPROTO_IPV6, libc::IPV6_V6ONLY), 1);
    let port = local(fd.as_raw_fd()).port();
    probe.send_to(b"six", (Ipv6Addr::LOCALHOST, port)).unwrap();
    gives(3, || receive(fd.as_raw_fd(), &mut [0; 8], 5000));
    // IPv4's side of the port is free.
    let other = UdpSocket::bind((Ipv4Addr::LOCALHOST, port));
    assert!(other.is_ok_and(|other| other.send_to(b"four", (Ipv4Addr::LOCALHOST, port)).is_ok()));
    fails(EAGAIN, || receive(fd.as_raw_fd(), &mut [0; 8], NOWAIT));
    // Without V6ONLY it is not free.
    let both = bound(None, 0, 0);
    assert!(UdpSocket::bind((Ipv4Addr::UNSPECIFIED, local(both.as_raw_fd()).port())).is_err());
}

#[test]
fn udp_sockets_have_the_modes_they_were_asked_for() {
    for flags in [0, SOCKUTIL_NONBLOCK, SOCKUTIL_INHERIT, SOCKUTIL_NONBLOCK | SOCKUTIL_INHERIT | SOCKUTIL_NUMERIC] {
        for fd in [bound(Some("127.0.0.1"), 0, flags), connected(Some("127.0.0.1"), 9, flags)] {
            assert_eq!(is_nonblock(fd.as_raw_fd()), flags & SOCKUTIL_NONBLOCK != 0);
            assert_eq!(is_cloexec(fd.as_raw_fd()), flags & SOCKUTIL_INHERIT == 0);
            assert_eq!(option(fd.as_raw_fd(), libc::SOL_SOCKET, libc::SO_TYPE), libc::SOCK_DGRAM);
            assert_eq!(option(fd.as_raw_fd(), libc::SOL_SOCKET, libc::SO_REUSEPORT), 0);
        }
    }
}

#[test]
fn sockutil_udp_bind_EADDRINUSE() {
    for host in [None, Some("127.0.0.1")] {
        let first = bound(host, 0, 0);
        let port = CString::new(local(first.as_raw_fd()).port().to_string()).unwrap();
        let host = text(host);
        assert_eq!(cannot(sockutil_udp_bind, libc::EADDRINUSE, host.as_deref(), Some(&port), 0), 0);
        assert_eq!(
            cannot(sockutil_udp_bind, libc::EADDRINUSE, host.as_deref(), Some(&port), SOCKUTIL_REUSEPORT),
            0,
            "the first one did not agree"
        );
    }
}

#[test]
fn udp_bind_reuseport_shares_a_port() {
    let first = bound(Some("127.0.0.1"), 0, SOCKUTIL_REUSEPORT);
    assert_eq!(option(first.as_raw_fd(), libc::SOL_SOCKET, libc::SO_REUSEPORT), 1);
    let port = local(first.as_raw_fd()).port();
    let second = bound(Some("127.0.0.1"), port, SOCKUTIL_REUSEPORT);
    assert_eq!(local(second.as_raw_fd()).port(), port);
    let service = CString::new(port.to_string()).unwrap();
    cannot(sockutil_udp_bind, libc::EADDRINUSE, Some(c"127.0.0.1"), Some(&service), 0);
}

#[test]
fn sockutil_udp_bind_EADDRNOTAVAIL() {
    // TEST-NET-1 belongs to no host (RFC 5737); the next are no addresses, and no name is looked up.
    assert_eq!(cannot(sockutil_udp_bind, libc::EADDRNOTAVAIL, Some(c"192.0.2.1"), Some(c"0"), 0), 0);
    for host in [c"010.1.1.1", c"127.1", c"0x7f.1"] {
        assert_ne!(cannot(sockutil_udp_bind, libc::EADDRNOTAVAIL, Some(host), Some(c"0"), 0), 0);
    }
    let numeric = SOCKUTIL_NUMERIC;
    assert_ne!(cannot(sockutil_udp_bind, libc::EADDRNOTAVAIL, Some(c"localhost"), Some(c"0"), numeric), 0);
    let gai = cannot(sockutil_udp_bind, libc::EADDRNOTAVAIL, None, Some(c"65536"), 0);
    assert_eq!(gai, libc::EAI_SERVICE);
}

#[test]
fn sockutil_udp_bind_EINVAL() {
    assert_eq!(cannot(sockutil_udp_bind, EINVAL, None, None, 0), 0);
    for flags in [1, 128, 1 << 15, 1 << 30, 1 << 31] {
        assert_eq!(cannot(sockutil_udp_bind, EINVAL, None, Some(c"0"), flags), 0);
    }
}

#[test]
fn udp_connect_talks_to_its_peer_alone() {
    let (server, other) = (std_udp(), std_udp());
    let address = server.local_addr().unwrap();
    let fd = connected(Some("127.0.0.1"), address.port(), 0);
    assert_eq!(peer(fd.as_raw_fd()), address);
    for timeout in [FOREVER, NOWAIT, 1000] {
        gives(2, || send(fd.as_raw_fd(), b"hi", None, timeout));
        assert_eq!(server.recv(&mut [0; 8]).unwrap(), 2);
        let back = local(fd.as_raw_fd());
        other.send_to(b"intruder", back).unwrap();
        server.send_to(b"ho", back).unwrap();
        let mut buffer = [0; 16];
        gives(2, || receive(fd.as_raw_fd(), &mut buffer, 5000));
        assert_eq!(&buffer[..2], b"ho");
        fails(EAGAIN, || receive(fd.as_raw_fd(), &mut buffer, NOWAIT));
    }
}

#[test]
fn udp_connect_without_a_host_means_the_loopback() {
    let fd = connected(None, 9, 0);
    assert!(peer(fd.as_raw_fd()).ip().is_loopback());
}

#[test]
fn sockutil_udp_connect_EADDRNOTAVAIL() {
    for host in [c"010.1.1.1", c"127.1", c"0x7f.1"] {
        assert_ne!(cannot(sockutil_udp_connect, libc::EADDRNOTAVAIL, Some(host), Some(c"9"), 0), 0);
    }
    let numeric = SOCKUTIL_NUMERIC;
    assert_ne!(cannot(sockutil_udp_connect, libc::EADDRNOTAVAIL, Some(c"localhost"), Some(c"9"), numeric), 0);
    let gai = cannot(sockutil_udp_connect, libc::EADDRNOTAVAIL, None, Some(c"65536"), 0);
    assert_eq!(gai, libc::EAI_SERVICE);
}

#[test]
fn sockutil_udp_connect_EINVAL() {
    assert_eq!(cannot(sockutil_udp_connect, EINVAL, None, None, 0), 0);
    for flags in [1, 1 << 15, SOCKUTIL_REUSEPORT, SOCKUTIL_V6ONLY, 1 << 23, 1 << 31] {
        assert_eq!(cannot(sockutil_udp_connect, EINVAL, None, Some(c"9"), flags), 0);
    }
}

#[test]
fn sockutil_recvfrom_ECONNREFUSED() {
    for timeout in [FOREVER, 5000] {
        let closed = closed_port();
        let fd = connected(Some("127.0.0.1"), closed.local_addr().unwrap().port(), 0);
        gives(1, || send(fd.as_raw_fd(), b"x", None, 1000));
        let (mut buffer, mut from, mut cut) = ([9; 4], marked(), 4711);
        let start = buffer.as_mut_ptr().cast();
        fails(libc::ECONNREFUSED, || unsafe {
            sockutil_recvfrom(fd.as_raw_fd(), start, 4, &raw mut from, &raw mut cut, timeout)
        });
        assert!(is_marked(&from) && cut == 4711 && buffer == [9; 4]);
        // It was reported once; the socket still works.
        fails(EAGAIN, || receive(fd.as_raw_fd(), &mut buffer, NOWAIT));
    }
    // Unconnected: silence.
    let fd = bound(Some("127.0.0.1"), 0, 0);
    let closed = closed_port();
    gives(1, || send(fd.as_raw_fd(), b"x", Some(closed.local_addr().unwrap()), 1000));
    fails(EAGAIN, || receive(fd.as_raw_fd(), &mut [0; 4], 50));
}

#[test]
fn udp_disconnect_sets_free() {
    let (first, second) = (std_udp(), std_udp());
    let [one, two] = [&first, &second].map(|peer| peer.local_addr().unwrap());
    let fd = connected(Some("127.0.0.1"), one.port(), 0);
    let fd = fd.as_raw_fd();
    gives(0, || sockutil_udp_disconnect(fd));
    let mut nobody = marked();
    fails(libc::ENOTCONN, || unsafe { sockutil_addr_peer(fd, &raw mut nobody) });
    gives(5, || send(fd, b"hello", Some(two), 1000));
    assert_eq!(second.recv(&mut [0; 8]).unwrap(), 5);
    fails(libc::EDESTADDRREQ, || send(fd, b"hello", None, 1000));
    // It receives from anybody, and can be connected again.
    first.send_to(b"anybody", (Ipv4Addr::LOCALHOST, local(fd).port())).unwrap();
    gives(7, || receive(fd, &mut [0; 16], 5000));
    let next = to_addr(two);
    gives(0, || unsafe { sockutil_connect(fd, &raw const next, 1000) });
    gives(2, || send(fd, b"hi", None, 1000));
    assert_eq!(second.recv(&mut [0; 8]).unwrap(), 2);
    // Without a peer it is no error, on IPv6 neither.
    gives(0, || sockutil_udp_disconnect(fd));
    gives(0, || sockutil_udp_disconnect(fd));
    let both = bound(None, 0, 0);
    gives(0, || sockutil_udp_disconnect(both.as_raw_fd()));
}

#[test]
fn sockutil_udp_disconnect_EPROTOTYPE() {
    for pair in sockets() {
        fails(libc::EPROTOTYPE, || sockutil_udp_disconnect(pair.w()));
        // It is connected as before.
        pair.feed(b"still");
        let mut buffer = [0; 5];
        gives(1, || unsafe { sockutil_read_full(pair.r(), buffer.as_mut_ptr().cast(), 5, ptr::null_mut(), 5000) });
        assert_eq!(&buffer, b"still");
    }
    // One that listens goes on listening.
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    fails(libc::EPROTOTYPE, || sockutil_udp_disconnect(listener.as_raw_fd()));
    std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
}

#[test]
fn sockutil_udp_disconnect_EBADF() {
    fails(EBADF, || sockutil_udp_disconnect(-1));
    fails(EBADF, || sockutil_udp_disconnect(CLOSED));
}

#[test]
fn sockutil_udp_disconnect_ENOTSOCK() {
    fails(ENOTSOCK, || sockutil_udp_disconnect(pipe().r()));
}

#[test]
fn datagrams_come_whole_cut_and_empty() {
    let (sender, receiver) = (std_udp(), bound(Some("127.0.0.1"), 0, 0));
    let (to, fd) = (local(receiver.as_raw_fd()), receiver.as_raw_fd());
    let here = sender.local_addr().unwrap();
    let s = sender.as_raw_fd();
    let largest = pattern(65_507);
    for timeout in [FOREVER, NOWAIT, 1000] {
        let take = |room: usize| {
            let (mut buffer, mut from, mut cut) = (vec![0x77; room + 1], marked(), 4711);
            let start = buffer.as_mut_ptr().cast();
            let mut got = -2;
            let mut call = || unsafe { sockutil_recvfrom(fd, start, room, &raw mut from, &raw mut cut, 5000) };
            set_errno(Errno(4711));
            got = got.max(call());
            assert!(got >= 0 && errno().0 == 4711);
            assert_eq!(to_std(&from), here);
            assert_eq!(buffer.pop(), Some(0x77), "behind the memory");
            buffer.truncate(got as usize);
            (buffer, cut)
        };
        gives(6, || send(s, b"abcdef", Some(to), timeout));
        assert_eq!(take(6), (b"abcdef".to_vec(), 0));
        gives(6, || send(s, b"abcdef", Some(to), timeout));
        assert_eq!(take(5), (b"abcde".to_vec(), 1));
        // What did not fit is gone; the next one is the next.
        gives(0, || send(s, b"", Some(to), timeout));
        gives(3, || send(s, b"xyz", Some(to), timeout));
        assert_eq!(take(8), (vec![], 0));
        assert_eq!(take(0), (vec![], 1));
        gives(0, || send(s, b"", Some(to), timeout));
        assert_eq!(take(0), (vec![], 0));
        gives(65_507, || send(s, &largest, Some(to), timeout));
        assert!(take(70_000) == (largest.clone(), 0));
        fails(EAGAIN, || receive(fd, &mut [0; 8], NOWAIT));
    }
}

/// Another system call than with truncated.
#[test]
fn recvfrom_without_truncated_gives_the_same_bytes_and_sender() {
    let (sender, receiver) = (std_udp(), std_udp());
    let here = sender.local_addr().unwrap();
    let fd = receiver.as_raw_fd();
    sender.connect(receiver.local_addr().unwrap()).unwrap();
    for timeout in [FOREVER, NOWAIT, 5000] {
        let take = |room: usize| {
            let (mut buffer, mut from) = (vec![0x77; room + 1], marked());
            let start = buffer.as_mut_ptr().cast();
            set_errno(Errno(4711));
            let got = unsafe { sockutil_recvfrom(fd, start, room, &raw mut from, ptr::null_mut(), timeout) };
            assert!(got >= 0 && errno().0 == 4711);
            assert_eq!(to_std(&from), here);
            assert_eq!(buffer.pop(), Some(0x77), "behind the memory");
            buffer.truncate(got as usize);
            buffer
        };
        for (sent, room, got) in [
            (&b"abcdef"[..], 6, &b"abcdef"[..]),
            (b"abcdef", 5, b"abcde"),
            (b"xyz", 8, b"xyz"),
            (b"", 8, b""),
            (b"x", 0, b""),
        ] {
            assert_eq!(sender.send(sent).unwrap(), sent.len());
            assert_eq!(take(room), got);
        }
        // Nothing is left of what did not fit.
        fails(EAGAIN, || receive(fd, &mut [0; 8], NOWAIT));
    }
}

#[test]
fn recvfrom_without_truncated_leaves_from_alone_when_it_fails() {
    let receiver = std_udp();
    let (mut buffer, mut from) = ([9_u8; 4], marked());
    let start: *mut c_void = buffer.as_mut_ptr().cast();
    let mut call = |fd, n, ms| unsafe { sockutil_recvfrom(fd, start, n, &raw mut from, ptr::null_mut(), ms) };
    let fd = receiver.as_raw_fd();
    fails(EAGAIN, || call(fd, 4, NOWAIT));
    takes_ms(30, || fails(EAGAIN, || call(fd, 4, 30)));
    fails(EINVAL, || call(fd, 4, -2));
    fails(EINVAL, || call(fd, TOO_LONG[0], NOWAIT));
    fails(EBADF, || call(CLOSED, 4, FOREVER));
    let pipe = pipe();
    fails(ENOTSOCK, || call(pipe.r(), 4, FOREVER));
    assert!(is_marked(&from) && buffer == [9; 4]);
}

/// Nothing of what does not fit is thrown away, and a stream's peer has no address here.
#[test]
fn recvfrom_without_truncated_on_a_stream_is_recv() {
    for pair in sockets() {
        pair.feed(b"abcdef");
        let (mut buffer, mut from) = ([0; 4], marked());
        let start = buffer.as_mut_ptr().cast();
        gives(4, || unsafe { sockutil_recvfrom(pair.r(), start, 4, &raw mut from, ptr::null_mut(), 5000) });
        assert_eq!((&buffer, from.len), (b"abcd", 0), "{}", pair.kind);
        gives(2, || receive(pair.r(), &mut buffer, 5000));
    }
}

#[test]
fn null_memory_of_length_0_serves() {
    let (sender, receiver) = (std_udp(), std_udp());
    sender.connect(receiver.local_addr().unwrap()).unwrap();
    let (null, nowhere, none) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
    gives(0, || unsafe { sockutil_sendto(sender.as_raw_fd(), null, 0, ptr::null(), 1000) });
    gives(0, || unsafe { sockutil_recvfrom(receiver.as_raw_fd(), null, 0, nowhere, none, 5000) });
    fails(EAGAIN, || unsafe { sockutil_recvfrom(receiver.as_raw_fd(), null, 0, nowhere, none, NOWAIT) });
}

#[test]
fn sockutil_sendto_EDESTADDRREQ() {
    let fd = std_udp();
    for timeout in [FOREVER, NOWAIT, 50] {
        fails(libc::EDESTADDRREQ, || send(fd.as_raw_fd(), b"x", None, timeout));
    }
}

#[test]
fn sockutil_sendto_EMSGSIZE() {
    let (fd, receiver) = (std_udp(), std_udp());
    let to = receiver.local_addr().unwrap();
    for timeout in [FOREVER, NOWAIT, 50] {
        fails(EMSGSIZE, || send(fd.as_raw_fd(), &pattern(70_000), Some(to), timeout));
    }
    fails(EAGAIN, || receive(receiver.as_raw_fd(), &mut [0; 8], NOWAIT));
}

#[test]
fn sockutil_sendto_EINVAL() {
    let (fd, receiver) = (std_udp(), std_udp());
    let to = to_addr(receiver.local_addr().unwrap());
    let somewhere: *const c_void = ptr::dangling::<u8>().cast();
    let call = |buf, n, timeout| unsafe { sockutil_sendto(fd.as_raw_fd(), buf, n, &raw const to, timeout) };
    fails(EINVAL, || call(ptr::null(), 1, FOREVER));
    for n in TOO_LONG {
        fails(EINVAL, || call(somewhere, n, FOREVER));
    }
    for timeout in [-2, c_int::MIN] {
        fails(EINVAL, || call(b"x".as_ptr().cast(), 1, timeout));
    }
    fails(EAGAIN, || receive(receiver.as_raw_fd(), &mut [0; 8], NOWAIT));
}

#[test]
fn sockutil_sendto_EBADF() {
    for timeout in [FOREVER, NOWAIT, 50] {
        fails(EBADF, || send(-1, b"x", None, timeout));
        fails(EBADF, || send(CLOSED, b"x", None, timeout));
    }
}

#[test]
fn sockutil_sendto_ENOTSOCK() {
    for timeout in [FOREVER, NOWAIT, 50] {
        fails(ENOTSOCK, || send(pipe().w(), b"x", None, timeout));
    }
}

#[test]
fn sendto_a_stream_that_is_broken_raises_no_signal() {
    let pair = unix();
    hang_up(pair.reader, &pair.writer);
    fails(EPIPE, || send(pair.writer.as_raw_fd(), b"x", None, 1000));
}

/// A datagram pair whose way is full.
fn full() -> (UnixDatagram, UnixDatagram) {
    let (sender, receiver) = UnixDatagram::pair().unwrap();
    sender.set_nonblocking(true).unwrap();
    while sender.send(b"fill").is_ok() {}
    sender.set_nonblocking(false).unwrap();
    (sender, receiver)
}

#[test]
fn sockutil_sendto_EAGAIN() {
    let (sender, receiver) = full();
    let fd = sender.as_raw_fd();
    fails(EAGAIN, || send(fd, b"more", None, NOWAIT));
    takes_ms(40, || fails(EAGAIN, || send(fd, b"more", None, 40)));
    takes_ms(120, || in_a_storm(|| fails(EAGAIN, || send(fd, b"more", None, 120))));
    // The limit rules, whatever the descriptor says.
    set_timeout(fd, libc::SO_SNDTIMEO, 10_000);
    takes_ms(0, || fails(EAGAIN, || send(fd, b"more", None, NOWAIT)));
    set_timeout(fd, libc::SO_SNDTIMEO, 10);
    takes_ms(60, || fails(EAGAIN, || send(fd, b"more", None, 60)));
    set_nonblock(fd);
    takes_ms(60, || fails(EAGAIN, || send(fd, b"more", None, 60)));
    beside(
        || {
            fails(EAGAIN, || sockutil_wait(fd, libc::POLLPRI.into(), 60));
            let mut buffer = [0; 8];
            while receiver.recv(&mut buffer).unwrap() == 4 && &buffer[..4] == b"fill" {}
            assert_eq!(&buffer[..4], b"more");
        },
        || gives(4, || send(fd, b"more", None, FOREVER)),
    );
    assert!(is_nonblock(fd), "O_NONBLOCK stays");
}

fn thread_cpu_ms() -> i64 {
    clock_ms(libc::CLOCK_THREAD_CPUTIME_ID)
}

/// poll(2) calls an unconnected Unix datagram socket writable whatever the receiver's queue is like.
#[test]
fn sendto_waits_for_a_full_receiver_without_spinning() {
    if has_run_alone() {
        return;
    }
    let path = crate::support::scratch("datagrams").join(format!("full-{}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let receiver = UnixDatagram::bind(&path).unwrap();
    let sender = UnixDatagram::unbound().unwrap();
    sender.set_nonblocking(true).unwrap();
    while sender.send_to(b"fill", &path).is_ok() {}
    let mut to = marked();
    to.len = size_of::<libc::sockaddr_storage>() as u32;
    let (place, size) = ((&raw mut to.ss).cast(), &raw mut to.len);
    assert_eq!(unsafe { libc::getsockname(receiver.as_raw_fd(), place, size) }, 0);
    let fd = sender.as_raw_fd();
    let call = |timeout| unsafe { sockutil_sendto(fd, b"more".as_ptr().cast(), 4, &raw const to, timeout) };
    // In a child, which is ended if the wait never is.
    in_a_child(|| {
        let before = thread_cpu_ms();
        let end = sockutil_now_ms() + 300;
        if call(300) != -1 || errno().0 != EAGAIN || sockutil_ms_left(end) > 0 {
            return 1;
        }
        if thread_cpu_ms() - before < 150 { 0 } else { 2 }
    });
    for timeout in [FOREVER, 5000] {
        beside(
            || {
                fails(EAGAIN, || sockutil_wait(fd, libc::POLLPRI.into(), 60));
                receiver.recv(&mut [0; 8]).unwrap();
            },
            || gives(4, || call(timeout)),
        );
    }
}

#[test]
fn sockutil_recvfrom_EAGAIN() {
    let socket = std_udp();
    let fd = socket.as_raw_fd();
    let (mut buffer, mut from, mut cut) = ([9; 4], marked(), 4711);
    let start = buffer.as_mut_ptr().cast();
    let mut call = |timeout| unsafe { sockutil_recvfrom(fd, start, 4, &raw mut from, &raw mut cut, timeout) };
    keeps_its_time(fd, libc::SO_RCVTIMEO, |timeout| {
        fails(EAGAIN, || call(timeout));
    });
    assert!(is_marked(&from) && cut == 4711 && buffer == [9; 4]);
    assert!(is_nonblock(fd));
}

#[test]
fn recvfrom_waits_for_ever_whatever_the_socket_says() {
    for nonblock in [false, true] {
        let (receiver, sender) = (std_udp(), std_udp());
        let fd = receiver.as_raw_fd();
        set_timeout(fd, libc::SO_RCVTIMEO, 10);
        receiver.set_nonblocking(nonblock).unwrap();
        beside(
            || {
                fails(EAGAIN, || sockutil_wait(fd, libc::POLLPRI.into(), 60));
                sender.send_to(b"late", receiver.local_addr().unwrap()).unwrap();
            },
            || in_a_storm(|| gives(4, || receive(fd, &mut [0; 8], FOREVER))),
        );
    }
}

#[test]
fn sockutil_recvfrom_EINVAL() {
    let (receiver, sender) = (std_udp(), std_udp());
    sender.send_to(b"stays", receiver.local_addr().unwrap()).unwrap();
    let (mut buffer, mut from, mut cut) = ([9_u8; 8], marked(), 4711);
    let place: *mut c_void = buffer.as_mut_ptr().cast();
    let fd = receiver.as_raw_fd();
    let mut call = |buf, n, timeout| unsafe { sockutil_recvfrom(fd, buf, n, &raw mut from, &raw mut cut, timeout) };
    fails(EINVAL, || call(ptr::null_mut(), 1, FOREVER));
    for n in TOO_LONG {
        fails(EINVAL, || call(place, n, FOREVER));
    }
    for timeout in [-2, c_int::MIN] {
        fails(EINVAL, || call(place, 8, timeout));
    }
    assert!(is_marked(&from) && cut == 4711 && buffer == [9; 8]);
    gives(5, || receive(fd, &mut buffer, 5000));
}

#[test]
fn sockutil_recvfrom_EBADF() {
    for timeout in [FOREVER, NOWAIT, 50] {
        fails(EBADF, || receive(-1, &mut [0; 4], timeout));
        fails(EBADF, || receive(CLOSED, &mut [0; 4], timeout));
    }
}

#[test]
fn sockutil_recvfrom_ENOTSOCK() {
    let pipe = pipe();
    pipe.feed(b"kept");
    for timeout in [FOREVER, NOWAIT, 50] {
        fails(ENOTSOCK, || receive(pipe.r(), &mut [0; 4], timeout));
    }
}

/// On a stream it is recv: nothing of what does not fit is thrown away.
#[test]
fn recvfrom_on_a_stream_loses_nothing() {
    for pair in sockets() {
        pair.feed(b"abcdef");
        let mut cut = -1;
        let mut buffer = [0; 4];
        let start = buffer.as_mut_ptr().cast();
        gives(4, || unsafe { sockutil_recvfrom(pair.r(), start, 4, ptr::null_mut(), &raw mut cut, 5000) });
        assert_eq!((&buffer, cut), (b"abcd", 0), "{}", pair.kind);
        gives(2, || receive(pair.r(), &mut buffer, 5000));
    }
}
