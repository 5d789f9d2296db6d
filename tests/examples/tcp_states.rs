//! `tcp_states`: the state diagram, live.

use std::collections::BTreeSet;
use std::io;
use std::net::{Ipv4Addr, UdpSocket};
use std::os::fd::AsRawFd;
use std::process::{Command, Stdio};

use crate::kit::*;
use crate::support::{left_out, told};

pub type States = (&'static str, &'static str);

/// The states of each connection, client and server. RFC 9293, figure 5.
pub const OPENS: [States; 4] =
    [("CLOSED", "LISTEN"), ("SYN_SENT", "LISTEN"), ("ESTABLISHED", "SYN_RECV"), ("ESTABLISHED", "ESTABLISHED")];
pub const CLOSES: [States; 4] =
    [("FIN_WAIT1", "ESTABLISHED"), ("FIN_WAIT2", "CLOSE_WAIT"), ("FIN_WAIT2", "LAST_ACK"), ("TIME_WAIT", "CLOSED")];
pub const CLOSES_AT_ONCE: [States; 3] =
    [("FIN_WAIT1", "FIN_WAIT1"), ("CLOSING", "CLOSING"), ("TIME_WAIT", "TIME_WAIT")];

pub const ALL: [&str; 11] = [
    "CLOSED",
    "CLOSE_WAIT",
    "CLOSING",
    "ESTABLISHED",
    "FIN_WAIT1",
    "FIN_WAIT2",
    "LAST_ACK",
    "LISTEN",
    "SYN_RECV",
    "SYN_SENT",
    "TIME_WAIT",
];

/// The two columns of a line: states, or addresses, after a text.
fn columns(line: &str) -> (&str, &str) {
    assert!(line.len() <= 100, "wider than a terminal: {line}");
    let (rest, server) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line}"));
    let (event, client) = rest.trim_end().rsplit_once(' ').unwrap_or_else(|| panic!("{line}"));
    assert!(!event.trim().is_empty(), "{line}");
    (client, server)
}

/// The ports of both ends, from the line before the steps of a connection.
fn ports(line: &str, title: &str) -> (u16, u16) {
    assert!(line.starts_with(title), "{line}");
    let (client, server) = columns(line);
    let port = |address: &str| address.strip_prefix("127.0.0.1:").unwrap_or_else(|| panic!("{line}")).parse().unwrap();
    (port(client), port(server))
}

/// The state of one end, as `/proc/net/tcp` has it.
fn state(local: u16, peer: u16) -> &'static str {
    let found = connections(local);
    let of = |peer| found.iter().find(|end| end.local == local && end.peer == peer).map(|end| end.state);
    of(peer).or_else(|| of(0)).unwrap_or("CLOSED")
}

/// A program that waits for Enter after each line.
struct Steps(Running);

impl Steps {
    fn start(kind: &str) -> Self {
        Self(Running::start(Command::new(program("tcp_states", kind)).arg("-s").stdin(Stdio::piped())))
    }

    /// The next line's states. The kernel's table has the same until the program goes on.
    fn next(&mut self, (client, server): (u16, u16)) -> (String, String) {
        let line = self.0.out();
        let (here, there) = columns(&line);
        assert_eq!((state(client, server), state(server, client)), (here, there), "{line}");
        self.0.type_in("\n");
        (here.to_owned(), there.to_owned())
    }

    fn go_through(&mut self, title: &str, expected: &[States]) -> (u16, u16) {
        let ends = ports(&self.0.out(), title);
        for &(client, server) in expected {
            assert_eq!(self.next(ends), (client.to_owned(), server.to_owned()), "{title}");
        }
        ends
    }

    /// Whether the two FINs crossed. If a timer was late, they have not, and the program tries another connection.
    fn go_through_at_once(&mut self) -> ((u16, u16), bool) {
        let ends = ports(&self.0.out(), "Both ends close at once");
        let own = |(client, server): States| (client.to_owned(), server.to_owned());
        assert_eq!(self.next(ends), own(CLOSES_AT_ONCE[0]));
        let crossed = self.next(ends) == own(CLOSES_AT_ONCE[1]);
        assert_eq!(self.next(ends), own(CLOSES_AT_ONCE[2]));
        (ends, crossed)
    }
}

