//! pton and ntop.

use std::ffi::{CStr, CString, c_char};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::ptr;

use crate::c::{sockutil_ntop, sockutil_pton};
use libc::{AF_INET, AF_INET6, c_int, c_void, socklen_t};

use crate::kit::*;

unsafe extern "C" {
    fn inet_pton(af: c_int, text: *const c_char, dst: *mut c_void) -> c_int;
    fn inet_ntop(af: c_int, src: *const c_void, dst: *mut c_char, size: socklen_t) -> *const c_char;
}

fn pton(af: c_int, text: &str) -> Option<Vec<u8>> {
    let text = CString::new(text).unwrap();
    let mut address = [0xEE_u8; 20];
    let size = if af == AF_INET { 4 } else { 16 };
    set_errno(Errno(4711));
    let answer = unsafe { sockutil_pton(af, text.as_ptr(), address.as_mut_ptr().cast()) };
    assert_eq!(errno(), Errno(4711));
    assert!(address[size..].iter().all(|&b| b == 0xEE));
    match answer {
        1 => Some(address[..size].to_vec()),
        0 => {
            assert_eq!(address, [0xEE; 20], "{text:?} was refused and yet stored");
            None
        }
        _ => panic!("{text:?}: {answer}"),
    }
}

fn ntop(af: c_int, address: &[u8]) -> String {
    let into = |size: usize| {
        let mut text = [!0; 64];
        let place = text.as_mut_ptr();
        set_errno(Errno(4711));
        let answer = unsafe { sockutil_ntop(af, address.as_ptr().cast(), place, size as socklen_t) };
        assert!(text[size..].iter().all(|&c| c == !0), "{address:?}: something is outside its {size} bytes");
        if answer.is_null() {
            assert_eq!((errno(), text), (Errno(libc::ENOSPC), [!0; 64]), "{address:?} in {size} bytes");
            return None;
        }
        assert_eq!((answer, errno()), (place.cast_const(), Errno(4711)));
        Some(unsafe { CStr::from_ptr(answer) }.to_str().unwrap().to_owned())
    };
    let written = into(46).unwrap();
    // The same in memory that the text and its NUL just fill, and nothing where they do not fit.
    assert_eq!(into(written.len() + 1).as_ref(), Some(&written));
    assert_eq!(into(written.len()), None, "{written}");
    written
}

#[test]
fn ipv4_texts() {
    for (text, address) in [
        ("0.0.0.0", [0, 0, 0, 0]),
        ("127.0.0.1", [127, 0, 0, 1]),
        ("192.168.100.100", [192, 168, 100, 100]),
        ("255.255.255.255", [255, 255, 255, 255]),
        ("1.20.0.99", [1, 20, 0, 99]),
    ] {
        assert_eq!(pton(AF_INET, text).as_deref(), Some(&address[..]), "{text}");
        assert_eq!(ntop(AF_INET, &address), text);
    }
    let refused = "|1|1.2|1.2.3|1.2.3.|1.2.3.4.|.1.2.3.4|1.2.3.4.5|1..3.4|256.1.1.1|1.2.3.256|1.2.3.1000|010.1.1.1|1.2.3.04|\
                   00.0.0.0|0x7f.1.1.1|1.2.3.4 | 1.2.3.4|1.2.3.4\n|+1.2.3.4|-1.2.3.4|1.2.3.4x|1,2,3,4|127.1|::1|\
                   99999999999.1.1.1|1.2.3.4294967296|a.b.c.d|1.2.3.:|1.2.3./";
    for text in refused.split('|') {
        assert_eq!(pton(AF_INET, text), None, "{text:?}");
    }
}

