//! Passing descriptors.

use std::fs::File;
use std::io::Read;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::process::Command;
use std::{env, mem, ptr};

use crate::c::*;
use libc::c_int;

use crate::kit::*;
use crate::support::left_out;
use crate::udp::is_cloexec;

const NOTHING: c_int = 4711;

fn recv_fd(unix_fd: c_int, fd: &mut c_int, timeout_ms: c_int) -> c_int {
    unsafe { sockutil_recv_fd(unix_fd, fd, timeout_ms) }
}

/// Receives one, which must be there.
#[track_caller]
fn received(unix_fd: c_int, timeout_ms: c_int) -> OwnedFd {
    let mut fd = NOTHING;
    gives(1, || recv_fd(unix_fd, &mut fd, timeout_ms));
    assert_ne!(fd, NOTHING);
    unsafe { OwnedFd::from_raw_fd(fd) }
}

/// Receives none, and the place stays as it is.
#[track_caller]
fn refused(e: c_int, unix_fd: c_int, timeout_ms: c_int) {
    let mut fd = NOTHING;
    fails(e, || recv_fd(unix_fd, &mut fd, timeout_ms));
    assert_eq!(fd, NOTHING, "untouched on failure");
}

/// What a peer can do by hand: bytes with any number of descriptors. Allocates nothing, for use in a child.
pub fn send_by_hand(unix_fd: c_int, bytes: &[u8], fds: &[c_int]) -> bool {
    #[repr(align(8))]
    struct Control([u8; 1280]);
    unsafe {
        let mut control = Control([0; 1280]);
        let mut part = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
        let mut message: libc::msghdr = mem::zeroed();
        message.msg_iov = &raw mut part;
        message.msg_iovlen = 1;
        if !fds.is_empty() {
            let size = size_of_val(fds) as u32;
            message.msg_control = (&raw mut control.0).cast();
            message.msg_controllen = libc::CMSG_SPACE(size) as _;
            let header = libc::CMSG_FIRSTHDR(&raw const message);
            (*header).cmsg_level = libc::SOL_SOCKET;
            (*header).cmsg_type = libc::SCM_RIGHTS;
            (*header).cmsg_len = libc::CMSG_LEN(size) as _;
            ptr::copy_nonoverlapping(fds.as_ptr().cast(), libc::CMSG_DATA(header), size as usize);
        }
        libc::sendmsg(unix_fd, &raw const message, libc::MSG_NOSIGNAL) == bytes.len() as isize
    }
}

/// Whether the calling test has now run, in a process of its own. A test that forks asks this first: children of the
/// process that all tests share would hold copies of the other tests' sockets, which then stay open, and qemu's user mode
/// lets such a child hang now and then.
#[must_use]
#[track_caller]
pub fn has_run_alone() -> bool {
    if env::var_os("SOCKUTIL_ALONE").is_some() {
        return false;
    }
    let name = crate::support::name_of_test().expect("libtest names the threads of tests");
    let mut test = Command::new(env::current_exe().unwrap());
    test.args(["--exact", &name, "--nocapture", "--test-threads=1"]).env("SOCKUTIL_ALONE", "1");
    let output = test.output().unwrap();
    let [said, complained] = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    print!("{said}{complained}");
    assert!(
        output.status.success() && said.contains("\ntest result: ok. 1 passed;"),
        "{name}, alone: {}",
        output.status
    );
    true
}

/// Runs something in a child, whose descriptors no other test opens or closes, as long as the test runs alone. It must
/// neither panic nor allocate, and says where it went wrong, 0 for nowhere.
#[track_caller]
pub fn in_a_child(run: impl FnOnce() -> c_int) {
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        unsafe {
            libc::alarm(20);
            libc::_exit(run());
        }
    }
    let mut status = -1;
    assert_eq!(unsafe { libc::waitpid(pid, &raw mut status, 0) }, pid);
    assert!(libc::WIFEXITED(status), "ended by signal {}", libc::WTERMSIG(status));
    assert_eq!(libc::WEXITSTATUS(status), 0, "the step of the child that went wrong");
}

