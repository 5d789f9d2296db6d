//! read_full and write_full.

use std::fs::File;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr;

use crate::c::{sockutil_read_full, sockutil_wait, sockutil_write_full};
use libc::{c_int, c_void};

use crate::kit::*;

fn read_full(fd: c_int, buffer: &mut [u8], done: &mut usize, timeout_ms: c_int) -> c_int {
    unsafe { sockutil_read_full(fd, buffer.as_mut_ptr().cast(), buffer.len(), done, timeout_ms) }
}

fn write_full(fd: c_int, bytes: &[u8], done: &mut usize, timeout_ms: c_int) -> c_int {
    unsafe { sockutil_write_full(fd, bytes.as_ptr().cast(), bytes.len(), done, timeout_ms) }
}

#[test]
fn read_full_takes_what_it_was_asked_for_and_no_more() {
    for pair in streams() {
        for timeout in [FOREVER, NOWAIT, 1000] {
            pair.feed(b"abcdefgh");
            let (mut buffer, mut done) = ([0; 6], 0);
            gives(1, || read_full(pair.r(), &mut buffer[..5], &mut done, timeout));
            assert_eq!((&buffer, done), (b"abcde\0", 5), "{}", pair.kind);
            done = 0;
            gives(1, || read_full(pair.r(), &mut buffer[..3], &mut done, timeout));
            assert_eq!((&buffer[..3], done), (&b"fgh"[..], 3), "{}", pair.kind);
        }
    }
}

#[test]
fn read_full_waits_for_pieces() {
    for pair in streams() {
        for timeout in [FOREVER, 10_000] {
            let sent = pattern(50_000);
            let mut buffer = vec![0; sent.len()];
            let mut done = 0;
            beside(
                || sent.chunks(777).for_each(|piece| pair.feed(piece)),
                || gives(1, || read_full(pair.r(), &mut buffer, &mut done, timeout)),
            );
            assert_eq!(done, sent.len());
            assert!(buffer == sent, "{}", pair.kind);
        }
    }
}

#[test]
fn read_full_tells_a_clean_end_from_a_cut() {
    for timeout in [FOREVER, NOWAIT, 1000] {
        for pair in streams() {
            pair.feed(b"abc");
            let reader = pair.end();
            let (mut buffer, mut done) = ([0; 8], 0);
            gives(0, || read_full(reader.as_raw_fd(), &mut buffer, &mut done, timeout));
            assert_eq!((&buffer[..3], done), (&b"abc"[..], 3));
            done = 0;
            gives(0, || read_full(reader.as_raw_fd(), &mut buffer, &mut done, timeout));
            assert_eq!(done, 0);
        }
    }
}

#[test]
fn sockutil_read_full_EAGAIN() {
    for pair in streams() {
        let (mut buffer, mut done) = ([0; 6], 0);
        fails(EAGAIN, || read_full(pair.r(), &mut buffer, &mut done, NOWAIT));
        assert_eq!(done, 0);
        pair.feed(b"ab");
        fails(EAGAIN, || read_full(pair.r(), &mut buffer, &mut done, NOWAIT));
        assert_eq!((done, &buffer), (2, b"ab\0\0\0\0"), "{}", pair.kind);
        pair.feed(b"cd");
        takes_ms(40, || fails(EAGAIN, || read_full(pair.r(), &mut buffer, &mut done, 40)));
        assert_eq!((done, &buffer), (4, b"abcd\0\0"), "{}", pair.kind);
        pair.feed(b"efg");
        gives(1, || read_full(pair.r(), &mut buffer, &mut done, 40));
        assert_eq!((done, &buffer), (6, b"abcdef"), "{}", pair.kind);
    }
}

#[test]
fn sockutil_read_full_EINVAL() {
    let pair = unix();
    pair.feed(b"abcd");
    let mut buffer = [9; 4];
    let call = |buf: *mut c_void, n: usize, done: &mut usize, timeout| unsafe {
        sockutil_read_full(pair.r(), buf, n, done, timeout)
    };
    let place: *mut c_void = buffer.as_mut_ptr().cast();
    let mut done = 0;
    fails(EINVAL, || call(ptr::null_mut(), 4, &mut done, FOREVER));
    for n in TOO_LONG {
        fails(EINVAL, || call(place, n, &mut done, FOREVER));
    }
    for timeout in [-2, c_int::MIN] {
        fails(EINVAL, || call(place, 4, &mut done, timeout));
    }
    assert_eq!(done, 0);
    // Complete already, and above n: neither is a fresh start.
    for start in [4, 5, usize::MAX] {
        done = start;
        fails(EINVAL, || call(place, 4, &mut done, FOREVER));
        assert_eq!(done, start);
    }
    done = 1;
    fails(EINVAL, || call(ptr::null_mut(), 0, &mut done, FOREVER));
    assert_eq!(buffer, [9; 4]);
    // And nothing was taken.
    done = 0;
    gives(1, || read_full(pair.r(), &mut buffer, &mut done, NOWAIT));
    assert_eq!(&buffer, b"abcd");
}

