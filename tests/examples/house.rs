//! Rules for all programs, for their Makefile and for the demo.

use std::ffi::OsString;
use std::fs::{self, File};
use std::process::Command;
use std::time::SystemTime;

use crate::declared::declared;
use crate::kit::*;
use crate::support::{root, run, scratch, told};
use crate::tcp_states::has_packet_filter;

#[test]
fn the_demo_shows_a_conversation() {
    let demo = finished(Command::new("sh").arg(root().join("c_examples/demo.sh")).arg(programs()), b"");
    let said = told(&demo);
    assert!(demo.status.success(), "{said}");
    for part in ["> xxxxx... (100000 bytes)\n< xxxxx... (100000 bytes)\n", "server: server stopped\n"] {
        assert_eq!(said.matches(part).count(), 2, "{said}");
    }
    assert!(said.contains("\n12 lines, 200310 bytes, all came back identical.\n"), "{said}");
    // Each step of the tour prints its name, then its output, which the programs' tests check.
    for (step, part) in [("tcp_states", "CLOSING"), ("reuse", "EADDRINUSE"), ("linger_reset", "ECONNRESET")] {
        if step == "tcp_states" && !has_packet_filter("the demo's tour of the states") {
            assert!(said.contains("\nleft out, since this system lacks what it needs: SO_ATTACH_FILTER: "), "{said}");
            continue;
        }
        let tour = said.split(&format!("\n--- {step}: ")).nth(1).unwrap_or_else(|| panic!("no {step}: {said}"));
        let tour = tour.split("\n--- ").next().unwrap();
        assert!(tour.lines().count() > 5 && tour.contains(part), "{step}: {said}");
    }
}

#[test]
fn the_demo_finds_a_byte_that_differs() {
    let folder = scratch("examples-broken");
    // In a separate process: a file open for writing here may be open in a child, too, and then cannot be executed.
    let script = r#"cd "$1" && ln -sf "$2"/* . && rm echo_client_static
        printf '#!/bin/sh\n"%s/echo_client" "$@" | tr l L\n' "$2" >echo_client_static && chmod +x echo_client_static"#;
    run(Command::new("sh").args(["-c", script, "sh"]).arg(&folder).arg(programs()));
    let demo = finished(Command::new("sh").arg(root().join("c_examples/demo.sh")).arg(&folder), b"");
    let said = told(&demo);
    assert_eq!(demo.status.code(), Some(1), "{said}");
    assert!(said.contains("demo: what came back differs from what was sent\n"), "{said}");
}

#[test]
fn the_makefile_knows_what_a_program_is_made_of() {
    let include = scratch("examples-include");
    let header = include.join("sockutil.h");
    fs::copy(root().join("include/sockutil.h"), &header).unwrap();
    let mut arguments = vec![variable("SOCKUTIL_INCLUDE", &include), variable("BIN", "../examples-make")];
    run(make().args(&arguments));
    let up_to_date = |arguments: &[OsString]| make().arg("-q").args(arguments).output().unwrap().status.success();
    assert!(up_to_date(&arguments));
    File::options().append(true).open(&header).unwrap().set_modified(SystemTime::now()).unwrap();
    assert!(!up_to_date(&arguments), "the header is newer");

    arguments.push(variable("SOCKUTIL_LIBDIR", "/nowhere"));
    let missing = make().args(&arguments).output().unwrap();
    assert!(!missing.status.success());
    let line = "/nowhere/libsockutil.so is missing: run make at the top of the tree first\n";
    assert!(missing.stderr.starts_with(line.as_bytes()), "{}", told(&missing));
}

/// The names of all programs.
fn names() -> Vec<String> {
    let files = fs::read_dir(root().join("c_examples")).unwrap().flatten();
    let names = files.filter_map(|file| Some(file.file_name().to_str()?.strip_suffix(".c")?.to_owned()));
    names.collect()
}

#[test]
fn every_program_helps_and_refuses_an_unknown_option() {
    for name in names() {
        for kind in KINDS {
            let help = finished(Command::new(program(&name, kind)).arg("-h"), b"");
            assert!(help.status.success() && help.stderr.is_empty(), "{name}{kind}: {}", told(&help));
            assert!(help.stdout.starts_with(format!("usage: {name} ").as_bytes()), "{name}: {}", told(&help));
            let bad = finished(Command::new(program(&name, kind)).arg("-?"), b"");
            assert_eq!(bad.status.code(), Some(2), "{name}{kind}: {}", told(&bad));
            assert!(bad.stdout.is_empty() && lines_of(&bad.stderr) == 1, "{name}{kind}: {}", told(&bad));
        }
    }
}

