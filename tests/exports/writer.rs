//! The buffered writer.

use std::mem::MaybeUninit;
use std::os::fd::AsRawFd;
use std::ptr;

use crate::c::{
    sockutil_read_full, sockutil_wait, sockutil_writer, sockutil_writer_flush, sockutil_writer_frame,
    sockutil_writer_init, sockutil_writer_pending, sockutil_writer_put,
};
use libc::{c_int, c_void};

use crate::kit::*;
use crate::support;

/// A writer with its memory.
struct Writer {
    w: sockutil_writer,
    memory: Vec<u8>,
}

impl Writer {
    fn new(fd: c_int, cap: usize) -> Self {
        let mut memory = vec![0_u8; cap];
        let mut w = MaybeUninit::uninit();
        gives(0, || unsafe { sockutil_writer_init(w.as_mut_ptr(), fd, memory.as_mut_ptr().cast(), cap) });
        Self { w: unsafe { w.assume_init() }, memory }
    }

    fn put(&mut self, bytes: &[u8], done: &mut usize, timeout: c_int) -> c_int {
        unsafe { sockutil_writer_put(&raw mut self.w, bytes.as_ptr().cast(), bytes.len(), done, timeout) }
    }

    fn frame(&mut self, header: c_int, body: &[u8], done: &mut usize, timeout: c_int) -> c_int {
        unsafe { sockutil_writer_frame(&raw mut self.w, header, body.as_ptr().cast(), body.len(), done, timeout) }
    }

    fn flush(&mut self, timeout: c_int) -> c_int {
        unsafe { sockutil_writer_flush(&raw mut self.w, timeout) }
    }

    fn pending(&self) -> usize {
        unsafe { sockutil_writer_pending(&raw const self.w) }
    }

    /// A put that must be held as a whole.
    #[track_caller]
    fn hold(&mut self, bytes: &[u8]) {
        let (before, mut done) = (self.pending(), 0);
        gives(1, || self.put(bytes, &mut done, NOWAIT));
        assert_eq!((done, self.pending()), (bytes.len(), before + bytes.len()));
    }
}

fn take(fd: c_int, n: usize) -> Vec<u8> {
    let mut bytes = vec![0; n];
    assert_eq!(unsafe { sockutil_read_full(fd, bytes.as_mut_ptr().cast(), n, ptr::null_mut(), 5000) }, 1);
    bytes
}

#[track_caller]
fn nothing_has_come(fd: c_int) {
    fails(EAGAIN, || sockutil_wait(fd, libc::POLLIN.into(), NOWAIT));
}

/// Not TCP, which finds room late in what is full.
fn known_queues() -> Vec<Pair> {
    vec![unix(), pipe(), fifo()]
}

#[test]
fn what_fits_is_held_until_a_flush() {
    for pair in streams() {
        for timeout in [FOREVER, NOWAIT, 5000] {
            let mut w = Writer::new(pair.w(), 16);
            assert_eq!(w.pending(), 0);
            w.hold(b"one,");
            w.hold(b"");
            let mut done = 0;
            gives(1, || w.frame(2, b"body", &mut done, timeout));
            assert_eq!((done, w.pending()), (6, 10));
            // Up to the last byte.
            w.hold(b"sixsix");
            nothing_has_come(pair.r());
            gives(1, || w.flush(timeout));
            assert_eq!(w.pending(), 0);
            assert_eq!(take(pair.r(), 16), b"one,\0\x04bodysixsix");
            gives(1, || w.flush(timeout));
            nothing_has_come(pair.r());
        }
    }
}

#[test]
fn what_is_held_needs_no_descriptor() {
    for fd in [-1, CLOSED] {
        let mut w = Writer::new(fd, 4);
        gives(1, || w.flush(FOREVER));
        w.hold(b"1234");
        w.hold(b"");
        fails(EBADF, || w.flush(NOWAIT));
        assert_eq!(w.pending(), 4);
    }
}

