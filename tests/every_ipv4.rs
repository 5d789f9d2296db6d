//! IPv4 addresses through the shipped library's `ntop` and back through its `pton`: a sample in every run, and all of
//! them by `make exhaustive`.

#![allow(clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use std::path::PathBuf;
use std::process::Command;

use support::{Link, compile_c, output, told};

fn program(how: Link) -> PathBuf {
    compile_c("every_ipv4", &["every_ipv4.c"], how, &["-O2"])
}

#[test]
fn a_sample_of_ipv4_addresses_is_written_and_read_back() {
    let output = output(program(Link::Shared));
    assert!(output.status.success(), "{}", told(&output));
    print!("{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
#[ignore = "takes minutes: make exhaustive"]
fn every_ipv4_address_is_written_and_read_back() {
    // It prints its progress, and no time limit suits every machine.
    let status = Command::new(program(Link::Static)).arg("all").status().expect("it was just compiled");
    assert!(status.success(), "{status}");
}
