//! Hosts that do not exist: this machine's packets to them come out of a TUN interface and are answered here.
//!
//! A packet with its two addresses exchanged seems to come from the host that it was sent to. So a SYN for such a host
//! becomes one from it to this machine, whose own listener answers; that answer, exchanged too, reaches the client.
//! TCP's checksum is a sum, in which the order of the two does not matter.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::namespace::octets;

/// The destination of marks.
const MARKS: Ipv4Addr = Ipv4Addr::new(10, 1, 255, 255);

/// A mark that is later than this was dropped.
const RESEND: Duration = Duration::from_secs(1);

const TCP: u8 = 6;
const UDP: u8 = 17;
const SYN: u8 = 0x02;
const RST: u8 = 0x04;
const ACK: u8 = 0x10;

/// A host's answer to a SYN.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Answer {
    /// It accepts the connection.
    Accepts,
    /// RST: there is no listener.
    Refuses,
    /// An ICMP message on the way: there is no such host.
    NoHost,
    /// An ICMP message on the way: there is no such network.
    NoNetwork,
    /// No answer.
    Nothing,
}

/// A host, and the delay of its answer.
#[derive(Clone, Copy, Debug)]
pub struct Host {
    pub answer: Answer,
    pub delay_ms: u64,
}

/// An attempt to connect: from which port, and when its first SYN came.
#[derive(Clone, Copy, Debug)]
pub struct Attempt {
    pub host: IpAddr,
    pub port: u16,
    pub at: Instant,
}

/// The attempts seen so far, and the marks.
#[derive(Default)]
struct Log {
    attempts: HashMap<IpAddr, Vec<Attempt>>,
    marks: HashSet<u64>,
}

/// The packets from the interface.
#[derive(Clone, Default)]
pub struct Seen(Arc<(Mutex<Log>, Condvar)>);

impl Seen {
    /// Returns the attempts to connect to these hosts so far, by time, and forgets them.
    pub fn take(&self, hosts: &[IpAddr]) -> Vec<Attempt> {
        self.await_mark();
        let mut log = self.0.0.lock().unwrap();
        let mut attempts: Vec<Attempt> = hosts.iter().filter_map(|host| log.attempts.remove(host)).flatten().collect();
        attempts.sort_by_key(|attempt| attempt.at);
        attempts
    }

    /// Sends a packet the same way, and waits until it has come: then all packets before it have come.
    fn await_mark(&self) {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let socket = UdpSocket::bind(("0.0.0.0", 0)).unwrap();
        let (log, changed) = &*self.0;
        loop {
            // The interface's queue may be full.
            let _ = socket.send_to(&number.to_be_bytes(), (MARKS, 9));
            let wait = changed.wait_timeout_while(log.lock().unwrap(), RESEND, |log| !log.marks.contains(&number));
            if !wait.unwrap().1.timed_out() {
                return;
            }
        }
    }

    fn note_mark(&self, number: u64) {
        let (log, changed) = &*self.0;
        log.lock().unwrap().marks.insert(number);
        changed.notify_all();
    }

    fn note(&self, new: Attempt) {
        let mut log = self.0.0.lock().unwrap();
        let attempts = log.attempts.entry(new.host).or_default();
        // The same port once more: the kernel asks again.
        if attempts.iter().all(|attempt| attempt.port != new.port) {
            attempts.push(new);
        }
    }
}

/// Answers for the hosts until the process ends.
pub fn start(tun: File, hosts: HashMap<IpAddr, Host>) -> Seen {
    let seen = Seen::default();
    let mut reflector = Reflector { tun, hosts, seen: seen.clone(), waiting: Vec::new() };
    thread::spawn(move || {
        loop {
            reflector.turn();
        }
    });
    seen
}

struct Reflector {
    tun: File,
    hosts: HashMap<IpAddr, Host>,
    seen: Seen,
    waiting: Vec<(Instant, Vec<u8>)>,
}