#[test]
fn nothing_to_move_is_done_at_once() {
    let pair = tcp();
    for timeout in [FOREVER, NOWAIT, 10] {
        let mut done = 0;
        gives(1, || unsafe { sockutil_read_full(pair.r(), ptr::null_mut(), 0, &raw mut done, timeout) });
        gives(1, || unsafe { sockutil_read_full(pair.r(), ptr::null_mut(), 0, ptr::null_mut(), timeout) });
        gives(1, || unsafe { sockutil_write_full(pair.w(), ptr::null(), 0, &raw mut done, timeout) });
        gives(1, || unsafe { sockutil_write_full(pair.w(), ptr::null(), 0, ptr::null_mut(), timeout) });
        assert_eq!(done, 0);
    }
}

#[test]
fn a_null_done_starts_at_0() {
    for pair in streams() {
        let mut buffer = [0; 3];
        gives(1, || unsafe { sockutil_write_full(pair.w(), b"abc".as_ptr().cast(), 3, ptr::null_mut(), FOREVER) });
        let place = buffer.as_mut_ptr().cast();
        gives(1, || unsafe { sockutil_read_full(pair.r(), place, 3, ptr::null_mut(), FOREVER) });
        assert_eq!(&buffer, b"abc");
    }
}

#[test]
fn sockutil_read_full_EBADF() {
    for timeout in [FOREVER, NOWAIT, 10] {
        for fd in [-1, CLOSED] {
            let mut done = 0;
            fails(EBADF, || read_full(fd, &mut [0; 4], &mut done, timeout));
        }
        // Open, but for writing.
        fails(EBADF, || read_full(pipe().w(), &mut [0; 4], &mut 0, timeout));
    }
}

#[test]
fn read_full_counts_what_came_before_a_reset() {
    for timeout in [FOREVER, 1000] {
        let pair = tcp();
        pair.feed(b"abc");
        let (mut buffer, mut done) = ([0; 8], 0);
        fails(EAGAIN, || read_full(pair.r(), &mut buffer, &mut done, 50));
        reset(pair.writer);
        fails(libc::ECONNRESET, || read_full(pair.reader.as_raw_fd(), &mut buffer, &mut done, timeout));
        assert_eq!((&buffer[..3], done), (&b"abc"[..], 3));
    }
}

#[test]
fn the_timeout_rules_whatever_the_descriptor_says() {
    for pair in streams() {
        let (mut buffer, mut done) = ([0; 2], 0);
        set_nonblock(pair.r());
        takes_ms(40, || fails(EAGAIN, || read_full(pair.r(), &mut buffer, &mut done, 40)));
        beside(
            || {
                fails(EAGAIN, || sockutil_wait(pair.r(), libc::POLLPRI.into(), 50));
                pair.feed(b"ab");
            },
            || gives(1, || read_full(pair.r(), &mut buffer, &mut done, FOREVER)),
        );
        assert!(is_nonblock(pair.r()), "O_NONBLOCK stays");
    }
    for pair in sockets() {
        let (mut buffer, mut done) = ([0; 2], 0);
        set_timeout(pair.r(), libc::SO_RCVTIMEO, 10);
        takes_ms(60, || fails(EAGAIN, || read_full(pair.r(), &mut buffer, &mut done, 60)));
        beside(
            || {
                fails(EAGAIN, || sockutil_wait(pair.r(), libc::POLLPRI.into(), 60));
                pair.feed(b"ab");
            },
            || gives(1, || read_full(pair.r(), &mut buffer, &mut done, FOREVER)),
        );
        set_timeout(pair.r(), libc::SO_RCVTIMEO, 10_000);
        done = 0;
        takes_ms(0, || fails(EAGAIN, || read_full(pair.r(), &mut buffer, &mut done, NOWAIT)));
        takes_ms(20, || fails(EAGAIN, || read_full(pair.r(), &mut buffer, &mut done, 20)));
        assert!(!is_nonblock(pair.r()), "O_NONBLOCK stays");
    }
}

