//! Lengths above INT_MAX. Some kernels refuse them in one call, and Linux moves less than was asked for.

use std::fs::File;
use std::mem::MaybeUninit;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixDatagram;
use std::ptr;

use crate::c::*;
use libc::{c_int, c_void, iovec};

use crate::kit::*;
use crate::support::left_out;

/// More than INT_MAX, in memory of which nothing is ever in use.
const LONG: usize = c_int::MAX as usize + 4096;

struct Memory(*mut c_void);

impl Memory {
    fn new() -> Option<Self> {
        let (access, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        let place = unsafe { libc::mmap(ptr::null_mut(), LONG, access, flags | libc::MAP_NORESERVE, -1, 0) };
        if place == libc::MAP_FAILED {
            left_out("little memory", "lengths above INT_MAX");
            return None;
        }
        Some(Self(place))
    }

    fn first(&self, n: usize) -> &[u8] {
        unsafe { std::slice::from_raw_parts(self.0.cast(), n) }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        assert_eq!(unsafe { libc::munmap(self.0, LONG) }, 0);
    }
}

/// A call that writes to a descriptor, and counts.
type Call<'a> = &'a dyn Fn(c_int, &mut usize, c_int) -> c_int;

/// What fits is written, and counted.
#[test]
fn a_write_of_more_than_int_max_moves_what_there_is_room_for() {
    let Some(memory) = Memory::new() else { return };
    let place = memory.0.cast_const();
    let half = iovec { iov_base: memory.0, iov_len: LONG / 2 };
    let halves = [half, half, half];
    let calls: [(&str, Call<'_>); 3] = [
        ("write_full", &|fd, done, timeout| unsafe { sockutil_write_full(fd, place, LONG, done, timeout) }),
        ("writev_full", &|fd, done, timeout| unsafe { sockutil_writev_full(fd, halves.as_ptr(), 3, done, timeout) }),
        ("send_frame", &|fd, done, timeout| unsafe { sockutil_send_frame(fd, 4, place, LONG, done, timeout) }),
    ];
    for (name, call) in calls {
        for timeout in [NOWAIT, 30] {
            for pair in streams() {
                let mut done = 0;
                fails(EAGAIN, || call(pair.w(), &mut done, timeout));
                assert!(done > 0 && done < LONG, "{name}, {}: {done}", pair.kind);
            }
        }
    }
    for pair in sockets() {
        let mut writer = MaybeUninit::uninit();
        let (mut held, mut done) = ([0_u8; 16], 0);
        let at = held.as_mut_ptr().cast();
        gives(0, || unsafe { sockutil_writer_init(writer.as_mut_ptr(), pair.w(), at, held.len()) });
        fails(EAGAIN, || unsafe { sockutil_writer_put(writer.as_mut_ptr(), place, LONG, &raw mut done, NOWAIT) });
        assert!(done > 0 && done < LONG, "writer_put, {}: {done}", pair.kind);
        set_nonblock(pair.w());
        fails(EAGAIN, || unsafe { sockutil_writen(pair.w(), place, LONG) });
    }
}

/// A device that takes all of it.
#[test]
fn all_bytes_of_more_than_int_max_are_written() {
    let Some(memory) = Memory::new() else { return };
    let nowhere = File::options().write(true).open("/dev/null").unwrap();
    let (fd, place) = (nowhere.as_raw_fd(), memory.0.cast_const());
    for timeout in [FOREVER, NOWAIT] {
        let mut done = 0;
        gives(1, || unsafe { sockutil_write_full(fd, place, LONG, &raw mut done, timeout) });
        assert_eq!(done, LONG);
        let most = iovec { iov_base: memory.0, iov_len: LONG };
        done = 0;
        gives(1, || unsafe { sockutil_writev_full(fd, [most; 3].as_ptr(), 3, &raw mut done, timeout) });
        assert_eq!(done, 3 * LONG);
    }
    gives(LONG as isize, || unsafe { sockutil_writen(fd, place, LONG) });
}

/// How many bytes came, when five were there.
type Read<'a> = &'a dyn Fn(c_int, c_int) -> usize;

#[test]
fn a_read_into_more_than_int_max_takes_what_is_there() {
    let Some(memory) = Memory::new() else { return };
    let place = memory.0;
    let reader = |fd| {
        let mut reader = MaybeUninit::uninit();
        gives(0, || unsafe { sockutil_reader_init(reader.as_mut_ptr(), fd, place, LONG) });
        unsafe { reader.assume_init() }
    };
    let calls: [(&str, Read<'_>); 6] = [
        ("read_some", &|fd, timeout| {
            let mut len = 0;
            gives(1, || unsafe { sockutil_read_some(fd, place, LONG, &raw mut len, timeout) });
            len
        }),
        ("read_full", &|fd, timeout| {
            let mut done = 0;
            gives(0, || unsafe { sockutil_read_full(fd, place, LONG, &raw mut done, timeout) });
            done
        }),
        ("read_line", &|fd, timeout| {
            let mut done = 0;
            gives(1, || unsafe { sockutil_read_line(fd, place.cast(), LONG, &raw mut done, timeout) });
            done
        }),
        ("reader_line", &|fd, timeout| {
            let (mut line, mut len) = (ptr::null_mut(), 0);
            gives(1, || unsafe { sockutil_reader_line(&mut reader(fd), &raw mut line, &raw mut len, timeout) });
            len
        }),
        ("readn", &|fd, _| unsafe { sockutil_readn(fd, place, LONG) as usize }),
        ("readline", &|fd, _| unsafe { sockutil_readline(fd, place, LONG) as usize }),
    ];
    for (name, call) in calls {
        for timeout in [FOREVER, NOWAIT, 5000] {
            for pair in streams() {
                pair.feed(b"line\n");
                let kind = pair.kind;
                let reading = pair.end();
                assert_eq!(
                    (call(reading.as_raw_fd(), timeout), memory.first(5)),
                    (5, &b"line\n"[..]),
                    "{name}, {kind}"
                );
            }
        }
    }
}

#[test]
fn what_only_sockets_can_do_takes_lengths_above_int_max() {
    let Some(memory) = Memory::new() else { return };
    let place = memory.0;
    let pair = unix();
    pair.feed(b"bytes");
    gives(5, || unsafe { sockutil_recv_peek(pair.r(), place, LONG) });
    let (mut nfds, mut len, mut fd) = (7, 0, -1);
    gives(1, || unsafe {
        sockutil_recv_fds(pair.r(), &raw mut fd, 1, &raw mut nfds, place, LONG, &raw mut len, NOWAIT)
    });
    assert_eq!((nfds, len), (0, 5));
    let mut done = 0;
    let itself = pair.w();
    fails(EAGAIN, || unsafe { sockutil_send_fds(pair.w(), &raw const itself, 1, place, LONG, &raw mut done, NOWAIT) });
    assert!(done > 0 && done < LONG, "send_fds: {done}");
    let (sender, receiver) = UnixDatagram::pair().unwrap();
    sender.send(b"bytes").unwrap();
    let (from, cut) = (ptr::null_mut(), ptr::null_mut());
    gives(5, || unsafe { sockutil_recvfrom(receiver.as_raw_fd(), place, LONG, from, cut, NOWAIT) });
}

#[test]
fn a_relay_takes_memory_of_more_than_int_max() {
    let Some(memory) = Memory::new() else { return };
    let (from, to) = (unix(), unix());
    from.feed(b"bytes");
    let reading = from.end();
    let mut relay = MaybeUninit::uninit();
    gives(0, || unsafe { sockutil_relay_init(relay.as_mut_ptr(), reading.as_raw_fd(), to.w(), memory.0, LONG) });
    // It is over.
    gives(1, || unsafe { sockutil_relay_run(relay.as_mut_ptr(), 1, 5000) });
    assert_eq!(unsafe { sockutil_relay_moved(relay.as_ptr()) }, 5);
}