#[test]
fn what_does_not_fit_leaves_with_what_is_held() {
    for pair in streams() {
        for (held, n) in [(3, 14), (16, 1), (16, 16), (0, 17), (5, 17), (16, 1000), (0, 60_000)] {
            for timeout in [FOREVER, 5000] {
                let mut w = Writer::new(pair.w(), 16);
                let bytes = pattern(held + n);
                w.hold(&bytes[..held]);
                let (mut done, mut pending) = (0, usize::MAX);
                let mut got = Vec::new();
                std::thread::scope(|scope| {
                    let other = scope.spawn(|| take(pair.r(), held + n));
                    gives(1, || w.put(&bytes[held..], &mut done, timeout));
                    pending = w.pending();
                    gives(1, || w.flush(timeout));
                    got = other.join().unwrap();
                });
                assert_eq!(done, n);
                assert!(pending <= 16 && w.pending() == 0);
                assert!(got == bytes, "{} {held} {n}", pair.kind);
                if ["TCP", "AF_UNIX"].contains(&pair.kind) {
                    assert_eq!(pending, 0, "a socket takes all at once");
                }
            }
        }
    }
}

#[test]
fn a_frame_that_does_not_fit_leaves_as_a_whole() {
    for pair in streams() {
        for (header, held, n) in [(1, 3, 12), (2, 16, 0), (4, 16, 12), (4, 0, 13), (2, 7, 3000), (4, 16, 70_000)] {
            let mut w = Writer::new(pair.w(), 16);
            let (before, body) = (pattern(held), pattern(n));
            w.hold(&before);
            let mut done = 0;
            let mut got = Vec::new();
            std::thread::scope(|scope| {
                let other = scope.spawn(|| take(pair.r(), held + header + n));
                gives(1, || w.frame(header as c_int, &body, &mut done, 5000));
                gives(1, || w.flush(5000));
                got = other.join().unwrap();
            });
            assert_eq!(done, header + n);
            let whole = [&before[..], &(n as u32).to_be_bytes()[4 - header..], &body].concat();
            assert!(got == whole, "{} {header} {held} {n}", pair.kind);
        }
    }
}

#[test]
fn a_message_is_one_system_call() {
    // Each sendmsg(2) is one message here.
    let mut fds = [0; 2];
    let made =
        unsafe { libc::socketpair(libc::AF_UNIX, libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC, 0, fds.as_mut_ptr()) };
    assert_eq!(made, 0);
    let [reader, writer] = fds.map(|fd| unsafe { <std::os::fd::OwnedFd as std::os::fd::FromRawFd>::from_raw_fd(fd) });
    let mut w = Writer::new(writer.as_raw_fd(), 8);
    w.hold(b"held,");
    gives(1, || w.frame(2, b"and a body", &mut 0, FOREVER));
    w.hold(b"a");
    w.hold(b"b");
    gives(1, || w.flush(FOREVER));
    for expected in [&b"held,\0\x0aand a body"[..], b"ab"] {
        let mut got = [0_u8; 64];
        let n = unsafe { libc::recv(reader.as_raw_fd(), got.as_mut_ptr().cast(), 64, libc::MSG_DONTWAIT) };
        assert_eq!(&got[..n.max(0) as usize], expected);
    }
}

/// Puts pieces of all sizes up to the memory's into a queue that is often full, and takes now and then: a piece is held
/// or taken as a whole, or not at all, and what was accepted arrives in order.
fn all_or_nothing(pair: &Pair, cap: usize, put: impl Fn(&mut Writer, &[u8], &mut usize) -> c_int) {
    let mut w = Writer::new(pair.w(), cap);
    set_nonblock(pair.r());
    // Of a socket: a pipe has little room anyway.
    for (fd, option) in [(pair.w(), libc::SO_SNDBUF), (pair.r(), libc::SO_RCVBUF)] {
        let (little, size) = (4096, size_of::<c_int>() as u32);
        unsafe { libc::setsockopt(fd, libc::SOL_SOCKET, option, (&raw const little).cast(), size) };
    }
    let (mut accepted, mut got, mut refused) = (Vec::new(), Vec::new(), 0);
    let mut buffer = vec![0_u8; 1 << 20];
    let mut read = |most: usize, got: &mut Vec<u8>| {
        let n = unsafe { libc::read(pair.r(), buffer.as_mut_ptr().cast(), most) };
        got.extend_from_slice(&buffer[..n.max(0) as usize]);
        n > 0
    };
    let source = pattern(cap);
    for i in 0..3000_usize {
        let piece = &source[..=i * 7919 % cap];
        let (mut done, before) = (0, w.pending());
        match put(&mut w, piece, &mut done) {
            1 => {
                assert_eq!(done, piece.len());
                accepted.extend_from_slice(piece);
            }
            answer => {
                assert_eq!((answer, errno()), (-1, Errno(EAGAIN)));
                assert_eq!(done, 0);
                assert!(w.pending() <= before && w.pending() + piece.len() > cap);
                refused += 1;
            }
        }
        if i % 5 == 0 {
            read(i * 31 % cap + 1, &mut got);
        }
    }
    assert!(refused > 0, "{}: its queue was never full", pair.kind);
    while w.flush(NOWAIT) != 1 {
        assert_eq!(errno(), Errno(EAGAIN));
        read(1 << 20, &mut got);
    }
    while got.len() < accepted.len() {
        fails_or_ready(pair.r());
        read(1 << 20, &mut got);
    }
    assert!(got == accepted, "{}: {} bytes of {}", pair.kind, got.len(), accepted.len());
    nothing_has_come(pair.r());
}

