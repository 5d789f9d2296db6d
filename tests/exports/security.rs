//! What SECURITY.md says and no other test shows: peers that mean no good.

use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd};
use std::process::Command;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::c::*;
use libc::{c_int, c_uint, c_void};

use crate::kit::*;
use crate::pass::{
    MOST_AT_ONCE, UNIX_KINDS, ask, has_run_alone, in_a_child, open_descriptors, send_by_hand, unix_ends,
};
use crate::udp::makes;

/// Does something every few milliseconds, which by itself takes none, as long as the other thing takes.
fn while_now_and_then<T>(step: impl Fn() + Sync, call: impl FnOnce() -> T) -> T {
    let over = AtomicBool::new(false);
    let steps = || {
        // Bounded, should the other thing fail.
        for _ in 0..2000 {
            if over.load(Ordering::Relaxed) {
                break;
            }
            step();
            thread::sleep(Duration::from_millis(4));
        }
    };
    beside(steps, || {
        let result = call();
        over.store(true, Ordering::Relaxed);
        result
    })
}

fn reader_of(fd: c_int, memory: &mut [u8]) -> sockutil_reader {
    let mut reader = unsafe { std::mem::zeroed() };
    gives(0, || unsafe { sockutil_reader_init(&raw mut reader, fd, memory.as_mut_ptr().cast(), memory.len()) });
    reader
}

#[test]
fn a_byte_now_and_then_does_not_stretch_a_read() {
    const TIME: c_int = 150;
    let mut memory = vec![0_u8; 1 << 20];
    let mut place = ptr::null_mut();
    for pair in streams() {
        for which in 0..10 {
            let (mut done, mut len) = (0, 0);
            let call = || {
                // Of no use to the first two, which have their own.
                let mut other = vec![0_u8; 1 << 20];
                let buffer = other.as_mut_ptr();
                let mut reader = reader_of(pair.r(), &mut memory);
                let r = &raw mut reader;
                let (done, len, place) = (&raw mut done, &raw mut len, &raw mut place);
                unsafe {
                    match which {
                        0 => sockutil_read_full(pair.r(), buffer.cast(), 1 << 20, done, TIME),
                        1 => sockutil_read_line(pair.r(), buffer.cast(), 1 << 20, done, TIME),
                        2 => sockutil_reader_line(r, place, len, TIME),
                        3 => sockutil_reader_until(r, 0, place, len, TIME),
                        // "xx" is the header.
                        4 => sockutil_reader_frame(r, 2, place, len, TIME),
                        5 => sockutil_reader_read_full(r, buffer.cast(), 1 << 20, done, TIME),
                        6 => sockutil_reader_until_text(r, c"xy".as_ptr().cast(), 2, place, len, TIME),
                        7 => sockutil_reader_copy_line(r, buffer.cast(), 1 << 20, done, TIME),
                        8 => sockutil_reader_skip_frame(r, 2, done, TIME),
                        _ => sockutil_reader_skip_line(r, done, TIME),
                    }
                }
            };
            while_now_and_then(|| pair.feed(b"x"), || takes_ms(150, || fails(EAGAIN, call)));
        }
    }
}

/// Takes what there is, at most so much.
fn take_some(fd: c_int, most: usize) {
    let mut bytes = vec![0_u8; most];
    unsafe { libc::recv(fd, bytes.as_mut_ptr().cast(), most, libc::MSG_DONTWAIT) };
}

#[test]
fn a_little_taken_now_and_then_does_not_stretch_a_write() {
    // So much that there is room again each time, and too little for all to go in time.
    const LITTLE: usize = 128 << 10;
    const TIME: c_int = 150;
    let body = pattern(20_000_000);
    for pair in sockets() {
        for which in 0..5 {
            let mut done = 0;
            let mut memory = vec![0_u8; if which == 4 { body.len() } else { 4096 }];
            let (mut writer, place, cap): (sockutil_writer, _, _) =
                (unsafe { std::mem::zeroed() }, memory.as_mut_ptr().cast(), memory.len());
            let w = &raw mut writer;
            assert_eq!(unsafe { sockutil_writer_init(w, pair.w(), place, cap) }, 0);
            if which == 4 {
                let held = unsafe { sockutil_writer_put(w, body.as_ptr().cast(), cap, ptr::null_mut(), TIME) };
                assert_eq!(held, 1);
            }
            let call = || {
                let bytes: *const c_void = body.as_ptr().cast();
                let part = libc::iovec { iov_base: bytes.cast_mut(), iov_len: body.len() };
                let done = &raw mut done;
                unsafe {
                    match which {
                        0 => sockutil_write_full(pair.w(), bytes, body.len(), done, TIME),
                        1 => sockutil_writev_full(pair.w(), &raw const part, 1, done, TIME),
                        2 => sockutil_send_frame(pair.w(), 4, bytes, body.len(), done, TIME),
                        3 => sockutil_writer_put(w, bytes, body.len(), done, TIME),
                        _ => sockutil_writer_flush(w, TIME),
                    }
                }
            };
            while_now_and_then(|| take_some(pair.r(), LITTLE), || takes_ms(150, || fails(EAGAIN, call)));
        }
    }
}

