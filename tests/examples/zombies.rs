//! `zombies`: what each way of reaping leaves of five children that end at once.

use std::process::Command;

use crate::kit::*;

const CHILDREN: usize = 5;

/// How the children are reaped, the signals that the handler got, and the zombies. signal(7): a signal that is pending
/// is not queued again. waitpid(2): one call reaps one child; if `SIGCHLD` is ignored, no child becomes a zombie.
const WAYS: [(&str, usize, usize); 5] = [
    ("nothing", 0, CHILDREN),
    ("one wait in main", 0, CHILDREN - 1),
    ("one waitpid in a handler", 1, CHILDREN - 1),
    ("sockutil_reap_children in a handler", 1, 0),
    ("SIGCHLD ignored", 0, 0),
];

#[test]
fn five_children_that_end_at_once_are_one_signal_and_only_the_loop_reaps_all() {
    for kind in KINDS {
        let lines = printed("zombies", kind);
        let (header, rows) = lines.split_first().unwrap();
        assert_eq!(header.split_whitespace().rev().take(2).collect::<Vec<_>>(), ["zombies", "signals"]);
        let expected = WAYS.map(|(way, signals, zombies)| format!("{way:<38} {signals:>7} {zombies:>7}"));
        assert_eq!(rows, expected);
    }
}

#[test]
fn the_kernel_has_as_many_zombies_as_each_line_says() {
    let us = i32::try_from(std::process::id()).unwrap();
    let mut run = Stepping::start(&mut Command::new(program("zombies", "")));
    for (way, _, zombies) in WAYS {
        // While the line before this one waits to be taken, the program sleeps when it wants to print this one. If it
        // waits for its children to end instead, one of them is no zombie yet.
        run.wait();
        within_deadline(way, || {
            let sleeps = children(us).contains(&(run.pid(), 'S'));
            let left = children(run.pid());
            (sleeps && left.len() == zombies && left.iter().all(|&(_, state)| state == 'Z')).then_some(())
        });
        assert!(run.line().is_some(), "the line before: {way}");
    }
    while run.line().is_some() {}
}