/// Whether a child may become this user: not without root, nor in a namespace that has no such user. If not, what is left
/// out for that is reported.
pub fn has_user(user: libc::uid_t, what: &str) -> bool {
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        unsafe {
            let is_other = libc::syscall(libc::SYS_setgroups, 0, 0) == 0
                && libc::syscall(libc::SYS_setresgid, user, user, user) == 0
                && libc::syscall(libc::SYS_setresuid, user, user, user) == 0;
            libc::_exit(c_int::from(!is_other));
        }
    }
    let mut status = -1;
    assert_eq!(unsafe { libc::waitpid(pid, &raw mut status, 0) }, pid);
    if status != 0 {
        left_out("no other user", what);
    }
    status == 0
}

/// How many descriptors are open, of the first so many.
pub fn open_descriptors() -> usize {
    (0..2000).filter(|fd| unsafe { libc::fcntl(*fd, libc::F_GETFD) } != -1).count()
}

/// How many descriptors this process may have.
pub fn descriptor_limit() -> libc::rlim_t {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    assert_eq!(unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) }, 0);
    limit.rlim_cur
}

/// No more than the system lets it have.
pub fn limit_descriptors(most: libc::rlim_t) -> bool {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    unsafe {
        let read = libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) == 0;
        limit.rlim_cur = most.min(limit.rlim_max);
        read && libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) == 0
    }
}

#[test]
fn the_receiver_reads_from_the_senders_socket() {
    for timeout in [FOREVER, NOWAIT, 1000] {
        let (way, connection) = (unix(), tcp());
        gives(1, || sockutil_send_fd(way.w(), connection.r(), timeout));
        let mut got = received(way.r(), timeout);
        assert_ne!(got.as_raw_fd(), connection.r());
        assert!(is_cloexec(got.as_raw_fd()));
        // The sender's own stays open, and closing it takes nothing away.
        assert!(unsafe { libc::fcntl(connection.r(), libc::F_GETFD) } != -1);
        let writer = connection.writer;
        drop(connection.reader);
        feed(writer.as_raw_fd(), b"across");
        let mut text = [0; 6];
        let mut file = File::from(got);
        file.read_exact(&mut text).unwrap();
        assert_eq!(&text, b"across");
        got = file.into();
        feed(got.as_raw_fd(), b"back");
        let mut file = File::from(writer);
        file.read_exact(&mut text[..4]).unwrap();
        // One open file: its flags are shared.
        refused(EAGAIN, way.r(), NOWAIT);
    }
}

#[test]
fn the_descriptors_come_in_order_and_are_one_file_with_the_senders() {
    let way = unix();
    let pairs: Vec<Pair> = (0..20).map(|_| pipe()).collect();
    for pair in &pairs {
        gives(1, || sockutil_send_fd(way.w(), pair.w(), 1000));
    }
    for (number, pair) in (0..).zip(&pairs) {
        let got = received(way.r(), 1000);
        feed(got.as_raw_fd(), &[number]);
        let mut byte = [0xff];
        let n = unsafe { libc::read(pair.r(), byte.as_mut_ptr().cast(), 1) };
        assert_eq!((n, byte), (1, [number]));
        set_nonblock(pair.w());
        assert!(is_nonblock(got.as_raw_fd()), "one open file description");
    }
}

#[test]
fn every_kind_of_unix_socket_passes_descriptors() {
    for kind in UNIX_KINDS {
        let [reader, writer] = unix_ends(kind);
        gives(1, || sockutil_send_fd(writer.as_raw_fd(), pipe().r(), 1000));
        received(reader.as_raw_fd(), 1000);
    }
}

#[test]
fn recv_fd_tells_the_end_of_the_stream() {
    for timeout in [FOREVER, NOWAIT, 1000] {
        let way = unix();
        gives(1, || sockutil_send_fd(way.w(), way.w(), timeout));
        // What is on its way is a copy of the end, and then the last one.
        let Pair { reader, writer, .. } = way;
        drop(writer);
        hang_up(received(reader.as_raw_fd(), timeout), &reader);
        for _ in 0..2 {
            let mut fd = NOTHING;
            gives(0, || recv_fd(reader.as_raw_fd(), &mut fd, timeout));
            assert_eq!(fd, NOTHING);
        }
    }
}

