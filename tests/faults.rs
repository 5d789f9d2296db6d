//! Faults: a preloaded shim makes the libc calls of `libsockutil.so` fail or fall short, one at a time and mixed, and a
//! driver checks the contract after each. `make test-faults` runs all of it.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use support::{
    Link, below_root, compile_c, compiler, libraries, root, run, scratch, shim, symbols, told, with_mistake,
};

/// What the shim need not stand before: memory and text, the place of errno, and the
/// hooks of loader and tools. None of it makes a system call, or fails.
const NOT_INTERPOSED: [&str; 15] = [
    "memcpy",
    "memset",
    "memcmp",
    "bcmp",
    "strlen",
    // The texts of failures; musl calls the first strerror_r.
    "__xpg_strerror_r",
    "strerror_r",
    "gai_strerror",
    "__errno_location",
    "getenv",
    // A system call, but it cannot fail.
    "getpid",
    "__cxa_finalize",
    "__gmon_start__",
    "_ITM_deregisterTMCloneTable",
    "_ITM_registerTMCloneTable",
];

/// Longer than the full form takes on a slow, busy machine.
const SECONDS: &str = "1200";

/// A library with one mistake.
struct Broken {
    what: &'static str,
    file: &'static str,
    right: &'static str,
    wrong: &'static str,
}

const BROKEN: [Broken; 16] = [
    Broken {
        what: "EINTR surfaces",
        file: "src/channel/limited.rs",
        right: "Errno(libc::EINTR) => return Ok(()),",
        wrong: "Errno(libc::EINPROGRESS) => return Ok(()),",
    },
    Broken {
        what: "EINTR surfaces from the classic calls",
        file: "src/channel/own.rs",
        right: "Errno(libc::EINTR) => {}",
        wrong: "Errno(libc::EINPROGRESS) => {}",
    },
    Broken {
        what: "a signal ends a wait",
        file: "src/time.rs",
        right: "Err(Errno(libc::EINTR)) => {}",
        wrong: "Err(Errno(libc::EINPROGRESS)) => {}",
    },
    Broken {
        what: "a failure loses the count",
        file: "src/ffi/stream.rs",
        right: "let result = stream::write_full(&mut Limited::new(fd, limit), bytes, &mut count);",
        wrong: "let result = stream::write_full(&mut Limited::new(fd, limit), bytes, &mut count);
                if result.is_err() { count = done.start(); }",
    },
    Broken {
        what: "a short write counts as a whole one",
        file: "src/stream.rs",
        right: "*done += send(channel, *done)?;",
        wrong: "send(channel, *done)?; *done = total;",
    },
    Broken {
        what: "a writer still holds what has left",
        file: "src/writer.rs",
        right: "self.sent(of_held);",
        wrong: "self.sent(0);",
    },
    Broken {
        what: "a line takes what comes after it",
        file: "src/line.rs",
        right: ".map_or(seen, |index| index + 1)",
        wrong: ".map_or(seen, |_| seen)",
    },
    Broken {
        what: "a failure on the way to close leaks the descriptor",
        file: "src/close.rs",
        right: "let set = set_linger(fd, true);",
        wrong: "set_linger(fd, true)?; let set = Ok(());",
    },
    Broken {
        what: "close is tried again after a signal",
        file: "src/close.rs",
        right: "Err(Errno(libc::EINTR)) => Ok(()),",
        wrong: "Err(Errno(libc::EINTR)) => sys::close(fd),",
    },
    Broken {
        what: "a call that is not to wait blocks",
        file: "src/channel/mod.rs",
        right: "flags: if may_block { 0 } else { flags }",
        wrong: "flags: if may_block { 0 } else { 0 }",
    },
    Broken {
        what: "a peer that keeps sending stretches the time",
        file: "src/time.rs",
        right: "Self::Until(end) if end.ms_left()? == 0 =>",
        wrong: "Self::Until(end) if end.ms_left()? < 0 =>",
    },
    Broken {
        what: "there is a second last try, and a third",
        file: "src/channel/limited.rs",
        right: "Limit::Over => Err(Errno(libc::EAGAIN)),",
        wrong: "Limit::Over => Ok(()),",
    },
    Broken {
        what: "a sandbox that refuses preadv2 is taken for the answer",
        file: "src/channel/limited.rs",
        right: "| libc::EPERM | libc::EINVAL)",
        wrong: ")",
    },
    Broken {
        what: "a failed attempt to connect holds up the next one",
        file: "src/race.rs",
        right: "self.failures.add(e);\n                    self.due += 1;",
        wrong: "self.failures.add(e);",
    },
    Broken {
        what: "the last failure to connect hides the first",
        file: "src/race.rs",
        right: "Self::kind(e) > Self::kind(before)",
        wrong: "Self::kind(e) >= Self::kind(before)",
    },
    Broken {
        what: "success changes errno",
        file: "src/ffi/outcome.rs",
        right: "set_errno(before);\n            answer",
        wrong: "let _ = before;\n            answer",
    },
];

fn driver() -> PathBuf {
    let sources = ["driver.c", "run.c", "world.c", "faults.c", "transfers.c", "others.c", "connections.c"];
    let sources = sources.map(|source| format!("../faults/{source}"));
    // LD_LIBRARY_PATH comes before the path of new tags: it says which library is under test.
    let flags = ["-U_FORTIFY_SOURCE", "-Wl,--enable-new-dtags", "-Wl,--no-as-needed", "-ldl"];
    compile_c("faults", &sources.each_ref().map(String::as_str), Link::Shared, &flags)
}

