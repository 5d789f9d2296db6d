//! The source of a stream: fed between the calls, so that the test knows exactly what is there, or by a thread.

use std::cell::RefCell;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use crate::c::{sockutil_wait, sockutil_write_full, sockutil_writen, sockutil_writev_full};
use libc::c_int;
use proptest::prelude::*;
use proptest::sample::select;

use crate::input::{Sizes, Storm, sizes, storm, timeouts};
use crate::kit::{EAGAIN, FOREVER, NOWAIT, Pair, feed, fifo, is_nonblock, pipe, reset, set_nonblock, tcp, unix};
use crate::model::Rest;
use crate::run::{Check, call};

/// How many pieces a thread delays, so that a reader waits for them. All pieces of a long stream would take minutes.
const HELD_BACK: usize = 24;

/// The number of first calls among which some may wait for bytes that cannot come.
pub const WAITS: usize = 12;

/// The bytes that every kind of stream takes at once, without a reader.
const FITS: usize = 30_000;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    Unix,
    Pipe,
    Tcp,
    Fifo,
}

impl Kind {
    pub fn pair(self) -> Pair {
        match self {
            Self::Tcp => tcp(),
            Self::Unix => unix(),
            Self::Pipe => pipe(),
            Self::Fifo => fifo(),
        }
    }

    pub fn is_socket(self) -> bool {
        matches!(self, Self::Tcp | Self::Unix)
    }
}

pub fn kind() -> impl Strategy<Value = Kind> {
    select(vec![Kind::Unix, Kind::Pipe, Kind::Tcp, Kind::Fifo])
}

/// The writer of a piece.
#[derive(Clone, Copy, Debug)]
enum By {
    Kernel,
    WriteFull,
    WritevFull,
    Writen,
}

/// How a stream arrives.
#[derive(Clone, Debug)]
pub struct Arrival {
    pub kind: Kind,
    pub sizes: Sizes,
    /// For the calls that read, and for those that write.
    pub timeouts: Vec<c_int>,
    pub storm: Storm,
    pub nonblock: bool,
    by: By,
}

pub fn arrival() -> impl Strategy<Value = Arrival> {
    let by = select(vec![By::Kernel, By::WriteFull, By::WritevFull, By::Writen]);
    (kind(), sizes(), timeouts(), storm(), any::<bool>(), by)
        .prop_map(|(kind, sizes, timeouts, storm, nonblock, by)| Arrival { kind, sizes, timeouts, storm, nonblock, by })
}

/// The bytes in a descriptor's queue.
pub fn queued(fd: c_int) -> usize {
    let mut count: c_int = 0;
    assert_eq!(unsafe { libc::ioctl(fd, libc::FIONREAD, &raw mut count) }, 0);
    count as usize
}

/// Ends a stream, and keeps a socket.
fn end(kind: Kind, writer: OwnedFd) -> Option<OwnedFd> {
    if kind.is_socket() {
        // It fails if the reader is gone, which reports the reason.
        unsafe { libc::shutdown(writer.as_raw_fd(), libc::SHUT_WR) };
        return Some(writer);
    }
    None
}

pub struct Source<'a> {
    input: &'a [u8],
    fed: usize,
    arrival: &'a Arrival,
    reader: c_int,
    how: How,
    calls: usize,
}

enum How {
    /// `None` once a pipe has ended.
    Between { writer: Option<OwnedFd>, pieces: usize, ended: bool },
    /// The channel that reports that the reader has nothing to read.
    Beside(Sender<()>),
}

impl<'a> Source<'a> {
    /// Whether the test knows exactly what is there.
    pub fn is_exact(&self) -> bool {
        matches!(self.how, How::Between { .. })
    }

    /// The input of a call after `handed_out` bytes; with a feeding thread, at the end.
    pub fn rest(&self, handed_out: usize) -> Rest<'a> {
        match &self.how {
            How::Between { ended, .. } => Rest { bytes: &self.input[handed_out..self.fed], ended: *ended },
            How::Beside(_) => Rest { bytes: &self.input[handed_out..], ended: true },
        }
    }

    /// The bytes that were read from the descriptor.
    pub fn taken(&self) -> usize {
        self.fed - queued(self.reader)
    }

    /// A timeout for the next call. A call between feeds gets no more input, so unless it can answer already, it must
    /// not wait long.
    pub fn timeout(&mut self, can_answer: bool) -> c_int {
        self.calls += 1;
        let timeout = self.arrival.timeouts[self.calls % self.arrival.timeouts.len()];
        match timeout {
            _ if can_answer || !self.is_exact() => timeout,
            // And not wait too often: that would be most of the test's time.
            1 if self.calls < WAITS => 1,
            _ => NOWAIT,
        }
    }

    /// After EAGAIN: feeds the next piece, or waits for it.
    pub fn more(&mut self) {
        match &mut self.how {
            How::Beside(nudge) => {
                // A thread that has fed everything no longer listens.
                let _ = nudge.send(());
                assert!(sockutil_wait(self.reader, libc::POLLIN.into(), FOREVER) > 0);
            }
            How::Between { writer, pieces, ended } => {
                let rest = &self.input[self.fed..];
                if rest.is_empty() {
                    if !*ended {
                        *ended = true;
                        *writer = writer.take().and_then(|writer| end(self.arrival.kind, writer));
                        if self.arrival.kind == Kind::Tcp {
                            // Not by sockutil_wait, which takes this event on Linux alone.
                            let mut entry = libc::pollfd { fd: self.reader, events: libc::POLLRDHUP, revents: 0 };
                            assert_eq!(unsafe { libc::poll(&raw mut entry, 1, -1) }, 1);
                        }
                    }
                    return;
                }
                let size = self.arrival.sizes[*pieces % self.arrival.sizes.len()].min(rest.len()).min(FITS);
                *pieces += 1;
                let there = queued(self.reader) + size;
                feed(writer.as_ref().unwrap().as_raw_fd(), &rest[..size]);
                // TCP promises the order, not the time.
                while queued(self.reader) < there {
                    thread::yield_now();
                }
                self.fed += size;
            }
        }
    }
}

