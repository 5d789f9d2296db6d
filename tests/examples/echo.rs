//! `echo_server` and `echo_client`: the classic pair.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::kit::*;
use crate::support::{root, scratch, told};

// ---- What they say ----

#[test]
fn each_side_tells_the_addresses_and_the_server_the_end() {
    for kind in KINDS {
        let server = Server::start("echo_server", kind);
        let (mut client, local) = server.typing_client(kind);
        client.type_in("hello\n");
        assert_eq!(client.out(), "hello");
        client.stdin = None;
        assert_eq!(client.ended().code(), Some(0));
        assert_eq!(server.run.out(), format!("client close {local}"));
        assert!(client.out.recv().is_err() && client.err.recv().is_err(), "no word more than that");
        assert_eq!(server.stop(libc::SIGTERM), ["server stopped"]);
    }
}

/// The steps of the books, in their order, each done by hand.
#[test]
fn the_pair_takes_the_steps_of_the_books_itself() {
    let steps: [(&str, &[&str]); 2] = [
        (
            "echo_server",
            &[
                "readline(connfd",
                "writen(connfd",
                "socket(AF_INET",
                "sockutil_set_reuseaddr(listenfd",
                "bind(listenfd",
                "listen(listenfd",
                "accept(listenfd",
                "fork()",
                "serve(connfd",
                "close_socket(connfd)",
            ],
        ),
        (
            "echo_client",
            &[
                "writen(sockfd",
                "socket(AF_INET",
                "connect(sockfd",
                "pthread_create(",
                "readline(sockfd",
                "writen(STDOUT_FILENO",
                "close_socket(sockfd)",
            ],
        ),
    ];
    for (name, steps) in steps {
        let source = fs::read_to_string(root().join(format!("c_examples/{name}.c"))).unwrap();
        let mut rest = source.as_str();
        for step in steps {
            let at = rest.find(step).unwrap_or_else(|| panic!("{name}: no {step} after the step before it"));
            assert!(!rest[..at].ends_with('_'), "{name}: {step} is the library's");
            rest = &rest[at + step.len()..];
        }
        assert!(!source.contains("switch ("), "{name}: no state machine");
    }
}

#[test]
fn a_process_serves_each_client_and_in_the_client_one_thread_sends() {
    let threads = |pid: i32| fs::read_dir(format!("/proc/{pid}/task")).unwrap().count();
    for kind in KINDS {
        let server = Server::start("echo_server", kind);
        let mut clients: Vec<Running> = (0..3).map(|_| server.typing_client(kind).0).collect();
        within_deadline("three children", || (children(server.run.pid()).len() == 3).then_some(()));
        assert_eq!(threads(server.run.pid()), 1);
        for client in &mut clients {
            client.type_in("hello\n");
            assert_eq!(client.out(), "hello");
            assert_eq!(threads(client.pid()), 2, "one sends what is typed, and main prints what comes");
        }
    }
}

#[test]
fn any_address_is_the_default() {
    let mut command = Command::new(program("echo_server", ""));
    let run = Running::start(command.args(["0.0.0.0", "0"]));
    assert!(run.out().starts_with("listening on 0.0.0.0:"));
    let help = finished(Command::new(program("echo_server", "")).arg("-h"), b"");
    assert!(told(&help).contains("any address, port 6666"), "{}", told(&help));
}

