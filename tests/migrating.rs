//! The two servers of docs/migrating.md: a tutorial's, and the same with sockutil. Both give the same answers to the
//! same client, except where the page says that they differ.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::iter;
use std::net::{Shutdown, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use support::{C_WARNINGS, Link, compiler, link, once, root, run, scratch, under};

/// The time limit that the servers get: the tutorial's is in whole seconds.
const SECONDS: &str = "1";

/// How a conversation ends: with the client's half-close, or with a client that says no more.
#[derive(Clone, Copy)]
enum End {
    HalfClose,
    Silence,
}
use End::{HalfClose, Silence};

/// What a client sends and then waits for, again and again; how it ends; and what comes after that.
struct Conversation {
    name: &'static str,
    steps: &'static [(&'static [u8], &'static [u8])],
    end: End,
    last: &'static [u8],
}

const SAME: [Conversation; 5] = [
    Conversation {
        name: "lines, each after the answer to the one before",
        steps: &[(b"one\n", b"one\n"), (b"two\r\n", b"two\r\n"), (b"\n", b"\n")],
        end: HalfClose,
        last: b"",
    },
    Conversation {
        name: "a line in two pieces",
        steps: &[(b"tw", b""), (b"o\n", b"two\n")],
        end: HalfClose,
        last: b"",
    },
    Conversation { name: "a line of 1000 bytes", steps: &[(&LONG, &LONG)], end: HalfClose, last: b"" },
    Conversation { name: "a client that says nothing", steps: &[], end: Silence, last: b"too slow\n" },
    Conversation { name: "a client that says no more", steps: &[(b"\n", b"\n")], end: Silence, last: b"too slow\n" },
];

/// What a client sends before its half-close, the tutorial's answer, and sockutil's.
struct Difference {
    name: &'static str,
    sent: &'static [u8],
    before: &'static [u8],
    after: &'static [u8],
}

const DIFFERENT: [Difference; 4] = [
    Difference { name: "two lines at once", sent: b"one\ntwo\n", before: b"one\ntwo\ntwo\n", after: b"one\ntwo\n" },
    Difference { name: "a NUL in a line", sent: b"a\0b\n", before: b"a", after: b"a\0b\n" },
    Difference { name: "a last line without newline", sent: b"end", before: b"", after: b"end" },
    Difference { name: "a line of 2000 bytes", sent: &LONGER, before: b"", after: &LONGER },
];

const LONG: [u8; 1000] = line();
const LONGER: [u8; 2000] = line();

const fn line<const N: usize>() -> [u8; N] {
    let mut line = [b'x'; N];
    if let Some(last) = line.last_mut() {
        *last = b'\n';
    }
    line
}

fn compiled(name: &str, how: Link) -> PathBuf {
    let program = scratch("migrating").join(format!("{name}-{how:?}"));
    once(&format!("migrating-{name}-{how:?}"), || {
        let mut command = compiler(false);
        command.args(["-std=c11", "-D_GNU_SOURCE"]).args(C_WARNINGS).arg("-I").arg(root().join("include"));
        command.arg(root().join("docs/migrating").join(format!("{name}.c"))).arg("-o").arg(&program);
        run(link(&mut command, how));
    });
    program
}

/// A server, which is killed at the end of its test. A child that serves a client ends with that client.
struct Server {
    process: Child,
    address: String,
}

impl Server {
    fn start(program: &Path) -> Server {
        let mut process = Command::new(program).args(["0", SECONDS]).stdout(Stdio::piped()).spawn().unwrap();
        let mut first = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut first).unwrap();
        let address = first.trim_end().strip_prefix("listening on ").expect("its address").to_owned();
        Server { process, address }
    }

    fn before() -> Server {
        Server::start(&compiled("before", Link::None))
    }

    /// With the shared and with the static library.
    fn after() -> [Server; 2] {
        [Link::Shared, Link::Static].map(|how| Server::start(&under(compiled("after", how))))
    }

    /// A client that waits for ten seconds at most.
    fn client(&self) -> TcpStream {
        let client = TcpStream::connect(&self.address).unwrap();
        client.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        client.set_nodelay(true).unwrap();
        client
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// All bytes to the end of the stream, which may be a reset: a server that closes with unread input sends one.
fn rest(client: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    match client.read_to_end(&mut bytes) {
        Err(error) if error.kind() != ErrorKind::ConnectionReset => panic!("{error}"),
        _ => bytes,
    }
}

fn hold(server: &Server, conversation: &Conversation) {
    let mut client = server.client();
    for (sent, expected) in conversation.steps {
        client.write_all(sent).unwrap();
        let mut answer = vec![0; expected.len()];
        client.read_exact(&mut answer).unwrap();
        assert_eq!(answer, *expected, "{}", conversation.name);
    }
    if matches!(conversation.end, HalfClose) {
        client.shutdown(Shutdown::Write).unwrap();
    }
    assert_eq!(rest(&mut client), conversation.last, "{}", conversation.name);
}

fn answer(server: &Server, sent: &[u8]) -> Vec<u8> {
    let mut client = server.client();
    client.write_all(sent).unwrap();
    // The server may have closed with unread input by now, and that resets the connection.
    if let Err(error) = client.shutdown(Shutdown::Write) {
        assert_eq!(error.kind(), ErrorKind::NotConnected);
    }
    rest(&mut client)
}

#[test]
fn before_and_after_give_the_same_answers() {
    for server in iter::once(Server::before()).chain(Server::after()) {
        for conversation in &SAME {
            hold(&server, conversation);
        }
    }
}

#[test]
fn before_and_after_differ_where_the_page_says_so() {
    let before = Server::before();
    for conversation in &DIFFERENT {
        assert_eq!(answer(&before, conversation.sent), conversation.before, "before: {}", conversation.name);
    }
    for after in Server::after() {
        for conversation in &DIFFERENT {
            assert_eq!(answer(&after, conversation.sent), conversation.after, "after: {}", conversation.name);
        }
        hold(
            &after,
            &Conversation { name: "half a line", steps: &[(b"\nhalf", b"\n")], end: Silence, last: b"too slow\n" },
        );
    }
    // The tutorial's limit ends with the first byte: after twice its time it still waits.
    let mut client = before.client();
    client.write_all(b"half").unwrap();
    client.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
    let error = client.read(&mut [0]).expect_err("the tutorial's server has answered half a line");
    assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{error}");
}

/// The blocks of C in a document.
fn blocks(document: &str) -> Vec<&str> {
    document.split("```c\n").skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

#[test]
fn the_pages_show_the_programs_as_they_are() {
    let read = |name: &str| fs::read_to_string(root().join("docs").join(name)).unwrap();
    let programs = ["before", "after"].map(|name| (name, read(&format!("migrating/{name}.c"))));
    let pages = ["migrating.md", "migrating.zh-CN.md"].map(read);
    for page in &pages {
        for (name, text) in &programs {
            let count = format!("[{name}.c](migrating/{name}.c) | {} |", text.lines().count());
            assert!(page.contains(&count), "the count of lines: {count}");
        }
        let parts: Vec<&str> = blocks(page).into_iter().filter(|block| !block.contains("main(")).collect();
        assert!(parts.len() >= 2, "{}", parts.len());
        for part in parts {
            assert!(programs.iter().any(|(_, text)| text.contains(part)), "in neither program:\n{part}");
        }
    }
    let [english, chinese] = &pages;
    assert_eq!(blocks(english), blocks(chinese));
}
