//! `udp_server` and `udp_client`: datagrams, with and without a peer.

use std::fs;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::kit::*;
use crate::support::told;

/// A bound socket whose receiving is bounded in time.
fn socket() -> UdpSocket {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.set_read_timeout(Some(DEADLINE)).unwrap();
    socket
}

fn port(socket: &UdpSocket) -> u16 {
    socket.local_addr().unwrap().port()
}

/// A closed port: its socket takes datagrams only from itself. No other program can get the port during the test, as
/// could happen after a close.
fn closed_port() -> UdpSocket {
    let socket = socket();
    socket.connect(socket.local_addr().unwrap()).unwrap();
    socket
}

fn receive(socket: &UdpSocket) -> (Vec<u8>, SocketAddr) {
    let mut buffer = vec![0; 70_000];
    let (n, from) = socket.recv_from(&mut buffer).unwrap();
    buffer.truncate(n);
    (buffer, from)
}

/// The peers of the UDP sockets of 127/8 and of the wildcard at a local port, as the kernel's table has them. Port 0:
/// no peer.
fn peers(local: u16) -> Vec<u16> {
    let port_of = |address: &str| u16::from_str_radix(address.split_once(':').unwrap().1, 16).unwrap();
    let table = fs::read_to_string("/proc/net/udp").unwrap();
    let rows = table.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    rows.filter(|fields| port_of(fields[1]) == local).map(|fields| port_of(fields[2])).collect()
}

fn client(kind: &str, options: &[&str], port: u16) -> Command {
    let mut command = Command::new(program("udp_client", kind));
    command.args(options).args(["127.0.0.1", &port.to_string()]);
    command
}

fn typing(kind: &str, options: &[&str], port: u16) -> Running {
    Running::start(client(kind, options, port).stdin(Stdio::piped()))
}

/// A client's line about itself while it has a peer: its own port.
fn connected(line: &str, peer: u16) -> u16 {
    let rest = line.strip_prefix("connected: local 127.0.0.1:").unwrap_or_else(|| panic!("{line}"));
    rest.strip_suffix(&format!(", peer 127.0.0.1:{peer}")).unwrap_or_else(|| panic!("{line}")).parse().unwrap()
}

const DISCONNECTED: &str = "disconnected: local 0.0.0.0:0, peer none";
const NO_ANSWER: &str = "lost: no answer within 3 seconds";
const REFUSED: &str = "lost: Connection refused";

// ---- The server ----

#[test]
fn the_server_answers_every_client_over_one_socket_that_has_no_peer() {
    for kind in KINDS {
        let server = Server::start("udp_server", kind);
        assert_eq!(peers(server.port), [0]);
        let open = descriptors(server.run.pid());
        let clients = [socket(), socket(), socket()];
        for (round, sender) in clients.iter().chain(&clients).enumerate() {
            let sent = bytes(1 + round);
            sender.send_to(&sent, (Ipv4Addr::LOCALHOST, server.port)).unwrap();
            let (answer, from) = receive(sender);
            assert_eq!((answer, from.port()), (sent, server.port));
            let local = sender.local_addr().unwrap();
            assert_eq!(server.run.out(), format!("client {local}: {} bytes", 1 + round));
        }
        assert_eq!(descriptors(server.run.pid()), open, "a client costs no descriptor");
        assert_eq!(peers(server.port), [0]);
        server.stop(libc::SIGTERM);
    }
}

#[test]
fn a_datagram_that_the_servers_buffer_cuts_is_told_and_its_rest_is_gone() {
    for kind in KINDS {
        let server = Server::start("udp_server", kind);
        let client = socket();
        client.connect((Ipv4Addr::LOCALHOST, server.port)).unwrap();
        let local = client.local_addr().unwrap();
        for n in [0, 1, 1023, 1024, 1025, 65_507] {
            let sent: Vec<u8> = (0..=255).cycle().take(n).collect();
            client.send(&sent).unwrap();
            let (answer, _) = receive(&client);
            assert!(answer == sent[..n.min(1024)], "of {n} bytes {} came back", answer.len());
            let said = server.run.out();
            if n <= 1024 {
                assert_eq!(said, format!("client {local}: {n} bytes"));
            } else {
                assert_eq!(said, format!("client {local}: 1024 bytes, the rest is cut off"));
            }
        }
        // The rest of the last one would come before this.
        client.send(b"next").unwrap();
        assert_eq!(receive(&client).0, b"next");
        assert_eq!(server.run.out(), format!("client {local}: 4 bytes"));
        server.stop(libc::SIGTERM);
    }
}

