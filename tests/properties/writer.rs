//! The buffered writer: puts, frames and flushes in any order, into small queues, some of them dropped after EAGAIN, and
//! with a broken peer in between. What was accepted arrives once and in order, and nothing else does.

use std::mem::MaybeUninit;
use std::os::fd::AsRawFd;
use std::thread;

use crate::c::{
    sockutil_wait, sockutil_writer, sockutil_writer_flush, sockutil_writer_frame, sockutil_writer_init,
    sockutil_writer_pending, sockutil_writer_put,
};
use libc::{ECONNRESET, EINVAL, EMSGSIZE, EPIPE, c_int};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::input::{Fill, Sizes, Storm, fill, frame, sizes, storm, timeouts};
use crate::kit::{EAGAIN, FOREVER, NOWAIT, Pair, duplicate, hang_up, set_nonblock};
use crate::run::{Check, call, property};
use crate::sends::{Queue, Sink, queue};
use crate::source::{Kind, WAITS};

/// Bytes on both sides of the memory, which must not change.
const GUARD: usize = 16;
const UNTOUCHED: u8 = 0xEE;

/// How long a piece is.
#[derive(Clone, Copy, Debug)]
enum Length {
    Bytes(usize),
    /// The memory, and so many bytes more or less.
    Memory(isize),
}

impl Length {
    fn bytes(self, cap: usize) -> usize {
        match self {
            Self::Bytes(n) => n,
            Self::Memory(more) => cap.saturating_add_signed(more),
        }
    }
}

fn length() -> impl Strategy<Value = Length> {
    prop_oneof![
        6 => (0..40_usize).prop_map(Length::Bytes),
        3 => (0..3000_usize).prop_map(Length::Bytes),
        1 => (10_000..40_000_usize).prop_map(Length::Bytes),
        4 => (-6..7_isize).prop_map(Length::Memory),
    ]
}

#[derive(Clone, Copy, Debug)]
enum Op {
    /// With a header of so many bytes; 0: a put.
    Put {
        header: usize,
        length: Length,
        fill: Fill,
        gives_up: bool,
    },
    Flush,
    /// The peer is gone for one call of each kind.
    Broken,
}

fn op() -> impl Strategy<Value = Op> {
    let put = (select(vec![0, 0, 0, 1, 2, 4]), length(), fill(), any::<bool>())
        .prop_map(|(header, length, fill, gives_up)| Op::Put { header, length, fill, gives_up });
    prop_oneof![12 => put, 2 => Just(Op::Flush), 1 => Just(Op::Broken)]
}

#[derive(Clone, Debug)]
struct Case {
    queue: Queue,
    cap: usize,
    ops: Vec<Op>,
    timeouts: Vec<c_int>,
    storm: Storm,
    reads: Sizes,
}

fn case() -> impl Strategy<Value = Case> {
    let cap = prop_oneof![2 => 1..40_usize, 3 => 40..3000_usize, 2 => select(vec![4095, 4096, 4097, 9000])];
    (queue(), cap, vec(op(), 1..30), timeouts(), storm(), sizes())
        .prop_map(|(queue, cap, ops, timeouts, storm, reads)| Case { queue, cap, ops, timeouts, storm, reads })
}

/// A writer, and the model of it.
struct Subject {
    fd: c_int,
    w: sockutil_writer,
    memory: Vec<u8>,
    cap: usize,
    /// All bytes that were held or sent, in order: what must arrive.
    accepted: Vec<u8>,
}

impl Subject {
    fn new(fd: c_int, cap: usize) -> Check<Self> {
        let mut memory = vec![UNTOUCHED; GUARD + cap + GUARD];
        let mut w = MaybeUninit::uninit();
        let place = memory[GUARD..].as_mut_ptr().cast();
        prop_assert_eq!(call(|| unsafe { sockutil_writer_init(w.as_mut_ptr(), fd, place, cap) })?, (0, 0));
        Ok(Self { fd, w: unsafe { w.assume_init() }, memory, cap, accepted: Vec::new() })
    }

    fn pending(&self) -> usize {
        unsafe { sockutil_writer_pending(&raw const self.w) }
    }

    /// How many bytes the kernel must have.
    fn left(&self) -> usize {
        self.accepted.len() - self.pending()
    }

    fn flush(&mut self, timeout: c_int) -> Check<(i64, c_int)> {
        let before = self.pending();
        let answer = call(|| unsafe { sockutil_writer_flush(&raw mut self.w, timeout) })?;
        prop_assert!(self.pending() <= before && (answer.0 == -1 || self.pending() == 0));
        self.is_intact()?;
        Ok(answer)
    }

