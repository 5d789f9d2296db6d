//! The states of TCP connections, each made on the loopback.

use std::ffi::CStr;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsRawFd, OwnedFd};
use std::ptr;
use std::time::{Duration, Instant};

use crate::c::*;
use libc::c_int;

use crate::kit::*;
use crate::support::{has_ipv6, left_out};
use crate::udp::{makes, to_addr};

/// Listeners of every kind, and the address by which a client gets there.
fn listeners() -> Vec<(&'static str, TcpListener, SocketAddr)> {
    let mut all = Vec::new();
    let mut add = |kind, bind: IpAddr, by: IpAddr| {
        if bind.is_ipv4() || has_ipv6(kind) {
            let listener = TcpListener::bind((bind, 0)).unwrap();
            let port = listener.local_addr().unwrap().port();
            all.push((kind, listener, (by, port).into()));
        }
    };
    add("IPv4", Ipv4Addr::LOCALHOST.into(), Ipv4Addr::LOCALHOST.into());
    add("IPv6", Ipv6Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into());
    add("dual stack, IPv4 client", Ipv6Addr::UNSPECIFIED.into(), Ipv4Addr::LOCALHOST.into());
    add("dual stack, IPv6 client", Ipv6Addr::UNSPECIFIED.into(), Ipv6Addr::LOCALHOST.into());
    all
}

/// A connection: the client, the server, and their addresses as the client has them.
struct Ends {
    kind: &'static str,
    client: TcpStream,
    server: TcpStream,
    here: SocketAddr,
    there: SocketAddr,
}

fn connections() -> Vec<Ends> {
    let connect = |(kind, listener, there): (&'static str, TcpListener, SocketAddr)| {
        let client = TcpStream::connect(there).unwrap();
        let (server, _) = listener.accept().unwrap();
        let here = client.local_addr().unwrap();
        Ends { kind, client, server, here, there }
    };
    listeners().into_iter().map(connect).collect()
}

/// The ways to write one address: IPv4 also in IPv6's clothes.
fn forms(address: SocketAddr) -> Vec<SocketAddr> {
    match address.ip().to_canonical() {
        IpAddr::V4(ip) => vec![(ip, address.port()).into(), (ip.to_ipv6_mapped(), address.port()).into()],
        IpAddr::V6(_) => vec![address],
    }
}

fn ask(local: SocketAddr, peer: SocketAddr) -> c_int {
    let (local, peer) = (to_addr(local), to_addr(peer));
    set_errno(Errno(4711));
    let state = unsafe { sockutil_tcp_state_between(&raw const local, &raw const peer) };
    assert!(state > 0 && errno().0 == 4711, "{state} {}", errno());
    state
}

/// The state is this, or becomes it soon: an acknowledgement may be late.
#[track_caller]
fn becomes(wanted: c_int, what: &str, mut state: impl FnMut() -> c_int) {
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        let found = state();
        if found == wanted {
            return;
        }
        assert!(Instant::now() < end, "{what}: {found} instead of {wanted}");
        look_again();
    }
}

/// The end at `local` is in this state, in whatever form the addresses are given.
#[track_caller]
fn end_is(wanted: c_int, what: &str, local: SocketAddr, peer: SocketAddr) {
    becomes(wanted, what, || ask(local, peer));
    for local in forms(local) {
        for peer in forms(peer) {
            assert_eq!(ask(local, peer), wanted, "{what}: {local} {peer}");
        }
    }
}

#[track_caller]
fn fd_is(wanted: c_int, what: &str, fd: &impl AsRawFd) {
    becomes(wanted, what, || sockutil_tcp_state(fd.as_raw_fd()));
    gives(wanted, || sockutil_tcp_state(fd.as_raw_fd()));
}

impl Ends {
    /// Both ends, through their descriptors and through their addresses.
    #[track_caller]
    fn are(&self, client: c_int, server: c_int) {
        fd_is(client, self.kind, &self.client);
        fd_is(server, self.kind, &self.server);
        end_is(client, self.kind, self.here, self.there);
        end_is(server, self.kind, self.there, self.here);
    }
}

fn shut(stream: &TcpStream) {
    stream.shutdown(Shutdown::Write).unwrap();
}

fn socket(family: c_int) -> OwnedFd {
    makes(|| unsafe { libc::socket(family, libc::SOCK_STREAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK, 0) })
}

#[test]
fn a_socket_without_a_connection_is_closed() {
    fd_is(SOCKUTIL_TCP_CLOSED, "fresh", &socket(libc::AF_INET));
}

