//! The servers: the input of each, its answers, and its allowed output.

use std::collections::HashMap;
use std::path::PathBuf;

use crate::kit::program;
use crate::support::Link;

use super::clients::Manner::{self, Garbage, Late, Slow, Stall};
use super::dice::Dice;

/// As in `packet_server`.
const MOST: usize = 65_536;

#[derive(Clone, Copy, PartialEq)]
pub enum Trade {
    Echo,
    Upper,
    Packets,
    Greeting,
    Datagrams,
}

impl Trade {
    /// A refusal is sent while the client can still send, as is a greeting.
    pub fn ends_first(self) -> bool {
        matches!(self, Self::Packets | Self::Greeting)
    }
}

#[derive(Clone, Copy)]
pub struct Plan {
    pub name: &'static str,
    pub client: &'static str,
    pub trade: Trade,
    pub how: Link,
    /// How many clients at once, and how many milliseconds between one and the next.
    pub at_once: usize,
    pub pace_ms: usize,
    /// Its own plain calls wait, and its own handlers have `SA_RESTART`.
    pub restart: bool,
    /// The mistake that is planted: a rule for the shim.
    pub spoil: Option<&'static str>,
}

pub const fn plan(name: &'static str, client: &'static str, trade: Trade, how: Link, at_once: usize) -> Plan {
    Plan { name, client, trade, how, at_once, pace_ms: 10, restart: false, spoil: None }
}

pub const SERVERS: [Plan; 7] = [
    Plan { pace_ms: 30, ..plan("echo_server", "echo_client", Trade::Echo, Link::Shared, 12) },
    plan("thread_server", "echo_client", Trade::Echo, Link::Static, 16),
    plan("epoll_server", "echo_client", Trade::Echo, Link::Shared, 24),
    Plan { restart: true, ..plan("upper_server", "upper_client", Trade::Upper, Link::Static, 6) },
    plan("packet_server", "packet_client", Trade::Packets, Link::Shared, 6),
    Plan { pace_ms: 20, ..plan("greet_server", "echo_client", Trade::Greeting, Link::Static, 6) },
    plan("udp_server", "udp_client", Trade::Datagrams, Link::Shared, 12),
];

impl Plan {
    pub fn program(&self) -> PathBuf {
        program(self.name, if matches!(self.how, Link::Static) { "_static" } else { "" })
    }

    /// A client's input, and the answer to it.
    pub fn text(&self, manner: Manner, local: &str, dice: &mut Dice) -> (Vec<u8>, Vec<u8>) {
        match self.trade {
            Trade::Echo | Trade::Upper => {
                let text = lines_of_a(manner, dice);
                let upper = self.trade == Trade::Upper;
                let answer = if upper { text.to_ascii_uppercase() } else { text.clone() };
                (text, answer)
            }
            Trade::Packets => packets_of_a(manner, dice),
            Trade::Greeting | Trade::Datagrams => {
                let n = if manner == Garbage { 100_000 } else { 200 };
                let n = dice.below(n);
                (dice.bytes(n), format!("hello {local}\n").into_bytes())
            }
        }
    }
}

/// Lines of every length, and with every byte in them.
pub fn lines_of_a(manner: Manner, dice: &mut Dice) -> Vec<u8> {
    let n = match manner {
        Garbage => {
            let n = 1 + dice.below(60_000);
            return dice.no_line(n);
        }
        Slow => 1 + dice.below(300),
        Late => 400_000,
        _ if dice.one_in(20) => 1 + dice.below(200_000),
        _ => 1 + dice.below(4000),
    };
    let mut text = Vec::new();
    while text.len() < n {
        let most = if dice.one_in(8) { 12_000 } else { 120 };
        let length = dice.below(most.min(n - text.len()) + 1);
        text.extend(dice.no_line(length));
        text.push(b'\n');
    }
    // The last line of a stream need not be one.
    if manner == Stall || dice.one_in(4) {
        text.push(b'?');
    }
    text
}

