//! A peer that sends as fast as it can: calls without a length of their own end all the same.

use crate::left_out::left_out;
use std::os::fd::{AsRawFd, IntoRawFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::c::*;
use libc::{EAGAIN, ETIMEDOUT, c_int};

use super::kit;
use super::matrix::{self, Answer, Cell, SLACK, Verdict, timed};
use super::reading::NOWAIT;

/// What NOWAIT stops after.
const BOUND: usize = 256 << 10;

/// The reader's memory.
const CAP: usize = 8192;

/// The flood ends by itself, so that a call that does not end fails instead of hanging.
const FLOOD: Duration = Duration::from_secs(4);

/// Sends zeros until stopped, from two threads, so that there is always more.
fn flooded<T>(peer: &OwnedFd, body: impl FnOnce() -> T) -> T {
    let stop = AtomicBool::new(false);
    let fd = peer.as_raw_fd();
    kit::set_flags(fd, kit::flags(fd) | libc::O_NONBLOCK);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let (start, zeros) = (Instant::now(), vec![0_u8; 65_536]);
                while !stop.load(Ordering::Relaxed) && start.elapsed() < FLOOD {
                    let flags = libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT;
                    if unsafe { libc::send(fd, zeros.as_ptr().cast(), zeros.len(), flags) } < 0
                        && unsafe { libc::write(fd, zeros.as_ptr().cast(), zeros.len()) } < 0
                    {
                        thread::yield_now();
                    }
                }
            });
        }
        thread::sleep(Duration::from_millis(20));
        let result = body();
        stop.store(true, Ordering::Relaxed);
        result
    })
}

/// `sockutil_reader_skip_line` once.
fn skip_line(fd: c_int, ms: c_int) -> (Answer, usize) {
    let (mut memory, mut done) = (vec![0_u8; CAP], 0);
    let mut reader: sockutil_reader = unsafe { std::mem::zeroed() };
    assert_eq!(unsafe { sockutil_reader_init(&raw mut reader, fd, memory.as_mut_ptr().cast(), CAP) }, 0);
    let answer = timed(|| unsafe { sockutil_reader_skip_line(&raw mut reader, &raw mut done, ms) });
    (answer, done)
}

type Ends = fn() -> (OwnedFd, OwnedFd);

const STREAMS: [(&str, Ends); 4] = [
    ("TCP", || kit::tcp("127.0.0.1").unwrap()),
    ("AF_UNIX", || kit::pair(libc::SOCK_STREAM).unwrap()),
    ("pipe", || kit::pipe().unwrap()),
    ("FIFO", || kit::fifo(false).unwrap()),
];

/// The time that a call with this limit may take.
fn on_time(answer: Answer, errno: c_int, ms: c_int) -> Verdict {
    let limit = Duration::from_millis(ms as u64);
    let right = (answer.ret, answer.errno) == (-1, errno) && answer.took >= limit && answer.took < limit + SLACK;
    if right { Ok(()) } else { Err(format!("{answer:?}")) }
}

fn skips(ends: Ends, ms: c_int) -> Verdict {
    let (fd, peer) = ends();
    let (answer, done) = flooded(&peer, || skip_line(fd.as_raw_fd(), ms));
    on_time(answer, EAGAIN, ms)?;
    let bounded = ms != NOWAIT || done <= BOUND + CAP;
    if bounded { Ok(()) } else { Err(format!("{done} bytes by one call, {answer:?}")) }
}

fn closes(ends: Ends, ms: c_int) -> Verdict {
    let (socket, peer) = ends();
    let kept = socket.try_clone().unwrap();
    let number = socket.into_raw_fd();
    let answer = flooded(&peer, || timed(|| sockutil_close_graceful(number, ms)));
    let open = kit::identity(number) == kit::identity(kept.as_raw_fd());
    if open { Err("it is still open".into()) } else { on_time(answer, ETIMEDOUT, ms) }
}

