//! Sockets whose messages have limits (SOCK_SEQPACKET, SOCK_DGRAM): what the calls for streams do there, and recvfrom,
//! which is for them.

use std::ptr;

use crate::c::*;
use libc::c_int;

use crate::kit::*;
use crate::pass::unix_ends;

const KINDS: [c_int; 2] = [libc::SOCK_SEQPACKET, libc::SOCK_DGRAM];

fn ends(kind: c_int) -> Pair {
    let [reader, writer] = unix_ends(kind);
    Pair { kind: "messages", reader, writer }
}

fn message(pair: &Pair) -> Vec<u8> {
    let mut bytes = [0_u8; 64];
    let n = unsafe { sockutil_recvfrom(pair.r(), bytes.as_mut_ptr().cast(), 64, ptr::null_mut(), &mut 0, 1000) };
    assert!(n >= 0, "{}", errno());
    bytes[..n as usize].to_vec()
}

#[test]
fn recvfrom_keeps_messages_apart_and_tells_which_was_cut() {
    for kind in KINDS {
        let pair = ends(kind);
        for text in [&b"one\ntwo\n"[..], b"", b"three"] {
            gives(text.len() as isize, || unsafe {
                sockutil_sendto(pair.w(), text.as_ptr().cast(), text.len(), ptr::null(), 1000)
            });
        }
        let (mut bytes, mut cut) = ([0_u8; 4], 4711);
        gives(4, || unsafe {
            sockutil_recvfrom(pair.r(), bytes.as_mut_ptr().cast(), 4, ptr::null_mut(), &raw mut cut, 1000)
        });
        assert_eq!((&bytes, cut), (b"one\n", 1));
        assert_eq!(message(&pair), b"");
        assert_eq!(message(&pair), b"three");
    }
}

/// What the general part of the header says: a call for streams takes the bytes that it asks for of a message, and the
/// rest of that message is gone.
#[test]
fn what_a_call_for_streams_leaves_of_a_message_is_gone() {
    for kind in KINDS {
        for time in [1000, NOWAIT, FOREVER] {
            let pair = ends(kind);
            let send = |text: &[u8]| pair.feed(text);
            let mut bytes = [0_u8; 64];
            let buffer = bytes.as_mut_ptr();

            send(b"one\ntwo\n");
            send(b"next");
            let mut done = 0;
            gives(1, || unsafe { sockutil_read_full(pair.r(), buffer.cast(), 4, &raw mut done, time) });
            assert_eq!((message(&pair), done), (b"next".to_vec(), 4));

            send(b"one\ntwo\n");
            send(b"next");
            done = 0;
            gives(1, || unsafe { sockutil_read_line(pair.r(), buffer.cast(), 64, &raw mut done, time) });
            assert_eq!((message(&pair), done), (b"next".to_vec(), 4));

            // A reader asks for what its memory takes. What it holds it does not lose.
            send(b"one\ntwo\nthree and more\n");
            send(b"next");
            let mut memory = [0_u8; 10];
            let mut reader = unsafe { std::mem::zeroed() };
            let r = &raw mut reader;
            gives(0, || unsafe { sockutil_reader_init(r, pair.r(), memory.as_mut_ptr().cast(), memory.len()) });
            for expected in [4, 4] {
                let (mut line, mut len) = (ptr::null_mut(), 0);
                gives(1, || unsafe { sockutil_reader_line(r, &raw mut line, &raw mut len, time) });
                assert_eq!(len, expected);
            }
            assert_eq!(message(&pair), b"next");
        }
    }
}

#[test]
fn messages_are_joined_by_the_calls_for_streams_and_an_empty_one_ends_them() {
    for kind in KINDS {
        let pair = ends(kind);
        pair.feed(b"o");
        pair.feed(b"ne\n");
        gives(0, || unsafe { sockutil_sendto(pair.w(), ptr::null(), 0, ptr::null(), 1000) });
        let mut bytes = [0_u8; 64];
        let mut done = 0;
        gives(0, || unsafe { sockutil_read_full(pair.r(), bytes.as_mut_ptr().cast(), 64, &raw mut done, 1000) });
        assert_eq!(&bytes[..done], b"one\n");
    }
}

#[test]
fn a_frame_is_one_message() {
    // Header and body leave in one system call, which makes them one message.
    for kind in KINDS {
        for length in [0, 1, 40] {
            let pair = ends(kind);
            let body = pattern(length);
            gives(1, || unsafe {
                sockutil_send_frame(pair.w(), 2, body.as_ptr().cast(), length, ptr::null_mut(), 1000)
            });
            assert_eq!(message(&pair), [&[0, length as u8], &body[..]].concat());
            fails(EAGAIN, || sockutil_wait(pair.r(), libc::POLLIN.into(), NOWAIT));
        }
    }
}
