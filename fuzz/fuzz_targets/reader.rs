//! The buffered reader: all its calls in any order, over memory of any size, on a stream in any pieces. What each call
//! answers is what the model says, so that a byte that is lost or comes twice is found, and not crashes alone.

#![no_main]

#[path = "../../tests/support/c.rs"]
mod c;

use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::ptr;

use c::*;
use libc::c_int;
use libfuzzer_sys::fuzz_target;
use sockutil_fuzz::input::{Control, stretched};
use sockutil_fuzz::model::{Call, Outcome, Rest, Shown, Taken};
use sockutil_fuzz::stream::Source;
use sockutil_fuzz::{EAGAIN, EINVAL, FOREVER, NOWAIT, call};

/// Delimiters that begin as they end, and one that many memories are too small for.
const DELIMITERS: [&[u8]; 8] = [b"\r\n", b"\r\n\r\n", b"\r\n.\r\n", b"\n\n", b"aab", b"aaaa", b"abcabd", &[b'a'; 255]];

#[derive(Clone, Copy, Debug)]
enum Op {
    Line,
    Until(u8),
    UntilText(&'static [u8]),
    Frame(usize),
    CopyLine(usize),
    ReadFull(usize),
    ReadSome(usize),
    SkipFrame(usize),
    SkipLine,
    Take,
}

impl Op {
    fn expect(self, rest: Rest<'_>, cap: usize, taken: &Taken, held: usize) -> Option<Outcome> {
        match self {
            Self::Line => rest.reader_until(b'\n', cap),
            Self::Until(delimiter) => rest.reader_until(delimiter, cap),
            Self::UntilText(delimiter) => rest.reader_until_text(delimiter, cap, taken.of(delimiter)),
            Self::Frame(header @ (1 | 2 | 4)) => rest.reader_frame(header, cap),
            Self::Frame(_) => Some(Outcome::failure(EINVAL, Shown::Nothing, 0)),
            Self::CopyLine(cap) => rest.read_line(cap),
            Self::ReadFull(n) => rest.read_full(n),
            Self::ReadSome(0) => Some(Outcome::failure(EINVAL, Shown::Bytes(Vec::new()), 0)),
            Self::ReadSome(n) => rest.read_some(n, held),
            Self::SkipFrame(header @ (1 | 2 | 4)) => rest.skip_frame(header),
            Self::SkipFrame(_) => Some(Outcome::failure(EINVAL, Shown::Count(0), 0)),
            Self::SkipLine => rest.skip_line(),
            Self::Take => Some(Outcome::take(taken.shown())),
        }
    }
}

struct Subject {
    r: sockutil_reader,
    /// Exactly as long as the reader's size: the sanitizer finds a write around it.
    memory: Vec<u8>,
    source: Source,
    handed_out: usize,
    taken: Taken,
}

impl Subject {
    fn new(source: Source, cap: usize) -> Self {
        let mut memory = vec![0xEE; cap];
        let mut r = MaybeUninit::uninit();
        let made =
            call(|| unsafe { sockutil_reader_init(r.as_mut_ptr(), source.fd(), memory.as_mut_ptr().cast(), cap) });
        assert_eq!(made, (0, 0));
        Self { r: unsafe { r.assume_init() }, memory, source, handed_out: 0, taken: Taken::default() }
    }

    fn pending(&self) -> usize {
        unsafe { sockutil_reader_pending(&raw const self.r) }
    }

    /// The bytes that a call has shown, in the memory and with a NUL after them; or the announced length.
    fn shown(&self, place: *mut c_char, len: usize) -> Shown {
        if place.is_null() {
            return Shown::Announced(len);
        }
        let start = place.addr().checked_sub(self.memory.as_ptr().addr()).expect("before the memory");
        assert!(start + len < self.memory.len(), "behind the memory");
        assert_eq!(self.memory[start + len], 0, "the NUL behind");
        Shown::Bytes(self.memory[start..start + len].to_vec())
    }

