//! read_line and chomp.

use std::ffi::c_char;
use std::os::fd::AsRawFd;
use std::ptr;

use crate::c::{sockutil_chomp, sockutil_read_full, sockutil_read_line, sockutil_wait};
use libc::c_int;

use crate::kit::*;

fn read_line(fd: c_int, buffer: &mut [u8], done: &mut usize, timeout_ms: c_int) -> c_int {
    unsafe { sockutil_read_line(fd, buffer.as_mut_ptr().cast(), buffer.len(), done, timeout_ms) }
}

#[test]
fn a_line_ends_with_its_newline_and_a_nul() {
    for pair in streams() {
        for timeout in [FOREVER, NOWAIT, 1000] {
            pair.feed(b"one\n\r\n\n\0two\0\r\nrest");
            for line in [&b"one\n"[..], b"\r\n", b"\n", b"\0two\0\r\n"] {
                let (mut buffer, mut done) = ([0xEE; 16], 0);
                gives(1, || read_line(pair.r(), &mut buffer, &mut done, timeout));
                assert_eq!(done, line.len());
                assert_eq!((&buffer[..done], buffer[done]), (line, 0), "{}", pair.kind);
            }
            let mut rest = [0; 4];
            let place = rest.as_mut_ptr().cast();
            gives(1, || unsafe { sockutil_read_full(pair.r(), place, 4, ptr::null_mut(), timeout) });
            assert_eq!(&rest, b"rest");
        }
    }
}

#[test]
fn lines_of_every_length_around_the_first_look() {
    for pair in streams() {
        for length in [1, 2, 2046, 2047, 2048, 2049, 2050, 8191, 8192, 8193, 10_240, 40_000] {
            let mut line = pattern(length - 1);
            line.push(b'\n');
            let mut buffer = vec![0xEE; length + 1];
            let mut done = 0;
            beside(
                || pair.feed(&[&line[..], b"next\n"].concat()),
                || gives(1, || read_line(pair.r(), &mut buffer, &mut done, 5000)),
            );
            assert_eq!(done, length);
            assert!(buffer[..length] == line && buffer[length] == 0, "{} {length}", pair.kind);
            done = 0;
            gives(1, || read_line(pair.r(), &mut [0; 9], &mut done, 5000));
            assert_eq!(done, 5);
        }
    }
}

#[test]
fn a_line_in_pieces_is_one_line() {
    for pair in streams() {
        let mut line = pattern(5000);
        line.push(b'\n');
        let (mut buffer, mut done) = (vec![0; 6000], 0);
        for piece in line.chunks(7) {
            assert!(done < line.len());
            pair.feed(piece);
            let answer = read_line(pair.r(), &mut buffer, &mut done, NOWAIT);
            assert_eq!(answer, if done == line.len() { 1 } else { -1 });
            assert_eq!(buffer[done], 0);
        }
        assert!(buffer[..done] == line, "{}", pair.kind);
    }
}

/// Each time fewer bytes are there than the call has asked for, in a call that goes on.
#[test]
fn a_line_in_pieces_is_one_line_for_one_call() {
    for pair in streams() {
        let mut line = pattern(100);
        line.push(b'\n');
        let (mut buffer, mut done) = ([0; 200], 0);
        let waiter = unsafe { libc::gettid() };
        let taken = || sockutil_wait(pair.r(), libc::POLLIN.into(), NOWAIT) == -1;
        beside(
            || {
                for byte in &line {
                    until_it_sleeps(waiter);
                    pair.feed(&[*byte]);
                    while !taken() {
                        look_again();
                    }
                }
            },
            || gives(1, || read_line(pair.r(), &mut buffer, &mut done, 20_000)),
        );
        assert!(buffer[..done] == line, "{}: {done}", pair.kind);
    }
}

/// /dev/zero gives single bytes for ever.
#[test]
fn bytes_that_keep_coming_do_not_stretch_the_limit() {
    let zeros = std::fs::File::open("/dev/zero").unwrap();
    let (mut buffer, mut done) = (vec![1; 8 << 20], 0);
    fails(EAGAIN, || read_line(zeros.as_raw_fd(), &mut buffer, &mut done, 20));
    assert!(done > 0 && done < buffer.len() - 1, "{done}");
    assert_eq!(buffer[..=done].iter().find(|byte| **byte != 0), None);
}

