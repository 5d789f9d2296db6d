//! Calls that write, on descriptors that are full.

use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::c::*;
use libc::{EAGAIN, EINVAL, ENOTSOCK, c_int};

use super::calls::wait_any;
use super::ends::{End, check_end};
use super::kit;
use super::matrix::{Answer, Cell, Verdict, timed};
use super::modes::{Mode, Refusal};
use super::reading::{FOREVER, LONG, MIDDLE, NOWAIT};
use super::sinks::{Kind, Sink, Take, kinds};

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Out {
    Wait,
    WaitAny,
    WriteFull,
    WritevFull,
    SendFrame,
    /// Through a memory of one byte.
    WriterPut,
    /// All of it was held.
    WriterFlush,
    SendTo,
    SendFd,
    SendFds,
}

pub const CALLS: [Out; 10] = [
    Out::Wait,
    Out::WaitAny,
    Out::WriteFull,
    Out::WritevFull,
    Out::SendFrame,
    Out::WriterPut,
    Out::WriterFlush,
    Out::SendTo,
    Out::SendFd,
    Out::SendFds,
];

/// Letters, so that a lost or repeated piece shows.
pub fn plain(at: usize) -> u8 {
    b'a' + (at % 23) as u8
}

impl Out {
    /// Whether it only waits.
    pub fn waits(self) -> bool {
        matches!(self, Self::Wait | Self::WaitAny)
    }

    /// Whether it has a count of bytes that are done.
    pub fn sends(self) -> bool {
        !matches!(self, Self::Wait | Self::WaitAny | Self::SendTo | Self::SendFd)
    }

    /// What it is to send: a frame has its header in front.
    pub fn data(self, n: usize, text: fn(usize) -> u8) -> Vec<u8> {
        let mut data: Vec<u8> = (0..n).map(text).collect();
        if self == Self::SendFrame {
            data.splice(..4, ((n - 4) as u32).to_be_bytes());
        }
        data
    }

    /// Makes it, from `done` on.
    pub fn make(self, fd: c_int, data: &[u8], done: &mut usize, ms: c_int) -> Answer {
        let (at, n) = (data.as_ptr(), data.len());
        let slice = |from: usize, to: usize| libc::iovec {
            iov_base: data[from..to].as_ptr().cast_mut().cast(),
            iov_len: to - from,
        };
        // An eventfd wants its eight bytes in one.
        let (one, two) = if n > 8 { (3, n / 2) } else { (0, 0) };
        let slices = [slice(0, one), slice(one, two), slice(two, n)];
        let to = std::ptr::from_mut(done);
        unsafe {
            match self {
                Self::Wait => timed(|| sockutil_wait(fd, libc::POLLOUT.into(), ms)),
                Self::WaitAny => timed(|| wait_any(fd, libc::POLLOUT, ms)),
                Self::WriteFull => timed(|| sockutil_write_full(fd, at.cast(), n, to, ms)),
                Self::WritevFull => timed(|| sockutil_writev_full(fd, slices.as_ptr(), 3, to, ms)),
                Self::SendFrame => timed(|| sockutil_send_frame(fd, 4, at.add(4).cast(), n - 4, to, ms)),
                Self::WriterPut => timed(|| by_writer(fd, &data[*done..], 1, done, ms)),
                Self::WriterFlush => timed(|| by_writer(fd, &data[*done..], n - *done, done, ms)),
                Self::SendTo => timed(|| sockutil_sendto(fd, at.cast(), n, std::ptr::null(), ms)),
                Self::SendFd => timed(|| sockutil_send_fd(fd, 0, ms)),
                Self::SendFds => timed(|| sockutil_send_fds(fd, &raw const fd, 1, at.cast(), n, to, ms)),
            }
        }
    }
}

/// Puts into a memory of so many bytes, and flushes. Adds to `done` what has left.
fn by_writer(fd: c_int, data: &[u8], cap: usize, done: &mut usize, ms: c_int) -> c_int {
    let mut memory = vec![0_u8; cap];
    let mut writer: sockutil_writer = unsafe { std::mem::zeroed() };
    let w = &raw mut writer;
    assert_eq!(unsafe { sockutil_writer_init(w, fd, memory.as_mut_ptr().cast(), cap) }, 0);
    let mut put = 0;
    let mut answer = unsafe { sockutil_writer_put(w, data.as_ptr().cast(), data.len(), &raw mut put, ms) };
    if answer == 1 {
        answer = unsafe { sockutil_writer_flush(w, ms) };
    }
    // With no system call after the one that failed: its errno is looked at.
    *done += put - unsafe { sockutil_writer_pending(w) };
    answer
}

