//! The calls without state, old and new, mixed in any order on one descriptor.

use crate::c::{sockutil_read_full, sockutil_read_line, sockutil_readline, sockutil_readn, sockutil_recv_peek};
use libc::{EMSGSIZE, ENOTSOCK, c_int};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::input::{Input, capacity, input, length};
use crate::kit::{EAGAIN, FOREVER, NOWAIT};
use crate::model::{Outcome, Rest, Shown};
use crate::run::{Check, call, property};
use crate::source::{Arrival, Source, arrival, fed_beside, fed_between};

const GUARD: usize = 16;
const UNTOUCHED: u8 = 0xEE;

/// A call, with the size of its buffer.
#[derive(Clone, Copy, Debug)]
enum Op {
    ReadLine(usize),
    ReadFull(usize),
    Readline(usize),
    Readn(usize),
    Peek(usize),
}

impl Op {
    fn room(self) -> usize {
        match self {
            Self::ReadLine(n) | Self::ReadFull(n) | Self::Readline(n) | Self::Readn(n) | Self::Peek(n) => n,
        }
    }

    /// Whether O_NONBLOCK decides how it waits.
    fn is_classic(self) -> bool {
        matches!(self, Self::Readline(_) | Self::Readn(_) | Self::Peek(_))
    }

    /// The call that continues after a failed classic one, or replaces it.
    fn with_a_count(self) -> Self {
        match self {
            Self::Readline(n) => Self::ReadLine(n),
            Self::Readn(n) => Self::ReadFull(n),
            other => other,
        }
    }

    fn expect(self, rest: Rest<'_>, is_socket: bool) -> Option<Outcome> {
        match self {
            Self::ReadLine(cap) => rest.read_line(cap),
            Self::ReadFull(n) => rest.read_full(n),
            Self::Readline(maxlen) => rest.readline(maxlen),
            Self::Readn(n) => rest.readn(n),
            Self::Peek(_) if !is_socket => Some(Outcome::failure(ENOTSOCK, Shown::Nothing, 0)),
            // As much of it as there is.
            Self::Peek(n) => {
                let first = rest.readn(n.min(rest.bytes.len().max(1)))?;
                Some(Outcome { consumed: 0, ..first })
            }
        }
    }
}

fn op() -> impl Strategy<Value = Op> {
    let memory = || prop_oneof![1 => length().prop_map(|length| length.bytes(64)), 1 => 0..40_usize];
    prop_oneof![
        4 => capacity().prop_map(Op::ReadLine),
        2 => memory().prop_map(Op::ReadFull),
        4 => capacity().prop_map(Op::Readline),
        2 => memory().prop_map(Op::Readn),
        1 => memory().prop_map(|n| Op::Peek(n.max(1))),
    ]
}

#[derive(Clone, Debug)]
struct Case {
    /// The sizes that lengths in the input are compared with.
    cap: usize,
    input: Input,
    ops: Vec<Op>,
    arrival: Arrival,
}

fn case() -> impl Strategy<Value = Case> {
    (capacity(), input(), vec(op(), 1..24), arrival()).prop_map(|(cap, input, mut ops, arrival)| {
        // So that some lines have exactly the size of a buffer.
        for (index, op) in ops.iter_mut().enumerate() {
            match op {
                Op::ReadLine(room) | Op::Readline(room) if index % 2 == 0 => *room = cap,
                _ => {}
            }
        }
        Case { cap, input, ops, arrival }
    })
}