fn fails_or_ready(fd: c_int) {
    assert!(sockutil_wait(fd, libc::POLLIN.into(), 5000) > 0, "bytes are missing");
}

#[test]
fn a_piece_that_fits_the_memory_is_all_or_nothing() {
    for pair in streams() {
        for cap in [1000, 5000] {
            all_or_nothing(&pair, cap, |w, piece, done| w.put(piece, done, NOWAIT));
        }
    }
}

#[test]
fn a_frame_that_fits_the_memory_is_all_or_nothing() {
    for pair in streams() {
        let mut w = Writer::new(pair.w(), 3000);
        let body = pattern(2998);
        let mut whole = Vec::new();
        let mut done = 0;
        // Until its queue and the memory are full.
        while w.frame(2, &body, &mut done, NOWAIT) == 1 {
            assert_eq!(done, 3000);
            whole.extend([0x0b, 0xb6]);
            whole.extend(&body);
            done = 0;
        }
        assert_eq!((errno(), done), (Errno(EAGAIN), 0));
        let mut got = Vec::new();
        std::thread::scope(|scope| {
            let other = scope.spawn(|| take(pair.r(), whole.len()));
            gives(1, || w.flush(5000));
            got = other.join().unwrap();
        });
        assert!(got == whole, "{}", pair.kind);
        nothing_has_come(pair.r());
    }
}

#[test]
fn a_longer_put_goes_on_where_done_says() {
    const LENGTH: usize = 20_000_000;
    let bytes = pattern(LENGTH + 5);
    for pair in streams() {
        let mut w = Writer::new(pair.w(), 64);
        w.hold(b"held");
        let mut done = 0;
        fails(EAGAIN, || w.put(&bytes[..LENGTH], &mut done, NOWAIT));
        let begun = done;
        assert!(begun > 0 && begun < LENGTH && w.pending() == 0, "{} {begun}", pair.kind);
        // Nothing else, until it is complete.
        fails(EINVAL, || w.flush(NOWAIT));
        for mut start in [0, begun - 1, begun + 1] {
            fails(EINVAL, || w.put(&bytes[..LENGTH], &mut start, NOWAIT));
        }
        fails(EINVAL, || w.put(b"x", &mut 0, NOWAIT));
        fails(EINVAL, || w.put(b"", &mut 0, NOWAIT));
        fails(EINVAL, || w.frame(1, b"x", &mut 0, NOWAIT));
        fails(EINVAL, || w.frame(4, &bytes[..LENGTH], &mut done, NOWAIT));
        let (at, n) = (bytes.as_ptr().cast(), LENGTH);
        fails(EINVAL, || unsafe { sockutil_writer_put(&raw mut w.w, at, n, ptr::null_mut(), FOREVER) });
        assert_eq!(done, begun);
        takes_ms(30, || fails(EAGAIN, || w.put(&bytes[..LENGTH], &mut done, 30)));
        assert!(done >= begun && w.pending() == 0);
        // It may have become longer.
        let mut got = Vec::new();
        std::thread::scope(|scope| {
            let other = scope.spawn(|| take(pair.r(), 4 + LENGTH + 5));
            gives(1, || w.put(&bytes, &mut done, FOREVER));
            assert!(done == LENGTH + 5 && w.pending() <= 64);
            // Now others may.
            gives(1, || w.flush(FOREVER));
            got = other.join().unwrap();
        });
        assert!(got[..4] == *b"held" && got[4..] == bytes, "{}", pair.kind);
    }
}

