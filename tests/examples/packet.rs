//! `packet_server` and `packet_client`: the cure for "sticky packets".

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::kit::*;
use crate::support::{scratch, told};

/// The longest packet that the server takes, as its help says.
const MOST: usize = 65_536;

/// How long the server waits for a client to close.
const PATIENCE: Duration = Duration::from_secs(10);

/// FNV-1a, 32 bits.
fn checksum(body: &[u8]) -> u32 {
    body.iter().fold(0x811c_9dc5, |sum, &byte| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

fn told_of(number: usize, body: &[u8]) -> String {
    format!("packet {number}: {} bytes, checksum {:08x}", body.len(), checksum(body))
}

/// A packet on the wire: a big-endian length of four bytes, and the body.
fn framed(body: &[u8]) -> Vec<u8> {
    [&u32::try_from(body.len()).unwrap().to_be_bytes(), body].concat()
}

/// The bodies of all packets of a stream, which ends after one.
fn unframed(mut stream: &[u8]) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    while let Some((header, rest)) = stream.split_first_chunk::<4>() {
        let (body, rest) = rest.split_at(usize::try_from(u32::from_be_bytes(*header)).unwrap());
        all.push(body.to_vec());
        stream = rest;
    }
    assert!(stream.is_empty(), "{} bytes of a header", stream.len());
    all
}

/// Bodies of random length and content, none of them with a newline.
fn random_bodies(count: usize, most: usize) -> Vec<Vec<u8>> {
    let mut state = 7_u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    let byte = |n: usize| if n == 10 { b'\r' } else { u8::try_from(n).unwrap() };
    (0..count).map(|_| (0..next(most + 1)).map(|_| byte(next(256))).collect()).collect()
}

fn total(bodies: &[Vec<u8>]) -> String {
    format!("{} packets, {} bytes", bodies.len(), bodies.iter().map(Vec::len).sum::<usize>())
}

/// The server's answer, up to the end of the stream: one packet.
fn answer(stream: &mut TcpStream) -> String {
    let mut all = Vec::new();
    stream.read_to_end(&mut all).unwrap();
    let [only] = <[Vec<u8>; 1]>::try_from(unframed(&all)).unwrap();
    String::from_utf8(only).unwrap()
}

/// A client that has sent everything. Returns its connection and its address.
fn says(server: &Server, stream: &[u8]) -> (TcpStream, String) {
    let mut client = server.connect();
    let local = client.local_addr().unwrap().to_string();
    client.write_all(stream).unwrap();
    // The server may have refused a packet by now, and closed with unread input: that resets the connection.
    if let Err(error) = client.shutdown(Shutdown::Write) {
        assert_eq!(error.kind(), ErrorKind::NotConnected);
    }
    (client, local)
}

/// Checks that the server prints each packet and the end.
fn tells(server: &Server, local: &str, bodies: &[Vec<u8>], answer: &str) {
    assert_eq!(server.run.out(), format!("client {local}"));
    for (i, body) in bodies.iter().enumerate() {
        assert_eq!(server.run.out(), told_of(i + 1, body));
    }
    assert_eq!(server.run.out(), format!("answer: {answer}"));
    assert_eq!(server.run.out(), format!("client close {local}"));
}

/// Checks that a new client is served.
fn serves(server: &Server) {
    let (mut client, local) = says(server, &framed(b"still there?"));
    assert_eq!(answer(&mut client), "1 packets, 12 bytes");
    drop(client);
    tells(server, &local, &[b"still there?".to_vec()], "1 packets, 12 bytes");
}

/// A `packet_client` of a server on this port.
fn client(kind: &str, port: u16) -> Command {
    let mut command = Command::new(program("packet_client", kind));
    command.args(["127.0.0.1", &port.to_string()]);
    command
}

/// A client at an open keyboard.
fn typing(kind: &str, port: u16) -> (Running, String) {
    let client = Running::start(client(kind, port).stdin(Stdio::piped()));
    let local = client.err();
    let local = local.strip_prefix("local ").unwrap_or_else(|| panic!("{local}")).to_owned();
    (client, local)
}

/// Checks that a client has sent these packets, and that all have come. Returns its address.
fn sent(output: &Output, bodies: &[Vec<u8>]) -> String {
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let mut lines = said.lines();
    for (i, body) in bodies.iter().enumerate() {
        assert_eq!(lines.next(), Some(told_of(i + 1, body).as_str()));
    }
    assert_eq!(lines.next(), Some(format!("answer: {}", total(bodies)).as_str()));
    assert_eq!(lines.next(), None);
    let said = String::from_utf8_lossy(&output.stderr);
    said.strip_prefix("local ").unwrap_or_else(|| panic!("{said}")).trim_end().to_owned()
}

#[test]
fn the_checksum_is_that_of_its_inventors() {
    // From the reference implementation's table of test values.
    let known = [(&b""[..], 0x811c_9dc5), (b"a", 0xe40c_292c), (b"foobar", 0xbf9c_f968)];
    for (text, sum) in known {
        assert_eq!(checksum(text), sum);
    }
}

// ---- One for one ----

#[test]
fn thousands_of_packets_in_one_write_come_out_one_for_one() {
    for kind in KINDS {
        let server = Server::start("packet_server", kind);
        let before = descriptors(server.run.pid());
        for (count, most) in [(5000, 4000), (5000, 3), (40, MOST)] {
            let bodies = random_bodies(count, most);
            let stream: Vec<u8> = bodies.iter().flat_map(|body| framed(body)).collect();
            let (mut client, local) = says(&server, &stream);
            assert_eq!(answer(&mut client), total(&bodies));
            drop(client);
            tells(&server, &local, &bodies, &total(&bodies));
        }
        assert_eq!(descriptors(server.run.pid()), before);
        assert_eq!(server.stop(libc::SIGTERM), ["server stopped"]);
    }
}

#[test]
fn packets_that_come_byte_by_byte_come_out_one_for_one() {
    for kind in KINDS {
        let server = Server::start("packet_server", kind);
        let bodies = [b"hello".to_vec(), Vec::new(), vec![0; 300], b"\n".to_vec()];
        let mut client = server.connect();
        let local = client.local_addr().unwrap().to_string();
        client.set_nodelay(true).unwrap();
        assert_eq!(server.run.out(), format!("client {local}"));
        for (i, body) in bodies.iter().enumerate() {
            for byte in framed(body) {
                client.write_all(&[byte]).unwrap();
            }
            // Before the next one: a packet is printed as soon as it is there.
            assert_eq!(server.run.out(), told_of(i + 1, body));
        }
        client.shutdown(Shutdown::Write).unwrap();
        assert_eq!(answer(&mut client), total(&bodies));
    }
}

#[test]
fn the_client_sends_each_line_of_stdin_as_a_packet() {
    let mut lines = random_bodies(3000, 2000);
    lines.extend([vec![], vec![], b"\0".to_vec(), b"\r".to_vec(), bytes(MOST), b"no newline at the end".to_vec()]);
    let path = scratch("examples-input").join("packets");
    for kind in KINDS {
        let server = Server::start("packet_server", kind);
        fs::write(&path, lines.join(&b'\n')).unwrap();
        let output = client(kind, server.port).stdin(File::open(&path).unwrap()).output().unwrap();
        tells(&server, &sent(&output, &lines), &lines, &total(&lines));
        for (input, lines) in
            [("", vec![]), ("\n", vec![vec![]]), ("a\n\nb\n", vec![b"a".to_vec(), vec![], b"b".to_vec()])]
        {
            let output = finished(&mut client(kind, server.port), input.as_bytes());
            tells(&server, &sent(&output, &lines), &lines, &total(&lines));
        }
    }
}

#[test]
fn the_client_sends_each_word_as_a_packet() {
    for kind in KINDS {
        let server = Server::start("packet_server", kind);
        let words = ["one", "two  words", "", "-n", "Gr\u{fc}\u{df}e"];
        let bodies = words.map(|word| word.as_bytes().to_vec());
        let output = finished(client(kind, server.port).args(words), b"not this\n");
        tells(&server, &sent(&output, &bodies), &bodies, "5 packets, 22 bytes");
    }
}

#[test]
fn the_client_sends_random_packets_back_to_back() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    for kind in KINDS {
        let mut command = Command::new(program("packet_client", kind));
        let mut client = Running::start(command.args(["-n", "5000", "127.0.0.1", &port.to_string()]));
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        // All of them, and the end, before we send anything.
        let mut all = Vec::new();
        stream.read_to_end(&mut all).unwrap();
        let bodies = unframed(&all);
        assert_eq!(bodies.len(), 5000);
        let lengths: BTreeSet<usize> = bodies.iter().map(Vec::len).collect();
        assert!(lengths.len() > 2000 && lengths.last().is_some_and(|&most| most <= 4000), "random lengths");
        let different: BTreeSet<u32> = bodies.iter().map(|body| checksum(body)).collect();
        assert!(different.len() > 4900, "random bytes");
        stream.write_all(&framed(total(&bodies).as_bytes())).unwrap();
        drop(stream);
        assert_eq!(client.ended().code(), Some(0));
        for (i, body) in bodies.iter().enumerate() {
            assert_eq!(client.out(), told_of(i + 1, body));
        }
        assert_eq!(client.out(), format!("answer: {}", total(&bodies)));
    }
}

