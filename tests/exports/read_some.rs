//! What is there: read_some, with a reader and without.

use std::mem;
use std::os::fd::AsRawFd;
use std::ptr;

use crate::c::*;
use libc::c_int;

use crate::kit::*;
use crate::reader::{Reader, not_yet, too_long, whole};

fn read_some(fd: c_int, buffer: &mut [u8], len: &mut usize, timeout_ms: c_int) -> c_int {
    unsafe { sockutil_read_some(fd, buffer.as_mut_ptr().cast(), buffer.len(), len, timeout_ms) }
}

#[test]
fn what_is_there_is_read_and_no_more_is_waited_for() {
    for pair in streams() {
        for timeout in [FOREVER, NOWAIT, 1000] {
            let mut buffer = [0xEE; 8];
            for (fed, n, len) in [(&b"abc"[..], 8, 3), (b"defgh", 3, 3), (b"", 3, 2), (b"i", 1, 1)] {
                pair.feed(fed);
                let mut got = 4711;
                gives(1, || read_some(pair.r(), &mut buffer[..n], &mut got, timeout));
                assert_eq!(got, len, "{}", pair.kind);
            }
            assert_eq!(&buffer, b"ihfxxxxx".map(|byte| if byte == b'x' { 0xEE } else { byte }).as_slice());
        }
    }
}

#[test]
fn the_end_of_a_stream_is_0() {
    for timeout in [FOREVER, NOWAIT, 1000] {
        for pair in streams() {
            pair.feed(b"ab");
            let end = pair.end();
            let mut len = 4711;
            gives(1, || read_some(end.as_raw_fd(), &mut [0; 8], &mut len, timeout));
            assert_eq!(len, 2);
            for _ in 0..2 {
                len = 4711;
                gives(0, || read_some(end.as_raw_fd(), &mut [0; 8], &mut len, timeout));
                assert_eq!(len, 0);
            }
        }
    }
}

#[test]
fn sockutil_read_some_EAGAIN() {
    for pair in streams() {
        let mut len = 4711;
        fails(EAGAIN, || read_some(pair.r(), &mut [0; 8], &mut len, NOWAIT));
        assert_eq!(len, 0);
        takes_ms(40, || fails(EAGAIN, || read_some(pair.r(), &mut [0; 8], &mut len, 40)));
        set_nonblock(pair.r());
        takes_ms(120, || in_a_storm(|| fails(EAGAIN, || read_some(pair.r(), &mut [0; 8], &mut len, 120))));
        beside(|| pair.feed(b"x"), || gives(1, || read_some(pair.r(), &mut [0; 8], &mut len, FOREVER)));
        assert_eq!(len, 1, "{}", pair.kind);
    }
}

#[test]
fn sockutil_read_some_EINVAL() {
    let pair = unix();
    pair.feed(b"ab");
    let mut buffer = [9_u8; 4];
    let place = buffer.as_mut_ptr().cast();
    let refuse = |buf, n, timeout| {
        let mut len = 4711;
        fails(EINVAL, || unsafe { sockutil_read_some(pair.r(), buf, n, &raw mut len, timeout) });
        assert_eq!(len, 0);
    };
    refuse(ptr::null_mut(), 4, FOREVER);
    for n in [0].into_iter().chain(TOO_LONG) {
        refuse(place, n, FOREVER);
        refuse(ptr::null_mut(), n, FOREVER);
    }
    for timeout in [-2, c_int::MIN] {
        refuse(place, 4, timeout);
    }
    fails(EINVAL, || unsafe { sockutil_read_some(pair.r(), place, 4, ptr::null_mut(), FOREVER) });
    let mut len = 0;
    gives(1, || read_some(pair.r(), &mut buffer, &mut len, NOWAIT));
    assert_eq!((&buffer, len), (b"ab\x09\x09", 2));
}

#[test]
fn sockutil_read_some_EBADF() {
    for timeout in [FOREVER, NOWAIT, 10] {
        for fd in [-1, CLOSED, pipe().w()] {
            let mut len = 4711;
            fails(EBADF, || read_some(fd, &mut [0; 8], &mut len, timeout));
            assert_eq!(len, 0);
        }
    }
}

#[test]
fn a_reader_gives_what_it_holds_or_else_reads_once() {
    for pair in streams() {
        for timeout in [FOREVER, NOWAIT, 1000] {
            let mut reader = Reader::new(pair.r(), 8);
            pair.feed(b"a\nbcdefghijk");
            assert_eq!(reader.line(timeout), whole(b"a\n"));
            let (mut buffer, mut len) = ([0xEE; 16], 4711);
            // Held are five: never more than these, although more is queued.
            gives(1, || reader.read_some(&mut buffer[..3], &mut len, timeout));
            assert_eq!((&buffer[..len], reader.pending()), (&b"bcd"[..], 2));
            gives(1, || reader.read_some(&mut buffer, &mut len, timeout));
            assert_eq!((&buffer[..len], reader.pending()), (&b"ef"[..], 0));
            // Directly, and nothing is held.
            gives(1, || reader.read_some(&mut buffer[..3], &mut len, timeout));
            assert_eq!((&buffer[..len], reader.pending()), (&b"ghi"[..], 0), "{}", pair.kind);
            gives(1, || reader.read_some(&mut buffer, &mut len, timeout));
            assert_eq!(&buffer[..len], b"jk");
        }
    }
}

