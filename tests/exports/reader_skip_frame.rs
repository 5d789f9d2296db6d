//! Dropping a whole frame.

use std::mem;
use std::os::fd::AsRawFd;
use std::ptr;

use crate::c::*;
use libc::c_int;

use crate::kit::*;
use crate::reader::{Reader, framed, not_yet, whole};

#[test]
fn a_frame_is_dropped_whatever_its_length_and_the_memory_are() {
    for pair in streams() {
        for timeout in [FOREVER, NOWAIT, 1000] {
            for cap in [2, 3, 5, 6, 64, 4096] {
                for (header_bytes, body) in [(1, 0), (1, 255), (2, 0), (2, 3000), (4, 0), (4, 1), (4, 3000)] {
                    let mut reader = Reader::new(pair.r(), cap);
                    pair.feed(&[&framed(header_bytes, &pattern(body))[..], b"\n"].concat());
                    let mut done = 0;
                    gives(1, || reader.skip_frame(header_bytes as c_int, &mut done, timeout));
                    assert_eq!(done, header_bytes + body, "{} {cap}", pair.kind);
                    // And not a byte more.
                    assert_eq!(reader.line(timeout), whole(b"\n"));
                }
            }
        }
    }
}

#[test]
fn after_emsgsize_the_frame_is_dropped_with_its_header() {
    for pair in streams() {
        let mut reader = Reader::new(pair.r(), 16);
        pair.feed(&[framed(2, &pattern(1000)), framed(2, b"next")].concat());
        assert_eq!((reader.frame(2, FOREVER).0, errno()), (-1, Errno(EMSGSIZE)));
        let mut done = 0;
        gives(1, || reader.skip_frame(2, &mut done, FOREVER));
        assert_eq!(done, 1002);
        assert_eq!(reader.frame(2, FOREVER), whole(b"next"), "{}", pair.kind);
    }
}

#[test]
fn the_reader_keeps_the_place_without_done() {
    for pair in [tcp(), pipe()] {
        for header_bytes in [1, 2, 4] {
            let mut reader = Reader::new(pair.r(), 4);
            let frame = framed(header_bytes, &pattern(20));
            for byte in &frame {
                let r = &raw mut reader.raw;
                let skip = || unsafe { sockutil_reader_skip_frame(r, header_bytes as c_int, ptr::null_mut(), NOWAIT) };
                fails(EAGAIN, skip);
                pair.feed(&[*byte]);
            }
            let r = &raw mut reader.raw;
            gives(1, || unsafe { sockutil_reader_skip_frame(r, header_bytes as c_int, ptr::null_mut(), NOWAIT) });
            pair.feed(b"\n");
            assert_eq!(reader.line(NOWAIT), whole(b"\n"), "{}", pair.kind);
        }
    }
}

/// Every other call that reads.
fn refuses_all_others(reader: &mut Reader, header_bytes: c_int) {
    let pending = reader.pending();
    // Never for ever: what is not refused would wait.
    for timeout in [NOWAIT, 10] {
        assert_eq!((reader.line(timeout).0, errno()), (-1, Errno(EINVAL)));
        assert_eq!((reader.until(b';', timeout).0, errno()), (-1, Errno(EINVAL)));
        assert_eq!((reader.until_text(b"\r\n", timeout).0, errno()), (-1, Errno(EINVAL)));
        assert_eq!((reader.frame(header_bytes, timeout).0, errno()), (-1, Errno(EINVAL)));
        let (mut buffer, mut done, mut len) = ([0xEE; 4], 0, 4711);
        fails(EINVAL, || reader.copy_line(&mut buffer, &mut done, timeout));
        fails(EINVAL, || reader.read_full(&mut buffer, &mut done, timeout));
        fails(EINVAL, || reader.read_full(&mut [], &mut done, timeout));
        fails(EINVAL, || reader.read_some(&mut buffer, &mut len, timeout));
        fails(EINVAL, || reader.skip_line(&mut done, timeout));
        // Nor another frame.
        for other in [1, 2, 4].into_iter().filter(|other| *other != header_bytes) {
            fails(EINVAL, || reader.skip_frame(other, &mut done, timeout));
        }
        assert_eq!((buffer, done, len), ([0xEE; 4], 0, 0));
        gives(0, || reader.take());
    }
    assert_eq!(reader.pending(), pending);
}

#[test]
fn until_the_frame_is_dropped_every_other_call_is_refused() {
    for header_bytes in [1, 2, 4] {
        let pair = tcp();
        let mut reader = Reader::new(pair.r(), 16);
        let frame = framed(header_bytes, b"body;\r\n");
        pair.feed(b"x\n");
        assert_eq!(reader.line(FOREVER), whole(b"x\n"));
        let (mut done, size) = (0, header_bytes as c_int);
        for (count, byte) in frame.iter().enumerate() {
            fails(EAGAIN, || reader.skip_frame(size, &mut done, NOWAIT));
            assert_eq!(done, count);
            refuses_all_others(&mut reader, size);
            pair.feed(&[*byte]);
        }
        pair.feed(b"after\n");
        gives(1, || reader.skip_frame(size, &mut done, FOREVER));
        assert_eq!(done, frame.len());
        assert_eq!(reader.line(FOREVER), whole(b"after\n"));
    }
}

