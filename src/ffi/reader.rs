//! Buffered reader.

#![allow(
    clippy::inline_always,
    reason = "with opt-level \"s\", the compiler would not inline these, and each line would cost several calls"
)]

use core::ffi::{c_char, c_int, c_void};
use core::hint;
use core::mem::{self, MaybeUninit};
use core::ops::Range;
use core::ptr;
use core::slice;

use errno::Errno;
use libc::size_t;

use super::check::{self, Done, INVALID};
use super::outcome::{self, DONE, END};
use crate::frame::{HeaderSize, Skip};
use crate::memory::Buffer;
use crate::reader::{Item, LONGEST, Reader, State, Text, TextId};
use crate::time::{FOREVER, Limit};

/// A reader: the caller's struct, over the caller's memory.
///
/// All fields are private; the size is part of the ABI. You need not free it:
/// if you drop the struct and its memory, only the bytes that it still holds
/// are lost. Two threads must not use it at once. Do not copy it.
#[repr(C)]
#[allow(non_camel_case_types, reason = "the name is the C type's")]
pub struct sockutil_reader {
    fd: c_int,
    covered: i16,
    delimiter: u8,
    may_be_socket: u8,
    mem: *mut c_char,
    cap: size_t,
    start: size_t,
    end: size_t,
    searched: size_t,
    found: size_t,
    text_or_frame: size_t,
    text_length: u8,
    matched: u8,
    shown: u8,
    frame_header: u8,
    frame_header_left: u8,
    reserved: [u8; 3],
}

/// Nothing is covered by a NUL.
const UNCOVERED: i16 = -1;

/// Make a reader of a stream descriptor and cap bytes of memory.
///
/// fd is any stream: a socket, a pipe, a terminal, a file. It is not checked
/// here, and the reader never closes it. mem must live as long as the reader.
/// A line, or a frame with its header, must fit in cap-1 bytes of it.
///
/// Returns 0; -1 with errno:
///   EINVAL   r or mem is NULL, cap is below 2 or above SSIZE_MAX
///
/// Async-signal-safe and thread-safe.
/// Source: CS:APP rio_readinitb, with the caller's memory.
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_NONNULL((1, 3)) SOCKUTIL_WRITES(3, 4)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_reader_init(
    r: Option<&mut MaybeUninit<sockutil_reader>>,
    fd: c_int,
    mem: *mut c_void,
    cap: size_t,
) -> c_int {
    outcome::of(|| {
        // SAFETY: `mem` is NULL, or the caller promises `cap` writable bytes there.
        unsafe { check::text(mem, cap) }?;
        let r = r.ok_or(INVALID)?;
        let mut fresh = sockutil_reader {
            fd,
            covered: UNCOVERED,
            mem: mem.cast(),
            cap,
            start: 0,
            end: 0,
            searched: 0,
            delimiter: 0,
            may_be_socket: 1,
            found: 0,
            text_or_frame: 0,
            text_length: 0,
            matched: 0,
            shown: 0,
            frame_header: 0,
            frame_header_left: 0,
            reserved: [0; 3],
        };
        fresh.keep(State::NEW);
        r.write(fresh);
        Ok(0)
    })
}

/// Read one line.
///
/// Sets *line to the line in the reader's memory, with its newline and a NUL
/// after that, and *len to its length without the NUL. They stay valid until
/// the next call on the reader other than sockutil_reader_pending. You may
/// change these *len bytes, not the NUL. The reader keeps the bytes after the
/// line for the next call: see sockutil_reader_pending. If it holds no whole
/// line, it reads until it does; each recv(2), or read(2), takes as much as
/// fits in the memory. timeout_ms bounds the whole call: -1 SOCKUTIL_FOREVER
/// waits, 0 SOCKUTIL_NOWAIT takes what is there. It holds whatever O_NONBLOCK
/// and SO_RCVTIMEO are. Signals neither end nor stretch it; setting a flag in a
/// handler does not end a wait. After EAGAIN repeat the call: the reader keeps
/// what has arrived.
///
/// Returns 1, a whole line; 0, end of stream: *line and *len show the rest, an
/// unterminated line, and *len is 0 if there is none. It is returned once: the
/// next call returns 0 with *len 0, or bytes that came later. -1 with errno,
/// and nothing is lost:
///   EAGAIN     timeout_ms ran out: call again
///   EMSGSIZE   the line is longer than cap-1 bytes; *line and *len show what
///              is held; take it with sockutil_reader_take, or drop the line
///              with sockutil_reader_skip_line
///   EINVAL     r, line or len is NULL, r is all zeros (not initialized),
///              timeout_ms is below -1, or sockutil_reader_skip_frame has not
///              finished
///   EBADF      the descriptor is not open for reading
/// and the errors of recv(2) and read(2): ECONNRESET, ETIMEDOUT (the connection
/// is dead), ENOTCONN, ... On a failure other than EMSGSIZE *line is NULL and
/// *len 0.
///
/// Async-signal-safe and thread-safe, with one reader in one thread at a time.
/// Source: POSIX recv, read, poll; CS:APP rio_readlineb.
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_NONNULL((1, 2, 3))
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_reader_line(
    r: Option<&mut sockutil_reader>,
    line: Option<&mut MaybeUninit<*mut c_char>>,
    len: Option<&mut MaybeUninit<size_t>>,
    timeout_ms: c_int,
) -> c_int {
    // SAFETY: `r` is a reader that `sockutil_reader_init` made, or zeros, as the header demands.
    unsafe { line_or_part(r, b'\n', line, len, timeout_ms) }
}

