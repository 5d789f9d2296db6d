//! Options. `set_reuseaddr` is in `misc.rs`.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixDatagram;
use std::ptr;
use std::time::Duration;

use crate::c::*;
use libc::{
    AF_INET, AF_INET6, IPPROTO_IP, IPPROTO_IPV6, IPPROTO_TCP, SO_KEEPALIVE, SOCK_DGRAM, SOCK_STREAM, SOL_SOCKET, c_int,
};

use crate::addr::{Slot, interfaces, loopback_index, socket};
use crate::interface::chooses_interface;
use crate::kit::*;
use crate::support::emulated;
use crate::support::{has_ipv6, imitates, left_out};
use crate::udp::{closed_port, held};

/// By the system's means.
#[track_caller]
fn option<T>(fd: c_int, level: c_int, name: c_int) -> T {
    let mut value = std::mem::MaybeUninit::<T>::zeroed();
    let mut size = size_of::<T>() as u32;
    assert_eq!(
        unsafe { libc::getsockopt(fd, level, name, value.as_mut_ptr().cast(), &raw mut size) },
        0,
        "{}",
        errno()
    );
    assert_eq!(size as usize, size_of::<T>());
    unsafe { value.assume_init() }
}

pub fn int_option(fd: c_int, level: c_int, name: c_int) -> c_int {
    option(fd, level, name)
}

fn udp(host: &str) -> UdpSocket {
    UdpSocket::bind((host, 0)).unwrap()
}

fn turns_on_and_off(fd: c_int, level: c_int, name: c_int, set: extern "C" fn(c_int, c_int) -> c_int) {
    for on in [1, 2, -1, c_int::MIN, 256] {
        gives(0, || set(fd, on));
        assert_eq!(int_option(fd, level, name), 1, "on is {on}");
        gives(0, || set(fd, on));
        assert_eq!(int_option(fd, level, name), 1, "on is {on}, again");
        gives(0, || set(fd, 0));
        assert_eq!(int_option(fd, level, name), 0);
        gives(0, || set(fd, 0));
        assert_eq!(int_option(fd, level, name), 0);
    }
}

#[test]
fn set_reuseaddr_is_seen_by_the_kernel() {
    for kind in [SOCK_STREAM, SOCK_DGRAM] {
        turns_on_and_off(socket(AF_INET, kind).as_raw_fd(), SOL_SOCKET, libc::SO_REUSEADDR, sockutil_set_reuseaddr);
    }
}

#[test]
fn set_reuseport_is_seen_by_the_kernel() {
    for kind in [SOCK_STREAM, SOCK_DGRAM] {
        turns_on_and_off(socket(AF_INET, kind).as_raw_fd(), SOL_SOCKET, libc::SO_REUSEPORT, sockutil_set_reuseport);
    }
}

#[test]
fn set_v6only_is_seen_by_the_kernel() {
    if imitates("v6only", "V6ONLY turned off") {
        return;
    }
    if !has_ipv6("IPv6") {
        return;
    }
    for kind in [SOCK_STREAM, SOCK_DGRAM] {
        turns_on_and_off(socket(AF_INET6, kind).as_raw_fd(), IPPROTO_IPV6, libc::IPV6_V6ONLY, sockutil_set_v6only);
    }
}

#[test]
fn set_nodelay_is_seen_by_the_kernel() {
    turns_on_and_off(tcp().r(), IPPROTO_TCP, libc::TCP_NODELAY, sockutil_set_nodelay);
}

#[test]
fn set_broadcast_is_seen_by_the_kernel() {
    turns_on_and_off(udp("127.0.0.1").as_raw_fd(), SOL_SOCKET, libc::SO_BROADCAST, sockutil_set_broadcast);
}

#[test]
fn set_nonblock_changes_nothing_else() {
    let flags = |fd| unsafe { libc::fcntl(fd, libc::F_GETFL) };
    let mut pairs = streams();
    let appending = pipe();
    assert_eq!(unsafe { libc::fcntl(appending.w(), libc::F_SETFL, libc::O_APPEND) }, 0);
    pairs.push(appending);
    for pair in &pairs {
        for fd in [pair.r(), pair.w()] {
            let before = flags(fd);
            assert_eq!(before & libc::O_NONBLOCK, 0);
            for on in [1, 2, -1, 256] {
                for _ in 0..2 {
                    gives(0, || sockutil_set_nonblock(fd, on));
                    assert_eq!(flags(fd), before | libc::O_NONBLOCK, "{}", pair.kind);
                }
                for _ in 0..2 {
                    gives(0, || sockutil_set_nonblock(fd, 0));
                    assert_eq!(flags(fd), before, "{}", pair.kind);
                }
            }
        }
    }
}

