//! Calls that read, on descriptors that wait.

use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use libc::{EAGAIN, EINVAL, EMSGSIZE, ENOTSOCK, EOPNOTSUPP, c_int};

use super::calls::{CAP, Call, SOCKET_CALLS, STREAM_CALLS};
use super::ends::{End, check_end};
use super::kit;
use super::matrix::{Cell, Verdict};
use super::modes::{Mode, Refusal};
use super::sources::{Give, Kind, Source, UNIT, kinds};

pub const NOWAIT: c_int = 0;
pub const FOREVER: c_int = -1;
/// So long that who waits for it to end is caught by the watchdog.
pub const LONG: c_int = 20_000;

/// Long enough for something in the middle, unless the machine is very busy.
const SHORT: c_int = 700;

/// How long after the beginning of a call something comes.
pub const MIDDLE: Duration = Duration::from_millis(60);

/// Gifts that complete nothing come one by one, for longer than the limit.
const TRICKLE: &[u8; 8] = b"\xffzzzzzzz";
const EVERY: Duration = Duration::from_millis(20);
const GIFTS: usize = 30;

#[derive(Clone, Copy, PartialEq)]
enum Column {
    /// Nothing comes.
    Quiet(c_int),
    /// A unit comes while the call waits.
    Middle(c_int),
    /// A unit is there.
    Queued,
    /// Two are wanted, one is there.
    Half,
    /// More and more comes, and completes nothing.
    Trickle,
}

impl Column {
    fn name(self) -> String {
        match self {
            Self::Quiet(NOWAIT) => "NOWAIT".into(),
            Self::Quiet(ms) => format!("{ms} ms"),
            Self::Middle(FOREVER) => "FOREVER, something in the middle".into(),
            Self::Middle(_) => "something in the middle".into(),
            Self::Queued => "something is there, NOWAIT".into(),
            Self::Half => "half of it is there, NOWAIT".into(),
            Self::Trickle => "150 ms, more and more comes".into(),
        }
    }
}

impl Column {
    /// The ways to end that a refused preadv2 could change; that it ends on time is the same for all.
    fn for_refusals(self) -> bool {
        matches!(self, Self::Quiet(_) | Self::Middle(LONG | SHORT) | Self::Queued)
    }
}

/// How the call may end when these bytes have been given.
fn ends(kind: &Kind, call: Call, given: &[u8], mode: Mode) -> Vec<End> {
    let [not_yet, invalid] = [End::Fails(EAGAIN), End::Fails(EINVAL)];
    let mut ends = match call {
        Call::RecvFrom | Call::RecvFromAt | Call::Accept | Call::RecvFd | Call::RecvFds if !kind.socket => {
            return vec![End::Fails(ENOTSOCK)];
        }
        Call::Accept => return vec![invalid, End::Fails(EOPNOTSUPP)],
        // A read that is too small for an event. The kernel says so at once, or when there is one.
        Call::ReadFull(0) | Call::ReadLine if kind.whole && given.is_empty() => vec![invalid, not_yet],
        Call::ReadFull(0) | Call::ReadLine if kind.whole => vec![invalid],
        _ if given.is_empty() => vec![not_yet],
        Call::Wait | Call::WaitAny if kind.late => vec![End::Done, not_yet],
        Call::ReadFull(_)
        | Call::ReaderReadFull(_)
        | Call::Wait
        | Call::WaitAny
        | Call::RecvFrom
        | Call::RecvFromAt
            if kind.gift.is_none() =>
        {
            vec![if call.takes(kind.unit, given).is_some() { End::Done } else { not_yet }]
        }
        _ if kind.gift.is_none() => vec![End::Done, not_yet, End::Fails(EMSGSIZE)],
        _ => vec![if call.takes(kind.unit, given).is_some() { End::Done } else { not_yet }],
    };
    if kind.blind && mode == Mode::Blocking {
        ends.push(not_yet);
        if call.waits() {
            ends.push(End::Done);
        }
    }
    ends
}

/// Gives once, or more and more until stopped; returns the giver, all given bytes, and the time of the last.
fn giver(mut give: Give, column: Column, stop: &AtomicBool) -> (Give, Vec<u8>, Instant) {
    let mut given = Vec::new();
    if column == Column::Trickle {
        for _ in 0..GIFTS {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            given.extend(give(TRICKLE));
            thread::sleep(EVERY);
        }
    } else {
        thread::sleep(MIDDLE);
        given.extend(give(UNIT));
    }
    (give, given, Instant::now())
}

