//! `timeline`: the segments of each call. What the program prints is replayed in a small TCP of this test, made from
//! RFC 9293: each segment must be one that this end may send then, and bring both ends to the printed states.

use std::process::Command;

use crate::keepalive::{network, says_that_it_may_not};
use crate::kit::*;
use crate::support::told;
use crate::tcp_states::has_packet_filter;

/// Each scene's calls with their results. Two of them lose segments.
const SCENES: [(&str, &[&str]); 9] = [
    ("handshake", &["server: listen = 0", "client: connect = 0", "server: accept = 0"]),
    (
        "close_graceful",
        &[
            "client: shutdown_write = 0",
            "server: readn = 0",
            "server: close = 0",
            "client: readn = 0",
            "client: close = 0",
        ],
    ),
    ("close_plain", &["client: close = 0", "server: readn = 0", "server: close = 0"]),
    // socket(7), SO_LINGER: close waits, here in vain. Linux returns 0 all the same.
    (
        "close_linger",
        &[
            "client: writen = 6",
            "client: set_linger 1 s = 0",
            "client: close = 0, after 1 s",
            "client: wait",
            "server: readn = 6",
            "server: close = 0",
        ],
    ),
    // Linux lets the bytes be read that came before the RST.
    (
        "close_reset",
        &["client: writen = 6", "client: close_reset = 0", "server: readn = 6", "server: readn = -1, ECONNRESET"],
    ),
    ("close_unread", &["client: writen = 6", "server: close = 0", "client: readn = -1, ECONNRESET"]),
    (
        "half_close",
        &[
            "client: writen = 6",
            "client: shutdown_write = 0",
            "server: readn = 6",
            "server: readn = 0",
            "server: writen = 6",
            "client: readn = 6",
            "server: close = 0",
        ],
    ),
    // The FIN came first, so the end of the stream can still be read.
    ("reset", &["server: close = 0", "client: writen = 6", "client: readn = 0", "client: writen = -1, EPIPE"]),
    ("simultaneous_close", &["both: shutdown_write = 0", "both: wait", "both: wait"]),
];
const LOSING: [&str; 2] = ["close_linger", "simultaneous_close"];

#[derive(Debug)]
struct Segment {
    /// The end that sent it: 0 is the client, 1 the server.
    from: usize,
    flags: Vec<String>,
    seq: u32,
    ack: Option<u32>,
    len: u32,
    again: bool,
    lost: bool,
}

impl Segment {
    fn parse(line: &str) -> Self {
        let (ends, rest) = line.split_at("client -> server".len());
        let from = ["client -> server", "server -> client"].iter().position(|&end| end == ends).unwrap();
        let mut parts = rest.trim().split(", ");
        let (flags, seq) = parts.next().unwrap().split_once(" seq ").unwrap();
        let mut segment = Self {
            from,
            flags: flags.trim().split(',').map(str::to_owned).collect(),
            seq: seq.parse().unwrap(),
            ack: None,
            len: u32::MAX,
            again: false,
            lost: false,
        };
        for part in parts {
            match part.split_once(' ') {
                Some(("ack", number)) => segment.ack = Some(number.parse().unwrap()),
                Some(("len", number)) => segment.len = number.parse().unwrap(),
                None if part == "again" => segment.again = true,
                None if part == "lost" => segment.lost = true,
                _ => panic!("{line}"),
            }
        }
        segment
    }

    fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|other| other == flag)
    }

    /// The sequence numbers that it takes: SYN and FIN count as a byte (RFC 9293, section 3.4).
    fn takes(&self) -> u32 {
        self.len + u32::from(self.has("SYN") || self.has("FIN"))
    }
}

/// One end, as RFC 9293 has it: SND.NXT and RCV.NXT, both counted from the SYN.
struct End {
    state: &'static str,
    next_sent: u32,
    next_received: u32,
    unread: u32,
    open: bool,
}

impl End {
    fn new(state: &'static str, next: u32) -> Self {
        Self { state, next_sent: next, next_received: next, unread: 0, open: true }
    }

