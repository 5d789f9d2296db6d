//! Relay.

use core::ffi::{c_int, c_void};
use core::mem::MaybeUninit;
use core::slice;

use errno::Errno;
use libc::{pollfd, size_t};

use super::check::{self, INVALID};
use super::outcome::{self, DONE};
use crate::memory::Buffer;
use crate::relay::{self, MOST_RELAYS, Relay, State};

/// A relay: the caller's struct, over the caller's memory. It opens nothing.
///
/// All fields are private; the size is part of the ABI. You need not free it:
/// if you drop the struct and its memory, only the bytes that it still holds
/// are lost. Two threads must not use it at once.
#[repr(C)]
#[allow(non_camel_case_types, reason = "the name is the C type's")]
pub struct sockutil_relay {
    from: c_int,
    to: c_int,
    mem: *mut c_void,
    cap: size_t,
    start: size_t,
    end: size_t,
    moved: u64,
    error: c_int,
    has_ended: u8,
    is_over: u8,
    kinds: u16,
    reserved: [size_t; 2],
}

/// In `kinds`: the descriptor may be a socket.
const FROM_MAY_BE_SOCKET: u16 = 1;
const TO_MAY_BE_SOCKET: u16 = 2;

/// Make a relay that moves the bytes of one descriptor to another.
///
/// from is read and to is written to; each is any stream: a socket, a pipe, a
/// terminal, a file. They are not checked here, and the relay never closes
/// them. The cap bytes at mem hold what was read and not yet written, never
/// more, and must live as long as the relay. 64 KiB are quick, and 1 byte is
/// enough. A proxy is two relays, one for each direction, each with its own
/// memory. A descriptor can be in several relays, but the first that ends shuts
/// a socket down for writing, for all others that write to it.
///
/// Returns 0; -1 with errno:
///   EINVAL   r or mem is NULL, cap is 0 or above SSIZE_MAX, from and to are
///            the same descriptor
///
/// Async-signal-safe and thread-safe.
/// Source: none.
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_NONNULL((1, 4)) SOCKUTIL_WRITES(4, 5)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_relay_init(
    r: Option<&mut MaybeUninit<sockutil_relay>>,
    from: c_int,
    to: c_int,
    mem: *mut c_void,
    cap: size_t,
) -> c_int {
    outcome::of_itself(|| {
        // SAFETY: `mem` is NULL, or the caller promises `cap` writable bytes there.
        let memory = unsafe { check::memory(mem, cap) }?;
        let r = r.ok_or(INVALID)?;
        if memory.is_empty() || from == to {
            return Err(INVALID);
        }
        r.write(sockutil_relay {
            from,
            to,
            mem,
            cap,
            start: 0,
            end: 0,
            moved: 0,
            error: 0,
            has_ended: 0,
            is_over: 0,
            kinds: FROM_MAY_BE_SOCKET | TO_MAY_BE_SOCKET,
            reserved: [0; 2],
        });
        Ok(0)
    })
}

/// Move what all n relays can move, until all of them are over.
///
/// relays is an array of 1 to 16. None holds up another: while one waits for a
/// descriptor, the others move. Each is over by itself, and the others go on:
/// an answer that is already on its way still arrives.
///
/// At the end of its stream, once all bytes are written, to is shut down for
/// writing if it is a socket; otherwise you close it when sockutil_relay_ended
/// returns 1. A terminal that hangs up (EIO) has ended. When a read fails, the
/// relay is over once all bytes that were read before are written; that is no
/// end of the stream, so it is not passed on. When a write fails, the relay is
/// over at once, and the bytes that it holds are dropped.
///
/// timeout_ms bounds the whole call: -1 SOCKUTIL_FOREVER waits, 0
/// SOCKUTIL_NOWAIT moves what can be moved now. It holds whatever O_NONBLOCK,
/// SO_RCVTIMEO and SO_SNDTIMEO are. Signals neither end nor stretch it; setting
/// a flag in a handler does not end a wait. After EAGAIN call again: the relays
/// hold what they have read. If sockutil_relay_moved of all of them has not
/// changed, the connection is idle. A SOCKUTIL_NOWAIT call ends after 256 KiB
/// of all relays together with EAGAIN, although more may be queued; before that
/// each relay has had its turn. With edge-triggered epoll call again until no
/// sockutil_relay_moved changes. A to that fails is noticed by the next write.
///
/// A socket never raises SIGPIPE; a pipe does, as write(2): ignore it if to can
/// be one.
///
/// Returns 1, all are over; -1 with EAGAIN, with EINVAL for a wrong argument, or
/// with an error of poll(2) (ENOMEM); -1 with any other errno if all are over:
/// it is the error of the first relay in the array that has one. A call after
/// that returns the same again:
///   EAGAIN   timeout_ms ran out: nothing is lost, call again
///   EINVAL   relays is NULL, one of them is all zeros (not initialized), n is
///            not 1 to 16, timeout_ms is below -1
///   EPIPE    the peer of a to is gone, or to was shut down for writing
///   EBADF    a from is not open for reading, or a to for writing
///   EIO      a device took nothing and gave no reason
/// and the errors of recv(2), read(2), send(2), write(2) and shutdown(2):
/// ECONNRESET, ETIMEDOUT (the connection is dead), ENOTCONN, ENOSPC, ...
///
/// Async-signal-safe and thread-safe, with one relay in one thread at a time.
/// Source: POSIX recv, send, read, write, poll, shutdown.
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_NONNULL((1))
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_relay_run(relays: *mut sockutil_relay, n: size_t, timeout_ms: c_int) -> c_int {
    outcome::of(|| {
        check::timeout(timeout_ms)?;
        if relays.is_null() || !(1..=MOST_RELAYS).contains(&n) {
            return Err(INVALID);
        }
        // SAFETY: not null; the caller promises `n` relays, which `sockutil_relay_init` made, or zeros.
        let relays = unsafe { slice::from_raw_parts_mut(relays, n) };
        if relays.iter().any(|r| r.mem.is_null()) {
            return Err(INVALID);
        }
        let mut running = [const { None }; MOST_RELAYS];
        for (place, r) in running.iter_mut().zip(&*relays) {
            // SAFETY: the caller gave the memory to `sockutil_relay_init`, for as long as the relay is used.
            *place = Some(unsafe { r.start() }?);
        }
        let running = running.get_mut(..n).unwrap_or_default();
        let result = relay::run(running, timeout_ms);
        for (r, relay) in relays.iter_mut().zip(running.iter().flatten()) {
            r.keep(relay);
        }
        result.map(|()| DONE)
    })
}

