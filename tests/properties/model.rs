//! The answers that the calls must give, only from the input and the contract.

use libc::{EINVAL, EMSGSIZE, c_int};

/// The outputs of a call beside its answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Shown {
    /// Bytes, with a NUL after them for a line or a frame.
    Bytes(Vec<u8>),
    /// The length of a body that does not fit, and a null pointer.
    Announced(usize),
    /// A count.
    Count(usize),
    /// Nothing: the arguments were refused.
    Nothing,
}

/// How a call ends, other than with EAGAIN.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    pub answer: i64,
    /// 0 on success.
    pub errno: c_int,
    pub shown: Shown,
    /// The bytes of the stream that it returns or drops.
    pub consumed: usize,
}

impl Outcome {
    fn new(answer: i64, shown: Shown, consumed: usize) -> Self {
        Self { answer, errno: 0, shown, consumed }
    }

    pub fn failure(errno: c_int, shown: Shown, consumed: usize) -> Self {
        Self { answer: -1, errno, shown, consumed }
    }
    /// `sockutil_reader_take`, when the last call has shown so many bytes and kept them.
    pub fn take(shown: usize) -> Self {
        Self::new(shown as i64, Shown::Count(shown), shown)
    }
}

/// The bytes of a stream that have come and were not returned yet.
#[derive(Clone, Copy)]
pub struct Rest<'a> {
    pub bytes: &'a [u8],
    /// Nothing more will come.
    pub ended: bool,
}

impl Rest<'_> {
    fn first(&self, n: usize) -> Shown {
        Shown::Bytes(self.bytes[..n].to_vec())
    }

    fn all(&self) -> Shown {
        self.first(self.bytes.len())
    }

    /// The number of bytes up to and including a byte, if that is within `most`.
    fn through(&self, byte: u8, most: usize) -> Option<usize> {
        // A plain loop: without an optimizer it is ten times as fast as an iterator, and most of the time passes here.
        let (mut n, end) = (0, most.min(self.bytes.len()));
        while n < end {
            n += 1;
            if self.bytes[n - 1] == byte {
                return Some(n);
            }
        }
        None
    }

    /// `sockutil_reader_line` and `sockutil_reader_until`. `None`: it needs more bytes to answer.
    pub fn reader_until(self, delimiter: u8, cap: usize) -> Option<Outcome> {
        match self.through(delimiter, cap - 1) {
            Some(n) => Some(Outcome::new(1, self.first(n), n)),
            None if self.bytes.len() >= cap - 1 => Some(Outcome::failure(EMSGSIZE, self.first(cap - 1), 0)),
            None if self.ended => Some(Outcome::new(0, self.all(), self.bytes.len())),
            None => None,
        }
    }

    /// `sockutil_reader_until_text`, when these bytes of the same item were taken before.
    pub fn reader_until_text(self, delimiter: &[u8], cap: usize, taken: &[u8]) -> Option<Outcome> {
        if delimiter.len() > cap - 1 {
            return Some(Outcome::failure(EINVAL, Shown::Nothing, 0));
        }
        let most = self.bytes.len().min(cap - 1);
        // As many of the taken bytes as may belong to the delimiter.
        let before = &taken[taken.len().saturating_sub(delimiter.len() - 1)..];
        let (line, fewest) = ([before, &self.bytes[..most]].concat(), delimiter.len().max(before.len() + 1));
        match (fewest..=line.len()).find(|end| line[end - delimiter.len()..*end] == *delimiter) {
            Some(end) => Some(Outcome::new(1, self.first(end - before.len()), end - before.len())),
            None if most == cap - 1 => Some(Outcome::failure(EMSGSIZE, self.first(cap - 1), 0)),
            None if self.ended => Some(Outcome::new(0, self.all(), self.bytes.len())),
            None => None,
        }
    }

    /// `sockutil_reader_frame`.
    pub fn reader_frame(self, header: usize, cap: usize) -> Option<Outcome> {
        if header > cap - 1 {
            return Some(Outcome::failure(EINVAL, Shown::Nothing, 0));
        }
        if self.bytes.len() >= header {
            let body = self.bytes[..header].iter().fold(0, |sum, byte| sum * 256 + usize::from(*byte));
            if body > cap - 1 - header {
                return Some(Outcome::failure(EMSGSIZE, Shown::Announced(body), 0));
            }
            if self.bytes.len() >= header + body {
                return Some(Outcome::new(1, Shown::Bytes(self.bytes[header..header + body].to_vec()), header + body));
            }
        }
        if self.ended { Some(Outcome::new(0, self.all(), self.bytes.len())) } else { None }
    }

    /// `sockutil_reader_skip_frame`.
    pub fn skip_frame(self, header: usize) -> Option<Outcome> {
        if self.bytes.len() >= header {
            let body = self.bytes[..header].iter().fold(0, |sum, byte| sum * 256 + usize::from(*byte));
            if self.bytes.len() - header >= body {
                return Some(Outcome::new(1, Shown::Count(header + body), header + body));
            }
        }
        let all = self.bytes.len();
        if self.ended { Some(Outcome::new(0, Shown::Count(all), all)) } else { None }
    }

    /// `sockutil_reader_read_some`, of a reader that holds so many bytes. If it holds none, all bytes are queued.
    pub fn read_some(self, n: usize, held: usize) -> Option<Outcome> {
        let there = if held > 0 { held } else { self.bytes.len() };
        match there.min(n) {
            0 if self.ended => Some(Outcome::new(0, self.first(0), 0)),
            0 => None,
            count => Some(Outcome::new(1, self.first(count), count)),
        }
    }

    /// `sockutil_reader_skip_line`.
    pub fn skip_line(self) -> Option<Outcome> {
        match self.through(b'\n', usize::MAX) {
            Some(n) => Some(Outcome::new(1, Shown::Count(n), n)),
            None if self.ended => Some(Outcome::new(0, Shown::Count(self.bytes.len()), self.bytes.len())),
            None => None,
        }
    }

    /// `sockutil_read_full` and `sockutil_reader_read_full`.
    pub fn read_full(self, n: usize) -> Option<Outcome> {
        if self.bytes.len() >= n {
            Some(Outcome::new(1, self.first(n), n))
        } else if self.ended {
            Some(Outcome::new(0, self.all(), self.bytes.len()))
        } else {
            None
        }
    }

    /// `sockutil_read_line`.
    pub fn read_line(self, cap: usize) -> Option<Outcome> {
        match self.through(b'\n', cap - 1) {
            Some(n) => Some(Outcome::new(1, self.first(n), n)),
            None if self.bytes.len() >= cap - 1 => Some(Outcome::failure(EMSGSIZE, self.first(cap - 1), cap - 1)),
            None if self.ended => Some(Outcome::new(0, self.all(), self.bytes.len())),
            None => None,
        }
    }

    /// `sockutil_readline`.
    pub fn readline(self, maxlen: usize) -> Option<Outcome> {
        let stored = match self.through(b'\n', maxlen - 1) {
            Some(n) => n,
            None if self.bytes.len() >= maxlen - 1 => maxlen - 1,
            None if self.ended => self.bytes.len(),
            None => return None,
        };
        Some(Outcome::new(stored as i64, self.first(stored), stored))
    }

    /// `sockutil_readn`.
    pub fn readn(self, n: usize) -> Option<Outcome> {
        let stored = n.min(self.bytes.len());
        if stored == n || self.ended { Some(Outcome::new(stored as i64, self.first(stored), stored)) } else { None }
    }
}

