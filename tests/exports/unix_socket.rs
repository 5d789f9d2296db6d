//! Unix sockets at a path.

use std::ffi::CString;
use std::fs;
use std::io::Read;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, symlink};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::ptr;

use crate::c::*;
use libc::{c_int, c_uint};

use crate::kit::*;
use crate::support::imitates;
use crate::udp::{is_cloexec, makes, option};

/// A path of this test's own where nothing is.
pub fn path(name: &str) -> PathBuf {
    let path = crate::support::scratch("unix").join(format!("{name}-{}", std::process::id()));
    let _ = fs::remove_file(&path);
    let _ = fs::remove_dir(&path);
    path
}

pub fn text(path: &Path) -> CString {
    CString::new(path.as_os_str().as_bytes()).unwrap()
}

fn listen(path: &Path, backlog: c_int, flags: c_uint) -> c_int {
    unsafe { sockutil_unix_listen(text(path).as_ptr(), backlog, flags) }
}

pub fn connect(path: &Path, flags: c_uint, timeout_ms: c_int) -> c_int {
    unsafe { sockutil_unix_connect(text(path).as_ptr(), flags, timeout_ms) }
}

pub fn accept(listener: c_int) -> UnixStream {
    assert!(sockutil_wait(listener, libc::POLLIN.into(), 5000) > 0);
    let fd = unsafe { libc::accept4(listener, ptr::null_mut(), ptr::null_mut(), libc::SOCK_CLOEXEC) };
    assert!(fd >= 0);
    unsafe { UnixStream::from_raw_fd(fd) }
}

/// A client is served: one that the library makes, and one that it does not.
#[track_caller]
pub fn serves(listener: c_int, path: &Path) {
    for timeout in [FOREVER, 5000] {
        let client = makes(|| connect(path, 0, timeout));
        let mut server = accept(listener);
        feed(client.as_raw_fd(), b"hello");
        let mut buffer = [0; 5];
        server.read_exact(&mut buffer).unwrap();
        assert_eq!(&buffer, b"hello");
    }
    let _client = UnixStream::connect(path).unwrap();
    accept(listener);
}

/// Connects until the backlog is full: the clients, which keep it so.
fn fill(path: &Path) -> Vec<OwnedFd> {
    let mut address: libc::sockaddr_un = unsafe { std::mem::zeroed() };
    address.sun_family = libc::AF_UNIX as u16;
    for (place, byte) in address.sun_path.iter_mut().zip(path.as_os_str().as_bytes()) {
        *place = *byte as libc::c_char;
    }
    let size = size_of::<libc::sockaddr_un>() as u32;
    let mut clients = Vec::new();
    for _ in 0..100 {
        let kind = libc::SOCK_STREAM | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
        let client = unsafe { OwnedFd::from_raw_fd(libc::socket(libc::AF_UNIX, kind, 0)) };
        if unsafe { libc::connect(client.as_raw_fd(), (&raw const address).cast(), size) } == -1 {
            assert_eq!(errno().0, EAGAIN);
            return clients;
        }
        clients.push(client);
    }
    panic!("the backlog has no end");
}

#[test]
fn unix_listen_makes_a_listener_at_a_fresh_path() {
    let path = path("fresh");
    let listener = makes(|| listen(&path, 4, 0));
    assert!(fs::symlink_metadata(&path).unwrap().file_type().is_socket());
    assert_eq!(option(listener.as_raw_fd(), libc::SOL_SOCKET, libc::SO_ACCEPTCONN), 1);
    assert_eq!(option(listener.as_raw_fd(), libc::SOL_SOCKET, libc::SO_TYPE), libc::SOCK_STREAM);
    serves(listener.as_raw_fd(), &path);
    drop(listener);
    assert!(path.exists(), "the file stays");
}