/// Read up to a delimiter.
///
/// As sockutil_reader_line, for any byte instead of the newline. delimiter is 0
/// to 255, and is kept at the end of *data. Setting a flag in a handler does
/// not end a wait.
///
/// Returns 1, *data ends with the delimiter; 0, end of stream: *data and *len
/// show the rest, returned once; -1 with errno, and nothing is lost:
///   EAGAIN     timeout_ms ran out: call again
///   EMSGSIZE   there is no delimiter within cap-1 bytes; *data and *len show
///              what is held; take it with sockutil_reader_take
///   EINVAL     r, data or len is NULL, r is all zeros (not initialized),
///              delimiter is not 0 to 255, timeout_ms is below -1, or
///              sockutil_reader_skip_frame has not finished
///   EBADF      the descriptor is not open for reading
/// and the errors of recv(2) and read(2): ECONNRESET, ETIMEDOUT (the connection
/// is dead), ENOTCONN, ... On a failure other than EMSGSIZE *data is NULL and
/// *len 0.
///
/// Async-signal-safe and thread-safe, with one reader in one thread at a time.
/// Source: POSIX recv, read, poll, getdelim.
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_NONNULL((1, 3, 4))
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_reader_until(
    r: Option<&mut sockutil_reader>,
    delimiter: c_int,
    data: Option<&mut MaybeUninit<*mut c_char>>,
    len: Option<&mut MaybeUninit<size_t>>,
    timeout_ms: c_int,
) -> c_int {
    match u8::try_from(delimiter) {
        // SAFETY: `r` is a reader that `sockutil_reader_init` made, or zeros, as the header demands.
        Ok(delimiter) => unsafe { part(r, delimiter, data, len, timeout_ms) },
        // SAFETY: `r` is a reader that `sockutil_reader_init` made, or zeros, as the header demands.
        Err(_) => unsafe { item(r, data, len, timeout_ms, &mut |_| Err(INVALID)) },
    }
}

/// Read up to a delimiter of several bytes.
///
/// As sockutil_reader_line, for n bytes instead of the newline, which are kept
/// at the end of *data: "\r\n", "\r\n\r\n" or "\r\n.\r\n". They are found
/// wherever a packet divides them. The time of a call is linear in what is
/// held, for any delimiter and any bytes, and bytes that were searched are not
/// searched again. Delimiters may change between calls. Setting a flag in a
/// handler does not end a wait.
///
/// Returns 1, *data ends with the delimiter; 0, end of stream: *data and *len
/// show the rest, returned once; -1 with errno, and nothing is lost:
///   EAGAIN     timeout_ms ran out: call again
///   EMSGSIZE   there is no delimiter within cap-1 bytes; *data and *len show
///              what is held; take it with sockutil_reader_take
///   EINVAL     r, delimiter, data or len is NULL, r is all zeros (not
///              initialized), n is 0, above 255 or above cap-1, timeout_ms is
///              below -1, or sockutil_reader_skip_frame has not finished
///   EBADF      the descriptor is not open for reading
/// and the errors of recv(2) and read(2): ECONNRESET, ETIMEDOUT (the connection
/// is dead), ENOTCONN, ... On a failure other than EMSGSIZE *data is NULL and
/// *len 0.
///
/// Async-signal-safe and thread-safe, with one reader in one thread at a time.
/// Source: POSIX recv, read, poll; Knuth, Morris and Pratt 1977.
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_NONNULL((1, 2, 4, 5)) SOCKUTIL_READS(2, 3)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_reader_until_text(
    r: Option<&mut sockutil_reader>,
    delimiter: *const c_void,
    n: size_t,
    data: Option<&mut MaybeUninit<*mut c_char>>,
    len: Option<&mut MaybeUninit<size_t>>,
    timeout_ms: c_int,
) -> c_int {
    // SAFETY: `r` is a reader that `sockutil_reader_init` made, or zeros, as the header demands; `delimiter` is NULL, or
    // the caller promises `n` readable bytes there.
    match unsafe { marked_text(r.as_deref(), delimiter, n) } {
        // SAFETY: `r` is a reader that `sockutil_reader_init` made, or zeros, as the header demands.
        Some(last) => unsafe { part(r, last, data, len, timeout_ms) },
        // SAFETY: `r` is a reader that `sockutil_reader_init` made, or zeros, as the header demands; `delimiter` is NULL,
        // or the caller promises `n` readable bytes there.
        None => unsafe { text_slow(r, delimiter, n, data, len, timeout_ms) },
    }
}

