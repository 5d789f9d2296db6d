//! A TCP connection to a host: the race of its addresses, by RFC 8305.

use core::ffi::c_int;
use core::iter::Take;

use errno::Errno;
use libc::{c_short, pollfd};

use crate::address;
use crate::connect;
use crate::resolve::{Addresses, Failure, Found, Query};
use crate::socket::{Flags, Socket};
use crate::sys::{self, Address};
use crate::time::{self, Instant};

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
        let socket = Socket::open(to.family(), libc::SOCK_STREAM | sys::SOCK_NONBLOCK, inherit)?;
        match sys::connect(socket.fd(), to) {
            Ok(()) | Err(Errno(libc::EINPROGRESS | libc::EINTR)) => Ok(Self { socket, port, begun: now }),
            Err(e) => Err(e),
        }
    }

    fn end(self, revents: c_short) -> Result<Socket, Errno> {
        if revents & (libc::POLLERR | libc::POLLHUP | libc::POLLNVAL) != 0 {
            connect::outcome(self.socket.fd())?;
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
