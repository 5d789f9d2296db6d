//! How the library handles the system's answers, with programs that fake them: exactly, at once, and also answers that
//! this machine seldom or never gives.

#![allow(
    unsafe_code,
    non_snake_case,
    clippy::undocumented_unsafe_blocks,
    reason = "a system call by its number, and a test that is named after an errno value"
)]

mod support;

use std::path::PathBuf;
use std::process::Command;

use support::{Link, compile_c, left_out, run, scratch, shimmed};

fn passes(name: &str) {
    for program in both(name) {
        run(&mut Command::new(program));
    }
}

/// With the shared and with the static library.
fn both(name: &str) -> [PathBuf; 2] {
    [Link::Shared, Link::Static].map(|how| compile_c(name, &[&format!("{name}.c")], how, &["-U_FORTIFY_SOURCE"]))
}

#[test]
fn time_limits_come_late_but_never_early() {
    passes("clock");
}

#[test]
fn tcp_state_between_asks_for_two_ends_and_believes_no_others() {
    passes("diag");
}

#[test]
fn a_pipe_serves_where_the_kernel_knows_no_preadv2() {
    // The library makes no other system call by its number.
    for program in both("without_preadv2") {
        run(shimmed(&mut Command::new(program), &format!("syscall errno={}", libc::ENOSYS)));
    }
}

#[test]
fn descriptor_0_is_one_like_any_other() {
    passes("descriptor_0");
}

/// A folder of this test's own, and the program that listens there.
fn listens(case: &str, rules: &str) {
    let folder = scratch("unix_mode");
    for program in both("unix_mode") {
        run(shimmed(Command::new(program).arg(case).arg(&folder), rules));
    }
}

/// As without /proc.
const NO_PROC: &str = "chmod errno=2";

#[test]
fn a_listeners_file_never_has_other_permissions_than_it_is_to_have() {
    listens("narrow", "");
}

#[test]
fn a_listeners_file_gets_its_permissions_although_the_socket_has_refused_them() {
    listens("wide", "fchmod errno=22");
}

#[test]
fn a_listener_changes_no_other_file_that_has_come_to_its_path() {
    listens("swap", "");
}

#[test]
fn a_listeners_file_gets_its_permissions_without_proc() {
    const SYS_FCHMODAT2: libc::c_long = 452;
    if unsafe { libc::syscall(SYS_FCHMODAT2, -1, 0, 0, 0) } == -1 && errno::errno().0 == libc::ENOSYS {
        left_out("Linux before 6.6", "permissions of a listener's file without /proc");
        return;
    }
    listens("narrow", NO_PROC);
}

#[test]
fn sockutil_unix_listen_mode_ENOTSUP() {
    listens("no_way", &format!("{NO_PROC}\nsyscall arg1=452 errno={}", libc::ENOSYS));
}
