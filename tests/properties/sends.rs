//! The calls that write, mixed in any order, into small queues: the received bytes are the sent ones.

use std::os::fd::{AsRawFd, OwnedFd};
use std::ptr;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use crate::c::{sockutil_send_frame, sockutil_wait, sockutil_write_full, sockutil_writen, sockutil_writev_full};
use libc::{EINVAL, EMSGSIZE, c_int, iovec};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::input::{Fill, Sizes, Storm, fill, frame, sizes, storm, timeouts};
use crate::kit::{EAGAIN, FOREVER, NOWAIT, Pair, reset, set_nonblock};
use crate::run::{Check, call, property};
use crate::source::{Kind, WAITS, kind, queued};

/// How many reads a thread delays, so that the other side waits for room.
const HELD_BACK: usize = 24;

/// The smallest possible room of AF_UNIX, TCP and a pipe.
const LITTLE_ROOM: c_int = 4096;

type Text = (usize, Fill);

#[derive(Clone, Debug)]
enum Op {
    WriteFull(Text),
    WritevFull(Vec<Text>),
    SendFrame(usize, Text),
    Writen(Text),
}

fn text() -> impl Strategy<Value = Text> {
    let length = prop_oneof![
        4 => 0..20_usize,
        2 => 250..260_usize,
        3 => 2040..2056_usize,
        3 => 4080..4110_usize,
        2 => 5000..20_000_usize,
        1 => 65_530..65_540_usize,
    ];
    (length, fill())
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        text().prop_map(Op::WriteFull),
        vec(prop_oneof![2 => text(), 1 => (Just(0), fill())], 0..6).prop_map(Op::WritevFull),
        (select(vec![1, 2, 4]), text()).prop_map(|(header, text)| Op::SendFrame(header, text)),
        text().prop_map(Op::Writen),
    ]
}

/// What is written to.
#[derive(Clone, Copy, Debug)]
pub struct Queue {
    pub kind: Kind,
    little_room: bool,
    nonblock: bool,
}

pub fn queue() -> impl Strategy<Value = Queue> {
    (kind(), any::<bool>(), any::<bool>()).prop_map(|(kind, little_room, nonblock)| Queue {
        kind,
        little_room,
        nonblock,
    })
}

impl Queue {
    pub fn pair(self) -> Pair {
        let pair = self.kind.pair();
        if self.little_room {
            take_room(self.kind, &pair);
        }
        if self.nonblock {
            set_nonblock(pair.w());
        }
        pair
    }
}

#[derive(Clone, Debug)]
struct Case {
    queue: Queue,
    ops: Vec<Op>,
    timeouts: Vec<c_int>,
    storm: Storm,
    reads: Sizes,
}

fn case() -> impl Strategy<Value = Case> {
    (queue(), vec(op(), 1..8), timeouts(), storm(), sizes()).prop_map(|(queue, ops, timeouts, storm, reads)| Case {
        queue,
        ops,
        timeouts,
        storm,
        reads,
    })
}

impl Case {
    fn calls(&self) -> Vec<Call> {
        self.ops.iter().map(Call::new).collect()
    }

    /// The next size of a read. Single bytes of a long stream would take long, and test no more.
    fn size(&self, read: usize, total: usize) -> usize {
        self.reads[read % self.reads.len()].clamp(total / 2000 + 1, 1 << 20)
    }
}

fn take_room(kind: Kind, pair: &Pair) {
    if kind.is_socket() {
        let (room, size) = (LITTLE_ROOM, size_of::<c_int>() as u32);
        let option = (&raw const room).cast();
        let set = unsafe { libc::setsockopt(pair.w(), libc::SOL_SOCKET, libc::SO_SNDBUF, option, size) };
        assert_eq!(set, 0);
    } else {
        assert_eq!(unsafe { libc::fcntl(pair.w(), libc::F_SETPIPE_SZ, LITTLE_ROOM) }, LITTLE_ROOM);
    }
}

/// A planned call, with its memory.
struct Call {
    op: Op,
    texts: Vec<Vec<u8>>,
    /// The bytes that must arrive; `None`: it must be refused.
    wire: Option<Vec<u8>>,
}

