//! `epoll_server`: all clients in one thread.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::kit::*;
use crate::support::{has_descriptors, scratch};
use crate::thread_server::{self as both, accepted, exchange, expect, resident_kib};

const NAME: &str = "epoll_server";

/// Some lines of each length, without end.
fn flood() -> impl Iterator<Item = Vec<u8>> {
    [1, 2, 80, 1024, 4095, 4096, 10_000].into_iter().cycle().map(line)
}

/// Sends lines and reads no answer, until the server takes no more: it can neither send the answers nor keep them.
/// Returns all bytes that it took.
fn stuff(stream: &mut TcpStream) -> Vec<u8> {
    let mut sent = Vec::new();
    stream.set_nonblocking(true).unwrap();
    let mut refused = 0;
    for line in flood() {
        let mut rest = &line[..];
        while !rest.is_empty() && refused < 20 {
            match stream.write(rest) {
                Ok(n) => {
                    sent.extend(&rest[..n]);
                    rest = &rest[n..];
                    refused = 0;
                }
                // The server may just be about to take some.
                Err(e) if e.kind() == ErrorKind::WouldBlock => {
                    refused += 1;
                    thread::sleep(std::time::Duration::from_millis(10));
                }
                Err(e) => panic!("{e}"),
            }
        }
        if refused == 20 {
            break;
        }
    }
    stream.set_nonblocking(false).unwrap();
    sent
}

crate::support::tests! {
    fn each_side_tells_the_addresses_and_the_server_the_end() =
        both::each_client_is_named_when_it_comes_and_when_it_goes(NAME, &["client half-close"]);
    fn every_byte_comes_back() = both::lines_come_back_byte_for_byte(NAME);
    fn an_address_that_is_taken_is_told() = both::a_failure_is_one_line_and_status_1(NAME);
    fn one_thread_serves_all() = both::many_clients_at_once(NAME, |_| 1);
}

#[test]
fn slow_silent_and_deaf_clients_delay_no_other() {
    for kind in KINDS {
        let server = Server::start(NAME, kind);
        let (mut half, _) = accepted(&server);
        half.write_all(b"half a li").unwrap();
        let (mut deaf, _) = accepted(&server);
        let stuffed = stuff(&mut deaf);
        let (mut slow, _) = accepted(&server);
        let text = line(200);
        let (mut other, _) = accepted(&server);
        for byte in &text {
            slow.write_all(&[*byte]).unwrap();
            // They stay unchanged while the other is served.
            exchange(&mut other, &line(100));
            exchange(&mut other, &line(5000));
        }
        assert!(
            server.run.err.try_recv().is_err() && server.run.out.try_recv().is_err(),
            "nothing has happened to them"
        );
        expect(&mut slow, &text);
        half.write_all(b"ne\n").unwrap();
        expect(&mut half, b"half a line\n");
        expect(&mut deaf, &stuffed[..=stuffed.iter().rposition(|byte| *byte == b'\n').unwrap()]);
    }
}

#[test]
fn a_client_that_floods_it_delays_no_other() {
    let server = Server::start(NAME, "");
    let (mut flooding, _) = accepted(&server);
    let (mut other, _) = accepted(&server);
    let enough = AtomicBool::new(false);
    let lines = b"\n".repeat(1 << 16);
    thread::scope(|scope| {
        let mut answers = flooding.try_clone().unwrap();
        // It takes its answers as they come: the server never has a reason to stop.
        scope.spawn(move || while answers.read(&mut [0; 1 << 13]).is_ok_and(|n| n > 0) {});
        scope.spawn(|| {
            while !enough.load(Ordering::Relaxed) {
                flooding.write_all(&lines).unwrap();
            }
            flooding.shutdown(Shutdown::Write).unwrap();
        });
        other.set_read_timeout(Some(DEADLINE / 4)).unwrap();
        for _ in 0..100 {
            let sent = other.write_all(b"hello\n");
            let back = other.read_exact(&mut [0; 6]);
            if sent.is_err() || back.is_err() {
                enough.store(true, Ordering::Relaxed);
                panic!("not served: {sent:?} {back:?}");
            }
        }
        enough.store(true, Ordering::Relaxed);
    });
}