#[test]
fn both_ends_of_the_pair_tell_the_same() {
    for kind in KINDS {
        let server = Server::start("packet_server", kind);
        let mut command = Command::new(program("packet_client", kind));
        let output = finished(command.args(["-n", "5000", "127.0.0.1", &server.port.to_string()]), b"");
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(server.run.out().starts_with("client "));
        let theirs = String::from_utf8(output.stdout).unwrap();
        assert_eq!(theirs.lines().count(), 5001);
        for line in theirs.lines() {
            assert_eq!(server.run.out(), line);
        }
    }
}

// ---- What is refused ----

#[test]
fn an_oversized_header_is_refused_and_the_server_goes_on() {
    for kind in KINDS {
        let server = Server::start("packet_server", kind);
        let before = descriptors(server.run.pid());
        let good = [b"one".to_vec(), bytes(MOST)];
        let first: Vec<u8> = good.iter().flat_map(|body| framed(body)).collect();
        for (length, follows) in [(u32::MAX, 0), (0x8000_0000, 5), (65_537, 65_537), (65_537, 2 << 20)] {
            let mut client = server.connect();
            let local = client.local_addr().unwrap().to_string();
            client.write_all(&[&first[..], &length.to_be_bytes(), &bytes(follows)].concat()).unwrap();
            // We have not ended, and much of it is unread. The answer and the end still come.
            let expected = format!("packet 3 is refused: {length} bytes, more than 65536");
            assert_eq!(answer(&mut client), expected);
            drop(client);
            tells(&server, &local, &good, &expected);
            serves(&server);
        }
        assert_eq!(descriptors(server.run.pid()), before);
        assert!(server.run.err.try_recv().is_err(), "nothing has failed");
    }
}

