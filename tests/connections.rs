//! Two processes that talk over each kind of connection of the library; and descriptors passed to and from programs
//! without it; and a service that is started by its first client.

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

#[test]
fn descriptors_pass_between_the_library_and_programs_as_the_books_write_them() {
    for how in [Link::Shared, Link::Static] {
        run(&mut Command::new(compile_c("passing", &["passing.c"], how, &[])));
    }
}

#[test]
fn a_service_takes_over_what_its_manager_has_opened() {
    for how in [Link::Shared, Link::Static] {
        run(&mut Command::new(compile_c("activated", &["activated.c"], how, &[])));
    }
}