#[test]
fn unix_sockets_have_the_modes_they_were_asked_for() {
    for flags in [0, SOCKUTIL_NONBLOCK, SOCKUTIL_INHERIT, SOCKUTIL_NONBLOCK | SOCKUTIL_INHERIT] {
        let path = path("modes");
        let listener = makes(|| listen(&path, 8, flags));
        let mut made = vec![listener];
        for timeout in [FOREVER, 1000] {
            made.push(makes(|| connect(&path, flags, timeout)));
        }
        for fd in made {
            assert_eq!(is_nonblock(fd.as_raw_fd()), flags & SOCKUTIL_NONBLOCK != 0);
            assert_eq!(is_cloexec(fd.as_raw_fd()), flags & SOCKUTIL_INHERIT == 0);
        }
    }
}

#[test]
fn a_connected_socket_keeps_no_trace_of_the_time_limit() {
    let path = path("sndtimeo");
    let _listener = UnixListener::bind(&path).unwrap();
    for timeout in [FOREVER, 1, 5000] {
        let client = UnixStream::from(makes(|| connect(&path, 0, timeout)));
        assert_eq!(client.write_timeout().unwrap(), None);
        assert_eq!(client.read_timeout().unwrap(), None);
    }
}

/// Waits until the socket of a file is closed everywhere: a child that another test has just forked may hold a copy.
pub fn is_dead(path: &Path) {
    let begun = std::time::Instant::now();
    while UnixStream::connect(path).is_ok() {
        assert!(begun.elapsed().as_secs() < 20, "{} lives", path.display());
        look_again();
    }
}

#[test]
fn unix_listen_replaces_a_stale_file() {
    // Of a listener, of a socket that never listened, and of one for datagrams.
    for kind in 0..3 {
        let path = path("stale");
        match kind {
            0 => drop(UnixListener::bind(&path).unwrap()),
            1 => {
                let first = makes(|| listen(&path, 1, 0));
                drop(first);
            }
            _ => drop(UnixDatagram::bind(&path).unwrap()),
        }
        let old = fs::symlink_metadata(&path).unwrap();
        assert!(old.file_type().is_socket());
        is_dead(&path);
        let listener = makes(|| listen(&path, 4, 0));
        serves(listener.as_raw_fd(), &path);
    }
}

pub fn inode(path: &Path) -> (u64, u64) {
    let status = fs::symlink_metadata(path).unwrap();
    (status.dev(), status.ino())
}

#[test]
fn sockutil_unix_listen_EADDRINUSE() {
    // A living listener, which sees the probe as a client that leaves, and goes on.
    let live = path("live");
    let listener = makes(|| listen(&live, 8, 0));
    let before = inode(&live);
    fails(libc::EADDRINUSE, || listen(&live, 8, 0));
    assert_eq!(inode(&live), before);
    assert_eq!(accept(listener.as_raw_fd()).read(&mut [0; 4]).unwrap(), 0, "the probe has left");
    serves(listener.as_raw_fd(), &live);

    // What is no socket.
    let file = path("file");
    fs::write(&file, "content").unwrap();
    fails(libc::EADDRINUSE, || listen(&file, 8, 0));
    assert_eq!(fs::read_to_string(&file).unwrap(), "content");
    let folder = path("folder");
    fs::create_dir(&folder).unwrap();
    fails(libc::EADDRINUSE, || listen(&folder, 8, 0));
    assert!(folder.is_dir());
    let fifo = path("fifo");
    assert_eq!(unsafe { libc::mkfifo(text(&fifo).as_ptr(), 0o600) }, 0);
    fails(libc::EADDRINUSE, || listen(&fifo, 8, 0));
    assert!(fs::symlink_metadata(&fifo).unwrap().file_type().is_fifo());

    // Links: to nothing, to a file, to a stale socket. The link itself is no socket.
    let stale = path("linked");
    drop(UnixListener::bind(&stale).unwrap());
    for target in [Path::new("/nowhere/at/all"), &file, &stale] {
        let link = path("link");
        symlink(target, &link).unwrap();
        fails(libc::EADDRINUSE, || listen(&link, 8, 0));
        assert_eq!(fs::read_link(&link).unwrap(), target);
    }
    assert!(stale.exists());
}

