//! Datagrams and the local addresses that they are sent to: set_pktinfo, recvfrom_at, sendto_from.

use std::fs::File;
use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, UdpSocket};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixDatagram;
use std::ptr;
use std::time::Duration;

use crate::c::*;
use libc::{AF_INET, AF_INET6, AF_UNSPEC, EAFNOSUPPORT, c_int, c_void};

use crate::addr::{Slot, loopback_index};
use crate::kit::*;
use crate::namespace::{add_address, add_route, index, inside, is_lacking, octets, open_tun, set_up};
use crate::pass::{ASKED, ask, descriptor_limit, limit_descriptors};
use crate::support::{emulated, has_ipv6, left_out};
use crate::udp::{closed_port, is_marked, local, marked, to_addr, to_std};

/// What one call has received.
#[derive(Debug)]
struct Got {
    bytes: Vec<u8>,
    from: SocketAddr,
    /// None for AF_UNSPEC.
    at: Option<SocketAddr>,
    ifindex: u32,
    cut: c_int,
}

fn at_of(at: &sockutil_addr) -> Option<SocketAddr> {
    (c_int::from(at.ss.ss_family) != AF_UNSPEC).then(|| to_std(at))
}

/// Receives into this much room.
#[track_caller]
fn receive(fd: c_int, room: usize, ms: c_int) -> Got {
    let (mut buffer, mut from, mut at) = (vec![0x77; room + 1], marked(), marked());
    let (mut ifindex, mut cut, mut n) = (4711, 4711, -1);
    let start = buffer.as_mut_ptr().cast();
    gives(true, || unsafe {
        n = sockutil_recvfrom_at(fd, start, room, &raw mut from, &raw mut at, &raw mut ifindex, &raw mut cut, ms);
        n >= 0
    });
    assert_eq!(buffer.pop(), Some(0x77), "behind the memory");
    buffer.truncate(n as usize);
    Got { bytes: buffer, from: to_std(&from), at: at_of(&at), ifindex, cut }
}

fn send(fd: c_int, bytes: &[u8], to: Option<SocketAddr>, at: Option<SocketAddr>, ifindex: u32, ms: c_int) -> isize {
    let (to, at) = (to.map(to_addr), at.map(to_addr));
    let start = |address: &Option<sockutil_addr>| address.as_ref().map_or(ptr::null(), ptr::from_ref);
    unsafe { sockutil_sendto_from(fd, bytes.as_ptr().cast(), bytes.len(), start(&to), start(&at), ifindex, ms) }
}

/// A server on the wildcard address, and its port.
struct Server {
    name: &'static str,
    fd: OwnedFd,
    port: u16,
}

impl Server {
    fn new(name: &'static str, host: Option<&std::ffi::CStr>, flags: u32) -> Self {
        let host = host.map_or(ptr::null(), std::ffi::CStr::as_ptr);
        let fd = crate::udp::makes(|| unsafe { sockutil_udp_bind(host, c"0".as_ptr(), flags, ptr::null_mut()) });
        let port = local(fd.as_raw_fd()).port();
        Self { name, fd, port }
    }

    fn fd(&self) -> c_int {
        self.fd.as_raw_fd()
    }

    fn takes(&self, ip: IpAddr) -> bool {
        match self.name {
            "IPv4" => ip.is_ipv4(),
            "IPv6 alone" => ip.is_ipv6(),
            _ => true,
        }
    }
}

/// One of each kind that this machine has, with pktinfo on.
fn servers() -> Vec<Server> {
    if emulated() && cfg!(target_endian = "big") {
        left_out("emulated", "control messages of IP: their numbers come in the other byte order");
        return Vec::new();
    }
    let mut all = vec![Server::new("IPv4", Some(c"0.0.0.0"), 0)];
    if has_ipv6("servers on ::") {
        all.push(Server::new("both", None, 0));
        all.push(Server::new("IPv6 alone", None, SOCKUTIL_V6ONLY));
    }
    for server in &all {
        gives(0, || sockutil_set_pktinfo(server.fd(), 1));
    }
    all
}

/// A client that takes answers only from the address that it asks.
fn client_of(to: SocketAddr) -> UdpSocket {
    let any: IpAddr = if to.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let client = UdpSocket::bind((any, 0)).unwrap();
    client.connect(to).unwrap();
    client.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    client
}

/// Asks the server at the address, and gets the answer from there.
#[track_caller]
fn asks(server: &Server, to: SocketAddr, ms: c_int) -> Got {
    let (name, client) = (server.name, client_of(to));
    client.send(b"question").unwrap();
    assert!(sockutil_wait(server.fd(), libc::POLLIN.into(), 10_000) > 0, "{name} {to}: {}", errno());
    let got = receive(server.fd(), 64, ms);
    assert_eq!((&got.bytes[..], got.cut), (&b"question"[..], 0), "{name} {to}");
    assert_eq!(got.from.port(), client.local_addr().unwrap().port(), "{name} {to}");
    let at = got.at.unwrap_or_else(|| panic!("{name} {to}: nothing known"));
    assert_eq!((at.ip().to_canonical(), at.port()), (to.ip(), 0), "{name} {to}");
    assert_eq!(at.is_ipv4(), got.from.is_ipv4(), "{name} {to}: one family");
    gives(6, || send(server.fd(), b"answer", Some(got.from), Some(at), 0, ms));
    let mut answer = [0; 16];
    assert_eq!(client.recv(&mut answer).unwrap_or_else(|e| panic!("{name} {to}: {e}")), 6);
    got
}