#[test]
fn every_server_and_client_refuses_a_bad_address_and_port() {
    let both: [&[&str]; 6] = [
        &["localhost"],
        &["127.0.0.01"],
        &["1.2.3"],
        &["127.0.0.1", "65536"],
        &["127.0.0.1", "http"],
        &["127.0.0.1", "-1"],
    ];
    let (servers, clients): (Vec<_>, Vec<_>) = names()
        .into_iter()
        .filter(|name| name.ends_with("_server") || name.ends_with("_client"))
        .filter(|name| !name.starts_with("unix_")) // they take a path
        .partition(|name| name.ends_with("_server"));
    assert!(servers.len() == 8 && clients.len() == 4, "{servers:?} {clients:?}");
    for name in servers.iter().chain(&clients) {
        for arguments in both {
            let output = finished(Command::new(program(name, "")).args(arguments), b"");
            assert_eq!(output.status.code(), Some(2), "{name} {arguments:?}: {}", told(&output));
            assert!(output.stdout.is_empty() && lines_of(&output.stderr) == 1, "{name}: {}", told(&output));
        }
    }
    for name in &servers {
        let output = finished(Command::new(program(name, "")).args(["127.0.0.1", "0", "more"]), b"");
        assert_eq!(output.status.code(), Some(2), "{name} with too many arguments: {}", told(&output));
    }
}

#[test]
fn no_program_is_longer_than_a_tutorial_may_be() {
    for entry in fs::read_dir(root().join("c_examples")).unwrap().flatten() {
        if entry.path().extension().is_some_and(|extension| extension == "c") {
            let lines = fs::read_to_string(entry.path()).unwrap().lines().count();
            let classic = entry.file_name().to_str().unwrap().starts_with("echo_");
            assert!(lines <= if classic { 99 } else { 120 }, "{}: {lines} lines", entry.path().display());
        }
    }
}

/// The programs with a section in the README, and those in its table about the kernel.
#[test]
fn the_readme_tells_of_every_program() {
    let readme = fs::read_to_string(root().join("c_examples/README.md")).unwrap();
    let headings = readme.lines().filter_map(|line| line.strip_prefix("## "));
    let sections: Vec<&str> = headings.flat_map(|heading| heading.split(", ")).collect();
    for name in names() {
        assert!(sections.contains(&name.as_str()), "no section for {name}");
        assert!(readme.contains(&format!("bin/{name}")), "how to run {name}");
    }
    let table = readme.split("## What the tutorials say").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows: Vec<&str> = table.lines().filter(|line| line.starts_with("| ")).skip(1).collect();
    assert_eq!(rows.len(), 21, "{rows:?}");
    for row in rows {
        let programs = row.trim_end_matches(" |").rsplit("| ").next().unwrap();
        assert!(programs.split(", ").all(|program| names().iter().any(|name| name == program)), "{row}");
    }
}

/// Whether a text calls a function. A longer name that ends like it is another one.
fn calls(text: &str, function: &str) -> bool {
    let parts: Vec<&str> = text.split(&format!("{function}(")).collect();
    parts[..parts.len() - 1].iter().any(|before| !before.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_'))
}

#[test]
fn every_function_is_called_by_a_program_that_shows_it() {
    let folders =
        ["c_examples", "man/examples", "docs/migrating"].map(|folder| fs::read_dir(root().join(folder)).unwrap());
    let files = folders.into_iter().flatten().flatten().map(|file| file.path());
    let sources = files.filter(|path| path.extension().is_some_and(|extension| extension == "c" || extension == "h"));
    let shown: String = sources.map(|path| fs::read_to_string(path).unwrap()).collect();
    let functions = declared();
    assert!(functions.len() > 100, "{functions:?}");
    // The bare names of the classic four are these functions by the header.
    let classic = ["sockutil_readn", "sockutil_writen", "sockutil_recv_peek", "sockutil_readline"];
    let is_shown =
        |name: &str| calls(&shown, name) || (classic.contains(&name) && calls(&shown, &name["sockutil_".len()..]));
    let missing: Vec<&String> = functions.iter().filter(|name| !is_shown(name)).collect();
    assert!(missing.is_empty(), "no program calls {missing:?}");
    assert!(!is_shown("sockutil_tcp_stat") && !is_shown("sockutil_no_such"), "a name is a whole name");
}
