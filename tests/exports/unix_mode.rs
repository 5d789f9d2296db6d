//! Listeners at a path whose permissions are chosen, and listeners that replace others.

use std::fs;
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::Path;
use std::ptr;

use crate::c::*;
use libc::{EADDRINUSE, c_int, c_uint, mode_t};

use crate::kit::*;
use crate::pass::{has_run_alone, has_user, in_a_child};
use crate::udp::{is_cloexec, makes, option};
use crate::unix_socket::{accept, connect, inode, is_dead, long, path, serves, text};

fn listen(path: &Path, backlog: c_int, mode: c_uint, flags: c_uint) -> c_int {
    unsafe { sockutil_unix_listen_mode(text(path).as_ptr(), backlog, mode, flags) }
}

fn mode_of(path: &Path) -> mode_t {
    fs::symlink_metadata(path).unwrap().mode() & 0o7777
}

/// Both functions with a flag: the first, and the other with a mode.
const LISTENS: [fn(&Path, c_uint) -> c_int; 2] = [
    |path, flags| unsafe { sockutil_unix_listen(text(path).as_ptr(), 8, flags) },
    |path, flags| listen(path, 8, 0o600, flags),
];

#[test]
fn a_listener_with_a_mode_serves_and_has_the_modes_it_was_asked_for() {
    for flags in [0, SOCKUTIL_NONBLOCK, SOCKUTIL_INHERIT, SOCKUTIL_NONBLOCK | SOCKUTIL_INHERIT] {
        for flags in [flags, flags | SOCKUTIL_REPLACE] {
            let path = path("mode");
            let listener = makes(|| listen(&path, 4, 0o640, flags));
            let fd = listener.as_raw_fd();
            assert_eq!(is_nonblock(fd), flags & SOCKUTIL_NONBLOCK != 0);
            assert_eq!(is_cloexec(fd), flags & SOCKUTIL_INHERIT == 0);
            assert_eq!(option(fd, libc::SOL_SOCKET, libc::SO_TYPE), libc::SOCK_STREAM);
            assert_eq!(mode_of(&path), 0o640);
            serves(fd, &path);
            drop(listener);
            assert!(path.exists(), "the file stays");
        }
    }
}

#[test]
fn the_permissions_are_those_of_mode_whatever_umask_is() {
    if has_run_alone() {
        return;
    }
    for mask in [0, 0o022, 0o077, 0o777] {
        for mode in [0, 0o200, 0o600, 0o660, 0o666, 0o777] {
            let path = path("umask");
            unsafe { libc::umask(mask) };
            let listener = makes(|| listen(&path, 4, mode, 0));
            assert_eq!(mode_of(&path), mode, "umask {mask:o}");
            assert_eq!(unsafe { libc::umask(0o022) }, mask, "umask is as it was");
            drop(listener);
            fs::remove_file(&path).unwrap();
        }
    }
}

