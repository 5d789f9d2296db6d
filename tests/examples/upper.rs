//! `upper_server` and `upper_client`: servers that share a port.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output, Stdio};
use std::thread;

use crate::kit::*;
use crate::support::{has_descriptors, scratch, told};

/// An `upper_client` of a server on this port.
fn client(kind: &str, port: u16) -> Command {
    let mut command = Command::new(program("upper_client", kind));
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

/// Checks that a client got its whole answer. Returns its address.
fn answered(output: &Output, answer: &[u8]) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(output.stdout == answer, "{} bytes came back, not {}", output.stdout.len(), answer.len());
    let local = said.strip_prefix("local ").and_then(|rest| rest.strip_suffix('\n'));
    local.filter(|local| !local.contains('\n')).unwrap_or_else(|| panic!("its address, and no more: {said}")).to_owned()
}

/// Another server on the same port.
fn second(kind: &str, port: u16) -> Server {
    Server::run(&mut Command::new(program("upper_server", kind)), port)
}

/// A connection that sends "x" and gets its answer. Returns the client's address.
fn served(port: u16) -> String {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.write_all(b"x").unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "X");
    stream.local_addr().unwrap().to_string()
}

/// The `rx_queue` of each IPv4 socket with this local port: of a listener, the connections that are not accepted yet, of
/// a connection, the bytes that are not read yet.
fn unread(port: u16, listens: bool) -> Vec<usize> {
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    let rows = table.lines().skip(1).map(|row| row.split_whitespace().collect::<Vec<_>>());
    let chosen = rows.filter(|row| row[1].ends_with(&format!(":{port:04X}")) && (row[3] == "0A") == listens);
    chosen.map(|row| usize::from_str_radix(row[4].split_once(':').unwrap().1, 16).unwrap()).collect()
}

// ---- What comes back ----

#[test]
fn all_comes_back_with_a_to_z_and_nothing_else_in_upper_case() {
    let cases = [
        Vec::new(),
        b"\n".to_vec(),
        b"\n\n\nempty lines\n\n".to_vec(),
        b"no newline at the end".to_vec(),
        b"a\0b\0\0c\n\0\n\0".to_vec(),
        b"`az{ @AZ[ 09\n".to_vec(),
        "Gr\u{fc}\u{df}e, \u{e9}t\u{e9}, \u{43f}\u{440}\u{438}\u{432}\u{435}\u{442}\n".as_bytes().to_vec(),
        b"Gr\xfc\xdfe in Latin-1: \xe0\xe1\xfa\xfb\xff\n".to_vec(),
        (0..=255).cycle().take(70_000).collect(),
        [line(8190), line(8191), line(8192), line(8193)].concat(),
        line(1_000_000),
        bytes(100_000),
    ];
    // The expected answer, from other code.
    assert_eq!(b"az\x80\xe1\xff{`\0".to_ascii_uppercase(), b"AZ\x80\xe1\xff{`\0");
    for kind in KINDS {
        let server = Server::start("upper_server", kind);
        for sent in &cases {
            let local = answered(&finished(&mut client(kind, server.port), sent), &sent.to_ascii_uppercase());
            assert_eq!(server.run.out(), format!("client {local}"));
            assert_eq!(server.run.out(), format!("client close {local}"));
        }
        assert_eq!(server.stop(libc::SIGTERM), ["server stopped"]);
    }
}

#[test]
fn a_line_longer_than_all_buffers_stops_nobody() {
    let sent = line(16 << 20);
    for kind in KINDS {
        let server = Server::start("upper_server", kind);
        answered(&finished(&mut client(kind, server.port), &sent), &sent.to_ascii_uppercase());
        // From a file, which fills each read.
        let path = scratch("examples-input").join(format!("long{kind}"));
        fs::write(&path, &sent).unwrap();
        let mut from_file = Running::start(client(kind, server.port).stdin(File::open(&path).unwrap()));
        assert!(from_file.out().as_bytes() == sent[..sent.len() - 1].to_ascii_uppercase());
        assert_eq!(from_file.ended().code(), Some(0));
        // And with another client, which sends on without waiting for answers.
        let mut stream = server.connect();
        let mut sending = stream.try_clone().unwrap();
        let mut answer = Vec::new();
        thread::scope(|scope| {
            scope.spawn(|| {
                sending.write_all(&sent).unwrap();
                sending.shutdown(Shutdown::Write).unwrap();
            });
            stream.read_to_end(&mut answer).unwrap();
        });
        assert!(answer == sent.to_ascii_uppercase(), "{} bytes came back", answer.len());
    }
}

