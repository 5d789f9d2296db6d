//! sockutil: the socket helpers that every C network program copies, as one library with a C ABI.
//!
//! A call comes in through [`ffi`], which checks its arguments, calls the core and turns the result into what C
//! expects; the core (`time`, `channel`, `stream`, `line`, `reader`, `frame`, `address`, `ip`, `connect`, `option`,
//! `close`, `process`) holds all policy: signals, time limits, progress; `sys` makes the system calls, one function each.
//! Nothing here allocates, panics or keeps state. The contract that C programs rely on is the comment of each function
//! in [`ffi`], which is also the header's.

#![no_std]

mod address;
mod channel;
mod close;
mod connect;
mod endpoint;
pub mod ffi;
mod frame;
mod ip;
mod line;
mod option;
mod pass;
mod process;
mod reader;
mod resolve;
mod socket;
mod stream;
mod sys;
mod tcp_state;
mod time;
