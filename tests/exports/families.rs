//! One family alone: SOCKUTIL_IPV4 and SOCKUTIL_IPV6; and IPv4 clients of a socket that serves both.

use std::ffi::CString;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr;

use errno::errno;
use libc::{AF_INET, AF_INET6, EAFNOSUPPORT, EINVAL, SOCK_STREAM, c_int, c_uint};

use crate::addr::Slot;
use crate::c::*;
use crate::kit::*;
use crate::resolve::resolve;
use crate::support::{has_ipv6, imitates};
use crate::udp::held;

const IPV4: c_uint = SOCKUTIL_IPV4;
const IPV6: c_uint = SOCKUTIL_IPV6;
const V6ONLY: c_uint = SOCKUTIL_V6ONLY;

/// Who takes a host and a service.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Call {
    TcpListen,
    TcpConnect,
    UdpBind,
    UdpConnect,
    Resolve,
}

const ALL: [Call; 5] = [Call::TcpListen, Call::TcpConnect, Call::UdpBind, Call::UdpConnect, Call::Resolve];

impl Call {
    fn binds(self) -> bool {
        matches!(self, Self::TcpListen | Self::UdpBind)
    }

    /// The descriptor (0 for resolve), or errno and gai.
    fn make(self, host: Option<&str>, port: u16, flags: c_uint) -> Result<c_int, (c_int, c_int)> {
        let host = host.map(|host| CString::new(host).unwrap());
        let host = host.as_ref().map_or(ptr::null(), |host| host.as_ptr());
        let port = CString::new(port.to_string()).unwrap();
        let port = port.as_ptr();
        let (mut gai, mut count) = (4711, 0);
        let mut out = Slot::new();
        let gai_out = &raw mut gai;
        let result = unsafe {
            match self {
                Self::TcpListen => sockutil_tcp_listen(host, port, 5, flags, gai_out),
                Self::TcpConnect => sockutil_tcp_connect(host, port, flags, 10_000, gai_out),
                Self::UdpBind => sockutil_udp_bind(host, port, flags, gai_out),
                Self::UdpConnect => sockutil_udp_connect(host, port, flags, gai_out),
                Self::Resolve => {
                    sockutil_resolve(host, port, SOCK_STREAM, flags, out.out(), 1, &raw mut count, gai_out)
                }
            }
        };
        if result < 0 { Err((errno().0, gai)) } else { Ok(result) }
    }
}

/// The address of an end.
fn address(fd: c_int, of: unsafe extern "C" fn(c_int, *mut sockutil_addr) -> c_int) -> SocketAddr {
    let mut slot = Slot::new();
    assert_eq!(unsafe { of(fd, slot.out()) }, 0);
    slot.socket_addr()
}

fn owned(fd: c_int) -> OwnedFd {
    unsafe { OwnedFd::from_raw_fd(fd) }
}

/// A literal of the other family leaves nothing, and that is no failure of the resolver.
fn leaves_nothing(call: Call) {
    for (host, flags) in [("127.0.0.1", IPV6), ("::1", IPV4), ("0.0.0.0", IPV6), ("::ffff:127.0.0.1", IPV4)] {
        for numeric in [0, SOCKUTIL_NUMERIC] {
            assert_eq!(call.make(Some(host), 9, flags | numeric), Err((EAFNOSUPPORT, 0)), "{call:?} {host} {flags:#x}");
        }
    }
}

#[test]
fn sockutil_tcp_listen_EAFNOSUPPORT() {
    leaves_nothing(Call::TcpListen);
}

#[test]
fn sockutil_tcp_connect_EAFNOSUPPORT() {
    leaves_nothing(Call::TcpConnect);
}

#[test]
fn sockutil_udp_bind_EAFNOSUPPORT() {
    leaves_nothing(Call::UdpBind);
}

#[test]
fn sockutil_udp_connect_EAFNOSUPPORT() {
    leaves_nothing(Call::UdpConnect);
}

#[test]
fn sockutil_resolve_EAFNOSUPPORT() {
    leaves_nothing(Call::Resolve);
}