#[test]
fn a_server_on_every_address_answers_from_the_one_that_was_asked() {
    for server in servers() {
        for ip in ["127.0.0.1", "127.0.0.2", "127.3.4.5", "::1"] {
            let ip: IpAddr = ip.parse().unwrap();
            for ms in [FOREVER, NOWAIT, 5000] {
                if server.takes(ip) {
                    let got = asks(&server, (ip, server.port).into(), ms);
                    assert_eq!(got.ifindex, loopback_index(), "{} {ip}", server.name);
                }
            }
        }
    }
}

/// What the tests above would miss: an answer by sendto comes from another address, and the client ignores it.
#[test]
fn sendto_would_answer_from_another_address() {
    let server = Server::new("IPv4", Some(c"0.0.0.0"), 0);
    let client = client_of(SocketAddr::from(([127, 0, 0, 2], server.port)));
    let to = to_addr(SocketAddr::from(([127, 0, 0, 1], client.local_addr().unwrap().port())));
    gives(1, || unsafe { sockutil_sendto(server.fd(), b"x".as_ptr().cast(), 1, &raw const to, 1000) });
    client.set_nonblocking(true).unwrap();
    assert!(client.recv(&mut [0; 4]).is_err());
}

#[test]
fn without_pktinfo_nothing_is_known() {
    for server in servers() {
        let ip: IpAddr =
            if server.name == "IPv6 alone" { Ipv6Addr::LOCALHOST.into() } else { Ipv4Addr::LOCALHOST.into() };
        let known = || {
            client_of((ip, server.port).into()).send(b"x").unwrap();
            let got = receive(server.fd(), 8, 5000);
            assert_eq!(got.at.is_some(), got.ifindex != 0, "{}: {got:?}", server.name);
            got.at.is_some()
        };
        for on in [1, 0, -1, 2, 0] {
            gives(0, || sockutil_set_pktinfo(server.fd(), on));
            assert_eq!(known(), on != 0, "{}", server.name);
        }
    }
}

#[test]
fn of_a_datagram_queued_before_pktinfo_nothing_wrong_is_reported() {
    for server in servers() {
        gives(0, || sockutil_set_pktinfo(server.fd(), 0));
        for ip in ["127.0.0.2", "::1"] {
            let ip: IpAddr = ip.parse().unwrap();
            if server.takes(ip) {
                client_of((ip, server.port).into()).send(b"before").unwrap();
                gives(0, || sockutil_set_pktinfo(server.fd(), 1));
                let got = receive(server.fd(), 8, 5000);
                assert_eq!(got.bytes, b"before");
                // The kernel works an IPv4 datagram's address out on arrival; an IPv6 datagram is queued with its own.
                let expected = ip.is_ipv6().then_some(SocketAddr::from((ip, 0)));
                assert!(got.at.is_none() || got.at == expected, "{}: {got:?}", server.name);
                assert!(got.ifindex == 0 || got.ifindex == loopback_index(), "{}: {got:?}", server.name);
                gives(0, || sockutil_set_pktinfo(server.fd(), 0));
            }
        }
    }
}

/// The messages of other options come in the same place.
#[test]
fn other_control_messages_do_not_hide_the_address() {
    const HOPS: [(c_int, c_int, c_int); 4] = [
        (AF_INET, libc::IPPROTO_IP, libc::IP_RECVTTL),
        (AF_INET, libc::IPPROTO_IP, libc::IP_RECVTOS),
        (AF_INET6, libc::IPPROTO_IPV6, libc::IPV6_RECVHOPLIMIT),
        (AF_INET6, libc::IPPROTO_IPV6, libc::IPV6_RECVTCLASS),
    ];
    for server in servers() {
        ask(server.fd(), &ASKED);
        for (af, level, name) in HOPS {
            if server.takes(if af == AF_INET { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() }) {
                gives(0, || sockutil_setsockopt_int(server.fd(), level, name, 1));
            }
        }
        for ip in ["127.0.0.2", "::1"] {
            let ip: IpAddr = ip.parse().unwrap();
            if server.takes(ip) {
                asks(&server, (ip, server.port).into(), 5000);
            }
        }
    }
}

#[test]
fn datagrams_of_recvfrom_at_come_whole_cut_and_empty() {
    for server in servers() {
        let ip: IpAddr =
            if server.name == "IPv6 alone" { Ipv6Addr::LOCALHOST.into() } else { Ipv4Addr::LOCALHOST.into() };
        let (client, fd) = (client_of((ip, server.port).into()), server.fd());
        for (sent, room, kept, cut) in [
            (&b"abcdef"[..], 6, &b"abcdef"[..], 0),
            (b"abcdef", 5, b"abcde", 1),
            (b"abcdef", 0, b"", 1),
            (b"", 4, b"", 0),
            (b"", 0, b"", 0),
        ] {
            client.send(sent).unwrap();
            let got = receive(fd, room, 5000);
            assert_eq!((&got.bytes[..], got.cut), (kept, cut), "{}", server.name);
            assert!(got.at.is_some());
        }
        let largest = pattern(65_507);
        client.send(&largest).unwrap();
        assert!(receive(fd, 70_000, 5000).bytes == largest);
        // All outputs may be NULL, and so may memory of length 0.
        client.send(b"abc").unwrap();
        let none = ptr::null_mut::<c_void>();
        let mut byte = [0_u8; 4];
        for (buffer, n, answer) in [(byte.as_mut_ptr().cast(), 4, 3), (none, 0, 0)] {
            client.send(b"abc").unwrap();
            gives(answer, || unsafe {
                sockutil_recvfrom_at(fd, buffer, n, none.cast(), none.cast(), none.cast(), none.cast(), 5000)
            });
        }
        receive(fd, 4, 5000);
    }
}