/// Read the body of one frame, as sockutil_send_frame sends it.
///
/// A frame is a big-endian length of header_bytes (1, 2 or 4) and as many bytes
/// of body. Sets *body to the body in the reader's memory, with a NUL after it,
/// and *len to its length. They stay valid until the next call on the reader
/// other than sockutil_reader_pending. You may change these *len bytes, not the
/// NUL. Waiting, signals and held bytes are as for sockutil_reader_line;
/// setting a flag in a handler does not end a wait. The announced length is
/// never trusted: the reader's memory bounds it.
///
/// Returns 1, a whole frame, whose body may be empty; 0, end of stream: clean
/// if *len is 0, else inside a frame: *body and *len show the rest, header
/// included, returned once; -1 with errno, and nothing is lost:
///   EAGAIN     timeout_ms ran out: call again
///   EMSGSIZE   the announced body is longer than cap-1-header_bytes; *len is
///              the announced length, *body is NULL, and the header is still
///              held: drop the frame with sockutil_reader_skip_frame
///   EINVAL     r, body or len is NULL, r is all zeros (not initialized),
///              header_bytes is not 1, 2 or 4, or above cap-1, timeout_ms is
///              below -1, or sockutil_reader_skip_frame has not finished
///   EBADF      the descriptor is not open for reading
/// and the errors of recv(2) and read(2): ECONNRESET, ETIMEDOUT (the connection
/// is dead), ENOTCONN, ... On a failure other than EMSGSIZE *body is NULL and
/// *len 0.
///
/// Async-signal-safe and thread-safe, with one reader in one thread at a time.
/// Source: POSIX recv, read, poll; RFC 1700, data notations.
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_NONNULL((1, 3, 4))
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_reader_frame(
    r: Option<&mut sockutil_reader>,
    header_bytes: c_int,
    body: Option<&mut MaybeUninit<*mut c_char>>,
    len: Option<&mut MaybeUninit<size_t>>,
    timeout_ms: c_int,
) -> c_int {
    let (mut r, mut body, mut len) = (r, body, len);
    // SAFETY: `r` is a reader that `sockutil_reader_init` made, or zeros, as the header demands.
    match unsafe { held_frame(r.as_deref_mut(), header_bytes, body.as_deref_mut(), len.as_deref_mut(), timeout_ms) } {
        Some(()) => DONE,
        // SAFETY: `r` is a reader that `sockutil_reader_init` made, or zeros, as the header demands.
        None => unsafe { frame_slow(r, header_bytes, body, len, timeout_ms) },
    }
}

/// Copy one line into the caller's memory.
///
/// As sockutil_read_line, for a descriptor that has a reader: stores at most
/// cap-1 bytes of the line and a NUL after them, on failure too. The newline is
/// kept; NUL and CR bytes are data. The line may be longer than the reader's
/// memory. *done counts the bytes of the line in buf: set it to 0 to start each
/// line; it is true on every return. After EAGAIN the same call goes on where
/// this one stopped. done may be NULL: then the count starts at 0 and is not
/// reported. Waiting and signals are as for sockutil_reader_line; setting a
/// flag in a handler does not end a wait.
///
/// Returns 1, a whole line is in buf; 0, end of stream: an unterminated line is
/// in buf, empty if *done is 0; -1 with errno:
///   EAGAIN     timeout_ms ran out: nothing is lost, call again
///   EMSGSIZE   cap-1 bytes of a longer line are in buf; set *done to 0 and
///              call for the rest
///   EINVAL     r is NULL or all zeros (not initialized), buf is NULL, cap is
///              below 2 or above SSIZE_MAX, timeout_ms is below -1, *done is
///              above cap-1, buf holds a whole line or cap-1 bytes already (was
///              *done reset?), or sockutil_reader_skip_frame has not finished
///   EBADF      the descriptor is not open for reading
/// and the errors of recv(2) and read(2): ECONNRESET, ETIMEDOUT (the connection
/// is dead), ENOTCONN, ...
///
/// Async-signal-safe and thread-safe, with one reader in one thread at a time.
/// Source: POSIX recv, read, poll; CS:APP rio_readlineb.
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_NONNULL((1, 2)) SOCKUTIL_WRITES(2, 3)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_reader_copy_line(
    r: Option<&mut sockutil_reader>,
    buf: *mut c_char,
    cap: size_t,
    done: Option<&mut size_t>,
    timeout_ms: c_int,
) -> c_int {
    outcome::of(|| {
        let mut entered = enter(r)?;
        check::timeout(timeout_ms)?;
        entered.check()?;
        // SAFETY: `buf` is NULL, or the caller promises `cap` writable bytes there; earlier calls have written those that
        // `done` counts.
        let (mut buffer, done) = unsafe { check::line(buf, cap, done) }?;
        let copy = |reader: &mut Reader<'_>| Ok(reader.copy_line(&mut buffer));
        // SAFETY: `r` is a reader that `sockutil_reader_init` made, or zeros, as the header demands.
        let result = unsafe { call(&mut entered, timeout_ms, copy) }?;
        done.report(buffer.len());
        outcome::line(result?)
    })
}