#[test]
fn flags_that_exclude_each_other_are_refused_and_nothing_is_done() {
    for call in ALL {
        for host in [None, Some("127.0.0.1"), Some("::1")] {
            assert_eq!(call.make(host, 9, IPV4 | IPV6), Err((EINVAL, 0)), "{call:?}");
            assert_eq!(call.make(host, 9, IPV4 | V6ONLY), Err((EINVAL, 0)), "{call:?}");
            assert_eq!(call.make(host, 9, IPV4 | IPV6 | V6ONLY), Err((EINVAL, 0)), "{call:?}");
            if !call.binds() {
                assert_eq!(call.make(host, 9, IPV6 | V6ONLY), Err((EINVAL, 0)), "{call:?}");
            }
        }
    }
}

#[test]
fn without_a_host_one_family_is_bound_and_no_other() {
    for call in ALL.into_iter().filter(|call| call.binds()) {
        let v4 = owned(call.make(None, 0, IPV4).unwrap());
        let at = address(v4.as_raw_fd(), sockutil_addr_local);
        assert!(at.ip() == Ipv4Addr::UNSPECIFIED && at.port() > 0, "{call:?}: {at}");
        if has_ipv6("an IPv6 socket that leaves IPv4 alone") {
            for flags in [IPV6, IPV6 | V6ONLY] {
                // The port is taken in IPv4, and free in IPv6.
                let v6 = owned(call.make(None, at.port(), flags).unwrap());
                let there = address(v6.as_raw_fd(), sockutil_addr_local);
                assert_eq!(there.to_string(), format!("[::]:{}", at.port()), "{call:?}");
                let mut v6only = 4711;
                let (level, name) = (libc::IPPROTO_IPV6, libc::IPV6_V6ONLY);
                assert_eq!(unsafe { sockutil_getsockopt_int(v6.as_raw_fd(), level, name, &raw mut v6only) }, 0);
                assert_eq!(v6only, 1, "{call:?}");
            }
        }
    }
}

#[test]
fn literals_of_the_family_are_taken() {
    let mut hosts = vec![("127.0.0.1", IPV4)];
    if has_ipv6("IPv6 literals with SOCKUTIL_IPV6") {
        hosts.push(("::1", IPV6));
    }
    for (host, flags) in hosts {
        let listener = owned(Call::TcpListen.make(Some(host), 0, flags).unwrap());
        let port = address(listener.as_raw_fd(), sockutil_addr_local).port();
        for call in [Call::TcpConnect, Call::UdpConnect] {
            let client = owned(call.make(Some(host), port, flags).unwrap());
            let peer = address(client.as_raw_fd(), sockutil_addr_peer);
            assert_eq!((peer.ip(), peer.port()), (host.parse().unwrap(), port), "{call:?}");
        }
        drop(owned(Call::UdpBind.make(Some(host), 0, flags).unwrap()));
    }
}

#[test]
fn without_a_host_clients_take_the_loopback_of_the_family() {
    // The same port of IPv6 is held by a socket that does not listen, so that no other program has it.
    let (v4, port, _held) = loop {
        let v4 = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = v4.local_addr().unwrap().port();
        let held = held((std::net::Ipv6Addr::LOCALHOST, port).into());
        if held.is_some() || errno().0 != libc::EADDRINUSE {
            break (v4, port, held);
        }
    };
    // Only IPv4 listens: with the default flags IPv6 is tried first, with IPV6 alone it is refused.
    let client = owned(Call::TcpConnect.make(None, port, IPV4).unwrap());
    assert_eq!(address(client.as_raw_fd(), sockutil_addr_peer), v4.local_addr().unwrap());
    if has_ipv6("a client of the IPv6 loopback alone") {
        assert_eq!(Call::TcpConnect.make(None, port, IPV6), Err((libc::ECONNREFUSED, 0)));
    }
}

