//! Options of multicast: sources, hops, loop; the family that they are for; and SOCKUTIL_REUSEADDR, which shares a port
//! for it.

use std::ffi::CString;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr;
use std::time::Duration;

use crate::c::*;
use libc::{
    AF_INET, AF_INET6, EADDRNOTAVAIL, EAFNOSUPPORT, ENODEV, IPPROTO_IP, IPPROTO_IPV6, SOCK_DGRAM, SOCK_STREAM, c_int,
};

use crate::addr::{Slot, loopback_index, socket};
use crate::kit::*;
use crate::namespace::inside;
use crate::options::{int_option, refuses};
use crate::support::{emulated, has_ipv6, left_out};
use crate::udp::local;
use crate::udp_at::{Wire, ip, wires};

/// The families that this machine has, with a group and two sources of each.
fn families() -> Vec<(c_int, Slot, [Slot; 2])> {
    let slot = |text: &str| Slot::ip(text.parse().unwrap());
    let mut all = vec![(AF_INET, slot("239.77.9.1:0"), ["10.9.0.1:7", "10.9.0.2:0"].map(slot))];
    if has_ipv6("groups of IPv6") {
        all.push((AF_INET6, slot("[ff05::9]:0"), ["[fd09::1]:7", "[fd09::2]:0"].map(slot)));
    }
    all
}

/// As families, on a machine that has sources.
fn with_sources() -> Vec<(c_int, Slot, [Slot; 2])> {
    if emulated() {
        left_out("emulated", "MCAST_JOIN_SOURCE_GROUP");
        return Vec::new();
    }
    families()
}

fn join(fd: c_int, group: &Slot, source: &Slot, interface: u32) -> c_int {
    unsafe { sockutil_multicast_join_source(fd, group.addr(), source.addr(), interface) }
}

fn leave(fd: c_int, group: &Slot, source: &Slot, interface: u32) -> c_int {
    unsafe { sockutil_multicast_leave_source(fd, group.addr(), source.addr(), interface) }
}

/// Sends from each of three hosts to the group, then straight to the socket: which of the hosts were heard?
fn heard(wire: &Wire, socket: &UdpSocket, group: SocketAddr) -> Vec<u8> {
    let port = socket.local_addr().unwrap().port();
    let v6 = group.is_ipv6();
    let host = |number: u16| -> SocketAddr {
        let host =
            if v6 { Ipv6Addr::new(0xfd09, 0, 0, 0, 0, 0, 0, number).into() } else { ip(&format!("10.9.0.{number}")) };
        (host, 7).into()
    };
    for number in 1..=3 {
        wire.brings(host(number), (group.ip(), port).into(), &[number as u8]);
    }
    wire.brings(host(9), (ip(if v6 { "fd00::1" } else { "10.0.0.1" }), port).into(), b"\0");
    let mut heard = Vec::new();
    loop {
        let mut byte = [0xff];
        assert_eq!(socket.recv(&mut byte).unwrap(), 1);
        match byte {
            [0] => return heard,
            [number] => heard.push(number),
        }
    }
}

#[test]
fn a_member_for_one_source_hears_no_other() {
    inside("multicast::a_member_for_one_source_hears_no_other", || {
        let Some([wire, _other]) = wires() else { return };
        for (af, group, [one, two]) in with_sources() {
            let socket = UdpSocket::bind(if af == AF_INET { "0.0.0.0:0" } else { "[::]:0" }).unwrap();
            socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            let fd = socket.as_raw_fd();
            let heard = || heard(&wire, &socket, group.socket_addr());
            assert_eq!(heard(), []);
            for _ in 0..2 {
                gives(0, || join(fd, &group, &one, wire.index));
                assert_eq!(heard(), [1]);
                gives(0, || join(fd, &group, &two, wire.index));
                assert_eq!(heard(), [1, 2]);
                gives(0, || leave(fd, &group, &one, wire.index));
                assert_eq!(heard(), [2]);
                fails(EADDRNOTAVAIL, || leave(fd, &group, &one, wire.index));
                assert_eq!(heard(), [2]);
                gives(0, || leave(fd, &group, &two, wire.index));
                assert_eq!(heard(), []);
            }
            // And then for every source.
            gives(0, || unsafe { sockutil_multicast_join(fd, group.addr(), wire.index) });
            assert_eq!(heard(), [1, 2, 3]);
        }
    });
}

