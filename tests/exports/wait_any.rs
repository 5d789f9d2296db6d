//! Waiting for several descriptors.

use std::os::fd::AsRawFd;
use std::ptr;

use crate::c::sockutil_wait_any;
use libc::{POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT, POLLPRI, c_int, c_short, pollfd};

use crate::kit::*;
use crate::support::has_descriptors;

/// What no poll(2) leaves in an entry.
const OLD: c_short = 0x4abc;

fn entry(fd: c_int, events: c_short) -> pollfd {
    pollfd { fd, events, revents: OLD }
}

fn wait_any(fds: &mut [pollfd], timeout_ms: c_int) -> c_int {
    unsafe { sockutil_wait_any(fds.as_mut_ptr(), fds.len(), timeout_ms) }
}

#[track_caller]
fn finds<const N: usize>(fds: &[pollfd], revents: [c_short; N]) {
    assert_eq!(fds.iter().map(|entry| entry.revents).collect::<Vec<_>>(), revents);
}

#[test]
fn wait_any_counts_what_is_ready() {
    for pair in streams() {
        let other = tcp();
        let mut fds = [entry(pair.r(), POLLIN), entry(other.r(), POLLIN), entry(pair.w(), POLLOUT)];
        gives(1, || wait_any(&mut fds, NOWAIT));
        finds(&fds, [0, 0, POLLOUT]);
        pair.feed(b"x");
        for timeout in [NOWAIT, 1000, FOREVER] {
            gives(2, || wait_any(&mut fds, timeout));
            finds(&fds, [POLLIN, 0, POLLOUT]);
        }
        let kept = fds.map(|entry| (entry.fd, entry.events));
        assert_eq!(kept, [(pair.r(), POLLIN), (other.r(), POLLIN), (pair.w(), POLLOUT)]);
    }
}

#[test]
fn wait_any_reports_a_hang_up_that_was_not_asked_for() {
    let reader = pipe().end();
    let quiet = unix();
    let mut fds = [entry(quiet.r(), POLLIN), entry(reader.as_raw_fd(), 0)];
    gives(1, || wait_any(&mut fds, FOREVER));
    finds(&fds, [0, POLLHUP]);
    let pair = pipe();
    hang_up(pair.reader, &pair.writer);
    fds[1] = entry(pair.writer.as_raw_fd(), 0);
    gives(1, || wait_any(&mut fds, FOREVER));
    finds(&fds, [0, POLLERR]);
}

/// POSIX poll: a negative fd is ignored, and its revents are 0; one that is not open is POLLNVAL.
#[test]
fn wait_any_passes_over_negative_descriptors_and_marks_closed_ones() {
    let pair = unix();
    let mut fds = [entry(-1, POLLIN), entry(pair.w(), POLLOUT), entry(c_int::MIN, POLLOUT)];
    gives(1, || wait_any(&mut fds, FOREVER));
    finds(&fds, [0, POLLOUT, 0]);
    let mut fds = [entry(pair.r(), POLLIN), entry(CLOSED, POLLIN), entry(-7, POLLIN)];
    for timeout in [NOWAIT, 1000, FOREVER] {
        gives(1, || wait_any(&mut fds, timeout));
        finds(&fds, [0, POLLNVAL, 0]);
    }
    let mut fds = [entry(-1, POLLIN), entry(-1, 0)];
    takes_ms(30, || fails(EAGAIN, || wait_any(&mut fds, 30)));
    finds(&fds, [0, 0]);
}

#[test]
fn sockutil_wait_any_EAGAIN() {
    for pair in streams() {
        let mut fds = [entry(pair.r(), POLLIN), entry(pair.r(), 0)];
        fails(EAGAIN, || wait_any(&mut fds, NOWAIT));
        finds(&fds, [0, 0]);
        fds = fds.map(|one| entry(one.fd, one.events));
        takes_ms(30, || fails(EAGAIN, || wait_any(&mut fds, 30)));
        finds(&fds, [0, 0]);
    }
}