#[test]
fn a_stream_that_ends_inside_a_packet_is_told() {
    for kind in KINDS {
        let server = Server::start("packet_server", kind);
        let whole = framed(b"whole");
        for (more, came) in [(&b"\0"[..], 1), (b"\0\0\0", 3), (b"\0\0\0\x05", 4), (b"\0\0\0\x05hell", 8)] {
            let (mut client, local) = says(&server, &[&whole[..], more].concat());
            let expected = format!("packet 2 is cut short: of header and body, {came} bytes came");
            assert_eq!(answer(&mut client), expected);
            drop(client);
            tells(&server, &local, &[b"whole".to_vec()], &expected);
        }
        serves(&server);
    }
}

#[test]
fn the_server_survives_clients_that_reset() {
    for kind in KINDS {
        let server = Server::start("packet_server", kind);
        let before = descriptors(server.run.pid());
        for more in [&b""[..], b"\0\0", b"\0\0\0\x05hell"] {
            let mut client = server.connect();
            let local = client.local_addr().unwrap().to_string();
            client.write_all(&[&framed(b"whole"), more].concat()).unwrap();
            assert_eq!(server.run.out(), format!("client {local}"));
            assert_eq!(server.run.out(), told_of(1, b"whole"));
            reset(client);
            assert_eq!(server.run.out(), "answer: packet 2: Connection reset by peer");
            assert_eq!(server.run.err(), format!("client {local}: Broken pipe"));
            assert_eq!(server.run.out(), format!("client close {local}"));
        }
        serves(&server);
        assert_eq!(descriptors(server.run.pid()), before);
    }
}