#[test]
fn a_longer_frame_goes_on_with_the_same_length() {
    const LENGTH: usize = 20_000_000;
    let body = pattern(LENGTH + 1);
    for pair in streams() {
        let mut w = Writer::new(pair.w(), 64);
        let mut done = 0;
        fails(EAGAIN, || w.frame(4, &body[..LENGTH], &mut done, NOWAIT));
        assert!(done > 4 && done < LENGTH && w.pending() == 0);
        fails(EINVAL, || w.frame(4, &body, &mut done, NOWAIT));
        fails(EINVAL, || w.frame(4, &body[1..LENGTH], &mut done, NOWAIT));
        fails(EINVAL, || w.put(&body[..LENGTH], &mut done, NOWAIT));
        fails(EINVAL, || w.flush(NOWAIT));
        let mut got = Vec::new();
        std::thread::scope(|scope| {
            let other = scope.spawn(|| take(pair.r(), 4 + LENGTH));
            gives(1, || w.frame(4, &body[..LENGTH], &mut done, FOREVER));
            gives(1, || w.flush(FOREVER));
            got = other.join().unwrap();
        });
        assert!(got[..4] == (LENGTH as u32).to_be_bytes() && got[4..] == body[..LENGTH], "{}", pair.kind);
    }
}

#[test]
fn a_put_that_has_sent_only_held_bytes_has_not_begun() {
    // What a pipe of 8,192 bytes takes is known.
    let pair = pipe();
    assert_eq!(unsafe { libc::fcntl(pair.w(), libc::F_SETPIPE_SZ, 8192) }, 8192);
    let mut w = Writer::new(pair.w(), 20_000);
    let bytes = pattern(20_000);
    w.hold(&bytes);
    let mut done = 0;
    fails(EAGAIN, || w.put(&pattern(30_000), &mut done, NOWAIT));
    assert_eq!((done, w.pending()), (0, 20_000 - 8192));
    // Another one, which fits now.
    w.hold(b"other");
    let mut got = take(pair.r(), 8192);
    while w.flush(NOWAIT) != 1 {
        got.extend(take(pair.r(), 1));
    }
    let rest = 20_005 - got.len();
    got.extend(take(pair.r(), rest));
    assert!(got == [&bytes[..], b"other"].concat());
}

#[test]
fn a_count_is_not_needed_where_nothing_can_be_cut() {
    for pair in streams() {
        let mut w = Writer::new(pair.w(), 8);
        let none = ptr::null_mut();
        for timeout in [FOREVER, NOWAIT, 1000] {
            gives(1, || unsafe { sockutil_writer_put(&raw mut w.w, b"12345678".as_ptr().cast(), 8, none, timeout) });
            gives(1, || unsafe { sockutil_writer_frame(&raw mut w.w, 2, b"123456".as_ptr().cast(), 6, none, timeout) });
            gives(1, || w.flush(timeout));
            assert_eq!(take(pair.r(), 16), b"12345678\0\x06123456");
        }
        gives(1, || unsafe { sockutil_writer_put(&raw mut w.w, b"123456789".as_ptr().cast(), 9, none, FOREVER) });
        gives(1, || unsafe { sockutil_writer_frame(&raw mut w.w, 2, b"1234567".as_ptr().cast(), 7, none, FOREVER) });
        gives(1, || w.flush(FOREVER));
        assert_eq!(take(pair.r(), 18), b"123456789\0\x071234567");
    }
}

#[test]
fn what_is_held_stays_held_after_a_reset() {
    for timeout in [FOREVER, NOWAIT, 1000] {
        let pair = tcp();
        let mut w = Writer::new(pair.w(), 64);
        w.hold(b"held");
        let copy = duplicate(pair.r());
        drop(pair.reader);
        reset(copy);
        let mut entry = libc::pollfd { fd: pair.writer.as_raw_fd(), events: 0, revents: 0 };
        assert_eq!(unsafe { libc::poll(&raw mut entry, 1, 5000) }, 1);
        fails(libc::ECONNRESET, || w.flush(timeout));
        // The kernel reports it once.
        fails(EPIPE, || w.flush(timeout));
        let mut done = 0;
        fails(EPIPE, || w.put(&pattern(64), &mut done, timeout));
        fails(EPIPE, || w.frame(1, &pattern(63), &mut done, timeout));
        fails(EPIPE, || w.put(&pattern(65), &mut done, timeout));
        assert_eq!((done, w.pending()), (0, 4));
        w.hold(b"more");
        assert_eq!(&w.memory[..8], b"heldmore");
    }
}

