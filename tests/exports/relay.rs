//! The relay.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::mem::{self, MaybeUninit};
use std::net::UdpSocket;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr;
use std::thread;
use std::time::{Duration, Instant};

use crate::c::*;
use libc::{ECONNRESET, EIO, c_int, pollfd};

use crate::kit::*;
use crate::pass::{has_run_alone, in_a_child};
use crate::support::has_descriptors;

/// Relays with their memory, after which no byte may change.
struct Relays {
    raw: Vec<sockutil_relay>,
    memory: Vec<Vec<u8>>,
    cap: usize,
}

// The memory that the structs point to belongs to them.
unsafe impl Send for Relays {}

const CANARY: [u8; 8] = [0xC5; 8];

/// What [`Relays::ended`] finds before a relay is over.
const UNTOUCHED: c_int = 4711;

impl Relays {
    fn new(cap: usize, ends: &[(c_int, c_int)]) -> Self {
        let mut relays = Self { raw: Vec::new(), memory: Vec::new(), cap };
        for (from, to) in ends {
            let mut memory = vec![0xEE; cap];
            memory.extend(CANARY);
            let mut raw = MaybeUninit::uninit();
            let at = memory.as_mut_ptr().cast();
            gives(0, || unsafe { sockutil_relay_init(raw.as_mut_ptr(), *from, *to, at, cap) });
            relays.raw.push(unsafe { raw.assume_init() });
            relays.memory.push(memory);
        }
        relays
    }

    fn run(&mut self, timeout: c_int) -> c_int {
        let answer = unsafe { sockutil_relay_run(self.raw.as_mut_ptr(), self.raw.len(), timeout) };
        let after = errno();
        for memory in &self.memory {
            assert_eq!(memory[self.cap..], CANARY, "bytes after the memory have changed");
        }
        set_errno(after);
        answer
    }

    #[track_caller]
    fn not_yet(&mut self, timeout: c_int) {
        fails(EAGAIN, || self.run(timeout));
    }

    fn moved(&self, i: usize) -> usize {
        unsafe { sockutil_relay_moved(&raw const self.raw[i]) as usize }
    }

    fn all_moved(&self) -> usize {
        (0..self.raw.len()).map(|i| self.moved(i)).sum()
    }

    fn ended(&self, i: usize) -> Option<c_int> {
        let mut error = UNTOUCHED;
        let ended = unsafe { sockutil_relay_ended(&raw const self.raw[i], &raw mut error) };
        assert_eq!(unsafe { sockutil_relay_ended(&raw const self.raw[i], ptr::null_mut()) }, ended);
        assert!(ended == 1 || (ended == 0 && error == UNTOUCHED), "{ended} {error}");
        (ended == 1).then_some(error)
    }

    /// The descriptors that it waits for, with their events.
    fn wants(&self, i: usize) -> [(c_int, i16); 2] {
        let mut ends = [pollfd { fd: 4711, events: 0x7FFF, revents: 0x7FFF }; 2];
        unsafe { sockutil_relay_wants(&raw const self.raw[i], ends.as_mut_ptr()) };
        ends.map(|end| {
            assert_eq!(end.revents, 0);
            (end.fd, if end.fd < 0 { 0 } else { end.events })
        })
    }
}

const NOTHING: (c_int, i16) = (-1, 0);

fn read_all(fd: OwnedFd) -> Vec<u8> {
    let mut bytes = Vec::new();
    File::from(fd).read_to_end(&mut bytes).unwrap();
    bytes
}

fn read_exactly(fd: c_int, n: usize) -> Vec<u8> {
    let mut bytes = vec![0; n];
    File::from(duplicate(fd)).read_exact(&mut bytes).unwrap();
    bytes
}

/// What can be read without waiting.
fn queued(fd: c_int) -> usize {
    let mut n: c_int = 0;
    assert_eq!(unsafe { libc::ioctl(fd, libc::FIONREAD, &raw mut n) }, 0);
    n as usize
}

fn can_be_read(fd: c_int) -> bool {
    let mut entry = pollfd { fd, events: libc::POLLIN, revents: 0 };
    unsafe { libc::poll(&raw mut entry, 1, 0) == 1 }
}

/// A raw terminal: its master, and its slave.
fn terminal() -> (OwnedFd, OwnedFd) {
    let (mut master, mut slave) = (-1, -1);
    let null = ptr::null_mut();
    assert_eq!(unsafe { libc::openpty(&raw mut master, &raw mut slave, null, null.cast(), null.cast()) }, 0);
    let (master, slave) = unsafe { (OwnedFd::from_raw_fd(master), OwnedFd::from_raw_fd(slave)) };
    let mut modes: libc::termios = unsafe { mem::zeroed() };
    unsafe {
        assert_eq!(libc::tcgetattr(slave.as_raw_fd(), &raw mut modes), 0);
        libc::cfmakeraw(&raw mut modes);
        assert_eq!(libc::tcsetattr(slave.as_raw_fd(), libc::TCSANOW, &raw const modes), 0);
    }
    (master, slave)
}

// ---- The errno values ------------------------------------------------------

#[test]
fn sockutil_relay_init_EINVAL() {
    let mut raw = MaybeUninit::<sockutil_relay>::uninit();
    let mut memory = [0_u8; 8];
    let (r, at) = (raw.as_mut_ptr(), memory.as_mut_ptr().cast());
    fails(EINVAL, || unsafe { sockutil_relay_init(ptr::null_mut(), 3, 4, at, 8) });
    fails(EINVAL, || unsafe { sockutil_relay_init(r, 3, 4, ptr::null_mut(), 8) });
    fails(EINVAL, || unsafe { sockutil_relay_init(r, 3, 4, at, 0) });
    fails(EINVAL, || unsafe { sockutil_relay_init(r, 3, 4, ptr::null_mut(), 0) });
    for n in TOO_LONG {
        fails(EINVAL, || unsafe { sockutil_relay_init(r, 3, 4, at, n) });
    }
    fails(EINVAL, || unsafe { sockutil_relay_init(r, 3, 3, at, 8) });
    gives(0, || unsafe { sockutil_relay_init(r, CLOSED, CLOSED - 1, at, 1) });
}

