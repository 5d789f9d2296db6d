//! The C functions, a file per family: check the arguments, call the core, convert the result. Their comments are the
//! C header's comments, so they speak to C programmers.

#![expect(unsafe_code, reason = "C passes raw pointers, and the exported names are the ABI")]
#![allow(
    clippy::doc_markdown,
    clippy::missing_safety_doc,
    clippy::missing_panics_doc,
    rustdoc::broken_intra_doc_links,
    reason = "the comments become the C header: no backticks, brackets that are no links, each pointer the caller's care"
)]

mod check;
mod outcome;

mod address;
#[cfg(feature = "classic-names")]
pub mod bare;
mod byte_order;
mod classic;
mod close;
mod endpoint;
mod flags;
mod frame;
mod option;
mod process;
mod reader;
mod relay;
mod stream;
mod tcp_state;
mod time;
mod version;
mod writer;

pub use address::*;
pub use byte_order::*;
pub use classic::*;
pub use close::*;
pub use endpoint::*;
pub use flags::{
    SOCKUTIL_INHERIT, SOCKUTIL_IPV4, SOCKUTIL_IPV6, SOCKUTIL_NONBLOCK, SOCKUTIL_NUMERIC, SOCKUTIL_REPLACE,
    SOCKUTIL_REUSEADDR, SOCKUTIL_REUSEPORT, SOCKUTIL_V6ONLY,
};
pub use frame::*;
pub use option::*;
pub use process::*;
pub use reader::*;
pub use relay::*;
pub use stream::*;
pub use tcp_state::*;
pub use time::*;
pub use version::*;
pub use writer::*;