/// Whether a socket can have a packet filter here. If not, what is left out for that is reported.
pub fn has_packet_filter(what: &str) -> bool {
    let pass = libc::sock_filter { code: 0x06, jt: 0, jf: 0, k: u32::MAX };
    let filter = libc::sock_fprog { len: 1, filter: (&raw const pass).cast_mut() };
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let (at, size) = ((&raw const filter).cast(), size_of_val(&filter) as libc::socklen_t);
    // SAFETY: a plain system call. The filter lives until it returns.
    let set = unsafe { libc::setsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, at, size) };
    if set != 0 {
        left_out("no packet filter", format!("{what}: {}", io::Error::last_os_error()));
    }
    set == 0
}

/// Where there is no filter, the program says so in a line, and its status is not that of a failure.
fn says_that_it_cannot() {
    for kind in KINDS {
        let output = finished(&mut Command::new(program("tcp_states", kind)), b"");
        assert_eq!(output.status.code(), Some(77), "{}", told(&output));
        assert!(output.stdout.is_empty() && output.stderr.starts_with(b"SO_ATTACH_FILTER: "), "{}", told(&output));
    }
}

#[test]
fn every_line_agrees_with_the_kernels_table_and_only_time_wait_stays() {
    if !has_packet_filter("the states of TCP, one by one") {
        return says_that_it_cannot();
    }
    for kind in KINDS {
        let mut steps = Steps::start(kind);
        assert_eq!(steps.0.out().split_whitespace().collect::<Vec<_>>(), ["client", "server"]);
        let first = steps.go_through("A connection opens", &OPENS);
        assert_eq!(steps.go_through("One end closes, then the other", &CLOSES), first, "the same connection");
        let mut simultaneous = Vec::new();
        while !simultaneous.last().is_some_and(|&(_, crossed)| crossed) {
            assert!(simultaneous.len() < 5, "the FINs never crossed");
            simultaneous.push(steps.go_through_at_once());
        }
        let status = steps.0.ended();
        assert_eq!(status.code(), Some(0), "{status}");
        assert!(steps.0.out.recv().is_err() && steps.0.err.recv().is_err(), "no word more than that");

        assert_eq!((state(first.0, first.1), state(first.1, first.0)), ("TIME_WAIT", "CLOSED"), "the first to close");
        for ((client, server), _) in simultaneous {
            assert_eq!((state(client, server), state(server, client)), ("TIME_WAIT", "TIME_WAIT"), "both were first");
        }
    }
}

/// All eleven states, and both ends of the close that both begin at once.
fn shows_all(lines: &[String]) {
    let rows: Vec<(&str, &str)> =
        lines.iter().filter(|line| line.starts_with("  ")).map(|line| columns(line)).collect();
    let seen: BTreeSet<&str> = rows.iter().flat_map(|&(client, server)| [client, server]).collect();
    assert_eq!(Vec::from_iter(seen), ALL, "{lines:?}");
    assert_eq!(rows[..8], [OPENS, CLOSES].concat(), "{lines:?}");
    assert_eq!(rows[rows.len() - 3..], CLOSES_AT_ONCE, "{lines:?}");
}

#[test]
fn without_steps_all_eleven_states_pass_by() {
    if !has_packet_filter("the states of TCP") {
        return;
    }
    for kind in KINDS {
        shows_all(&printed("tcp_states", kind)[1..]);
    }
}

#[test]
fn ctrl_d_ends_the_steps_and_nothing_else() {
    if !has_packet_filter("the end of the steps") {
        return;
    }
    let output = finished(Command::new(program("tcp_states", "")).arg("-s"), b"\n\n");
    assert!(output.status.success() && output.stderr.is_empty(), "{}", told(&output));
    let lines: Vec<String> = String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect();
    shows_all(&lines[1..]);
}

#[test]
fn a_bad_argument_is_one_line_and_status_2() {
    for arguments in [&["-x"][..], &["-sx"], &["127.0.0.1"], &["-s", "more"]] {
        let output = finished(Command::new(program("tcp_states", "")).args(arguments), b"");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", told(&output));
        assert!(output.stdout.is_empty() && lines_of(&output.stderr) == 1, "{arguments:?}: {}", told(&output));
    }
}