#[derive(Clone, Copy, PartialEq)]
enum Column {
    /// There is no room; then a reader makes some, and the same call goes on.
    Full(c_int),
    /// Somebody makes room while the call waits.
    Middle(c_int),
    /// More and more room is made, but not enough.
    Trickle,
    /// It is full but for about so many bytes.
    Little(usize),
    /// It is empty, but there is not room for all.
    Room,
}

impl Column {
    fn name(self) -> String {
        match self {
            Self::Full(NOWAIT) => "full, NOWAIT".into(),
            Self::Full(ms) => format!("full, {ms} ms"),
            Self::Middle(FOREVER) => "FOREVER, room in the middle".into(),
            Self::Middle(_) => "room in the middle".into(),
            Self::Trickle => "150 ms, more and more room".into(),
            Self::Little(n) => format!("full but for {n} bytes, NOWAIT"),
            Self::Room => "more than there is room for, NOWAIT".into(),
        }
    }
}

fn size(kind: &Kind, column: Column) -> usize {
    match column {
        _ if kind.counts => 8,
        _ if kind.records => 1000,
        Column::Room => 1_000_000,
        Column::Trickle if kind.socket => 200_000,
        Column::Trickle => 30_000,
        // More than both ends of a TCP connection hold here.
        _ if kind.socket => 100_001,
        // More than what a terminal passes on by itself, which is 4,095 bytes.
        _ => 6_001,
    }
}

/// Reads until stopped.
fn taker(mut take: Take, slowly: bool, stop: &AtomicBool) -> (Take, Vec<u8>) {
    let mut taken = Vec::new();
    if !slowly {
        thread::sleep(MIDDLE);
    }
    while !stop.load(Ordering::Relaxed) {
        let some = take(if slowly { 700 } else { 65_536 });
        let pause = if slowly { 20 } else { u64::from(some.is_empty()) };
        taken.extend(some);
        thread::sleep(Duration::from_millis(pause));
    }
    (take, taken)
}

/// How a call fails on every descriptor of a kind that it is not for.
fn refused(kind: &Kind, call: Out) -> Option<End> {
    match call {
        Out::SendTo | Out::SendFd | Out::SendFds if !kind.socket => Some(End::Fails(ENOTSOCK)),
        Out::SendFds if kind.name != "AF_UNIX" => Some(End::Fails(EINVAL)),
        _ => None,
    }
}

fn ends(kind: &Kind, call: Out, column: Column) -> Vec<End> {
    let not_yet = End::Fails(EAGAIN);
    if let Some(end) = refused(kind, call) {
        return vec![end];
    }
    match call {
        // No socket that can pass descriptors.
        Out::SendFd if kind.name.starts_with("TCP") => vec![End::Fails(EINVAL), not_yet, End::Done],
        // Not all of it is one write, and a part of eight bytes is no number.
        Out::SendFrame if kind.counts => vec![End::Fails(EINVAL), not_yet, End::Done],
        _ if matches!(column, Column::Middle(_)) => vec![End::Done],
        // How much that is depends on how the kernel counts.
        _ if matches!(column, Column::Little(_)) => vec![End::Done, not_yet],
        // TCP may find a little room by itself, and then a part is sent.
        Out::SendTo if !kind.records => vec![End::Done, not_yet],
        // The peer's reading makes it ready at some time or other.
        Out::Wait | Out::WaitAny | Out::SendTo | Out::SendFd if column == Column::Trickle => vec![End::Done, not_yet],
        Out::Wait | Out::WaitAny | Out::SendTo | Out::SendFd if column == Column::Room => vec![End::Done],
        _ => vec![not_yet],
    }
}

