//! Descriptors and what is done with them by plain system calls, not by those under test.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use libc::{c_int, c_void};

use crate::left_out::left_out;

/// The descriptor that a system call has made.
pub fn made(fd: impl TryInto<c_int>) -> io::Result<OwnedFd> {
    let fd = fd.try_into().unwrap_or(-1);
    if fd < 0 { Err(io::Error::last_os_error()) } else { Ok(unsafe { OwnedFd::from_raw_fd(fd) }) }
}

/// Makes what a user can have only so many of at a time, in all processes together.
pub fn when_there_is_room<T>(make: impl Fn() -> io::Result<T>) -> Result<T, String> {
    let start = Instant::now();
    loop {
        match make() {
            Err(e)
                if matches!(e.raw_os_error(), Some(libc::EMFILE | libc::ENOSPC)) && start.elapsed().as_secs() < 5 =>
            {
                thread::sleep(Duration::from_millis(20));
            }
            Err(e) => return Err(format!("cannot be made: {e}")),
            Ok(it) => return Ok(it),
        }
    }
}

/// Until a thread of this process waits in the kernel, for ten seconds at most.
pub fn until_it_waits(thread: libc::pid_t) {
    let start = Instant::now();
    // "1234 (name of it) R ...": proc(5).
    let runs = || {
        let line = std::fs::read_to_string(format!("/proc/self/task/{thread}/stat")).unwrap_or_default();
        line.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('R'))
    };
    while runs() && start.elapsed().as_secs() < 10 {
        thread::yield_now();
    }
}

/// Whether this machine has a kind of descriptor; if not, reports it as left out.
pub fn can_be_made<T>(name: &str, make: fn() -> io::Result<T>) -> bool {
    when_there_is_room(make).map_err(|e| left_out(&format!("no {name}"), e)).is_ok()
}

pub fn flags(fd: c_int) -> c_int {
    unsafe { libc::fcntl(fd, libc::F_GETFL) }
}

/// What is open by O_PATH has no flags to set.
pub fn set_flags(fd: c_int, new: c_int) {
    assert!(unsafe { libc::fcntl(fd, libc::F_SETFL, new) } == 0 || flags(fd) & libc::O_PATH != 0);
}

/// Runs something while the descriptor does not block.
pub fn nonblocking<T>(fd: c_int, body: impl FnOnce() -> T) -> T {
    let before = flags(fd);
    set_flags(fd, before | libc::O_NONBLOCK);
    let result = body();
    set_flags(fd, before);
    result
}

pub fn set_option<T>(fd: c_int, name: c_int, value: &T) {
    let size = size_of::<T>() as libc::socklen_t;
    let value = std::ptr::from_ref(value).cast::<c_void>();
    assert_eq!(unsafe { libc::setsockopt(fd, libc::SOL_SOCKET, name, value, size) }, 0);
}

/// write(2) of all at once, by someone who has room for it.
pub fn put(fd: &impl AsRawFd, bytes: &[u8]) -> Vec<u8> {
    let n = unsafe { libc::write(fd.as_raw_fd(), bytes.as_ptr().cast(), bytes.len()) };
    bytes[..n.max(0) as usize].to_vec()
}

/// read(2) once: nothing at the end, and where there is nothing.
pub fn get(fd: &impl AsRawFd, most: usize) -> Vec<u8> {
    let mut bytes = vec![0; most];
    let n = unsafe { libc::read(fd.as_raw_fd(), bytes.as_mut_ptr().cast(), most) };
    bytes.truncate(n.max(0) as usize);
    bytes
}

/// Reads until there are as many bytes as expected, or for two seconds no more, and what is there beyond them.
pub fn drain(expected: usize, mut take: impl FnMut() -> Vec<u8>) -> Vec<u8> {
    let (mut all, mut last) = (Vec::new(), Instant::now());
    loop {
        let some = take();
        all.extend_from_slice(&some);
        if some.is_empty() {
            if all.len() >= expected || last.elapsed() > Duration::from_secs(2) {
                return all;
            }
            thread::sleep(Duration::from_millis(1));
        } else {
            last = Instant::now();
        }
    }
}

/// Waits until `n` bytes, or whatever the descriptor has, can be read: what goes through a terminal needs a moment.
pub fn settle(fd: c_int, n: usize) {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(2) {
        let mut queued: c_int = 0;
        let told = unsafe { libc::ioctl(fd, libc::FIONREAD, &raw mut queued) } == 0;
        if if told { queued as usize >= n } else { nonblocking(fd, || polls(fd, libc::POLLIN)) } {
            return;
        }
        thread::sleep(Duration::from_millis(1));
    }
}

pub fn polls(fd: c_int, events: i16) -> bool {
    let mut entry = libc::pollfd { fd, events, revents: 0 };
    unsafe { libc::poll(&raw mut entry, 1, 0) == 1 && entry.revents & events != 0 }
}

