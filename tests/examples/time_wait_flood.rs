//! `time_wait_flood`: a client that closes first runs out of ports, and three cures.

use std::fs;
use std::process::Command;

use crate::keepalive::{network, says_that_it_may_not};
use crate::kit::*;

const CLIENTS: usize = 40;

/// ip(7), `ip_local_port_range`; connect(2), EADDRNOTAVAIL. RFC 9293: the first to close keeps `TIME_WAIT`; after an RST
/// nobody does.
fn runs_out_of_ports_and_is_cured(lines: &[String]) {
    assert_eq!(lines.len(), 8, "{lines:?}");
    let all = format!("{CLIENTS} connections, then no more wanted");
    assert_eq!(lines[0], "the client closes first, 20 ports: 20 connections, then EADDRNOTAVAIL");
    assert_eq!(lines[1], "  in TIME_WAIT: 20 at the clients' ends, 0 at the server's");

    // The server's ends are in TIME_WAIT, and the clients' ports are free again: a new connection from a port takes the
    // place of the old one.
    assert_eq!(lines[2], format!("the server closes first, 20 ports: {all}"));
    let ends = lines[3].strip_prefix("  in TIME_WAIT: 0 at the clients' ends, ").unwrap_or_else(|| panic!("{lines:?}"));
    let servers: u32 = ends.strip_suffix(" at the server's").unwrap().parse().unwrap();
    assert!((1..=20).contains(&servers), "{lines:?}");

    assert_eq!(lines[4], format!("the client resets, 20 ports: {all}"));
    assert_eq!(lines[5], "  in TIME_WAIT: 0 at the clients' ends, 0 at the server's");
    assert_eq!(lines[6], format!("the client closes first, 60 ports: {all}"));
    assert_eq!(lines[7], "  in TIME_WAIT: 40 at the clients' ends, 0 at the server's");
}

#[test]
fn a_client_that_closes_first_has_no_port_for_the_21st_connection_and_there_are_three_cures() {
    for kind in KINDS {
        let program = program("time_wait_flood", kind);
        match network() {
            Ok(()) => runs_out_of_ports_and_is_cured(&printed("time_wait_flood", kind)),
            Err(_) => says_that_it_may_not(&program, "", None),
        }
    }
}

/// How many ends in the network of a process are in `TIME_WAIT`, the clients' and the server's, whose port is 6666.
fn time_waits(pid: i32) -> (usize, usize) {
    let table = fs::read_to_string(format!("/proc/{pid}/net/tcp")).unwrap();
    let rows = table.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    let waiting: Vec<bool> = rows.filter(|row| row[3] == "06").map(|row| row[1].ends_with(":1A0A")).collect();
    let servers = waiting.iter().filter(|&&server| server).count();
    (waiting.len() - servers, servers)
}

#[test]
fn the_kernels_table_has_as_many_in_time_wait() {
    if network().is_err() {
        return;
    }
    let mut run = Stepping::start(&mut Command::new(program("time_wait_flood", "")));
    let mut seen = Vec::new();
    for _ in 0..4 {
        // While a way's first line waits to be taken, its second one does not go out, and the network is still there.
        run.wait();
        let counts = time_waits(run.pid());
        run.line().unwrap();
        let line = run.line().unwrap();
        assert_eq!(line, format!("  in TIME_WAIT: {} at the clients' ends, {} at the server's", counts.0, counts.1));
        seen.push(counts);
    }
    assert_eq!((seen[0], seen[2], seen[3]), ((20, 0), (0, 0), (40, 0)));
    assert_eq!(run.line(), None);
}

#[test]
fn without_the_right_to_a_network_it_says_so_and_ends_with_2() {
    let program = program("time_wait_flood", "");
    let why = Some("Operation not permitted");
    says_that_it_may_not(&program, &format!("unshare errno={}", libc::EPERM), why);
}
