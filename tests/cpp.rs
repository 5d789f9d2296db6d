//! `include/sockutil.hpp`: programs of `tests/cpp` use every function in each of its forms.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that goes wrong may well panic"
)]

mod support;

use std::fs;
use std::path::PathBuf;

use support::{C_WARNINGS, Link, compiler, has_cpp, link, output, root, run, scratch, told, under};

/// Whether there is a C++ compiler with its library, which musl's has not.
fn has_compiler(what: &str) -> bool {
    let any =
        "#include <string>\n#include <system_error>\nint main() { return std::system_category().name()[0] == 0; }\n";
    has_cpp("library", any, what)
}

/// The arguments that a program of `tests/cpp` is compiled with, without the library.
fn arguments(name: &str, flags: &[&str]) -> Vec<String> {
    let mut arguments: Vec<String> = flags.iter().chain(&C_WARNINGS).map(|&flag| flag.to_owned()).collect();
    arguments.extend(["-pthread".to_owned(), format!("-I{}", root().join("include").display())]);
    arguments.push(root().join("tests/cpp").join(name).display().to_string());
    arguments
}

/// Compiles a program of `tests/cpp`, links it with the library, and runs it.
fn passes(name: &str, how: Link, flags: &[&str]) {
    if !has_compiler(&format!("tests/cpp/{name}.cpp")) {
        return;
    }
    let program: PathBuf = scratch("cpp").join(format!("{name}{}-{how:?}", flags.concat()));
    let mut command = compiler(true);
    command.args(arguments(&format!("{name}.cpp"), flags)).arg("-o").arg(&program);
    run(link(&mut command, how));
    let done = output(under(program));
    assert!(done.status.success(), "{name} {flags:?} {how:?} {}", told(&done));
}

#[test]
fn each_form_with_an_error_code_sets_and_clears_it() {
    passes("codes", Link::Shared, &["-std=c++17"]);
}

#[test]
fn the_forms_with_an_error_code_need_no_exceptions() {
    passes("codes", Link::Static, &["-std=c++20", "-fno-exceptions"]);
}

#[test]
fn each_form_that_throws_throws_the_code_and_the_count() {
    passes("throws", Link::Shared, &["-std=c++17"]);
}

#[test]
fn a_descriptor_is_closed_once_whatever_is_moved_thrown_or_cancelled() {
    passes("ownership", Link::Static, &["-std=c++17"]);
}

/// The first error that a compiler finds in a program of these lines; none if it compiles.
fn error_in(name: &str, flags: &[&str], lines: &str) -> Option<String> {
    error_in_program(name, flags, &format!("#include <sockutil.hpp>\nint main() {{\n{lines}\n}}\n"))
}

fn error_in_program(name: &str, flags: &[&str], program: &str) -> Option<String> {
    let source = scratch("cpp").join(name);
    fs::write(&source, program).unwrap();
    let mut command = compiler(true);
    let mut arguments = arguments(name, flags);
    arguments.pop();
    // To the object file: some errors come as late as that.
    let compiled = command.args(arguments).arg("-c").arg(&source).arg("-o").arg(source.with_extension("o")).output();
    let compiled = compiled.expect("there is a compiler");
    let error = told(&compiled).lines().find(|line| line.contains("error:")).map(str::to_owned);
    assert_eq!(compiled.status.success(), error.is_none(), "{}", told(&compiled));
    error
}

#[test]
fn without_exceptions_a_form_that_throws_does_not_compile() {
    if !has_compiler("a form that throws, without exceptions") {
        return;
    }
    let throws = "sockutil::socket s = sockutil::tcp_connect(\"localhost\", \"7\");";
    let no_exceptions = ["-std=c++17", "-fno-exceptions"];
    assert_eq!(error_in("throws_with.cpp", &["-std=c++17"], throws), None);
    let code = "std::error_code e; sockutil::tcp_connect(\"localhost\", \"7\", sockutil::forever, 0, e);";
    assert_eq!(error_in("code_without.cpp", &no_exceptions, code), None);
    let error = error_in("throws_without.cpp", &no_exceptions, throws).expect("it needs exceptions");
    assert!(error.contains("without exceptions use the form with std::error_code"), "{error}");
}

