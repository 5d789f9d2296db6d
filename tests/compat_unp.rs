//! The drop-in headers `compat/unp/unp.h` and `unpthread.h`: programs in the style of "UNIX Network Programming" compile
//! unchanged and do what they do with the book's library (`tests/c/compat/unp`).

#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and is no interface"
)]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use support::{C_WARNINGS, Link, compile_c, compiler, left_out, link, output, root, run, scratch, told};

const BOTH: [Link; 2] = [Link::Shared, Link::Static];

/// A program of tests/c/compat/unp, of one file or several.
fn compile(names: &[&str], how: Link, flags: &[&str]) -> PathBuf {
    let sources = names.iter().map(|name| format!("compat/unp/{name}.c")).collect::<Vec<_>>();
    let sources = sources.iter().map(String::as_str).collect::<Vec<_>>();
    let include = format!("-I{}", root().join("compat/unp").display());
    let name = format!("unp-{}{}", names.join("-"), flags.concat());
    let flags = [&[include.as_str(), "-U_FORTIFY_SOURCE"], flags].concat();
    compile_c(&name, &sources, how, &flags)
}

/// Compiles and runs a program that checks by itself.
fn passes(names: &[&str], flags: &[&str]) {
    for how in BOTH {
        let said = output(compile(names, how, flags));
        assert!(said.status.success(), "{names:?}, {how:?}: {}", told(&said));
    }
}

#[test]
fn what_ends_a_program_says_what_the_book_says() {
    passes(&["failures"], &[]);
}

#[test]
fn errors_go_to_stderr_or_to_syslog() {
    passes(&["errors"], &[]);
}

#[test]
fn wrappers_return_what_their_calls_return() {
    passes(&["wrappers"], &[]);
}

#[test]
fn addresses_of_each_family() {
    passes(&["addresses"], &[]);
}

#[test]
fn hosts_services_and_time_limits() {
    passes(&["hosts"], &[]);
}

#[test]
fn whole_transfers_lines_and_descriptors() {
    passes(&["descriptors"], &[]);
}

#[test]
fn multicast_groups_sources_and_options() {
    passes(&["multicast"], &[]);
}

#[test]
fn threads() {
    passes(&["threads"], &[]);
}

#[test]
fn declarations_that_programs_find() {
    passes(&["declarations"], &[]);
}

#[test]
fn a_program_may_have_its_own_readline() {
    passes(&["own_readline"], &["-DUNP_OWN_READLINE"]);
}

#[test]
fn a_program_may_use_the_classic_names_for_something_else() {
    passes(&["no_classic_names"], &[]);
}

#[test]
fn daemon_proc_is_one_variable_of_all_files() {
    passes(&["daemon", "daemon_init"], &[]);
    passes(&["daemon", "daemon_init"], &["-fcommon"]);
    passes(&["daemon", "daemon_init"], &["-DOWN_DAEMON_PROC", "-fno-common"]);
}

// ---- Programs in the book's style ----

/// A program that is ended with the test.
struct Running {
    child: Child,
    out: BufReader<std::process::ChildStdout>,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts a server and reads its port, which it prints first.
fn serve(program: &Path, arguments: &[&str]) -> (Running, String) {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it can be run");
    let out = BufReader::new(child.stdout.take().expect("it is a pipe"));
    let mut server = Running { child, out };
    let mut port = String::new();
    server.out.read_line(&mut port).expect("a port");
    let port = port.trim().to_owned();
    assert!(port.parse::<u16>().is_ok_and(|port| port != 0), "{} printed {port:?}", program.display());
    (server, port)
}

/// Runs a client to its end, with this input.
fn ask(program: &Path, arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new("timeout");
    command.args(["-k", "5", "50"]).arg(program).args(arguments);
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut client = piped.expect("timeout(1) can be run");
    let mut stdin = client.stdin.take().expect("it is a pipe");
    let input = input.to_owned();
    let writer = std::thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    let said = client.wait_with_output().expect("it ends");
    writer.join().expect("it ends with the client");
    said
}

fn says(said: &Output, status: i32, out: &str, err: &str) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert_eq!((text(&said.stdout).as_str(), text(&said.stderr).as_str()), (out, err), "{}", said.status);
    assert_eq!(said.status.code(), Some(status));
}

