//! Which library a test program of Rust calls. With the feature `test-shipped`, which `make test` sets, it is the static
//! library as it is shipped: it comes before the crate, and the linker keeps the first function of a name (`build.rs`).
//! Without the feature it is the crate, compiled with Rust's checks of arithmetic and `debug_assert!`.

#![cfg(feature = "test-shipped")]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

#[link(name = "sockutil", kind = "static", modifiers = "+whole-archive")]
unsafe extern "C" {}

/// The library's functions in a file, with their sizes.
fn functions(file: &Path) -> BTreeSet<String> {
    let nm = Command::new("nm").args(["--print-size", "--defined-only"]).arg(file).output().expect("nm can be run");
    let text = String::from_utf8_lossy(&nm.stdout);
    let lines = text.lines().filter(|line| line.contains(" T sockutil_"));
    // The address comes first, and it is the size that tells what was compiled how.
    lines.filter_map(|line| line.split_once(' ')).map(|(_, rest)| rest.to_owned()).collect()
}

#[test]
fn the_calls_go_to_the_library_as_it_is_shipped() {
    let program = std::env::current_exe().expect("a program knows its file");
    let shipped = functions(&Path::new(env!("SOCKUTIL_LIBDIR")).join("libsockutil.a"));
    let called = functions(&program);
    assert!(!called.is_empty() && called.is_subset(&shipped), "{:?}", called.difference(&shipped));
}
