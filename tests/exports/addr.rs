//! Socket addresses: parse, format, port, local, peer, source_for, equal.

use std::ffi::{CStr, CString, c_char};
use std::mem::offset_of;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::{fmt, ptr};

use crate::c::*;
use libc::{c_int, sockaddr_in, sockaddr_in6, sockaddr_un, socklen_t};

use crate::kit::*;
use crate::support;
use crate::support::{has_ipv6, imitates, left_out};

const SIZE: usize = size_of::<sockutil_addr>();
const CANARY: u8 = 0xA5;
const PATH_AT: usize = offset_of!(sockaddr_un, sun_path);

/// Room for an address and canaries after it, byte by byte, so that a write of any byte is seen.
#[derive(Clone, Copy, PartialEq)]
#[repr(C, align(16))]
pub struct Slot([u8; SIZE + 16]);

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "family {} length {} {:?}", self.family(), self.length(), self.0[2..30].escape_ascii().to_string())
    }
}

impl Slot {
    pub fn new() -> Self {
        Self([CANARY; SIZE + 16])
    }

    /// These bytes of an address, with this length, and canaries elsewhere, as in uninitialised memory.
    fn of(bytes: &[u8], length: usize) -> Self {
        Self::filled(bytes, length, CANARY)
    }

    fn filled(bytes: &[u8], length: usize, filling: u8) -> Self {
        let mut slot = Self([filling; SIZE + 16]);
        slot.0[..bytes.len()].copy_from_slice(bytes);
        let at = offset_of!(sockutil_addr, len);
        slot.0[at..at + 4].copy_from_slice(&(length as socklen_t).to_ne_bytes());
        slot
    }

    /// As a C program fills it in.
    pub fn ip(address: SocketAddr) -> Self {
        let bytes = bytes_of(address);
        Self::of(&bytes, bytes.len())
    }

    /// sun_path has these bytes, and the length covers them.
    pub fn unix(path: &[u8]) -> Self {
        let bytes = [&(libc::AF_UNIX as u16).to_ne_bytes(), path].concat();
        Self::of(&bytes, bytes.len())
    }

    pub fn out(&mut self) -> *mut sockutil_addr {
        self.0.as_mut_ptr().cast()
    }

    pub fn addr(&self) -> *const sockutil_addr {
        self.0.as_ptr().cast()
    }

    pub fn is_untouched(&self) -> bool {
        *self == Self::new()
    }

    pub fn family(&self) -> c_int {
        u16::from_ne_bytes([self.0[0], self.0[1]]).into()
    }

    pub fn set_length(&mut self, length: usize) {
        let at = offset_of!(sockutil_addr, len);
        self.0[at..at + 4].copy_from_slice(&(length as socklen_t).to_ne_bytes());
    }

    pub fn length(&self) -> usize {
        let at = offset_of!(sockutil_addr, len);
        socklen_t::from_ne_bytes(self.0[at..at + 4].try_into().unwrap()) as usize
    }

    /// What the kernel would take.
    fn used(&self) -> &[u8] {
        &self.0[..self.length()]
    }

    fn path(&self) -> &[u8] {
        assert_eq!(self.family(), libc::AF_UNIX);
        &self.used()[PATH_AT..]
    }

    /// What it says, with the length that its family has.
    #[track_caller]
    pub fn socket_addr(&self) -> SocketAddr {
        assert!(self.0[SIZE..].iter().all(|byte| *byte == CANARY), "written behind the struct");
        match self.family() {
            libc::AF_INET => {
                assert_eq!(self.length(), size_of::<sockaddr_in>());
                let it = unsafe { self.addr().cast::<sockaddr_in>().read_unaligned() };
                let ip = Ipv4Addr::from(it.sin_addr.s_addr.to_ne_bytes());
                SocketAddrV4::new(ip, u16::from_be(it.sin_port)).into()
            }
            libc::AF_INET6 => {
                assert_eq!(self.length(), size_of::<sockaddr_in6>());
                let it = unsafe { self.addr().cast::<sockaddr_in6>().read_unaligned() };
                let ip = Ipv6Addr::from(it.sin6_addr.s6_addr);
                SocketAddrV6::new(ip, u16::from_be(it.sin6_port), it.sin6_flowinfo, it.sin6_scope_id).into()
            }
            other => panic!("family {other}"),
        }
    }
}

/// The bytes of a sockaddr_in or sockaddr_in6.
fn bytes_of(address: SocketAddr) -> Vec<u8> {
    let mut bytes = Vec::new();
    match address {
        SocketAddr::V4(v4) => {
            bytes.extend_from_slice(&(libc::AF_INET as u16).to_ne_bytes());
            bytes.extend_from_slice(&v4.port().to_be_bytes());
            bytes.extend_from_slice(&v4.ip().octets());
            bytes.extend_from_slice(&[0; 8]);
        }
        SocketAddr::V6(v6) => {
            bytes.extend_from_slice(&(libc::AF_INET6 as u16).to_ne_bytes());
            bytes.extend_from_slice(&v6.port().to_be_bytes());
            bytes.extend_from_slice(&v6.flowinfo().to_ne_bytes());
            bytes.extend_from_slice(&v6.ip().octets());
            bytes.extend_from_slice(&v6.scope_id().to_ne_bytes());
        }
    }
    bytes
}

pub fn socket(family: c_int, kind: c_int) -> OwnedFd {
    let fd = unsafe { libc::socket(family, kind | libc::SOCK_CLOEXEC, 0) };
    assert!(fd >= 0, "{}", errno());
    unsafe { OwnedFd::from_raw_fd(fd) }
}

pub fn loopback_index() -> u32 {
    let index = unsafe { libc::if_nametoindex(c"lo".as_ptr()) };
    assert!(index > 0);
    index
}

/// The address; None where the text is none; or the errno. Only an address is ever stored.
#[track_caller]
fn parse(text: impl AsRef<[u8]>, default_port: c_int) -> Result<Option<Slot>, c_int> {
    let text = CString::new(text.as_ref()).unwrap();
    let mut slot = Slot::new();
    set_errno(Errno(4711));
    let answer = unsafe { sockutil_addr_parse(slot.out(), text.as_ptr(), default_port) };
    let after = errno();
    if answer == 1 {
        assert_eq!(after, Errno(4711), "errno on success");
        assert!(slot.0[SIZE..].iter().all(|byte| *byte == CANARY), "{text:?} was written behind the struct");
        return Ok(Some(slot));
    }
    assert!(slot.is_untouched(), "{text:?} was refused and yet stored");
    if answer == 0 {
        assert_eq!(after, Errno(4711), "{text:?}: errno on 0");
        return Ok(None);
    }
    assert_eq!(answer, -1);
    Err(after.0)
}