#[test]
fn established() {
    for ends in connections() {
        ends.are(SOCKUTIL_TCP_ESTABLISHED, SOCKUTIL_TCP_ESTABLISHED);
    }
}

#[test]
fn a_listener_listens_and_is_no_connection() {
    for (kind, listener, by) in listeners() {
        fd_is(SOCKUTIL_TCP_LISTEN, kind, &listener);
        // The kernel's answer to this is the listener.
        let nobody = SocketAddr::new(by.ip(), 1);
        end_is(SOCKUTIL_TCP_CLOSED, kind, by, nobody);
        end_is(SOCKUTIL_TCP_CLOSED, kind, nobody, by);
        let any = |by: SocketAddr| SocketAddr::new(if by.is_ipv4() { [0; 4].into() } else { [0_u16; 8].into() }, 0);
        end_is(SOCKUTIL_TCP_CLOSED, kind, by, any(by));
        end_is(SOCKUTIL_TCP_CLOSED, kind, listener.local_addr().unwrap(), any(listener.local_addr().unwrap()));
    }
}

#[test]
fn no_such_connection_is_closed() {
    for ends in connections() {
        let other = SocketAddr::new(ends.here.ip(), 1);
        end_is(SOCKUTIL_TCP_CLOSED, ends.kind, ends.here, other);
        end_is(SOCKUTIL_TCP_CLOSED, ends.kind, other, ends.there);
    }
}

#[test]
fn one_end_in_each_family_is_no_connection() {
    let four: SocketAddr = (Ipv4Addr::LOCALHOST, 80).into();
    let six: SocketAddr = (Ipv6Addr::LOCALHOST, 80).into();
    end_is(SOCKUTIL_TCP_CLOSED, "mixed", four, six);
    end_is(SOCKUTIL_TCP_CLOSED, "mixed", six, four);
}

#[test]
fn syn_sent() {
    for (kind, listener, by) in listeners() {
        assert_eq!(unsafe { libc::listen(listener.as_raw_fd(), 0) }, 0);
        let address = to_addr(by);
        let mut clients = Vec::new();
        // The backlog takes some; the next one gets no answer.
        let waiting = loop {
            assert!(clients.len() < 20, "{kind}: the backlog has no end");
            let client = socket(c_int::from(address.ss.ss_family));
            let fd = client.as_raw_fd();
            assert_eq!(unsafe { libc::connect(fd, (&raw const address.ss).cast(), address.len) }, -1);
            assert_eq!(errno().0, libc::EINPROGRESS);
            if sockutil_wait(fd, libc::POLLOUT.into(), 100) == -1 {
                break client;
            }
            clients.push(client);
        };
        fd_is(SOCKUTIL_TCP_SYN_SENT, kind, &waiting);
        let here = crate::udp::local(waiting.as_raw_fd());
        end_is(SOCKUTIL_TCP_SYN_SENT, kind, here, by);
        end_is(SOCKUTIL_TCP_CLOSED, kind, by, here);
        // A connection that is not accepted yet has no descriptor on the server's side.
        let first = clients.first().unwrap();
        end_is(SOCKUTIL_TCP_ESTABLISHED, kind, by, crate::udp::local(first.as_raw_fd()));
    }
}

#[test]
fn syn_recv() {
    for (kind, listener, by) in listeners() {
        let seconds: c_int = 30;
        let (place, size) = ((&raw const seconds).cast(), size_of::<c_int>() as u32);
        let (fd, name) = (listener.as_raw_fd(), libc::TCP_DEFER_ACCEPT);
        assert_eq!(unsafe { libc::setsockopt(fd, libc::IPPROTO_TCP, name, place, size) }, 0);
        let client = TcpStream::connect(by).unwrap();
        let here = client.local_addr().unwrap();
        // Connected, as the client sees it; the server waits for the first byte.
        fd_is(SOCKUTIL_TCP_ESTABLISHED, kind, &client);
        end_is(SOCKUTIL_TCP_SYN_RECV, kind, by, here);
        feed(client.as_raw_fd(), b"x");
        end_is(SOCKUTIL_TCP_ESTABLISHED, kind, by, here);
    }
}

#[test]
fn fin_wait2_and_close_wait() {
    for ends in connections() {
        shut(&ends.client);
        ends.are(SOCKUTIL_TCP_FIN_WAIT2, SOCKUTIL_TCP_CLOSE_WAIT);
    }
    for ends in connections() {
        shut(&ends.server);
        ends.are(SOCKUTIL_TCP_CLOSE_WAIT, SOCKUTIL_TCP_FIN_WAIT2);
    }
}