#[test]
fn a_bad_argument_is_one_line_and_status_2() {
    let server: [&[&str]; 14] = [
        &["-x"],
        &["-1"],
        &["localhost"],
        &["127.0.0.01"],
        &["1.2.3"],
        &["::1"],
        &[""],
        &["127.0.0.1", "65536"],
        &["127.0.0.1", "-1"],
        &["127.0.0.1", "+80"],
        &["127.0.0.1", "080"],
        &["127.0.0.1", "80x"],
        &["127.0.0.1", ""],
        &["127.0.0.1", "0", "more"],
    ];
    let client: [&[&str]; 5] = [&["-x"], &["-1"], &["hello"], &["127.0.0.1", "http"], &["127.0.0.1", "99999999999"]];
    for kind in KINDS {
        for (name, table) in [("echo_server", &server[..]), ("echo_client", &client[..])] {
            for arguments in table {
                let output = finished(Command::new(program(name, kind)).args(*arguments), b"");
                assert_eq!(output.status.code(), Some(2), "{name} {arguments:?}: {}", told(&output));
                assert!(output.stdout.is_empty(), "{name} {arguments:?}: {}", told(&output));
                assert_eq!(lines_of(&output.stderr), 1, "{name} {arguments:?}");
                assert!(output.stderr.ends_with(b"\n"), "{name} {arguments:?}");
            }
            let output = finished(Command::new(program(name, kind)).arg("-h"), b"");
            assert_eq!(output.status.code(), Some(0), "{}", told(&output));
            assert!(output.stdout.starts_with(format!("usage: {name} ").as_bytes()), "{}", told(&output));
            assert!(output.stderr.is_empty(), "{}", told(&output));
        }
    }
}

#[test]
fn a_failure_is_one_line_and_status_1() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let taken = finished(Command::new(program("echo_server", "")).args(["127.0.0.1", &port]), b"");
    assert_eq!(taken.status.code(), Some(1), "{}", told(&taken));
    assert_eq!(taken.stderr, format!("bind: {}\n", reason(libc::EADDRINUSE)).as_bytes());
    let (_held, nobody) = dead_port();
    let refused = finished(Command::new(program("echo_client", "")).args(["127.0.0.1", &nobody.to_string()]), b"");
    assert_eq!(refused.status.code(), Some(1), "{}", told(&refused));
    assert_eq!(refused.stderr, b"connect: Connection refused\n");
}

// ---- What comes back ----

#[test]
fn lines_come_back_byte_for_byte() {
    let mut all_bytes: Vec<u8> = (0..=255).cycle().take(70_000).collect();
    all_bytes.extend(b"\nquite\nquit \n quit\nQuit\nquit\r\n\0quit\nquit\0\nquitquit");
    let cases = [
        Vec::new(),
        b"\n".to_vec(),
        b"no newline at the end".to_vec(),
        b"a\0b\0\0c\n\0\n\0".to_vec(),
        line(1023),
        line(1024),
        [line(8190), line(8191), line(8192), line(8193)].concat(),
        line(100_000),
        bytes(100_000),
        all_bytes,
        vec![0; 100_000],
        line(16 << 20),
    ];
    for kind in KINDS {
        let server = Server::start("echo_server", kind);
        for sent in &cases {
            let output = finished(&mut server.client(kind), sent);
            assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
            assert!(output.stdout == *sent, "of {} bytes, {} came back", sent.len(), output.stdout.len());
            assert_eq!(lines_of(&output.stderr), 2, "its addresses, and no more");
        }
        server.stop(libc::SIGTERM);
    }
}

#[test]
fn stdin_may_be_a_file() {
    let server = Server::start("echo_server", "");
    let path = scratch("examples-input").join("file");
    for n in [65_535, 65_536, 65_537, 1_000_000] {
        let sent = line(n);
        fs::write(&path, &sent).unwrap();
        let output = server.client("").stdin(File::open(&path).unwrap()).output().unwrap();
        assert!(output.status.success() && output.stdout == sent, "{n} bytes: {}", output.status);
    }
    let output = server.client("").stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success() && output.stdout.is_empty(), "{}", told(&output));
    fs::write(&path, "one\nquit\nmore\n").unwrap();
    let output = server.client("").stdin(File::open(&path).unwrap()).output().unwrap();
    assert!(output.status.success() && output.stdout == b"one\n", "{}", told(&output));
}

#[test]
fn the_words_of_the_command_line_are_one_line() {
    for kind in KINDS {
        let server = Server::start("echo_server", kind);
        let long = String::from_utf8(bytes(100_000)).unwrap();
        let cases: [(&[&str], &str); 7] = [
            (&["one"], "one\n"),
            (&["one", "two  words", "three"], "one two  words three\n"),
            (&[""], "\n"),
            (&["", "", ""], "  \n"),
            (&["quit"], "quit\n"),
            (&["-h"], "-h\n"),
            (&[&long, "Grüße"], &format!("{long} Grüße\n")),
        ];
        for (words, sent) in cases {
            // It does not read its stdin.
            let output = finished(server.client(kind).args(words), b"not this\n");
            assert!(output.status.success() && output.stdout == sent.as_bytes(), "{words:?}: {}", output.status);
        }
        let not_utf8 = OsString::from_vec(vec![0xff, 0x80]);
        assert_eq!(finished(server.client(kind).arg(not_utf8), b"").stdout, b"\xff\x80\n");
    }
}

