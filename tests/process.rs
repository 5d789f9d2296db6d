//! The exported functions about signals and children, which affect the whole process: so this is one test, in its own
//! process.

#![allow(
    unsafe_code,
    clippy::undocumented_unsafe_blocks,
    reason = "fork, and functions under test that take raw pointers"
)]

use std::ptr;

use c::{sockutil_ignore_sigpipe, sockutil_reap_children};
use errno::{Errno, errno, set_errno};

#[path = "support/c.rs"]
mod c;

fn fork(child: impl FnOnce()) -> i32 {
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        child();
        unsafe { libc::_exit(7) };
    }
    assert!(pid > 0);
    pid
}

fn reap() -> i32 {
    set_errno(Errno(4711));
    let count = sockutil_reap_children();
    assert_eq!(errno(), Errno(4711));
    count
}

/// Until the child has ended, without reaping it.
fn await_end(pid: i32) {
    let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
    let id = libc::id_t::try_from(pid).unwrap_or_default();
    let waited = unsafe { libc::waitid(libc::P_PID, id, &raw mut info, libc::WEXITED | libc::WNOWAIT) };
    assert_eq!(waited, 0);
}

#[test]
fn signals_and_children() {
    let mut old: libc::sigaction = unsafe { std::mem::zeroed() };

    // ignore_sigpipe, starting from a C program's first disposition.
    assert_ne!(unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) }, libc::SIG_ERR);
    set_errno(Errno(4711));
    assert_eq!((sockutil_ignore_sigpipe(), errno()), (0, Errno(4711)));
    assert_eq!(unsafe { libc::sigaction(libc::SIGPIPE, ptr::null(), &raw mut old) }, 0);
    assert_eq!(old.sa_sigaction, libc::SIG_IGN);
    assert_eq!(unsafe { libc::raise(libc::SIGPIPE) }, 0);

    // No child, then some that ended and one that runs.
    assert_eq!(reap(), 0);
    let mut ends = [0; 2];
    assert_eq!(unsafe { libc::pipe(ends.as_mut_ptr()) }, 0);
    let [reader, writer] = ends;
    let alive = fork(|| unsafe {
        libc::close(writer);
        libc::read(reader, (&raw mut ends).cast(), 1);
    });
    assert_eq!(reap(), 0, "one lives: nothing to reap, and no waiting for it");
    let ended: Vec<i32> = (0..5).map(|_| fork(|| ())).collect();
    ended.iter().copied().for_each(await_end);
    assert_eq!(reap(), 5);
    assert_eq!(reap(), 0);
    assert_eq!(unsafe { libc::close(writer) }, 0);
    await_end(alive);
    assert_eq!(reap(), 1);
    assert_eq!(unsafe { libc::waitpid(-1, ptr::null_mut(), libc::WNOHANG) }, -1);
    assert_eq!(errno(), Errno(libc::ECHILD));
}
