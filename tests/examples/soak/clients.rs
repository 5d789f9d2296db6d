//! The clients: what each does, and what it must receive.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream, UdpSocket};
use std::os::fd::AsRawFd;
use std::process::Child;
use std::time::{Duration, Instant};

use crate::kit::{DEADLINE, reset};

use super::dice::Dice;
use super::servers::Trade;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Manner {
    /// Sends and receives as fast as it can, and ends its direction when all has come back.
    Plain,
    /// Ends its direction as soon as it has sent all.
    HalfClose,
    /// Sends a few bytes now and then, and so stalls in the middle of lines.
    Slow,
    /// Sends more than there is room for before it receives a byte.
    Late,
    /// Sends what is no line, no frame, or too long.
    Garbage,
    /// Ends with an RST, whatever bytes are on their way.
    Reset,
    /// Closes with its input unread.
    Vanish,
    /// Sends half a line or half a frame, and then nothing, and leaves.
    Stall,
    /// A process that is killed.
    Killed,
}

use Manner::{Garbage, HalfClose, Killed, Late, Plain, Reset, Slow, Stall, Vanish};

/// All kinds, and how many of a hundred clients are of each.
pub const MANNERS: [(Manner, usize); 9] = [
    (Plain, 40),
    (HalfClose, 12),
    (Slow, 8),
    (Late, 4),
    (Garbage, 8),
    (Reset, 10),
    (Vanish, 9),
    (Stall, 7),
    (Killed, 2),
];

/// These check every byte that they receive. The others disturb them.
pub fn is_checked(manner: Manner) -> bool {
    !matches!(manner, Reset | Vanish | Stall | Killed)
}

/// The result of a visit.
pub enum Visit {
    GoesOn,
    /// Over, with so many checked bytes.
    Over(usize),
}

pub struct Client {
    pub stream: TcpStream,
    pub local: String,
    pub manner: Manner,
    pub text: Vec<u8>,
    pub expected: Vec<u8>,
    /// How much of the text may be sent now.
    pub due: usize,
    pub sent: usize,
    pub back: usize,
    /// Its own direction is ended when all is sent, not when all has come back.
    pub ends_early: bool,
    pub trade: Trade,
    pub shut: bool,
    pub ended: bool,
    /// Late: when it begins to receive. Others: when they leave.
    pub acts: Instant,
    pub last_step: Instant,
    pub born: Instant,
}

impl Client {
    pub fn receives(&self, now: Instant) -> bool {
        !self.ended && self.manner != Vanish && (self.manner != Late || now >= self.acts)
    }

    pub fn events(&self, now: Instant) -> i16 {
        let send = if self.sent < self.due { libc::POLLOUT } else { 0 };
        send | if self.receives(now) { libc::POLLIN } else { 0 }
    }

    /// An error, with all details.
    pub fn wrong(&self, what: &str) -> String {
        format!(
            "client {} ({:?}), after {} ms: {what}; {} of {} bytes sent, {} of {} back",
            self.local,
            self.manner,
            self.born.elapsed().as_millis(),
            self.sent,
            self.text.len(),
            self.back,
            self.expected.len()
        )
    }

    pub fn send(&mut self, dice: &mut Dice) -> Result<(), String> {
        let most = if dice.one_in(4) { 1 + dice.below(64) } else { 1 + dice.below(1 << 16) };
        let end = self.due.min(self.sent + most);
        match self.stream.write(&self.text[self.sent..end]) {
            Ok(n) => self.sent += n,
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Err(e) => return Err(self.wrong(&format!("send: {e}"))),
        }
        Ok(())
    }