#[test]
fn a_writer_goes_on_after_a_reset_of_its_peer_where_it_was() {
    // The same writer, whose descriptor becomes another connection: what is held leaves there, in order.
    let (broken, whole) = (unix(), unix());
    let fd = broken.w();
    let mut w = Writer::new(fd, 32);
    w.hold(b"in order, ");
    hang_up(broken.reader, &broken.writer);
    fails(EPIPE, || w.flush(NOWAIT));
    fails(EPIPE, || w.put(&pattern(30), &mut 0, NOWAIT));
    w.hold(b"and once");
    assert_eq!(unsafe { libc::dup2(whole.w(), fd) }, fd);
    gives(1, || w.flush(FOREVER));
    assert_eq!(take(whole.r(), 18), b"in order, and once");
    nothing_has_come(whole.r());
}

#[test]
fn nothing_is_written_outside_the_memory() {
    const CAP: usize = 10;
    let pair = unix();
    let mut memory = [0xEE_u8; CAP + 32];
    let mut w = MaybeUninit::uninit();
    gives(0, || unsafe { sockutil_writer_init(w.as_mut_ptr(), pair.w(), memory[16..].as_mut_ptr().cast(), CAP) });
    let mut w = unsafe { w.assume_init() };
    for n in 0..200 {
        let bytes = pattern(n % 23);
        let done = ptr::null_mut();
        gives(1, || unsafe { sockutil_writer_put(&raw mut w, bytes.as_ptr().cast(), bytes.len(), done, FOREVER) });
        assert!(unsafe { sockutil_writer_pending(&raw const w) } <= CAP);
        assert!(memory[..16].iter().chain(&memory[16 + CAP..]).all(|byte| *byte == 0xEE));
    }
}

#[test]
fn sockutil_writer_init_EINVAL() {
    let mut w = MaybeUninit::uninit();
    let mut memory = [0_u8; 4];
    let (place, start): (*mut _, *mut c_void) = (w.as_mut_ptr(), memory.as_mut_ptr().cast());
    fails(EINVAL, || unsafe { sockutil_writer_init(ptr::null_mut(), 0, start, 4) });
    fails(EINVAL, || unsafe { sockutil_writer_init(place, 0, ptr::null_mut(), 4) });
    fails(EINVAL, || unsafe { sockutil_writer_init(place, 0, ptr::null_mut(), 0) });
    fails(EINVAL, || unsafe { sockutil_writer_init(place, 0, start, 0) });
    for cap in TOO_LONG {
        fails(EINVAL, || unsafe { sockutil_writer_init(place, 0, start, cap) });
    }
    gives(0, || unsafe { sockutil_writer_init(place, 0, start, 1) });
    assert_eq!(unsafe { sockutil_writer_pending(ptr::null()) }, 0);
}

/// A put or a frame.
type Put = fn(&mut Writer, &[u8], &mut usize, c_int) -> c_int;

fn put(w: &mut Writer, bytes: &[u8], done: &mut usize, timeout: c_int) -> c_int {
    w.put(bytes, done, timeout)
}

/// As long as a put of the same bytes.
fn frame(w: &mut Writer, bytes: &[u8], done: &mut usize, timeout: c_int) -> c_int {
    w.frame(4, &bytes[4..], done, timeout)
}

fn waits_for_room(call: Put) {
    for pair in known_queues() {
        stuff(pair.w());
        for length in [900, 50_000] {
            let mut w = Writer::new(pair.w(), 1000);
            w.hold(&pattern(600));
            // What little room was left.
            while sockutil_wait(pair.w(), libc::POLLOUT.into(), NOWAIT) > 0 && w.flush(NOWAIT) == 1 {
                w.hold(&pattern(600));
            }
            let (bytes, mut done, held) = (pattern(length), 0, w.pending());
            fails(EAGAIN, || call(&mut w, &bytes, &mut done, NOWAIT));
            takes_ms(40, || fails(EAGAIN, || call(&mut w, &bytes, &mut done, 40)));
            takes_ms(120, || in_a_storm(|| fails(EAGAIN, || call(&mut w, &bytes, &mut done, 120))));
            assert_eq!((done, w.pending()), (0, held), "{} {length}", pair.kind);
        }
    }
}

#[test]
fn sockutil_writer_put_EAGAIN() {
    waits_for_room(put);
}

#[test]
fn sockutil_writer_frame_EAGAIN() {
    waits_for_room(frame);
}