/// Read n bytes: first from the reader's memory, then from its descriptor.
///
/// As sockutil_read_full, for a descriptor that has a reader. Bytes that are
/// not held are read directly into buf, and no more than n. Setting a flag in a
/// handler does not end a wait.
///
/// Returns 1, all n bytes are there; 0, end of stream: clean if *done is 0,
/// else cut short; -1 with errno:
///   EAGAIN   timeout_ms ran out: nothing is lost, call again
///   EINVAL   r is NULL or all zeros (not initialized), buf is NULL and n is
///            not 0, n is above SSIZE_MAX, timeout_ms is below -1, *done is
///            above n, or is n already (did you set it to 0?), or
///            sockutil_reader_skip_frame has not finished
///   EBADF    the descriptor is not open for reading
/// and the errors of recv(2) and read(2): ECONNRESET, ETIMEDOUT (the connection
/// is dead), ENOTCONN, ...
///
/// Async-signal-safe and thread-safe, with one reader in one thread at a time.
/// Source: POSIX recv, read, poll; CS:APP rio_readnb.
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_NONNULL((1)) SOCKUTIL_WRITES(2, 3)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_reader_read_full(
    r: Option<&mut sockutil_reader>,
    buf: *mut c_void,
    n: size_t,
    done: Option<&mut size_t>,
    timeout_ms: c_int,
) -> c_int {
    outcome::of(|| {
        let mut entered = enter(r)?;
        // SAFETY: `buf` is NULL, or the caller promises `n` writable bytes there.
        let memory = unsafe { check::memory(buf, n) }?;
        let done = Done::new(done, n)?;
        // SAFETY: earlier calls have written the bytes that `done` counts.
        let mut buffer = unsafe { Buffer::new(memory, done.start()) };
        // SAFETY: `r` is a reader that `sockutil_reader_init` made, or zeros, as the header demands.
        let result = unsafe { call(&mut entered, timeout_ms, |reader| Ok(reader.read_full(&mut buffer))) }?;
        done.report(buffer.len());
        result.map(outcome::read)
    })
}

/// Read what is there, 1 to n bytes: from the reader's memory, or else from its
/// descriptor.
///
/// As sockutil_read_some, for a descriptor that has a reader. If bytes are
/// held, it returns those that fit, without a system call; else it reads once,
/// directly into buf. Setting a flag in a handler does not end a wait.
///
/// Returns 1, *len bytes are in buf; 0, end of stream; -1 with errno, and *len
/// is 0:
///   EAGAIN   timeout_ms ran out: call again
///   EINVAL   r, buf or len is NULL, r is all zeros (not initialized), n is 0
///            or above SSIZE_MAX, timeout_ms is below -1, or
///            sockutil_reader_skip_frame has not finished
///   EBADF    the descriptor is not open for reading
/// and the errors of recv(2) and read(2): ECONNRESET, ETIMEDOUT (the connection
/// is dead), ENOTCONN, ...
///
/// Async-signal-safe and thread-safe, with one reader in one thread at a time.
/// Source: POSIX recv, read, poll; CS:APP rio_read.
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_NONNULL((1, 2, 4)) SOCKUTIL_WRITES(2, 3)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_reader_read_some(
    r: Option<&mut sockutil_reader>,
    buf: *mut c_void,
    n: size_t,
    len: Option<&mut MaybeUninit<size_t>>,
    timeout_ms: c_int,
) -> c_int {
    outcome::of(|| {
        let entered = enter(r);
        let len = len.ok_or(INVALID)?.write(0);
        let mut entered = entered?;
        // SAFETY: `buf` is NULL, or the caller promises `n` writable bytes there.
        let mut buffer = Buffer::fresh(unsafe { check::some_memory(buf, n) }?);
        // SAFETY: `r` is a reader that `sockutil_reader_init` made, or zeros, as the header demands.
        *len = unsafe { call(&mut entered, timeout_ms, |reader| reader.read_some(&mut buffer)) }?;
        Ok(outcome::some(*len))
    })
}

