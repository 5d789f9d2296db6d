//! pton and ntop against glibc's inet_pton and inet_ntop, on millions of generated texts and addresses, the same ones
//! in every run. The differences required by RFC 5952 are listed by name and counted; any other one fails.
//! `SOCKUTIL_TEXTS=100000000 cargo test --release --test text_agreement` tests more.

#![allow(
    unsafe_code,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::undocumented_unsafe_blocks,
    clippy::unwrap_used,
    reason = "the functions under test take raw pointers, and a test fails by panicking"
)]

#[path = "support/c.rs"]
mod c;

use std::ffi::{CStr, c_char, c_int, c_void};
use std::io::Write;

use c::{sockutil_ntop, sockutil_pton};
use libc::{AF_INET, AF_INET6, socklen_t};

unsafe extern "C" {
    fn inet_pton(af: c_int, text: *const c_char, dst: *mut c_void) -> c_int;
    fn inet_ntop(af: c_int, src: *const c_void, dst: *mut c_char, size: socklen_t) -> *const c_char;
}

const FAMILIES: [(c_int, usize); 2] = [(AF_INET, 4), (AF_INET6, 16)];

/// How many texts, and how many addresses.
fn how_many() -> usize {
    std::env::var("SOCKUTIL_TEXTS").map_or(500_000, |n| n.parse().expect("SOCKUTIL_TEXTS is a number"))
}

/// Numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 32) as u32
    }

    fn below(&mut self, n: usize) -> usize {
        ((u64::from(self.next()) * n as u64) >> 32) as usize
    }

    fn one_of(&mut self, bytes: &[u8]) -> u8 {
        bytes[self.below(bytes.len())]
    }

    /// Eight groups with many zeros and ones in them, as addresses have; now and then a known prefix.
    fn address(&mut self) -> [u8; 16] {
        let mut address = [0; 16];
        for group in address.chunks_mut(2) {
            match self.below(8) {
                0..=3 => {}
                4 => group[1] = 1,
                5 => group.fill(0xff),
                6 => group[1] = self.next() as u8,
                _ => group.copy_from_slice(&(self.next() as u16).to_be_bytes()),
            }
        }
        match self.below(16) {
            0 => address[..12].copy_from_slice(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]),
            1 => address[..12].fill(0),
            2 => address[..12].copy_from_slice(&[0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0]),
            3 => address[..12].copy_from_slice(&[0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0]),
            _ => {}
        }
        address
    }

    /// Mostly four numbers, mostly below 256.
    fn v4_text(&mut self, text: &mut Vec<u8>) {
        let parts = if self.below(8) == 0 { self.below(7) } else { 4 };
        for part in 0..parts {
            if part > 0 {
                text.push(b'.');
            }
            match self.below(32) {
                0 => write!(text, "{}", 250 + self.below(12)).unwrap(),
                1 => write!(text, "0{}", self.below(256)).unwrap(),
                2 => write!(text, "{}", self.next()).unwrap(),
                3..=9 => text.push(b'0'),
                _ => write!(text, "{}", self.below(256)).unwrap(),
            }
        }
    }

    /// Mostly eight groups, or fewer with a gap; now and then dotted at the end.
    fn v6_text(&mut self, text: &mut Vec<u8>) {
        let dotted = self.below(4) == 0;
        let whole = if dotted { 6 } else { 8 };
        let has_gap = self.below(3) > 0;
        let groups = match self.below(8) {
            0 => self.below(11),
            _ if has_gap => self.below(whole),
            _ => whole,
        };
        let gap = if has_gap { self.below(groups + 1) } else { usize::MAX };
        for group in 0..groups {
            if group == gap {
                text.extend_from_slice(b"::");
            } else if group > 0 {
                text.push(b':');
            }
            let value = self.next() as u16 >> self.below(16);
            match self.below(32) {
                0 => write!(text, "{value:05x}").unwrap(),
                1..=4 => write!(text, "{value:04x}").unwrap(),
                5..=8 => write!(text, "{value:X}").unwrap(),
                9..=14 => text.push(b'0'),
                _ => write!(text, "{value:x}").unwrap(),
            }
        }
        if gap == groups {
            text.extend_from_slice(b"::");
        }
        if dotted {
            if gap != groups && groups > 0 {
                text.push(b':');
            }
            self.v4_text(text);
        }
    }

    /// Whole or damaged, without a NUL.
    fn text(&mut self, text: &mut Vec<u8>) {
        const LIKELY: &[u8] = b"0123456789abcdefABCDEF:::::......";
        const UNLIKELY: &[u8] = b" \t\n\r+-xXgG%/[]\x01\x7f\x80\xb0\xff";
        text.clear();
        match self.below(8) {
            0..=2 => self.v4_text(text),
            3..=6 => self.v6_text(text),
            _ => (0..self.below(24)).for_each(|_| text.push(self.one_of(LIKELY))),
        }
        let damage = [0, 0, 0, 1, 1, 2, 3, 8][self.below(8)];
        for _ in 0..damage {
            let at = self.below(text.len() + 1);
            let byte = if self.below(8) == 0 { self.one_of(UNLIKELY) } else { self.one_of(LIKELY) };
            match self.below(4) {
                0 if at < text.len() => drop(text.remove(at)),
                1 if at < text.len() => text[at] = byte,
                2 if at < text.len() => text.insert(at, text[at]),
                _ => text.insert(at, byte),
            }
        }
        assert!(!text.contains(&0));
    }
}