#[track_caller]
fn format(slot: &Slot) -> Result<String, c_int> {
    let mut text = [!0; 160];
    set_errno(Errno(4711));
    let answer = unsafe { sockutil_addr_format(slot.addr(), text.as_mut_ptr(), 128) };
    let after = errno();
    if answer < 0 {
        assert_eq!((answer, text), (-1, [!0; 160]));
        return Err(after.0);
    }
    assert_eq!(after, Errno(4711), "errno on success");
    let written = unsafe { CStr::from_ptr(text.as_ptr()) };
    assert_eq!(written.to_bytes().len(), answer as usize);
    assert!(text[answer as usize + 1..].iter().all(|byte| *byte == !0), "written behind the text");
    Ok(String::from_utf8_lossy(written.to_bytes()).into_owned())
}

fn equal(a: &Slot, b: &Slot) -> bool {
    let call = |a: &Slot, b: &Slot| {
        set_errno(Errno(4711));
        let answer = unsafe { sockutil_addr_equal(a.addr(), b.addr()) };
        assert_eq!(errno(), Errno(4711));
        assert!(answer == 0 || answer == 1);
        answer == 1
    };
    let answer = call(a, b);
    assert_eq!(answer, call(b, a), "{a:?} {b:?}: it depends on the order");
    answer
}

fn v4(text: &str) -> SocketAddr {
    SocketAddr::V4(text.parse().unwrap())
}

fn v6(ip: &str, port: u16, zone: u32) -> SocketAddr {
    SocketAddrV6::new(ip.parse().unwrap(), port, 0, zone).into()
}

#[test]
fn parse_reads_the_forms_of_the_contract() {
    let lo = loopback_index();
    for (text, default_port, address) in [
        ("1.2.3.4", 80, v4("1.2.3.4:80")),
        ("1.2.3.4:80", -1, v4("1.2.3.4:80")),
        ("1.2.3.4:80", 7, v4("1.2.3.4:80")),
        ("1.2.3.4:0", -1, v4("1.2.3.4:0")),
        ("0.0.0.0:65535", -1, v4("0.0.0.0:65535")),
        ("255.255.255.255", 0, v4("255.255.255.255:0")),
        ("255.255.255.255", 65535, v4("255.255.255.255:65535")),
        ("::1", 80, v6("::1", 80, 0)),
        ("::", 0, v6("::", 0, 0)),
        ("[::1]", 80, v6("::1", 80, 0)),
        ("[::1]:80", -1, v6("::1", 80, 0)),
        ("[::1]:80", 0, v6("::1", 80, 0)),
        ("[::]:0", -1, v6("::", 0, 0)),
        ("[::]:65535", -1, v6("::", 65535, 0)),
        // No brackets, no port: this is one more group.
        ("::1:80", 7, v6("::1:80", 7, 0)),
        ("1:2:3:4:5:6:7:8", 7, v6("1:2:3:4:5:6:7:8", 7, 0)),
        ("::ffff:1.2.3.4", 80, v6("::ffff:1.2.3.4", 80, 0)),
        ("[::ffff:1.2.3.4]:80", -1, v6("::ffff:1.2.3.4", 80, 0)),
        ("[2001:DB8::A]:443", -1, v6("2001:db8::a", 443, 0)),
        ("fe80::1%lo", 80, v6("fe80::1", 80, lo)),
        ("[fe80::1%lo]", 80, v6("fe80::1", 80, lo)),
        ("[fe80::1%lo]:80", -1, v6("fe80::1", 80, lo)),
        ("[fe80::1%1]:80", -1, v6("fe80::1", 80, 1)),
        ("fe80::1%77", 80, v6("fe80::1", 80, 77)),
        ("[ff02::1%4294967295]:80", -1, v6("ff02::1", 80, u32::MAX)),
    ] {
        let slot = parse(text, default_port).unwrap().unwrap_or_else(|| panic!("{text} is refused"));
        assert_eq!(slot.socket_addr(), address, "{text}");
        gives(i32::from(address.port()), || unsafe { sockutil_addr_port(slot.addr()) });
        let bytes = bytes_of(address);
        assert_eq!(slot.used(), bytes, "{text}: padding that is not zero");
    }
}

#[test]
fn parse_refuses_what_is_no_address() {
    let refused = "| |:|::::|x|localhost|localhost:80|80|:80|1.2.3.4:|1.2.3.4:x|1.2.3.4:80x|1.2.3.4: 80|\
                   1.2.3.4:80 | 1.2.3.4:80|1.2.3.4 :80|1.2.3.4:80\n|1.2.3.4 | 1.2.3.4|1.2.3.4:65536|\
                   1.2.3.4:99999999999|1.2.3.4:4294967376|1.2.3.4:18446744073709551696|1.2.3.4:00|1.2.3.4:080|\
                   1.2.3.4:+1|1.2.3.4:-1|1.2.3.4:0x50|1.2.3.4:http|1.2.3.4::80|1.2.3.4:80:|1.2.3.4:80:90|\
                   1.2.3:80|1.2.3.4.5:80|256.1.1.1:80|010.1.1.1:80|127.1:80|0x7f.0.0.1:80|1.2.3.4%lo|\
                   1.2.3.4%lo:80|1.2.3.4%1:80|*:80|[1.2.3.4]:80|[1.2.3.4]|[|]|[]|[]:80|[::1|[::1:80|::1]|\
                   ::1]:80|[::1]x|[::1]80|[::1] :80|[::1]:|[::1]: 80|[::1]:80 |[::1]:65536|[::1]:00|[::1]:080|\
                   [::1]:+1|[::1]:-1|[::1]:http|[::1]::80|[::1]]:80|[[::1]]:80|[[::1]:80| [::1]:80|[ ::1]:80|\
                   [::1 ]:80|[:1]:80|[1:2:3]:80|[1::2::3]:80|[g::]:80|::1::|:::|1:2:3|1:2:3:4:5:6:7:8:80|::1%|\
                   [::1%]|[::1%]:80|%lo|[%lo]:80|lo%::1|[::1]%lo:80|[::1]%lo|[::1/64]:80|unix|unix/run/x|\
                   UNIX:/run/x| unix:/run/x|tcp:1.2.3.4:80|http://1.2.3.4:80/|1.2.3.4/24|1,2,3,4:80";
    for text in refused.split('|') {
        for default_port in [0, 80] {
            assert_eq!(parse(text, default_port), Ok(None), "{text:?}");
        }
    }
    assert_eq!(parse("unix:", -1), Ok(None));
    // Bytes that are no text.
    assert_eq!(parse(b"\xff", 80), Ok(None));
    assert_eq!(parse(b"1.2.3.4\xc2\xa0", 80), Ok(None));
    for text in
        ["1".repeat(100_000), ":".repeat(100_000), "[".repeat(100_000), "1.2.3.4:".to_owned() + &"1".repeat(100_000)]
    {
        assert_eq!(parse(text, 80), Ok(None));
    }
}

