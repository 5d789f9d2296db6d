//! Taking what EMSGSIZE has shown.

use std::ffi::c_char;
use std::mem;
use std::os::fd::AsRawFd;
use std::ptr;

use crate::c::*;
use libc::c_int;

use crate::kit::*;
use crate::reader::{Reader, framed, not_yet, too_long, whole};

#[test]
fn what_is_shown_is_taken_once_and_the_line_goes_on() {
    for pair in streams() {
        for timeout in [FOREVER, NOWAIT, 1000] {
            let mut reader = Reader::new(pair.r(), 5);
            pair.feed(b"abcdefg\nab\n");
            too_long(reader.line(timeout), b"abcd");
            assert_eq!(reader.pending(), 4);
            gives(4, || reader.take());
            gives(0, || reader.pending());
            gives(0, || reader.take());
            assert_eq!(reader.line(timeout), whole(b"efg\n"), "{}", pair.kind);
            gives(0, || reader.take());
            assert_eq!(reader.line(timeout), whole(b"ab\n"));
        }
    }
}

#[test]
fn the_line_goes_on_even_if_that_is_only_its_newline() {
    for pair in streams() {
        pair.feed(b"abcd\nabcdabcd\nx;");
        let mut reader = Reader::new(pair.r(), 5);
        too_long(reader.line(NOWAIT), b"abcd");
        gives(4, || reader.take());
        assert_eq!(reader.line(NOWAIT), whole(b"\n"));
        for _ in 0..2 {
            too_long(reader.line(NOWAIT), b"abcd");
            gives(4, || reader.take());
        }
        // Through other calls, too.
        let mut done = 0;
        gives(1, || reader.skip_line(&mut done, NOWAIT));
        assert_eq!(done, 1);
        assert_eq!(reader.until(b';', NOWAIT), whole(b"x;"), "{}", pair.kind);
    }
}

#[test]
fn what_is_taken_stays_where_it_is_until_the_next_call() {
    let pair = tcp();
    pair.feed(b"xy\nabcdefgh\n");
    let mut reader = Reader::new(pair.r(), 8);
    assert_eq!(reader.line(FOREVER), whole(b"xy\n"));
    let (mut line, mut len): (*mut c_char, usize) = (ptr::null_mut(), 0);
    fails(EMSGSIZE, || unsafe { sockutil_reader_line(&raw mut reader.raw, &raw mut line, &raw mut len, FOREVER) });
    gives(7, || reader.take());
    gives(0, || reader.pending());
    gives(0, || reader.take());
    assert_eq!(unsafe { std::slice::from_raw_parts(line.cast::<u8>(), len + 1) }, b"abcdefg\0");
    // They may be changed, too.
    unsafe { ptr::write_bytes(line, b'\n', len + 1) };
    assert_eq!(reader.line(FOREVER), whole(b"h\n"));
}

#[test]
fn without_take_nothing_is_dropped() {
    let pair = unix();
    pair.feed(b"abcdefg\n");
    let mut reader = Reader::new(pair.r(), 5);
    for _ in 0..3 {
        too_long(reader.line(NOWAIT), b"abcd");
        too_long(reader.until(b';', NOWAIT), b"abcd");
    }
    gives(4, || reader.take());
    assert_eq!(reader.line(NOWAIT), whole(b"efg\n"));
}

type Other = fn(&mut Reader);

#[test]
fn after_every_other_return_there_is_nothing_to_take() {
    let pair = tcp();
    let mut reader = Reader::new(pair.r(), 5);
    gives(0, || reader.take());
    not_yet(reader.line(NOWAIT));
    gives(0, || reader.take());
    pair.feed(b"a\nbc");
    assert_eq!(reader.line(FOREVER), whole(b"a\n"));
    gives(0, || reader.take());
    not_yet(reader.line(NOWAIT));
    gives(0, || reader.take());
    // A frame's EMSGSIZE shows nothing.
    assert_eq!((reader.frame(1, NOWAIT).0, errno()), (-1, Errno(EMSGSIZE)));
    gives(0, || reader.take());
    assert_eq!(reader.pending(), 2);
    pair.feed(b"defghijk");
    let others: [Other; 7] = [
        |reader| gives(1, || reader.read_full(&mut [0; 1], &mut 0, NOWAIT)),
        |reader| fails(EINVAL, || reader.read_full(&mut [0; 1], &mut 1, NOWAIT)),
        |reader| fails(EINVAL, || reader.skip_line(&mut 0, -2)),
        |reader| assert_eq!((reader.line(-2).0, errno()), (-1, Errno(EINVAL))),
        |reader| assert_eq!((reader.frame(3, NOWAIT).0, errno()), (-1, Errno(EINVAL))),
        |reader| {
            let (r, mut len) = (&raw mut reader.raw, 0);
            fails(EINVAL, || unsafe { sockutil_reader_line(r, ptr::null_mut(), &raw mut len, NOWAIT) });
        },
        |reader| {
            let (r, mut line, mut len) = (&raw mut reader.raw, ptr::null_mut(), 0);
            fails(EINVAL, || unsafe { sockutil_reader_until(r, 256, &raw mut line, &raw mut len, NOWAIT) });
        },
    ];
    for other in others {
        assert_eq!((reader.line(FOREVER).0, errno()), (-1, Errno(EMSGSIZE)));
        other(&mut reader);
        gives(0, || reader.take());
    }
    // pending is no call that reads, and changes nothing.
    too_long(reader.line(NOWAIT), b"cdef");
    assert_eq!(reader.pending(), 4);
    gives(4, || reader.take());
}

#[test]
fn the_end_after_taken_bytes_is_an_end() {
    for pair in streams() {
        pair.feed(b"abcdx");
        let end = pair.end();
        let mut reader = Reader::new(end.as_raw_fd(), 5);
        too_long(reader.line(FOREVER), b"abcd");
        gives(4, || reader.take());
        assert_eq!(reader.line(FOREVER), (0, b"x".to_vec()));
        gives(0, || reader.take());
        assert_eq!(reader.line(FOREVER), (0, Vec::new()));
        gives(0, || reader.take());
    }
}

#[test]
fn taken_bytes_are_followed_by_what_comes_whatever_it_is() {
    let pair = tcp();
    let mut reader = Reader::new(pair.r(), 5);
    pair.feed(&[b"abcd", &framed(1, b"xy")[..]].concat());
    too_long(reader.line(FOREVER), b"abcd");
    gives(4, || reader.take());
    not_yet(reader.line(NOWAIT));
    gives(0, || reader.take());
    assert_eq!(reader.frame(1, FOREVER), whole(b"xy"));
}

#[test]
fn take_of_nothing() {
    gives(0, || unsafe { sockutil_reader_take(ptr::null_mut()) });
    let mut zeros: sockutil_reader = unsafe { mem::zeroed() };
    gives(0, || unsafe { sockutil_reader_take(&raw mut zeros) });
    // A reader made anew holds nothing.
    let pair = unix();
    pair.feed(b"abcdefg");
    let mut reader = Reader::new(pair.r(), 3);
    too_long(reader.line(NOWAIT), b"ab");
    let (r, fd, memory) = (&raw mut reader.raw, pair.r(), reader.memory.as_mut_ptr());
    gives(0, || unsafe { sockutil_reader_init(r, fd, memory.cast(), 3) as c_int });
    gives(0, || reader.take());
}