fn read(kind: &Kind, call: Call, column: Column, mode: Mode, refusal: Refusal) -> Verdict {
    let Source { fd: owned, mut give } = kit::when_there_is_room(kind.make)?;
    let fd = owned.as_raw_fd();
    mode.set(fd);
    if !refusal.install() {
        return Err("no seccomp filter".into());
    }
    let before = kit::flags(fd);
    let mut given = Vec::new();
    let limit = match column {
        Column::Quiet(ms) | Column::Middle(ms) => ms,
        Column::Queued | Column::Half => NOWAIT,
        Column::Trickle => 150,
    };
    if matches!(column, Column::Queued | Column::Half) {
        given = give(UNIT);
        // Of some events FIONREAD counts a part.
        kit::settle(fd, if kind.gift.is_some() { given.len() } else { 1 });
    }
    let stop = AtomicBool::new(false);
    let mut late = false;
    let (got, _give) = thread::scope(|scope| {
        if !matches!(column, Column::Middle(_) | Column::Trickle) {
            return (call.make(fd, kind.unit, limit), give);
        }
        let helper = scope.spawn(|| giver(give, column, &stop));
        let got = call.make(fd, kind.unit, limit);
        let ended = Instant::now();
        stop.store(true, Ordering::Relaxed);
        let (give, later, at) = helper.join().unwrap();
        given.extend(later);
        // On a busy machine it may come too late for a short limit.
        late = at + Duration::from_millis(400) > ended;
        (got, give)
    });
    mode.unchanged(fd, before)?;
    let mut allowed = ends(kind, call, &given, mode);
    if column == Column::Trickle && (kind.adds || allowed == [End::Done]) {
        // It depends on when which of it was read.
        allowed.extend([End::Done, End::Fails(EAGAIN)]);
    }
    if late && column == Column::Middle(SHORT) {
        allowed.extend(ends(kind, call, &[], mode));
    }
    check_end(got.answer, &allowed, limit)?;
    if kind.adds && column == Column::Trickle || kind.records && matches!(call, Call::ReadFull(0) | Call::ReadLine) {
        return Ok(());
    }
    // Nothing lost, nothing invented, nothing twice.
    let taken = got.bytes.len() + got.held.len();
    let wanted = given.len().saturating_sub(taken);
    let rest = kit::nonblocking(fd, || kit::drain(wanted, || kit::get(&owned, CAP)));
    let all = [got.bytes, got.held, rest].concat();
    let same = if kind.gift.is_some() && !call.only_counts() { all == given } else { all.len() == given.len() };
    if same { Ok(()) } else { Err(format!("{all:?} came out of {given:?}, by {:?}", got.answer)) }
}

/// Whether the cell says something about the kind.
fn makes_sense(kind: &Kind, call: Call, column: Column) -> bool {
    let own = !SOCKET_CALLS.contains(&call);
    match column {
        // A single event may be no whole line: then this would wait for ever.
        Column::Middle(FOREVER) => own && !kind.hasty && completes(kind, call),
        Column::Middle(_) | Column::Queued => {
            !matches!(call, Call::ReadFull(1000) | Call::ReaderReadFull(1000))
                && (own || kind.socket && matches!(call, Call::RecvFrom | Call::RecvFromAt))
        }
        Column::Half => matches!(call, Call::ReadFull(2) | Call::ReaderReadFull(2)),
        Column::Trickle => match call {
            Call::ReadFull(1000)
            | Call::ReaderReadFull(1000)
            | Call::ReaderUntil
            | Call::ReaderUntilText
            | Call::ReaderFrame
            | Call::ReaderSkipFrame => true,
            Call::ReadLine | Call::ReaderLine | Call::ReaderCopyLine | Call::ReaderSkipLine => !kind.lines,
            _ => false,
        },
        Column::Quiet(_) => {
            !matches!(call, Call::ReadFull(1000) | Call::ReaderReadFull(1000))
                && (!matches!(call, Call::RecvFd | Call::RecvFds) || !kind.socket)
        }
    }
}

/// Whether one gift is for certain all that the call wants.
fn completes(kind: &Kind, call: Call) -> bool {
    match kind.gift {
        _ if kind.whole && matches!(call, Call::ReadFull(0) | Call::ReadLine) => false,
        Some(gift) => call.takes(kind.unit, gift).is_some(),
        None => matches!(call, Call::ReadFull(1) | Call::ReaderReadFull(1) | Call::Wait | Call::WaitAny),
    }
}

pub fn cells() -> Vec<Cell> {
    let kinds = kinds();
    let mut calls = STREAM_CALLS.to_vec();
    calls.extend(SOCKET_CALLS);
    calls.extend([2, 1000].map(Call::ReadFull));
    calls.extend([2, 1000].map(Call::ReaderReadFull));
    let columns = [
        Column::Quiet(NOWAIT),
        Column::Quiet(150),
        Column::Middle(LONG),
        Column::Middle(FOREVER),
        Column::Queued,
        Column::Half,
        Column::Trickle,
    ];
    let mut all = Vec::new();
    // The kinds change fastest, so that no kind has too many descriptors at a time.
    for (call, column, which) in
        calls.iter().flat_map(|call| columns.map(|column| (call, column))).flat_map(|(call, column)| {
            (0..3).flat_map(move |mode| (0..4).map(move |refusal| (*call, column, (mode, refusal))))
        })
    {
        for kind in kinds.iter().filter(|kind| makes_sense(kind, call, column)) {
            if which.1 > 0 && (SOCKET_CALLS.contains(&call) || !column.for_refusals()) {
                continue;
            }
            let (modes, refusals) = (Mode::of(kind.socket), Refusal::of(kind.socket));
            let (Some(&mode), Some(&refusal)) = (modes.get(which.0), refusals.get(which.1)) else { continue };
            let kind = *kind;
            let column = match column {
                // What does not complete it ends with the limit.
                Column::Middle(LONG)
                    if !completes(&kind, call) || kind.late || kind.blind && mode == Mode::Blocking =>
                {
                    Column::Middle(SHORT)
                }
                column => column,
            };
            let name = format!("{} ({}{}) x {call:?} x {}", kind.name, mode.name(), refusal.name(), column.name());
            all.push(Cell::new(name, move || read(&kind, call, column, mode, refusal)));
        }
    }
    all
}