#[test]
fn a_live_datagram_socket_is_left_alone() {
    let path = path("datagram");
    let receiver = UnixDatagram::bind(&path).unwrap();
    let before = inode(&path);
    fails(libc::EADDRINUSE, || listen(&path, 8, 0));
    assert_eq!(inode(&path), before);
    UnixDatagram::unbound().unwrap().send_to(b"still", &path).unwrap();
    assert_eq!(receiver.recv(&mut [0; 8]).unwrap(), 5);
}

#[test]
fn a_listener_with_a_full_backlog_is_alive() {
    let path = path("full");
    let listener = makes(|| listen(&path, 0, 0));
    let before = inode(&path);
    let clients = fill(&path);
    takes_ms(0, || fails(libc::EADDRINUSE, || listen(&path, 0, 0)));
    assert_eq!(inode(&path), before);
    for _ in clients {
        accept(listener.as_raw_fd());
    }
    serves(listener.as_raw_fd(), &path);
}

/// An absolute path of so many bytes.
pub fn long(bytes: usize) -> PathBuf {
    let start = path("long");
    let missing = bytes - start.as_os_str().len();
    let mut name = start.into_os_string();
    name.push("x".repeat(missing));
    let _ = fs::remove_file(&name);
    name.into()
}

#[test]
fn a_path_of_107_bytes_serves() {
    let path = long(107);
    for _ in 0..2 {
        let listener = makes(|| listen(&path, 4, 0));
        serves(listener.as_raw_fd(), &path);
    }
    fs::remove_file(path).unwrap();
}

#[test]
fn sockutil_unix_listen_ENAMETOOLONG() {
    for bytes in [108, 109, 120] {
        let path = long(bytes);
        fails(libc::ENAMETOOLONG, || listen(&path, 4, 0));
        assert!(!path.exists() && !long(107).exists());
    }
}

#[test]
fn sockutil_unix_listen_EINVAL() {
    let path = path("einval");
    fails(EINVAL, || unsafe { sockutil_unix_listen(ptr::null(), 4, 0) });
    fails(EINVAL, || unsafe { sockutil_unix_listen(c"".as_ptr(), 4, 0) });
    for backlog in [-1, c_int::MIN, 65_536, SOCKUTIL_NONBLOCK as c_int, c_int::MAX] {
        fails(EINVAL, || listen(&path, backlog, 0));
    }
    let (reuseport, v6only, numeric) = (SOCKUTIL_REUSEPORT, SOCKUTIL_V6ONLY, SOCKUTIL_NUMERIC);
    for flags in [1, 128, reuseport, v6only, numeric, 1 << 21, 1 << 31] {
        fails(EINVAL, || listen(&path, 4, flags));
    }
    assert!(!path.exists(), "nothing happened");
    for backlog in [0, 65_535] {
        drop(makes(|| listen(&path, backlog, 0)));
    }
}

#[test]
fn unix_listen_passes_on_what_bind_says() {
    fails(libc::ENOENT, || listen(&path("missing").join("socket"), 4, 0));
    let file = path("no-folder");
    fs::write(&file, "").unwrap();
    fails(libc::ENOTDIR, || listen(&file.join("socket"), 4, 0));
}

#[test]
fn unix_connect_waits_for_a_place_in_the_backlog() {
    if imitates("refuse", "a client that waits for a place in the backlog") {
        return;
    }
    for (timeout, flags) in [(FOREVER, 0), (10_000, 0), (FOREVER, SOCKUTIL_NONBLOCK), (10_000, SOCKUTIL_NONBLOCK)] {
        let path = path("waits");
        let listener = makes(|| listen(&path, 0, 0));
        let clients = fill(&path);
        let client = beside(
            || {
                fails(EAGAIN, || sockutil_wait(listener.as_raw_fd(), libc::POLLPRI.into(), 60));
                for _ in &clients {
                    accept(listener.as_raw_fd());
                }
            },
            || takes_ms(50, || in_a_storm(|| makes(|| connect(&path, flags, timeout)))),
        );
        assert_eq!(is_nonblock(client.as_raw_fd()), flags != 0);
        let client = UnixStream::from(client);
        assert_eq!(client.write_timeout().unwrap(), None);
        accept(listener.as_raw_fd());
    }
}

