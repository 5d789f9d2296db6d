//! The relay: moves the bytes of one descriptor to another, for several pairs of them at once, none of which holds up
//! another.
//!
//! Every attempt to read or write is one that does not wait ([`Limited`] with [`Limit::NoWait`]); a call waits only in
//! one poll(2) of all ends. [`run`] goes in rounds: each relay has its turn, then a poll shows which ends are ready.

use core::ffi::c_int;

use errno::Errno;
use libc::pollfd;

use crate::channel::{Channel, Limited, NOWAIT_BYTES};
use crate::memory::Buffer;
use crate::sys::{self, FileKind};
use crate::time::{self, Limit};

/// The most relays of one call.
pub const MOST_RELAYS: usize = 16;

/// The most pairs of a read and a write in one turn: with a small memory, or to a terminal, each can be of one byte.
const MOST_ATTEMPTS: usize = 256;

/// A relay's state between calls, beside its descriptors and its memory: the bytes from `start` to `end` are held.
#[derive(Clone, Copy)]
pub struct State {
    /// The index of the first held byte.
    pub start: usize,
    /// The end of the held bytes.
    pub end: usize,
    /// The number of bytes that were written.
    pub moved: u64,
    /// Why it ended, or will once the held bytes are written: an errno value, or 0 for the end of the stream.
    pub error: c_int,
    /// Nothing more will be read.
    pub has_ended: bool,
    /// Nothing more will be written either, and the end has been passed on.
    pub is_over: bool,
}

impl State {
    /// Whether it waits for bytes to read, and for room to write.
    pub fn wants(&self, cap: usize) -> (bool, bool) {
        let has_room = self.end < cap || self.gap_is_usable();
        (!self.is_over && !self.has_ended && has_room, !self.is_over && self.end > self.start)
    }

    /// The held bytes move to the front of the memory only over a gap as large as they are: then each byte that was
    /// written pays for at most one that moves.
    fn gap_is_usable(&self) -> bool {
        self.start > 0 && self.start >= self.end - self.start
    }
}

/// The entries for poll(2) of what a relay waits for.
pub fn entries(wants: (bool, bool), from: c_int, to: c_int) -> [pollfd; 2] {
    let entry = |wanted, fd, events| pollfd { fd: if wanted { fd } else { -1 }, events, revents: 0 };
    [entry(wants.0, from, libc::POLLIN), entry(wants.1, to, libc::POLLOUT)]
}

/// One of the two descriptors of a relay during one call.
struct End {
    channel: Limited,
    /// An attempt would move nothing until poll(2) reports the descriptor ready.
    is_blocked: bool,
}

impl End {
    fn new((fd, may_be_socket): (c_int, bool)) -> Self {
        Self { channel: Limited::known(fd, Limit::NoWait, may_be_socket), is_blocked: false }
    }
}

/// A relay during one call.
pub struct Relay<'a> {
    from: End,
    to: End,
    buffer: Buffer<'a>,
    state: State,
}

impl<'a> Relay<'a> {
    /// Nothing is asked of the kernel yet. Each descriptor comes with whether it may be a socket.
    pub fn new(from: (c_int, bool), to: (c_int, bool), buffer: Buffer<'a>, state: State) -> Self {
        debug_assert!(state.start <= state.end && state.end == buffer.len());
        Self { from: End::new(from), to: End::new(to), buffer, state }
    }

    /// The state to keep until the next call.
    pub fn state(&self) -> State {
        debug_assert!(self.state.start <= self.state.end && self.state.end == self.buffer.len());
        self.state
    }

    /// Whether the descriptors may be sockets.
    pub fn may_be_sockets(&self) -> (bool, bool) {
        (self.from.channel.may_be_socket(), self.to.channel.may_be_socket())
    }

    fn wants(&self) -> (bool, bool) {
        self.state.wants(self.buffer.len() + self.buffer.room())
    }

    /// Whether an attempt may move something without a poll(2) before it.
    fn can_go_on(&self) -> bool {
        let (wants_in, wants_out) = self.wants();
        (wants_in && !self.from.is_blocked) || (wants_out && !self.to.is_blocked)
    }