#[test]
fn ipv6_texts() {
    // RFC 4291, section 2.2, and RFC 5952, sections 4 and 5.
    for (text, canonical) in [
        ("::", "::"),
        ("::1", "::1"),
        ("1::", "1::"),
        ("ABCD:EF01:2345:6789:ABCD:EF01:2345:6789", "abcd:ef01:2345:6789:abcd:ef01:2345:6789"),
        ("2001:DB8:0:0:8:800:200C:417A", "2001:db8::8:800:200c:417a"),
        ("FF01:0:0:0:0:0:0:101", "ff01::101"),
        ("0:0:0:0:0:0:13.1.68.3", "::d01:4403"),
        ("::FFFF:129.144.52.38", "::ffff:129.144.52.38"),
        ("::ffff:8190:3426", "::ffff:129.144.52.38"),
        ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
        ("2001:0db8::0001", "2001:db8::1"),
        ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
        ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"),
        ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
        ("1:0:0:2:0:0:3:4", "1::2:0:0:3:4"),
        ("0:0:1::", "0:0:1::"),
        ("::1:0:0", "::1:0:0"),
        ("0:1:2:3:4:5:6:7", "0:1:2:3:4:5:6:7"),
        ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
        ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"),
        ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"),
        ("::1.2.3.4", "::102:304"),
        ("1::1.2.3.4", "1::102:304"),
    ] {
        let address = pton(AF_INET6, text).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(address, text.parse::<Ipv6Addr>().unwrap().octets(), "{text}");
        assert_eq!(ntop(AF_INET6, &address), canonical, "{text}");
    }
    let refused = "|:|:::|1|1:|:1|1:2:3:4:5:6:7|1:2:3:4:5:6:7:8:9|1:2:3:4:5:6:7:8:|:1:2:3:4:5:6:7:8|1::2::3|::1::|1:::2|12345::|\
                   ::00001|g::|1:2:3:4:5:6:7:8::|::1:2:3:4:5:6:7:8|1:2:3:4::5:6:7:8|::1.2.3|::1.2.3.4.5|1.2.3.4|1.2.3.4::|\
                   ::1.2.3.4:5|1:2:3:4:5:6:7:1.2.3.4|::01.2.3.4|::256.2.3.4|fe80::1%lo|[::1]|::1 | ::1|::1\n|0x1::|::/0|-1::|\
                   1:2:3:4:5:6:7:|::1:|1:2:3:4:5:1.2.3.4";
    for text in refused.split('|') {
        assert_eq!(pton(AF_INET6, text), None, "{text:?}");
    }
}

#[test]
fn texts_of_any_length_are_looked_at_only() {
    for text in ["1".repeat(100_000), ":".repeat(100_000), "1.".repeat(50_000), "0:".repeat(50_000)] {
        assert_eq!(pton(AF_INET, &text), None);
        assert_eq!(pton(AF_INET6, &text), None);
    }
}

#[test]
fn sockutil_pton_EAFNOSUPPORT() {
    let mut address = [0; 16];
    for af in [libc::AF_UNSPEC, libc::AF_UNIX, -1, 4711] {
        let place = address.as_mut_ptr().cast();
        fails(libc::EAFNOSUPPORT, || unsafe { sockutil_pton(af, c"1.2.3.4".as_ptr(), place) });
    }
    assert_eq!(address, [0_u8; 16]);
}

#[test]
fn sockutil_pton_EINVAL() {
    let mut address = [0_u8; 16];
    for af in [AF_INET, AF_INET6] {
        fails(EINVAL, || unsafe { sockutil_pton(af, ptr::null(), address.as_mut_ptr().cast()) });
        fails(EINVAL, || unsafe { sockutil_pton(af, c"::1".as_ptr(), ptr::null_mut()) });
    }
}

#[track_caller]
fn ntop_fails(e: c_int, af: c_int, src: *const c_void, dst: *mut c_char, size: socklen_t) {
    set_errno(Errno(4711));
    let answer = unsafe { sockutil_ntop(af, src, dst, size) };
    assert_eq!((answer, errno()), (ptr::null(), Errno(e)));
}

#[test]
fn sockutil_ntop_ENOSPC() {
    let v4 = [192, 168, 100, 100_u8];
    let v6 = [0xAB_u8; 16];
    for (af, src, length) in [(AF_INET, &v4[..], 15), (AF_INET6, &v6[..], 39)] {
        let mut text: [c_char; 64] = [!0; 64];
        for size in 0..=length {
            ntop_fails(libc::ENOSPC, af, src.as_ptr().cast(), text.as_mut_ptr(), size);
            assert_eq!(text, [!0; 64]);
        }
        let place = text.as_mut_ptr();
        assert_eq!(unsafe { sockutil_ntop(af, src.as_ptr().cast(), place, length + 1) }, place.cast_const());
        assert_eq!((text[length as usize], text[length as usize + 1]), (0, !0));
    }
}