#[test]
fn answers_that_nobody_reads_are_not_hoarded() {
    for kind in KINDS {
        let server = Server::start(NAME, kind);
        let pid = server.run.pid();
        let (mut deaf, local) = accepted(&server);
        exchange(&mut deaf, b"hello\n");
        let before = resident_kib(pid);
        let sent = stuff(&mut deaf);
        let grown = resident_kib(pid).saturating_sub(before);
        assert!(sent.len() > 100_000, "it took no more than {} bytes", sent.len());
        assert!(grown <= 64, "{} bytes are taken, and it has grown by {grown} KiB", sent.len());
        both::it_does_not_spin_while("a client does not read", &server);
        // It has ended its direction: that must not wake the server all the time either.
        deaf.shutdown(Shutdown::Write).unwrap();
        both::it_does_not_spin_while("a client has sent its end and does not read", &server);
        assert!(server.run.out.try_recv().is_err(), "it is still there");
        // Once it reads, all comes, to the unterminated last line, and then the end.
        let mut back = Vec::new();
        deaf.read_to_end(&mut back).unwrap();
        assert!(back == sent, "of {} bytes, {} came back", sent.len(), back.len());
        assert_eq!(server.run.out(), format!("client half-close {local}"));
        assert_eq!(server.run.out(), format!("client close {local}"));
    }
}

#[test]
fn a_peer_that_half_closes_gets_its_answers_and_one_that_is_gone_is_dropped() {
    for kind in KINDS {
        let server = Server::start(NAME, kind);
        let (mut stream, local) = accepted(&server);
        stream.write_all(b"one\ntwo\nthe last one, without a newline").unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut back = String::new();
        stream.read_to_string(&mut back).unwrap();
        assert_eq!(back, "one\ntwo\nthe last one, without a newline");
        assert_eq!(server.run.out(), format!("client half-close {local}"));
        assert_eq!(server.run.out(), format!("client close {local}"));
        assert!(server.run.err.try_recv().is_err(), "that was no error");

        // A reset, while the server waits for input.
        let (mut stream, local) = accepted(&server);
        exchange(&mut stream, b"hello\n");
        reset(stream);
        assert_eq!(server.run.err(), format!("client {local}: Connection reset by peer"));
        assert_eq!(server.run.out(), format!("client close {local}"));

        // While it waits to send an answer.
        let (mut stream, local) = accepted(&server);
        stuff(&mut stream);
        reset(stream);
        assert_eq!(server.run.err(), format!("client {local}: Connection reset by peer"));
        assert_eq!(server.run.out(), format!("client close {local}"));

        // After the peer's end, when both are seen at once: no half-close any more.
        let local = both::sigpipe_provoked(&server);
        assert_eq!(server.run.err(), format!("client {local}: Broken pipe"));
        server.serves();
    }
}

#[test]
fn a_reset_ends_one_connection() {
    both::clients_that_reset_harm_nobody(NAME);
}

#[test]
fn a_client_costs_a_small_and_fixed_memory() {
    if !has_descriptors(250, "200 clients") {
        return;
    }
    for kind in KINDS {
        let server = Server::start(NAME, kind);
        let pid = server.run.pid();
        let before = descriptors(pid);
        let round = || {
            let mut crowd: Vec<TcpStream> = (0..200).map(|_| server.connect()).collect();
            for stream in &mut crowd {
                exchange(stream, &line(100_000));
            }
            let resident = resident_kib(pid);
            drop(crowd);
            within_deadline("all have left", || (descriptors(pid) == before).then_some(()));
            resident
        };
        let empty = resident_kib(pid);
        let first = round();
        // Its 4 KiB buffer begins in the middle of a page, next to the rest of the client's state.
        assert!(first - empty <= 200 * 8 + 256, "{empty} KiB without clients, {first} KiB with 200");
        for _ in 0..4 {
            let again = round();
            assert!(again <= first + 64, "{first} KiB with the first 200 clients, {again} KiB with others");
        }
    }
}