#[test]
fn without_a_default_port_the_text_must_name_one() {
    for text in ["1.2.3.4", "::1", "[::1]", "::1:80", "fe80::1%lo", "[fe80::1%lo]", "::ffff:1.2.3.4"] {
        assert_eq!(parse(text, -1), Ok(None), "{text}");
        assert!(parse(text, 0).unwrap().is_some(), "{text}");
    }
    // A Unix address has none to name.
    assert!(parse("unix:/run/x", -1).unwrap().is_some());
}

#[test]
fn every_port_is_read_and_written() {
    for port in 0..=u16::MAX {
        let text = format!("127.0.0.1:{port}");
        let slot = parse(&text, -1).unwrap().unwrap();
        assert_eq!(slot.socket_addr().port(), port);
        assert_eq!(format(&slot), Ok(text));
        let text = format!("[::1]:{port}");
        let slot = parse(&text, -1).unwrap().unwrap();
        assert_eq!(slot.socket_addr().port(), port);
        assert_eq!(format(&slot), Ok(text));
        assert!(equal(&parse("::1", port.into()).unwrap().unwrap(), &slot));
    }
}

#[test]
fn sockutil_addr_parse_ENODEV() {
    let missing = [
        "nosuchdev0",
        "123456789012345",
        "1234567890123456x",
        "lo\u{e9}",
        "l",
        "lo0lo",
        "LO",
        "lo ",
        " lo",
        "lo%lo",
        "-1",
        "+1",
    ];
    for zone in missing.into_iter().filter(|zone| !zone.bytes().all(|c| c.is_ascii_digit())) {
        for text in [format!("fe80::1%{zone}"), format!("[fe80::1%{zone}]"), format!("[fe80::1%{zone}]:80")] {
            assert_eq!(parse(&text, 80), Err(libc::ENODEV), "{text:?}");
        }
    }
    let long = "x".repeat(100_000);
    assert_eq!(parse(format!("[fe80::1%{long}]:80"), 80), Err(libc::ENODEV));
}

#[test]
fn a_port_without_brackets_is_not_taken_for_a_part_of_the_zones_name() {
    // Linux's ioctl in if_nametoindex reads "lo:80" as an alias of lo. Here it would drop the port.
    for text in ["fe80::1%lo:80", "fe80::1%lo:", "[fe80::1%lo:80]", "[fe80::1%lo:80]:90", "::1%lo:http"] {
        let answer = parse(text, 7);
        assert!(matches!(answer, Ok(None) | Err(libc::ENODEV)), "{text}: {answer:?}");
    }
}

#[test]
fn a_zones_number_is_decimal_and_fits() {
    for zone in ["01", "00", "4294967296", "99999999999999999999999"] {
        let answer = parse(format!("[fe80::1%{zone}]:80"), -1);
        assert!(matches!(answer, Ok(None) | Err(libc::ENODEV)), "{zone}: {answer:?}");
    }
    assert_eq!(parse("[fe80::1%0]:80", -1).unwrap().unwrap().socket_addr(), v6("fe80::1", 80, 0));
}

#[test]
fn parse_reads_unix_paths() {
    for path in [
        "/run/x.sock",
        "x",
        "./@x",
        "relative/x",
        "/",
        "a:b",
        "a b",
        " ",
        "\n",
        "%",
        "[::1]:80",
        "unix:x",
        "/run/@x",
        "\u{fc}",
    ] {
        for default_port in [-1, 0, 80, 65535] {
            let slot = parse(format!("unix:{path}"), default_port).unwrap().unwrap_or_else(|| panic!("{path}"));
            let [name @ .., 0] = slot.path() else { panic!("{path} has no NUL: {slot:?}") };
            assert_eq!(name, path.as_bytes());
            assert_eq!(format(&slot), Ok(format!("unix:{path}")));
            fails(libc::EAFNOSUPPORT, || unsafe { sockutil_addr_port(slot.addr()) });
        }
    }
    let slot = parse(b"unix:\xff\x01", 0).unwrap().unwrap();
    assert_eq!(slot.path(), b"\xff\x01\0");
}

#[test]
fn parse_reads_abstract_names() {
    for name in ["x", "@", "@x", "a:b", " ", "/run/x", "a/../b"] {
        let slot = parse(format!("unix:@{name}"), -1).unwrap().unwrap_or_else(|| panic!("{name}"));
        // No NUL after it: it would be part of the name.
        assert_eq!(slot.path(), [b"\0", name.as_bytes()].concat());
        assert_eq!(format(&slot), Ok(format!("unix:@{name}")));
    }
    // The empty name: bind(2) takes it on Linux, for the length says that there is a name.
    let slot = parse("unix:@", -1).unwrap().unwrap();
    assert_eq!(slot.path(), b"\0");
    assert_eq!(format(&slot).as_deref(), Ok("unix:@"));
}

