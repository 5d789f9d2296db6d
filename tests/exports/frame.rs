//! `send_frame`.

use std::os::fd::AsRawFd;
use std::ptr;

use crate::c::{sockutil_read_full, sockutil_send_frame, sockutil_wait};
use libc::{c_int, c_void};

use crate::kit::*;

fn send_frame(fd: c_int, header_bytes: c_int, body: &[u8], done: &mut usize, timeout_ms: c_int) -> c_int {
    unsafe { sockutil_send_frame(fd, header_bytes, body.as_ptr().cast(), body.len(), done, timeout_ms) }
}

fn take(fd: c_int, n: usize) -> Vec<u8> {
    let mut bytes = vec![0; n];
    assert_eq!(unsafe { sockutil_read_full(fd, bytes.as_mut_ptr().cast(), n, ptr::null_mut(), 5000) }, 1);
    bytes
}

#[test]
fn a_frame_is_its_length_and_its_body() {
    for pair in streams() {
        for (header_bytes, length) in [
            (1, 0),
            (1, 3),
            (1, 255),
            (2, 0),
            (2, 256),
            (2, 2047),
            (2, 2048),
            (2, 2049),
            (2, 65_535),
            (4, 0),
            (4, 1),
            (4, 2048),
            (4, 2049),
            (4, 70_000),
        ] {
            for timeout in [FOREVER, 5000] {
                let body = pattern(length);
                let mut done = 0;
                let mut got = Vec::new();
                std::thread::scope(|scope| {
                    let other = scope.spawn(|| take(pair.r(), header_bytes + length));
                    gives(1, || send_frame(pair.w(), header_bytes as c_int, &body, &mut done, timeout));
                    got = other.join().unwrap();
                });
                assert_eq!(done, header_bytes + length);
                assert_eq!(got[..header_bytes], (length as u32).to_be_bytes()[4 - header_bytes..]);
                assert!(got[header_bytes..] == body, "{} {header_bytes} {length}", pair.kind);
            }
        }
    }
}

#[test]
fn a_frame_goes_on_where_done_says() {
    for pair in streams() {
        for (header_bytes, length) in [(1, 4), (4, 4), (2, 2100)] {
            let body = pattern(length);
            let whole = [&(length as u32).to_be_bytes()[4 - header_bytes..], &body].concat();
            for start in [0, 1, 2, 3, 4, 5].into_iter().filter(|start| *start < whole.len()) {
                let mut done = start;
                gives(1, || send_frame(pair.w(), header_bytes as c_int, &body, &mut done, 1000));
                assert_eq!(done, whole.len());
                assert!(take(pair.r(), whole.len() - start) == whole[start..]);
            }
        }
    }
}

#[test]
fn sockutil_send_frame_EAGAIN() {
    // Not TCP, which finds room late in what is full.
    for pair in [unix(), pipe(), fifo()] {
        stuff(pair.w());
        for length in [1500, 50_000] {
            let body = pattern(length);
            let mut done = 0;
            while send_frame(pair.w(), 2, &body, &mut done, NOWAIT) == 1 {
                done = 0;
            }
            assert_eq!(errno(), Errno(EAGAIN));
            takes_ms(40, || fails(EAGAIN, || send_frame(pair.w(), 2, &body, &mut done, 40)));
            takes_ms(120, || in_a_storm(|| fails(EAGAIN, || send_frame(pair.w(), 2, &body, &mut done, 120))));
        }
    }
    // What was cut goes on, and comes out whole.
    for pair in streams() {
        let body = pattern(20_000_000);
        let mut done = 0;
        fails(EAGAIN, || send_frame(pair.w(), 4, &body, &mut done, NOWAIT));
        assert!(done > 4 && done < body.len(), "{}", pair.kind);
        let mut got = Vec::new();
        std::thread::scope(|scope| {
            let other = scope.spawn(|| take(pair.r(), 4 + body.len()));
            gives(1, || send_frame(pair.w(), 4, &body, &mut done, FOREVER));
            got = other.join().unwrap();
        });
        assert!(got[..4] == 20_000_000_u32.to_be_bytes() && got[4..] == body);
    }
}

#[test]
fn sockutil_send_frame_EMSGSIZE() {
    let pair = unix();
    let mut done = 0;
    for (header_bytes, length) in [(1, 256), (1, 70_000), (2, 65_536)] {
        fails(EMSGSIZE, || send_frame(pair.w(), header_bytes, &pattern(length), &mut done, FOREVER));
    }
    if let Ok(length) = usize::try_from(1_u64 << 32) {
        // Never looked at: the length alone is too much.
        let nowhere: *const c_void = ptr::dangling::<u8>().cast();
        fails(EMSGSIZE, || unsafe { sockutil_send_frame(pair.w(), 4, nowhere, length, &raw mut done, FOREVER) });
    }
    assert_eq!(done, 0);
    fails(EAGAIN, || sockutil_wait(pair.r(), libc::POLLIN.into(), NOWAIT));
}

#[test]
fn sockutil_send_frame_EINVAL() {
    let pair = unix();
    let mut done = 0;
    for header_bytes in [0, 3, 5, 8, -1, c_int::MIN, c_int::MAX] {
        fails(EINVAL, || send_frame(pair.w(), header_bytes, b"abc", &mut done, FOREVER));
    }
    fails(EINVAL, || unsafe { sockutil_send_frame(pair.w(), 4, ptr::null(), 1, &raw mut done, FOREVER) });
    for n in TOO_LONG {
        fails(EINVAL, || unsafe {
            sockutil_send_frame(pair.w(), 4, b"abc".as_ptr().cast(), n, &raw mut done, FOREVER)
        });
    }
    fails(EINVAL, || send_frame(pair.w(), 4, b"abc", &mut done, -2));
    for start in [7, 8, usize::MAX] {
        done = start;
        fails(EINVAL, || send_frame(pair.w(), 4, b"abc", &mut done, FOREVER));
        assert_eq!(done, start);
    }
    fails(EAGAIN, || sockutil_wait(pair.r(), libc::POLLIN.into(), NOWAIT));
    // No body is a body.
    gives(1, || unsafe { sockutil_send_frame(pair.w(), 2, ptr::null(), 0, ptr::null_mut(), FOREVER) });
    assert_eq!(take(pair.r(), 2), [0, 0]);
}

#[test]
fn sockutil_send_frame_EPIPE() {
    for timeout in [FOREVER, NOWAIT, 1000] {
        for pair in [unix(), pipe(), fifo()] {
            hang_up(pair.reader, &pair.writer);
            for length in [3, 3000] {
                fails(EPIPE, || send_frame(pair.writer.as_raw_fd(), 2, &pattern(length), &mut 0, timeout));
            }
        }
    }
}

#[test]
fn sockutil_send_frame_EBADF() {
    for fd in [-1, CLOSED, pipe().r()] {
        for length in [3, 3000] {
            fails(EBADF, || send_frame(fd, 2, &pattern(length), &mut 0, FOREVER));
        }
    }
}