#[test]
fn a_peer_that_never_stops_sending_does_not_hold_up_a_close() {
    for pair in sockets() {
        let fd = pair.reader.into_raw_fd();
        let peer = pair.writer.as_raw_fd();
        let flood = pattern(100_000);
        // It is reset in the end.
        let send = || unsafe {
            libc::send(peer, flood.as_ptr().cast(), flood.len(), libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL);
        };
        while_now_and_then(send, || takes_ms(150, || fails(libc::ETIMEDOUT, || sockutil_close_graceful(fd, 150))));
    }
}

#[test]
fn a_reader_writes_nothing_behind_its_memory() {
    for pair in streams() {
        let mut memory = [0xEE_u8; 64];
        let mut reader = reader_of(pair.r(), &mut memory[..16]);
        let r = &raw mut reader;
        let (mut line, mut len, mut done) = (ptr::null_mut(), 0, 0);
        // A line that does not end, a frame that is too long, and what comes after them.
        pair.feed(&[&[b'x'; 3000][..], b"\nhello\n\xff\xff"].concat());
        fails(EMSGSIZE, || unsafe { sockutil_reader_line(r, &raw mut line, &raw mut len, 1000) });
        fails(EMSGSIZE, || unsafe { sockutil_reader_until(r, b'\n'.into(), &raw mut line, &raw mut len, 1000) });
        assert_eq!(len, 15);
        gives(1, || unsafe { sockutil_reader_skip_line(r, &raw mut done, 1000) });
        assert_eq!(done, 3001);
        gives(1, || unsafe { sockutil_reader_line(r, &raw mut line, &raw mut len, 1000) });
        assert_eq!(len, 6);
        fails(EMSGSIZE, || unsafe { sockutil_reader_frame(r, 2, &raw mut line, &raw mut len, 1000) });
        assert_eq!(len, 0xffff);
        assert_eq!(memory[16..], [0xEE; 48]);
    }
}

/// A call on a descriptor, and whether it did what it should.
type Reads = fn(c_int) -> bool;

