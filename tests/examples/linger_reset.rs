//! `linger_reset`: the ways to close a connection.

use std::ops::RangeInclusive;
use std::process::Command;

use crate::kit::*;
use crate::support::told;

/// A line of the program.
struct Row {
    /// This end's port, and the peer's.
    ports: (u16, u16),
    /// How it was closed, and the result of the close.
    closed: String,
    ms: u32,
    /// The state of this end when the close had returned.
    state: String,
    /// The bytes that the peer read, and how the stream ended.
    bytes: usize,
    end: String,
    /// The states of both ends when the peer had closed, too.
    later: (String, String),
}

impl Row {
    fn new(line: &str) -> Self {
        assert!(line.starts_with("  ") && line.len() <= 100, "{line}");
        let words: Vec<&str> = line.split_whitespace().collect();
        let at = words.iter().position(|&word| word == "in").unwrap_or_else(|| panic!("{line}"));
        let [ms, "ms", state, bytes, end, here, there] = words[at + 1..] else { panic!("{line}") };
        let (this, peer) = words[0].split_once('-').unwrap();
        Self {
            ports: (this.parse().unwrap(), peer.parse().unwrap()),
            closed: words[1..at].join(" "),
            ms: ms.parse().unwrap(),
            state: state.to_owned(),
            bytes: bytes.strip_suffix(',').unwrap().parse().unwrap(),
            end: end.to_owned(),
            later: (here.to_owned(), there.to_owned()),
        }
    }

    /// The program is over; the kernel still knows which end of a connection closed first, and properly.
    fn is_what_the_kernel_has(&self) {
        let (this, peer) = self.ports;
        let state = |local, peer| {
            let found = connections(local);
            found.iter().find(|end| end.local == local && end.peer == peer).map_or("CLOSED", |end| end.state)
        };
        assert_eq!((state(this, peer), state(peer, this)), (&*self.later.0, &*self.later.1), "{}", self.closed);
    }
}

const LINE: usize = 6;
const MUCH: usize = 200_000;
const ALL: RangeInclusive<usize> = MUCH..=MUCH;
/// Bytes on their way are lost; the peer can still read the bytes in its kernel.
const LOST: RangeInclusive<usize> = 1..=MUCH - 1;
/// Less than the time of any close whose limit runs out.
const SOON: RangeInclusive<u32> = 0..=900;
/// One second, give or take a tick of the kernel and a busy machine.
const LINGERED: RangeInclusive<u32> = 990..=1900;

/// How it is closed, with which result, how long that takes, this end's state then, what the peer reads, this end's
/// state later. The peer's state is always CLOSED: it did not close first, and had nothing to wait for.
type Expected = (&'static str, RangeInclusive<u32>, &'static str, RangeInclusive<usize>, &'static str, &'static str);

fn with_room() -> [Expected; 4] {
    let line = || LINE..=LINE;
    [
        ("close_graceful 0", SOON, "TIME_WAIT", line(), "end", "TIME_WAIT"),
        ("close 0", SOON, "FIN_WAIT2", line(), "end", "TIME_WAIT"),
        ("close, linger 1 s 0", SOON, "FIN_WAIT2", line(), "end", "TIME_WAIT"),
        ("close_reset 0", SOON, "CLOSED", line(), "ECONNRESET", "CLOSED"),
    ]
}

/// A linger that runs out is no failure, whether the descriptor is blocking or not: the kernel goes on sending.
fn with_a_full_window() -> [Expected; 4] {
    [
        ("close 0", SOON, "FIN_WAIT1", ALL, "end", "TIME_WAIT"),
        ("close, linger 1 s 0", LINGERED, "FIN_WAIT1", ALL, "end", "TIME_WAIT"),
        ("same, O_NONBLOCK 0", LINGERED, "FIN_WAIT1", ALL, "end", "TIME_WAIT"),
        ("close_reset 0", SOON, "CLOSED", LOST, "ECONNRESET", "CLOSED"),
    ]
}

/// Unread input makes a plain close send RST (RFC 1122, section 4.2.2.13).
fn with_unread_input() -> [Expected; 2] {
    [
        ("close 0", SOON, "CLOSED", LOST, "ECONNRESET", "CLOSED"),
        ("close_graceful 0", SOON, "TIME_WAIT", ALL, "end", "TIME_WAIT"),
    ]
}

fn are(lines: &[String], title: &str, expected: &[Expected]) {
    assert_eq!(lines[0], title);
    assert_eq!(lines.len(), 1 + expected.len(), "{lines:?}");
    for (line, (closed, ms, state, bytes, end, later)) in lines[1..].iter().zip(expected) {
        let row = Row::new(line);
        assert_eq!((&*row.closed, &*row.state, &*row.end), (*closed, *state, *end), "{title} {line}");
        assert!(ms.contains(&row.ms), "took {ms:?} ms? {title} {line}");
        assert!(bytes.contains(&row.bytes), "read {bytes:?}? {title} {line}");
        assert_eq!((&*row.later.0, &*row.later.1), (*later, "CLOSED"), "{title} {line}");
        row.is_what_the_kernel_has();
    }
}

#[test]
fn each_way_to_close_does_what_the_kernel_says() {
    for kind in KINDS {
        let lines = printed("linger_reset", kind);
        assert_eq!(lines.len(), 1 + 5 + 5 + 3, "{lines:?}");
        are(&lines[1..6], "A line was sent; the peer has room for it:", &with_room());
        are(&lines[6..11], "200000 bytes were sent; the peer's window is full:", &with_a_full_window());
        are(&lines[11..], "The same, and a line of the peer's was not read:", &with_unread_input());
    }
}

#[test]
fn a_bad_argument_is_one_line_and_status_2() {
    for arguments in [&["-x"][..], &["1"]] {
        let output = finished(Command::new(program("linger_reset", "")).args(arguments), b"");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", told(&output));
        assert!(output.stdout.is_empty() && lines_of(&output.stderr) == 1, "{arguments:?}: {}", told(&output));
    }
}
