//! Calls that sockets alone have: connections that come, that are made and that end, and descriptors that are passed.

use crate::left_out::{imitates, left_out};
use std::io;
use std::os::fd::{AsRawFd, IntoRawFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::c::*;
use libc::{EAGAIN, EINVAL, ENOTSOCK, ETIMEDOUT, c_int};

use super::connections::{FAMILIES, accept, connect, place};
use super::ends::{End, check_end};
use super::kit::{self, get, made, put};
use super::matrix::{Answer, Cell, SLACK, Verdict, timed};
use super::modes::Mode;
use super::reading::{FOREVER, LONG, MIDDLE, NOWAIT};

#[derive(Clone, Copy, PartialEq)]
pub enum Column {
    Quiet(c_int),
    Middle(c_int),
}

const COLUMNS: [Column; 4] = [Column::Quiet(NOWAIT), Column::Quiet(150), Column::Middle(LONG), Column::Middle(FOREVER)];

impl Column {
    pub fn limit(self) -> c_int {
        let (Self::Quiet(ms) | Self::Middle(ms)) = self;
        ms
    }

    fn name(self) -> String {
        match self {
            Self::Quiet(NOWAIT) => "NOWAIT".into(),
            Self::Quiet(ms) => format!("{ms} ms"),
            Self::Middle(FOREVER) => "FOREVER, ended in the middle".into(),
            Self::Middle(_) => "ended in the middle".into(),
        }
    }

    /// Makes the call and, if the column is that, does something else in the middle of it.
    pub fn run<T: Send>(
        self,
        other: impl FnOnce() -> T + Send,
        call: impl FnOnce(c_int) -> Answer,
    ) -> (Answer, Option<T>) {
        thread::scope(|scope| {
            let helper = matches!(self, Self::Middle(_)).then(|| {
                scope.spawn(|| {
                    thread::sleep(MIDDLE);
                    other()
                })
            });
            let answer = call(self.limit());
            (answer, helper.map(|helper| helper.join().unwrap()))
        })
    }
}

/// Success of the calls that return 0, in the words of those that return 1.
fn one_more(answer: Answer) -> Answer {
    Answer { ret: answer.ret + isize::from(answer.ret == 0), ..answer }
}

/// The time-out that cannot be resumed.
pub fn closing(answer: Answer, allowed: &[End], limit: c_int) -> Verdict {
    check_end(one_more(answer), allowed, limit)?;
    let limit = Duration::from_millis(limit.max(0) as u64);
    let timed_out = answer.ret < 0 && answer.errno == ETIMEDOUT;
    if timed_out && (answer.took < limit || answer.took > limit + SLACK) {
        return Err(format!("ETIMEDOUT after {:?}, instead of {limit:?}", answer.took));
    }
    Ok(())
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Close {
    /// The peer says nothing, and in the middle it goes.
    Quiet,
    /// It goes on sending.
    Talks,
}

type Ends = fn() -> io::Result<(OwnedFd, OwnedFd)>;

const PAIRS: [(&str, Ends); 5] = [
    ("TCP", || kit::tcp("127.0.0.1")),
    ("TCP over IPv6", || kit::tcp("::1")),
    ("AF_UNIX", || kit::pair(libc::SOCK_STREAM)),
    ("AF_UNIX seqpacket", || kit::pair(libc::SOCK_SEQPACKET)),
    ("AF_UNIX datagram", || kit::pair(libc::SOCK_DGRAM)),
];

fn close(ends: Ends, how: Close, column: Column, mode: Mode) -> Verdict {
    let (closed, peer) = ends().map_err(|e| e.to_string())?;
    let kept = closed.try_clone().unwrap();
    mode.set(kept.as_raw_fd());
    let before = kit::flags(kept.as_raw_fd());
    let number = closed.into_raw_fd();
    let stop = AtomicBool::new(false);
    let answer = thread::scope(|scope| {
        let talker = scope.spawn(|| {
            for _ in 0..if how == Close::Talks { 100 } else { 0 } {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                put(&peer, b"something");
                thread::sleep(Duration::from_millis(10));
            }
        });
        let end = || unsafe { libc::shutdown(peer.as_raw_fd(), libc::SHUT_WR) };
        let (answer, _) = column.run(end, |ms| timed(|| sockutil_close_graceful(number, ms)));
        stop.store(true, Ordering::Relaxed);
        talker.join().unwrap();
        answer
    });
    if kit::identity(number) == kit::identity(kept.as_raw_fd()) {
        return Err("it is still open".into());
    }
    let allowed = if let Column::Middle(_) = column { End::Done } else { End::Fails(ETIMEDOUT) };
    closing(answer, &[allowed], column.limit())?;
    mode.unchanged(kept.as_raw_fd(), before)
}

fn close_of_no_socket(column: Column, mode: Mode) -> Verdict {
    let (kept, _peer) = kit::pipe().map_err(|e| e.to_string())?;
    mode.set(kept.as_raw_fd());
    let number = kept.try_clone().unwrap().into_raw_fd();
    let answer = timed(|| sockutil_close_graceful(number, column.limit()));
    if kit::identity(number) == kit::identity(kept.as_raw_fd()) {
        return Err("it is still open".into());
    }
    closing(answer, &[End::Fails(ENOTSOCK)], column.limit())
}

fn receive(ends: Ends, column: Column, mode: Mode) -> Verdict {
    let (socket, peer) = ends().map_err(|e| e.to_string())?;
    let fd = socket.as_raw_fd();
    mode.set(fd);
    let before = kit::flags(fd);
    let mut passed = -1;
    let send = || sockutil_send_fd(peer.as_raw_fd(), peer.as_raw_fd(), LONG);
    let (answer, _) = column.run(send, |ms| timed(|| unsafe { sockutil_recv_fd(fd, &raw mut passed, ms) }));
    let allowed = if let Column::Middle(_) = column { End::Done } else { End::Fails(EAGAIN) };
    check_end(answer, &[allowed], column.limit())?;
    let passed = made(passed).ok().map(|passed| kit::identity(passed.as_raw_fd()));
    if answer.ret == 1 && passed != Some(kit::identity(peer.as_raw_fd())) {
        return Err("another descriptor than was sent".into());
    }
    mode.unchanged(fd, before)
}

fn receive_several(kind: &str, ends: Ends, column: Column, mode: Mode) -> Verdict {
    let (socket, peer) = ends().map_err(|e| e.to_string())?;
    let fd = socket.as_raw_fd();
    mode.set(fd);
    let before = kit::flags(fd);
    let (mut passed, mut nfds, mut len, mut bytes) = ([-1; 2], 4711, 4711, [0_u8; 8]);
    let (places, at) = (passed.as_mut_ptr(), bytes.as_mut_ptr().cast());
    let both = [peer.as_raw_fd(); 2];
    let send =
        || unsafe { sockutil_send_fds(peer.as_raw_fd(), both.as_ptr(), 2, b"two".as_ptr().cast(), 3, &mut 0, LONG) };
    let (nfds_at, len_at) = (&raw mut nfds, &raw mut len);
    let call = |ms| timed(|| unsafe { sockutil_recv_fds(fd, places, 2, nfds_at, at, 8, len_at, ms) });
    let (answer, _) = column.run(send, call);
    let allowed = match column {
        _ if kind != "AF_UNIX" => End::Fails(EINVAL),
        Column::Middle(_) => End::Done,
        Column::Quiet(_) => End::Fails(EAGAIN),
    };
    check_end(answer, &[allowed], column.limit())?;
    let all = passed.map(|fd| made(fd).ok().map(|passed| kit::identity(passed.as_raw_fd())));
    let expected = (answer.ret == 1).then(|| kit::identity(peer.as_raw_fd()));
    let counts = if answer.ret == 1 { (2, 3) } else { (0, 0) };
    if all != [expected; 2] || (nfds, len) != counts {
        return Err(format!("{nfds} descriptors and {len} bytes, or other descriptors than were sent"));
    }
    mode.unchanged(fd, before)
}

/// A datagram socket without a peer, whose receiver is full: poll(2) calls it ready.
fn send_to(column: Column, mode: Mode) -> Verdict {
    let unbound = place(libc::AF_UNIX, libc::SOCK_SEQPACKET, 0).map_err(|e| e.to_string())?;
    let receiver = made(unsafe { libc::socket(libc::AF_UNIX, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0) }).unwrap();
    let mut to = unbound.address;
    let family = (&raw const to.ss).cast();
    let at = (&raw mut to.ss).cast();
    unsafe {
        assert_eq!(libc::bind(receiver.as_raw_fd(), family, size_of::<libc::sa_family_t>() as libc::socklen_t), 0);
        to.len = size_of_val(&to.ss) as libc::socklen_t;
        assert_eq!(libc::getsockname(receiver.as_raw_fd(), at, &raw mut to.len), 0);
    }
    let sender = made(unsafe { libc::socket(libc::AF_UNIX, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0) }).unwrap();
    let fd = sender.as_raw_fd();
    let letter = b"a datagram";
    let send = |flags| unsafe {
        libc::sendto(fd, letter.as_ptr().cast(), letter.len(), flags, (&raw const to.ss).cast(), to.len)
    };
    while send(libc::MSG_DONTWAIT) >= 0 {}
    mode.set(fd);
    let before = kit::flags(fd);
    let take = || get(&receiver, 100).len();
    let call = |ms| timed(|| unsafe { sockutil_sendto(fd, letter.as_ptr().cast(), letter.len(), &raw const to, ms) });
    let (answer, _) = column.run(take, call);
    let allowed = if let Column::Middle(_) = column { End::Done } else { End::Fails(EAGAIN) };
    check_end(answer, &[allowed], column.limit())?;
    mode.unchanged(fd, before)
}

pub fn cells() -> Vec<Cell> {
    let mut cells = Vec::new();
    for (mode, column) in Mode::of(true).iter().flat_map(|mode| COLUMNS.map(|column| (*mode, column))) {
        let name = |kind: &str, call: &str| format!("{kind} ({}) x {call} x {}", mode.name(), column.name());
        for (kind, family, socket) in FAMILIES {
            if let Err(e) = place(family, socket, 1) {
                if mode == Mode::Blocking && column == Column::Quiet(NOWAIT) {
                    left_out(&format!("no {kind}"), e);
                }
                continue;
            }
            cells.push(Cell::new(name(kind, "accept"), move || accept(family, socket, column, mode)));
            if family == libc::AF_UNIX && imitates("refuse", "a client that waits for a place in the backlog") {
                continue;
            }
            cells.push(Cell::new(name(kind, "connect"), move || connect(family, socket, column, mode)));
        }
        for (kind, ends) in PAIRS {
            if ends().is_err() {
                continue;
            }
            for how in [Close::Quiet, Close::Talks] {
                let ending = kind != "AF_UNIX datagram" && how == Close::Quiet;
                if ending || matches!(column, Column::Quiet(_)) {
                    let call = format!("close_graceful, peer {how:?}");
                    cells.push(Cell::new(name(kind, &call), move || close(ends, how, column, mode)));
                }
            }
            if kind.starts_with("AF_UNIX") {
                cells.push(Cell::new(name(kind, "recv_fd"), move || receive(ends, column, mode)));
            }
            if kind == "AF_UNIX" || matches!(column, Column::Quiet(_)) {
                cells.push(Cell::new(name(kind, "recv_fds"), move || receive_several(kind, ends, column, mode)));
            }
        }
        cells.push(Cell::new(name("AF_UNIX datagram, no peer", "sendto"), move || send_to(column, mode)));
        if mode != Mode::Timeouts {
            cells.push(Cell::new(name("pipe", "close_graceful"), move || close_of_no_socket(column, mode)));
        }
    }
    cells
}