#[test]
fn sockutil_addr_parse_ENAMETOOLONG() {
    for length in [1, 2, 105, 106, 107] {
        let text = format!("unix:{}", "p".repeat(length));
        let slot = parse(&text, -1).unwrap().unwrap();
        assert_eq!(slot.length(), PATH_AT + length + 1);
        assert_eq!(format(&slot), Ok(text));
        let text = format!("unix:@{}", "n".repeat(length));
        let slot = parse(&text, -1).unwrap().unwrap();
        assert_eq!(slot.length(), PATH_AT + 1 + length);
        assert_eq!(format(&slot), Ok(text));
    }
    for length in [108, 109, 110, 128, 256, 65536 + 5, 100_000] {
        assert_eq!(parse(format!("unix:{}", "p".repeat(length)), -1), Err(libc::ENAMETOOLONG), "{length}");
        assert_eq!(parse(format!("unix:@{}", "n".repeat(length)), -1), Err(libc::ENAMETOOLONG), "{length}");
    }
}

#[test]
fn the_kernel_takes_what_parse_gives() {
    let folder = support::scratch("addr");
    let path = folder.join(format!("{}.sock", std::process::id()));
    let mut texts = vec![format!("unix:@sockutil-test-{}", std::process::id())];
    // Cargo's folder may be deep; a socket's path may not be long.
    if path.to_str().unwrap().len() <= 107 {
        texts.push(format!("unix:{}", path.display()));
    }
    for text in texts {
        let slot = parse(&text, -1).unwrap().unwrap();
        let listener = socket(libc::AF_UNIX, libc::SOCK_STREAM);
        let bound = unsafe { libc::bind(listener.as_raw_fd(), slot.addr().cast(), slot.length() as u32) };
        assert_eq!(bound, 0, "{text}: {}", errno());
        let mut local = Slot::new();
        gives(0, || unsafe { sockutil_addr_local(listener.as_raw_fd(), local.out()) });
        assert_eq!(local.used(), slot.used());
        assert!(equal(&local, &slot));
        assert_eq!(format(&local), Ok(text));
    }
    let _ = std::fs::remove_file(path);
}

#[test]
fn sockutil_addr_parse_EINVAL() {
    for text in ["1.2.3.4:80", "1.2.3.4", "unix:/x", "x"] {
        for default_port in [-2, 65536, 65536 + 80, i32::MIN, i32::MAX] {
            assert_eq!(parse(text, default_port), Err(EINVAL), "{text} {default_port}");
        }
    }
    let mut slot = Slot::new();
    fails(EINVAL, || unsafe { sockutil_addr_parse(slot.out(), ptr::null(), 80) });
    assert!(slot.is_untouched());
    fails(EINVAL, || unsafe { sockutil_addr_parse(ptr::null_mut(), c"1.2.3.4".as_ptr(), 80) });
    fails(EINVAL, || unsafe { sockutil_addr_parse(ptr::null_mut(), ptr::null(), 80) });
}

#[test]
fn format_writes_one_text_for_each_address() {
    let lo = loopback_index();
    for (address, text) in [
        (v4("1.2.3.4:80"), "1.2.3.4:80"),
        (v4("0.0.0.0:0"), "0.0.0.0:0"),
        (v4("255.255.255.255:65535"), "255.255.255.255:65535"),
        (v6("::", 0, 0), "[::]:0"),
        (v6("::1", 80, 0), "[::1]:80"),
        (v6("2001:DB8:0:0:8:800:200C:417A", 10, 0), "[2001:db8::8:800:200c:417a]:10"),
        (v6("::ffff:1.2.3.4", 80, 0), "[::ffff:1.2.3.4]:80"),
        (v6("::1.2.3.4", 80, 0), "[::102:304]:80"),
        (v6("fe80::1", 80, lo), "[fe80::1%lo]:80"),
        (v6("::ffff:1.2.3.4", 80, lo), "[::ffff:1.2.3.4%lo]:80"),
        // No interface has it: its number.
        (v6("fe80::1", 80, 2_000_000_000), "[fe80::1%2000000000]:80"),
        (v6("fe80::1", 65535, u32::MAX), "[fe80::1%4294967295]:65535"),
    ] {
        assert_eq!(format(&Slot::ip(address)).as_deref(), Ok(text));
        assert_eq!(parse(text, -1).unwrap().unwrap().socket_addr(), address);
    }
    // A length beyond the family's own changes nothing: sizeof ss is what many programs pass.
    let bytes = bytes_of(v4("1.2.3.4:80"));
    assert_eq!(format(&Slot::of(&bytes, 128)).as_deref(), Ok("1.2.3.4:80"));
    assert_eq!(format(&Slot::of(&bytes, 100_000)).as_deref(), Ok("1.2.3.4:80"));
    let whole = [&(libc::AF_UNIX as u16).to_ne_bytes(), &b"/run/x\0"[..], &[b'j'; 101]].concat();
    assert_eq!(format(&Slot::of(&whole, 110)).as_deref(), Ok("unix:/run/x"));
    assert_eq!(format(&Slot::of(&whole, 128)).as_deref(), Ok("unix:/run/x"));
    // A path whose NUL is not counted.
    assert_eq!(format(&Slot::unix(b"/run/x")).as_deref(), Ok("unix:/run/x"));
}

/// What format writes, parse reads; None where there is no text for it.
#[track_caller]
fn there_and_back(slot: &Slot) -> Option<Slot> {
    let text = format(slot).ok()?;
    let back = parse(&text, -1);
    let Ok(Some(back)) = back else { panic!("format wrote {text}, and parse says {back:?}") };
    Some(back)
}

#[test]
fn a_path_that_begins_with_an_at_sign_does_not_become_an_abstract_name() {
    for length in 1..=107 {
        let path = format!("{:x<length$}", "@");
        let Some(back) = there_and_back(&Slot::unix(path.as_bytes())) else { continue };
        assert_ne!(back.path().first(), Some(&0), "{path}");
    }
}

#[test]
fn a_path_of_108_bytes_comes_back_or_has_no_text() {
    // unix(7): the kernel takes and gives them; parse does not.
    for first in ["p", "@", "/"] {
        let slot = Slot::unix(format!("{first:x<108}").as_bytes());
        if let Some(back) = there_and_back(&slot) {
            assert!(equal(&slot, &back));
        }
    }
}

