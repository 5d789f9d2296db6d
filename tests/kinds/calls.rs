//! The calls that read, and their results.

use crate::c::*;
use libc::{EMSGSIZE, c_int};

use super::matrix::{Answer, timed};
use super::reading::NOWAIT;

/// What the reader has.
pub const CAP: usize = 4096;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Call {
    Wait,
    WaitAny,
    /// So many units; 0 is a single byte.
    ReadFull(usize),
    ReadSome,
    ReadLine,
    ReaderLine,
    ReaderUntil,
    ReaderUntilText,
    ReaderFrame,
    ReaderCopyLine,
    ReaderReadFull(usize),
    ReaderReadSome,
    ReaderSkipFrame,
    ReaderSkipLine,
    RecvFrom,
    RecvFromAt,
    Accept,
    RecvFd,
    RecvFds,
}

pub const STREAM_CALLS: [Call; 15] = [
    Call::Wait,
    Call::WaitAny,
    Call::ReadFull(0),
    Call::ReadFull(1),
    Call::ReadSome,
    Call::ReadLine,
    Call::ReaderLine,
    Call::ReaderUntil,
    Call::ReaderUntilText,
    Call::ReaderFrame,
    Call::ReaderCopyLine,
    Call::ReaderReadFull(1),
    Call::ReaderReadSome,
    Call::ReaderSkipFrame,
    Call::ReaderSkipLine,
];

pub const SOCKET_CALLS: [Call; 5] = [Call::RecvFrom, Call::RecvFromAt, Call::Accept, Call::RecvFd, Call::RecvFds];

/// What a call returned, and the bytes that it gave or kept.
pub struct Got {
    pub answer: Answer,
    /// In the caller's memory. Of those skipped only the number is known.
    pub bytes: Vec<u8>,
    /// Kept by the reader.
    pub held: Vec<u8>,
}

/// Waits for a descriptor, behind one that is passed over.
pub fn wait_any(fd: c_int, events: libc::c_short, ms: c_int) -> c_int {
    let mut fds = [-1, fd].map(|fd| libc::pollfd { fd, events, revents: 0 });
    unsafe { sockutil_wait_any(fds.as_mut_ptr(), 2, ms) }
}

impl Call {
    /// Whether it only waits.
    pub fn waits(self) -> bool {
        matches!(self, Self::Wait | Self::WaitAny)
    }