#[test]
fn the_words_of_the_command_line_are_one_line() {
    for kind in KINDS {
        let server = Server::start("upper_server", kind);
        let long = String::from_utf8(bytes(100_000)).unwrap();
        let cases: [(&[&str], &str); 6] = [
            (&["one"], "ONE\n"),
            (&["one", "two  words", "three"], "ONE TWO  WORDS THREE\n"),
            (&[""], "\n"),
            (&["-h"], "-H\n"),
            (&[&long[..4095]], &format!("{}\n", long[..4095].to_ascii_uppercase())),
            (&[&long, "Gr\u{fc}\u{df}e"], &format!("{} GR\u{fc}\u{df}E\n", long.to_ascii_uppercase())),
        ];
        for (words, answer) in cases {
            // It does not read its stdin.
            answered(&finished(client(kind, server.port).args(words), b"not this\n"), answer.as_bytes());
        }
        let not_utf8 = OsString::from_vec(vec![b'a', 0xff, 0xe0]);
        answered(&finished(client(kind, server.port).arg(not_utf8), b""), b"A\xff\xe0\n");
    }
}

#[test]
fn stdin_may_be_a_file() {
    let server = Server::start("upper_server", "");
    let path = scratch("examples-input").join("upper");
    for n in [4095, 4096, 4097, 8192, 300_000] {
        let sent = line(n);
        fs::write(&path, &sent).unwrap();
        let output = client("", server.port).stdin(File::open(&path).unwrap()).output().unwrap();
        answered(&output, &sent.to_ascii_uppercase());
    }
    answered(&client("", server.port).stdin(Stdio::null()).output().unwrap(), b"");
}

#[test]
fn the_answer_may_come_in_pieces() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let sent = line(3000);
    let text = String::from_utf8(sent[..2999].to_vec()).unwrap();
    let mut client = Running::start(client("", listener.local_addr().unwrap().port()).arg(&text));
    let (mut stream, _) = listener.accept().unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut came = vec![0; 3000];
    stream.read_exact(&mut came).unwrap();
    assert!(came == sent);
    for byte in came.to_ascii_uppercase() {
        stream.write_all(&[byte]).unwrap();
    }
    assert_eq!(stream.read(&mut [0]).unwrap(), 0, "the client has closed");
    assert_eq!(client.ended().code(), Some(0), "{:?}", client.err.iter().last());
    assert_eq!(client.out(), text.to_ascii_uppercase());
}

#[test]
fn half_a_line_is_answered_at_once() {
    let server = Server::start("upper_server", "");
    let mut stream = server.connect();
    let mut answer = [0; 4];
    for (said, back) in [(b"half", b"HALF"), (b" a l", b" A L"), (b"ine\n", b"INE\n")] {
        stream.write_all(said).unwrap();
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, back);
    }
}

// ---- One port, several servers ----

#[test]
fn two_servers_share_a_port_and_both_get_work() {
    for kind in KINDS {
        let first = Server::start("upper_server", kind);
        let other = second(kind, first.port);
        let mut clients: BTreeSet<String> = (0..60).map(|_| served(first.port)).collect();
        for _ in 0..4 {
            clients.insert(answered(&finished(client(kind, first.port).arg("word"), b""), b"WORD\n"));
        }
        assert_eq!(clients.len(), 64);
        let [here, there] = [first, other].map(|server| {
            let said = server.stop(libc::SIGTERM);
            let opened: BTreeSet<String> = said
                .iter()
                .filter_map(|line| line.strip_prefix("client 127").map(|rest| format!("127{rest}")))
                .collect();
            let closed = said.iter().filter_map(|line| line.strip_prefix("client close ").map(str::to_owned));
            assert_eq!(closed.collect::<BTreeSet<String>>(), opened);
            opened
        });
        assert!(!here.is_empty() && !there.is_empty(), "one of them had nothing to do: {} {}", here.len(), there.len());
        assert!(here.is_disjoint(&there), "no client is served by both");
        assert_eq!(&here | &there, clients, "and each by one");
    }
}

