//! Buffered writer.

use core::ffi::{c_char, c_int, c_void};
use core::mem::MaybeUninit;

use errno::Errno;
use libc::size_t;

use super::check::{self, Done, INVALID};
use super::outcome::{self, DONE};
use crate::channel::Limited;
use crate::frame::{Frame, HeaderSize};
use crate::memory::Buffer;
use crate::time::{FOREVER, Limit};
use crate::writer::{Piece, Writer};

/// A writer: the caller's struct, over the caller's memory.
///
/// All fields are private; the size is part of the ABI. You need not free it:
/// if you drop the struct and its memory, only the bytes that it still holds
/// are lost. Two threads must not use it at once. Do not copy it.
#[repr(C)]
#[allow(non_camel_case_types, reason = "the name is the C type's")]
pub struct sockutil_writer {
    fd: c_int,
    may_be_socket: u8,
    begun_header: u8,
    reserved_bytes: [u8; 2],
    mem: *mut c_char,
    cap: size_t,
    start: size_t,
    end: size_t,
    begun_done: size_t,
    begun_whole: size_t,
    reserved: size_t,
    reserved_too: [c_int; 2],
}

/// Make a writer of a stream descriptor and cap bytes of memory.
///
/// The reader's sister: many small pieces leave in one system call. fd is any
/// stream: a socket, a pipe, a terminal, a file. It is not checked here, and
/// the writer never closes it. Do not write to fd past the writer, nor close it
/// with bytes held: sockutil_writer_flush sends them. mem must live as long as
/// the writer.
///
/// Returns 0; -1 with errno:
///   EINVAL   w or mem is NULL, cap is 0 or above SSIZE_MAX
///
/// Async-signal-safe and thread-safe.
/// Source: POSIX setvbuf, with the caller's memory.
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_NONNULL((1, 3)) SOCKUTIL_WRITES(3, 4)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_writer_init(
    w: Option<&mut MaybeUninit<sockutil_writer>>,
    fd: c_int,
    mem: *mut c_void,
    cap: size_t,
) -> c_int {
    outcome::of_itself(|| {
        // SAFETY: `mem` is NULL, or the caller promises `cap` writable bytes there.
        if unsafe { check::memory(mem, cap) }?.is_empty() {
            return Err(INVALID);
        }
        w.ok_or(INVALID)?.write(sockutil_writer {
            fd,
            may_be_socket: 1,
            begun_header: 0,
            reserved_bytes: [0; 2],
            mem: mem.cast(),
            cap,
            start: 0,
            end: 0,
            begun_done: 0,
            begun_whole: 0,
            reserved: 0,
            reserved_too: [0; 2],
        });
        Ok(0)
    })
}

/// Put n bytes: hold them, or send them together with what is held.
///
/// Bytes that fit in the writer's memory are only copied, without a system
/// call. Bytes that do not fit leave together with the held ones, in one system
/// call if the kernel takes them at once (a pipe may take PIPE_BUF at a time),
/// and bytes that are never held are not copied. Nothing leaves by itself: see
/// sockutil_writer_flush. Set *done to 0 to start; it is true on every return.
/// done may be NULL if n is at most cap, or with SOCKUTIL_FOREVER: if such a
/// call with n above cap fails, the number of bytes sent is unknown, and every
/// later put and flush is EINVAL. Call sockutil_writer_init to use it again.
///
/// n at most cap is all or nothing: after EAGAIN *done is 0, and none of the n
/// bytes is held or sent. Call again, or drop them if the peer is too slow.
/// More than cap bytes leave piece by piece. After EAGAIN with *done above 0
/// that many are sent, and none of the rest is held: repeat the call until it
/// returns 1 (its last bytes may be held then). Until then every other put,
/// frame or flush is EINVAL.
///
/// timeout_ms bounds the whole call, whatever O_NONBLOCK and SO_SNDTIMEO are.
/// Signals neither end nor stretch it; setting a flag in a handler does not end
/// a wait. A socket never raises SIGPIPE.
///
/// Returns 1, all n bytes are held or taken by the kernel (not: received by the
/// peer); -1 with errno, and the held bytes stay held, in order:
///   EAGAIN   timeout_ms ran out: nothing is lost, call again
///   EINVAL   w is NULL or all zeros (not initialized), buf is NULL and n is
///            not 0, n is above SSIZE_MAX, timeout_ms is below -1, *done is not
///            0 (or, if this goes on, what the last call reported), done is
///            NULL, n is above cap and timeout_ms is not SOCKUTIL_FOREVER,
///            another put or frame has begun
///   EPIPE    the peer is gone, or this side was shut down for writing
///   EBADF    the descriptor is not open for writing; not noticed while all fits
///   EIO      a device took nothing and gave no reason
/// and the errors of sendmsg(2) and writev(2): ECONNRESET, ETIMEDOUT (the
/// connection is dead), ENOTCONN, ENOSPC, ...
///
/// Async-signal-safe and thread-safe, with one writer in one thread at a time.
/// Source: POSIX sendmsg, writev, poll; fwrite, with a limit.
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_NONNULL((1)) SOCKUTIL_READS(2, 3)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_writer_put(
    w: Option<&mut sockutil_writer>,
    buf: *const c_void,
    n: size_t,
    done: Option<&mut size_t>,
    timeout_ms: c_int,
) -> c_int {
    outcome::of(|| {
        // SAFETY: `buf` is NULL, or the caller promises `n` readable bytes there.
        let piece = Piece { header: &[], body: unsafe { check::bytes(buf, n) }? };
        // SAFETY: `w` is a writer that `sockutil_writer_init` made, or zeros, as the header demands.
        unsafe { put(w, piece, done, timeout_ms) }
    })
}