#[test]
fn wait_any_of_nothing_only_waits() {
    let mut none = [entry(CLOSED, POLLIN)];
    for start in [ptr::null_mut(), none.as_mut_ptr()] {
        fails(EAGAIN, || unsafe { sockutil_wait_any(start, 0, NOWAIT) });
        takes_ms(30, || fails(EAGAIN, || unsafe { sockutil_wait_any(start, 0, 30) }));
        takes_ms(100, || in_a_storm(|| fails(EAGAIN, || unsafe { sockutil_wait_any(start, 0, 100) })));
    }
    finds(&none, [OLD]);
}

#[test]
fn wait_any_is_not_stretched_by_signals() {
    let (pair, other) = (tcp(), pipe());
    let mut fds = [entry(pair.r(), POLLIN), entry(other.r(), POLLIN)];
    takes_ms(200, || in_a_storm(|| fails(EAGAIN, || wait_any(&mut fds, 200))));
}

#[test]
fn wait_any_forever_outlasts_signals() {
    let (pair, other) = (tcp(), pipe());
    let mut fds = [entry(pair.r(), POLLIN), entry(other.r(), POLLIN)];
    beside(
        || {
            takes_ms(50, || fails(EAGAIN, || wait_any(&mut [entry(pair.r(), POLLPRI)], 50)));
            other.feed(b"x");
        },
        || in_a_storm(|| gives(1, || wait_any(&mut fds, FOREVER))),
    );
    finds(&fds, [0, POLLIN]);
}

#[test]
fn sockutil_wait_any_EINVAL() {
    let pair = unix();
    pair.feed(b"x");
    let mut fds = [entry(pair.r(), POLLIN)];
    for timeout in [-2, c_int::MIN] {
        fails(EINVAL, || wait_any(&mut fds, timeout));
        fails(EINVAL, || unsafe { sockutil_wait_any(ptr::null_mut(), 0, timeout) });
    }
    for timeout in [NOWAIT, 1000, FOREVER] {
        fails(EINVAL, || unsafe { sockutil_wait_any(ptr::null_mut(), 1, timeout) });
        // The kernel's own count has 32 bits.
        let whole = usize::try_from(1_u64 << 32).unwrap_or(1 << 31);
        // Nobody may have so many descriptors; on some of these the size in bytes overflows.
        for n in [
            1 << 31,
            (1 << 31) + 1,
            whole,
            whole + 1,
            usize::MAX / size_of::<pollfd>(),
            usize::MAX / 8 + 2,
            TOO_LONG[0],
            TOO_LONG[1],
        ] {
            fails(EINVAL, || unsafe { sockutil_wait_any(fds.as_mut_ptr(), n, timeout) });
        }
    }
    finds(&fds, [OLD]);
}

/// One entry more than RLIMIT_NOFILE; so many are poll's to judge, and wait for what is ready.
#[test]
fn wait_any_takes_as_many_entries_as_there_may_be_descriptors() {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    assert_eq!(unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) }, 0);
    if limit.rlim_cur > 1 << 21 {
        crate::support::left_out("as many entries as RLIMIT_NOFILE", "it is above two million here");
        return;
    }
    let pair = unix();
    let most = limit.rlim_cur as usize;
    let mut fds = vec![entry(-1, 0); most + 1];
    fds[most - 1] = entry(pair.w(), POLLOUT);
    fails(EINVAL, || wait_any(&mut fds, NOWAIT));
    gives(1, || wait_any(&mut fds[..most], NOWAIT));
    assert_eq!(fds[most - 1].revents, POLLOUT);
}

#[test]
fn wait_any_works_on_descriptors_above_1023() {
    if !has_descriptors(1200, "a descriptor above 1023") {
        return;
    }
    let pair = tcp();
    let high = unsafe { libc::fcntl(pair.r(), libc::F_DUPFD_CLOEXEC, 1100) };
    assert!(high >= 1100);
    let mut fds = [entry(high, POLLIN)];
    fails(EAGAIN, || wait_any(&mut fds, NOWAIT));
    pair.feed(b"x");
    gives(1, || wait_any(&mut fds, 1000));
    assert_eq!(unsafe { libc::close(high) }, 0);
}