#[test]
fn set_linger_is_seen_by_the_kernel() {
    let pair = tcp();
    for (on, seconds, l_onoff) in [(1, 5, 1), (0, 0, 0), (1, 0, 1), (-1, 30, 1), (256, 1, 1), (0, 7, 0), (2, 3600, 1)] {
        gives(0, || sockutil_set_linger(pair.r(), on, seconds));
        let value: libc::linger = option(pair.r(), SOL_SOCKET, libc::SO_LINGER);
        assert_eq!(value.l_onoff, l_onoff, "{on} {seconds}");
        if l_onoff == 1 {
            assert_eq!(value.l_linger, seconds);
        }
    }
}

#[test]
fn sockutil_set_linger_EINVAL() {
    let pair = tcp();
    gives(0, || sockutil_set_linger(pair.r(), 1, 5));
    for seconds in [-1, c_int::MIN] {
        for on in [1, 0] {
            fails(EINVAL, || sockutil_set_linger(pair.r(), on, seconds));
        }
    }
    let value: libc::linger = option(pair.r(), SOL_SOCKET, libc::SO_LINGER);
    assert_eq!((value.l_onoff, value.l_linger), (1, 5));
}

/// On or off, idle_s, interval_s, count.
fn keepalive(fd: c_int) -> [c_int; 4] {
    let tcp = |name| int_option(fd, IPPROTO_TCP, name);
    let on = int_option(fd, SOL_SOCKET, SO_KEEPALIVE);
    [on, tcp(libc::TCP_KEEPIDLE), tcp(libc::TCP_KEEPINTVL), tcp(libc::TCP_KEEPCNT)]
}

#[test]
fn set_keepalive_is_seen_by_the_kernel() {
    let pair = tcp();
    for (idle, interval, count) in [(60, 10, 3), (1, 1, 1), (32767, 32767, 127), (7200, 75, 9)] {
        gives(0, || sockutil_set_keepalive(pair.r(), idle, interval, count));
        assert_eq!(keepalive(pair.r()), [1, idle, interval, count]);
    }
    // The other two are not looked at.
    for (interval, count) in [(0, 0), (-1, -1), (10, 3), (99999, 999)] {
        gives(0, || sockutil_set_keepalive(pair.r(), 60, 10, 3));
        gives(0, || sockutil_set_keepalive(pair.r(), 0, interval, count));
        assert_eq!(keepalive(pair.r())[0], 0);
        gives(0, || sockutil_set_keepalive(pair.r(), 0, interval, count));
    }
}

#[test]
fn sockutil_set_keepalive_EINVAL() {
    let pair = tcp();
    gives(0, || sockutil_set_keepalive(pair.r(), 60, 10, 3));
    for (idle, interval, count) in [
        (-1, 20, 4),
        (c_int::MIN, 20, 4),
        (32768, 20, 4),
        (c_int::MAX, 20, 4),
        (70, 0, 4),
        (70, -1, 4),
        (70, 32768, 4),
        (70, c_int::MAX, 4),
        (70, 20, 0),
        (70, 20, -1),
        (70, 20, 128),
        (70, 20, c_int::MAX),
        (65536 + 70, 20, 4),
        (70, 20, 256 + 4),
    ] {
        fails(EINVAL, || sockutil_set_keepalive(pair.r(), idle, interval, count));
        assert_eq!(keepalive(pair.r()), [1, 60, 10, 3], "nothing happened: {idle} {interval} {count}");
    }
}

/// Nothing that is open, and something open that is no socket: its errno, too.
#[track_caller]
pub fn refuses(e: c_int, call: impl Fn(c_int) -> c_int) {
    if e == EBADF {
        fails(EBADF, || call(-1));
        fails(EBADF, || call(CLOSED));
    } else {
        let pipe = pipe();
        fails(ENOTSOCK, || call(pipe.r()));
        fails(ENOTSOCK, || call(pipe.w()));
    }
}