impl Call {
    fn new(op: &Op) -> Self {
        let bytes = |text: &Text| text.1.bytes(text.0);
        let texts: Vec<Vec<u8>> = match op {
            Op::WriteFull(text) | Op::SendFrame(_, text) | Op::Writen(text) => vec![bytes(text)],
            Op::WritevFull(texts) => texts.iter().map(bytes).collect(),
        };
        let wire = match op {
            Op::SendFrame(header, _) => frame(*header, &texts[0]),
            _ => Some(texts.concat()),
        };
        Self { op: op.clone(), texts, wire }
    }

    /// The call that continues after a failed classic one, or replaces it.
    fn with_a_count(&mut self) {
        if let Op::Writen(text) = self.op {
            self.op = Op::WriteFull(text);
        }
    }

    /// Makes the call. Converts the answer of the classic one to a count and 1.
    fn make(&self, fd: c_int, done: &mut usize, timeout: c_int) -> Check<(i64, c_int)> {
        let first = self.texts.first().map_or(ptr::null(), Vec::as_ptr).cast();
        let n = self.texts.first().map_or(0, Vec::len);
        match &self.op {
            Op::WriteFull(_) => call(|| unsafe { sockutil_write_full(fd, first, n, done, timeout) }),
            Op::SendFrame(header, _) => {
                call(|| unsafe { sockutil_send_frame(fd, *header as c_int, first, n, done, timeout) })
            }
            Op::Writen(_) => {
                let (answer, errno) = call(|| unsafe { sockutil_writen(fd, first, n) } as i64)?;
                if answer >= 0 {
                    *done = answer as usize;
                }
                Ok((answer.min(1) | i64::from(answer == 0), errno))
            }
            Op::WritevFull(_) => {
                let base =
                    |text: &Vec<u8>| if text.is_empty() { ptr::null_mut() } else { text.as_ptr().cast_mut().cast() };
                let slices = || self.texts.iter().map(|text| iovec { iov_base: base(text), iov_len: text.len() });
                let given: Vec<iovec> = slices().collect();
                let count = given.len() as c_int;
                let result = call(|| unsafe { sockutil_writev_full(fd, given.as_ptr(), count, done, timeout) });
                let same = given.iter().zip(slices()).all(|(a, b)| (a.iov_base, a.iov_len) == (b.iov_base, b.iov_len));
                prop_assert!(same, "iov was modified");
                result
            }
        }
    }
}

/// The receiving side, with plain system calls.
pub struct Sink {
    reader: OwnedFd,
    pub got: Vec<u8>,
    pub ended: bool,
}

impl Sink {
    pub fn new(reader: OwnedFd) -> Self {
        Self { reader, got: Vec::new(), ended: false }
    }

    pub fn read(&mut self, most: usize) {
        let start = self.got.len();
        self.got.resize(start + most, 0);
        let place = self.got[start..].as_mut_ptr().cast();
        let n = unsafe { libc::read(self.reader.as_raw_fd(), place, most) };
        self.got.truncate(start + n.max(0) as usize);
        self.ended = n == 0;
        if n < 0 {
            let error = std::io::Error::last_os_error();
            assert!(matches!(error.raw_os_error(), Some(EAGAIN | libc::EINTR)), "{error}");
        }
    }

    /// All bytes that have come, read or not.
    pub fn arrived(&self) -> usize {
        self.got.len() + queued(self.reader.as_raw_fd())
    }
}