/// Drop one whole frame, of any announced length.
///
/// For a frame that is too long for the reader's memory, or not wanted. A frame
/// is as for sockutil_reader_frame; the reader's memory may be smaller than its
/// header. *done counts the bytes dropped, header included: set it to 0 to
/// start; it is true on every return, and stops at SIZE_MAX. done may be NULL:
/// the reader itself keeps the place. After EAGAIN the same call goes on
/// dropping the same frame. From this call until it has returned 1 or 0, every
/// other call that reads through the reader is EINVAL. Waiting and signals are
/// as for sockutil_reader_line; setting a flag in a handler does not end a
/// wait. A SOCKUTIL_NOWAIT call ends after 256 KiB with EAGAIN, although more
/// may be queued: with edge-triggered epoll call again until *done stops
/// changing.
///
/// Returns 1, the frame was dropped; 0, end of stream after *done dropped
/// bytes: clean if *done is 0, else inside the frame; -1 with errno:
///   EAGAIN   timeout_ms ran out, or 256 KiB were dropped: call again
///   EINVAL   r is NULL or all zeros (not initialized), header_bytes is not 1,
///            2 or 4, or not that of the call that goes on, timeout_ms is below
///            -1
///   EBADF    the descriptor is not open for reading
/// and the errors of recv(2) and read(2): ECONNRESET, ETIMEDOUT (the connection
/// is dead), ENOTCONN, ...
///
/// Async-signal-safe and thread-safe, with one reader in one thread at a time.
/// Source: POSIX recv, read, poll; RFC 1700, data notations.
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_NONNULL((1))
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_reader_skip_frame(
    r: Option<&mut sockutil_reader>,
    header_bytes: c_int,
    done: Option<&mut size_t>,
    timeout_ms: c_int,
) -> c_int {
    outcome::of(|| {
        let mut entered = enter(r)?;
        let size = HeaderSize::from_bytes(header_bytes).ok_or(INVALID)?;
        let done = Done::open(done);
        let mut count = done.start();
        let skip = |reader: &mut Reader<'_>| Ok(reader.skip_frame(size, &mut count));
        // SAFETY: `r` is a reader that `sockutil_reader_init` made, or zeros, as the header demands.
        let result = unsafe { call_in_frame(&mut entered, timeout_ms, skip) }?;
        done.report(count);
        result.map(outcome::read)
    })
}

/// Drop all bytes up to and including the next newline.
///
/// For a line that is too long, or not wanted. *done counts the bytes dropped,
/// newline included: set it to 0 to start; it is true on every return. After
/// EAGAIN the same call goes on dropping the same line. done may be NULL.
/// Waiting and signals are as for sockutil_reader_line; setting a flag in a
/// handler does not end a wait. A SOCKUTIL_NOWAIT call ends after 256 KiB with
/// EAGAIN, although more may be queued: a peer that sends without end does not
/// hold up the caller. With edge-triggered epoll call again until *done stops
/// changing.
///
/// Returns 1, the newline was dropped; 0, end of stream after *done dropped
/// bytes; -1 with errno:
///   EAGAIN   timeout_ms ran out, or 256 KiB were dropped: call again
///   EINVAL   r is NULL or all zeros (not initialized), timeout_ms is below -1,
///            or sockutil_reader_skip_frame has not finished
///   EBADF    the descriptor is not open for reading
/// and the errors of recv(2) and read(2): ECONNRESET, ETIMEDOUT (the connection
/// is dead), ENOTCONN, ...
///
/// Async-signal-safe and thread-safe, with one reader in one thread at a time.
/// Source: POSIX recv, read, poll.
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_NONNULL((1))
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_reader_skip_line(
    r: Option<&mut sockutil_reader>,
    done: Option<&mut size_t>,
    timeout_ms: c_int,
) -> c_int {
    outcome::of(|| {
        let mut entered = enter(r)?;
        let done = Done::open(done);
        let mut count = done.start();
        // SAFETY: `r` is a reader that `sockutil_reader_init` made, or zeros, as the header demands.
        let result = unsafe { call(&mut entered, timeout_ms, |reader| Ok(reader.skip_line(&mut count))) }?;
        done.report(count);
        result.map(outcome::read)
    })
}

/// Take the bytes that EMSGSIZE has shown.
///
/// For the line that is longer than the memory: after sockutil_reader_line,
/// sockutil_reader_until or sockutil_reader_until_text has failed with EMSGSIZE,
/// this takes exactly the bytes that *line and *len show. They stay where they
/// are until the next call on the reader. What the next call returns is the
/// same line going on, even if that is only its newline. A delimiter of
/// several bytes may have begun in the bytes taken: if the next search is for
/// the same delimiter, it is found when its rest comes.
///
/// Returns the number of bytes taken, which is that *len; 0 if r is NULL, after
/// every other return, and if they were taken already. It cannot fail.
///
/// Async-signal-safe and thread-safe, with one reader in one thread at a time.
/// Source: none.
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_reader_take(r: Option<&mut sockutil_reader>) -> size_t {
    r.map_or(0, |r| {
        let mut state = r.state();
        let taken = state.take(r.end);
        r.keep(state);
        taken
    })
}

/// Return how many bytes a reader holds.
///
/// They have left the descriptor, so poll(2) cannot see them: in an event loop
/// call the reader until it returns EAGAIN, and only then wait.
///
/// Returns the number of bytes that were read and not returned yet; 0 if r is
/// NULL. It cannot fail.
///
/// Async-signal-safe and thread-safe, with one reader in one thread at a time.
/// Source: none.
/// cbindgen:postfix=SOCKUTIL_RESULT
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_reader_pending(r: Option<&sockutil_reader>) -> size_t {
    r.map_or(0, |r| r.end - r.start)
}

