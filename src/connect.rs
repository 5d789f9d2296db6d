//! Connecting: one attempt on the caller's socket, and the race of several for a name.

use core::ffi::c_int;
use core::iter::Take;

use errno::Errno;
use libc::{c_short, pollfd, timeval};

use crate::address;
use crate::option;
use crate::resolve::{Addresses, Failure, Found, Query};
use crate::socket::{Flags, Socket, uninterrupted};
use crate::sys::{self, Address};
use crate::time::{self, Instant, Limit};

// ---- One attempt

/// `sockutil_connect`: restores the descriptor's own modes on return.
pub fn connect(fd: c_int, to: &Address, limit: Limit) -> Result<(), Errno> {
    // If poll(2) reported the end of a connect, the next connect succeeds once on Linux, whatever its address.
    if sys::getpeername(fd).is_ok() && is_a_connection(fd)? {
        return Err(Errno(libc::EISCONN));
    }
    if to.family() == libc::AF_UNIX {
        return connect_unix(fd, to, limit);
    }
    // Even without a limit poll(2) waits: after a handler with SA_RESTART the kernel repeats a connect(2) that blocks,
    // and begins a new attempt if the handler has ended the first by shutdown(2).
    match with_nonblock(fd, true, || sys::connect(fd, to))? {
        Err(Errno(libc::EINPROGRESS | libc::EINTR)) if matches!(limit, Limit::NoWait) => Err(Errno(libc::EINPROGRESS)),
        // The attempt goes on after a signal too: another connect would only fail with EALREADY.
        Err(Errno(libc::EINPROGRESS | libc::EINTR)) => finish_connect(fd, limit),
        result => result,
    }
}

/// Whether its peer is final: a datagram socket can get another one.
fn is_a_connection(fd: c_int) -> Result<bool, Errno> {
    let kind = sys::getsockopt_int(fd, libc::SOL_SOCKET, libc::SO_TYPE)?;
    Ok(matches!(kind, libc::SOCK_STREAM | libc::SOCK_SEQPACKET))
}

fn finish_connect(fd: c_int, limit: Limit) -> Result<(), Errno> {
    match time::wait(fd, libc::POLLOUT, limit) {
        Err(Errno(libc::EAGAIN)) => Err(Errno(libc::ETIMEDOUT)),
        Err(e) => Err(e),
        Ok(_) => outcome(fd),
    }
}

/// How an attempt ended.
fn outcome(fd: c_int) -> Result<(), Errno> {
    match sys::getsockopt_int(fd, libc::SOL_SOCKET, libc::SO_ERROR)? {
        0 => Ok(()),
        e => Err(Errno(e)),
    }
}

/// An interrupted Unix connect does not go on in the background. It must wait inside connect(2), and `SO_SNDTIMEO`
/// bounds that.
fn connect_unix(fd: c_int, to: &Address, limit: Limit) -> Result<(), Errno> {
    if matches!(limit, Limit::NoWait) {
        return with_nonblock(fd, true, || uninterrupted(|| sys::connect(fd, to)))?;
    }
    let before = sys::socket_timeout(fd, libc::SO_SNDTIMEO)?;
    let result = with_nonblock(fd, false, || connect_blocking(fd, to, limit));
    let restored = sys::set_socket_timeout(fd, libc::SO_SNDTIMEO, before);
    result??;
    restored
}

/// The caller restores `SO_SNDTIMEO`.
fn connect_blocking(fd: c_int, to: &Address, limit: Limit) -> Result<(), Errno> {
    loop {
        sys::set_socket_timeout(fd, libc::SO_SNDTIMEO, timeout_of(limit)?)?;
        match sys::connect(fd, to) {
            Err(Errno(libc::EINTR)) => {}
            Err(Errno(libc::EAGAIN)) => return Err(Errno(libc::ETIMEDOUT)),
            result => return result,
        }
    }
}

/// `sockutil_unix_connect`: its socket is new, with no modes to restore.
pub fn unix_connect(to: &Address, flags: Flags, limit: Limit) -> Result<c_int, Errno> {
    if matches!(limit, Limit::NoWait) {
        return Err(Errno(libc::ETIMEDOUT));
    }
    let socket = Socket::open(libc::AF_UNIX, libc::SOCK_STREAM, flags.inherit)?;
    if limit.may_block() {
        uninterrupted(|| sys::connect(socket.fd(), to))?;
    } else {
        connect_blocking(socket.fd(), to, limit)?;
        sys::set_socket_timeout(socket.fd(), libc::SO_SNDTIMEO, timeval { tv_sec: 0, tv_usec: 0 })?;
    }
    if flags.nonblock {
        sys::set_status_flags(socket.fd(), libc::O_NONBLOCK)?;
    }
    Ok(socket.hand_over())
}

/// The time that is left, for `SO_SNDTIMEO`, where 0 means for ever.
fn timeout_of(limit: Limit) -> Result<timeval, Errno> {
    let ms = match limit.ms_left()? {
        time::FOREVER => 0,
        0 => return Err(Errno(libc::ETIMEDOUT)),
        ms => ms,
    };
    let (s, us) = (ms / 1000, ms % 1000 * 1000);
    Ok(timeval { tv_sec: s.into(), tv_usec: us.into() })
}