    /// RFC 9293, section 3.3.2, figure 5: what this end sends changes its state.
    fn sends(&mut self, segment: &Segment) {
        if segment.has("RST") {
            // Section 3.5.2: with the number that the other end awaits.
            assert_eq!(segment.seq, self.next_sent, "{segment:?}");
            self.state = "CLOSED";
            return;
        }
        assert_eq!(segment.has("ACK"), self.state != "CLOSED", "all but the first SYN acknowledge: {segment:?}");
        assert_eq!(segment.ack.unwrap_or(0), self.next_received, "{segment:?}");
        if segment.again {
            assert!(segment.takes() > 0 && segment.seq + segment.takes() <= self.next_sent, "{segment:?}");
            return;
        }
        assert_eq!(segment.seq, self.next_sent, "{segment:?}");
        self.next_sent += segment.takes();
        self.state = match self.state {
            "CLOSED" if segment.has("SYN") => "SYN_SENT",
            "LISTEN" if segment.has("SYN") => "SYN_RECV",
            "ESTABLISHED" if segment.has("FIN") => "FIN_WAIT1",
            "CLOSE_WAIT" if segment.has("FIN") => "LAST_ACK",
            state => state,
        };
        assert!(!segment.has("SYN") || self.state.starts_with("SYN_"), "{segment:?}");
        assert!(!segment.has("FIN") || ["FIN_WAIT1", "LAST_ACK"].contains(&self.state), "{segment:?}");
    }

    fn receives(&mut self, segment: &Segment) {
        if segment.has("RST") {
            self.state = "CLOSED";
            return;
        }
        let acknowledged = segment.ack == Some(self.next_sent);
        self.state = match self.state {
            "SYN_SENT" if segment.has("SYN") && acknowledged => "ESTABLISHED",
            "SYN_RECV" if acknowledged => "ESTABLISHED",
            "FIN_WAIT1" if acknowledged => "FIN_WAIT2",
            "CLOSING" if acknowledged => "TIME_WAIT",
            "LAST_ACK" if acknowledged => "CLOSED",
            state => state,
        };
        if segment.seq != self.next_received {
            return;
        }
        self.next_received += segment.takes();
        self.unread += segment.len;
        if segment.has("FIN") {
            self.state = match self.state {
                "ESTABLISHED" => "CLOSE_WAIT",
                "FIN_WAIT1" => "CLOSING",
                "FIN_WAIT2" => "TIME_WAIT",
                state => panic!("a FIN in {state}"),
            };
        }
    }

    fn told(&self, name: &str) -> String {
        let unread =
            if self.open && self.unread > 0 { format!(" ({} bytes unread)", self.unread) } else { String::new() };
        format!("{name} {}{unread}", self.state)
    }
}

/// The segments of a call; of two ends that send at once, the first one of each is sent before either arrives.
fn go_through(ends: &mut [End; 2], segments: &[Segment], at_once: bool) {
    for together in segments.chunks(if at_once { 2 } else { 1 }) {
        for segment in together {
            ends[segment.from].sends(segment);
        }
        for segment in together.iter().filter(|segment| !segment.lost) {
            ends[1 - segment.from].receives(segment);
        }
    }
}

/// What a call does by itself.
fn calls(ends: &mut [End; 2], call: &str, segments: &[Segment]) {
    let (who, what) = call.split_once(": ").unwrap();
    let Some(end) = ["client", "server"].iter().position(|&name| name == who) else { return };
    let end = &mut ends[end];
    match what.split([' ', ',']).next().unwrap() {
        "listen" => end.state = "LISTEN",
        "readn" => end.unread -= what.strip_prefix("readn = ").unwrap().parse().unwrap_or(0),
        "close" | "close_reset" => {
            // RFC 1122, section 4.2.2.13: a close with unread bytes resets. Without them and without linger 0, it does not.
            let resets = end.unread > 0 || what.starts_with("close_reset");
            assert_eq!(segments.iter().any(|segment| segment.has("RST")), resets, "{call}");
            end.open = false;
        }
        "writen" if what == "writen = 6" => assert_eq!(segments[0].len, 6, "{call}"),
        _ => {}
    }
}