#[test]
fn an_answer_that_cannot_be_sent_does_not_end_the_server() {
    let server = run_shimmed("udp_server", &format!("sendto nth=1 errno={}", libc::EPERM));
    let client = socket();
    client.connect((Ipv4Addr::LOCALHOST, server.port)).unwrap();
    client.send(b"one").unwrap();
    assert_eq!(server.run.err(), "sendto: Operation not permitted");
    client.send(b"two").unwrap();
    assert_eq!(receive(&client).0, b"two");
    server.stop(libc::SIGTERM);
}

#[test]
fn the_server_stops_while_it_waits() {
    for kind in KINDS {
        for signal in [libc::SIGINT, libc::SIGTERM] {
            let server = Server::start("udp_server", kind);
            let port = server.port;
            assert_eq!(server.stop(signal), ["server stopped"]);
            assert_eq!(peers(port), [], "the port is free");
        }
    }
}

#[test]
fn two_servers_never_share_a_port() {
    let in_use = format!("bind: {}\n", reason(libc::EADDRINUSE));
    for kind in KINDS {
        let server = Server::start("udp_server", kind);
        let output =
            finished(Command::new(program("udp_server", kind)).args(["127.0.0.1", &server.port.to_string()]), b"");
        assert_eq!(output.status.code(), Some(1), "{}", told(&output));
        assert!(output.stdout.is_empty() && output.stderr == in_use.as_bytes(), "{}", told(&output));
        assert_eq!(server.stop(libc::SIGTERM), ["server stopped"]);
    }
}

// ---- The pair ----

#[test]
fn text_and_lines_go_out_as_datagrams_and_come_back() {
    for kind in KINDS {
        let server = Server::start("udp_server", kind);
        for options in [&[][..], &["-c"]] {
            let output = finished(client(kind, options, server.port).args(["two", "words"]), b"");
            assert!(output.status.success() && output.stdout == b"two words\n", "{}", told(&output));
            assert!(server.run.out().ends_with(": 10 bytes"));

            let lines = b"first\n\nwith a \0 NUL\nwithout an end";
            let output = finished(&mut client(kind, options, server.port), lines);
            assert!(output.status.success() && output.stdout == lines, "{}", told(&output));
            for n in [6, 1, 13, 14] {
                let said = server.run.out();
                assert!(said.ends_with(&format!(": {n} bytes")), "{said}, not {n}");
            }
        }
        server.stop(libc::SIGTERM);
    }
}

#[test]
fn a_line_that_no_datagram_can_hold_goes_out_in_several() {
    let server = socket();
    let mut typist = typing("", &[], port(&server));
    let sent = line(65_507 + 1000);
    typist.type_in(std::str::from_utf8(&sent).unwrap());
    for piece in [&sent[..65_507], &sent[65_507..]] {
        let (received, from) = receive(&server);
        assert!(received == piece, "{} bytes", received.len());
        server.send_to(b"ok\n", from).unwrap();
        assert_eq!(typist.out(), "ok");
    }
    typist.stdin = None;
    assert_eq!(typist.ended().code(), Some(0));

    let output = finished(client("", &[], port(&server)).arg("x".repeat(65_507)), b"");
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    assert_eq!(output.stderr, format!("lost: {}\n", reason(libc::EMSGSIZE)).as_bytes());
}

#[test]
fn a_lost_answer_is_told_and_the_next_datagram_goes_out() {
    for options in [&[][..], &["-c"]] {
        let server = socket();
        let mut client = typing("", options, port(&server));
        client.type_in("one\ntwo\n");
        assert_eq!(receive(&server).0, b"one\n");
        let start = Instant::now();
        let (received, from) = receive(&server);
        assert_eq!(received, b"two\n");
        assert!(start.elapsed() > Duration::from_secs(1), "an answer was waited for");
        server.send_to(&received, from).unwrap();
        assert_eq!(client.out(), "two");
        client.stdin = None;
        assert_eq!(client.ended().code(), Some(1), "one was lost");
        let said: Vec<String> = client.err.iter().collect();
        assert_eq!(said.iter().filter(|line| *line == NO_ANSWER).count(), 1, "{said:?}");
    }
}

