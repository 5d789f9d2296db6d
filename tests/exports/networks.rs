//! Addresses from a struct sockaddr, ports, networks, and failures in words.

use std::ffi::{CStr, CString, c_void};
use std::net::{IpAddr, SocketAddr};
use std::ptr;

use errno::{Errno, errno, set_errno};
use libc::{AF_INET, AF_INET6, AF_UNIX, AF_UNSPEC, EAFNOSUPPORT, EINVAL, c_char, c_int, socklen_t};

use crate::addr::Slot;
use crate::c::*;
use crate::kit::*;

const STORAGE: usize = size_of::<libc::sockaddr_storage>();

/// As the kernel gives it: bytes that begin with a family.
fn given(family: c_int, length: usize) -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..=u8::MAX).cycle().skip(1).take(length.max(2)).collect();
    bytes[..2].copy_from_slice(&(family as u16).to_ne_bytes());
    bytes.truncate(length);
    bytes
}

fn from(out: &mut Slot, bytes: &[u8], length: usize) -> c_int {
    unsafe { sockutil_addr_from(out.out(), bytes.as_ptr().cast(), length as socklen_t) }
}

#[test]
fn an_address_is_copied_with_its_length_and_zeros_after_it() {
    // The shortest and the longest of each family: POSIX's structs, and for AF_UNIX a socket without a name.
    for (family, least) in [(AF_INET, 16), (AF_INET6, 28), (AF_UNIX, 2), (libc::AF_PACKET, 2)] {
        for length in [least, least + 1, STORAGE] {
            let bytes = given(family, length);
            let mut slot = Slot::new();
            gives(0, || from(&mut slot, &bytes, length));
            assert_eq!((slot.family(), slot.length()), (family, length));
            let stored = unsafe { slot.addr().cast::<[u8; STORAGE]>().read() };
            assert_eq!(stored[..length], bytes[..], "family {family}, {length} bytes");
            assert!(stored[length..].iter().all(|byte| *byte == 0), "family {family}, {length} bytes");
        }
    }
}

#[test]
fn an_address_of_the_kernels_is_one_of_ours() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut storage = unsafe { std::mem::zeroed::<libc::sockaddr_storage>() };
    let mut length = STORAGE as socklen_t;
    let fd = std::os::fd::AsRawFd::as_raw_fd(&listener);
    assert_eq!(unsafe { libc::getsockname(fd, (&raw mut storage).cast(), &raw mut length) }, 0);
    let mut slot = Slot::new();
    gives(0, || unsafe { sockutil_addr_from(slot.out(), (&raw const storage).cast(), length) });
    assert_eq!(slot.socket_addr(), listener.local_addr().unwrap());
}

#[test]
fn sockutil_addr_from_EINVAL() {
    let refuses = |family, length, why: &str| {
        let bytes = given(family, length);
        let mut slot = Slot::new();
        fails(EINVAL, || from(&mut slot, &bytes, length));
        assert!(slot.is_untouched(), "{why}");
    };
    for length in [0, 1] {
        refuses(AF_INET, length, "no family");
    }
    refuses(AF_INET, 15, "cut short");
    refuses(AF_INET6, 27, "cut short");
    for family in [AF_INET, AF_INET6, AF_UNIX, libc::AF_PACKET] {
        refuses(family, STORAGE + 1, "longer than the storage");
    }
    for length in [2, 16, 28, STORAGE] {
        refuses(AF_UNSPEC, length, "AF_UNSPEC");
    }
    let bytes = given(AF_INET, 16);
    fails(EINVAL, || unsafe { sockutil_addr_from(ptr::null_mut(), bytes.as_ptr().cast(), 16) });
    let mut slot = Slot::new();
    for length in [0, 16] {
        fails(EINVAL, || unsafe { sockutil_addr_from(slot.out(), ptr::null::<c_void>(), length) });
    }
    assert!(slot.is_untouched());
}

fn ip(text: &str) -> Slot {
    Slot::ip(text.parse().unwrap())
}