/// The oldest C that the book's programs need: main without a type, and common variables.
const OLD_C: [&str; 5] = ["-std=gnu89", "-fcommon", "-Wno-pedantic", "-Wno-implicit-int", "-Wno-error"];

/// Lines of many lengths, up to the longest that the programs read at once: no more in all than sockets hold, since the
/// book's client writes its input before it reads the answer.
fn lines() -> String {
    (0..20).flat_map(|n| [n.to_string(), "x".repeat(n * 210), "\n".to_owned()]).collect()
}

fn echoes(server: &Path, arguments: &[&str], client: &Path) {
    let (_server, port) = serve(server, arguments);
    let first = std::net::TcpStream::connect(("127.0.0.1", port.parse().unwrap())).unwrap();
    // The first client keeps silent, and the others are served.
    for input in [lines().as_str(), "", "one line\n"] {
        says(&ask(client, &["127.0.0.1", &port], input), 0, input, "");
    }
    let mut first = first;
    first.write_all(b"late\n").unwrap();
    let mut answer = [0; 5];
    first.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"late\n");
}

#[test]
fn echo_over_tcp_by_processes_and_by_select() {
    for how in BOTH {
        let client = compile(&["echo_client"], how, &[]);
        echoes(&compile(&["echo_fork"], how, &OLD_C), &["127.0.0.1"], &client);
        echoes(&compile(&["echo_select"], how, &[]), &[], &client);
    }
}

#[test]
fn an_echo_client_whose_server_ends_says_so() {
    let client = compile(&["echo_client"], Link::Shared, &[]);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let server = std::thread::spawn(move || {
        let mut line = String::new();
        let (socket, _) = listener.accept().unwrap();
        BufReader::new(&socket).read_line(&mut line).unwrap();
    });
    // The pipe stays open, so that the end comes from the server alone.
    let mut command = Command::new("timeout");
    command.args(["-k", "5", "50"]).arg(client).args(["127.0.0.1", &port]);
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut asking = piped.unwrap();
    let mut stdin = asking.stdin.take().unwrap();
    stdin.write_all(b"line\n").unwrap();
    let mut err = String::new();
    asking.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert_eq!(err, "str_cli: server terminated prematurely\n");
    assert_eq!(asking.wait().unwrap().code(), Some(1));
    drop(stdin);
    server.join().unwrap();
}

#[test]
fn an_echo_client_without_arguments_says_how_it_is_used() {
    let client = compile(&["echo_client"], Link::Shared, &[]);
    says(&ask(&client, &[], ""), 1, "", "usage: echo_client <host> <port>\n");
}

#[test]
fn daytime_at_every_address_and_at_one() {
    for how in BOTH {
        let client = compile(&["daytime_client"], how, &[]);
        let server = compile(&["daytime_server"], how, &[]);
        let v6 = support::has_ipv6("a daytime server at ::1");
        let all = [(&["0"] as &[&str], "127.0.0.1", "127.0.0.1:"), (&["127.0.0.1", "0"], "127.0.0.1", "127.0.0.1:")];
        for (arguments, host, shown) in all.into_iter().chain(v6.then_some((&["::1", "0"] as &[&str], "::1", "[::1]:")))
        {
            let (mut server, port) = serve(&server, arguments);
            let said = ask(&client, &[host, &port], "");
            let out = String::from_utf8_lossy(&said.stdout).into_owned();
            let (first, time) = out.split_once('\n').expect("two lines");
            assert_eq!(first, format!("connected to {shown}{port}"));
            assert!(time.len() == 26 && time.ends_with("\r\n"), "{time:?}");
            let mut rest = String::new();
            server.out.read_to_string(&mut rest).unwrap();
            // A client of a server at every address is no ::ffff:127.0.0.1.
            assert_eq!(rest, format!("connection from {host}\n"));
            assert!(server.child.wait().unwrap().success());
        }
    }
}

