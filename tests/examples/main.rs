//! The programs of `c_examples`, run end to end, each a process of its own, with the shared and the static library.

#![allow(
    unsafe_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::wildcard_imports,
    reason = "a test may stop at the first surprise"
)]
#![allow(clippy::multiple_unsafe_ops_per_block, reason = "pre_exec is one, and what runs there another")]

#[path = "../support/interface.rs"]
mod interface;
#[path = "../support/mod.rs"]
mod support;

mod addr_text;
mod byte_order;
mod clients;
mod connect_timeout;
mod echo;
mod epoll_server;
mod fd_pass;
mod greet;
mod half_close;
mod house;
mod keepalive;
mod kit;
mod linger_reset;
mod load;
mod multicast;
mod packet;
mod reuse;
mod server_gone;
mod shared_fd;
mod sigpipe;
mod soak;
mod tcp_states;
mod thread_server;
mod udp;
mod upper;
mod window;
