//! What a machine does not let a test do is one line in one form, `left out: WHY: WHAT (TEST)`, and no failure.
//! `make test` shows these lines at its end and counts them (`tests/run.sh`).

#![allow(dead_code, reason = "each test program uses its own part")]

use std::fmt::Display;
use std::fs::File;
use std::io::{self, Write};
use std::net::{Ipv6Addr, UdpSocket};
use std::{env, thread};

/// Reports why in a word or two, such as "no IPv6", and what.
pub fn left_out(why: &str, what: impl Display) {
    let test = name_of_test().map(|test| format!(" ({test})")).unwrap_or_default();
    let line = format!("left out: {why}: {what}{test}\n");
    let written = match env::var_os("SOCKUTIL_LEFT_OUT") {
        Some(file) => {
            File::options().create(true).append(true).open(file).and_then(|mut f| f.write_all(line.as_bytes()))
        }
        // Not by println!, which the test harness keeps to itself.
        None => io::stderr().write_all(line.as_bytes()),
    };
    written.expect("there is room for a line");
}

/// Whether there is IPv6 here. If not, what is left out for that is reported.
pub fn has_ipv6(what: impl Display) -> bool {
    let has = UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).is_ok();
    if !has {
        left_out("no IPv6", what);
    }
    has
}

/// Whether the shim imitates this kernel (`make test-kernels`). If so, what it cannot do is reported as left out.
pub fn imitates(kernel: &str, what: impl Display) -> bool {
    let imitated = env::var("SHIM_KERNEL").is_ok_and(|names| names.split('+').any(|name| name == kernel));
    if imitated {
        left_out("another kernel", format!("{kernel}: {what}"));
    }
    imitated
}

/// Whether this process may have so many descriptors open; its limit is raised for that, as far as any process may. If
/// not, what is left out for that is reported.
#[allow(unsafe_code, reason = "std has no call for the limits of a process")]
pub fn has_descriptors(count: u64, what: impl Display) -> bool {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: plain system calls, and the limit lives until they return.
    unsafe {
        libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit);
        if limit.rlim_cur < count as libc::rlim_t {
            limit.rlim_cur = limit.rlim_max.min(count as libc::rlim_t);
            libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit);
        }
    }
    let has = limit.rlim_cur >= count as libc::rlim_t;
    if !has {
        left_out("few open files", format!("{what}: {count} are needed, {} may be (ulimit -n)", limit.rlim_cur));
    }
    has
}

/// Reports again what a process that the test ran has reported.
pub fn pass_on(said: &str) {
    for line in said.lines().filter_map(|line| line.strip_prefix("left out: ")) {
        let (why, what) = line.split_once(": ").unwrap_or(("unknown", line));
        left_out(why, what);
    }
}

/// The name of the test that runs on this thread. A test that runs alone may have the main thread, and then the program
/// was told its name.
pub fn name_of_test() -> Option<String> {
    let name = thread::current().name()?.to_owned();
    if name == "main" { env::args().skip_while(|word| word != "--exact").nth(1) } else { Some(name) }
}
