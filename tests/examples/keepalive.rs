//! `keepalive`: a peer that vanished without FIN or RST.

use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use crate::kit::*;
use crate::support::{shimmed, told};

// ---- A network of its own ----

/// Its settings.
#[derive(Clone, Copy, Default)]
pub struct Network {
    /// The digit for `/proc/sys/net/ipv4/tcp_tw_reuse`.
    pub tcp_tw_reuse: Option<u8>,
}

/// Takes the loopback link up, in the current network.
fn link_up() -> io::Result<()> {
    let done = |result: i32| if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) };
    let up = libc::c_short::try_from(libc::IFF_UP).unwrap();
    // SAFETY: all zero is an ifreq. Its name has room for this one. The rest is plain system calls, on the descriptor
    // that the first one makes.
    unsafe {
        let mut link: libc::ifreq = std::mem::zeroed();
        std::ptr::copy_nonoverlapping(c"lo".as_ptr(), link.ifr_name.as_mut_ptr(), 3);
        let fd = libc::socket(libc::AF_INET, libc::SOCK_DGRAM, 0);
        done(fd)?;
        let mut result = done(libc::ioctl(fd, libc::SIOCGIFFLAGS as _, &raw mut link));
        if result.is_ok() {
            link.ifr_ifru.ifru_flags |= up;
            result = done(libc::ioctl(fd, libc::SIOCSIFFLAGS as _, &raw mut link));
        }
        libc::close(fd);
        result
    }
}

/// The way to a network for root, and for others if the system allows it.
const AS_ROOT: i32 = libc::CLONE_NEWNET;
const AS_USER: i32 = libc::CLONE_NEWUSER | libc::CLONE_NEWNET;

/// Runs in the child: all of it must be async-signal-safe.
fn enter(network: Network, ways: &[i32]) -> io::Result<()> {
    // SAFETY: plain system calls. The path ends in NUL, and the digit is alive.
    unsafe {
        if !ways.iter().any(|&flags| libc::unshare(flags) == 0) {
            return Err(io::Error::last_os_error());
        }
        link_up()?;
        if let Some(digit) = network.tcp_tw_reuse {
            let fd = libc::open(c"/proc/sys/net/ipv4/tcp_tw_reuse".as_ptr(), libc::O_WRONLY | libc::O_CLOEXEC);
            if fd < 0 || libc::write(fd, (&raw const digit).cast(), 1) != 1 {
                return Err(io::Error::last_os_error());
            }
        }
    }
    Ok(())
}

/// Runs a command in its own network. Without the right to one it does not start.
pub fn of_its_own(command: &mut Command, network: Network) {
    // SAFETY: `enter` is async-signal-safe.
    unsafe { command.pre_exec(move || enter(network, &[AS_ROOT, AS_USER])) };
}

/// Moves this thread, and all that it starts, into its own network.
pub fn leave_the_network() -> io::Result<()> {
    enter(Network::default(), &[AS_ROOT])
}

/// Whether we have the right to a separate network; a child tries it.
pub fn network() -> io::Result<()> {
    right(&[AS_ROOT, AS_USER])
}

fn right(ways: &'static [i32]) -> io::Result<()> {
    let mut command = Command::new("true");
    // SAFETY: `enter` is async-signal-safe.
    unsafe { command.pre_exec(move || enter(Network::default(), ways)) };
    let tried = command.stdin(Stdio::null()).status();
    if let Err(e) = &tried {
        assert!(e.kind() != io::ErrorKind::NotFound, "true(1) can be run");
    }
    tried.map(|status| assert!(status.success()))
}

// ---- The program ----

/// The states of all ends in the network of a process, as `/proc/net/tcp` has them. 01 is `ESTABLISHED`.
pub fn states_in(pid: i32) -> Vec<String> {
    let table = fs::read_to_string(format!("/proc/{pid}/net/tcp")).unwrap();
    table.lines().skip(1).map(|line| line.split_whitespace().nth(3).unwrap().to_owned()).collect()
}

