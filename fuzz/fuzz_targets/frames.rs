//! Frames: what send_frame puts on the wire, in as many parts as there is room for, is a header and its body, and
//! reader_frame gives that body back; whatever else is on the wire as a header, the reader's memory bounds it.

#![no_main]

#[path = "../../tests/support/c.rs"]
mod c;

use std::ffi::c_char;
use std::io::Write;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, OwnedFd};
use std::ptr;

use c::*;
use libc::c_int;
use libfuzzer_sys::fuzz_target;
use sockutil_fuzz::input::Control;
use sockutil_fuzz::model::{Outcome, Rest, Shown};
use sockutil_fuzz::stream::{pair, queued};
use sockutil_fuzz::{EAGAIN, EINVAL, EMSGSIZE, FOREVER, NOWAIT, call};

/// What is put on the wire raw, at once.
const RAW: usize = 64;

/// So many bytes on the wire are enough: more inputs are better than longer ones.
const MOST: usize = 100_000;

struct Subject {
    r: sockutil_reader,
    /// Exactly as long as the reader's size: the sanitizer finds a write around it.
    memory: Vec<u8>,
    reader: OwnedFd,
    /// `None` once the stream has ended.
    writer: Option<std::fs::File>,
    /// All that has ever been on the wire.
    wire: Vec<u8>,
    handed_out: usize,
}

impl Subject {
    fn new(is_socket: bool, cap: usize) -> Self {
        let (reader, writer) = pair(is_socket);
        // As little as the kernel gives, so that a frame does not leave at once.
        if is_socket {
            let (least, size): (c_int, _) = (1, size_of::<c_int>() as libc::socklen_t);
            let (level, name) = (libc::SOL_SOCKET, libc::SO_SNDBUF);
            let set = unsafe { libc::setsockopt(writer.as_raw_fd(), level, name, (&raw const least).cast(), size) };
            assert_eq!(set, 0);
        } else {
            assert!(unsafe { libc::fcntl(writer.as_raw_fd(), libc::F_SETPIPE_SZ, 4096) } >= 4096);
        }
        let mut memory = vec![0xEE; cap];
        let mut r = MaybeUninit::uninit();
        let made = call(|| unsafe {
            sockutil_reader_init(r.as_mut_ptr(), reader.as_raw_fd(), memory.as_mut_ptr().cast(), cap)
        });
        assert_eq!(made, (0, 0));
        let r = unsafe { r.assume_init() };
        Self { r, memory, reader, writer: Some(writer.into()), wire: Vec::new(), handed_out: 0 }
    }

