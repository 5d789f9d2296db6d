//! Passing bytes with any number of descriptors.

use std::fs::File;
use std::io::Read;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr;

use crate::c::*;
use libc::c_int;

use crate::kit::*;
use crate::pass::{
    MOST_AT_ONCE, ask, asks, descriptor_limit, has_run_alone, in_a_child, is_hung_up, limit_descriptors,
    open_descriptors, same_file, send_by_hand, unix_ends,
};
use crate::support::has_descriptors;
use crate::udp::is_cloexec;

/// What stands in the memory for descriptors before a call.
const NOTHING: c_int = -4711;

/// More than the kernel sends at once.
const MANY: usize = 254;

/// One call for at most this many bytes and descriptors: its answer, the two counts, and what is in both memories.
struct Received<const CAP: usize> {
    answer: c_int,
    errno: c_int,
    nfds: usize,
    len: usize,
    fds: [c_int; CAP],
    bytes: [u8; 16],
}

/// Allocates nothing, for use in a child.
fn receive<const CAP: usize>(unix_fd: c_int, cap: usize, n: usize, timeout_ms: c_int) -> Received<CAP> {
    let mut got = Received { answer: 0, errno: 0, nfds: 4711, len: 4711, fds: [NOTHING; CAP], bytes: [b'.'; 16] };
    let (fds, bytes) = (got.fds.as_mut_ptr(), got.bytes.as_mut_ptr().cast());
    set_errno(Errno(4711));
    got.answer =
        unsafe { sockutil_recv_fds(unix_fd, fds, cap, &raw mut got.nfds, bytes, n, &raw mut got.len, timeout_ms) };
    got.errno = errno().0;
    got
}

/// Receives these bytes, and so many descriptors.
#[track_caller]
fn received(unix_fd: c_int, n: usize, timeout_ms: c_int, bytes: &[u8], count: usize) -> Vec<OwnedFd> {
    let got = receive::<MANY>(unix_fd, MANY, n, timeout_ms);
    assert_eq!((got.answer, got.errno), (1, 4711), "errno on success");
    assert_eq!(&got.bytes[..got.len], bytes);
    assert!(got.bytes[got.len..].iter().all(|byte| *byte == b'.'), "bytes behind the last");
    assert_eq!(got.nfds, count);
    assert!(got.fds[count..].iter().all(|fd| *fd == NOTHING), "descriptors behind the last");
    let all: Vec<_> = got.fds[..count].iter().map(|fd| unsafe { OwnedFd::from_raw_fd(*fd) }).collect();
    assert!(all.iter().all(|fd| is_cloexec(fd.as_raw_fd())));
    all
}

/// Receives nothing, and the counts say so.
#[track_caller]
fn refused(e: c_int, unix_fd: c_int, timeout_ms: c_int) {
    let got = receive::<4>(unix_fd, 4, 8, timeout_ms);
    assert_eq!((got.answer, got.errno), (-1, e));
    assert_eq!((got.nfds, got.len), (0, 0));
    assert_eq!((got.fds, got.bytes), ([NOTHING; 4], [b'.'; 16]), "untouched on failure");
}

fn send(unix_fd: c_int, fds: &[c_int], bytes: &[u8], done: &mut usize, timeout_ms: c_int) -> c_int {
    unsafe { sockutil_send_fds(unix_fd, fds.as_ptr(), fds.len(), bytes.as_ptr().cast(), bytes.len(), done, timeout_ms) }
}

/// Sends all, which there must be room for.
#[track_caller]
fn sends(unix_fd: c_int, fds: &[c_int], bytes: &[u8], timeout_ms: c_int) {
    let mut done = 0;
    gives(1, || send(unix_fd, fds, bytes, &mut done, timeout_ms));
    assert_eq!(done, bytes.len());
}

/// Sends nothing.
#[track_caller]
fn sends_not(e: c_int, unix_fd: c_int, fds: &[c_int], timeout_ms: c_int) {
    let mut done = 0;
    fails(e, || send(unix_fd, fds, b"never sent", &mut done, timeout_ms));
    assert_eq!(done, 0);
}

