//! `process_server`: the main process waits, its child accepts, the grandchildren serve.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::process::ExitStatusExt;

use crate::kit::*;

/// A server, and the process that accepts.
fn started(kind: &str) -> (Server, i32) {
    let server = Server::start("process_server", kind);
    let line = server.run.out();
    let pids = line.strip_prefix("accepting: process ").unwrap_or_else(|| panic!("{line}"));
    let (pid, parent) = pids.split_once(", child of ").unwrap();
    assert_eq!(parent, server.run.pid().to_string());
    (server, pid.parse().unwrap())
}

/// A client that has got its line back, and the process that serves it.
fn served(server: &Server, accepting: i32) -> (TcpStream, i32) {
    let mut stream = server.connect();
    assert_eq!(echoed(&mut stream), "hello\n");
    let line = server.run.out();
    let start = format!("client {}: process ", stream.local_addr().unwrap());
    let pids = line.strip_prefix(&start).unwrap_or_else(|| panic!("{line}"));
    let (pid, parent) = pids.split_once(", child of ").unwrap();
    assert_eq!(parent, accepting.to_string());
    (stream, pid.parse().unwrap())
}

fn echoed(stream: &mut TcpStream) -> String {
    let mut back = [0; 6];
    stream.write_all(b"hello\n").unwrap();
    stream.read_exact(&mut back).unwrap();
    String::from_utf8(back.to_vec()).unwrap()
}

/// The children of a process: zombies too, which would be more than these.
fn has_only(parent: i32, expected: &[i32]) {
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    within_deadline("these children", || {
        let mut all: Vec<i32> = children(parent).into_iter().map(|(pid, _)| pid).collect();
        all.sort_unstable();
        (all == expected).then_some(())
    });
}

#[test]
fn the_main_process_has_one_child_and_that_has_one_for_each_client_and_no_zombie() {
    for kind in KINDS {
        let (server, accepting) = started(kind);
        let own = [server.run.pid(), accepting].map(descriptors);
        let (one, first) = served(&server, accepting);
        let (other, second) = served(&server, accepting);
        has_only(server.run.pid(), &[accepting]);
        has_only(accepting, &[first, second]);
        assert_eq!([server.run.pid(), accepting].map(descriptors), own, "a grandchild alone holds its connection");

        let local = one.local_addr().unwrap();
        drop(one);
        assert_eq!(server.run.out(), format!("client close {local}"));
        has_only(accepting, &[second]);
        drop(other);
        has_only(accepting, &[]);
        has_only(server.run.pid(), &[accepting]);
        assert_eq!(server.stop(libc::SIGTERM).len(), 2, "the other client's end, and its own");
    }
}

#[test]
fn twenty_clients_that_leave_at_once_leave_no_zombie() {
    let (server, accepting) = started("");
    let clients: Vec<(TcpStream, i32)> = (0..20).map(|_| served(&server, accepting)).collect();
    let pids: Vec<i32> = clients.iter().map(|&(_, pid)| pid).collect();
    has_only(accepting, &pids);
    // All their processes end in one go, when the accepting one cannot handle a signal.
    kill(accepting, libc::SIGSTOP);
    drop(clients);
    within_deadline("twenty zombies", || {
        children(accepting).iter().all(|&(pid, state)| pids.contains(&pid) && state == 'Z').then_some(())
    });
    assert_eq!(children(accepting).len(), 20);
    kill(accepting, libc::SIGCONT);
    has_only(accepting, &[]);
    assert!((0..20).all(|_| server.run.out().starts_with("client close ")));
    drop(served(&server, accepting));
}

#[test]
fn if_the_accepting_process_is_killed_the_main_one_says_so_and_ends() {
    for kind in KINDS {
        let (mut server, accepting) = started(kind);
        let (mut client, _) = served(&server, accepting);
        kill(accepting, libc::SIGKILL);
        // SAFETY: a plain system call; the text is static, or this thread's own.
        let text = unsafe { std::ffi::CStr::from_ptr(libc::strsignal(libc::SIGKILL)) }.to_str().unwrap();
        assert_eq!(server.run.err(), format!("accepting process {accepting}: {text}"));
        let status = server.run.ended();
        assert_eq!((status.code(), status.signal()), (Some(1), None));
        assert!(TcpStream::connect(("127.0.0.1", server.port)).is_err(), "nobody waits for a server that is not there");

        // The client that it has is served to the end.
        assert_eq!(echoed(&mut client), "hello\n");
        client.shutdown(Shutdown::Write).unwrap();
        assert_eq!(client.read(&mut [0]).unwrap(), 0);
        assert_eq!(server.run.rest(), [format!("client close {}", client.local_addr().unwrap())]);
    }
}

#[test]
fn a_signal_to_any_of_its_processes_stops_the_server() {
    for signal in [libc::SIGINT, libc::SIGTERM] {
        // The main process alone: the client that it has is served to the end.
        let (mut server, accepting) = started("");
        let (mut client, _) = served(&server, accepting);
        server.run.signal(signal);
        assert_eq!(server.run.ended().code(), Some(0));
        assert_eq!(server.run.out(), "server stopped");
        assert_eq!(echoed(&mut client), "hello\n");
        drop(client);

        let (server, accepting) = started("");
        kill(accepting, signal);
        assert_eq!(server.stopped(), ["server stopped"]);

        // All of them, as Ctrl-C does.
        let (server, accepting) = started("");
        let (mut client, _) = served(&server, accepting);
        assert_eq!(server.stop_group(signal).len(), 2, "the client's end, and its own");
        assert_eq!(client.read(&mut [0]).unwrap(), 0);
    }
}

#[test]
fn a_fork_or_an_accept_that_fails_costs_the_server_nothing() {
    let rules = format!("accept4 nth=1 errno={}\nfork nth=2 errno={}", libc::EMFILE, libc::EAGAIN);
    let server = run_shimmed("process_server", &rules);
    let accepting = server.child();
    assert!(server.run.out().starts_with("accepting: process "));
    assert_eq!(server.run.err(), format!("accept: {}", reason(libc::EMFILE)));
    let mut refused = server.connect();
    assert_eq!(server.run.err(), format!("fork: {}", reason(libc::EAGAIN)));
    assert_eq!(refused.read(&mut [0]).unwrap(), 0, "its connection is closed");
    drop(served(&server, accepting));
    assert_eq!(server.stop(libc::SIGTERM).last().map(String::as_str), Some("server stopped"));
}
