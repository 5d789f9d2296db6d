//! `connect_timeout`: a connect that does not wait for ever.

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
    assert_eq!(outcome(&run).1, "writable, error 0, ESTABLISHED: connected");

    let (nobody, state) = attempt(&run, "nobody");
    assert!(nobody != listener && (state == "CLOSED" || state == "SYN_SENT"), "{nobody} {state}");
    assert_eq!(outcome(&run).1, "writable, error ECONNREFUSED, CLOSED: refused");

    assert_eq!(attempt(&run, "a full backlog"), (listener, "SYN_SENT".into()));
    let (ms, text) = outcome(&run);
    assert_eq!(text, "not writable, error 0, SYN_SENT: our time limit ran out");
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
    assert_eq!(text, "writable, error ETIMEDOUT, CLOSED: the kernel gave up");
    // RFC 6298: an answer is waited for for 1 s, and after a repetition, depending on the kernel, for 1 s or 2 s.
    assert!((1900..8000).contains(&ms), "{ms}");

    assert_eq!(run.ended().code(), Some(0));
    assert!(run.out.recv().is_err() && run.err.recv().is_err(), "no word more than that");
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
