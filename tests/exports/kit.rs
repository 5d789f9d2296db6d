//! What the tests need of sockets, clocks and signals.

use std::io::Write;
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener, TcpStream};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::ptr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use libc::c_int;

pub use errno::{Errno, errno, set_errno};
pub use libc::{EAGAIN, EBADF, EINVAL, EMSGSIZE, ENOTSOCK, EPIPE};

pub const FOREVER: c_int = -1;
pub const NOWAIT: c_int = 0;

/// Above every limit on descriptors, so never open, whatever other tests do.
pub const CLOSED: c_int = c_int::MAX;

/// The lengths that no transfer can count.
pub const TOO_LONG: [usize; 2] = [isize::MAX as usize + 1, usize::MAX];

/// How late a time limit may be noticed on a busy machine.
const SLACK: Duration = Duration::from_secs(3);

pub struct Pair {
    pub kind: &'static str,
    pub reader: OwnedFd,
    pub writer: OwnedFd,
}

impl Pair {
    pub fn r(&self) -> c_int {
        self.reader.as_raw_fd()
    }

    pub fn w(&self) -> c_int {
        self.writer.as_raw_fd()
    }

    /// Sends by std's means, not by those under test.
    pub fn feed(&self, bytes: &[u8]) {
        feed(self.w(), bytes);
    }

    /// Ends the stream.
    pub fn end(self) -> OwnedFd {
        hang_up(self.writer, &self.reader);
        self.reader
    }
}

/// Closes one end of a stream, and waits until the other one notices: a child that another test has just forked may
/// still hold a copy.
pub fn hang_up(end: OwnedFd, other: &OwnedFd) {
    drop(end);
    let mut other = libc::pollfd { fd: other.as_raw_fd(), events: libc::POLLRDHUP, revents: 0 };
    assert_eq!(unsafe { libc::poll(&raw mut other, 1, 20_000) }, 1, "the other end notices nothing");
}

pub fn feed(fd: c_int, bytes: &[u8]) {
    let mut file = std::fs::File::from(duplicate(fd));
    file.write_all(bytes).unwrap();
}

pub fn duplicate(fd: c_int) -> OwnedFd {
    let copy = unsafe { libc::dup(fd) };
    assert!(copy >= 0);
    unsafe { OwnedFd::from_raw_fd(copy) }
}

pub fn tcp() -> Pair {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    tcp_from(&listener, "TCP")
}

fn tcp_from(listener: &TcpListener, kind: &'static str) -> Pair {
    let writer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    writer.set_nodelay(true).unwrap();
    let (reader, _) = listener.accept().unwrap();
    Pair { kind, reader: reader.into(), writer: writer.into() }
}

pub fn unix() -> Pair {
    let (reader, writer) = UnixStream::pair().unwrap();
    Pair { kind: "AF_UNIX", reader: reader.into(), writer: writer.into() }
}

pub fn pipe() -> Pair {
    let mut fds = [0; 2];
    assert_eq!(unsafe { libc::pipe2(fds.as_mut_ptr(), libc::O_CLOEXEC) }, 0);
    let [reader, writer] = fds.map(|fd| unsafe { OwnedFd::from_raw_fd(fd) });
    Pair { kind: "pipe", reader, writer }
}

/// A named pipe, which a Linux that has RWF_NOWAIT for pipes may still not have it for.
pub fn fifo() -> Pair {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let path = crate::support::scratch("fifos").join(format!("{}-{number}", std::process::id()));
    let text = std::ffi::CString::new(path.to_str().unwrap()).unwrap();
    assert_eq!(unsafe { libc::mkfifo(text.as_ptr(), 0o600) }, 0);
    let open = |flags| {
        let fd = unsafe { libc::open(text.as_ptr(), flags | libc::O_CLOEXEC) };
        assert!(fd >= 0);
        unsafe { OwnedFd::from_raw_fd(fd) }
    };
    // Open for both, so that neither open waits for the other.
    let both = open(libc::O_RDWR);
    let (reader, writer) = (open(libc::O_RDONLY), open(libc::O_WRONLY));
    drop(both);
    std::fs::remove_file(path).unwrap();
    Pair { kind: "FIFO", reader, writer }
}

