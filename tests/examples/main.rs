//! The programs of `c_examples`, run end to end, each a process of its own, with the shared and the static library.

#![allow(
    unsafe_code,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "the functions under test take raw pointers, and a test fails by panicking"
)]

#[path = "../support/declared.rs"]
mod declared;
#[path = "../support/interface.rs"]
mod interface;
#[path = "../support/mod.rs"]
mod support;

mod activation;
mod addr_text;
mod byte_order;
mod clients;
mod close_wait;
mod connect_race;
mod connect_timeout;
mod echo;
mod epoll_events;
mod epoll_server;
mod fd_pass;
mod greet;
mod half_close;
mod half_open;
mod house;
mod http_get;
mod interrupted;
mod keepalive;
mod kit;
mod linger_reset;
mod load;
mod multicast;
mod packet;
mod pipe_rules;
mod process_server;
mod records;
mod relay;
mod reuse;
mod server_gone;
mod shared_fd;
mod sigpipe;
mod soak;
mod socket_sizes;
mod syn_retries;
mod tcp_states;
mod thread_server;
mod time_wait_flood;
mod timeline;
mod tour;
mod udp;
mod udp_cost;
mod udp_home;
mod unix;
mod upper;
mod urgent;
mod window;
mod zombies;
