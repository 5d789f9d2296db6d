//! sockutil: the socket helpers that every C network program copies, as one library with a C ABI.
//!
//! Data flows one way: C caller -> [`ffi`] -> core -> `sys` -> kernel, and back. Nothing allocates, panics or keeps
//! global state. To understand a function, follow three layers: its contract in `ffi` (`ffi/reader.rs` for
//! `sockutil_reader_line`, and so on), its policy in the core, its system call in `sys`. `reader/mod.rs` begins with
//! how a line is read, from the contract to the system call. How a call waits is in `channel/limited.rs` and `time.rs`;
//! how a reader searches is in `reader/state.rs`, and the search itself in `memory.rs`.
//!
//! - [`ffi`]: the exports, a file per family. They check arguments (`ffi::check`), call the core, and make C's answer
//!   (`ffi::outcome`). Their comments are the contract, and become the header and the manual pages.
//! - The core, one module per idea:
//!   - `time`: the clock, and how long a call may wait.
//!   - `channel`: how bytes move on a descriptor. `Limited` waits as a time limit says, `Own` as the descriptor's own
//!     modes say.
//!   - `memory`: the caller's memory, and the search in it.
//!   - `stream`, `line`, `frame`: whole transfers, lines without a buffer, frames.
//!   - `reader`: the buffered reader; `reader::state`: its state between calls, and the hot path of a line.
//!   - `writer`: the buffered writer.
//!   - `relay`: moves the bytes of one descriptor to another, several pairs at once.
//!   - `ip`, `address`: addresses as text. `network`: which addresses a network holds. `resolve`: from host and service to addresses.
//!   - `socket`: creates and binds a socket. `tcp`: listen and accept; `udp`; `unix`.
//!   - `activation`: listeners that the service manager has opened.
//!   - `connect`: one attempt to connect. `race`: a TCP connection to a host, by a race of its addresses (RFC 8305).
//!   - `stream_text`: one text for a TCP or a Unix endpoint.
//!   - `option`, `close`, `tcp_state`: socket options, ways to close, the state of a connection.
//!   - `pass`: passes descriptors to other processes. `peer`: who the other process is. `process`: signals and children.
//! - `sys`: one function for each system call, no policy. The only place that makes them, and that reads errno. What
//!   differs between systems is in `sys::os`.

#![no_std]

mod activation;
mod address;
mod channel;
mod close;
mod connect;
pub mod ffi;
mod frame;
mod ip;
mod line;
mod memory;
mod network;
mod option;
mod pass;
mod peer;
mod process;
mod race;
mod reader;
mod relay;
mod resolve;
mod socket;
mod stream;
mod stream_text;
mod sys;
mod tcp;
mod tcp_state;
mod time;
mod udp;
mod unix;
mod writer;
