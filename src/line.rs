//! Lines straight from a descriptor, without a byte past the newline: look into the queue, then take what belongs to
//! the line.

use errno::Errno;

use crate::channel::Channel;
use crate::memory::{self, Buffer};

/// The first look into the queue. Most lines end within it, and each look copies all it sees.
const FIRST_LOOK: usize = 2048;

/// How many bytes that come one by one are read between two looks at the clock.
const BYTES_PER_TRY: usize = 4096;

/// How reading a line ends when it does not fail.
pub enum Line {
    /// With the newline.
    Whole,
    /// With no room left before it.
    Cut,
    /// With the end of the stream.
    End,
}

/// Appends to the buffer, which has room for one byte and a NUL, what is missing of a line. The NUL is put behind it
/// on failure too.
pub fn read_line(channel: &mut impl Channel, buffer: &mut Buffer<'_>) -> Result<Line, Errno> {
    let result = fill(channel, buffer);
    buffer.terminate();
    result
}

fn fill(channel: &mut impl Channel, buffer: &mut Buffer<'_>) -> Result<Line, Errno> {
    let mut look = Some(FIRST_LOOK);
    loop {
        let room = buffer.room() - 1;
        let take = match look {
            Some(most) => match channel.peek(buffer, most.min(room)) {
                Ok(0) => return Ok(Line::End),
                Ok(seen) => {
                    if seen == most {
                        look = Some(most * 4);
                    }
                    memory::position(b'\n', buffer.ahead(seen)).map_or(seen, |index| index + 1)
                }
                // A pipe, a terminal, a file, or a socket without MSG_PEEK: only byte by byte does the rest stay there.
                Err(Errno(libc::ENOTSOCK | libc::EOPNOTSUPP)) => {
                    look = None;
                    1
                }
                Err(e) => return Err(e),
            },
            None => 1,
        };
        // Taken with a copy, although MSG_TRUNC would spare it: another reader may have been here since the look, and
        // what counts is what this call takes.
        if channel.read(buffer, take)? == 0 {
            return Ok(Line::End);
        }
        if buffer.last() == Some(b'\n') {
            return Ok(Line::Whole);
        }
        if buffer.room() <= 1 {
            return Ok(Line::Cut);
        }
        // Byte by byte, this many are one try: each look at the clock would cost as much as a byte.
        if look.is_some() || buffer.len() % BYTES_PER_TRY == 0 {
            channel.go_on()?;
        }
    }
}

/// The length of a line without its "\n" or "\r\n".
pub fn chomped(line: &[u8]) -> usize {
    let Some(text) = line.strip_suffix(b"\n") else {
        return line.len();
    };
    text.strip_suffix(b"\r").unwrap_or(text).len()
}
