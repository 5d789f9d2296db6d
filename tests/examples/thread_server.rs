//! `thread_server`, and tests that it shares with `epoll_server`: both serve all clients in one process.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::kit::*;
use crate::support::{emulated, has_descriptors, told};

/// How many threads a process has, without qemu's own.
pub fn threads(pid: i32) -> usize {
    fs::read_dir(format!("/proc/{pid}/task")).unwrap().count() - usize::from(emulated())
}

/// How much of its memory is in RAM now.
pub fn resident_kib(pid: i32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse().unwrap()
}

/// Sets how many descriptors a process may have, and may give itself.
pub fn limit_descriptors(pid: i32, soft: libc::rlim_t, hard: libc::rlim_t) -> io::Result<()> {
    let limit = libc::rlimit { rlim_cur: soft, rlim_max: hard };
    // SAFETY: the new limit lives until the call returns, and the old one is not requested.
    let set = unsafe { libc::prlimit(pid, libc::RLIMIT_NOFILE, &raw const limit, std::ptr::null_mut()) };
    if set == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Sends a line, and checks its echo.
pub fn exchange(stream: &mut TcpStream, line: &[u8]) {
    stream.write_all(line).unwrap();
    expect(stream, line);
}

/// Checks that exactly these bytes come.
pub fn expect(stream: &mut TcpStream, bytes: &[u8]) {
    let mut back = vec![0; bytes.len()];
    stream.read_exact(&mut back).unwrap();
    assert!(back == bytes, "what came back differs");
}

/// A connection, and its name in the server's output.
pub fn accepted(server: &Server) -> (TcpStream, String) {
    let stream = server.connect();
    let local = stream.local_addr().unwrap().to_string();
    assert_eq!(server.run.out(), format!("client {local}"));
    (stream, local)
}

// ---- Tests of both ----

pub fn each_client_is_named_when_it_comes_and_when_it_goes(name: &str, before_the_end: &[&str]) {
    for kind in KINDS {
        let server = Server::start(name, kind);
        let (mut client, local) = server.typing_client(kind);
        client.type_in("hello\n");
        assert_eq!(client.out(), "hello");
        client.stdin = None;
        assert_eq!(client.ended().code(), Some(0));
        for what in before_the_end {
            assert_eq!(server.run.out(), format!("{what} {local}"));
        }
        assert_eq!(server.run.out(), format!("client close {local}"));
        assert!(server.run.err.try_recv().is_err(), "nothing went wrong");
        assert_eq!(server.stop(libc::SIGTERM), ["server stopped"]);
    }
}

pub fn lines_come_back_byte_for_byte(name: &str) {
    let mut all_bytes: Vec<u8> = (0..=255).cycle().take(70_000).collect();
    all_bytes.extend(b"\n\n\nquite\n\0\n\r\n\xff");
    let cases = [
        Vec::new(),
        b"\n".to_vec(),
        b"no newline at the end".to_vec(),
        b"a\0b\0\0c\n\0\n\0".to_vec(),
        line(1023),
        line(1024),
        // Around the room of either server.
        [line(4094), line(4095), line(4096), line(4097)].concat(),
        [line(8190), line(8191), line(8192), line(8193)].concat(),
        bytes(4095),
        bytes(8191),
        line(100_000),
        bytes(100_000),
        b"\n".repeat(10_000),
        all_bytes,
        vec![0; 100_000],
        line(16 << 20),
    ];
    for kind in KINDS {
        let server = Server::start(name, kind);
        for sent in &cases {
            let output = finished(&mut server.client(kind), sent);
            assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
            assert!(output.stdout == *sent, "of {} bytes, {} came back", sent.len(), output.stdout.len());
        }
        server.stop(libc::SIGTERM);
    }
}

pub fn a_failure_is_one_line_and_status_1(name: &str) {
    let server = Server::start(name, "");
    let taken = finished(Command::new(program(name, "")).args(["127.0.0.1", &server.port.to_string()]), b"");
    assert_eq!(taken.status.code(), Some(1), "{}", told(&taken));
    assert_eq!(taken.stderr, format!("listen: {}\n", reason(libc::EADDRINUSE)).as_bytes());
    assert!(taken.stdout.is_empty(), "{}", told(&taken));
}

/// One process and so many threads serve 25 clients at once, in any order.
pub fn many_clients_at_once(name: &str, threads_with: impl Fn(usize) -> usize) {
    for kind in KINDS {
        let server = Server::start(name, kind);
        let pid = server.run.pid();
        let before = descriptors(pid);
        let mut crowd: Vec<TcpStream> = (0..25).map(|_| server.connect()).collect();
        for (i, stream) in crowd.iter_mut().enumerate().rev() {
            exchange(stream, format!("this is {i}\n").as_bytes());
        }
        assert_eq!(threads(pid), threads_with(25));
        assert_eq!(descriptors(pid), before + 25);
        assert!(children(pid).is_empty());
        drop(crowd);
        within_deadline("its threads and descriptors as at the start", || {
            (threads(pid) == threads_with(0) && descriptors(pid) == before).then_some(())
        });
    }
}

pub fn clients_that_reset_harm_nobody(name: &str) {
    for kind in KINDS {
        let server = Server::start(name, kind);
        let before = descriptors(server.run.pid());
        let (mut other, _) = accepted(&server);
        for sent in [&b""[..], b"half", b"line\n", &line(1 << 20)] {
            let (mut stream, local) = accepted(&server);
            // The last of them fills both directions: it is never read, and ends in a write that fails.
            stream.set_nonblocking(true).unwrap();
            let _ = stream.write(sent).unwrap_or(0);
            reset(stream);
            assert_eq!(server.run.out(), format!("client close {local}"));
            let told = server.run.err();
            assert!(told.contains(&local) && told.ends_with(": Connection reset by peer"), "{told}");
            exchange(&mut other, b"still there?\n");
        }
        drop(other);
        within_deadline("no descriptor of theirs", || (descriptors(server.run.pid()) == before).then_some(()));
        server.stop(libc::SIGTERM);
    }
}

/// A connection whose far end has sent two lines and its end, and has then reset it, before the server could do anything.
/// The first write then fails with EPIPE, not with ECONNRESET: a plain write would raise SIGPIPE.
pub fn sigpipe_provoked(server: &Server) -> String {
    let (mut stream, local) = accepted(server);
    exchange(&mut stream, b"hello\n");
    server.run.signal(libc::SIGSTOP);
    // Each thread stops separately; some may have ended by then.
    let halted =
        |thread: fs::DirEntry| fs::read_to_string(thread.path().join("stat")).is_ok_and(|s| s.contains(") T "));
    let threads = || fs::read_dir(format!("/proc/{}/task", server.run.pid())).unwrap().flatten();
    within_deadline("the server halted", || threads().all(halted).then_some(()));
    stream.write_all(b"one\ntwo\n").unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let port = stream.local_addr().unwrap().port();
    reset(stream);
    let gone = || connections(server.port).iter().all(|connection| connection.peer != port);
    within_deadline("the reset has come", || gone().then_some(()));
    server.run.signal(libc::SIGCONT);
    assert_eq!(server.run.out(), format!("client close {local}"));
    local
}

pub fn every_accept_error_is_survived(name: &str) {
    // The errors in accept(2) that the library does not skip.
    let errors = [
        libc::EMFILE,
        libc::ENFILE,
        libc::ENOBUFS,
        libc::ENOMEM,
        libc::EPERM,
        libc::EBADF,
        libc::EFAULT,
        libc::EINVAL,
        libc::ENOTSOCK,
        libc::EOPNOTSUPP,
        libc::ENOSR,
        libc::ESOCKTNOSUPPORT,
        libc::EPROTONOSUPPORT,
        libc::ETIMEDOUT,
    ];
    let server = run_shimmed(name, &format!("accept4 every=2 errno={}", numbers(&errors)));
    for error in errors {
        // Both servers try again after the failure, without a new event.
        let mut stream = server.connect();
        exchange(&mut stream, b"hello\n");
        assert_eq!(server.run.err(), format!("accept: {}", reason(error)));
    }
    server.stop(libc::SIGTERM);
}

/// Limits a process to the descriptors that it has, or to 64.
fn more_descriptors(pid: i32, allowed: bool) {
    let taken = |fd: &libc::rlim_t| fs::read_link(format!("/proc/{pid}/fd/{fd}")).is_ok();
    let lowest_free = (0..64).find(|fd| !taken(fd)).unwrap();
    limit_descriptors(pid, if allowed { 64 } else { lowest_free }, 64).unwrap();
}

pub fn without_a_free_descriptor_it_pauses_and_then_goes_on(name: &str) {
    let mut command = Command::new(program(name, ""));
    // SAFETY: prlimit is a plain system call.
    unsafe { command.pre_exec(|| limit_descriptors(0, 64, 64)) };
    let server = Server::run(&mut command, 0);
    let pid = server.run.pid();
    let (mut other, _) = accepted(&server);
    exchange(&mut other, b"hello\n");
    more_descriptors(pid, false);
    // An accept that already waits has its descriptor: the first client may still get it.
    let mut new = [server.connect(), server.connect()];
    assert_eq!(server.run.err(), format!("accept: {}", reason(libc::EMFILE)));
    let (start, used) = (Instant::now(), ticks(pid));
    for _ in 0..5 {
        // Connected clients are served all the time, which does not shorten the pause.
        for _ in 0..100 {
            exchange(&mut other, b"hello\n");
        }
        assert_eq!(server.run.err(), format!("accept: {}", reason(libc::EMFILE)));
    }
    let lasted = start.elapsed();
    assert!(lasted >= Duration::from_millis(400), "no pause: {lasted:?}");
    assert!(lasted < Duration::from_secs(10), "the pause was another's, too: {lasted:?}");
    let used = ticks(pid) - used;
    assert!(used <= 10, "of half a second, {used} ticks of 10 ms were used");
    more_descriptors(pid, true);
    // Nobody was turned away meanwhile.
    for stream in &mut new {
        exchange(stream, b"hello\n");
    }
    // And it can be stopped while it pauses.
    more_descriptors(pid, false);
    let _new = [server.connect(), server.connect()];
    while server.run.err.try_recv().is_ok() {}
    assert_eq!(server.run.err(), format!("accept: {}", reason(libc::EMFILE)));
    server.stop(libc::SIGTERM);
}

pub fn signals_stop_it_whenever_they_come(name: &str) {
    for kind in KINDS {
        for signal in [libc::SIGINT, libc::SIGTERM] {
            for clients in 0..10 {
                let server = Server::start(name, kind);
                let mut crowd: Vec<TcpStream> = (0..clients).map(|_| server.connect()).collect();
                for stream in crowd.iter_mut().step_by(2) {
                    exchange(stream, b"hello\n");
                }
                assert_eq!(server.stop(signal).last().map(String::as_str), Some("server stopped"));
                for mut stream in crowd {
                    // Its end, or, if it had never been accepted, a reset.
                    assert!(matches!(stream.read(&mut [0; 1]), Ok(0) | Err(_)), "its connection is over");
                }
            }
        }
    }
}

/// A server that checks a flag only before the call would miss the signal. Nothing else ends the wait before the next
/// client.
pub fn a_signal_just_before_a_call_is_not_missed(name: &str, call: &str, client: bool) {
    let server = run_shimmed(name, &format!("{call} nth=1 raise={}", libc::SIGTERM));
    let _client = client.then(|| server.connect());
    within_deadline("its last word", || server.run.out.try_recv().ok().filter(|said| said == "server stopped"));
    assert!(server.run.err.iter().next().is_none(), "and no complaint");
}

pub fn a_restart_binds_at_once(name: &str) {
    for kind in KINDS {
        let first = Server::start(name, kind);
        let port = first.port;
        // The side that closes first keeps the connection in TIME_WAIT: here, that is the server.
        let (mut client, _) = first.typing_client(kind);
        client.type_in("hello\n");
        assert_eq!(client.out(), "hello");
        first.stop(libc::SIGTERM);
        assert_eq!(client.err(), "server close");
        within_deadline("a connection in TIME_WAIT", || in_time_wait(port).then_some(()));
        Server::run(&mut Command::new(program(name, kind)), port).serves();
    }
}

/// Nagle's algorithm would hold back the second answer until the client has acknowledged the first: at least 40 ms.
pub fn answers_to_lines_sent_together_do_not_wait_for_each_other(name: &str) {
    let server = Server::start(name, "");
    let mut stream = server.connect();
    // The kernel acknowledges at once in the beginning, and later only for a while.
    for _ in 0..100 {
        exchange(&mut stream, b"hello\n");
    }
    let quickest = (0..20).map(|_| {
        let start = Instant::now();
        exchange(&mut stream, &b"one\ntwo\nthree\n".repeat(100));
        start.elapsed()
    });
    let quickest = quickest.min().unwrap();
    assert!(quickest < Duration::from_millis(30), "{quickest:?} at best");
}

pub fn it_does_not_spin_while(what: &str, server: &Server) {
    let before = ticks(server.run.pid());
    std::thread::sleep(Duration::from_millis(500));
    let used = ticks(server.run.pid()) - before;
    assert!(used <= 10, "{what}: of half a second, {used} ticks of 10 ms were used");
}

// ---- thread_server ----

const NAME: &str = "thread_server";

crate::support::tests! {
    fn each_side_tells_the_addresses_and_the_server_the_end() =
        each_client_is_named_when_it_comes_and_when_it_goes(NAME, &[]);
    fn every_byte_comes_back() = lines_come_back_byte_for_byte(NAME);
    fn an_address_that_is_taken_is_told() = a_failure_is_one_line_and_status_1(NAME);
    fn each_client_has_a_thread() = many_clients_at_once(NAME, |clients| clients + 1);
}

#[test]
fn the_ten_thousandth_connection_works_as_the_first() {
    for kind in KINDS {
        let server = Server::start(NAME, kind);
        let pid = server.run.pid();
        let before = descriptors(pid);
        let mut resident = 0;
        for i in 1..=10_000 {
            let (mut stream, local) = accepted(&server);
            exchange(&mut stream, format!("connection {i}\n").as_bytes());
            // Some end normally, which leaves TIME_WAIT on our side; the others leave nothing.
            if i % 10 == 0 {
                stream.shutdown(Shutdown::Write).unwrap();
                assert_eq!(stream.read(&mut [0; 1]).unwrap(), 0);
            } else {
                reset(stream);
                let said = server.run.err();
                assert_eq!(said, format!("{local}: Connection reset by peer"));
            }
            assert_eq!(server.run.out(), format!("client close {local}"));
            if i == 1_000 {
                resident = resident_kib(pid);
            }
        }
        within_deadline("no thread but the first", || (threads(pid) == 1).then_some(()));
        within_deadline("no descriptor of theirs", || (descriptors(pid) == before).then_some(()));
        // Nine thousand lost structs would be more than a megabyte. (qemu keeps some 40 KiB for each thread there was.)
        let after = resident_kib(pid);
        assert!(
            after <= resident + 512 || emulated(),
            "{resident} KiB after a thousand connections, {after} KiB after ten thousand"
        );
        assert_eq!(server.stop(libc::SIGTERM), ["server stopped"]);
    }
}

#[test]
fn a_client_that_provokes_sigpipe_kills_nobody() {
    for kind in KINDS {
        let server = Server::start(NAME, kind);
        let (mut other, _) = accepted(&server);
        for _ in 0..3 {
            let local = sigpipe_provoked(&server);
            assert_eq!(server.run.err(), format!("{local}: Broken pipe"), "it was EPIPE");
            exchange(&mut other, b"still there?\n");
        }
        assert_eq!(server.stop(libc::SIGTERM), ["server stopped"]);
    }
}

#[test]
fn a_reset_ends_one_thread() {
    clients_that_reset_harm_nobody(NAME);
}

#[test]
fn a_thread_that_cannot_be_made_costs_one_client() {
    let server = run_shimmed(NAME, &format!("pthread_create first=3 errno={}", libc::EAGAIN));
    let before = descriptors(server.run.pid());
    for _ in 0..3 {
        let (mut stream, local) = accepted(&server);
        assert_eq!(server.run.err(), "pthread_create: Resource temporarily unavailable");
        assert_eq!(server.run.out(), format!("client close {local}"));
        assert_eq!(stream.read(&mut [0; 1]).unwrap(), 0, "its connection is closed");
    }
    server.serves();
    within_deadline("no descriptor of those clients", || (descriptors(server.run.pid()) == before).then_some(()));
    server.stop(libc::SIGTERM);
}

crate::support::tests! {
    fn accept_may_fail() = every_accept_error_is_survived(NAME);
    fn without_a_free_descriptor_accept_pauses() = without_a_free_descriptor_it_pauses_and_then_goes_on(NAME);
    fn a_signal_ends_it_and_its_threads() = signals_stop_it_whenever_they_come(NAME);
    fn a_signal_is_not_missed() = a_signal_just_before_a_call_is_not_missed(NAME, "accept4", false);
}

#[test]
fn server_stopped_is_its_last_word() {
    if !has_descriptors(100, "50 clients") {
        return;
    }
    for _ in 0..20 {
        let server = Server::start(NAME, "");
        // Threads that end, and print that, while main ends.
        let crowd: Vec<TcpStream> = (0..50).map(|_| accepted(&server).0).collect();
        std::thread::scope(|scope| {
            scope.spawn(move || drop(crowd));
            server.run.signal(libc::SIGTERM);
        });
        assert_eq!(server.stopped().last().map(String::as_str), Some("server stopped"));
    }
}

#[test]
fn a_restart_does_not_wait_for_time_wait() {
    a_restart_binds_at_once(NAME);
}

#[test]
fn lines_sent_together_come_back_at_once() {
    answers_to_lines_sent_together_do_not_wait_for_each_other(NAME);
}

#[test]
fn half_a_line_keeps_nothing_busy() {
    let server = Server::start(NAME, "");
    let mut stream = server.connect();
    exchange(&mut stream, b"hello\n");
    stream.write_all(b"half a line").unwrap();
    it_does_not_spin_while("half a line waits", &server);
    stream.write_all(b", and the rest\n").unwrap();
    expect(&mut stream, b"half a line, and the rest\n");
}
