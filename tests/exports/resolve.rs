//! resolve. Nothing here needs a network: names are those of /etc/hosts and /etc/services, or do not exist.

use std::ffi::CString;
use std::net::{SocketAddr, SocketAddrV6};
use std::ptr;

use crate::c::*;
use libc::{EADDRNOTAVAIL, EAI_NONAME, EAI_SERVICE, SOCK_DGRAM, SOCK_STREAM, c_int, c_uint};

use crate::addr::{Slot, loopback_index};
use crate::kit::*;
use crate::support::left_out;

const NUMERIC: c_uint = SOCKUTIL_NUMERIC;
const GAI_MARK: c_int = 4711;

/// How many addresses the tests have room for.
const ROOM: usize = 16;

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Failure {
    pub errno: c_int,
    pub gai: c_int,
}

const NO_NAME: Failure = Failure { errno: EADDRNOTAVAIL, gai: EAI_NONAME };
const NO_SERVICE: Failure = Failure { errno: EADDRNOTAVAIL, gai: EAI_SERVICE };

/// The addresses.
pub fn resolve(host: Option<&str>, service: &str, kind: c_int, flags: c_uint) -> Result<Vec<SocketAddr>, Failure> {
    let host = host.map(|host| CString::new(host).unwrap());
    let service = CString::new(service).unwrap();
    let host = host.as_ref().map_or(ptr::null(), |host| host.as_ptr());
    let mut memory = Array::new();
    let (mut count, mut gai) = (4711, GAI_MARK);
    set_errno(Errno(4711));
    let answer = unsafe {
        sockutil_resolve(host, service.as_ptr(), kind, flags, memory.out(), ROOM, &raw mut count, &raw mut gai)
    };
    let errno = errno().0;
    if answer == -1 {
        assert!(memory.is_untouched(0), "stored on failure");
        assert_eq!(count, 0);
        return Err(Failure { errno, gai });
    }
    assert_eq!((answer, errno, gai), (0, 4711, 0));
    assert!((1..=ROOM).contains(&count), "{count} found");
    assert!(memory.is_untouched(count), "stored behind what was found");
    Ok((0..count).map(|index| memory.get(index)).collect())
}

/// An array of addresses as in C, and a canary after it.
#[repr(C, align(16))]
struct Array([u8; Self::BYTES]);

impl Array {
    const EACH: usize = size_of::<sockutil_addr>();
    const BYTES: usize = (ROOM + 1) * Self::EACH;

    fn new() -> Self {
        Self([0xA5; Self::BYTES])
    }

    fn out(&mut self) -> *mut sockutil_addr {
        self.0.as_mut_ptr().cast()
    }

    fn get(&self, index: usize) -> SocketAddr {
        let mut slot = Slot::new();
        let from = self.0[index * Self::EACH..].as_ptr();
        unsafe { slot.out().cast::<u8>().copy_from_nonoverlapping(from, Self::EACH) };
        slot.socket_addr()
    }

    fn is_untouched(&self, from: usize) -> bool {
        self.0[from * Self::EACH..].iter().all(|byte| *byte == 0xA5)
    }
}

fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

#[test]
fn literals_are_never_asked_for() {
    let lo = loopback_index();
    let local = |port| Ok(vec![SocketAddrV6::new("fe80::1".parse().unwrap(), port, 0, lo).into()]);
    for flags in [0, NUMERIC] {
        for kind in [SOCK_STREAM, SOCK_DGRAM, 0] {
            let literal = |host, service| resolve(Some(host), service, kind, flags);
            assert_eq!(literal("1.2.3.4", "80"), Ok(addresses(&["1.2.3.4:80"])));
            assert_eq!(literal("1.2.3.4", "0"), Ok(addresses(&["1.2.3.4:0"])));
            assert_eq!(literal("255.255.255.255", "65535"), Ok(addresses(&["255.255.255.255:65535"])));
            assert_eq!(literal("0.0.0.0", "1"), Ok(addresses(&["0.0.0.0:1"])));
            assert_eq!(literal("::1", "80"), Ok(addresses(&["[::1]:80"])));
            assert_eq!(literal("::", "80"), Ok(addresses(&["[::]:80"])));
            assert_eq!(literal("2001:DB8::A", "443"), Ok(addresses(&["[2001:db8::a]:443"])));
            assert_eq!(literal("::ffff:1.2.3.4", "80"), Ok(addresses(&["[::ffff:1.2.3.4]:80"])));
            assert_eq!(literal("fe80::1%lo", "80"), local(80));
            assert_eq!(literal(&format!("fe80::1%{lo}"), "80"), local(80));
        }
    }
}

