//! Delimiters of several bytes.

use std::os::fd::AsRawFd;
use std::ptr;
use std::time::{Duration, Instant};

use crate::c::*;
use libc::c_int;

use crate::kit::*;
use crate::reader::{Reader, not_yet, refuses_bad_pointers, too_long, whole};

/// What the contract names, and delimiters that begin as they end.
const DELIMITERS: [&[u8]; 9] = [b"\r\n", b"\r\n\r\n", b"\r\n.\r\n", b";", b"aab", b"abab", b"aaaa", b"\0\0", b"abcabd"];

#[test]
fn data_ends_with_the_delimiter() {
    for pair in streams() {
        for timeout in [FOREVER, NOWAIT, 1000] {
            let mut reader = Reader::new(pair.r(), 64);
            pair.feed(b"A: 1\r\nB\n\rC\r\r\n\r\nbody\r\n.\r\n\r\n");
            assert_eq!(reader.until_text(b"\r\n", timeout), whole(b"A: 1\r\n"));
            assert_eq!(reader.until_text(b"\r\n\r\n", timeout), whole(b"B\n\rC\r\r\n\r\n"));
            assert_eq!(reader.until_text(b"\r\n.\r\n", timeout), whole(b"body\r\n.\r\n"));
            assert_eq!(reader.pending(), 2);
            assert_eq!(reader.line(timeout), whole(b"\r\n"), "{}", pair.kind);
        }
    }
}

#[test]
fn only_the_whole_delimiter_ends_held_data() {
    let pair = unix();
    let mut reader = Reader::new(pair.r(), 128);
    pair.feed(b"one\r\ntwo\nthree\r\n\r\n\n\r\nfour\rfive\nsix\r\nseven\nrest");
    for item in [&b"one\r\n"[..], b"two\nthree\r\n", b"\r\n", b"\n\r\n"] {
        assert_eq!(reader.until_text(b"\r\n", NOWAIT), whole(item));
    }
    // The delimiter may change at any call, also to its own last byte.
    assert_eq!(reader.line(NOWAIT), whole(b"four\rfive\n"));
    assert_eq!(reader.until_text(b"\r\n", NOWAIT), whole(b"six\r\n"));
    assert_eq!(reader.until_text(b"n\n", NOWAIT), whole(b"seven\n"));
    not_yet(reader.until_text(b"\r\n", NOWAIT));
    assert_eq!(reader.pending(), 4);
}

#[test]
fn the_nul_of_the_last_item_is_no_part_of_a_delimiter() {
    let pair = unix();
    let mut reader = Reader::new(pair.r(), 64);
    // The NUL after each item stands on the next one's first byte, here an X.
    pair.feed(b"a\0\nX\nb\0\nX\n\0\n\0\n");
    for item in [&b"a\0\n"[..], b"X\nb\0\n", b"X\n\0\n", b"\0\n"] {
        assert_eq!(reader.until_text(b"\0\n", NOWAIT), whole(item));
    }
    assert_eq!(reader.pending(), 0);
}

#[test]
fn a_held_delimiter_does_not_help_a_wrong_argument() {
    let pair = unix();
    let mut reader = Reader::new(pair.r(), 64);
    pair.feed(b"a\r\nb\r\nc\r\n");
    assert_eq!(reader.until_text(b"\r\n", NOWAIT), whole(b"a\r\n"));
    for _ in 0..2 {
        for timeout in [-2, c_int::MIN] {
            assert_eq!((reader.until_text(b"\r\n", timeout).0, errno()), (-1, Errno(EINVAL)));
        }
        assert_eq!((reader.until_text(b"", NOWAIT).0, errno()), (-1, Errno(EINVAL)));
        assert_eq!((reader.until_text(&[b'\n'; 256], NOWAIT).0, errno()), (-1, Errno(EINVAL)));
        assert_eq!((reader.until_text(&[b'\n'; 64], NOWAIT).0, errno()), (-1, Errno(EINVAL)));
    }
    assert_eq!(reader.until_text(b"\r\n", NOWAIT), whole(b"b\r\n"));
    assert_eq!(reader.until_text(b"\r\n", NOWAIT), whole(b"c\r\n"));
}

/// How many bytes end with the first delimiter: by the shortest program that says so.
fn through(bytes: &[u8], delimiter: &[u8]) -> Option<usize> {
    (delimiter.len()..=bytes.len()).find(|n| bytes[..*n].ends_with(delimiter))
}

