//! How the library handles the system's answers, with programs that fake them: exactly, at once, and also answers that
//! this machine seldom or never gives.

mod support;

use std::path::PathBuf;
use std::process::Command;

use support::{Link, compile_c, run, shimmed};

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