#[test]
fn a_refusal_is_seen_at_an_open_keyboard() {
    for kind in KINDS {
        let server = Server::start("packet_server", kind);
        let (mut client, _) = typing(kind, server.port);
        client.type_in("short\n");
        assert!(server.run.out().starts_with("client "));
        assert_eq!(server.run.out(), told_of(1, b"short"));
        let long = bytes(MOST + 1);
        client.type_in(&format!("{}\n", String::from_utf8(long.clone()).unwrap()));
        assert_eq!(client.ended().code(), Some(1));
        assert!(client.stdin.is_some(), "the keyboard was open all the time");
        let said: Vec<String> = client.out.iter().collect();
        let refused = "answer: packet 2 is refused: 65537 bytes, more than 65536".to_owned();
        assert_eq!(said, [told_of(1, b"short"), told_of(2, &long), refused]);
        assert!(client.err.recv().is_err());
    }
}

// ---- Those who leave ----

#[test]
fn an_answer_that_is_another_or_none_is_told_by_the_status() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let answers: [(Option<&str>, i32, Option<&str>); 4] = [
        (Some("2 packets, 6 bytes"), 0, None),
        (Some("1 packets, 6 bytes"), 1, None),
        (Some("2 packets, 5 bytes"), 1, None),
        (None, 1, Some("server close")),
    ];
    for kind in KINDS {
        for (answer, status, told) in answers {
            let mut client = Running::start(client(kind, port).args(["one", "two"]));
            let (mut stream, local) = listener.accept().unwrap();
            stream.set_read_timeout(Some(DEADLINE)).unwrap();
            let mut all = Vec::new();
            stream.read_to_end(&mut all).unwrap();
            assert_eq!(unframed(&all), [b"one", b"two"]);
            if let Some(answer) = answer {
                stream.write_all(&framed(answer.as_bytes())).unwrap();
            }
            drop(stream);
            assert_eq!(client.ended().code(), Some(status), "{answer:?}");
            assert_eq!(client.err(), format!("local {local}"));
            assert_eq!(client.err.recv().ok().as_deref(), told, "{answer:?}");
            let last = answer.map_or_else(|| told_of(2, b"two"), |answer| format!("answer: {answer}"));
            assert_eq!(client.out.iter().last(), Some(last));
        }
    }
    // A reset, whenever it comes: while the client still connects, too.
    let mut client = Running::start(client("", port).stdin(Stdio::piped()));
    let (stream, _) = listener.accept().unwrap();
    reset(stream);
    assert_eq!(client.ended().code(), Some(1));
    let said: Vec<String> = client.err.iter().filter(|line| !line.starts_with("local ")).collect();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].starts_with("server") || said[0].ends_with(&reason(libc::ECONNRESET)), "{said:?}");
}

#[test]
fn end_of_input_and_ctrl_c_leave_and_the_answer_still_comes() {
    for kind in KINDS {
        let server = Server::start("packet_server", kind);
        for ctrl_c in [false, true] {
            let (mut client, local) = typing(kind, server.port);
            client.type_in("hello\n");
            assert_eq!(server.run.out(), format!("client {local}"));
            assert_eq!(server.run.out(), told_of(1, b"hello"));
            if ctrl_c {
                client.signal(libc::SIGINT);
                assert_eq!(client.ended().code(), Some(0));
                assert!(client.stdin.is_some(), "the keyboard was open all the time");
            } else {
                client.stdin = None;
                assert_eq!(client.ended().code(), Some(0));
            }
            let said: Vec<String> = client.out.iter().collect();
            assert_eq!(said, [told_of(1, b"hello"), "answer: 1 packets, 5 bytes".into()]);
            assert!(client.err.recv().is_err());
            assert_eq!(server.run.out(), "answer: 1 packets, 5 bytes");
            assert_eq!(server.run.out(), format!("client close {local}"));
        }
    }
}

#[test]
fn a_second_interrupt_ends_a_client_whose_server_hangs() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let (mut client, _) = typing("", listener.local_addr().unwrap().port());
    let (mut stream, _) = listener.accept().unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    client.signal(libc::SIGINT);
    assert_eq!(stream.read(&mut [0; 6]).unwrap(), 0, "the first ended what the client sends");
    client.signal(libc::SIGINT);
    assert_eq!(client.ended().signal(), Some(libc::SIGINT));
}