/// Whatever reads from a socket, called for three bytes that end with a newline.
const READS: [(&str, Reads); 18] = [
    ("read_full", |fd| unsafe { sockutil_read_full(fd, [0_u8; 3].as_mut_ptr().cast(), 3, &mut 0, 1000) == 1 }),
    ("read_line", |fd| unsafe { sockutil_read_line(fd, [0; 16].as_mut_ptr(), 16, &mut 0, 1000) == 1 }),
    ("readn", |fd| unsafe { sockutil_readn(fd, [0_u8; 3].as_mut_ptr().cast(), 3) == 3 }),
    ("readline", |fd| unsafe { sockutil_readline(fd, [0_u8; 16].as_mut_ptr().cast(), 16) == 3 }),
    ("recv_peek", |fd| unsafe { sockutil_recv_peek(fd, [0_u8; 16].as_mut_ptr().cast(), 16) == 3 }),
    ("recvfrom", |fd| unsafe {
        let mut from = std::mem::zeroed();
        sockutil_recvfrom(fd, [0_u8; 16].as_mut_ptr().cast(), 16, &raw mut from, &mut 0, 1000) == 3
    }),
    ("recvfrom_at", |fd| unsafe {
        let (mut from, mut at) = (std::mem::zeroed(), std::mem::zeroed());
        let buffer = [0_u8; 16].as_mut_ptr().cast();
        sockutil_recvfrom_at(fd, buffer, 16, &raw mut from, &raw mut at, &mut 0, &mut 0, 1000) == 3
    }),
    ("recvfrom, truncated", |fd| unsafe {
        sockutil_recvfrom(fd, [0_u8; 1].as_mut_ptr().cast(), 1, ptr::null_mut(), &mut 0, 1000) == 1
    }),
    ("reader_line", |fd| {
        with_reader(fd, |r| unsafe { sockutil_reader_line(r, &mut ptr::null_mut(), &mut 0, 1000) == 1 })
    }),
    ("reader_until", |fd| {
        with_reader(fd, |r| unsafe { sockutil_reader_until(r, b'b'.into(), &mut ptr::null_mut(), &mut 0, 1000) == 1 })
    }),
    ("reader_frame", |fd| {
        with_reader(fd, |r| unsafe {
            // "a" announces 97 bytes, which there is no memory for.
            sockutil_reader_frame(r, 1, &mut ptr::null_mut(), &mut 0, 1000) == -1 && errno().0 == EMSGSIZE
        })
    }),
    ("reader_read_full", |fd| {
        with_reader(fd, |r| unsafe {
            sockutil_reader_read_full(r, [0_u8; 3].as_mut_ptr().cast(), 3, &mut 0, 1000) == 1
        })
    }),
    ("read_some", |fd| unsafe { sockutil_read_some(fd, [0_u8; 16].as_mut_ptr().cast(), 16, &mut 0, 1000) == 1 }),
    ("reader_until_text", |fd| {
        with_reader(fd, |r| unsafe {
            sockutil_reader_until_text(r, c"ab".as_ptr().cast(), 2, &mut ptr::null_mut(), &mut 0, 1000) == 1
        })
    }),
    ("reader_copy_line", |fd| {
        with_reader(fd, |r| unsafe { sockutil_reader_copy_line(r, [0; 16].as_mut_ptr(), 16, &mut 0, 1000) == 1 })
    }),
    ("reader_read_some", |fd| {
        with_reader(fd, |r| unsafe {
            sockutil_reader_read_some(r, [0_u8; 16].as_mut_ptr().cast(), 16, &mut 0, 1000) == 1
        })
    }),
    ("reader_skip_frame", |fd| {
        with_reader(fd, |r| unsafe {
            let mut done = 0;
            sockutil_reader_skip_frame(r, 1, &raw mut done, 0) == -1 && done == 3
        })
    }),
    ("reader_skip_line", |fd| with_reader(fd, |r| unsafe { sockutil_reader_skip_line(r, &mut 0, 1000) == 1 })),
];

fn with_reader(fd: c_int, call: impl FnOnce(*mut sockutil_reader) -> bool) -> bool {
    let mut memory = [0_u8; 16];
    let mut reader = unsafe { std::mem::zeroed() };
    unsafe { sockutil_reader_init(&raw mut reader, fd, memory.as_mut_ptr().cast(), 16) == 0 && call(&raw mut reader) }
}

#[test]
fn descriptors_that_come_with_data_are_dropped() {
    if has_run_alone() {
        return;
    }
    let passed = pipe();
    let fd = passed.r();
    let options: [&[(c_int, &str)]; 4] = [
        &[],
        &[(libc::SO_PASSCRED, "SO_PASSCRED")],
        &[(libc::SO_PASSPIDFD, "SO_PASSPIDFD")],
        &[(libc::SO_PASSCRED, "SO_PASSCRED"), (libc::SO_PASSPIDFD, "SO_PASSPIDFD")],
    ];
    for (name, read) in READS {
        // Only recvfrom is for sockets whose messages have limits.
        for kind in if name.starts_with("recvfrom") { &UNIX_KINDS[..] } else { &UNIX_KINDS[..1] } {
            for options in options {
                for count in [0, 1, 2, 20, MOST_AT_ONCE] {
                    println!("{name}, kind {kind}, {count} sent, {options:?}");
                    let [receiver, sender] = unix_ends(*kind);
                    ask(receiver.as_raw_fd(), options);
                    let (receiver, sender) = (receiver.as_raw_fd(), sender.as_raw_fd());
                    in_a_child(|| {
                        let before = open_descriptors();
                        if !send_by_hand(sender, b"ab\n", &[fd; MOST_AT_ONCE][..count]) {
                            return 1;
                        }
                        if !read(receiver) {
                            return 2;
                        }
                        if open_descriptors() != before {
                            return 3;
                        }
                        // What was only looked at is still on its way; they go when that is read.
                        let mut rest = [0_u8; 16];
                        unsafe { libc::recv(receiver, rest.as_mut_ptr().cast(), 16, libc::MSG_DONTWAIT) };
                        if open_descriptors() == before { 0 } else { 4 }
                    });
                }
            }
        }
    }
}