#[test]
fn recvfrom_at_on_other_sockets_is_recvfrom() {
    for pair in sockets() {
        pair.feed(b"abcdef");
        for (room, taken) in [(4, &b"abcd"[..]), (4, b"ef")] {
            let (mut buffer, mut at, mut ifindex, mut cut) = ([0_u8; 4], marked(), 4711, 4711);
            let start = buffer.as_mut_ptr().cast();
            gives(taken.len() as isize, || unsafe {
                let (at, ifindex, cut) = (&raw mut at, &raw mut ifindex, &raw mut cut);
                sockutil_recvfrom_at(pair.r(), start, room, ptr::null_mut(), at, ifindex, cut, 5000)
            });
            assert_eq!((&buffer[..taken.len()], at_of(&at), ifindex, cut), (taken, None, 0, 0), "{}", pair.kind);
        }
    }
}

/// at and ifindex that say nothing: sendto. An address of no port is as good as one with a port.
#[test]
fn sendto_from_nowhere_in_particular_is_sendto() {
    for server in servers() {
        let v6 = server.name == "IPv6 alone";
        let (ip, any): (IpAddr, IpAddr) = if v6 {
            (Ipv6Addr::LOCALHOST.into(), Ipv6Addr::UNSPECIFIED.into())
        } else {
            (Ipv4Addr::LOCALHOST.into(), Ipv4Addr::UNSPECIFIED.into())
        };
        let receiver = UdpSocket::bind((ip, 0)).unwrap();
        receiver.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let to = receiver.local_addr().unwrap();
        let unspecified: sockutil_addr = unsafe { std::mem::zeroed() };
        let raw_to = to_addr(to);
        for at in [ptr::null(), &raw const unspecified] {
            gives(1, || unsafe {
                sockutil_sendto_from(server.fd(), b"x".as_ptr().cast(), 1, &raw const raw_to, at, 0, 1000)
            });
            assert_eq!(receiver.recv_from(&mut [0; 4]).unwrap().1, SocketAddr::from((ip, server.port)));
        }
        for (at, ifindex) in [(Some(ip), 0), (Some(any), 0), (None, loopback_index()), (Some(ip), loopback_index())] {
            for port in [0, 7] {
                let at = at.map(|at| SocketAddr::from((at, port)));
                for ms in [FOREVER, NOWAIT, 1000] {
                    gives(0, || send(server.fd(), b"", Some(to), at, ifindex, ms));
                    assert_eq!(receiver.recv_from(&mut [0; 4]).unwrap(), (0, (ip, server.port).into()));
                }
            }
        }
    }
}

#[test]
fn sendto_from_without_to_is_to_the_peer() {
    for (ip, at) in [("127.0.0.1", "127.0.0.9"), ("::1", "::1")] {
        let (ip, at): (IpAddr, IpAddr) = (ip.parse().unwrap(), at.parse().unwrap());
        for server in servers().into_iter().filter(|server| server.takes(ip)) {
            let receiver = UdpSocket::bind((ip, 0)).unwrap();
            receiver.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            // As the socket's own family has them.
            let as_own = |ip: IpAddr, port| match ip {
                IpAddr::V4(v4) if server.name != "IPv4" => SocketAddr::from((v4.to_ipv6_mapped(), port)),
                ip => SocketAddr::from((ip, port)),
            };
            let peer = to_addr(as_own(ip, receiver.local_addr().unwrap().port()));
            gives(0, || unsafe { sockutil_connect(server.fd(), &raw const peer, 1000) });
            let lo = loopback_index();
            for (from, ifindex) in [(None, 0), (Some(as_own(at, 0)), 0), (None, lo), (Some(as_own(at, 0)), lo)] {
                gives(4, || send(server.fd(), b"peer", None, from, ifindex, 1000));
                let came = receiver.recv_from(&mut [0; 8]).unwrap().1;
                if from.is_some() {
                    assert_eq!(came, (at, server.port).into(), "{}", server.name);
                }
            }
            // The other family's source would be ignored.
            let other =
                if ip.is_ipv4() { as_own(Ipv6Addr::LOCALHOST.into(), 0) } else { "127.0.0.1:0".parse().unwrap() };
            fails(EINVAL, || send(server.fd(), b"peer", None, Some(other), 0, 1000));
        }
    }
}

/// TEST-NET-1 belongs to no host (RFC 5737), and the documentation's prefix of IPv6 neither (RFC 3849).
#[test]
fn an_address_that_is_not_this_machines_is_no_source() {
    for server in servers() {
        for (to, at) in [("127.0.0.1:9", "192.0.2.1:0"), ("[::1]:9", "[2001:db8::1]:0")] {
            let (to, at): (SocketAddr, SocketAddr) = (to.parse().unwrap(), at.parse().unwrap());
            if server.takes(to.ip()) {
                set_errno(Errno(4711));
                assert_eq!(send(server.fd(), b"x", Some(to), Some(at), 0, 1000), -1);
                assert!([EINVAL, libc::ENETUNREACH].contains(&errno().0), "{}", errno());
            }
        }
    }
}