/// One of each kind of stream.
pub fn streams() -> Vec<Pair> {
    let mut all = vec![tcp(), unix(), pipe(), fifo()];
    if crate::support::has_ipv6("TCP over IPv6") {
        let listener = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).unwrap();
        all.push(tcp_from(&listener, "TCP over IPv6"));
    }
    all
}

pub fn sockets() -> Vec<Pair> {
    vec![tcp(), unix()]
}

/// The call succeeds with this answer, and leaves errno alone.
#[track_caller]
pub fn gives<T: PartialEq + std::fmt::Debug>(answer: T, call: impl FnOnce() -> T) {
    const MARK: Errno = Errno(4711);
    set_errno(MARK);
    let got = call();
    let after = errno();
    assert_eq!(got, answer, "{after}");
    assert_eq!(after, MARK, "errno on success");
}

/// The call fails with -1 and this errno.
#[track_caller]
pub fn fails<T: PartialEq + From<i8> + std::fmt::Debug>(e: c_int, call: impl FnOnce() -> T) {
    set_errno(Errno(4711));
    let got = call();
    let after = errno();
    assert_eq!((got, after), (T::from(-1), Errno(e)));
}

/// The call takes this long: not less, and not much more.
#[track_caller]
pub fn takes_ms<T>(ms: u64, call: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = call();
    let (took, wanted) = (start.elapsed(), Duration::from_millis(ms));
    assert!(took >= wanted, "{took:?} instead of {wanted:?}");
    assert!(took < wanted + SLACK, "{took:?} instead of {wanted:?}");
    result
}

/// A call that cannot be done now keeps its time, whatever the descriptor's own timeout (SO_RCVTIMEO or SO_SNDTIMEO) and
/// mode are. `not_yet` asserts that it fails, and how.
#[track_caller]
pub fn keeps_its_time(fd: c_int, own_timeout: c_int, mut not_yet: impl FnMut(c_int)) {
    not_yet(NOWAIT);
    takes_ms(40, || not_yet(40));
    takes_ms(120, || in_a_storm(|| not_yet(120)));
    set_timeout(fd, own_timeout, 10_000);
    takes_ms(0, || not_yet(NOWAIT));
    takes_ms(40, || not_yet(40));
    set_timeout(fd, own_timeout, 10);
    takes_ms(60, || not_yet(60));
    set_nonblock(fd);
    takes_ms(60, || not_yet(60));
}

pub fn set_nonblock(fd: c_int) {
    let flags = unsafe { libc::fcntl(fd, libc::F_GETFL) };
    assert_eq!(unsafe { libc::fcntl(fd, libc::F_SETFL, flags | libc::O_NONBLOCK) }, 0);
}

pub fn is_nonblock(fd: c_int) -> bool {
    unsafe { libc::fcntl(fd, libc::F_GETFL) & libc::O_NONBLOCK != 0 }
}

/// What a clock shows. Its words are not of one size everywhere.
pub fn clock_ms(clock: libc::clockid_t) -> i64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    assert_eq!(unsafe { libc::clock_gettime(clock, &raw mut time) }, 0);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32).as_millis() as i64
}

/// SO_RCVTIMEO or SO_SNDTIMEO.
pub fn set_timeout(fd: c_int, option: c_int, ms: i64) {
    let time = libc::timeval { tv_sec: (ms / 1000) as _, tv_usec: (ms % 1000 * 1000) as _ };
    let size = size_of::<libc::timeval>() as u32;
    let set = unsafe { libc::setsockopt(fd, libc::SOL_SOCKET, option, (&raw const time).cast(), size) };
    assert_eq!(set, 0);
}

