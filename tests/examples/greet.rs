//! `greet_server`: whoever closes first keeps `TIME_WAIT`, and a server that restarts must live with it.

use std::collections::BTreeSet;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::kit::*;
use crate::support::told;

/// The bytes that a client gets, up to the end of the stream. The connection stays open on its side.
fn greeted(stream: &mut TcpStream) -> String {
    let mut line = String::new();
    stream.read_to_string(&mut line).unwrap();
    line
}

/// Greets a client that closes when the server has. Its port.
fn greets(server: &Server) -> u16 {
    let mut stream = server.connect();
    let local = stream.local_addr().unwrap();
    assert_eq!(greeted(&mut stream), format!("hello {local}\n"));
    drop(stream);
    assert_eq!(server.run.out(), format!("client {local}"));
    assert_eq!(server.run.out(), format!("client close {local}"));
    assert_eq!(server.run.out(), "left in TIME_WAIT");
    local.port()
}

/// The states of the connection from the port `local` to the port `peer`, as that end has it.
fn states(local: u16, peer: u16) -> Vec<&'static str> {
    let all = connections(local).into_iter();
    all.filter(|connection| connection.local == local && connection.peer == peer).map(|c| c.state).collect()
}

/// The far ends of the connections that a port has in `TIME_WAIT`.
fn time_waits(port: u16) -> Vec<u16> {
    let all = connections(port).into_iter();
    all.filter(|connection| connection.local == port && connection.state == "TIME_WAIT").map(|c| c.peer).collect()
}

/// Binds to a port of 127.0.0.1 without any option.
fn plain_bind(port: u16) -> io::Result<()> {
    // SAFETY: a plain system call.
    let fd = unsafe { libc::socket(libc::AF_INET, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0) };
    assert!(fd >= 0, "{}", io::Error::last_os_error());
    // SAFETY: the descriptor is new, and has no other owner.
    let socket = unsafe { OwnedFd::from_raw_fd(fd) };
    let address = libc::sockaddr_in {
        sin_family: libc::sa_family_t::try_from(libc::AF_INET).unwrap(),
        sin_port: port.to_be(),
        sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes([127, 0, 0, 1]) },
        sin_zero: [0; 8],
    };
    let size = libc::socklen_t::try_from(size_of_val(&address)).unwrap();
    // SAFETY: the address is alive, and of that size.
    let bound = unsafe { libc::bind(socket.as_raw_fd(), (&raw const address).cast(), size) };
    if bound == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[test]
fn each_client_gets_its_line_and_leaves_one_time_wait_on_the_servers_side() {
    for kind in KINDS {
        let server = Server::start("greet_server", kind);
        let before = descriptors(server.run.pid());
        // Of another program that had the port before.
        let others = time_waits(server.port);
        let clients: BTreeSet<u16> = (0..20).map(|_| greets(&server)).collect();
        assert_eq!(clients.len(), 20);
        let mut left = time_waits(server.port);
        left.retain(|peer| !others.contains(peer));
        assert_eq!(left.len(), 20, "one for each: {left:?}");
        assert_eq!(left.into_iter().collect::<BTreeSet<u16>>(), clients);
        for client in clients {
            within_deadline("nothing on the client's side", || states(client, server.port).is_empty().then_some(()));
        }
        assert_eq!(descriptors(server.run.pid()), before, "none is left");
        assert_eq!(server.stop(libc::SIGTERM), ["server stopped"]);
    }
}

#[test]
fn a_restart_binds_in_spite_of_time_wait() {
    for kind in KINDS {
        let server = Server::start("greet_server", kind);
        let port = server.port;
        let mut clients: BTreeSet<u16> = (0..5).map(|_| greets(&server)).collect();
        server.stop(libc::SIGINT);

        // There is no listener any more. But a new one needs the option.
        assert!(!connections(port).iter().any(|connection| connection.state == "LISTEN"));
        assert_eq!(plain_bind(port).unwrap_err().raw_os_error(), Some(libc::EADDRINUSE));

        let server = Server::run(&mut Command::new(program("greet_server", kind)), port);
        let still_there = |clients: &BTreeSet<u16>| clients.is_subset(&time_waits(port).into_iter().collect());
        assert!(still_there(&clients), "all of them");
        clients.insert(greets(&server));
        assert!(still_there(&clients), "and one more");
    }
}

#[test]
fn a_second_one_is_refused_while_the_first_listens() {
    let server = Server::start("greet_server", "");
    for kind in KINDS {
        let mut command = Command::new(program("greet_server", kind));
        let second = finished(command.args(["127.0.0.1", &server.port.to_string()]), b"");
        assert_eq!(second.status.code(), Some(1), "{}", told(&second));
        assert_eq!(second.stderr, format!("listen: {}\n", reason(libc::EADDRINUSE)).as_bytes());
        assert!(second.stdout.is_empty(), "{}", told(&second));
    }
    greets(&server);
}

