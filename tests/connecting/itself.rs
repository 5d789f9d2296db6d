//! Self-connections: to a local port without a listener, if the kernel chooses that port for the client.

use std::ffi::{CString, c_int, c_uint};
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpStream};
use std::os::fd::AsRawFd;
use std::ptr;

use crate::c::{sockutil_close, sockutil_close_reset, sockutil_tcp_connect, sockutil_tcp_listen};
use errno::errno;

use crate::namespace::{add_address, inside, is_lacking};
use crate::support::{has_ipv6, imitates, left_out};

const NUMERIC: c_uint = 1 << 20;

/// The kernel chooses this port and the next one; first the one with the same parity as the lowest.
const PORT: u16 = 40_000;

/// Clients that try again.
const RETRIES: usize = 100;

/// The sockets of this namespace that are in TIME_WAIT and have this port.
fn in_time_wait() -> usize {
    let lines = |file: &str| fs::read_to_string(file).unwrap_or_default();
    let text = lines("/proc/thread-self/net/tcp") + &lines("/proc/thread-self/net/tcp6");
    let port = format!(":{PORT:04X}");
    let waits = |line: &&str| line.contains(&port) && line.split_whitespace().nth(3) == Some("06");
    text.lines().filter(waits).count()
}

/// Whether the kernel connects a socket to itself here; undoes it.
fn meets_itself(host: &str) -> bool {
    let Ok(stream) = TcpStream::connect((host, PORT)) else { return false };
    let itself = stream.local_addr().unwrap() == stream.peer_addr().unwrap();
    assert!(itself, "{host}: somebody else listens");
    let fd = stream.as_raw_fd();
    std::mem::forget(stream);
    assert_eq!(sockutil_close_reset(fd), 0);
    itself
}

/// No host is NULL.
fn connect(host: &str, flags: c_uint, timeout: c_int) -> c_int {
    let (text, service) = (CString::new(host).unwrap(), CString::new(PORT.to_string()).unwrap());
    let host = if host.is_empty() { ptr::null() } else { text.as_ptr() };
    unsafe { sockutil_tcp_connect(host, service.as_ptr(), flags, timeout, ptr::null_mut()) }
}

fn a_server_can_start(host: &str) {
    let (text, service) = (CString::new(host).unwrap(), CString::new(PORT.to_string()).unwrap());
    // NULL too: every address.
    for place in [text.as_ptr(), ptr::null()] {
        let fd = unsafe { sockutil_tcp_listen(place, service.as_ptr(), 5, NUMERIC, ptr::null_mut()) };
        assert!(fd >= 0, "{host}: the server cannot start: {}", errno());
        assert_eq!(sockutil_close(fd), 0);
    }
}

fn clients_keep_no_server_from_starting() {
    let own: IpAddr = Ipv4Addr::new(192, 0, 2, 1).into();
    let own_v6: IpAddr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into();
    let link_local: IpAddr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1).into();
    let prepared = || -> io::Result<()> {
        fs::write("/proc/sys/net/ipv4/ip_local_port_range", format!("{PORT} {}", PORT + 1))?;
        add_address("lo", own)
    };
    match prepared() {
        Err(e) if is_lacking(&e) => return left_out("no ports of its own", format!("connections to oneself: {e}")),
        prepared => prepared.unwrap(),
    }
    let has_v6 = has_ipv6("connections to oneself by it")
        && add_address("lo", own_v6).and_then(|()| add_address("lo", link_local)).is_ok();
    // As a host, and where its connections go.
    let addresses = [
        ("127.0.0.1", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1"),
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:127.0.0.1", "127.0.0.1"),
        ("::ffff:0.0.0.0", "127.0.0.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::1", "::1"),
        ("::", "::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("fe80::1%lo", "fe80::1%lo"),
        // No host: ::1, then 127.0.0.1.
        ("", "::1"),
    ];
    let mut wrong = vec![];
    for (host, server) in addresses {
        if (host.is_empty() || host.contains(':')) && !has_v6 {
            continue;
        }
        if host.starts_with("::ffff:") && imitates("v6only", format!("connections to {host}")) {
            continue;
        }
        if !meets_itself(if host.is_empty() { server } else { host }) {
            left_out("no connection to oneself", format!("by {host}"));
            continue;
        }
        for (flags, timeout) in [(NUMERIC, -1), (NUMERIC, 5000), (NUMERIC | 1 << 18, 5000)] {
            let answers: Vec<_> = (0..RETRIES).map(|_| (connect(host, flags, timeout), errno().0)).collect();
            for (fd, _) in answers.iter().filter(|(fd, _)| *fd >= 0) {
                assert_eq!(sockutil_close(*fd), 0);
            }
            let connected = answers.iter().filter(|(fd, _)| *fd >= 0).count();
            if connected > 0 {
                wrong.push(format!("{host}: connected to itself {connected} times"));
            }
            let refused = answers.iter().filter(|answer| **answer == (-1, libc::ECONNREFUSED)).count();
            if refused != RETRIES {
                wrong.push(format!("{host}: refused {refused} times of {RETRIES}: {:?}", answers.last()));
            }
            if in_time_wait() > 0 {
                wrong.push(format!("{host}: {} in TIME_WAIT", in_time_wait()));
            }
        }
        if wrong.is_empty() {
            a_server_can_start(server);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn tcp_connect_to_itself_keeps_no_server_from_starting() {
    inside("itself::tcp_connect_to_itself_keeps_no_server_from_starting", clients_keep_no_server_from_starting);
}