/// Addresses of two families are refused, and the datagram is not sent.
#[test]
fn a_source_of_another_family_is_not_ignored() {
    let receivers: Vec<UdpSocket> = if has_ipv6("sources of two families") {
        [IpAddr::from(Ipv4Addr::LOCALHOST), Ipv6Addr::LOCALHOST.into()]
            .map(|ip| UdpSocket::bind((ip, 0)).unwrap())
            .into()
    } else {
        vec![UdpSocket::bind("127.0.0.1:0").unwrap()]
    };
    for server in servers() {
        for receiver in &receivers {
            let to = receiver.local_addr().unwrap();
            let tos = match to.ip() {
                IpAddr::V4(v4) => vec![to, (v4.to_ipv6_mapped(), to.port()).into()],
                IpAddr::V6(_) => vec![to],
            };
            for to in tos {
                for at in ["127.0.0.1:0", "[::ffff:127.0.0.1]:0", "[::1]:0"] {
                    let at: SocketAddr = at.parse().unwrap();
                    let same = at.is_ipv4() == to.is_ipv4()
                        && at.ip().to_canonical().is_ipv4() == to.ip().to_canonical().is_ipv4();
                    if !same {
                        for ifindex in [0, loopback_index()] {
                            fails(EINVAL, || send(server.fd(), b"x", Some(to), Some(at), ifindex, 1000));
                        }
                    }
                }
                let unix = Slot::unix(b"/tmp/x\0");
                let raw = to_addr(to);
                fails(EINVAL, || unsafe {
                    sockutil_sendto_from(server.fd(), b"x".as_ptr().cast(), 1, &raw const raw, unix.addr(), 0, 1000)
                });
            }
            receiver.set_nonblocking(true).unwrap();
            assert!(receiver.recv(&mut [0; 4]).is_err(), "{}", server.name);
        }
    }
}

#[test]
fn sockutil_set_pktinfo_EAFNOSUPPORT() {
    for on in [0, 1] {
        let [one, _other] = crate::pass::unix_ends(libc::SOCK_STREAM);
        fails(EAFNOSUPPORT, || sockutil_set_pktinfo(one.as_raw_fd(), on));
        fails(EAFNOSUPPORT, || sockutil_set_pktinfo(UnixDatagram::unbound().unwrap().as_raw_fd(), on));
    }
}

#[test]
fn sockutil_set_pktinfo_EBADF() {
    for on in [0, 1] {
        fails(EBADF, || sockutil_set_pktinfo(-1, on));
        fails(EBADF, || sockutil_set_pktinfo(CLOSED, on));
    }
}

#[test]
fn sockutil_set_pktinfo_ENOTSOCK() {
    fails(ENOTSOCK, || sockutil_set_pktinfo(pipe().r(), 1));
}

/// A raw socket of IPv6 has no option of IPv4.
#[test]
fn set_pktinfo_serves_raw_sockets_too() {
    for (af, protocol) in [(AF_INET, libc::IPPROTO_ICMP), (AF_INET6, libc::IPPROTO_ICMPV6)] {
        let fd = unsafe { libc::socket(af, libc::SOCK_RAW | libc::SOCK_CLOEXEC, protocol) };
        if fd < 0 {
            left_out("no raw sockets", format!("pktinfo of family {af}: {}", errno()));
            continue;
        }
        gives(0, || sockutil_set_pktinfo(fd, 1));
        unsafe { libc::close(fd) };
    }
}

/// Receives nothing, and leaves every output as it was.
#[track_caller]
fn receives_nothing(e: c_int, fd: c_int, ms: c_int) {
    let (mut buffer, mut from, mut at, mut ifindex, mut cut) = ([9_u8; 4], marked(), marked(), 4711, 4711);
    let start = buffer.as_mut_ptr().cast();
    fails(e, || unsafe {
        sockutil_recvfrom_at(fd, start, 4, &raw mut from, &raw mut at, &raw mut ifindex, &raw mut cut, ms)
    });
    assert!(is_marked(&from) && is_marked(&at) && ifindex == 4711 && cut == 4711 && buffer == [9; 4]);
}

#[test]
fn sockutil_recvfrom_at_EAGAIN() {
    for server in servers() {
        let fd = server.fd();
        receives_nothing(EAGAIN, fd, NOWAIT);
        takes_ms(150, || receives_nothing(EAGAIN, fd, 150));
        takes_ms(150, || in_a_storm(|| receives_nothing(EAGAIN, fd, 150)));
        set_timeout(fd, libc::SO_RCVTIMEO, 10_000);
        takes_ms(0, || receives_nothing(EAGAIN, fd, NOWAIT));
        set_timeout(fd, libc::SO_RCVTIMEO, 10);
        takes_ms(60, || receives_nothing(EAGAIN, fd, 60));
        set_nonblock(fd);
        takes_ms(60, || receives_nothing(EAGAIN, fd, 60));
        assert!(is_nonblock(fd));
    }
}