    /// Puts from `done` on, and accepts what it says.
    fn put(&mut self, header: usize, body: &[u8], done: &mut usize, timeout: c_int) -> Check<(i64, c_int)> {
        let (w, at, n) = (&raw mut self.w, body.as_ptr().cast(), body.len());
        let (before, held) = (*done, self.pending());
        let answer = match header {
            0 => call(|| unsafe { sockutil_writer_put(w, at, n, done, timeout) })?,
            _ => call(|| unsafe { sockutil_writer_frame(w, header as c_int, at, n, done, timeout) })?,
        };
        self.is_intact()?;
        let wire = if header == 0 { Some(body.to_vec()) } else { frame(header, body) };
        let Some(wire) = wire else {
            prop_assert_eq!((answer, *done, self.pending()), ((-1, EMSGSIZE), 0, held));
            return Ok(answer);
        };
        prop_assert!(*done >= before && *done <= wire.len() && (answer.0 == -1 || *done == wire.len()));
        self.accepted.extend(&wire[before..*done]);
        if held + wire.len() <= self.cap {
            prop_assert_eq!((answer, self.pending()), ((1, 0), held + wire.len()), "it fits");
        }
        if answer.0 == -1 && wire.len() <= self.cap {
            prop_assert_eq!(*done, 0, "all or nothing");
            prop_assert!(self.pending() + wire.len() > self.cap, "there was room for it");
        }
        if answer.0 == -1 && *done > 0 {
            prop_assert_eq!(self.pending(), 0, "what has begun holds nothing");
            self.is_busy(*done, header)?;
        }
        Ok(answer)
    }

    /// Nothing else may be put until it is complete.
    fn is_busy(&mut self, done: usize, header: usize) -> Check {
        let (w, at) = (&raw mut self.w, [0_u8; 2].as_ptr().cast());
        prop_assert_eq!(call(|| unsafe { sockutil_writer_flush(w, NOWAIT) })?, (-1, EINVAL));
        prop_assert_eq!(call(|| unsafe { sockutil_writer_put(w, at, 1, &mut 0, NOWAIT) })?, (-1, EINVAL));
        let long = vec![0_u8; done + 100_000];
        let (at, n, mut other) = (long.as_ptr().cast(), long.len(), done);
        let answer = match header {
            0 => call(|| unsafe { sockutil_writer_frame(w, 4, at, n, &raw mut other, NOWAIT) })?,
            _ => call(|| unsafe { sockutil_writer_put(w, at, n, &raw mut other, NOWAIT) })?,
        };
        prop_assert_eq!((answer, other), ((-1, EINVAL), done));
        Ok(())
    }

    fn is_intact(&self) -> Check {
        let (before, after) = (&self.memory[..GUARD], &self.memory[GUARD + self.cap..]);
        prop_assert!(before.iter().chain(after).all(|byte| *byte == UNTOUCHED), "it wrote outside of its memory");
        Ok(())
    }

    /// Puts a stream without a reader in the descriptor's place for some calls, which fail and change nothing.
    fn is_without_a_peer(&mut self, kind: Kind, timeout: c_int) -> Check {
        let kept = duplicate(self.fd);
        let broken = kind.pair();
        hang_up(broken.reader, &broken.writer);
        assert_eq!(unsafe { libc::dup2(broken.writer.as_raw_fd(), self.fd) }, self.fd);
        let before = self.pending();
        let gone = |answer: (i64, c_int)| answer == (-1, EPIPE) || answer == (-1, ECONNRESET);
        // TCP takes some bytes before it notices: not what this is about.
        if kind != Kind::Tcp {
            if before > 0 {
                prop_assert!(gone(self.flush(timeout)?));
            }
            let body = vec![0_u8; self.cap + 1];
            for length in [self.cap - before + 1, self.cap + 1] {
                let mut done = 0;
                prop_assert!(gone(self.put(0, &body[..length.min(self.cap + 1)], &mut done, timeout)?));
                prop_assert_eq!((done, self.pending()), (0, before));
            }
        }
        assert_eq!(unsafe { libc::dup2(kept.as_raw_fd(), self.fd) }, self.fd);
        Ok(())
    }
}

