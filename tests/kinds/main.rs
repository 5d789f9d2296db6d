//! Every kind of descriptor x every call that waits x time: the matrix of convention 4 of the contract. Each cell is a
//! thread of its own; one that hangs fails by name, and the others go on. All that fail are listed together.
//!
//! Left out: an eventfd write of a value larger than the room that is left (a known limit: poll(2) cannot ask for that
//! much room), and files on network and FUSE file systems.

#![cfg(target_os = "linux")]
#![allow(
    unsafe_code,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::undocumented_unsafe_blocks,
    clippy::unwrap_used,
    reason = "the functions under test take raw pointers, and a test fails by panicking"
)]

#[path = "../support/c.rs"]
mod c;
#[path = "../support/left_out.rs"]
mod left_out;

mod at_once;
mod calls;
mod connections;
mod ends;
mod flood;
mod kit;
mod kmsg;
mod matrix;
mod modes;
mod reading;
mod relays;
mod sinks;
mod sockets;
mod sources;
mod still;
mod writing;

#[test]
fn reading_keeps_its_time_on_every_kind_of_descriptor() {
    let (at_once, waiting) = (at_once::read_cells(), reading::cells());
    matrix::run(at_once.into_iter().chain(waiting).collect());
}

#[test]
fn writing_keeps_its_time_on_every_kind_of_descriptor() {
    let (at_once, waiting) = (at_once::write_cells(), writing::cells());
    matrix::run(at_once.into_iter().chain(waiting).collect());
}

#[test]
fn calls_of_sockets_alone_keep_their_time_on_every_kind_of_socket() {
    matrix::run(sockets::cells());
}