fn write(kind: &Kind, call: Out, column: Column, mode: Mode, refusal: Refusal) -> Verdict {
    let Sink { fd: owned, mut take } = kit::when_there_is_room(kind.make)?;
    let fd = owned.as_raw_fd();
    let filled = if column == Column::Room { Vec::new() } else { kind.fill(&owned) };
    let mut taken = if let Column::Little(n) = column { take(n) } else { Vec::new() };
    mode.set(fd);
    if !refusal.install() {
        return Err("no seccomp filter".into());
    }
    let before = kit::flags(fd);
    let data = if kind.counts { 1_u64.to_ne_bytes().to_vec() } else { call.data(size(kind, column), kind.text) };
    let (stop, mut done) = (AtomicBool::new(false), 0);
    let mut beside = |take, done: &mut usize, slowly, ms| {
        thread::scope(|scope| {
            let helper = scope.spawn(|| taker(take, slowly, &stop));
            let answer = call.make(fd, &data, done, ms);
            stop.store(true, Ordering::Relaxed);
            let (take, some) = helper.join().unwrap();
            taken.extend(some);
            (answer, take)
        })
    };
    let (limit, answer);
    match column {
        Column::Full(ms) => (limit, answer) = (ms, call.make(fd, &data, &mut done, ms)),
        Column::Room | Column::Little(_) => (limit, answer) = (NOWAIT, call.make(fd, &data, &mut done, NOWAIT)),
        Column::Middle(ms) => {
            limit = ms;
            (answer, take) = beside(take, &mut done, false, ms);
        }
        Column::Trickle => {
            limit = 150;
            (answer, take) = beside(take, &mut done, true, limit);
        }
    }
    let mut allowed = ends(kind, call, column);
    if call.waits() && kit::polls(fd, libc::POLLOUT) {
        // A terminal makes room by itself at some time after it was full.
        allowed.push(End::Done);
    }
    check_end(answer, &allowed, limit)?;
    mode.unchanged(fd, before)?;
    if !call.sends() || kind.counts || refused(kind, call).is_some() {
        return Ok(());
    }
    if column == Column::Full(150) {
        let again;
        (again, take) = beside(take, &mut done, false, LONG);
        check_end(again, &[End::Done], LONG).map_err(|e| format!("the same call again: {e}"))?;
    }
    if done > data.len() || (answer.ret == 1 && done != data.len()) {
        return Err(format!("done {done} of {}, by {answer:?}", data.len()));
    }
    let expected = kind.at_the_other_end(&[&filled, &data[..done]].concat());
    let rest = kit::drain(expected.len().saturating_sub(taken.len()), || take(65_536));
    taken.extend(rest);
    if taken == expected {
        return Ok(());
    }
    let same = taken.iter().zip(&expected).take_while(|(a, b)| a == b).count();
    let [had, wanted] = [taken.len(), expected.len()];
    Err(format!("{had} bytes came out instead of {wanted}, and {same} are right; done {done}, by {answer:?}"))
}

fn makes_sense(kind: &Kind, call: Out, column: Column, refusal: Refusal) -> bool {
    let own = !matches!(call, Out::SendTo | Out::SendFd) && refused(kind, call).is_none();
    // The ways to end that a refused pwritev2 could change.
    if refusal != Refusal::None && !(own && matches!(column, Column::Full(_) | Column::Middle(LONG))) {
        return false;
    }
    match column {
        Column::Full(_) => true,
        Column::Middle(_) => {
            let for_kind = refused(kind, call).is_none() && !(call == Out::SendFd && kind.name.starts_with("TCP"));
            own || kind.socket && for_kind
        }
        Column::Little(_) | Column::Trickle => own && !kind.records && !kind.counts && !kind.stopped,
        Column::Room => {
            // A terminal has room for more than half a million bytes, and is slow.
            let once = call == Out::WriteFull || call.sends() && !kind.name.starts_with("terminal");
            once && refused(kind, call).is_none() && !kind.records && !kind.counts && !kind.stopped
        }
    }
}

pub fn cells() -> Vec<Cell> {
    let kinds = kinds();
    let columns = [
        Column::Full(NOWAIT),
        Column::Full(150),
        Column::Middle(LONG),
        Column::Middle(FOREVER),
        Column::Trickle,
        Column::Little(1),
        Column::Little(700),
        Column::Little(5000),
        Column::Room,
    ];
    let mut cells = Vec::new();
    for (call, column) in CALLS.iter().flat_map(|call| columns.map(|column| (*call, column))) {
        for which in (0..3).flat_map(|mode| (0..4).map(move |refusal| (mode, refusal))) {
            for kind in &kinds {
                let (modes, refusals) = (Mode::of(kind.socket), Refusal::of(kind.socket));
                let (Some(&mode), Some(&refusal)) = (modes.get(which.0), refusals.get(which.1)) else { continue };
                if !makes_sense(kind, call, column, refusal) {
                    continue;
                }
                let (kind, title) = (*kind, column.name());
                let name = format!("{} ({}{}) x {call:?} x {title}", kind.name, mode.name(), refusal.name());
                cells.push(Cell::new(name, move || write(&kind, call, column, mode, refusal)));
            }
        }
    }
    cells
}