/// Put one frame: a big-endian length of header_bytes, then n bytes of body.
///
/// As sockutil_writer_put, for a frame as sockutil_send_frame sends it. *done
/// counts the header and the body. A frame whose header and body are at most
/// cap bytes together is all or nothing: after EAGAIN you may drop it. A longer
/// one that has begun goes on with the same n. Setting a flag in a handler does
/// not end a wait. Receive frames with sockutil_reader_frame.
///
/// Returns 1, header and body are held or taken by the kernel; -1 with errno,
/// and the held bytes stay held, in order:
///   EAGAIN     timeout_ms ran out: nothing is lost, call again
///   EMSGSIZE   n is more than header_bytes can count; nothing was put
///   EINVAL     header_bytes is not 1, 2 or 4, body is NULL and n is not 0, n
///              or the whole is above SSIZE_MAX, and as for sockutil_writer_put
///   EPIPE      the peer is gone, or this side was shut down for writing
///   EBADF      the descriptor is not open for writing; not noticed while all
///              fits
///   EIO        a device took nothing and gave no reason
/// and the errors of sendmsg(2) and writev(2): ECONNRESET, ETIMEDOUT (the
/// connection is dead), ENOTCONN, ENOSPC, ...
///
/// Async-signal-safe and thread-safe, with one writer in one thread at a time.
/// Source: RFC 1700, data notations; POSIX sendmsg, writev, poll.
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_NONNULL((1)) SOCKUTIL_READS(3, 4)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_writer_frame(
    w: Option<&mut sockutil_writer>,
    header_bytes: c_int,
    body: *const c_void,
    n: size_t,
    done: Option<&mut size_t>,
    timeout_ms: c_int,
) -> c_int {
    outcome::of(|| {
        let size = HeaderSize::from_bytes(header_bytes).ok_or(INVALID)?;
        // SAFETY: `body` is NULL, or the caller promises `n` readable bytes there.
        let frame = Frame::new(size, unsafe { check::bytes(body, n) }?)?;
        // SAFETY: `w` is a writer that `sockutil_writer_init` made, or zeros, as the header demands.
        unsafe { put(w, frame.piece(), done, timeout_ms) }
    })
}

/// Send all held bytes.
///
/// timeout_ms bounds the whole call, whatever O_NONBLOCK and SO_SNDTIMEO are.
/// Signals neither end nor stretch it; setting a flag in a handler does not end
/// a wait. In an event loop use SOCKUTIL_NOWAIT, and wait for POLLOUT while
/// sockutil_writer_pending is above 0.
///
/// Returns 1, nothing is held any more: the kernel has taken all (not: the peer
/// has received it); -1 with errno, and what the kernel has not taken stays
/// held, in order:
///   EAGAIN   timeout_ms ran out: nothing is lost, call again
///   EINVAL   w is NULL or all zeros (not initialized), timeout_ms is below -1,
///            a put or frame of more than cap bytes has begun
///   EPIPE    the peer is gone, or this side was shut down for writing
///   EBADF    the descriptor is not open for writing; not noticed if nothing is
///            held
///   EIO      a device took nothing and gave no reason
/// and the errors of sendmsg(2) and writev(2): ECONNRESET, ETIMEDOUT (the
/// connection is dead), ENOTCONN, ENOSPC, ...
///
/// Async-signal-safe and thread-safe, with one writer in one thread at a time.
/// Source: POSIX sendmsg, writev, poll; fflush, with a limit.
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_NONNULL((1))
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_writer_flush(w: Option<&mut sockutil_writer>, timeout_ms: c_int) -> c_int {
    outcome::of(|| {
        let w = w.ok_or(INVALID)?;
        check::timeout(timeout_ms)?;
        if w.begun_done > 0 {
            return Err(INVALID);
        }
        // SAFETY: `w` is a writer that `sockutil_writer_init` made, or zeros, as the header demands.
        let mut writer = unsafe { w.writer() }?;
        if w.start < w.end {
            let mut channel = w.channel(timeout_ms)?;
            let result = writer.flush(&mut channel);
            w.may_be_socket = u8::from(channel.may_be_socket());
            (w.start, w.end) = (writer.start, writer.buffer.len());
            result?;
        }
        Ok(DONE)
    })
}