#[test]
fn signals_neither_end_nor_stretch_a_read() {
    for pair in streams() {
        let (mut buffer, mut done) = (vec![0; 3000], 0);
        takes_ms(150, || in_a_storm(|| fails(EAGAIN, || read_full(pair.r(), &mut buffer, &mut done, 150))));
        let sent = pattern(3000);
        beside(
            || {
                for piece in sent.chunks(500) {
                    fails(EAGAIN, || sockutil_wait(pair.r(), libc::POLLPRI.into(), 5));
                    pair.feed(piece);
                }
            },
            || in_a_storm(|| gives(1, || read_full(pair.r(), &mut buffer, &mut done, FOREVER))),
        );
        assert_eq!(buffer, sent, "{}", pair.kind);
    }
}

#[test]
fn shutdown_ends_a_wait_for_ever() {
    for pair in sockets() {
        let fd = pair.r();
        beside(
            || {
                fails(EAGAIN, || sockutil_wait(fd, libc::POLLPRI.into(), 30));
                assert_eq!(unsafe { libc::shutdown(fd, libc::SHUT_RDWR) }, 0);
            },
            || gives(0, || read_full(fd, &mut [0; 4], &mut 0, FOREVER)),
        );
    }
    for pair in sockets() {
        stuff(pair.w());
        let fd = pair.w();
        beside(
            || {
                fails(EAGAIN, || sockutil_wait(fd, libc::POLLPRI.into(), 30));
                assert_eq!(unsafe { libc::shutdown(fd, libc::SHUT_RDWR) }, 0);
            },
            || fails(EPIPE, || write_full(fd, &pattern(1 << 22), &mut 0, FOREVER)),
        );
    }
}

#[test]
fn files_are_read_and_written_whatever_the_limit() {
    let path = crate::support::scratch("files").join("stream");
    let sent = pattern(100_000);
    for timeout in [FOREVER, NOWAIT, 1000] {
        let mut done = 0;
        let file = std::fs::File::create(&path).unwrap();
        gives(1, || write_full(file.as_raw_fd(), &sent, &mut done, timeout));
        assert_eq!(done, sent.len());
        // Out of the page cache, where RWF_NOWAIT would find it.
        file.sync_all().unwrap();
        assert_eq!(unsafe { libc::posix_fadvise(file.as_raw_fd(), 0, 0, libc::POSIX_FADV_DONTNEED) }, 0);
        let file = std::fs::File::open(&path).unwrap();
        let mut buffer = vec![0; sent.len()];
        done = 0;
        gives(1, || read_full(file.as_raw_fd(), &mut buffer, &mut done, timeout));
        assert!(buffer == sent);
        done = 0;
        gives(0, || read_full(file.as_raw_fd(), &mut buffer, &mut done, timeout));
        let null = std::fs::OpenOptions::new().read(true).write(true).open("/dev/null").unwrap();
        gives(0, || read_full(null.as_raw_fd(), &mut buffer, &mut 0, timeout));
        gives(1, || write_full(null.as_raw_fd(), &sent, &mut 0, timeout));
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        fails(libc::ENOSPC, || write_full(full.as_raw_fd(), &sent, &mut 0, timeout));
    }
}

/// A device that always takes and gives, some hundred bytes a microsecond, and stops for signals alone.
fn never_at_a_loss() -> File {
    File::options().read(true).write(true).open("/dev/urandom").unwrap()
}

#[test]
fn the_time_ends_what_never_has_to_wait() {
    let device = never_at_a_loss();
    let mut buffer = vec![0; 64 << 20];
    let mut done = 0;
    in_a_storm(|| fails(EAGAIN, || read_full(device.as_raw_fd(), &mut buffer, &mut done, 20)));
    assert!(done > 0 && done < buffer.len(), "{done}");
    done = 0;
    in_a_storm(|| fails(EAGAIN, || write_full(device.as_raw_fd(), &buffer, &mut done, 20)));
    assert!(done > 0 && done < buffer.len(), "{done}");
}

/// EAGAIN would have the caller go on with a transfer that has nothing left. Memory takes and gives all in one call.
#[test]
fn what_is_complete_is_done_however_late() {
    let memory = unsafe { libc::memfd_create(c"late".as_ptr(), libc::MFD_CLOEXEC) };
    assert!(memory >= 0);
    let memory = unsafe { OwnedFd::from_raw_fd(memory) };
    let mut buffer = vec![7; 64 << 20];
    let mut done = 0;
    takes_ms(2, || gives(1, || write_full(memory.as_raw_fd(), &buffer, &mut done, 1)));
    assert_eq!(done, buffer.len());
    assert_eq!(unsafe { libc::lseek(memory.as_raw_fd(), 0, libc::SEEK_SET) }, 0);
    done = 0;
    takes_ms(2, || gives(1, || read_full(memory.as_raw_fd(), &mut buffer, &mut done, 1)));
    assert_eq!(done, buffer.len());
}

