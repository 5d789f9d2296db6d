//! `reuse` and `reconnect`: `SO_REUSEADDR`, `SO_REUSEPORT` and `TIME_WAIT`.

use std::fs;
use std::process::{Command, Output};

use crate::keepalive::{Network, network, of_its_own};
use crate::kit::*;
use crate::support::told;

const BIND: &str = "bind: EADDRINUSE";
const LISTEN: &str = "listen: EADDRINUSE";
const OPTIONS: [&str; 3] = ["none", "SO_REUSEADDR", "SO_REUSEPORT"];

/// The result for the new socket with each option, for each option of the old one.
type Table = [[&'static str; 3]; 3];
const SAME_OPTION: Table = [[BIND; 3], [BIND, "ok", BIND], [BIND, BIND, "ok"]];
const REUSEPORT_ONLY: Table = [[BIND; 3], [BIND; 3], [BIND, BIND, "ok"]];
const ONE_LISTENS: Table = [[BIND; 3], [BIND, LISTEN, BIND], [BIND, BIND, "ok"]];
const ALWAYS: Table = [["ok"; 3]; 3];

/// The owner of the port, its state, and which other socket can have it too: socket(7), listen(2).
const HOLDERS: [(&str, &str, Table); 8] = [
    ("a closed connection", "TIME_WAIT", SAME_OPTION),
    ("a connection whose listener is gone", "ESTABLISHED", SAME_OPTION),
    ("a listener", "LISTEN", REUSEPORT_ONLY),
    ("a listener at any address", "LISTEN", REUSEPORT_ONLY),
    ("a listener; the new one wants any address", "LISTEN", REUSEPORT_ONLY),
    ("a listener; the new one wants 127.0.0.2", "LISTEN", ALWAYS),
    ("a socket that listens after the new one's bind", "CLOSED", ONE_LISTENS),
    ("a UDP socket", "-", SAME_OPTION),
];

/// The table as it must be printed, then how many connections each of two listeners has accepted.
fn assert_measured(lines: &[String]) {
    let mut expected = Vec::new();
    for (holder, state, table) in HOLDERS {
        expected.push(format!("the port is held by {holder}"));
        expected.push("old option    state        new option: none   SO_REUSEADDR       SO_REUSEPORT".into());
        for (option, [none, address, port]) in OPTIONS.into_iter().zip(table) {
            expected.push(format!("{option:<14}{state:<13}{none:<19}{address:<19}{port}"));
        }
        expected.push(String::new());
    }
    let (last, table) = lines.split_last().unwrap();
    assert_eq!(table, expected);
    let counts = last.strip_prefix("two listeners, SO_REUSEPORT on both: one accepted ").unwrap();
    let (one, other) = counts.split_once(", the other ").unwrap();
    let counts: [u32; 2] = [one.parse().unwrap(), other.parse().unwrap()];
    // The program connects until both have accepted: all went to one but the last.
    assert!(counts.iter().all(|&count| (1..1000).contains(&count)) && counts.contains(&1), "{last}");
}

#[test]
fn a_port_can_be_had_by_two_only_as_socket_7_says() {
    for kind in KINDS {
        assert_measured(&printed("reuse", kind));
    }
}

/// A connection and the next one from the same port: the states at both ends of each, and the four-tuple.
fn assert_reconnected(lines: &[String]) -> [(u16, u16); 2] {
    assert_eq!(lines.len(), 9, "{lines:?}");
    ["server", "client"].map(|first| {
        let four = if first == "server" { &lines[..4] } else { &lines[4..8] };
        let ends = if first == "server" { ["CLOSED", "TIME_WAIT"] } else { ["TIME_WAIT", "CLOSED"] };
        let closed = format!("  closed by the {first} first: client's end {}, server's end {}", ends[0], ends[1]);
        assert!(four[1] == closed && four[3] == closed, "{four:?}");
        assert_eq!(four[0], four[2], "the same two addresses");
        let ports = four[0].strip_prefix("127.0.0.1:").unwrap().strip_suffix(": ESTABLISHED").unwrap();
        let (client, server) = ports.split_once(" -> 127.0.0.1:").unwrap();
        (client.parse().unwrap(), server.parse().unwrap())
    })
}

#[test]
fn a_four_tuple_in_time_wait_connects_again() {
    let tw_reuse = fs::read_to_string("/proc/sys/net/ipv4/tcp_tw_reuse").unwrap();
    for kind in KINDS {
        let lines = printed("reconnect", kind);
        let [(client, server), (other_client, other_server)] = assert_reconnected(&lines);
        assert_eq!(lines[8], format!("tcp_tw_reuse: {0} before, {0} after", tw_reuse.trim()));
        // The kernel's own table: one end is left of each, and it is the one that closed first.
        for (local, peer) in [(server, client), (other_client, other_server)] {
            let mut left = connections(local);
            left.retain(|connection| connection.local == peer || connection.peer == peer);
            assert_eq!(left, [Connection { local, peer, state: "TIME_WAIT" }]);
        }
    }
}

fn lines_of_success(output: &Output) -> Vec<String> {
    assert!(output.status.success() && output.stderr.is_empty(), "{}", told(output));
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

#[test]
fn tcp_tw_reuse_changes_nothing_of_that() {
    // tcp_tw_reuse is about the ports that connect chooses. We may change it only in a separate network.
    let values: &[Option<u8>] = if network().is_ok() { &[Some(b'0'), Some(b'1'), Some(b'2')] } else { &[None] };
    for &value in values {
        let run = |name: &str| {
            let mut command = Command::new("timeout");
            // The table of the network in which the program ran, once it has ended.
            let script = r#""$1" && cat /proc/net/tcp"#;
            command.args(["-k", "5", "60", "sh", "-c", script, "sh"]).arg(program(name, ""));
            if value.is_some() {
                of_its_own(&mut command, Network { tcp_tw_reuse: value });
            }
            let mut lines = lines_of_success(&command.output().unwrap());
            let table = lines.iter().position(|line| line.trim_start().starts_with("sl ")).unwrap();
            let kernel = lines.split_off(table);
            let in_time_wait = kernel.iter().filter(|line| line.split_whitespace().nth(3) == Some("06")).count();
            (lines, in_time_wait)
        };
        let (lines, in_time_wait) = run("reuse");
        assert_measured(&lines);
        assert!(in_time_wait >= 9, "one for each field of the first table: {in_time_wait}");
        let (lines, in_time_wait) = run("reconnect");
        assert_reconnected(&lines);
        assert!(in_time_wait >= 2, "{in_time_wait}");
        if let Some(value) = value {
            assert_eq!(lines[8], format!("tcp_tw_reuse: {0} before, {0} after", char::from(value)));
        }
    }
}

#[test]
fn an_experiment_takes_no_arguments() {
    for name in [
        "reuse",
        "reconnect",
        "connect_timeout",
        "keepalive",
        "shared_fd",
        "zombies",
        "pipe_rules",
        "close_wait",
        "time_wait_flood",
        "half_open",
    ] {
        let output = finished(Command::new(program(name, "")).arg("127.0.0.1"), b"");
        assert_eq!(output.status.code(), Some(2), "{name}: {}", told(&output));
        assert!(output.stdout.is_empty(), "{name}: {}", told(&output));
        assert_eq!(output.stderr, b"too many arguments: 127.0.0.1\n", "{name}");
    }
}