#[test]
fn sockutil_relay_run_EINVAL() {
    let (a, b) = (unix(), unix());
    let mut relays = Relays::new(8, &[(a.r(), b.w()); 17]);
    let first = relays.raw.as_mut_ptr();
    a.feed(b"x");
    fails(EINVAL, || unsafe { sockutil_relay_run(ptr::null_mut(), 1, NOWAIT) });
    for n in [0, 17, usize::MAX] {
        fails(EINVAL, || unsafe { sockutil_relay_run(first, n, NOWAIT) });
    }
    fails(EINVAL, || unsafe { sockutil_relay_run(first, 1, -2) });
    let zeros: sockutil_relay = unsafe { mem::zeroed() };
    relays.raw[15] = zeros;
    fails(EINVAL, || unsafe { sockutil_relay_run(first, 16, NOWAIT) });
    assert_eq!(queued(a.r()), 1, "nothing happened");
    fails(EAGAIN, || unsafe { sockutil_relay_run(first, 15, NOWAIT) });
    assert_eq!(relays.all_moved(), 1);
}

#[test]
fn what_is_not_initialized_waits_for_nothing_and_is_over() {
    let zeros: sockutil_relay = unsafe { mem::zeroed() };
    for r in [&raw const zeros, ptr::null()] {
        let mut ends = [pollfd { fd: 0, events: 0, revents: 0 }; 2];
        unsafe { sockutil_relay_wants(r, ends.as_mut_ptr()) };
        assert_eq!(ends.map(|end| end.fd), [-1, -1]);
        let mut error = 0;
        assert_eq!(unsafe { sockutil_relay_ended(r, &raw mut error) }, 1);
        assert_eq!(error, EINVAL);
        assert_eq!(unsafe { sockutil_relay_moved(r) }, 0);
    }
    unsafe { sockutil_relay_wants(ptr::null(), ptr::null_mut()) };
}

#[test]
fn sockutil_relay_run_EAGAIN() {
    for source in streams() {
        let sink = unix();
        let mut relays = Relays::new(100, &[(source.r(), sink.w())]);
        relays.not_yet(NOWAIT);
        takes_ms(60, || relays.not_yet(60));
        source.feed(b"later");
        relays.not_yet(NOWAIT);
        assert_eq!(read_exactly(sink.r(), 5), b"later", "{}", source.kind);
        assert_eq!((relays.moved(0), relays.ended(0)), (5, None));
    }
}

#[test]
fn sockutil_relay_run_EBADF() {
    let (a, b) = (unix(), unix());
    let mut relays = Relays::new(8, &[(CLOSED, b.w())]);
    fails(EBADF, || relays.run(FOREVER));
    assert_eq!(relays.ended(0), Some(EBADF));
    let mut relays = Relays::new(8, &[(a.r(), CLOSED)]);
    a.feed(b"x");
    fails(EBADF, || relays.run(FOREVER));
    assert_eq!(relays.ended(0), Some(EBADF));
    // The wrong ends of pipes.
    let (p, q) = (pipe(), pipe());
    let mut relays = Relays::new(8, &[(p.w(), b.w())]);
    fails(EBADF, || relays.run(FOREVER));
    let mut relays = Relays::new(8, &[(p.r(), q.r())]);
    p.feed(b"x");
    fails(EBADF, || relays.run(FOREVER));
    // An end cannot be passed on to what is not open.
    let mut relays = Relays::new(8, &[(p.end().as_raw_fd(), CLOSED)]);
    fails(EBADF, || relays.run(FOREVER));
}

#[test]
fn sockutil_relay_run_EPIPE() {
    for sink in sockets() {
        let source = unix();
        let kind = sink.kind;
        let writer = sink.writer;
        assert_eq!(unsafe { libc::shutdown(writer.as_raw_fd(), libc::SHUT_WR) }, 0);
        let mut relays = Relays::new(8, &[(source.r(), writer.as_raw_fd())]);
        relays.not_yet(NOWAIT);
        source.feed(b"x");
        fails(EPIPE, || relays.run(FOREVER));
        assert_eq!((relays.ended(0), relays.wants(0)), (Some(EPIPE), [NOTHING; 2]), "{kind}");
        fails(EPIPE, || relays.run(NOWAIT));
    }
}

/// A device that takes nothing and gives no reason cannot be had here; a disk's or terminal's own EIO can: reading a
/// process's memory at an address that is not mapped.
#[test]
fn sockutil_relay_run_EIO() {
    let sink = unix();
    let mut own = File::open("/proc/self/mem").unwrap();
    own.seek(SeekFrom::Start(1)).unwrap();
    let mut relays = Relays::new(8, &[(own.as_raw_fd(), sink.w())]);
    fails(EIO, || relays.run(FOREVER));
    assert_eq!(relays.ended(0), Some(EIO), "no end of a terminal");
    assert!(!can_be_read(sink.r()), "and not passed on as an end");
}

// ---- The end of a stream ---------------------------------------------------