#[test]
fn a_delimiter_is_found_wherever_a_packet_divides_it() {
    for delimiter in DELIMITERS {
        // Parts of it, then all of it, twice.
        let parts: Vec<u8> = (1..delimiter.len()).flat_map(|n| delimiter[..n].to_vec()).collect();
        let stream = [&parts[..], b"x", delimiter, delimiter].concat();
        let lengths: Vec<usize> = {
            let mut rest = &stream[..];
            std::iter::from_fn(|| {
                let n = through(rest, delimiter)?;
                rest = &rest[n..];
                Some(n)
            })
            .collect()
        };
        for cut in 0..=stream.len() {
            for pair in [unix(), pipe()] {
                let mut reader = Reader::new(pair.r(), 64);
                pair.feed(&stream[..cut]);
                let mut start = 0;
                let mut is_fed = false;
                for length in &lengths {
                    let mut answer = reader.until_text(delimiter, NOWAIT);
                    if answer.0 == -1 {
                        assert!(!is_fed && start + length > cut, "{delimiter:?} cut at {cut}");
                        not_yet(answer);
                        pair.feed(&stream[cut..]);
                        is_fed = true;
                        answer = reader.until_text(delimiter, NOWAIT);
                    }
                    assert_eq!(answer, whole(&stream[start..start + length]), "{delimiter:?} cut at {cut}");
                    start += length;
                }
            }
        }
    }
}

#[test]
fn every_short_stream_of_two_bytes_is_divided_where_the_shortest_program_divides_it() {
    // Each delimiter of up to 4 bytes and each stream of 9, of 'a' and 'b'; the memory is small, so it is moved too.
    let words = |n: usize| (0..1_usize << n).map(move |bits| (0..n).map(|i| b'a' + (bits >> i & 1) as u8).collect());
    let pair = unix();
    for length in 1..=4 {
        for delimiter in words(length) {
            let delimiter: Vec<u8> = delimiter;
            for stream in words(9) {
                let stream: Vec<u8> = stream;
                let mut reader = Reader::new(pair.r(), 12);
                let mut rest = &stream[..];
                for byte in &stream[..4] {
                    pair.feed(&[*byte]);
                    let held = &rest[..=reader.pending()];
                    let answer = reader.until_text(&delimiter, NOWAIT);
                    if through(held, &delimiter).is_some() {
                        assert_eq!(answer, whole(held));
                        rest = &rest[held.len()..];
                    } else {
                        not_yet(answer);
                    }
                }
                pair.feed(&stream[4..]);
                while let Some(n) = through(rest, &delimiter) {
                    assert_eq!(reader.until_text(&delimiter, NOWAIT), whole(&rest[..n]), "{delimiter:?} {stream:?}");
                    rest = &rest[n..];
                }
                not_yet(reader.until_text(&delimiter, NOWAIT));
                assert_eq!(reader.pending(), rest.len());
            }
        }
    }
}

#[test]
fn delimiters_may_change_between_calls() {
    for pair in streams() {
        let mut reader = Reader::new(pair.r(), 64);
        pair.feed(b"ab\r\ncd\n.\n-");
        not_yet(reader.until_text(b"--", NOWAIT));
        not_yet(reader.until(b'#', NOWAIT));
        assert_eq!(reader.until_text(b"\r\n", NOWAIT), whole(b"ab\r\n"));
        not_yet(reader.until_text(b"\r\n", NOWAIT));
        // One of the same length, and one that only begins as the last one did.
        not_yet(reader.until_text(b"\nx", NOWAIT));
        assert_eq!(reader.until_text(b"\n.", NOWAIT), whole(b"cd\n."));
        assert_eq!(reader.line(NOWAIT), whole(b"\n"));
        not_yet(reader.until_text(b"--", NOWAIT));
        // What was half found for one delimiter does not count for another.
        pair.feed(b"=\r\nx");
        not_yet(reader.until_text(b"+=", NOWAIT));
        assert_eq!(reader.until_text(b"-=", NOWAIT), whole(b"-="), "{}", pair.kind);
        not_yet(reader.until_text(b"yyyyyyyyy", NOWAIT));
        not_yet(reader.until_text(b"yyyyyyyyz", NOWAIT));
        assert_eq!(reader.line(NOWAIT), whole(b"\r\n"));
    }
}

#[test]
fn the_longest_delimiter() {
    for pair in streams() {
        let delimiter = pattern(255);
        let mut reader = Reader::new(pair.r(), 1000);
        pair.feed(&[&delimiter[..254], &delimiter, b"rest"].concat());
        assert_eq!(reader.until_text(&delimiter, FOREVER), whole(&[&delimiter[..254], &delimiter].concat()));
        assert_eq!(reader.pending(), 4);
        // It may fill the memory.
        let mut reader = Reader::new(pair.r(), 256);
        pair.feed(&delimiter);
        assert_eq!(reader.until_text(&delimiter, FOREVER), whole(&delimiter), "{}", pair.kind);
    }
}