impl Reflector {
    fn turn(&mut self) {
        let now = Instant::now();
        // The answers that are due, in the order of their times.
        self.waiting.sort_by_key(|(at, _)| *at);
        let later = self.waiting.partition_point(|(at, _)| *at <= now);
        for (_, packet) in self.waiting.drain(..later) {
            self.tun.write_all(&packet).unwrap();
        }
        let ms = self.waiting.first().map_or(1000, |(at, _)| at.duration_since(now).as_millis() as i32 + 1);
        let mut entry = libc::pollfd { fd: self.tun.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        if unsafe { libc::poll(&raw mut entry, 1, ms) } == 1 {
            let mut packet = vec![0; 2048];
            let length = self.tun.read(&mut packet).unwrap();
            packet.truncate(length);
            self.take(&packet);
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        // The headers of IPv4 and UDP, and the mark's number.
        if bytes.len() == 20 + 8 + 8 && bytes[9] == UDP && bytes[16..20] == MARKS.octets() {
            return self.seen.note_mark(u64::from_be_bytes(bytes[28..].try_into().unwrap()));
        }
        let Some(packet) = Packet::parse(bytes) else { return };
        let Some(host) = self.hosts.get(&packet.to) else { return };
        if packet.flags() & (SYN | ACK) != SYN {
            return self.tun.write_all(&packet.turned()).unwrap();
        }
        let now = Instant::now();
        self.seen.note(Attempt { host: packet.to, port: packet.port(), at: now });
        let answer = match host.answer {
            Answer::Accepts => packet.turned(),
            Answer::Refuses => packet.reset(),
            Answer::NoHost if packet.to.is_ipv4() => packet.icmp(3, 1),
            Answer::NoNetwork if packet.to.is_ipv4() => packet.icmp(3, 0),
            // RFC 4443, section 3.1.
            Answer::NoHost => packet.icmp(1, 3),
            Answer::NoNetwork => packet.icmp(1, 0),
            Answer::Nothing => return,
        };
        self.waiting.push((now + Duration::from_millis(host.delay_ms), answer));
    }
}

/// A TCP packet that was sent to a host.
struct Packet<'a> {
    bytes: &'a [u8],
    from: IpAddr,
    to: IpAddr,
    /// What the IP header contains.
    tcp: &'a [u8],
}

impl<'a> Packet<'a> {
    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let v4 = |at: usize| IpAddr::from(<[u8; 4]>::try_from(&bytes[at..at + 4]).unwrap());
        let v6 = |at: usize| IpAddr::from(<[u8; 16]>::try_from(&bytes[at..at + 16]).unwrap());
        match bytes[0] >> 4 {
            4 if bytes[9] == TCP => {
                let header = usize::from(bytes[0] & 15) * 4;
                Some(Self { bytes, from: v4(12), to: v4(16), tcp: &bytes[header..] })
            }
            6 if bytes[6] == TCP => Some(Self { bytes, from: v6(8), to: v6(24), tcp: &bytes[40..] }),
            _ => None,
        }
    }

    fn flags(&self) -> u8 {
        self.tcp[13]
    }

    /// The sender's port.
    fn port(&self) -> u16 {
        u16::from_be_bytes([self.tcp[0], self.tcp[1]])
    }

    /// The same packet from its receiver to its sender, the ports as they are.
    fn turned(&self) -> Vec<u8> {
        let mut packet = self.bytes.to_vec();
        let (at, length) = if self.to.is_ipv4() { (12, 4) } else { (8, 16) };
        packet[at..at + length].copy_from_slice(&octets(self.to));
        packet[at + length..at + 2 * length].copy_from_slice(&octets(self.from));
        packet
    }

    /// RFC 9293, section 3.10.7.1: a closed port's answer to a SYN.
    fn reset(&self) -> Vec<u8> {
        let sequence = u32::from_be_bytes(self.tcp[4..8].try_into().unwrap());
        let mut tcp = [&self.tcp[2..4], &self.tcp[0..2], &[0; 4]].concat();
        tcp.extend(sequence.wrapping_add(1).to_be_bytes());
        tcp.extend([5 << 4, RST | ACK, 0, 0, 0, 0, 0, 0]);
        let sum = checksum(&[&octets(self.to), &octets(self.from), &[0, TCP], &[0, tcp.len() as u8], &tcp]);
        tcp[16..18].copy_from_slice(&sum);
        self.answer(TCP, &tcp)
    }

    /// A message about this packet, which quotes it.
    fn icmp(&self, kind: u8, code: u8) -> Vec<u8> {
        const ICMP: u8 = 1;
        const ICMP_V6: u8 = 58;
        let header = self.bytes.len() - self.tcp.len();
        let mut message = [&[kind, code, 0, 0, 0, 0, 0, 0], &self.bytes[..header + 20]].concat();
        let v4 = self.to.is_ipv4();
        let sum = if v4 {
            checksum(&[&message])
        } else {
            let length = [0, message.len() as u8];
            checksum(&[&octets(self.to), &octets(self.from), &[0, ICMP_V6], &length, &message])
        };
        message[2..4].copy_from_slice(&sum);
        self.answer(if v4 { ICMP } else { ICMP_V6 }, &message)
    }

    /// An IP packet back to the sender.
    fn answer(&self, protocol: u8, payload: &[u8]) -> Vec<u8> {
        let (source, target) = (octets(self.to), octets(self.from));
        let header = if self.to.is_ipv4() {
            let total = (20 + payload.len()) as u8;
            let mut header = [&[0x45, 0, 0, total, 0, 0, 0, 0, 64, protocol, 0, 0], &source[..], &target[..]].concat();
            let sum = checksum(&[&header]);
            header[10..12].copy_from_slice(&sum);
            header
        } else {
            [&[0x60, 0, 0, 0, 0, payload.len() as u8, protocol, 64], &source[..], &target[..]].concat()
        };
        [&header, payload].concat()
    }
}

/// RFC 1071, of parts of an even length.
fn checksum(parts: &[&[u8]]) -> [u8; 2] {
    let words = parts.iter().flat_map(|part| part.chunks(2)).map(|word| u32::from(word[0]) << 8 | u32::from(word[1]));
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    (!(sum as u16)).to_be_bytes()
}