#[test]
fn a_lookup_gives_addresses_of_the_family_alone() {
    for service in ["80", "http"] {
        if service == "http" && resolve(None, service, SOCK_STREAM, 0).is_err() {
            crate::support::left_out("no service http", "lookups of one family with a named service");
            continue;
        }
        let texts = |flags| -> Vec<String> {
            resolve(None, service, SOCK_STREAM, flags).unwrap().iter().map(ToString::to_string).collect()
        };
        assert_eq!(texts(IPV4), ["127.0.0.1:80"]);
        assert_eq!(texts(IPV6), ["[::1]:80"]);
        assert_eq!(texts(0), ["[::1]:80", "127.0.0.1:80"]);
    }
    // The name may be there for one family alone: then the resolver says so.
    for (flags, v4) in [(IPV4, true), (IPV6, false)] {
        match resolve(Some("localhost"), "80", SOCK_STREAM, flags) {
            Ok(found) => assert!(found.iter().all(|address| address.is_ipv4() == v4), "{found:?}"),
            Err(failure) => assert!(failure.errno == libc::EADDRNOTAVAIL && failure.gai != 0, "{failure:?}"),
        }
    }
}

#[test]
fn an_ipv4_client_of_both_families_is_mapped_until_it_is_unmapped() {
    if imitates("v6only", "one socket for both families") {
        return;
    }
    if !has_ipv6("IPv4 clients of a dual-stack socket") {
        return;
    }
    let listener = owned(Call::TcpListen.make(None, 0, 0).unwrap());
    let port = address(listener.as_raw_fd(), sockutil_addr_local).port();
    let client = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    let mut peer = Slot::new();
    let accepted = owned(unsafe { sockutil_accept(listener.as_raw_fd(), peer.out(), 0, 10_000) });
    unmaps(&mut peer, client.local_addr().unwrap());
    let mut again = Slot::new();
    assert_eq!(unsafe { sockutil_addr_peer(accepted.as_raw_fd(), again.out()) }, 0);
    unmaps(&mut again, client.local_addr().unwrap());

    let server = owned(Call::UdpBind.make(None, 0, 0).unwrap());
    let port = address(server.as_raw_fd(), sockutil_addr_local).port();
    let client = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    client.send_to(b"x", (Ipv4Addr::LOCALHOST, port)).unwrap();
    let mut from = Slot::new();
    let (mut byte, none) = ([0_u8; 2], ptr::null_mut());
    let buffer = byte.as_mut_ptr().cast();
    assert_eq!(unsafe { sockutil_recvfrom(server.as_raw_fd(), buffer, 2, from.out(), none, 10_000) }, 1);
    unmaps(&mut from, client.local_addr().unwrap());
}

#[track_caller]
fn unmaps(slot: &mut Slot, client: SocketAddr) {
    assert_eq!(slot.family(), AF_INET6, "what the kernel gives");
    let mapped = slot.socket_addr();
    assert_eq!(mapped.ip().to_canonical(), client.ip());
    gives(1, || unsafe { sockutil_addr_unmap(slot.out()) });
    assert_eq!((slot.family(), slot.socket_addr()), (AF_INET, client));
    gives(0, || unsafe { sockutil_addr_unmap(slot.out()) });
    assert_eq!(slot.socket_addr(), client);
}

#[test]
fn what_is_not_mapped_stays_as_it_is() {
    let ips = ["1.2.3.4:5", "[::1]:80", "[::]:0", "[::1.2.3.4]:80", "[::fffe:1.2.3.4]:80", "[1::ffff:1.2.3.4]:80"];
    let ips = ips.map(|text| Slot::ip(text.parse().unwrap()));
    let zeros = unsafe { std::mem::zeroed::<Slot>() };
    for mut slot in ips.into_iter().chain([Slot::unix(b"/tmp/x\0"), Slot::unix(b""), zeros]) {
        let before = slot;
        gives(0, || unsafe { sockutil_addr_unmap(slot.out()) });
        assert!(slot == before, "{before:?} became {slot:?}");
    }
}

#[test]
fn sockutil_addr_unmap_EINVAL() {
    fails(EINVAL, || unsafe { sockutil_addr_unmap(ptr::null_mut()) });
}
