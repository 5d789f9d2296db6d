//! Connecting to a name with many addresses, and to oneself, in a separate network: the test makes hosts (`reflector`)
//! that answer late, refuse or do not answer, with the delays that it wants.

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
#[path = "../support/mod.rs"]
mod support;

mod cells;
mod itself;
mod namespace;
mod race;
mod reflector;