#[test]
fn the_permissions_decide_who_may_connect() {
    const USER: libc::uid_t = 54_321;
    if has_run_alone() {
        return;
    }
    if !has_user(USER, "a client of another user at a listener with a mode") {
        return;
    }
    // A folder that others may enter.
    let folder = std::env::temp_dir().join(format!("sockutil-mode-{}", std::process::id()));
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    let path = folder.join("socket");
    unsafe { libc::umask(0o077) };
    for (mode, expected) in
        [(0o600, libc::EACCES), (0o660, libc::EACCES), (0o666, 0), (0o602, 0), (0o604, libc::EACCES)]
    {
        let _listener = makes(|| listen(&path, 4, mode, SOCKUTIL_REPLACE));
        let name = text(&path);
        in_a_child(|| {
            let is_other = unsafe {
                libc::syscall(libc::SYS_setgroups, 0, 0) == 0
                    && libc::syscall(libc::SYS_setresgid, USER, USER, USER) == 0
                    && libc::syscall(libc::SYS_setresuid, USER, USER, USER) == 0
            };
            if !is_other {
                return 1;
            }
            let fd = unsafe { sockutil_unix_connect(name.as_ptr(), 0, 5000) };
            let said = if fd >= 0 { 0 } else { errno().0 };
            c_int::from(said != expected) * 2
        });
    }
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn replace_takes_the_place_of_whatever_socket_is_there() {
    for (which, listen) in LISTENS.into_iter().enumerate() {
        // Nothing, a stale socket, a datagram socket that lives.
        let path = path("replaces");
        let listener = makes(|| listen(&path, SOCKUTIL_REPLACE));
        serves(listener.as_raw_fd(), &path);
        drop(listener);
        is_dead(&path);
        let listener = makes(|| listen(&path, SOCKUTIL_REPLACE));
        serves(listener.as_raw_fd(), &path);
        fs::remove_file(&path).unwrap();
        let receiver = UnixDatagram::bind(&path).unwrap();
        let listener = makes(|| listen(&path, SOCKUTIL_REPLACE));
        serves(listener.as_raw_fd(), &path);
        drop(receiver);

        // A listener that lives: it sees no probe, keeps the clients that it has, and gets no others.
        let old = listener;
        let before = inode(&path);
        let mut client = UnixStream::connect(&path).unwrap();
        let listener = makes(|| listen(&path, SOCKUTIL_REPLACE));
        assert_ne!(inode(&path), before);
        if which == 1 {
            assert_eq!(mode_of(&path), 0o600);
        }
        let mut server = accept(old.as_raw_fd());
        server.write_all(b"kept").unwrap();
        let mut bytes = [0; 4];
        client.read_exact(&mut bytes).unwrap();
        assert_eq!(&bytes, b"kept");
        serves(listener.as_raw_fd(), &path);
        fails(EAGAIN, || sockutil_wait(old.as_raw_fd(), libc::POLLIN.into(), NOWAIT));
        // Without the flag it stays.
        let before = inode(&path);
        fails(EADDRINUSE, || listen(&path, 0));
        assert_eq!(inode(&path), before);
    }
}

#[test]
fn replace_leaves_alone_what_is_no_socket() {
    for listen in LISTENS {
        let file = path("file");
        fs::write(&file, "content").unwrap();
        fails(EADDRINUSE, || listen(&file, SOCKUTIL_REPLACE));
        assert_eq!(fs::read_to_string(&file).unwrap(), "content");
        let folder = path("folder");
        fs::create_dir(&folder).unwrap();
        fails(EADDRINUSE, || listen(&folder, SOCKUTIL_REPLACE));
        assert!(folder.is_dir());
        let fifo = path("fifo");
        assert_eq!(unsafe { libc::mkfifo(text(&fifo).as_ptr(), 0o600) }, 0);
        fails(EADDRINUSE, || listen(&fifo, SOCKUTIL_REPLACE));
        assert!(fs::symlink_metadata(&fifo).unwrap().file_type().is_fifo());
        // The link itself is no socket, whatever it leads to.
        let socket = path("linked");
        let _live = UnixListener::bind(&socket).unwrap();
        let mode = mode_of(&socket);
        for target in [Path::new("/nowhere/at/all"), &file, &socket] {
            let link = path("link");
            symlink(target, &link).unwrap();
            fails(EADDRINUSE, || listen(&link, SOCKUTIL_REPLACE));
            assert_eq!(fs::read_link(&link).unwrap(), target);
        }
        assert_eq!(mode_of(&socket), mode);
    }
}

#[test]
fn replace_is_for_listeners_at_a_path() {
    let path = path("replace-flag");
    let listener = makes(|| listen(&path, 4, 0o600, 0));
    for flags in [SOCKUTIL_REPLACE, SOCKUTIL_REPLACE | SOCKUTIL_NONBLOCK] {
        fails(EINVAL, || connect(&path, flags, 1000));
        fails(EINVAL, || unsafe { sockutil_accept(listener.as_raw_fd(), ptr::null_mut(), flags, NOWAIT) });
        let (host, service, gai) = (c"127.0.0.1".as_ptr(), c"0".as_ptr(), ptr::null_mut());
        fails(EINVAL, || unsafe { sockutil_tcp_listen(host, service, 1, flags, gai) });
        fails(EINVAL, || unsafe { sockutil_tcp_connect(host, service, flags, 1000, gai) });
        fails(EINVAL, || unsafe { sockutil_udp_bind(host, service, flags, gai) });
        fails(EINVAL, || unsafe { sockutil_udp_connect(host, service, flags, gai) });
        let (none, mut count) = (ptr::null_mut(), 0);
        fails(EINVAL, || unsafe { sockutil_resolve(host, service, 0, flags, none, 0, &raw mut count, gai) });
        // An abstract name has no file.
        fails(EINVAL, || unsafe { sockutil_unix_listen(c"@sockutil-replace".as_ptr(), 4, flags) });
    }
    fails(EAGAIN, || sockutil_wait(listener.as_raw_fd(), libc::POLLIN.into(), NOWAIT));
}

#[test]
fn sockutil_unix_listen_mode_EADDRINUSE() {
    // A living listener, whose permissions stay.
    let live = path("live-mode");
    let listener = makes(|| listen(&live, 8, 0o640, 0));
    let before = inode(&live);
    for mode in [0o600, 0o777] {
        fails(EADDRINUSE, || listen(&live, 8, mode, 0));
        assert_eq!((inode(&live), mode_of(&live)), (before, 0o640));
        assert_eq!(accept(listener.as_raw_fd()).read(&mut [0; 4]).unwrap(), 0, "the probe has left");
    }
    serves(listener.as_raw_fd(), &live);
    // What is no socket.
    let file = path("file-mode");
    fs::write(&file, "content").unwrap();
    let mode = mode_of(&file);
    fails(EADDRINUSE, || listen(&file, 8, 0o777, 0));
    assert_eq!((fs::read_to_string(&file).unwrap().as_str(), mode_of(&file)), ("content", mode));
    let link = path("link-mode");
    symlink(&file, &link).unwrap();
    fails(EADDRINUSE, || listen(&link, 8, 0o777, 0));
    assert_eq!((fs::read_link(&link).unwrap(), mode_of(&file)), (file, mode));
    // A stale one is replaced, and its permissions are not inherited.
    let stale = path("stale-mode");
    drop(UnixListener::bind(&stale).unwrap());
    fs::set_permissions(&stale, fs::Permissions::from_mode(0o777)).unwrap();
    is_dead(&stale);
    let listener = makes(|| listen(&stale, 8, 0o600, 0));
    assert_eq!(mode_of(&stale), 0o600);
    serves(listener.as_raw_fd(), &stale);
}

#[test]
fn sockutil_unix_listen_mode_ENAMETOOLONG() {
    for bytes in [108, 109, 120] {
        let path = long(bytes);
        fails(libc::ENAMETOOLONG, || listen(&path, 4, 0o600, 0));
        assert!(!path.exists() && !long(107).exists());
    }
    let path = long(107);
    let listener = makes(|| listen(&path, 4, 0o600, 0));
    assert_eq!(mode_of(&path), 0o600);
    serves(listener.as_raw_fd(), &path);
    fs::remove_file(path).unwrap();
}

#[test]
fn sockutil_unix_listen_mode_EINVAL() {
    let path = path("einval-mode");
    for mode in [0o1000, 0o4755, 0o10_600, 0o100_600, c_uint::MAX] {
        fails(EINVAL, || listen(&path, 4, mode, 0));
    }
    for name in [c"", c"@", c"@name", c"@sockutil/unix_mode"] {
        fails(EINVAL, || unsafe { sockutil_unix_listen_mode(name.as_ptr(), 4, 0o600, 0) });
    }
    fails(EINVAL, || unsafe { sockutil_unix_listen_mode(ptr::null(), 4, 0o600, 0) });
    for backlog in [-1, c_int::MIN, 65_536, SOCKUTIL_NONBLOCK as c_int, c_int::MAX] {
        fails(EINVAL, || listen(&path, backlog, 0o600, 0));
    }
    let (reuseport, v6only, numeric) = (SOCKUTIL_REUSEPORT, SOCKUTIL_V6ONLY, SOCKUTIL_NUMERIC);
    for flags in [1, 128, reuseport, v6only, numeric, SOCKUTIL_IPV4, SOCKUTIL_IPV6, 1 << 31] {
        fails(EINVAL, || listen(&path, 4, 0o600, flags));
        fails(EINVAL, || listen(&path, 4, 0o600, flags | SOCKUTIL_REPLACE));
    }
    assert!(!path.exists(), "nothing happened");
}

#[test]
fn unix_listen_mode_passes_on_what_bind_says() {
    fails(libc::ENOENT, || listen(&path("missing").join("socket"), 4, 0o600, 0));
    let file = path("no-folder-mode");
    fs::write(&file, "").unwrap();
    fails(libc::ENOTDIR, || listen(&file.join("socket"), 4, 0o600, 0));
}
