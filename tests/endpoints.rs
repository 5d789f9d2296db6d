//! Endpoints with answers of resolver and kernel that a test chooses: `tests/c/endpoints.c` replaces libc's functions,
//! which a Rust test cannot.

#![allow(non_snake_case, clippy::expect_used, reason = "some are named after the errno value that they show")]

mod support;

use std::process::Command;

use support::{Link, compile_c, pass_on, told};

/// Runs one case with the shared and with the static library.
fn passes(case: &str) {
    runs("endpoints", case);
}

/// The same of `tests/c/resolver.c`.
fn resolver_passes(case: &str) {
    runs("resolver", case);
}

fn runs(program: &str, case: &str) {
    for how in [Link::Shared, Link::Static] {
        let program = compile_c(program, &[&format!("{program}.c")], how, &["-U_FORTIFY_SOURCE"]);
        let said = Command::new("timeout").args(["-k", "5", "60"]).arg(&program).arg(case).output();
        let said = said.expect("timeout(1) can be run");
        assert!(said.status.success(), "{case}, {how:?}: {}", told(&said));
        pass_on(&told(&said));
    }
}

support::tests! {
    fn tcp_connect_takes_the_families_in_turn() = passes("order");
    fn tcp_connect_reports_the_most_telling_failure() = passes("telling");
    fn tcp_connect_races_within_the_time() = passes("race");
    fn tcp_connect_races_within_the_time_under_signals() = passes("storm");
    fn tcp_connect_tries_sixteen_of_thousands_of_addresses() = passes("many");
    fn tcp_connect_has_eight_attempts_at_once() = passes("eight");
    fn tcp_connect_takes_one_of_two_that_succeed() = passes("both");
    fn tcp_connect_waits_for_no_attempt_that_has_failed() = passes("between");
    fn tcp_connect_looks_once_more_when_time_has_run_out() = passes("late");
    fn tcp_connect_does_not_meet_itself() = passes("itself");
    fn the_resolvers_failures_are_told() = passes("resolver");
    fn each_address_is_given_once_wherever_it_stands() = resolver_passes("once");
    fn eai_system_never_leaves_errno_0() = resolver_passes("failures");
    fn what_the_resolver_leaves_in_errno_is_wiped_off_on_success() = resolver_passes("success");
    fn sockets_that_cannot_be_had_are_passed_over_or_told() = passes("no_socket");
    fn tcp_listen_takes_the_first_address_of_its_own() = passes("listens");
    fn tcp_listen_without_a_host_is_for_every_address_of_a_named_service() = passes("wildcard");
    fn tcp_listen_says_its_options() = passes("options");
    fn accept_passes_over_connections_that_are_gone() = passes("transient");
    fn accept_tells_every_other_error() = passes("lasting");
    fn sockutil_accept_EMFILE() = passes("emfile");
}
