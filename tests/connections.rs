//! Two processes that talk over each kind of connection of the library.

mod support;

use std::process::Command;

use support::{Link, compile_c, run, scratch};

#[test]
fn two_processes_talk_over_tcp_unix_sockets_and_udp() {
    for how in [Link::Shared, Link::Static] {
        let program = compile_c("connections", &["connections.c"], how, &[]);
        let path = scratch("connections").join(format!("{how:?}-{}", std::process::id()));
        run(Command::new(program).arg(path));
    }
}
