//! `interrupted`: a signal ends one wait of accept(2), and changes nothing of the listener.

use std::fs;
use std::process::Command;

use crate::kit::*;
use crate::support::{scratch, shimmed};

/// A line: how it waited, the signals, and how often accept failed with EINTR.
fn counts(line: &str) -> (String, usize, usize) {
    let (how, rest) = line.split_once(": ").unwrap();
    let rest = rest.strip_suffix(" times EINTR, then the client; the listener: blocking before, blocking after");
    let (signals, interrupted) = rest.unwrap_or_else(|| panic!("{line}")).split_once(" signals, ").unwrap();
    (how.to_owned(), signals.parse().unwrap(), interrupted.parse().unwrap())
}

/// signal(7): accept(2) fails with EINTR, or goes on after a handler with `SA_RESTART`. A client comes with the third
/// signal; a signal may come between two calls.
fn waits(lines: &[String]) {
    let [plain, restarted, library] = <[_; 3]>::try_from(lines.iter().map(|line| counts(line)).collect::<Vec<_>>())
        .unwrap_or_else(|_| panic!("{lines:?}"));
    assert!(plain.0 == "accept" && (1..=plain.1).contains(&plain.2), "{lines:?}");
    assert!(restarted.0 == "accept, SA_RESTART" && restarted.2 == 0, "{lines:?}");
    assert!(library.0 == "sockutil_accept" && library.2 == 0, "{lines:?}");
    assert!([plain.1, restarted.1, library.1].iter().all(|&signals| signals >= 3), "{lines:?}");
}

#[test]
fn a_signal_ends_one_accept_and_the_next_one_waits_as_before() {
    for kind in KINDS {
        waits(&printed("interrupted", kind));
    }
}

/// The calls of accept(2), as the shim has seen them: what each returned, and errno.
fn accepts(log: &str) -> Vec<&str> {
    log.lines().filter_map(|line| line.strip_prefix("accept ")).collect()
}

#[test]
fn after_eintr_the_kernel_has_the_listener_as_blocking_as_before() {
    let log = scratch("examples-interrupted").join("log");
    let interrupted = format!("-1 {}", libc::EINTR);
    // The program is stopped while it waits again, if that is seen in time.
    let mut seen = false;
    for _ in 0..20 {
        let _ = fs::remove_file(&log);
        let mut run =
            Running::start(shimmed(&mut Command::new(program("interrupted", "")), &format!("log {}", log.display())));
        within_deadline("a call that was interrupted", || {
            fs::read_to_string(&log).is_ok_and(|log| !accepts(&log).is_empty()).then_some(())
        });
        run.signal(libc::SIGSTOP);
        let us = i32::try_from(std::process::id()).unwrap();
        within_deadline("a stopped program, or one that has ended", || {
            let stopped = ['T', 'Z'].map(|state| (run.pid(), state));
            children(us).iter().any(|child| stopped.contains(child)).then_some(())
        });
        let calls = fs::read_to_string(&log).unwrap();
        if accepts(&calls).iter().all(|call| *call == interrupted) && run.child.try_wait().unwrap().is_none() {
            let (fd, _) = listener(run.pid()).expect("a listener");
            let info = fs::read_to_string(format!("/proc/{}/fdinfo/{fd}", run.pid())).unwrap();
            let flags = info.lines().find_map(|line| line.strip_prefix("flags:")).unwrap().trim();
            let flags = i32::from_str_radix(flags, 8).unwrap();
            assert_eq!(flags & libc::O_NONBLOCK, 0, "{info}");
            seen = true;
        }
        run.signal(libc::SIGCONT);
        let lines = run.rest();
        waits(&lines);
        assert_eq!(run.ended().code(), Some(0));

        // Each call but the last waits for its signal: there is none that only asks again.
        let calls = fs::read_to_string(&log).unwrap();
        let calls = accepts(&calls);
        let of_plain = calls.iter().take_while(|call| **call == interrupted).count();
        assert_eq!(of_plain, counts(&lines[0]).2, "{calls:?}");
        // The client, and then the one call that the kernel has started again each time.
        assert!(calls[of_plain..of_plain + 2].iter().all(|call| call.ends_with(" 0")), "{calls:?}");
        if seen {
            return;
        }
    }
    panic!("never seen while it waits again");
}