    /// Reads at most `share` bytes in `attempts` reads, and writes at most as many; fewer if neither end can go on.
    /// Returns the larger of the two counts.
    fn turn(&mut self, share: usize, attempts: usize, may_wait: bool) -> usize {
        let (mut read, mut written) = (0, 0);
        for _ in 0..attempts {
            let got = self.fill(share - read, may_wait);
            let sent = self.drain(share - written, may_wait);
            read += got;
            written += sent;
            if got + sent == 0 {
                break;
            }
        }
        read.max(written)
    }

    /// Reads once, if it may, and returns how many bytes came.
    fn fill(&mut self, most: usize, may_wait: bool) -> usize {
        if self.from.is_blocked || most == 0 || !self.wants().0 {
            return 0;
        }
        if self.state.gap_is_usable() && self.state.start > self.buffer.room() {
            self.buffer.drop_front(self.state.start);
            self.state.start = 0;
            self.state.end = self.buffer.len();
        }
        let most = most.min(self.buffer.room());
        debug_assert!(most > 0, "it wants bytes only if it has room for some");
        let got = match self.from.channel.read(&mut self.buffer, most) {
            Ok(0) => {
                self.state.has_ended = true;
                0
            }
            Ok(count) => {
                // Fewer than there was room for: most likely that was all. Poll(2) shows if it was not.
                self.from.is_blocked = may_wait && count < most;
                count
            }
            Err(Errno(libc::EAGAIN)) => {
                self.from.is_blocked = true;
                0
            }
            Err(e) => {
                self.state.has_ended = true;
                if !is_end_of_terminal(self.from.channel.fd(), e) {
                    self.state.error = e.0;
                }
                0
            }
        };
        self.state.end = self.buffer.len();
        got
    }

    /// Writes once, if there is something to write, and returns how many bytes went. Passes the end on.
    #[inline(never)]
    fn drain(&mut self, most: usize, may_wait: bool) -> usize {
        let held = self.buffer.bytes_from(self.state.start);
        if held.is_empty() {
            if self.state.has_ended && !self.state.is_over {
                self.finish();
            }
            return 0;
        }
        let piece = held.get(..most).unwrap_or(held);
        if self.to.is_blocked || piece.is_empty() {
            return 0;
        }
        match self.to.channel.write(piece) {
            Ok(count) => {
                // A socket takes as much as it has room for. A FIFO or a terminal gets a small piece at a time.
                self.to.is_blocked = may_wait && count < piece.len() && self.to.channel.may_be_socket();
                self.state.start += count;
                self.state.moved += count as u64;
                if self.state.start == self.buffer.len() {
                    self.drop_held();
                }
                count
            }
            Err(Errno(libc::EAGAIN)) => {
                self.to.is_blocked = true;
                0
            }
            Err(e) => {
                self.drop_held();
                self.over(e);
                0
            }
        }
    }

    /// All bytes are written: the end of the stream is passed on, a failed read is not.
    fn finish(&mut self) {
        if self.state.error != 0 || !self.to.channel.may_be_socket() {
            self.state.is_over = true;
            return;
        }
        match sys::shutdown_write(self.to.channel.fd()) {
            // No socket; or its peer is gone, and waits for nothing.
            Ok(()) | Err(Errno(libc::ENOTSOCK | libc::ENOTCONN)) => self.state.is_over = true,
            Err(e) => self.over(e),
        }
    }

    /// It has failed. The cause is the first failure.
    fn over(&mut self, e: Errno) {
        self.state.has_ended = true;
        self.state.is_over = true;
        if self.state.error == 0 {
            self.state.error = e.0;
        }
    }

    fn drop_held(&mut self) {
        self.buffer.drop_front(self.buffer.len());
        self.state.start = 0;
        self.state.end = 0;
    }
}

/// A terminal whose other side has hung up answers EIO.
fn is_end_of_terminal(fd: c_int, e: Errno) -> bool {
    e.0 == libc::EIO && matches!(sys::file_kind(fd), Ok(FileKind::Terminal))
}

