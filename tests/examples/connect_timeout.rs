//! `connect_timeout`: a connect that does not wait for ever.

use std::net::{Ipv4Addr, TcpStream};
use std::os::fd::{FromRawFd, OwnedFd};
use std::process::Command;
use std::thread;

use crate::kit::*;

/// An attempt in the program's output: the address, the state after the start, the milliseconds and the rest.
fn attempt(run: &Running, to: &str) -> (u16, String) {
    let start = run.out();
    let start = start.strip_prefix(to).unwrap_or_else(|| panic!("{start}"));
    let (port, state) = start.strip_prefix(", 127.0.0.1:").unwrap().split_once(": EINPROGRESS, ").unwrap();
    (port.parse().unwrap(), state.to_owned())
}

fn outcome(run: &Running) -> (u64, String) {
    let line = run.out();
    let (before, after) = line.strip_prefix("  ").unwrap().split_once(" ms, ").unwrap();
    let (ready, ms) = before.split_once(" after ").unwrap();
    (ms.parse().unwrap(), format!("{ready}, {after}"))
}

fn tells_apart(kind: &str) {
    let mut run = Running::start(&mut Command::new(program("connect_timeout", kind)));
    // Over loopback, the answer may be there before connect returns.
    let (listener, state) = attempt(&run, "a listener");
    assert!(state == "ESTABLISHED" || state == "SYN_SENT", "{state}");
    assert_eq!(outcome(&run).1, "writable, error 0, then 0, ESTABLISHED: connected");

    let (nobody, state) = attempt(&run, "nobody");
    assert!(nobody != listener && (state == "CLOSED" || state == "SYN_SENT"), "{nobody} {state}");
    // connect(2), EINPROGRESS; socket(7), SO_ERROR: getting it clears it.
    assert_eq!(outcome(&run).1, "readable and writable, error ECONNREFUSED, then 0, CLOSED: refused");

    assert_eq!(attempt(&run, "a full backlog"), (listener, "SYN_SENT".into()));
    let (ms, text) = outcome(&run);
    assert_eq!(text, "not writable, error 0, then 0, SYN_SENT: our time limit ran out");
    assert!((500..3000).contains(&ms), "a limit of 500 ms: {ms}");

    assert_eq!(attempt(&run, "a full backlog, one repetition"), (listener, "SYN_SENT".into()));
    let mut seen = connections(listener);
    // Another program's, which had the port before.
    seen.retain(|c| c.state != "TIME_WAIT");
    let count = |local: bool, state| {
        let wanted = |c: &&Connection| (c.local == listener) == local && c.state == state;
        seen.iter().filter(wanted).count()
    };
    assert_eq!((count(true, "LISTEN"), count(true, "SYN_RECV")), (1, 0), "{seen:?}");
    assert_eq!((count(false, "ESTABLISHED"), count(true, "ESTABLISHED")), (1, 1), "the one in the backlog: {seen:?}");
    assert_eq!((count(false, "SYN_SENT"), seen.len()), (1, 4), "the one that has no room: {seen:?}");
    let (ms, text) = outcome(&run);
    assert_eq!(text, "readable and writable, error ETIMEDOUT, then 0, CLOSED: the kernel gave up");
    // RFC 6298: an answer is waited for for 1 s, and after a repetition, depending on the kernel, for 1 s or 2 s.
    assert!((1900..8000).contains(&ms), "{ms}");

    assert_eq!(run.rest().iter().filter(|line| line.starts_with("client ")).count(), 4);
    assert_eq!(run.ended().code(), Some(0));
    assert!(run.err.recv().is_err(), "no word more than that");
}

#[test]
fn connected_refused_and_timed_out_are_told_apart() {
    programs();
    thread::scope(|scope| {
        for kind in KINDS {
            scope.spawn(|| tells_apart(kind));
        }
    });
}

/// A failed non-blocking connect, beside the program: what poll(2) and `SO_ERROR` have.
#[test]
fn a_failed_connect_is_readable_and_writable_and_so_error_has_the_cause_once() {
    let (_open, port) = dead_port();
    let address = libc::sockaddr_in {
        sin_family: libc::AF_INET as libc::sa_family_t,
        sin_port: port.to_be(),
        sin_addr: libc::in_addr { s_addr: u32::from(Ipv4Addr::LOCALHOST).to_be() },
        sin_zero: [0; 8],
    };
    // SAFETY: plain system calls; the address and the pollfd live until they return, and the descriptor is new.
    let (socket, connected, events) = unsafe {
        let fd = libc::socket(libc::AF_INET, libc::SOCK_STREAM | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC, 0);
        let socket = OwnedFd::from_raw_fd(fd);
        let size = libc::socklen_t::try_from(size_of_val(&address)).unwrap();
        let connected = libc::connect(fd, (&raw const address).cast(), size);
        let mut ready = libc::pollfd { fd, events: libc::POLLIN | libc::POLLOUT, revents: 0 };
        libc::poll(&raw mut ready, 1, 5000);
        (socket, connected, ready.revents)
    };
    assert_eq!(connected, -1);
    assert_eq!(events & (libc::POLLIN | libc::POLLOUT), libc::POLLIN | libc::POLLOUT, "{events}");
    let error = || TcpStream::from(socket.try_clone().unwrap()).take_error().unwrap().and_then(|e| e.raw_os_error());
    assert_eq!([error(), error()], [Some(libc::ECONNREFUSED), None]);
}

/// listen(2): the backlog bounds the completed connections that are not accepted. Linux has room for one more.
#[test]
fn a_backlog_of_2_is_room_for_3_connections_and_those_that_were_accepted_do_not_count() {
    let mut run = Stepping::start(&mut Command::new(program("connect_timeout", "")));
    let mut line = run.line().unwrap();
    while !line.starts_with("client ") {
        line = run.line().unwrap();
    }
    let mut clients = Vec::new();
    for state in ["ESTABLISHED", "ESTABLISHED", "ESTABLISHED", "SYN_SENT"] {
        let port = line.strip_prefix("client at port ").and_then(|rest| rest.strip_suffix(&format!(": {state}")));
        clients.push(port.unwrap_or_else(|| panic!("{line}")).to_owned());
        if clients.len() == 3 {
            run.wait();
            assert_eq!(listener(run.pid()).unwrap().1, 3, "the fourth has no room, and none was accepted");
        }
        if clients.len() < 4 {
            line = run.line().unwrap();
        }
    }
    let figures = has_tcp_info("a listener's own figures");
    let mut accepted = Vec::new();
    let mut queue = run.line().unwrap();
    for expected in [3, 3, 2, 1, 0] {
        if figures {
            assert_eq!(queue, format!("  queue {expected}, backlog 2"));
        }
        if expected == 0 {
            break;
        }
        // While this line waits to be taken, the program does not get past the next one, and so accepts no other.
        run.wait();
        let left = [3, 2, 1, 0][accepted.len()];
        within_deadline("the queue by the kernel's table", || {
            (listener(run.pid()).is_some_and(|(_, queue)| queue == left)).then_some(())
        });
        let line = run.line().unwrap();
        accepted.push(line.strip_prefix("accepted: port ").unwrap_or_else(|| panic!("{line}")).to_owned());
        queue = run.line().unwrap();
    }
    assert_eq!(accepted, clients, "in the order in which they came");
    assert_eq!(run.line(), None);
}