crate::support::tests! {
    fn sockutil_set_reuseport_EBADF() = refuses(EBADF, |fd| sockutil_set_reuseport(fd, 1));
    fn sockutil_set_reuseport_ENOTSOCK() = refuses(ENOTSOCK, |fd| sockutil_set_reuseport(fd, 1));
    fn sockutil_set_v6only_EBADF() = refuses(EBADF, |fd| sockutil_set_v6only(fd, 1));
    fn sockutil_set_v6only_ENOTSOCK() = refuses(ENOTSOCK, |fd| sockutil_set_v6only(fd, 1));
}

#[test]
fn sockutil_set_nonblock_EBADF() {
    refuses(EBADF, |fd| sockutil_set_nonblock(fd, 1));
    refuses(EBADF, |fd| sockutil_set_nonblock(fd, 0));
}

crate::support::tests! {
    fn sockutil_set_nodelay_EBADF() = refuses(EBADF, |fd| sockutil_set_nodelay(fd, 1));
    fn sockutil_set_nodelay_ENOTSOCK() = refuses(ENOTSOCK, |fd| sockutil_set_nodelay(fd, 1));
    fn sockutil_set_broadcast_EBADF() = refuses(EBADF, |fd| sockutil_set_broadcast(fd, 1));
    fn sockutil_set_broadcast_ENOTSOCK() = refuses(ENOTSOCK, |fd| sockutil_set_broadcast(fd, 1));
    fn sockutil_set_linger_EBADF() = refuses(EBADF, |fd| sockutil_set_linger(fd, 1, 5));
    fn sockutil_set_linger_ENOTSOCK() = refuses(ENOTSOCK, |fd| sockutil_set_linger(fd, 1, 5));
}

#[test]
fn sockutil_set_keepalive_EBADF() {
    refuses(EBADF, |fd| sockutil_set_keepalive(fd, 60, 10, 3));
    refuses(EBADF, |fd| sockutil_set_keepalive(fd, 0, 0, 0));
}

#[test]
fn sockutil_set_keepalive_ENOTSOCK() {
    refuses(ENOTSOCK, |fd| sockutil_set_keepalive(fd, 60, 10, 3));
    refuses(ENOTSOCK, |fd| sockutil_set_keepalive(fd, 0, 0, 0));
}

/// A receiver that others cannot disturb: the group is made of its port, which no other socket has.
struct Receiver {
    socket: UdpSocket,
    group: SocketAddr,
    slot: Slot,
}

impl Receiver {
    fn new(first: SocketAddr) -> Self {
        let host = if first.is_ipv4() { "0.0.0.0" } else { "::" };
        let socket = udp(host);
        socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let port = socket.local_addr().unwrap().port();
        let [high, low] = port.to_be_bytes();
        let group = match first {
            SocketAddr::V4(v4) => {
                let [a, b, ..] = v4.ip().octets();
                SocketAddr::from((Ipv4Addr::new(a, b, high, low), port))
            }
            SocketAddr::V6(v6) => {
                let [a, b, ..] = v6.ip().segments();
                SocketAddr::from((Ipv6Addr::new(a, b, 0, 0, 0, 0, 0x5375, port), port))
            }
        };
        Self { socket, group, slot: Slot::ip(group) }
    }

    fn fd(&self) -> c_int {
        self.socket.as_raw_fd()
    }

    fn join(&self, interface: u32) -> c_int {
        unsafe { sockutil_multicast_join(self.fd(), self.slot.addr(), interface) }
    }

    fn leave(&self, interface: u32) -> c_int {
        unsafe { sockutil_multicast_leave(self.fd(), self.slot.addr(), interface) }
    }
}

/// Sends to the group, then straight to the receiver, which hears both or only the second.
fn hears(receiver: &Receiver, sender: Option<&UdpSocket>, expected: bool) {
    let Some(sender) = sender else { return };
    sender.send_to(b"group", receiver.group).unwrap();
    let mut straight = receiver.group;
    straight.set_ip(if straight.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() });
    // By a socket of its own: the sender may be bound to another interface than lo.
    udp(if straight.is_ipv4() { "127.0.0.1" } else { "::1" }).send_to(b"straight", straight).unwrap();
    let next = || {
        let mut buffer = [0; 16];
        let n = receiver.socket.recv(&mut buffer).unwrap();
        String::from_utf8_lossy(&buffer[..n]).into_owned()
    };
    let mut heard = vec![next()];
    if expected {
        heard.push(next());
        heard.sort();
        assert_eq!(heard, ["group", "straight"], "{}", receiver.group);
    } else {
        assert_eq!(heard, ["straight"], "{}", receiver.group);
    }
}