/// One side after the other, so that the test knows exactly what the queue has taken.
fn send_and_read(case: &Case) -> Check {
    let Pair { reader, writer, .. } = case.queue.pair();
    set_nonblock(reader.as_raw_fd());
    let mut sink = Sink::new(reader);
    let fd = writer.as_raw_fd();
    let mut sent = Vec::new();
    let (mut calls, mut reads) = (0, 0);
    for mut call in case.calls() {
        if !case.queue.nonblock {
            // It would wait for ever.
            call.with_a_count();
        }
        let total = call.wire.as_ref().map_or(usize::MAX, Vec::len);
        let mut done = 0;
        loop {
            let done_before = done;
            calls += 1;
            let timeout = case.timeouts[calls % case.timeouts.len()];
            let timeout = if timeout == 1 && calls < WAITS { 1 } else { NOWAIT };
            let answer = call.make(fd, &mut done, timeout)?;
            let arrived = sink.arrived() - sent.len();
            if answer == (-1, EAGAIN) {
                if matches!(call.op, Op::Writen(_)) {
                    // It does not report its count, but here the test knows it.
                    done = arrived;
                    call.with_a_count();
                }
                prop_assert!(done >= done_before && done < total);
                prop_assert_eq!(done, arrived, "*done after EAGAIN");
                sink.read(case.size(reads, total));
                reads += 1;
                continue;
            }
            match &call.wire {
                None => {
                    prop_assert_eq!((answer, done, arrived), ((-1, EMSGSIZE), 0, 0));
                }
                Some(wire) => {
                    prop_assert_eq!((answer, done, arrived), ((1, 0), total, total));
                    sent.extend(wire);
                    if total > 0 && !matches!(call.op, Op::Writen(_)) {
                        prop_assert_eq!(call.make(fd, &mut done, timeout)?, (-1, EINVAL), "all was sent already");
                        prop_assert_eq!((done, sink.arrived()), (total, sent.len()));
                    }
                }
            }
            break;
        }
    }
    drop(writer);
    while !sink.ended {
        sink.read(1 << 16);
    }
    prop_assert!(sink.got == sent, "{} bytes of {} arrived, or others", sink.got.len(), sent.len());
    Ok(())
}

/// Both sides at once.
fn send_beside_reading(case: &Case) -> Check {
    let Pair { reader, writer, .. } = case.queue.pair();
    let sent: Vec<u8> = case.calls().into_iter().filter_map(|call| call.wire).flatten().collect();
    let (nudge, nudges) = channel();
    let (sending, got, writer) = thread::scope(|scope| {
        let sending = scope.spawn(|| {
            let result = case.storm.there(|| send_all(case, writer.as_raw_fd(), nudge));
            // The end of the stream.
            if case.queue.kind.is_socket() {
                unsafe { libc::shutdown(writer.as_raw_fd(), libc::SHUT_WR) };
                return (result, Some(writer));
            }
            drop(writer);
            (result, None)
        });
        let mut sink = Sink::new(reader);
        let mut reads = 0;
        case.storm.here(|| {
            while !sink.ended {
                if reads < HELD_BACK {
                    let _ = nudges.recv_timeout(Duration::from_millis(1));
                }
                sink.read(case.size(reads, sent.len()));
                reads += 1;
            }
        });
        let (result, writer) = sending.join().unwrap();
        (result, sink.got, writer)
    });
    writer.into_iter().for_each(reset);
    sending?;
    prop_assert!(got == sent, "{} bytes of {} arrived, or others", got.len(), sent.len());
    Ok(())
}

#[allow(clippy::needless_pass_by_value, reason = "its end tells the other side that no more nudges come")]
fn send_all(case: &Case, fd: c_int, nudge: Sender<()>) -> Check {
    let mut calls = 0;
    for mut call in case.calls() {
        if case.queue.nonblock {
            // After its EAGAIN the number of sent bytes would be unknown.
            call.with_a_count();
        }
        let mut done = 0;
        loop {
            let done_before = done;
            calls += 1;
            let timeout = case.timeouts[calls % case.timeouts.len()];
            let answer = call.make(fd, &mut done, timeout)?;
            if answer == (-1, EAGAIN) {
                prop_assert!(timeout != FOREVER && !matches!(call.op, Op::Writen(_)));
                prop_assert!(done >= done_before && call.wire.as_ref().is_some_and(|wire| done < wire.len()));
                let _ = nudge.send(());
                prop_assert!(sockutil_wait(fd, libc::POLLOUT.into(), FOREVER) > 0);
                continue;
            }
            match &call.wire {
                None => prop_assert_eq!((answer, done), ((-1, EMSGSIZE), 0)),
                Some(wire) => prop_assert_eq!((answer, done), ((1, 0), wire.len())),
            }
            break;
        }
    }
    Ok(())
}

#[test]
fn what_is_sent_into_a_full_queue_arrives() {
    // Bytes that TCP's queue has taken may still be on their way.
    let known = case().prop_filter("its queue can be looked into", |case| case.queue.kind != Kind::Tcp);
    property(600, known, |case| case.storm.here(|| send_and_read(case)));
}

#[test]
fn what_a_thread_sends_arrives() {
    property(250, case(), send_beside_reading);
}