impl sockutil_reader {
    fn state(&self) -> State {
        State {
            start: self.start,
            searched: self.searched,
            marks: self.found,
            delimiter: self.delimiter,
            text: TextId { length: self.text_length, number: self.text_or_frame },
            matched: self.matched,
            covered: u8::try_from(self.covered).ok(),
            shown: self.shown != 0,
        }
    }

    /// The frame that is being dropped.
    fn skip(&self) -> Option<Skip> {
        let size = HeaderSize::from_bytes(self.frame_header.into())?;
        Some(Skip { size, header_left: self.frame_header_left, number: self.text_or_frame as u32 })
    }

    /// Stores the frame that is being dropped. Meanwhile no delimiter is searched for, so it takes that one's place.
    fn keep_skip(&mut self, skip: Option<Skip>) {
        self.frame_header = skip.map_or(0, |skip| skip.size.bytes() as u8);
        if let Some(skip) = skip {
            self.frame_header_left = skip.header_left;
            self.text_or_frame = skip.number as usize;
        }
    }

    fn keep(&mut self, state: State) {
        self.delimiter = state.delimiter;
        self.text_length = state.text.length;
        self.text_or_frame = state.text.number;
        self.matched = state.matched;
        self.shown = u8::from(state.shown);
        self.keep_places(state);
    }

    /// Stores what the fast path changes.
    fn keep_places(&mut self, state: State) {
        self.start = state.start;
        self.searched = state.searched;
        self.found = state.marks;
        self.covered = state.covered.map_or(UNCOVERED, i16::from);
    }
}

/// Returns the bytes up to a delimiter. Held bytes need neither the kernel nor
/// the clock: most calls on a busy stream take the fast path.
///
/// # Safety
/// As for [`call`].
#[inline(always)]
unsafe fn line_or_part(
    mut r: Option<&mut sockutil_reader>,
    delimiter: u8,
    mut place: Option<&mut MaybeUninit<*mut c_char>>,
    mut len: Option<&mut MaybeUninit<size_t>>,
    timeout_ms: c_int,
) -> c_int {
    // SAFETY: `r` is a reader that `sockutil_reader_init` made, or zeros, as this function requires.
    match unsafe { next_marked(r.as_deref_mut(), delimiter, place.as_deref_mut(), len.as_deref_mut(), timeout_ms) } {
        Some(()) => DONE,
        // SAFETY: `r` is a reader that `sockutil_reader_init` made, or zeros, as this function requires.
        None => unsafe { until_slow(r, delimiter, place, len, timeout_ms) },
    }
}

/// `line_or_part` for the rarer calls, which share its code.
///
/// # Safety
/// As for [`call`].
#[inline(never)]
unsafe fn part(
    r: Option<&mut sockutil_reader>,
    delimiter: u8,
    place: Option<&mut MaybeUninit<*mut c_char>>,
    len: Option<&mut MaybeUninit<size_t>>,
    timeout_ms: c_int,
) -> c_int {
    // SAFETY: as this function requires.
    unsafe { line_or_part(r, delimiter, place, len, timeout_ms) }
}

/// The fast path of `sockutil_reader_until_text`: the delimiter's last byte, if
/// the next mark ends the delimiter. Then a search for the byte alone is the
/// same.
///
/// # Safety
/// As for [`call`] and [`text_of`].
#[inline(always)]
unsafe fn marked_text(r: Option<&sockutil_reader>, delimiter: *const c_void, n: size_t) -> Option<u8> {
    let r = r?;
    if r.found == 0 || delimiter.is_null() || n > LONGEST {
        return None;
    }
    // SAFETY: not null, and readable for `n` bytes, as this function requires.
    let text = unsafe { slice::from_raw_parts(delimiter.cast(), n) };
    // SAFETY: a mark exists, so `State` promises it, and the calls that set it have checked the memory.
    unsafe { hint::assert_unchecked(r.start < r.searched && r.searched <= r.end && r.end < r.cap) };
    // SAFETY: a mark exists, so `sockutil_reader_init` ran, and earlier calls have written the first `end` bytes.
    let filled = unsafe { slice::from_raw_parts(r.mem.cast_const().cast(), r.end) };
    r.state().ends_next(filled, text)
}

/// The slow path of `sockutil_reader_until_text`.
///
/// # Safety
/// As for [`call`] and [`text_of`].
#[cold]
#[inline(never)]
unsafe fn text_slow(
    r: Option<&mut sockutil_reader>,
    delimiter: *const c_void,
    n: size_t,
    place: Option<&mut MaybeUninit<*mut c_char>>,
    len: Option<&mut MaybeUninit<size_t>>,
    timeout_ms: c_int,
) -> c_int {
    // SAFETY: as this function requires.
    let text = unsafe { text_of(delimiter, n) };
    let mut call = |reader: &mut Reader<'_>| reader.until_text(text.as_ref().ok_or(INVALID)?);
    // SAFETY: as this function requires.
    unsafe { item(r, place, len, timeout_ms, &mut call) }
}