/// Sets `O_NONBLOCK`, runs something, and restores the flag on every path.
fn with_nonblock<T>(fd: c_int, on: bool, call: impl FnOnce() -> T) -> Result<T, Errno> {
    let changed_from = option::set_nonblock(fd, on)?;
    let result = call();
    if let Some(before) = changed_from {
        sys::set_status_flags(fd, before)?;
    }
    Ok(result)
}

// ---- The race

/// The number of addresses that are tried, however many a name has.
const MOST_ADDRESSES: usize = 16;

/// The number of attempts that go on at the same time.
const MOST_AT_ONCE: usize = 8;

/// The time between two attempts if none fails (RFC 8305, section 5).
const DELAY_MS: c_int = 250;

/// Its minimum, even if little time is left for many addresses: with less, hosts that would have answered are given up.
const LEAST_DELAY_MS: c_int = 100;

/// The age at which an attempt gives its place to a waiting one.
const OLD_MS: c_int = 2000;

/// `sockutil_tcp_connect`.
pub fn tcp_connect(query: &Query<'_>, flags: Flags, timeout_ms: c_int) -> Result<c_int, Failure> {
    let found = query.resolve()?;
    if timeout_ms == time::NOWAIT {
        return Err(Errno(libc::ETIMEDOUT).into());
    }
    let socket = Race::new(&found, flags.inherit, timeout_ms)?.run()?;
    if !flags.nonblock {
        // The socket is new and not shared yet, and O_NONBLOCK is its only flag.
        sys::set_status_flags(socket.fd(), 0)?;
    }
    Ok(socket.hand_over())
}

/// RFC 8305: attempts begin one after another and go on side by side. The first to succeed wins, and the others are
/// closed when the race is dropped.
struct Race<'a> {
    /// The addresses whose turn is still to come, and how many they are.
    to_come: Take<Interleaved<'a>>,
    left: usize,
    inherit: bool,
    now: Instant,
    end: Option<Instant>,
    /// How many attempts may begin at once: the first one, and one for each that has failed.
    due: usize,
    /// When the next attempt begins in any case.
    turn: Instant,
    attempts: [Option<Attempt>; MOST_AT_ONCE],
    failures: Failures,
}

impl<'a> Race<'a> {
    /// The time starts here: no limit can bound the resolver.
    fn new(found: &'a Found, inherit: bool, timeout_ms: c_int) -> Result<Self, Errno> {
        let now = Instant::now()?;
        Ok(Self {
            to_come: Interleaved::of(found).take(MOST_ADDRESSES),
            left: found.addresses().take(MOST_ADDRESSES).count(),
            inherit,
            now,
            end: (timeout_ms != time::FOREVER).then(|| now.after_ms(timeout_ms)),
            due: 1,
            turn: now,
            attempts: [const { None }; MOST_AT_ONCE],
            failures: Failures(None),
        })
    }

    fn run(mut self) -> Result<Socket, Errno> {
        loop {
            while self.next_turn().is_some_and(|turn| turn <= self.now) {
                self.begin();
            }
            let mut entries = self.attempts.each_ref().map(|place| pollfd {
                fd: place.as_ref().map_or(-1, |attempt| attempt.socket.fd()),
                events: libc::POLLOUT,
                revents: 0,
            });
            // The free places at the end are left out: poll(2) refuses more entries than RLIMIT_NOFILE allows.
            let used = self.attempts.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
            if used == 0 {
                return Err(self.lost());
            }
            let until = [self.next_turn(), self.end].into_iter().flatten().min();
            let is_last = self.end.is_some() && until == self.end;
            let ms = until.map_or(time::FOREVER, |until| self.now.ms_until(until));
            match sys::poll_all(entries.get_mut(..used).unwrap_or_default(), ms) {
                // poll(2) checks all of them again when its time has run out.
                Ok(0) if is_last => return Err(self.lost()),
                Ok(_) => {
                    if let Some(socket) = self.winner_among(&entries) {
                        return Ok(socket);
                    }
                }
                Err(Errno(libc::EINTR)) => {}
                Err(e) => return Err(e),
            }
            self.now = Instant::now()?;
        }
    }

    /// When the next attempt may begin; `None` if none will.
    fn next_turn(&self) -> Option<Instant> {
        if self.left == 0 || self.end.is_some_and(|end| end <= self.now) {
            return None;
        }
        let turn = if self.due > 0 { self.now } else { self.turn };
        // If a place is free, `min` finds it as None, and there is no oldest to wait for.
        let oldest = self.attempts.iter().map(|place| place.as_ref().map(|attempt| attempt.begun)).min().flatten();
        Some(oldest.map_or(turn, |begun| turn.max(begun.after_ms(OLD_MS))))
    }

