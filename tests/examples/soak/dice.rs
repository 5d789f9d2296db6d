//! Repeatable random numbers.

use std::time::Duration;

/// `SplitMix64`: the same seed, the same clients.
pub struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to n-1.
    pub fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % n as u64).unwrap()
    }

    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub fn ms_below(&mut self, n: usize) -> Duration {
        Duration::from_millis(self.below(n) as u64)
    }

    /// Bytes of every value.
    pub fn bytes(&mut self, n: usize) -> Vec<u8> {
        let mut bytes: Vec<u8> = (0..n.div_ceil(8)).flat_map(|_| self.next().to_ne_bytes()).collect();
        bytes.truncate(n);
        bytes
    }

    /// The same, without a newline.
    pub fn no_line(&mut self, n: usize) -> Vec<u8> {
        self.bytes(n).into_iter().map(|b| if b == b'\n' { b'N' } else { b }).collect()
    }

    /// One of 16 million addresses of this machine, so that a late message about a client is not taken for another
    /// client's.
    pub fn address(&mut self) -> [u8; 4] {
        let [a, b, c, ..] = self.next().to_ne_bytes();
        [127, 1 + a % 254, b, 1 + c % 254]
    }
}