/// Makes a call until it fails with another errno than EAGAIN or succeeds, and compares that with the model. Returns
/// how it ended.
fn complete(mut op: Op, fd: c_int, arrival: &Arrival, source: &mut Source<'_>, handed_out: usize) -> Check<Outcome> {
    if arrival.nonblock && !source.is_exact() {
        // After its EAGAIN the number of bytes taken would be unknown.
        op = op.with_a_count();
    }
    let n = op.room();
    let mut buffer = vec![UNTOUCHED; n + GUARD];
    let mut done = 0;
    loop {
        let rest = source.rest(handed_out);
        let expected = op.expect(rest, arrival.kind.is_socket());
        if op.is_classic() && source.is_exact() && !arrival.nonblock && expected.is_none() {
            // It would wait for ever: a peek needs any byte, and there is none.
            if let Op::Peek(_) = op {
                source.more();
            }
            op = op.with_a_count();
            continue;
        }
        let timeout = source.timeout(expected.is_some());
        let done_before = done;

        let start = buffer.as_mut_ptr();
        let (answer, errno) = call(|| unsafe {
            match op {
                Op::ReadLine(_) => sockutil_read_line(fd, start.cast(), n, &raw mut done, timeout).into(),
                Op::ReadFull(_) => sockutil_read_full(fd, start.cast(), n, &raw mut done, timeout).into(),
                Op::Readline(_) => sockutil_readline(fd, start.cast(), n) as i64,
                Op::Readn(_) => sockutil_readn(fd, start.cast(), n) as i64,
                Op::Peek(_) => sockutil_recv_peek(fd, start.cast(), n) as i64,
            }
        })?;
        prop_assert!(buffer[n..].iter().all(|byte| *byte == UNTOUCHED), "it wrote behind the buffer");

        if (answer, errno) == (-1, EAGAIN) {
            if op.is_classic() {
                prop_assert!(arrival.nonblock, "EAGAIN from a call that waits");
                if source.is_exact() {
                    prop_assert!(expected.is_none(), "all is there: {:?}", expected);
                    // It does not report its count, but here the test knows it.
                    done = source.taken() - handed_out;
                    op = op.with_a_count();
                }
            } else {
                prop_assert!(timeout != FOREVER, "EAGAIN from a call that waits");
                prop_assert!(done >= done_before);
                if source.is_exact() {
                    prop_assert!(expected.is_none() || timeout != NOWAIT, "all is there: {:?}", expected);
                    prop_assert_eq!(handed_out + done, source.taken(), "*done after EAGAIN");
                }
            }
            prop_assert!(buffer[..done] == rest.bytes[..done], "what came before EAGAIN");
            if matches!(op, Op::ReadLine(_)) {
                prop_assert_eq!(buffer[done], 0, "the NUL after EAGAIN");
            }
            source.more();
            continue;
        }
        let shown = match op {
            Op::ReadLine(_) | Op::ReadFull(_) => Shown::Bytes(buffer[..done].to_vec()),
            _ if answer >= 0 => Shown::Bytes(buffer[..answer as usize].to_vec()),
            _ => Shown::Nothing,
        };
        if let (Op::ReadLine(_) | Op::Readline(_), Shown::Bytes(line)) = (op, &shown) {
            prop_assert_eq!(buffer[line.len()], 0, "the NUL behind the line");
        }
        let outcome = Outcome { answer, errno, shown, consumed: expected.as_ref().map_or(0, |e| e.consumed) };
        if let (Op::Peek(_), 1.., false) = (op, answer, source.is_exact()) {
            // Any part of it may have come.
            let seen = rest.readn(answer as usize).map(|first| first.shown);
            prop_assert_eq!(Some(&outcome.shown), seen.as_ref());
            return Ok(outcome);
        }
        prop_assert_eq!(Some(&outcome), expected.as_ref(), "{:?} with timeout {}", op, timeout);
        if source.is_exact() {
            prop_assert_eq!(handed_out + outcome.consumed, source.taken(), "not a byte more was taken");
        }
        return Ok(outcome);
    }
}

fn read_all(case: &Case, total: usize, fd: c_int, source: &mut Source<'_>) -> Check {
    let mut handed_out = 0;
    for op in &case.ops {
        let outcome = complete(*op, fd, &case.arrival, source, handed_out)?;
        prop_assert!(matches!(outcome.errno, 0 | EMSGSIZE | ENOTSOCK));
        handed_out += outcome.consumed;
    }
    loop {
        let outcome = complete(Op::ReadFull(37), fd, &case.arrival, source, handed_out)?;
        handed_out += outcome.consumed;
        if outcome.answer == 0 {
            break;
        }
    }
    prop_assert_eq!(handed_out, total);
    // The end is final.
    for op in [Op::ReadLine(9), Op::Readline(9), Op::Readn(9)] {
        prop_assert_eq!(complete(op, fd, &case.arrival, source, handed_out)?.answer, 0);
    }
    Ok(())
}

#[test]
fn stateless_calls_with_bytes_fed_in_between_give_what_went_in() {
    property(1000, case(), |case| {
        let (bytes, _) = case.input.bytes(case.cap);
        fed_between(&case.arrival, &bytes, |fd, source| read_all(case, bytes.len(), fd, source))
    });
}

#[test]
fn stateless_calls_with_bytes_fed_by_a_thread_give_what_went_in() {
    property(300, case(), |case| {
        let (bytes, _) = case.input.bytes(case.cap);
        fed_beside(&case.arrival, &bytes, |fd, source| read_all(case, bytes.len(), fd, source))
    });
}