#[test]
fn what_one_leaves_the_other_takes() {
    let first = Server::start("upper_server", "");
    let other = second("_static", first.port);
    let port = first.port;
    assert_eq!(connections(port).iter().filter(|c| c.local == port && c.state == "LISTEN").count(), 2);
    first.stop(libc::SIGINT);
    let clients: Vec<String> = (0..20).map(|_| served(port)).collect();
    for local in clients {
        assert_eq!(other.run.out(), format!("client {local}"));
        assert_eq!(other.run.out(), format!("client close {local}"));
    }
}

#[test]
fn a_client_waits_for_its_own_server_while_the_other_one_is_free() {
    if !has_descriptors(120, "64 clients") {
        return;
    }
    let first = Server::start("upper_server", "");
    let other = second("", first.port);
    let port = first.port;
    // One client that stays is enough to keep one server busy.
    let mut stays = first.connect();
    stays.write_all(b"x").unwrap();
    stays.read_exact(&mut [0]).unwrap();
    let local = stays.local_addr().unwrap();
    let (said, busy, free) = within_deadline("who has that client", || {
        let here = first.run.out.try_recv().ok().map(|said| (said, &first, &other));
        here.or_else(|| other.run.out.try_recv().ok().map(|said| (said, &other, &first)))
    });
    assert_eq!(said, format!("client {local}"));
    let mut queued = Vec::new();
    for _ in 0..64 {
        let mut stream = first.connect();
        stream.write_all(b"y").unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        queued.push(stream);
    }
    // The free one serves its share and is then idle, while the others wait in the queue of the busy one.
    let mut quick = 0;
    let wait = within_deadline("a server without clients, and one with a queue", || {
        quick += free.run.out.try_iter().filter(|said| said.starts_with("client close ")).count();
        let waiting = unread(port, true);
        (waiting.contains(&0) && quick + waiting[0] + waiting[1] == 64).then(|| waiting[0].max(waiting[1]))
    });
    assert!(quick > 0 && wait > 0, "{quick} went to the free one, {wait} to the other");
    assert!(busy.run.out.try_recv().is_err(), "it has accepted nobody else");
    // Its server is free again.
    drop(stays);
    for mut stream in queued {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert_eq!(answer, "Y");
    }
}

#[test]
fn a_server_that_ends_resets_the_clients_in_its_queue() {
    let server = Server::start("upper_server", "");
    server.freeze();
    let mut queued = server.connect();
    queued.write_all(b"x").unwrap();
    server.run.signal(libc::SIGTERM);
    server.run.signal(libc::SIGCONT);
    assert_eq!(queued.read(&mut [0]).unwrap_err().raw_os_error(), Some(libc::ECONNRESET));
    assert_eq!(server.stopped(), ["server stopped"]);
}

#[test]
fn a_server_without_the_option_neither_joins_nor_is_joined() {
    for kind in KINDS {
        for (theirs, ours) in [(None, Some("-a")), (Some("-a"), None), (Some("-a"), Some("-a"))] {
            let first = Server::run(Command::new(program("upper_server", kind)).args(theirs), 0);
            let mut joining = Command::new(program("upper_server", kind));
            let output = finished(joining.args(ours).args(["127.0.0.1", &first.port.to_string()]), b"");
            assert_eq!(output.status.code(), Some(1), "{theirs:?} {ours:?}: {}", told(&output));
            let in_use = format!("listen: {}\n", reason(libc::EADDRINUSE));
            assert_eq!(output.stderr, in_use.as_bytes(), "{theirs:?} {ours:?}");
            assert!(output.stdout.is_empty(), "{}", told(&output));
            served(first.port);
        }
    }
}