#[test]
fn held_bytes_need_no_descriptor() {
    let pair = tcp();
    let mut reader = Reader::new(pair.r(), 8);
    pair.feed(b"a\nbc");
    assert_eq!(reader.line(FOREVER), whole(b"a\n"));
    drop(pair);
    let (mut buffer, mut len) = ([0; 8], 0);
    gives(1, || reader.read_some(&mut buffer, &mut len, FOREVER));
    assert_eq!(&buffer[..len], b"bc");
}

#[test]
fn a_reader_at_the_end_gives_0() {
    for pair in streams() {
        pair.feed(b"a\nbc");
        let end = pair.end();
        let mut reader = Reader::new(end.as_raw_fd(), 8);
        assert_eq!(reader.line(FOREVER), whole(b"a\n"));
        let mut len = 0;
        for (answer, wanted) in [(1, 2), (0, 0), (0, 0)] {
            gives(answer, || reader.read_some(&mut [0; 8], &mut len, FOREVER));
            assert_eq!(len, wanted);
        }
    }
}

#[test]
fn what_is_shown_can_be_copied_and_the_line_goes_on() {
    let pair = unix();
    let mut reader = Reader::new(pair.r(), 5);
    pair.feed(b"abc\r\nx\r\n");
    too_long(reader.until_text(b"\r\n", NOWAIT), b"abc\r");
    let mut len = 0;
    gives(1, || reader.read_some(&mut [0; 8], &mut len, NOWAIT));
    assert_eq!(reader.until_text(b"\r\n", NOWAIT), whole(b"\n"));
    // A byte read past the search is between.
    assert_eq!(reader.until_text(b"\r\n", NOWAIT), whole(b"x\r\n"));
    pair.feed(b"abc\r");
    too_long(reader.until_text(b"\r\n", NOWAIT), b"abc\r");
    gives(4, || reader.take());
    pair.feed(b"-");
    gives(1, || reader.read_some(&mut [0; 1], &mut len, NOWAIT));
    pair.feed(b"\n");
    not_yet(reader.until_text(b"\r\n", NOWAIT));
}

#[test]
fn sockutil_reader_read_some_EAGAIN() {
    for pair in streams() {
        let mut reader = Reader::new(pair.r(), 8);
        let mut len = 4711;
        fails(EAGAIN, || reader.read_some(&mut [0; 8], &mut len, NOWAIT));
        assert_eq!(len, 0);
        takes_ms(40, || fails(EAGAIN, || reader.read_some(&mut [0; 8], &mut len, 40)));
        takes_ms(120, || in_a_storm(|| fails(EAGAIN, || reader.read_some(&mut [0; 8], &mut len, 120))));
        pair.feed(b"x");
        gives(1, || reader.read_some(&mut [0; 8], &mut len, NOWAIT));
        assert_eq!(len, 1, "{}", pair.kind);
    }
}

#[test]
fn sockutil_reader_read_some_EINVAL() {
    let pair = unix();
    pair.feed(b"x\nab");
    let mut reader = Reader::new(pair.r(), 16);
    assert_eq!(reader.line(FOREVER), whole(b"x\n"));
    let mut buffer = [9_u8; 4];
    let place = buffer.as_mut_ptr().cast();
    let mut zeros: sockutil_reader = unsafe { mem::zeroed() };
    let refuse = |r, buf, n, timeout| {
        let mut len = 4711;
        fails(EINVAL, || unsafe { sockutil_reader_read_some(r, buf, n, &raw mut len, timeout) });
        assert_eq!(len, 0);
    };
    let r = &raw mut reader.raw;
    refuse(ptr::null_mut(), place, 4, FOREVER);
    refuse(&raw mut zeros, place, 4, FOREVER);
    refuse(r, ptr::null_mut(), 4, FOREVER);
    for n in [0].into_iter().chain(TOO_LONG) {
        refuse(r, place, n, FOREVER);
    }
    refuse(r, place, 4, -2);
    fails(EINVAL, || unsafe { sockutil_reader_read_some(r, place, 4, ptr::null_mut(), FOREVER) });
    assert_eq!((buffer, reader.pending()), ([9; 4], 2));
}

#[test]
fn sockutil_reader_read_some_EBADF() {
    for timeout in [FOREVER, NOWAIT, 10] {
        for fd in [-1, CLOSED, pipe().w()] {
            let mut len = 4711;
            fails(EBADF, || Reader::new(fd, 9).read_some(&mut [0; 8], &mut len, timeout));
            assert_eq!(len, 0);
        }
    }
}
