//! pton and ntop beside glibc's inet_pton and inet_ntop. One difference is meant: the IPv4-compatible ::a.b.c.d, which
//! glibc writes with dots. RFC 5952, section 5, does not ask for them, and Rust's own formatter, the second measure,
//! does not write them either.

#![no_main]

#[path = "../../tests/support/c.rs"]
mod c;

use std::ffi::{CStr, c_char, c_int, c_void};
use std::net::{Ipv4Addr, Ipv6Addr};

use c::{sockutil_ntop, sockutil_pton};
use libc::{AF_INET, AF_INET6, EAFNOSUPPORT, ENOSPC, socklen_t};
use libfuzzer_sys::fuzz_target;
use sockutil_fuzz::call;
use sockutil_fuzz::input::Control;

unsafe extern "C" {
    fn inet_pton(af: c_int, text: *const c_char, dst: *mut c_void) -> c_int;
    fn inet_ntop(af: c_int, src: *const c_void, dst: *mut c_char, size: socklen_t) -> *const c_char;
}

const FAMILIES: [(c_int, usize); 2] = [(AF_INET, 4), (AF_INET6, 16)];

/// Reads a text by both. `text` ends with its NUL, and is no longer.
fn read(af: c_int, size: usize, text: &[u8]) -> Option<Vec<u8>> {
    let start = text.as_ptr().cast();
    let (mut ours, mut theirs) = (vec![0xEE_u8; size], vec![0xEE_u8; size]);
    let our_answer = call(|| unsafe { sockutil_pton(af, start, ours.as_mut_ptr().cast()) });
    let their_answer = unsafe { inet_pton(af, start, theirs.as_mut_ptr().cast()) };
    assert_eq!(our_answer, (their_answer.into(), 0), "{}", text.escape_ascii());
    if their_answer != 1 {
        // Where it refuses, glibc may leave what it likes; ours writes nothing.
        assert_eq!(ours, vec![0xEE; size]);
        return None;
    }
    assert_eq!(ours, theirs, "{}", text.escape_ascii());
    Some(ours)
}

/// Writes an address by both, and by Rust, and reads what was written.
fn write(af: c_int, address: &[u8], room: usize) {
    let expected = match <[u8; 4]>::try_from(address) {
        Ok(address) => Ipv4Addr::from(address).to_string(),
        Err(_) => Ipv6Addr::from(<[u8; 16]>::try_from(address).expect("16 bytes")).to_string(),
    };
    let src = address.as_ptr().cast();
    let mut theirs: [c_char; 46] = [0; 46];
    assert_eq!(unsafe { inet_ntop(af, src, theirs.as_mut_ptr(), 46) }, theirs.as_ptr());
    let theirs = unsafe { CStr::from_ptr(theirs.as_ptr()) }.to_str().expect("glibc writes ASCII");
    let mut dotted = None;
    if let (AF_INET6, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d]) = (af, address) {
        dotted = Some(format!("::{a}.{b}.{c}.{d}"));
    }
    assert!(theirs == expected || dotted.as_deref() == Some(theirs), "{expected}, {theirs}");

    let mut ours = vec![0xEE_u8; room];
    let dst: *mut c_char = ours.as_mut_ptr().cast();
    let (answer, errno) = call(|| {
        let written = unsafe { sockutil_ntop(af, src, dst, room as socklen_t) };
        assert!(written.is_null() || written == dst);
        if written.is_null() { -1 } else { 0 }
    });
    if room <= expected.len() {
        assert_eq!((answer, errno), (-1, ENOSPC), "{expected} in {room} bytes");
        assert_eq!(ours, vec![0xEE; room]);
        return;
    }
    assert_eq!((answer, errno), (0, 0));
    let text = &ours[..=expected.len()];
    assert_eq!(text, [expected.as_bytes(), b"\0"].concat(), "{}; expected {expected}", text.escape_ascii());
    assert_eq!(read(af, address.len(), text).as_deref(), Some(address));
}

fuzz_target!(|input: &[u8]| {
    let Some((content, mut control)) = Control::split(input) else { return };
    let (room, af) = (control.byte() % 64, control.byte() as c_int);
    let length = content.iter().position(|byte| *byte == 0).unwrap_or(content.len());
    let text = [&content[..length], b"\0"].concat();
    for (af, size) in FAMILIES {
        if let Some(address) = read(af, size, &text) {
            write(af, &address, 46);
        }
        if let Some(address) = content.get(..size) {
            write(af, address, 46);
            write(af, address, room);
        }
    }
    if !matches!(af, AF_INET | AF_INET6) {
        let mut address = [0_u8; 16];
        let dst = address.as_mut_ptr().cast();
        assert_eq!(call(|| unsafe { sockutil_pton(af, text.as_ptr().cast(), dst) }), (-1, EAFNOSUPPORT));
    }
});