#[test]
fn bytes_and_descriptors_arrive_together_and_in_order() {
    if !has_descriptors(400, "all descriptors that one message takes") {
        return;
    }
    for timeout in [FOREVER, NOWAIT, 1000] {
        for count in [0, 1, 2, 3, 10, 100, MOST_AT_ONCE] {
            for bytes in [&b"x"[..], b"a whole header"] {
                let (way, files) = (unix(), [pipe(), pipe()]);
                let passed: Vec<c_int> = (0..count).map(|at| files[at % 2].w()).collect();
                sends(way.w(), &passed, bytes, timeout);
                let got = received(way.r(), bytes.len(), timeout, bytes, count);
                for (at, fd) in got.iter().enumerate() {
                    assert!(same_file(fd.as_raw_fd(), files[at % 2].w()), "{at} of {count}");
                }
                // The sender's own stay open, and nothing else comes.
                for file in &files {
                    assert_ne!(unsafe { libc::fcntl(file.w(), libc::F_GETFD) }, -1);
                }
                refused(EAGAIN, way.r(), NOWAIT);
            }
        }
    }
}

#[test]
fn send_fd_and_recv_fd_are_for_one_byte_and_one_descriptor() {
    let (way, passed) = (unix(), pipe());
    gives(1, || sockutil_send_fd(way.w(), passed.r(), 1000));
    let got = received(way.r(), 1, 1000, b"\0", 1);
    assert!(same_file(got[0].as_raw_fd(), passed.r()));
    sends(way.w(), &[passed.r()], b"!", 1000);
    let mut fd = NOTHING;
    gives(1, || unsafe { sockutil_recv_fd(way.r(), &raw mut fd, 1000) });
    assert!(same_file(fd, passed.r()));
    drop(unsafe { OwnedFd::from_raw_fd(fd) });
}

#[test]
fn bytes_sent_before_are_joined_and_bytes_sent_after_are_not() {
    let (way, passed) = (unix(), pipe());
    way.feed(b"be");
    way.feed(b"fore ");
    sends(way.w(), &[passed.r(), passed.w()], b"with", 1000);
    way.feed(b"after ");
    sends(way.w(), &[passed.r()], b"more", 1000);
    sends(way.w(), &[passed.w()], b"!", 1000);
    assert_eq!(received(way.r(), 16, 1000, b"before with", 2).len(), 2);
    assert_eq!(received(way.r(), 16, 1000, b"after more", 1).len(), 1);
    assert_eq!(received(way.r(), 16, 1000, b"!", 1).len(), 1);
    refused(EAGAIN, way.r(), NOWAIT);
}

#[test]
fn the_descriptors_come_with_the_first_byte() {
    let (way, passed) = (unix(), pipe());
    sends(way.w(), &[passed.r(), passed.w()], b"header", 1000);
    received(way.r(), 1, 1000, b"h", 2);
    received(way.r(), 3, 1000, b"ead", 0);
    received(way.r(), 16, 1000, b"er", 0);
}

/// What a receiver has taken of a large transfer.
struct Taken {
    bytes: Vec<u8>,
    fds: Vec<OwnedFd>,
}

impl Taken {
    /// Takes some more.
    fn take(&mut self, unix_fd: c_int, timeout_ms: c_int) {
        let (mut fds, mut nfds, mut len) = ([NOTHING; 4], 0, 0);
        let mut buffer = vec![0_u8; 70_000];
        let (places, start, n) = (fds.as_mut_ptr(), buffer.as_mut_ptr().cast(), buffer.len());
        gives(1, || unsafe {
            sockutil_recv_fds(unix_fd, places, 4, &raw mut nfds, start, n, &raw mut len, timeout_ms)
        });
        self.bytes.extend_from_slice(&buffer[..len]);
        self.fds.extend(fds[..nfds].iter().map(|fd| unsafe { OwnedFd::from_raw_fd(*fd) }));
    }
}

#[test]
fn a_large_transfer_goes_on_and_its_descriptors_go_once() {
    let bytes = pattern(3_000_000);
    for timeout in [FOREVER, 20_000, NOWAIT] {
        let (way, passed) = (unix(), pipe());
        let fds = [passed.r(), passed.w()];
        let mut taken = Taken { bytes: Vec::new(), fds: Vec::new() };
        let (mut done, mut turns) = (0, 0);
        if timeout == NOWAIT {
            while send(way.w(), &fds, &bytes, &mut done, NOWAIT) != 1 {
                assert_eq!(errno().0, EAGAIN);
                assert!(done > taken.bytes.len() && done < bytes.len());
                taken.take(way.r(), NOWAIT);
                turns += 1;
            }
            assert!(turns > 3);
        }
        let rest = || {
            while taken.bytes.len() < bytes.len() {
                taken.take(way.r(), 20_000);
            }
        };
        beside(rest, || {
            if timeout != NOWAIT {
                in_a_storm(|| gives(1, || send(way.w(), &fds, &bytes, &mut done, timeout)));
            }
        });
        assert_eq!(done, bytes.len());
        assert!(taken.bytes == bytes, "{} bytes", taken.bytes.len());
        assert_eq!(taken.fds.len(), 2, "each once");
        assert!(taken.fds.iter().zip(fds).all(|(got, sent)| same_file(got.as_raw_fd(), sent)));
        refused(EAGAIN, way.r(), NOWAIT);
    }
}

