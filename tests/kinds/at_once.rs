//! Calls on descriptors that have an answer at once.

use std::fs::File;
use std::os::fd::{AsRawFd, OwnedFd};

use libc::{EAGAIN, EBADF, EINVAL, EMSGSIZE, ENOTCONN, ENOTSOCK, c_int};

use super::calls::{Call, SOCKET_CALLS, STREAM_CALLS};
use super::ends::{End, check_end};
use super::kit;
use super::matrix::{Cell, Verdict};
use super::modes::{Mode, Refusal};
use super::reading::NOWAIT;
use super::sources::UNIT;
use super::still::{Has, Make, Takes, readable, writable};
use super::writing::{self, Out};

fn is_socket(fd: &OwnedFd) -> bool {
    let file = File::from(fd.try_clone().unwrap());
    std::os::unix::fs::FileTypeExt::is_socket(&file.metadata().unwrap().file_type())
}

fn read(make: Make, has: Has, call: Call, ms: c_int, mode: Mode, refusal: Refusal) -> Verdict {
    let fd = kit::when_there_is_room(make)?;
    mode.set(fd.as_raw_fd());
    refusal.install();
    let before = kit::flags(fd.as_raw_fd());
    let got = call.make(fd.as_raw_fd(), UNIT.len(), ms);
    mode.unchanged(fd.as_raw_fd(), before)?;
    let file;
    let bytes = match has {
        Has::Bytes(bytes) => bytes,
        Has::ItsFile(path) => {
            file = std::fs::read(path).unwrap();
            &file
        }
        Has::Zeros => &[0; 5000],
        Has::Noise | Has::Error(_) => &[],
    };
    let for_sockets = SOCKET_CALLS.contains(&call);
    let one = match has {
        Has::Error(errors) => {
            let mut ends: Vec<End> = errors.iter().map(|e| End::Fails(*e)).collect();
            match call {
                Call::Wait | Call::WaitAny => ends.extend([End::Done, End::Fails(EAGAIN)]),
                Call::RecvFrom | Call::RecvFromAt if is_socket(&fd) => {}
                Call::Accept if is_socket(&fd) => ends = vec![End::Fails(EINVAL), End::Fails(EAGAIN)],
                Call::RecvFd | Call::RecvFds if is_socket(&fd) => ends.push(End::Fails(EINVAL)),
                _ if for_sockets => ends = vec![End::Fails(ENOTSOCK), End::Fails(EBADF)],
                _ => {}
            }
            ends
        }
        _ if for_sockets => vec![End::Fails(ENOTSOCK)],
        _ if call.waits() => vec![End::Done],
        Has::Zeros
            if matches!(
                call,
                Call::ReadLine | Call::ReaderLine | Call::ReaderUntil | Call::ReaderUntilText | Call::ReaderCopyLine
            ) =>
        {
            vec![End::Fails(EMSGSIZE)]
        }
        Has::Noise
            if matches!(call, Call::ReadFull(_) | Call::ReaderReadFull(_) | Call::ReadSome | Call::ReaderReadSome) =>
        {
            vec![End::Done]
        }
        Has::Noise => vec![End::Done, End::Fails(EMSGSIZE), End::Fails(EAGAIN)],
        _ => vec![if call.takes(UNIT.len(), bytes).is_some() { End::Done } else { End::Stream }],
    };
    check_end(got.answer, &one, NOWAIT)?;
    if !matches!(has, Has::Bytes(_) | Has::ItsFile(_)) || for_sockets {
        return Ok(());
    }
    let rest = kit::drain(0, || kit::get(&fd, 4096));
    let all = [got.bytes, got.held, rest].concat();
    let same = if call.only_counts() { all.len() == bytes.len() } else { all == bytes };
    if same { Ok(()) } else { Err(format!("{} bytes came out of {}, by {:?}", all.len(), bytes.len(), got.answer)) }
}

fn write(make: Make, takes: Takes, call: Out, ms: c_int, mode: Mode, refusal: Refusal) -> Verdict {
    let fd = kit::when_there_is_room(make)?;
    mode.set(fd.as_raw_fd());
    refusal.install();
    let before = kit::flags(fd.as_raw_fd());
    let data = call.data(100, writing::plain);
    let mut done = 0;
    let answer = call.make(fd.as_raw_fd(), &data, &mut done, ms);
    mode.unchanged(fd.as_raw_fd(), before)?;
    let ends = match takes {
        Takes::Error(errors) if call.waits() => {
            errors.iter().map(|e| End::Fails(*e)).chain([End::Done, End::Fails(EAGAIN)]).collect()
        }
        _ if matches!(call, Out::SendTo | Out::SendFd | Out::SendFds) && !is_socket(&fd) => {
            vec![End::Fails(ENOTSOCK), End::Fails(EBADF)]
        }
        _ if matches!(call, Out::SendFd | Out::SendFds) => {
            vec![End::Done, End::Fails(EINVAL), End::Fails(ENOTCONN), End::Fails(libc::EPIPE)]
        }
        Takes::All => vec![End::Done],
        Takes::Error(errors) => errors.iter().map(|e| End::Fails(*e)).collect(),
    };
    check_end(answer, &ends, NOWAIT)?;
    let expected = if answer.ret > 0 && call.sends() { data.len() } else { 0 };
    if call.sends() && done != expected {
        return Err(format!("done {done} instead of {expected}, by {answer:?}"));
    }
    Ok(())
}

fn columns() -> [(c_int, &'static str); 2] {
    [(NOWAIT, "NOWAIT"), (150, "150 ms")]
}

pub fn read_cells() -> Vec<Cell> {
    let mut all = Vec::new();
    let calls: Vec<Call> = STREAM_CALLS.into_iter().chain([Call::ReadFull(2)]).chain(SOCKET_CALLS).collect();
    for (name, make, has) in readable() {
        let socket = is_socket(&make().unwrap());
        for (call, (ms, column)) in calls.iter().flat_map(|call| columns().map(|column| (*call, column))) {
            // What has no end is in `flood`.
            let endless = matches!(has, Has::Zeros) && call == Call::ReaderSkipLine;
            for (mode, refusal) in combinations(socket, ms).filter(|_| !endless) {
                let name = format!("{name} ({}{}) x {call:?} x {column}", mode.name(), refusal.name());
                all.push(Cell::new(name, move || read(make, has, call, ms, mode, refusal)));
            }
        }
    }
    all
}

pub fn write_cells() -> Vec<Cell> {
    let mut cells = Vec::new();
    for (name, make, takes) in writable() {
        let socket = is_socket(&make().unwrap());
        for (call, (ms, column)) in writing::CALLS.iter().flat_map(|call| columns().map(|column| (*call, column))) {
            for (mode, refusal) in combinations(socket, ms) {
                let name = format!("{name} ({}{}) x {call:?} x {column}", mode.name(), refusal.name());
                cells.push(Cell::new(name, move || write(make, takes, call, ms, mode, refusal)));
            }
        }
    }
    cells
}

/// Each refusal once is enough: nothing is waited for.
fn combinations(socket: bool, ms: c_int) -> impl Iterator<Item = (Mode, Refusal)> {
    let refusals = if ms == NOWAIT { Refusal::of(socket) } else { &[Refusal::None] };
    Mode::of(socket).iter().flat_map(move |mode| refusals.iter().map(|refusal| (*mode, *refusal)))
}