#[test]
fn the_example_in_the_header_compiles() {
    if !has_compiler("the example in the C++ header") {
        return;
    }
    let header = fs::read_to_string(root().join("include/sockutil.hpp")).unwrap();
    let lines = header.lines().map(|line| line.trim_start_matches(" *").trim_start_matches("   "));
    let example = lines.skip_while(|line| *line != "#include <sockutil.hpp>");
    let mut program: Vec<&str> = example.take_while(|line| *line != "}").collect();
    program.push("}\n");
    assert!((8..20).contains(&program.len()), "{program:#?}");
    assert_eq!(error_in_program("example.cpp", &["-std=c++17"], &program.join("\n")), None);
}

#[test]
fn misuse_does_not_compile() {
    if !has_compiler("misuse of the C++ header") {
        return;
    }
    let flags = ["-std=c++17"];
    for (i, (right, wrong)) in [
        // A number without a unit is no time limit.
        ("std::chrono::seconds limit(5); sockutil::wait(0, POLLIN, limit);", "sockutil::wait(0, POLLIN, 5);"),
        ("sockutil::socket a, b(std::move(a));", "sockutil::socket a, b(a);"),
        ("sockutil::socket a; sockutil::close(std::move(a));", "sockutil::socket a; sockutil::close(a);"),
        // How much of an array is to be sent?
        ("char b[4] = {}; sockutil::write_full(1, {b, 4});", "char b[4] = {}; sockutil::write_full(1, b);"),
        // The socket would be closed before the first line.
        (
            "auto s = sockutil::unix_connect(\"@x\"); sockutil::reader r(s);",
            "sockutil::reader r(sockutil::unix_connect(\"@x\"));",
        ),
        (
            "sockutil::relays r; auto s = sockutil::unix_connect(\"@x\"); r.add(s, 1); r.add(0, s);",
            "sockutil::relays r; r.add(sockutil::unix_connect(\"@x\"), 1);",
        ),
        (
            "sockutil::relays r; sockutil::socket a, b; r.add(a, b);",
            "sockutil::relays r; sockutil::socket a; r.add(a, sockutil::unix_connect(\"@x\"));",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(error_in(&format!("right{i}.cpp"), &flags, right), None, "{right}");
        assert!(error_in(&format!("wrong{i}.cpp"), &flags, wrong).is_some(), "{wrong}");
    }
}

/// A public function of the header, as declared: its name, and whether its last argument is an error_code.
#[derive(Debug)]
struct Function {
    name: String,
    takes_code: bool,
    is_noexcept: bool,
    has_comment: bool,
}

/// The functions of the header. clang-format has put each declaration of a namespace into the first column, and each of
/// a class into the fifth.
fn functions_of(header: &str) -> Vec<Function> {
    let mut functions = Vec::<Function>::new();
    let (mut is_public, mut is_class, mut is_detail) = (true, false, false);
    let lines: Vec<&str> = header.lines().collect();
    for (i, line) in lines.iter().enumerate() {
        match *line {
            "namespace detail {" => is_detail = true,
            "} // namespace detail" => is_detail = false,
            "  private:" => is_public = false,
            "};" => (is_public, is_class) = (true, false),
            _ if !is_detail
                && line.ends_with('{')
                && ["class ", "struct "].iter().any(|word| line.starts_with(word)) =>
            {
                is_class = true;
            }
            _ => {}
        }
        let code = match line.strip_prefix("    ") {
            Some(code) if is_class => code,
            None if !is_class && line.starts_with("inline ") => line,
            _ => continue,
        };
        let begins = code.starts_with(|c: char| c.is_ascii_alphabetic() || c == '~') && !code.starts_with("template ");
        let Some((before, _)) = code.split_once('(').filter(|_| begins && is_public && !is_detail) else { continue };
        // As far as its body.
        let whole = lines[i..].iter().copied().take_while(|line| !line.trim_start().starts_with("return"));
        let mut declaration = String::new();
        for line in whole {
            declaration.push_str(line);
            declaration.push('\n');
            if line.ends_with('{') || line.ends_with(';') {
                break;
            }
        }
        // Not what is declared in order to be refused, and not a member's body.
        if declaration.contains("= delete") || before.contains("::") {
            continue;
        }
        let name = if before.contains("operator") {
            format!("operator{}", before.rsplit("operator").next().unwrap())
        } else {
            before.rsplit([' ', '*', '&']).next().unwrap().to_owned()
        };
        let takes_code = declaration.contains("std::error_code &");
        // The form that throws stands directly below the other, and has its comment.
        let before = lines[i - 1];
        let has_comment = before.trim_start().starts_with("///")
            || before.trim_start().starts_with("template")
            || before.trim_start().starts_with("class =")
            || before.trim() == "}" && functions.last().is_some_and(|last| last.name == name);
        functions.push(Function { name, takes_code, is_noexcept: declaration.contains("noexcept"), has_comment });
    }
    functions
}

/// Whether a source names a function, or has a sign: not as a part of another word.
fn names(source: &str, name: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    source.match_indices(name).any(|(at, _)| {
        let is_part_before = name.starts_with(word) && source[..at].ends_with(word);
        let is_part_after = name.ends_with(word) && source[at + name.len()..].starts_with(word);
        !is_part_before && !is_part_after
    })
}

#[test]
fn every_function_of_the_header_is_used_in_each_form_and_has_a_comment() {
    let header = fs::read_to_string(root().join("include/sockutil.hpp")).unwrap();
    let source = |name: &str| fs::read_to_string(root().join("tests/cpp").join(name)).unwrap();
    let (codes, throws, ownership) = (source("codes.cpp"), source("throws.cpp"), source("ownership.cpp"));
    let functions = functions_of(&header);
    for function in &functions {
        assert!(function.has_comment, "{function:?}");
        // Operators and conversions are used by their signs.
        let name = match function.name.as_str() {
            "operator==" => "==",
            "operator!=" => "!=",
            "operator=" => "= std::move",
            "operator bool" => "!none",
            "~socket" => "descriptors",
            name => name,
        };
        let used = match (function.takes_code, function.is_noexcept) {
            (true, _) => names(&codes, name),
            (false, true) => [&codes, &throws, &ownership].iter().any(|text| names(text, name)),
            (false, false) => names(&throws, name),
        };
        assert!(used, "not in tests/cpp: {function:?}");
    }
    // Each has both forms.
    for function in functions.iter().filter(|function| function.takes_code) {
        let same = || functions.iter().filter(|other| other.name == function.name);
        let throwing = same().filter(|other| !other.takes_code && !other.is_noexcept).count();
        assert_eq!(same().filter(|other| other.takes_code).count(), throwing, "{}", function.name);
    }
    assert!(functions.len() > 100, "only {}", functions.len());
    // The control: functions without a use or a comment are found.
    let planted = header.replace(
        "inline void udp_disconnect(handle fd) {",
        "inline void planted(handle fd) {\n}\ninline void planted_too(handle fd, std::error_code &failure) {",
    );
    let planted: Vec<Function> = functions_of(&planted);
    assert_eq!(planted.len(), functions.len() + 1);
    assert!(planted.iter().any(|f| f.name == "planted" && !f.takes_code && !f.has_comment && !names(&throws, &f.name)));
    assert!(planted.iter().any(|f| f.name == "planted_too" && f.takes_code && !names(&codes, &f.name)));
}
