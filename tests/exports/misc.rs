//! Options and version. (Signals and children are the whole process's: see `process.rs` beside this folder.)

use std::ffi::CStr;

use crate::c::*;

use crate::kit::*;
use crate::support;

fn reuseaddr(fd: i32) -> i32 {
    let mut value = -1;
    let mut size = size_of::<i32>() as u32;
    let place = (&raw mut value).cast();
    let got = unsafe { libc::getsockopt(fd, libc::SOL_SOCKET, libc::SO_REUSEADDR, place, &raw mut size) };
    assert_eq!(got, 0);
    value
}

#[test]
fn set_reuseaddr_turns_it_on_and_off() {
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let fd = std::os::fd::AsRawFd::as_raw_fd(&socket);
    for on in [1, 2, -1] {
        gives(0, || sockutil_set_reuseaddr(fd, on));
        assert_eq!(reuseaddr(fd), 1);
        gives(0, || sockutil_set_reuseaddr(fd, 0));
        assert_eq!(reuseaddr(fd), 0);
    }
}

#[test]
fn sockutil_set_reuseaddr_EBADF() {
    fails(EBADF, || sockutil_set_reuseaddr(-1, 1));
    fails(EBADF, || sockutil_set_reuseaddr(CLOSED, 1));
}

#[test]
fn sockutil_set_reuseaddr_ENOTSOCK() {
    fails(ENOTSOCK, || sockutil_set_reuseaddr(pipe().r(), 1));
}

#[test]
fn the_version_is_the_packages() {
    let text = unsafe { CStr::from_ptr(sockutil_version()) }.to_str().unwrap();
    assert_eq!(text, env!("CARGO_PKG_VERSION"));
    let numbers = format!("{SOCKUTIL_VERSION_MAJOR}.{SOCKUTIL_VERSION_MINOR}.{SOCKUTIL_VERSION_PATCH}");
    assert_eq!(text, numbers);
}

/// A device that takes nothing and gives no reason is not to be had, so the shim stands in for one.
fn a_write_that_answers_0(case: &str) {
    let program = support::compile_c("answered", &["answered.c"], support::Link::Shared, &[]);
    let mut command = std::process::Command::new(program);
    support::run(support::shimmed(command.args(["nothing", case]), "send result=0\nsendmsg result=0"));
}

crate::support::tests! {
    fn sockutil_writen_EIO() = a_write_that_answers_0("writen");
    fn sockutil_write_full_EIO() = a_write_that_answers_0("write_full");
    fn sockutil_send_frame_EIO() = a_write_that_answers_0("send_frame");
    fn sockutil_writev_full_EIO() = a_write_that_answers_0("writev_full");
}