#[test]
fn the_end_is_passed_on_behind_the_last_byte_between_all_kinds() {
    let text = pattern(300_000);
    for cap in [7, 4096, 65536] {
        for source in streams() {
            for sink in streams() {
                let (from, to) = (source.kind, sink.kind);
                let text = &text[..if cap < 100 { 3000 } else { text.len() }];
                let (reader, writer) = (sink.reader, sink.writer);
                let Pair { reader: from_end, writer: feeder, .. } = pair_like(source.kind);
                let got = thread::scope(|scope| {
                    scope.spawn(move || File::from(feeder).write_all(text).unwrap());
                    let got = scope.spawn(move || read_all(reader));
                    let mut relays = Relays::new(cap, &[(from_end.as_raw_fd(), writer.as_raw_fd())]);
                    gives(1, || relays.run(20_000));
                    assert_eq!((relays.ended(0), relays.moved(0)), (Some(0), text.len()), "{from} to {to}");
                    assert_eq!(relays.wants(0), [NOTHING; 2]);
                    gives(1, || relays.run(NOWAIT));
                    // A socket has been shut down; what is none, the caller closes.
                    let writer = if matches!(to, "pipe" | "FIFO") {
                        drop(writer);
                        None
                    } else {
                        Some(writer)
                    };
                    let got = got.join().unwrap();
                    drop(writer);
                    got
                });
                assert!(got == text, "{from} to {to}, cap {cap}: {} bytes", got.len());
            }
        }
    }
}

fn pair_like(kind: &str) -> Pair {
    streams().into_iter().find(|pair| pair.kind == kind).unwrap()
}

#[test]
fn files_are_moved_whole() {
    let text = pattern(300_000);
    let path = crate::support::scratch("relay").join(format!("file-{}", std::process::id()));
    std::fs::write(&path, &text).unwrap();
    let sink = tcp();
    let (reader, writer) = (sink.reader, sink.writer);
    let source = File::open(&path).unwrap();
    let mut relays = Relays::new(4096, &[(source.as_raw_fd(), writer.as_raw_fd())]);
    let got = thread::spawn(move || read_all(reader));
    gives(1, || relays.run(20_000));
    assert!(got.join().unwrap() == text);
    // To a file, back again.
    let source = tcp();
    let target = File::create(&path).unwrap();
    source.feed(b"short");
    let from = source.end();
    let mut relays = Relays::new(4096, &[(from.as_raw_fd(), target.as_raw_fd())]);
    gives(1, || relays.run(FOREVER));
    assert_eq!(std::fs::read(&path).unwrap(), b"short");
    std::fs::remove_file(path).unwrap();
}

/// The memory is as large as a turn, the file as the memory, and the socket takes more than half of it at once.
#[test]
fn what_a_full_socket_leaves_is_held_and_nothing_twice() {
    for timeout in [NOWAIT, 20] {
        let text = pattern(262_144);
        let path = crate::support::scratch("relay").join(format!("turn-{timeout}-{}", std::process::id()));
        std::fs::write(&path, &text).unwrap();
        let source = File::open(&path).unwrap();
        let mut ends = [0; 2];
        assert_eq!(unsafe { libc::socketpair(libc::AF_UNIX, libc::SOCK_STREAM, 0, ends.as_mut_ptr()) }, 0);
        let [to, other] = ends.map(|fd| unsafe { OwnedFd::from_raw_fd(fd) });
        let mut other = File::from(other);
        let mut relays = Relays::new(262_144, &[(source.as_raw_fd(), to.as_raw_fd())]);
        let mut got = Vec::new();
        let mut piece = vec![0; 1 << 20];
        loop {
            let answer = relays.run(timeout);
            assert!(answer == 1 || errno().0 == EAGAIN);
            let moved = unsafe { sockutil_relay_moved(relays.raw.as_ptr()) } as usize;
            while got.len() < moved {
                let n = other.read(&mut piece).unwrap();
                got.extend_from_slice(&piece[..n]);
            }
            assert!(got.len() <= text.len(), "{} bytes came of {}", got.len(), text.len());
            if answer == 1 {
                break;
            }
        }
        assert!(got == text);
        std::fs::remove_file(path).unwrap();
    }
}

/// To a terminal each NUL is a write of its own, and so is each byte of a memory of one byte.
#[test]
fn many_small_pieces_keep_the_time_and_hold_up_no_other() {
    let zeros = File::open("/dev/zero").unwrap();
    let nowhere = File::options().write(true).open("/dev/null").unwrap();
    let (master, slave) = terminal();
    let mut master = File::from(master);
    let (done, is_done) = std::sync::mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut piece = [0; 4096];
            // Until the slave is closed.
            while master.read(&mut piece).is_ok_and(|n| n > 0) {}
            drop(is_done);
        });
        for (to, cap) in [(slave.as_raw_fd(), 65536), (nowhere.as_raw_fd(), 1)] {
            let (front, back) = (unix(), unix());
            let mut relays = Relays::new(cap, &[(zeros.as_raw_fd(), to), (front.r(), back.w())]);
            // The quickest of five: a machine can be busy.
            let quickest = (0..5).map(|_| {
                front.feed(b"x");
                let start = Instant::now();
                relays.not_yet(20);
                // The byte through the other relay arrives within the call.
                assert_eq!(unsafe { libc::recv(back.r(), [0_u8; 4].as_mut_ptr().cast(), 4, libc::MSG_DONTWAIT) }, 1);
                start.elapsed()
            });
            assert!(quickest.min().unwrap() < Duration::from_millis(500), "cap {cap}");
        }
        drop(slave);
        drop(done);
    });
}

#[test]
fn a_terminal_that_hangs_up_has_ended() {
    let (master, slave) = terminal();
    let sink = unix();
    let mut relays = Relays::new(100, &[(master.as_raw_fd(), sink.w())]);
    feed(slave.as_raw_fd(), b"last words");
    relays.not_yet(NOWAIT);
    drop(slave);
    gives(1, || relays.run(5000));
    assert_eq!((relays.ended(0), relays.moved(0)), (Some(0), 10));
    assert_eq!(read_all(sink.reader), b"last words", "the end is passed on");
}