#[test]
fn sockutil_read_line_EAGAIN() {
    for pair in streams() {
        let (mut buffer, mut done) = ([0xEE; 16], 0);
        fails(EAGAIN, || read_line(pair.r(), &mut buffer, &mut done, NOWAIT));
        assert_eq!((done, buffer[0]), (0, 0));
        pair.feed(b"ab");
        takes_ms(40, || fails(EAGAIN, || read_line(pair.r(), &mut buffer, &mut done, 40)));
        assert_eq!((done, &buffer[..3]), (2, &b"ab\0"[..]), "{}", pair.kind);
        set_nonblock(pair.r());
        takes_ms(40, || fails(EAGAIN, || read_line(pair.r(), &mut buffer, &mut done, 40)));
        pair.feed(b"c\nx");
        gives(1, || read_line(pair.r(), &mut buffer, &mut done, 40));
        assert_eq!((done, &buffer[..5]), (4, &b"abc\n\0"[..]), "{}", pair.kind);
    }
}

#[test]
fn sockutil_read_line_EMSGSIZE() {
    for pair in streams() {
        for timeout in [FOREVER, NOWAIT, 1000] {
            pair.feed(b"abcdefg\nh\n");
            let mut buffer = [0xEE; 4];
            for piece in [b"abc\0", b"def\0"] {
                let mut done = 0;
                fails(EMSGSIZE, || read_line(pair.r(), &mut buffer, &mut done, timeout));
                assert_eq!((done, &buffer), (3, piece), "{}", pair.kind);
            }
            for (line, length) in [(b"g\n\0", 2), (b"h\n\0", 2)] {
                let mut done = 0;
                gives(1, || read_line(pair.r(), &mut buffer, &mut done, timeout));
                assert_eq!((done, &buffer[..3]), (length, &line[..]), "{}", pair.kind);
            }
            // A line that just fits is no longer line.
            pair.feed(b"ab\n");
            let mut done = 0;
            gives(1, || read_line(pair.r(), &mut buffer, &mut done, timeout));
            assert_eq!(&buffer, b"ab\n\0");
        }
    }
}

#[test]
fn nothing_is_written_behind_the_capacity() {
    for pair in streams() {
        pair.feed(b"abcdefghijklmnop\n");
        let mut buffer = [0xEE; 16];
        let mut done = 0;
        fails(EMSGSIZE, || unsafe {
            sockutil_read_line(pair.r(), buffer.as_mut_ptr().cast(), 8, &raw mut done, FOREVER)
        });
        assert_eq!(buffer[8..], [0xEE; 8]);
    }
}

#[test]
fn an_unterminated_last_line_is_kept() {
    for timeout in [FOREVER, NOWAIT, 1000] {
        for pair in streams() {
            pair.feed(b"one\nlast");
            let reader = pair.end();
            let fd = reader.as_raw_fd();
            let (mut buffer, mut done) = ([0xEE; 16], 0);
            gives(1, || read_line(fd, &mut buffer, &mut done, timeout));
            done = 0;
            gives(0, || read_line(fd, &mut buffer, &mut done, timeout));
            assert_eq!((done, &buffer[..5]), (4, &b"last\0"[..]));
            done = 0;
            gives(0, || read_line(fd, &mut buffer, &mut done, timeout));
            assert_eq!((done, buffer[0]), (0, 0));
        }
    }
}

#[test]
fn sockutil_read_line_EINVAL() {
    let pair = unix();
    pair.feed(b"ab\n");
    let mut buffer = *b"xxxx";
    let place: *mut c_char = buffer.as_mut_ptr().cast();
    let call = |buf, cap, done: &mut usize, timeout| unsafe { sockutil_read_line(pair.r(), buf, cap, done, timeout) };
    let mut done = 0;
    for cap in [0, 1, 4] {
        fails(EINVAL, || call(ptr::null_mut(), cap, &mut done, FOREVER));
    }
    for cap in [0, 1].into_iter().chain(TOO_LONG) {
        fails(EINVAL, || call(place, cap, &mut done, FOREVER));
    }
    for timeout in [-2, c_int::MIN] {
        fails(EINVAL, || call(place, 4, &mut done, timeout));
    }
    // Full already, more than full, and a count that cannot be.
    for start in [3, 4, usize::MAX] {
        done = start;
        fails(EINVAL, || call(place, 4, &mut done, FOREVER));
        assert_eq!(done, start);
    }
    assert_eq!(&buffer, b"xxxx");
    // A whole line already.
    buffer[1] = b'\n';
    done = 2;
    fails(EINVAL, || unsafe { sockutil_read_line(pair.r(), buffer.as_mut_ptr().cast(), 4, &raw mut done, FOREVER) });
    assert_eq!((done, &buffer), (2, b"x\nxx"));
    // And nothing was taken.
    done = 0;
    gives(1, || read_line(pair.r(), &mut buffer, &mut done, FOREVER));
    assert_eq!(&buffer, b"ab\n\0");
}