/// More than the bound is there, so that it is the bound that ends the call.
fn takes_its_fill(fd: c_int) -> Verdict {
    let (answer, done) = skip_line(fd, NOWAIT);
    on_time(answer, EAGAIN, NOWAIT).map_err(|e| format!("{e}, {done} bytes"))?;
    let bounded = (BOUND..=BOUND + CAP).contains(&done);
    if bounded { Ok(()) } else { Err(format!("{done} bytes by one call")) }
}

/// The peer has ended, after more bytes than the bound: a caller that reads on finds that end.
fn closes_at_the_bound(socket: OwnedFd, peer: &OwnedFd) -> Verdict {
    assert_eq!(unsafe { libc::shutdown(peer.as_raw_fd(), libc::SHUT_WR) }, 0);
    let number = socket.into_raw_fd();
    on_time(timed(|| sockutil_close_graceful(number, NOWAIT)), ETIMEDOUT, NOWAIT)
}

/// Descriptors from which more than the bound can be read at once, and what must stay open for that.
fn full() -> Vec<(&'static str, OwnedFd, Option<OwnedFd>)> {
    let mut full: Vec<(&str, OwnedFd, Option<OwnedFd>)> =
        vec![("file", kit::file(&vec![0; 1 << 20]).unwrap().into(), None)];
    let (pipe, writer) = kit::pipe().unwrap();
    if unsafe { libc::fcntl(writer.as_raw_fd(), libc::F_SETPIPE_SZ, 1 << 20) } == 1 << 20 {
        kit::put(&writer, &vec![0; 1 << 20]);
        full.push(("pipe", pipe, Some(writer)));
    } else {
        left_out("no large pipe", "a pipe that holds a megabyte");
    }
    for (kind, ends) in &STREAMS[..2] {
        let ((socket, peer), size) = (ends(), (4 << 20) as c_int);
        kit::set_option(socket.as_raw_fd(), libc::SO_RCVBUF, &size);
        kit::set_option(peer.as_raw_fd(), libc::SO_SNDBUF, &size);
        let (start, mut queued): (_, c_int) = (Instant::now(), 0);
        kit::nonblocking(peer.as_raw_fd(), || {
            while queued < 400_000 && start.elapsed() < Duration::from_secs(1) {
                kit::put(&peer, &[0; 16_384]);
                unsafe { libc::ioctl(socket.as_raw_fd(), libc::FIONREAD, &raw mut queued) };
            }
        });
        if queued < 400_000 {
            left_out("no large buffers", format!("{kind} with more than {queued} bytes in its queue"));
        } else {
            full.push((kind, socket, Some(peer)));
        }
    }
    // The last, because a call that takes all of it never ends.
    full.push(("/dev/zero", kit::open("/dev/zero", libc::O_RDONLY).unwrap(), None));
    full
}

#[test]
fn calls_without_a_length_end_although_the_peer_goes_on_sending() {
    let mut cells = Vec::new();
    for ms in [NOWAIT, 150] {
        for (kind, ends) in STREAMS {
            let name = format!("flooded {kind} x ReaderSkipLine x {ms} ms");
            cells.push(Cell::new(name, move || skips(ends, ms)));
        }
        for (kind, ends) in &STREAMS[..2] {
            let name = format!("flooded {kind} x close_graceful x {ms} ms");
            cells.push(Cell::new(name, move || closes(*ends, ms)));
        }
    }
    for (kind, socket, peer) in full() {
        if let (true, Some(peer)) = (STREAMS[..2].iter().any(|(stream, _)| *stream == kind), peer) {
            let name = format!("{kind}, more than 256 KiB and then its end, x close_graceful x NOWAIT");
            cells.push(Cell::new(name, move || closes_at_the_bound(socket, &peer)));
        }
    }
    for (kind, fd, peer) in full() {
        let name = format!("{kind}, more than 256 KiB, x ReaderSkipLine x NOWAIT");
        cells.push(Cell::new(name, move || takes_its_fill(fd.as_raw_fd()).inspect(|()| drop(peer))));
    }
    // Few at a time: each floods with all that a processor can.
    matrix::run_by(2, cells);
}
