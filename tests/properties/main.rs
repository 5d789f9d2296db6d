//! Properties: whatever bytes go in, in whatever pieces, with whatever timeouts, and with a signal every millisecond,
//! the lines, frames and bytes that come out are those that went in. And whatever text names an endpoint, it means the same
//! as its parts. The expected answers come from `model`, which uses
//! only the input and the contract, not the library.
//!
//! `cargo test` runs the same few hundred cases each time. `PROPTEST_CASES=20000` runs so many fresh ones of each
//! property, and `PROPTEST_RNG_SEED` those of a failure again.

#![allow(
    unsafe_code,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::undocumented_unsafe_blocks,
    clippy::unwrap_used,
    reason = "the functions under test take raw pointers, and a test fails by panicking"
)]

#[path = "../support/c.rs"]
mod c;
#[path = "../support/mod.rs"]
mod support;

#[path = "../exports/kit.rs"]
#[allow(dead_code, unused_imports, clippy::needless_pass_by_value, reason = "each test program uses its own part")]
mod kit;

mod input;
mod model;
mod reader;
mod run;
mod sends;
mod source;
mod stateless;
mod stream_text;
mod texts;
mod writer;
