//! The meaning of a path for unix_listen and unix_connect: a file, or after an '@' an abstract name, as in addr_parse.

use std::ffi::CString;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

use crate::c::*;
use libc::c_int;

use crate::addr::Slot;
use crate::kit::*;
use crate::pass::{has_run_alone, in_a_child};
use crate::udp::makes;

fn listen(path: &str) -> c_int {
    let path = CString::new(path).unwrap();
    unsafe { sockutil_unix_listen(path.as_ptr(), 4, 0) }
}

/// A listener at a name that is free, or that was free a moment ago: a child that another test is just forking may still
/// hold the one before.
fn listening(name: &str) -> OwnedFd {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let fd = listen(name);
        if fd >= 0 || Instant::now() > deadline {
            return makes(|| fd);
        }
        assert_eq!(errno().0, libc::EADDRINUSE);
        look_again();
    }
}

fn connect(path: &str) -> c_int {
    let path = CString::new(path).unwrap();
    unsafe { sockutil_unix_connect(path.as_ptr(), 0, 1000) }
}

/// An '@' and a name of this process's own, in all so many bytes.
fn name(what: &str, bytes: usize) -> String {
    let start = format!("@sockutil-{what}-{}-", std::process::id());
    let rest = "n".repeat(bytes.saturating_sub(start.len()));
    start + &rest
}

fn address(fd: &OwnedFd) -> Slot {
    let mut slot = Slot::new();
    gives(0, || unsafe { sockutil_addr_local(fd.as_raw_fd(), slot.out()) });
    slot
}

fn text(slot: &Slot) -> String {
    let mut text = [0_u8; 128];
    let length = unsafe { sockutil_addr_format(slot.addr(), text.as_mut_ptr().cast(), text.len()) };
    assert!(length > 0, "{}", errno());
    String::from_utf8_lossy(&text[..length as usize]).into_owned()
}

#[test]
fn a_path_with_an_at_sign_is_an_abstract_name() {
    for bytes in [40, 107, 108] {
        let name = name("serves", bytes);
        for _ in 0..2 {
            let listener = listening(&name);
            assert_eq!(text(&address(&listener)), format!("unix:{name}"));
            assert!(!std::path::Path::new(&name).exists(), "a file was made");
            let client = makes(|| connect(&name));
            let server = makes(|| unsafe { sockutil_accept(listener.as_raw_fd(), std::ptr::null_mut(), 0, 1000) });
            feed(client.as_raw_fd(), b"x");
            let mut byte = [0_u8];
            gives(1, || unsafe { sockutil_readn(server.as_raw_fd(), byte.as_mut_ptr().cast(), 1) });
            // The kernel decides about the name, which is in use: no probe is made, and nothing unlinked.
            fails(libc::EADDRINUSE, || listen(&name));
            fails(EAGAIN, || sockutil_wait(listener.as_raw_fd(), libc::POLLIN.into(), NOWAIT));
        }
    }
}

#[test]
fn all_three_read_a_name_alike() {
    let at = name("alike", 0);
    for path in [at.clone(), format!("@{at}"), format!("{at}/x"), format!("{at} é"), format!("{at}@")] {
        let listener = makes(|| listen(&path));
        let mut parsed = Slot::new();
        let unix = CString::new(format!("unix:{path}")).unwrap();
        gives(1, || unsafe { sockutil_addr_parse(parsed.out(), unix.as_ptr(), -1) });
        gives(1, || unsafe { sockutil_addr_equal(parsed.addr(), address(&listener).addr()) });
        let client = makes(|| connect(&path));
        let mut peer = Slot::new();
        gives(0, || unsafe { sockutil_addr_peer(client.as_raw_fd(), peer.out()) });
        gives(1, || unsafe { sockutil_addr_equal(parsed.addr(), peer.addr()) });
    }
}

#[test]
fn the_lengths_of_paths_and_names() {
    // unix(7): 108 bytes, of which a path keeps one for its NUL, and a name one for the NUL in the @'s place.
    for (start, bytes, expected) in [
        ("@", 1, EINVAL),
        ("@", 109, libc::ENAMETOOLONG),
        ("@", 110, libc::ENAMETOOLONG),
        ("@", 5000, libc::ENAMETOOLONG),
        ("/nowhere/", 108, libc::ENAMETOOLONG),
        ("/nowhere/", 109, libc::ENAMETOOLONG),
        ("/nowhere/", 5000, libc::ENAMETOOLONG),
        ("/nowhere/", 107, libc::ENOENT),
        ("./@nowhere/", 107, libc::ENOENT),
        ("", 0, EINVAL),
    ] {
        let path = start.to_owned() + &"x".repeat(bytes - start.len());
        fails(expected, || listen(&path));
        fails(expected, || connect(&path));
    }
}

#[test]
fn a_file_whose_name_begins_with_an_at_sign_stands_behind_a_folder() {
    if has_run_alone() {
        return;
    }
    let folder = crate::support::scratch("unix").join(format!("at-signs-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    // Names are the whole machine's.
    let (here, kept) = (name("here", 0), name("kept", 0));
    let _ = std::fs::remove_file(folder.join(&here));
    let _ = std::fs::remove_file(folder.join(&kept));
    drop(std::os::unix::net::UnixListener::bind(folder.join(&kept)).unwrap());
    let [folder_path, here_path, here, kept_name] =
        [folder.to_str().unwrap(), &format!("./{here}"), &here, &kept].map(|text| CString::new(text).unwrap());
    // A working folder is the whole process's.
    in_a_child(|| unsafe {
        if libc::chdir(folder_path.as_ptr()) != 0 {
            return 1;
        }
        let listener = sockutil_unix_listen(here_path.as_ptr(), 4, 0);
        if listener < 0 || libc::access(here.as_ptr(), libc::F_OK) != 0 {
            return 2;
        }
        if sockutil_unix_connect(here_path.as_ptr(), 0, 1000) < 0 {
            return 3;
        }
        // Nobody has the name, whatever the files are called.
        if sockutil_unix_connect(here.as_ptr(), 0, 1000) != -1 || errno().0 != libc::ECONNREFUSED {
            return 4;
        }
        // A stale socket file of that name is neither in the way nor replaced, nor is it when the name is taken.
        let named = sockutil_unix_listen(kept_name.as_ptr(), 4, 0);
        if named < 0 {
            return 5;
        }
        if sockutil_unix_listen(kept_name.as_ptr(), 4, 0) != -1 || errno().0 != libc::EADDRINUSE {
            return 6;
        }
        // Nor has anybody been asked.
        if sockutil_wait(named, libc::POLLIN.into(), NOWAIT) != -1 {
            return 7;
        }
        c_int::from(libc::access(kept_name.as_ptr(), libc::F_OK) != 0) * 8
    });
}