/// The families whose interface for multicast can be chosen.
fn choosing() -> Vec<c_int> {
    let families = if has_ipv6("groups of IPv6") { vec![AF_INET, AF_INET6] } else { vec![AF_INET] };
    families.into_iter().filter(|af| chooses_interface(*af)).collect()
}

/// Tries an interface for datagrams to IPv6 groups that never leave this machine. Not every one has a route for them:
/// lo has none.
fn v6_sender(name: &[u8], interface: u32) -> Option<UdpSocket> {
    let sender = udp("::");
    if chooses_interface(AF_INET6) {
        gives(0, || sockutil_set_multicast_interface(sender.as_raw_fd(), AF_INET6, interface));
    } else {
        let (device, bytes) = (name.as_ptr().cast(), name.len() as u32);
        let bound = unsafe { libc::setsockopt(sender.as_raw_fd(), SOL_SOCKET, libc::SO_BINDTODEVICE, device, bytes) };
        assert_eq!(bound, 0, "{}", errno());
    }
    let no_hop: c_int = 0;
    let hops = (&raw const no_hop).cast();
    let set = unsafe { libc::setsockopt(sender.as_raw_fd(), IPPROTO_IPV6, libc::IPV6_MULTICAST_HOPS, hops, 4) };
    assert_eq!(set, 0);
    let port = sender.local_addr().unwrap().port();
    ["ff02::5375", "ff05::5375"].iter().all(|group| sender.send_to(b"probe", (*group, port)).is_ok()).then_some(sender)
}

/// A receiver of each kind of group, the interface to join on, and a sender through that interface, if there can be one.
fn receivers() -> Vec<(Receiver, u32, Option<UdpSocket>)> {
    let lo = loopback_index();
    let mut all = Vec::new();
    if chooses_interface(AF_INET) {
        let sender = udp("127.0.0.1");
        gives(0, || sockutil_set_multicast_interface(sender.as_raw_fd(), AF_INET, lo));
        all.push((Receiver::new("239.77.0.0:0".parse().unwrap()), lo, Some(sender)));
    }
    if has_ipv6("groups of IPv6") {
        for group in ["[ff02::]:0", "[ff05::]:0"] {
            let receiver = Receiver::new(group.parse().unwrap());
            let mut usable =
                interfaces().into_iter().filter_map(|(name, index)| Some((index, v6_sender(&name, index)?)));
            if let Some((interface, sender)) = usable.next() {
                all.push((receiver, interface, Some(sender)));
            } else {
                left_out("no route for IPv6 multicast", format!("sending to {group}"));
                all.push((receiver, lo, None));
            }
        }
    }
    all
}

#[test]
fn what_is_sent_to_a_group_is_heard_by_its_members_only() {
    for (receiver, interface, sender) in receivers() {
        let sender = sender.as_ref();
        hears(&receiver, sender, false);
        for _ in 0..2 {
            gives(0, || receiver.join(interface));
            hears(&receiver, sender, true);
            gives(0, || receiver.leave(interface));
            hears(&receiver, sender, false);
        }
    }
}

#[test]
fn a_groups_port_is_not_looked_at() {
    for (receiver, interface, sender) in receivers() {
        let mut other = receiver.group;
        other.set_port(other.port() ^ 1);
        let other = Slot::ip(other);
        gives(0, || unsafe { sockutil_multicast_join(receiver.fd(), other.addr(), interface) });
        hears(&receiver, sender.as_ref(), true);
        gives(0, || receiver.leave(interface));
    }
}

#[test]
fn sockutil_multicast_join_EADDRINUSE() {
    for (receiver, interface, sender) in receivers() {
        gives(0, || receiver.join(interface));
        fails(libc::EADDRINUSE, || receiver.join(interface));
        // Still a member.
        hears(&receiver, sender.as_ref(), true);
        gives(0, || receiver.leave(interface));
        gives(0, || receiver.join(interface));
    }
}

#[test]
fn sockutil_multicast_leave_EADDRNOTAVAIL() {
    for (receiver, interface, _) in receivers() {
        fails(libc::EADDRNOTAVAIL, || receiver.leave(interface));
        gives(0, || receiver.join(interface));
        gives(0, || receiver.leave(interface));
        fails(libc::EADDRNOTAVAIL, || receiver.leave(interface));
    }
}

