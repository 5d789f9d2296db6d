//! `sigpipe`: a write to a peer that is gone, and to a pipe without a reader.

use crate::kit::*;

/// The program's output, a paragraph for each child: how it writes, and the result.
fn paragraphs(kind: &str) -> Vec<(String, Vec<String>)> {
    let mut all: Vec<(String, Vec<String>)> = Vec::new();
    for line in printed("sigpipe", kind) {
        match line.strip_prefix("  ") {
            Some(fact) => all.last_mut().unwrap().1.push(fact.to_owned()),
            None => all.push((line, Vec::new())),
        }
    }
    all
}

/// Checks the result of each of these children, each only once.
fn fared(children: &[&str], facts: &[&str]) {
    assert!(!children.is_empty() && !facts.is_empty());
    for kind in KINDS {
        let all = paragraphs(kind);
        for child in children {
            let found: Vec<_> = all.iter().filter(|(way, _)| way == child).map(|(_, facts)| facts).collect();
            assert_eq!(found, [facts], "{child}{kind}");
        }
    }
}

/// The first write to a socket is taken: the peer's FIN only said that it sends no more. Its RST ends the connection.
const FIRST: &str = "first: 5 bytes taken";
const RESET: &str = "poll: POLLERR POLLHUP, CLOSED";

#[test]
fn the_second_write_or_send_to_a_peer_that_is_gone_kills() {
    let ways = ["write to a socket, SIGPIPE: default action", "send to a socket, SIGPIPE: default action"];
    fared(&ways, &[FIRST, RESET, "killed by SIGPIPE"]);
}

#[test]
fn a_handler_is_told_and_the_program_goes_on_to_server_close() {
    let facts = [FIRST, RESET, "handler: SIGPIPE", "second: EPIPE", "read: server close", "exit status 0"];
    fared(&["write to a socket, SIGPIPE: a handler"], &facts);
}

#[test]
fn ignored_it_is_epipe() {
    let facts = [FIRST, RESET, "second: EPIPE", "read: server close", "exit status 0"];
    fared(&["write to a socket, SIGPIPE: ignored"], &facts);
}

#[test]
fn writen_and_msg_nosignal_give_epipe_without_a_signal() {
    let ways = [
        "writen to a socket, SIGPIPE: default action",
        "writen to a socket, SIGPIPE: ignored",
        "send with MSG_NOSIGNAL to a socket, SIGPIPE: default action",
    ];
    fared(&ways, &[FIRST, RESET, "second: EPIPE", "read: server close", "exit status 0"]);
}

#[test]
fn the_first_write_to_a_pipe_without_a_reader_kills_even_in_writen() {
    let ways = ["write to a pipe, SIGPIPE: default action", "writen to a pipe, SIGPIPE: default action"];
    fared(&ways, &["killed by SIGPIPE"]);
}

#[test]
fn the_first_write_to_a_pipe_without_a_reader_is_epipe_where_the_signal_does_not_kill() {
    fared(&["write to a pipe, SIGPIPE: a handler"], &["handler: SIGPIPE", "first: EPIPE", "exit status 0"]);
    let ways = ["write to a pipe, SIGPIPE: ignored", "writen to a pipe, SIGPIPE: ignored"];
    fared(&ways, &["first: EPIPE", "exit status 0"]);
}

#[test]
fn send_does_not_write_to_a_pipe() {
    let ways = ["send to a pipe, SIGPIPE: default action", "send with MSG_NOSIGNAL to a pipe, SIGPIPE: default action"];
    fared(&ways, &["first: ENOTSOCK", "exit status 0"]);
}

#[test]
fn there_are_seven_ways_to_a_socket_and_to_a_pipe() {
    for kind in KINDS {
        let all = paragraphs(kind);
        for place in [" to a socket, ", " to a pipe, "] {
            assert_eq!(all.iter().filter(|(way, _)| way.contains(place)).count(), 7, "{all:?}");
        }
        assert_eq!(all.len(), 14, "{all:?}");
    }
}