#[test]
fn recvfrom_at_waits_for_ever_whatever_the_socket_says() {
    for server in servers() {
        set_timeout(server.fd(), libc::SO_RCVTIMEO, 10);
        set_nonblock(server.fd());
        let ip: IpAddr = if server.name == "IPv4" { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() };
        beside(
            || {
                fails(EAGAIN, || sockutil_wait(server.fd(), libc::POLLPRI.into(), 60));
                client_of((ip, server.port).into()).send(b"late").unwrap();
            },
            || assert_eq!(in_a_storm(|| receive(server.fd(), 8, FOREVER)).bytes, b"late"),
        );
    }
}

#[test]
fn sockutil_recvfrom_at_ECONNREFUSED() {
    for ms in [FOREVER, 5000] {
        let fd = UdpSocket::bind("127.0.0.1:0").unwrap();
        let closed = closed_port();
        fd.connect(closed.local_addr().unwrap()).unwrap();
        fd.send(b"x").unwrap();
        receives_nothing(libc::ECONNREFUSED, fd.as_raw_fd(), ms);
        receives_nothing(EAGAIN, fd.as_raw_fd(), NOWAIT);
    }
}

#[test]
fn sockutil_recvfrom_at_EINVAL() {
    let server = Server::new("IPv4", Some(c"127.0.0.1"), 0);
    client_of(local(server.fd())).send(b"stays").unwrap();
    let (mut buffer, none) = ([0_u8; 8], ptr::null_mut::<c_void>());
    let place: *mut c_void = buffer.as_mut_ptr().cast();
    let call = |buf, n, ms| unsafe {
        sockutil_recvfrom_at(server.fd(), buf, n, none.cast(), none.cast(), none.cast(), none.cast(), ms)
    };
    fails(EINVAL, || call(none, 1, FOREVER));
    for n in TOO_LONG {
        fails(EINVAL, || call(place, n, FOREVER));
    }
    for ms in [-2, c_int::MIN] {
        fails(EINVAL, || call(place, 8, ms));
    }
    assert_eq!(receive(server.fd(), 8, 5000).bytes, b"stays");
}

#[test]
fn sockutil_recvfrom_at_EBADF() {
    for ms in [FOREVER, NOWAIT, 150] {
        receives_nothing(EBADF, -1, ms);
        receives_nothing(EBADF, CLOSED, ms);
    }
}

#[test]
fn sockutil_recvfrom_at_ENOTSOCK() {
    let pipe = pipe();
    pipe.feed(b"kept");
    for ms in [FOREVER, NOWAIT, 150] {
        receives_nothing(ENOTSOCK, pipe.r(), ms);
    }
}

/// A source that is this machine's.
fn here() -> SocketAddr {
    "127.0.0.2:0".parse().unwrap()
}

/// An address that needs no receiver.
fn somewhere() -> (UdpSocket, Option<SocketAddr>) {
    let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
    receiver.set_nonblocking(true).unwrap();
    let to = receiver.local_addr().unwrap();
    (receiver, Some(to))
}

#[test]
fn sockutil_sendto_from_EINVAL() {
    let (server, (receiver, to)) = (Server::new("IPv4", Some(c"0.0.0.0"), 0), somewhere());
    let fd = server.fd();
    let (raw_to, raw_at) = (to_addr(to.unwrap()), to_addr(here()));
    let call = |buf: *const c_void, n, ms| unsafe {
        sockutil_sendto_from(fd, buf, n, &raw const raw_to, &raw const raw_at, 0, ms)
    };
    fails(EINVAL, || call(ptr::null(), 1, FOREVER));
    for n in TOO_LONG {
        fails(EINVAL, || call(b"x".as_ptr().cast(), n, FOREVER));
    }
    for ms in [-2, c_int::MIN] {
        fails(EINVAL, || call(b"x".as_ptr().cast(), 1, ms));
    }
    // To what is neither IPv4 nor IPv6.
    let (path, unix) = (Slot::unix(b"\0nobody"), UnixDatagram::unbound().unwrap());
    for (at, ifindex) in [(&raw const raw_at, 0), (ptr::null(), 1)] {
        fails(EINVAL, || unsafe {
            sockutil_sendto_from(unix.as_raw_fd(), b"x".as_ptr().cast(), 1, path.addr(), at, ifindex, 1000)
        });
    }
    assert!(receiver.recv(&mut [0; 4]).is_err());
}

#[test]
fn sockutil_sendto_from_EDESTADDRREQ() {
    for server in servers() {
        for at in [None, Some(here())] {
            for ifindex in [0, loopback_index()] {
                fails(libc::EDESTADDRREQ, || send(server.fd(), b"x", None, at, ifindex, 1000));
            }
        }
    }
}

#[test]
fn sockutil_sendto_from_EMSGSIZE() {
    let (server, (receiver, to)) = (Server::new("IPv4", Some(c"0.0.0.0"), 0), somewhere());
    for ms in [FOREVER, NOWAIT, 150] {
        fails(EMSGSIZE, || send(server.fd(), &pattern(70_000), to, Some(here()), 0, ms));
    }
    assert!(receiver.recv(&mut [0; 4]).is_err());
}

#[test]
fn sockutil_sendto_from_ENODEV() {
    if emulated() {
        return left_out("emulated", "control messages with an interface");
    }
    for server in servers() {
        let group: SocketAddr = if server.name == "IPv4" { "239.77.1.1:9" } else { "[ff02::77]:9" }.parse().unwrap();
        fails(libc::ENODEV, || send(server.fd(), b"x", Some(group), None, 2_000_000_000, 1000));
    }
}