#[test]
fn a_line_that_is_too_long_for_the_client_is_an_error() {
    let server = Server::start("echo_server", "");
    let output = finished(&mut server.client(""), &[b"hello\n".to_vec(), line(32 << 20)].concat());
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    let complaint = format!("stdin: {}\n", reason(libc::EMSGSIZE));
    assert!(output.stderr.ends_with(complaint.as_bytes()), "{}", told(&output));
}

/// A server in the test, which has not read or written a byte yet, and a client that sends it a file of 16 MiB.
fn client_with_a_file(name: &str) -> (Running, TcpStream, Vec<u8>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    // The connections inherit it: whatever this machine's limits are, the file does not fit before the server reads.
    set_socket_option(&listener, libc::SO_RCVBUF, &65_536_i32);
    let port = listener.local_addr().unwrap().port().to_string();
    let path = scratch("examples-input").join(name);
    let sent = [line(1000), bytes(16 << 20)].concat();
    fs::write(&path, &sent).unwrap();
    let mut command = Command::new(program("echo_client", ""));
    let client = Running::start(command.args(["127.0.0.1", &port]).stdin(File::open(&path).unwrap()));
    let (stream, _) = listener.accept().unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.set_write_timeout(Some(DEADLINE)).unwrap();
    (client, stream, sent)
}

#[test]
fn the_client_receives_while_it_cannot_send() {
    let (mut client, mut stream, sent) = client_with_a_file("all");
    // More than all buffers between the two hold: were the client to wait until its bytes are taken, so would we.
    stream.write_all(&sent).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut came = Vec::new();
    stream.read_to_end(&mut came).unwrap();
    assert_eq!(client.out().len(), 999);
    assert_eq!(client.out().len(), 16 << 20);
    // We have ended first, so it may not have sent everything. But its bytes have no gap.
    assert!(sent.starts_with(&came), "{} bytes came, not in order", came.len());
    client.ended();
}

// ---- Leaving ----

#[test]
fn quit_leaves_at_an_open_keyboard() {
    let pieces: [(&[&str], &[&str]); 12] = [
        (&["quit\n"], &[]),
        (&["QUIT\n"], &[]),
        (&["hello\n", "quit\n"], &["hello"]),
        (&["a\nquit\nb\n"], &["a"]),
        (&["a\nb\nQUIT\nquit\n"], &["a", "b"]),
        // A quit that comes in two pieces.
        (&["a\nqu", "it\nb\n"], &["a"]),
        (&["a\nq", "uit\n"], &["a"]),
        (&["a\nQUIT", "\n"], &["a"]),
        // A start of one that turned out to be another line.
        (&["a\nquit", "e\nquit\n"], &["a", "quite"]),
        (&["a\nQ", "\nquit\n"], &["a", "Q"]),
        // Not at the start of a line.
        (&["a\n quit\n", "I quit\nquit\n"], &["a", " quit", "I quit"]),
        (&["a\nquIT\nQuit\nquit\n"], &["a", "quIT", "Quit"]),
    ];
    for kind in KINDS {
        let server = Server::start("echo_server", kind);
        for (typed, back) in pieces {
            let (mut client, local) = server.typing_client(kind);
            let mut back = back.iter();
            for (i, piece) in typed.iter().enumerate() {
                client.type_in(piece);
                // The echo shows that the piece was read, before the next one is typed.
                if i + 1 < typed.len() {
                    assert_eq!(client.out(), *back.next().unwrap(), "{typed:?}");
                }
            }
            assert_eq!(client.ended().code(), Some(0), "{typed:?}");
            assert_eq!(client.out.iter().collect::<Vec<_>>(), back.as_slice(), "{typed:?}");
            assert!(client.err.recv().is_err(), "{typed:?}");
            assert_eq!(server.run.out(), format!("client close {local}"));
        }
    }
}

