//! Closing.

use std::os::fd::{AsRawFd, IntoRawFd, OwnedFd};

use crate::c::*;
use libc::c_int;

use crate::kit::*;
use crate::pass::descriptor_limit;

/// Whether anything at all is open under a number that this test alone knows.
fn is_open(fd: c_int) -> bool {
    unsafe { libc::fcntl(fd, libc::F_GETFD) != -1 }
}

/// The same descriptor under a number so high that no other test gets it by chance.
fn high(fd: OwnedFd) -> c_int {
    static TAKEN: std::sync::atomic::AtomicI32 = std::sync::atomic::AtomicI32::new(0);
    let first = c_int::try_from(descriptor_limit() / 2).unwrap_or(c_int::MAX).min(600);
    let least = first + TAKEN.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let number = unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_DUPFD_CLOEXEC, least) };
    assert_eq!(number, least);
    number
}

/// What a peer reads next: a number of bytes, or an errno.
fn peer_reads(fd: c_int) -> Result<isize, c_int> {
    let mut bytes = [0_u8; 64];
    assert!(sockutil_wait(fd, libc::POLLIN.into(), 5000) > 0);
    match unsafe { libc::recv(fd, bytes.as_mut_ptr().cast(), bytes.len(), 0) } {
        -1 => Err(errno().0),
        n => Ok(n),
    }
}

#[test]
fn shutdown_write_ends_one_direction() {
    for pair in sockets() {
        gives(0, || sockutil_shutdown_write(pair.w()));
        assert_eq!(peer_reads(pair.r()), Ok(0));
        feed(pair.r(), b"answer");
        assert_eq!(peer_reads(pair.w()), Ok(6));
        assert!(is_open(pair.w()));
    }
}

#[test]
fn sockutil_shutdown_write_EBADF() {
    fails(EBADF, || sockutil_shutdown_write(-1));
    fails(EBADF, || sockutil_shutdown_write(CLOSED));
}

#[test]
fn sockutil_shutdown_write_ENOTSOCK() {
    fails(ENOTSOCK, || sockutil_shutdown_write(pipe().w()));
}

fn unconnected() -> OwnedFd {
    let fd = unsafe { libc::socket(libc::AF_INET, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0) };
    assert!(fd >= 0);
    unsafe { std::os::fd::FromRawFd::from_raw_fd(fd) }
}

#[test]
fn sockutil_shutdown_write_ENOTCONN() {
    let socket = unconnected();
    fails(libc::ENOTCONN, || sockutil_shutdown_write(socket.as_raw_fd()));
}

#[test]
fn close_closes() {
    for pair in streams() {
        let fd = high(pair.writer);
        gives(0, || sockutil_close(fd));
        assert!(!is_open(fd));
    }
}

#[test]
fn sockutil_close_EBADF() {
    fails(EBADF, || sockutil_close(-1));
    fails(EBADF, || sockutil_close(CLOSED));
}

#[test]
fn close_graceful_waits_for_the_peers_end() {
    for timeout in [FOREVER, 5000] {
        for pair in sockets() {
            let peer = pair.reader;
            feed(pair.writer.as_raw_fd(), b"answer");
            let fd = high(pair.writer);
            beside(
                || {
                    assert_eq!(peer_reads(peer.as_raw_fd()), Ok(6));
                    assert_eq!(peer_reads(peer.as_raw_fd()), Ok(0));
                    // What is still on its way to it does not become a reset.
                    feed(peer.as_raw_fd(), &pattern(20_000));
                    assert_eq!(unsafe { libc::shutdown(peer.as_raw_fd(), libc::SHUT_WR) }, 0);
                },
                || gives(0, || sockutil_close_graceful(fd, timeout)),
            );
            assert!(!is_open(fd));
            assert_eq!(peer_reads(peer.as_raw_fd()), Ok(0));
        }
    }
}

/// Regression 13: closing with unread input destroys the answer on its way out.
#[test]
fn unread_input_destroys_no_answer() {
    let answer = |close: fn(c_int) -> c_int| {
        let pair = tcp();
        let (peer, fd) = (pair.reader, pair.writer.into_raw_fd());
        feed(peer.as_raw_fd(), b"a question that nobody reads");
        assert!(sockutil_wait(fd, libc::POLLIN.into(), 1000) > 0);
        feed(fd, b"answer");
        assert_eq!(unsafe { libc::shutdown(peer.as_raw_fd(), libc::SHUT_WR) }, 0);
        assert_eq!(close(fd), 0);
        // The answer first, if it is still there, then how it ended.
        peer_reads(peer.as_raw_fd()).and_then(|_| peer_reads(peer.as_raw_fd()))
    };
    assert_eq!(answer(|fd| sockutil_close_graceful(fd, 1000)), Ok(0));
    assert_eq!(answer(|fd| unsafe { libc::close(fd) }), Err(libc::ECONNRESET), "so this test can fail");
}