#[test]
fn the_end_of_the_stream_is_told_with_both_counts_0() {
    for timeout in [FOREVER, NOWAIT, 1000] {
        let (way, passed) = (unix(), pipe());
        sends(way.w(), &[passed.w()], b"last", timeout);
        let reader = way.end();
        received(reader.as_raw_fd(), 16, timeout, b"last", 1);
        for _ in 0..2 {
            let got = receive::<4>(reader.as_raw_fd(), 4, 8, timeout);
            assert_eq!((got.answer, got.errno), (0, 4711));
            assert_eq!((got.nfds, got.len), (0, 0));
        }
    }
}

#[test]
fn sockutil_send_fds_EAGAIN() {
    let (way, passed) = (unix(), pipe());
    let total = stuff(way.w());
    let fds = [passed.r(), passed.w()];
    keeps_its_time(way.w(), libc::SO_SNDTIMEO, |timeout| {
        sends_not(EAGAIN, way.w(), &fds, timeout);
    });
    let drain = || {
        fails(EAGAIN, || sockutil_wait(way.w(), libc::POLLPRI.into(), 60));
        let mut bytes = vec![0; total];
        let start = bytes.as_mut_ptr().cast();
        assert_eq!(unsafe { sockutil_read_full(way.r(), start, total, ptr::null_mut(), 5000) }, 1);
    };
    beside(drain, || in_a_storm(|| sends(way.w(), &fds, b"at last", FOREVER)));
    assert!(is_nonblock(way.w()), "O_NONBLOCK stays");
    // Those alone were sent.
    received(way.r(), 16, 5000, b"at last", 2);
    refused(EAGAIN, way.r(), NOWAIT);
}

#[test]
fn sockutil_recv_fds_EAGAIN() {
    let way = unix();
    keeps_its_time(way.r(), libc::SO_RCVTIMEO, |timeout| {
        refused(EAGAIN, way.r(), timeout);
    });
    let later = || {
        fails(EAGAIN, || sockutil_wait(way.w(), libc::POLLPRI.into(), 60));
        sends(way.w(), &[way.w()], b"x", 1000);
    };
    beside(later, || in_a_storm(|| received(way.r(), 16, FOREVER, b"x", 1)));
    assert!(is_nonblock(way.r()), "O_NONBLOCK stays");
}

#[test]
fn sockutil_recv_fds_EPROTO() {
    for timeout in [FOREVER, NOWAIT, 1000] {
        for cap in [0, 1, 2, 10] {
            for count in [cap + 1, cap + 2, MOST_AT_ONCE] {
                let (way, target) = (unix(), pipe());
                assert!(send_by_hand(way.w(), b"too many", &vec![target.w(); count]));
                drop(target.writer);
                let got = receive::<16>(way.r(), cap, 16, timeout);
                assert_eq!((got.answer, got.errno), (-1, libc::EPROTO), "{count} for {cap}");
                assert_eq!((got.nfds, got.len), (0, 8));
                assert_eq!(&got.bytes[..8], b"too many");
                assert_eq!(got.fds, [NOTHING; 16]);
                assert!(is_hung_up(target.reader.as_raw_fd()), "{count} for {cap}: one stayed open");
                // The next message is the next.
                sends(way.w(), &[way.w()], b"y", timeout);
                received(way.r(), 16, timeout, b"y", 1);
            }
        }
    }
}