#[test]
fn sockutil_send_fd_EAGAIN() {
    let way = unix();
    let total = stuff(way.w());
    let passed = pipe();
    keeps_its_time(way.w(), libc::SO_SNDTIMEO, |timeout| {
        fails(EAGAIN, || sockutil_send_fd(way.w(), passed.r(), timeout));
    });
    let drain = || {
        fails(EAGAIN, || sockutil_wait(way.w(), libc::POLLPRI.into(), 60));
        let mut bytes = vec![0; total];
        let start = bytes.as_mut_ptr().cast();
        assert_eq!(unsafe { sockutil_read_full(way.r(), start, total, ptr::null_mut(), 5000) }, 1);
    };
    beside(drain, || in_a_storm(|| gives(1, || sockutil_send_fd(way.w(), passed.r(), FOREVER))));
    assert!(is_nonblock(way.w()), "O_NONBLOCK stays");
    // That one alone was sent.
    received(way.r(), 5000);
    refused(EAGAIN, way.r(), NOWAIT);
}

#[test]
fn sockutil_recv_fd_EAGAIN() {
    let way = unix();
    keeps_its_time(way.r(), libc::SO_RCVTIMEO, |timeout| {
        refused(EAGAIN, way.r(), timeout);
    });
    let later = || {
        fails(EAGAIN, || sockutil_wait(way.w(), libc::POLLPRI.into(), 60));
        assert_eq!(sockutil_send_fd(way.w(), way.w(), 1000), 1);
    };
    beside(later, || in_a_storm(|| received(way.r(), FOREVER)));
    assert!(is_nonblock(way.r()), "O_NONBLOCK stays");
}

/// Nobody holds the pipe's other end any more.
pub fn is_hung_up(reader: c_int) -> bool {
    // A child that another test is just forking may hold it for a moment.
    sockutil_wait(reader, libc::POLLIN.into(), 10_000) == libc::POLLHUP.into()
}

#[test]
fn sockutil_recv_fd_EPROTO() {
    for timeout in [FOREVER, NOWAIT, 1000] {
        let way = unix();
        way.feed(b"x");
        refused(libc::EPROTO, way.r(), timeout);
        for count in [2, 3, 10, MOST_AT_ONCE] {
            let target = pipe();
            assert!(send_by_hand(way.w(), b"x", &vec![target.w(); count]));
            drop(target.writer);
            refused(libc::EPROTO, way.r(), timeout);
            assert!(is_hung_up(target.reader.as_raw_fd()), "{count}: one stayed open");
        }
        // One byte was read each time, and the next descriptor is found.
        gives(1, || sockutil_send_fd(way.w(), way.w(), timeout));
        received(way.r(), timeout);
    }
}

#[test]
fn neither_a_pass_nor_a_failure_leaks_a_descriptor() {
    if has_run_alone() {
        return;
    }
    let (way, passed) = (unix(), pipe());
    let (reader, writer, fd) = (way.r(), way.w(), passed.r());
    in_a_child(|| {
        let before = open_descriptors();
        for round in 0..3000 {
            let mut got = NOTHING;
            if sockutil_send_fd(writer, fd, 1000) != 1 || recv_fd(reader, &mut got, 1000) != 1 {
                return 1;
            }
            if unsafe { libc::close(got) } != 0 {
                return 2;
            }
            let many = [fd; 5];
            if !send_by_hand(writer, b"x", &many[..round % 4 + 2]) {
                return 3;
            }
            got = NOTHING;
            if recv_fd(reader, &mut got, 1000) != -1 || errno().0 != libc::EPROTO || got != NOTHING {
                return 4;
            }
        }
        if open_descriptors() == before { 0 } else { 5 }
    });
}

#[test]
fn sockutil_recv_fd_EMFILE() {
    if has_run_alone() {
        return;
    }
    for timeout in [FOREVER, NOWAIT, 1000] {
        let (way, passed) = (unix(), pipe());
        let (reader, writer, fd) = (way.r(), way.w(), passed.r());
        in_a_child(|| {
            let mut got = NOTHING;
            if sockutil_send_fd(writer, fd, 1000) != 1 || sockutil_send_fd(writer, fd, 1000) != 1 {
                return 1;
            }
            // Not 0: poll(2) wants to be allowed as many as it is given.
            if !limit_descriptors(1) {
                return 2;
            }
            if recv_fd(reader, &mut got, timeout) != -1 || errno().0 != libc::EMFILE || got != NOTHING {
                return 3;
            }
            // It is lost; the next one is the next.
            if !limit_descriptors(256) {
                return 4;
            }
            if recv_fd(reader, &mut got, timeout) != 1 || got == NOTHING {
                return 5;
            }
            if recv_fd(reader, &mut got, NOWAIT) == -1 && errno().0 == EAGAIN { 0 } else { 6 }
        });
    }
}