#[test]
fn sockutil_ntop_EAFNOSUPPORT() {
    let mut text = [0; 64];
    for af in [libc::AF_UNSPEC, libc::AF_UNIX, -1, 4711] {
        ntop_fails(libc::EAFNOSUPPORT, af, [0_u8; 16].as_ptr().cast(), text.as_mut_ptr(), 64);
    }
}

#[test]
fn sockutil_ntop_EINVAL() {
    let mut text = [0; 64];
    ntop_fails(EINVAL, AF_INET, ptr::null(), text.as_mut_ptr(), 64);
    ntop_fails(EINVAL, AF_INET6, [0_u8; 16].as_ptr().cast(), ptr::null_mut(), 64);
    ntop_fails(EINVAL, AF_INET6, [0_u8; 16].as_ptr().cast(), ptr::null_mut(), 0);
}

/// Numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }

    /// An address with many zeros and ones in it, as addresses have.
    fn address(&mut self) -> [u8; 16] {
        let mut address = [0; 16];
        for group in address.chunks_mut(2) {
            match self.below(8) {
                0..=3 => {}
                4 => group[1] = 1,
                5 => group.fill(0xff),
                6 => group[1] = self.below(256) as u8,
                _ => group.fill_with(|| self.below(256) as u8),
            }
        }
        address
    }
}

#[test]
fn texts_mean_what_the_c_library_says() {
    let mut numbers = Numbers(2);
    let mut accepted = 0;
    for _ in 0..300_000 {
        let address = numbers.address();
        let mut text = match numbers.below(4) {
            0 => Ipv4Addr::from([address[0], address[1], address[14], address[15]]).to_string(),
            1 => Ipv6Addr::from(address).to_string(),
            2 => Ipv6Addr::from(address).segments().map(|group| format!("{group:x}")).join(":"),
            _ => (0..numbers.below(20))
                .map(|_| b"0123456789abcdefABCDEF:::::......xg %"[numbers.below(37)] as char)
                .collect(),
        };
        // Most are damaged a little.
        for _ in 0..numbers.below(4) {
            let at = numbers.below(text.len() + 1);
            if numbers.below(2) == 0 && at < text.len() {
                text.remove(at);
            } else {
                text.insert(at, b"0123456789abcdef:.g"[numbers.below(19)] as char);
            }
        }
        let c_text = CString::new(text.clone()).unwrap();
        for (af, size) in [(AF_INET, 4), (AF_INET6, 16)] {
            let mut theirs = [0_u8; 16];
            let answer = unsafe { inet_pton(af, c_text.as_ptr(), theirs.as_mut_ptr().cast()) };
            let theirs = (answer == 1).then(|| theirs[..size].to_vec());
            accepted += usize::from(theirs.is_some());
            assert_eq!(pton(af, &text), theirs, "{text:?}");
        }
    }
    assert!((50_000..250_000).contains(&accepted), "{accepted} accepted: too many of one kind to be a test");
}

#[test]
fn addresses_are_written_as_the_c_library_does() {
    let mut numbers = Numbers(3);
    for _ in 0..300_000 {
        let address = numbers.address();
        let mut text = [0; 64];
        for (af, bytes) in [(AF_INET, &address[..4]), (AF_INET6, &address[..])] {
            let answer = unsafe { inet_ntop(af, bytes.as_ptr().cast(), text.as_mut_ptr(), 64) };
            assert!(!answer.is_null());
            let theirs = unsafe { CStr::from_ptr(answer) }.to_str().unwrap();
            let ours = ntop(af, bytes);
            // RFC 5952, section 5, has dots for well-known prefixes; the deprecated IPv4-compatible ::/96 is none here.
            let compatible = af == AF_INET6 && address[..12] == [0; 12] && theirs.contains('.');
            if compatible {
                assert!(!ours.contains('.'), "{ours}");
            } else if cfg!(target_env = "musl") && af == AF_INET6 {
                // Of two runs of zeros musl does not shorten the one that RFC 5952 does.
                assert_eq!(pton(af, theirs).as_deref(), Some(bytes), "{theirs}");
            } else {
                assert_eq!(ours, theirs);
            }
            assert_eq!(pton(af, &ours).as_deref(), Some(bytes), "{ours}");
        }
    }
}