#[test]
fn echo_over_udp_with_a_datagram_lost() {
    for how in BOTH {
        let client = compile(&["udp_client"], how, &[]);
        let (_server, port) = serve(&compile(&["udp_server"], how, &[]), &[]);
        says(&ask(&client, &["127.0.0.1", &port], "one\ntwo\n"), 0, "sending to 127.0.0.1\none\ntwo\n", "");
    }
}

#[test]
fn echo_over_a_unix_socket() {
    for how in BOTH {
        let program = compile(&["unix_echo"], how, &[]);
        let path = scratch("unp").join(format!("{how:?}-{}", std::process::id()));
        let path = path.to_str().unwrap();
        if path.len() > 100 {
            left_out("a path too long for a Unix socket", path);
            continue;
        }
        says(&ask(&program, &[path], "one\ntwo\n"), 0, "one\ntwo\n(no pathname bound)\n", "");
    }
}

#[test]
fn a_descriptor_is_passed_by_a_program_that_is_run() {
    for how in BOTH {
        let program = compile(&["pass_file"], how, &[]);
        let manifest = root().join("Cargo.toml");
        says(&ask(&program, &[manifest.to_str().unwrap()], ""), 0, &fs::read_to_string(&manifest).unwrap(), "");
        says(&ask(&program, &["/no/such/file"], ""), 1, "", "cannot open /no/such/file: No such file or directory\n");
    }
}

// ---- The header itself ----

/// Compiles one of the programs by a compiler, or nothing but the header.
fn compiles(compiler: &str, standard: &[&str], more: &[&str], source: &str) -> Output {
    let mut command = Command::new(compiler);
    command.args(standard).args(["-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Wstrict-prototypes", "-Werror"]);
    command.args(more).arg("-I").arg(root().join("compat/unp")).arg("-I").arg(root().join("include"));
    command.args(["-x", "c", "-", "-c", "-o", "/dev/null"]);
    let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = spawned.expect("the compiler can be run");
    child.stdin.take().expect("it is a pipe").write_all(source.as_bytes()).expect("it reads its input");
    child.wait_with_output().expect("it ends")
}

/// The compilers that are here.
fn compilers() -> Vec<&'static str> {
    let has = |name: &&str| Command::new(name).arg("--version").output().is_ok();
    let (here, missing) = ["gcc", "clang"].into_iter().partition::<Vec<_>, _>(has);
    for name in missing {
        left_out(&format!("no {name}"), "unp.h by that compiler");
    }
    here
}

const STANDARDS: [&[&str]; 8] = [
    &["-std=gnu89", "-fcommon"],
    &["-std=c89"],
    &["-std=c99", "-D_GNU_SOURCE"],
    &["-std=c99"],
    &["-std=c11"],
    &["-std=c17"],
    &["-std=gnu17"],
    &["-std=gnu2x"],
];

#[test]
fn no_standard_and_no_compiler_warns_of_the_headers() {
    let sources = [
        "#include \"unpthread.h\"\nint main(void) { return 0; }\n",
        "#include \"unp.h\"\n#include \"unpthread.h\"\n#include <sys/mman.h>\n#include <net/if.h>\n#include <syslog.h>\n",
        "#define UNP_OWN_READLINE\n#include \"unp.h\"\n",
        "#define SOCKUTIL_NO_CLASSIC_NAMES\n#include \"unp.h\"\n",
        "#include <sockutil.h>\n#include \"unp.h\"\n",
    ];
    for compiler in compilers() {
        for standard in STANDARDS {
            // All sources by the oldest and the newest, the first two by those between.
            let all = standard == STANDARDS[0] || standard == STANDARDS[7];
            for (source, more) in sources.iter().zip([&["-O2"] as &[&str], &["-O0"], &[], &[], &["-D_GNU_SOURCE"]]) {
                if !all && !sources[..2].contains(source) {
                    continue;
                }
                let said = compiles(compiler, standard, more, source);
                assert!(said.status.success(), "{compiler} {standard:?} {source:?}: {}", told(&said));
            }
            let large = ["-D_FILE_OFFSET_BITS=64", "-O1"];
            let said = compiles(compiler, standard, &large, sources[1]);
            assert!(said.status.success(), "{compiler} {standard:?} {large:?}: {}", told(&said));
        }
    }
}

