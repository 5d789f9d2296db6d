//! Whole transfers: all requested bytes, however the kernel cuts them.

#![allow(clippy::inline_always, reason = "with opt-level \"s\", each of these would be a call more for each transfer")]

use errno::Errno;

use crate::channel::{Channel, Direction, Limited};
use crate::memory::{Buffer, Bytes, IOV_MAX, IoSlice};

/// How reading ends when it does not fail.
#[derive(Clone, Copy)]
pub enum Read {
    /// With all requested bytes.
    Done,
    /// With the end of the stream.
    End,
}

/// Fills the buffer.
#[inline(always)]
pub fn read_full(channel: &mut impl Channel, buffer: &mut Buffer<'_>) -> Result<Read, Errno> {
    if buffer.room() == 0 {
        channel.check(Direction::In)?;
    }
    while buffer.room() > 0 {
        if channel.read(buffer, usize::MAX)? == 0 {
            return Ok(Read::End);
        }
        if buffer.room() > 0 {
            channel.go_on()?;
        }
    }
    Ok(Read::Done)
}

/// Appends what is there, at least one byte, and returns how many: 0 is the end of the stream.
pub fn read_some(channel: &mut impl Channel, buffer: &mut Buffer<'_>) -> Result<usize, Errno> {
    channel.read(buffer, usize::MAX)
}

/// Sends all bytes from `done` on, and keeps the count there.
#[inline(always)]
pub fn write_full(channel: &mut impl Channel, bytes: Bytes<'_>, done: &mut usize) -> Result<(), Errno> {
    send_all(channel, bytes.len(), done, |channel, done| channel.write(bytes.get(done..).unwrap_or_default()))
}

/// Sends all bytes of all slices from `done` on, and keeps the count there.
pub fn writev_full(channel: &mut Limited, slices: &[IoSlice<'_>], done: &mut usize) -> Result<(), Errno> {
    let total = slices.iter().map(|slice| slice.bytes().len()).sum();
    let mut cursor = Cursor { rest: slices, before: 0 };
    send_all(channel, total, done, |channel, done| {
        cursor.go_to(done);
        let gone = done - cursor.before;
        match cursor.rest.first() {
            // The caller's array is used unchanged, except a slice that is partly sent: its rest is sent alone.
            Some(first) if gone > 0 => channel.write(first.bytes().get(gone..).unwrap_or_default()),
            _ => channel.writev(cursor.rest.get(..IOV_MAX).unwrap_or(cursor.rest)),
        }
    })
}

/// A transfer's position in its slices. It only goes forward, so that many slices cost linear time.
struct Cursor<'a> {
    /// The slices that are not sent completely.
    rest: &'a [IoSlice<'a>],
    /// The number of bytes in the others.
    before: usize,
}

impl Cursor<'_> {
    /// Goes to the slice that holds the byte of this index: it is not empty.
    fn go_to(&mut self, index: usize) {
        while let Some((first, others)) = self.rest.split_first() {
            let end = self.before + first.bytes().len();
            if index < end {
                break;
            }
            self.before = end;
            self.rest = others;
        }
    }
}

/// Repeats `send`, which sends some of what follows the bytes that are done, until `total` are.
#[inline(always)]
fn send_all<C: Channel>(
    channel: &mut C,
    total: usize,
    done: &mut usize,
    mut send: impl FnMut(&mut C, usize) -> Result<usize, Errno>,
) -> Result<(), Errno> {
    if total == 0 {
        channel.check(Direction::Out)?;
    }
    while *done < total {
        *done += send(channel, *done)?;
        debug_assert!(*done <= total);
        if *done < total {
            channel.go_on()?;
        }
    }
    Ok(())
}
