//! The buffered reader: all its functions, mixed in any order on one reader.

use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::ptr;

use crate::c::*;
use libc::{EINVAL, EMSGSIZE, c_int};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::input::{Input, Length, Piece, byte, capacity, input, length};
use crate::kit::{EAGAIN, FOREVER, NOWAIT};
use crate::model::{Call, Outcome, Rest, Shown, Taken};
use crate::run::{Check, call, property};
use crate::source::{Arrival, Source, arrival, fed_beside, fed_between};

/// Bytes on both sides of the memory, which must not change.
const GUARD: usize = 16;
const UNTOUCHED: u8 = 0xEE;

#[derive(Clone, Copy, Debug)]
enum Op {
    /// The call that fits the next piece, at its start; else a line.
    Suited,
    Line,
    Until(u8),
    UntilText(&'static [u8]),
    Frame(usize),
    CopyLine(Length),
    ReadFull(Length),
    ReadSome(Length),
    SkipFrame(usize),
    SkipLine,
    Take,
}

/// Delimiters of the inputs' bytes, which begin as they end.
const DELIMITERS: [&[u8]; 8] =
    [b"\r\n", b"\r\n\r\n", b"\n\n", b"\0\r", b"x", b"xxx\n", b"\r\r\r\r\r", b"\x01\x02\x01\x02\x03"];

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => Just(Op::Suited),
        3 => Just(Op::Line),
        3 => byte().prop_map(Op::Until),
        3 => select(DELIMITERS.to_vec()).prop_map(Op::UntilText),
        2 => select(vec![1, 2, 4]).prop_map(Op::Frame),
        3 => length().prop_map(Op::ReadFull),
        2 => length().prop_map(Op::CopyLine),
        2 => length().prop_map(Op::ReadSome),
        1 => select(vec![1, 2, 4]).prop_map(Op::SkipFrame),
        1 => Just(Op::SkipLine),
        1 => Just(Op::Take),
    ]
}

#[derive(Clone, Debug)]
struct Case {
    cap: usize,
    input: Input,
    ops: Vec<Op>,
    arrival: Arrival,
}

fn case() -> impl Strategy<Value = Case> {
    (capacity(), input(), vec(op(), 1..24), arrival()).prop_map(|(cap, input, ops, arrival)| Case {
        cap,
        input,
        ops,
        arrival,
    })
}

struct Subject {
    r: sockutil_reader,
    memory: Vec<u8>,
    cap: usize,
    taken: Taken,
}

impl Subject {
    fn new(fd: c_int, cap: usize) -> Check<Self> {
        let mut memory = vec![UNTOUCHED; GUARD + cap + GUARD];
        let mut r = MaybeUninit::uninit();
        let place = memory[GUARD..].as_mut_ptr().cast();
        prop_assert_eq!(call(|| unsafe { sockutil_reader_init(r.as_mut_ptr(), fd, place, cap) })?, (0, 0));
        Ok(Self { r: unsafe { r.assume_init() }, memory, cap, taken: Taken::default() })
    }

    fn pending(&self) -> usize {
        unsafe { sockutil_reader_pending(&raw const self.r) }
    }

    /// The bytes at `*place`, `*len` of them, with the NUL after them.
    fn shown(&self, place: *const c_char, len: usize) -> Check<Shown> {
        let Some(start) = place.addr().checked_sub(self.memory.as_ptr().addr()) else {
            prop_assert!(place.is_null());
            return Ok(Shown::Announced(len));
        };
        prop_assert!(start >= GUARD && start + len < GUARD + self.cap, "it lies outside of the memory");
        prop_assert_eq!(self.memory[start + len], 0, "the NUL behind {} bytes", len);
        Ok(Shown::Bytes(self.memory[start..start + len].to_vec()))
    }

    /// The caller may write to returned bytes.
    fn scribble(&mut self, place: *const c_char, len: usize) {
        let start = place.addr() - self.memory.as_ptr().addr();
        self.memory[start..start + len].fill(b'\n');
    }

    fn is_intact(&self) -> Check {
        let (before, after) = (&self.memory[..GUARD], &self.memory[GUARD + self.cap..]);
        prop_assert!(before.iter().chain(after).all(|byte| *byte == UNTOUCHED), "it wrote outside of its memory");
        Ok(())
    }
}

/// Whether a call shows a part of the reader's memory.
fn shows(op: Op) -> bool {
    matches!(op, Op::Suited | Op::Line | Op::Until(_) | Op::UntilText(_) | Op::Frame(_))
}

