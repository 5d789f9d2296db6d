//! The shipped files: their exports and imports, and C programs of every kind that use them.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/declared.rs"]
mod declared;
mod support;

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::{fs, io, thread};

use declared::declared;
use support::{
    C_WARNINGS, Link, compile_c, compiler, has_cpp, libraries, link, output, pass_on, root, run, scratch, shimmed,
    symbols, told, under,
};

const CLASSIC: [&str; 4] = ["readn", "writen", "recv_peek", "readline"];

fn stdout(command: &mut Command) -> String {
    String::from_utf8(run(command).stdout).expect("tools speak ASCII")
}

#[test]
fn the_shared_library_exports_what_the_header_declares_and_nothing_else() {
    let exported = symbols(&["--dynamic", "--defined-only"], &libraries().join("libsockutil.so"));
    assert_eq!(exported, declared().into_iter().collect());
}

#[test]
fn the_static_library_defines_what_the_header_declares() {
    let defined = symbols(&["--defined-only", "--extern-only"], &libraries().join("libsockutil.a"));
    assert!(declared().iter().all(|name| defined.contains(name)));
}

#[test]
fn the_static_library_holds_its_own_object_alone() {
    let members = stdout(Command::new("ar").arg("t").arg(libraries().join("libsockutil.a")));
    assert_eq!(members, "sockutil.o\n");
    // It needs no more than the shared one, which links only libc. nm also names the object and the linker's table.
    let needed = symbols(&["--undefined-only"], &libraries().join("libsockutil.a"));
    assert!(needed.contains("recv"), "{needed:?}");
    let imported = symbols(&["--dynamic", "--undefined-only"], &libraries().join("libsockutil.so"));
    let mut others = vec!["_GLOBAL_OFFSET_TABLE_", "sockutil.o:"];
    // Every C compiler has 64-bit division for a machine without it.
    if cfg!(target_pointer_width = "32") {
        others.extend(["__divdi3", "__udivdi3"]);
    }
    let more: Vec<_> = needed.difference(&imported).filter(|name| !others.contains(&name.as_str())).collect();
    assert!(more.is_empty(), "{more:?}");
}