// ---- Those who leave ----

#[test]
fn the_server_survives_clients_that_reset() {
    for kind in KINDS {
        let server = Server::start("upper_server", kind);
        let before = descriptors(server.run.pid());
        for sent in [&b""[..], b"half", b"line\n", &line(1 << 20)] {
            let mut stream = server.connect();
            let local = stream.local_addr().unwrap();
            assert_eq!(server.run.out(), format!("client {local}"));
            // The last of them fills both directions: it is never read, and ends in a write that fails.
            stream.set_nonblocking(true).unwrap();
            let _ = stream.write(sent).unwrap_or(0);
            reset(stream);
            let said = server.run.err();
            assert!(
                said == format!("client {local}: Connection reset by peer") || said.ends_with("Broken pipe"),
                "{said}"
            );
            assert_eq!(server.run.out(), format!("client close {local}"));
        }
        served(server.port);
        assert!(server.run.out().starts_with("client ") && server.run.out().starts_with("client close "));
        assert_eq!(descriptors(server.run.pid()), before);
    }
}

#[test]
fn a_write_to_a_client_that_is_gone_raises_no_signal() {
    for kind in KINDS {
        let server = Server::start("upper_server", kind);
        // Its end came before its reset. So the server reads its text, and the answer fails with EPIPE, not ECONNRESET.
        server.freeze();
        let mut stream = server.connect();
        let local = stream.local_addr().unwrap();
        stream.write_all(b"hello\n").unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let far_end = || {
            let all = connections(local.port()).into_iter();
            all.filter(|end| end.local == server.port).map(|end| end.state).collect::<Vec<_>>()
        };
        within_deadline("the end of the stream", || (far_end() == ["CLOSE_WAIT"]).then_some(()));
        reset(stream);
        within_deadline("the reset", || far_end().is_empty().then_some(()));
        server.run.signal(libc::SIGCONT);
        assert_eq!(server.run.out(), format!("client {local}"));
        assert_eq!(server.run.err(), format!("client {local}: Broken pipe"));
        assert_eq!(server.run.out(), format!("client close {local}"));
        served(server.port);
    }
}

#[test]
fn server_close_appears_while_the_client_waits_at_the_keyboard() {
    for kind in KINDS {
        let server = Server::start("upper_server", kind);
        let (mut client, local) = typing(kind, server.port);
        assert_eq!(server.run.out(), format!("client {local}"));
        client.type_in("hello\n");
        assert_eq!(client.out(), "HELLO");
        server.stop(libc::SIGTERM);
        assert_eq!(client.err(), "server close");
        assert_eq!(client.ended().code(), Some(0));
        assert!(client.err.recv().is_err() && client.stdin.is_some(), "the keyboard was open all the time");
    }
}

#[test]
fn an_answer_cut_short_is_told_by_the_status() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    for kind in KINDS {
        for answer in ["HEL", ""] {
            let mut client = Running::start(client(kind, port).arg("hello"));
            let (mut stream, _) = listener.accept().unwrap();
            stream.set_read_timeout(Some(DEADLINE)).unwrap();
            stream.read_exact(&mut [0; 6]).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            drop(stream);
            assert_eq!(client.ended().code(), Some(1));
            assert_eq!(client.err.iter().last().as_deref(), Some("server close"));
            assert_eq!(client.out.iter().collect::<String>(), answer);
        }
    }
}

#[test]
fn a_server_that_resets_or_talks_unasked_is_told() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    for (resets, text) in [(true, "server: Connection reset by peer"), (false, "server: Protocol error")] {
        let (mut client, _) = typing("", port);
        let (mut stream, _) = listener.accept().unwrap();
        if resets {
            // What has arrived shows that the client knows it is connected: connect(2) can be reset, too.
            client.type_in("hello\n");
            stream.read_exact(&mut [0; 6]).unwrap();
            reset(stream);
        } else {
            stream.write_all(b"HELLO\n").unwrap();
        }
        assert_eq!(client.ended().code(), Some(1));
        assert_eq!(client.err(), text);
        assert!(client.out.recv().is_err());
    }
    let (_held, nobody) = dead_port();
    let refused = finished(client("", nobody).arg("hello"), b"");
    assert_eq!(refused.status.code(), Some(1), "{}", told(&refused));
    assert_eq!(refused.stderr, b"connect: Connection refused\n");
}