/// A server that logs its calls.
fn logged(name: &str) -> (Server, PathBuf) {
    let log = scratch("epoll_server").join(name);
    let _ = fs::remove_file(&log);
    (run_shimmed(NAME, &format!("log {}", log.display())), log)
}

/// The calls of a server, now ended, in their order.
fn calls((server, log): (Server, PathBuf)) -> Vec<String> {
    server.stop(libc::SIGTERM);
    let text = fs::read_to_string(log).unwrap();
    text.lines().map(|line| line.split_once(' ').unwrap().0.to_owned()).collect()
}

fn count(calls: &[String], name: &str) -> usize {
    calls.iter().filter(|call| *call == name).count()
}

#[test]
fn a_line_costs_three_system_calls() {
    let server = logged("lines");
    let (mut stream, _) = accepted(&server.0);
    for _ in 0..1000 {
        exchange(&mut stream, b"hello\n");
    }
    let calls = calls(server);
    assert_eq!((count(&calls, "recv"), count(&calls, "send")), (1000, 1000));
    // One wait for the client, and some around the signal. The listener and the client join epoll's set, once each.
    assert!((1001..=1004).contains(&count(&calls, "epoll_wait")), "{}", count(&calls, "epoll_wait"));
    assert_eq!((count(&calls, "poll"), count(&calls, "epoll_ctl")), (1, 2));
}

#[test]
fn lines_that_came_together_are_served_in_turns() {
    let server = logged("turns");
    let (mut stream, _) = accepted(&server.0);
    // No more comes behind them, which could remind the server of those that it holds.
    exchange(&mut stream, &b"\n".repeat(4000));
    let calls = calls(server);
    assert_eq!(count(&calls, "send"), 4000);
    let longest = calls.split(|call| call == "epoll_wait").map(|turn| count(turn, "send")).max().unwrap();
    assert!((2..=100).contains(&longest), "{longest} lines before anybody else has a turn");
    for (name, most) in [("recv", 100), ("epoll_wait", 1000), ("epoll_ctl", 100)] {
        assert!(count(&calls, name) < most, "{name}: {}", count(&calls, name));
    }
}

crate::support::tests! {
    fn accept_may_fail() = both::every_accept_error_is_survived(NAME);
    fn without_a_free_descriptor_accept_pauses() = both::without_a_free_descriptor_it_pauses_and_then_goes_on(NAME);
    fn a_signal_ends_it_and_all_connections() = both::signals_stop_it_whenever_they_come(NAME);
}

#[test]
fn a_signal_is_not_missed() {
    both::a_signal_just_before_a_call_is_not_missed(NAME, "epoll_wait", false);
    both::a_signal_just_before_a_call_is_not_missed(NAME, "accept4", true);
}

#[test]
fn a_restart_does_not_wait_for_time_wait() {
    both::a_restart_binds_at_once(NAME);
}

#[test]
fn lines_sent_together_come_back_at_once() {
    both::answers_to_lines_sent_together_do_not_wait_for_each_other(NAME);
}

#[test]
fn half_a_line_keeps_nothing_busy() {
    let server = Server::start(NAME, "");
    let mut stream = server.connect();
    exchange(&mut stream, b"hello\n");
    // Once after a whole line: then the reader holds it, and epoll does not see it.
    for text in [&b"half a line"[..], b"hello\nhalf a line"] {
        stream.write_all(text).unwrap();
        both::it_does_not_spin_while("half a line waits", &server);
        stream.write_all(b", and the rest\n").unwrap();
        expect(&mut stream, &[text, b", and the rest\n"].concat());
    }
}