#[test]
fn a_terminal_keeps_its_time() {
    let master = unsafe { libc::posix_openpt(libc::O_RDWR | libc::O_NOCTTY | libc::O_CLOEXEC) };
    assert!(master >= 0);
    let mut name = [0; 64];
    unsafe {
        assert_eq!(libc::grantpt(master), 0);
        assert_eq!(libc::unlockpt(master), 0);
        assert_eq!(libc::ptsname_r(master, name.as_mut_ptr(), name.len()), 0);
    }
    let terminal = unsafe { libc::open(name.as_ptr(), libc::O_RDWR | libc::O_NOCTTY | libc::O_CLOEXEC) };
    assert!(terminal >= 0);
    let (mut buffer, mut done) = ([0; 4], 0);
    fails(EAGAIN, || read_full(terminal, &mut buffer, &mut done, NOWAIT));
    takes_ms(30, || fails(EAGAIN, || read_full(terminal, &mut buffer, &mut done, 30)));
    feed(master, b"ab\n");
    takes_ms(30, || fails(EAGAIN, || read_full(terminal, &mut buffer, &mut done, 30)));
    assert_eq!(done, 3);
    feed(master, b"\n");
    gives(1, || read_full(terminal, &mut buffer, &mut done, FOREVER));
    assert_eq!(&buffer, b"ab\n\n");
    gives(1, || write_full(terminal, b"out", &mut 0, 1000));
    unsafe {
        libc::close(terminal);
        libc::close(master);
    }
}

#[test]
fn write_full_gives_all() {
    for pair in streams() {
        for timeout in [FOREVER, 10_000] {
            let sent = pattern(3_000_000);
            let mut got = vec![0; sent.len()];
            let mut done = 0;
            beside(
                || assert_eq!(read_full(pair.r(), &mut got, &mut 0, FOREVER), 1),
                || gives(1, || write_full(pair.w(), &sent, &mut done, timeout)),
            );
            assert_eq!(done, sent.len());
            assert!(got == sent, "{}", pair.kind);
        }
    }
}

#[test]
fn sockutil_write_full_EAGAIN() {
    for pair in streams() {
        let sent = pattern(30_000_000);
        let mut done = 0;
        fails(EAGAIN, || write_full(pair.w(), &sent, &mut done, NOWAIT));
        assert!(done > 0 && done < sent.len(), "{}: {done}", pair.kind);
        takes_ms(40, || fails(EAGAIN, || write_full(pair.w(), &sent, &mut done, 40)));
        assert!(!is_nonblock(pair.w()));
        // The rest, as there is room for it: nothing is lost or repeated.
        let mut got = Vec::new();
        let mut block = vec![0; 123_457];
        loop {
            let mut count = 0;
            let left = block.len().min(sent.len() - got.len());
            read_full(pair.r(), &mut block[..left], &mut count, NOWAIT);
            got.extend_from_slice(&block[..count]);
            if done < sent.len() {
                let before = done;
                let answer = write_full(pair.w(), &sent, &mut done, NOWAIT);
                assert!(if answer == 1 { done == sent.len() } else { errno() == Errno(EAGAIN) });
                assert!(done >= before);
            }
            if got.len() == sent.len() {
                break;
            }
        }
        assert!(got == sent, "{}", pair.kind);
    }
}

#[test]
fn sockutil_write_full_EINVAL() {
    let pair = unix();
    let bytes = *b"abcd";
    let call = |buf: *const c_void, n: usize, done: &mut usize, timeout| unsafe {
        sockutil_write_full(pair.w(), buf, n, done, timeout)
    };
    let place: *const c_void = bytes.as_ptr().cast();
    let mut done = 0;
    fails(EINVAL, || call(ptr::null(), 4, &mut done, FOREVER));
    for n in TOO_LONG {
        fails(EINVAL, || call(place, n, &mut done, FOREVER));
    }
    for timeout in [-2, c_int::MIN] {
        fails(EINVAL, || call(place, 4, &mut done, timeout));
    }
    for start in [4, 5, usize::MAX] {
        done = start;
        fails(EINVAL, || call(place, 4, &mut done, FOREVER));
        assert_eq!(done, start);
    }
    // And nothing was sent.
    fails(EAGAIN, || sockutil_wait(pair.r(), libc::POLLIN.into(), NOWAIT));
}

