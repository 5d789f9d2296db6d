//! Who is at the other end of a Unix socket.

use std::mem::{MaybeUninit, offset_of};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr;

use crate::c::*;
use libc::{ENOTCONN, c_int, gid_t, pid_t, uid_t};

use crate::kit::*;
use crate::pass::{UNIX_KINDS, has_run_alone, has_user, in_a_child, unix_ends};

/// What stands in the struct before a call.
const BEFORE: u8 = 0x5a;

type Bytes = [u8; size_of::<sockutil_cred>()];

fn bytes_of(cred: &MaybeUninit<sockutil_cred>) -> Bytes {
    unsafe { ptr::from_ref(cred).cast::<Bytes>().read() }
}

fn untouched() -> MaybeUninit<sockutil_cred> {
    let mut cred = MaybeUninit::uninit();
    unsafe { ptr::write_bytes(&raw mut cred, BEFORE, 1) };
    cred
}

/// The ids of the peer, which there must be.
#[track_caller]
fn peer_of(fd: c_int) -> (pid_t, uid_t, gid_t) {
    let mut cred = untouched();
    gives(0, || unsafe { sockutil_peer_cred(fd, cred.as_mut_ptr()) });
    let at = offset_of!(sockutil_cred, gid) + size_of::<gid_t>();
    assert!(bytes_of(&cred)[at..].iter().all(|byte| *byte == 0), "the reserve is 0");
    let cred = unsafe { cred.assume_init() };
    (cred.pid, cred.uid, cred.gid)
}

#[track_caller]
fn refused(e: c_int, fd: c_int) {
    let mut cred = untouched();
    fails(e, || unsafe { sockutil_peer_cred(fd, cred.as_mut_ptr()) });
    assert_eq!(bytes_of(&cred), [BEFORE; size_of::<sockutil_cred>()], "untouched on failure");
}

fn ourselves() -> (pid_t, uid_t, gid_t) {
    unsafe { (libc::getpid(), libc::geteuid(), libc::getegid()) }
}

fn socket(family: c_int, kind: c_int) -> OwnedFd {
    let fd = unsafe { libc::socket(family, kind | libc::SOCK_CLOEXEC, 0) };
    assert!(fd >= 0, "{}", errno());
    unsafe { OwnedFd::from_raw_fd(fd) }
}

/// A name that the kernel chooses, abstract, so that no folder's permissions matter.
fn bind(fd: c_int) -> libc::sockaddr_un {
    let mut name: libc::sockaddr_un = unsafe { std::mem::zeroed() };
    let mut size = size_of::<libc::sa_family_t>() as u32;
    name.sun_family = libc::AF_UNIX as _;
    assert_eq!(unsafe { libc::bind(fd, (&raw const name).cast(), size) }, 0);
    size = size_of::<libc::sockaddr_un>() as u32;
    assert_eq!(unsafe { libc::getsockname(fd, (&raw mut name).cast(), &raw mut size) }, 0);
    name
}

/// Allocates nothing. A name that the kernel chooses has a NUL and five digits.
fn connect(fd: c_int, name: &libc::sockaddr_un) -> bool {
    let size = (offset_of!(libc::sockaddr_un, sun_path) + 6) as u32;
    unsafe { libc::connect(fd, ptr::from_ref(name).cast(), size) == 0 }
}

fn accept(listener: c_int) -> OwnedFd {
    let fd = unsafe { libc::accept4(listener, ptr::null_mut(), ptr::null_mut(), libc::SOCK_CLOEXEC) };
    assert!(fd >= 0, "{}", errno());
    unsafe { OwnedFd::from_raw_fd(fd) }
}

const CONNECTED_KINDS: [c_int; 2] = [libc::SOCK_STREAM, libc::SOCK_SEQPACKET];

#[test]
fn both_ends_of_a_connection_know_each_other() {
    for kind in CONNECTED_KINDS {
        for end in unix_ends(kind) {
            assert_eq!(peer_of(end.as_raw_fd()), ourselves());
        }
        let (listener, client) = (socket(libc::AF_UNIX, kind), socket(libc::AF_UNIX, kind));
        let name = bind(listener.as_raw_fd());
        assert_eq!(unsafe { libc::listen(listener.as_raw_fd(), 1) }, 0);
        refused(ENOTCONN, client.as_raw_fd());
        assert!(connect(client.as_raw_fd(), &name));
        // Before accept, and after the end of the connection.
        assert_eq!(peer_of(client.as_raw_fd()), ourselves());
        let server = accept(listener.as_raw_fd());
        assert_eq!(peer_of(server.as_raw_fd()), ourselves());
        hang_up(client, &server);
        assert_eq!(peer_of(server.as_raw_fd()), ourselves());
        refused(ENOTCONN, listener.as_raw_fd());
    }
}