#[test]
fn a_port_is_set_and_nothing_else() {
    for text in ["1.2.3.4:0", "1.2.3.4:65535", "[::1]:80", "[::ffff:1.2.3.4]:1"] {
        for port in [0, 1, 80, 255, 256, 65535] {
            let mut slot = ip(text);
            gives(0, || unsafe { sockutil_addr_set_port(slot.out(), port) });
            let mut expected: SocketAddr = text.parse().unwrap();
            expected.set_port(port as u16);
            assert_eq!(slot.socket_addr(), expected);
            assert_eq!(unsafe { sockutil_addr_port(slot.addr()) }, port);
        }
    }
    // The zone stays.
    let mut slot = Slot::ip(SocketAddr::V6(std::net::SocketAddrV6::new("fe80::1".parse().unwrap(), 80, 7, 3)));
    gives(0, || unsafe { sockutil_addr_set_port(slot.out(), 81) });
    assert_eq!(slot.socket_addr(), SocketAddr::V6(std::net::SocketAddrV6::new("fe80::1".parse().unwrap(), 81, 7, 3)));
}

#[test]
fn sockutil_addr_set_port_EINVAL() {
    for port in [-1, 65536, c_int::MIN, c_int::MAX] {
        let mut slot = ip("1.2.3.4:5");
        fails(EINVAL, || unsafe { sockutil_addr_set_port(slot.out(), port) });
        assert_eq!(slot.socket_addr(), "1.2.3.4:5".parse().unwrap());
    }
    fails(EINVAL, || unsafe { sockutil_addr_set_port(ptr::null_mut(), 80) });
}

#[test]
fn sockutil_addr_set_port_EAFNOSUPPORT() {
    let zeros = unsafe { std::mem::zeroed::<Slot>() };
    let mut short = ip("1.2.3.4:5");
    short.set_length(15);
    for mut slot in [Slot::unix(b"/tmp/x\0"), Slot::unix(b""), zeros, short] {
        let before = slot;
        fails(EAFNOSUPPORT, || unsafe { sockutil_addr_set_port(slot.out(), 80) });
        assert!(slot == before);
    }
}

/// A network as C has it: its base, its bits, and a canary.
#[repr(C)]
struct Network {
    it: [u8; size_of::<sockutil_network>()],
    canary: [u8; 8],
}

impl Network {
    fn new() -> Self {
        Self { it: [0xA5; size_of::<sockutil_network>()], canary: [0xA5; 8] }
    }

    fn out(&mut self) -> *mut sockutil_network {
        self.it.as_mut_ptr().cast()
    }

    fn read(&self) -> sockutil_network {
        assert_eq!(self.canary, [0xA5; 8]);
        unsafe { self.it.as_ptr().cast::<sockutil_network>().read_unaligned() }
    }
}

/// What the text is, or none.
fn parse(text: &str) -> Option<sockutil_network> {
    let c = CString::new(text).unwrap();
    let mut network = Network::new();
    set_errno(Errno(4711));
    let answer = unsafe { sockutil_network_parse(network.out(), c.as_ptr()) };
    assert_eq!(errno(), Errno(4711), "{text}");
    match answer {
        1 => Some(network.read()),
        0 => {
            assert!(network.it.iter().all(|byte| *byte == 0), "{text}: no network, and not all zeros");
            _ = network.read();
            None
        }
        other => panic!("{text}: {other}"),
    }
}

fn base_of(network: &sockutil_network) -> String {
    let mut text = [0_u8; 64];
    let length = unsafe { sockutil_addr_format(&raw const network.base, text.as_mut_ptr().cast(), text.len()) };
    assert!(length > 0);
    format!("{}/{}", CStr::from_bytes_until_nul(&text).unwrap().to_str().unwrap(), network.bits)
}

#[test]
fn networks_are_read() {
    for (text, base) in [
        ("192.168.0.0/16", "192.168.0.0:0/16"),
        ("10.0.0.0/8", "10.0.0.0:0/8"),
        ("10.128.0.0/9", "10.128.0.0:0/9"),
        ("0.0.0.0/0", "0.0.0.0:0/0"),
        ("1.2.3.4", "1.2.3.4:0/32"),
        ("1.2.3.4/32", "1.2.3.4:0/32"),
        ("1.2.3.4/31", "1.2.3.4:0/31"),
        ("128.0.0.0/1", "128.0.0.0:0/1"),
        ("fe80::/10", "[fe80::]:0/10"),
        ("::/0", "[::]:0/0"),
        ("::1", "[::1]:0/128"),
        ("2001:db8::/32", "[2001:db8::]:0/32"),
        ("2001:db8:8000::/33", "[2001:db8:8000::]:0/33"),
        ("::ffff:10.0.0.0/104", "10.0.0.0:0/8"),
        ("::ffff:1.2.3.4", "1.2.3.4:0/32"),
        ("::ffff:0:0/96", "0.0.0.0:0/0"),
        ("::fffe:0:0/95", "[::fffe:0:0]:0/95"),
    ] {
        assert_eq!(parse(text).map(|network| base_of(&network)).as_deref(), Some(base), "{text}");
    }
}

