//! Kinds of descriptors for reading that wait until something is given to them.

use crate::left_out::left_out;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::OnceLock;
use std::thread;

use libc::{c_int, c_long};

use super::kit::{self, Lines, get, made, put};

/// A line of eight bytes that is a frame with a header of one byte, too, and a number that an eventfd can hold.
pub const UNIT: &[u8; 8] = b"\x07abcdef\n";

/// A counter that says one.
const ONE: &[u8; 8] = &1_u64.to_ne_bytes();

/// Gives the bytes, or an event where bytes cannot be chosen, and says which bytes can be read now because of it.
pub type Give = Box<dyn FnMut(&[u8]) -> Vec<u8> + Send>;

/// A descriptor that waits, and who can end that.
pub struct Source {
    pub fd: OwnedFd,
    pub give: Give,
}

#[derive(Clone, Copy)]
#[allow(clippy::struct_excessive_bools, reason = "a table of what kinds have, or have not")]
pub struct Kind {
    pub name: &'static str,
    pub make: fn() -> io::Result<Source>,
    /// The bytes of one gift: the fewest that a read can get of it, if `whole`.
    pub unit: usize,
    /// Which bytes the first gift is; of some only the number is known.
    pub gift: Option<&'static [u8; 8]>,
    /// A read with room for less than one event is EINVAL, and takes nothing.
    pub whole: bool,
    /// A read with room for less than one datagram loses the rest.
    pub records: bool,
    /// Events add up until they are read.
    pub adds: bool,
    /// poll(2) does not report a single unit.
    pub late: bool,
    /// Without a limit, an empty one is no reason to wait.
    pub hasty: bool,
    /// poll(2) reports an error before there is anything, so that a limit may not notice what comes.
    pub blind: bool,
    /// Only whole lines can be read.
    pub lines: bool,
    pub socket: bool,
}

const STREAM: Kind = Kind {
    name: "",
    make: || Err(io::ErrorKind::Unsupported.into()),
    unit: UNIT.len(),
    gift: Some(UNIT),
    whole: false,
    records: false,
    adds: false,
    late: false,
    hasty: false,
    blind: false,
    lines: false,
    socket: false,
};
const EVENT: Kind = Kind { whole: true, ..STREAM };
const SOCKET: Kind = Kind { socket: true, ..STREAM };
const RAW: Kind = Kind { hasty: true, ..STREAM };

/// Those that this machine has; a line says what is left out.
pub fn kinds() -> Vec<Kind> {
    let mut kinds = vec![
        Kind { name: "eventfd", make: || eventfd(0), adds: true, ..EVENT },
        Kind { name: "eventfd semaphore", make: || eventfd(libc::EFD_SEMAPHORE), gift: Some(ONE), ..EVENT },
        Kind { name: "timerfd", make: timerfd, gift: Some(ONE), adds: true, ..EVENT },
        Kind { name: "signalfd", make: signalfd, unit: 128, gift: None, ..EVENT },
        Kind { name: "inotify", make: inotify, unit: 16, gift: None, adds: true, ..EVENT },
        Kind { name: "userfaultfd", make: userfaultfd, unit: 32, gift: None, blind: true, ..EVENT },
        Kind { name: "pipe", make: || stream(kit::pipe()), ..STREAM },
        Kind { name: "FIFO", make: || stream(kit::fifo(false)), ..STREAM },
        Kind { name: "FIFO O_RDWR", make: || stream(kit::fifo(true)), ..STREAM },
        Kind { name: "terminal master", make: master, ..STREAM },
        Kind { name: "terminal cooked", make: || slave(Lines::Cooked), lines: true, ..STREAM },
        Kind { name: "terminal raw VMIN 1 VTIME 0", make: || slave(Lines::Raw(1, 0)), ..STREAM },
        Kind { name: "terminal raw VMIN 0 VTIME 0", make: || slave(Lines::Raw(0, 0)), ..RAW },
        Kind { name: "terminal raw VMIN 0 VTIME 5", make: || slave(Lines::Raw(0, 5)), ..RAW },
        Kind { name: "terminal raw VMIN 10 VTIME 0", make: || slave(Lines::Raw(10, 0)), late: true, ..RAW },
        Kind { name: "terminal raw VMIN 10 VTIME 5", make: || slave(Lines::Raw(10, 5)), late: true, ..RAW },
        Kind { name: "TCP", make: || stream(kit::tcp("127.0.0.1")), ..SOCKET },
        Kind { name: "TCP over IPv6", make: || stream(kit::tcp("::1")), ..SOCKET },
        Kind { name: "TCP SO_RCVLOWAT", make: || low_water(kit::tcp("127.0.0.1")), late: true, hasty: true, ..SOCKET },
        Kind { name: "UDP", make: udp, records: true, ..SOCKET },
        Kind { name: "AF_UNIX", make: || stream(kit::pair(libc::SOCK_STREAM)), ..SOCKET },
        Kind {
            name: "AF_UNIX SO_RCVLOWAT",
            make: || low_water(kit::pair(libc::SOCK_STREAM)),
            late: true,
            hasty: true,
            ..SOCKET
        },
        Kind { name: "AF_UNIX datagram", make: || stream(kit::pair(libc::SOCK_DGRAM)), records: true, ..SOCKET },
        Kind { name: "AF_UNIX seqpacket", make: || stream(kit::pair(libc::SOCK_SEQPACKET)), records: true, ..SOCKET },
    ];
    match fanotify_event() {
        Ok(unit) => {
            kinds.push(Kind { name: "fanotify", make: fanotify, unit, gift: None, adds: true, ..EVENT });
        }
        Err(e) => left_out("no fanotify", e),
    }
    kinds.retain(|kind| kit::can_be_made(kind.name, kind.make));
    kinds
}

