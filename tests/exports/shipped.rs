//! Which library these tests call.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// The library's functions in a file, with their sizes, by which two builds of a function differ.
fn functions(file: &Path) -> BTreeSet<String> {
    let nm = Command::new("nm").args(["--print-size", "--defined-only"]).arg(file).output().expect("nm can be run");
    let text = String::from_utf8_lossy(&nm.stdout);
    let lines = text.lines().filter(|line| line.contains(" T sockutil_"));
    // The address comes first.
    lines.filter_map(|line| line.split_once(' ')).map(|(_, rest)| rest.to_owned()).collect()
}

#[test]
fn the_calls_go_to_the_library_as_it_is_shipped() {
    let program = std::env::current_exe().expect("a program knows its file");
    let shipped = functions(&Path::new(env!("SOCKUTIL_LIBDIR")).join("libsockutil.a"));
    let called = functions(&program);
    assert!(!called.is_empty());
    assert_eq!(called.difference(&shipped).next(), None, "a function of another size than the shipped one");
}
