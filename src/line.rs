//! Lines directly from a descriptor, without a byte past the newline: peek into the queue, then take the bytes of the
//! line.

use errno::Errno;

use crate::channel::Channel;
use crate::memory::{self, Buffer};

/// The size of the first peek. Most lines end within it, and each peek copies all bytes it sees.
const FIRST_LOOK: usize = 2048;

/// The number of single bytes that are read before the clock is checked again.
const BYTES_PER_TRY: usize = 4096;

/// How reading a line ends when it does not fail.
#[derive(Clone, Copy)]
pub enum Line {
    /// With the newline.
    Whole,
    /// With no room left before it.
    Cut,
    /// With the end of the stream.
    End,
}

/// Appends the rest of a line to the buffer, which has room for one byte and a NUL. Adds the NUL on failure too.
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
                // A pipe, a terminal, a file, or a socket without MSG_PEEK: read byte by byte, so that the rest stays
                // there.
                Err(Errno(libc::ENOTSOCK | libc::EOPNOTSUPP)) => {
                    look = None;
                    1
                }
                Err(e) => return Err(e),
            },
            None => 1,
        };
        // This copies, although MSG_TRUNC would avoid it: another reader may have taken bytes since the peek, and only
        // the bytes that this call takes count.
        if channel.read(buffer, take)? == 0 {
            return Ok(Line::End);
        }
        if buffer.last() == Some(b'\n') {
            return Ok(Line::Whole);
        }
        if buffer.room() <= 1 {
            return Ok(Line::Cut);
        }
        // So many single bytes are one try: the clock costs as much as a byte.
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