/// What is written at one end comes out at the other.
fn stream(ends: io::Result<(OwnedFd, OwnedFd)>) -> io::Result<Source> {
    let (fd, peer) = ends?;
    Ok(Source { fd, give: Box::new(move |bytes| put(&peer, bytes)) })
}

fn low_water(ends: io::Result<(OwnedFd, OwnedFd)>) -> io::Result<Source> {
    let source = stream(ends)?;
    kit::set_option(source.fd.as_raw_fd(), libc::SO_RCVLOWAT, &(100 as c_int));
    Ok(source)
}

fn udp() -> io::Result<Source> {
    let [one, other] = [std::net::UdpSocket::bind("127.0.0.1:0")?, std::net::UdpSocket::bind("127.0.0.1:0")?];
    one.connect(other.local_addr()?)?;
    other.connect(one.local_addr()?)?;
    stream(Ok((one.into(), other.into())))
}

fn master() -> io::Result<Source> {
    stream(kit::terminal(Lines::Raw(1, 0)))
}

/// In a cooked terminal nothing arrives before its newline.
fn slave(lines: Lines) -> io::Result<Source> {
    let (master, slave) = kit::terminal(lines)?;
    let give = move |bytes: &[u8]| {
        let mut bytes = bytes.to_vec();
        if let (Lines::Cooked, Some(last)) = (lines, bytes.last_mut()) {
            *last = b'\n';
        }
        put(&master, &bytes)
    };
    Ok(Source { fd: slave, give: Box::new(give) })
}

/// UNIT as a number, or else one more; a semaphore gives ones.
fn eventfd(flags: c_int) -> io::Result<Source> {
    let fd = made(unsafe { libc::eventfd(0, flags | libc::EFD_CLOEXEC) })?;
    let own = fd.try_clone()?;
    let give = move |bytes: &[u8]| put(&own, if flags == 0 && bytes == UNIT { UNIT } else { ONE });
    Ok(Source { fd, give: Box::new(give) })
}

fn timerfd() -> io::Result<Source> {
    let fd = made(unsafe { libc::timerfd_create(libc::CLOCK_MONOTONIC, libc::TFD_CLOEXEC) })?;
    let own = fd.try_clone()?;
    let give = move |_: &[u8]| {
        let mut once: libc::itimerspec = unsafe { std::mem::zeroed() };
        once.it_value.tv_nsec = 1;
        assert_eq!(unsafe { libc::timerfd_settime(own.as_raw_fd(), 0, &raw const once, std::ptr::null_mut()) }, 0);
        ONE.to_vec()
    };
    Ok(Source { fd, give: Box::new(give) })
}

