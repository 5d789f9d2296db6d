//! The manual pages: their programs compile, run and print the page's output, and the check of the names misses
//! nothing.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/declared.rs"]
mod declared;
mod support;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use declared::declared;
use support::{C_WARNINGS, Link, compiler, libraries, link, output, root, run, scratch, symbols, told, under};

/// The committed pages.
fn pages() -> Vec<PathBuf> {
    let folders = ["man/man3", "man/man7"].map(|folder| fs::read_dir(root().join(folder)).unwrap());
    let mut pages: Vec<PathBuf> = folders.into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    pages.sort();
    pages
}

/// A displayed text as a reader sees it.
fn seen(text: &str) -> String {
    let mut text = text.replace("\n\\&", "\n");
    for (escape, character) in
        [("\\-", "-"), ("\\(aq", "'"), ("\\(ga", "`"), ("\\(ha", "^"), ("\\(ti", "~"), ("\\e", "\\")]
    {
        text = text.replace(escape, character);
    }
    text
}

/// The programs of a page's EXAMPLES, each with its output.
fn programs(page: &Path) -> Vec<(String, String)> {
    let text = fs::read_to_string(page).unwrap();
    let examples = text.split("\n.Sh ").find(|section| section.starts_with("EXAMPLES\n")).unwrap();
    let displays =
        examples.split("\n.Bd -literal\n").skip(1).map(|rest| seen(rest.split_once("\n.Ed").unwrap().0) + "\n");
    let displays: Vec<String> = displays.collect();
    displays.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect()
}

/// The page whose program asks `sock_diag`, which qemu's user mode lacks.
const ASKS_SOCK_DIAG: &str = "sockutil_tcp_state.3";

#[test]
fn the_pages_programs_compile_and_print_what_the_page_says() {
    let count = programs_print_what_the_page_says(|name| name != ASKS_SOCK_DIAG);
    assert!(count >= 14, "{count} programs");
}

#[test]
fn the_program_of_sockutil_tcp_state_prints_what_the_page_says() {
    assert_eq!(programs_print_what_the_page_says(|name| name == ASKS_SOCK_DIAG), 1);
}

/// The number of programs in the chosen pages.
fn programs_print_what_the_page_says(chosen: impl Fn(&str) -> bool) -> usize {
    let mut ran = Vec::new();
    for page in pages().iter().filter(|page| chosen(page.file_name().unwrap().to_str().unwrap())) {
        let name = page.file_name().unwrap().to_str().unwrap();
        let programs = programs(page);
        assert!(!programs.is_empty(), "{name} shows no program");
        for (index, (text, prints)) in programs.iter().enumerate() {
            let source = scratch("man").join(format!("{name}-{index}.c"));
            fs::write(&source, text).unwrap();
            for how in [Link::Shared, Link::Static] {
                let program = source.with_extension(format!("{how:?}"));
                let mut command = compiler(false);
                command.args(["-std=c11", "-D_GNU_SOURCE"]).args(C_WARNINGS);
                command.arg("-I").arg(root().join("include")).arg(&source).arg("-o").arg(&program);
                run(link(&mut command, how));
                let said = output(under(program));
                assert!(said.status.success(), "{name}, {how:?}: {}", told(&said));
                assert_eq!(&String::from_utf8_lossy(&said.stdout), prints, "{name}, {how:?}");
            }
            ran.push(source);
        }
    }
    ran.len()
}

/// Names in five places, to break one of them.
struct Names {
    library: PathBuf,
    folder: PathBuf,
}

impl Names {
    /// Copies of README and pages, and the names that the header declares.
    fn new(name: &str) -> Self {
        let folder = scratch("names").join(name);
        let man3 = folder.join("man/man3");
        // Remove the changes of an earlier run.
        if folder.exists() {
            fs::remove_dir_all(&folder).unwrap();
        }
        fs::create_dir_all(&man3).unwrap();
        for entry in fs::read_dir(root().join("man/man3")).unwrap() {
            let page = entry.unwrap().path();
            fs::copy(&page, man3.join(page.file_name().unwrap())).unwrap();
        }
        fs::write(folder.join("declared"), declared().join("\n") + "\n").unwrap();
        fs::copy(root().join("README.md"), folder.join("README.md")).unwrap();
        Self { library: libraries().join("libsockutil.so"), folder }
    }