#[test]
fn sockutil_read_line_EBADF() {
    for timeout in [FOREVER, NOWAIT, 10] {
        for fd in [-1, CLOSED, pipe().w()] {
            fails(EBADF, || read_line(fd, &mut [0; 9], &mut 0, timeout));
        }
    }
}

#[test]
fn a_null_done_starts_a_line() {
    let pair = tcp();
    pair.feed(b"ab\ncd\n");
    for line in [b"ab\n\0", b"cd\n\0"] {
        let mut buffer = [0xEE; 4];
        gives(1, || unsafe { sockutil_read_line(pair.r(), buffer.as_mut_ptr().cast(), 4, ptr::null_mut(), FOREVER) });
        assert_eq!(&buffer, line);
    }
}

#[test]
fn a_reset_leaves_what_came_before() {
    let pair = tcp();
    pair.feed(b"half");
    let (mut buffer, mut done) = ([0xEE; 16], 0);
    fails(EAGAIN, || read_line(pair.r(), &mut buffer, &mut done, 100));
    reset(pair.writer);
    fails(libc::ECONNRESET, || read_line(pair.reader.as_raw_fd(), &mut buffer, &mut done, FOREVER));
    assert_eq!((done, &buffer[..5]), (4, &b"half\0"[..]));
}

#[test]
fn signals_neither_end_nor_stretch_a_line() {
    for pair in streams() {
        let (mut buffer, mut done) = (vec![0; 4000], 0);
        takes_ms(120, || in_a_storm(|| fails(EAGAIN, || read_line(pair.r(), &mut buffer, &mut done, 120))));
        let mut line = pattern(3000);
        line.push(b'\n');
        beside(
            || {
                for piece in line.chunks(400) {
                    fails(EAGAIN, || sockutil_wait(pair.r(), libc::POLLPRI.into(), 5));
                    pair.feed(piece);
                }
            },
            || in_a_storm(|| gives(1, || read_line(pair.r(), &mut buffer, &mut done, FOREVER))),
        );
        assert!(buffer[..done] == line, "{}", pair.kind);
    }
}

#[test]
fn readers_of_one_descriptor_lose_and_repeat_nothing() {
    for pair in streams() {
        // Lines of many lengths, so that what one reader has seen is seldom what it takes.
        let sent: Vec<u8> =
            (0..6000_usize).flat_map(|i| [format!("{}", i * i % 7919).as_bytes(), b"\n"].concat()).collect();
        let Pair { kind, reader, writer } = pair;
        let fd = reader.as_raw_fd();
        let take = || {
            let mut taken = Vec::new();
            let mut buffer = [0; 64];
            loop {
                let mut done = 0;
                let answer = read_line(fd, &mut buffer, &mut done, FOREVER);
                taken.extend_from_slice(&buffer[..done]);
                if answer == 0 {
                    return taken;
                }
            }
        };
        let mut taken = std::thread::scope(|scope| {
            let readers: Vec<_> = (0..3).map(|_| scope.spawn(take)).collect();
            sent.chunks(97).for_each(|piece| feed(writer.as_raw_fd(), piece));
            drop(writer);
            readers.into_iter().flat_map(|reader| reader.join().unwrap()).collect::<Vec<u8>>()
        });
        let mut expected = sent;
        taken.sort_unstable();
        expected.sort_unstable();
        assert!(taken == expected, "{kind}: {} bytes of {}", taken.len(), expected.len());
    }
}

#[test]
fn chomp_cuts_one_newline() {
    for (line, text) in [
        (&b"abc\n"[..], &b"abc"[..]),
        (b"abc\r\n", b"abc"),
        (b"abc", b"abc"),
        (b"abc\r", b"abc\r"),
        (b"abc\n\n", b"abc\n"),
        (b"abc\r\r\n", b"abc\r"),
        (b"abc\n\r\n", b"abc\n"),
        (b"a\nb\0c\n", b"a\nb\0c"),
        (b"\n", b""),
        (b"\r\n", b""),
        (b"\r", b"\r"),
        (b"", b""),
    ] {
        let mut memory = [line, b"\xEE\xEE"].concat();
        gives(text.len(), || unsafe { sockutil_chomp(memory.as_mut_ptr().cast(), line.len()) });
        assert_eq!(&memory[..text.len()], text);
        let nul = if text.len() < line.len() { 0 } else { 0xEE };
        assert_eq!(memory[text.len()], nul, "{line:?}");
        assert_eq!(&memory[line.len()..], b"\xEE\xEE", "nothing behind the line is touched");
    }
    gives(0, || unsafe { sockutil_chomp(ptr::null_mut(), 0) });
    gives(0, || unsafe { sockutil_chomp(ptr::null_mut(), 5) });
}
