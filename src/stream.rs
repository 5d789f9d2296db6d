//! Whole transfers: as many bytes as were asked for, however the kernel cuts them.

#![allow(clippy::inline_always, reason = "with opt-level \"s\", each of these would be a call more for each transfer")]

use errno::Errno;

use crate::channel::{Channel, Direction, Limited};
use crate::memory::{Buffer, Bytes, IoSlice};

/// How reading ends when it does not fail.
#[derive(Clone, Copy)]
pub enum Read {
    /// With all that was asked for.
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

/// Sends all bytes from `done` on, and keeps the count there.
#[inline(always)]
pub fn write_full(channel: &mut impl Channel, bytes: Bytes<'_>, done: &mut usize) -> Result<(), Errno> {
    send_all(channel, bytes.len(), done, |channel, done| channel.write(bytes.get(done..).unwrap_or_default()))
}

/// Sends all bytes of all slices from `done` on, and keeps the count there.
pub fn writev_full(channel: &mut Limited, slices: &[IoSlice<'_>], done: &mut usize) -> Result<(), Errno> {
    let total = slices.iter().fold(0, |sum: usize, slice| sum.saturating_add(slice.bytes().len()));
    send_all(channel, total, done, |channel, done| {
        let mut skip = done;
        let mut rest = slices;
        while let Some((first, others)) = rest.split_first() {
            match first.bytes().get(skip..) {
                None | Some([]) => skip = skip.saturating_sub(first.bytes().len()),
                // The caller's array serves as it is, unless a slice has gone in part: its rest goes by itself then.
                Some(_) if skip == 0 => return channel.writev(rest),
                Some(bytes) => return channel.write(bytes),
            }
            rest = others;
        }
        Ok(0)
    })
}

/// Repeats `send`, which sends some of what follows the bytes that are done, until `total` are.
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
