//! Three programs written against the header before the relay was: nc, a proxy whose server answers before the request
//! is complete, and a proxy in an epoll loop that closes idle connections.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::Duration;

use support::{Link, compile_c};

const TOO_LONG: Duration = Duration::from_secs(30);

fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap().to_string();
    (listener, at)
}

fn start(name: &str, arguments: &[&str]) -> Child {
    let program = compile_c(&format!("relay-{name}"), &[&format!("relay/{name}.c")], Link::Shared, &[]);
    let mut command = Command::new("timeout");
    command.args(["-k", "5", "60"]).arg(program).args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// A proxy, and a way to connect to it.
struct Proxy {
    child: Child,
    said: BufReader<ChildStdout>,
    port: u16,
}

impl Proxy {
    fn start(name: &str, arguments: &[&str]) -> Self {
        let mut child = start(name, arguments);
        let mut said = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        Self { child, said, port: line.trim().parse().unwrap() }
    }

    fn connect(&self) -> TcpStream {
        let client = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        client.set_read_timeout(Some(TOO_LONG)).unwrap();
        client.set_write_timeout(Some(TOO_LONG)).unwrap();
        client
    }

    /// The rest of what it says, once it has ended.
    fn end(self) -> Vec<String> {
        let lines = self.said.lines().map(Result::unwrap).collect();
        let output = self.child.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
        lines
    }
}

fn pattern(n: usize) -> Vec<u8> {
    (0..n).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

fn accept(listener: &TcpListener) -> TcpStream {
    let (server, _) = listener.accept().unwrap();
    server.set_read_timeout(Some(TOO_LONG)).unwrap();
    server.set_write_timeout(Some(TOO_LONG)).unwrap();
    server
}

#[test]
fn nc_sends_the_keyboard_and_shows_the_answer_after_the_end_of_the_keyboard() {
    let (listener, at) = listener();
    let mut nc = start("nc", &[&at]);
    let typed = pattern(300_000);
    let mut keyboard = nc.stdin.take().unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            keyboard.write_all(&typed).unwrap();
            drop(keyboard);
        });
        scope.spawn(|| {
            let mut server = accept(&listener);
            let mut got = Vec::new();
            server.read_to_end(&mut got).unwrap();
            assert!(got == typed, "{} bytes", got.len());
            got.reverse();
            server.write_all(&got).unwrap();
        });
        let mut answer = Vec::new();
        nc.stdout.take().unwrap().read_to_end(&mut answer).unwrap();
        assert!(answer.iter().rev().eq(&typed), "{} bytes", answer.len());
    });
    let output = nc.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "sent 300000, received 300000\n");
}

/// The server closes with unread bytes of the request, so its kernel sends RST right behind the answer.
#[test]
fn an_answer_before_the_end_of_the_request_arrives_at_the_client() {
    const ANSWER: &[u8] = b"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\n\r\n";
    let (listener, at) = listener();
    let proxy = Proxy::start("proxy", &[&at]);
    let mut client = proxy.connect();
    let mut server = accept(&listener);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut head = [0; 1000];
            server.read_exact(&mut head).unwrap();
            server.write_all(ANSWER).unwrap();
            drop(server);
        });
        let mut rest = client.try_clone().unwrap();
        let sender = scope.spawn(move || {
            let block = vec![b'x'; 65536];
            // Until the proxy drains no more; it may all go.
            for _ in 0..200 {
                if rest.write_all(&block).is_err() {
                    break;
                }
            }
            _ = rest.shutdown(Shutdown::Write);
        });
        let mut answer = Vec::new();
        let end = client.read_to_end(&mut answer);
        assert_eq!(String::from_utf8_lossy(&answer), String::from_utf8_lossy(ANSWER));
        end.unwrap();
        sender.join().unwrap();
    });
    let said = proxy.end();
    assert!(said[0].starts_with("run -1 "), "{said:?}");
    assert!(said[1].starts_with("up 1 B") || said[1].starts_with("up 1 C"), "EPIPE or ECONNRESET: {said:?}");
    assert!(said[2].starts_with("down 1 "), "{said:?}");
}

#[test]
fn an_epoll_proxy_passes_both_ends_on_and_closes_the_idle() {
    let (listener, at) = listener();
    let proxy = Proxy::start("epoll", &[&at, "600", "5"]);
    let upload = pattern(1 << 20);
    thread::scope(|scope| {
        // Four that talk, one that does not. The silent one holds up no other.
        let mut silent = proxy.connect();
        let mut silent_server = accept(&listener);
        for _ in 0..4 {
            let mut client = proxy.connect();
            let mut server = accept(&listener);
            let upload = &upload;
            scope.spawn(move || {
                let mut got = Vec::new();
                server.read_to_end(&mut got).unwrap();
                server.write_all(&got).unwrap();
            });
            scope.spawn(move || {
                client.write_all(upload).unwrap();
                client.shutdown(Shutdown::Write).unwrap();
                let mut back = Vec::new();
                client.read_to_end(&mut back).unwrap();
                assert!(back == *upload, "{} bytes came back", back.len());
            });
        }
        silent.write_all(b"hello").unwrap();
        let mut hello = Vec::new();
        silent_server.read_to_end(&mut hello).unwrap();
        assert_eq!(hello, b"hello");
        assert_eq!(silent.read(&mut [0; 8]).unwrap(), 0, "the idle connection is closed");
    });
    let mut said = proxy.end();
    let wakeups: u64 = said.pop().unwrap().strip_prefix("wakeups ").unwrap().parse().unwrap();
    said.sort();
    assert_eq!(
        said,
        ["end 1048576 1048576", "end 1048576 1048576", "end 1048576 1048576", "end 1048576 1048576", "idle 5 0"]
    );
    // 8 MiB in pieces of 1 KiB would be 8192: a loop that spins has far more.
    assert!(wakeups < 20_000, "{wakeups} wakeups");
}