#[test]
fn end_of_input_and_ctrl_c_leave() {
    for kind in KINDS {
        let server = Server::start("upper_server", kind);
        for ctrl_c in [false, true] {
            let (mut client, local) = typing(kind, server.port);
            client.type_in("hello\n");
            assert_eq!(client.out(), "HELLO");
            if ctrl_c {
                client.signal(libc::SIGINT);
                assert_eq!(client.ended().code(), Some(0));
                assert!(client.stdin.is_some(), "the keyboard was open all the time");
            } else {
                client.stdin = None;
                assert_eq!(client.ended().code(), Some(0));
            }
            assert!(client.out.recv().is_err() && client.err.recv().is_err(), "no word more");
            assert_eq!(server.run.out(), format!("client {local}"));
            assert_eq!(server.run.out(), format!("client close {local}"));
        }
        assert!(server.run.err.try_recv().is_err(), "nothing was wrong with them");
    }
}

#[test]
fn interrupted_the_client_still_prints_what_is_on_its_way() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    for (answer, status) in [("HELLO\n", 0), ("HEL", 1)] {
        let (mut client, _) = typing("", port);
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        client.type_in("hello\n");
        stream.read_exact(&mut [0; 6]).unwrap();
        client.signal(libc::SIGINT);
        assert_eq!(stream.read(&mut [0]).unwrap(), 0, "it has ended what it sends");
        stream.write_all(answer.as_bytes()).unwrap();
        drop(stream);
        assert_eq!(client.ended().code(), Some(status), "{answer:?}");
        assert_eq!(client.out.iter().collect::<String>(), answer.trim_end());
        assert!(client.err.recv().is_err(), "that was our own wish");
    }
    // A server that hangs.
    let (mut client, _) = typing("", port);
    let (mut stream, _) = listener.accept().unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    client.signal(libc::SIGINT);
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    client.signal(libc::SIGINT);
    assert_eq!(client.ended().signal(), Some(libc::SIGINT), "a second one ends it at once");
}

#[test]
fn signals_stop_the_server_whatever_it_waits_for() {
    for kind in KINDS {
        for signal in [libc::SIGINT, libc::SIGTERM] {
            for served in 0..5 {
                let server = Server::start("upper_server", kind);
                let crowd: Vec<TcpStream> = (0..served).map(|_| server.connect()).collect();
                drop(crowd);
                assert_eq!(server.stop(signal).last().map(String::as_str), Some("server stopped"));
            }
            // It waits for a silent client.
            let server = Server::start("upper_server", kind);
            let silent = server.connect();
            let local = silent.local_addr().unwrap();
            assert_eq!(server.run.out(), format!("client {local}"));
            assert_eq!(server.stop(signal), [format!("client close {local}"), "server stopped".into()]);
            // It waits for a client that does not read.
            let server = Server::start("upper_server", kind);
            let mut deaf = server.connect();
            let local = deaf.local_addr().unwrap();
            assert_eq!(server.run.out(), format!("client {local}"));
            deaf.set_nonblocking(true).unwrap();
            let full = bytes(65_536);
            let us = i32::try_from(std::process::id()).unwrap();
            within_deadline("a server that sleeps though it could read", || {
                while deaf.write(&full).is_ok() {}
                let sleeps = children(us).contains(&(server.run.pid(), 'S'));
                (sleeps && unread(server.port, false).iter().any(|&n| n > 0)).then_some(())
            });
            assert_eq!(server.stop(signal), [format!("client close {local}"), "server stopped".into()]);
        }
    }
}

#[test]
fn a_signal_just_after_accept_stops_the_server() {
    let server = stopped_after_accept("upper_server");
    let silent = server.connect();
    let local = silent.local_addr().unwrap();
    assert_eq!(server.stopped(), [format!("client {local}"), format!("client close {local}"), "server stopped".into()]);
}
