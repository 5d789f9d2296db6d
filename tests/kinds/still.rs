//! Descriptors that have an answer at once, or can be neither read nor written: nothing is ever waited for there.

use crate::left_out::left_out;
use std::cell::RefCell;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use libc::{EAGAIN, EBADF, EINVAL, EISDIR, ENOSPC, ENOTCONN, EOPNOTSUPP, O_RDONLY, O_RDWR, O_WRONLY, c_int};

use super::kit::{self, Lines, made};
use super::sources::UNIT;

/// What a descriptor has for who reads.
#[derive(Clone, Copy)]
pub enum Has {
    /// These bytes, then the end.
    Bytes(&'static [u8]),
    /// What the file has when it is opened once more; it stays the same.
    ItsFile(&'static str),
    /// Zeros without end.
    Zeros,
    /// Random bytes without end.
    Noise,
    /// One of these errors.
    Error(&'static [c_int]),
}

pub type Make = fn() -> io::Result<OwnedFd>;

pub fn readable() -> Vec<(&'static str, Make, Has)> {
    const WRONG: Has = Has::Error(&[EBADF]);
    const NEVER: Has = Has::Error(&[EINVAL, EAGAIN]);
    const TWO: &[u8] = b"\x07abcdef\n\x07abcdef\n";
    let mut all: Vec<(&'static str, Make, Has)> = vec![
        ("file at its end", || Ok(kit::file(b"")?.into()), Has::Bytes(b"")),
        ("file", || Ok(kit::file(TWO)?.into()), Has::Bytes(TWO)),
        ("file without a newline", || Ok(kit::file(b"\x07abc")?.into()), Has::Bytes(b"\x07abc")),
        ("memfd", || Ok(kit::memfd(UNIT)?.into()), Has::Bytes(UNIT)),
        ("/dev/null", || kit::open("/dev/null", O_RDWR), Has::Bytes(b"")),
        ("/dev/zero", || kit::open("/dev/zero", O_RDWR), Has::Zeros),
        ("/dev/full", || kit::open("/dev/full", O_RDWR), Has::Zeros),
        ("/dev/urandom", || kit::open("/dev/urandom", O_RDONLY), Has::Noise),
        ("/dev/random", || kit::open("/dev/random", O_RDONLY), Has::Noise),
        ("directory", || kit::open("/", O_RDONLY), Has::Error(&[EISDIR])),
        ("/proc/self/ns/net", || kit::open("/proc/self/ns/net", O_RDONLY), NEVER),
        ("O_PATH", || kit::open("/dev/null", libc::O_PATH), WRONG),
        ("file O_WRONLY", || kit::open("/dev/null", O_WRONLY), WRONG),
        ("pipe's writing end", || Ok(kit::pipe()?.1), WRONG),
        ("FIFO's writing end", || Ok(kit::fifo(false)?.1), WRONG),
        ("terminal O_WRONLY", || one_way(O_WRONLY), WRONG),
        ("pidfd", pidfd, NEVER),
        ("epoll", epoll, NEVER),
        ("io_uring", io_uring, NEVER),
        ("TCP listener", || Ok(std::net::TcpListener::bind("127.0.0.1:0")?.into()), Has::Error(&[ENOTCONN])),
        ("TCP unconnected", || socket(libc::AF_INET, libc::SOCK_STREAM), Has::Error(&[ENOTCONN])),
        ("AF_UNIX listener", unix_listener, Has::Error(&[EINVAL, ENOTCONN])),
        ("AF_UNIX unconnected", || socket(libc::AF_UNIX, libc::SOCK_STREAM), Has::Error(&[EINVAL, ENOTCONN])),
    ];
    // Files that the kernel makes up; some of them have a poll of their own.
    macro_rules! kernel_file {
        ($($path:literal)*) => { $(all.push(($path, || kit::open($path, O_RDONLY), Has::ItsFile($path)));)* };
    }
    kernel_file!("/proc/version" "/proc/cmdline" "/proc/self/mounts" "/proc/self/mountinfo" "/proc/sys/kernel/hostname"
        "/proc/self/limits" "/sys/kernel/fscaps" "/sys/kernel/mm/transparent_hugepage/enabled");
    keep(all, |(name, make, _)| (name, kit::when_there_is_room(make)))
}

/// What a descriptor makes of bytes.
#[derive(Clone, Copy)]
pub enum Takes {
    All,
    Error(&'static [c_int]),
}

pub fn writable() -> Vec<(&'static str, Make, Takes)> {
    const WRONG: Takes = Takes::Error(&[EBADF]);
    const NEVER: Takes = Takes::Error(&[EBADF, EINVAL, EAGAIN]);
    let all: Vec<(&'static str, Make, Takes)> = vec![
        ("/dev/null", || kit::open("/dev/null", O_RDWR), Takes::All),
        ("/dev/zero", || kit::open("/dev/zero", O_RDWR), Takes::All),
        ("/dev/full", || kit::open("/dev/full", O_RDWR), Takes::Error(&[ENOSPC])),
        ("file", || Ok(kit::file(b"")?.into()), Takes::All),
        ("memfd", || Ok(kit::memfd(b"")?.into()), Takes::All),
        ("pipe with room", || with_peer(kit::pipe().map(|(r, w)| (w, r))), Takes::All),
        ("FIFO with room", || with_peer(kit::fifo(false).map(|(r, w)| (w, r))), Takes::All),
        ("terminal with room", || with_peer(kit::terminal(Lines::Cooked).map(|(m, s)| (s, m))), Takes::All),
        ("terminal master with room", || with_peer(kit::terminal(Lines::Raw(1, 0))), Takes::All),
        ("TCP with room", || with_peer(kit::tcp("127.0.0.1")), Takes::All),
        ("UDP", udp, Takes::All),
        ("AF_UNIX with room", || with_peer(kit::pair(libc::SOCK_STREAM)), Takes::All),
        ("AF_UNIX datagram with room", || with_peer(kit::pair(libc::SOCK_DGRAM)), Takes::All),
        ("directory", || kit::open("/", O_RDONLY), WRONG),
        ("O_PATH", || kit::open("/dev/null", libc::O_PATH), WRONG),
        ("file O_RDONLY", || kit::open("/dev/null", O_RDONLY), WRONG),
        ("pipe's reading end", || Ok(kit::pipe()?.0), WRONG),
        ("FIFO's reading end", || Ok(kit::fifo(false)?.0), WRONG),
        ("terminal O_RDONLY", || one_way(O_RDONLY), WRONG),
        ("timerfd", || made(unsafe { libc::timerfd_create(libc::CLOCK_MONOTONIC, libc::TFD_CLOEXEC) }), NEVER),
        ("inotify", || made(unsafe { libc::inotify_init1(libc::IN_CLOEXEC) }), NEVER),
        ("pidfd", pidfd, NEVER),
        ("epoll", epoll, NEVER),
        ("io_uring", io_uring, NEVER),
        (
            "TCP listener",
            || Ok(std::net::TcpListener::bind("127.0.0.1:0")?.into()),
            Takes::Error(&[libc::EPIPE, ENOTCONN]),
        ),
        ("AF_UNIX listener", unix_listener, Takes::Error(&[ENOTCONN, EOPNOTSUPP, EINVAL])),
    ];
    keep(all, |(name, make, _)| (name, kit::when_there_is_room(make)))
}

fn keep<T>(mut all: Vec<T>, made: impl Fn(&T) -> (&'static str, Result<OwnedFd, String>)) -> Vec<T> {
    all.retain(|entry| match made(entry) {
        (name, Err(e)) => {
            left_out(&format!("no {name}"), e);
            false
        }
        _ => true,
    });
    all
}

thread_local! {
    static PEERS: RefCell<Vec<OwnedFd>> = const { RefCell::new(Vec::new()) };
}

/// It stays open until this thread ends, which is that of a cell.
fn keep_open(peer: OwnedFd) {
    PEERS.with_borrow_mut(|peers| peers.push(peer));
}

/// The second end stays open.
fn with_peer(ends: io::Result<(OwnedFd, OwnedFd)>) -> io::Result<OwnedFd> {
    let (fd, peer) = ends?;
    keep_open(peer);
    Ok(fd)
}

/// A terminal's slave that is open for one direction.
fn one_way(flags: c_int) -> io::Result<OwnedFd> {
    let (master, slave) = kit::terminal(Lines::Raw(1, 0))?;
    let path = std::fs::read_link(format!("/proc/self/fd/{}", slave.as_raw_fd()))?;
    keep_open(master);
    kit::open(path.to_str().unwrap(), flags)
}

fn socket(family: c_int, kind: c_int) -> io::Result<OwnedFd> {
    made(unsafe { libc::socket(family, kind | libc::SOCK_CLOEXEC, 0) })
}

fn unix_listener() -> io::Result<OwnedFd> {
    let path = kit::path();
    let listener = std::os::unix::net::UnixListener::bind(&path)?;
    std::fs::remove_file(path)?;
    Ok(listener.into())
}

fn udp() -> io::Result<OwnedFd> {
    let (socket, other) = (std::net::UdpSocket::bind("127.0.0.1:0")?, std::net::UdpSocket::bind("127.0.0.1:0")?);
    socket.connect(other.local_addr()?)?;
    with_peer(Ok((socket.into(), other.into())))
}

fn pidfd() -> io::Result<OwnedFd> {
    made(unsafe { libc::syscall(libc::SYS_pidfd_open, libc::getpid(), 0) })
}

fn epoll() -> io::Result<OwnedFd> {
    made(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })
}

fn io_uring() -> io::Result<OwnedFd> {
    let mut parameters = [0_u32; 30];
    made(unsafe { libc::syscall(libc::SYS_io_uring_setup, 1, parameters.as_mut_ptr()) })
}