#[test]
fn sockutil_writer_flush_EAGAIN() {
    for pair in known_queues() {
        let queued = stuff(pair.w());
        let mut w = Writer::new(pair.w(), 100_000);
        let bytes = pattern(100_000);
        w.hold(&bytes);
        fails(EAGAIN, || w.flush(NOWAIT));
        takes_ms(40, || fails(EAGAIN, || w.flush(40)));
        takes_ms(120, || in_a_storm(|| fails(EAGAIN, || w.flush(120))));
        let mut got = Vec::new();
        std::thread::scope(|scope| {
            let other = scope.spawn(|| take(pair.r(), queued + bytes.len()));
            in_a_storm(|| gives(1, || w.flush(5000)));
            got = other.join().unwrap();
        });
        assert!(got[queued..] == bytes, "{}", pair.kind);
    }
}

fn wrong_arguments(call: Put) {
    let pair = unix();
    let mut w = Writer::new(pair.w(), 16);
    let mut zeros = Writer { w: unsafe { std::mem::zeroed() }, memory: Vec::new() };
    fails(EINVAL, || call(&mut zeros, b"12345", &mut 0, FOREVER));
    fails(EINVAL, || call(&mut w, b"12345", &mut 0, -2));
    fails(EINVAL, || call(&mut w, b"12345", &mut 0, c_int::MIN));
    // A count that no put has reported.
    for start in [1, 4, 5, 6, usize::MAX] {
        let mut done = start;
        fails(EINVAL, || call(&mut w, b"12345", &mut done, FOREVER));
        assert_eq!(done, start);
    }
    fails(EINVAL, || call(&mut w, &pattern(17), &mut 3, FOREVER));
    assert_eq!(w.pending(), 0);
    nothing_has_come(pair.r());
}

#[test]
fn sockutil_writer_put_EINVAL() {
    wrong_arguments(put);
    let pair = unix();
    let mut w = Writer::new(pair.w(), 16);
    let (null, none, at) = (ptr::null::<c_void>(), ptr::null_mut::<usize>(), b"abc".as_ptr().cast::<c_void>());
    fails(EINVAL, || unsafe { sockutil_writer_put(ptr::null_mut(), at, 3, none, FOREVER) });
    fails(EINVAL, || unsafe { sockutil_writer_put(&raw mut w.w, null, 1, none, FOREVER) });
    for n in TOO_LONG {
        fails(EINVAL, || unsafe { sockutil_writer_put(&raw mut w.w, at, n, none, FOREVER) });
    }
    // It could be cut at an unknown place.
    for timeout in [NOWAIT, 1000] {
        let long = pattern(17);
        fails(EINVAL, || unsafe { sockutil_writer_put(&raw mut w.w, long.as_ptr().cast(), 17, none, timeout) });
    }
    gives(1, || unsafe { sockutil_writer_put(&raw mut w.w, null, 0, none, FOREVER) });
    gives(1, || unsafe { sockutil_writer_put(&raw mut w.w, null, 0, &mut 0, FOREVER) });
    assert_eq!(w.pending(), 0);
    nothing_has_come(pair.r());
}

#[test]
fn sockutil_writer_frame_EINVAL() {
    wrong_arguments(frame);
    let pair = unix();
    let mut w = Writer::new(pair.w(), 16);
    let (null, none, at) = (ptr::null::<c_void>(), ptr::null_mut::<usize>(), b"abc".as_ptr().cast::<c_void>());
    for header in [0, 3, 5, 8, -1, c_int::MIN, c_int::MAX] {
        fails(EINVAL, || w.frame(header, b"abc", &mut 0, FOREVER));
    }
    fails(EINVAL, || unsafe { sockutil_writer_frame(ptr::null_mut(), 2, at, 3, none, FOREVER) });
    fails(EINVAL, || unsafe { sockutil_writer_frame(&raw mut w.w, 2, null, 1, none, FOREVER) });
    for n in TOO_LONG {
        fails(EINVAL, || unsafe { sockutil_writer_frame(&raw mut w.w, 4, at, n, none, FOREVER) });
    }
    for timeout in [NOWAIT, 1000] {
        // With its header it is longer than the memory.
        let long = pattern(15);
        fails(EINVAL, || unsafe { sockutil_writer_frame(&raw mut w.w, 2, long.as_ptr().cast(), 15, none, timeout) });
    }
    assert_eq!(w.pending(), 0);
    gives(1, || unsafe { sockutil_writer_frame(&raw mut w.w, 2, null, 0, none, FOREVER) });
    assert_eq!(w.pending(), 2);
    nothing_has_come(pair.r());
}