#[test]
fn sockutil_addr_format_ENOSPC() {
    let long = "p".repeat(107);
    for text in [
        "0.0.0.0:0",
        "255.255.255.255:65535",
        "[::]:0",
        "[fe80::1%lo]:80",
        "unix:@",
        "unix:@name",
        "unix:/run/x",
        &format!("unix:{long}"),
    ] {
        let slot = parse(text, -1).unwrap().unwrap();
        for size in 0..=text.len() {
            let mut dst: [c_char; 160] = [!0; 160];
            fails(libc::ENOSPC, || unsafe { sockutil_addr_format(slot.addr(), dst.as_mut_ptr(), size) });
            assert_eq!(dst, [!0; 160], "{text} in {size} bytes");
        }
        let mut dst: [c_char; 160] = [!0; 160];
        gives(text.len() as i32, || unsafe { sockutil_addr_format(slot.addr(), dst.as_mut_ptr(), text.len() + 1) });
        assert_eq!(dst[text.len()..text.len() + 2], [0, !0]);
        assert_eq!(unsafe { CStr::from_ptr(dst.as_ptr()) }.to_str(), Ok(text));
        // NULL with length 0 is legal, and holds nothing.
        fails(libc::ENOSPC, || unsafe { sockutil_addr_format(slot.addr(), ptr::null_mut(), 0) });
    }
}

/// What neither has a text nor a port.
fn without_endpoint() -> Vec<Slot> {
    let mut all = Vec::new();
    for (family, size) in [(libc::AF_INET, size_of::<sockaddr_in>()), (libc::AF_INET6, size_of::<sockaddr_in6>())] {
        let bytes = [&(family as u16).to_ne_bytes()[..], &[0; 126]].concat();
        // Cut short, down to nothing at all.
        all.extend((0..size).map(|length| Slot::of(&bytes, length)));
    }
    for family in [libc::AF_UNSPEC, libc::AF_NETLINK, libc::AF_PACKET, 4711] {
        let bytes = [&(family as u16).to_ne_bytes()[..], &[0; 126]].concat();
        all.extend([0, 2, 12, 16, 28, 128].map(|length| Slot::of(&bytes, length)));
    }
    all
}

#[test]
fn sockutil_addr_format_EAFNOSUPPORT() {
    for slot in without_endpoint() {
        assert_eq!(format(&slot), Err(libc::EAFNOSUPPORT), "{slot:?}");
    }
    for length in 0..PATH_AT {
        assert_eq!(format(&Slot::of(&(libc::AF_UNIX as u16).to_ne_bytes(), length)), Err(libc::EAFNOSUPPORT));
    }
    // Without a name: a socket that was never bound, and one end of a pair.
    for fd in [socket(libc::AF_UNIX, libc::SOCK_STREAM), socket(libc::AF_UNIX, libc::SOCK_DGRAM), unix().reader] {
        let mut local = Slot::new();
        gives(0, || unsafe { sockutil_addr_local(fd.as_raw_fd(), local.out()) });
        assert_eq!((local.family(), local.length()), (libc::AF_UNIX, PATH_AT));
        assert_eq!(format(&local), Err(libc::EAFNOSUPPORT));
    }
    // With a NUL in its name.
    for name in [&b"\0a\0b"[..], b"\0\0", b"\0\0a", b"\0a\0"] {
        assert_eq!(format(&Slot::unix(name)), Err(libc::EAFNOSUPPORT), "{name:?}");
    }
}

#[test]
fn sockutil_addr_format_EINVAL() {
    let slot = Slot::ip(v4("1.2.3.4:80"));
    let mut dst: [c_char; 160] = [!0; 160];
    fails(EINVAL, || unsafe { sockutil_addr_format(ptr::null(), dst.as_mut_ptr(), 160) });
    fails(EINVAL, || unsafe { sockutil_addr_format(ptr::null(), ptr::null_mut(), 0) });
    fails(EINVAL, || unsafe { sockutil_addr_format(slot.addr(), ptr::null_mut(), 160) });
    for size in TOO_LONG {
        fails(EINVAL, || unsafe { sockutil_addr_format(slot.addr(), dst.as_mut_ptr(), size) });
        fails(EINVAL, || unsafe { sockutil_addr_format(slot.addr(), ptr::null_mut(), size) });
    }
    assert_eq!(dst, [!0; 160]);
}

#[test]
fn sockutil_addr_port_EAFNOSUPPORT() {
    for slot in without_endpoint() {
        fails(libc::EAFNOSUPPORT, || unsafe { sockutil_addr_port(slot.addr()) });
    }
    for slot in [Slot::unix(b"/run/x\0"), Slot::unix(b"\0name"), Slot::unix(b"")] {
        fails(libc::EAFNOSUPPORT, || unsafe { sockutil_addr_port(slot.addr()) });
    }
}

#[test]
fn sockutil_addr_port_EINVAL() {
    fails(EINVAL, || unsafe { sockutil_addr_port(ptr::null()) });
}

/// Numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }

    fn one_of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }

    /// Something like an address, mostly a little wrong.
    fn text(&mut self) -> Vec<u8> {
        const V4: [&str; 6] = ["1.2.3.4", "0.0.0.0", "255.255.255.255", "10.0.200.9", "127.1", "1.2.3.256"];
        const V6: [&str; 8] =
            ["::", "::1", "fe80::1", "1:2:3:4:5:6:7:8", "::ffff:1.2.3.4", "A::b", "1::2::3", "ff02::1:2"];
        const ZONE: [&str; 10] = ["", "", "", "", "%lo", "%1", "%4000000000", "%nosuchdev0", "%", "%01"];
        const PORT: [&str; 12] = ["", "", ":80", ":0", ":65535", ":1", ":443", ":65536", ":080", ":", ":+1", ":8080"];
        const LIKELY: &[u8] = b"0123456789abcdef:::...[]%lo@/";
        let (port, zone) = (self.one_of(&PORT), self.one_of(&ZONE));
        let mut text = match self.below(8) {
            0 | 1 => format!("{}{port}", self.one_of(&V4)),
            2 => format!("{}{zone}", self.one_of(&V6)),
            3..=5 => format!("[{}{zone}]{port}", self.one_of(&V6)),
            6 => {
                let name = "n".repeat(self.below(112));
                format!("unix:{}{name}", self.one_of(&["", "", "@", "/", "@@", "./"]))
            }
            _ => String::new(),
        }
        .into_bytes();
        if text.is_empty() {
            text.extend((0..self.below(24)).map(|_| LIKELY[self.below(LIKELY.len())]));
        }
        for _ in 0..[0, 0, 0, 1, 1, 2][self.below(6)] {
            let at = self.below(text.len() + 1);
            if self.below(2) == 0 && at < text.len() {
                text.remove(at);
            } else {
                text.insert(
                    at,
                    if self.below(16) == 0 { 1 + self.below(255) as u8 } else { LIKELY[self.below(LIKELY.len())] },
                );
            }
        }
        text
    }
}

