//! The signals to the servers.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::dice::Dice;

/// A server that may get signals.
struct Target {
    pid: i32,
    /// Each of its threads gets signals of its own.
    has_threads: bool,
    frozen_until: Option<Instant>,
}

#[derive(Default)]
pub struct Shared {
    targets: Mutex<Vec<Target>>,
    pub over: AtomicBool,
    pub failed: AtomicBool,
    pub connections: AtomicU64,
    pub bytes: AtomicU64,
    pub freezes: AtomicU64,
}

impl Shared {
    /// No more signals for this server.
    fn spare(&self, pid: i32) {
        let mut targets = self.targets.lock().unwrap();
        if let Some(number) = targets.iter().position(|target| target.pid == pid) {
            targets.swap_remove(number);
            signal_group(pid, libc::SIGCONT);
        }
    }

    /// Whether a server has ended. Then it gets no more signals, and can be reaped.
    pub fn has_ended(&self, pid: i32) -> bool {
        // SAFETY: plain system calls on a child of ours, which stays as it is; all zeros are a siginfo_t.
        let ended = unsafe {
            let mut info: libc::siginfo_t = std::mem::zeroed();
            let flags = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
            let asked = libc::waitid(libc::P_PID, libc::id_t::try_from(pid).unwrap(), &raw mut info, flags);
            assert_eq!(asked, 0, "waitid: {}", std::io::Error::last_os_error());
            info.si_pid() == pid
        };
        if ended {
            self.spare(pid);
        }
        ended
    }
}

/// While this exists, a server gets signals. It ends before the server does: the number could then be another
/// process's.
pub struct Exposed<'a>(&'a Shared, i32);

impl<'a> Exposed<'a> {
    pub fn new(shared: &'a Shared, pid: i32, has_threads: bool) -> Self {
        shared.targets.lock().unwrap().push(Target { pid, has_threads, frozen_until: None });
        Self(shared, pid)
    }
}

impl Drop for Exposed<'_> {
    fn drop(&mut self) {
        self.0.spare(self.1);
    }
}

/// To the server and its children: they are a process group, whose number stays theirs until the server is reaped. The
/// server may have died, which another check notices.
fn signal_group(pid: i32, signal: i32) {
    // SAFETY: a plain system call. The group is that of our child, which is not reaped yet.
    unsafe { libc::kill(-pid, signal) };
}

fn signal_threads(pid: i32) {
    for thread in std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten() {
        let thread: i32 = thread.file_name().to_str().unwrap().parse().unwrap();
        // SAFETY: a plain system call. The kernel checks that the thread, if it still exists, is this process's.
        unsafe { libc::syscall(libc::SYS_tgkill, pid, thread, libc::SIGUSR1) };
    }
}

/// Sends signals until all is over: SIGUSR1 about every millisecond, and others now and then.
pub fn storm(shared: &Shared, mut dice: Dice) {
    const OTHERS: [i32; 4] = [libc::SIGCHLD, libc::SIGWINCH, libc::SIGURG, libc::SIGCONT];
    let mut freeze = Instant::now() + Duration::from_secs(1);
    while !shared.over.load(Ordering::Relaxed) {
        let now = Instant::now();
        let mut targets = shared.targets.lock().unwrap();
        for target in targets.iter_mut() {
            signal_group(target.pid, libc::SIGUSR1);
            if target.has_threads && dice.one_in(4) {
                signal_threads(target.pid);
            }
            if dice.one_in(20) && target.frozen_until.is_none() {
                signal_group(target.pid, OTHERS[dice.below(OTHERS.len())]);
            }
            if target.frozen_until.is_some_and(|until| now >= until) {
                target.frozen_until = None;
                signal_group(target.pid, libc::SIGCONT);
            }
        }
        if now >= freeze && !targets.is_empty() {
            freeze = now + dice.ms_below(1000);
            let one = dice.below(targets.len());
            targets[one].frozen_until = Some(now + dice.ms_below(100));
            signal_group(targets[one].pid, libc::SIGSTOP);
            shared.freezes.fetch_add(1, Ordering::Relaxed);
        }
        drop(targets);
        thread::sleep(Duration::from_micros(300 + dice.below(1200) as u64));
    }
}
