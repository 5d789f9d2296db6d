//! What a descriptor may be set to, and what a kernel or a sandbox may refuse.

use crate::left_out::left_out;
use libc::{c_int, c_long, c_ulong};

use super::kit;
use super::matrix::Verdict;

/// How the descriptor itself waits. A limit holds in each of them.
#[derive(Clone, Copy, PartialEq)]
pub enum Mode {
    Blocking,
    Nonblock,
    /// SO_RCVTIMEO and SO_SNDTIMEO, shorter than what the calls wait for.
    Timeouts,
}

impl Mode {
    pub fn of(socket: bool) -> &'static [Self] {
        if socket { &[Self::Blocking, Self::Nonblock, Self::Timeouts] } else { &[Self::Blocking, Self::Nonblock] }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Blocking => "blocking",
            Self::Nonblock => "O_NONBLOCK",
            Self::Timeouts => "timeouts of its own",
        }
    }

    pub fn set(self, fd: c_int) {
        match self {
            Self::Blocking => {}
            Self::Nonblock => kit::set_flags(fd, kit::flags(fd) | libc::O_NONBLOCK),
            Self::Timeouts => {
                let time = libc::timeval { tv_sec: 0, tv_usec: 20_000 };
                kit::set_option(fd, libc::SO_RCVTIMEO, &time);
                kit::set_option(fd, libc::SO_SNDTIMEO, &time);
            }
        }
    }

    /// Checks that neither O_NONBLOCK nor the socket's timeouts have changed.
    pub fn unchanged(self, fd: c_int, before: c_int) -> Verdict {
        if kit::flags(fd) != before {
            return Err(format!("flags {:o} instead of {before:o}", kit::flags(fd)));
        }
        for option in [libc::SO_RCVTIMEO, libc::SO_SNDTIMEO] {
            let (mut time, mut size) =
                (libc::timeval { tv_sec: 0, tv_usec: 0 }, size_of::<libc::timeval>() as libc::socklen_t);
            unsafe { libc::getsockopt(fd, libc::SOL_SOCKET, option, (&raw mut time).cast(), &raw mut size) };
            if (time.tv_sec, time.tv_usec > 0) != (0, self == Self::Timeouts) {
                return Err(format!("its own timeout has become {} s {} us", time.tv_sec, time.tv_usec));
            }
        }
        Ok(())
    }
}

/// What preadv2 and pwritev2 answer: as they are, or as on an older kernel or in a sandbox.
#[derive(Clone, Copy, PartialEq)]
pub enum Refusal {
    None,
    With(c_int, &'static str),
}

pub const REFUSALS: [Refusal; 4] = [
    Refusal::None,
    Refusal::With(libc::ENOSYS, ", preadv2 ENOSYS"),
    Refusal::With(libc::EPERM, ", preadv2 EPERM"),
    Refusal::With(libc::EINVAL, ", preadv2 EINVAL"),
];

impl Refusal {
    /// Those that this machine can do. A socket needs none of these calls.
    pub fn of(socket: bool) -> &'static [Self] {
        if socket || !Self::possible() { &REFUSALS[..1] } else { &REFUSALS }
    }

    pub fn name(self) -> &'static str {
        if let Self::With(_, name) = self { name } else { "" }
    }

    /// For the calling thread, until its end.
    pub fn install(self) -> bool {
        let Self::With(errno, _) = self else { return true };
        let [load, equal, answer] =
            [libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, libc::BPF_JMP | libc::BPF_JEQ, libc::BPF_RET];
        let step = |code: u32, jt, jf, k| libc::sock_filter { code: code as u16, jt, jf, k };
        let number = |call: c_long| call as u32;
        // The number is the first word of struct seccomp_data. A test makes no calls of another architecture.
        let mut filter = [
            step(load, 0, 0, 0),
            step(equal, 1, 0, number(libc::SYS_preadv2)),
            step(equal, 0, 1, number(libc::SYS_pwritev2)),
            step(answer, 0, 0, libc::SECCOMP_RET_ERRNO | errno as u32),
            step(answer, 0, 0, libc::SECCOMP_RET_ALLOW),
        ];
        let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
        let [zero, one] = [0_u32, 1].map(c_ulong::from);
        unsafe {
            libc::prctl(libc::PR_SET_NO_NEW_PRIVS, one, zero, zero, zero) == 0
                && libc::prctl(libc::PR_SET_SECCOMP, c_ulong::from(libc::SECCOMP_MODE_FILTER), &raw const program) == 0
        }
    }

    fn possible() -> bool {
        static POSSIBLE: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
        *POSSIBLE.get_or_init(|| {
            let possible = std::thread::spawn(|| {
                REFUSALS[1].install()
                    && unsafe { libc::syscall(libc::SYS_preadv2, -1, 0, 0, 0, 0, 0) } == -1
                    && errno::errno().0 == libc::ENOSYS
            });
            let possible = possible.join().unwrap();
            if !possible {
                left_out("no seccomp filters", "preadv2 and pwritev2 that are refused");
            }
            possible
        })
    }
}
