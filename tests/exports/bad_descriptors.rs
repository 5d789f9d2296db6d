//! Transfers of length 0. A bad descriptor is the kernel's EBADF for these too; a good one gives 1, or the classic 0, and
//! nothing moves.

use std::fs::{File, OpenOptions};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::ptr;

use crate::c::*;
use libc::{c_int, iovec};

use crate::kit::*;
use crate::pass::unix_ends;

type Call = fn(c_int, c_int) -> isize;

/// What reads, and what it answers of a descriptor that is good.
const READS: [(&str, isize, Call); 4] = [
    ("readn", 0, |fd, _| unsafe { sockutil_readn(fd, ptr::null_mut(), 0) }),
    ("read_full", 1, |fd, time| unsafe { sockutil_read_full(fd, ptr::null_mut(), 0, ptr::null_mut(), time) as isize }),
    ("read_full with a count", 1, |fd, time| unsafe {
        sockutil_read_full(fd, [0_u8; 1].as_mut_ptr().cast(), 0, &mut 0, time) as isize
    }),
    ("reader_read_full", 1, |fd, time| unsafe {
        let mut memory = [0_u8; 8];
        let mut reader = std::mem::zeroed();
        assert_eq!(sockutil_reader_init(&raw mut reader, fd, memory.as_mut_ptr().cast(), 8), 0);
        sockutil_reader_read_full(&raw mut reader, ptr::null_mut(), 0, &mut 0, time) as isize
    }),
];

const WRITES: [(&str, isize, Call); 6] = [
    ("writen", 0, |fd, _| unsafe { sockutil_writen(fd, ptr::null(), 0) }),
    ("write_full", 1, |fd, time| unsafe { sockutil_write_full(fd, ptr::null(), 0, ptr::null_mut(), time) as isize }),
    ("write_full with a count", 1, |fd, time| unsafe {
        sockutil_write_full(fd, [0_u8; 1].as_ptr().cast(), 0, &mut 0, time) as isize
    }),
    ("writev_full of nothing", 1, |fd, time| unsafe {
        sockutil_writev_full(fd, ptr::null(), 0, &mut 0, time) as isize
    }),
    ("writev_full of one empty piece", 1, |fd, time| writev_empty(fd, 1, time)),
    ("writev_full of 2,000 empty pieces", 1, |fd, time| writev_empty(fd, 2000, time)),
];

fn writev_empty(fd: c_int, count: usize, timeout_ms: c_int) -> isize {
    let pieces = vec![iovec { iov_base: ptr::null_mut(), iov_len: 0 }; count];
    unsafe { sockutil_writev_full(fd, pieces.as_ptr(), count as c_int, &mut 0, timeout_ms) as isize }
}

const TIMES: [c_int; 3] = [FOREVER, NOWAIT, 50];

/// A descriptor of a file that is open for one thing alone.
fn file(options: &mut OpenOptions) -> File {
    let path = crate::support::scratch("bad").join(format!("file-{}", std::process::id()));
    std::fs::write(&path, "").unwrap();
    options.open(&path).unwrap()
}

/// Open for nothing but its name. Not by OpenOptions: with musl O_PATH is among the bits that it takes away.
fn path_alone() -> OwnedFd {
    let fd = unsafe { libc::open(c"/".as_ptr(), libc::O_PATH | libc::O_CLOEXEC) };
    assert!(fd >= 0);
    unsafe { OwnedFd::from_raw_fd(fd) }
}

