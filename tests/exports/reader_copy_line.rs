//! Copying a line by way of the reader.

use std::mem;
use std::os::fd::AsRawFd;
use std::ptr;

use crate::c::*;

use crate::kit::*;
use crate::reader::{Reader, whole};

#[test]
fn a_line_longer_than_the_readers_memory_is_copied() {
    for pair in streams() {
        for timeout in [FOREVER, NOWAIT, 1000] {
            let mut reader = Reader::new(pair.r(), 4);
            pair.feed(b"one\n\n\0and more than four\r\nnext\n");
            for line in [&b"one\n"[..], b"\n", b"\0and more than four\r\n"] {
                let (mut buffer, mut done) = ([0xEE; 32], 0);
                gives(1, || reader.copy_line(&mut buffer, &mut done, timeout));
                assert_eq!((&buffer[..done], buffer[done], buffer[done + 1]), (line, 0, 0xEE), "{}", pair.kind);
            }
            // It takes no more than the line from what is held.
            let mut rest = [0; 5];
            gives(1, || reader.read_full(&mut rest, &mut 0, timeout));
            assert_eq!(&rest, b"next\n");
        }
    }
}

#[test]
fn held_bytes_need_no_descriptor() {
    let pair = tcp();
    let mut reader = Reader::new(pair.r(), 32);
    pair.feed(b"a\nbc\nd\n");
    assert_eq!(reader.line(FOREVER), whole(b"a\n"));
    drop(pair);
    let (mut buffer, mut done) = ([0xEE; 8], 0);
    gives(1, || reader.copy_line(&mut buffer, &mut done, FOREVER));
    assert_eq!(&buffer[..4], b"bc\n\0");
    assert_eq!(reader.line(FOREVER), whole(b"d\n"));
}

#[test]
fn the_end_leaves_the_rest_in_the_callers_memory() {
    for timeout in [FOREVER, NOWAIT, 1000] {
        for pair in streams() {
            pair.feed(b"one\nrest");
            let end = pair.end();
            let mut reader = Reader::new(end.as_raw_fd(), 3);
            for (answer, line) in [(1, &b"one\n"[..]), (0, b"rest"), (0, b"")] {
                let (mut buffer, mut done) = ([0xEE; 9], 0);
                gives(answer, || reader.copy_line(&mut buffer, &mut done, timeout));
                assert_eq!((&buffer[..done], buffer[done]), (line, 0));
            }
        }
    }
}

#[test]
fn sockutil_reader_copy_line_EAGAIN() {
    for pair in streams() {
        let mut reader = Reader::new(pair.r(), 3);
        let (mut buffer, mut done) = ([0xEE; 16], 0);
        fails(EAGAIN, || reader.copy_line(&mut buffer, &mut done, NOWAIT));
        assert_eq!((done, buffer[0]), (0, 0));
        pair.feed(b"abcd");
        takes_ms(40, || fails(EAGAIN, || reader.copy_line(&mut buffer, &mut done, 40)));
        assert_eq!((done, reader.pending(), &buffer[..5]), (4, 0, &b"abcd\0"[..]));
        takes_ms(120, || in_a_storm(|| fails(EAGAIN, || reader.copy_line(&mut buffer, &mut done, 120))));
        pair.feed(b"e\nf");
        gives(1, || reader.copy_line(&mut buffer, &mut done, NOWAIT));
        assert_eq!((&buffer[..7], done), (&b"abcde\n\0"[..], 6), "{}", pair.kind);
    }
}

#[test]
fn sockutil_reader_copy_line_EMSGSIZE() {
    for pair in streams() {
        for timeout in [FOREVER, NOWAIT, 1000] {
            let mut reader = Reader::new(pair.r(), 64);
            pair.feed(b"abcdefg\nabcd\nab\n");
            let (mut buffer, mut done) = ([0xEE; 6], 0);
            let memory = &mut buffer[..5];
            fails(EMSGSIZE, || reader.copy_line(memory, &mut done, timeout));
            assert_eq!((&*memory, done), (&b"abcd\0"[..], 4));
            // It shows nothing of the reader's.
            gives(0, || reader.take());
            done = 0;
            gives(1, || reader.copy_line(memory, &mut done, timeout));
            assert_eq!(&memory[..5], b"efg\n\0");
            done = 0;
            fails(EMSGSIZE, || reader.copy_line(memory, &mut done, timeout));
            // The rest of a line, even if that is only its newline.
            done = 0;
            gives(1, || reader.copy_line(memory, &mut done, timeout));
            assert_eq!((&memory[..2], done), (&b"\n\0"[..], 1));
            done = 0;
            gives(1, || reader.copy_line(memory, &mut done, timeout));
            assert_eq!(&memory[..4], b"ab\n\0");
            assert_eq!(buffer[5], 0xEE, "{}", pair.kind);
        }
    }
}

#[test]
fn sockutil_reader_copy_line_EINVAL() {
    let pair = unix();
    pair.feed(b"x\nab\n");
    let mut reader = Reader::new(pair.r(), 16);
    assert_eq!(reader.line(FOREVER), whole(b"x\n"));
    let mut buffer = [b'\n'; 8];
    let place = buffer.as_mut_ptr().cast();
    let r = &raw mut reader.raw;
    let call =
        |r, buf, cap, done: &mut usize, timeout| unsafe { sockutil_reader_copy_line(r, buf, cap, done, timeout) };
    let mut zeros: sockutil_reader = unsafe { mem::zeroed() };
    fails(EINVAL, || call(ptr::null_mut(), place, 8, &mut 0, FOREVER));
    fails(EINVAL, || call(&raw mut zeros, place, 8, &mut 0, FOREVER));
    fails(EINVAL, || call(r, ptr::null_mut(), 8, &mut 0, FOREVER));
    for cap in [0, 1].into_iter().chain(TOO_LONG) {
        fails(EINVAL, || call(r, place, cap, &mut 0, FOREVER));
    }
    fails(EINVAL, || call(r, place, 8, &mut 0, -2));
    // 1: it ends with a newline already.
    for start in [1, 7, 8, usize::MAX] {
        let mut done = start;
        fails(EINVAL, || call(r, place, 8, &mut done, FOREVER));
        assert_eq!(done, start);
    }
    assert_eq!((buffer, reader.pending()), ([b'\n'; 8], 3));
    gives(1, || unsafe { sockutil_reader_copy_line(r, place, 8, ptr::null_mut(), FOREVER) });
    assert_eq!(&buffer[..4], b"ab\n\0");
}

#[test]
fn sockutil_reader_copy_line_EBADF() {
    for timeout in [FOREVER, NOWAIT, 10] {
        for fd in [-1, CLOSED, pipe().w()] {
            let mut reader = Reader::new(fd, 9);
            fails(EBADF, || reader.copy_line(&mut [0; 3], &mut 0, timeout));
        }
    }
}
