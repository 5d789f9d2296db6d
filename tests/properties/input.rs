//! The input of a stream: lines, frames and single bytes, with lengths and contents that make mistakes likely.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::kit::pattern;

/// A length, relative to the size it is compared with.
#[derive(Clone, Copy, Debug)]
pub enum Length {
    /// So many bytes.
    Of(usize),
    /// About as many as the memory has: the `usize` is 3 above the difference.
    Memory(usize),
    /// About as many as a stateless line's first peek.
    Look(usize),
    /// About as many as its second.
    SecondLook(usize),
}

impl Length {
    pub fn bytes(self, memory: usize) -> usize {
        let near = |middle: usize, by: usize| (middle + by).saturating_sub(3);
        match self {
            Self::Of(n) => n,
            Self::Memory(by) => near(memory, by),
            Self::Look(by) => near(2048, by),
            Self::SecondLook(by) => near(2048 + 8192, by),
        }
    }
}

pub fn length() -> impl Strategy<Value = Length> {
    prop_oneof![
        6 => (0..6_usize).prop_map(Length::Of),
        5 => (0..6_usize).prop_map(Length::Memory),
        4 => (6..300_usize).prop_map(Length::Of),
        1 => (0..6_usize).prop_map(Length::Look),
        1 => prop_oneof![3 => (300..5000_usize).prop_map(Length::Of), 1 => (0..6_usize).prop_map(Length::SecondLook)],
    ]
}

/// The capacity of a buffer, or of a reader's memory.
pub fn capacity() -> impl Strategy<Value = usize> {
    prop_oneof![
        4 => select(vec![2, 3, 4, 5, 6, 7]),
        4 => 8..300_usize,
        2 => select(vec![16, 64, 255, 256, 257, 258, 2047, 2048, 2049, 4096]),
    ]
}

/// Bytes with a special meaning.
pub fn byte() -> impl Strategy<Value = u8> {
    prop_oneof![
        3 => Just(b'\n'),
        2 => Just(0),
        2 => Just(b'\r'),
        2 => select(vec![1, 2, 3, 5, 0xFF, b'N', b'x']),
        1 => any::<u8>(),
    ]
}

/// The parts of a text, without a newline.
#[derive(Clone, Copy, Debug)]
pub enum Fill {
    Pattern,
    Only(u8),
}

impl Fill {
    pub fn bytes(self, n: usize) -> Vec<u8> {
        match self {
            Self::Pattern => pattern(n),
            Self::Only(byte) => vec![byte; n],
        }
    }
}

pub fn fill() -> impl Strategy<Value = Fill> {
    prop_oneof![
        2 => Just(Fill::Pattern),
        1 => select(vec![0, b'\r', 0xFF, b'x', 1, 2]).prop_map(Fill::Only),
    ]
}

#[derive(Clone, Debug)]
pub enum Piece {
    /// A line of so many bytes, newline included.
    Line(Length, Fill),
    /// A frame: the bytes of its header, and its length with it.
    Frame(usize, Length, Fill),
    /// Text without a newline, so part of the next line.
    Text(Length, Fill),
    /// Anything.
    Bytes(Vec<u8>),
}

impl Piece {
    pub fn bytes(&self, memory: usize) -> Vec<u8> {
        match self {
            Self::Line(length, fill) => {
                let mut line = fill.bytes(length.bytes(memory).saturating_sub(1));
                line.push(b'\n');
                line
            }
            Self::Frame(header, length, fill) => {
                let most = if *header == 1 { 255 } else { 65_535 };
                let body = length.bytes(memory).saturating_sub(*header).min(most);
                frame(*header, &fill.bytes(body)).expect("its length was made to fit its header")
            }
            Self::Text(length, fill) => fill.bytes(length.bytes(memory)),
            Self::Bytes(bytes) => bytes.clone(),
        }
    }
}

/// A frame on the wire. `None` if the header cannot count the body.
pub fn frame(header: usize, body: &[u8]) -> Option<Vec<u8>> {
    let length = body.len() as u64;
    if length >> (8 * header) != 0 {
        return None;
    }
    let mut bytes: Vec<u8> = (0..header).rev().map(|place| (length >> (8 * place)) as u8).collect();
    bytes.extend(body);
    Some(bytes)
}

fn piece() -> impl Strategy<Value = Piece> {
    prop_oneof![
        4 => (length(), fill()).prop_map(|(length, fill)| Piece::Line(length, fill)),
        4 => (select(vec![1, 2, 4]), length(), fill()).prop_map(|(header, length, fill)| Piece::Frame(header, length, fill)),
        1 => (length(), fill()).prop_map(|(length, fill)| Piece::Text(length, fill)),
        2 => vec(byte(), 0..20).prop_map(Piece::Bytes),
    ]
}

/// A stream of pieces, the last one cut short.
#[derive(Clone, Debug)]
pub struct Input {
    pieces: Vec<Piece>,
    missing: usize,
}

impl Input {
    /// Its bytes, and where each piece starts.
    pub fn bytes(&self, memory: usize) -> (Vec<u8>, Vec<(usize, &Piece)>) {
        let mut bytes = Vec::new();
        let mut starts = Vec::new();
        for piece in &self.pieces {
            starts.push((bytes.len(), piece));
            bytes.extend(piece.bytes(memory));
        }
        bytes.truncate(bytes.len().saturating_sub(self.missing));
        (bytes, starts)
    }
}

pub fn input() -> impl Strategy<Value = Input> {
    let missing = prop_oneof![3 => Just(0), 2 => 1..6_usize];
    (vec(piece(), 0..10), missing).prop_map(|(pieces, missing)| Input { pieces, missing })
}

/// Sizes that are used one after the other, again and again.
pub type Sizes = Vec<usize>;

/// The pieces in which a stream arrives, leaves, or is peeked: from byte by byte to all at once.
pub fn sizes() -> impl Strategy<Value = Sizes> {
    prop_oneof![
        2 => Just(vec![usize::MAX]),
        1 => Just(vec![1]),
        2 => vec(1..5_usize, 1..5),
        3 => vec(1..200_usize, 1..5),
        2 => vec(1..5000_usize, 1..5),
    ]
}

/// Which threads get a signal every millisecond.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Storm {
    None,
    Here,
    There,
    Everywhere,
}

impl Storm {
    /// Runs the test's own side.
    pub fn here<T>(self, call: impl FnOnce() -> T) -> T {
        match self {
            Self::Here | Self::Everywhere => crate::kit::in_a_storm(call),
            Self::None | Self::There => call(),
        }
    }

    /// Runs the side of the thread that the test has started.
    pub fn there<T>(self, call: impl FnOnce() -> T) -> T {
        match self {
            Self::There | Self::Everywhere => crate::kit::in_a_storm(call),
            Self::None | Self::Here => call(),
        }
    }
}

pub fn storm() -> impl Strategy<Value = Storm> {
    prop_oneof![
        4 => Just(Storm::None),
        1 => Just(Storm::Here),
        1 => Just(Storm::There),
        1 => Just(Storm::Everywhere),
    ]
}

/// Timeouts that are used one after the other, again and again.
pub fn timeouts() -> impl Strategy<Value = Vec<i32>> {
    vec(select(vec![crate::kit::NOWAIT, crate::kit::FOREVER, 1, 5, 1000]), 1..5)
}
