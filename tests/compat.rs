//! The drop-in headers below compat/: programs in the style of the books, and a case for each function, whose output and
//! status are those of the book's own functions.

#![allow(
    missing_docs,
    unsafe_code,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, and is no interface; the texts of errors are the C library's"
)]

mod support;

use std::collections::BTreeSet;
use std::ffi::CStr;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use support::{Link, compiler, left_out, link, once, pass_on, root, run, scratch, told, under};

/// The warnings that a header must not give, in C89 too.
const HEADER_WARNINGS: [&str; 7] =
    ["-Wall", "-Wextra", "-Wconversion", "-Wwrite-strings", "-Wdeclaration-after-statement", "-pedantic", "-Werror"];

const STANDARDS: [&str; 5] = ["gnu89", "c99", "c11", "c17", "gnu2x"];

/// The two files of a program with cases.
const CASES: [&str; 2] = ["cases.c", "cases_main.c"];

/// A program of sources in tests/c/compat, compiled as its user would: `-I compat/FAMILY`, and by the compiler's own standard
/// unless `flags` say another.
fn program(family: &str, name: &str, sources: &[&str], how: Link, flags: &[&str]) -> PathBuf {
    let name = format!("{family}-{name}-{how:?}");
    let program = scratch("compat").join(&name);
    once(&format!("compat-{name}"), || {
        let mut command = compiler(false);
        command.args(["-pthread", "-Wall", "-Werror"]).args(flags);
        command.arg("-I").arg(root().join("compat").join(family)).arg("-I").arg(root().join("include"));
        command.arg("-I").arg(root().join("tests/c"));
        command.args(sources.iter().map(|source| root().join("tests/c/compat").join(family).join(source)));
        command.arg("-o").arg(&program);
        run(link(&mut command, how));
    });
    under(program)
}

/// A program that ends by itself, for at most a minute.
fn finish(program: &Path, arguments: &[&str], input: &[u8]) -> Output {
    let mut child = bounded(program, arguments).stderr(Stdio::piped()).spawn().expect("timeout(1) can be run");
    let mut stdin = child.stdin.take().expect("stdin is a pipe");
    // A program may end without reading all.
    let _ = stdin.write_all(input);
    drop(stdin);
    let output = child.wait_with_output().expect("its output can be read");
    pass_on(&told(&output));
    output
}