#[test]
fn a_bad_descriptor_is_ebadf_for_no_bytes_too() {
    let (pipe, fifo) = (pipe(), fifo());
    let (read_only, write_only) = (file(OpenOptions::new().read(true)), file(OpenOptions::new().write(true)));
    let (terminal_in, terminal_out) = terminal();
    let path = path_alone();
    let never = [("-1", -1), ("closed", CLOSED), ("O_PATH", path.as_raw_fd())];
    let no_reading = [
        ("a pipe's writing end", pipe.w()),
        ("a FIFO's writing end", fifo.w()),
        ("a file open for writing", write_only.as_raw_fd()),
        ("a terminal open for writing", terminal_out.as_raw_fd()),
    ];
    let no_writing = [
        ("a pipe's reading end", pipe.r()),
        ("a FIFO's reading end", fifo.r()),
        ("a file open for reading", read_only.as_raw_fd()),
        ("a terminal open for reading", terminal_in.as_raw_fd()),
    ];
    for (calls, bad) in [(&READS[..], no_reading), (&WRITES[..], no_writing)] {
        for (name, _, call) in calls {
            for (what, fd) in never.iter().chain(&bad) {
                for time in TIMES {
                    set_errno(Errno(4711));
                    let answer = call(*fd, time);
                    assert_eq!((answer, errno().0), (-1, EBADF), "{name} on {what}, {time} ms");
                }
            }
        }
    }
}

/// A terminal, open for reading and open for writing.
fn terminal() -> (File, File) {
    let master = unsafe { libc::posix_openpt(libc::O_RDWR | libc::O_NOCTTY | libc::O_CLOEXEC) };
    assert!(master >= 0);
    let mut name = [0; 64];
    unsafe {
        assert_eq!((libc::grantpt(master), libc::unlockpt(master)), (0, 0));
        assert_eq!(libc::ptsname_r(master, name.as_mut_ptr(), name.len()), 0);
    }
    let name = unsafe { std::ffi::CStr::from_ptr(name.as_ptr()) }.to_str().unwrap();
    let open = |options: &mut OpenOptions| options.custom_flags(libc::O_NOCTTY).open(name).unwrap();
    // The master stays open until the process ends: without it the terminal has hung up.
    (open(OpenOptions::new().read(true)), open(OpenOptions::new().write(true)))
}

#[test]
fn a_good_descriptor_moves_no_bytes() {
    let mut pairs = streams();
    for kind in [libc::SOCK_SEQPACKET, libc::SOCK_DGRAM] {
        let [reader, writer] = unix_ends(kind);
        pairs.push(Pair { kind: "messages", reader, writer });
    }
    let (terminal_in, terminal_out) = terminal();
    pairs.push(Pair { kind: "terminal", reader: terminal_in.into(), writer: terminal_out.into() });
    let (read_only, write_only) = (file(OpenOptions::new().read(true)), file(OpenOptions::new().write(true)));
    pairs.push(Pair { kind: "file", reader: read_only.into(), writer: write_only.into() });
    for pair in &pairs {
        for time in TIMES {
            // There is nothing to read, and no call waits for it; no empty message is sent.
            for (name, good, call) in READS {
                gives(good, || call(pair.r(), time));
                assert!(!name.is_empty());
            }
            for (_, good, call) in WRITES {
                gives(good, || call(pair.w(), time));
            }
        }
        if pair.kind != "file" {
            fails(EAGAIN, || sockutil_wait(pair.r(), libc::POLLIN.into(), NOWAIT));
        }
    }
}

#[test]
fn what_a_reader_holds_is_served_without_its_descriptor() {
    let pair = unix();
    pair.feed(b"one\ntwo\n");
    let mut memory = [0_u8; 32];
    let mut reader = unsafe { std::mem::zeroed() };
    let r = &raw mut reader;
    let (mut line, mut len) = (ptr::null_mut(), 0);
    gives(0, || unsafe { sockutil_reader_init(r, pair.r(), memory.as_mut_ptr().cast(), memory.len()) });
    gives(1, || unsafe { sockutil_reader_line(r, &raw mut line, &raw mut len, 1000) });
    drop(pair.reader);
    // The number may be another file's by now, and what is held is not its.
    gives(1, || unsafe { sockutil_reader_line(r, &raw mut line, &raw mut len, 1000) });
    assert_eq!(len, 4);
}