/// The model's answer to a call.
fn expect(op: Op, rest: Rest<'_>, subject: &Subject) -> Option<Outcome> {
    let cap = subject.cap;
    match op {
        Op::Suited | Op::Line => rest.reader_until(b'\n', cap),
        Op::Until(delimiter) => rest.reader_until(delimiter, cap),
        Op::UntilText(delimiter) => rest.reader_until_text(delimiter, cap, subject.taken.of(delimiter)),
        Op::Frame(header) => rest.reader_frame(header, cap),
        Op::CopyLine(length) => rest.read_line(length.bytes(cap).max(2)),
        Op::ReadFull(length) => rest.read_full(length.bytes(cap)),
        Op::ReadSome(length) => rest.read_some(length.bytes(cap).max(1), subject.pending()),
        Op::SkipFrame(header) => rest.skip_frame(header),
        Op::SkipLine => rest.skip_line(),
        Op::Take => Some(Outcome::take(subject.taken.shown())),
    }
}

/// Makes a call until it fails with another errno than EAGAIN or succeeds, and compares that with the model. Returns
/// how it ended.
fn complete(op: Op, subject: &mut Subject, source: &mut Source<'_>, handed_out: usize) -> Check<Outcome> {
    let cap = subject.cap;
    let mut buffer = match op {
        Op::CopyLine(length) => vec![UNTOUCHED; length.bytes(cap).max(2) + GUARD],
        Op::ReadFull(length) => vec![UNTOUCHED; length.bytes(cap) + GUARD],
        Op::ReadSome(length) => vec![UNTOUCHED; length.bytes(cap).max(1) + GUARD],
        _ => Vec::new(),
    };
    let n = buffer.len().saturating_sub(GUARD);
    let mut done = 0;
    loop {
        let (mut expected, held) = (expect(op, source.rest(handed_out), subject), subject.pending());
        let timeout = source.timeout(expected.is_some());
        let unset: (*mut c_char, usize) = (ptr::without_provenance_mut(1), 4711);
        let (mut place, mut len) = unset;
        let done_before = done;

        let r = &raw mut subject.r;
        let (answer, errno) = call(|| unsafe {
            match op {
                Op::Suited | Op::Line => sockutil_reader_line(r, &raw mut place, &raw mut len, timeout),
                Op::Until(byte) => sockutil_reader_until(r, byte.into(), &raw mut place, &raw mut len, timeout),
                Op::UntilText(text) => {
                    let start = text.as_ptr().cast();
                    sockutil_reader_until_text(r, start, text.len(), &raw mut place, &raw mut len, timeout)
                }
                Op::Frame(header) => sockutil_reader_frame(r, header as c_int, &raw mut place, &raw mut len, timeout),
                Op::ReadFull(_) => sockutil_reader_read_full(r, buffer.as_mut_ptr().cast(), n, &raw mut done, timeout),
                Op::CopyLine(_) => sockutil_reader_copy_line(r, buffer.as_mut_ptr().cast(), n, &raw mut done, timeout),
                Op::ReadSome(_) => sockutil_reader_read_some(r, buffer.as_mut_ptr().cast(), n, &raw mut done, timeout),
                Op::SkipFrame(size) => sockutil_reader_skip_frame(r, size as c_int, &raw mut done, timeout),
                Op::SkipLine => sockutil_reader_skip_line(r, &raw mut done, timeout),
                Op::Take => {
                    done = sockutil_reader_take(r);
                    done as c_int
                }
            }
        })?;

        let is_set = (place, len) != unset && (place, len) != (ptr::null_mut(), 0);
        if (answer, errno) == (-1, EAGAIN) && shows(op) {
            prop_assert_eq!((place, len), (ptr::null_mut(), 0), "on failure there is nothing to see");
        }
        let shown = match op {
            Op::CopyLine(_) => {
                prop_assert_eq!(buffer[done], 0, "the NUL behind {} bytes", done);
                Shown::Bytes(buffer[..done].to_vec())
            }
            Op::ReadFull(_) | Op::ReadSome(_) => Shown::Bytes(buffer[..done].to_vec()),
            Op::SkipFrame(_) | Op::SkipLine | Op::Take => Shown::Count(done),
            _ if is_set => subject.shown(place, len)?,
            _ => Shown::Nothing,
        };
        subject.is_intact()?;
        prop_assert!(buffer[n..].iter().all(|byte| *byte == UNTOUCHED), "it wrote behind the buffer");

        if (answer, errno) == (-1, EAGAIN) {
            prop_assert!(timeout != FOREVER, "EAGAIN from a call that waits");
            prop_assert!(!is_set, "*line and *len were set");
            subject.taken.shows_nothing();
            prop_assert!(done >= done_before);
            if source.is_exact() {
                prop_assert!(expected.is_none() || timeout != NOWAIT, "all is there: {:?}", expected);
                prop_assert_eq!(subject.pending() + handed_out + done, source.taken(), "what is held");
            }
            if let Shown::Bytes(bytes) = shown {
                prop_assert_eq!(bytes, &source.rest(handed_out).bytes[..done], "what came before EAGAIN");
            }
            source.more();
            continue;
        }
        let call = match op {
            Op::UntilText(delimiter) => Call::Text(delimiter),
            Op::Take => Call::Take,
            Op::ReadFull(_) | Op::ReadSome(_) => Call::Copy,
            Op::CopyLine(_) => Call::Line,
            Op::Frame(_) => Call::Frame,
            _ => Call::Other,
        };
        if let (Op::ReadSome(_), 1.., 0, false, true) = (op, done, held, source.is_exact(), answer == 1) {
            // How much of it is queued only the kernel knows.
            expected = source.rest(handed_out).read_some(done.min(n), 0);
        }
        subject.taken.note(call, &shown, errno);
        let outcome = Outcome { answer, errno, shown, consumed: expected.as_ref().map_or(0, |e| e.consumed) };
        prop_assert_eq!(Some(&outcome), expected.as_ref(), "{:?} with timeout {}", op, timeout);
        let handed_out = handed_out + outcome.consumed;
        prop_assert!(subject.pending() < cap);
        if source.is_exact() {
            prop_assert_eq!(subject.pending() + handed_out, source.taken(), "what is held");
        } else {
            prop_assert!(subject.pending() <= source.rest(handed_out).bytes.len());
        }
        if answer == 1 && is_set {
            subject.scribble(place, len);
        }
        return Ok(outcome);
    }
}

