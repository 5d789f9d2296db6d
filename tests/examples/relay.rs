//! `relay`: a port forwarder.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::kit::*;
use crate::support::told;

/// A relay to this server.
fn relay(kind: &str, options: &[&str], to: &str) -> Server {
    let mut command = Command::new(program("relay", kind));
    command.args(options).args(["127.0.0.1", "0", to]).stdin(Stdio::null()).process_group(0);
    let run = Running::start(&mut command);
    let said = run.out();
    let port = said.strip_prefix("listening on 127.0.0.1:").unwrap_or_else(|| panic!("{said}")).parse().unwrap();
    Server { run, port }
}

/// A listener behind a relay.
struct Behind {
    relay: Server,
    listener: TcpListener,
}

impl Behind {
    fn new(kind: &str, options: &[&str]) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let relay = relay(kind, options, &listener.local_addr().unwrap().to_string());
        Self { relay, listener }
    }

    /// A client, the server's end of its connection, and the client's address.
    fn connection(&self) -> (TcpStream, TcpStream, String) {
        let client = self.relay.connect();
        let local = client.local_addr().unwrap().to_string();
        assert_eq!(self.relay.run.out(), format!("client {local}"));
        let (server, _) = within_deadline("a connection from the relay", || self.listener.accept().ok());
        server.set_read_timeout(Some(DEADLINE)).unwrap();
        server.set_write_timeout(Some(DEADLINE)).unwrap();
        (client, server, local)
    }

    fn port(&self) -> u16 {
        self.listener.local_addr().unwrap().port()
    }
}

fn say(stream: &mut TcpStream, text: &str) {
    stream.write_all(text.as_bytes()).unwrap();
}

fn hears(stream: &mut impl Read, text: &str) {
    let mut heard = vec![0; text.len()];
    stream.read_exact(&mut heard).unwrap();
    assert_eq!(String::from_utf8_lossy(&heard), text);
}

fn ends(stream: &mut impl Read) {
    assert_eq!(stream.read(&mut [0]).unwrap(), 0, "the end of the stream");
}

#[test]
fn a_relay_passes_a_half_close_on_both_ways() {
    for kind in KINDS {
        let behind = Behind::new(kind, &[]);
        for client_first in [true, false] {
            let (mut client, mut server, local) = behind.connection();
            let (near, far) = if client_first { (&mut client, &mut server) } else { (&mut server, &mut client) };
            say(near, "question");
            near.shutdown(Shutdown::Write).unwrap();
            hears(far, "question");
            ends(far);
            // One direction is over, in both connections; the other goes on.
            let (server_end, relay_end) =
                if client_first { ("CLOSE_WAIT", "FIN_WAIT2") } else { ("FIN_WAIT2", "CLOSE_WAIT") };
            within_deadline("the states behind the relay", || {
                let all = connections(behind.port());
                let states = |local: bool| {
                    let mine = all.iter().filter(|end| (end.local == behind.port()) == local && end.state != "LISTEN");
                    mine.map(|end| end.state).filter(|state| *state != "TIME_WAIT").collect::<Vec<_>>()
                };
                (states(true) == [server_end] && states(false) == [relay_end]).then_some(())
            });
            for text in ["a long ", "answer"] {
                // Longer than the program looks away.
                thread::sleep(Duration::from_millis(400));
                say(far, text);
                hears(near, text);
            }
            far.shutdown(Shutdown::Write).unwrap();
            ends(near);
            let (there, back) = if client_first { (8, 13) } else { (13, 8) };
            assert_eq!(behind.relay.run.out(), format!("client close {local}: {there} bytes there, {back} back"));
        }
        assert_eq!(behind.relay.stop(libc::SIGTERM), ["server stopped"]);
    }
}

/// Sends so many bytes of a pattern, and ends the stream.
fn pour(mut stream: TcpStream, total: usize, pattern: &[u8]) {
    let mut sent = 0;
    while sent < total {
        let piece = &pattern[..pattern.len().min(total - sent)];
        stream.write_all(piece).unwrap();
        sent += piece.len();
    }
    stream.shutdown(Shutdown::Write).unwrap();
}

/// Receives so many bytes of a pattern, and the end of the stream.
fn catch(mut stream: TcpStream, total: usize, pattern: &[u8]) {
    let mut caught = vec![0; pattern.len()];
    let mut received = 0;
    while received < total {
        let piece = pattern.len().min(total - received);
        let result = stream.read_exact(&mut caught[..piece]);
        if result.is_err() || caught[..piece] != pattern[..piece] {
            // This also ends the other three.
            let _ = stream.shutdown(Shutdown::Both);
            panic!("after {received} bytes: {result:?}");
        }
        received += piece;
    }
    ends(&mut stream);
}

#[test]
fn two_hundred_megabytes_come_through_a_relay_each_way_at_once() {
    for (kind, total) in [("", 200_000_000), ("_static", 20_000_000)] {
        let behind = Behind::new(kind, &[]);
        let (client, server, local) = behind.connection();
        // No power of two, so that a lost or doubled block of the relay's memory shows.
        let (there, back) = (bytes(100_003), bytes(99_991).into_iter().rev().collect::<Vec<u8>>());
        thread::scope(|scope| {
            for (from, to, pattern) in [(&client, &server, &there), (&server, &client, &back)] {
                let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                scope.spawn(move || pour(from, total, pattern));
                scope.spawn(move || catch(to, total, pattern));
            }
        });
        let closed = format!("client close {local}: {total} bytes there, {total} back");
        assert_eq!(behind.relay.run.out(), closed);
    }
}