#[test]
fn a_group_is_joined_on_one_interface() {
    for (receiver, interface, _) in receivers() {
        let others = interfaces().into_iter().map(|(_, index)| index).filter(|index| *index != interface);
        gives(0, || receiver.join(interface));
        for other in others {
            fails(libc::EADDRNOTAVAIL, || receiver.leave(other));
        }
        gives(0, || receiver.leave(interface));
    }
}

#[test]
fn left_without_an_interface_ipv6_finds_its_own_and_ipv4_the_kernels_choice() {
    for (receiver, interface, _) in receivers() {
        // The kernel's choice for IPv4 is the interface of the group's route; there may be none.
        let has_choice = receiver.join(0) == 0;
        let elsewhere = has_choice && receiver.leave(interface) != 0;
        if elsewhere {
            gives(0, || receiver.leave(0));
        }
        gives(0, || receiver.join(interface));
        match (receiver.group, has_choice) {
            (SocketAddr::V4(_), false) => fails(libc::ENODEV, || receiver.leave(0)),
            (SocketAddr::V4(_), true) if elsewhere => fails(libc::EADDRNOTAVAIL, || receiver.leave(0)),
            _ => gives(0, || receiver.leave(0)),
        }
    }
}

#[test]
fn a_groups_zone_is_its_interface_unless_another_is_named() {
    if !has_ipv6("zones") {
        return;
    }
    let lo = loopback_index();
    let others = interfaces().into_iter().map(|(_, index)| index).filter(|index| *index != lo);
    let Some(other) = others.into_iter().find(|index| {
        let group = Slot::ip("[ff02::5375]:0".parse().unwrap());
        let socket = udp("::");
        unsafe { sockutil_multicast_join(socket.as_raw_fd(), group.addr(), *index) == 0 }
    }) else {
        left_out("no second interface with IPv6", "groups on two interfaces");
        return;
    };
    // The group's zone, the interface that is named, and the one that is meant.
    let rows = [(lo, 0, lo), (other, 0, other), (0, lo, lo), (0, other, other), (lo, lo, lo)];
    let rows = rows.into_iter().chain([(lo, other, other), (other, lo, lo), (2_000_000_000, lo, lo)]);
    for address in ["ff01::5375", "ff02::5375", "ff05::5375", "ff0e::5375"] {
        let in_zone = |zone| {
            let group = std::net::SocketAddrV6::new(address.parse().unwrap(), 0, 0, zone);
            Slot::ip(SocketAddr::V6(group))
        };
        for (zone, named, meant) in rows.clone() {
            let row = format!("{address}, zone {zone}, interface {named}");
            let socket = udp("::");
            let fd = socket.as_raw_fd();
            let (group, plain) = (in_zone(zone), in_zone(0));
            let not_meant = if meant == lo { other } else { lo };
            // A join in the zone makes a member of the interface that is meant, and of no other.
            assert_eq!(unsafe { sockutil_multicast_join(fd, group.addr(), named) }, 0, "{row}: {}", errno());
            assert_eq!(unsafe { sockutil_multicast_leave(fd, plain.addr(), not_meant) }, -1, "{row}");
            assert_eq!(errno().0, libc::EADDRNOTAVAIL, "{row}");
            assert_eq!(unsafe { sockutil_multicast_leave(fd, plain.addr(), meant) }, 0, "{row}: {}", errno());
            // A leave in the zone ends that membership, and no other.
            assert_eq!(unsafe { sockutil_multicast_join(fd, plain.addr(), not_meant) }, 0, "{row}");
            assert_eq!(unsafe { sockutil_multicast_leave(fd, group.addr(), named) }, -1, "{row}");
            assert_eq!(errno().0, libc::EADDRNOTAVAIL, "{row}");
            assert_eq!(unsafe { sockutil_multicast_join(fd, plain.addr(), meant) }, 0, "{row}");
            assert_eq!(unsafe { sockutil_multicast_leave(fd, group.addr(), named) }, 0, "{row}: {}", errno());
            assert_eq!(unsafe { sockutil_multicast_leave(fd, plain.addr(), not_meant) }, 0, "{row}");
        }
        let socket = udp("::");
        fails(libc::ENODEV, || unsafe {
            sockutil_multicast_join(socket.as_raw_fd(), in_zone(2_000_000_000).addr(), 0)
        });
    }
}