#[test]
fn a_second_definition_is_an_error() {
    // Without the switch a program's own Readline collides: it never replaces the header's in silence.
    let source = "#include \"unp.h\"\nssize_t Readline(int fd, void *p, size_t n) { return readn(fd, p, n); }\n";
    for compiler in compilers() {
        for standard in [STANDARDS[0], STANDARDS[7]] {
            let said = compiles(compiler, standard, &[], source);
            assert!(!said.status.success() && told(&said).contains("Readline"), "{compiler}: {}", told(&said));
            let said = compiles(compiler, standard, &["-DUNP_OWN_READLINE"], source);
            assert!(said.status.success(), "{compiler} {standard:?}: {}", told(&said));
        }
    }
}

/// All that programs see of a header: the functions that it defines, without those that are its own.
fn functions(header: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(root().join("compat/unp").join(header)).expect("the header is there");
    let defined = text.lines().filter_map(|line| line.strip_prefix("UNP_INLINE "));
    let names = defined.filter_map(|line| line.split('(').next()?.rsplit([' ', '*']).next());
    let names = names.filter(|name| !name.starts_with("unp_")).map(str::to_owned);
    names.collect()
}

/// The words of the tests in C, of which a name must be one.
fn words() -> BTreeSet<String> {
    let folder = fs::read_dir(root().join("tests/c/compat/unp")).expect("the tests are there");
    let sources = folder.map(|file| fs::read_to_string(file.expect("a file").path()).expect("it is text"));
    let split = |text: String| {
        let words = text.split(|c: char| !c.is_alphanumeric() && c != '_').map(str::to_owned);
        words.collect::<Vec<_>>()
    };
    sources.flat_map(split).collect()
}

#[test]
fn each_function_of_the_headers_is_in_the_tests() {
    let words = words();
    let (classic, threads) = (functions("unp.h"), functions("unpthread.h"));
    assert!(classic.contains("Socket") && classic.contains("sock_ntop") && threads.contains("Pthread_create"));
    let missing = classic.union(&threads).filter(|name| !words.contains(*name)).collect::<Vec<_>>();
    assert!(missing.is_empty(), "no test names {missing:?}");
}

#[test]
fn two_files_link_by_every_standard() {
    for compiler in compilers() {
        for (at, standard) in STANDARDS.iter().enumerate() {
            let program = scratch("unp").join(format!("two-{compiler}-{at}"));
            let mut command = Command::new(compiler);
            command.args(*standard).args(["-Wall", "-Wextra", "-Werror"]);
            command.args(
                ["compat/unp", "include", "tests/c"].map(|folder| format!("-I{}", root().join(folder).display())),
            );
            command.args(["daemon.c", "daemon_init.c"].map(|file| root().join("tests/c/compat/unp").join(file)));
            run(link(command.arg("-o").arg(&program), Link::Static));
            run(&mut Command::new(program));
        }
    }
}

#[test]
fn the_headers_hold_the_warnings_of_all_tests() {
    let mut command = compiler(false);
    command.args(["-std=c11", "-fsyntax-only"]).args(C_WARNINGS);
    command.args(["compat/unp", "include"].map(|folder| format!("-I{}", root().join(folder).display())));
    run(command.arg(root().join("tests/c/compat/unp/daemon_init.c")));
}
