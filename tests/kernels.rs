//! The kernels of BSD and macOS as the shim imitates them, for `make test-kernels`: each gives the answers that it is
//! there for to what it takes for the library, and to nobody else.

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
