//! addr_parse and stream_connect on any text, and addr_format on any struct: both against expectations made with Rust's own parsers and
//! formatters, and against each other: what is written reads as the same address, and is written the same again.

#![no_main]

#[path = "../../tests/support/c.rs"]
mod c;

use std::ffi::{CString, c_char};
use std::mem::{MaybeUninit, offset_of, size_of};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::slice;

use c::{
    SOCKUTIL_NUMERIC, sockutil_addr, sockutil_addr_equal, sockutil_addr_format, sockutil_addr_parse,
    sockutil_addr_port, sockutil_stream_connect, sockutil_tcp_connect, sockutil_unix_connect,
};
use libc::{AF_INET, AF_INET6, AF_UNIX, EAFNOSUPPORT, ENAMETOOLONG, ENODEV, ENOSPC, c_int};
use libfuzzer_sys::fuzz_target;
use sockutil_fuzz::input::Control;
use sockutil_fuzz::stream_text::{Place, place};
use sockutil_fuzz::{EINVAL, NOWAIT, call};

const PATH_OFFSET: usize = offset_of!(libc::sockaddr_un, sun_path);
const PATH_BYTES: usize = 108;

/// What an address says.
#[derive(Clone, Debug, PartialEq)]
enum Told {
    V4(Ipv4Addr, u16),
    V6(Ipv6Addr, u16, u32),
    /// A path, or a NUL and a name.
    Unix(Vec<u8>),
}

/// A number without leading zeros. Rust's parser also takes those, and a plus.
fn number<T: std::str::FromStr + ToString>(digits: &str) -> Option<T> {
    digits.parse::<T>().ok().filter(|number| number.to_string() == digits)
}

/// What a text means, or the answer that refuses it.
fn meaning(text: &[u8], default_port: Option<u16>) -> Result<Told, (i64, c_int)> {
    const NO_ADDRESS: (i64, c_int) = (0, 0);
    if let Some(name) = text.strip_prefix(b"unix:") {
        return match name {
            [] => Err(NO_ADDRESS),
            [b'@', name @ ..] if name.len() < PATH_BYTES => Ok(Told::Unix([b"\0", name].concat())),
            [first, ..] if *first != b'@' && name.len() < PATH_BYTES => Ok(Told::Unix(name.to_vec())),
            _ => Err((-1, ENAMETOOLONG)),
        };
    }
    // Interfaces may have any name; every other part is ASCII.
    let (host, zone) = match text.iter().position(|byte| *byte == b'%') {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let brackets = host.first() == Some(&b'[');
    let v6 = brackets || host.iter().filter(|byte| **byte == b':').count() >= 2;
    let ascii = |bytes: &[u8]| std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| NO_ADDRESS);
    let port_of = |behind: &[u8]| match behind {
        [] => default_port.ok_or(NO_ADDRESS),
        [b':', digits @ ..] => number(&ascii(digits)?).ok_or(NO_ADDRESS),
        _ => Err(NO_ADDRESS),
    };
    if !v6 {
        let colon = text.iter().position(|byte| *byte == b':').unwrap_or(text.len());
        let port = port_of(&text[colon..])?;
        return Ok(Told::V4(ascii(&text[..colon])?.parse().map_err(|_| NO_ADDRESS)?, port));
    }
    let (inside, behind) = if brackets {
        let end = text.iter().position(|byte| *byte == b']').ok_or(NO_ADDRESS)?;
        (&text[1..end], &text[end + 1..])
    } else {
        (text, &text[..0])
    };
    let port = port_of(behind)?;
    // A % after the bracket has failed as a port.
    let (ip, zone) = match zone {
        Some(_) => {
            let at = inside.iter().position(|byte| *byte == b'%').ok_or(NO_ADDRESS)?;
            (&inside[..at], Some(&inside[at + 1..]))
        }
        None => (inside, None),
    };
    let ip = ascii(ip)?.parse().map_err(|_| NO_ADDRESS)?;
    let zone = match zone {
        None => 0,
        Some([]) => return Err(NO_ADDRESS),
        Some(digits) if digits.iter().all(u8::is_ascii_digit) => number(&ascii(digits)?).ok_or(NO_ADDRESS)?,
        Some(name) => {
            // Behind a colon the kernel would not look.
            let known = if name.len() < libc::IF_NAMESIZE && !name.contains(&b':') {
                let name = CString::new(name).expect("the text has no NUL");
                unsafe { libc::if_nametoindex(name.as_ptr()) }
            } else {
                0
            };
            if known == 0 {
                return Err((-1, ENODEV));
            }
            known
        }
    };
    Ok(Told::V6(ip, port, zone))
}