#[test]
fn sockutil_sendto_from_EBADF() {
    let (_receiver, to) = somewhere();
    for ms in [FOREVER, NOWAIT, 150] {
        for fd in [-1, CLOSED] {
            fails(EBADF, || send(fd, b"x", to, Some(here()), 0, ms));
            fails(EBADF, || send(fd, b"x", None, Some(here()), 0, ms));
            fails(EBADF, || send(fd, b"x", None, None, 0, ms));
        }
    }
}

#[test]
fn sockutil_sendto_from_ENOTSOCK() {
    let (_receiver, to) = somewhere();
    for ms in [FOREVER, NOWAIT, 150] {
        fails(ENOTSOCK, || send(pipe().w(), b"x", to, Some(here()), 0, ms));
        fails(ENOTSOCK, || send(pipe().w(), b"x", None, Some(here()), 0, ms));
    }
}

/// UDP is never full for long, so it is a Unix socket, where `at` says nothing.
#[test]
fn sockutil_sendto_from_EAGAIN() {
    let (sender, _receiver) = UnixDatagram::pair().unwrap();
    sender.set_nonblocking(true).unwrap();
    while sender.send(b"fill").is_ok() {}
    sender.set_nonblocking(false).unwrap();
    let fd = sender.as_raw_fd();
    fails(EAGAIN, || send(fd, b"more", None, None, 0, NOWAIT));
    takes_ms(150, || in_a_storm(|| fails(EAGAIN, || send(fd, b"more", None, None, 0, 150))));
}

/// A TUN interface of the test's network: packets that come from it and go to it pass through here.
pub struct Wire {
    tun: File,
    pub index: u32,
}

impl Wire {
    fn open(name: &std::ffi::CStr, addresses: &[IpAddr]) -> std::io::Result<Self> {
        let tun = open_tun(name)?;
        let text = name.to_str().unwrap();
        set_up(text);
        let index = index(text) as u32;
        for ip in addresses {
            add_address(text, *ip)?;
            serves(*ip, index);
        }
        Ok(Self { tun, index })
    }

    /// A datagram arrives.
    pub fn brings(&self, from: SocketAddr, to: SocketAddr, bytes: &[u8]) {
        let (source, destination) = (octets(from.ip()), octets(to.ip()));
        let length = 8 + bytes.len() as u16;
        let mut udp = [from.port().to_be_bytes(), to.port().to_be_bytes(), length.to_be_bytes(), [0; 2]].concat();
        udp.extend(bytes);
        let pseudo = [&source[..], &destination, &[0, 17], &length.to_be_bytes(), &udp].concat();
        udp[6..8].copy_from_slice(&checksum(&pseudo).to_be_bytes());
        let mut head = if from.is_ipv4() {
            [&[0x45, 0][..], &(20 + length).to_be_bytes(), &[0, 0, 0, 0, 1, 17, 0, 0], &source, &destination].concat()
        } else {
            [&[0x60, 0, 0, 0][..], &length.to_be_bytes(), &[17, 1], &source, &destination].concat()
        };
        if from.is_ipv4() {
            let sum = checksum(&head);
            head[10..12].copy_from_slice(&sum.to_be_bytes());
        }
        head.extend(udp);
        std::io::Write::write_all(&mut &self.tun, &head).unwrap();
    }

    /// The next datagram with these bytes that leaves: from where, and to where. The kernel sends other packets too.
    #[track_caller]
    fn takes(&self, bytes: &[u8]) -> (SocketAddr, SocketAddr) {
        loop {
            let mut entry = libc::pollfd { fd: self.tun.as_raw_fd(), events: libc::POLLIN, revents: 0 };
            assert_eq!(
                unsafe { libc::poll(&raw mut entry, 1, 10_000) },
                1,
                "nothing leaves by interface {}",
                self.index
            );
            let mut packet = vec![0; 2048];
            let length = (&self.tun).read(&mut packet).unwrap();
            packet.truncate(length);
            if !packet.ends_with(bytes) {
                continue;
            }
            let port = |at: usize| u16::from_be_bytes([packet[at], packet[at + 1]]);
            let (from, to, udp): (IpAddr, IpAddr, usize) = if packet[0] >> 4 == 4 {
                let ip = |at: usize| <[u8; 4]>::try_from(&packet[at..at + 4]).unwrap().into();
                (ip(12), ip(16), 20)
            } else {
                let ip = |at: usize| <[u8; 16]>::try_from(&packet[at..at + 16]).unwrap().into();
                (ip(8), ip(24), 40)
            };
            return ((from, port(udp)).into(), (to, port(udp + 2)).into());
        }
    }
}

/// Waits until a new address receives: the kernel gives an IPv6 address its route a moment later.
fn serves(ip: IpAddr, interface: u32) {
    let end = std::time::Instant::now() + Duration::from_secs(10);
    let place = match ip {
        IpAddr::V6(v6) if v6.segments()[0] == 0xfe80 => SocketAddrV6::new(v6, 0, 0, interface).into(),
        ip => SocketAddr::from((ip, 0)),
    };
    loop {
        let heard = UdpSocket::bind(place).and_then(|socket| {
            socket.set_read_timeout(Some(Duration::from_millis(20)))?;
            socket.send_to(b"x", socket.local_addr()?)?;
            socket.recv(&mut [0; 4])
        });
        match heard {
            Ok(_) => return,
            Err(e) => assert!(std::time::Instant::now() < end, "{ip}: {e}"),
        }
    }
}