#[test]
fn without_room_for_descriptors_bytes_are_bytes() {
    let way = unix();
    way.feed(b"bytes");
    let (mut nfds, mut len, mut bytes) = (4711, 4711, [0_u8; 8]);
    let start = bytes.as_mut_ptr().cast();
    gives(1, || unsafe { sockutil_recv_fds(way.r(), ptr::null_mut(), 0, &raw mut nfds, start, 8, &raw mut len, 1000) });
    assert_eq!((nfds, len, &bytes[..5]), (0, 5, &b"bytes"[..]));
    // And without descriptors to send, done may be NULL.
    gives(1, || unsafe { sockutil_send_fds(way.w(), ptr::null(), 0, b"x".as_ptr().cast(), 1, ptr::null_mut(), 1000) });
    received(way.r(), 8, 1000, b"x", 0);
}

#[test]
fn as_many_come_as_were_sent_whatever_else_the_kernel_adds() {
    if has_run_alone() || !has_descriptors(400, "all descriptors that one message takes") {
        return;
    }
    let passed = pipe();
    let fd = passed.r();
    for options in asks() {
        for count in [0, 1, 2, 3, 10, MOST_AT_ONCE] {
            for cap in [0, 1, 2, 3, 252, 253, 254] {
                let [receiver, sender] = unix_ends(libc::SOCK_STREAM);
                ask(receiver.as_raw_fd(), &options);
                let (receiver, sender) = (receiver.as_raw_fd(), sender.as_raw_fd());
                println!("{count} sent, room for {cap}, {options:?}");
                in_a_child(|| {
                    let before = open_descriptors();
                    for _ in 0..2 {
                        let mut done = 0;
                        if send(sender, &[fd; MOST_AT_ONCE][..count], b"header", &mut done, 1000) != 1 || done != 6 {
                            return 1;
                        }
                        let got = receive::<MANY>(receiver, cap, 6, 1000);
                        if got.len != 6 || &got.bytes[..6] != b"header" {
                            return 2;
                        }
                        if count > cap {
                            if got.answer != -1 || got.errno != libc::EPROTO || got.nfds != 0 {
                                return 3;
                            }
                        } else if got.answer != 1 || got.nfds != count {
                            return 4;
                        }
                        for fd_got in &got.fds[..got.nfds] {
                            if !same_file(*fd_got, fd) || unsafe { libc::close(*fd_got) } != 0 {
                                return 5;
                            }
                        }
                        if got.fds[got.nfds..].iter().any(|fd| *fd != NOTHING) {
                            return 6;
                        }
                    }
                    if open_descriptors() == before { 0 } else { 7 }
                });
            }
        }
    }
}

/// This process may have so many more descriptors, so many come, and there is room for so many: the errno, 0 for none.
const LIMITS: [(u64, usize, usize, c_int); 14] = [
    (0, 0, 0, 0),
    (0, 0, 2, 0),
    (0, 1, 2, libc::EMFILE),
    (0, 2, 2, libc::EMFILE),
    (0, 1, 0, libc::EMFILE),
    (1, 1, 1, 0),
    (1, 2, 2, libc::EMFILE),
    // One came, and there is no room for it either.
    (1, 2, 0, libc::EPROTO),
    (1, 1, 0, libc::EPROTO),
    (2, 2, 2, 0),
    (2, 3, 3, libc::EMFILE),
    (2, 3, 1, libc::EPROTO),
    (3, MOST_AT_ONCE, 253, libc::EMFILE),
    (3, MOST_AT_ONCE, 2, libc::EPROTO),
];

#[test]
fn sockutil_recv_fds_EMFILE() {
    if has_run_alone() {
        return;
    }
    let passed = pipe();
    let fd = passed.r();
    let high = c_int::try_from(descriptor_limit() - 10).unwrap_or(c_int::MAX).min(1500);
    for options in asks() {
        for (free, count, cap, expected) in LIMITS {
            let [receiver, sender] = unix_ends(libc::SOCK_STREAM);
            ask(receiver.as_raw_fd(), &options);
            let (receiver, sender) = (receiver.as_raw_fd(), sender.as_raw_fd());
            println!("{free} free, {count} sent, room for {cap}, {options:?}");
            in_a_child(|| {
                if !send_by_hand(sender, b"ab", &[fd; MOST_AT_ONCE][..count]) || !send_by_hand(sender, b"c", &[]) {
                    return 1;
                }
                // No hole below the first number that is free, so that the limit leaves so many.
                let mut next = 0;
                while (0..high).contains(&next) {
                    next = unsafe { libc::dup(fd) };
                }
                if !limit_descriptors(next as libc::rlim_t + 1 + free as libc::rlim_t) {
                    return 2;
                }
                let before = open_descriptors();
                // The bytes that come after are joined if no descriptor came.
                let got = receive::<MANY>(receiver, cap, 2, 1000);
                let kept = if expected == 0 { count } else { 0 };
                if open_descriptors() - before != kept || got.nfds != kept {
                    return 3;
                }
                if got.len != 2 || &got.bytes[..2] != b"ab" {
                    return 4;
                }
                let right = if expected == 0 { got.answer == 1 } else { (got.answer, got.errno) == (-1, expected) };
                if !right {
                    return 5;
                }
                if got.fds[kept..].iter().any(|fd| *fd != NOTHING) {
                    return 6;
                }
                let after = receive::<MANY>(receiver, cap, 2, 1000);
                c_int::from(after.answer != 1 || after.len != 1 || after.bytes[0] != b'c') * 7
            });
        }
    }
}