#[test]
fn what_a_client_has_said_costs_it_nothing() {
    for kind in KINDS {
        let server = Server::start("greet_server", kind);
        for said in [&b"x"[..], &bytes(20_000)] {
            server.freeze();
            let mut stream = server.connect();
            let local = stream.local_addr().unwrap();
            stream.write_all(said).unwrap();
            server.run.signal(libc::SIGCONT);
            // Unread input would make the close send RST, which is ECONNRESET here.
            assert_eq!(greeted(&mut stream), format!("hello {local}\n"));
            drop(stream);
            for line in [format!("client {local}"), format!("client close {local}"), "left in TIME_WAIT".into()] {
                assert_eq!(server.run.out(), line);
            }
            assert_eq!(states(server.port, local.port()), ["TIME_WAIT"]);
        }
    }
}

#[test]
fn after_a_client_that_closes_first_time_wait_is_on_its_side() {
    let server = Server::start("greet_server", "");
    server.freeze();
    let mut stream = server.connect();
    let local = stream.local_addr().unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    server.run.signal(libc::SIGCONT);
    assert_eq!(greeted(&mut stream), format!("hello {local}\n"));
    drop(stream);
    assert_eq!(server.run.out(), format!("client {local}"));
    assert_eq!(server.run.out(), format!("client close {local}"));
    let left = server.run.out();
    assert!(["left in CLOSED", "left in LAST_ACK"].contains(&left.as_str()), "{left}");
    within_deadline("no connection", || states(server.port, local.port()).is_empty().then_some(()));
    assert_eq!(states(local.port(), server.port), ["TIME_WAIT"]);
}

#[test]
fn the_server_survives_clients_that_reset() {
    for kind in KINDS {
        let server = Server::start("greet_server", kind);
        let before = descriptors(server.run.pid());
        // Before they are accepted.
        server.freeze();
        let early: Vec<TcpStream> = (0..3).map(|_| server.connect()).collect();
        let mut all: Vec<_> = early.iter().map(|stream| stream.local_addr().unwrap()).collect();
        early.into_iter().for_each(reset);
        server.run.signal(libc::SIGCONT);
        // After the line.
        let mut late = server.connect();
        all.push(late.local_addr().unwrap());
        assert_eq!(greeted(&mut late), format!("hello {}\n", all[3]));
        reset(late);
        for local in all {
            assert_eq!(server.run.out(), format!("client {local}"));
            assert_eq!(server.run.err(), format!("client {local}: Connection reset by peer"));
            assert_eq!(server.run.out(), format!("client close {local}"));
            assert_eq!(server.run.out(), "left in CLOSED");
            assert!(states(server.port, local.port()).is_empty(), "a reset leaves nothing");
        }
        greets(&server);
        assert_eq!(descriptors(server.run.pid()), before);
        server.stop(libc::SIGTERM);
    }
}

#[test]
fn a_client_that_stays_holds_the_others_up_for_three_seconds() {
    let server = Server::start("greet_server", "");
    let start = Instant::now();
    let mut stays = server.connect();
    let local = stays.local_addr().unwrap();
    assert_eq!(greeted(&mut stays), format!("hello {local}\n"));
    assert_eq!(server.run.out(), format!("client {local}"));
    assert_eq!(server.run.err(), format!("client {local}: {}", reason(libc::ETIMEDOUT)));
    assert!(start.elapsed() >= Duration::from_secs(3), "it is given its time: {:?}", start.elapsed());
    assert_eq!(server.run.out(), format!("client close {local}"));
    assert_eq!(server.run.out(), "left in FIN_WAIT2");
    assert_eq!(states(server.port, local.port()), ["FIN_WAIT2"]);
    greets(&server);
    // The kernel goes on where the program stopped.
    drop(stays);
    within_deadline("its TIME_WAIT", || (states(server.port, local.port()) == ["TIME_WAIT"]).then_some(()));
}

#[test]
fn signals_stop_the_server_whenever_they_come() {
    for kind in KINDS {
        for signal in [libc::SIGINT, libc::SIGTERM] {
            for served in 0..5 {
                let server = Server::start("greet_server", kind);
                let crowd: Vec<TcpStream> = (0..served).map(|_| server.connect()).collect();
                drop(crowd);
                assert_eq!(server.stop(signal).last().map(String::as_str), Some("server stopped"));
            }
            // While it waits for a client to close.
            let server = Server::start("greet_server", kind);
            let mut stays = server.connect();
            greeted(&mut stays);
            let start = Instant::now();
            assert_eq!(server.stop(signal).last().map(String::as_str), Some("server stopped"));
            assert!(start.elapsed() < Duration::from_secs(3), "it was not waited for: {:?}", start.elapsed());
        }
    }
}

#[test]
fn a_signal_just_after_accept_stops_the_server() {
    let server = stopped_after_accept("greet_server");
    let start = Instant::now();
    let mut stays = server.connect();
    let local = stays.local_addr().unwrap();
    assert_eq!(greeted(&mut stays), format!("hello {local}\n"));
    let said = server.stopped();
    assert_eq!(said[..2], [format!("client {local}"), format!("client close {local}")]);
    assert!(start.elapsed() < Duration::from_secs(3), "its client was not waited for: {:?}", start.elapsed());
}
