//! The classic four, under their prefixed and their bare names.

use std::os::fd::AsRawFd;
use std::ptr;

use crate::c::{sockutil_readline, sockutil_readn, sockutil_recv_peek, sockutil_wait, sockutil_writen};
use libc::{c_int, c_void, size_t, ssize_t};

use crate::kit::*;

type Reading = unsafe extern "C" fn(c_int, *mut c_void, size_t) -> ssize_t;
type Writing = unsafe extern "C" fn(c_int, *const c_void, size_t) -> ssize_t;

#[cfg(feature = "classic-names")]
mod bare {
    use super::{c_int, c_void, size_t, ssize_t};

    unsafe extern "C" {
        pub fn readn(fd: c_int, buf: *mut c_void, n: size_t) -> ssize_t;
        pub fn writen(fd: c_int, buf: *const c_void, n: size_t) -> ssize_t;
        pub fn recv_peek(sockfd: c_int, buf: *mut c_void, len: size_t) -> ssize_t;
        pub fn readline(sockfd: c_int, buf: *mut c_void, maxlen: size_t) -> ssize_t;
    }
}

/// Each with its bare twin, where the library has it.
macro_rules! names {
    ($constant:ident: $kind:ty = $prefixed:ident, $bare:ident) => {
        const $constant: &[$kind] = &[
            $prefixed,
            #[cfg(feature = "classic-names")]
            bare::$bare,
        ];
    };
}
names!(READN: Reading = sockutil_readn, readn);
names!(RECV_PEEK: Reading = sockutil_recv_peek, recv_peek);
names!(READLINE: Reading = sockutil_readline, readline);
names!(WRITEN: Writing = sockutil_writen, writen);

fn get(function: Reading, fd: c_int, buffer: &mut [u8]) -> ssize_t {
    unsafe { function(fd, buffer.as_mut_ptr().cast(), buffer.len()) }
}

fn put(function: Writing, fd: c_int, bytes: &[u8]) -> ssize_t {
    unsafe { function(fd, bytes.as_ptr().cast(), bytes.len()) }
}

/// What all three that read refuse alike.
fn refuses(function: Reading, fd: c_int) {
    let mut buffer = [9; 4];
    fails(EINVAL, || unsafe { function(fd, ptr::null_mut(), 4) });
    for n in TOO_LONG {
        fails(EINVAL, || unsafe { function(fd, buffer.as_mut_ptr().cast(), n) });
    }
    assert_eq!(buffer, [9; 4]);
}

fn has_no_time(function: Reading) {
    for pair in streams() {
        set_nonblock(pair.r());
        takes_ms(0, || fails(EAGAIN, || get(function, pair.r(), &mut [0; 9])));
    }
    for pair in sockets() {
        set_timeout(pair.r(), libc::SO_RCVTIMEO, 50);
        takes_ms(50, || fails(EAGAIN, || get(function, pair.r(), &mut [0; 9])));
        // Signals do not start it again.
        set_timeout(pair.r(), libc::SO_RCVTIMEO, 200);
        takes_ms(200, || in_a_storm(|| fails(EAGAIN, || get(function, pair.r(), &mut [0; 9]))));
    }
}

#[test]
fn readn_reads_n_bytes_or_to_the_end() {
    for &readn in READN {
        for pair in streams() {
            pair.feed(b"abcdef");
            let mut buffer = [0; 8];
            gives(4, || get(readn, pair.r(), &mut buffer[..4]));
            assert_eq!(&buffer, b"abcd\0\0\0\0");
            gives(0, || unsafe { readn(pair.r(), ptr::null_mut(), 0) });
            let reader = pair.end();
            gives(2, || get(readn, reader.as_raw_fd(), &mut buffer));
            assert_eq!(&buffer[..2], b"ef");
            gives(0, || get(readn, reader.as_raw_fd(), &mut buffer));
        }
    }
}

