//! The fuzz targets can find mistakes: libraries with one mistake each, which a target must catch. `make test-fuzz`
//! runs it; `make fuzz-smoke` and `make fuzz` look for mistakes in ours.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use support::{root, run, scratch, told, with_mistake};

/// The time of a target to find a bug.
const SECONDS: &str = "60";

/// A library with one mistake, and the target that must find it.
struct Broken {
    target: &'static str,
    what: &'static str,
    file: &'static str,
    right: &'static str,
    wrong: &'static str,
}

const BROKEN: [Broken; 11] = [
    Broken {
        target: "reader",
        what: "what was searched for one delimiter counts as searched for the next",
        file: "src/reader/state.rs",
        right: "            self.delimiter = delimiter;
            self.forget();",
        wrong: "            self.delimiter = delimiter;",
    },
    Broken {
        target: "reader",
        what: "a delimiter in the last part of a block is seen one byte too early",
        file: "src/memory.rs",
        right: "bits(fourth) << 48",
        wrong: "bits(fourth) << 47",
    },
    Broken {
        target: "reader",
        what: "a line takes the place of its NUL",
        file: "src/reader/mod.rs",
        right: "let usable = buffer.len() + buffer.room() - 1;",
        wrong: "let usable = buffer.len() + buffer.room();",
    },
    Broken {
        target: "line",
        what: "a line takes what comes after it",
        file: "src/line.rs",
        right: ".map_or(seen, |index| index + 1)",
        wrong: ".map_or(seen, |_| seen)",
    },
    Broken {
        target: "line",
        what: "a line of the queue takes the place of its NUL",
        file: "src/line.rs",
        right: "let room = buffer.room() - 1;",
        wrong: "let room = buffer.room();",
    },
    Broken {
        target: "frames",
        what: "a header of two bytes is read in the wrong order",
        file: "src/frame.rs",
        right: "u16::from_be_bytes(*held.first_chunk()?)",
        wrong: "u16::from_le_bytes(*held.first_chunk()?)",
    },
    Broken {
        target: "frames",
        what: "a body one byte too long for the memory is waited for",
        file: "src/reader/mod.rs",
        right: "Some(length) if length > longest =>",
        wrong: "Some(length) if length > longest + 1 =>",
    },
    Broken {
        target: "addr",
        what: "a port may have leading zeros",
        file: "src/address.rs",
        right: "if digits.len() > 1 && digits.first() == Some(&b'0') {",
        wrong: "if digits.len() > 3 && digits.first() == Some(&b'0') {",
    },
    Broken {
        target: "addr",
        what: "a path takes the place of its NUL",
        file: "src/address.rs",
        right: "(false, UNIX_PATH_BYTES - 1)",
        wrong: "(false, UNIX_PATH_BYTES)",
    },
    Broken {
        target: "text",
        what: "\"::\" stands for the last of the longest runs",
        file: "src/ip.rs",
        right: "end - start > longest.len()",
        wrong: "end - start >= longest.len()",
    },
    Broken {
        target: "text",
        what: "a number may have leading zeros",
        file: "src/ip.rs",
        right: "(first > 0) & (second <= 9)",
        wrong: "second <= 9",
    },
];

/// A copy of the targets' sources with one mistake.
fn broken_copy(broken: &Broken) -> PathBuf {
    let copy = scratch("fuzzing");
    let parts = ["Cargo.toml", "Cargo.lock", "build.rs", "src", "capi", "man", "include", "tests"];
    let fuzz = ["Cargo.toml", "Cargo.lock", "run.sh", "src", "fuzz_targets", "corpus"];
    for part in parts.iter().map(|part| copy.join(part)).chain(fuzz.iter().map(|part| copy.join("fuzz").join(part))) {
        // From an earlier run, whose target folder stays: its other crates are still good.
        let _ = fs::remove_dir_all(&part).or_else(|_| fs::remove_file(&part));
    }
    let _ = fs::remove_dir_all(copy.join("fuzz/target/corpus"));
    fs::create_dir_all(copy.join("fuzz")).unwrap();
    run(Command::new("cp").arg("-R").args(parts.map(|part| root().join(part))).arg(&copy));
    run(Command::new("cp").arg("-R").args(fuzz.map(|part| root().join("fuzz").join(part))).arg(copy.join("fuzz")));
    fs::write(copy.join(broken.file), with_mistake(broken.file, broken.right, broken.wrong)).unwrap();
    copy
}

#[test]
fn each_mistake_has_its_place_in_the_sources() {
    for broken in &BROKEN {
        _ = with_mistake(broken.file, broken.right, broken.wrong);
    }
}

#[test]
#[ignore = "builds each target twice, and needs cargo-fuzz: make test-fuzz"]
fn broken_libraries_are_caught() {
    for broken in &BROKEN {
        let mut fuzzing = Command::new("sh");
        fuzzing.args(["fuzz/run.sh", SECONDS, broken.target]).current_dir(broken_copy(broken));
        let output = fuzzing.output().expect("sh can be run");
        let text = told(&output);
        let finding = format!("{} has found something", broken.target);
        assert!(output.status.code() == Some(1) && text.contains(&finding), "not caught: {}: {text}", broken.what);
        // The table's row begins with the target, seconds and executions; the same words stand in no other line.
        let rows = text.lines().skip_while(|line| !line.starts_with("target "));
        let mut rows = rows.map(|line| line.split_whitespace().collect::<Vec<_>>());
        let row = rows.find(|row| row.first() == Some(&broken.target)).expect("the table has a row");
        println!("caught by {} within {} s, {} executions: {}", broken.target, row[1], row[2], broken.what);
    }
}
