//! The shim's imitations of the kernels of BSD and macOS, for `make test-kernels`: calls of the library get the other
//! kernel's answers, and all other calls get Linux's.

#![allow(clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use std::process::Command;

use support::{Link, compile_c, has_ipv6, run, shimmed};

fn answers(kernel: &str) {
    if kernel == "v6only" && !has_ipv6("an option of IPv6 sockets") {
        return;
    }
    let program = compile_c("kernels", &["kernels.c", "../shim/mark.c"], Link::None, &["-U_FORTIFY_SOURCE"]);
    let mut command = Command::new(program);
    let imitated = if kernel == "none" { "" } else { kernel };
    run(shimmed(command.arg(kernel), "").env("SHIM_KERNEL", imitated));
}

support::tests! {
    fn dontwait() = answers("dontwait");
    fn hup() = answers("hup");
    fn refuse() = answers("refuse");
    fn v6only() = answers("v6only");
    fn einval() = answers("einval");
    fn nval() = answers("nval");
    fn intmax() = answers("intmax");
    fn nonblock() = answers("nonblock");
    fn namelen() = answers("namelen");
    fn disconnect() = answers("disconnect");
    fn nobufs() = answers("nobufs");
    fn prototype() = answers("prototype");
    fn states() = answers("states");
    fn none() = answers("none");
}