/// What is neither IPv4 nor IPv6.
fn no_groups() -> [Slot; 3] {
    let slot = |text: &std::ffi::CStr| {
        let mut slot = Slot::new();
        assert_eq!(unsafe { sockutil_addr_parse(slot.out(), text.as_ptr(), 0) }, 1);
        slot
    };
    // A socket without a name has one of family AF_UNIX and nothing more.
    let mut unnamed = Slot::new();
    let unbound = UnixDatagram::unbound().unwrap();
    assert_eq!(unsafe { sockutil_addr_local(unbound.as_raw_fd(), unnamed.out()) }, 0);
    [slot(c"unix:/run/x"), slot(c"unix:@x"), unnamed]
}

#[test]
fn sockutil_multicast_join_EAFNOSUPPORT() {
    let socket = udp("127.0.0.1");
    for group in no_groups() {
        fails(libc::EAFNOSUPPORT, || unsafe { sockutil_multicast_join(socket.as_raw_fd(), group.addr(), 0) });
    }
}

#[test]
fn sockutil_multicast_leave_EAFNOSUPPORT() {
    let socket = udp("127.0.0.1");
    for group in no_groups() {
        fails(libc::EAFNOSUPPORT, || unsafe { sockutil_multicast_leave(socket.as_raw_fd(), group.addr(), 0) });
    }
}

#[test]
fn sockutil_multicast_join_ENODEV() {
    for (receiver, ..) in receivers() {
        for interface in [2_000_000_000, i32::MAX as u32, 1 << 31, u32::MAX, (1 << 31) + loopback_index()] {
            fails(libc::ENODEV, || receiver.join(interface));
        }
    }
}

#[test]
fn sockutil_multicast_join_EINVAL() {
    for (receiver, interface, _) in receivers() {
        let mut address = receiver.group;
        address.set_ip(if address.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() });
        let unicast = Slot::ip(address);
        fails(EINVAL, || unsafe { sockutil_multicast_join(receiver.fd(), unicast.addr(), interface) });
        fails(EINVAL, || unsafe { sockutil_multicast_join(receiver.fd(), ptr::null(), interface) });
    }
}

#[test]
fn sockutil_multicast_leave_EINVAL() {
    for (receiver, interface, _) in receivers() {
        fails(EINVAL, || unsafe { sockutil_multicast_leave(receiver.fd(), ptr::null(), interface) });
    }
}

/// A group of each family.
fn groups() -> [Slot; 2] {
    ["239.77.1.1:0", "[ff05::1]:0"].map(|text| Slot::ip(text.parse().unwrap()))
}

#[test]
fn sockutil_multicast_join_EBADF() {
    for group in groups() {
        refuses(EBADF, |fd| unsafe { sockutil_multicast_join(fd, group.addr(), 0) });
    }
}

#[test]
fn sockutil_multicast_join_ENOTSOCK() {
    for group in groups() {
        refuses(ENOTSOCK, |fd| unsafe { sockutil_multicast_join(fd, group.addr(), 0) });
    }
}

#[test]
fn sockutil_multicast_leave_EBADF() {
    for group in groups() {
        refuses(EBADF, |fd| unsafe { sockutil_multicast_leave(fd, group.addr(), 0) });
    }
}

#[test]
fn sockutil_multicast_leave_ENOTSOCK() {
    for group in groups() {
        refuses(ENOTSOCK, |fd| unsafe { sockutil_multicast_leave(fd, group.addr(), 0) });
    }
}

#[test]
fn set_multicast_interface_is_seen_by_the_kernel() {
    let lo = loopback_index();
    let v4 = udp("127.0.0.1");
    let chosen = |fd| option::<libc::in_addr>(fd, IPPROTO_IP, libc::IP_MULTICAST_IF).s_addr;
    let families = choosing();
    for _ in 0..if families.contains(&AF_INET) { 2 } else { 0 } {
        // A socket can be told an address or an index. Which was told, IP_MULTICAST_IF does not show; that it was
        // accepted, the datagrams of the other tests do.
        gives(0, || sockutil_set_multicast_interface(v4.as_raw_fd(), AF_INET, lo));
        gives(0, || sockutil_set_multicast_interface(v4.as_raw_fd(), AF_INET, 0));
        // qemu's user mode can set it, not get it.
        if !emulated() {
            assert_eq!(chosen(v4.as_raw_fd()), 0);
        }
    }
    if !families.contains(&AF_INET6) {
        return;
    }
    let v6 = udp("::1");
    for interface in [lo, 0, lo] {
        gives(0, || sockutil_set_multicast_interface(v6.as_raw_fd(), AF_INET6, interface));
        assert_eq!(int_option(v6.as_raw_fd(), IPPROTO_IPV6, libc::IPV6_MULTICAST_IF), interface as c_int);
    }
}