/// What a program that is run finds under its descriptors.
fn found_by_a_program() -> String {
    let output = Command::new("ls").args(["-l", "/proc/self/fd"]).output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

/// The number by which a socket is known to everybody.
fn inode(fd: c_int) -> String {
    let name = std::fs::read_link(format!("/proc/self/fd/{fd}")).unwrap();
    let name = name.to_str().unwrap().to_owned();
    assert!(name.starts_with("socket:["), "{name}");
    name
}

#[test]
fn a_program_that_is_run_finds_no_descriptor_of_ours() {
    let host = c"127.0.0.1".as_ptr();
    let gai = ptr::null_mut();
    let path = crate::support::scratch("unix").join(format!("inherited-{}", std::process::id()));
    // An earlier process of the same number may have left it.
    let _ = std::fs::remove_file(&path);
    let text = std::ffi::CString::new(path.to_str().unwrap()).unwrap();
    for flags in [0, SOCKUTIL_INHERIT as c_uint] {
        let numeric = flags | SOCKUTIL_NUMERIC as c_uint;
        let listener = makes(|| unsafe { sockutil_tcp_listen(host, c"0".as_ptr(), 4, numeric, gai) });
        let mut at = unsafe { std::mem::zeroed() };
        gives(0, || unsafe { sockutil_addr_local(listener.as_raw_fd(), &raw mut at) });
        let port = std::ffi::CString::new(unsafe { sockutil_addr_port(&raw const at) }.to_string()).unwrap();
        let client = makes(|| unsafe { sockutil_tcp_connect(host, port.as_ptr(), numeric, 1000, gai) });
        let server = makes(|| unsafe { sockutil_accept(listener.as_raw_fd(), ptr::null_mut(), flags, 1000) });
        let bound = makes(|| unsafe { sockutil_udp_bind(host, c"0".as_ptr(), numeric, gai) });
        let connected = makes(|| unsafe { sockutil_udp_connect(host, c"9".as_ptr(), numeric, gai) });
        // The listener of the round before may live on in a child that another test has just forked.
        let _ = std::fs::remove_file(&path);
        let unix_listener = makes(|| unsafe { sockutil_unix_listen(text.as_ptr(), 4, flags) });
        let unix_client = makes(|| unsafe { sockutil_unix_connect(text.as_ptr(), flags, 1000) });
        let mut all: Vec<OwnedFd> = vec![listener, client, server, bound, connected, unix_listener, unix_client];
        if flags == 0 {
            // One that came from a peer has no flag that would have it inherited.
            let (way, passed) = (unix(), tcp());
            let mut got = -1;
            gives(1, || sockutil_send_fd(way.w(), passed.r(), 1000));
            gives(1, || unsafe { sockutil_recv_fd(way.r(), &raw mut got, 1000) });
            drop(passed);
            all.push(unsafe { OwnedFd::from_raw_fd(got) });
        }
        let found = found_by_a_program();
        for socket in &all {
            let inherited = found.contains(&inode(socket.as_raw_fd()));
            assert_eq!(inherited, flags != 0, "{found}");
        }
    }
    let _ = std::fs::remove_file(path);
}

#[test]
fn a_datagram_says_who_has_sent_it_and_whether_it_was_cut() {
    let [here, friend, stranger] = &[0; 3].map(|_| std::net::UdpSocket::bind("127.0.0.1:0").unwrap());
    let to = here.local_addr().unwrap();
    for (sender, text, cut) in [(friend, &b"short"[..], 0), (stranger, b"much too long", 1)] {
        sender.send_to(text, to).unwrap();
        let mut bytes = [0xEE_u8; 8];
        let (mut peer, mut truncated) = (unsafe { std::mem::zeroed() }, -1);
        let most = 5;
        gives(5, || unsafe {
            let buffer = bytes.as_mut_ptr().cast();
            sockutil_recvfrom(here.as_raw_fd(), buffer, most, &raw mut peer, &raw mut truncated, 1000)
        });
        assert_eq!((truncated, &bytes[5..]), (cut, &[0xEE; 3][..]));
        let from = |socket: &std::net::UdpSocket| crate::udp::to_addr(socket.local_addr().unwrap());
        let (friends, its_own) = (from(friend), from(sender));
        assert_eq!(unsafe { sockutil_addr_equal(&raw const peer, &raw const its_own) }, 1);
        let known = unsafe { sockutil_addr_equal(&raw const peer, &raw const friends) };
        assert_eq!(known == 1, ptr::eq(sender, friend));
    }
}
