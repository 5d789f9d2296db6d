//! writev_full.

use std::os::fd::AsRawFd;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::c::{sockutil_read_full, sockutil_writev_full};
use libc::{c_int, iovec};

use crate::kit::*;

fn iov(slices: &[&[u8]]) -> Vec<iovec> {
    slices.iter().map(|s| iovec { iov_base: s.as_ptr().cast_mut().cast(), iov_len: s.len() }).collect()
}

fn raw(entries: &[iovec]) -> Vec<(usize, usize)> {
    entries.iter().map(|e| (e.iov_base.addr(), e.iov_len)).collect()
}

fn writev_full(fd: c_int, entries: &[iovec], done: &mut usize, timeout_ms: c_int) -> c_int {
    unsafe { sockutil_writev_full(fd, entries.as_ptr(), entries.len() as c_int, done, timeout_ms) }
}

fn take(fd: c_int, n: usize) -> Vec<u8> {
    let mut bytes = vec![0; n];
    assert_eq!(unsafe { sockutil_read_full(fd, bytes.as_mut_ptr().cast(), n, ptr::null_mut(), 5000) }, 1);
    bytes
}

#[test]
fn writev_full_sends_all_slices_in_order() {
    for pair in streams() {
        for timeout in [FOREVER, NOWAIT, 1000] {
            let entries = iov(&[b"", b"ab", b"", b"c", b"defg", b""]);
            let before = raw(&entries);
            let mut done = 0;
            gives(1, || writev_full(pair.w(), &entries, &mut done, timeout));
            assert_eq!(done, 7);
            assert_eq!(raw(&entries), before);
            assert_eq!(take(pair.r(), 7), b"abcdefg", "{}", pair.kind);
        }
    }
}

#[test]
fn writev_full_starts_where_done_says() {
    for pair in streams() {
        for start in 0..7 {
            let mut done = start;
            gives(1, || writev_full(pair.w(), &iov(&[b"ab", b"", b"c", b"defg"]), &mut done, 1000));
            assert_eq!(done, 7);
            assert_eq!(take(pair.r(), 7 - start), b"abcdefg"[start..], "{}", pair.kind);
        }
    }
}

#[test]
fn writev_full_of_nothing() {
    let pair = tcp();
    gives(1, || unsafe { sockutil_writev_full(pair.w(), ptr::null(), 0, ptr::null_mut(), FOREVER) });
    let null = iovec { iov_base: ptr::null_mut(), iov_len: 0 };
    gives(1, || writev_full(pair.w(), &[null, null], &mut 0, FOREVER));
    let entries = [null, iov(&[b"x"])[0], null];
    gives(1, || writev_full(pair.w(), &entries, &mut 0, FOREVER));
    assert_eq!(take(pair.r(), 1), b"x");
}

/// More than one system call takes (1,024), just so many, and very many.
const COUNTS: [usize; 5] = [1024, 1025, 2048, 5000, 100_000];

/// The lengths of so many slices: of all small sizes, empty ones among them, now and then more of these in a row than one
/// system call takes slices.
fn lengths(count: usize) -> Vec<usize> {
    (0..count).map(|i| if (i / 1500) % 3 == 1 { 0 } else { i * i % 47 }).collect()
}

/// The bytes, cut into slices of these lengths.
fn cut<'a>(mut bytes: &'a [u8], lengths: &[usize]) -> Vec<&'a [u8]> {
    let mut next = |length: &usize| {
        let (slice, rest) = bytes.split_at(*length);
        bytes = rest;
        slice
    };
    lengths.iter().map(&mut next).collect()
}

