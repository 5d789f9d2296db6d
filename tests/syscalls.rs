//! System calls, counted: a preloaded counter interposes each one of the shipped library, and a C program compares the
//! counts with the header's promises.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test that goes wrong may well panic")]

mod support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use support::{Link, below_root, compile_c, libraries, root, run};

/// Imports of the library that make no system call, so that the counter need not interpose them.
const NO_SYSTEM_CALLS: [&str; 14] = [
    // The resolver, and the names of zones: their system calls are libc's.
    "getaddrinfo",
    "freeaddrinfo",
    "if_nametoindex",
    "if_indextoname",
    "bcmp",
    "memchr",
    "memcpy",
    "memmove",
    "memset",
    "strlen",
    "__errno_location",
    "__cxa_finalize",
    "__gmon_start__",
    "_ITM_",
];

/// The counter and the program.
fn programs() -> &'static (PathBuf, PathBuf) {
    static PROGRAMS: OnceLock<(PathBuf, PathBuf)> = OnceLock::new();
    PROGRAMS.get_or_init(|| {
        // Its memchr and memmove are loops, which the compiler must not replace by calls of these two.
        let flags = ["-shared", "-fPIC", "-fno-builtin", "-U_FORTIFY_SOURCE"];
        let counter = compile_c("syscalls_shim", &["syscalls_shim.c"], Link::None, &flags);
        (counter, compile_c("syscalls", &["syscalls.c"], Link::Shared, &["-U_FORTIFY_SOURCE"]))
    })
}

fn counts(section: &str) {
    let (counter, program) = programs();
    run(Command::new(program).arg(section).current_dir(root()).env("LD_PRELOAD", below_root(counter)));
}

/// The functions in the answer of nm(1), without their versions.
fn functions(kind: &str, library: &Path) -> BTreeSet<String> {
    let output = run(Command::new("nm").args(["--dynamic", kind]).arg(library));
    let answer = String::from_utf8(output.stdout).expect("nm speaks ASCII");
    let names = answer.lines().filter_map(|line| line.split_whitespace().last());
    names.filter_map(|name| name.split('@').next()).map(str::to_owned).collect()
}

#[test]
fn every_system_call_of_the_library_is_counted() {
    let counted = functions("--defined-only", &programs().0);
    let imported = functions("--undefined-only", &libraries().join("libsockutil.so"));
    assert!(imported.contains("recv"), "{imported:?}");
    let unknown: Vec<_> = imported
        .difference(&counted)
        .filter(|name| {
            !NO_SYSTEM_CALLS.iter().any(|known| *known == *name || (*known == "_ITM_" && name.starts_with(known)))
        })
        .collect();
    assert!(unknown.is_empty(), "neither counted nor known to make no system call: {unknown:?}");
}

#[test]
fn a_stateless_line_of_up_to_2_kb_is_two_calls_whatever_the_timeout() {
    counts("lines");
}

#[test]
fn longer_lines_lines_that_are_not_there_and_the_end() {
    counts("more_lines");
}

#[test]
fn waiting_for_ever_adds_no_call() {
    counts("waiting");
}

#[test]
fn a_whole_transfer_is_one_call_whatever_the_timeout() {
    counts("transfers");
}

#[test]
fn a_frame_is_one_call() {
    counts("frames");
}

#[test]
fn a_reader_is_one_call_per_refill() {
    counts("reader");
}

#[test]
fn a_batch_of_lines_is_one_call_for_as_much_as_the_memory_takes() {
    counts("reader_batch");
}

#[test]
fn a_pipe_costs_one_vain_attempt_and_a_byte_at_a_time_for_a_line() {
    counts("pipes");
}

#[test]
fn a_line_in_a_thousand_pieces_costs_linear_time() {
    counts("linear");
}

#[test]
fn frames_drops_and_many_lines_cost_linear_time() {
    counts("linear_others");
}

#[test]
fn closing_is_as_few_calls_as_it_takes() {
    counts("closing");
}

#[test]
fn everything_else_is_one_call_or_none() {
    counts("others");
}

#[test]
fn connections_cost_the_calls_they_are_made_of() {
    counts("connections");
}

#[test]
fn a_connect_wastes_no_call_and_a_race_has_one_wait_for_all() {
    counts("connecting");
}