fn read_all(case: &Case, pieces: &[(usize, &Piece)], total: usize, fd: c_int, source: &mut Source<'_>) -> Check {
    let mut subject = Subject::new(fd, case.cap)?;
    let mut handed_out = 0;
    let mut remedy = None;
    for (number, planned) in case.ops.iter().enumerate() {
        let here = pieces.iter().find(|(start, _)| *start == handed_out);
        let op = match (remedy.take(), planned, here) {
            (Some(remedy), ..) => remedy,
            (None, Op::Suited, Some((_, Piece::Frame(header, ..)))) => Op::Frame(*header),
            (None, Op::Suited, Some((_, Piece::Bytes(bytes)))) => Op::ReadFull(Length::Of(bytes.len())),
            (None, op, _) => *op,
        };
        let outcome = complete(op, &mut subject, source, handed_out)?;
        handed_out += outcome.consumed;
        // After a line or a frame that is too long: what a program does, or another call.
        remedy = match (outcome.errno, outcome.shown) {
            (EMSGSIZE, Shown::Announced(length)) if length < 10_000 => Some(Op::ReadFull(Length::Of(length))),
            (EMSGSIZE, Shown::Bytes(_)) if number % 4 == 0 => Some(Op::SkipLine),
            (EMSGSIZE, Shown::Bytes(held)) if number % 4 == 1 => Some(Op::ReadFull(Length::Of(held.len()))),
            (EMSGSIZE, Shown::Bytes(_)) if number % 4 == 2 => Some(Op::Take),
            (error, _) => {
                prop_assert!(matches!(error, 0 | EINVAL | EMSGSIZE));
                None
            }
        };
    }
    loop {
        let outcome = complete(Op::ReadFull(Length::Of(37)), &mut subject, source, handed_out)?;
        handed_out += outcome.consumed;
        if outcome.answer == 0 {
            break;
        }
    }
    prop_assert_eq!((handed_out, subject.pending()), (total, 0));
    // The end is final.
    for op in [Op::Line, Op::Frame(1), Op::SkipLine, Op::Until(0)] {
        prop_assert_eq!(complete(op, &mut subject, source, handed_out)?.answer, 0);
    }
    Ok(())
}

#[test]
fn a_reader_fed_between_its_calls_gives_what_went_in() {
    property(1000, case(), |case| {
        let (bytes, pieces) = case.input.bytes(case.cap);
        fed_between(&case.arrival, &bytes, |fd, source| read_all(case, &pieces, bytes.len(), fd, source))
    });
}

#[test]
fn a_reader_fed_by_a_thread_gives_what_went_in() {
    property(300, case(), |case| {
        let (bytes, pieces) = case.input.bytes(case.cap);
        fed_beside(&case.arrival, &bytes, |fd, source| read_all(case, &pieces, bytes.len(), fd, source))
    });
}
