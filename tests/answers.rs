//! How the library handles the system's answers, with programs that fake them: exactly, at once, and also answers that
//! this machine seldom or never gives.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use support::{Link, compile_c, output, told};

fn passes(name: &str) {
    for how in [Link::Shared, Link::Static] {
        let said = output(compile_c(name, &[&format!("{name}.c")], how, &["-U_FORTIFY_SOURCE"]));
        assert!(said.status.success(), "{name}, {how:?}: {}", told(&said));
    }
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
    passes("without_preadv2");
}

#[test]
fn descriptor_0_is_one_like_any_other() {
    passes("descriptor_0");
}
