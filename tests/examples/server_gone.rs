//! `server_gone`: the serving process is killed while the client waits at the keyboard.

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::kit::*;

/// The program while it waits at the keyboard, and the ports of its client and its server.
fn at_the_keyboard(kind: &str) -> (Running, u16, u16) {
    let run = Running::start(Command::new(program("server_gone", kind)).stdin(Stdio::piped()));
    let (client, server) = ports(&run.out());
    assert_eq!(run.out(), "client ESTABLISHED, server ESTABLISHED");
    assert_eq!(run.out(), "waiting at the keyboard");
    (run, client, server)
}

fn ports(line: &str) -> (u16, u16) {
    let (client, server) = line.split_once(", ").unwrap();
    let port = |text: &str, who| text.strip_prefix(who).unwrap_or_else(|| panic!("{text}")).parse().unwrap();
    (port(client, "client 127.0.0.1:"), port(server, "server 127.0.0.1:"))
}

/// The state of the connection at either end, client first, as the kernel's table has it.
fn states(client: u16, server: u16) -> (Option<&'static str>, Option<&'static str>) {
    let all = connections(client);
    let state_of = |local, peer| all.iter().find(|c| c.local == local && c.peer == peer).map(|c| c.state);
    (state_of(client, server), state_of(server, client))
}

#[test]
fn a_client_at_the_keyboard_learns_of_its_servers_end_only_by_its_next_line() {
    for kind in KINDS {
        let (mut run, client, server) = at_the_keyboard(kind);
        assert_eq!(states(client, server), (Some("ESTABLISHED"), Some("ESTABLISHED")));
        assert_eq!(children(run.pid()).len(), 1, "the server");

        run.type_in("hello\n");
        assert_eq!(run.out(), "written 6 bytes, read 6, the same");
        assert_eq!(run.out(), "server killed by SIGKILL");
        assert_eq!(run.out(), "client CLOSE_WAIT, server FIN_WAIT2");
        assert_eq!(run.out(), "waiting at the keyboard");
        assert_eq!(children(run.pid()), [], "nobody serves any more, and nobody is a zombie");
        // Long enough for a program that checks the socket.
        for _ in 0..20 {
            assert_eq!(states(client, server), (Some("CLOSE_WAIT"), Some("FIN_WAIT2")));
            thread::sleep(Duration::from_millis(5));
        }
        assert!(run.out.try_recv().is_err(), "it waits");

        run.type_in("are you there?\n");
        assert_eq!(run.out(), "written 15 bytes, then poll: POLLERR POLLHUP");
        assert_eq!(run.out(), "client CLOSED, server CLOSED");
        assert_eq!(run.out(), "read 0 bytes: server close");
        assert_eq!(run.out(), "written once more: EPIPE");
        assert_eq!(run.out(), "client CLOSED, server CLOSED");
        assert_eq!(run.ended().code(), Some(0));
        assert_eq!(states(client, server), (None, None), "no TIME_WAIT");
        assert!(run.out.recv().is_err() && run.err.recv().is_err(), "no word more than that");
    }
}

#[test]
fn at_the_end_of_stdin_it_goes_on_with_lines_of_its_own() {
    for kind in KINDS {
        let said = printed("server_gone", kind);
        let (client, server) = ports(&said[0]);
        let expected = [
            "client ESTABLISHED, server ESTABLISHED",
            "waiting at the keyboard",
            "written 11 bytes, read 11, the same",
            "server killed by SIGKILL",
            "client CLOSE_WAIT, server FIN_WAIT2",
            "waiting at the keyboard",
            "written 12 bytes, then poll: POLLERR POLLHUP",
            "client CLOSED, server CLOSED",
            "read 0 bytes: server close",
            "written once more: EPIPE",
            "client CLOSED, server CLOSED",
        ];
        assert_eq!(said[1..], expected);
        assert_eq!(states(client, server), (None, None), "no TIME_WAIT");
    }
}

#[test]
fn a_line_without_its_newline_and_one_too_long_do_not_block_it() {
    for first in ["no newline".to_owned(), String::from_utf8(bytes(1023)).unwrap()] {
        let output = finished(&mut Command::new(program("server_gone", "")), first.as_bytes());
        let said = String::from_utf8(output.stdout).unwrap();
        let n = first.len();
        assert!(
            output.status.success() && said.contains(&format!("written {n} bytes, read {n}, the same\n")),
            "{said}"
        );
    }
    let (mut run, ..) = at_the_keyboard("");
    run.type_in(&String::from_utf8(line(1500)).unwrap());
    assert_eq!(run.out(), "written 1023 bytes, read 1023, the same");
    let rest: Vec<String> = run.out.iter().collect();
    assert!(rest.contains(&"written 477 bytes, then poll: POLLERR POLLHUP".to_owned()), "{rest:?}");
    assert_eq!(run.ended().code(), Some(0));
}

#[test]
fn interrupted_at_the_keyboard_it_leaves_nobody_behind() {
    let (mut run, client, server) = at_the_keyboard("");
    // kill(1) of the client alone: Ctrl-C would end its server as well.
    run.signal(libc::SIGINT);
    assert_eq!(run.ended().signal(), Some(libc::SIGINT));
    // The server, which was not killed, has read the end of its stream and closed: the client's FIN was the first.
    within_deadline("the server's close", || (states(client, server) == (Some("TIME_WAIT"), None)).then_some(()));
}