#[test]
fn quit_is_found_wherever_the_pieces_end() {
    let server = Server::start("echo_server", "");
    // A pipe has room for 65,536 bytes.
    for first in 65_531..=65_537 {
        // The first: a line of its own. The second: the end of a longer line.
        for (before, back) in [(line(first), first), (bytes(first), first + "quit\nmore\n".len())] {
            let sent = [before, b"quit\nmore\n".to_vec()].concat();
            let output = finished(&mut server.client(""), &sent);
            assert!(output.status.success(), "{first}: {} {}", output.status, String::from_utf8_lossy(&output.stderr));
            assert!(output.stdout == sent[..back], "{first}: {} bytes came back, not {back}", output.stdout.len());
        }
    }
}

#[test]
fn an_unfinished_quit_at_the_end_of_stdin_is_text() {
    let server = Server::start("echo_server", "");
    for sent in ["q", "quit", "a\nQUI", "quit\nq"] {
        let back = sent.strip_prefix("quit\n").map_or(sent, |_| "");
        let output = finished(&mut server.client(""), sent.as_bytes());
        assert!(output.status.success() && output.stdout == back.as_bytes(), "{sent:?}: {}", told(&output));
    }
}

#[test]
fn interrupted_the_client_still_prints_what_is_on_its_way() {
    for kind in KINDS {
        let server = Server::start("echo_server", kind);
        let (mut client, local) = server.typing_client(kind);
        client.type_in("hello\n");
        assert_eq!(client.out(), "hello");
        client.signal(libc::SIGINT);
        assert_eq!(client.ended().code(), Some(0));
        assert!(client.err.recv().is_err());
        assert_eq!(server.run.out(), format!("client close {local}"));

        // In the middle of a stream, which the server has begun to send back.
        let (mut client, local) = server.typing_client(kind);
        let mut stdin = client.stdin.take().unwrap();
        let endless = thread::spawn(move || while stdin.write_all(&line(1000)).is_ok() {});
        assert_eq!(client.out().len(), 999);
        client.signal(libc::SIGINT);
        assert_eq!(client.ended().code(), Some(0), "{:?}", client.err.recv());
        endless.join().unwrap();
        assert_eq!(server.run.out(), format!("client close {local}"));
    }
}

#[test]
fn interrupted_the_client_forgets_what_it_could_not_send() {
    let (mut client, mut stream, sent) = client_with_a_file("part");
    let place = format!("/proc/{}/fdinfo/0", client.pid());
    let mut before = String::new();
    within_deadline("a client that cannot send", || {
        thread::sleep(Duration::from_millis(100));
        let now = fs::read_to_string(&place).unwrap();
        (std::mem::replace(&mut before, now.clone()) == now).then_some(())
    });
    client.signal(libc::SIGINT);
    let mut came = Vec::new();
    stream.read_to_end(&mut came).unwrap();
    assert!(came.len() < sent.len() && sent.starts_with(&came), "{} bytes came", came.len());
    stream.write_all(&came).unwrap();
    drop(stream);
    assert_eq!(client.ended().code(), Some(0), "{:?}", client.err.iter().last());
    let back = client.out.iter().collect::<Vec<_>>().join("\n");
    // The output is read by lines, and the client may have stopped at the end of one.
    let came = came.strip_suffix(b"\n").unwrap_or(&came);
    assert!(back.as_bytes() == came, "{} of {} bytes came back", back.len(), came.len());
}

#[test]
fn a_second_interrupt_ends_a_client_whose_server_hangs() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let mut command = Command::new(program("echo_client", ""));
    let mut client = Running::start(command.args(["127.0.0.1", &port]).stdin(Stdio::piped()));
    let (mut stream, _) = listener.accept().unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    client.type_in("hello\n");
    stream.read_exact(&mut [0; 6]).unwrap();
    client.signal(libc::SIGINT);
    assert_eq!(stream.read(&mut [0; 6]).unwrap(), 0, "the first ended what the client sends");
    client.signal(libc::SIGINT);
    assert_eq!(client.ended().signal(), Some(libc::SIGINT));
}