    /// Makes a call until it says something else than "not yet". Gives how it ended, which is as the model says.
    fn complete(&mut self, op: Op, waits: bool) -> Outcome {
        let cap = self.memory.len();
        let n = if let Op::CopyLine(n) | Op::ReadFull(n) | Op::ReadSome(n) = op { n } else { 0 };
        let mut buffer = vec![0xEE_u8; n];
        let mut done = 0;
        loop {
            let expected = op.expect(self.source.rest(self.handed_out), cap, &self.taken, self.pending());
            // Nobody feeds while a call waits.
            let timeout = if waits && expected.is_some() { FOREVER } else { NOWAIT };
            let unset: (*mut c_char, usize) = (ptr::without_provenance_mut(1), 4711);
            let (mut place, mut len) = unset;
            let done_before = done;

            let r = &raw mut self.r;
            let (answer, errno) = call(|| unsafe {
                match op {
                    Op::Line => sockutil_reader_line(r, &raw mut place, &raw mut len, timeout),
                    Op::Until(byte) => sockutil_reader_until(r, byte.into(), &raw mut place, &raw mut len, timeout),
                    Op::UntilText(text) => {
                        let start = text.as_ptr().cast();
                        sockutil_reader_until_text(r, start, text.len(), &raw mut place, &raw mut len, timeout)
                    }
                    Op::Frame(size) => sockutil_reader_frame(r, size as c_int, &raw mut place, &raw mut len, timeout),
                    Op::ReadFull(_) => {
                        sockutil_reader_read_full(r, buffer.as_mut_ptr().cast(), n, &raw mut done, timeout)
                    }
                    Op::CopyLine(_) => {
                        sockutil_reader_copy_line(r, buffer.as_mut_ptr().cast(), n, &raw mut done, timeout)
                    }
                    Op::ReadSome(_) => {
                        sockutil_reader_read_some(r, buffer.as_mut_ptr().cast(), n, &raw mut done, timeout)
                    }
                    Op::SkipFrame(size) => sockutil_reader_skip_frame(r, size as c_int, &raw mut done, timeout),
                    Op::SkipLine => sockutil_reader_skip_line(r, &raw mut done, timeout),
                    Op::Take => {
                        done = sockutil_reader_take(r);
                        done as c_int
                    }
                }
            });

            let is_set = (place, len) != unset && (place, len) != (ptr::null_mut(), 0);
            assert!(self.pending() < cap);
            if (answer, errno) == (-1, EAGAIN) {
                assert_eq!(expected, None, "{op:?} says \"not yet\", but all is there");
                assert!(!is_set && done >= done_before);
                self.taken.shows_nothing();
                assert_eq!(self.pending() + self.handed_out + done, self.source.taken(), "what is held");
                if let Op::CopyLine(_) | Op::ReadFull(_) = op {
                    assert_eq!(buffer[..done], self.source.rest(self.handed_out).bytes[..done], "before EAGAIN");
                }
                self.source.more();
                continue;
            }
            let shown = match op {
                Op::CopyLine(_) => {
                    assert_eq!(buffer[done], 0, "the NUL behind");
                    Shown::Bytes(buffer[..done].to_vec())
                }
                Op::ReadFull(_) | Op::ReadSome(_) => Shown::Bytes(buffer[..done].to_vec()),
                Op::SkipFrame(_) | Op::SkipLine | Op::Take => Shown::Count(done),
                _ if is_set => self.shown(place, len),
                _ => Shown::Nothing,
            };
            let call = match op {
                Op::UntilText(delimiter) => Call::Text(delimiter),
                Op::Take => Call::Take,
                Op::ReadFull(_) | Op::ReadSome(_) => Call::Copy,
                Op::CopyLine(_) => Call::Line,
                Op::Frame(_) => Call::Frame,
                _ => Call::Other,
            };
            self.taken.note(call, &shown, errno);
            let outcome = Outcome { answer, errno, shown, consumed: expected.as_ref().map_or(0, |e| e.consumed) };
            assert_eq!(Some(&outcome), expected.as_ref(), "{op:?}");
            self.handed_out += outcome.consumed;
            assert_eq!(self.pending() + self.handed_out, self.source.taken(), "what is held");
            if answer == 1 && is_set {
                // The caller may change returned bytes: no later call may use them.
                let start = place.addr() - self.memory.as_ptr().addr();
                self.memory[start..start + len].fill(b'\n');
            }
            return outcome;
        }
    }
}

fn run(input: &[u8]) -> Option<()> {
    let (content, mut control) = Control::split(input)?;
    let kind = control.byte();
    let cap = control.size().max(2);
    let times = [1, 1, 1, 1, 3, 16, 60, 200][kind >> 1 & 7];
    let sizes = (0..kind >> 4 & 7).map(|_| control.size()).collect();
    let mut subject = Subject::new(Source::new(kind & 1 == 0, stretched(content, times), sizes), cap);
    while let Some(code) = control.more() {
        let op = match code & 15 {
            0..=3 => Op::Line,
            4 | 5 => Op::Until(control.byte() as u8),
            6 => Op::Frame(1),
            7 => Op::Frame(2),
            8 => Op::Frame(4),
            9 => Op::Frame(control.byte()),
            10 | 11 => Op::ReadFull(control.size()),
            12 => Op::SkipLine,
            13 => match code >> 5 & 7 {
                0 | 1 => Op::Take,
                2 => Op::CopyLine(control.size().max(2)),
                3 => Op::ReadSome(control.size()),
                4 => Op::SkipFrame([1, 2, 4, 0][control.byte() & 3]),
                _ => Op::UntilText(DELIMITERS[control.byte() % DELIMITERS.len()]),
            },
            _ => {
                subject.source.more();
                continue;
            }
        };
        subject.complete(op, code & 16 != 0);
    }
    // Nothing is left, and nothing was lost.
    while subject.complete(Op::ReadFull(37), true).answer == 1 {}
    assert_eq!((subject.handed_out, subject.pending()), (subject.source.len(), 0));
    for op in [Op::Line, Op::Frame(1), Op::SkipLine, Op::Until(0)] {
        assert_eq!(subject.complete(op, true).answer, 0);
    }
    Some(())
}

fuzz_target!(|input: &[u8]| {
    run(input);
});