#[test]
fn readn_and_writen_outlast_signals() {
    for (&readn, &writen) in READN.iter().zip(WRITEN) {
        for pair in streams() {
            let held = stuff(pair.w());
            let sent = pattern(300_000);
            let mut got = vec![0; held + sent.len()];
            let total = got.len() as ssize_t;
            beside(
                || {
                    in_a_storm(|| {
                        fails(EAGAIN, || sockutil_wait(pair.r(), libc::POLLPRI.into(), 30));
                        gives(total, || get(readn, pair.r(), &mut got));
                    });
                },
                || in_a_storm(|| gives(300_000, || put(writen, pair.w(), &sent))),
            );
            assert!(got[held..] == sent, "{}", pair.kind);
        }
    }
}

#[test]
fn sockutil_readn_EAGAIN() {
    READN.iter().copied().for_each(has_no_time);
}

#[test]
fn sockutil_readn_EINVAL() {
    let pair = unix();
    pair.feed(b"abcd");
    for &readn in READN {
        refuses(readn, pair.r());
    }
    gives(4, || get(sockutil_readn, pair.r(), &mut [0; 4]));
}

#[test]
fn sockutil_readn_EBADF() {
    for &readn in READN {
        for fd in [-1, CLOSED, pipe().w()] {
            fails(EBADF, || get(readn, fd, &mut [0; 4]));
        }
    }
}

#[test]
fn writen_writes_n_bytes() {
    for &writen in WRITEN {
        for pair in streams() {
            gives(5, || put(writen, pair.w(), b"hello"));
            gives(0, || unsafe { writen(pair.w(), ptr::null(), 0) });
            let mut buffer = [0; 5];
            gives(5, || get(sockutil_readn, pair.r(), &mut buffer));
            assert_eq!(&buffer, b"hello");
        }
    }
}

#[test]
fn sockutil_writen_EAGAIN() {
    let sent = pattern(1 << 20);
    for &writen in WRITEN {
        for pair in streams() {
            stuff(pair.w());
            set_nonblock(pair.w());
            takes_ms(0, || fails(EAGAIN, || put(writen, pair.w(), &sent)));
        }
        for pair in sockets() {
            stuff(pair.w());
            set_timeout(pair.w(), libc::SO_SNDTIMEO, 50);
            takes_ms(50, || fails(EAGAIN, || put(writen, pair.w(), &sent)));
            set_timeout(pair.w(), libc::SO_SNDTIMEO, 200);
            takes_ms(200, || in_a_storm(|| fails(EAGAIN, || put(writen, pair.w(), &sent))));
        }
    }
}

#[test]
fn sockutil_writen_EINVAL() {
    let pair = unix();
    for &writen in WRITEN {
        fails(EINVAL, || unsafe { writen(pair.w(), ptr::null(), 1) });
        for n in TOO_LONG {
            fails(EINVAL, || unsafe { writen(pair.w(), b"abcd".as_ptr().cast(), n) });
        }
    }
    fails(EAGAIN, || sockutil_wait(pair.r(), libc::POLLIN.into(), NOWAIT));
}

#[test]
fn sockutil_writen_EPIPE() {
    for &writen in WRITEN {
        for pair in [unix(), pipe(), fifo()] {
            hang_up(pair.reader, &pair.writer);
            fails(EPIPE, || put(writen, pair.writer.as_raw_fd(), b"abc"));
        }
    }
}

#[test]
fn sockutil_writen_EBADF() {
    for &writen in WRITEN {
        for fd in [-1, CLOSED, pipe().r()] {
            fails(EBADF, || put(writen, fd, b"abc"));
        }
    }
}

#[test]
fn recv_peek_leaves_what_it_shows() {
    for &recv_peek in RECV_PEEK {
        for pair in sockets() {
            pair.feed(b"abcdef");
            let mut buffer = [0; 8];
            gives(4, || get(recv_peek, pair.r(), &mut buffer[..4]));
            assert_eq!(&buffer, b"abcd\0\0\0\0");
            gives(6, || get(recv_peek, pair.r(), &mut buffer));
            gives(6, || get(sockutil_readn, pair.r(), &mut buffer[..6]));
            assert_eq!(&buffer[..6], b"abcdef");
            let reader = pair.end();
            gives(0, || get(recv_peek, reader.as_raw_fd(), &mut buffer));
        }
    }
}