#[test]
fn a_dead_port_is_silence_without_a_peer() {
    for kind in KINDS {
        let dead = closed_port();
        let start = Instant::now();
        let output = finished(&mut client(kind, &[], port(&dead)), b"anybody?\n");
        assert!(start.elapsed() >= Duration::from_secs(3), "{:?}", start.elapsed());
        assert_eq!(output.status.code(), Some(1), "{}", told(&output));
        assert!(output.stdout.is_empty(), "{}", told(&output));
        assert_eq!(output.stderr, format!("{NO_ANSWER}\n").as_bytes(), "{}", told(&output));
    }
}

#[test]
fn a_dead_port_refuses_a_socket_that_has_it_as_its_peer() {
    for kind in KINDS {
        let dead = closed_port();
        let output = finished(&mut client(kind, &["-c"], port(&dead)), b"one\ntwo\n");
        assert_eq!(output.status.code(), Some(1), "{}", told(&output));
        assert!(output.stdout.is_empty(), "{}", told(&output));
        let said = String::from_utf8(output.stderr).unwrap();
        let said: Vec<&str> = said.lines().collect();
        assert_eq!(said.len(), 6, "{said:?}");
        for one in said.chunks(3) {
            connected(one[0], port(&dead));
            assert_eq!(one[1..], [REFUSED, DISCONNECTED]);
        }
    }
}

#[test]
fn a_port_that_was_closed_is_dead_too() {
    let gone = port(&socket());
    let output = finished(client("", &["-c"], gone).arg("anybody?"), b"");
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    assert!(told(&output).contains(REFUSED), "{}", told(&output));
}

#[test]
fn the_kernel_knows_the_peer_from_connect_to_disconnect() {
    for kind in KINDS {
        let server = socket();
        let mut client = typing(kind, &["-c"], port(&server));
        for text in ["one\n", "two\n"] {
            client.type_in(text);
            let (_, from) = receive(&server);
            assert_eq!(peers(from.port()), [port(&server)]);
            assert_eq!(connected(&client.err(), port(&server)), from.port());
            server.send_to(b"answer\n", from).unwrap();
            assert_eq!(client.out(), "answer");
            assert_eq!(client.err(), DISCONNECTED);
            // Now it waits for the keyboard.
            assert_eq!(peers(from.port()), [], "the port went with the peer");
        }
        client.stdin = None;
        assert_eq!(client.ended().code(), Some(0));
    }
}

#[test]
fn without_connect_the_kernel_knows_no_peer_and_the_port_stays() {
    for kind in KINDS {
        let server = socket();
        let mut client = typing(kind, &[], port(&server));
        let mut ports = Vec::new();
        for text in ["one\n", "two\n"] {
            client.type_in(text);
            let (_, from) = receive(&server);
            assert_eq!(peers(from.port()), [0]);
            server.send_to(b"answer\n", from).unwrap();
            assert_eq!(client.out(), "answer");
            ports.push(from.port());
        }
        assert_eq!(ports[0], ports[1]);
        client.stdin = None;
        assert_eq!(client.ended().code(), Some(0));
        assert!(client.err.recv().is_err(), "no word more than that");
    }
}

#[test]
fn a_socket_is_disconnected_and_connected_to_another_peer() {
    for kind in KINDS {
        let servers = [Server::start("udp_server", kind), Server::start("udp_server", kind)];
        let another = servers[1].port.to_string();
        let output = finished(&mut client(kind, &["-a", &another], servers[0].port), b"a\nbb\nccc\ndddd\n");
        assert!(output.status.success() && output.stdout == b"a\nbb\nccc\ndddd\n", "{}", told(&output));
        let said = String::from_utf8(output.stderr).unwrap();
        let said: Vec<&str> = said.lines().collect();
        assert_eq!(said.len(), 8, "{said:?}");
        for (turn, two) in said.chunks(2).enumerate() {
            let server = &servers[turn % 2];
            let local = connected(two[0], server.port);
            assert_eq!(two[1], DISCONNECTED);
            assert_eq!(server.run.out(), format!("client 127.0.0.1:{local}: {} bytes", turn + 2));
        }
        for server in servers {
            assert_eq!(server.stop(libc::SIGTERM), ["server stopped"], "each got its own");
        }
    }
}