#[test]
fn a_terminals_control_keys_leave() {
    let server = Server::start("echo_server", "");
    let keys: [(&str, &[&str]); 4] =
        [("\u{4}", &[]), ("half a line\u{4}\u{4}", &["half a line"]), ("\u{3}", &[]), ("quit\n", &[])];
    for (key, back) in keys {
        let (mut keyboard, end) = terminal();
        let mut command = server.client("");
        let mut client = Running::start(controlled_by_stdin(command.stdin(end)));
        keyboard.write_all(b"hello\n").unwrap();
        assert_eq!(client.out(), "hello");
        keyboard.write_all(key.as_bytes()).unwrap();
        assert_eq!(client.ended().code(), Some(0), "{key:?}");
        assert_eq!(client.out.iter().collect::<Vec<_>>(), back, "{key:?}");
    }
}

// ---- A server that goes ----

#[test]
fn server_close_appears_while_the_client_waits_at_the_keyboard() {
    for kind in KINDS {
        let server = Server::start("echo_server", kind);
        let (mut client, _) = server.typing_client(kind);
        client.type_in("hello\n");
        assert_eq!(client.out(), "hello");
        kill(server.child(), libc::SIGKILL);
        assert_eq!(client.err(), "server close");
        assert_eq!(client.ended().code(), Some(0));
        assert!(client.stdin.is_some(), "the keyboard was open all the time");
        server.serves();
    }
}

#[test]
fn a_server_that_keeps_bytes_back_is_told_by_the_status() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    for (answer, text) in [("hel", "server close"), ("", "server close")] {
        let mut command = Command::new(program("echo_client", ""));
        let mut client = Running::start(command.args(["127.0.0.1", &port, "hello"]));
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let mut line = String::new();
        stream.read_to_string(&mut line).unwrap();
        assert_eq!(line, "hello\n");
        stream.write_all(answer.as_bytes()).unwrap();
        drop(stream);
        assert_eq!(client.ended().code(), Some(1));
        assert_eq!(client.err.iter().last().as_deref(), Some(text));
        assert_eq!(client.out.iter().collect::<String>(), answer);
    }
}

#[test]
fn a_reset_by_the_server_is_told() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    for kind in KINDS {
        let mut command = Command::new(program("echo_client", kind));
        let mut client = Running::start(command.args(["127.0.0.1", &port]).stdin(Stdio::piped()));
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        client.type_in("hello\n");
        stream.read_exact(&mut [0; 6]).unwrap();
        stream.write_all(b"hello\n").unwrap();
        assert_eq!(client.out(), "hello");
        reset(stream);
        assert_eq!(client.ended().code(), Some(1));
        assert_eq!(client.err.iter().last().as_deref(), Some("server: Connection reset by peer"));
    }
}

// ---- A server that stays ----

#[test]
fn the_server_survives_clients_that_reset() {
    for kind in KINDS {
        let server = Server::start("echo_server", kind);
        for sent in [&b""[..], b"half", b"line\n", &line(1 << 20)] {
            let mut stream = server.connect();
            let local = stream.local_addr().unwrap();
            assert_eq!(server.run.out(), format!("client {local}"));
            // The last of them fills both directions: it is never read, and ends in a write that fails.
            stream.set_nonblocking(true).unwrap();
            let _ = stream.write(sent).unwrap_or(0);
            reset(stream);
            assert_eq!(server.run.out(), format!("client close {local}"));
        }
        server.serves();
    }
}

#[test]
fn the_server_survives_a_fork_that_fails() {
    let server = run_shimmed("echo_server", &format!("fork first=3 errno={}", libc::EAGAIN));
    let before = descriptors(server.run.pid());
    for _ in 0..3 {
        let mut stream = server.connect();
        assert_eq!(server.run.err(), "fork: Resource temporarily unavailable");
        assert_eq!(stream.read(&mut [0; 1]).unwrap(), 0, "its connection is closed");
    }
    server.serves();
    within_deadline("no descriptor of those clients", || (descriptors(server.run.pid()) == before).then_some(()));
    server.stop(libc::SIGTERM);
}