fn scene_is_as_the_rfc_has_it(name: &str, expected_calls: &[&str], lines: &[&str]) {
    let mut ends = if name == "handshake" {
        ["CLOSED"; 2].map(|s| End::new(s, 0))
    } else {
        ["ESTABLISHED"; 2].map(|s| End::new(s, 1))
    };
    let mut seen = Vec::new();
    let mut lines = lines.iter();
    while let Some(call) = lines.next() {
        let call = call.strip_prefix("  ").unwrap();
        let mut segments = Vec::new();
        let states = loop {
            let line = lines.next().unwrap().strip_prefix("    ").unwrap();
            if !line.contains(" -> ") {
                break line;
            }
            segments.push(Segment::parse(line));
        };
        assert!(segments.iter().all(|segment| !segment.lost || LOSING.contains(&name)), "{call} {segments:?}");
        calls(&mut ends, call, &segments);
        go_through(&mut ends, &segments, call.starts_with("both"));
        assert_eq!(states, format!("{}, {}", ends[0].told("client"), ends[1].told("server")), "{name}, {call}");
        seen.push(call);
    }
    assert_eq!(seen, expected_calls, "{name}");
    let last = [ends[0].state, ends[1].state];
    let closed_by_both = match name {
        "handshake" => ["ESTABLISHED", "ESTABLISHED"],
        // The end that sent the first FIN stays; after RST neither does.
        "close_graceful" | "close_plain" | "close_linger" | "half_close" => ["TIME_WAIT", "CLOSED"],
        "simultaneous_close" => ["TIME_WAIT", "TIME_WAIT"],
        _ => ["CLOSED", "CLOSED"],
    };
    assert_eq!(last, closed_by_both, "{name}");
}

fn played(kind: &str, scenes: &[&str]) -> String {
    let output = finished(Command::new(program("timeline", kind)).args(scenes), b"");
    assert!(output.status.success() && output.stderr.is_empty(), "{}", told(&output));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn each_segment_is_one_that_rfc_9293_has_and_brings_the_printed_states() {
    if network().is_err() {
        return says_that_it_may_not(&program("timeline", ""), "", None);
    }
    let filter = has_packet_filter("the scenes of timeline that lose segments");
    let expected: Vec<_> = SCENES.into_iter().filter(|(name, _)| filter || !LOSING.contains(name)).collect();
    let names: Vec<&str> = expected.iter().map(|(name, _)| *name).collect();
    let text = played("", if filter { &[] } else { &names });
    let scenes: Vec<&str> = text.split("scene ").skip(1).collect();
    assert_eq!(scenes.len(), expected.len(), "{text}");
    for (scene, (name, calls)) in scenes.iter().zip(&expected) {
        let lines: Vec<&str> = scene.lines().collect();
        assert_eq!(lines[0], *name);
        scene_is_as_the_rfc_has_it(name, calls, &lines[1..]);
    }
    // Nothing in it depends on the run, not even a port.
    assert_eq!(played("_static", &names), text);
}

#[test]
fn scenes_can_be_chosen() {
    if network().is_ok() {
        let text = played("", &["reset", "handshake"]);
        let names: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("scene ")).collect();
        assert_eq!(names, ["reset", "handshake"]);
    }
}

#[test]
fn a_bad_argument_is_one_line_and_status_2() {
    for arguments in [&["-x"][..], &["hand_shake"], &["reset", ""]] {
        let output = finished(Command::new(program("timeline", "")).args(arguments), b"");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", told(&output));
        assert!(output.stdout.is_empty() && lines_of(&output.stderr) == 1, "{arguments:?}: {}", told(&output));
    }
}

#[test]
fn without_the_right_to_a_network_it_says_so_and_ends_with_2() {
    let program = program("timeline", "");
    says_that_it_may_not(&program, &format!("unshare errno={}", libc::EPERM), Some("Operation not permitted"));
}