    pub fn receive(&mut self, buffer: &mut [u8]) -> Result<(), String> {
        match self.stream.read(buffer) {
            Ok(0) => self.ended = true,
            Ok(n) if is_checked(self.manner) => {
                let expected = &self.expected[self.back..self.expected.len().min(self.back + n)];
                if let Some(at) = expected.iter().zip(&buffer[..n]).position(|(a, b)| a != b) {
                    return Err(self.wrong(&format!("byte {} differs", self.back + at)));
                }
                if expected.len() < n {
                    return Err(self.wrong(&format!("{} bytes more than expected", n - expected.len())));
                }
                self.back += n;
            }
            Err(e) if !matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
                return Err(self.wrong(&format!("receive: {e}")));
            }
            Ok(_) | Err(_) => {}
        }
        Ok(())
    }

    pub fn go_on(&mut self, revents: i16, buffer: &mut [u8], dice: &mut Dice) -> Result<Visit, String> {
        let now = Instant::now();
        let mut moved = Ok(());
        if revents & libc::POLLOUT != 0 && self.sent < self.due {
            moved = self.send(dice);
        }
        if revents & !libc::POLLOUT != 0 && self.receives(now) {
            moved = moved.and_then(|()| self.receive(buffer));
        }
        if !is_checked(self.manner) {
            // A client that behaves like this accepts whatever the server does.
            self.ended |= moved.is_err();
            self.due = if self.ended { 0 } else { self.due };
            return Ok(if now < self.acts { Visit::GoesOn } else { Visit::Over(0) });
        }
        moved?;
        if self.manner == Slow && now > self.last_step + Duration::from_millis(2) {
            self.last_step = now;
            self.due = self.text.len().min(self.due + 1 + dice.below(4));
        }
        let all = self.back == self.expected.len();
        let sent = self.sent == self.text.len();
        if self.ended && !(all && (self.shut || self.trade.ends_first())) {
            return Err(self.wrong("the server has ended too early"));
        }
        if sent && !self.shut && (self.ends_early || all) {
            self.shut = true;
            if let Err(e) = self.stream.shutdown(Shutdown::Write) {
                return Err(self.wrong(&format!("shutdown: {e}")));
            }
        }
        if self.ended && sent {
            return Ok(Visit::Over(self.back));
        }
        if self.born.elapsed() > DEADLINE { Err(self.wrong("it waits in vain")) } else { Ok(Visit::GoesOn) }
    }
}

/// A sender of datagrams, the next one when the last has come back.
pub struct Talk {
    pub socket: UdpSocket,
    pub manner: Manner,
    pub left: usize,
    pub datagram: Vec<u8>,
    pub back: usize,
    pub sent: Instant,
}

impl Talk {
    pub fn say(&mut self, dice: &mut Dice) -> Result<(), String> {
        let most = if self.manner == Garbage { 2000 } else { 1024 };
        let n = dice.below(most + 1);
        self.datagram = dice.bytes(n);
        self.sent = Instant::now();
        self.left -= 1;
        self.socket.send(&self.datagram).map(drop).map_err(|e| format!("a datagram: {e}"))
    }

    pub fn go_on(&mut self, buffer: &mut [u8], dice: &mut Dice) -> Result<Visit, String> {
        match self.socket.recv(buffer) {
            Ok(n) => {
                // The server sees no more of one.
                let expected = &self.datagram[..self.datagram.len().min(1024)];
                if expected != &buffer[..n] {
                    return Err(format!("a datagram of {} bytes came back as another one", self.datagram.len()));
                }
                self.back += n;
                if self.left == 0 {
                    return Ok(Visit::Over(self.back));
                }
                self.say(dice)?;
            }
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Err(e) => return Err(format!("a datagram: {e}")),
        }
        if self.sent.elapsed() > DEADLINE { Err("a datagram is lost".to_owned()) } else { Ok(Visit::GoesOn) }
    }
}

/// A client's process, until it is killed.
pub struct Doomed {
    pub child: Child,
    pub at: Instant,
}

impl Drop for Doomed {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub enum Visitor {
    Stream(Box<Client>),
    Datagrams(Talk),
    Process(Doomed),
}

impl Visitor {
    /// The events to wait for.
    pub fn polled(&self, now: Instant) -> libc::pollfd {
        let (fd, events) = match self {
            Self::Stream(client) => (client.stream.as_raw_fd(), client.events(now)),
            Self::Datagrams(talk) => (talk.socket.as_raw_fd(), libc::POLLIN),
            Self::Process(_) => (-1, 0),
        };
        // A client that waits only for the time would get a hang-up again and again.
        libc::pollfd { fd: if events == 0 { -1 } else { fd }, events, revents: 0 }
    }

    pub fn go_on(&mut self, revents: i16, buffer: &mut [u8], dice: &mut Dice) -> Result<Visit, String> {
        match self {
            Self::Stream(client) => client.go_on(revents, buffer, dice),
            Self::Datagrams(talk) => talk.go_on(buffer, dice),
            Self::Process(doomed) if Instant::now() < doomed.at => Ok(Visit::GoesOn),
            Self::Process(_) => Ok(Visit::Over(0)),
        }
    }

    pub fn leave(self) {
        match self {
            Self::Stream(client) if client.manner == Reset => reset(client.stream),
            Self::Stream(_) | Self::Datagrams(_) | Self::Process(_) => {}
        }
    }
}