#[test]
fn two_descriptors_where_there_is_room_for_one_are_refused_and_closed() {
    if has_run_alone() {
        return;
    }
    let (way, passed) = (unix(), pipe());
    let (reader, writer, fd) = (way.r(), way.w(), passed.r());
    in_a_child(|| {
        if !send_by_hand(writer, b"x", &[fd, fd]) {
            return 1;
        }
        let free = unsafe { libc::dup(fd) };
        if free < 0 || unsafe { libc::close(free) } != 0 || !limit_descriptors(free as libc::rlim_t + 1) {
            return 2;
        }
        let mut got = NOTHING;
        if recv_fd(reader, &mut got, 1000) != -1 || errno().0 != libc::EPROTO || got != NOTHING {
            return 3;
        }
        if unsafe { libc::fcntl(free, libc::F_GETFD) } == -1 { 0 } else { 4 }
    });
}

/// Options that make the kernel add its own control messages to those of the sender: socket(7), unix(7).
const PIDFD: (c_int, &str) = (libc::SO_PASSPIDFD, "SO_PASSPIDFD");
pub const ASKED: [(c_int, &str); 7] = [
    (libc::SO_PASSCRED, "SO_PASSCRED"),
    (libc::SO_PASSSEC, "SO_PASSSEC"),
    PIDFD,
    (libc::SO_TIMESTAMP, "SO_TIMESTAMP"),
    (libc::SO_TIMESTAMPNS, "SO_TIMESTAMPNS"),
    (libc::SO_TIMESTAMPING, "SO_TIMESTAMPING"),
    // SO_INQ, which the kernel has since 6.17.
    (84, "SO_INQ"),
];

/// Each of them alone, none, and all that go together.
pub fn asks() -> Vec<Vec<(c_int, &'static str)>> {
    let mut all: Vec<_> = ASKED.iter().map(|option| vec![*option]).collect();
    all.push(Vec::new());
    all.push(ASKED.to_vec());
    all
}

/// Turns the options on; those that this kernel or this kind of socket lacks are left out.
pub fn ask(fd: c_int, options: &[(c_int, &str)]) -> usize {
    let on = |(option, _): &&(c_int, &str)| {
        // Of SO_TIMESTAMPING: whatever software can tell. Of the others: on.
        let value: c_int = if *option == libc::SO_TIMESTAMPING { 0x18 } else { 1 };
        let size = size_of::<c_int>() as u32;
        unsafe { libc::setsockopt(fd, libc::SOL_SOCKET, *option, (&raw const value).cast(), size) == 0 }
    };
    options.iter().filter(on).count()
}

/// Two ends of a connection between Unix sockets, the first of which is the receiver.
pub fn unix_ends(kind: c_int) -> [OwnedFd; 2] {
    let mut ends = [0; 2];
    assert_eq!(unsafe { libc::socketpair(libc::AF_UNIX, kind | libc::SOCK_CLOEXEC, 0, ends.as_mut_ptr()) }, 0);
    ends.map(|fd| unsafe { OwnedFd::from_raw_fd(fd) })
}

pub const UNIX_KINDS: [c_int; 3] = [libc::SOCK_STREAM, libc::SOCK_SEQPACKET, libc::SOCK_DGRAM];

/// As many as the kernel takes in one message; musl's sendmsg has room for 1,024 bytes of them.
pub const MOST_AT_ONCE: usize = if cfg!(target_env = "musl") { 250 } else { 253 };

#[test]
fn what_this_kernel_can_be_asked_for_is_known() {
    let [receiver, _sender] = unix_ends(libc::SOCK_STREAM);
    for option in ASKED {
        if ask(receiver.as_raw_fd(), &[option]) == 0 {
            left_out("older kernel", option.1);
        }
    }
}

