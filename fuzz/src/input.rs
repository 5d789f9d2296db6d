//! An input of the fuzzer: bytes to be read or written, then bytes that choose the calls.

/// The control bytes, taken from the end, so that a byte inserted into the content moves none of them.
pub struct Control<'a>(&'a [u8]);

impl<'a> Control<'a> {
    /// Splits off the end: as many bytes as the last one says.
    pub fn split(input: &'a [u8]) -> Option<(&'a [u8], Self)> {
        let (last, rest) = input.split_last()?;
        let (content, control) = rest.split_at(rest.len().saturating_sub((*last).into()));
        Some((content, Self(control)))
    }

    /// The next byte, and in the end zeros.
    pub fn byte(&mut self) -> usize {
        self.more().unwrap_or(0)
    }

    /// The next byte.
    pub fn more(&mut self) -> Option<usize> {
        let (last, rest) = self.0.split_last()?;
        self.0 = rest;
        Some((*last).into())
    }

    /// A size: mostly as the byte says, with the largest also around what the library treats differently: a first look
    /// of 2048 bytes, a second one of four times as many, bodies of more than 2048 bytes.
    pub fn size(&mut self) -> usize {
        match self.byte() {
            byte @ 0..=191 => byte,
            byte @ 192..=207 => 2040 + byte - 192,
            byte @ 208..=223 => 2048 + 8192 + byte - 216,
            byte @ 224..=239 => 250 + byte - 224,
            byte => (byte - 239) * 300,
        }
    }
}

/// The content, each byte so many times: a short input makes a long line.
pub fn stretched(content: &[u8], times: usize) -> Vec<u8> {
    let longest = content.len() * times;
    let mut bytes = Vec::with_capacity(longest);
    for byte in content {
        // A line of one byte alone could lose some unseen. Newlines stay what they are: few.
        let run = (0..times).map(|n| if *byte == b'\n' { *byte } else { byte.wrapping_add((n % 251) as u8) });
        let length = if *byte == b'\n' { 1 } else { times };
        bytes.extend(run.take(length));
    }
    bytes
}