#[test]
fn what_is_no_network_is_told_and_holds_nothing() {
    for text in [
        "",
        "/",
        "/8",
        "10.0.0.0/",
        "10.0.0.1/8",
        "10.0.0.0/33",
        "10.0.0.0/08",
        "10.0.0.0/+8",
        "10.0.0.0/-1",
        "10.0.0.0/8 ",
        " 10.0.0.0/8",
        "10.0.0/8",
        "10/8",
        "10.0.0.0/8/8",
        "10.0.0.0/255.0.0.0",
        "1.2.3.4:80",
        "[::1]",
        "[::1]/128",
        "::1/129",
        "::1/127",
        "fe80::1%lo",
        "fe80::%lo/10",
        "2001:db8::1/32",
        "::ffff:10.0.0.1/104",
        "::ffff:1.2.3.4/95",
        "::ffff:0:0/95",
        "localhost",
        "unix:/tmp",
        "10.0.0.0/4294967304",
        "1.2.3.4/31x",
        "0x0a.0.0.0/8",
        "010.0.0.0/8",
    ] {
        assert!(parse(text).is_none(), "{text:?}");
    }
    let nothing = unsafe { std::mem::zeroed::<sockutil_network>() };
    for text in ["0.0.0.0:0", "1.2.3.4:80", "[::]:0", "[::1]:80"] {
        gives(0, || unsafe { sockutil_addr_in(ip(text).addr(), &raw const nothing) });
    }
}

#[test]
fn sockutil_network_parse_EINVAL() {
    let mut network = Network::new();
    fails(EINVAL, || unsafe { sockutil_network_parse(network.out(), ptr::null()) });
    assert!(network.it.iter().all(|byte| *byte == 0xA5));
    fails(EINVAL, || unsafe { sockutil_network_parse(ptr::null_mut(), c"10.0.0.0/8".as_ptr()) });
}