/// Return how many bytes a writer holds.
///
/// The kernel has not taken them yet. Above 0: flush before you wait for an
/// answer, and wait for POLLOUT after EAGAIN.
///
/// Returns the number of bytes held; 0 if w is NULL. It cannot fail.
///
/// Async-signal-safe and thread-safe, with one writer in one thread at a time.
/// Source: glibc __fpending.
/// cbindgen:postfix=SOCKUTIL_RESULT
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_writer_pending(w: Option<&sockutil_writer>) -> size_t {
    w.map_or(0, |w| w.end - w.start)
}

impl sockutil_writer {
    /// The writer for one call.
    ///
    /// # Safety
    /// `sockutil_writer_init` made this, or it is all zeros; nothing else uses
    /// its memory as long as the result is used.
    unsafe fn writer<'a>(&self) -> Result<Writer<'a>, Errno> {
        // SAFETY: the caller gave `cap` bytes at `mem` to `sockutil_writer_init`, for as long as the writer is used.
        let memory = unsafe { check::memory(self.mem.cast(), self.cap) }?;
        if memory.is_empty() {
            return Err(INVALID);
        }
        // SAFETY: earlier calls have written the first `end` bytes.
        Ok(Writer { buffer: unsafe { Buffer::new(memory, self.end) }, start: self.start })
    }

    fn channel(&self, timeout_ms: c_int) -> Result<Limited, Errno> {
        Ok(Limited::known(self.fd, Limit::from_ms(timeout_ms)?, self.may_be_socket != 0))
    }

    /// Whether this piece is the one that has begun, if one has.
    fn goes_on(&self, piece: Piece<'_>, done: size_t) -> bool {
        let (header, whole) = (usize::from(self.begun_header), piece.len());
        // A put may have become longer.
        let same = whole == self.begun_whole || (header == 0 && whole > self.begun_whole);
        done == self.begun_done && (done == 0 || (piece.header.len() == header && same))
    }
}

/// Holds or sends a piece, and stores the writer's new state, on failure too.
///
/// # Safety
/// Unless it is null, `w` points to a writer that `sockutil_writer_init`
/// made, or to zeros; nothing else uses it.
unsafe fn put(
    w: Option<&mut sockutil_writer>,
    piece: Piece<'_>,
    done: Option<&mut size_t>,
    timeout_ms: c_int,
) -> Result<c_int, Errno> {
    let w = w.ok_or(INVALID)?;
    check::timeout(timeout_ms)?;
    let whole = check::countable(piece.len())?;
    // Without a count, a long piece that is cut could not go on.
    let may_be_cut = whole > w.cap && timeout_ms != FOREVER;
    if done.is_none() && may_be_cut {
        return Err(INVALID);
    }
    let done = Done::new(done, whole)?;
    let mut count = done.start();
    if !w.goes_on(piece, count) {
        return Err(INVALID);
    }
    // SAFETY: `w` is a writer that `sockutil_writer_init` made, or zeros, as this function requires.
    let mut writer = unsafe { w.writer() }?;
    let result = if writer.hold(piece, &mut count) {
        Ok(DONE)
    } else {
        let mut channel = w.channel(timeout_ms)?;
        let result = writer.send(&mut channel, piece, &mut count);
        w.may_be_socket = u8::from(channel.may_be_socket());
        result.map(|()| DONE)
    };
    (w.start, w.end) = (writer.start, writer.buffer.len());
    w.begun_done = if result.is_ok() { 0 } else { count };
    w.begun_whole = whole;
    w.begun_header = piece.header.len() as u8;
    debug_assert!(w.begun_done == 0 || (whole > w.cap && w.end == 0));
    done.report(count);
    result
}
