//! `pipe_rules`: what read and write on a pipe return, when they block, and what raises `SIGPIPE`.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use crate::kit::*;

/// The capacity of a new pipe here, and the size of a page.
fn capacity() -> (usize, usize) {
    let mut ends = [0; 2];
    // SAFETY: a plain system call, with room for two descriptors.
    assert_eq!(unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) }, 0, "{}", io::Error::last_os_error());
    // SAFETY: the descriptors are new, and only we own them.
    let [reader, _writer] = ends.map(|fd| unsafe { OwnedFd::from_raw_fd(fd) });
    // SAFETY: plain system calls, on an open descriptor.
    let (size, page) =
        unsafe { (libc::fcntl(reader.as_raw_fd(), libc::F_GETPIPE_SZ), libc::sysconf(libc::_SC_PAGESIZE)) };
    (size.try_into().unwrap(), page.try_into().unwrap())
}

/// pipe(7), and read and write of POSIX, under "pipe or FIFO".
#[test]
fn a_pipe_keeps_its_rules_with_and_without_data_room_a_reader_and_a_writer() {
    let (full, page) = capacity();
    let (limit, twice) = (libc::PIPE_BUF, 2 * page);
    let below = limit - 1;
    for kind in KINDS {
        let expected = [
            // Less than was asked for, without waiting for more.
            "5 bytes".to_owned(),
            "  read 100, blocking: 5".into(),
            "empty".into(),
            "  read 100, blocking: blocked, EINTR".into(),
            "  read 100, O_NONBLOCK: EAGAIN".into(),
            // The end of the stream comes after the data.
            "5 bytes, no writer".into(),
            "  read 100, blocking: 5".into(),
            "  read 100, blocking: 0".into(),
            format!("full, {full} bytes"),
            "  write 1, blocking: blocked, EINTR".into(),
            "  write 1, O_NONBLOCK: EAGAIN".into(),
            // At most PIPE_BUF bytes: none are written if not all have room.
            format!("room for {below} of {full} bytes"),
            format!("  write {limit}, blocking: blocked, EINTR"),
            format!("  write {limit}, O_NONBLOCK: EAGAIN"),
            format!("  write {below}, O_NONBLOCK: {below}"),
            // More than that may be divided.
            format!("room for {page} of {full} bytes"),
            format!("  write {twice}, blocking: blocked, {page}"),
            format!("room for {page} of {full} bytes"),
            format!("  write {twice}, O_NONBLOCK: {page}"),
            "no reader".into(),
            "  write 5, blocking: SIGPIPE, EPIPE".into(),
            "  write 5, O_NONBLOCK: SIGPIPE, EPIPE".into(),
        ];
        assert_eq!(printed("pipe_rules", kind), expected);
    }
}