#[test]
fn a_peer_of_another_user_is_known_by_its_ids_of_that_time() {
    const USER: uid_t = 54_321;
    const GROUP: gid_t = 43_210;
    if has_run_alone() {
        return;
    }
    if !has_user(USER, "a peer of another user") {
        return;
    }
    let become_user = || unsafe {
        libc::syscall(libc::SYS_setresgid, GROUP, GROUP, GROUP) == 0
            && libc::syscall(libc::SYS_setresuid, USER, USER, USER) == 0
    };
    for kind in CONNECTED_KINDS {
        for before in [true, false] {
            // A client of that user, and one that connects as root and becomes that user then; both tell their pid.
            let listener = socket(libc::AF_UNIX, kind);
            let (name, listener) = (bind(listener.as_raw_fd()), listener);
            assert_eq!(unsafe { libc::listen(listener.as_raw_fd(), 1) }, 0);
            in_a_child(|| unsafe {
                let client = libc::socket(libc::AF_UNIX, kind, 0);
                if before && !become_user() {
                    return 1;
                }
                if !connect(client, &name) {
                    return 2;
                }
                if !before && !become_user() {
                    return 3;
                }
                let pid = libc::getpid();
                c_int::from(libc::send(client, (&raw const pid).cast(), size_of::<pid_t>(), 0) < 0)
            });
            let server = accept(listener.as_raw_fd());
            let mut pid: pid_t = 0;
            let got = unsafe { libc::recv(server.as_raw_fd(), (&raw mut pid).cast(), size_of::<pid_t>(), 0) };
            assert_eq!(got, size_of::<pid_t>() as isize);
            let expected = if before { (pid, USER, GROUP) } else { (pid, 0, unsafe { libc::getegid() }) };
            assert_eq!(peer_of(server.as_raw_fd()), expected);
        }
        // A server of that user, as its clients see it.
        let listener = socket(libc::AF_UNIX, kind);
        let (name, listener) = (bind(listener.as_raw_fd()), listener);
        in_a_child(|| {
            if !become_user() {
                return 1;
            }
            c_int::from(unsafe { libc::listen(listener.as_raw_fd(), 1) } != 0)
        });
        let client = socket(libc::AF_UNIX, kind);
        assert!(connect(client.as_raw_fd(), &name));
        let (_, user, group) = peer_of(client.as_raw_fd());
        assert_eq!((user, group), (USER, GROUP));
    }
}

#[test]
fn sockutil_peer_cred_ENOTCONN() {
    for kind in UNIX_KINDS {
        let one = socket(libc::AF_UNIX, kind);
        refused(ENOTCONN, one.as_raw_fd());
        let name = bind(one.as_raw_fd());
        refused(ENOTCONN, one.as_raw_fd());
        if kind == libc::SOCK_DGRAM {
            // It has no connection, and its peer may be another one than it was.
            let other = socket(libc::AF_UNIX, kind);
            assert!(connect(other.as_raw_fd(), &name));
            refused(ENOTCONN, other.as_raw_fd());
            for end in unix_ends(kind) {
                refused(ENOTCONN, end.as_raw_fd());
            }
        } else {
            assert_eq!(unsafe { libc::listen(one.as_raw_fd(), 1) }, 0);
            refused(ENOTCONN, one.as_raw_fd());
        }
    }
}

#[test]
fn sockutil_peer_cred_EINVAL() {
    let way = unix();
    fails(EINVAL, || unsafe { sockutil_peer_cred(way.r(), ptr::null_mut()) });
    fails(EINVAL, || unsafe { sockutil_peer_cred(-1, ptr::null_mut()) });
    let pair = tcp();
    refused(EINVAL, pair.r());
    refused(EINVAL, pair.w());
    refused(EINVAL, socket(libc::AF_INET, libc::SOCK_STREAM).as_raw_fd());
    refused(EINVAL, socket(libc::AF_INET, libc::SOCK_DGRAM).as_raw_fd());
    refused(EINVAL, socket(libc::AF_NETLINK, libc::SOCK_RAW).as_raw_fd());
}

#[test]
fn sockutil_peer_cred_EBADF() {
    refused(EBADF, -1);
    refused(EBADF, CLOSED);
}

#[test]
fn sockutil_peer_cred_ENOTSOCK() {
    refused(ENOTSOCK, pipe().r());
}