/// `sockutil_relay_run`: of at most [`MOST_RELAYS`], none of them `None`.
pub fn run(relays: &mut [Option<Relay<'_>>], timeout_ms: c_int) -> Result<(), Errno> {
    let mut limit = Limit::from_ms(timeout_ms)?;
    // A turn is bounded, so that a busy relay holds up no other. A call that never waits ends, too: the turns of its
    // first round are no more than it may move.
    let share = NOWAIT_BYTES / relays.len().max(1);
    let mut may_still_move = NOWAIT_BYTES;
    let mut was_ready = false;
    loop {
        let may_wait = limit.may_wait();
        // The clock is looked at between turns: small pieces must not take long, and the last try is one.
        let attempts = if matches!(limit, Limit::Over) { 1 } else { MOST_ATTEMPTS };
        let had_ended = count_ended(relays);
        let mut moved = 0;
        for relay in relays.iter_mut().flatten() {
            let most = if may_wait { share } else { share.min(may_still_move - moved) };
            moved += relay.turn(most, attempts, may_wait);
        }
        if relays.iter().flatten().all(|relay| relay.state.is_over) {
            let first = relays.iter().flatten().map(|relay| relay.state.error).find(|error| *error != 0);
            return first.map_or(Ok(()), |error| Err(Errno(error)));
        }
        if !may_wait {
            may_still_move -= moved;
            if moved == 0 || may_still_move == 0 || matches!(limit, Limit::Over) {
                return Err(Errno(libc::EAGAIN));
            }
            continue;
        }
        limit.expire()?;
        if matches!(limit, Limit::Over) {
            // The last try: poll(2) stays silent while fewer bytes than SO_RCVLOWAT or VMIN are there.
            for relay in relays.iter_mut().flatten() {
                relay.from.is_blocked = false;
                relay.to.is_blocked = false;
            }
            continue;
        }
        if was_ready && moved == 0 && count_ended(relays) == had_ended {
            // poll(2) reports some descriptors ready that are not (see `Limited::wait`). The loop must not spin.
            time::poll_once(-1, 0, time::MOMENT_MS)?;
        }
        was_ready = wait(relays, limit)?;
    }
}

fn count_ended(relays: &[Option<Relay<'_>>]) -> usize {
    relays.iter().flatten().filter(|relay| relay.state.has_ended).count()
}

/// Waits until a blocked end is ready, or only looks if another one can go on. Returns whether one is ready; after a
/// signal or the end of the time none is.
fn wait(relays: &mut [Option<Relay<'_>>], limit: Limit) -> Result<bool, Errno> {
    let mut polled = [entries((false, false), -1, -1); MOST_RELAYS];
    let mut can_go_on = false;
    let mut is_any_blocked = false;
    for (pair, relay) in polled.iter_mut().zip(relays.iter().flatten()) {
        let (wants_in, wants_out) = relay.wants();
        let blocked = (wants_in && relay.from.is_blocked, wants_out && relay.to.is_blocked);
        *pair = entries(blocked, relay.from.channel.fd(), relay.to.channel.fd());
        can_go_on |= relay.can_go_on();
        is_any_blocked |= blocked.0 || blocked.1;
    }
    debug_assert!(can_go_on || is_any_blocked, "all that are not over wait for something");
    if !is_any_blocked {
        return Ok(false);
    }
    let ms = if can_go_on { time::NOWAIT } else { limit.ms_left()? };
    let used = polled.get_mut(..relays.len()).unwrap_or_default();
    let ready = match sys::poll_all(used.as_flattened_mut(), ms) {
        Ok(ready) => ready > 0,
        Err(Errno(libc::EINTR)) => return Ok(false),
        Err(e) => return Err(e),
    };
    for ([from, to], relay) in polled.iter().zip(relays.iter_mut().flatten()) {
        relay.from.is_blocked &= from.revents == 0;
        relay.to.is_blocked &= to.revents == 0;
    }
    Ok(ready)
}