#[test]
fn interrupted_while_it_sends_the_client_tells_what_came() {
    let server = Server::start("packet_server", "");
    let mut command = Command::new(program("packet_client", ""));
    let mut client = Running::start(command.args(["-n", "1000000", "127.0.0.1", &server.port.to_string()]));
    assert!(server.run.out().starts_with("client "));
    assert!(server.run.out().starts_with("packet 1: "));
    client.signal(libc::SIGINT);
    let status = client.ended();
    let said: Vec<String> = client.out.iter().collect();
    let told: Vec<String> =
        std::iter::from_fn(|| Some(server.run.out()).filter(|s| !s.starts_with("client close"))).collect();
    let answer = said.last().unwrap();
    assert!(said.len() < 1_000_000 && told.last() == Some(answer), "{answer}");
    // The first packet was read above. The last may be cut short, as the answer then says.
    assert_eq!(said[1..said.len() - 1], told[..told.len() - 1]);
    let whole = answer.starts_with(&format!("answer: {} packets, ", said.len() - 1));
    let cut = answer.starts_with(&format!("answer: packet {} is cut short: ", said.len()));
    assert!(if whole { status.code() == Some(0) } else { cut && status.code() == Some(1) }, "{status}: {answer}");
}

#[test]
fn signals_stop_the_server_whatever_it_waits_for() {
    for kind in KINDS {
        for signal in [libc::SIGINT, libc::SIGTERM] {
            for served in 0..5 {
                let server = Server::start("packet_server", kind);
                let crowd: Vec<TcpStream> = (0..served).map(|_| server.connect()).collect();
                drop(crowd);
                assert_eq!(server.stop(signal).last().map(String::as_str), Some("server stopped"));
            }
            // It waits for the rest of a packet. No answer: the client did not end.
            let server = Server::start("packet_server", kind);
            let (mut client, local) = typing(kind, server.port);
            client.type_in("hello\n");
            assert_eq!(server.run.out(), format!("client {local}"));
            assert_eq!(server.run.out(), told_of(1, b"hello"));
            assert_eq!(server.stop(signal), [format!("client close {local}"), "server stopped".into()]);
            assert_eq!(client.err(), "server close");
            assert_eq!(client.ended().code(), Some(1));
            // It waits for a client with its answer to close.
            let server = Server::start("packet_server", kind);
            let mut stays = server.connect();
            let start = Instant::now();
            stays.write_all(&[0xff; 4]).unwrap();
            answer(&mut stays);
            assert_eq!(server.stop(signal).last().map(String::as_str), Some("server stopped"));
            assert!(start.elapsed() < PATIENCE, "it was not waited for: {:?}", start.elapsed());
        }
    }
}

#[test]
fn a_signal_just_after_accept_stops_the_server() {
    let server = stopped_after_accept("packet_server");
    let mut silent = server.connect();
    let local = silent.local_addr().unwrap();
    let start = Instant::now();
    assert_eq!(silent.read(&mut [0]).unwrap(), 0);
    assert_eq!(server.stopped(), [format!("client {local}"), format!("client close {local}"), "server stopped".into()]);
    assert!(start.elapsed() < PATIENCE, "its client was not waited for: {:?}", start.elapsed());
}

#[test]
fn a_bad_argument_is_one_line_and_status_2() {
    let table: [&[&str]; 8] = [
        &["-n"],
        &["-n", "0"],
        &["-n", "-5"],
        &["-n", ""],
        &["-n", "5x"],
        &["-n", "1000001"],
        &["-n", "5", "127.0.0.1", "6666", "text"],
        &["-n", "5", "localhost"],
    ];
    for arguments in table {
        let output = finished(Command::new(program("packet_client", "")).args(arguments), b"");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", told(&output));
        assert!(output.stdout.is_empty() && lines_of(&output.stderr) == 1, "{arguments:?}: {}", told(&output));
    }
    // A line that is longer than the client's memory.
    let server = Server::start("packet_server", "");
    let output = finished(&mut client("", server.port), &line(2 << 20));
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    let too_long = format!("\nstdin: {}\n", reason(libc::EMSGSIZE));
    assert!(output.stderr.ends_with(too_long.as_bytes()), "{}", told(&output));
}
