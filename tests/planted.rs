//! `tests/memory.sh` can find mistakes: libraries and programs with one mistake each, which one of its tools must
//! catch. `make test-memory` runs it.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use support::{Link, compile_c, root, run, scratch, told, with_mistake};

/// A mistake in a library, and its place.
struct Change {
    file: &'static str,
    right: &'static str,
    wrong: &'static str,
}

/// A mistake, and its tool's message.
struct Planted {
    tool: &'static str,
    /// Of `tests/c/planted.c`.
    case: &'static str,
    says: &'static str,
    /// None: the program is wrong.
    library: Option<Change>,
}

const PLANTED: [Planted; 11] = [
    Planted {
        tool: "address",
        case: "line",
        says: "heap-buffer-overflow",
        library: Some(Change {
            file: "src/memory.rs",
            right: "        if let Some(byte) = self.memory.get_mut(self.filled) {",
            wrong: "        unsafe { self.memory.as_mut_ptr().add(self.memory.len()).write(MaybeUninit::new(0)) };
        if let Some(byte) = self.memory.get_mut(self.filled) {",
        }),
    },
    Planted {
        tool: "address",
        case: "address",
        says: "heap-buffer-overflow",
        library: Some(Change {
            file: "src/ffi/address.rs",
            right: "unsafe { CStr::from_ptr(text) };\n        match af {",
            wrong: "unsafe { CStr::from_ptr(text) };
        let _ = unsafe { text.as_ptr().add(text.count_bytes() + 1).read_volatile() };
        match af {",
        }),
    },
    Planted {
        tool: "address",
        case: "sum",
        says: "AddressSanitizer: ABRT",
        library: Some(Change {
            file: "src/ffi/time.rs",
            right: "time::ms_left(end_ms).unwrap_or(0)",
            wrong: "time::ms_left(end_ms).unwrap_or(0) + 1",
        }),
    },
    Planted { tool: "address", case: "heap", says: "insufficient space", library: None },
    Planted { tool: "address", case: "leak", says: "detected memory leaks", library: None },
    Planted { tool: "address", case: "overflow", says: "signed integer overflow", library: None },
    Planted { tool: "address", case: "misaligned", says: "misaligned address", library: None },
    Planted {
        tool: "thread",
        case: "library_race",
        says: "data race",
        library: Some(Change {
            file: "src/ffi/version.rs",
            right: "    VERSION.as_ptr()\n",
            wrong: "    static mut CALLS: u32 = 0;
    unsafe { (&raw mut CALLS).write_volatile((&raw mut CALLS).read_volatile().wrapping_add(1)) };
    VERSION.as_ptr()\n",
        }),
    },
    Planted { tool: "thread", case: "race", says: "data race", library: None },
    Planted { tool: "valgrind", case: "leak", says: "definitely lost", library: None },
    Planted { tool: "valgrind", case: "heap", says: "Invalid write of size 1", library: None },
];

/// The folder of the wrong library. Its target folder stays from run to run.
fn folder() -> PathBuf {
    scratch("planted")
}

/// Copies the library's sources, and plants one mistake.
fn copy(library: Option<&Change>) {
    for part in ["src", "capi", "include", "man"] {
        let _ = fs::remove_dir_all(folder().join(part));
    }
    let parts = ["Cargo.toml", "Cargo.lock", "build.rs", "src", "capi", "include", "man"].map(|part| root().join(part));
    run(Command::new("cp").arg("-R").args(parts).arg(folder()));
    if let Some(change) = library {
        fs::write(folder().join(change.file), with_mistake(change.file, change.right, change.wrong)).unwrap();
    }
}

/// Runs one case under its tool, through the test below.
fn under(planted: &Planted) -> Output {
    let mut memory = Command::new("sh");
    memory.arg(root().join("tests/memory.sh")).arg(planted.tool).arg(std::env::current_exe().unwrap());
    memory.args(["--ignored", "--exact", "one_case"]).env("PLANTED_CASE", planted.case);
    memory.current_dir(folder()).output().expect("sh can be run")
}

fn is_caught(planted: &Planted) {
    let said = told(&under(planted));
    let found = said.lines().find(|line| line.contains(planted.says));
    let found = found.unwrap_or_else(|| panic!("not caught by {}: {}: {said}", planted.tool, planted.case));
    assert!(said.contains("memory.sh: the above, in 1 processes"), "{said}");
    println!("caught by {}: {}: {}", planted.tool, planted.case, found.trim());
}

#[test]
fn each_mistake_has_its_place_in_the_sources() {
    for change in PLANTED.iter().filter_map(|planted| planted.library.as_ref()) {
        _ = with_mistake(change.file, change.right, change.wrong);
    }
}

#[test]
#[ignore = "by memory.sh, for the test below"]
fn one_case() {
    if let Ok(case) = std::env::var("PLANTED_CASE") {
        run(Command::new(compile_c("planted", &["planted.c"], Link::Shared, &[])).arg(case));
    }
}

#[test]
#[ignore = "builds the library with each sanitizer, more than once: make test-memory"]
fn mistakes_are_caught() {
    copy(None);
    for planted in &PLANTED {
        if planted.library.is_none() {
            is_caught(planted);
        } else {
            // The correct library has nothing to find.
            let said = under(planted);
            assert!(said.status.success(), "{} {}: {}", planted.tool, planted.case, told(&said));
        }
    }
    for planted in PLANTED.iter().filter(|planted| planted.library.is_some()) {
        copy(planted.library.as_ref());
        is_caught(planted);
    }
}
