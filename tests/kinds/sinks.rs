//! Kinds of descriptors for writing that can be full, and who makes room in them.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use libc::c_int;

use super::kit::{self, Lines, get, made, put};
use super::writing::plain;

/// What has come out at the other end, at most so many bytes.
pub type Take = Box<dyn FnMut(usize) -> Vec<u8> + Send>;

pub struct Sink {
    pub fd: OwnedFd,
    pub take: Take,
}

#[derive(Clone, Copy)]
#[allow(clippy::struct_excessive_bools, reason = "a table of what kinds have, or have not")]
pub struct Kind {
    pub name: &'static str,
    pub make: fn() -> io::Result<Sink>,
    /// What is written.
    pub text: fn(usize) -> u8,
    /// What comes out for each newline.
    pub newline: &'static [u8],
    /// A write is one record.
    pub records: bool,
    /// It counts: eight bytes are a number.
    pub counts: bool,
    /// It takes nothing although it is empty, until it is read from.
    pub stopped: bool,
    pub socket: bool,
    /// After so many milliseconds without room it is full: TCP may hold an acknowledgement back for 40.
    pub settles_ms: u64,
}

const STREAM: Kind = Kind {
    name: "",
    make: || Err(io::ErrorKind::Unsupported.into()),
    text: plain,
    newline: b"\n",
    records: false,
    counts: false,
    stopped: false,
    socket: false,
    settles_ms: 8,
};
const SOCKET: Kind = Kind { socket: true, ..STREAM };
const TCP: Kind = Kind { settles_ms: 100, ..SOCKET };
const RECORDS: Kind = Kind { records: true, ..SOCKET };
const COOKED: Kind = Kind { newline: b"\r\n", ..STREAM };

/// Every other byte is a newline, now and then two of them.
fn newlines(at: usize) -> u8 {
    if at % 2 == 0 || at % 7 == 0 { b'\n' } else { plain(at) }
}

pub fn kinds() -> Vec<Kind> {
    let mut kinds = vec![
        Kind { name: "pipe", make: || stream(kit::pipe()), ..STREAM },
        Kind { name: "FIFO", make: || stream(kit::fifo(false)), ..STREAM },
        Kind { name: "FIFO O_RDWR", make: || stream(kit::fifo(true)), ..STREAM },
        Kind { name: "terminal master", make: master, ..STREAM },
        Kind { name: "terminal raw", make: || slave(Lines::Raw(1, 0)), ..STREAM },
        Kind { name: "terminal raw, newlines", make: || slave(Lines::Raw(1, 0)), text: newlines, ..STREAM },
        Kind { name: "terminal OPOST", make: || slave(Lines::Cooked), ..COOKED },
        Kind { name: "terminal OPOST, newlines", make: || slave(Lines::Cooked), text: newlines, ..COOKED },
        Kind { name: "terminal raw after Ctrl-S", make: || held(Lines::Raw(1, 0)), stopped: true, ..STREAM },
        Kind { name: "terminal OPOST after Ctrl-S", make: || held(Lines::Cooked), stopped: true, ..COOKED },
        Kind { name: "TCP", make: || tcp("127.0.0.1"), ..TCP },
        Kind { name: "TCP over IPv6", make: || tcp("::1"), ..TCP },
        Kind { name: "AF_UNIX", make: || stream(kit::pair(libc::SOCK_STREAM)), ..SOCKET },
        Kind { name: "AF_UNIX datagram", make: || stream(kit::pair(libc::SOCK_DGRAM)), ..RECORDS },
        Kind { name: "AF_UNIX seqpacket", make: || stream(kit::pair(libc::SOCK_SEQPACKET)), ..RECORDS },
        Kind { name: "eventfd", make: eventfd, counts: true, ..STREAM },
    ];
    kinds.retain(|kind| kit::can_be_made(kind.name, kind.make));
    kinds
}

/// What is written at the second end comes out at the first.
fn stream(ends: io::Result<(OwnedFd, OwnedFd)>) -> io::Result<Sink> {
    let (peer, fd) = ends?;
    kit::set_flags(peer.as_raw_fd(), kit::flags(peer.as_raw_fd()) | libc::O_NONBLOCK);
    Ok(Sink { fd, take: Box::new(move |most| get(&peer, most)) })
}

/// Small buffers, which stay as they are.
fn tcp(host: &str) -> io::Result<Sink> {
    let ends = kit::tcp_with(host, Some(16_384))?;
    kit::set_option(ends.1.as_raw_fd(), libc::SO_SNDBUF, &(16_384 as c_int));
    stream(Ok(ends))
}

fn master() -> io::Result<Sink> {
    let (master, slave) = kit::terminal(Lines::Raw(1, 0))?;
    stream(Ok((slave, master)))
}

fn slave(lines: Lines) -> io::Result<Sink> {
    stream(kit::terminal(lines))
}

/// Stopped as by Ctrl-S, until a reader comes.
fn held(lines: Lines) -> io::Result<Sink> {
    let Sink { fd, mut take } = slave(lines)?;
    let own = fd.try_clone()?;
    assert_eq!(unsafe { libc::tcflow(fd.as_raw_fd(), libc::TCOOFF) }, 0);
    let take = move |most| {
        assert_eq!(unsafe { libc::tcflow(own.as_raw_fd(), libc::TCOON) }, 0);
        take(most)
    };
    Ok(Sink { fd, take: Box::new(take) })
}

fn eventfd() -> io::Result<Sink> {
    let fd = made(unsafe { libc::eventfd(0, libc::EFD_CLOEXEC) })?;
    let own = fd.try_clone()?;
    let take = move |_| if kit::polls(own.as_raw_fd(), libc::POLLIN) { get(&own, 8) } else { Vec::new() };
    Ok(Sink { fd, take: Box::new(take) })
}

impl Kind {
    /// Writes until nothing more goes in, also after a moment, and returns what did.
    pub fn fill(&self, fd: &OwnedFd) -> Vec<u8> {
        if self.stopped {
            return Vec::new();
        }
        if self.counts {
            return put(fd, &(u64::MAX - 1).to_ne_bytes());
        }
        let mut all = Vec::new();
        let sizes: &[usize] = match self {
            Self { records: true, .. } => &[1000],
            // A packet for each byte would keep TCP busy.
            Self { socket: true, .. } => &[4096, 256],
            _ => &[4096, 256, 16, 1],
        };
        kit::nonblocking(fd.as_raw_fd(), || {
            let mut idle = 0;
            while idle < 4 {
                let before = all.len();
                for size in sizes {
                    let piece: Vec<u8> = (0..*size).map(self.text).collect();
                    loop {
                        let taken = put(fd, &piece);
                        all.extend_from_slice(&taken);
                        if taken.is_empty() {
                            break;
                        }
                    }
                }
                idle = if all.len() == before { idle + 1 } else { 0 };
                std::thread::sleep(std::time::Duration::from_millis(self.settles_ms / 4));
            }
        });
        all
    }

    /// What these bytes are at the other end.
    pub fn at_the_other_end(&self, bytes: &[u8]) -> Vec<u8> {
        let mut all = Vec::with_capacity(2 * bytes.len());
        for byte in bytes {
            all.extend_from_slice(if *byte == b'\n' { self.newline } else { std::slice::from_ref(byte) });
        }
        all
    }
}