#[test]
fn the_groups_zone_is_the_interface_of_a_source_too() {
    inside("multicast::the_groups_zone_is_the_interface_of_a_source_too", || {
        if emulated() || !has_ipv6("a group's zone") {
            return;
        }
        let Some([first, second]) = wires() else { return };
        let in_zone = |zone| Slot::ip(std::net::SocketAddrV6::new("ff02::9".parse().unwrap(), 0, 0, zone).into());
        let source = Slot::ip("[fe80::9]:0".parse().unwrap());
        // The group's zone, the interface that is named, and the one that is meant.
        for (zone, named, meant, other) in [
            (first.index, 0, &first, &second),
            (second.index, 0, &second, &first),
            (0, second.index, &second, &first),
            (first.index, second.index, &second, &first),
        ] {
            let socket = socket(AF_INET6, SOCK_DGRAM);
            let fd = socket.as_raw_fd();
            gives(0, || join(fd, &in_zone(zone), &source, named));
            fails(EADDRNOTAVAIL, || leave(fd, &in_zone(0), &source, other.index));
            gives(0, || leave(fd, &in_zone(0), &source, meant.index));
        }
    });
}

#[test]
fn sockutil_multicast_join_source_EADDRNOTAVAIL() {
    for (af, group, [one, two]) in with_sources() {
        let (socket, lo) = (socket(af, SOCK_DGRAM), loopback_index());
        let fd = socket.as_raw_fd();
        gives(0, || join(fd, &group, &one, lo));
        fails(EADDRNOTAVAIL, || join(fd, &group, &one, lo));
        gives(0, || join(fd, &group, &two, lo));
        fails(EADDRNOTAVAIL, || join(fd, &group, &one, lo));
        fails(EADDRNOTAVAIL, || join(fd, &group, &two, lo));
        gives(0, || leave(fd, &group, &one, lo));
        gives(0, || join(fd, &group, &one, lo));
    }
}

#[test]
fn sockutil_multicast_leave_source_EADDRNOTAVAIL() {
    for (af, group, [one, two]) in with_sources() {
        let (socket, lo) = (socket(af, SOCK_DGRAM), loopback_index());
        let fd = socket.as_raw_fd();
        fails(EADDRNOTAVAIL, || leave(fd, &group, &one, lo));
        gives(0, || join(fd, &group, &one, lo));
        fails(EADDRNOTAVAIL, || leave(fd, &group, &two, lo));
        gives(0, || leave(fd, &group, &one, lo));
        fails(EADDRNOTAVAIL, || leave(fd, &group, &one, lo));
    }
}

type Source = fn(c_int, &Slot, &Slot, u32) -> c_int;
const BOTH: [Source; 2] = [join, leave];

fn of_no_family(call: Source) {
    for (af, group, [source, _]) in families() {
        let socket = socket(af, SOCK_DGRAM);
        for none in [Slot::unix(b"/run/x\0"), Slot::unix(b"\0x"), Slot::unix(b"")] {
            fails(EAFNOSUPPORT, || call(socket.as_raw_fd(), &none, &source, 0));
            // It is of another family than the group.
            fails(EINVAL, || call(socket.as_raw_fd(), &group, &none, 0));
        }
    }
}

fn of_no_group(
    call: Source,
    raw: unsafe extern "C" fn(c_int, *const sockutil_addr, *const sockutil_addr, u32) -> c_int,
) {
    for (af, group, [source, _]) in with_sources() {
        let (socket, lo) = (socket(af, SOCK_DGRAM), loopback_index());
        let fd = socket.as_raw_fd();
        fails(EINVAL, || call(fd, &source, &source, lo));
        fails(EINVAL, || unsafe { raw(fd, ptr::null(), source.addr(), lo) });
        fails(EINVAL, || unsafe { raw(fd, group.addr(), ptr::null(), lo) });
        let other = Slot::ip(if af == AF_INET { "[fd09::1]:0" } else { "10.9.0.1:0" }.parse().unwrap());
        fails(EINVAL, || call(fd, &group, &other, lo));
        // An IPv4-mapped source is IPv6 for an IPv4 group.
        let mapped = Slot::ip("[::ffff:10.9.0.1]:0".parse().unwrap());
        if af == AF_INET {
            fails(EINVAL, || call(fd, &group, &mapped, lo));
        }
    }
}

crate::support::tests! {
    fn sockutil_multicast_join_source_EAFNOSUPPORT() = of_no_family(join);
    fn sockutil_multicast_leave_source_EAFNOSUPPORT() = of_no_family(leave);
    fn sockutil_multicast_join_source_EINVAL() = of_no_group(join, sockutil_multicast_join_source);
    fn sockutil_multicast_leave_source_EINVAL() = of_no_group(leave, sockutil_multicast_leave_source);
}