/// Makes the calls. `room` is called after each EAGAIN, and `look` after each call.
fn drive(
    case: &Case,
    subject: &mut Subject,
    mut timeout: impl FnMut() -> c_int,
    mut room: impl FnMut(c_int),
    mut look: impl FnMut(&Subject) -> Check,
) -> Check {
    for op in &case.ops {
        match *op {
            Op::Put { header, length, fill, gives_up } => {
                let body = fill.bytes(length.bytes(case.cap));
                let mut done = 0;
                loop {
                    let answer = subject.put(header, &body, &mut done, timeout())?;
                    look(subject)?;
                    match answer {
                        (1, 0) | (-1, EMSGSIZE) => break,
                        (-1, EAGAIN) => {}
                        other => prop_assert!(false, "{other:?}"),
                    }
                    // Dropped for a client that is too slow.
                    if gives_up && done == 0 {
                        break;
                    }
                    room(subject.fd);
                }
            }
            Op::Flush => {
                while flush(subject, timeout(), &mut look)? {
                    room(subject.fd);
                }
            }
            Op::Broken => {
                subject.is_without_a_peer(case.queue.kind, timeout())?;
                look(subject)?;
            }
        }
    }
    while flush(subject, timeout(), &mut look)? {
        room(subject.fd);
    }
    Ok(())
}

/// Whether it must be called again.
fn flush(subject: &mut Subject, timeout: c_int, look: &mut impl FnMut(&Subject) -> Check) -> Check<bool> {
    let answer = subject.flush(timeout)?;
    look(subject)?;
    prop_assert!(answer == (1, 0) || answer == (-1, EAGAIN), "{answer:?}");
    Ok(answer.0 == -1)
}

/// One side after the other, so that the test knows exactly what the queue has taken.
fn put_and_read(case: &Case) -> Check {
    let Pair { reader, writer, .. } = case.queue.pair();
    set_nonblock(reader.as_raw_fd());
    let sink = std::cell::RefCell::new(Sink::new(reader));
    let mut subject = Subject::new(writer.as_raw_fd(), case.cap)?;
    let (mut calls, mut reads) = (0, 0);
    let timeout = || {
        calls += 1;
        let timeout = case.timeouts[calls % case.timeouts.len()];
        if timeout == 1 && calls < WAITS { 1 } else { NOWAIT }
    };
    let room = |_| {
        // Single bytes of a long stream would take long, and test no more.
        sink.borrow_mut().read(case.reads[reads % case.reads.len()].clamp(20, 1 << 20));
        reads += 1;
    };
    let look = |subject: &Subject| {
        prop_assert_eq!(sink.borrow().arrived(), subject.left(), "the queue's bytes");
        Ok(())
    };
    drive(case, &mut subject, timeout, room, look)?;
    drop(writer);
    let mut sink = sink.into_inner();
    while !sink.ended {
        sink.read(1 << 16);
    }
    let (got, accepted) = (sink.got.len(), subject.accepted.len());
    prop_assert!(sink.got == subject.accepted, "{got} bytes of {accepted} arrived, or others");
    Ok(())
}

/// Both sides at once.
fn put_beside_reading(case: &Case) -> Check {
    let Pair { reader, writer, .. } = case.queue.pair();
    let (sent, got) = thread::scope(|scope| {
        let sending = scope.spawn(|| {
            let fd = writer.as_raw_fd();
            let mut subject = Subject::new(fd, case.cap)?;
            let mut calls = 0;
            let timeout = || {
                calls += 1;
                case.timeouts[calls % case.timeouts.len()]
            };
            let room = |fd| assert!(sockutil_wait(fd, libc::POLLOUT.into(), FOREVER) > 0);
            let result = case.storm.there(|| drive(case, &mut subject, timeout, room, |_| Ok(())));
            // The end of the stream.
            drop(writer);
            result.map(|()| subject.accepted)
        });
        let mut sink = Sink::new(reader);
        let mut reads = 0;
        case.storm.here(|| {
            while !sink.ended {
                sink.read(case.reads[reads % case.reads.len()].clamp(20, 1 << 20));
                reads += 1;
            }
        });
        (sending.join().unwrap(), sink.got)
    });
    let sent = sent?;
    prop_assert!(got == sent, "{} bytes of {} arrived, or others", got.len(), sent.len());
    Ok(())
}

#[test]
fn what_a_writer_accepts_arrives_once_and_in_order() {
    // Bytes that TCP's queue has taken may still be on their way.
    let known = case().prop_filter("its queue can be looked into", |case| case.queue.kind != Kind::Tcp);
    property(600, known, |case| case.storm.here(|| put_and_read(case)));
}

#[test]
fn what_a_writer_in_a_thread_accepts_arrives() {
    property(250, case(), put_beside_reading);
}