#[test]
fn recv_fd_keeps_one_descriptor_whatever_else_comes() {
    if has_run_alone() {
        return;
    }
    let passed = pipe();
    let fd = passed.r();
    for kind in UNIX_KINDS {
        for options in asks() {
            for count in [0, 1, 2, 3, MOST_AT_ONCE] {
                let [receiver, sender] = unix_ends(kind);
                ask(receiver.as_raw_fd(), &options);
                let (receiver, sender) = (receiver.as_raw_fd(), sender.as_raw_fd());
                println!("kind {kind}, {count} sent, {options:?}");
                in_a_child(|| {
                    let before = open_descriptors();
                    for _ in 0..3 {
                        let mut got = NOTHING;
                        if !send_by_hand(sender, b"x", &[fd; MOST_AT_ONCE][..count]) {
                            return 1;
                        }
                        if count == 1 {
                            if recv_fd(receiver, &mut got, 1000) != 1 || !same_file(got, fd) {
                                return 2;
                            }
                            if unsafe { libc::close(got) } != 0 {
                                return 3;
                            }
                        } else if recv_fd(receiver, &mut got, 1000) != -1 || errno().0 != libc::EPROTO {
                            return 4;
                        } else if got != NOTHING {
                            return 5;
                        }
                    }
                    if open_descriptors() == before { 0 } else { 6 }
                });
            }
        }
    }
}

pub fn same_file(one: c_int, other: c_int) -> bool {
    let of = |fd| unsafe {
        let mut status: libc::stat = mem::zeroed();
        (libc::fstat(fd, &raw mut status) == 0).then_some((status.st_dev, status.st_ino))
    };
    of(one).is_some() && of(one) == of(other)
}