/// Descriptors that are not open, or no sockets.
fn refuse_sources(e: c_int, call: Source) {
    for (_, group, [source, _]) in with_sources() {
        refuses(e, |fd| call(fd, &group, &source, 0));
    }
}

crate::support::tests! {
    fn sockutil_multicast_join_source_EBADF() = refuse_sources(EBADF, join);
    fn sockutil_multicast_join_source_ENOTSOCK() = refuse_sources(ENOTSOCK, join);
    fn sockutil_multicast_leave_source_EBADF() = refuse_sources(EBADF, leave);
    fn sockutil_multicast_leave_source_ENOTSOCK() = refuse_sources(ENOTSOCK, leave);
}

#[test]
fn sockutil_multicast_join_source_ENODEV() {
    for (af, group, [source, _]) in with_sources() {
        let socket = socket(af, SOCK_DGRAM);
        for interface in [2_000_000_000, i32::MAX as u32, 1 << 31, u32::MAX, (1 << 31) + loopback_index()] {
            for call in BOTH {
                fails(ENODEV, || call(socket.as_raw_fd(), &group, &source, interface));
            }
        }
    }
}

/// The option of each family, and its default.
fn options(hops: bool) -> Vec<(c_int, OwnedFd, c_int, c_int)> {
    let (v4, v6) = if hops {
        (libc::IP_MULTICAST_TTL, libc::IPV6_MULTICAST_HOPS)
    } else {
        (libc::IP_MULTICAST_LOOP, libc::IPV6_MULTICAST_LOOP)
    };
    let mut all = vec![(AF_INET, socket(AF_INET, SOCK_DGRAM), IPPROTO_IP, v4)];
    if has_ipv6("options of IPv6 multicast") {
        all.push((AF_INET6, socket(AF_INET6, SOCK_DGRAM), IPPROTO_IPV6, v6));
    }
    all
}

#[test]
fn set_multicast_hops_is_seen_by_the_kernel() {
    for (af, socket, level, name) in options(true) {
        assert_eq!(int_option(socket.as_raw_fd(), level, name), 1, "RFC 1112, RFC 3493");
        for hops in [0, 1, 2, 64, 254, 255, 1] {
            gives(0, || sockutil_set_multicast_hops(socket.as_raw_fd(), af, hops));
            assert_eq!(int_option(socket.as_raw_fd(), level, name), hops);
        }
    }
}

#[test]
fn sockutil_set_multicast_hops_EINVAL() {
    for (af, socket, level, name) in options(true) {
        gives(0, || sockutil_set_multicast_hops(socket.as_raw_fd(), af, 7));
        for hops in [-1, -2, c_int::MIN, 256, 257, c_int::MAX] {
            fails(EINVAL, || sockutil_set_multicast_hops(socket.as_raw_fd(), af, hops));
        }
        assert_eq!(int_option(socket.as_raw_fd(), level, name), 7);
    }
}

#[test]
fn set_multicast_loop_is_seen_by_the_kernel() {
    for (af, socket, level, name) in options(false) {
        assert_eq!(int_option(socket.as_raw_fd(), level, name), 1, "ip(7), RFC 3493");
        for on in [0, 1, 0, 2, 0, -1, 0, 256] {
            gives(0, || sockutil_set_multicast_loop(socket.as_raw_fd(), af, on));
            assert_eq!(int_option(socket.as_raw_fd(), level, name), c_int::from(on != 0));
        }
    }
}

type Setting = extern "C" fn(c_int, c_int) -> c_int;
extern "C" fn hops(fd: c_int, af: c_int) -> c_int {
    sockutil_set_multicast_hops(fd, af, 1)
}
extern "C" fn looping(fd: c_int, af: c_int) -> c_int {
    sockutil_set_multicast_loop(fd, af, 1)
}
extern "C" fn interface(fd: c_int, af: c_int) -> c_int {
    sockutil_set_multicast_interface(fd, af, 0)
}

/// The family must be the socket's, although the kernel lets an IPv6 socket have options of IPv4.
fn of_another_family(call: Setting) {
    for (af, socket, ..) in options(true) {
        for other in [AF_INET, AF_INET6, libc::AF_UNSPEC, libc::AF_UNIX, -1, 4711] {
            if other != af {
                fails(EAFNOSUPPORT, || call(socket.as_raw_fd(), other));
            }
        }
        gives(0, || call(socket.as_raw_fd(), af));
    }
    let [unix, _peer] = crate::pass::unix_ends(SOCK_STREAM);
    for af in [libc::AF_UNIX, AF_INET, AF_INET6] {
        fails(EAFNOSUPPORT, || call(unix.as_raw_fd(), af));
    }
}