#[test]
fn the_delimiter_may_lie_in_the_readers_memory() {
    let pair = unix();
    let mut reader = Reader::new(pair.r(), 16);
    pair.feed(b"--x\nbody--xrest\n");
    let (mut place, mut len) = (ptr::null_mut(), 0);
    let r = &raw mut reader.raw;
    gives(1, || unsafe { sockutil_reader_line(r, &raw mut place, &raw mut len, FOREVER) });
    let delimiter = place.cast_const().cast();
    gives(1, || unsafe { sockutil_reader_until_text(r, delimiter, 3, &raw mut place, &raw mut len, FOREVER) });
    assert_eq!(unsafe { std::slice::from_raw_parts(place.cast::<u8>(), len) }, b"body--x");
}

/// How a program takes what EMSGSIZE shows.
type Takes = fn(&mut Reader, usize);
const WAYS: [(&str, Takes); 2] = [
    ("take", |reader, n| gives(n, || reader.take())),
    ("read_full", |reader, n| gives(1, || reader.read_full(&mut vec![0; n], &mut 0, NOWAIT))),
];

#[test]
fn a_delimiter_that_has_begun_in_taken_bytes_is_found() {
    for delimiter in DELIMITERS {
        for (way, takes) in WAYS {
            // Whatever part of it is among the taken bytes.
            for before in 0..12_usize {
                let cap = delimiter.len() + 3;
                let pair = unix();
                let line = [&vec![b'x'; before], delimiter].concat();
                pair.feed(&[&line[..], b"\n"].concat());
                let mut reader = Reader::new(pair.r(), cap);
                let mut taken: Vec<u8> = Vec::new();
                loop {
                    let (answer, shown) = reader.until_text(delimiter, NOWAIT);
                    taken.extend(&shown);
                    if answer == 1 {
                        break;
                    }
                    assert_eq!((answer, errno()), (-1, Errno(EMSGSIZE)), "{delimiter:?} after {before}");
                    assert_eq!(shown.len(), cap - 1);
                    takes(&mut reader, shown.len());
                }
                assert_eq!(taken, line, "{delimiter:?} after {before}, by {way}");
                assert_eq!(reader.line(NOWAIT), whole(b"\n"));
            }
        }
    }
}

#[test]
fn a_call_that_takes_nothing_does_not_part_a_delimiter_that_has_begun() {
    type Nothing = fn(&mut Reader);
    let nothing: [(&str, Nothing); 5] = [
        ("frame", |reader| not_yet(reader.frame(1, NOWAIT))),
        ("read_some", |reader| fails(EAGAIN, || reader.read_some(&mut [0; 4], &mut 0, NOWAIT))),
        ("read_full", |reader| fails(EAGAIN, || reader.read_full(&mut [0; 4], &mut 0, NOWAIT))),
        ("read_full of nothing", |reader| gives(1, || reader.read_full(&mut [], &mut 0, NOWAIT))),
        ("copy_line", |reader| fails(EAGAIN, || reader.copy_line(&mut [0; 4], &mut 0, NOWAIT))),
    ];
    for (name, call) in nothing {
        let pair = unix();
        let mut reader = Reader::new(pair.r(), 8);
        pair.feed(b"abcde\r\n");
        too_long(reader.until_text(b"\r\n\r\n", NOWAIT), b"abcde\r\n");
        gives(7, || reader.take());
        call(&mut reader);
        pair.feed(b"\r\nX");
        assert_eq!(reader.until_text(b"\r\n\r\n", NOWAIT), whole(b"\r\n"), "after {name}");
    }
}