/// The signal is this thread's alone, and blocked in it, so that nothing but the descriptor notices it.
fn signalfd() -> io::Result<Source> {
    let signal = libc::SIGRTMIN() + 2;
    let (fd, thread) = unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigaddset(&raw mut set, signal);
        assert_eq!(libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut()), 0);
        (made(libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC))?, libc::gettid())
    };
    let give = move |_: &[u8]| {
        let sent = unsafe { libc::syscall(libc::SYS_tgkill, libc::getpid(), thread, signal) };
        vec![0; if sent == 0 { 128 } else { 0 }]
    };
    Ok(Source { fd, give: Box::new(give) })
}

fn inotify() -> io::Result<Source> {
    let fd = made(unsafe { libc::inotify_init1(libc::IN_CLOEXEC) })?;
    let file = kit::memfd(b"")?;
    let path = std::ffi::CString::new(format!("/proc/self/fd/{}", file.as_raw_fd())).unwrap();
    if unsafe { libc::inotify_add_watch(fd.as_raw_fd(), path.as_ptr(), libc::IN_ATTRIB) } < 0 {
        return Err(io::Error::last_os_error());
    }
    let give = move |_: &[u8]| {
        assert_eq!(unsafe { libc::fchmod(file.as_raw_fd(), 0o600) }, 0);
        vec![0; 16]
    };
    Ok(Source { fd, give: Box::new(give) })
}

/// What an ordinary user may ask for: events about files that are named by their handles.
fn fanotify() -> io::Result<Source> {
    let flags = libc::FAN_CLASS_NOTIF | libc::FAN_REPORT_FID | libc::FAN_CLOEXEC;
    let fd = made(unsafe { libc::fanotify_init(flags, 0) })?;
    let file = kit::file(b"")?;
    let path = std::ffi::CString::new(format!("/proc/self/fd/{}", file.as_raw_fd())).unwrap();
    let (what, here) = (libc::FAN_ATTRIB, libc::AT_FDCWD);
    if unsafe { libc::fanotify_mark(fd.as_raw_fd(), libc::FAN_MARK_ADD, what, here, path.as_ptr()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    let give = move |_: &[u8]| {
        assert_eq!(unsafe { libc::fchmod(file.as_raw_fd(), 0o600) }, 0);
        vec![0; FANOTIFY_EVENT.get().copied().unwrap_or(0)]
    };
    Ok(Source { fd, give: Box::new(give) })
}

/// How long one event of it is: that depends on the file system.
static FANOTIFY_EVENT: OnceLock<usize> = OnceLock::new();

fn fanotify_event() -> io::Result<usize> {
    let mut source = fanotify()?;
    (source.give)(&[]);
    Ok(*FANOTIFY_EVENT.get_or_init(|| get(&source.fd, 4096).len()))
}

/// Somebody touches a page that is not there. He goes on when the descriptor is closed.
fn userfaultfd() -> io::Result<Source> {
    const USER_MODE_ONLY: c_int = 1;
    const API: libc::Ioctl = 0xc018_aa3f_u32 as _;
    const REGISTER: libc::Ioctl = 0xc020_aa00_u32 as _;
    const PAGES: usize = 64;
    let flags = libc::O_CLOEXEC | USER_MODE_ONLY;
    let fd = made(unsafe { libc::syscall(libc::SYS_userfaultfd, flags) } as c_long)?;
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as usize;
    let memory = unsafe {
        let kind = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        libc::mmap(std::ptr::null_mut(), PAGES * page, libc::PROT_READ | libc::PROT_WRITE, kind, -1, 0)
    } as usize;
    // struct uffdio_api, struct uffdio_register: pages that are missing.
    let (mut api, mut register) = ([0xaa_u64, 0, 0], [memory as u64, (PAGES * page) as u64, 1, 0]);
    let refused = unsafe {
        libc::ioctl(fd.as_raw_fd(), API, api.as_mut_ptr()) != 0
            || libc::ioctl(fd.as_raw_fd(), REGISTER, register.as_mut_ptr()) != 0
    };
    if refused {
        return Err(io::Error::last_os_error());
    }
    let mut next = 0;
    let give = move |_: &[u8]| {
        let address = memory + next * page;
        next += 1;
        let (to, from) = std::sync::mpsc::channel();
        thread::spawn(move || unsafe {
            _ = to.send(libc::gettid());
            std::ptr::read_volatile(address as *const u8)
        });
        // The event is there once that thread waits for its page, which may take long on a busy machine.
        let toucher = from.recv().expect("it says its number first");
        kit::until_it_waits(toucher);
        vec![0; 32]
    };
    Ok(Source { fd, give: Box::new(give) })
}