pub fn packets_of_a(manner: Manner, dice: &mut Dice) -> (Vec<u8>, Vec<u8>) {
    let (mut text, mut count, mut bytes) = (Vec::new(), 0, 0);
    for _ in 0..dice.below(if manner == Slow { 4 } else { 12 }) {
        let n = match dice.below(24) {
            0 if manner != Slow => MOST,
            1 if manner != Slow => dice.below(MOST),
            _ => dice.below(100),
        };
        text.extend(u32::try_from(n).unwrap().to_be_bytes());
        text.extend(dice.bytes(n));
        (count, bytes) = (count + 1, bytes + n);
    }
    let mut answer = format!("{count} packets, {bytes} bytes");
    if manner == Garbage && dice.one_in(2) {
        // A length that is too large for any memory, and random bytes.
        let length = u32::try_from(MOST + 1 + dice.below(usize::try_from(u32::MAX).unwrap() - MOST)).unwrap();
        text.extend(length.to_be_bytes());
        let more = dice.below(100_000);
        text.extend(dice.bytes(more));
        answer = format!("packet {} is refused: {length} bytes, more than {MOST}", count + 1);
    } else if manner == Garbage || manner == Stall {
        let length = 1 + dice.below(1000);
        let came = 1 + dice.below(3 + length);
        let mut frame = u32::try_from(length).unwrap().to_be_bytes().to_vec();
        frame.extend(dice.bytes(length));
        text.extend(&frame[..came]);
        answer = format!("packet {} is cut short: of header and body, {came} bytes came", count + 1);
    }
    let mut framed = u32::try_from(answer.len()).unwrap().to_be_bytes().to_vec();
    framed.extend(answer.into_bytes());
    (text, framed)
}

#[derive(Default)]
pub struct Packets {
    pub lines: Vec<String>,
    pub bytes: usize,
}

/// The whole packets of a stream as the server prints them: FNV-1a, 32 bits.
pub fn told_packets(mut text: &[u8]) -> Packets {
    let mut told = Packets::default();
    while let Some((header, rest)) = text.split_first_chunk() {
        let Some((body, rest)) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*header)).unwrap()) else {
            break;
        };
        let sum = body.iter().fold(2_166_136_261_u32, |sum, &b| (sum ^ u32::from(b)).wrapping_mul(16_777_619));
        told.lines.push(format!("packet {}: {} bytes, checksum {sum:08x}", told.lines.len() + 1, body.len()));
        told.bytes += body.len();
        text = rest;
    }
    told
}

/// A server's output, and whether it is allowed.
#[derive(Default)]
pub struct Words {
    /// The clients that behave: the server must print no error for them, and must print the end of each. With the
    /// packets.
    pub good: HashMap<String, Packets>,
    /// The packets printed since the last client came.
    pub packets: Vec<String>,
    /// The bytes in packets that were printed correctly.
    pub bytes: usize,
}

impl Words {
    pub fn out(&mut self, plan: &Plan, line: String) -> Result<(), String> {
        if let Some(local) = line.strip_prefix("client close ") {
            let packets = std::mem::take(&mut self.packets);
            return match self.good.remove(local) {
                Some(expected) if expected.lines != packets => {
                    Err(format!("client {local}: packets {packets:?}, not {:?}", expected.lines))
                }
                expected => {
                    self.bytes += expected.map_or(0, |packets| packets.bytes);
                    Ok(())
                }
            };
        }
        if plan.trade == Trade::Packets && line.starts_with("packet ") {
            self.packets.push(line);
            return Ok(());
        }
        let known = ["client ", "answer: ", "left in "].iter().any(|start| line.starts_with(start));
        // A state that could not be read does not count.
        if known && !line.ends_with("UNKNOWN") { Ok(()) } else { Err(format!("the server says: {line}")) }
    }

    pub fn err(&self, plan: &Plan, line: &str) -> Result<(), String> {
        // Its own accept, not the library's; it goes on at once.
        if plan.name == "echo_server" && line == "accept: Interrupted system call" {
            return Ok(());
        }
        let about_a_client = [": Connection reset by peer", ": Broken pipe"].iter().find_map(|e| line.strip_suffix(e));
        match about_a_client.map(|about| about.strip_prefix("client ").unwrap_or(about)) {
            Some(local) if local.starts_with("127.") && !self.good.contains_key(local) => Ok(()),
            _ => Err(format!("the server complains: {line}")),
        }
    }
}