/// What a struct says, read as the kernel reads it; `None` for what has no text.
fn told(a: &sockutil_addr) -> Option<Told> {
    let used = (a.len as usize).min(size_of::<libc::sockaddr_storage>());
    let start = (&raw const a.ss).cast::<u8>();
    match c_int::from(a.ss.ss_family) {
        AF_INET if used >= size_of::<libc::sockaddr_in>() => {
            let address = unsafe { start.cast::<libc::sockaddr_in>().read() };
            Some(Told::V4(address.sin_addr.s_addr.to_ne_bytes().into(), u16::from_be(address.sin_port)))
        }
        AF_INET6 if used >= size_of::<libc::sockaddr_in6>() => {
            let address = unsafe { start.cast::<libc::sockaddr_in6>().read() };
            Some(Told::V6(address.sin6_addr.s6_addr.into(), u16::from_be(address.sin6_port), address.sin6_scope_id))
        }
        AF_UNIX if used > PATH_OFFSET => {
            let path = unsafe { slice::from_raw_parts(start.add(PATH_OFFSET), (used - PATH_OFFSET).min(PATH_BYTES)) };
            match path {
                [0, name @ ..] => (!name.contains(&0)).then(|| Told::Unix(path.to_vec())),
                _ => {
                    let path = path.split(|byte| *byte == 0).next().unwrap_or_default();
                    // The first byte distinguishes a path in the text from a name.
                    let text = path.len() + if path.starts_with(b"@") { 2 } else { 0 };
                    (text < PATH_BYTES).then(|| Told::Unix(path.to_vec()))
                }
            }
        }
        _ => None,
    }
}

/// The text of an address, without its zone.
fn text_of(told: &Told) -> Vec<u8> {
    match told {
        Told::V4(ip, port) => format!("{ip}:{port}").into_bytes(),
        Told::V6(ip, port, _) => format!("[{ip}]:{port}").into_bytes(),
        Told::Unix(path) => match &path[..] {
            [0, name @ ..] => [b"unix:@", name].concat(),
            [b'@', ..] => [b"unix:./", &path[..]].concat(),
            _ => [b"unix:", &path[..]].concat(),
        },
    }
}

fn format(a: &sockutil_addr, room: usize) -> (i64, c_int, Vec<u8>) {
    // Exactly as long as the call's size: the sanitizer finds a write past it.
    let mut text = vec![0xEE_u8; room];
    let (answer, errno) = call(|| unsafe { sockutil_addr_format(a, text.as_mut_ptr().cast(), room) });
    (answer, errno, text)
}

fn parse(text: &[u8], default_port: c_int) -> ((i64, c_int), sockutil_addr) {
    let text = [text, b"\0"].concat();
    let mut a = MaybeUninit::<sockutil_addr>::uninit();
    unsafe { a.as_mut_ptr().cast::<u8>().write_bytes(0xEE, size_of::<sockutil_addr>()) };
    let start: *const c_char = text.as_ptr().cast();
    let answer = call(|| unsafe { sockutil_addr_parse(a.as_mut_ptr(), start, default_port) });
    let a = unsafe { a.assume_init() };
    if answer.0 != 1 {
        let bytes = unsafe { slice::from_raw_parts((&raw const a).cast::<u8>(), size_of::<sockutil_addr>()) };
        assert!(bytes.iter().all(|byte| *byte == 0xEE), "written, although refused");
    }
    (answer, a)
}