#[derive(Debug, PartialEq)]
enum Meaning {
    Ip(SocketAddr),
    Unix(Vec<u8>),
    None,
    Failure(c_int),
}

/// A decimal number without leading zeros.
fn number<T: std::str::FromStr>(digits: &str) -> Option<T> {
    let is_number = digits.bytes().all(|c| c.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    if is_number { digits.parse().ok() } else { None }
}

/// The contract's words, by std's means.
fn meaning(text: &[u8], default_port: Option<u16>, interfaces: &[(Vec<u8>, u32)]) -> Meaning {
    if let Some(path) = text.strip_prefix(b"unix:") {
        return match path {
            [] => Meaning::None,
            [b'@', name @ ..] if name.len() > 107 => Meaning::Failure(libc::ENAMETOOLONG),
            [b'@', name @ ..] => Meaning::Unix([b"\0", name].concat()),
            _ if path.len() > 107 => Meaning::Failure(libc::ENAMETOOLONG),
            _ => Meaning::Unix([path, b"\0"].concat()),
        };
    }
    let find = || -> Option<Result<SocketAddr, c_int>> {
        let text = std::str::from_utf8(text).ok()?;
        let read_port = |behind: &str| match behind.strip_prefix(':') {
            Some(digits) => number::<u16>(digits),
            None if behind.is_empty() => default_port,
            None => None,
        };
        let (host, port) = if let Some(inner) = text.strip_prefix('[') {
            let (host, behind) = inner.split_once(']')?;
            (host, read_port(behind)?)
        } else if text.matches(':').count() >= 2 {
            (text, default_port?)
        } else {
            let host = text.split(':').next()?;
            let port = read_port(&text[host.len()..])?;
            return Some(Ok((host.parse::<Ipv4Addr>().ok()?, port).into()));
        };
        let (ip, zone) = host.split_once('%').map_or((host, None), |(ip, zone)| (ip, Some(zone)));
        let ip: Ipv6Addr = ip.parse().ok()?;
        let zone = match zone {
            None => 0,
            Some("") => return None,
            Some(digits) if digits.bytes().all(|c| c.is_ascii_digit()) => number(digits)?,
            Some(name) => match interfaces.iter().find(|(known, _)| known == name.as_bytes()) {
                Some((_, index)) => *index,
                None => return Some(Err(libc::ENODEV)),
            },
        };
        Some(Ok(SocketAddrV6::new(ip, port, 0, zone).into()))
    };
    match find() {
        None => Meaning::None,
        Some(Ok(address)) => Meaning::Ip(address),
        Some(Err(e)) => Meaning::Failure(e),
    }
}

/// The names and numbers of all.
pub fn interfaces() -> Vec<(Vec<u8>, u32)> {
    let list = unsafe { libc::if_nameindex() };
    assert!(!list.is_null());
    let mut all = Vec::new();
    let mut next = list;
    while unsafe { (*next).if_index } != 0 {
        let name = unsafe { CStr::from_ptr((*next).if_name) };
        all.push((name.to_bytes().to_vec(), unsafe { (*next).if_index }));
        next = next.wrapping_add(1);
    }
    unsafe { libc::if_freenameindex(list) };
    all
}

#[test]
fn generated_texts_mean_what_the_contract_says_and_come_back() {
    let interfaces = interfaces();
    let mut numbers = Numbers(4);
    let mut counts = [0_usize; 4];
    for _ in 0..300_000 {
        let text = numbers.text();
        let default_port = [None, Some(0), Some(80)][numbers.below(3)];
        let expected = meaning(&text, default_port, &interfaces);
        let shown = text.escape_ascii().to_string();
        let answer = parse(&text, default_port.map_or(-1, i32::from));
        let got = match &answer {
            Ok(Some(slot)) if slot.family() == libc::AF_UNIX => Meaning::Unix(slot.path().to_vec()),
            Ok(Some(slot)) => Meaning::Ip(slot.socket_addr()),
            Ok(None) => Meaning::None,
            Err(e) => Meaning::Failure(*e),
        };
        // A text that is refused anyway may be refused for its unknown zone.
        let either = got == Meaning::Failure(libc::ENODEV) && expected == Meaning::None && shown.contains('%');
        assert!(got == expected || either, "{shown}: {got:?}, not {expected:?}");
        counts[match expected {
            Meaning::Ip(_) => 0,
            Meaning::Unix(_) => 1,
            Meaning::None => 2,
            Meaning::Failure(_) => 3,
        }] += 1;
        let Ok(Some(slot)) = answer else { continue };
        let mut written: [c_char; 128] = [!0; 128];
        let length = unsafe { sockutil_addr_format(slot.addr(), written.as_mut_ptr(), 128) };
        assert!(length > 0, "{shown}: {}", errno());
        let written = unsafe { CStr::from_ptr(written.as_ptr()) };
        assert_eq!(written.to_bytes().len(), length as usize);
        let back = parse(written.to_bytes(), -1).unwrap_or_else(|e| panic!("{shown} -> {written:?}: {e}"));
        let back = back.unwrap_or_else(|| panic!("{shown} -> {written:?} is refused"));
        assert!(equal(&slot, &back), "{shown} -> {written:?}");
    }
    assert!(counts.iter().all(|count| *count > 3000), "{counts:?}: too few of one kind to be a test");
}

/// Gives lo another name, in a network of this thread's own. None where that is not allowed.
fn rename_loopback(name: &str) -> Option<()> {
    const SIOCSIFNAME: libc::Ioctl = 0x8923;
    if unsafe { libc::unshare(libc::CLONE_NEWNET) } != 0 {
        return None;
    }
    let control = socket(libc::AF_INET, libc::SOCK_DGRAM);
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    let copy =
        |to: &mut [c_char], from: &str| to.iter_mut().zip(from.bytes()).for_each(|(to, byte)| *to = byte as c_char);
    copy(&mut request.ifr_name, "lo");
    let mut new_name = [0; libc::IFNAMSIZ];
    copy(&mut new_name, name);
    request.ifr_ifru.ifru_newname = new_name;
    (unsafe { libc::ioctl(control.as_raw_fd(), SIOCSIFNAME, &raw mut request) } == 0).then_some(())
}

#[test]
fn a_zone_of_any_name_comes_back() {
    // All of these are names that Linux allows; the text must not be read as another zone, nor be refused.
    for name in ["7", "0", "007", "a]b", "]", "[x", "\u{e9}"] {
        std::thread::scope(|scope| {
            let renamed = scope.spawn(|| {
                rename_loopback(name)?;
                let index = unsafe { libc::if_nametoindex(CString::new(name).unwrap().as_ptr()) };
                assert_eq!(index, 1, "{name}");
                let slot = Slot::ip(v6("fe80::1", 80, index));
                let back = there_and_back(&slot).unwrap();
                assert!(equal(&slot, &back), "{name:?}: {back:?}");
                Some(())
            });
            if renamed.join().unwrap().is_none() {
                left_out("no network namespace", format!("an interface with the name {name:?}"));
            }
        });
    }
}

#[test]
fn local_and_peer_are_the_sockets() {
    let mut hosts = vec!["127.0.0.1:0"];
    if has_ipv6("::1") {
        hosts.push("[::1]:0");
    }
    let of = |fd: c_int| {
        let (mut local, mut peer) = (Slot::new(), Slot::new());
        gives(0, || unsafe { sockutil_addr_local(fd, local.out()) });
        gives(0, || unsafe { sockutil_addr_peer(fd, peer.out()) });
        (local.socket_addr(), peer.socket_addr())
    };
    for host in hosts {
        let listener = TcpListener::bind(host).unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, _) = listener.accept().unwrap();
        let (here, there) = (client.local_addr().unwrap(), listener.local_addr().unwrap());
        assert_eq!(of(client.as_raw_fd()), (here, there));
        assert_eq!(of(server.as_raw_fd()), (there, here));
        let mut local = Slot::new();
        gives(0, || unsafe { sockutil_addr_local(listener.as_raw_fd(), local.out()) });
        assert_eq!(local.socket_addr(), there);

        let (one, other) = (UdpSocket::bind(host).unwrap(), UdpSocket::bind(host).unwrap());
        one.connect(other.local_addr().unwrap()).unwrap();
        assert_eq!(of(one.as_raw_fd()), (one.local_addr().unwrap(), other.local_addr().unwrap()));
    }
    // Not bound yet: the wildcard.
    let mut local = Slot::new();
    let fresh = socket(libc::AF_INET, libc::SOCK_STREAM);
    gives(0, || unsafe { sockutil_addr_local(fresh.as_raw_fd(), local.out()) });
    assert_eq!(local.socket_addr(), v4("0.0.0.0:0"));
}

