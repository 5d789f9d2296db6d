//! Any text for TCP and Unix sockets means the same as its parts, given to the functions that take these.

use std::ffi::CString;
use std::ptr;

use crate::c::{
    SOCKUTIL_IPV4, SOCKUTIL_IPV6, SOCKUTIL_NUMERIC, sockutil_stream_connect, sockutil_stream_listen,
    sockutil_tcp_connect, sockutil_unix_connect,
};
use libc::{EINVAL, c_uint};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::kit::NOWAIT;
use crate::run::{Check, call, property};
use crate::stream_text::{Place, place};

/// The pieces of which the forms are made, and what resembles them.
const PIECES: [&str; 30] = [
    ":",
    ":",
    ":",
    "[",
    "]",
    "%",
    "unix:",
    "@",
    "::1",
    "::",
    "fe80::1",
    "1:2:3:4:5:6:7:8",
    "::ffff:1.2.3.4",
    "1.2.3.4",
    "127.1",
    "localhost",
    "host",
    "lo",
    "no-such-if",
    "1",
    "01",
    "0",
    "80",
    "65536",
    "http",
    "*",
    "/run/x",
    ".",
    " ",
    "unix",
];

fn text() -> impl Strategy<Value = Vec<u8>> {
    let piece = || proptest::sample::select(&PIECES[..]).prop_map(|piece| piece.as_bytes().to_vec());
    let pieces = |most| vec(piece(), 0..most).prop_map(|pieces| pieces.concat());
    let bytes = || vec(1_u8.., 0..12);
    let around = |before: &'static str, after: &'static str| {
        (pieces(4), pieces(3))
            .prop_map(move |(inside, service)| [before.as_bytes(), &inside, after.as_bytes(), b":", &service].concat())
    };
    prop_oneof![
        4 => pieces(7),
        2 => around("", ""),
        2 => around("[", "]"),
        1 => (pieces(4), bytes(), pieces(4)).prop_map(|(before, some, after)| [before, some, after].concat()),
        1 => (pieces(2), 1000..1100_usize, 1_u8.., pieces(4)).prop_map(|(before, n, byte, after)| {
            [before, vec![byte; n], after].concat()
        }),
    ]
}

/// With neither the resolver nor any time, a call that connects only checks.
fn check(text: &[u8], flags: c_uint) -> Check {
    let terminated = |bytes: &[u8]| CString::new(bytes).unwrap();
    let (whole, mut gai, mut due_gai) = (terminated(text), 4711, 0);
    let answer = call(|| unsafe { sockutil_stream_connect(whole.as_ptr(), flags, NOWAIT, &raw mut gai) })?;
    let named = place(text);
    let due = match named {
        Place::Nothing => (-1, EINVAL),
        Place::Unix(path) => call(|| unsafe { sockutil_unix_connect(terminated(path).as_ptr(), 0, NOWAIT) })?,
        Place::Tcp(host, service) => {
            let (host, service) = (host.map(terminated), terminated(service));
            let host = host.as_ref().map_or(ptr::null(), |host| host.as_ptr());
            let (service, gai) = (service.as_ptr(), &raw mut due_gai);
            call(|| unsafe { sockutil_tcp_connect(host, service, flags, NOWAIT, gai) })?
        }
    };
    prop_assert_eq!((answer, gai), (due, due_gai), "{}", text.escape_ascii());
    if named == Place::Nothing {
        let listened = call(|| unsafe { sockutil_stream_listen(whole.as_ptr(), 8, flags, &raw mut gai) })?;
        prop_assert_eq!((listened, gai), ((-1, EINVAL), 0), "{}", text.escape_ascii());
    }
    Ok(())
}

#[test]
fn a_text_means_the_same_as_its_parts() {
    let family = prop_oneof![3 => Just(0), 1 => Just(SOCKUTIL_IPV4), 1 => Just(SOCKUTIL_IPV6)];
    property(4000, (text(), family), |(text, family)| check(text, SOCKUTIL_NUMERIC | family));
}