#[test]
fn a_relay_ends_an_idle_connection_and_no_other() {
    let behind = Behind::new("", &["-i", "1"]);
    let (mut client, mut server, local) = behind.connection();
    // The pace of the conversation: each byte starts the time again.
    for _ in 0..2 {
        thread::sleep(Duration::from_millis(600));
        say(&mut client, "x");
        hears(&mut server, "x");
    }
    let start = Instant::now();
    for end in [&mut client, &mut server] {
        assert_eq!(end.read(&mut [0]).unwrap_err().kind(), ErrorKind::ConnectionReset, "cut off is not ended");
    }
    assert!(start.elapsed() > Duration::from_millis(900), "after {:?}", start.elapsed());
    assert_eq!(behind.relay.run.out(), format!("client close {local}: 2 bytes there, 0 back, idle"));
}

#[test]
fn when_one_end_of_a_relay_is_reset_so_is_the_other() {
    for kind in KINDS {
        let behind = Behind::new(kind, &[]);
        for client_first in [true, false] {
            let (mut client, mut server, local) = behind.connection();
            // What has arrived shows that the relay knows it is connected: connect(2) can be reset, too.
            say(&mut client, "x");
            hears(&mut server, "x");
            let (gone, mut left) = if client_first { (client, server) } else { (server, client) };
            reset(gone);
            assert_eq!(left.read(&mut [0]).unwrap_err().kind(), ErrorKind::ConnectionReset);
            let closed = format!("client close {local}: 1 bytes there, 0 back, {}", reason(libc::ECONNRESET));
            assert_eq!(behind.relay.run.out(), closed);
        }
        within_deadline("a relay without children", || children(behind.relay.run.pid()).is_empty().then_some(()));
    }
}

#[test]
fn a_killed_server_or_relay_process_ends_the_client_behind_the_relay() {
    for kill_the_relay in [false, true] {
        let server = Server::start("echo_server", "");
        let relay = relay("", &[], &format!("127.0.0.1:{}", server.port));
        let (mut client, local) = relay.typing_client("");
        assert!(server.run.out().starts_with("client 127.0.0.1:"));
        client.type_in("hello\n");
        assert_eq!(client.out(), "hello");
        kill(if kill_the_relay { relay.child() } else { server.child() }, libc::SIGKILL);
        assert_eq!(client.err(), "server close");
        assert_eq!(client.ended().code(), Some(0));
        if !kill_the_relay {
            assert_eq!(relay.run.out(), format!("client close {local}: 6 bytes there, 6 back"));
        }
        // The next one is served.
        relay.serves();
    }
}

#[test]
fn a_relay_to_a_unix_socket_and_one_to_nobody() {
    let path = std::env::temp_dir().join(format!("sockutil-relay-{}", std::process::id()));
    let listener = UnixListener::bind(&path).unwrap();
    let to = format!("unix:{}", path.display());
    let through = relay("", &[], &to);
    let mut client = through.connect();
    listener.set_nonblocking(true).unwrap();
    let (mut server, _) = within_deadline("a connection from the relay", || listener.accept().ok());
    server.set_read_timeout(Some(DEADLINE)).unwrap();
    say(&mut client, "question");
    hears(&mut server, "question");
    server.write_all(b"answer").unwrap();
    hears(&mut client, "answer");
    drop(server);
    ends(&mut client);

    // Nobody listens any more.
    drop(listener);
    let mut client = through.connect();
    let local = client.local_addr().unwrap();
    ends(&mut client);
    assert_eq!(through.run.err(), format!("client {local}: {to}: {}", reason(libc::ECONNREFUSED)));
    fs::remove_file(&path).unwrap();
}

#[test]
fn after_sigterm_a_relay_serves_the_clients_that_it_has_and_ctrl_c_ends_all() {
    for ctrl_c in [false, true] {
        let behind = Behind::new("", &[]);
        let (mut client, mut server, local) = behind.connection();
        say(&mut client, "one");
        hears(&mut server, "one");
        let said = if ctrl_c {
            behind.relay.stop_group(libc::SIGINT)
        } else {
            behind.relay.run.signal(libc::SIGTERM);
            assert_eq!(behind.relay.run.out(), "server stopped");
            let refused = TcpStream::connect((Ipv4Addr::LOCALHOST, behind.relay.port)).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::ConnectionRefused, "new clients are refused");
            say(&mut client, "two");
            hears(&mut server, "two");
            drop(client);
            ends(&mut server);
            drop(server);
            behind.relay.run.rest()
        };
        let closed = said.iter().find(|line| line.starts_with("client close ")).unwrap();
        let end = if ctrl_c { "3 bytes there, 0 back, " } else { "6 bytes there, 0 back" };
        assert!(closed.starts_with(&format!("client close {local}: {end}")), "{said:?}");
    }
}

#[test]
fn bad_arguments_of_relay_are_one_line_and_status_2() {
    let bad: [&[&str]; 8] = [
        &["-i", "0"],
        &["-i", "1s"],
        &["localhost"],
        &["127.0.0.1", "65536"],
        &["127.0.0.1", "0", "nowhere"],
        &["127.0.0.1", "0", "unix:"],
        &["127.0.0.1", "0", "127.0.0.1:http:"],
        &["127.0.0.1", "0", "127.0.0.1:1", "more"],
    ];
    for arguments in bad {
        let output = finished(Command::new(program("relay", "")).args(arguments), b"");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", told(&output));
        assert!(output.stdout.is_empty() && lines_of(&output.stderr) == 1, "{arguments:?}: {}", told(&output));
    }
}