#[test]
fn local_and_peer_of_unix_sockets() {
    // The longest name.
    let name = format!("{:n<107}", format!("sockutil-test-peer-{}-", std::process::id()));
    let address =
        <std::os::unix::net::SocketAddr as std::os::linux::net::SocketAddrExt>::from_abstract_name(&name).unwrap();
    let listener = UnixListener::bind_addr(&address).unwrap();
    let client = UnixStream::connect_addr(&address).unwrap();
    let mut peer = Slot::new();
    gives(0, || unsafe { sockutil_addr_peer(client.as_raw_fd(), peer.out()) });
    assert_eq!(peer.path(), [b"\0", name.as_bytes()].concat());
    assert_eq!(format(&peer), Ok(format!("unix:@{name}")));
    let mut local = Slot::new();
    gives(0, || unsafe { sockutil_addr_local(listener.as_raw_fd(), local.out()) });
    assert!(equal(&peer, &local));
    let (server, _) = listener.accept().unwrap();
    // The client has no name.
    gives(0, || unsafe { sockutil_addr_peer(server.as_raw_fd(), peer.out()) });
    assert_eq!((peer.family(), peer.length()), (libc::AF_UNIX, PATH_AT));
    gives(0, || unsafe { sockutil_addr_peer(unix().r(), peer.out()) });
    assert_eq!((peer.family(), peer.length()), (libc::AF_UNIX, PATH_AT));
}

#[test]
fn sockutil_addr_local_EBADF() {
    for fd in [-1, CLOSED] {
        let mut a = Slot::new();
        fails(EBADF, || unsafe { sockutil_addr_local(fd, a.out()) });
        assert!(a.is_untouched());
    }
}

#[test]
fn sockutil_addr_local_ENOTSOCK() {
    let mut a = Slot::new();
    fails(ENOTSOCK, || unsafe { sockutil_addr_local(pipe().r(), a.out()) });
    assert!(a.is_untouched());
}

#[test]
fn sockutil_addr_local_EINVAL() {
    fails(EINVAL, || unsafe { sockutil_addr_local(tcp().r(), ptr::null_mut()) });
}

#[test]
fn sockutil_addr_peer_ENOTCONN() {
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let fresh = socket(libc::AF_INET, libc::SOCK_STREAM);
    let unix_datagram = UnixDatagram::unbound().unwrap();
    let mut after_reset = tcp();
    reset(after_reset.writer);
    after_reset.writer = pipe().writer;
    // The read waits for the RST.
    let mut byte = [0_u8];
    assert_eq!(unsafe { libc::recv(after_reset.r(), byte.as_mut_ptr().cast(), 1, 0) }, -1);
    assert_eq!(errno(), Errno(libc::ECONNRESET));
    let fds = [udp.as_raw_fd(), listener.as_raw_fd(), fresh.as_raw_fd(), unix_datagram.as_raw_fd(), after_reset.r()];
    for fd in fds {
        let mut a = Slot::new();
        fails(libc::ENOTCONN, || unsafe { sockutil_addr_peer(fd, a.out()) });
        assert!(a.is_untouched());
    }
}

#[test]
fn sockutil_addr_peer_EBADF() {
    for fd in [-1, CLOSED] {
        let mut a = Slot::new();
        fails(EBADF, || unsafe { sockutil_addr_peer(fd, a.out()) });
        assert!(a.is_untouched());
    }
}

#[test]
fn sockutil_addr_peer_ENOTSOCK() {
    let mut a = Slot::new();
    fails(ENOTSOCK, || unsafe { sockutil_addr_peer(pipe().r(), a.out()) });
    assert!(a.is_untouched());
}