#[test]
fn sockutil_writer_flush_EINVAL() {
    let mut zeros: sockutil_writer = unsafe { std::mem::zeroed() };
    fails(EINVAL, || unsafe { sockutil_writer_flush(&raw mut zeros, FOREVER) });
    fails(EINVAL, || unsafe { sockutil_writer_flush(ptr::null_mut(), FOREVER) });
    let mut w = Writer::new(-1, 16);
    fails(EINVAL, || w.flush(-2));
    w.hold(b"held");
    fails(EINVAL, || w.flush(c_int::MIN));
    assert_eq!(w.pending(), 4);
}

#[test]
fn sockutil_writer_frame_EMSGSIZE() {
    let mut w = Writer::new(-1, 100_000);
    let mut done = 0;
    for (header, length) in [(1, 256), (1, 70_000), (2, 65_536)] {
        fails(EMSGSIZE, || w.frame(header, &pattern(length), &mut done, FOREVER));
    }
    if let Ok(length) = usize::try_from(1_u64 << 32) {
        let nowhere: *const c_void = ptr::dangling::<u8>().cast();
        fails(EMSGSIZE, || unsafe { sockutil_writer_frame(&raw mut w.w, 4, nowhere, length, &raw mut done, FOREVER) });
    }
    assert_eq!((done, w.pending()), (0, 0));
    for (header, length) in [(1, 255), (2, 65_535)] {
        gives(1, || w.frame(header, &pattern(length), &mut 0, FOREVER));
    }
}

fn without_a_peer(e: c_int, call: impl Fn(&mut Writer, c_int) -> c_int) {
    for timeout in [FOREVER, NOWAIT, 1000] {
        for pair in known_queues() {
            hang_up(pair.reader, &pair.writer);
            let mut w = Writer::new(pair.writer.as_raw_fd(), 8);
            w.hold(b"held");
            fails(e, || call(&mut w, timeout));
            fails(e, || call(&mut w, timeout));
            assert_eq!(w.pending(), 4);
        }
    }
}

/// A call that needs the kernel: with what is held it does not fit, alone it does, or does not.
fn not_open_for_writing(call: impl Fn(&mut Writer, c_int) -> c_int) {
    for fd in [-1, CLOSED, pipe().r()] {
        for timeout in [FOREVER, NOWAIT, 1000] {
            let mut w = Writer::new(fd, 8);
            w.hold(b"held");
            fails(EBADF, || call(&mut w, timeout));
            assert_eq!(w.pending(), 4);
        }
    }
}

crate::support::tests! {
    fn sockutil_writer_put_EPIPE() = without_a_peer(EPIPE, |w, timeout| w.put(b"12345", &mut 0, timeout));
    fn sockutil_writer_frame_EPIPE() = without_a_peer(EPIPE, |w, timeout| w.frame(1, b"1234", &mut 0, timeout));
    fn sockutil_writer_flush_EPIPE() = without_a_peer(EPIPE, Writer::flush);
    fn a_long_put_to_nobody() = without_a_peer(EPIPE, |w, timeout| w.put(&pattern(9000), &mut 0, timeout));
    fn sockutil_writer_put_EBADF() = not_open_for_writing(|w, timeout| w.put(b"12345", &mut 0, timeout));
    fn sockutil_writer_frame_EBADF() = not_open_for_writing(|w, timeout| w.frame(1, b"1234", &mut 0, timeout));
    fn sockutil_writer_flush_EBADF() = not_open_for_writing(Writer::flush);
    fn a_long_frame_to_nowhere() = not_open_for_writing(|w, timeout| w.frame(2, &pattern(9000), &mut 0, timeout));
    fn sockutil_writer_put_EIO() = a_write_that_answers_0("writer_put");
    fn sockutil_writer_frame_EIO() = a_write_that_answers_0("writer_frame");
    fn sockutil_writer_flush_EIO() = a_write_that_answers_0("writer_flush");
}

/// A device that takes nothing and gives no reason is not to be had, so the shim stands in for one.
fn a_write_that_answers_0(case: &str) {
    let program = support::compile_c("answered", &["answered.c"], support::Link::Shared, &[]);
    let mut command = std::process::Command::new(program);
    support::run(support::shimmed(command.args(["nothing", case]), "send result=0\nsendmsg result=0"));
}