#[test]
fn sockutil_write_full_EPIPE() {
    // The test's own SIGPIPE is ignored by Rust; tests/c/sigpipe.c does the same with the default action.
    for timeout in [FOREVER, NOWAIT, 1000] {
        for pair in streams() {
            let Pair { kind, reader, writer } = pair;
            hang_up(reader, &writer);
            let fd = writer.as_raw_fd();
            if kind.starts_with("TCP") {
                // The first write finds out: it is answered by RST.
                gives(1, || write_full(fd, b"x", &mut 0, timeout));
                let events = c_int::from(libc::POLLIN);
                assert!(sockutil_wait(fd, events, 1000) > 0);
            }
            let mut done = 0;
            fails(EPIPE, || write_full(fd, b"abc", &mut done, timeout));
            assert_eq!(done, 0);
        }
        let pair = tcp();
        assert_eq!(unsafe { libc::shutdown(pair.w(), libc::SHUT_WR) }, 0);
        fails(EPIPE, || write_full(pair.w(), b"abc", &mut 0, timeout));
    }
}

#[test]
fn sockutil_write_full_EBADF() {
    for timeout in [FOREVER, NOWAIT, 10] {
        for fd in [-1, CLOSED] {
            fails(EBADF, || write_full(fd, b"abc", &mut 0, timeout));
        }
        fails(EBADF, || write_full(pipe().r(), b"abc", &mut 0, timeout));
    }
}

#[test]
fn the_timeout_rules_a_write_whatever_the_descriptor_says() {
    for pair in streams() {
        stuff(pair.w());
        set_nonblock(pair.w());
        takes_ms(40, || fails(EAGAIN, || write_full(pair.w(), &pattern(1 << 20), &mut 0, 40)));
        assert!(is_nonblock(pair.w()));
    }
    for pair in sockets() {
        stuff(pair.w());
        set_timeout(pair.w(), libc::SO_SNDTIMEO, 10);
        let sent = pattern(1 << 20);
        let mut done = 0;
        takes_ms(60, || fails(EAGAIN, || write_full(pair.w(), &sent, &mut done, 60)));
        beside(
            || {
                fails(EAGAIN, || sockutil_wait(pair.w(), libc::POLLPRI.into(), 60));
                let mut block = vec![0; 1 << 16];
                while read_full(pair.r(), &mut block, &mut 0, 300) == 1 {}
            },
            || gives(1, || write_full(pair.w(), &sent, &mut done, FOREVER)),
        );
    }
}

#[test]
fn signals_neither_end_nor_stretch_a_write() {
    for pair in streams() {
        let held = stuff(pair.w());
        let sent = pattern(1 << 20);
        let mut done = 0;
        takes_ms(150, || in_a_storm(|| fails(EAGAIN, || write_full(pair.w(), &sent, &mut done, 150))));
        let mut got = vec![0; held + sent.len()];
        beside(
            || {
                for piece in got.chunks_mut(40_000) {
                    fails(EAGAIN, || sockutil_wait(pair.r(), libc::POLLPRI.into(), 2));
                    assert_eq!(read_full(pair.r(), piece, &mut 0, FOREVER), 1);
                }
            },
            || in_a_storm(|| gives(1, || write_full(pair.w(), &sent, &mut done, FOREVER))),
        );
        assert!(got[held..] == sent, "{}", pair.kind);
    }
}

#[test]
fn two_readers_share_the_bytes_out() {
    for pair in streams() {
        let sent: Vec<u8> = (0..200_000_u32).map(|i| (i % 251) as u8).collect();
        let count = |into: &mut [usize; 256], bytes: &[u8]| bytes.iter().for_each(|&b| into[usize::from(b)] += 1);
        let mut expected = [0; 256];
        count(&mut expected, &sent);
        let Pair { kind, reader, writer } = pair;
        let fd = reader.as_raw_fd();
        let take = || {
            let mut seen = [0; 256];
            let mut block = [0; 100];
            loop {
                let mut done = 0;
                let answer = read_full(fd, &mut block, &mut done, FOREVER);
                count(&mut seen, &block[..done]);
                if answer != 1 {
                    return seen;
                }
            }
        };
        let seen = std::thread::scope(|scope| {
            let others: Vec<_> = (0..3).map(|_| scope.spawn(take)).collect();
            feed(writer.as_raw_fd(), &sent);
            drop(writer);
            others.into_iter().map(|other| other.join().unwrap()).collect::<Vec<_>>()
        });
        for byte in 0..256 {
            assert_eq!(seen.iter().map(|counts| counts[byte]).sum::<usize>(), expected[byte], "{kind}");
        }
    }
}