#[test]
fn a_terminal_is_written_to_within_the_time() {
    let (master, slave) = terminal();
    let source = unix();
    let text = pattern(20_000);
    source.feed(&text);
    let from = source.end();
    let mut relays = Relays::new(65536, &[(from.as_raw_fd(), slave.as_raw_fd())]);
    takes_ms(50, || relays.not_yet(50));
    assert!(relays.moved(0) > 0 && relays.moved(0) < text.len(), "{}", relays.moved(0));
    let got = thread::spawn(move || read_exactly(master.as_raw_fd(), 20_000));
    gives(1, || relays.run(20_000));
    assert!(got.join().unwrap() == text);
}

#[test]
fn half_closes_pass_both_ways_one_after_the_other() {
    for (front, back) in sockets().into_iter().zip(sockets()) {
        // client - proxy - server
        let (client, a, b, server) = (front.writer, front.reader, back.writer, back.reader);
        let (a, b) = (a.as_raw_fd(), b.as_raw_fd());
        let mut relays = Relays::new(64, &[(a, b), (b, a)]);
        feed(client.as_raw_fd(), b"question");
        assert_eq!(unsafe { libc::shutdown(client.as_raw_fd(), libc::SHUT_WR) }, 0);
        until(&mut relays, |relays| relays.ended(0).is_some());
        assert_eq!((relays.ended(0), relays.ended(1)), (Some(0), None), "{}", front.kind);
        assert_eq!(relays.wants(0), [NOTHING; 2]);
        assert_eq!(relays.wants(1), [(b, libc::POLLIN), NOTHING]);
        let mut question = vec![0; 100];
        let mut file = File::from(duplicate(server.as_raw_fd()));
        assert_eq!((file.read(&mut question).unwrap(), file.read(&mut question[10..]).unwrap()), (8, 0));
        feed(server.as_raw_fd(), b"answer");
        drop((file, server));
        gives(1, || relays.run(5000));
        assert_eq!((relays.ended(0), relays.ended(1)), (Some(0), Some(0)));
        assert_eq!(read_all(client), b"answer");
    }
}

/// Runs it until something is so. The kernel may take a moment to pass bytes on.
fn until(relays: &mut Relays, so: impl Fn(&Relays) -> bool) {
    let start = Instant::now();
    while !so(relays) {
        relays.run(10);
        assert!(start.elapsed() < Duration::from_secs(20));
    }
}

// ---- Failures --------------------------------------------------------------

#[test]
fn a_failed_read_ends_it_after_the_bytes_before_and_is_not_passed_on() {
    let (source, sink) = (tcp(), unix());
    let filled = stuff(sink.w());
    let mut relays = Relays::new(100, &[(source.r(), sink.w())]);
    source.feed(b"before");
    until(&mut relays, |relays| relays.wants(0)[1].0 >= 0);
    let from = source.r();
    assert_eq!(relays.wants(0), [(from, libc::POLLIN), (sink.w(), libc::POLLOUT)]);
    reset(source.writer);
    until(&mut relays, |relays| relays.wants(0)[0] == NOTHING);
    assert_eq!((relays.ended(0), relays.moved(0)), (None, 0));
    assert_eq!(relays.wants(0), [NOTHING, (sink.w(), libc::POLLOUT)]);
    read_exactly(sink.r(), filled);
    fails(ECONNRESET, || relays.run(5000));
    assert_eq!((relays.ended(0), relays.moved(0)), (Some(ECONNRESET), 6));
    assert_eq!(read_exactly(sink.r(), 6), b"before");
    assert!(!can_be_read(sink.r()), "a reset is not an end of the stream");
}

#[test]
fn a_failed_write_ends_it_at_once_and_the_others_go_on() {
    let (question, answer) = (unix(), unix());
    let Pair { reader: server, writer: to_server, .. } = unix();
    let client = unix();
    // The request has no reader any more; its source stays open.
    hang_up(server, &to_server);
    question.feed(b"the rest of a request");
    let ends = [(question.r(), to_server.as_raw_fd()), (answer.r(), client.w())];
    let mut relays = Relays::new(5, &ends);
    relays.not_yet(NOWAIT);
    assert_eq!((relays.ended(0), relays.ended(1), relays.moved(0)), (Some(EPIPE), None, 0));
    assert_eq!(relays.wants(0), [NOTHING; 2]);
    answer.feed(b"413 Content Too Large");
    let kept = answer.end();
    fails(EPIPE, || relays.run(5000));
    drop(kept);
    assert_eq!(relays.ended(1), Some(0));
    assert_eq!(read_all(client.reader), b"413 Content Too Large");
    assert_eq!(queued(question.r()), 16, "no more than the memory takes was read of it");
}

#[test]
fn the_error_is_that_of_the_first_in_the_array() {
    let (a, b, sink) = (unix(), unix(), unix());
    let end = a.end();
    let ends = [(end.as_raw_fd(), sink.w()), (CLOSED, sink.w()), (b.r(), CLOSED)];
    let mut relays = Relays::new(5, &ends);
    b.feed(b"x");
    for _ in 0..2 {
        fails(EBADF, || relays.run(FOREVER));
    }
    let (c, d, sink) = (tcp(), unix(), unix());
    let Pair { reader, writer, .. } = c;
    hang_up(d.reader, &d.writer);
    // The last one fails first.
    b.feed(b"x");
    let mut relays = Relays::new(5, &[(reader.as_raw_fd(), sink.w()), (b.r(), d.writer.as_raw_fd())]);
    relays.not_yet(NOWAIT);
    assert_eq!((relays.ended(0), relays.ended(1)), (None, Some(EPIPE)));
    reset(writer);
    for _ in 0..2 {
        fails(ECONNRESET, || relays.run(5000));
    }
}

#[test]
fn an_end_cannot_be_passed_on_to_a_peer_that_is_gone_and_that_is_no_failure() {
    let (source, sink) = (unix(), tcp());
    let Pair { reader, writer, .. } = sink;
    reset(reader);
    let mut entry = pollfd { fd: writer.as_raw_fd(), events: 0, revents: 0 };
    assert_eq!(unsafe { libc::poll(&raw mut entry, 1, 10_000) }, 1);
    let from = source.end();
    let mut relays = Relays::new(5, &[(from.as_raw_fd(), writer.as_raw_fd())]);
    gives(1, || relays.run(FOREVER));
    assert_eq!(relays.ended(0), Some(0));
}