/// An intended difference: its name, and whether this family and address have it, from their text and ours.
struct Difference {
    name: &'static str,
    applies: fn(c_int, &[u8], &str, &str) -> bool,
    count: usize,
}

/// Dots for the last four bytes, on one side only.
fn dots_are_theirs_alone(address: &[u8], theirs: &str, ours: &str) -> bool {
    let [.., a, b, c, d] = *address else { return false };
    let (high, low) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
    theirs == format!("::{a}.{b}.{c}.{d}") && ours == format!("::{high:x}:{low:x}")
}

fn differences() -> [Difference; 1] {
    [Difference {
        name: "IPv4-compatible ::a.b.c.d: glibc writes dots, RFC 5952 section 5 does not ask for them: ::/96 is deprecated",
        applies: |af, address, theirs, ours| {
            af == AF_INET6 && address[..12] == [0; 12] && dots_are_theirs_alone(address, theirs, ours)
        },
        count: 0,
    }]
}

#[test]
#[cfg_attr(not(target_env = "gnu"), ignore = "it is glibc that is the measure")]
fn pton_reads_what_glibc_reads() {
    let texts = how_many();
    let mut numbers = Numbers(1);
    let mut text = Vec::new();
    let mut accepted = [0_usize; 2];
    for _ in 0..texts {
        numbers.text(&mut text);
        text.push(0);
        let c_text: *const c_char = text.as_ptr().cast();
        for (index, (af, size)) in FAMILIES.into_iter().enumerate() {
            let (mut ours, mut theirs) = ([0xEE_u8; 20], [0xEE_u8; 20]);
            let our_answer = unsafe { sockutil_pton(af, c_text, ours.as_mut_ptr().cast()) };
            let their_answer = unsafe { inet_pton(af, c_text, theirs.as_mut_ptr().cast()) };
            // If glibc refuses a text, its memory is unspecified; ours writes nothing.
            let expected = if their_answer == 1 { theirs } else { [0xEE; 20] };
            if (our_answer, ours) != (their_answer, expected) {
                let shown = text[..text.len() - 1].escape_ascii();
                panic!("family {af}, \"{shown}\": {our_answer} {ours:x?}; glibc: {their_answer} {theirs:x?}");
            }
            assert!(ours[size..].iter().all(|byte| *byte == 0xEE));
            accepted[index] += usize::from(our_answer == 1);
        }
        text.clear();
    }
    let [v4, v6] = accepted;
    println!("{texts} texts: {v4} are IPv4 addresses, {v6} are IPv6 addresses; no difference from glibc");
    for count in accepted {
        assert!(texts < 1000 || (texts / 20..texts / 2).contains(&count), "{count} accepted: too one-sided for a test");
    }
}

#[test]
#[cfg_attr(not(target_env = "gnu"), ignore = "it is glibc that is the measure")]
fn ntop_writes_what_glibc_writes() {
    let addresses = how_many();
    let mut numbers = Numbers(2);
    let mut differences = differences();
    for _ in 0..addresses {
        let address = numbers.address();
        for (af, size) in FAMILIES {
            // For IPv4 only the end of it, with the numbers of one, two and three digits.
            let bytes = &address[16 - size..];
            let (mut ours, mut theirs): ([c_char; 64], [c_char; 64]) = ([!0; 64], [!0; 64]);
            let our_answer = unsafe { sockutil_ntop(af, bytes.as_ptr().cast(), ours.as_mut_ptr(), 46) };
            let their_answer = unsafe { inet_ntop(af, bytes.as_ptr().cast(), theirs.as_mut_ptr(), 46) };
            assert_eq!(our_answer, ours.as_ptr());
            assert_eq!(their_answer, theirs.as_ptr());
            let ours = unsafe { CStr::from_ptr(ours.as_ptr()) };
            let theirs = unsafe { CStr::from_ptr(theirs.as_ptr()) };
            if ours != theirs {
                let (our_text, their_text) = (ours.to_str().unwrap(), theirs.to_str().unwrap());
                let found = differences.iter_mut().find(|d| (d.applies)(af, bytes, their_text, our_text));
                found.unwrap_or_else(|| panic!("{bytes:x?}: {our_text}; glibc: {their_text}")).count += 1;
            }
            // Both read each written text as the same address.
            for pton in [sockutil_pton, inet_pton] {
                let mut back = [0_u8; 16];
                assert_eq!(unsafe { pton(af, ours.as_ptr(), back.as_mut_ptr().cast()) }, 1, "{ours:?}");
                assert_eq!(&back[..size], bytes, "{ours:?}");
            }
        }
    }
    println!("{addresses} addresses of each family; differences from glibc:");
    for difference in &differences {
        println!("{:10}  {}", difference.count, difference.name);
        assert!(addresses < 1000 || difference.count > 0, "listed, but never seen: {}", difference.name);
    }
}