fn bounded(program: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("timeout");
    command.args(["-k", "5", "60"]).arg(program).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

/// A server, which prints its port first. It is ended with this value.
struct Server {
    child: Child,
    stdout: BufReader<std::process::ChildStdout>,
    port: String,
}

impl Server {
    fn start(program: &Path, arguments: &[&str], folder: &Path) -> Server {
        let mut child =
            bounded(program, arguments).stderr(Stdio::piped()).current_dir(folder).spawn().expect("it starts");
        let stdout = child.stdout.take().expect("stdout is a pipe");
        let mut server = Server { child, stdout: BufReader::new(stdout), port: String::new() };
        server.port = server.line();
        server
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("a server prints text");
        line.trim_end().to_owned()
    }

    fn connect(&self) -> TcpStream {
        let port: u16 = self.port.parse().expect("the server prints its port");
        let client = TcpStream::connect(("127.0.0.1", port)).expect("the server listens");
        client.set_read_timeout(Some(Duration::from_secs(30))).expect("the time is not zero");
        client
    }

    /// Ends it and returns what it wrote on stderr.
    fn stop(mut self) -> String {
        let mut stderr = self.child.stderr.take().expect("stderr is a pipe");
        self.end();
        let mut text = String::new();
        stderr.read_to_string(&mut text).expect("a server writes text");
        text
    }

    /// Ends timeout(1) and the program, which are a process group of their own. timeout passes SIGTERM on, but not if it
    /// comes before fork(2) has returned to it, and on a busy machine the program can have written its port by then.
    fn end(&mut self) {
        let group = format!("-{}", self.child.id());
        let _ = Command::new("kill").args(["-s", "TERM", "--", &group]).stderr(Stdio::null()).status();
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

fn strerror(code: i32) -> String {
    // SAFETY: strerror returns a text for each number, which no other call changes before it is copied.
    let text = unsafe { CStr::from_ptr(libc::strerror(code)) };
    text.to_string_lossy().into_owned()
}

fn gai_strerror(code: i32) -> String {
    // SAFETY: gai_strerror returns a constant text for each number.
    let text = unsafe { CStr::from_ptr(libc::gai_strerror(code)) };
    text.to_string_lossy().into_owned()
}

/// What a function writes to stderr, or to stdout, before it ends the program.
enum Said {
    /// This, ": " and the text of an errno value.
    Errno(&'static str, i32),
    /// This, ": " and the text of a resolver's code.
    Gai(&'static str, i32),
    /// This alone.
    Text(&'static str),
    /// The resolver's line, then that of unix_error.
    ResolverAndErrno(&'static str, i32, &'static str, i32),
    /// This on stdout, without a newline, and then status 1.
    Stdout(&'static str),
}

/// Each failure in csapp.h. All but the last kind end the program with status 0.
const CSAPP_FAILURES: &[(&str, Said)] = &[
    ("unix_error", Said::Errno("text", libc::ENOENT)),
    ("posix_error", Said::Errno("text", libc::EACCES)),
    ("gai_error", Said::Gai("text", libc::EAI_SERVICE)),
    ("app_error", Said::Text("text")),
    ("dns_error", Said::Text("text")),
    ("Fork", Said::Errno("Fork error", libc::EAGAIN)),
    ("Execve", Said::Errno("Execve error", libc::ENOENT)),
    ("Wait", Said::Errno("Wait error", libc::ECHILD)),
    ("Waitpid", Said::Errno("Waitpid error", libc::ECHILD)),
    ("Kill", Said::Errno("Kill error", libc::EINVAL)),
    ("Setpgid", Said::Errno("Setpgid error", libc::EINVAL)),
    ("Signal", Said::Errno("Signal error", libc::EINVAL)),
    ("Sigprocmask", Said::Errno("Sigprocmask error", libc::EINVAL)),
    ("Sigemptyset", Said::Errno("Sigemptyset error", libc::EINVAL)),
    ("Sigfillset", Said::Errno("Sigfillset error", libc::EINVAL)),
    ("Sigaddset", Said::Errno("Sigaddset error", libc::EINVAL)),
    ("Sigdelset", Said::Errno("Sigdelset error", libc::EINVAL)),
    ("Sigismember", Said::Errno("Sigismember error", libc::EINVAL)),
    ("Sigsuspend", Said::Errno("Sigsuspend error", libc::EFAULT)),
    ("sio_error", Said::Stdout("text")),
    ("Sio_puts", Said::Stdout("Sio_puts error")),
    ("Sio_putl", Said::Stdout("Sio_putl error")),
    ("Sio_error", Said::Stdout("text")),
    ("Open", Said::Errno("Open error", libc::ENOENT)),
    ("Read", Said::Errno("Read error", libc::EBADF)),
    ("Write", Said::Errno("Write error", libc::EBADF)),
    ("Lseek", Said::Errno("Lseek error", libc::ESPIPE)),
    ("Close", Said::Errno("Close error", libc::EBADF)),
    ("Select", Said::Errno("Select error", libc::EINVAL)),
    ("Dup2", Said::Errno("Dup2 error", libc::EBADF)),
    ("Stat", Said::Errno("Stat error", libc::ENOENT)),
    ("Fstat", Said::Errno("Fstat error", libc::EBADF)),
    ("Opendir", Said::Errno("opendir error", libc::ENOENT)),
    ("Readdir", Said::Errno("readdir error", libc::EBADF)),
    ("Closedir", Said::Errno("closedir error", libc::EBADF)),
    ("Mmap", Said::Errno("mmap error", libc::EBADF)),
    ("Munmap", Said::Errno("munmap error", libc::EINVAL)),
    ("Fclose", Said::Errno("Fclose error", libc::ENOSPC)),
    ("Fdopen", Said::Errno("Fdopen error", libc::EBADF)),
    ("Fgets", Said::Text("Fgets error")),
    ("Fopen", Said::Errno("Fopen error", libc::ENOENT)),
    ("Fputs", Said::Errno("Fputs error", libc::ENOSPC)),
    ("Fread", Said::Errno("Fread error", libc::EISDIR)),
    ("Fwrite", Said::Errno("Fwrite error", libc::ENOSPC)),
    ("Malloc", Said::Errno("Malloc error", libc::ENOMEM)),
    ("Realloc", Said::Errno("Realloc error", libc::ENOMEM)),
    ("Calloc", Said::Errno("Calloc error", libc::ENOMEM)),
    ("Socket", Said::Errno("Socket error", libc::EAFNOSUPPORT)),
    ("Setsockopt", Said::Errno("Setsockopt error", libc::EBADF)),
    ("Bind", Said::Errno("Bind error", libc::EADDRINUSE)),
    ("Listen", Said::Errno("Listen error", libc::EBADF)),
    ("Accept", Said::Errno("Accept error", libc::EBADF)),
    ("Connect", Said::Errno("Connect error", libc::ECONNREFUSED)),
    ("Getaddrinfo", Said::Gai("Getaddrinfo error", libc::EAI_NONAME)),
    ("Getnameinfo", Said::Gai("Getnameinfo error", libc::EAI_FAMILY)),
    ("Inet_ntop", Said::Errno("Inet_ntop error", libc::ENOSPC)),
    ("Inet_pton", Said::Text("inet_pton error: invalid dotted-decimal address")),
    ("Inet_pton_and_family", Said::Errno("Inet_pton error", libc::EAFNOSUPPORT)),
    ("Gethostbyname", Said::Text("Gethostbyname error")),
    ("Gethostbyaddr", Said::Text("Gethostbyaddr error")),
    ("Pthread_create", Said::Errno("Pthread_create error", libc::EAGAIN)),
    ("Pthread_join", Said::Errno("Pthread_join error", libc::EDEADLK)),
    ("Pthread_cancel", Said::Errno("Pthread_cancel error", libc::ESRCH)),
    ("Pthread_detach", Said::Errno("Pthread_detach error", libc::EINVAL)),
    ("Sem_init", Said::Errno("Sem_init error", libc::EINVAL)),
    ("P", Said::Errno("P error", libc::EINTR)),
    ("V", Said::Errno("V error", libc::EOVERFLOW)),
    ("Rio_readn", Said::Errno("Rio_readn error", libc::EBADF)),
    ("Rio_writen", Said::Errno("Rio_writen error", libc::EPIPE)),
    ("Rio_readnb", Said::Errno("Rio_readnb error", libc::EBADF)),
    ("Rio_readlineb", Said::Errno("Rio_readlineb error", libc::EBADF)),
    ("Open_clientfd", Said::Errno("Open_clientfd error", libc::ECONNREFUSED)),
    (
        "Open_clientfd_and_resolver",
        Said::ResolverAndErrno(
            "getaddrinfo failed (127.0.0.1:http)",
            libc::EAI_NONAME,
            "Open_clientfd error",
            libc::EADDRNOTAVAIL,
        ),
    ),
    ("Open_listenfd", Said::Errno("Open_listenfd error", libc::EADDRINUSE)),
    (
        "Open_listenfd_and_resolver",
        Said::ResolverAndErrno(
            "getaddrinfo failed (port http)",
            libc::EAI_NONAME,
            "Open_listenfd error",
            libc::EADDRNOTAVAIL,
        ),
    ),
];

/// What else cases print: on stdout, and on stderr by EAI_NONAME.
const CSAPP_OUTPUT: &[(&str, &str, &[&str])] = &[
    ("Execve", "hello\n", &[]),
    ("sio_puts", "text", &[]),
    ("sio_putl", "-120text02147483647", &[]),
    ("Sio_puts", "text", &[]),
    ("Fputs", "text", &[]),
    ("Fwrite", "text", &[]),
    ("Rio_writen", "text", &[]),
    (
        "open_clientfd",
        "",
        &[
            "getaddrinfo failed (999.1.1.1:80)",
            "getaddrinfo failed (127.0.0.1:http)",
            "getaddrinfo failed (127.0.0.1:)",
            "getaddrinfo failed (127.0.0.1:(null))",
        ],
    ),
    ("open_listenfd", "", &["getaddrinfo failed (port http)", "getaddrinfo failed (port (null))"]),
];

/// Functions of csapp.h that never end the program.
const CSAPP_NEVER_FAIL: &[&str] = &[
    "Sleep",
    "Pause",
    "Alarm",
    "Getpgrp",
    "sio_puts",
    "sio_putl",
    "Free",
    "Freeaddrinfo",
    "Pthread_exit",
    "Pthread_self",
    "Pthread_once",
    "rio_readn",
    "rio_writen",
    "rio_readinitb",
    "rio_readnb",
    "rio_readlineb",
    "Rio_readinitb",
    "open_clientfd",
    "open_listenfd",
];

/// Functions that do nothing else than to end the program.
const CSAPP_ONLY_FAIL: &[&str] =
    &["unix_error", "posix_error", "gai_error", "app_error", "dns_error", "sio_error", "Sio_error"];

/// The functions that a header defines: each begins in the first column, and only they have a '(' there. Names that begin as
/// the header's own helpers do are left out.
fn functions(header: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(root().join("compat").join(header)).expect("the header is committed");
    let mut names = BTreeSet::new();
    for line in
        text.lines().filter(|line| !line.starts_with([' ', '#', '/', '}', '\t']) && !line.starts_with("typedef"))
    {
        let Some((before, _)) = line.split_once('(') else { continue };
        let name = before.rsplit([' ', '*']).next().expect("split gives at least one");
        assert!(
            before.contains("_INLINE ") || line.ends_with(");"),
            "{header}: {name} is no static inline function, and would be defined twice in two files"
        );
        if !name.starts_with("csapp_") {
            names.insert(name.to_owned());
        }
    }
    names
}

/// The cases of a program: (name, "works" or "fails").
fn cases(program: &Path) -> BTreeSet<(String, String)> {
    let listed = finish(program, &[], b"");
    assert!(listed.status.success(), "{}", told(&listed));
    let mut cases = BTreeSet::new();
    for line in String::from_utf8_lossy(&listed.stdout).lines() {
        let mut words = line.split(' ').map(str::to_owned);
        let name = words.next().expect("split gives at least one");
        cases.extend(words.map(|how| (name.clone(), how)));
    }
    cases
}

/// Runs a case, and compares what it wrote. What a machine lacks is no difference.
fn check(program: &Path, arguments: &[&str], stdout: &str, stderr: &str, status: i32) {
    let output = finish(program, arguments, b"");
    let wrote = String::from_utf8_lossy(&output.stderr);
    let wrote: String = wrote.split_inclusive('\n').filter(|line| !line.starts_with("left out: ")).collect();
    assert_eq!(
        (String::from_utf8_lossy(&output.stdout).as_ref(), wrote.as_str(), output.status.code()),
        (stdout, stderr, Some(status)),
        "{}, {arguments:?}: {}",
        program.display(),
        output.status
    );
}

fn check_failure(program: &Path, name: &str) {
    let said = CSAPP_FAILURES.iter().find(|(case, _)| *case == name);
    let (_, said) = said.unwrap_or_else(|| panic!("what is {name} expected to say?"));
    let (stdout, stderr, status) = match said {
        Said::Errno(text, code) => (String::new(), format!("{text}: {}\n", strerror(*code)), 0),
        Said::Gai(text, code) => (String::new(), format!("{text}: {}\n", gai_strerror(*code)), 0),
        Said::Text(text) => (String::new(), format!("{text}\n"), 0),
        Said::ResolverAndErrno(resolver, gai, text, code) => {
            (String::new(), format!("{resolver}: {}\n{text}: {}\n", gai_strerror(*gai), strerror(*code)), 0)
        }
        Said::Stdout(text) => ((*text).to_owned(), String::new(), 1),
    };
    check(program, &[name, "fails"], &stdout, &stderr, status);
}

fn check_working(program: &Path, name: &str) {
    let extremes = i64::MIN.to_string();
    let (stdout, stderr) = match CSAPP_OUTPUT.iter().find(|(case, ..)| *case == name) {
        Some((_, stdout, resolver)) => {
            let line = |text: &&str| format!("{text}: {}\n", gai_strerror(libc::EAI_NONAME));
            (*stdout, resolver.iter().map(line).collect())
        }
        None if name == "Sio_putl" && cfg!(target_pointer_width = "64") => (extremes.as_str(), String::new()),
        None if name == "Sio_putl" => ("-2147483648", String::new()),
        None => ("", String::new()),
    };
    check(program, &[name], stdout, &stderr, 7);
}

#[test]
fn each_function_of_csapp_h_does_what_the_book_says() {
    let strict = ["-std=c11", "-D_GNU_SOURCE", "-Wextra", "-Wconversion", "-pedantic"];
    let wrapped = [
        "-Wl,--wrap=fork,--wrap=sigemptyset,--wrap=sigfillset,--wrap=sigsuspend,--wrap=pthread_create",
        "-Wl,--wrap=pthread_join,--wrap=pthread_cancel,--wrap=pthread_detach,--wrap=write",
    ];
    let wrapped: Vec<&str> = strict.into_iter().chain(wrapped).collect();
    let programs = [
        program("csapp", "cases", &CASES, Link::Static, &strict),
        program("csapp", "refused", &["refused.c", "cases_main.c"], Link::Static, &wrapped),
    ];

    let (mut worked, mut failed) = (BTreeSet::new(), BTreeSet::new());
    for program in &programs {
        for (name, how) in cases(program) {
            if how == "works" {
                check_working(program, &name);
                worked.insert(name);
            } else {
                check_failure(program, &name);
                failed.insert(name);
            }
        }
    }

    let functions = functions("csapp/csapp.h");
    assert_eq!(functions.len(), 91, "the book's header has so many: {functions:?}");
    for function in functions.iter().map(String::as_str) {
        assert_eq!(worked.contains(function), !CSAPP_ONLY_FAIL.contains(&function), "does {function} work?");
        assert_eq!(failed.contains(function), !CSAPP_NEVER_FAIL.contains(&function), "does {function} fail?");
    }
    let expected: BTreeSet<_> = CSAPP_FAILURES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(failed, expected);
}

#[test]
fn each_function_of_the_tlpi_headers_does_what_the_book_says() {
    let strict = ["-std=c11", "-D_GNU_SOURCE", "-Wextra", "-Wconversion", "-pedantic"];
    let program = program("tlpi", "cases", &CASES, Link::Static, &strict);
    let mut worked = BTreeSet::new();
    for (name, _) in cases(&program) {
        check(&program, &[&name], "", "", 7);
        worked.insert(name);
    }
    for (header, defined) in [
        ("tlpi/rdwrn.h", &["readn", "writen"][..]),
        ("tlpi/read_line.h", &["readLine"]),
        ("tlpi/inet_sockets.h", &["inetAddressStr", "inetBind", "inetConnect", "inetListen"]),
    ] {
        let functions = functions(header);
        assert_eq!(functions, defined.iter().map(|&name| name.to_owned()).collect(), "{header}");
        assert!(functions.is_subset(&worked), "{header}: {worked:?}");
    }
}

/// Each header alone, all of a family together in both orders, and with sockutil.h before or after.
#[test]
fn the_headers_compile_without_warnings_in_every_standard() {
    let families: [(&str, &[&[&str]]); 2] = [
        (
            "csapp",
            &[&["csapp.h"], &["sockutil.h", "csapp.h"], &["csapp.h", "sockutil.h", "csapp.h"], &["stdio.h", "csapp.h"]],
        ),
        (
            "tlpi",
            &[
                &["rdwrn.h"],
                &["read_line.h"],
                &["inet_sockets.h"],
                &["rdwrn.h", "read_line.h", "inet_sockets.h", "rdwrn.h"],
                &["inet_sockets.h", "read_line.h", "rdwrn.h", "sockutil.h"],
                &["sockutil.h", "read_line.h", "rdwrn.h"],
                &["sys/socket.h", "netdb.h", "inet_sockets.h"],
            ],
        ),
    ];
    let folder = scratch("compat");
    for compiler in ["gcc", "clang"] {
        if Command::new(compiler).arg("--version").output().is_err() {
            left_out(compiler, "the drop-in headers compiled by it");
            continue;
        }
        for (family, orders) in families {
            for (number, order) in orders.iter().enumerate() {
                let source = folder.join(format!("alone-{compiler}-{family}-{number}.c"));
                let mut text = format!("#include <{}>\n", order.join(">\n#include <"));
                if order.contains(&"rdwrn.h") {
                    text += "long use(char *p); long use(char *p) { return readn(0, p, 1) + writen(0, p, 1); }\n";
                }
                text += "int main(void) { return 0; }\n";
                fs::write(&source, text).expect("the target folder is writable");
                // Behind another header, ours cannot ask glibc any more to declare more than C99.
                let asks = order.first().is_some_and(|header| ["csapp.h", "inet_sockets.h"].contains(header));
                let declare = if asks || order.len() == 1 { "-DNOTHING" } else { "-D_XOPEN_SOURCE=700" };
                for standard in STANDARDS {
                    // Some warnings come only from an optimizer: once is enough.
                    let level = if standard == "c17" { "-O2" } else { "-O0" };
                    let mut command = Command::new(compiler);
                    command.arg(format!("-std={standard}")).args([level, declare]).args(HEADER_WARNINGS);
                    command.arg("-isystem").arg(root().join("include"));
                    command.arg("-I").arg(root().join("compat").join(family));
                    run(command.args(["-c", "-o", "/dev/null"]).arg(&source));
                }
            }
        }
    }
}

/// Two files that use each header, in one program, by each standard and with the shared library.
#[test]
fn two_files_with_the_headers_make_one_program() {
    for standard in STANDARDS {
        let flags = [format!("-std={standard}"), "-D_DEFAULT_SOURCE".to_owned()];
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        let csapp = program("csapp", &format!("two-{standard}"), &CASES, Link::Shared, &flags);
        check(&csapp, &["rio_mixed"], "", "", 7);
        let tlpi = program("tlpi", &format!("two-{standard}"), &CASES, Link::Shared, &flags);
        check(&tlpi, &["readLine_long"], "", "", 7);
    }
}

#[test]
fn programs_keep_functions_of_their_own_by_the_classic_names() {
    for how in [Link::Shared, Link::Static] {
        let program_of = |family, name: &str| program(family, name, &[&format!("{name}.c")], how, &[]);
        check(&program_of("csapp", "own_names"), &[], "line\n", "", 7);
        check(&program_of("tlpi", "own_names"), &[], "", "", 7);
        check(&program_of("tlpi", "own_readn"), &[], "", "", 7);
    }
}

/// Lines in pieces, a line longer than any buffer, a NUL byte, and no newline at the end.
fn text_to_echo() -> Vec<u8> {
    let mut text = b"first\nsecond \0 with NUL\r\n\n".to_vec();
    text.extend(std::iter::repeat_n(b'x', 20_000));
    text.extend(b"\nand no newline");
    text
}

/// Three clients at once. Each sends all, then reads all: that also suits a server that serves one after the other.
fn check_echo(server: &Server) {
    let text = text_to_echo();
    let mut clients: Vec<_> = (0..3).map(|_| server.connect()).collect();
    for part in text.chunks(7000) {
        for client in &mut clients {
            client.write_all(part).expect("the server reads, or its buffers do");
        }
    }
    for client in &mut clients {
        client.shutdown(Shutdown::Write).expect("it is connected");
        let mut echo = Vec::new();
        client.read_to_end(&mut echo).expect("the server closes without a reset");
        assert!(echo == text, "{} bytes came back, of {}", echo.len(), text.len());
    }
}

#[test]
fn echo_servers_of_csapp() {
    for name in ["echo_iterative", "echo_process", "echo_thread", "echo_select"] {
        for how in [Link::Shared, Link::Static] {
            let server = program("csapp", name, &[&format!("{name}.c"), "echo.c"], how, &[]);
            let mut server = Server::start(&server, &["0"], root());
            check_echo(&server);
            if name == "echo_process" {
                assert_eq!([server.line(), server.line(), server.line()], ["reaped"; 3]);
            }
            let said = server.stop();
            let expected = if name == "echo_iterative" { "client at 127.0.0.1\n".repeat(3) } else { String::new() };
            assert_eq!(said, expected, "{name}");
        }
    }
}

#[test]
fn echo_client_of_csapp() {
    let server = program("csapp", "echo_iterative", &["echo_iterative.c", "echo.c"], Link::Static, &[]);
    let client = program("csapp", "echo_client", &["echo_client.c"], Link::Static, &[]);
    let server = Server::start(&server, &["0"], root());
    let output = finish(&client, &["localhost", &server.port], b"one\ntwo\n\nlast without newline\n");
    assert_eq!(told(&output), "exit status: 0\none\ntwo\n\nlast without newline\n");

    let output = finish(&client, &["127.0.0.1", "http"], b"");
    let (resolver, errno) = (gai_strerror(libc::EAI_NONAME), strerror(libc::EADDRNOTAVAIL));
    assert_eq!(
        told(&output),
        format!("exit status: 0\ngetaddrinfo failed (127.0.0.1:http): {resolver}\nOpen_clientfd error: {errno}\n")
    );
}

#[test]
fn web_server_of_csapp() {
    let server = program("csapp", "web", &["web.c", "echo.c"], Link::Static, &[]);
    let adder = program("csapp", "adder", &["adder.c"], Link::Static, &[]);
    let folder = scratch("compat").join("web");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.join("cgi-bin")).expect("the target folder is writable");
    std::os::unix::fs::symlink(adder, folder.join("cgi-bin/adder")).expect("it is a new folder");
    let page: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
    fs::write(folder.join("page"), &page).expect("it is a new folder");

    let server = Server::start(&server, &["0"], &folder);
    let ask = |request: &str| {
        let mut client = server.connect();
        // In two packets, the second of which begins inside a line.
        let (first, second) = request.split_at(request.len() / 2);
        client.write_all(first.as_bytes()).expect("it is connected");
        client.write_all(second.as_bytes()).expect("it is connected");
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).expect("the server closes without a reset");
        answer
    };
    let expected = [format!("HTTP/1.0 200 OK\r\nContent-length: {}\r\n\r\n", page.len()).as_bytes(), &page].concat();
    assert!(ask("GET /page HTTP/1.0\r\nHost: here\r\n\r\n") == expected, "the page is not what it was");
    assert_eq!(
        String::from_utf8_lossy(&ask("GET /cgi-bin/adder?15000&213 HTTP/1.0\r\n\r\n")),
        "HTTP/1.0 200 OK\r\nContent-length: 20\r\n\r\n15000 + 213 = 15213\n"
    );
    assert_eq!(
        String::from_utf8_lossy(&ask("GET /none HTTP/1.0\r\n\r\n")),
        "HTTP/1.0 404 Not found\r\nContent-type: text/plain\r\n\r\n./none\n"
    );
    assert_eq!(
        String::from_utf8_lossy(&ask("PUT /page HTTP/1.0\r\n\r\n")),
        "HTTP/1.0 501 Not implemented\r\nContent-type: text/plain\r\n\r\nPUT\n"
    );
}

#[test]
fn echo_server_of_tlpi() {
    for how in [Link::Shared, Link::Static] {
        let server = program("tlpi", "echo_sv", &["echo_sv.c"], how, &[]);
        // By itself, and by a program that it executes.
        for arguments in [&["0"][..], &["0", "/bin/cat"]] {
            let server = Server::start(&server, arguments, root());
            check_echo(&server);
            let said = server.stop();
            assert_eq!(said.lines().count(), 3, "{said}");
            assert!(said.lines().all(|line| line.starts_with('(') && line.ends_with(')')), "{said}");
        }
    }
}

#[test]
fn sequence_numbers_of_tlpi() {
    let server = program("tlpi", "seqnum_sv", &["seqnum_sv.c"], Link::Static, &[]);
    let client = program("tlpi", "seqnum_cl", &["seqnum_cl.c"], Link::Static, &[]);
    let server = Server::start(&server, &["0"], root());
    for (asked, number) in [("1", 0), ("10", 1), ("3", 11), ("1", 14)] {
        let output = finish(&client, &["localhost", &server.port, asked], b"");
        assert_eq!(told(&output), format!("exit status: 0\nSequence number: {number}\n"));
    }
    let output = finish(&client, &["localhost", "no such service", "1"], b"");
    assert_eq!(told(&output), format!("exit status: 1\ninetConnect: {}\n", strerror(libc::ENOSYS)));
}

#[test]
fn datagrams_of_tlpi() {
    let server = program("tlpi", "upper_sv", &["upper_sv.c"], Link::Static, &[]);
    let client = program("tlpi", "upper_cl", &["upper_cl.c"], Link::Static, &[]);
    let server = Server::start(&server, &["0"], root());
    let output = finish(&client, &[&server.port, "hello", "world", "longer than ten"], b"");
    assert_eq!(told(&output), "exit status: 0\nHELLO\nWORLD\nLONGER THA\n");
    let said = server.stop();
    assert_eq!(said.lines().count(), 3, "{said}");
    assert!(said.starts_with("5 bytes from ("), "{said}");
}

#[test]
fn lines_of_tlpi() {
    let program = program("tlpi", "lines", &["lines.c"], Link::Static, &[]);
    let output = finish(&program, &[], b"a\nlonger than nine\n\nend");
    assert_eq!(told(&output), "exit status: 0\n1 2 a\n2 9 longer th\n3 1 \n4 3 end\n");
}