/// Any address: it is written as expected, in no less room than it needs, and reads as the same.
fn check_format(a: &sockutil_addr) {
    let expected = told(a);
    let port = match &expected {
        Some(Told::V4(_, port) | Told::V6(_, port, _)) => (i64::from(*port), 0),
        _ => (-1, EAFNOSUPPORT),
    };
    assert_eq!(call(|| unsafe { sockutil_addr_port(a) }), port);

    let (length, errno, text) = format(a, 128);
    let Some(expected) = expected else {
        assert_eq!((length, errno), (-1, EAFNOSUPPORT));
        assert_eq!(text, vec![0xEE; 128]);
        return;
    };
    assert_eq!(errno, 0, "{expected:?}");
    let length = length as usize;
    assert_eq!(text[length], 0, "the NUL behind");
    assert!(text[length + 1..].iter().all(|byte| *byte == 0xEE));
    let text = &text[..length];
    let mut bare = text.to_vec();
    if let Told::V6(_, _, zone @ 1..) = expected {
        // The zone is a name or a number, and what it means is looked at below.
        let at = text.iter().position(|byte| *byte == b'%').unwrap_or_else(|| panic!("zone {zone} is missing"));
        let end = text.iter().position(|byte| *byte == b']').expect("a bracket");
        bare.drain(at..end);
    }
    assert_eq!(bare, text_of(&expected), "{}", text.escape_ascii());

    for room in [0, length / 2, length] {
        assert_eq!(format(a, room), (-1, ENOSPC, vec![0xEE; room]));
    }
    assert_eq!(format(a, length + 1), (length as i64, 0, [text, b"\0"].concat()));

    let (answer, back) = parse(text, -1);
    assert_eq!(answer, (1, 0), "{}", text.escape_ascii());
    let same_file = |told: Told| match told {
        Told::Unix(path) if path.starts_with(b"@") => Told::Unix([b"./", &path[..]].concat()),
        told => told,
    };
    assert_eq!(told(&back), Some(same_file(expected.clone())), "{}", text.escape_ascii());
    let is_same = same_file(expected.clone()) == expected;
    assert_eq!(unsafe { sockutil_addr_equal(a, &raw const back) }, c_int::from(is_same));
    let (again, _, text_again) = format(&back, 128);
    assert_eq!(&text_again[..again as usize], text);
}

fn check_parse(text: &[u8], default_port: c_int) {
    let (answer, a) = parse(text, default_port);
    let Ok(port) = u16::try_from(default_port).map(Some).or(if default_port == -1 { Ok(None) } else { Err(()) }) else {
        assert_eq!(answer, (-1, EINVAL));
        return;
    };
    let shown = text.escape_ascii();
    match meaning(text, port) {
        Err(refusal) => assert_eq!(answer, refusal, "{shown}"),
        Ok(expected) => {
            assert_eq!(answer, (1, 0), "{shown}");
            assert_eq!(told(&a), Some(expected), "{shown}");
            check_format(&a);
        }
    }
}

/// A text for TCP and Unix sockets is the same as its parts. Without the resolver and without time a call that connects
/// only checks them: nothing leaves this process.
fn check_stream_text(text: &[u8]) {
    let terminated = |bytes: &[u8]| CString::new(bytes).expect("the text has no NUL");
    let (whole, mut gai, mut due_gai) = (terminated(text), 4711, 0);
    let answer = call(|| unsafe { sockutil_stream_connect(whole.as_ptr(), SOCKUTIL_NUMERIC, NOWAIT, &raw mut gai) });
    let due = match place(text) {
        Place::Nothing => (-1, EINVAL),
        Place::Unix(path) => call(|| unsafe { sockutil_unix_connect(terminated(path).as_ptr(), 0, NOWAIT) }),
        Place::Tcp(host, service) => {
            let (host, service) = (host.map(terminated), terminated(service));
            let host = host.as_ref().map_or(std::ptr::null(), |host| host.as_ptr());
            let (service, gai) = (service.as_ptr(), &raw mut due_gai);
            call(|| unsafe { sockutil_tcp_connect(host, service, SOCKUTIL_NUMERIC, NOWAIT, gai) })
        }
    };
    assert_eq!((answer, gai), (due, due_gai), "{}", text.escape_ascii());
    assert_eq!(answer.0, -1, "it has connected");
}

fuzz_target!(|input: &[u8]| {
    let Some((content, mut control)) = Control::split(input) else { return };
    let how = control.byte();
    let default_port = match how & 7 {
        0..=3 => 80,
        4 | 5 => -1,
        _ => (control.byte() as c_int) << 9 | control.byte() as c_int,
    };
    let length = content.iter().position(|byte| *byte == 0).unwrap_or(content.len());
    check_parse(&content[..length], default_port);
    check_stream_text(&content[..length]);

    // The same bytes as a struct.
    let mut a: sockutil_addr = unsafe { std::mem::zeroed() };
    let n = content.len().min(size_of::<libc::sockaddr_storage>());
    unsafe { (&raw mut a.ss).cast::<u8>().copy_from_nonoverlapping(content.as_ptr(), n) };
    let (family, whole) = [
        (AF_INET, size_of::<libc::sockaddr_in>()),
        (AF_INET6, size_of::<libc::sockaddr_in6>()),
        (AF_UNIX, n),
        (control.byte() as c_int, control.byte()),
    ][how >> 3 & 3];
    a.ss.ss_family = family as libc::sa_family_t;
    a.len = if how & 32 == 0 { whole } else { control.byte() } as libc::socklen_t;
    check_format(&a);
});