#[test]
fn an_accepted_socket_inherits_what_was_asked_for_and_leaks_nothing() {
    if has_run_alone() {
        return;
    }
    let path = crate::support::scratch("unix").join(format!("inherits-{}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    ask(listener.as_raw_fd(), &ASKED);
    let client = std::os::unix::net::UnixStream::connect(&path).unwrap();
    let (server, _) = listener.accept().unwrap();
    let (server, client) = (server.as_raw_fd(), client.as_raw_fd());
    in_a_child(|| {
        let before = open_descriptors();
        for _ in 0..100 {
            let mut got = NOTHING;
            if sockutil_send_fd(client, client, 1000) != 1 || recv_fd(server, &mut got, 1000) != 1 {
                return 1;
            }
            if unsafe { libc::close(got) } != 0 {
                return 2;
            }
        }
        if open_descriptors() == before { 0 } else { 3 }
    });
}

#[test]
fn the_end_of_the_stream_brings_no_descriptor() {
    if has_run_alone() {
        return;
    }
    for options in asks() {
        let [receiver, sender] = unix_ends(libc::SOCK_STREAM);
        ask(receiver.as_raw_fd(), &options);
        drop(sender);
        let fd = receiver.as_raw_fd();
        in_a_child(|| {
            let before = open_descriptors();
            let mut got = NOTHING;
            if recv_fd(fd, &mut got, 1000) != 0 || got != NOTHING {
                return 1;
            }
            if open_descriptors() == before { 0 } else { 2 }
        });
    }
}

#[test]
fn what_there_is_no_number_for_is_told_apart_from_too_many() {
    if has_run_alone() {
        return;
    }
    let passed = pipe();
    let fd = passed.r();
    let high = c_int::try_from(descriptor_limit() - 10).unwrap_or(c_int::MAX).min(1500);
    for kind in UNIX_KINDS {
        for options in asks() {
            // The process may have so many more descriptors, the peer sends so many: which errno, 0 for none.
            for (free, count, expected) in [
                (0, 0, libc::EPROTO),
                (0, 1, libc::EMFILE),
                (0, 2, libc::EMFILE),
                (1, 0, libc::EPROTO),
                (1, 1, 0),
                (1, 2, libc::EPROTO),
                (2, 1, 0),
                (2, 2, libc::EPROTO),
                (2, 3, libc::EPROTO),
                (2, MOST_AT_ONCE, libc::EPROTO),
            ] {
                let [receiver, sender] = unix_ends(kind);
                ask(receiver.as_raw_fd(), &options);
                let (receiver, sender) = (receiver.as_raw_fd(), sender.as_raw_fd());
                println!("kind {kind}, {free} free, {count} sent, {options:?}");
                in_a_child(|| {
                    if !send_by_hand(sender, b"x", &[fd; MOST_AT_ONCE][..count]) {
                        return 1;
                    }
                    // No hole below the first number that is free, so that the limit leaves so many.
                    let mut next = 0;
                    while (0..high).contains(&next) {
                        next = unsafe { libc::dup(fd) };
                    }
                    if !limit_descriptors(next as libc::rlim_t + 1 + free) {
                        return 2;
                    }
                    let before = open_descriptors();
                    let mut got = NOTHING;
                    let answer = recv_fd(receiver, &mut got, 1000);
                    let said = errno().0;
                    match (answer, open_descriptors() - before) {
                        (1, 1) if expected == 0 && got != NOTHING => 0,
                        (-1, 0) if said == expected && got == NOTHING => 0,
                        (-1, 0) => 3,
                        (_, 0 | 1) => 4,
                        _ => 5,
                    }
                });
            }
        }
    }
}

#[test]
fn sockutil_send_fd_EPIPE() {
    if has_run_alone() {
        return;
    }
    for timeout in [FOREVER, NOWAIT, 1000] {
        let way = unix();
        assert_eq!(unsafe { libc::shutdown(way.w(), libc::SHUT_WR) }, 0);
        fails(EPIPE, || sockutil_send_fd(way.w(), 0, timeout));
        let way = unix();
        hang_up(way.reader, &way.writer);
        let writer = way.writer.as_raw_fd();
        fails(EPIPE, || sockutil_send_fd(writer, 0, timeout));
        // No signal, where it would end the process.
        in_a_child(|| {
            unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
            c_int::from(sockutil_send_fd(writer, 0, timeout) != -1 || errno().0 != EPIPE)
        });
    }
}

#[test]
fn sockutil_send_fd_EBADF() {
    for timeout in [FOREVER, NOWAIT, 1000] {
        let way = unix();
        for fd in [-1, CLOSED] {
            fails(EBADF, || sockutil_send_fd(fd, 0, timeout));
            fails(EBADF, || sockutil_send_fd(way.w(), fd, timeout));
        }
        refused(EAGAIN, way.r(), NOWAIT);
    }
}

#[test]
fn sockutil_send_fd_ENOTSOCK() {
    for timeout in [FOREVER, NOWAIT, 1000] {
        let pipe = pipe();
        fails(ENOTSOCK, || sockutil_send_fd(pipe.w(), 0, timeout));
    }
}

#[test]
fn sockutil_send_fd_EINVAL() {
    let way = unix();
    for timeout in [-2, c_int::MIN] {
        fails(EINVAL, || sockutil_send_fd(way.w(), 0, timeout));
    }
    refused(EAGAIN, way.r(), NOWAIT);
    // The kernel itself takes SCM_RIGHTS on other sockets and throws them away: the byte alone would be sent.
    for timeout in [FOREVER, NOWAIT, 1000] {
        let pair = tcp();
        fails(EINVAL, || sockutil_send_fd(pair.w(), 0, timeout));
        fails(EAGAIN, || sockutil_wait(pair.r(), libc::POLLIN.into(), 20));
        let [one, other] = [0, 1].map(|_| std::net::UdpSocket::bind("127.0.0.1:0").unwrap());
        one.connect(other.local_addr().unwrap()).unwrap();
        fails(EINVAL, || sockutil_send_fd(one.as_raw_fd(), 0, timeout));
        fails(EAGAIN, || sockutil_wait(other.as_raw_fd(), libc::POLLIN.into(), 20));
    }
}

#[test]
fn sockutil_recv_fd_EINVAL() {
    let way = unix();
    gives(1, || sockutil_send_fd(way.w(), way.w(), 1000));
    fails(EINVAL, || unsafe { sockutil_recv_fd(way.r(), ptr::null_mut(), 1000) });
    for timeout in [-2, c_int::MIN] {
        refused(EINVAL, way.r(), timeout);
    }
    // And nothing was taken.
    received(way.r(), NOWAIT);
}

#[test]
fn sockutil_recv_fd_EBADF() {
    for timeout in [FOREVER, NOWAIT, 1000] {
        refused(EBADF, -1, timeout);
        refused(EBADF, CLOSED, timeout);
    }
}

#[test]
fn sockutil_recv_fd_ENOTSOCK() {
    for timeout in [FOREVER, NOWAIT, 1000] {
        let pipe = pipe();
        pipe.feed(b"x");
        refused(ENOTSOCK, pipe.r(), timeout);
    }
}
