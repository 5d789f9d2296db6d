//! The programs against clients and servers that this project did not write. `make test-clients` runs these: they need
//! netcat (that of OpenBSD) and socat.

use std::process::{Command, Stdio};

use crate::kit::*;
use crate::support::told;

/// One of the other programs, or a message about a missing one.
fn tool(name: &str, version: &str) -> Command {
    let there = Command::new(name).arg(version).output();
    assert!(there.is_ok(), "{name} is missing: make test-clients needs netcat (netcat-openbsd) and socat");
    Command::new(name)
}

/// Each sends its stdin, ends its own direction, and prints its input until the server ends the other.
fn foreign_clients(port: u16) -> [Command; 2] {
    let mut nc = tool("nc", "-h");
    nc.args(["-N", "127.0.0.1", &port.to_string()]);
    let mut socat = tool("socat", "-V");
    socat.args(["-t", "60", "-", &format!("TCP:127.0.0.1:{port}")]);
    [nc, socat]
}

/// The answer to a client that sent `input`.
fn answer(client: &mut Command, input: &[u8]) -> Vec<u8> {
    let output = finished(client, input);
    assert!(output.status.success(), "{client:?}: {}", told(&output));
    output.stdout
}

/// Bytes of every value, lines of every length around the buffers' sizes, and a last line without an end.
fn inputs() -> [Vec<u8>; 5] {
    let every_byte = (0..=255).cycle().take(70_000).collect();
    [Vec::new(), b"hello\n".to_vec(), [line(1023), line(1024), line(8193)].concat(), every_byte, bytes(4 << 20)]
}

#[test]
#[ignore = "make test-clients"]
fn netcat_and_socat_get_back_every_byte() {
    for name in ["echo_server", "thread_server", "epoll_server"] {
        for kind in KINDS {
            let server = Server::start(name, kind);
            for sent in inputs() {
                for mut client in foreign_clients(server.port) {
                    let back = answer(&mut client, &sent);
                    assert!(back == sent, "{name}{kind}, {client:?}: {} of {} bytes", back.len(), sent.len());
                }
            }
            let said = server.stop(libc::SIGTERM);
            assert_eq!(said.last().map(String::as_str), Some("server stopped"), "{name}{kind}");
        }
    }
}

#[test]
#[ignore = "make test-clients"]
fn netcat_and_socat_get_upper_case() {
    let server = Server::start("upper_server", "");
    for sent in inputs() {
        for mut client in foreign_clients(server.port) {
            assert!(answer(&mut client, &sent) == sent.to_ascii_uppercase(), "{client:?}, {} bytes", sent.len());
        }
    }
}

#[test]
#[ignore = "make test-clients"]
fn netcat_and_socat_are_greeted_with_one_line() {
    let server = Server::start("greet_server", "");
    for mut client in foreign_clients(server.port) {
        let line = answer(&mut client, b"");
        assert!(line.len() > 1 && lines_of(&line) == 1, "{client:?}: {line:?}");
        assert!(line.ends_with(b"\n"), "{client:?}: {line:?}");
    }
}

/// An echo server by socat, and its port. One socat process fills the pipe and empties it. poll(2) promises it a page
/// there: a larger write would wait for itself for ever, so its pieces are no larger than that.
fn foreign_server(address: &str) -> (Running, u16) {
    let mut socat = tool("socat", "-V");
    let run = Running::start(socat.args(["-d", "-d", "-b", "4096", address, "PIPE"]).stdin(Stdio::null()));
    loop {
        let said = run.err();
        if said.contains("listening on") || said.contains("receiving on") {
            let port = said.rsplit(':').next().unwrap().parse().unwrap();
            return (run, port);
        }
    }
}

#[test]
#[ignore = "make test-clients"]
fn the_echo_client_talks_to_socat() {
    let (_server, port) = foreign_server("TCP-LISTEN:0,bind=127.0.0.1,fork");
    for kind in KINDS {
        for sent in inputs() {
            let mut client = Command::new(program("echo_client", kind));
            let back = answer(client.args(["127.0.0.1", &port.to_string()]), &sent);
            assert!(back == sent, "{kind}: {} of {} bytes", back.len(), sent.len());
        }
    }
}