#[test]
fn the_server_survives_every_accept_error() {
    // All that accept(2) lists.
    let errors = [
        libc::EAGAIN,
        libc::EBADF,
        libc::ECONNABORTED,
        libc::EFAULT,
        libc::EINTR,
        libc::EINVAL,
        libc::EMFILE,
        libc::ENFILE,
        libc::ENOBUFS,
        libc::ENOMEM,
        libc::ENOTSOCK,
        libc::EOPNOTSUPP,
        libc::EPERM,
        libc::EPROTO,
        libc::ENETDOWN,
        libc::ENOPROTOOPT,
        libc::EHOSTDOWN,
        libc::ENONET,
        libc::EHOSTUNREACH,
        libc::ENETUNREACH,
        libc::ENOSR,
        libc::ESOCKTNOSUPPORT,
        libc::EPROTONOSUPPORT,
        libc::ETIMEDOUT,
    ];
    // After each of them, and after each client, an address is shorter than the one that the next has.
    let given = format!("accept arg3!={} raise={}", size_of::<libc::sockaddr_in>(), libc::SIGABRT);
    let rules = format!("{given}\naccept every=2 errno={} length=1\naccept length=1", numbers(&errors));
    let server = run_shimmed("echo_server", &rules);
    for error in errors {
        assert_eq!(server.run.err(), format!("accept: {}", reason(error)));
        server.serves();
    }
    server.serves();
    server.stop(libc::SIGTERM);
}

