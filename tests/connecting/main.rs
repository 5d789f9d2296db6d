//! Connecting to a name with many addresses, and to oneself, in a separate network: the test makes hosts (`reflector`)
//! that answer late, refuse or do not answer, with the delays that it wants.

#![allow(unsafe_code, reason = "the functions under test take raw pointers")]
#![allow(
    clippy::doc_markdown,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::multiple_unsafe_ops_per_block,
    clippy::panic,
    clippy::undocumented_unsafe_blocks,
    clippy::unwrap_used,
    reason = "a test that goes wrong may well panic, and its unsafe blocks are the calls it tests"
)]

#[path = "../support/c.rs"]
mod c;
#[path = "../support/mod.rs"]
mod support;

mod cells;
mod itself;
mod namespace;
mod race;
mod reflector;