#[test]
fn set_multicast_interface_refuses_what_is_no_interface() {
    for af in choosing() {
        let socket = udp(if af == AF_INET { "127.0.0.1" } else { "::1" });
        for interface in [2_000_000_000, i32::MAX as u32, 1 << 31, u32::MAX, (1 << 31) + loopback_index()] {
            set_errno(Errno(4711));
            assert_eq!(sockutil_set_multicast_interface(socket.as_raw_fd(), af, interface), -1);
            assert!([libc::ENODEV, libc::EADDRNOTAVAIL].contains(&errno().0), "{interface}: {}", errno());
        }
    }
}

#[test]
fn sockutil_set_multicast_interface_EAFNOSUPPORT() {
    let socket = udp("127.0.0.1");
    for af in [libc::AF_UNSPEC, libc::AF_UNIX, -1, 4711] {
        fails(libc::EAFNOSUPPORT, || sockutil_set_multicast_interface(socket.as_raw_fd(), af, loopback_index()));
    }
}

#[test]
fn sockutil_set_multicast_interface_EBADF() {
    for af in choosing() {
        refuses(EBADF, |fd| sockutil_set_multicast_interface(fd, af, 0));
    }
}

#[test]
fn sockutil_set_multicast_interface_ENOTSOCK() {
    for af in choosing() {
        refuses(ENOTSOCK, |fd| sockutil_set_multicast_interface(fd, af, 0));
    }
}

fn get(fd: c_int, level: c_int, name: c_int, value: &mut c_int) -> c_int {
    unsafe { sockutil_getsockopt_int(fd, level, name, value) }
}