#[test]
fn sockutil_unix_connect_ETIMEDOUT() {
    let path = path("timeout");
    let listener = makes(|| listen(&path, 0, 0));
    let _clients = fill(&path);
    if imitates("refuse", "a client that waits for a place in the backlog") {
        // At once, however long it would wait.
        takes_ms(0, || fails(libc::ECONNREFUSED, || connect(&path, 0, 10_000)));
        return;
    }
    for flags in [0, SOCKUTIL_NONBLOCK] {
        takes_ms(40, || fails(libc::ETIMEDOUT, || connect(&path, flags, 40)));
        takes_ms(120, || in_a_storm(|| fails(libc::ETIMEDOUT, || connect(&path, flags, 120))));
    }
    drop(listener);
}

/// A time that has run out before: after the checks, and without an attempt.
#[test]
fn unix_connect_in_no_time_has_timed_out() {
    let path = path("no-time");
    // Not even the missing listener is noticed.
    fails(libc::ETIMEDOUT, || connect(&path, 0, NOWAIT));
    let listener = makes(|| listen(&path, 4, 0));
    for flags in [0, SOCKUTIL_NONBLOCK, SOCKUTIL_INHERIT] {
        fails(libc::ETIMEDOUT, || connect(&path, flags, NOWAIT));
        fails(libc::ETIMEDOUT, || connect(&path, flags, sockutil_ms_left(sockutil_now_ms())));
    }
    fails(EAGAIN, || sockutil_wait(listener.as_raw_fd(), libc::POLLIN.into(), NOWAIT));
    fails(EINVAL, || unsafe { sockutil_unix_connect(ptr::null(), 0, NOWAIT) });
    fails(EINVAL, || unsafe { sockutil_unix_connect(c"".as_ptr(), 0, NOWAIT) });
    fails(EINVAL, || connect(&path, SOCKUTIL_REUSEPORT, NOWAIT));
    fails(libc::ENAMETOOLONG, || connect(&long(108), 0, NOWAIT));
}

#[test]
fn sockutil_unix_connect_ECONNREFUSED() {
    let path = path("refused");
    drop(UnixListener::bind(&path).unwrap());
    for timeout in [FOREVER, 1000] {
        fails(libc::ECONNREFUSED, || connect(&path, 0, timeout));
    }
    let file = self::path("no-socket");
    fs::write(&file, "").unwrap();
    fails(libc::ECONNREFUSED, || connect(&file, 0, 1000));
}

#[test]
fn sockutil_unix_connect_ENOENT() {
    let path = path("none");
    for timeout in [FOREVER, 1000] {
        fails(libc::ENOENT, || connect(&path, 0, timeout));
    }
}

#[test]
fn sockutil_unix_connect_ENAMETOOLONG() {
    for bytes in [108, 109, 120] {
        fails(libc::ENAMETOOLONG, || connect(&long(bytes), 0, 1000));
    }
}

#[test]
fn sockutil_unix_connect_EINVAL() {
    let path = path("connect-einval");
    let _listener = UnixListener::bind(&path).unwrap();
    fails(EINVAL, || unsafe { sockutil_unix_connect(ptr::null(), 0, 1000) });
    fails(EINVAL, || unsafe { sockutil_unix_connect(c"".as_ptr(), 0, 1000) });
    for timeout in [-2, c_int::MIN] {
        fails(EINVAL, || connect(&path, 0, timeout));
    }
    for flags in [1, 128, SOCKUTIL_REUSEPORT, SOCKUTIL_V6ONLY, SOCKUTIL_NUMERIC, 1 << 21, 1 << 31] {
        fails(EINVAL, || connect(&path, flags, 1000));
    }
}

#[test]
fn unix_connect_passes_on_what_connect_says() {
    let path = path("prototype");
    let _receiver = UnixDatagram::bind(&path).unwrap();
    fails(libc::EPROTOTYPE, || connect(&path, 0, 1000));
}