// ---- None holds up another -------------------------------------------------

#[test]
fn a_slow_side_holds_up_no_other_relay() {
    let stuck = unix();
    stuff(stuck.w());
    let (flood, source, sink) = (unix(), unix(), unix());
    flood.feed(&[b'f'; 1000]);
    let ends = [(flood.r(), stuck.w()), (source.r(), sink.w())];
    let mut relays = Relays::new(100, &ends);
    let text = pattern(1 << 20);
    let end = source.writer;
    thread::scope(|scope| {
        scope.spawn(|| {
            feed(end.as_raw_fd(), &text);
        });
        let got = scope.spawn(|| read_exactly(sink.r(), 1 << 20));
        until(&mut relays, |relays| relays.moved(1) == 1 << 20);
        assert!(got.join().unwrap() == text);
    });
    assert_eq!((relays.ended(0), relays.moved(0)), (None, 0));
    // Its memory is full: there is nothing to read for.
    assert_eq!(relays.wants(0), [NOTHING, (stuck.w(), libc::POLLOUT)]);
    assert_eq!(queued(flood.r()), 900);
}

#[test]
fn sixteen_relays_each_have_their_turn_in_one_call_that_never_waits() {
    const LIMIT: usize = 256 * 1024;
    if !has_descriptors(200, "sixteen relays") {
        return;
    }
    let pairs: Vec<(Pair, Pair)> = (0..16).map(|_| (unix(), unix())).collect();
    let mut total = 0;
    for (source, _) in &pairs {
        total += stuff(source.w());
    }
    let ends: Vec<_> = pairs.iter().map(|(source, sink)| (source.r(), sink.w())).collect();
    let mut relays = Relays::new(65536, &ends);
    relays.not_yet(NOWAIT);
    assert!(total > LIMIT, "{total} bytes were queued");
    let each: Vec<usize> = (0..16).map(|i| relays.moved(i)).collect();
    assert_eq!(relays.all_moved(), LIMIT, "{each:?}");
    assert!(each.iter().all(|moved| *moved > 0), "{each:?}");
}

#[test]
fn a_call_that_never_waits_moves_256_kib_of_one_alone() {
    let sink = File::create("/dev/null").unwrap();
    let source = File::open("/dev/zero").unwrap();
    for cap in [1000, 65536, 1 << 20] {
        let mut relays = Relays::new(cap, &[(source.as_raw_fd(), sink.as_raw_fd())]);
        relays.not_yet(NOWAIT);
        assert_eq!(relays.moved(0), 256 * 1024, "cap {cap}");
        relays.not_yet(NOWAIT);
        assert_eq!(relays.moved(0), 512 * 1024, "cap {cap}");
        // A limit holds, too, while bytes keep coming.
        takes_ms(50, || relays.not_yet(50));
    }
}

/// A full sink, and a file from whose offset one sees how much was read of it.
#[test]
fn a_call_that_never_waits_reads_256_kib_when_it_can_write_none() {
    let path = crate::support::scratch("relay").join(format!("offset-{}", std::process::id()));
    std::fs::write(&path, pattern(1 << 20)).unwrap();
    let mut source = File::open(&path).unwrap();
    let sink = unix();
    stuff(sink.w());
    let mut relays = Relays::new(1 << 20, &[(source.as_raw_fd(), sink.w())]);
    for calls in 1..=3 {
        relays.not_yet(NOWAIT);
        assert_eq!(source.stream_position().unwrap(), calls * 256 * 1024);
    }
    assert_eq!(relays.moved(0), 0);
    std::fs::remove_file(path).unwrap();
}

#[test]
fn a_call_that_never_waits_writes_256_kib_when_it_holds_more() {
    const LIMIT: usize = 256 * 1024;
    let (zeros, sink) = (File::open("/dev/zero").unwrap(), pipe());
    if unsafe { libc::fcntl(sink.w(), libc::F_SETPIPE_SZ, 1 << 20) } < 1 << 20 {
        return crate::support::left_out(
            "no pipe of 1 MiB",
            "a call that never waits and holds more than it may write",
        );
    }
    let filled = stuff(sink.w());
    let mut relays = Relays::new(3 * LIMIT, &[(zeros.as_raw_fd(), sink.w())]);
    for _ in 0..3 {
        relays.not_yet(NOWAIT);
    }
    assert_eq!(relays.moved(0), 0);
    read_exactly(sink.r(), filled);
    for calls in 1..=2 {
        relays.not_yet(NOWAIT);
        assert_eq!(relays.moved(0), calls * LIMIT);
    }
}

/// After its first round two of three share what the third has left.
#[test]
fn relays_of_one_call_that_never_waits_move_256_kib_together() {
    let (zeros, nowhere) = (File::open("/dev/zero").unwrap(), File::create("/dev/null").unwrap());
    let (source, sink) = (unix(), unix());
    let busy = (zeros.as_raw_fd(), nowhere.as_raw_fd());
    let mut relays = Relays::new(1000, &[busy, (source.r(), sink.w()), busy]);
    for calls in 1..=3 {
        relays.not_yet(NOWAIT);
        assert_eq!(relays.all_moved(), calls * 256 * 1024);
    }
    assert_eq!(relays.moved(1), 0);
}