#[test]
fn fin_wait1_and_closing() {
    for ends in connections() {
        // A peer that does not read holds back the FIN, which follows the bytes.
        stuff(ends.client.as_raw_fd());
        shut(&ends.client);
        ends.are(SOCKUTIL_TCP_FIN_WAIT1, SOCKUTIL_TCP_ESTABLISHED);
        shut(&ends.server);
        ends.are(SOCKUTIL_TCP_CLOSING, SOCKUTIL_TCP_FIN_WAIT2);
    }
}

#[test]
fn last_ack() {
    for ends in connections() {
        stuff(ends.server.as_raw_fd());
        shut(&ends.client);
        ends.are(SOCKUTIL_TCP_FIN_WAIT2, SOCKUTIL_TCP_CLOSE_WAIT);
        shut(&ends.server);
        ends.are(SOCKUTIL_TCP_FIN_WAIT2, SOCKUTIL_TCP_LAST_ACK);
        // Without its descriptor too.
        drop(ends.server);
        end_is(SOCKUTIL_TCP_LAST_ACK, ends.kind, ends.there, ends.here);
    }
}

#[test]
fn time_wait_is_seen_when_both_descriptors_are_gone() {
    for client_first in [true, false] {
        for Ends { kind, client, server, here, there } in connections() {
            if client_first {
                drop(client);
                fd_is(SOCKUTIL_TCP_CLOSE_WAIT, kind, &server);
                drop(server);
                end_is(SOCKUTIL_TCP_TIME_WAIT, kind, here, there);
                end_is(SOCKUTIL_TCP_CLOSED, kind, there, here);
            } else {
                drop(server);
                fd_is(SOCKUTIL_TCP_CLOSE_WAIT, kind, &client);
                drop(client);
                end_is(SOCKUTIL_TCP_TIME_WAIT, kind, there, here);
                end_is(SOCKUTIL_TCP_CLOSED, kind, here, there);
            }
        }
    }
}

#[test]
fn a_descriptor_has_let_go_of_a_connection_in_time_wait() {
    for Ends { kind, client, server, here, there } in connections() {
        shut(&client);
        fd_is(SOCKUTIL_TCP_CLOSE_WAIT, kind, &server);
        drop(server);
        end_is(SOCKUTIL_TCP_TIME_WAIT, kind, here, there);
        fd_is(SOCKUTIL_TCP_CLOSED, kind, &client);
    }
}

#[test]
fn a_reset_connection_is_closed() {
    for Ends { kind, client, server, here, there } in connections() {
        reset(server.into());
        fd_is(SOCKUTIL_TCP_CLOSED, kind, &client);
        end_is(SOCKUTIL_TCP_CLOSED, kind, here, there);
        end_is(SOCKUTIL_TCP_CLOSED, kind, there, here);
    }
}

#[test]
fn a_listener_beside_a_connection_in_time_wait_is_not_taken_for_it() {
    let (_, listener, there) = listeners().remove(0);
    let client = TcpStream::connect(there).unwrap();
    let here = client.local_addr().unwrap();
    let (server, _) = listener.accept().unwrap();
    drop(client);
    fd_is(SOCKUTIL_TCP_CLOSE_WAIT, "server", &server);
    drop(server);
    end_is(SOCKUTIL_TCP_TIME_WAIT, "client", here, there);
    end_is(SOCKUTIL_TCP_CLOSED, "server", there, here);
}

#[test]
fn asking_leaks_nothing() {
    let ends = connections().remove(0);
    let lowest = || socket(libc::AF_INET).as_raw_fd();
    let before = lowest();
    for _ in 0..3000 {
        assert_eq!(ask(ends.here, ends.there), SOCKUTIL_TCP_ESTABLISHED);
    }
    // Other tests open and close some; thousands they do not.
    assert!(lowest() < before + 1000);
}

#[test]
fn sockutil_tcp_state_EBADF() {
    fails(EBADF, || sockutil_tcp_state(-1));
    fails(EBADF, || sockutil_tcp_state(CLOSED));
}

#[test]
fn sockutil_tcp_state_ENOTSOCK() {
    fails(ENOTSOCK, || sockutil_tcp_state(pipe().r()));
}

#[test]
fn a_socket_of_another_protocol_has_no_state() {
    for fd in [unix().reader, std::net::UdpSocket::bind("127.0.0.1:0").unwrap().into()] {
        set_errno(Errno(4711));
        assert_eq!(sockutil_tcp_state(fd.as_raw_fd()), -1);
        assert!([libc::EOPNOTSUPP, libc::ENOPROTOOPT].contains(&errno().0), "{}", errno());
    }
}

