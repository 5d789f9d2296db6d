//! Whole transfers: as many bytes as were asked for, however the kernel cuts them.

#![allow(clippy::inline_always, reason = "with opt-level \"s\", each of these would be a call more for each transfer")]

use errno::Errno;

use crate::channel::Channel;
use crate::sys::{Buffer, Bytes, IoSlice};

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
pub fn read_full<const OWN: bool>(channel: &mut Channel<OWN>, buffer: &mut Buffer<'_>) -> Result<Read, Errno> {
    while buffer.room() > 0 {
        if channel.read(buffer, usize::MAX)? == 0 {
            return Ok(Read::End);
        }
        if buffer.room() > 0 {
            channel.check_time()?;
        }
    }
    Ok(Read::Done)
}

/// Sends all bytes from `done` on, and keeps the count there.
#[inline(always)]
pub fn write_full<const OWN: bool>(
    channel: &mut Channel<OWN>,
    bytes: Bytes<'_>,
    done: &mut usize,
) -> Result<(), Errno> {
    send_all(channel, bytes.len(), done, |channel, done| channel.write(bytes.get(done..).unwrap_or_default()))
}

/// Sends all bytes of all slices from `done` on, and keeps the count there.
pub fn writev_full(channel: &mut Channel, slices: &[IoSlice<'_>], done: &mut usize) -> Result<(), Errno> {
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
fn send_all<const OWN: bool>(
    channel: &mut Channel<OWN>,
    total: usize,
    done: &mut usize,
    mut send: impl FnMut(&mut Channel<OWN>, usize) -> Result<usize, Errno>,
) -> Result<(), Errno> {
    while *done < total {
        *done = done.saturating_add(send(channel, *done)?).min(total);
        if *done < total {
            channel.check_time()?;
        }
    }
    Ok(())
}
