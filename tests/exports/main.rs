//! The exported functions, called as C calls them, on real sockets and pipes. A test named `function_ERRNO` shows that
//! errno value; `make contract` wants one for each pair that the header lists.

#![allow(unsafe_code, reason = "the functions under test take raw pointers")]
#![allow(
    non_snake_case,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::doc_markdown,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::multiple_unsafe_ops_per_block,
    clippy::needless_pass_by_value,
    clippy::panic,
    clippy::undocumented_unsafe_blocks,
    clippy::unwrap_used,
    reason = "a test that goes wrong may well panic, and its unsafe blocks are the calls it tests"
)]

#[path = "../support/c.rs"]
mod c;
#[path = "../support/interface.rs"]
mod interface;
#[path = "../support/mod.rs"]
mod support;

mod addr;
mod address;
mod bad_descriptors;
mod byte_order;
mod classic;
mod close;
mod endpoint;
mod families;
mod frame;
mod hosts;
mod kit;
mod line;
mod messages;
mod misc;
mod options;
mod pass;
mod reader;
mod resolve;
mod security;
#[cfg(feature = "test-shipped")]
mod shipped;
mod stream;
mod tcp_state;
mod time;
mod udp;
mod unix_names;
mod unix_socket;
mod writev;
