//! The exported functions, called as C calls them, on real sockets and pipes. A test named `function_ERRNO` shows that
//! errno value; `make contract` wants one for each pair that the header lists.

#![allow(
    unsafe_code,
    non_snake_case,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    clippy::panic,
    clippy::undocumented_unsafe_blocks,
    clippy::unwrap_used,
    reason = "the functions under test take raw pointers, a test fails by panicking, and some are named after an errno value"
)]

#[path = "../support/c.rs"]
mod c;
#[path = "../support/interface.rs"]
mod interface;
#[allow(dead_code, reason = "each test program uses its own part")]
#[path = "../connecting/namespace.rs"]
mod namespace;
#[path = "../support/mod.rs"]
mod support;

mod activation;
mod addr;
mod address;
mod bad_descriptors;
mod byte_order;
mod classic;
mod close;
mod endpoint;
mod families;
mod fds;
mod frame;
mod half_closed;
mod hosts;
mod kit;
#[cfg(target_pointer_width = "64")]
mod lengths;
mod line;
mod messages;
mod misc;
mod multicast;
mod networks;
mod options;
mod pass;
mod peer;
mod read_some;
mod reader;
mod reader_copy_line;
mod reader_skip_frame;
mod reader_take;
mod reader_until_text;
mod relay;
mod resolve;
mod security;
#[cfg(feature = "test-shipped")]
mod shipped;
mod stream;
mod stream_text;
mod tcp_state;
mod time;
mod udp;
mod udp_at;
mod unix_mode;
mod unix_names;
mod unix_socket;
mod user_timeout;
mod wait_any;
mod writer;
mod writev;