#[test]
fn sockutil_close_graceful_ETIMEDOUT() {
    for pair in sockets() {
        let fd = high(pair.writer);
        takes_ms(60, || fails(libc::ETIMEDOUT, || sockutil_close_graceful(fd, 60)));
        assert!(!is_open(fd), "closed all the same");
    }
    for pair in sockets() {
        let fd = high(pair.writer);
        fails(libc::ETIMEDOUT, || sockutil_close_graceful(fd, NOWAIT));
        assert!(!is_open(fd));
    }
    for pair in sockets() {
        let fd = high(pair.writer);
        takes_ms(120, || in_a_storm(|| fails(libc::ETIMEDOUT, || sockutil_close_graceful(fd, 120))));
        assert!(!is_open(fd));
    }
}

#[test]
fn close_graceful_needs_no_peer() {
    let fd = high(unconnected());
    gives(0, || sockutil_close_graceful(fd, FOREVER));
    assert!(!is_open(fd));
    // Gone without a word.
    for pair in sockets() {
        let fd = high(pair.writer);
        drop(pair.reader);
        gives(0, || sockutil_close_graceful(fd, FOREVER));
        assert!(!is_open(fd));
    }
    // Gone with a reset that has been read already: shutdown says ENOTCONN.
    let pair = tcp();
    let fd = high(pair.writer);
    reset(pair.reader);
    assert_eq!(peer_reads(fd), Err(libc::ECONNRESET));
    gives(0, || sockutil_close_graceful(fd, FOREVER));
    assert!(!is_open(fd));
}

#[test]
fn close_graceful_turns_linger_off() {
    let pair = tcp();
    let fd = high(pair.writer);
    let linger = libc::linger { l_onoff: 1, l_linger: 0 };
    let size = size_of::<libc::linger>() as u32;
    let set = unsafe { libc::setsockopt(fd, libc::SOL_SOCKET, libc::SO_LINGER, (&raw const linger).cast(), size) };
    assert_eq!(set, 0);
    fails(libc::ETIMEDOUT, || sockutil_close_graceful(fd, NOWAIT));
    assert_eq!(peer_reads(pair.reader.as_raw_fd()), Ok(0), "an end, not a reset");
}

#[test]
fn sockutil_close_graceful_EINVAL() {
    for timeout in [-2, c_int::MIN] {
        let fd = high(tcp().writer);
        fails(EINVAL, || sockutil_close_graceful(fd, timeout));
        assert!(!is_open(fd), "closed on every path");
    }
}

#[test]
fn sockutil_close_graceful_EBADF() {
    fails(EBADF, || sockutil_close_graceful(-1, FOREVER));
    fails(EBADF, || sockutil_close_graceful(CLOSED, FOREVER));
}

#[test]
fn sockutil_close_graceful_ENOTSOCK() {
    let fd = high(pipe().writer);
    fails(ENOTSOCK, || sockutil_close_graceful(fd, FOREVER));
    assert!(!is_open(fd), "closed on every path");
}

#[test]
fn close_reset_resets() {
    let pair = tcp();
    let fd = high(pair.writer);
    gives(0, || sockutil_close_reset(fd));
    assert!(!is_open(fd));
    assert_eq!(peer_reads(pair.reader.as_raw_fd()), Err(libc::ECONNRESET));
}

#[test]
fn sockutil_close_reset_EBADF() {
    fails(EBADF, || sockutil_close_reset(-1));
    fails(EBADF, || sockutil_close_reset(CLOSED));
}

#[test]
fn sockutil_close_reset_ENOTSOCK() {
    let fd = high(pipe().writer);
    fails(ENOTSOCK, || sockutil_close_reset(fd));
    assert!(!is_open(fd), "closed on every path");
}

/// What is below the bound of 256 KiB is all thrown away, up to the peer's end.
#[test]
fn close_graceful_with_nowait_takes_a_hundred_kilobytes() {
    let pair = unix();
    pair.feed(&pattern(100_000));
    let reader = pair.end();
    gives(0, || sockutil_close_graceful(reader.into_raw_fd(), NOWAIT));
}

/// With more than 256 KiB before the peer's end, the call that does not wait ends before it.
#[test]
fn close_graceful_with_nowait_ends_at_256_kib() {
    let pair = unix();
    let much: c_int = 4 << 20;
    let set = unsafe {
        libc::setsockopt(
            pair.w(),
            libc::SOL_SOCKET,
            libc::SO_SNDBUF,
            (&raw const much).cast(),
            size_of::<c_int>() as u32,
        )
    };
    assert_eq!(set, 0);
    if stuff(pair.w()) <= 256 * 1024 + 4096 {
        println!("left out: this machine's Unix sockets hold less");
        return;
    }
    let reader = pair.end();
    fails(libc::ETIMEDOUT, || sockutil_close_graceful(reader.into_raw_fd(), NOWAIT));
}