    fn rest(&self) -> Rest<'_> {
        Rest { bytes: &self.wire[self.handed_out..], ended: self.writer.is_none() }
    }

    fn check_held(&self) {
        let pending = unsafe { sockutil_reader_pending(&raw const self.r) };
        assert!(pending < self.memory.len());
        assert_eq!(pending + self.handed_out + queued(self.reader.as_raw_fd()), self.wire.len(), "what is held");
    }

    /// One call for a frame, which is as the model says: it takes no more calls than that, since all is on the wire.
    fn receive(&mut self, header: usize, waits: bool) {
        let expected = match header {
            1 | 2 | 4 => self.rest().reader_frame(header, self.memory.len()),
            _ => Some(Outcome::failure(EINVAL, Shown::Nothing, 0)),
        };
        let timeout = if waits && expected.is_some() { FOREVER } else { NOWAIT };
        let unset: (*mut c_char, usize) = (ptr::without_provenance_mut(1), 4711);
        let (mut place, mut len) = unset;
        let r = &raw mut self.r;
        let (answer, errno) =
            call(|| unsafe { sockutil_reader_frame(r, header as c_int, &raw mut place, &raw mut len, timeout) });
        let shown = match place {
            _ if (place, len) == (ptr::null_mut(), 0) => Shown::Nothing,
            place if place.is_null() => Shown::Announced(len),
            place => {
                let start = place.addr().checked_sub(self.memory.as_ptr().addr()).expect("before the memory");
                assert!(start + len < self.memory.len(), "behind the memory");
                assert_eq!(self.memory[start + len], 0, "the NUL behind");
                Shown::Bytes(self.memory[start..start + len].to_vec())
            }
        };
        let consumed = expected.as_ref().map_or(0, |e| e.consumed);
        let expected = expected.unwrap_or(Outcome::failure(EAGAIN, Shown::Nothing, 0));
        assert_eq!(Outcome { answer, errno, shown, consumed }, expected);
        self.handed_out += consumed;
        self.check_held();
    }

    /// One call that drops a frame, and while that is not over, another call, which is refused.
    fn skip(&mut self, header: usize, waits: bool) {
        let mut total = 0;
        for round in 0.. {
            let expected = match header {
                1 | 2 | 4 => self.rest().skip_frame(header),
                _ => Some(Outcome::failure(EINVAL, Shown::Count(0), 0)),
            };
            let timeout = if waits && expected.is_some() { FOREVER } else { NOWAIT };
            let r = &raw mut self.r;
            let (answer, errno) =
                call(|| unsafe { sockutil_reader_skip_frame(r, header as c_int, &raw mut total, timeout) });
            if (answer, errno) == (-1, EAGAIN) {
                assert_eq!(expected, None, "all is there");
                // All that came is dropped, which is in no other call's way.
                assert_eq!(total, self.rest().bytes.len());
                let refused = call(|| unsafe { sockutil_reader_frame(r, 1, &mut ptr::null_mut(), &mut 0, NOWAIT) });
                assert_eq!(refused, (-1, EINVAL));
                // Some more of it, or its end: it can be 4 GiB.
                if round < 20 {
                    self.put_raw(b"\x01\0x");
                } else {
                    self.writer = None;
                }
                continue;
            }
            let consumed = expected.as_ref().map_or(0, |e| e.consumed);
            assert_eq!(Some(Outcome { answer, errno, shown: Shown::Count(total), consumed }), expected);
            self.handed_out += consumed;
            self.check_held();
            return;
        }
    }

    /// What a program does about what is too long for a frame, and in the end.
    fn take(&mut self, n: usize) -> bool {
        let n = n.min(self.rest().bytes.len());
        let mut buffer = vec![0xEE_u8; n];
        let mut done = 0;
        let r = &raw mut self.r;
        let taken =
            call(|| unsafe { sockutil_reader_read_full(r, buffer.as_mut_ptr().cast(), n, &raw mut done, NOWAIT) });
        assert_eq!((taken, done), ((1, 0), n));
        assert_eq!(buffer, self.rest().bytes[..n]);
        self.handed_out += n;
        self.check_held();
        n > 0
    }

    /// Sends a frame, and makes room when there is none: by reading frames, or bytes.
    fn send(&mut self, header: usize, body: &[u8], makes_room: impl Fn(&mut Self)) {
        let Some(fd) = self.writer.as_ref().map(AsRawFd::as_raw_fd) else { return };
        let n = body.len();
        let longest = match header {
            1 => 255,
            2 => 65_535,
            4 => u32::MAX as usize,
            _ => 0,
        };
        let mut frame = (n as u32).to_be_bytes()[4_usize.saturating_sub(header)..].to_vec();
        frame.extend_from_slice(body);
        let mut done = 0;
        loop {
            let before = done;
            let sent = call(|| unsafe {
                sockutil_send_frame(fd, header as c_int, body.as_ptr().cast(), n, &raw mut done, NOWAIT)
            });
            if !matches!(header, 1 | 2 | 4) {
                assert_eq!((sent, done), ((-1, EINVAL), 0));
                return;
            }
            if n > longest {
                assert_eq!((sent, done), ((-1, EMSGSIZE), 0));
                return;
            }
            assert!(before <= done && done <= frame.len());
            self.wire.extend_from_slice(&frame[before..done]);
            self.check_held();
            if sent == (1, 0) {
                assert_eq!(done, frame.len());
                return;
            }
            assert_eq!(sent, (-1, EAGAIN));
            makes_room(self);
            // There may have been no room because of one frame that does not fit into the reader's memory.
            while queued(self.reader.as_raw_fd()) > 0 && self.take(8192) {}
        }
    }

    fn put_raw(&mut self, bytes: &[u8]) {
        let Some(writer) = &mut self.writer else { return };
        if queued(self.reader.as_raw_fd()) == 0 {
            writer.write_all(bytes).expect("there is room");
            self.wire.extend_from_slice(bytes);
        }
    }
}

fn run(input: &[u8]) -> Option<()> {
    let (mut content, mut control) = Control::split(input)?;
    let kind = control.byte();
    let cap = control.size().max(2);
    let mut subject = Subject::new(kind & 1 == 0, cap);
    let mut size = [1, 2, 4, 4][kind >> 1 & 3];
    while let Some(code) = control.more().filter(|_| subject.wire.len() < MOST) {
        match code & 15 {
            0..=3 => {
                // A body as long as is asked for, of what content there is.
                let n = if code & 96 == 96 { control.byte() * 263 } else { control.size() };
                let mut body = content.repeat(n / content.len().max(1) + 1);
                body.resize(n, b'.');
                subject.send(size, &body, |subject| subject.receive(size, code & 16 != 0));
            }
            4..=6 => {
                let n = control.byte().min(content.len()).min(RAW);
                let (raw, rest) = content.split_at(n);
                content = rest;
                subject.put_raw(raw);
            }
            7..=12 if code & 128 != 0 => subject.skip(size, code & 16 != 0),
            7..=12 => subject.receive(size, code & 16 != 0),
            13 => drop(subject.take(control.size())),
            14 => size = [1, 2, 4, control.byte()][code >> 4 & 3],
            _ if control.byte() < 64 => subject.writer = None,
            _ => {}
        }
    }
    subject.writer = None;
    for size in [1, 2, 4] {
        subject.receive(size, true);
    }
    while subject.take(1000) {}
    subject.receive(1, true);
    Some(())
}

fuzz_target!(|input: &[u8]| {
    run(input);
});
