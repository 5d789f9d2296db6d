//! `half_close`: shutdown of one direction.

use std::process::Command;

use crate::kit::*;

const CLIENT_SENDS_NO_MORE: &[&str] = &[
    "client writes 8 bytes",
    "client: SHUT_WR",
    "client FIN_WAIT2, server CLOSE_WAIT",
    "client writes: EPIPE",
    // Both ways after the FIN: what was written before it, and the answer.
    "server reads 8 bytes \"question\", then end of stream",
    "client reads 0 bytes \"\", then EAGAIN",
    "server writes 10 bytes",
    "client reads 10 bytes \"the answer\", then EAGAIN",
    "client FIN_WAIT2, server CLOSE_WAIT",
    // The second FIN.
    "client TIME_WAIT, server CLOSED",
    "client reads 0 bytes \"\", then end of stream",
];

const CLIENT_RECEIVES_NO_MORE: &[&str] = &[
    "client reads 0 bytes \"\", then EAGAIN",
    "server writes 6 bytes",
    "client: SHUT_RD",
    // Nothing was sent: the peer does not know.
    "client ESTABLISHED, server ESTABLISHED",
    // Queued bytes can still be read, and so can later ones. Without any, a read returns the end of the stream, not
    // EAGAIN.
    "client reads 6 bytes \"queued\", then end of stream",
    "client reads 0 bytes \"\", then end of stream",
    "server writes 5 bytes",
    "client reads 5 bytes \"later\", then end of stream",
    "client reads 0 bytes \"\", then end of stream",
    "client writes 10 bytes",
    "server reads 10 bytes \"still here\", then EAGAIN",
];

/// The ports in a line with the addresses of both ends.
fn ports(line: &str) -> [u16; 2] {
    let (client, server) = line.split_once(", ").unwrap();
    let port = |text: &str, who| text.strip_prefix(who).unwrap_or_else(|| panic!("{text}")).parse().unwrap();
    [port(client, "client 127.0.0.1:"), port(server, "server 127.0.0.1:")]
}

/// The kernel's state of the connection at each end, client first.
fn states([client, server]: [u16; 2]) -> [Option<&'static str>; 2] {
    let all = connections(client);
    let state = |local, peer| all.iter().find(|c| c.local == local && c.peer == peer).map(|c| c.state);
    [state(client, server), state(server, client)]
}

/// The program's output, without the two lines of addresses, which start its two parts.
fn parts(kind: &str) -> [Vec<String>; 2] {
    let mut said = printed("half_close", kind);
    let second = 1 + CLIENT_SENDS_NO_MORE.len();
    assert!(said.len() > second, "{said:?}");
    let mut rest = said.split_off(second);
    let [first, next] = [said.remove(0), rest.remove(0)].map(|line| ports(&line));
    assert_ne!(first, next);
    // A FIN in each direction and nothing else, the client's first, leaves TIME_WAIT at the client's end and only there.
    assert_eq!(states(first), [Some("TIME_WAIT"), None]);
    [said, rest]
}

#[test]
fn the_answer_still_arrives_after_the_client_has_shut_down_what_it_sends() {
    for kind in KINDS {
        assert_eq!(parts(kind)[0], CLIENT_SENDS_NO_MORE);
    }
}

#[test]
fn what_is_queued_and_what_comes_later_can_be_read_after_shut_rd() {
    for kind in KINDS {
        assert_eq!(parts(kind)[1], CLIENT_RECEIVES_NO_MORE);
    }
}

#[test]
fn between_the_two_fins_the_kernel_has_fin_wait2_and_close_wait_and_shut_rd_changes_no_state() {
    let mut run = Stepping::start(&mut Command::new(program("half_close", "")));
    let part = [
        ("client: SHUT_WR", "server writes 10 bytes", [Some("FIN_WAIT2"), Some("CLOSE_WAIT")]),
        ("client: SHUT_RD", "client reads 5 bytes \"later\", then end of stream", [Some("ESTABLISHED"); 2]),
    ];
    for (first, last, expected) in part {
        let mut line = run.line().unwrap();
        let ends = loop {
            if line.starts_with("client 127.0.0.1:") {
                break ports(&line);
            }
            line = run.line().unwrap();
        };
        while line != first {
            line = run.line().unwrap();
        }
        // The FIN takes a moment.
        within_deadline("the states", || (states(ends) == expected).then_some(()));
        while line != last {
            line = run.line().unwrap();
            assert_eq!(states(ends), expected, "{line}");
        }
    }
    while run.line().is_some() {}
}