#[test]
fn sockutil_tcp_state_between_EAFNOSUPPORT() {
    let good = to_addr((Ipv4Addr::LOCALHOST, 80).into());
    let mut unix: sockutil_addr = unsafe { std::mem::zeroed() };
    unix.ss.ss_family = libc::AF_UNIX as u16;
    unix.len = size_of::<libc::sockaddr_un>() as u32;
    let none: sockutil_addr = unsafe { std::mem::zeroed() };
    let mut short = to_addr((Ipv4Addr::LOCALHOST, 80).into());
    short.len = 4;
    for bad in [unix, none, short] {
        fails(libc::EAFNOSUPPORT, || unsafe { sockutil_tcp_state_between(&raw const bad, &raw const good) });
        fails(libc::EAFNOSUPPORT, || unsafe { sockutil_tcp_state_between(&raw const good, &raw const bad) });
        fails(libc::EAFNOSUPPORT, || unsafe { sockutil_tcp_state_between(&raw const bad, &raw const bad) });
    }
}

#[test]
fn sockutil_tcp_state_between_EINVAL() {
    let good = to_addr((Ipv4Addr::LOCALHOST, 80).into());
    fails(EINVAL, || unsafe { sockutil_tcp_state_between(ptr::null(), &raw const good) });
    fails(EINVAL, || unsafe { sockutil_tcp_state_between(&raw const good, ptr::null()) });
    fails(EINVAL, || unsafe { sockutil_tcp_state_between(ptr::null(), ptr::null()) });
}

#[test]
fn every_state_has_linuxs_number_and_its_name() {
    let names = [
        (SOCKUTIL_TCP_ESTABLISHED, c"ESTABLISHED"),
        (SOCKUTIL_TCP_SYN_SENT, c"SYN_SENT"),
        (SOCKUTIL_TCP_SYN_RECV, c"SYN_RECV"),
        (SOCKUTIL_TCP_FIN_WAIT1, c"FIN_WAIT1"),
        (SOCKUTIL_TCP_FIN_WAIT2, c"FIN_WAIT2"),
        (SOCKUTIL_TCP_TIME_WAIT, c"TIME_WAIT"),
        (SOCKUTIL_TCP_CLOSED, c"CLOSED"),
        (SOCKUTIL_TCP_CLOSE_WAIT, c"CLOSE_WAIT"),
        (SOCKUTIL_TCP_LAST_ACK, c"LAST_ACK"),
        (SOCKUTIL_TCP_LISTEN, c"LISTEN"),
        (SOCKUTIL_TCP_CLOSING, c"CLOSING"),
    ];
    let name = |state| unsafe { CStr::from_ptr(sockutil_tcp_state_name(state)) };
    for (number, (state, text)) in (1..).zip(names) {
        assert_eq!((state, name(state)), (number, text));
    }
    for other in [0, 12, 13, -1, c_int::MIN, c_int::MAX] {
        assert_eq!(name(other), c"UNKNOWN");
    }
    gives(c"UNKNOWN".to_bytes(), || name(0).to_bytes());
}

/// The states that getsockopt(2) reports for a descriptor: also for systems without sock_diag.
#[test]
fn a_state_has_linuxs_number_wherever_it_is_known() {
    for (kind, listener, there) in listeners() {
        set_errno(Errno(0));
        if sockutil_tcp_state(listener.as_raw_fd()) == -1 && errno().0 == libc::ENOTSUP {
            left_out("no TCP state", kind);
            continue;
        }
        let client = TcpStream::connect(there).unwrap();
        let (server, _) = listener.accept().unwrap();
        let (client_state, server_state) =
            (|| sockutil_tcp_state(client.as_raw_fd()), || sockutil_tcp_state(server.as_raw_fd()));
        gives(SOCKUTIL_TCP_LISTEN, || sockutil_tcp_state(listener.as_raw_fd()));
        becomes(SOCKUTIL_TCP_ESTABLISHED, kind, client_state);
        becomes(SOCKUTIL_TCP_ESTABLISHED, kind, server_state);
        client.shutdown(Shutdown::Write).unwrap();
        becomes(SOCKUTIL_TCP_FIN_WAIT2, kind, client_state);
        becomes(SOCKUTIL_TCP_CLOSE_WAIT, kind, server_state);
        reset(server.into());
        becomes(SOCKUTIL_TCP_CLOSED, kind, client_state);
    }
}