    /// Removes a text from a file, which must have it.
    fn without(self, file: &str, text: &str) -> Self {
        let path = self.folder.join(file);
        let old = fs::read_to_string(&path).unwrap();
        assert!(old.contains(text), "{file}: {text}");
        fs::write(path, old.replacen(text, "", 1)).unwrap();
        self
    }

    /// Another library, which lacks one of the functions.
    fn without_symbol(mut self, name: &str) -> Self {
        let symbols = symbols(&["-D", "--defined-only"], &self.library);
        let text: Vec<String> =
            symbols.iter().filter(|s| *s != name).map(|s| format!("void {s}(void) {{}}\n")).collect();
        let source = self.folder.join("library.c");
        fs::write(&source, text.concat()).unwrap();
        self.library = self.folder.join("library.so");
        // The compiler accepts only its own htons; only names matter here.
        let mut versions = OsString::from("-Wl,--version-script=");
        versions.push(root().join("capi/sockutil.map"));
        let mut compiler = compiler(false);
        compiler.args(["-w", "-fno-builtin", "-shared", "-fPIC"]).arg(versions).arg(&source);
        run(compiler.arg("-o").arg(&self.library));
        self
    }

    fn check(&self) -> Output {
        let mut command = Command::new("sh");
        command.arg(root().join("tests/abi/names.sh")).arg(&self.library).current_dir(&self.folder);
        command.args(["declared", "man", "README.md"]).output().unwrap()
    }

    fn must_complain(&self, complaint: &str) {
        let said = self.check();
        let complaints = String::from_utf8_lossy(&said.stderr);
        assert!(complaints.lines().any(|line| line == format!("names: {complaint}")), "{complaint}: {}", told(&said));
        assert_eq!(said.status.code(), Some(1), "{complaint}");
        // There is no other complaint.
        let name = complaint.split(' ').find(|word| word.contains("sockutil_") || word.contains("read")).unwrap();
        assert!(complaints.lines().all(|line| line.contains(name)), "{complaint}: {complaints}");
    }
}

#[test]
fn the_names_are_the_same_everywhere() {
    let said = Names::new("same").check();
    assert!(said.status.success(), "{}", told(&said));
}

#[test]
fn a_name_that_is_missing_in_one_place_is_found() {
    let names = |case| Names::new(case);
    let page = "man/man3/sockutil_time.3";
    names("library")
        .without_symbol("sockutil_wait")
        .must_complain("sockutil_wait is declared in the header, and not exported");
    names("header")
        .without("declared", "sockutil_wait\n")
        .must_complain("sockutil_wait is exported, and not declared in the header");
    names("page")
        .without(page, ".Nm sockutil_wait ,\n")
        .must_complain("sockutil_wait is exported, and not in a NAME section");
    names("readme")
        .without("README.md", "`sockutil_wait` ")
        .must_complain("sockutil_wait is exported, and not in a table of README.md");
}

#[test]
fn a_bare_name_that_is_missing_in_one_place_is_found() {
    let names = |case| Names::new(&format!("bare-{case}"));
    names("library").without_symbol("readn").must_complain("readn is declared in the header, and not exported");
    names("header").without("declared", "\nreadn").must_complain("readn is exported, and not declared in the header");
    names("page")
        .without("man/man3/sockutil_classic.3", ".Nm readn ,\n")
        .must_complain("readn is exported, and not in a NAME section");
    names("readme")
        .without("README.md", "| `readn` ")
        .must_complain("readn is exported, and not in a table of README.md");
}

#[test]
fn a_name_on_two_pages_and_a_page_with_anothers_name_are_found() {
    let twice = Names::new("twice");
    fs::write(twice.folder.join("man/man3/sockutil_again.3"), ".Sh NAME\n.Nm sockutil_wait\n.Nd again\n").unwrap();
    twice.must_complain("sockutil_wait is in two NAME sections");
    let taken = Names::new("taken");
    fs::write(taken.folder.join("man/man3/readline.3"), ".so man3/sockutil_classic.3\n").unwrap();
    taken.must_complain("man/man3/readline.3: a page of this name belongs to others");
}