#[test]
fn another_peer_is_reached_after_one_that_refused() {
    let dead = closed_port();
    let server = Server::start("udp_server", "");
    let mut command = client("", &["-a", &server.port.to_string()], port(&dead));
    let output = finished(&mut command, b"one\ntwo\n");
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    assert_eq!(output.stdout, b"two\n", "{}", told(&output));
    assert_eq!(told(&output).matches(REFUSED).count(), 1, "{}", told(&output));
}

#[test]
fn a_stranger_is_ignored_by_the_client_or_kept_away_by_the_kernel() {
    for kind in KINDS {
        for options in [&[][..], &["-c"]] {
            let (server, stranger) = (socket(), socket());
            let mut client = typing(kind, options, port(&server));
            client.type_in("hello\n");
            let (_, from) = receive(&server);
            stranger.connect(from).unwrap();
            stranger.send(b"stranger\n").unwrap();
            if options.is_empty() {
                let stranger = stranger.local_addr().unwrap();
                assert_eq!(client.err(), format!("ignored: 9 bytes from {stranger}"));
            } else {
                // It is closed to the stranger, too: its kernel reports that.
                assert_eq!(stranger.recv(&mut [0]).unwrap_err().kind(), ErrorKind::ConnectionRefused);
            }
            server.send_to(b"server\n", from).unwrap();
            assert_eq!(client.out(), "server");
            client.stdin = None;
            assert_eq!(client.ended().code(), Some(0));
            assert!(client.out.recv().is_err(), "nothing more");
            let said: Vec<String> = client.err.iter().collect();
            assert!(!said.iter().any(|line| line.starts_with("ignored") || line.starts_with("lost")), "{said:?}");
        }
    }
}

#[test]
fn a_server_at_any_address_may_answer_from_another_than_was_asked() {
    let mut server = Command::new(program("udp_server", ""));
    let server = Running::start(server.args(["0.0.0.0", "0"]));
    let said = server.out();
    let port = said.strip_prefix("listening on 0.0.0.0:").unwrap_or_else(|| panic!("{said}"));
    let ask = |options: &[&str]| {
        let mut client = Command::new(program("udp_client", ""));
        let output = finished(client.args(options).args(["127.0.0.2", port, "hello"]), b"");
        assert_eq!(output.status.code(), Some(1), "{}", told(&output));
        assert!(server.out().ends_with(": 6 bytes"), "it came");
        String::from_utf8(output.stderr).unwrap()
    };
    assert_eq!(ask(&[]), format!("ignored: 6 bytes from 127.0.0.1:{port}\n{NO_ANSWER}\n"));
    let said = ask(&["-c"]);
    assert!(said.contains(NO_ANSWER) && !said.contains("ignored"), "{said}");
}

// ---- The client's end ----

#[test]
fn ctrl_c_ends_the_client_at_the_keyboard_and_while_it_waits_for_an_answer() {
    for kind in KINDS {
        let server = socket();
        let mut client = typing(kind, &[], port(&server));
        client.type_in("one\n");
        let (_, from) = receive(&server);
        server.send_to(b"answer\n", from).unwrap();
        assert_eq!(client.out(), "answer");
        client.signal(libc::SIGINT);
        assert_eq!(client.ended().code(), Some(0), "at the keyboard");

        let mut client = typing(kind, &[], port(&server));
        client.type_in("one\n");
        receive(&server);
        client.signal(libc::SIGINT);
        assert_eq!(client.ended().code(), Some(0), "before anything was lost");
        assert!(client.err.recv().is_err(), "nothing was waited for to the end");

        let mut client = typing(kind, &[], port(&server));
        client.type_in("one\n");
        assert_eq!(client.err(), NO_ANSWER);
        client.signal(libc::SIGINT);
        assert_eq!(client.ended().code(), Some(1), "after a loss");
    }
}

#[test]
fn the_other_port_is_looked_at_like_the_first() {
    for arguments in [&["-a"][..], &["-a", "http"], &["-a", "65536", "127.0.0.1", "0"], &["-a", "-1"], &["-d"]] {
        let output = finished(Command::new(program("udp_client", "")).args(arguments), b"");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", told(&output));
        assert!(output.stdout.is_empty() && lines_of(&output.stderr) == 1, "{arguments:?}: {}", told(&output));
    }
}