/// What a call of the buffered reader means for the line that an earlier one has shown.
#[derive(Clone, Copy)]
pub enum Call<'a> {
    /// A search for a delimiter of several bytes.
    Text(&'a [u8]),
    Take,
    /// Held bytes come first.
    Copy,
    /// A line into the caller's memory.
    Line,
    Frame,
    Other,
}

/// The line that is too long, of which the buffered reader has shown a part.
#[derive(Default)]
pub struct Taken {
    /// The delimiter of several bytes that it goes on to.
    delimiter: Vec<u8>,
    /// The bytes of it that were taken.
    before: Vec<u8>,
    /// The bytes that the last call has shown and kept.
    shown: Vec<u8>,
}

impl Taken {
    /// How many bytes can be taken.
    pub fn shown(&self) -> usize {
        self.shown.len()
    }

    /// A call has returned, and shows nothing.
    pub fn shows_nothing(&mut self) {
        self.shown.clear();
    }

    /// What was taken of an item up to this delimiter.
    pub fn of(&self, delimiter: &[u8]) -> &[u8] {
        if self.delimiter == delimiter { &self.before } else { &[] }
    }

    /// A call has ended, other than with EAGAIN.
    pub fn note(&mut self, call: Call<'_>, shown: &Shown, errno: c_int) {
        let last = std::mem::take(&mut self.shown);
        if let (Shown::Bytes(bytes), EMSGSIZE, Call::Text(_) | Call::Other) = (shown, errno, call) {
            self.shown.clone_from(bytes);
        }
        match (call, shown) {
            (Call::Text(delimiter), _) if errno == EMSGSIZE => {
                if self.delimiter != delimiter {
                    *self = Self { delimiter: delimiter.to_vec(), before: Vec::new(), shown: self.shown.clone() };
                }
            }
            // Nothing happened, or it took nothing.
            (_, _) if errno == EINVAL => {}
            (Call::Frame, _) if errno == EMSGSIZE => {}
            (Call::Take, _) => self.before.extend(last),
            // Exactly what was shown is as good as taken.
            (Call::Copy, Shown::Bytes(bytes)) if !last.is_empty() && *bytes == last => self.before.extend(last),
            _ => (self.delimiter, self.before) = (Vec::new(), Vec::new()),
        }
    }
}
