//! Relays from every kind that waits for bytes, and to every kind that can be full.

use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::c::*;
use libc::{EAGAIN, c_int};

use super::calls::CAP;
use super::ends::{End, check_end};
use super::kit;
use super::matrix::{Answer, Cell, Verdict, timed};
use super::modes::{Mode, Refusal};
use super::reading::{LONG, MIDDLE, NOWAIT};
use super::sinks;
use super::sources::{self, UNIT};

/// A relay and its memory.
struct Relay {
    raw: sockutil_relay,
    _memory: Vec<u8>,
}

impl Relay {
    fn new(from: c_int, to: c_int, cap: usize) -> Self {
        let mut memory = vec![0_u8; cap];
        let mut raw: sockutil_relay = unsafe { std::mem::zeroed() };
        let at = memory.as_mut_ptr().cast();
        assert_eq!(unsafe { sockutil_relay_init(&raw mut raw, from, to, at, cap) }, 0);
        Self { raw, _memory: memory }
    }

    fn run(&mut self, ms: c_int) -> Answer {
        timed(|| unsafe { sockutil_relay_run(&raw mut self.raw, 1, ms) })
    }

    fn moved(&self) -> usize {
        unsafe { sockutil_relay_moved(&raw const self.raw) as usize }
    }
}

const NOT_YET: [End; 1] = [End::Fails(EAGAIN)];

/// Nothing comes; something is there; something comes in the middle.
fn from_kind(kind: &sources::Kind, mode: Mode, refusal: Refusal, ms: c_int) -> Verdict {
    let mut source = kit::when_there_is_room(kind.make)?;
    let (sink, to) = kit::pair(libc::SOCK_STREAM).map_err(|e| e.to_string())?;
    let fd = source.fd.as_raw_fd();
    mode.set(fd);
    if !refusal.install() {
        return Err("no seccomp filter".into());
    }
    let before = kit::flags(fd);
    let mut relay = Relay::new(fd, to.as_raw_fd(), CAP);
    check_end(relay.run(ms), &NOT_YET, ms)?;
    let mut given = (source.give)(UNIT);
    kit::settle(fd, if kind.gift.is_some() { given.len() } else { 1 });
    check_end(relay.run(ms), &NOT_YET, ms)?;
    if kind.blind && mode == Mode::Blocking {
        return mode.unchanged(fd, before);
    }
    if relay.moved() != given.len() {
        return Err(format!("{} bytes moved, not {}", relay.moved(), given.len()));
    }
    let answer = thread::scope(|scope| {
        let helper = scope.spawn(|| {
            thread::sleep(MIDDLE);
            (source.give)(UNIT)
        });
        let answer = relay.run(ms.max(400));
        given.extend(helper.join().unwrap());
        answer
    });
    check_end(answer, &NOT_YET, ms.max(400))?;
    // On a busy machine it came after the call.
    kit::settle(fd, 1);
    check_end(relay.run(NOWAIT), &NOT_YET, NOWAIT)?;
    mode.unchanged(fd, before)?;
    let all = kit::nonblocking(sink.as_raw_fd(), || kit::drain(given.len(), || kit::get(&sink, CAP)));
    let same = if kind.gift.is_some() { all == given } else { all.len() == given.len() };
    if same { Ok(()) } else { Err(format!("{all:?} came out of {given:?}")) }
}

/// More than there is room for is to be written, until somebody makes room.
fn to_kind(kind: &sinks::Kind, mode: Mode, refusal: Refusal, ms: c_int) -> Verdict {
    let sink = kit::when_there_is_room(kind.make)?;
    let (from, peer) = kit::pair(libc::SOCK_STREAM).map_err(|e| e.to_string())?;
    let fd = sink.fd.as_raw_fd();
    mode.set(fd);
    if !refusal.install() {
        return Err("no seccomp filter".into());
    }
    let before = kit::flags(fd);
    let size = match kind {
        _ if kind.counts => 8,
        // Each is a write of its own.
        _ if kind.name.ends_with("newlines") => 12_000,
        // More than it holds.
        _ if kind.socket => 300_000,
        _ => 70_000,
    };
    let data: Vec<u8> = (0..size).map(kind.text).collect();
    let mut relay = Relay::new(from.as_raw_fd(), fd, 1000);
    let stop = AtomicBool::new(false);
    let mut take = sink.take;
    thread::scope(|scope| {
        let data = &data;
        scope.spawn(move || {
            let mut peer = std::fs::File::from(peer);
            _ = std::io::Write::write_all(&mut peer, data);
        });
        // With a reader that stops, it is full; NOWAIT moves 256 KiB at most.
        if kind.stopped || !kind.counts && ms != NOWAIT {
            let first = relay.run(ms);
            check_end(first, &[NOT_YET[0], End::Done], ms)?;
        }
        let taker = scope.spawn(|| {
            let mut all = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                let some = take(1 << 16);
                if some.is_empty() {
                    thread::sleep(Duration::from_millis(1));
                }
                all.extend(some);
            }
            (all, take)
        });
        let answer = relay.run(LONG);
        stop.store(true, Ordering::Relaxed);
        let (mut all, mut take) = taker.join().unwrap();
        check_end(answer, &[End::Done], LONG)?;
        mode.unchanged(fd, before)?;
        if kind.counts {
            return Ok(());
        }
        let expected = kind.at_the_other_end(data);
        let wanted = expected.len().saturating_sub(all.len());
        all.extend(kit::drain(wanted, || take(1 << 16)));
        if all == expected { Ok(()) } else { Err(format!("{} bytes, not the {} expected", all.len(), expected.len())) }
    })
}

#[test]
fn relays_keep_their_time_and_lose_nothing_on_every_kind_of_descriptor() {
    let mut cells = Vec::new();
    for ms in [NOWAIT, 150] {
        for kind in sources::kinds() {
            for mode in Mode::of(kind.socket) {
                for refusal in Refusal::of(kind.socket) {
                    let name = format!("{} ({}{}) x relay from it x {ms} ms", kind.name, mode.name(), refusal.name());
                    cells.push(Cell::new(name, move || from_kind(&kind, *mode, *refusal, ms)));
                }
            }
        }
        for kind in sinks::kinds() {
            for mode in Mode::of(kind.socket) {
                for refusal in Refusal::of(kind.socket) {
                    let name = format!("{} ({}{}) x relay to it x {ms} ms", kind.name, mode.name(), refusal.name());
                    cells.push(Cell::new(name, move || to_kind(&kind, *mode, *refusal, ms)));
                }
            }
        }
    }
    super::matrix::run(cells);
}