#[test]
fn the_shared_library_needs_libc_alone_and_has_its_soname() {
    let answer = stdout(Command::new("readelf").arg("--dynamic").arg(libraries().join("libsockutil.so")));
    let values = |tag: &str| {
        let lines = answer.lines().filter(|line| line.contains(tag));
        lines.filter_map(|line| line.split(['[', ']']).nth(1)).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(values("(NEEDED)"), [if cfg!(target_env = "musl") { "libc.so" } else { "libc.so.6" }]);
    assert_eq!(values("(SONAME)"), ["libsockutil.so.0"]);
}

#[test]
fn nothing_of_it_can_be_overwritten_or_run_that_should_not() {
    let readelf = |option, file| stdout(Command::new("readelf").args([option, "--wide"]).arg(libraries().join(file)));
    // The addresses of libc's functions are all found at the start, and then read-only.
    let dynamic = readelf("--dynamic", "libsockutil.so");
    assert!(dynamic.contains("BIND_NOW"), "{dynamic}");
    assert!(!dynamic.contains("TEXTREL"), "{dynamic}");
    let segments = readelf("--segments", "libsockutil.so");
    assert!(segments.contains("GNU_RELRO"), "{segments}");
    let stack = segments.lines().find(|line| line.contains("GNU_STACK")).expect("it says what the stack may be");
    assert!(stack.contains(" RW ") && !stack.contains("RWE"), "{stack}");
    assert!(!segments.lines().any(|line| line.contains("LOAD") && line.contains("RWE")), "{segments}");
    // A program made of the static library has what its own linker gives; an object without this would take it away.
    let sections = readelf("--sections", "libsockutil.a");
    assert!(sections.contains(".note.GNU-stack"), "{sections}");
}

#[test]
fn no_allocation_no_printing_no_exit_no_threads() {
    let imported = symbols(&["--dynamic", "--undefined-only"], &libraries().join("libsockutil.so"));
    let mut names: BTreeSet<&str> = imported.iter().map(String::as_str).collect();
    assert!(names.contains("recv"), "{names:?}");
    // The one exception of the contract: a call of the resolver takes its memory, and frees it.
    assert_eq!(names.remove("getaddrinfo"), names.remove("freeaddrinfo"));
    for word in ["alloc", "free", "mmap", "brk", "print", "exit", "abort", "pthread", "mutex", "unwind", "panic"] {
        assert!(!names.iter().any(|name| name.contains(word)), "{word}: {names:?}");
    }
    // Not stripped, so that the names of its own functions can be searched too.
    let own = symbols(&[], &libraries().join("libsockutil.so"));
    assert!(own.contains("sockutil_readn"));
    for word in ["panic", "unwind", "alloc"] {
        assert!(!own.iter().any(|name| name.contains(word)), "{word}: {own:?}");
    }
}

/// Compiles one source as the language says, links it both ways, and runs it.
fn serves(cpp: bool, language: &[&str], source: &Path) {
    serves_with(cpp, language, source, &[]);
}

/// Like [`serves`], for a program with arguments. What it prints, both times.
fn serves_with(cpp: bool, language: &[&str], source: &Path, arguments: &[&str]) -> [String; 2] {
    [Link::Shared, Link::Static].map(|how| {
        let name = source.file_stem().unwrap().to_str().unwrap();
        let program = scratch("library").join(format!("{name}-{}-{how:?}", language.concat()));
        let mut command = compiler(cpp);
        command.args(language).args(C_WARNINGS).arg("-I").arg(root().join("include"));
        // After the source come libraries, whatever the language of the source.
        command.arg(source).args(["-x", "none", "-o"]).arg(&program);
        run(link(&mut command, how));
        let mut limited = Command::new("timeout");
        let done = limited.args(["-k", "5", "60"]).arg(under(program)).args(arguments).output().unwrap();
        pass_on(&told(&done));
        assert!(done.status.success(), "{name} {language:?} {how:?} {}", told(&done));
        String::from_utf8(done.stdout).unwrap()
    })
}

#[test]
fn the_header_alone_serves_c99_and_later() {
    let source = root().join("tests/c/header.c");
    for standard in ["-std=c99", "-std=gnu99", "-std=c11", "-std=c17"] {
        serves(false, &[standard], &source);
    }
}

#[test]
fn the_header_says_what_the_contract_says() {
    let source = root().join("tests/c/prototypes.c");
    serves(false, &["-std=c99"], &source);
    // The control: another prototype for one of them must be refused.
    let other = scratch("library").join("other_prototype.c");
    let text = fs::read_to_string(source).unwrap();
    let wrong = text
        .replace("int sockutil_wait(int fd, int poll_events, int", "int sockutil_wait(int fd, int poll_events, long");
    assert_ne!(text, wrong);
    fs::write(&other, wrong).unwrap();
    let include = root().join("include");
    let refused = compiler(false).arg("-fsyntax-only").arg("-I").arg(include).arg(&other).output().unwrap();
    assert!(told(&refused).contains("conflicting types"), "{}", told(&refused));
}

#[test]
fn the_header_alone_serves_cpp11_and_later() {
    if !has_cpp("alone", "int main() { return 0; }\n", "the C header in C++") {
        return;
    }
    let source = root().join("tests/c/header.c");
    for standard in ["-std=c++11", "-std=c++17", "-std=c++20"] {
        serves(true, &[standard, "-x", "c++"], &source);
    }
}

/// Runs a program of `tests/c` with the shared and with the static library.
fn passes(name: &str) {
    for how in [Link::Shared, Link::Static] {
        let done = output(compile_c(name, &[&format!("{name}.c")], how, &[]));
        assert!(done.status.success(), "{name} {how:?} {}", told(&done));
    }
}

#[test]
fn a_peer_that_is_always_ready_does_not_stretch_the_time() {
    for how in [Link::Shared, Link::Static] {
        let program = compile_c("answered", &["answered.c"], how, &[]);
        for function in [
            "read_full",
            "read_line",
            "write_full",
            "writev_full",
            "send_frame",
            "reader_line",
            "reader_skip_line",
            "writer_put",
            "writer_frame",
            "writer_flush",
        ] {
            let rules = "recv result=1\nsend result=1\nsendmsg result=1";
            run(shimmed(Command::new(&program).args(["ready", function]), rules));
        }
    }
}

#[test]
fn a_call_uses_at_most_8_kib_of_stack() {
    // A sanitizer's frames are larger, and valgrind does not allow a look below the stack pointer.
    if support::sanitizer_flags().is_empty() && std::env::var_os("SOCKUTIL_RUN_UNDER").is_none() {
        passes("stack");
    }
}

#[test]
fn a_write_to_a_peer_that_is_gone_kills_nobody() {
    passes("sigpipe");
}

#[test]
fn pthread_cancel_ends_every_wait() {
    for how in [Link::Shared, Link::Static] {
        run(&mut Command::new(compile_c("cancel", &["cancel.c"], how, &["-fexceptions"])));
    }
}

#[test]
fn a_program_may_declare_the_classic_names_itself() {
    passes("by_hand");
}

#[test]
fn a_program_and_the_library_each_have_their_own_functions_by_the_classic_names() {
    for how in [Link::Shared, Link::Static] {
        run(&mut Command::new(compile_c("own_readn", &["own_readn.c", "own_readn_other.c"], how, &[])));
    }
}

#[test]
fn a_program_may_have_other_uses_for_the_classic_names() {
    let object = scratch("library").join("own_names.o");
    let mut command = compiler(false);
    command.args(["-std=c11", "-D_GNU_SOURCE", "-c"]).args(C_WARNINGS);
    command.arg("-I").arg(root().join("include")).arg(root().join("tests/c/own_names.c")).arg("-o").arg(&object);
    run(&mut command);
    let program = scratch("library").join("own_names");
    run(link(compiler(false).arg(&object).arg("-o").arg(&program), Link::Shared));
    let done = output(under(program));
    assert!(done.status.success(), "{}", told(&done));
}

#[test]
fn a_program_with_the_header_refers_to_no_bare_name() {
    let object = scratch("library").join("header.o");
    let source = root().join("tests/c/header.c");
    run(compiler(false).arg("-c").arg("-I").arg(root().join("include")).arg(source).arg("-o").arg(&object));
    let wanted = symbols(&["--undefined-only"], &object);
    assert!(wanted.contains("sockutil_readline"), "{wanted:?}");
    assert!(CLASSIC.iter().all(|name| !wanted.contains(*name)), "{wanted:?}");
}

/// Sends all bytes of each client back, one client after the other, and returns its port.
fn echo_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            // A program under test may reset: that fails its own test.
            drop(io::copy(&mut client.try_clone().unwrap(), &mut client));
        }
    });
    port
}