#[test]
fn no_host_is_the_loopback_of_both_families() {
    for flags in [0, NUMERIC] {
        for kind in [SOCK_STREAM, SOCK_DGRAM, 0] {
            assert_eq!(resolve(None, "80", kind, flags), Ok(addresses(&["[::1]:80", "127.0.0.1:80"])));
            assert_eq!(resolve(None, "0", kind, flags), Ok(addresses(&["[::1]:0", "127.0.0.1:0"])));
            assert_eq!(resolve(None, "65535", kind, flags), Ok(addresses(&["[::1]:65535", "127.0.0.1:65535"])));
        }
    }
}

#[test]
fn cap_bounds_what_is_stored_and_not_what_is_counted() {
    for cap in 0..=3 {
        let mut memory = Array::new();
        let (mut count, mut gai) = (4711, GAI_MARK);
        let out = if cap == 0 { ptr::null_mut() } else { memory.out() };
        gives(0, || unsafe {
            let (count, gai) = (&raw mut count, &raw mut gai);
            sockutil_resolve(ptr::null(), c"80".as_ptr(), SOCK_STREAM, NUMERIC, out, cap, count, gai)
        });
        assert_eq!((count, gai), (2, 0));
        let stored: Vec<_> = (0..cap.min(2)).map(|index| memory.get(index)).collect();
        assert_eq!(stored, addresses(&["[::1]:80", "127.0.0.1:80"])[..cap.min(2)]);
        assert!(memory.is_untouched(cap.min(2)));
    }
    // What asking has found is counted in the same way.
    let found = resolve(Some("localhost"), "80", 0, 0).unwrap();
    let mut count = 4711;
    gives(0, || unsafe {
        let (host, service) = (c"localhost".as_ptr(), c"80".as_ptr());
        sockutil_resolve(host, service, 0, 0, ptr::null_mut(), 0, &raw mut count, ptr::null_mut())
    });
    assert_eq!(count, found.len());
}

#[test]
fn gai_may_be_null() {
    let call = |host: &'static std::ffi::CStr| {
        let mut count = 0;
        unsafe {
            let (service, out, gai) = (c"80".as_ptr(), ptr::null_mut(), ptr::null_mut());
            sockutil_resolve(host.as_ptr(), service, SOCK_STREAM, NUMERIC, out, 0, &raw mut count, gai)
        }
    };
    gives(0, || call(c"1.2.3.4"));
    fails(EADDRNOTAVAIL, || call(c"name"));
}

#[test]
fn a_host_that_looks_numeric_is_an_address_or_nothing() {
    let refused = "010.1.1.1|127.1|0x7f.1|0X7F.1|0x7f000001|0X7F000001|2130706433|017700000001|1.2.3|256.1.1.1|1.2.3.256|1.2.3.4.|\
                   127.0.0.1.|127.1.|1.2.3.4.5|1.2.3.04|1.2.3.0x4|1.2.3.0xff|1.2.3.0XfF|0.0.0.00|00.0.0.0|1|0|01|08|1.|0x1|x.1|\
                   example.1|example.0x1|localhost.0|999999999999999999999|1..2|.1|1.2.3.4.0xabcdef0123456789abcdef";
    for host in refused.split('|') {
        for flags in [0, NUMERIC] {
            for service in ["80", "http"] {
                assert_eq!(
                    resolve(Some(host), service, SOCK_STREAM, flags),
                    Err(NO_NAME),
                    "{host:?} {service} {flags}"
                );
            }
        }
    }
}

#[test]
fn a_host_with_something_behind_the_number_is_no_address_either() {
    // Older C libraries read a number up to the first blank.
    for host in [
        "127.1 ",
        "127.0.0.1 ",
        " 127.0.0.1",
        "127.0.0.1\n",
        "127.0.0.1 x",
        "0x7f.1 x",
        "[::1]",
        "::1 ",
        "1.2.3.4:80",
        "::g",
        "",
    ] {
        assert_eq!(resolve(Some(host), "80", SOCK_STREAM, NUMERIC), Err(NO_NAME), "{host:?}");
    }
    for host in ["127.1 ", "127.0.0.1 ", "127.0.0.1 x", "0x7f.1 x", ""] {
        let answer = resolve(Some(host), "80", SOCK_STREAM, 0);
        assert!(answer.is_err(), "{host:?}: {answer:?}");
    }
}

#[test]
fn a_port_above_65535_or_with_leading_zeros_is_no_service() {
    for service in ["65536", "99999999999", "080", "00", "000", "0080", "65616", "4294967376", "18446744073709551696"] {
        for flags in [0, NUMERIC] {
            for host in [None, Some("1.2.3.4"), Some("::1"), Some("fe80::1%lo"), Some("localhost")] {
                for kind in [SOCK_STREAM, SOCK_DGRAM, 0] {
                    assert_eq!(resolve(host, service, kind, flags), Err(NO_SERVICE), "{host:?} {service} {flags}");
                }
            }
        }
    }
}