/// Sets how many descriptors a process may have.
fn limit_descriptors(pid: i32, most: libc::rlim_t) -> io::Result<()> {
    let limit = libc::rlimit { rlim_cur: most, rlim_max: most.max(64) };
    // SAFETY: the new limit lives until the call returns, and the old one is not requested.
    let set = unsafe { libc::prlimit(pid, libc::RLIMIT_NOFILE, &raw const limit, std::ptr::null_mut()) };
    if set == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[test]
fn without_a_free_descriptor_the_server_pauses_and_then_goes_on() {
    let mut command = Command::new(program("echo_server", ""));
    // SAFETY: prlimit is a plain system call. Three standard descriptors and the listener: that is all there may be.
    unsafe { command.pre_exec(|| limit_descriptors(0, 4)) };
    let server = Server::run(&mut command, 0);
    let mut stream = server.connect();
    assert_eq!(server.run.err(), format!("accept: {}", reason(libc::EMFILE)));
    let start = Instant::now();
    for _ in 0..5 {
        assert_eq!(server.run.err(), format!("accept: {}", reason(libc::EMFILE)));
    }
    assert!(start.elapsed() >= Duration::from_millis(400), "no pause: {:?}", start.elapsed());
    limit_descriptors(server.run.pid(), 64).unwrap();
    // Nobody was turned away meanwhile.
    stream.write_all(b"hello\n").unwrap();
    let mut back = [0; 6];
    stream.read_exact(&mut back).unwrap();
    assert_eq!(&back, b"hello\n");
    server.serves();
}

#[test]
fn a_child_that_is_told_to_stop_leaves_the_listener_alone() {
    for signal in [libc::SIGINT, libc::SIGTERM] {
        let server = run_shimmed("echo_server", &format!("fork nth=1 child={signal}"));
        // The child gets the signal before it has run a line of its own.
        let mut stream = server.connect();
        let local = stream.local_addr().unwrap();
        assert_eq!(stream.read(&mut [0; 1]).unwrap(), 0, "the child ends");
        assert_eq!(server.run.out(), format!("client {local}"));
        within_deadline("no child", || children(server.run.pid()).is_empty().then_some(()));
        server.serves();
        for who in ["client ", "client close "] {
            let said = server.run.out();
            assert!(said.starts_with(who), "{said}");
        }
        // One that serves.
        let (mut client, local) = server.typing_client("");
        client.type_in("hello\n");
        assert_eq!(client.out(), "hello");
        kill(server.child(), signal);
        assert_eq!(client.err(), "server close");
        assert_eq!(server.run.out(), format!("client close {local}"));
        server.serves();
        assert!(server.run.err.try_recv().is_err(), "no accept has failed, and the child has nothing to complain of");
    }
}

#[test]
fn no_zombie_and_no_descriptor_is_left() {
    for kind in KINDS {
        let server = Server::start("echo_server", kind);
        let pid = server.run.pid();
        let before = descriptors(pid);
        // All at once, so that several children end with one SIGCHLD, then one after the other.
        let crowd: Vec<TcpStream> = (0..25).map(|_| server.connect()).collect();
        within_deadline("25 children", || (children(pid).len() == 25).then_some(()));
        within_deadline("no descriptor of theirs", || (descriptors(pid) == before).then_some(()));
        drop(crowd);
        for _ in 0..25 {
            server.serves();
        }
        within_deadline("no child, not even a zombie", || children(pid).is_empty().then_some(()));
        within_deadline("no descriptor of theirs", || (descriptors(pid) == before).then_some(()));
        server.stop(libc::SIGTERM);
    }
}

#[test]
fn signals_stop_the_server_whenever_they_come() {
    for kind in KINDS {
        for signal in [libc::SIGINT, libc::SIGTERM] {
            for served in 0..10 {
                let server = Server::start("echo_server", kind);
                // With more of them, the signal comes closer to the parent's next accept.
                let crowd: Vec<TcpStream> = (0..served).map(|_| server.connect()).collect();
                // It and its children end, although all clients are still there.
                server.stop_group(signal);
                drop(crowd);
            }
        }
    }
}

#[test]
fn after_sigterm_a_client_is_served_to_its_end() {
    let mut server = Server::start("echo_server", "");
    let (mut client, local) = server.typing_client("");
    client.type_in("before\n");
    assert_eq!(client.out(), "before");
    server.run.signal(libc::SIGTERM);
    assert_eq!(server.run.ended().code(), Some(0));
    assert_eq!(server.run.out(), "server stopped");
    client.type_in("after\nquit\n");
    assert_eq!(client.out(), "after");
    assert_eq!(client.ended().code(), Some(0));
    assert_eq!(server.run.out(), format!("client close {local}"));
}

#[test]
fn a_restart_binds_at_once() {
    for kind in KINDS {
        let server = Server::start("echo_server", kind);
        let port = server.port;
        // The side that closes first keeps the connection in TIME_WAIT: here the server. A late acknowledgement of the
        // server may cross with the client's end, which answers with RST: then the connection is over at once.
        within_deadline("a connection in TIME_WAIT", || {
            let (mut client, _) = server.typing_client(kind);
            kill(server.child(), libc::SIGKILL);
            assert_eq!(client.err(), "server close");
            client.ended();
            within_deadline("no child", || children(server.run.pid()).is_empty().then_some(()));
            in_time_wait(port).then_some(())
        });
        // And a client that is still there.
        let (mut client, _) = server.typing_client(kind);
        client.type_in("hello\n");
        assert_eq!(client.out(), "hello");
        let mut first = server;
        first.run.signal(libc::SIGTERM);
        assert_eq!(first.run.ended().code(), Some(0));
        let second = Server::run(&mut Command::new(program("echo_server", kind)), port);
        second.serves();
    }
}

// ---- Both ----

#[test]
fn nobody_spins_while_nothing_happens() {
    let server = Server::start("echo_server", "");
    let (mut client, _) = server.typing_client("");
    // Half a line at the client, and one at the server.
    client.type_in("hello\nhalf a line");
    assert_eq!(client.out(), "hello");
    let childs_client = server.child();
    let mut stream = server.connect();
    stream.write_all(b"hello\nhalf a line").unwrap();
    stream.read_exact(&mut [0; 6]).unwrap();
    let serving = children(server.run.pid()).into_iter().map(|(pid, _)| pid);
    let other = serving.into_iter().find(|pid| *pid != childs_client).expect("a second child");
    let processes = [server.run.pid(), childs_client, other, client.pid()];
    let before = processes.map(ticks);
    thread::sleep(Duration::from_millis(500));
    let after = processes.map(ticks);
    for (before, after) in before.into_iter().zip(after) {
        assert!(after - before <= 10, "of half a second, {} ticks of 10 ms were used", after - before);
    }
}