#[test]
fn what_was_taken_counts_for_the_same_delimiter_only() {
    let pair = unix();
    let mut reader = Reader::new(pair.r(), 5);
    let begin = |reader: &mut Reader| {
        pair.feed(b"abc\r\n\r\n");
        too_long(reader.until_text(b"\r\n", NOWAIT), b"abc\r");
        gives(4, || reader.take());
    };
    // Still after EAGAIN, and once.
    pair.feed(b"abc\r");
    too_long(reader.until_text(b"\r\n", NOWAIT), b"abc\r");
    gives(4, || reader.take());
    not_yet(reader.until_text(b"\r\n", NOWAIT));
    pair.feed(b"\n\n\r\n");
    assert_eq!(reader.until_text(b"\r\n", NOWAIT), whole(b"\n"));
    assert_eq!(reader.until_text(b"\r\n", NOWAIT), whole(b"\n\r\n"));
    // Another one.
    begin(&mut reader);
    assert_eq!(reader.until_text(b"\n\r", NOWAIT), whole(b"\n\r"));
    assert_eq!(reader.line(NOWAIT), whole(b"\n"));
    begin(&mut reader);
    not_yet(reader.until_text(b".\n", NOWAIT));
    assert_eq!(reader.until_text(b"\r\n", NOWAIT), whole(b"\n\r\n"));
    // Bytes that were read past the search come between.
    begin(&mut reader);
    gives(1, || reader.read_full(&mut [0; 1], &mut 0, NOWAIT));
    assert_eq!(reader.until_text(b"\r\n", NOWAIT), whole(b"\r\n"));
    begin(&mut reader);
    assert_eq!(reader.line(NOWAIT), whole(b"\n"));
    assert_eq!(reader.until_text(b"\r\n", NOWAIT), whole(b"\r\n"));
    // A call that shows nothing has ended no line: its bytes were taken for another reason.
    pair.feed(b"a\r");
    not_yet(reader.until_text(b"\r\n", NOWAIT));
    gives(1, || reader.read_full(&mut [0; 2], &mut 0, NOWAIT));
    pair.feed(b"\n\r\n");
    assert_eq!(reader.until_text(b"\r\n", NOWAIT), whole(b"\n\r\n"));
}

#[test]
fn the_end_hands_out_the_rest_once() {
    for timeout in [FOREVER, NOWAIT, 1000] {
        for pair in streams() {
            pair.feed(b"one\r\nrest\r");
            let end = pair.end();
            let mut reader = Reader::new(end.as_raw_fd(), 16);
            assert_eq!(reader.until_text(b"\r\n", timeout), whole(b"one\r\n"));
            assert_eq!(reader.until_text(b"\r\n", timeout), (0, b"rest\r".to_vec()));
            assert_eq!(reader.until_text(b"\r\n", timeout), (0, Vec::new()));
        }
    }
}

#[test]
fn what_comes_after_the_rest_is_no_part_of_it() {
    // A file that grows.
    let path = crate::support::scratch("reader").join(format!("grows-{}", std::process::id()));
    std::fs::write(&path, b"one\r").unwrap();
    let file = std::fs::File::open(&path).unwrap();
    let writer = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let mut reader = Reader::new(file.as_raw_fd(), 16);
    assert_eq!(reader.until_text(b"\r\n", NOWAIT), (0, b"one\r".to_vec()));
    feed(writer.as_raw_fd(), b"\ntwo\r\n");
    assert_eq!(reader.until_text(b"\r\n", NOWAIT), whole(b"\ntwo\r\n"));
}

/// The processor's time for a call, the least of three.
fn cost(mut call: impl FnMut() -> Duration) -> f64 {
    (0..3).map(|_| call()).min().unwrap_or_default().as_secs_f64()
}

