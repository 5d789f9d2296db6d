//! `epoll_events`: what epoll reports of a connection that ends in one direction, in both, or by RST.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use crate::kit::*;

/// `epoll_ctl(2)`, EPOLLRDHUP: the peer has shut down its writing half. poll(2), POLLHUP: both directions are over.
const LINES: [&str; 9] = [
    "connected: EPOLLOUT",
    "a byte has arrived: EPOLLIN EPOLLOUT",
    "it was read: EPOLLOUT",
    "the peer's FIN: EPOLLIN EPOLLOUT EPOLLRDHUP",
    "our own FIN too: EPOLLIN EPOLLOUT EPOLLRDHUP EPOLLHUP",
    "our own FIN: EPOLLOUT",
    "the peer's FIN too: EPOLLIN EPOLLOUT EPOLLRDHUP EPOLLHUP",
    "the peer's RST: EPOLLIN EPOLLOUT EPOLLRDHUP EPOLLHUP EPOLLERR",
    "never connected: EPOLLOUT EPOLLHUP",
];

#[test]
fn a_socket_shut_in_both_directions_is_epollhup_and_after_a_fin_alone_epollrdhup() {
    for kind in KINDS {
        assert_eq!(printed("epoll_events", kind), LINES);
    }
}

// ---- The same with connections of the test's own ----

const WATCHED: i32 = libc::EPOLLIN | libc::EPOLLOUT | libc::EPOLLRDHUP;

struct Watched {
    client: TcpStream,
    server: TcpStream,
    epoll: OwnedFd,
}

fn watched() -> Watched {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (server, _) = listener.accept().unwrap();
    let mut event = libc::epoll_event { events: WATCHED as u32, u64: 0 };
    // SAFETY: plain system calls; the event lives until they return, and the new descriptor has this one owner.
    let (epoll, added) = unsafe {
        let fd = libc::epoll_create1(libc::EPOLL_CLOEXEC);
        (OwnedFd::from_raw_fd(fd), libc::epoll_ctl(fd, libc::EPOLL_CTL_ADD, client.as_raw_fd(), &raw mut event))
    };
    assert_eq!(added, 0, "{}", io::Error::last_os_error());
    Watched { client, server, epoll }
}

impl Watched {
    /// A segment takes a moment.
    fn becomes(&self, what: &str, events: i32) {
        within_deadline(what, || {
            let mut event = libc::epoll_event { events: 0, u64: 0 };
            // SAFETY: a plain system call, with room for one event.
            let n = unsafe { libc::epoll_wait(self.epoll.as_raw_fd(), &raw mut event, 1, 0) };
            assert!(n >= 0, "{}", io::Error::last_os_error());
            (n == 1 && event.events as i32 == events).then_some(())
        });
    }
}

#[test]
fn the_kernel_reports_these_events_of_a_connection_of_the_tests_own() {
    const HUP: i32 = WATCHED | libc::EPOLLHUP;
    let mut one = watched();
    one.becomes("connected", libc::EPOLLOUT);
    one.server.write_all(b"x").unwrap();
    one.becomes("a byte", libc::EPOLLIN | libc::EPOLLOUT);
    one.client.read_exact(&mut [0]).unwrap();
    one.server.shutdown(Shutdown::Write).unwrap();
    one.becomes("the peer's FIN", WATCHED);
    one.client.shutdown(Shutdown::Write).unwrap();
    one.becomes("our own FIN too", HUP);

    let one = watched();
    one.client.shutdown(Shutdown::Write).unwrap();
    one.becomes("our own FIN", libc::EPOLLOUT);
    one.server.shutdown(Shutdown::Write).unwrap();
    one.becomes("the peer's FIN too", HUP);

    let Watched { client, server, epoll } = watched();
    reset(server);
    let one = Watched { server: client.try_clone().unwrap(), client, epoll };
    one.becomes("the peer's RST", HUP | libc::EPOLLERR);
}
