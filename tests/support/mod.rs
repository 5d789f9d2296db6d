//! Shared by the test programs: the shipped libraries, a C compiler for them, and time-limited runs of its programs.

#![allow(dead_code, unused_imports, unused_macros, reason = "each test program uses its own part")]
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod left_out;
mod once;
mod shim;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

pub use left_out::{has_descriptors, has_ipv6, imitates, left_out, name_of_test, pass_on};
pub use once::once;
pub use shim::{shim, shimmed};

/// A table of tests that differ by a name and a value: a line each, its name and its one call.
macro_rules! tests {
    ($($(#[$attribute:meta])* fn $name:ident() = $call:expr;)+) => {
        $(
            #[test]
            $(#[$attribute])*
            fn $name() {
                $call;
            }
        )+
    };
}
pub(crate) use tests;

/// A source with one mistake: the place that `right` quotes, which must be one, becomes `wrong`.
pub fn with_mistake(file: &str, right: &str, wrong: &str) -> String {
    let text = fs::read_to_string(root().join(file)).unwrap_or_else(|e| panic!("{file}: {e}"));
    assert_eq!(text.matches(right).count(), 1, "{file} has changed: {right}");
    text.replace(right, wrong)
}

/// The warnings that C here is free of.
pub const C_WARNINGS: [&str; 5] = ["-Wall", "-Wextra", "-Wconversion", "-pedantic", "-Werror"];

/// How long a C program may run. It is killed then, and its test fails.
const SECONDS: &str = "60";

/// How a C program is linked with the library.
#[derive(Clone, Copy, Debug)]
pub enum Link {
    /// `libsockutil.so`.
    Shared,
    /// `libsockutil.a`.
    Static,
    /// Not at all: a tutorial's own code.
    None,
}

/// The top of the source tree.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn target_dir() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("cargo's tmp folder is in its target folder")
}

/// If tests/memory.sh runs us: the folder of its libraries, which are built with a sanitizer, and of the programs.
fn sanitized() -> Option<PathBuf> {
    std::env::var_os("SOCKUTIL_SANITIZED").map(PathBuf::from)
}

/// The flags that make a C compiler use the same sanitizer.
pub fn sanitizer_flags() -> String {
    std::env::var("SOCKUTIL_SANITIZER_FLAGS").unwrap_or_default()
}

/// A path relative to the root, where programs run, or another one without a space: LD_PRELOAD takes one with a space for
/// two.
pub fn below_root(path: &Path) -> PathBuf {
    let below = path.strip_prefix(root()).unwrap_or(path);
    if !below.to_string_lossy().contains(' ') {
        return below.to_owned();
    }
    // Open for as long as this process runs.
    let file = std::mem::ManuallyDrop::new(fs::File::open(path).expect("a program to be preloaded is there"));
    format!("/proc/{}/fd/{}", std::process::id(), std::os::fd::AsRawFd::as_raw_fd(&*file)).into()
}

/// The folder with the shipped libraries, which the first test that needs them builds.
pub fn libraries() -> PathBuf {
    if let Some(folder) = sanitized() {
        return folder.join("lib");
    }
    if let Some(folder) = std::env::var_os("SOCKUTIL_LIBDIR") {
        return root().join(folder);
    }
    let libraries = target_dir().join("lib");
    once("libraries", || {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--release", "--locked", "--quiet", "--package", "sockutil-capi", "--target-dir"]);
        // With --target, cargo builds into a subfolder.
        let above = std::env::var_os("CARGO_BUILD_TARGET").and_then(|_| target_dir().parent());
        run(cargo.arg(above.unwrap_or(target_dir())).current_dir(root()));
        let built = target_dir().join("release");
        run(Command::new("sh").arg(root().join("capi/stage.sh")).arg(built).arg(&libraries));
    });
    libraries
}

/// Names at the ends of lines, without their versions, in the answer of nm(1). The linker's own symbols are absolute.
pub fn symbols(arguments: &[&str], library: &Path) -> BTreeSet<String> {
    let answer = run(Command::new("nm").args(arguments).arg(library));
    let answer = String::from_utf8(answer.stdout).expect("nm speaks ASCII");
    let lines = answer.lines().filter(|line| !line.contains(" A "));
    let last = lines.filter_map(|line| line.split_whitespace().last());
    last.filter_map(|name| name.split('@').next()).map(str::to_owned).collect()
}

/// Whether this runs under qemu's user mode, which tests/cross.sh marks.
pub fn emulated() -> bool {
    std::env::var_os("SOCKUTIL_EMULATED").is_some()
}

/// A fresh folder for a test's files.
pub fn scratch(name: &str) -> PathBuf {
    let folder = sanitized().unwrap_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR"))).join(name);
    fs::create_dir_all(&folder).expect("the target folder is writable");
    folder
}

/// A compiler command for C, or for C++, with this machine's flags.
pub fn compiler(cpp: bool) -> Command {
    let target = env!("SOCKUTIL_TARGET");
    cc::Build::new().cpp(cpp).target(target).host(target).opt_level(1).cargo_metadata(false).get_compiler().to_command()
}

/// Whether a C++ compiler makes the program `any`; else `what` is left out. Not every machine with a C compiler has one.
pub fn has_cpp(name: &str, any: &str, what: &str) -> bool {
    let source = scratch("cpp").join(name).with_extension("cpp");
    let program = source.with_extension("program");
    once(&format!("cpp-{name}"), || {
        fs::write(&source, any).expect("the target folder is writable");
        let _ = fs::remove_file(&program);
        let _ = compiler(true).arg(&source).arg("-o").arg(&program).output();
    });
    let has = program.exists();
    if !has {
        left_out("no C++ compiler", what);
    }
    has
}

/// Appends the arguments that link a C program with the library. They come after the sources. A program without the
/// library gets no sanitizer.
pub fn link(command: &mut Command, link: Link) -> &mut Command {
    if !matches!(link, Link::None) {
        command.args(sanitizer_flags().split_whitespace());
    }
    match link {
        Link::Shared => {
            let mut rpath = std::ffi::OsString::from("-Wl,-rpath,");
            rpath.push(libraries());
            command.arg("-L").arg(libraries()).arg(rpath).arg("-lsockutil")
        }
        Link::Static => command.arg(libraries().join("libsockutil.a")),
        Link::None => command,
    }
}

/// Compiles C sources of `tests/c` into a program, once for all tests that run it. `flags` come first.
pub fn compile_c(name: &str, sources: &[&str], how: Link, flags: &[&str]) -> PathBuf {
    let name = format!("{}-{how:?}", name.replace('/', "-"));
    let program = scratch("c").join(&name);
    once(&name, || {
        let mut command = compiler(false);
        command.args(["-std=c11", "-D_GNU_SOURCE", "-pthread"]).args(C_WARNINGS).args(flags);
        command.arg("-I").arg(root().join("include")).arg("-I").arg(root().join("tests/c"));
        command.args(sources.iter().map(|source| root().join("tests/c").join(source)));
        // A run beside this one may have started the old program.
        let new = program.with_extension("new");
        command.arg("-o").arg(&new);
        run(link(&mut command, how));
        fs::rename(new, &program).expect("both are in one folder");
    });
    if matches!(how, Link::None) { program } else { under(program) }
}

/// A program or, with `SOCKUTIL_RUN_UNDER`, a script that becomes that program under a tool such as valgrind.
pub fn under(program: PathBuf) -> PathBuf {
    let Ok(tool) = std::env::var("SOCKUTIL_RUN_UNDER") else { return program };
    let folder = program.parent().expect("a program is in a folder").file_name().expect("and that has a name");
    let folder = Path::new("under").join(folder);
    let script = scratch(&folder.to_string_lossy()).join(program.file_name().expect("a program has a name"));
    let name = format!("under-{}", folder.join(program.file_name().expect("as above")).display());
    once(&name, || {
        // Written by a separate process: a file open for writing here may be open in a child, too, and then cannot be run.
        let write = r#"printf '#!/bin/sh\nexec %s %s "$@"\n' "$1" "$2" >"$3" && chmod +x "$3""#;
        run(Command::new("sh").args(["-c", write, "sh", &tool]).arg(&program).arg(&script));
    });
    script
}

/// Runs a program to its end, for at most a minute, and returns its output.
pub fn output(program: impl AsRef<OsStr>) -> Output {
    let output = Command::new("timeout").args(["-k", "5", SECONDS]).arg(program).output();
    let output = output.expect("timeout(1) can be run");
    pass_on(&told(&output));
    output
}

/// Runs a command that must succeed.
pub fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|e| panic!("{:?}: {e}", command.get_program()));
    let words = [command.get_program()].into_iter().chain(command.get_args()).collect::<Vec<_>>();
    assert!(output.status.success(), "{words:?}\n{}", told(&output));
    pass_on(&told(&output));
    output
}

/// All output of a program, for a failure's message and for checks.
pub fn told(output: &Output) -> String {
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    format!("{}\n{}{}", output.status, text(&output.stdout), text(&output.stderr))
}