fn thread_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    assert_eq!(unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) }, 0);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn file_of(bytes: &[u8]) -> std::fs::File {
    let path = crate::support::scratch("reader").join(format!("almost-{}-{:?}", std::process::id(), Instant::now()));
    std::fs::write(&path, bytes).unwrap();
    let file = std::fs::File::open(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    file
}

/// The cost of the search for a delimiter that never comes in so many bytes.
fn cost_of(delimiter: &[u8], stream: &[u8]) -> f64 {
    cost(|| {
        let file = file_of(stream);
        let mut reader = Reader::new(file.as_raw_fd(), stream.len() + 2);
        let start = thread_time();
        let answer = reader.item(|r, place, len| unsafe {
            sockutil_reader_until_text(r, delimiter.as_ptr().cast(), delimiter.len(), place, len, NOWAIT)
        });
        assert_eq!((answer.0, answer.1.len()), (0, stream.len()));
        thread_time().saturating_sub(start)
    })
}

#[test]
fn a_long_delimiter_that_almost_comes_costs_no_more_than_a_short_one() {
    let stream = vec![b'a'; 1 << 20];
    let long = [&[b'a'; 254][..], b"b"].concat();
    let (short, long) = (cost_of(b"ab", &stream), cost_of(&long, &stream));
    // Compared anew at each byte it would be a hundred times.
    assert!(long < 8.0 * short, "{long} s for 255 bytes, {short} s for 2");
}

#[test]
fn a_byte_at_a_time_costs_no_more_each_time() {
    let long = [&[b'a'; 254][..], b"b"].concat();
    for delimiter in [&b"\r\n"[..], b"ab", &long] {
        let cost_of_calls = |n: usize| {
            cost(|| {
                let pair = unix();
                let mut reader = Reader::new(pair.r(), n + 2);
                let mut sum = Duration::ZERO;
                for _ in 0..n {
                    pair.feed(b"a");
                    let start = thread_time();
                    let (r, mut place, mut len) = (&raw mut reader.raw, ptr::null_mut(), 0);
                    let (text, length) = (delimiter.as_ptr().cast(), delimiter.len());
                    let answer =
                        unsafe { sockutil_reader_until_text(r, text, length, &raw mut place, &raw mut len, NOWAIT) };
                    sum += thread_time().saturating_sub(start);
                    assert_eq!(answer, -1);
                }
                sum
            })
        };
        let (few, many) = (cost_of_calls(4000), cost_of_calls(32_000));
        // Eight times as many; if each call searched all, sixty-four times.
        assert!(many < 24.0 * few, "{many} s for 32,000 calls, {few} s for 4,000");
    }
}

#[test]
fn sockutil_reader_until_text_EAGAIN() {
    for pair in streams() {
        let mut reader = Reader::new(pair.r(), 16);
        not_yet(reader.until_text(b"\r\n", NOWAIT));
        pair.feed(b"a\r");
        takes_ms(40, || not_yet(reader.until_text(b"\r\n", 40)));
        set_nonblock(pair.r());
        takes_ms(120, || in_a_storm(|| not_yet(reader.until_text(b"\r\n", 120))));
        assert_eq!(reader.pending(), 2);
        pair.feed(b"\n");
        assert_eq!(reader.until_text(b"\r\n", NOWAIT), whole(b"a\r\n"), "{}", pair.kind);
    }
}

#[test]
fn sockutil_reader_until_text_EMSGSIZE() {
    for pair in streams() {
        for timeout in [FOREVER, NOWAIT, 1000] {
            let mut reader = Reader::new(pair.r(), 5);
            pair.feed(b"abcdefg\r\nab\r\n");
            too_long(reader.until_text(b"\r\n", timeout), b"abcd");
            too_long(reader.until_text(b"\r\n", timeout), b"abcd");
            assert_eq!(reader.pending(), 4);
            gives(4, || reader.take());
            too_long(reader.until_text(b"\r\n", timeout), b"efg\r");
            let mut done = 0;
            gives(1, || reader.skip_line(&mut done, timeout));
            assert_eq!(done, 5);
            assert_eq!(reader.until_text(b"\r\n", timeout), whole(b"ab\r\n"), "{}", pair.kind);
        }
    }
}

#[test]
fn sockutil_reader_until_text_EINVAL() {
    let text = b"\x01\n".as_ptr().cast();
    refuses_bad_pointers(|r, place, len, timeout| unsafe {
        sockutil_reader_until_text(r, text, 2, place, len, timeout)
    });
    let pair = unix();
    pair.feed(b"ab\n");
    let mut reader = Reader::new(pair.r(), 300);
    let refuse = |reader: &mut Reader, delimiter: *const libc::c_void, n: usize| {
        let (r, mut place, mut len) = (&raw mut reader.raw, ptr::dangling_mut(), 4711);
        fails(EINVAL, || unsafe { sockutil_reader_until_text(r, delimiter, n, &raw mut place, &raw mut len, FOREVER) });
        assert_eq!((place, len), (ptr::null_mut(), 0));
    };
    let long = [b'x'; 256];
    for n in [0, 256].into_iter().chain(TOO_LONG) {
        refuse(&mut reader, long.as_ptr().cast(), n);
    }
    for n in [0, 1, 255] {
        refuse(&mut reader, ptr::null(), n);
    }
    // One that its memory cannot hold.
    let mut small = Reader::new(pair.r(), 5);
    refuse(&mut small, long.as_ptr().cast(), 5);
    not_yet(small.until_text(b"\nxxx", NOWAIT));
    let mut done = 0;
    gives(1, || small.read_full(&mut [0; 3], &mut done, NOWAIT));
}

#[test]
fn sockutil_reader_until_text_EBADF() {
    for timeout in [FOREVER, NOWAIT, 10] {
        for fd in [-1 as c_int, CLOSED, pipe().w()] {
            assert_eq!((Reader::new(fd, 9).until_text(b"\r\n", timeout).0, errno()), (-1, Errno(EBADF)));
        }
    }
}