/// A terminal gives one line to each read: a call that never waits ends when the kernel has nothing more.
#[test]
fn a_call_that_never_waits_moves_all_lines_that_were_typed() {
    let (master, slave) = terminal();
    let mut modes: libc::termios = unsafe { mem::zeroed() };
    unsafe {
        assert_eq!(libc::tcgetattr(slave.as_raw_fd(), &raw mut modes), 0);
        modes.c_lflag |= libc::ICANON;
        assert_eq!(libc::tcsetattr(slave.as_raw_fd(), libc::TCSANOW, &raw const modes), 0);
    }
    let sink = unix();
    let mut relays = Relays::new(100, &[(slave.as_raw_fd(), sink.w())]);
    feed(master.as_raw_fd(), b"one\ntwo\nthree\n");
    // The kernel may take a moment to pass them on.
    while queued(slave.as_raw_fd()) < 14 {
        look_again();
    }
    relays.not_yet(NOWAIT);
    assert_eq!(relays.moved(0), 14);
    assert_eq!(read_exactly(sink.r(), 14), b"one\ntwo\nthree\n");
}

#[test]
fn an_idle_relay_does_not_keep_a_busy_one_from_moving() {
    let (zeros, nowhere) = (File::open("/dev/zero").unwrap(), File::create("/dev/null").unwrap());
    let (source, sink) = (unix(), unix());
    let mut relays = Relays::new(4096, &[(zeros.as_raw_fd(), nowhere.as_raw_fd()), (source.r(), sink.w())]);
    takes_ms(300, || relays.not_yet(300));
    // A turn moves 128 KiB.
    assert!(relays.moved(0) > 1 << 20, "{}", relays.moved(0));
}

/// To a terminal each NUL is a write of its own, and a turn has 256 of them. The source is silent meanwhile.
#[test]
fn what_a_turn_has_left_does_not_wait_for_the_source() {
    const BYTES: usize = 1000;
    let (master, slave) = terminal();
    let source = unix();
    source.feed(&[0; BYTES]);
    let mut relays = Relays::new(BYTES, &[(source.r(), slave.as_raw_fd())]);
    let feeder = duplicate(source.w());
    drop(source.writer);
    let got = thread::spawn(move || {
        let got = read_exactly(master.as_raw_fd(), BYTES);
        drop(feeder);
        (got, master)
    });
    gives(1, || relays.run(20_000));
    assert!(got.join().unwrap().0 == [0; BYTES]);
}

#[test]
fn a_busy_relay_does_not_keep_a_waiting_one_from_moving() {
    const MS: c_int = 4000;
    let sink = File::create("/dev/null").unwrap();
    let zeros = File::open("/dev/zero").unwrap();
    let (source, target) = (unix(), unix());
    // If none comes, the test fails instead of waiting.
    set_timeout(target.r(), libc::SO_RCVTIMEO, 10_000);
    let ends = [(zeros.as_raw_fd(), sink.as_raw_fd()), (source.r(), target.w())];
    let mut relays = Relays::new(512, &ends);
    let start = Instant::now();
    let took = thread::scope(|scope| {
        let busy = scope.spawn(|| relays.not_yet(MS));
        // Between two of them the relay finds nothing to read, at least once.
        for ping in 0..100_u32 {
            let ping = ping.to_be_bytes();
            source.feed(&ping);
            assert_eq!(read_exactly(target.r(), 4), ping);
        }
        let took = start.elapsed();
        busy.join().unwrap();
        took
    });
    assert!(took < Duration::from_millis(MS as u64 / 2), "the last arrived after {took:?}");
}

#[test]
fn two_relays_can_have_the_same_to() {
    let (a, b, sink) = (unix(), unix(), unix());
    let mut relays = Relays::new(64, &[(a.r(), sink.w()), (b.r(), sink.w())]);
    a.feed(b"aaa");
    relays.not_yet(NOWAIT);
    b.feed(b"bb");
    relays.not_yet(NOWAIT);
    assert_eq!(read_exactly(sink.r(), 5), b"aaabb");
    assert_eq!((relays.moved(0), relays.moved(1)), (3, 2));
}

/// A pipe that has room for a page takes a part of what is held; what was held before it is room for more.
#[test]
fn the_room_of_what_was_written_in_part_is_used_again() {
    const PAGE: usize = 4096;
    let (source, sink) = (unix(), pipe());
    let room = unsafe { libc::fcntl(sink.w(), libc::F_GETPIPE_SZ) } as usize;
    for _ in 0..room / PAGE - 1 {
        feed(sink.w(), &[b'x'; PAGE]);
    }
    let text = pattern(2 * PAGE + 100);
    source.feed(&text);
    let mut relays = Relays::new(2 * PAGE, &[(source.r(), sink.w())]);
    relays.not_yet(NOWAIT);
    assert_eq!(relays.moved(0), PAGE);
    assert_eq!(queued(source.r()), 0, "there is room for the rest");
    assert_eq!(relays.wants(0), [(source.r(), libc::POLLIN), (sink.w(), libc::POLLOUT)]);
    read_exactly(sink.r(), room - PAGE);
    relays.not_yet(NOWAIT);
    assert!(read_exactly(sink.r(), text.len()) == text);
}

// ---- Waiting ---------------------------------------------------------------

#[test]
fn what_it_waits_for() {
    let (source, sink) = (unix(), unix());
    let (from, to) = ((source.r(), libc::POLLIN), (sink.w(), libc::POLLOUT));
    let filled = stuff(sink.w());
    let mut relays = Relays::new(10, &[(source.r(), sink.w())]);
    assert_eq!(relays.wants(0), [from, NOTHING], "nothing is held");
    source.feed(b"1234");
    relays.not_yet(NOWAIT);
    assert_eq!(relays.wants(0), [from, to], "some is held");
    source.feed(b"567890ab");
    relays.not_yet(NOWAIT);
    assert_eq!(relays.wants(0), [NOTHING, to], "the memory is full");
    assert_eq!(queued(source.r()), 2);
    read_exactly(sink.r(), filled);
    relays.not_yet(NOWAIT);
    assert_eq!(relays.wants(0), [from, NOTHING]);
    assert_eq!(read_exactly(sink.r(), 12), b"1234567890ab");
    let kept = source.end();
    gives(1, || relays.run(FOREVER));
    drop(kept);
    assert_eq!(relays.wants(0), [NOTHING; 2]);
}

