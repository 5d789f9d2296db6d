//! Descriptors that the service manager passes to a service: the environment is that of a child.

use std::ffi::{CStr, CString};
use std::ptr;

use crate::c::*;
use libc::c_int;

use crate::kit::*;
use crate::pass::{has_run_alone, in_a_child};

const BEFORE: c_int = 4711;

/// What a variable of the environment is.
#[derive(Clone, Copy, Debug)]
enum Value {
    Unset,
    /// The process's own ID.
    Own,
    Text(&'static CStr),
}

use Value::{Own, Text, Unset};

fn set(name: &CStr, value: Value) -> bool {
    let own = CString::new(std::process::id().to_string()).unwrap();
    let text = match value {
        Unset => return unsafe { libc::unsetenv(name.as_ptr()) == 0 },
        Own => own.as_c_str(),
        Text(text) => text,
    };
    unsafe { libc::setenv(name.as_ptr(), text.as_ptr(), 1) == 0 }
}

fn is_cloexec(fd: c_int) -> bool {
    unsafe { libc::fcntl(fd, libc::F_GETFD) == libc::FD_CLOEXEC }
}

/// In a child with these variables and so many descriptors from 3 on, what the call returns, with -1 its errno, and
/// *first; its descriptors are close-on-exec afterwards, or as they were before.
#[track_caller]
fn says(pid: Value, fds: Value, open: c_int, answer: c_int, e: c_int, first: c_int) {
    println!("LISTEN_PID {pid:?}, LISTEN_FDS {fds:?}, {open} open");
    in_a_child(|| {
        if !set(c"LISTEN_PID", pid) || !set(c"LISTEN_FDS", fds) {
            return 1;
        }
        for fd in 3..20 {
            if fd >= 3 + open {
                unsafe { libc::close(fd) };
            } else if unsafe { libc::dup2(0, fd) } != fd {
                return 2;
            }
        }
        // A second call says the same: the environment stays.
        for round in 0..2 {
            let mut got = BEFORE;
            set_errno(Errno(BEFORE));
            if unsafe { sockutil_listen_fds(&raw mut got) } != answer {
                return 3;
            }
            if errno().0 != (if answer < 0 { e } else { BEFORE }) {
                return 4;
            }
            if got != first {
                return 5;
            }
            if (3..3 + open).any(|fd| is_cloexec(fd) != (fd < 3 + answer)) {
                return 6 + round;
            }
        }
        0
    });
}

#[test]
fn listen_fds_counts_what_was_passed_to_this_process() {
    if has_run_alone() {
        return;
    }
    for (text, count) in [(c"1", 1), (c"2", 2), (c"3", 3), (c"10", 10)] {
        says(Own, Text(text), 10, count, 0, 3);
        says(Own, Text(text), count, count, 0, 3);
    }
    // None, whatever the rest.
    says(Own, Text(c"0"), 2, 0, 0, -1);
    says(Own, Unset, 2, 0, 0, -1);
    for fds in [Unset, Text(c"2"), Text(c"19"), Text(c"nonsense"), Text(c"")] {
        says(Unset, fds, 2, 0, 0, -1);
        says(Text(c"1"), fds, 2, 0, 0, -1);
        says(Text(c"2147483647"), fds, 2, 0, 0, -1);
    }
}

#[test]
fn sockutil_listen_fds_EINVAL() {
    if has_run_alone() {
        return;
    }
    for wrong in [
        c"",
        c" ",
        c"-1",
        c"+1",
        c" 1",
        c"1 ",
        c"1x",
        c"x",
        c"0x1",
        c"01",
        c"1.0",
        c"2147483648",
        c"4294967297",
        c"18446744073709551617",
    ] {
        for fds in [Unset, Text(c"0"), Text(c"1"), Text(c"x")] {
            says(Text(wrong), fds, 2, -1, EINVAL, -1);
        }
        says(Own, Text(wrong), 2, -1, EINVAL, -1);
    }
    // 3 and so many are more than an int counts.
    for count in [c"2147483645", c"2147483647"] {
        says(Own, Text(count), 2, -1, EINVAL, -1);
    }
    fails(EINVAL, || unsafe { sockutil_listen_fds(ptr::null_mut()) });
}

#[test]
fn sockutil_listen_fds_EBADF() {
    if has_run_alone() {
        return;
    }
    // Then none has changed.
    for (count, open) in [(c"1", 0), (c"2", 1), (c"10", 9), (c"10", 0), (c"2147483644", 3)] {
        says(Own, Text(count), open, -1, EBADF, -1);
    }
}
