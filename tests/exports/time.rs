//! Time and waiting.

use std::os::fd::AsRawFd;

use crate::c::{sockutil_ms_left, sockutil_now_ms, sockutil_wait};
use libc::{POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT, POLLPRI, POLLRDHUP, c_int};

use crate::kit::*;
use crate::support::has_descriptors;

#[test]
fn now_ms_is_the_monotonic_clock() {
    let before = clock_ms(libc::CLOCK_MONOTONIC);
    set_errno(Errno(4711));
    let now = sockutil_now_ms();
    assert_eq!(errno(), Errno(4711));
    assert!((before..=clock_ms(libc::CLOCK_MONOTONIC)).contains(&now));
}

#[test]
fn ms_left_counts_down_to_zero_and_never_says_forever() {
    gives(0, || sockutil_ms_left(sockutil_now_ms()));
    gives(0, || sockutil_ms_left(sockutil_now_ms() - 1));
    gives(0, || sockutil_ms_left(i64::MIN));
    gives(c_int::MAX, || sockutil_ms_left(i64::MAX));
    gives(c_int::MAX, || sockutil_ms_left(sockutil_now_ms() + 1_000_000 + i64::from(c_int::MAX)));
    let left = sockutil_ms_left(sockutil_now_ms() + 5000);
    assert!((4000..=5000).contains(&left), "{left}");
}

#[test]
fn wait_tells_what_is_ready() {
    for pair in streams() {
        gives(c_int::from(POLLOUT), || sockutil_wait(pair.w(), POLLOUT.into(), NOWAIT));
        pair.feed(b"x");
        gives(c_int::from(POLLIN), || sockutil_wait(pair.r(), POLLIN.into(), 1000));
        gives(c_int::from(POLLIN), || sockutil_wait(pair.r(), (POLLIN | POLLPRI).into(), FOREVER));
    }
}

#[test]
fn wait_tells_of_a_hang_up_that_nobody_asked_for() {
    let reader = pipe().end();
    gives(c_int::from(POLLHUP), || sockutil_wait(reader.as_raw_fd(), 0, FOREVER));
    let (reader, writer) = {
        let pair = pipe();
        (pair.reader, pair.writer)
    };
    hang_up(reader, &writer);
    gives(c_int::from(POLLERR), || sockutil_wait(writer.as_raw_fd(), (POLLERR | POLLHUP).into(), FOREVER));
    let pair = tcp();
    hang_up(pair.writer, &pair.reader);
    let events = c_int::from(POLLIN | POLLRDHUP);
    gives(events, || sockutil_wait(pair.reader.as_raw_fd(), events, 1000));
}

#[test]
fn sockutil_wait_EAGAIN() {
    for pair in streams() {
        fails(EAGAIN, || sockutil_wait(pair.r(), POLLIN.into(), NOWAIT));
        takes_ms(30, || fails(EAGAIN, || sockutil_wait(pair.r(), POLLIN.into(), 30)));
        takes_ms(30, || fails(EAGAIN, || sockutil_wait(pair.r(), 0, 30)));
    }
}

#[test]
fn wait_is_not_stretched_by_signals() {
    let pair = tcp();
    takes_ms(200, || in_a_storm(|| fails(EAGAIN, || sockutil_wait(pair.r(), POLLIN.into(), 200))));
}

#[test]
fn wait_forever_outlasts_signals() {
    let pair = tcp();
    beside(
        || {
            fails(EAGAIN, || sockutil_wait(pair.r(), POLLPRI.into(), 50));
            pair.feed(b"x");
        },
        || in_a_storm(|| gives(c_int::from(POLLIN), || sockutil_wait(pair.r(), POLLIN.into(), FOREVER))),
    );
}

#[test]
fn sockutil_wait_EBADF() {
    for timeout in [NOWAIT, 1, FOREVER] {
        for fd in [-1, c_int::MIN, CLOSED] {
            fails(EBADF, || sockutil_wait(fd, POLLIN.into(), timeout));
        }
    }
}

#[test]
fn sockutil_wait_EINVAL() {
    let pair = unix();
    pair.feed(b"x");
    for timeout in [-2, c_int::MIN] {
        fails(EINVAL, || sockutil_wait(pair.r(), POLLIN.into(), timeout));
    }
    for bits in [c_int::from(POLLNVAL), 1 << 14, 1 << 15, 1 << 16, -1, c_int::MIN] {
        fails(EINVAL, || sockutil_wait(pair.r(), c_int::from(POLLIN) | bits, NOWAIT));
    }
}

/// Those that the header names, one by one and together, and every other bit.
#[test]
fn wait_takes_each_event_of_poll_and_nothing_else() {
    use libc::{POLLRDBAND, POLLRDNORM, POLLWRBAND, POLLWRNORM};
    let named = [POLLIN, POLLPRI, POLLOUT, POLLRDHUP, POLLRDNORM, POLLRDBAND, POLLWRNORM, POLLWRBAND, POLLERR, POLLHUP];
    let named = named.map(c_int::from);
    // The reading end of a pipe is never ready to be written to.
    let pair = pipe();
    let all = named.iter().fold(0, |all, event| all | event);
    for bit in (0..c_int::BITS).map(|shift| 1 << shift) {
        if named.contains(&bit) {
            fails(EAGAIN, || sockutil_wait(pair.r(), bit, NOWAIT));
        } else {
            fails(EINVAL, || sockutil_wait(pair.r(), bit, NOWAIT));
            fails(EINVAL, || sockutil_wait(pair.r(), all | bit, NOWAIT));
        }
    }
    fails(EAGAIN, || sockutil_wait(pair.r(), all, NOWAIT));
}

#[test]
fn wait_works_on_a_descriptor_above_1023() {
    if !has_descriptors(1200, "a descriptor above 1023") {
        return;
    }
    let pair = tcp();
    let high = unsafe { libc::fcntl(pair.r(), libc::F_DUPFD_CLOEXEC, 1100) };
    assert!(high >= 1100);
    fails(EAGAIN, || sockutil_wait(high, POLLIN.into(), NOWAIT));
    pair.feed(b"x");
    gives(c_int::from(POLLIN), || sockutil_wait(high, POLLIN.into(), 1000));
    assert_eq!(unsafe { libc::close(high) }, 0);
}