#[test]
fn the_descriptors_own_modes_do_not_matter_and_stay() {
    for (source, sink) in streams().into_iter().zip(streams()) {
        set_nonblock(source.r());
        let mut relays = Relays::new(64, &[(source.r(), sink.w())]);
        takes_ms(40, || relays.not_yet(40));
        source.feed(b"x");
        relays.not_yet(NOWAIT);
        assert_eq!((is_nonblock(source.r()), is_nonblock(sink.w())), (true, false));
        assert_eq!(read_exactly(sink.r(), 1), b"x");
    }
}

/// Whatever part of the memory holds bytes, the rest is filled while the sink takes none.
#[test]
fn the_rest_of_the_memory_is_room_while_the_sink_is_full() {
    let (source, sink) = (unix(), unix());
    stuff(sink.w());
    let mut relays = Relays::new(10, &[(source.r(), sink.w())]);
    for held in 1..=10 {
        assert_eq!(relays.wants(0)[0], (source.r(), libc::POLLIN));
        source.feed(b"x");
        relays.not_yet(NOWAIT);
        assert_eq!(queued(source.r()), 0, "byte {held} of 10");
    }
    assert_eq!(relays.wants(0)[0], NOTHING);
}

/// A UDP socket with a message in its error queue: poll(2) reports POLLERR for as long as nobody takes it, and recv
/// finds nothing.
fn with_an_error_in_its_queue() -> OwnedFd {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let fd = socket.as_raw_fd();
    let on: c_int = 1;
    let size = size_of::<c_int>() as u32;
    assert_eq!(unsafe { libc::setsockopt(fd, libc::IPPROTO_IP, libc::IP_RECVERR, (&raw const on).cast(), size) }, 0);
    let gone = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    socket.connect(gone).unwrap();
    socket.send(b"x").unwrap();
    let mut entry = pollfd { fd, events: 0, revents: 0 };
    assert_eq!(unsafe { libc::poll(&raw mut entry, 1, 10_000) }, 1);
    // The error itself, not the message about it.
    assert!(socket.take_error().unwrap().is_some());
    assert_eq!(unsafe { libc::poll(&raw mut entry, 1, 0) }, 1, "it is always ready");
    assert_eq!(entry.revents, libc::POLLERR);
    socket.into()
}

/// How often this thread has given its processor up by itself.
fn times_asleep() -> libc::c_long {
    let mut usage: libc::rusage = unsafe { mem::zeroed() };
    unsafe { libc::getrusage(libc::RUSAGE_THREAD, &raw mut usage) };
    usage.ru_nvcsw
}

/// The pauses of calls whose descriptor only seems ready must be pauses whatever the standard output is: with a reader
/// that is gone poll(2) reports it ready, too.
#[test]
fn what_only_seems_ready_is_waited_for_asleep() {
    if has_run_alone() {
        return;
    }
    let source = with_an_error_in_its_queue();
    let sink = unix();
    let mut relays = Relays::new(100, &[(source.as_raw_fd(), sink.w())]);
    let gone = pipe();
    let writer = duplicate(gone.w());
    drop(gone);
    let (mut bytes, mut len) = ([0_u8; 4], 0);
    let from = source.as_raw_fd();
    in_a_child(|| {
        if unsafe { libc::dup2(writer.as_raw_fd(), 1) } != 1 {
            return 1;
        }
        let sleeps = |call: &mut dyn FnMut() -> c_int| {
            let before = times_asleep();
            let end = sockutil_now_ms() + 500;
            let answer = call();
            // For a millisecond, over and over; on a busy machine for longer.
            answer == -1 && errno().0 == EAGAIN && sockutil_ms_left(end) == 0 && times_asleep() - before > 5
        };
        if !sleeps(&mut || unsafe { sockutil_relay_run(relays.raw.as_mut_ptr(), 1, 500) }) {
            return 2;
        }
        let at = bytes.as_mut_ptr().cast();
        if !sleeps(&mut || unsafe { sockutil_read_some(from, at, 4, &raw mut len, 500) }) {
            return 3;
        }
        0
    });
}

/// poll(2) does not report fewer bytes than SO_RCVLOWAT; when the time is over they are moved all the same.
#[test]
fn there_is_a_last_try_when_the_time_is_over() {
    for source in sockets() {
        let sink = unix();
        let low: c_int = 100;
        let size = size_of::<c_int>() as u32;
        let at = (&raw const low).cast();
        assert_eq!(unsafe { libc::setsockopt(source.r(), libc::SOL_SOCKET, libc::SO_RCVLOWAT, at, size) }, 0);
        let mut relays = Relays::new(1000, &[(source.r(), sink.w())]);
        let to = source.w();
        let waiter = unsafe { libc::gettid() };
        beside(
            || {
                until_it_sleeps(waiter);
                feed(to, b"few");
            },
            || takes_ms(500, || relays.not_yet(500)),
        );
        assert_eq!(relays.moved(0), 3, "{}", source.kind);
    }
}

#[test]
fn a_storm_of_signals_loses_nothing_both_ways() {
    both_ways(8 << 20, 65536);
    both_ways(1 << 20, 1000);
}

#[test]
#[ignore = "2 GB, a minute: make test-relay"]
fn a_gigabyte_both_ways_at_once_under_signals() {
    both_ways(1 << 30, 65536);
}