/// Runs a test on a stream that is fed between its calls.
pub fn fed_between(arrival: &Arrival, input: &[u8], test: impl FnOnce(c_int, &mut Source<'_>) -> Check) -> Check {
    let pair = arrival.kind.pair();
    if arrival.nonblock {
        set_nonblock(pair.r());
    }
    let reader = pair.r();
    let how = How::Between { writer: Some(pair.writer), pieces: 0, ended: false };
    let mut source = Source { input, fed: 0, arrival, reader, how, calls: 0 };
    let result = arrival.storm.here(|| test(reader, &mut source));
    prop_assert_eq!(is_nonblock(reader), arrival.nonblock);
    if let How::Between { writer: Some(writer), .. } = source.how {
        // Thousands of cases must not leave thousands of ports in TIME_WAIT.
        reset(writer);
    }
    result
}

/// Runs a test on a stream that a thread feeds.
pub fn fed_beside(arrival: &Arrival, input: &[u8], test: impl FnOnce(c_int, &mut Source<'_>) -> Check) -> Check {
    let Pair { reader, writer, .. } = arrival.kind.pair();
    let kept = RefCell::new(None);
    if arrival.nonblock {
        set_nonblock(reader.as_raw_fd());
        set_nonblock(writer.as_raw_fd());
    }
    let (nudge, nudges) = channel();
    let results = thread::scope(|scope| {
        let feeding = scope.spawn(move || {
            let fed = arrival.storm.there(|| feed_all(arrival, writer.as_raw_fd(), input, &nudges));
            fed.map(|()| end(arrival.kind, writer))
        });
        let fd = reader.as_raw_fd();
        let how = How::Beside(nudge);
        let mut source = Source { input, fed: input.len(), arrival, reader: fd, how, calls: 0 };
        let read = arrival.storm.here(|| test(fd, &mut source));
        // Closed before the join, since the thread may wait for room.
        drop((reader, source));
        (feeding.join().unwrap().map(|writer| *kept.borrow_mut() = writer), read)
    });
    kept.into_inner().into_iter().for_each(reset);
    match results {
        (Err(writing), Err(reading)) => {
            Err(TestCaseError::fail(format!("the writing side: {writing}\nthe reading side: {reading}")))
        }
        (writing, reading) => writing.and(reading),
    }
}

/// Sends all pieces; delays some until the reader has nothing to read, or for a short time, since the reader may have
/// enough and never report.
fn feed_all(arrival: &Arrival, fd: c_int, input: &[u8], nudges: &Receiver<()>) -> Check {
    let mut rest = input;
    let mut pieces = 0;
    while !rest.is_empty() {
        if pieces < HELD_BACK {
            let _ = nudges.recv_timeout(Duration::from_millis(1));
        }
        let size = arrival.sizes[pieces % arrival.sizes.len()].min(rest.len());
        pieces += 1;
        let (piece, others) = rest.split_at(size);
        send_piece(arrival, fd, piece, pieces)?;
        rest = others;
    }
    Ok(())
}

fn send_piece(arrival: &Arrival, fd: c_int, piece: &[u8], number: usize) -> Check {
    let (start, n) = (piece.as_ptr(), piece.len());
    match arrival.by {
        By::Writen if !arrival.nonblock => {
            let sent = call(|| unsafe { sockutil_writen(fd, start.cast(), n) } as i64)?;
            prop_assert_eq!(sent, (n as i64, 0));
            return Ok(());
        }
        By::Kernel | By::Writen => {
            feed_by_write(fd, piece);
            return Ok(());
        }
        By::WriteFull | By::WritevFull => {}
    }
    let half = libc::iovec { iov_base: start.cast_mut().cast(), iov_len: n / 2 };
    let other = libc::iovec { iov_base: start.wrapping_add(n / 2).cast_mut().cast(), iov_len: n - n / 2 };
    let (mut done, mut calls) = (0, number);
    loop {
        let before = done;
        calls += 1;
        let timeout = arrival.timeouts[calls % arrival.timeouts.len()];
        let answer = call(|| match arrival.by {
            By::WritevFull => unsafe { sockutil_writev_full(fd, [half, other].as_ptr(), 2, &raw mut done, timeout) },
            _ => unsafe { sockutil_write_full(fd, start.cast(), n, &raw mut done, timeout) },
        })?;
        if answer == (1, 0) {
            prop_assert_eq!(done, n);
            return Ok(());
        }
        prop_assert_eq!(answer, (-1, EAGAIN));
        prop_assert!(timeout != FOREVER && done >= before && done < n);
        prop_assert!(sockutil_wait(fd, libc::POLLOUT.into(), FOREVER) > 0);
    }
}

/// Sends with plain system calls, whatever O_NONBLOCK is.
fn feed_by_write(fd: c_int, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        let sent = unsafe { libc::write(fd, bytes.as_ptr().cast(), bytes.len()) };
        if sent < 0 {
            match std::io::Error::last_os_error().raw_os_error() {
                Some(EAGAIN) => assert!(sockutil_wait(fd, libc::POLLOUT.into(), FOREVER) > 0),
                Some(libc::EINTR) => {}
                // The reading side has failed, and reports why.
                _ => return,
            }
        }
        bytes = &bytes[sent.max(0) as usize..];
    }
}
