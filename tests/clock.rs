//! Time limits by a clock that `tests/c/clock.c` moves itself: to the nanosecond, whatever this machine's timer is, and
//! without waiting.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use support::{Link, compile_c, output, told};

#[test]
fn time_limits_come_late_but_never_early() {
    for how in [Link::Shared, Link::Static] {
        let said = output(compile_c("clock", &["clock.c"], how, &["-U_FORTIFY_SOURCE"]));
        assert!(said.status.success(), "{how:?}: {}", told(&said));
    }
}