/// So many bytes each way at once, through two relays of one call, under signals.
fn both_ways(n: usize, cap: usize) {
    let (front, back) = (tcp(), tcp());
    let (client, a, b, server) = (front.writer, front.reader, back.writer, back.reader);
    thread::scope(|scope| {
        for (fd, seed) in [(&client, 1_u64), (&server, 2)] {
            let sender = duplicate(fd.as_raw_fd());
            let receiver = duplicate(fd.as_raw_fd());
            scope.spawn(move || {
                let mut sender = File::from(sender);
                let mut numbers = Numbers(seed);
                let mut left = n;
                while left > 0 {
                    let piece = numbers.block(left.min(1 << 16));
                    sender.write_all(&piece).unwrap();
                    left -= piece.len();
                }
                assert_eq!(unsafe { libc::shutdown(sender.as_raw_fd(), libc::SHUT_WR) }, 0);
            });
            scope.spawn(move || {
                let mut receiver = File::from(receiver);
                let mut numbers = Numbers(3 - seed);
                let mut left = n;
                while left > 0 {
                    let wanted = numbers.block(left.min(1 << 16));
                    let mut got = vec![0; wanted.len()];
                    receiver.read_exact(&mut got).unwrap();
                    assert!(got == wanted, "{left} bytes before the end");
                    left -= got.len();
                }
                assert_eq!(receiver.read(&mut [0]).unwrap(), 0);
            });
        }
        let mut relays = Relays::new(cap, &[(a.as_raw_fd(), b.as_raw_fd()), (b.as_raw_fd(), a.as_raw_fd())]);
        in_a_storm(|| gives(1, || relays.run(FOREVER)));
        assert_eq!((relays.moved(0), relays.moved(1)), (n, n));
    });
}

/// Numbers that follow from a seed: xorshift.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() >> 20) as usize % n
    }

    fn block(&mut self, n: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(n + 8);
        while bytes.len() < n {
            bytes.extend(self.next().to_le_bytes());
        }
        bytes.truncate(n);
        bytes
    }
}

/// Random sizes, half-closes, resets and slow readers: whatever happens, what arrives is a beginning of what was sent,
/// all of it if the relay ended without an error, and never more is held than the memory takes.
#[test]
fn whatever_happens_what_arrives_is_what_was_sent() {
    for seed in 1..=150_u64 {
        let mut numbers = Numbers(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        for _ in 0..8 {
            numbers.next();
        }
        let count = 1 + numbers.below(4);
        let cap = [1, 2, 10, 1000, 5000][numbers.below(5)];
        let mut sources = Vec::new();
        let mut sinks = Vec::new();
        for _ in 0..count {
            let mut kinds = streams();
            sources.push(kinds.swap_remove(numbers.below(4)));
            let mut kinds = streams();
            sinks.push(kinds.swap_remove(numbers.below(4)));
        }
        let ends: Vec<_> = sources.iter().zip(&sinks).map(|(source, sink)| (source.r(), sink.w())).collect();
        let mut relays = Relays::new(cap, &ends);
        let mut writers: Vec<Option<OwnedFd>> = sources.iter().map(|source| Some(duplicate(source.w()))).collect();
        let fronts: Vec<OwnedFd> = sources.into_iter().map(|source| source.reader).collect();
        let mut sent: Vec<Vec<u8>> = vec![Vec::new(); count];
        let mut got: Vec<Vec<u8>> = vec![Vec::new(); count];
        let mut was_reset = vec![false; count];
        for writer in writers.iter().flatten() {
            set_nonblock(writer.as_raw_fd());
        }
        let deadline = Instant::now() + Duration::from_secs(30);
        let mut step = 0;
        while (0..count).any(|i| relays.ended(i).is_none()) {
            assert!(Instant::now() < deadline, "seed {seed}: it does not end");
            step += 1;
            let i = numbers.below(count);
            match numbers.below(if step > 60 { 3 } else { 12 }) {
                0 => {
                    if let Some(writer) = writers[i].take() {
                        if numbers.below(4) == 0 && step <= 60 {
                            was_reset[i] = true;
                            reset_if_socket(writer);
                        }
                    }
                }
                1..=4 => take(&sinks[i], &mut got[i], numbers.below(3000)),
                _ => {
                    if let Some(writer) = &writers[i] {
                        let size = 1 + numbers.below(4000);
                        let block = numbers.block(size);
                        let n = unsafe { libc::write(writer.as_raw_fd(), block.as_ptr().cast(), block.len()) };
                        sent[i].extend(&block[..n.max(0) as usize]);
                    }
                }
            }
            let answer = relays.run(if numbers.below(10) == 0 { 1 } else { NOWAIT });
            assert!(answer == 1 || answer == -1);
            for (i, sent) in sent.iter().enumerate() {
                assert!(relays.moved(i) <= sent.len(), "seed {seed}");
            }
        }
        drop(fronts);
        for i in 0..count {
            let error = relays.ended(i).unwrap();
            assert!(error == 0 || was_reset[i], "seed {seed}: {error}");
            take(&sinks[i], &mut got[i], usize::MAX);
            assert!(got[i] == sent[i][..relays.moved(i)], "seed {seed}: {} of {}", got[i].len(), sent[i].len());
            if error == 0 && !was_reset[i] {
                assert_eq!(relays.moved(i), sent[i].len(), "seed {seed}");
            }
        }
    }
}

fn reset_if_socket(writer: OwnedFd) {
    let linger = libc::linger { l_onoff: 1, l_linger: 0 };
    let size = size_of::<libc::linger>() as u32;
    unsafe {
        libc::setsockopt(writer.as_raw_fd(), libc::SOL_SOCKET, libc::SO_LINGER, (&raw const linger).cast(), size)
    };
}

/// Takes what is there, at most `most`.
fn take(sink: &Pair, got: &mut Vec<u8>, most: usize) {
    let before = got.len();
    while got.len() - before < most && can_be_read(sink.r()) {
        let mut block = vec![0; 4096.min(most - (got.len() - before))];
        let n = unsafe { libc::read(sink.r(), block.as_mut_ptr().cast(), block.len()) };
        if n <= 0 {
            break;
        }
        got.extend(&block[..n as usize]);
    }
}