/// RFC 1071.
fn checksum(bytes: &[u8]) -> u16 {
    let words = bytes.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0)));
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !sum as u16
}

pub fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// Two interfaces, each with two addresses of each family, and a network of hosts behind the first.
pub fn wires() -> Option<[Wire; 2]> {
    let v6 = has_ipv6("IPv6 addresses of an interface");
    let made = || {
        let of = |v4: [&str; 2], of_v6: [&str; 3]| {
            let v6 = if v6 { &of_v6[..] } else { &[] };
            v4.iter().chain(v6).map(|text| ip(text)).collect::<Vec<_>>()
        };
        let first = Wire::open(c"tun0", &of(["10.0.0.1", "10.0.0.2"], ["fd00::1", "fd00::2", "fe80::a"]))?;
        let second = Wire::open(c"tun1", &of(["10.0.1.1", "10.0.1.2"], ["fd00::1:1", "fd00::1:2", "fe80::b"]))?;
        add_route("tun0", ip("10.9.0.0"), 16)?;
        if v6 {
            add_route("tun0", ip("fd09::"), 16)?;
        }
        Ok([first, second])
    };
    match made() {
        Err(e) if is_lacking(&e) => {
            left_out("no TUN interface", e);
            None
        }
        wires => Some(wires.unwrap()),
    }
}

#[test]
fn of_several_addresses_the_one_that_was_asked_answers() {
    inside("udp_at::of_several_addresses_the_one_that_was_asked_answers", || {
        let Some([first, second]) = wires() else { return };
        for server in servers() {
            // This machine asks itself.
            for (name, wire) in [("10.0.0.1", &first), ("10.0.0.2", &first), ("10.0.1.2", &second), ("fd00::1", &first)]
                .into_iter()
                .chain([("fd00::2", &first), ("fd00::1:1", &second), ("fd00::1:2", &second)])
            {
                if server.takes(ip(name)) {
                    let got = asks(&server, (ip(name), server.port).into(), 5000);
                    assert!([wire.index, index("lo") as u32].contains(&got.ifindex), "{name}: {got:?}");
                }
            }
            // Hosts ask.
            for (host, at) in [("10.9.0.9:7", "10.0.0.1"), ("10.9.0.9:7", "10.0.0.2"), ("10.9.0.9:7", "10.0.1.2")]
                .into_iter()
                .chain([("[fd09::9]:7", "fd00::1"), ("[fd09::9]:7", "fd00::2"), ("[fd09::9]:7", "fd00::1:2")])
            {
                let (host, at): (SocketAddr, IpAddr) = (host.parse().unwrap(), ip(at));
                if server.takes(at) {
                    first.brings(host, (at, server.port).into(), b"question");
                    let got = receive(server.fd(), 16, 5000);
                    assert_eq!(got.at.unwrap().ip().to_canonical(), at, "{}", server.name);
                    assert_eq!(got.ifindex, first.index);
                    for ifindex in [0, got.ifindex] {
                        gives(6, || send(server.fd(), b"answer", Some(got.from), got.at, ifindex, 1000));
                        assert_eq!(first.takes(b"answer"), ((at, server.port).into(), host), "{}", server.name);
                    }
                }
            }
        }
    });
}

#[test]
fn a_link_local_address_comes_with_its_zone_and_answers() {
    inside("udp_at::a_link_local_address_comes_with_its_zone_and_answers", || {
        if !has_ipv6("link-local addresses") {
            return;
        }
        let Some([first, second]) = wires() else { return };
        for server in servers().into_iter().filter(|server| server.name != "IPv4") {
            for (wire, at) in [(&first, "fe80::a"), (&second, "fe80::b")] {
                let host: SocketAddr = "[fe80::9]:7".parse().unwrap();
                wire.brings(host, (ip(at), server.port).into(), b"question");
                assert!(
                    sockutil_wait(server.fd(), libc::POLLIN.into(), 10_000) > 0,
                    "{} {at}: {}",
                    server.name,
                    errno()
                );
                let got = receive(server.fd(), 16, 5000);
                let in_zone = |text: &str, port| SocketAddrV6::new(text.parse().unwrap(), port, 0, wire.index).into();
                assert_eq!(got.at, Some(in_zone(at, 0)), "{}", server.name);
                assert_eq!((got.from, got.ifindex), (in_zone("fe80::9", 7), wire.index), "{}", server.name);
                for ifindex in [0, wire.index] {
                    gives(6, || send(server.fd(), b"answer", Some(got.from), got.at, ifindex, 1000));
                    assert_eq!(wire.takes(b"answer"), ((ip(at), server.port).into(), host), "{}", server.name);
                }
                // The zone is the interface also of a group without one.
                let group: SocketAddr = "[ff02::77]:7".parse().unwrap();
                gives(6, || send(server.fd(), b"toward", Some(group), got.at, 0, 1000));
                assert_eq!(wire.takes(b"toward"), ((ip(at), server.port).into(), group));
            }
        }
    });
}

