//! What several tests need is made once in a run of the tests, though each may have a process of its own.

#![allow(
    unsafe_code,
    clippy::undocumented_unsafe_blocks,
    reason = "a plain system call: File::lock is newer than our Rust"
)]

use std::fs::{File, read_to_string, write};
use std::os::fd::AsRawFd;
use std::sync::OnceLock;
use std::time::SystemTime;
use std::{env, io, process};

use super::scratch;

/// The name of this run: tests/programs.sh gives all its processes the same one.
fn this_run() -> &'static str {
    static RUN: OnceLock<String> = OnceLock::new();
    RUN.get_or_init(|| {
        env::var("SOCKUTIL_RUN").unwrap_or_else(|_| {
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("the clock is set");
            format!("{}.{}", now.as_nanos(), process::id())
        })
    })
}

/// Makes the thing of this name, unless that was done in this run. While one test makes it, others wait for it. What
/// fails is tried again by the next test.
pub fn once(name: &str, make: impl FnOnce()) {
    let stamp = scratch("made").join(name.replace('/', "-"));
    // Separate files: they are locked by threads of one process, too.
    let lock = File::create(stamp.with_extension("lock")).expect("the target folder is writable");
    while unsafe { libc::flock(lock.as_raw_fd(), libc::LOCK_EX) } != 0 {
        assert_eq!(io::Error::last_os_error().kind(), io::ErrorKind::Interrupted, "a lock on a file");
    }
    if read_to_string(&stamp).is_ok_and(|run| run == this_run()) {
        return;
    }
    make();
    write(&stamp, this_run()).expect("the target folder is writable");
}