/// Descriptors that take bytes in order: streams, and a file.
fn sinks() -> Vec<Pair> {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let path = crate::support::scratch("writev").join(format!("{}-{number}", std::process::id()));
    let writer = std::fs::File::create(&path).unwrap();
    let reader = std::fs::File::open(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let mut all = streams();
    all.push(Pair { kind: "file", reader: reader.into(), writer: writer.into() });
    all
}

#[test]
fn any_number_of_slices_arrive_whole_and_in_order() {
    for count in COUNTS {
        let lengths = lengths(count);
        let sent = pattern(lengths.iter().sum());
        let slices = cut(&sent, &lengths);
        for timeout in [FOREVER, 20_000] {
            for pair in sinks() {
                let entries = iov(&slices);
                let before = raw(&entries);
                let (fd, is_file) = (pair.r(), pair.kind == "file");
                let mut done = 0;
                let mut got = Vec::new();
                beside(
                    || {
                        if !is_file {
                            got = take(fd, sent.len());
                        }
                    },
                    || gives(1, || writev_full(pair.w(), &entries, &mut done, timeout)),
                );
                if is_file {
                    got = take(fd, sent.len());
                }
                assert_eq!(done, sent.len());
                assert!(got == sent, "{}, {count} slices", pair.kind);
                assert_eq!(raw(&entries), before);
            }
        }
    }
}

#[test]
fn any_number_of_slices_go_on_where_they_were() {
    for count in COUNTS {
        // Enough in each for all of them to fill whatever buffer is there.
        let lengths: Vec<usize> = lengths(count).into_iter().map(|n| n * (8_000_000 / 15 / count + 1)).collect();
        let sent = pattern(lengths.iter().sum());
        let entries = iov(&cut(&sent, &lengths));
        let before = raw(&entries);
        for pair in streams() {
            let mut done = 0;
            let mut got = Vec::new();
            let mut stops = 0;
            while done < sent.len() {
                set_errno(Errno(0));
                let answer = writev_full(pair.w(), &entries, &mut done, NOWAIT);
                if done < sent.len() {
                    assert_eq!((answer, errno().0), (-1, EAGAIN), "{}", pair.kind);
                    stops += 1;
                    got.extend(take(pair.r(), done - got.len()));
                }
            }
            got.extend(take(pair.r(), sent.len() - got.len()));
            assert!(got == sent, "{}, {count} slices", pair.kind);
            assert!(stops > 0, "{}: nothing was to be resumed", pair.kind);
            assert_eq!(raw(&entries), before);
        }
    }
}

#[test]
fn any_number_of_empty_slices_is_nothing() {
    for count in COUNTS {
        let entries = vec![iovec { iov_base: ptr::null_mut(), iov_len: 0 }; count];
        for pair in sinks() {
            let mut done = 0;
            gives(1, || writev_full(pair.w(), &entries, &mut done, NOWAIT));
            assert_eq!(done, 0);
        }
    }
}

#[test]
fn the_time_of_many_slices_is_linear() {
    // A FIFO takes one slice at a time.
    let time = |count: usize| {
        let pair = fifo();
        let sent = pattern(count);
        let entries = iov(&sent.chunks(1).collect::<Vec<_>>());
        let (fd, start) = (pair.r(), std::time::Instant::now());
        let reads = move || {
            take(fd, count);
        };
        beside(reads, || gives(1, || writev_full(pair.w(), &entries, &mut 0, 60_000)));
        start.elapsed()
    };
    let (few, many) = (time(10_000), time(100_000));
    assert!(many < few * 40, "{many:?} for ten times what took {few:?}");
}

#[test]
fn as_many_slices_as_writev_takes() {
    for pair in streams() {
        let bytes = pattern(1024);
        let slices: Vec<&[u8]> = bytes.chunks(1).collect();
        let mut done = 0;
        gives(1, || writev_full(pair.w(), &iov(&slices), &mut done, 1000));
        assert_eq!((done, take(pair.r(), 1024)), (1024, bytes));
    }
}

#[test]
fn sockutil_writev_full_EAGAIN() {
    for pair in streams() {
        let sent = pattern(20_000_000);
        // Slices of every size, so that the transfer stops inside some and between others.
        let mut slices: Vec<&[u8]> = Vec::new();
        let mut rest = &sent[..];
        for size in (0..).map(|i| i * i % 77_777) {
            if slices.len() == 1023 || rest.len() <= size {
                slices.push(rest);
                break;
            }
            let (slice, tail) = rest.split_at(size);
            slices.push(slice);
            rest = tail;
        }
        let entries = iov(&slices);
        let before = raw(&entries);
        let mut done = 0;
        fails(EAGAIN, || writev_full(pair.w(), &entries, &mut done, NOWAIT));
        assert!(done > 0 && done < sent.len(), "{}: {done}", pair.kind);
        takes_ms(30, || fails(EAGAIN, || writev_full(pair.w(), &entries, &mut done, 30)));
        assert_eq!(raw(&entries), before);
        let mut got = Vec::new();
        while got.len() < sent.len() {
            let piece = (done - got.len()).min(54_321);
            got.extend(take(pair.r(), piece));
            if done < sent.len() {
                writev_full(pair.w(), &entries, &mut done, NOWAIT);
            }
        }
        assert!(got == sent, "{}", pair.kind);
        assert_eq!(raw(&entries), before);
    }
}

#[test]
fn sockutil_writev_full_EINVAL() {
    let pair = unix();
    let good = iov(&[b"ab", b"c"]);
    let mut done = 0;
    let call = |entries: *const iovec, count, done: &mut usize, timeout| unsafe {
        sockutil_writev_full(pair.w(), entries, count, done, timeout)
    };
    for count in [-1, c_int::MIN] {
        fails(EINVAL, || call(good.as_ptr(), count, &mut done, FOREVER));
    }
    fails(EINVAL, || call(ptr::null(), 1, &mut done, FOREVER));
    let null = iovec { iov_base: ptr::null_mut(), iov_len: 1 };
    fails(EINVAL, || writev_full(pair.w(), &[good[0], null], &mut done, FOREVER));
    for long in [isize::MAX as usize, usize::MAX] {
        let entries = [good[0], iovec { iov_base: good[0].iov_base, iov_len: long }];
        fails(EINVAL, || writev_full(pair.w(), &entries, &mut done, FOREVER));
    }
    for timeout in [-2, c_int::MIN] {
        fails(EINVAL, || writev_full(pair.w(), &good, &mut done, timeout));
    }
    for start in [3, 4, usize::MAX] {
        done = start;
        fails(EINVAL, || writev_full(pair.w(), &good, &mut done, FOREVER));
        assert_eq!(done, start);
    }
    fails(EAGAIN, || crate::c::sockutil_wait(pair.r(), libc::POLLIN.into(), NOWAIT));
}

#[test]
fn sockutil_writev_full_EPIPE() {
    for timeout in [FOREVER, NOWAIT, 1000] {
        for pair in [unix(), pipe(), fifo()] {
            hang_up(pair.reader, &pair.writer);
            fails(EPIPE, || writev_full(pair.writer.as_raw_fd(), &iov(&[b"ab", b"c"]), &mut 0, timeout));
        }
        let pair = tcp();
        assert_eq!(unsafe { libc::shutdown(pair.w(), libc::SHUT_WR) }, 0);
        fails(EPIPE, || writev_full(pair.w(), &iov(&[b"ab", b"c"]), &mut 0, timeout));
    }
}

#[test]
fn sockutil_writev_full_EBADF() {
    for timeout in [FOREVER, NOWAIT, 10] {
        for fd in [-1, CLOSED, pipe().r()] {
            fails(EBADF, || writev_full(fd, &iov(&[b"ab", b"c"]), &mut 0, timeout));
        }
    }
}

#[test]
fn signals_neither_end_nor_stretch_it() {
    for pair in streams() {
        let held = stuff(pair.w());
        let sent = pattern(400_000);
        let slices: Vec<&[u8]> = sent.chunks(999).collect();
        let entries = iov(&slices);
        let mut done = 0;
        takes_ms(120, || in_a_storm(|| fails(EAGAIN, || writev_full(pair.w(), &entries, &mut done, 120))));
        let fd = pair.r();
        let mut got = Vec::new();
        std::thread::scope(|scope| {
            let other = scope.spawn(move || take(fd, held + 400_000));
            in_a_storm(|| gives(1, || writev_full(pair.w(), &entries, &mut done, FOREVER)));
            got = other.join().unwrap();
        });
        assert!(got[held..] == sent, "{}", pair.kind);
    }
}