/// Whether the first bits are the same, one by one.
fn bits_agree(one: IpAddr, other: IpAddr, bits: usize) -> bool {
    let bytes = |ip: IpAddr| match ip {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    let (one, other) = (bytes(one), bytes(other));
    let bit = |bytes: &[u8], index: usize| bytes[index / 8] >> (7 - index % 8) & 1;
    one.len() == other.len() && (0..bits).all(|index| bit(&one, index) == bit(&other, index))
}

#[test]
fn every_prefix_holds_what_has_its_first_bits() {
    for (address, whole) in [("203.0.113.77", 32), ("2001:db8:85a3:8d3:1319:8a2e:370:7348", 128)] {
        let address: IpAddr = address.parse().unwrap();
        for bits in 0..=whole as usize {
            // The base: the address without its last bits.
            let keep = |byte: u8, index: usize| byte & !(0xFF_u32 >> bits.saturating_sub(8 * index).min(8)) as u8;
            let base: IpAddr = match address {
                IpAddr::V4(ip) => std::array::from_fn::<u8, 4, _>(|i| keep(ip.octets()[i], i)).into(),
                IpAddr::V6(ip) => std::array::from_fn::<u8, 16, _>(|i| keep(ip.octets()[i], i)).into(),
            };
            let network = parse(&format!("{base}/{bits}")).unwrap();
            for flipped in 0..whole as usize {
                let flip =
                    |byte: u8, index: usize| if index == flipped / 8 { byte ^ 0x80 >> (flipped % 8) } else { byte };
                let other: IpAddr = match address {
                    IpAddr::V4(ip) => std::array::from_fn::<u8, 4, _>(|i| flip(ip.octets()[i], i)).into(),
                    IpAddr::V6(ip) => std::array::from_fn::<u8, 16, _>(|i| flip(ip.octets()[i], i)).into(),
                };
                let expected = c_int::from(bits_agree(base, other, bits));
                let slot = Slot::ip(SocketAddr::new(other, 1));
                assert_eq!(
                    unsafe { sockutil_addr_in(slot.addr(), &raw const network) },
                    expected,
                    "{other} in {base}/{bits}"
                );
            }
            let slot = Slot::ip(SocketAddr::new(address, 1));
            assert_eq!(unsafe { sockutil_addr_in(slot.addr(), &raw const network) }, 1, "{address} in {base}/{bits}");
        }
    }
}

#[test]
fn mapped_addresses_are_ipv4_and_other_families_are_nowhere() {
    for (network, address, expected) in [
        ("10.0.0.0/8", "[::ffff:10.1.2.3]:80", 1),
        ("10.0.0.0/8", "[::ffff:11.1.2.3]:80", 0),
        ("::ffff:10.0.0.0/104", "10.1.2.3:80", 1),
        ("::ffff:10.0.0.0/104", "[::ffff:10.1.2.3]:80", 1),
        ("::ffff:0:0/96", "9.9.9.9:9", 1),
        ("::/0", "1.2.3.4:80", 0),
        ("::/0", "[::ffff:1.2.3.4]:80", 0),
        ("::/0", "[::1]:80", 1),
        ("0.0.0.0/0", "[::1]:80", 0),
        ("0.0.0.0/0", "[::ffff:1.2.3.4]:80", 1),
        ("fe80::/10", "[fe80::1%5]:80", 1),
    ] {
        let parsed = parse(network).unwrap();
        gives(expected, || unsafe { sockutil_addr_in(ip(address).addr(), &raw const parsed) });
    }
    let all = [parse("0.0.0.0/0").unwrap(), parse("::/0").unwrap()];
    for network in &all {
        for slot in [Slot::unix(b"/tmp/x\0"), Slot::unix(b""), unsafe { std::mem::zeroed() }] {
            gives(0, || unsafe { sockutil_addr_in(slot.addr(), network) });
        }
        gives(0, || unsafe { sockutil_addr_in(ptr::null(), network) });
    }
    gives(0, || unsafe { sockutil_addr_in(ip("1.2.3.4:80").addr(), ptr::null()) });
    // A struct that a program has filled in wrongly holds nothing.
    for bits in [-1, 33, c_int::MAX, c_int::MIN] {
        let mut wrong = parse("0.0.0.0/0").unwrap();
        wrong.bits = bits;
        gives(0, || unsafe { sockutil_addr_in(ip("1.2.3.4:80").addr(), &raw const wrong) });
    }
}

/// The text, in memory of this size, with a canary after it.
fn words(err: c_int, gai: c_int, size: usize) -> String {
    let mut memory = vec![0xA5_u8; size + 8];
    let buffer = memory.as_mut_ptr().cast::<c_char>();
    set_errno(Errno(4711));
    let answer = unsafe { sockutil_error_text(err, gai, buffer, size) };
    assert_eq!(errno(), Errno(4711));
    assert!(memory[size..].iter().all(|byte| *byte == 0xA5), "written behind the memory");
    assert!(ptr::eq(answer, buffer));
    CStr::from_bytes_until_nul(&memory[..size]).unwrap().to_str().unwrap().to_owned()
}

#[test]
fn a_failure_is_described_by_libcs_words() {
    let of_errno = |err: c_int| unsafe { CStr::from_ptr(libc::strerror(err)) }.to_str().unwrap().to_owned();
    let of_gai = |gai: c_int| unsafe { CStr::from_ptr(libc::gai_strerror(gai)) }.to_str().unwrap().to_owned();
    for err in [0, 1, libc::ECONNREFUSED, libc::ETIMEDOUT, libc::EHWPOISON, 4711, -1, c_int::MAX, c_int::MIN] {
        assert_eq!(words(err, 0, 200), of_errno(err), "{err}");
        assert_eq!(words(err, libc::EAI_SYSTEM, 200), of_errno(err), "{err}");
    }
    for gai in [libc::EAI_NONAME, libc::EAI_AGAIN, libc::EAI_SERVICE, libc::EAI_MEMORY, 4711, -4711] {
        assert_eq!(words(libc::EADDRNOTAVAIL, gai, 200), of_gai(gai), "{gai}");
    }
}

#[test]
fn a_description_is_cut_to_the_memory() {
    for (err, gai) in [(libc::ECONNREFUSED, 0), (libc::EADDRNOTAVAIL, libc::EAI_NONAME), (4711, 0)] {
        let whole = words(err, gai, 200);
        for size in 1..=whole.len() + 2 {
            assert_eq!(words(err, gai, size), whole[..whole.len().min(size - 1)], "{size}");
        }
    }
    let mut byte = [0xA5_u8 as c_char];
    for (buffer, size) in [(ptr::null_mut(), 0), (ptr::null_mut(), 100), (byte.as_mut_ptr(), 0)] {
        let answer = unsafe { sockutil_error_text(libc::EIO, 0, buffer, size) };
        assert_eq!(unsafe { CStr::from_ptr(answer) }, c"");
    }
    assert_eq!(byte, [0xA5_u8 as c_char]);
}