#[test]
fn sockutil_addr_peer_EINVAL() {
    fails(EINVAL, || unsafe { sockutil_addr_peer(tcp().r(), ptr::null_mut()) });
}

#[test]
fn source_for_the_loopback_is_the_loopback() {
    let mut pairs = vec![(v4("127.0.0.1:53"), v4("127.0.0.1:0")), (v4("127.0.0.1:0"), v4("127.0.0.1:0"))];
    if has_ipv6("::1") {
        pairs.push((v6("::1", 53, 0), v6("::1", 0, 0)));
        pairs.push((v6("::1", 0, 0), v6("::1", 0, 0)));
        if !imitates("v6only", "an IPv4-mapped peer") {
            pairs.push((v6("::ffff:127.0.0.1", 53, 0), v6("::ffff:127.0.0.1", 0, 0)));
        }
    }
    for (peer, source) in pairs {
        let peer = Slot::ip(peer);
        let mut local = Slot::new();
        gives(0, || unsafe { sockutil_addr_source_for(peer.addr(), local.out()) });
        assert_eq!(local.socket_addr(), source);
        // One struct for both.
        let mut both = peer;
        let place = both.out();
        gives(0, || unsafe { sockutil_addr_source_for(place, place) });
        assert_eq!(both.socket_addr(), source);
    }
}

#[test]
fn sockutil_addr_source_for_EAFNOSUPPORT() {
    for peer in [Slot::unix(b"/run/x\0"), Slot::unix(b"\0name"), Slot::unix(b"")].into_iter().chain(without_endpoint())
    {
        let mut local = Slot::new();
        fails(libc::EAFNOSUPPORT, || unsafe { sockutil_addr_source_for(peer.addr(), local.out()) });
        assert!(local.is_untouched());
    }
}

#[test]
fn sockutil_addr_source_for_EINVAL() {
    let mut local = Slot::new();
    fails(EINVAL, || unsafe { sockutil_addr_source_for(ptr::null(), local.out()) });
    assert!(local.is_untouched());
    let peer = Slot::ip(v4("127.0.0.1:53"));
    fails(EINVAL, || unsafe { sockutil_addr_source_for(peer.addr(), ptr::null_mut()) });
    fails(EINVAL, || unsafe { sockutil_addr_source_for(ptr::null(), ptr::null_mut()) });
}

#[test]
fn equal_looks_at_address_port_and_zone() {
    let different = [
        v4("1.2.3.4:80"),
        v4("1.2.3.4:81"),
        v4("1.2.3.4:20480"),
        v4("1.2.3.5:80"),
        v4("2.2.3.4:80"),
        v6("::ffff:1.2.3.4", 80, 0),
        v6("fe80::1", 80, 0),
        v6("fe80::1", 81, 0),
        v6("fe80::1", 80, 1),
        v6("fe80::1", 80, 2),
        v6("fe80::1", 80, 1 << 24),
        v6("fe80::2", 80, 0),
        v6("::1", 80, 0),
    ];
    for (i, one) in different.into_iter().enumerate() {
        for (j, other) in different.into_iter().enumerate() {
            assert_eq!(equal(&Slot::ip(one), &Slot::ip(other)), i == j, "{one} {other}");
        }
    }
}

#[test]
fn equal_does_not_look_at_what_is_no_part_of_the_address() {
    for address in [v4("1.2.3.4:80"), v6("fe80::1", 80, 1)] {
        let bytes = bytes_of(address);
        // After the address, and after the length.
        assert!(equal(&Slot::filled(&bytes, bytes.len(), 0), &Slot::filled(&bytes, bytes.len(), 0xff)));
        // The whole of ss is used, as some programs say.
        assert!(equal(&Slot::of(&bytes, bytes.len()), &Slot::filled(&bytes, 128, 0)));
    }
    let mut bytes = bytes_of(v4("1.2.3.4:80"));
    bytes[8..].fill(0xEE);
    assert!(equal(&Slot::ip(v4("1.2.3.4:80")), &Slot::of(&bytes, bytes.len())), "sin_zero");
    let with_flow = SocketAddrV6::new("fe80::1".parse().unwrap(), 80, 4711, 1);
    assert!(equal(&Slot::ip(v6("fe80::1", 80, 1)), &Slot::ip(with_flow.into())), "sin6_flowinfo");
}

#[test]
fn equal_compares_unix_addresses_by_their_names() {
    let different = [
        &b"/run/x\0"[..],
        b"/run/y\0",
        b"/run/xy\0",
        b"\0/run/x",
        b"\0/run/x\0",
        b"\0/run/y",
        b"\0",
        b"\0\0",
        b"./run/x\0",
        b"@\0",
    ];
    for (i, one) in different.into_iter().enumerate() {
        for (j, other) in different.into_iter().enumerate() {
            let (one, other) = (Slot::unix(one), Slot::unix(other));
            assert_eq!(equal(&one, &other), i == j, "{one:?} {other:?}");
        }
    }
    let path = Slot::unix(b"/run/x\0");
    assert!(equal(&path, &Slot::unix(b"/run/x")), "a NUL that is not counted");
    assert!(equal(&path, &Slot::unix(b"/run/x\0junk")), "what is behind the NUL");
    assert!(equal(&path, &Slot::unix(&[&b"/run/x"[..], &[0; 102]].concat())), "all of sun_path");
    let longest = Slot::unix(&[b'p'; 108]);
    assert!(equal(&longest, &Slot::unix(&[&[b'p'; 108][..], b"\0"].concat())), "a path of 108 bytes");
    assert!(!equal(&longest, &Slot::unix(&[b'p'; 107])));
    assert!(!equal(&path, &Slot::unix(b"")), "an unnamed one");
}

#[test]
fn equal_is_0_for_null_and_for_other_families() {
    let slot = Slot::ip(v4("1.2.3.4:80"));
    gives(0, || unsafe { sockutil_addr_equal(ptr::null(), slot.addr()) });
    gives(0, || unsafe { sockutil_addr_equal(slot.addr(), ptr::null()) });
    gives(0, || unsafe { sockutil_addr_equal(ptr::null(), ptr::null()) });
    for other in without_endpoint() {
        assert!(!equal(&slot, &other));
        assert!(!equal(&other, &other), "{other:?}");
    }
    gives(1, || unsafe { sockutil_addr_equal(slot.addr(), slot.addr()) });
}