#[test]
fn a_reader_made_anew_is_in_no_frame() {
    let pair = unix();
    let mut reader = Reader::new(pair.r(), 16);
    fails(EAGAIN, || reader.skip_frame(4, &mut 0, NOWAIT));
    let (r, fd, memory) = (&raw mut reader.raw, pair.r(), reader.memory.as_mut_ptr());
    gives(0, || unsafe { sockutil_reader_init(r, fd, memory.cast(), 16) });
    not_yet(reader.line(NOWAIT));
}

#[test]
fn the_end_inside_a_frame_is_told_by_the_count() {
    for timeout in [FOREVER, NOWAIT, 1000] {
        for sent in [&b""[..], b"\0", b"\0\x05", b"\0\x05ab"] {
            for pair in streams() {
                pair.feed(sent);
                let end = pair.end();
                let mut reader = Reader::new(end.as_raw_fd(), 3);
                let mut done = 0;
                gives(0, || reader.skip_frame(2, &mut done, timeout));
                assert_eq!(done, sent.len());
                // It is over: other calls may read, and the next frame is a new one.
                assert_eq!(reader.line(timeout), (0, Vec::new()));
                done = 0;
                gives(0, || reader.skip_frame(1, &mut done, timeout));
                assert_eq!(done, 0);
            }
        }
    }
}

#[test]
fn the_largest_announced_frame_is_dropped_as_it_comes() {
    let pair = unix();
    let mut reader = Reader::new(pair.r(), 64);
    pair.feed(b"\xff\xff\xff\xffabc");
    let mut done = 0;
    fails(EAGAIN, || reader.skip_frame(4, &mut done, NOWAIT));
    assert_eq!(done, 7);
    pair.feed(&[b'\n'; 1000]);
    fails(EAGAIN, || reader.skip_frame(4, &mut done, NOWAIT));
    assert_eq!(done, 1007);
    let end = pair.end();
    gives(0, || reader.skip_frame(4, &mut done, FOREVER));
    assert_eq!(done, 1007);
    drop(end);
}

#[test]
fn the_count_stops_at_the_largest_number() {
    let pair = unix();
    pair.feed(&framed(1, b"abc"));
    let mut reader = Reader::new(pair.r(), 64);
    let mut done = usize::MAX - 1;
    gives(1, || reader.skip_frame(1, &mut done, FOREVER));
    assert_eq!(done, usize::MAX);
}

#[test]
fn skip_frame_with_nowait_moves_at_most_256_kib_whatever_the_memory() {
    const BOUND: usize = 256 * 1024;
    let path = crate::support::scratch("reader").join(format!("long-frame-{}", std::process::id()));
    std::fs::write(&path, framed(4, &vec![b'x'; 2 * BOUND + 5])).unwrap();
    let file = std::fs::File::open(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let mut reader = Reader::new(file.as_raw_fd(), 1 << 20);
    let mut done = 0;
    fails(EAGAIN, || reader.skip_frame(4, &mut done, NOWAIT));
    assert_eq!(done, BOUND);
    fails(EAGAIN, || reader.skip_frame(4, &mut done, NOWAIT));
    assert_eq!(done, 2 * BOUND);
    gives(1, || reader.skip_frame(4, &mut done, NOWAIT));
    assert_eq!(done, 4 + 2 * BOUND + 5);
}

#[test]
fn sockutil_reader_skip_frame_EAGAIN() {
    for pair in streams() {
        let mut reader = Reader::new(pair.r(), 8);
        let mut done = 0;
        pair.feed(b"\0\x05ab");
        takes_ms(40, || fails(EAGAIN, || reader.skip_frame(2, &mut done, 40)));
        assert_eq!(done, 4);
        takes_ms(120, || in_a_storm(|| fails(EAGAIN, || reader.skip_frame(2, &mut done, 120))));
        pair.feed(b"cdef\n");
        gives(1, || reader.skip_frame(2, &mut done, NOWAIT));
        assert_eq!(done, 7);
        assert_eq!(reader.line(NOWAIT), whole(b"f\n"), "{}", pair.kind);
    }
}

#[test]
fn sockutil_reader_skip_frame_EINVAL() {
    let pair = unix();
    pair.feed(b"\x01x\n");
    let mut reader = Reader::new(pair.r(), 16);
    let mut zeros: sockutil_reader = unsafe { mem::zeroed() };
    fails(EINVAL, || unsafe { sockutil_reader_skip_frame(ptr::null_mut(), 1, &mut 0, FOREVER) });
    fails(EINVAL, || unsafe { sockutil_reader_skip_frame(&raw mut zeros, 1, &mut 0, FOREVER) });
    for header_bytes in [0, 3, 5, 8, -1, c_int::MAX, c_int::MIN] {
        fails(EINVAL, || reader.skip_frame(header_bytes, &mut 0, FOREVER));
    }
    for timeout in [-2, c_int::MIN] {
        fails(EINVAL, || reader.skip_frame(1, &mut 0, timeout));
    }
    // A call that was refused has begun no frame.
    assert_eq!(reader.frame(1, NOWAIT), whole(b"x"));
    assert_eq!(reader.line(NOWAIT), whole(b"\n"));
}

#[test]
fn sockutil_reader_skip_frame_EBADF() {
    for timeout in [FOREVER, NOWAIT, 10] {
        for fd in [-1, CLOSED, pipe().w()] {
            let mut reader = Reader::new(fd, 9);
            fails(EBADF, || reader.skip_frame(2, &mut 0, timeout));
        }
    }
}