/// The documents whose blocks of C are programs, or parts of one that another test knows. The translations have the
/// same blocks.
const DOCUMENTS: [(&str, usize); 2] = [("README.md", 2), ("docs/migrating.md", 1)];

/// A program with arguments is a client, and gets the port of a server.
#[test]
fn the_documents_programs_compile_and_run() {
    let port = echo_server();
    for (document, count) in DOCUMENTS {
        let text = fs::read_to_string(root().join(document)).unwrap();
        let blocks = text.split("```c\n").skip(1).filter_map(|rest| rest.split("```").next());
        let programs: Vec<&str> = blocks.filter(|block| block.contains("int main(")).collect();
        assert_eq!(programs.len(), count, "{document}");
        for (index, text) in programs.into_iter().enumerate() {
            let source = scratch("library").join(format!("{}_{index}.c", document.replace(['/', '.'], "_")));
            fs::write(&source, text).unwrap();
            let arguments: &[&str] = if text.contains("argv") { &[&port] } else { &[] };
            let printed = serves_with(false, &["-std=gnu99"], &source, arguments);
            if !arguments.is_empty() {
                assert_eq!(printed, ["hello\n"; 2], "{document}");
            }
        }
    }
}

#[test]
fn the_readmes_plot_is_of_the_results() {
    let made = stdout(Command::new("sh").arg(root().join("docs/speed.sh")).arg(root().join("bench/results.json")));
    assert_eq!(made, fs::read_to_string(root().join("docs/speed.svg")).unwrap(), "make it by docs/speed.sh");
}

#[test]
fn the_documents_name_what_the_header_has() {
    let words = |text: &str| -> BTreeSet<String> {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        words.filter(|word| word.to_ascii_lowercase().starts_with("sockutil_")).map(str::to_owned).collect()
    };
    let header = words(&fs::read_to_string(root().join("include/sockutil.h")).unwrap());
    for document in ["c_examples/README", "docs/migrating"] {
        for end in [".md", ".zh-CN.md"] {
            let named = words(&fs::read_to_string(root().join(format!("{document}{end}"))).unwrap());
            assert!(named.len() > 20, "{document}{end} was not understood");
            let unknown: Vec<_> = named.difference(&header).filter(|word| *word != "sockutil_").collect();
            assert!(unknown.is_empty(), "{document}{end}: {unknown:?}");
        }
    }
}

/// Code, commands, names and links, which both languages must have.
fn untranslated(readme: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut in_code = false;
    for line in readme.lines() {
        let fence = line.starts_with("```");
        in_code ^= fence;
        if in_code || fence || line.starts_with("    ") {
            found.push(line.to_owned());
        } else if line.starts_with('#') {
            found.push(line.chars().take_while(|c| *c == '#').collect());
        } else if line.starts_with('|') {
            found.extend(line.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    found
}

#[test]
fn the_readmes_are_in_step() {
    let [english, chinese] =
        ["README.md", "README.zh-CN.md"].map(|name| fs::read_to_string(root().join(name)).unwrap());
    let (expected, found) = (untranslated(&english), untranslated(&chinese));
    assert!(expected.len() > 100, "the README was not understood");
    assert_eq!(expected, found);
    assert_eq!(shape(&english), shape(&chinese));
}

/// What a document consists of, but for its prose: levels of headings, cells of tables, items of lists, commands. Words
/// about a command come after three blanks.
fn shape(document: &str) -> Vec<String> {
    let line = |line: &str| match line.split(' ').next() {
        Some(hashes) if hashes.starts_with('#') => Some(hashes.to_owned()),
        Some("|") => Some(format!("{} cells", line.replace("\\|", "").matches('|').count())),
        Some("-") => Some("an item".to_owned()),
        Some("") => line.strip_prefix("    ").and_then(|code| code.split("   ").next()).map(str::to_owned),
        _ => None,
    };
    document.lines().filter_map(line).collect()
}

#[test]
fn the_other_documents_are_in_step() {
    for document in ["c_examples/README", "docs/migrating"] {
        let [english, chinese] = [".md", ".zh-CN.md"]
            .map(|end| shape(&fs::read_to_string(root().join(format!("{document}{end}"))).unwrap()));
        assert!(english.len() > 50, "{document} was not understood");
        assert_eq!(english, chinese, "{document}");
    }
}
