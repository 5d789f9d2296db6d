//! `set_user_timeout`.

use std::ptr;

use crate::c::*;
use libc::{IPPROTO_TCP, TCP_USER_TIMEOUT, c_int};

use crate::kit::*;
use crate::options::{int_option, refuses};

#[test]
fn set_user_timeout_is_seen_by_the_kernel() {
    let pair = tcp();
    for ms in [1, 1000, 0, c_int::MAX, 0] {
        gives(0, || sockutil_set_user_timeout(pair.w(), ms));
        assert_eq!(int_option(pair.w(), IPPROTO_TCP, TCP_USER_TIMEOUT), ms);
    }
}

/// tcp(7): also data that a closed window holds back counts.
#[test]
fn a_peer_that_takes_nothing_is_given_up_in_that_time() {
    let pair = tcp();
    gives(0, || sockutil_set_user_timeout(pair.w(), 300));
    stuff(pair.w());
    let mut byte = [0_u8];
    let call = || unsafe { sockutil_read_full(pair.w(), byte.as_mut_ptr().cast(), 1, ptr::null_mut(), 60_000) };
    fails(libc::ETIMEDOUT, call);
}

#[test]
fn sockutil_set_user_timeout_EINVAL() {
    let pair = tcp();
    gives(0, || sockutil_set_user_timeout(pair.w(), 4711));
    for ms in [-1, -2, c_int::MIN] {
        fails(EINVAL, || sockutil_set_user_timeout(pair.w(), ms));
    }
    assert_eq!(int_option(pair.w(), IPPROTO_TCP, TCP_USER_TIMEOUT), 4711);
}

crate::support::tests! {
    fn sockutil_set_user_timeout_EBADF() = refuses(EBADF, |fd| sockutil_set_user_timeout(fd, 1));
    fn sockutil_set_user_timeout_ENOTSOCK() = refuses(ENOTSOCK, |fd| sockutil_set_user_timeout(fd, 1));
}

#[test]
fn only_tcp_has_a_user_timeout() {
    for fd in [unix().reader, std::net::UdpSocket::bind("127.0.0.1:0").unwrap().into()] {
        use std::os::fd::AsRawFd;
        set_errno(Errno(4711));
        assert_eq!(sockutil_set_user_timeout(fd.as_raw_fd(), 1), -1);
        assert!([libc::ENOPROTOOPT, libc::EOPNOTSUPP].contains(&errno().0), "{}", errno());
    }
}