#[test]
fn sockutil_send_fds_EPIPE() {
    if has_run_alone() {
        return;
    }
    for timeout in [FOREVER, NOWAIT, 1000] {
        let way = unix();
        assert_eq!(unsafe { libc::shutdown(way.w(), libc::SHUT_WR) }, 0);
        sends_not(EPIPE, way.w(), &[0], timeout);
        sends_not(EPIPE, way.w(), &[], timeout);
        let way = unix();
        hang_up(way.reader, &way.writer);
        let writer = way.writer.as_raw_fd();
        sends_not(EPIPE, writer, &[0], timeout);
        // No signal, where it would end the process.
        for fds in [&[0][..], &[]] {
            in_a_child(|| {
                unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
                c_int::from(send(writer, fds, b"x", &mut 0, timeout) != -1 || errno().0 != EPIPE)
            });
        }
    }
}

#[test]
fn sockutil_send_fds_EBADF() {
    for timeout in [FOREVER, NOWAIT, 1000] {
        let way = unix();
        for bad in [-1, CLOSED] {
            sends_not(EBADF, bad, &[0], timeout);
            sends_not(EBADF, bad, &[], timeout);
            for fds in [&[bad][..], &[0, bad], &[bad, 0], &[0, 0, bad, 0]] {
                sends_not(EBADF, way.w(), fds, timeout);
            }
        }
        // Neither a byte nor one of the good ones.
        refused(EAGAIN, way.r(), NOWAIT);
    }
}

#[test]
fn sockutil_recv_fds_EBADF() {
    for timeout in [FOREVER, NOWAIT, 1000] {
        refused(EBADF, -1, timeout);
        refused(EBADF, CLOSED, timeout);
    }
}

#[test]
fn sockutil_send_fds_ENOTSOCK() {
    for timeout in [FOREVER, NOWAIT, 1000] {
        let pipe = pipe();
        sends_not(ENOTSOCK, pipe.w(), &[0], timeout);
        sends_not(ENOTSOCK, pipe.w(), &[], timeout);
        fails(EAGAIN, || sockutil_wait(pipe.r(), libc::POLLIN.into(), 0));
    }
}

#[test]
fn sockutil_recv_fds_ENOTSOCK() {
    for timeout in [FOREVER, NOWAIT, 1000] {
        let pipe = pipe();
        pipe.feed(b"stays");
        refused(ENOTSOCK, pipe.r(), timeout);
        still_there(&pipe.reader, b"stays");
    }
}

/// Nothing was read.
#[track_caller]
fn still_there(reader: &OwnedFd, bytes: &[u8]) {
    let mut seen = vec![0; bytes.len()];
    File::from(duplicate(reader.as_raw_fd())).read_exact(&mut seen).unwrap();
    assert_eq!(seen, bytes);
}

/// Two ends that are connected, of a kind that these calls refuse.
fn other_kinds() -> Vec<(OwnedFd, OwnedFd)> {
    let pair = tcp();
    let [one, other] = [0, 1].map(|_| std::net::UdpSocket::bind("127.0.0.1:0").unwrap());
    one.connect(other.local_addr().unwrap()).unwrap();
    other.connect(one.local_addr().unwrap()).unwrap();
    let mut all = vec![(pair.reader, pair.writer), (one.into(), other.into())];
    all.extend([libc::SOCK_SEQPACKET, libc::SOCK_DGRAM].map(|kind| unix_ends(kind).into()));
    all
}