fn refuse_settings(e: c_int, call: Setting) {
    for af in [AF_INET, AF_INET6] {
        refuses(e, |fd| call(fd, af));
    }
}

crate::support::tests! {
    fn sockutil_set_multicast_hops_EAFNOSUPPORT() = of_another_family(hops);
    fn sockutil_set_multicast_hops_EBADF() = refuse_settings(EBADF, hops);
    fn sockutil_set_multicast_hops_ENOTSOCK() = refuse_settings(ENOTSOCK, hops);
    fn sockutil_set_multicast_loop_EAFNOSUPPORT() = of_another_family(looping);
    fn sockutil_set_multicast_loop_EBADF() = refuse_settings(EBADF, looping);
    fn sockutil_set_multicast_loop_ENOTSOCK() = refuse_settings(ENOTSOCK, looping);
    fn the_interface_for_multicast_is_of_the_sockets_family() = if emulated() {
        left_out("emulated", "IPV6_MULTICAST_IF");
    } else {
        of_another_family(interface);
    };
}

/// Bound, or the errno.
fn bind(port: u16, flags: u32) -> Result<OwnedFd, c_int> {
    let service = CString::new(port.to_string()).unwrap();
    let fd = unsafe { sockutil_udp_bind(c"0.0.0.0".as_ptr(), service.as_ptr(), flags, ptr::null_mut()) };
    if fd < 0 { Err(errno().0) } else { Ok(unsafe { OwnedFd::from_raw_fd(fd) }) }
}

#[test]
fn with_reuseaddr_all_members_on_one_port_hear_the_group() {
    let first = bind(0, SOCKUTIL_REUSEADDR).unwrap();
    assert_eq!(int_option(first.as_raw_fd(), libc::SOL_SOCKET, libc::SO_REUSEADDR), 1);
    assert_eq!(int_option(first.as_raw_fd(), libc::SOL_SOCKET, libc::SO_REUSEPORT), 0);
    let port = local(first.as_raw_fd()).port();
    let others = [bind(port, SOCKUTIL_REUSEADDR).unwrap(), bind(port, SOCKUTIL_REUSEADDR).unwrap()];
    // Those that did not agree stay out.
    assert_eq!(bind(port, 0).err(), Some(libc::EADDRINUSE));
    let alone = bind(0, 0).unwrap();
    assert_eq!(int_option(alone.as_raw_fd(), libc::SOL_SOCKET, libc::SO_REUSEADDR), 0);
    assert_eq!(bind(local(alone.as_raw_fd()).port(), SOCKUTIL_REUSEADDR).err(), Some(libc::EADDRINUSE));
    if !crate::interface::chooses_interface(AF_INET) {
        return;
    }
    let [high, low] = port.to_be_bytes();
    let group: SocketAddr = (Ipv4Addr::new(239, 77, high, low), port).into();
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    gives(0, || sockutil_set_multicast_interface(sender.as_raw_fd(), AF_INET, loopback_index()));
    let all: Vec<c_int> = [&first].into_iter().chain(&others).map(AsRawFd::as_raw_fd).collect();
    for fd in &all {
        gives(0, || unsafe { sockutil_multicast_join(*fd, Slot::ip(group).addr(), loopback_index()) });
    }
    sender.send_to(b"all", group).unwrap();
    for fd in all {
        let (mut buffer, none) = ([0_u8; 8], ptr::null_mut());
        let start = buffer.as_mut_ptr().cast();
        gives(3, || unsafe { sockutil_recvfrom(fd, start, 8, none, none.cast(), 10_000) });
    }
}

/// The flag is for udp_bind alone.
#[test]
fn reuseaddr_is_refused_elsewhere() {
    let (flag, none) = (SOCKUTIL_REUSEADDR, ptr::null_mut());
    fails(EINVAL, || unsafe { sockutil_tcp_listen(ptr::null(), c"0".as_ptr(), 5, flag, none) });
    fails(EINVAL, || unsafe { sockutil_tcp_connect(ptr::null(), c"9".as_ptr(), flag, 0, none) });
    fails(EINVAL, || unsafe { sockutil_udp_connect(ptr::null(), c"9".as_ptr(), flag, none) });
    fails(EINVAL, || unsafe { sockutil_unix_listen(c"@reuseaddr".as_ptr(), 5, flag) });
    fails(EINVAL, || unsafe { sockutil_unix_connect(c"@reuseaddr".as_ptr(), flag, 0) });
    fails(EINVAL, || unsafe { sockutil_accept(-1, ptr::null_mut(), flag, 0) });
}