fn finds_out(program: &Path, deny: &str) {
    let mut run = Running::start(shimmed(&mut Command::new(program), deny));
    assert_eq!(run.out(), "keepalive: after 1 s of silence, 2 questions, 1 s each");
    assert_eq!(run.out(), "with keepalive: ESTABLISHED");
    assert_eq!(run.out(), "without keepalive: ESTABLISHED");
    assert_eq!(run.out(), "link down");
    let namespace = |pid: &str| fs::read_link(format!("/proc/{pid}/ns/net")).unwrap();
    assert_ne!(namespace(&run.pid().to_string()), namespace("self"), "our own link was left alone");
    assert_eq!(states_in(run.pid()), ["01"; 4], "nobody has noticed anything yet");

    let line = run.out();
    let ms = line.strip_prefix("with keepalive, read after ").unwrap().strip_suffix(" ms: ETIMEDOUT");
    let ms: u64 = ms.unwrap_or_else(|| panic!("{line}")).parse().unwrap();
    // 1 s of silence, which began a moment before the link went down, and 2 questions of 1 s. Time is the kernel's: it
    // may be late, but it never is early.
    assert!((2900..6000).contains(&ms), "{ms}");
    assert_eq!(run.out(), "without keepalive, read: EAGAIN");
    assert_eq!(run.out(), "with keepalive: CLOSED");
    assert_eq!(run.out(), "without keepalive: ESTABLISHED");
    assert_eq!(run.ended().code(), Some(0));
    assert!(run.out.recv().is_err() && run.err.recv().is_err(), "no word more than that");
}

pub fn says_that_it_may_not(program: &Path, deny: &str, why: Option<&str>) {
    let output = shimmed(&mut Command::new(program), deny).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", told(&output));
    assert!(output.stdout.is_empty() && lines_of(&output.stderr) == 1, "{}", told(&output));
    let said = String::from_utf8_lossy(&output.stderr);
    let reason = said.strip_prefix("no right to a network of our own: ").unwrap_or_else(|| panic!("{said}"));
    assert!(why.is_none_or(|why| reason.trim_end() == why), "{said}");
}

/// The expected output with the right, and without it.
fn sees(program: &Path, deny: &str, right: &io::Result<()>) {
    match right {
        Ok(()) => finds_out(program, deny),
        Err(_) => says_that_it_may_not(program, deny, None),
    }
}

#[test]
fn keepalive_and_nothing_else_finds_out_about_a_peer_that_vanished() {
    let right = network();
    thread::scope(|scope| {
        for kind in KINDS {
            let program = program("keepalive", kind);
            let right = &right;
            scope.spawn(move || sees(&program, "", right));
        }
    });
}

#[test]
fn without_the_right_to_a_network_it_says_so_and_ends_with_2() {
    let program = program("keepalive", "");
    let (new_user, denied) = (libc::CLONE_NEWUSER, format!("errno={}", libc::EPERM));
    let deny_all = format!("unshare {denied}");
    let deny_user = format!("unshare arg1&{new_user} {denied}");
    let deny_root = format!("unshare arg1!&{new_user} {denied}");
    let deny_link = format!("ioctl arg2={} {denied}", libc::SIOCSIFFLAGS);
    says_that_it_may_not(&program, &deny_all, Some("Operation not permitted"));
    // This one needs the right to the namespace itself.
    let reason = network().is_ok().then_some("Operation not permitted");
    says_that_it_may_not(&program, &deny_link, reason);
    // Each way by itself. Not every system allows the second one.
    thread::scope(|scope| {
        for (deny, way) in [(deny_user, &[AS_ROOT]), (deny_root, &[AS_USER])] {
            let program = &program;
            scope.spawn(move || sees(program, &deny, &right(way)));
        }
    });
}