#[test]
fn sockutil_send_fds_EINVAL() {
    let way = unix();
    let wrong = |fds: *const c_int, nfds, buf: &[u8], n, done: *mut usize, timeout| {
        let buf = if buf.is_empty() { ptr::null() } else { buf.as_ptr().cast() };
        fails(EINVAL, || unsafe { sockutil_send_fds(way.w(), fds, nfds, buf, n, done, timeout) });
    };
    let fds = [0; MANY];
    let mut done = 0;
    for timeout in [-2, c_int::MIN] {
        wrong(fds.as_ptr(), 1, b"x", 1, &raw mut done, timeout);
    }
    for timeout in [FOREVER, NOWAIT, 1000] {
        for nfds in [MANY, MANY + 1, TOO_LONG[0], TOO_LONG[1]] {
            wrong(fds.as_ptr(), nfds, b"x", 1, &raw mut done, timeout);
        }
        wrong(ptr::null(), 1, b"x", 1, &raw mut done, timeout);
        wrong(fds.as_ptr(), 1, b"x", 1, ptr::null_mut(), timeout);
        // Even without descriptors there must be a byte.
        for nfds in [0, 1] {
            wrong(fds.as_ptr(), nfds, b"x", 0, &raw mut done, timeout);
            wrong(fds.as_ptr(), nfds, b"", 1, &raw mut done, timeout);
            for n in TOO_LONG {
                wrong(fds.as_ptr(), nfds, b"x", n, &raw mut done, timeout);
            }
        }
        for start in [3, 4, usize::MAX] {
            done = start;
            wrong(fds.as_ptr(), 1, b"xyz", 3, &raw mut done, timeout);
            assert_eq!(done, start);
        }
        done = 0;
    }
    assert_eq!(done, 0);
    refused(EAGAIN, way.r(), NOWAIT);
    for (reader, writer) in other_kinds() {
        for timeout in [FOREVER, NOWAIT, 1000] {
            sends_not(EINVAL, writer.as_raw_fd(), &[0], timeout);
            sends_not(EINVAL, writer.as_raw_fd(), &[], timeout);
        }
        fails(EAGAIN, || sockutil_wait(reader.as_raw_fd(), libc::POLLIN.into(), 20));
    }
}

#[test]
fn sockutil_recv_fds_EINVAL() {
    let way = unix();
    sends(way.w(), &[way.w()], b"stays", 1000);
    let (mut fds, mut bytes) = ([NOTHING; 4], [0_u8; 8]);
    let (places, memory) = (fds.as_mut_ptr(), bytes.as_mut_ptr().cast::<libc::c_void>());
    for timeout in [FOREVER, NOWAIT, 1000] {
        let wrong = |fds, cap, buf, n, timeout| {
            let (mut nfds, mut len) = (4711, 4711);
            fails(EINVAL, || unsafe {
                sockutil_recv_fds(way.r(), fds, cap, &raw mut nfds, buf, n, &raw mut len, timeout)
            });
            assert_eq!((nfds, len), (0, 0));
        };
        wrong(ptr::null_mut(), 1, memory, 8, timeout);
        wrong(places, 4, memory, 0, timeout);
        wrong(places, 4, ptr::null_mut(), 0, timeout);
        wrong(places, 4, ptr::null_mut(), 8, timeout);
        wrong(places, 4, memory, 8, -2);
        wrong(places, 4, memory, 8, c_int::MIN);
        for length in TOO_LONG {
            wrong(places, 4, memory, length, timeout);
            wrong(places, length, memory, 8, timeout);
            wrong(places, length / size_of::<c_int>() + 1, memory, 8, timeout);
        }
        let mut count = 4711;
        let none = ptr::null_mut();
        fails(EINVAL, || unsafe { sockutil_recv_fds(way.r(), places, 4, none, memory, 8, &raw mut count, timeout) });
        assert_eq!(count, 0);
        count = 4711;
        fails(EINVAL, || unsafe { sockutil_recv_fds(way.r(), places, 4, &raw mut count, memory, 8, none, timeout) });
        assert_eq!(count, 0);
    }
    // And nothing was taken.
    received(way.r(), 8, NOWAIT, b"stays", 1);
    for (reader, writer) in other_kinds() {
        feed(writer.as_raw_fd(), b"stays");
        assert_eq!(sockutil_wait(reader.as_raw_fd(), libc::POLLIN.into(), 5000), libc::POLLIN.into());
        for timeout in [FOREVER, NOWAIT, 1000] {
            refused(EINVAL, reader.as_raw_fd(), timeout);
        }
        still_there(&reader, b"stays");
    }
}