/// What makes this file another than others.
pub fn identity(fd: RawFd) -> Option<(u64, u64)> {
    let mut stat: libc::stat = unsafe { std::mem::zeroed() };
    (unsafe { libc::fstat(fd, &raw mut stat) } == 0).then_some((stat.st_dev as u64, stat.st_ino as u64))
}

/// A unique path.
pub fn path() -> PathBuf {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("kinds");
    std::fs::create_dir_all(&folder).unwrap();
    folder.join(format!("{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed)))
}

pub fn text(path: &std::path::Path) -> std::ffi::CString {
    std::ffi::CString::new(path.to_str().unwrap()).unwrap()
}

pub fn open(path: &str, flags: c_int) -> io::Result<OwnedFd> {
    let path = std::ffi::CString::new(path).unwrap();
    made(unsafe { libc::open(path.as_ptr(), flags | libc::O_CLOEXEC | libc::O_NOCTTY) })
}

pub fn memfd(content: &[u8]) -> io::Result<File> {
    let file = File::from(made(unsafe { libc::memfd_create(c"kinds".as_ptr(), libc::MFD_CLOEXEC) })?);
    std::os::unix::fs::FileExt::write_all_at(&file, content, 0)?;
    Ok(file)
}

/// An unlinked file on disk.
pub fn file(content: &[u8]) -> io::Result<File> {
    let path = path();
    std::fs::write(&path, content)?;
    let file = File::options().read(true).write(true).open(&path)?;
    std::fs::remove_file(&path)?;
    Ok(file)
}

pub fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let mut fds = [-1; 2];
    unsafe { libc::pipe2(fds.as_mut_ptr(), libc::O_CLOEXEC) };
    Ok((made(fds[0])?, made(fds[1])?))
}

/// A FIFO's two ends. With `both` each of them is open for reading and writing.
pub fn fifo(both: bool) -> io::Result<(OwnedFd, OwnedFd)> {
    // In memory, where there is such a folder: a file system on a disk would be what takes most of the time.
    let path = path();
    let shared =
        std::path::Path::new("/dev/shm").join(format!("sockutil-{}", path.file_name().unwrap().to_str().unwrap()));
    let path = if std::path::Path::new("/dev/shm").is_dir() { shared } else { path };
    if unsafe { libc::mkfifo(text(&path).as_ptr(), 0o600) } != 0 {
        return Err(io::Error::last_os_error());
    }
    let open = |flags| open(path.to_str().unwrap(), flags);
    // Open for both first, so that no open waits for the other.
    let first = open(libc::O_RDWR)?;
    let ends = if both { (first, open(libc::O_RDWR)?) } else { (open(libc::O_RDONLY)?, open(libc::O_WRONLY)?) };
    std::fs::remove_file(path)?;
    Ok(ends)
}

pub fn pair(kind: c_int) -> io::Result<(OwnedFd, OwnedFd)> {
    let mut fds = [-1; 2];
    unsafe { libc::socketpair(libc::AF_UNIX, kind | libc::SOCK_CLOEXEC, 0, fds.as_mut_ptr()) };
    Ok((made(fds[0])?, made(fds[1])?))
}

pub fn tcp(host: &str) -> io::Result<(OwnedFd, OwnedFd)> {
    tcp_with(host, None)
}

/// The server's end has so much receive memory. Set it before connect: it decides the window only then.
pub fn tcp_with(host: &str, receives: Option<c_int>) -> io::Result<(OwnedFd, OwnedFd)> {
    let listener = std::net::TcpListener::bind((host, 0))?;
    if let Some(bytes) = receives {
        set_option(listener.as_raw_fd(), libc::SO_RCVBUF, &bytes);
    }
    let client = std::net::TcpStream::connect(listener.local_addr()?)?;
    client.set_nodelay(true)?;
    let (server, _) = listener.accept()?;
    server.set_nodelay(true)?;
    Ok((server.into(), client.into()))
}

/// What a terminal does with lines and with output.
#[derive(Clone, Copy)]
pub enum Lines {
    /// Lines, as a shell has them, but no echo.
    Cooked,
    /// Bytes, by VMIN and VTIME; output goes out as it is.
    Raw(u8, u8),
}

/// A pseudoterminal: its master and its slave.
pub fn terminal(lines: Lines) -> io::Result<(OwnedFd, OwnedFd)> {
    let (mut master, mut slave) = (-1, -1);
    let null = std::ptr::null_mut();
    unsafe {
        if libc::openpty(&raw mut master, &raw mut slave, null, null.cast(), null.cast()) != 0 {
            return Err(io::Error::last_os_error());
        }
        let mut settings: libc::termios = std::mem::zeroed();
        libc::tcgetattr(slave, &raw mut settings);
        settings.c_lflag &= !libc::ECHO;
        if let Lines::Raw(min, time) = lines {
            libc::cfmakeraw(&raw mut settings);
            (settings.c_cc[libc::VMIN], settings.c_cc[libc::VTIME]) = (min, time);
        }
        assert_eq!(libc::tcsetattr(slave, libc::TCSANOW, &raw const settings), 0);
    }
    Ok((made(master)?, made(slave)?))
}