/// Set ends to what a relay waits for: ends[0] is from, ends[1] is to.
///
/// For a poll(2) or epoll(7) of your own: when one of them is ready, call
/// sockutil_relay_run with SOCKUTIL_NOWAIT, and this again. Where there is
/// nothing to wait for, fd is -1: poll ignores such an entry, and from an epoll
/// set you delete the descriptor, since epoll reports EPOLLHUP and EPOLLERR
/// even for no events. from is waited for while there is room behind the held
/// bytes, or as much before them as they are; to while bytes are held. A descriptor that is in two relays must be in an epoll
/// set once, with the events of both. A relay that is over, r NULL and one that
/// is all zeros wait for nothing.
///
/// Returns nothing, and cannot fail.
///
/// Async-signal-safe and thread-safe, with one relay in one thread at a time.
/// Source: POSIX poll.
/// cbindgen:ptrs-as-arrays=[[ends;2]]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_relay_wants(r: Option<&sockutil_relay>, ends: *mut pollfd) {
    let wants = match r {
        Some(r) if !r.mem.is_null() => r.state().wants(r.cap),
        _ => (false, false),
    };
    let (from, to) = r.map_or((-1, -1), |r| (r.from, r.to));
    if !ends.is_null() {
        // SAFETY: not null; the caller promises two writable entries, as the header demands.
        unsafe { ends.cast::<[pollfd; 2]>().write(relay::entries(wants, from, to)) };
    }
}

/// Return whether a relay is over, and why.
///
/// Sets *error to 0 if the stream has ended and all of it is written, else to
/// the errno value of the failure. error may be NULL. If to is no socket, close
/// it now: that passes the end on.
///
/// Returns 1, it is over; 0, it is not: *error is unchanged. r that is NULL or
/// all zeros (not initialized) will never move a byte: 1, and *error is EINVAL.
/// It cannot fail.
///
/// Async-signal-safe and thread-safe, with one relay in one thread at a time.
/// Source: none.
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_relay_ended(r: Option<&sockutil_relay>, error: Option<&mut MaybeUninit<c_int>>) -> c_int {
    let over = match r {
        Some(r) if !r.mem.is_null() => (r.is_over != 0).then_some(r.error),
        _ => Some(libc::EINVAL),
    };
    if let (Some(why), Some(error)) = (over, error) {
        error.write(why);
    }
    c_int::from(over.is_some())
}

/// Return how many bytes a relay has written to its to since it was made.
///
/// If it stays the same for a while, the direction is idle: this is how you
/// find connections to close.
///
/// Returns the number of bytes; 0 if r is NULL. It cannot fail.
///
/// Async-signal-safe and thread-safe, with one relay in one thread at a time.
/// Source: none.
/// cbindgen:postfix=SOCKUTIL_RESULT
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_relay_moved(r: Option<&sockutil_relay>) -> u64 {
    r.map_or(0, |r| r.moved)
}

impl sockutil_relay {
    fn state(&self) -> State {
        State {
            start: self.start,
            end: self.end,
            moved: self.moved,
            error: self.error,
            has_ended: self.has_ended != 0,
            is_over: self.is_over != 0,
        }
    }

    /// The relay during one call.
    ///
    /// # Safety
    /// The memory that `sockutil_relay_init` got is still there, and nothing else uses it while the result does.
    unsafe fn start<'a>(&self) -> Result<Relay<'a>, Errno> {
        // SAFETY: `cap` bytes are writable at `mem`, as this function requires.
        let memory = unsafe { check::memory(self.mem, self.cap) }?;
        // SAFETY: earlier calls have written the first `end` bytes.
        let buffer = unsafe { Buffer::new(memory, self.end) };
        let may_be_socket = |bit| self.kinds & bit != 0;
        let from = (self.from, may_be_socket(FROM_MAY_BE_SOCKET));
        let to = (self.to, may_be_socket(TO_MAY_BE_SOCKET));
        Ok(Relay::new(from, to, buffer, self.state()))
    }

    /// Stores the state after a call.
    fn keep(&mut self, relay: &Relay<'_>) {
        let state = relay.state();
        self.start = state.start;
        self.end = state.end;
        self.moved = state.moved;
        self.error = state.error;
        self.has_ended = u8::from(state.has_ended);
        self.is_over = u8::from(state.is_over);
        let (from, to) = relay.may_be_sockets();
        self.kinds = if from { FROM_MAY_BE_SOCKET } else { 0 } | if to { TO_MAY_BE_SOCKET } else { 0 };
    }
}