/// Runs the driver against the shared library in a folder.
fn driven(form: &str, library: &Path) -> Output {
    let mut command = Command::new("timeout");
    command.args(["-k", "5", SECONDS, "env"]);
    let set = |name: &str, value: &Path| format!("{name}={}", value.display());
    command.arg(set("LD_LIBRARY_PATH", library)).arg(set("LD_PRELOAD", &below_root(&shim())));
    if cfg!(sockutil_posix) {
        command.arg("PORTABLE=1");
    }
    command.current_dir(root());
    command.arg(driver()).arg(form).output().expect("timeout(1) can be run")
}

/// The names in the dynamic symbol table of a library.
fn names(which: &str, library: &Path) -> BTreeSet<String> {
    symbols(&["--dynamic", which], library)
}

/// Imports of a library that may fail, but that the shim does not interpose.
fn out_of_reach(library: &Path) -> Vec<String> {
    let reached = names("--defined-only", &shim());
    assert!(reached.contains("recv") && reached.contains("shim_arm"), "{reached:?}");
    let imported = names("--undefined-only", library);
    imported.into_iter().filter(|name| !reached.contains(name) && !NOT_INTERPOSED.contains(&name.as_str())).collect()
}

#[test]
fn every_import_is_within_reach() {
    let library = libraries().join("libsockutil.so");
    assert!(names("--undefined-only", &library).contains("recv"));
    assert_eq!(out_of_reach(&library), Vec::<String>::new());
}

#[test]
fn a_new_import_does_not_escape() {
    let folder = scratch("faults");
    let (source, library) = (folder.join("escape.c"), folder.join("escape.so"));
    fs::write(&source, "int dup(int fd);\nint escape(int fd);\nint escape(int fd) { return dup(fd); }\n").unwrap();
    run(compiler(false).args(["-shared", "-fPIC"]).arg(&source).arg("-o").arg(&library));
    assert_eq!(out_of_reach(&library), ["dup"]);
}

/// The contract holds, and every exported function was called.
fn holds(form: &str) {
    let output = driven(form, &libraries());
    assert!(output.status.success(), "{}", told(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    println!("{}", text.lines().last().unwrap_or_default());
    let called = text.lines().find_map(|line| line.strip_prefix("functions: ")).expect("the driver tells them");
    let called: BTreeSet<&str> = called.split(' ').collect();
    let reached = text.lines().find_map(|line| line.strip_prefix("libc: ")).expect("the driver tells them");
    let reached: BTreeSet<&str> = reached.split(' ').collect();
    let mut imported = names("--undefined-only", &libraries().join("libsockutil.so"));
    // A sanitizer's library imports more, which the shim does not interpose.
    let interposed = names("--defined-only", &shim());
    imported.retain(|name| interposed.contains(name) && !reached.contains(name.as_str()));
    // These the shim only counts, or hands on.
    imported.retain(|name| !["freeaddrinfo", "memchr", "memmove", "shim_library"].contains(&name.as_str()));
    assert_eq!(imported, BTreeSet::new(), "no scenario reaches them");
    // The bare names are the same functions.
    let prefixed = |name: &String| format!("sockutil_{}", name.strip_prefix("sockutil_").unwrap_or(name));
    let exported: BTreeSet<String> =
        names("--defined-only", &libraries().join("libsockutil.so")).iter().map(prefixed).collect();
    let missing: Vec<&String> = exported.iter().filter(|name| !called.contains(name.as_str())).collect();
    assert_eq!(missing, Vec::<&String>::new(), "without a scenario");
}

#[test]
fn faults_do_no_harm() {
    holds("quick");
}

#[test]
#[ignore = "takes minutes: make test-faults"]
fn all_faults_do_no_harm() {
    holds("full");
}

#[test]
fn each_mistake_has_its_place_in_the_sources() {
    for broken in &BROKEN {
        _ = with_mistake(broken.file, broken.right, broken.wrong);
    }
}

/// Builds the library from a copy of its sources with one mistake, and returns its folder.
fn broken_library(broken: &Broken) -> PathBuf {
    let copy = scratch("faults/broken");
    for part in ["src", "capi", "include", "man"] {
        // From an earlier run.
        let _ = fs::remove_dir_all(copy.join(part));
    }
    let parts = ["Cargo.toml", "Cargo.lock", "build.rs", "src", "capi", "include", "man"].map(|part| root().join(part));
    run(Command::new("cp").arg("-R").args(parts).arg(&copy));
    fs::write(copy.join(broken.file), with_mistake(broken.file, broken.right, broken.wrong)).unwrap();
    let target = copy.join("target");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--release", "--locked", "--quiet", "--package", "sockutil-capi", "--target-dir"]);
    run(cargo.arg(&target).env("RUSTFLAGS", "-A warnings").current_dir(&copy));
    let libraries = target.join("lib");
    run(Command::new("sh").arg(copy.join("capi/stage.sh")).arg(target.join("release")).arg(&libraries));
    libraries
}

#[test]
#[ignore = "builds the library fifteen times: make test-faults"]
fn broken_builds_are_caught() {
    for broken in &BROKEN {
        let output = driven("quick", &broken_library(broken));
        let text = told(&output);
        assert!(output.status.code() == Some(1) && text.contains("FAIL "), "{} was not caught: {text}", broken.what);
        println!("caught: {}: {}", broken.what, text.lines().find(|line| line.contains("FAIL")).unwrap_or_default());
    }
}