    /// Makes it. `unit` is the size of one gift.
    pub fn make(self, fd: c_int, unit: usize, ms: c_int) -> Got {
        let room = |units: usize| if units == 0 { 1 } else { units * unit };
        let n = if let Self::ReadFull(units) | Self::ReaderReadFull(units) = self { room(units) } else { CAP };
        let (mut buffer, mut memory) = (vec![0_u8; n], vec![0_u8; CAP]);
        let (at, mut done) = (buffer.as_mut_ptr(), 0_usize);
        let mut reader: sockutil_reader = unsafe { std::mem::zeroed() };
        assert_eq!(unsafe { sockutil_reader_init(&raw mut reader, fd, memory.as_mut_ptr().cast(), CAP) }, 0);
        let (r, null) = (&raw mut reader, std::ptr::null_mut::<u8>());
        let (mut item, mut length, mut passed) = (std::ptr::null_mut(), 0_usize, -1);
        let (to, len) = (&raw mut done, &raw mut length);
        let answer = unsafe {
            match self {
                Self::Wait => timed(|| sockutil_wait(fd, libc::POLLIN.into(), ms)),
                Self::WaitAny => timed(|| wait_any(fd, libc::POLLIN, ms)),
                Self::ReadFull(_) => timed(|| sockutil_read_full(fd, at.cast(), n, to, ms)),
                Self::ReadSome => timed(|| sockutil_read_some(fd, at.cast(), n, to, ms)),
                Self::ReadLine => timed(|| sockutil_read_line(fd, at.cast(), n, to, ms)),
                Self::ReaderLine => timed(|| sockutil_reader_line(r, &raw mut item, len, ms)),
                Self::ReaderUntil => timed(|| sockutil_reader_until(r, b'd'.into(), &raw mut item, len, ms)),
                Self::ReaderUntilText => {
                    timed(|| sockutil_reader_until_text(r, b"de".as_ptr().cast(), 2, &raw mut item, len, ms))
                }
                Self::ReaderFrame => timed(|| sockutil_reader_frame(r, 1, &raw mut item, len, ms)),
                Self::ReaderCopyLine => timed(|| sockutil_reader_copy_line(r, at.cast(), n, to, ms)),
                Self::ReaderReadFull(_) => timed(|| sockutil_reader_read_full(r, at.cast(), n, to, ms)),
                Self::ReaderReadSome => timed(|| sockutil_reader_read_some(r, at.cast(), n, to, ms)),
                Self::ReaderSkipFrame => timed(|| sockutil_reader_skip_frame(r, 1, to, ms)),
                Self::ReaderSkipLine => timed(|| sockutil_reader_skip_line(r, to, ms)),
                Self::RecvFrom => timed(|| sockutil_recvfrom(fd, at.cast(), n, null.cast(), null.cast(), ms)),
                Self::RecvFromAt => timed(|| {
                    let nowhere = null.cast();
                    sockutil_recvfrom_at(fd, at.cast(), n, null.cast(), null.cast(), null.cast(), nowhere, ms)
                }),
                Self::Accept => timed(|| sockutil_accept(fd, null.cast(), 0, ms)),
                Self::RecvFd => timed(|| sockutil_recv_fd(fd, &raw mut passed, ms)),
                Self::RecvFds => timed(|| sockutil_recv_fds(fd, &raw mut passed, 1, to, at.cast(), n, len, ms)),
            }
        };
        let shown = match self {
            // What it shows is held.
            _ if answer.errno == EMSGSIZE && self != Self::ReaderCopyLine && self != Self::ReadLine => Vec::new(),
            _ if !item.is_null() => {
                // A frame comes without its header.
                let header = usize::from(self == Self::ReaderFrame && answer.ret == 1);
                unsafe { std::slice::from_raw_parts(item.cast::<u8>().sub(header), length + header) }.to_vec()
            }
            _ if self.only_counts() => vec![0; done],
            Self::RecvFrom | Self::RecvFromAt => buffer[..answer.ret.max(0) as usize].to_vec(),
            _ => buffer[..done.min(n)].to_vec(),
        };
        let pending = unsafe { sockutil_reader_pending(r) };
        let mut held = vec![0; pending];
        let mut count = 0;
        unsafe { sockutil_reader_read_full(r, held.as_mut_ptr().cast(), pending, &raw mut count, NOWAIT) };
        held.truncate(count);
        Got { answer, bytes: shown, held }
    }

    /// Whether it counts bytes, and gives none.
    pub fn only_counts(self) -> bool {
        matches!(self, Self::ReaderSkipLine | Self::ReaderSkipFrame)
    }

    /// How many of these bytes complete the call.
    pub fn takes(self, unit: usize, bytes: &[u8]) -> Option<usize> {
        let until = |byte| bytes.iter().position(|b| *b == byte).map(|at| at + 1);
        let exactly = |n| (bytes.len() >= n).then_some(n);
        match self {
            Self::ReadFull(0)
            | Self::ReadSome
            | Self::ReaderReadSome
            | Self::Wait
            | Self::WaitAny
            | Self::RecvFrom
            | Self::RecvFromAt => exactly(1),
            Self::ReadFull(units) | Self::ReaderReadFull(units) => exactly(units * unit),
            Self::ReadLine | Self::ReaderLine | Self::ReaderCopyLine | Self::ReaderSkipLine => until(b'\n'),
            Self::ReaderUntil => until(b'd'),
            Self::ReaderUntilText => bytes.windows(2).position(|two| two == b"de").map(|at| at + 2),
            Self::ReaderFrame | Self::ReaderSkipFrame => exactly(1 + usize::from(*bytes.first()?)),
            Self::Accept | Self::RecvFd | Self::RecvFds => None,
        }
    }
}