#[test]
fn getsockopt_int_reads_what_the_kernel_says() {
    let kinds = [(AF_INET, SOCK_STREAM), (AF_INET, SOCK_DGRAM), (libc::AF_UNIX, libc::SOCK_SEQPACKET)];
    for (family, kind) in kinds {
        let socket = socket(family, kind);
        for (name, expected) in [(libc::SO_TYPE, kind), (libc::SO_DOMAIN, family), (libc::SO_ACCEPTCONN, 0)] {
            let mut value = 4711;
            gives(0, || get(socket.as_raw_fd(), SOL_SOCKET, name, &mut value));
            assert_eq!(value, expected);
        }
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut value = 4711;
    gives(0, || get(listener.as_raw_fd(), SOL_SOCKET, libc::SO_ACCEPTCONN, &mut value));
    assert_eq!(value, 1);
}

#[test]
fn setsockopt_int_is_seen_by_the_kernel() {
    let pair = tcp();
    for (level, name, value) in [
        (IPPROTO_IP, libc::IP_TTL, 7),
        (IPPROTO_IP, libc::IP_TTL, 255),
        (IPPROTO_TCP, libc::TCP_NODELAY, 0),
        (IPPROTO_TCP, libc::TCP_USER_TIMEOUT, 1_234_567),
        (SOL_SOCKET, SO_KEEPALIVE, 1),
    ] {
        gives(0, || sockutil_setsockopt_int(pair.r(), level, name, value));
        assert_eq!(int_option(pair.r(), level, name), value);
        let mut read = 4711;
        gives(0, || get(pair.r(), level, name, &mut read));
        assert_eq!(read, value);
    }
    // socket(7): the kernel doubles it.
    gives(0, || sockutil_setsockopt_int(pair.r(), SOL_SOCKET, libc::SO_RCVBUF, 8192));
    assert_eq!(int_option(pair.r(), SOL_SOCKET, libc::SO_RCVBUF), 16384);
    // The kernel's own refusals pass through.
    fails(EINVAL, || sockutil_setsockopt_int(pair.r(), IPPROTO_IP, libc::IP_TTL, 256));
}

/// An option that no socket has.
const NO_OPTION: c_int = 0x7fff;

#[test]
fn sockutil_getsockopt_int_ENOPROTOOPT() {
    let pair = tcp();
    for level in [SOL_SOCKET, IPPROTO_TCP, IPPROTO_IP] {
        let mut value = 4711;
        fails(libc::ENOPROTOOPT, || get(pair.r(), level, NO_OPTION, &mut value));
        assert_eq!(value, 4711);
    }
}

#[test]
fn sockutil_setsockopt_int_ENOPROTOOPT() {
    let pair = tcp();
    for level in [SOL_SOCKET, IPPROTO_TCP, IPPROTO_IP] {
        fails(libc::ENOPROTOOPT, || sockutil_setsockopt_int(pair.r(), level, NO_OPTION, 1));
    }
}

#[test]
fn sockutil_getsockopt_int_EINVAL() {
    let pair = tcp();
    fails(EINVAL, || unsafe { sockutil_getsockopt_int(pair.r(), SOL_SOCKET, libc::SO_TYPE, ptr::null_mut()) });
    // Reading SO_ERROR would have cleared it: nothing happened.
    let socket = udp_with_an_error();
    fails(EINVAL, || unsafe {
        sockutil_getsockopt_int(socket.as_raw_fd(), SOL_SOCKET, libc::SO_ERROR, ptr::null_mut())
    });
    gives(libc::ECONNREFUSED, || sockutil_take_error(socket.as_raw_fd()));
}

#[test]
fn sockutil_getsockopt_int_EBADF() {
    let mut value = 4711;
    for fd in [-1, CLOSED] {
        fails(EBADF, || get(fd, SOL_SOCKET, libc::SO_TYPE, &mut value));
    }
    assert_eq!(value, 4711);
}

#[test]
fn sockutil_getsockopt_int_ENOTSOCK() {
    let mut value = 4711;
    fails(ENOTSOCK, || get(pipe().r(), SOL_SOCKET, libc::SO_TYPE, &mut value));
    assert_eq!(value, 4711);
}

#[test]
fn sockutil_setsockopt_int_EBADF() {
    refuses(EBADF, |fd| sockutil_setsockopt_int(fd, SOL_SOCKET, SO_KEEPALIVE, 1));
}

#[test]
fn sockutil_setsockopt_int_ENOTSOCK() {
    refuses(ENOTSOCK, |fd| sockutil_setsockopt_int(fd, SOL_SOCKET, SO_KEEPALIVE, 1));
}

/// A port that refuses: bound, so that no other socket gets it, and not listening.
fn refusing_port() -> (OwnedFd, SocketAddr) {
    let held = held(([127, 0, 0, 1], 0).into()).unwrap();
    let mut local = Slot::new();
    assert_eq!(unsafe { sockutil_addr_local(held.as_raw_fd(), local.out()) }, 0);
    (held, local.socket_addr())
}

/// Waits for events by the system's means.
fn wait_for(fd: c_int, events: i16) {
    let mut poll = libc::pollfd { fd, events, revents: 0 };
    assert_eq!(unsafe { libc::poll(&raw mut poll, 1, 30_000) }, 1);
}

/// A datagram socket with an ICMP error: its peer's port is closed.
fn udp_with_an_error() -> UdpSocket {
    let closed = closed_port();
    let socket = udp("127.0.0.1");
    socket.connect(closed.local_addr().unwrap()).unwrap();
    socket.send(b"x").unwrap();
    wait_for(socket.as_raw_fd(), 0);
    socket
}

#[test]
fn take_error_tells_how_a_connect_went_and_clears_it() {
    let (_held, to) = refusing_port();
    let to = Slot::ip(to);
    let socket = socket(AF_INET, SOCK_STREAM);
    set_nonblock(socket.as_raw_fd());
    assert_eq!(unsafe { libc::connect(socket.as_raw_fd(), to.addr().cast(), to.length() as u32) }, -1);
    assert_eq!(errno(), Errno(libc::EINPROGRESS));
    wait_for(socket.as_raw_fd(), libc::POLLOUT);
    gives(libc::ECONNREFUSED, || sockutil_take_error(socket.as_raw_fd()));
    gives(0, || sockutil_take_error(socket.as_raw_fd()));

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    gives(0, || sockutil_take_error(stream.as_raw_fd()));
}

#[test]
fn take_error_tells_what_icmp_has_told_a_datagram_socket() {
    let socket = udp_with_an_error();
    gives(libc::ECONNREFUSED, || sockutil_take_error(socket.as_raw_fd()));
    gives(0, || sockutil_take_error(socket.as_raw_fd()));
}

#[test]
fn sockutil_take_error_EBADF() {
    refuses(EBADF, sockutil_take_error_of);
}

#[test]
fn sockutil_take_error_ENOTSOCK() {
    refuses(ENOTSOCK, sockutil_take_error_of);
}

fn sockutil_take_error_of(fd: c_int) -> c_int {
    sockutil_take_error(fd)
}