/// at is an address of the interface, not the group's, and the answer comes from there.
#[test]
fn of_broadcast_and_multicast_the_interfaces_own_address_answers() {
    inside("udp_at::of_broadcast_and_multicast_the_interfaces_own_address_answers", || {
        let Some([first, second]) = wires() else { return };
        for server in servers() {
            // From whom, to where, and what may answer.
            for (host, to, at) in [
                ("10.9.0.9:7", "255.255.255.255", &["10.0.0.1", "10.0.0.2"][..]),
                ("10.9.0.9:7", "239.77.0.1", &["10.0.0.1", "10.0.0.2"]),
                ("[fd09::9]:7", "ff02::77", &["fd00::1", "fd00::2"]),
                ("[fd09::9]:7", "ff05::77", &["fd00::1", "fd00::2"]),
                ("[fe80::9]:7", "ff02::77", &["fe80::a"]),
            ] {
                let (host, to): (SocketAddr, IpAddr) = (host.parse().unwrap(), ip(to));
                if !server.takes(to) {
                    continue;
                }
                if to.is_multicast() {
                    // An address of the socket's own family or not: the kernel takes both on a dual-stack socket.
                    let group = to_addr((to, 0).into());
                    let joined = unsafe { sockutil_multicast_join(server.fd(), &raw const group, first.index) };
                    assert!(joined == 0 || errno().0 == libc::EADDRINUSE, "{}", errno());
                }
                first.brings(host, (to, server.port).into(), b"question");
                let got = receive(server.fd(), 16, 5000);
                let answers = got.at.unwrap_or_else(|| panic!("{} {to}: {got:?}", server.name));
                let case = format!("{} {host} {to}: {answers}", server.name);
                // The kernel makes one link-local address of its own for the interface.
                let own = answers.ip().to_canonical();
                let is_link_local = matches!(own, IpAddr::V6(v6) if v6.segments()[0] == 0xfe80);
                assert!(at.iter().any(|at| ip(at) == own) || (at == ["fe80::a"] && is_link_local), "{case}");
                assert_eq!((answers.port(), got.ifindex), (0, first.index), "{case}");
                gives(6, || send(server.fd(), b"answer", Some(got.from), got.at, got.ifindex, 1000));
                assert_eq!(first.takes(b"answer"), ((own, server.port).into(), host), "{case}");
            }
            // By an interface that has no way to the host: none of the other interface's addresses.
            if server.name != "IPv4" {
                let (host, group) = ("[fd09::9]:7".parse().unwrap(), ip("ff05::78"));
                let joined = to_addr((group, 0).into());
                gives(0, || unsafe { sockutil_multicast_join(server.fd(), &raw const joined, second.index) });
                second.brings(host, (group, server.port).into(), b"question");
                let got = receive(server.fd(), 16, 5000);
                assert_eq!((got.at, got.ifindex), (None, second.index), "{}", server.name);
            }
        }
    });
}

/// The datagram has been taken: a failure to find an address must not lose it.
#[test]
fn without_a_free_descriptor_a_groups_datagram_comes_without_an_address() {
    inside("udp_at::without_a_free_descriptor_a_groups_datagram_comes_without_an_address", || {
        let Some([wire, _other]) = wires() else { return };
        for server in servers().into_iter().filter(|server| server.name != "IPv4") {
            let (host, group) = ("[fd09::9]:7".parse().unwrap(), ip("ff05::77"));
            let joined = to_addr((group, 0).into());
            gives(0, || unsafe { sockutil_multicast_join(server.fd(), &raw const joined, wire.index) });
            for free in [0, 1] {
                wire.brings(host, (group, server.port).into(), b"question");
                let before = descriptor_limit();
                let next = unsafe { libc::dup(server.fd()) };
                assert!(next >= 0 && unsafe { libc::close(next) } == 0);
                assert!(limit_descriptors(next as libc::rlim_t + free));
                let got = receive(server.fd(), 16, 5000);
                assert!(limit_descriptors(before));
                assert_eq!((&got.bytes[..], got.at.is_some()), (&b"question"[..], free == 1), "{}", server.name);
                assert_eq!((got.from, got.ifindex), (host, wire.index), "{}", server.name);
            }
        }
    });
}

#[test]
fn the_interface_overrides_the_routes() {
    inside("udp_at::the_interface_overrides_the_routes", || {
        let Some(wires) = wires() else { return };
        for server in servers() {
            for to in ["239.77.0.1:7", "[ff02::77]:7", "10.9.0.9:7", "[fd09::9]:7"] {
                let to: SocketAddr = to.parse().unwrap();
                if !server.takes(to.ip()) {
                    continue;
                }
                // A dual-stack socket takes either form of an IPv4 address.
                let forms = match to.ip() {
                    IpAddr::V4(v4) if server.name == "both" => vec![to, (v4.to_ipv6_mapped(), to.port()).into()],
                    _ => vec![to],
                };
                // IPv6 demands a route by that interface.
                let wires = if to.is_ipv6() && !to.ip().is_multicast() { &wires[..1] } else { &wires[..] };
                for (form, wire) in forms.iter().flat_map(|form| wires.iter().map(move |wire| (form, wire))) {
                    gives(6, || send(server.fd(), b"toward", Some(*form), None, wire.index, 1000));
                    assert_eq!(wire.takes(b"toward").1, to, "{}", server.name);
                }
            }
        }
    });
}
