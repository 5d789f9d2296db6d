//! `socket_sizes`: `SO_RCVBUF` is doubled; segments and window are the connection's own.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use crate::kit::*;

fn option(socket: &impl AsRawFd, level: i32, name: i32) -> i32 {
    let mut value = 0_i32;
    let mut size = libc::socklen_t::try_from(size_of::<i32>()).unwrap();
    // SAFETY: the value has this size, and lives until the call returns.
    let got = unsafe { libc::getsockopt(socket.as_raw_fd(), level, name, (&raw mut value).cast(), &raw mut size) };
    assert_eq!(got, 0, "{}", io::Error::last_os_error());
    value
}

fn set_segment(socket: &impl AsRawFd, bytes: i32) {
    let size = libc::socklen_t::try_from(size_of::<i32>()).unwrap();
    let (fd, value) = (socket.as_raw_fd(), (&raw const bytes).cast());
    // SAFETY: the value has this size, and lives until the call returns.
    let set = unsafe { libc::setsockopt(fd, libc::IPPROTO_TCP, libc::TCP_MAXSEG, value, size) };
    assert_eq!(set, 0, "{}", io::Error::last_os_error());
}

fn tcp_socket() -> OwnedFd {
    // SAFETY: a plain system call; the new descriptor has this one owner.
    unsafe { OwnedFd::from_raw_fd(libc::socket(libc::AF_INET, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0)) }
}

fn set_buffer(socket: &impl AsRawFd, bytes: i32) -> i32 {
    set_socket_option(socket, libc::SO_RCVBUF, &bytes);
    option(socket, libc::SOL_SOCKET, libc::SO_RCVBUF)
}

/// socket(7), `SO_RCVBUF`: the kernel doubles it, and getsockopt returns the double; the least is 256, doubled, or more
/// (the size of a packet's own data); the largest is `net.core.rmem_max`, doubled.
#[test]
fn so_rcvbuf_is_doubled_and_has_a_least_and_a_largest_size() {
    let socket = tcp_socket();
    let new = option(&socket, libc::SOL_SOCKET, libc::SO_RCVBUF);
    let most: i32 = fs::read_to_string("/proc/sys/net/core/rmem_max").unwrap().trim().parse().unwrap();
    let least = set_buffer(&socket, 1);
    assert!(least >= 512, "{least}");
    assert_eq!(set_buffer(&socket, 10_000), 20_000.min(most * 2));
    for kind in KINDS {
        let said = printed("socket_sizes", kind);
        assert_eq!(said[0], format!("SO_RCVBUF of a new socket: {new}"));
        for (line, (asked, has)) in said[1..].iter().zip([(10_000, 20_000), (1, least), (1 << 30, most * 2)]) {
            assert_eq!(*line, format!("SO_RCVBUF set to {asked}: getsockopt returns {has}"));
        }
    }
}

/// What a connection has: the segments at both ends, the server's buffer, and its window. tcp(7), `TCP_MAXSEG`.
fn connection(buffer: Option<i32>, segment: Option<i32>) -> [i32; 5] {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    if let Some(bytes) = buffer {
        set_socket_option(&listener, libc::SO_RCVBUF, &bytes);
    }
    let socket = tcp_socket();
    if let Some(bytes) = segment {
        set_segment(&socket, bytes);
    }
    let before = option(&socket, libc::IPPROTO_TCP, libc::TCP_MAXSEG);
    let address = libc::sockaddr_in {
        sin_family: libc::AF_INET as libc::sa_family_t,
        sin_port: listener.local_addr().unwrap().port().to_be(),
        sin_addr: libc::in_addr { s_addr: u32::from(Ipv4Addr::LOCALHOST).to_be() },
        sin_zero: [0; 8],
    };
    let size = libc::socklen_t::try_from(size_of_val(&address)).unwrap();
    // SAFETY: a plain system call; the address lives until it returns.
    let connected = unsafe { libc::connect(socket.as_raw_fd(), (&raw const address).cast(), size) };
    assert_eq!(connected, 0, "{}", io::Error::last_os_error());
    let client = TcpStream::from(socket);
    let (server, _) = listener.accept().unwrap();
    let at = |end: &TcpStream| option(end, libc::IPPROTO_TCP, libc::TCP_MAXSEG);
    let window = figure(&tcp_info(&client), 228); // tcpi_snd_wnd, since Linux 5.4
    let own = option(&server, libc::SOL_SOCKET, libc::SO_RCVBUF);
    [before, at(&client), at(&server), own, i32::try_from(window).unwrap()]
}

#[test]
fn segments_and_window_are_what_the_connection_has() {
    if !has_tcp_info("the window of a connection") {
        return;
    }
    let expected: Vec<String> = [
        ("as it is", None, None),
        ("SO_RCVBUF 20000, TCP_MAXSEG 1000", Some(20_000), Some(1000)),
    ]
    .into_iter()
    .flat_map(|(name, buffer, segment)| {
        let [before, client, server, own, window] = connection(buffer, segment);
        if segment.is_some() {
            // Timestamps take 12 bytes of each. A window is at most the buffer.
            assert!([1000, 988].contains(&client) && [1000, 988].contains(&server), "{client} {server}");
            assert!(before == 1000 && own == 40_000 && window <= own, "{before} {own} {window}");
        } else {
            assert!(![client, server].contains(&1460) && window != 4096, "{client} {server} {window}");
        }
        [
            format!("{name}: TCP_MAXSEG {before} before connect, then {client} at the client, {server} at the server"),
            format!("  the server's SO_RCVBUF {own}, and its window for the client {window}"),
        ]
    })
    .collect();
    for kind in KINDS {
        assert_eq!(printed("socket_sizes", kind)[4..], expected);
    }
}
