//! `half_open`: a peer that crashed while its link was down, and came back.

use std::path::Path;
use std::process::Command;

use crate::keepalive::{network, says_that_it_may_not, states_in};
use crate::kit::*;

/// The next line, without the time in it, which is returned. Without one it is 0.
fn timed(run: &mut Stepping) -> (String, u64) {
    let line = run.line().expect("a line");
    match line.split_once(", read after ") {
        Some((who, rest)) => {
            let (ms, result) = rest.split_once(" ms: ").unwrap();
            (format!("{who}, read: {result}"), ms.parse().unwrap())
        }
        None => (line, 0),
    }
}

fn next(run: &mut Stepping, expected: &[&str]) {
    for expected in expected {
        assert_eq!(timed(run).0, *expected);
    }
}

fn finds_out(program: &Path) {
    let mut run = Stepping::start(&mut Command::new(program));
    next(&mut run, &["link down"]);
    for way in ["idle", "writer", "keepalive", "user timeout"] {
        next(&mut run, &[&format!("{way}: here ESTABLISHED, at the peer CLOSED")]);
    }
    // A write is an error only when the kernel knows.
    next(&mut run, &["writer, write: no error", "user timeout, write: no error"]);

    // tcp(7): TCP_USER_TIMEOUT is 1 s here; keepalive is 1 s of silence, which began a moment before the link went down,
    // and 2 probes of 1 s. The kernel's timers may be late, but never are early.
    let (line, by_user_timeout) = timed(&mut run);
    assert_eq!(line, "user timeout, read: ETIMEDOUT");
    let (line, by_keepalive) = timed(&mut run);
    assert_eq!(line, "keepalive, read: ETIMEDOUT");
    assert!((1000..2900).contains(&by_user_timeout), "{by_user_timeout}");
    assert!((2900..6000).contains(&by_keepalive), "{by_keepalive}");

    // While the link is down, the others find out nothing.
    next(&mut run, &["writer, write: no error", "idle, poll: EAGAIN"]);
    assert_eq!(states_in(run.pid()), ["01"; 2], "the ends of two connections, both on this side, ESTABLISHED");
    next(&mut run, &["idle: here ESTABLISHED, at the peer CLOSED", "writer, poll: EAGAIN"]);
    next(&mut run, &["writer: here ESTABLISHED, at the peer CLOSED", "link up"]);

    // RFC 9293, section 3.5.1: what belongs to no connection is answered with RST.
    let (line, by_write) = timed(&mut run);
    assert_eq!(line, "writer, read: ECONNRESET");
    assert!(by_write >= by_keepalive, "{by_write}");
    next(&mut run, &["writer, write: EPIPE"]);

    // Nothing is sent, and so nothing comes back.
    next(&mut run, &["idle, read: EAGAIN", "idle: here ESTABLISHED, at the peer CLOSED"]);
    next(&mut run, &["idle, write: no error", "idle, read: ECONNRESET"]);
    for way in ["idle", "writer", "keepalive", "user timeout"] {
        next(&mut run, &[&format!("{way}: here CLOSED, at the peer CLOSED")]);
    }
    assert_eq!(run.line(), None);
}

#[test]
fn a_peer_that_came_back_resets_what_is_written_and_keepalive_and_user_timeout_find_out_sooner() {
    let right = network();
    std::thread::scope(|scope| {
        for kind in KINDS {
            let program = program("half_open", kind);
            let right = &right;
            scope.spawn(move || match right {
                Ok(()) => finds_out(&program),
                Err(_) => says_that_it_may_not(&program, "", None),
            });
        }
    });
}

#[test]
fn without_the_right_to_a_network_it_says_so_and_ends_with_2() {
    let deny = format!("unshare errno={}", libc::EPERM);
    says_that_it_may_not(&program("half_open", ""), &deny, Some("Operation not permitted"));
}