#[test]
fn an_unknown_socktype_is_told_whatever_the_host() {
    let no_type = Failure { errno: EADDRNOTAVAIL, gai: libc::EAI_SOCKTYPE };
    let others = [
        libc::SOCK_RAW,
        libc::SOCK_RDM,
        libc::SOCK_SEQPACKET,
        libc::SOCK_DCCP,
        // SOCK_PACKET.
        10,
        SOCK_STREAM | libc::SOCK_CLOEXEC,
        SOCK_DGRAM | libc::SOCK_NONBLOCK,
        -1,
        99,
        c_int::MIN,
        c_int::MAX,
    ];
    for kind in others {
        for host in
            [None, Some("1.2.3.4"), Some("::1"), Some("fe80::1%lo"), Some("localhost"), Some("name"), Some("127.1")]
        {
            for service in ["80", "0", "http", "65536", ""] {
                for flags in [0, NUMERIC] {
                    assert_eq!(
                        resolve(host, service, kind, flags),
                        Err(no_type),
                        "type {kind}, {host:?}, {service:?}, flags {flags}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_service_that_strtoul_would_read_is_no_service() {
    // The header: a decimal port or a name. glibc's getaddrinfo takes all of these for numbers, and cuts them to 16 bits.
    for service in
        [" 80", "+80", "\t80", "\n80", "+65616", " 99999999", "-65456", "-4294967216", "-1", "80 ", "0x50", "8o"]
    {
        for host in [None, Some("127.0.0.1"), Some("localhost")] {
            let answer = resolve(host, service, SOCK_STREAM, 0);
            assert_eq!(answer, Err(NO_SERVICE), "{host:?} {service:?}");
            let answer = resolve(host, service, SOCK_STREAM, NUMERIC);
            assert_eq!(answer.map_err(|failure| failure.errno), Err(EADDRNOTAVAIL), "{host:?} {service:?}");
        }
    }
}

#[test]
fn an_empty_service_is_neither_a_port_nor_a_name() {
    for host in [None, Some("127.0.0.1"), Some("localhost")] {
        for flags in [0, NUMERIC] {
            let answer = resolve(host, "", SOCK_STREAM, flags);
            let Err(failure) = answer else { panic!("{host:?} {flags}: {answer:?}") };
            assert_eq!(failure.errno, EADDRNOTAVAIL);
            assert!([EAI_NONAME, EAI_SERVICE].contains(&failure.gai), "{failure:?}");
        }
    }
}

#[test]
fn a_services_name_is_asked_for() {
    let services = std::fs::read_to_string("/etc/services").unwrap_or_default();
    if !services.lines().any(|line| line.split_whitespace().take(2).eq(["http", "80/tcp"])) {
        left_out("no http in /etc/services", "services by name");
        return;
    }
    for kind in [SOCK_STREAM, 0] {
        assert_eq!(resolve(Some("1.2.3.4"), "http", kind, 0), Ok(addresses(&["1.2.3.4:80"])));
        assert_eq!(resolve(Some("::1"), "http", kind, 0), Ok(addresses(&["[::1]:80"])));
        let found = resolve(None, "http", kind, 0).unwrap();
        assert!(found.iter().all(|address| address.port() == 80 && address.ip().is_loopback()), "{found:?}");
        assert!(found.contains(&"127.0.0.1:80".parse().unwrap()), "{found:?}");
        let found = resolve(Some("localhost"), "http", kind, 0).unwrap();
        assert!(found.iter().all(|address| address.port() == 80 && address.ip().is_loopback()), "{found:?}");
    }
    assert_eq!(resolve(Some("1.2.3.4"), "no-such-service", SOCK_STREAM, 0), Err(NO_SERVICE));
}

#[test]
fn names_are_asked_for_and_each_address_is_given_once() {
    let alone = resolve(Some("localhost"), "80", SOCK_STREAM, 0).unwrap();
    for kind in [SOCK_STREAM, SOCK_DGRAM, 0] {
        let found = resolve(Some("localhost"), "80", kind, 0).unwrap();
        assert!(found.iter().all(|address| address.ip().is_loopback() && address.port() == 80), "{found:?}");
        for (index, address) in found.iter().enumerate() {
            assert!(!found[..index].contains(address), "{address} twice for type {kind}: {found:?}");
        }
        assert_eq!(found, alone, "the type makes no other addresses");
    }
}

#[test]
fn numeric_never_asks() {
    for host in
        ["localhost", "no-such-host.invalid", "example.com", "a", "0x", "1.2.3.4x", "xn--nxasmq6b", "1.2.3.4%lo", ":"]
    {
        assert_eq!(resolve(Some(host), "80", SOCK_STREAM, NUMERIC), Err(NO_NAME), "{host}");
        assert_eq!(resolve(Some(host), "http", SOCK_STREAM, NUMERIC), Err(NO_NAME), "{host}");
    }
    for host in [None, Some("127.0.0.1"), Some("::1")] {
        let answer = resolve(host, "http", SOCK_STREAM, NUMERIC).map_err(|failure| failure.errno);
        assert_eq!(answer, Err(EADDRNOTAVAIL), "{host:?}");
    }
}

#[test]
fn sockutil_resolve_EADDRNOTAVAIL() {
    assert_eq!(resolve(Some("name"), "80", SOCK_STREAM, NUMERIC), Err(NO_NAME));
    assert_eq!(resolve(Some("1.2.3.4"), "65536", SOCK_STREAM, 0), Err(NO_SERVICE));
    // RFC 6761, section 6.4: .invalid has no names. Without a network there may be no answer at all.
    let answer = resolve(Some("no-such-host.invalid"), "80", SOCK_STREAM, 0);
    let Err(failure) = answer else { panic!("{answer:?}") };
    assert_ne!(failure.gai, 0);
    if failure.gai == libc::EAI_SYSTEM {
        println!("EAI_SYSTEM: errno is the resolver's, {}", failure.errno);
        assert_ne!(failure.errno, 4711);
    } else {
        assert_eq!(failure.errno, EADDRNOTAVAIL, "{failure:?}");
    }
}

#[test]
fn sockutil_resolve_EINVAL() {
    let host = c"127.0.0.1".as_ptr();
    let service = c"80".as_ptr();
    let mut memory = Array::new();
    let (mut count, mut gai) = (4711, GAI_MARK);
    let (counted, code, out) = (&raw mut count, &raw mut gai, memory.out());
    let refused = |call: &dyn Fn() -> c_int| {
        unsafe { (code.write(GAI_MARK), counted.write(4711)) };
        fails(EINVAL, call);
        assert_eq!(unsafe { (code.read(), counted.read()) }, (0, 0));
    };
    refused(&|| unsafe { sockutil_resolve(host, ptr::null(), SOCK_STREAM, 0, out, ROOM, counted, code) });
    refused(&|| unsafe { sockutil_resolve(ptr::null(), ptr::null(), SOCK_STREAM, 0, out, ROOM, counted, code) });
    fails(EINVAL, || unsafe { sockutil_resolve(host, service, SOCK_STREAM, 0, out, ROOM, ptr::null_mut(), code) });
    refused(&|| unsafe { sockutil_resolve(host, service, SOCK_STREAM, 0, ptr::null_mut(), 1, counted, code) });
    refused(&|| unsafe { sockutil_resolve(host, service, SOCK_STREAM, 0, ptr::null_mut(), usize::MAX, counted, code) });
    // An array that is larger than memory can be.
    for cap in [usize::MAX, isize::MAX as usize, isize::MAX as usize / size_of::<sockutil_addr>() + 1] {
        refused(&|| unsafe { sockutil_resolve(host, service, SOCK_STREAM, 0, out, cap, counted, code) });
    }
    // A backlog, a timeout, the other functions' flags, and unknown bits.
    let others = [SOCKUTIL_REUSEPORT, SOCKUTIL_V6ONLY, SOCKUTIL_NONBLOCK, SOCKUTIL_INHERIT];
    for flags in [1, 128, 5000, u32::MAX, 1 << 15, 1 << 23, 1 << 31, NUMERIC | 1].into_iter().chain(others) {
        refused(&|| unsafe { sockutil_resolve(host, service, SOCK_STREAM, flags, out, ROOM, counted, code) });
    }
    fails(EINVAL, || unsafe { sockutil_resolve(host, service, SOCK_STREAM, 1, out, ROOM, counted, ptr::null_mut()) });
    assert!(memory.is_untouched(0));
}

#[test]
fn sockutil_resolve_ENODEV() {
    for flags in [0, NUMERIC] {
        for host in ["fe80::1%nosuchdev0", "fe80::1%lo0lo", "fe80::1%longer-than-any-interface"] {
            let answer = resolve(Some(host), "80", SOCK_STREAM, flags);
            assert_eq!(answer, Err(Failure { errno: libc::ENODEV, gai: 0 }), "{host}");
        }
        // An alias' name, which Linux's ioctl takes for lo.
        let answer = resolve(Some("fe80::1%lo:80"), "80", SOCK_STREAM, flags);
        assert_eq!(answer, Err(Failure { errno: libc::ENODEV, gai: 0 }));
    }
}