#[test]
fn sockutil_recv_peek_EAGAIN() {
    for &recv_peek in RECV_PEEK {
        for pair in sockets() {
            set_timeout(pair.r(), libc::SO_RCVTIMEO, 200);
            takes_ms(200, || in_a_storm(|| fails(EAGAIN, || get(recv_peek, pair.r(), &mut [0; 4]))));
            set_nonblock(pair.r());
            takes_ms(0, || fails(EAGAIN, || get(recv_peek, pair.r(), &mut [0; 4])));
        }
    }
}

#[test]
fn sockutil_recv_peek_EINVAL() {
    let pair = unix();
    pair.feed(b"abcd");
    for &recv_peek in RECV_PEEK {
        refuses(recv_peek, pair.r());
        fails(EINVAL, || unsafe { recv_peek(pair.r(), [0_u8; 1].as_mut_ptr().cast(), 0) });
        fails(EINVAL, || unsafe { recv_peek(pair.r(), ptr::null_mut(), 0) });
    }
}

#[test]
fn sockutil_recv_peek_EBADF() {
    for &recv_peek in RECV_PEEK {
        for fd in [-1, CLOSED] {
            fails(EBADF, || get(recv_peek, fd, &mut [0; 4]));
        }
    }
}

#[test]
fn sockutil_recv_peek_ENOTSOCK() {
    for &recv_peek in RECV_PEEK {
        fails(ENOTSOCK, || get(recv_peek, pipe().r(), &mut [0; 4]));
    }
}

#[test]
fn readline_gives_lines_as_fgets_does() {
    for &readline in READLINE {
        for pair in streams() {
            pair.feed(b"one\n\n\0\r\nabcdefghij\nlast");
            let reader = pair.end();
            let mut buffer = [0xEE; 6];
            for line in [&b"one\n"[..], b"\n", b"\0\r\n", b"abcde", b"fghij", b"\n", b"last", b""] {
                gives(line.len() as ssize_t, || get(readline, reader.as_raw_fd(), &mut buffer));
                assert_eq!((&buffer[..line.len()], buffer[line.len()]), (line, 0));
            }
        }
    }
}

#[test]
fn readline_takes_nothing_past_the_newline() {
    for pair in streams() {
        pair.feed(b"one\ntwo");
        gives(4, || get(sockutil_readline, pair.r(), &mut [0; 100]));
        let mut rest = [0; 3];
        gives(3, || get(sockutil_readn, pair.r(), &mut rest));
        assert_eq!(&rest, b"two");
    }
}

#[test]
fn sockutil_readline_EAGAIN() {
    for &readline in READLINE {
        has_no_time(readline);
        for pair in streams() {
            pair.feed(b"half");
            set_nonblock(pair.r());
            let mut buffer = [0xEE; 9];
            fails(EAGAIN, || get(readline, pair.r(), &mut buffer));
            assert_eq!(&buffer[..5], b"half\0", "what was taken is there to read: {}", pair.kind);
        }
    }
}

#[test]
fn sockutil_readline_EINVAL() {
    let pair = unix();
    pair.feed(b"a\n");
    for &readline in READLINE {
        refuses(readline, pair.r());
        let mut buffer = [9; 1];
        for n in [0, 1] {
            fails(EINVAL, || unsafe { readline(pair.r(), buffer.as_mut_ptr().cast(), n) });
        }
        assert_eq!(buffer, [9]);
    }
    gives(2, || get(sockutil_readline, pair.r(), &mut [0; 4]));
}

#[test]
fn sockutil_readline_EBADF() {
    for &readline in READLINE {
        for fd in [-1, CLOSED, pipe().w()] {
            let mut buffer = [0xEE; 4];
            fails(EBADF, || get(readline, fd, &mut buffer));
            assert_eq!(buffer[0], 0);
        }
    }
}
