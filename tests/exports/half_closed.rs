//! Writes to a peer that has shut down its sending side, and still reads. On some systems poll(2) reports that as
//! POLLHUP, at once and for ever, and never POLLOUT.

use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;

use crate::c::*;
use libc::{c_int, iovec};

use crate::kit::*;

/// Pairs whose reader has half-closed.
fn half_closed() -> Vec<Pair> {
    let all = sockets();
    for pair in &all {
        assert_eq!(unsafe { libc::shutdown(pair.r(), libc::SHUT_WR) }, 0);
        let mut writer = libc::pollfd { fd: pair.w(), events: libc::POLLRDHUP, revents: 0 };
        assert_eq!(unsafe { libc::poll(&raw mut writer, 1, 20_000) }, 1, "the end arrives");
    }
    all
}

/// A call that waits in vain for 300 ms does that asleep.
#[track_caller]
fn sleeps(name: &str, call: impl FnOnce(c_int)) {
    let before = clock_ms(libc::CLOCK_THREAD_CPUTIME_ID);
    takes_ms(300, || call(300));
    let busy = clock_ms(libc::CLOCK_THREAD_CPUTIME_ID) - before;
    assert!(busy < 150, "{name} computes for {busy} ms of 300");
}

/// More than there is room for. TCP takes some of it in the course of time.
fn wait_in_vain(pair: &Pair) {
    let bytes = pattern(30_000_000);
    let place = bytes.as_ptr().cast();
    let part = iovec { iov_base: bytes.as_ptr() as _, iov_len: bytes.len() };
    let fd = pair.w();
    let mut done = 0;
    fails(EAGAIN, || unsafe { sockutil_write_full(fd, place, bytes.len(), &raw mut done, NOWAIT) });
    sleeps("write_full", |timeout| {
        fails(EAGAIN, || unsafe { sockutil_write_full(fd, place, bytes.len(), &raw mut done, timeout) });
    });
    sleeps("writev_full", |timeout| {
        fails(EAGAIN, || unsafe { sockutil_writev_full(fd, &raw const part, 1, &raw mut done, timeout) });
    });
    sleeps("send_frame", |timeout| {
        done = 0;
        fails(EAGAIN, || unsafe { sockutil_send_frame(fd, 4, place, bytes.len(), &raw mut done, timeout) });
    });
}

#[test]
fn a_write_that_must_wait_for_a_peer_that_has_half_closed_sleeps() {
    for pair in half_closed() {
        wait_in_vain(&pair);
        set_nonblock(pair.w());
        wait_in_vain(&pair);
    }
}

#[test]
fn a_peer_that_has_half_closed_gets_all_bytes() {
    for nonblock in [false, true] {
        for timeout in [FOREVER, 20_000] {
            for pair in half_closed() {
                if nonblock {
                    set_nonblock(pair.w());
                }
                let sent = pattern(3_000_000);
                let (mut got, mut count, mut done) = (vec![0; sent.len()], 0, 0);
                beside(
                    || {
                        let (place, n) = (got.as_mut_ptr().cast(), got.len());
                        gives(1, || unsafe { sockutil_read_full(pair.r(), place, n, &raw mut count, 20_000) });
                    },
                    || {
                        let (place, n) = (sent.as_ptr().cast(), sent.len());
                        gives(1, || unsafe { sockutil_write_full(pair.w(), place, n, &raw mut done, timeout) });
                    },
                );
                assert_eq!((done, count), (sent.len(), sent.len()));
                assert!(got == sent, "{}", pair.kind);
            }
        }
    }
}

/// What one side still has to say after the other has said all.
#[test]
fn a_relay_goes_on_to_an_end_that_has_half_closed() {
    let (client, near) = UnixStream::pair().unwrap();
    let (far, server) = UnixStream::pair().unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    let sent = pattern(2_000_000);
    let [mut up, mut down] = [[0_u8; 4096]; 2];
    let mut relays = [MaybeUninit::uninit(), MaybeUninit::uninit()];
    let ends = [near.as_raw_fd(), far.as_raw_fd()];
    let memories = [up.as_mut_ptr().cast(), down.as_mut_ptr().cast()];
    for (i, relay) in relays.iter_mut().enumerate() {
        gives(0, || unsafe { sockutil_relay_init(relay.as_mut_ptr(), ends[i], ends[1 - i], memories[i], 4096) });
    }
    let run = |relays: &mut [MaybeUninit<sockutil_relay>; 2], timeout| unsafe {
        sockutil_relay_run(relays[0].as_mut_ptr(), 2, timeout)
    };
    // The client does not read yet: what it takes in is full, and the relays wait.
    let mut written = 0;
    let mut write = |timeout| {
        let place = sent.as_ptr().cast();
        let _ = unsafe { sockutil_write_full(server.as_raw_fd(), place, sent.len(), &raw mut written, timeout) };
        written
    };
    let mut got = vec![0; sent.len()];
    sleeps("relay_run", |timeout| {
        // All that fits into the server's end and the relay.
        beside(
            || {
                write(timeout);
            },
            || {
                fails(EAGAIN, || run(&mut relays, timeout));
            },
        );
    });
    beside(
        || {
            let (place, n, mut count) = (got.as_mut_ptr().cast(), got.len(), 0);
            gives(1, || unsafe { sockutil_read_full(client.as_raw_fd(), place, n, &raw mut count, 20_000) });
        },
        || {
            beside(
                || {
                    assert_eq!(write(20_000), sent.len());
                    server.shutdown(Shutdown::Write).unwrap();
                },
                || gives(1, || run(&mut relays, 20_000)),
            );
        },
    );
    assert!(got == sent);
}
