//! The calls that keep nothing between them: read_line and read_full, and the classic readline, readn and recv_peek, in
//! any order on one stream in any pieces. What each answers is what the model says, and not a byte more is taken.

#![no_main]

#[path = "../../tests/support/c.rs"]
mod c;

use c::{sockutil_read_full, sockutil_read_line, sockutil_readline, sockutil_readn, sockutil_recv_peek};
use libc::{ENOTSOCK, c_int};
use libfuzzer_sys::fuzz_target;
use sockutil_fuzz::input::{Control, stretched};
use sockutil_fuzz::model::{Outcome, Rest, Shown};
use sockutil_fuzz::stream::Source;
use sockutil_fuzz::{EAGAIN, EINVAL, FOREVER, NOWAIT, call};

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

    fn expect(self, rest: Rest<'_>, is_socket: bool) -> Option<Outcome> {
        match self {
            Self::ReadLine(0 | 1) | Self::Readline(0 | 1) | Self::Peek(0) => {
                Some(Outcome::failure(EINVAL, Shown::Nothing, 0))
            }
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

struct Subject {
    source: Source,
    is_socket: bool,
    handed_out: usize,
}

impl Subject {
    /// Makes a call until it says something else than "not yet". Gives how it ended, which is as the model says.
    fn complete(&mut self, op: Op, waits: bool) -> Outcome {
        let n = op.room();
        // Exactly as long as the call's size: the sanitizer finds a write past it.
        let mut buffer = vec![0xEE_u8; n];
        let mut done = 0;
        // The classic calls have no timeout: they are made when they need not wait.
        if !matches!(op, Op::ReadLine(_) | Op::ReadFull(_)) {
            while op.expect(self.source.rest(self.handed_out), self.is_socket).is_none() {
                self.source.more();
            }
        }
        loop {
            let rest = self.source.rest(self.handed_out);
            let expected = op.expect(rest, self.is_socket);
            // Nobody feeds while a call waits.
            let timeout: c_int = if waits && expected.is_some() { FOREVER } else { NOWAIT };
            let done_before = done;

            let (fd, start) = (self.source.fd(), buffer.as_mut_ptr());
            let (answer, errno) = call(|| unsafe {
                match op {
                    Op::ReadLine(_) => sockutil_read_line(fd, start.cast(), n, &raw mut done, timeout).into(),
                    Op::ReadFull(_) => sockutil_read_full(fd, start.cast(), n, &raw mut done, timeout).into(),
                    Op::Readline(_) => sockutil_readline(fd, start.cast(), n) as i64,
                    Op::Readn(_) => sockutil_readn(fd, start.cast(), n) as i64,
                    Op::Peek(_) => sockutil_recv_peek(fd, start.cast(), n) as i64,
                }
            });

            if (answer, errno) == (-1, EAGAIN) {
                assert_eq!(expected, None, "{op:?} says \"not yet\", but all is there");
                assert!(done >= done_before);
                assert_eq!(self.handed_out + done, self.source.taken(), "*done after EAGAIN");
                assert_eq!(buffer[..done], rest.bytes[..done], "what came before EAGAIN");
                if let Op::ReadLine(_) = op {
                    assert_eq!(buffer[done], 0, "the NUL after EAGAIN");
                }
                self.source.more();
                continue;
            }
            let shown = match op {
                _ if errno == EINVAL => Shown::Nothing,
                Op::ReadLine(_) | Op::ReadFull(_) => Shown::Bytes(buffer[..done].to_vec()),
                _ if answer >= 0 => Shown::Bytes(buffer[..answer as usize].to_vec()),
                _ => Shown::Nothing,
            };
            if let (Op::ReadLine(_) | Op::Readline(_), Shown::Bytes(line)) = (op, &shown) {
                assert_eq!(buffer[line.len()], 0, "the NUL behind the line");
            }
            let outcome = Outcome { answer, errno, shown, consumed: expected.as_ref().map_or(0, |e| e.consumed) };
            assert_eq!(Some(&outcome), expected.as_ref(), "{op:?}");
            self.handed_out += outcome.consumed;
            assert_eq!(self.handed_out, self.source.taken(), "not a byte more was taken");
            return outcome;
        }
    }
}

fn run(input: &[u8]) -> Option<()> {
    let (content, mut control) = Control::split(input)?;
    let kind = control.byte();
    let is_socket = kind & 1 == 0;
    let times = [1, 1, 1, 1, 3, 16, 60, 200][kind >> 1 & 7];
    let sizes = (0..kind >> 4 & 7).map(|_| control.size()).collect();
    let source = Source::new(is_socket, stretched(content, times), sizes);
    let mut subject = Subject { source, is_socket, handed_out: 0 };
    while let Some(code) = control.more() {
        let op = match code & 15 {
            0..=4 => Op::ReadLine(control.size()),
            5 | 6 => Op::ReadFull(control.size()),
            7 | 8 => Op::Readline(control.size()),
            9 => Op::Readn(control.size()),
            10 => Op::Peek(control.size()),
            _ => {
                subject.source.more();
                continue;
            }
        };
        subject.complete(op, code & 16 != 0);
    }
    // Nothing is left, and nothing was lost.
    while subject.complete(Op::ReadFull(37), true).answer == 1 {}
    assert_eq!(subject.handed_out, subject.source.len());
    for op in [Op::ReadLine(9), Op::Readline(9), Op::Readn(9)] {
        assert_eq!(subject.complete(op, true).answer, 0);
    }
    Some(())
}

fuzz_target!(|input: &[u8]| {
    run(input);
});
