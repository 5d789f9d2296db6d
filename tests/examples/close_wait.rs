//! `close_wait`: a server that forgets close, and one that closes.

use std::process::Command;

use crate::kit::*;
use crate::support::told;

const FORGETS: &str = "a server that forgets close, 127.0.0.1:";
const CLOSES: &str = "a server that closes, 127.0.0.1:";

/// The states at the server's and at the clients' ends when 50 clients have closed. RFC 9293: the server's own close is
/// what `CLOSE_WAIT` waits for; the first to close ends in `TIME_WAIT`, once the other one has closed too.
const WITHOUT: [&str; 3] =
    ["  descriptors: 50 more than before", "  server's ends: 50 CLOSE_WAIT", "  clients' ends: 50 FIN_WAIT2"];
const WITH: [&str; 3] =
    ["  descriptors: 0 more than before", "  server's ends: 50 CLOSED", "  clients' ends: 50 TIME_WAIT"];

#[test]
fn without_close_descriptors_and_close_wait_pile_up_and_with_it_nothing_does() {
    for kind in KINDS {
        let lines = printed("close_wait", kind);
        assert_eq!(lines.len(), 8, "{lines:?}");
        assert!(lines[0].starts_with(FORGETS) && lines[4].starts_with(CLOSES), "{lines:?}");
        assert_eq!((&lines[1..4], &lines[5..]), (&WITHOUT.map(str::to_owned)[..], &WITH.map(str::to_owned)[..]));
    }
}

/// How many connections of a server's port are in this state, at the server's ends and at the clients'.
fn count(port: u16, state: &str) -> (usize, usize) {
    let all = connections(port);
    let ends = |ours: bool| all.iter().filter(|c| c.state == state && (c.local == port) == ours).count();
    (ends(true), ends(false))
}

#[test]
fn the_kernels_tables_have_as_many() {
    let mut run = Stepping::start(&mut Command::new(program("close_wait", "")));
    let mut open = Vec::new();
    for (title, states) in [
        (FORGETS, [("CLOSE_WAIT", (50, 0)), ("FIN_WAIT2", (0, 50))]),
        (CLOSES, [("TIME_WAIT", (0, 50)), ("ESTABLISHED", (0, 0))]),
    ] {
        let line = run.line().unwrap();
        let port = line.strip_prefix(title).unwrap_or_else(|| panic!("{line}")).parse().unwrap();
        // The next line is there, and the one after it waits: the clients are served, and nothing is closed yet.
        run.wait();
        for (state, ends) in states {
            within_deadline(state, || (count(port, state) == ends).then_some(()));
        }
        open.push(descriptors(run.pid()));
        for _ in 0..3 {
            run.line().unwrap();
        }
    }
    assert_eq!(open[0], open[1] + 50);
    assert_eq!(run.line(), None);
}

#[test]
fn in_the_end_no_descriptor_is_free_and_accept_fails() {
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -Sn 40; exec \"$0\""]).arg(program("close_wait", ""));
    let output = finished(&mut command, b"");
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    assert_eq!(output.stderr, format!("accept: {}\n", reason(libc::EMFILE)).as_bytes());
    assert_eq!(lines_of(&output.stdout), 1, "{}", told(&output));
}