/// The slow path of `line_or_part`: no mark for this delimiter, or a wrong
/// argument.
///
/// # Safety
/// As for [`call`].
#[cold]
#[inline(never)]
unsafe fn until_slow(
    r: Option<&mut sockutil_reader>,
    delimiter: u8,
    place: Option<&mut MaybeUninit<*mut c_char>>,
    len: Option<&mut MaybeUninit<size_t>>,
    timeout_ms: c_int,
) -> c_int {
    // SAFETY: `r` is a reader that `sockutil_reader_init` made, or zeros, as the header demands.
    unsafe { item(r, place, len, timeout_ms, &mut |reader| reader.until(delimiter)) }
}

/// The fast path: the next marked item, without a system call; `None` if there
/// is none, or an argument is wrong.
///
/// # Safety
/// As for [`call`].
#[inline(always)]
unsafe fn next_marked(
    r: Option<&mut sockutil_reader>,
    delimiter: u8,
    place: Option<&mut MaybeUninit<*mut c_char>>,
    len: Option<&mut MaybeUninit<size_t>>,
    timeout_ms: c_int,
) -> Option<()> {
    let (r, place, len) = (r?, place?, len?);
    if timeout_ms < FOREVER || r.found == 0 {
        return None;
    }
    // SAFETY: a mark exists, so `State` promises it, and the calls that set it have checked the memory.
    unsafe { hint::assert_unchecked(r.start < r.searched && r.searched <= r.end && r.end < r.cap) };
    // SAFETY: a mark exists, so `sockutil_reader_init` ran.
    let mut buffer = unsafe { held(r) };
    let mut state = r.state();
    let part = state.next(&mut buffer, delimiter)?;
    r.keep_places(state);
    hand_over(r, &part, place, len);
    Some(())
}

/// The held bytes, and the memory after them.
///
/// # Safety
/// `sockutil_reader_init` made the reader.
#[inline(always)]
unsafe fn held<'a>(r: &sockutil_reader) -> Buffer<'a> {
    // SAFETY: the caller of `sockutil_reader_init` gave it `cap` bytes at `mem`.
    let memory = unsafe { slice::from_raw_parts_mut(r.mem.cast(), r.cap) };
    // SAFETY: earlier calls have written the first `end` bytes.
    unsafe { Buffer::new(memory, r.end) }
}

/// Stores where a part of the held bytes lies, and its length.
#[inline(always)]
fn hand_over(
    r: &sockutil_reader,
    part: &Range<usize>,
    place: &mut MaybeUninit<*mut c_char>,
    len: &mut MaybeUninit<size_t>,
) {
    place.write(r.mem.wrapping_add(part.start));
    len.write(part.end - part.start);
}

/// The fast path of `sockutil_reader_frame`: a frame that is held as a whole,
/// after another one; `None` if there is none, or an argument is wrong. (While
/// a frame is being dropped, no NUL covers a byte, so there is none either.)
///
/// # Safety
/// As for [`call`].
#[inline(always)]
unsafe fn held_frame(
    r: Option<&mut sockutil_reader>,
    header_bytes: c_int,
    place: Option<&mut MaybeUninit<*mut c_char>>,
    len: Option<&mut MaybeUninit<size_t>>,
    timeout_ms: c_int,
) -> Option<()> {
    let (r, place, len) = (r?, place?, len?);
    if timeout_ms < FOREVER || r.start >= r.end {
        return None;
    }
    let size = HeaderSize::from_bytes(header_bytes)?;
    // SAFETY: bytes are held, so `sockutil_reader_init` ran; each call leaves room for a NUL after them.
    unsafe { hint::assert_unchecked(r.end < r.cap) };
    // SAFETY: bytes are held, so `sockutil_reader_init` ran.
    let mut buffer = unsafe { held(r) };
    let mut state = r.state();
    let body = state.next_frame(&mut buffer, size)?;
    state.shown = false;
    r.keep(state);
    hand_over(r, &body, place, len);
    Some(())
}

/// The slow path of `sockutil_reader_frame`: the frame is not held yet, or an
/// argument is wrong.
///
/// # Safety
/// As for [`call`].
#[cold]
#[inline(never)]
unsafe fn frame_slow(
    r: Option<&mut sockutil_reader>,
    header_bytes: c_int,
    place: Option<&mut MaybeUninit<*mut c_char>>,
    len: Option<&mut MaybeUninit<size_t>>,
    timeout_ms: c_int,
) -> c_int {
    let mut call = |reader: &mut Reader<'_>| reader.frame(HeaderSize::from_bytes(header_bytes).ok_or(INVALID)?);
    // SAFETY: `r` is a reader that `sockutil_reader_init` made, or zeros, as the header demands.
    unsafe { item(r, place, len, timeout_ms, &mut call) }
}

/// A reader at the start of a call.
struct Entered<'a> {
    r: &'a mut sockutil_reader,
    /// Whether the call before has shown what it left held.
    shown: bool,
}

impl Entered<'_> {
    /// Refuses a reader that is not initialized, or that is dropping a frame.
    fn check(&self) -> Result<(), Errno> {
        if self.r.mem.is_null() || self.r.frame_header != 0 { Err(INVALID) } else { Ok(()) }
    }
}

