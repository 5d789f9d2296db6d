//! /proc/kmsg: it calls itself a regular file, and makes who reads it wait. One machine has one, so one cell at a time.

use crate::left_out::left_out;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use libc::EAGAIN;

use super::calls::Call;
use super::kit;
use super::reading::{MIDDLE, NOWAIT};

fn drained() -> io::Result<OwnedFd> {
    let fd = kit::open("/proc/kmsg", libc::O_RDONLY | libc::O_NONBLOCK)?;
    // Whoever reads it in this system does so all the time, so that there is little; `dmesg` goes on showing all.
    kit::drain(0, || kit::get(&fd, 8192));
    kit::set_flags(fd.as_raw_fd(), 0);
    Ok(fd)
}

#[test]
fn the_kernels_messages_are_no_file_that_is_always_ready() {
    let fd = match drained() {
        Ok(fd) => fd,
        Err(e) => return left_out("no /proc/kmsg", e),
    };
    let number = fd.as_raw_fd();
    // A new message may come at any time: then there is something to read, and it is another's turn.
    let unread = || unsafe { libc::klogctl(9, std::ptr::null_mut(), 0) };
    let mut hung = Vec::new();
    for (call, ms) in [Call::ReadFull(1), Call::ReaderLine, Call::ReaderSkipLine]
        .into_iter()
        .flat_map(|call| [NOWAIT, 150].map(|ms| (call, ms)))
    {
        kit::nonblocking(number, || kit::drain(0, || kit::get(&fd, 8192)));
        let (to, from) = channel();
        thread::spawn(move || to.send(call.make(number, 8, ms).answer));
        if let Ok(answer) = from.recv_timeout(Duration::from_secs(3)) {
            let quiet = answer.ret == -1 && answer.errno == EAGAIN && answer.took.as_millis() >= ms as u128;
            assert!(quiet || answer.ret == 1 || unread() > 0, "{call:?}, {ms} ms: {answer:?}");
        } else {
            hung.push(format!("{call:?}, {ms} ms: still waiting after 3 s"));
            // It ends with a message, and takes no later one.
            say();
        }
    }
    assert!(hung.is_empty(), "{}", hung.join("\n"));
    for (what, ms) in [("there", NOWAIT), ("in the middle", 1000)] {
        kit::nonblocking(number, || kit::drain(0, || kit::get(&fd, 8192)));
        let answer = thread::scope(|scope| {
            if ms == NOWAIT {
                say();
            } else {
                scope.spawn(|| {
                    thread::sleep(MIDDLE);
                    say();
                });
            }
            Call::ReadFull(1).make(number, 8, ms).answer
        });
        if answer.ret == -1 && answer.errno == EAGAIN && unread() == 0 {
            left_out("another reads /proc/kmsg", format!("a message of the kernel {what}"));
        } else {
            assert_eq!(answer.ret, 1, "a message {what}: {answer:?}");
        }
    }
}

/// A line in the kernel's log.
fn say() {
    if let Ok(fd) = kit::open("/dev/kmsg", libc::O_WRONLY) {
        kit::put(&fd, b"sockutil's tests: a message for a reader of /proc/kmsg\n");
    }
}