/// Makes the peer's next read fail with ECONNRESET.
pub fn reset(writer: OwnedFd) {
    let linger = libc::linger { l_onoff: 1, l_linger: 0 };
    let size = size_of::<libc::linger>() as u32;
    let option = (&raw const linger).cast();
    assert_eq!(unsafe { libc::setsockopt(writer.as_raw_fd(), libc::SOL_SOCKET, libc::SO_LINGER, option, size) }, 0);
    drop(writer);
}

/// Bytes that look like no others, without a newline. They are always the same, so that none is made twice.
pub fn pattern(n: usize) -> Vec<u8> {
    static MADE: Mutex<Vec<u8>> = Mutex::new(Vec::new());
    let mut made = MADE.lock().unwrap();
    for i in made.len()..n {
        let byte = (i.wrapping_mul(2_654_435_761) >> 13) as u8;
        made.push(if byte == b'\n' { b'N' } else { byte });
    }
    made[..n].to_vec()
}

/// Writes until nothing more goes in: how much went.
pub fn stuff(fd: c_int) -> usize {
    let copy = duplicate(fd);
    let before = unsafe { libc::fcntl(fd, libc::F_GETFL) };
    set_nonblock(fd);
    let block = [b'x'; 4096];
    let mut total = 0;
    loop {
        let size = if total == 0 { block.len() } else { 1024 };
        let n = unsafe { libc::write(copy.as_raw_fd(), block.as_ptr().cast(), size) };
        if n <= 0 {
            break;
        }
        total += n as usize;
    }
    assert_eq!(unsafe { libc::fcntl(fd, libc::F_SETFL, before) }, 0);
    total
}

/// Between two looks at what somebody else brings about: others have the processor meanwhile.
pub fn look_again() {
    thread::sleep(Duration::from_micros(200));
}

/// Until a thread of this process waits in the kernel.
pub fn until_it_sleeps(thread: libc::pid_t) {
    let end = Instant::now() + SLACK;
    // "1234 (name of it) S ...": proc(5).
    let sleeps = || {
        let stat = std::fs::read_to_string(format!("/proc/self/task/{thread}/stat")).unwrap();
        stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('S'))
    };
    while !sleeps() {
        assert!(Instant::now() < end, "the thread does not wait");
        look_again();
    }
}

/// Runs something while another thread runs something else.
pub fn beside<T>(other: impl FnOnce() + Send, this: impl FnOnce() -> T) -> T {
    thread::scope(|scope| {
        let other = scope.spawn(other);
        let result = this();
        other.join().unwrap();
        result
    })
}

extern "C" fn on_signal(_: c_int) {}

/// Runs something while this thread gets a signal every millisecond, caught without SA_RESTART.
pub fn in_a_storm<T>(call: impl FnOnce() -> T) -> T {
    let signal = libc::SIGRTMIN() + 1;
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = on_signal as *const () as usize;
        assert_eq!(libc::sigaction(signal, &raw const action, ptr::null_mut()), 0);
        let mut event: libc::sigevent = std::mem::zeroed();
        event.sigev_notify = libc::SIGEV_THREAD_ID;
        event.sigev_signo = signal;
        event.sigev_notify_thread_id = libc::gettid();
        let mut timer = ptr::null_mut();
        assert_eq!(libc::timer_create(libc::CLOCK_MONOTONIC, &raw mut event, &raw mut timer), 0);
        let tick = libc::timespec { tv_sec: 0, tv_nsec: 1_000_000 };
        let every = libc::itimerspec { it_interval: tick, it_value: tick };
        assert_eq!(libc::timer_settime(timer, 0, &raw const every, ptr::null_mut()), 0);
        // It has begun: pause returns for nothing but a signal.
        assert_eq!(libc::pause(), -1);
        let result = call();
        assert_eq!(libc::timer_delete(timer), 0);
        result
    }
}