/// Starts a call other than `sockutil_reader_take`, before its arguments are checked: what an earlier one has shown can
/// no longer be taken.
fn enter(r: Option<&mut sockutil_reader>) -> Result<Entered<'_>, Errno> {
    let r = r.ok_or(INVALID)?;
    let shown = mem::take(&mut r.shown) != 0;
    Ok(Entered { r, shown })
}

/// Runs one call on a reader, and stores its new state, on failure too. While a frame is being dropped it is refused: it
/// would take bytes from the middle of that.
///
/// # Safety
/// As for [`call_in_frame`].
unsafe fn call<T>(
    entered: &mut Entered<'_>,
    timeout_ms: c_int,
    function: impl FnMut(&mut Reader<'_>) -> Result<T, Errno>,
) -> Result<T, Errno> {
    entered.check()?;
    // SAFETY: as this function requires.
    unsafe { call_in_frame(entered, timeout_ms, function) }
}

/// As [`call`], also while a frame is being dropped.
///
/// # Safety
/// Unless it is null, `r` points to a reader that
/// `sockutil_reader_init` made, or to zeros; nothing else uses it.
unsafe fn call_in_frame<T>(
    entered: &mut Entered<'_>,
    timeout_ms: c_int,
    mut function: impl FnMut(&mut Reader<'_>) -> Result<T, Errno>,
) -> Result<T, Errno> {
    let mut result = Err(INVALID);
    // SAFETY: as this function requires.
    unsafe { run(entered, timeout_ms, &mut |reader| result = function(reader)) }?;
    result
}

/// The part of a call that is the same for all: not generic, so that the library has it once.
///
/// # Safety
/// As for [`call_in_frame`].
#[inline(never)]
unsafe fn run(
    entered: &mut Entered<'_>,
    timeout_ms: c_int,
    function: &mut dyn FnMut(&mut Reader<'_>),
) -> Result<(), Errno> {
    let r = &mut *entered.r;
    let limit = Limit::from_ms(timeout_ms)?;
    // SAFETY: the caller gave `cap` bytes at `mem` to `sockutil_reader_init`, for as long as the reader is used.
    let memory = unsafe { check::text(r.mem.cast(), r.cap) }?;
    // SAFETY: earlier calls have written the first `end` bytes.
    let buffer = unsafe { Buffer::new(memory, r.end) };
    let before = State { shown: entered.shown, ..r.state() };
    let mut reader = Reader::new(r.fd, limit, buffer, before, r.may_be_socket != 0);
    reader.skip = r.skip();
    function(&mut reader);
    let (state, end, may_be_socket, skip) = (reader.state, reader.buffer.len(), reader.may_be_socket(), reader.skip);
    r.keep(state);
    r.keep_skip(skip);
    r.end = end;
    r.may_be_socket = u8::from(may_be_socket);
    Ok(())
}

/// A delimiter of several bytes. It is copied before the reader's memory is used, in which it may lie.
///
/// # Safety
/// Unless it is null, `start` is readable for `n` bytes.
unsafe fn text_of(start: *const c_void, n: size_t) -> Option<Text> {
    if start.is_null() || n > LONGEST {
        return None;
    }
    // SAFETY: not null, and readable for `n` bytes, as this function requires; C has no uninitialized bytes in a text.
    Text::new(unsafe { slice::from_raw_parts(start.cast(), n) })
}

/// Runs a call that shows a part of the reader's memory. Not generic: each copy would cost half a kilobyte.
///
/// # Safety
/// As for [`call`].
#[inline(never)]
unsafe fn item(
    r: Option<&mut sockutil_reader>,
    place: Option<&mut MaybeUninit<*mut c_char>>,
    len: Option<&mut MaybeUninit<size_t>>,
    timeout_ms: c_int,
    function: &mut dyn FnMut(&mut Reader<'_>) -> Result<Item, Errno>,
) -> c_int {
    outcome::of(|| {
        let entered = enter(r);
        // On failure nothing is shown, not even if one of the two is NULL.
        let place = place.map(|place| place.write(ptr::null_mut()));
        let len = len.map(|len| len.write(0));
        let (place, len) = (place.ok_or(INVALID)?, len.ok_or(INVALID)?);
        let mut entered = entered?;
        // SAFETY: `r` is a reader that `sockutil_reader_init` made, or zeros, as this function requires.
        let item = unsafe { call(&mut entered, timeout_ms, function) }?;
        let mut publish = |part: Range<usize>| {
            *place = entered.r.mem.wrapping_add(part.start);
            *len = part.len();
        };
        match item {
            Item::Whole(part) => {
                publish(part);
                Ok(DONE)
            }
            Item::Rest(part) => {
                publish(part);
                Ok(END)
            }
            Item::TooLong(part) => {
                publish(part);
                Err(Errno(libc::EMSGSIZE))
            }
            Item::TooLongBody(length) => {
                *len = length;
                Err(Errno(libc::EMSGSIZE))
            }
        }
    })
}