    /// Begins the next attempt, in a free place or in that of the oldest, which counts as timed out.
    fn begin(&mut self) {
        debug_assert!(self.left > 0, "there is no next one");
        // An equal share of the time for each address that is left, this one included.
        let time_left = self.end.map_or(c_int::MAX, |end| self.now.ms_until(end));
        let share = time_left / (self.left as c_int).max(1);
        self.turn = self.now.after_ms(share.clamp(LEAST_DELAY_MS, DELAY_MS));
        self.due = self.due.saturating_sub(1);
        self.left -= 1;
        let place = self.attempts.iter_mut().min_by_key(|place| place.as_ref().map(|attempt| attempt.begun));
        let (Some(place), Some(address)) = (place, self.to_come.next()) else { return };
        if place.take().is_some() {
            self.failures.add(Errno(libc::ETIMEDOUT));
        }
        match Attempt::begin(&address, self.inherit, self.now) {
            Ok(attempt) => *place = Some(attempt),
            Err(e) => {
                self.failures.add(e);
                self.due += 1;
            }
        }
    }

    /// Ends the attempts that are ready. If two succeed at the same time, the second is dropped, and so closed.
    fn winner_among(&mut self, entries: &[pollfd]) -> Option<Socket> {
        let mut winner = None;
        for (place, entry) in self.attempts.iter_mut().zip(entries) {
            if entry.revents == 0 {
                continue;
            }
            match place.take().map(|attempt| attempt.end(entry.revents)) {
                Some(Ok(socket)) => {
                    winner.get_or_insert(socket);
                }
                Some(Err(e)) => {
                    self.failures.add(e);
                    self.due += 1;
                }
                None => {}
            }
        }
        winner
    }

    /// Why no attempt has succeeded; attempts that still go on have timed out.
    fn lost(mut self) -> Errno {
        if self.left > 0 || self.attempts.iter().any(Option::is_some) {
            self.failures.add(Errno(libc::ETIMEDOUT));
        }
        self.failures.0.unwrap_or(Errno(libc::EADDRNOTAVAIL))
    }
}

/// An attempt that goes on.
struct Attempt {
    socket: Socket,
    port: u16,
    begun: Instant,
}

impl Attempt {
    fn begin(to: &Address, inherit: bool, now: Instant) -> Result<Self, Errno> {
        let port = address::port(to)?;
        let socket = Socket::open(to.family(), libc::SOCK_STREAM | libc::SOCK_NONBLOCK, inherit)?;
        match sys::connect(socket.fd(), to) {
            Ok(()) | Err(Errno(libc::EINPROGRESS | libc::EINTR)) => Ok(Self { socket, port, begun: now }),
            Err(e) => Err(e),
        }
    }

    fn end(self, revents: c_short) -> Result<Socket, Errno> {
        if revents & (libc::POLLERR | libc::POLLHUP | libc::POLLNVAL) != 0 {
            outcome(self.socket.fd())?;
        }
        if self.has_met_itself() {
            // Closed by a reset, it leaves no TIME_WAIT, which would keep the server from its port for a minute.
            let _ = sys::set_linger(self.socket.fd(), true, 0);
            return Err(Errno(libc::ECONNREFUSED));
        }
        Ok(self.socket)
    }

    /// If a local port has no listener, the kernel can choose that port for the client and connect the socket to
    /// itself. The check asks for the peer's address, since a wildcard address becomes the loopback.
    fn has_met_itself(&self) -> bool {
        let Ok(local) = sys::getsockname(self.socket.fd()) else { return false };
        address::port(&local) == Ok(self.port)
            && sys::getpeername(self.socket.fd()).is_ok_and(|peer| address::equal(&local, &peer))
    }
}

/// The most specific failure so far, the first of its kind.
struct Failures(Option<Errno>);

impl Failures {
    fn add(&mut self, e: Errno) {
        if self.0.is_none_or(|before| Self::kind(e) > Self::kind(before)) {
            self.0 = Some(e);
        }
    }

    /// An answer ranks above silence, and silence above a failure on this host.
    fn kind(e: Errno) -> u8 {
        match e.0 {
            libc::ENETUNREACH | libc::EHOSTUNREACH | libc::EADDRNOTAVAIL | libc::EAFNOSUPPORT => 0,
            libc::ETIMEDOUT => 1,
            _ => 2,
        }
    }
}

/// The addresses in an order in which the families alternate, beginning with the family of the first one (RFC 8305,
/// section 4).
struct Interleaved<'a> {
    first: c_int,
    of_first: Addresses<'a>,
    of_others: Addresses<'a>,
    others_next: bool,
}

impl<'a> Interleaved<'a> {
    fn of(found: &'a Found) -> Self {
        let first = found.addresses().next().map_or(libc::AF_UNSPEC, |address| address.family());
        Self { first, of_first: found.addresses(), of_others: found.addresses(), others_next: false }
    }
}

impl Iterator for Interleaved<'_> {
    type Item = Address;

    fn next(&mut self) -> Option<Address> {
        // When one side is used up, the other goes on alone.
        for _ in 0..2 {
            let others = self.others_next;
            self.others_next = !others;
            let side = if others { &mut self.of_others } else { &mut self.of_first };
            let next = side.find(|address| (address.family() != self.first) == others);
            if next.is_some() {
                return next;
            }
        }
        None
    }
}
