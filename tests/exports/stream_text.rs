//! One text for TCP and Unix sockets: stream_listen and stream_connect.

use std::ffi::CString;
use std::fs;
use std::net::{IpAddr, TcpListener, TcpStream};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::ptr;

use crate::c::*;
use libc::{
    EADDRINUSE, EADDRNOTAVAIL, EAFNOSUPPORT, EAI_NONAME, EAI_SERVICE, ECONNREFUSED, ENAMETOOLONG, ENODEV, ENOENT,
    ETIMEDOUT, c_int, c_uint,
};

use crate::kit::*;
use crate::support::{has_ipv6, imitates};
use crate::udp::{held, is_cloexec, local, makes, option};

/// What a text names.
#[derive(Clone, Copy, Debug)]
enum Place {
    Tcp(Option<&'static str>, &'static str),
    Unix(&'static str),
    Nothing,
}
use Place::{Nothing, Tcp, Unix};

/// Every form, right and wrong. What a resolver makes of a host or a service is not the text's affair.
const TEXTS: &[(&str, Place)] = &[
    ("127.0.0.1:80", Tcp(Some("127.0.0.1"), "80")),
    ("127.0.0.1:0", Tcp(Some("127.0.0.1"), "0")),
    ("localhost:80", Tcp(Some("localhost"), "80")),
    ("localhost:http", Tcp(Some("localhost"), "http")),
    ("a.b-c_d.example:65535", Tcp(Some("a.b-c_d.example"), "65535")),
    (":80", Tcp(None, "80")),
    (":http", Tcp(None, "http")),
    ("[::1]:80", Tcp(Some("::1"), "80")),
    ("[::]:0", Tcp(Some("::"), "0")),
    ("[2001:DB8::A]:443", Tcp(Some("2001:DB8::A"), "443")),
    ("[1:2:3:4:5:6:7:8]:http", Tcp(Some("1:2:3:4:5:6:7:8"), "http")),
    ("[::ffff:127.0.0.1]:80", Tcp(Some("::ffff:127.0.0.1"), "80")),
    ("[::1%lo]:80", Tcp(Some("::1%lo"), "80")),
    ("[fe80::1%1]:80", Tcp(Some("fe80::1%1"), "80")),
    ("[fe80::1%4294967295]:80", Tcp(Some("fe80::1%4294967295"), "80")),
    ("[fe80::1%no-such-if]:80", Tcp(Some("fe80::1%no-such-if"), "80")),
    ("[fe80::1%a%b]:80", Tcp(Some("fe80::1%a%b"), "80")),
    ("[fe80::1%a:b]:80", Tcp(Some("fe80::1%a:b"), "80")),
    // The host and the service are for others to judge.
    ("*:80", Tcp(Some("*"), "80")),
    (":*", Tcp(None, "*")),
    ("010.1.1.1:80", Tcp(Some("010.1.1.1"), "80")),
    ("127.1:80", Tcp(Some("127.1"), "80")),
    ("80:80", Tcp(Some("80"), "80")),
    ("127.0.0.1:080", Tcp(Some("127.0.0.1"), "080")),
    ("127.0.0.1:65536", Tcp(Some("127.0.0.1"), "65536")),
    ("127.0.0.1:-1", Tcp(Some("127.0.0.1"), "-1")),
    ("127.0.0.1: 80", Tcp(Some("127.0.0.1"), " 80")),
    (" 127.0.0.1:80", Tcp(Some(" 127.0.0.1"), "80")),
    ("a%lo:80", Tcp(Some("a%lo"), "80")),
    ("a/b:80", Tcp(Some("a/b"), "80")),
    ("Unix:80", Tcp(Some("Unix"), "80")),
    ("unix.example:80", Tcp(Some("unix.example"), "80")),
    (" unix:/x", Tcp(Some(" unix"), "/x")),
    ("/unix:x", Tcp(Some("/unix"), "x")),
    ("unix:/nowhere/at/all", Unix("/nowhere/at/all")),
    ("unix:nowhere", Unix("nowhere")),
    ("unix:nowhere:80", Unix("nowhere:80")),
    ("unix::80", Unix(":80")),
    ("unix:[::1]:80", Unix("[::1]:80")),
    ("unix:unix:x", Unix("unix:x")),
    ("unix:80", Unix("80")),
    ("unix: ", Unix(" ")),
    ("unix:@", Unix("@")),
    ("unix:@@", Unix("@@")),
    ("unix:@sockutil-nobody:listens", Unix("@sockutil-nobody:listens")),
    ("unix:./@nowhere", Unix("./@nowhere")),
    ("", Nothing),
    (":", Nothing),
    ("::", Nothing),
    (":::", Nothing),
    ("80", Nothing),
    ("host", Nothing),
    ("127.0.0.1", Nothing),
    ("unix", Nothing),
    ("/run/x.sock", Nothing),
    ("@name", Nothing),
    ("unix:", Nothing),
    ("host:", Nothing),
    ("127.0.0.1:", Nothing),
    ("[::1]:", Nothing),
    // A host with a ':' outside brackets.
    ("a:b:80", Nothing),
    (":a:80", Nothing),
    ("::1", Nothing),
    ("::1:80", Nothing),
    ("fe80::1%lo:80", Nothing),
    ("1:2:3:4:5:6:7:8:80", Nothing),
    ("http://host:80", Nothing),
    ("tcp:host:80", Nothing),
    // Brackets that hold something else.
    ("[]:80", Nothing),
    ("[name]:80", Nothing),
    ("[localhost]:80", Nothing),
    ("[127.0.0.1]:80", Nothing),
    ("[1.2.3.4]:80", Nothing),
    ("[*]:80", Nothing),
    ("[::g]:80", Nothing),
    ("[:::1]:80", Nothing),
    ("[1:2:3:4:5:6:7]:80", Nothing),
    ("[ ::1]:80", Nothing),
    ("[::1 ]:80", Nothing),
    ("[::1/128]:80", Nothing),
    ("[::127.1]:80", Nothing),
    ("[::1%]:80", Nothing),
    ("[%lo]:80", Nothing),
    ("[127.0.0.1%lo]:80", Nothing),
    ("[localhost%lo]:80", Nothing),
    // No zone has such a number.
    ("[fe80::1%01]:80", Nothing),
    ("[fe80::1%4294967296]:80", Nothing),
    // Brackets at another place.
    ("[::1]", Nothing),
    ("[::1]80", Nothing),
    ("[::1", Nothing),
    ("[::1:80", Nothing),
    ("::1]:80", Nothing),
    ("[[::1]]:80", Nothing),
    ("[::1]]:80", Nothing),
    ("[::1][::1]:80", Nothing),
    ("[::1]x:80", Nothing),
    ("x[::1]:80", Nothing),
    (" [::1]:80", Nothing),
    ("[fe80::1%a]b]:80", Nothing),
    ("[:80", Nothing),
    ("]:80", Nothing),
    ("[host:80", Nothing),
    ("host]:80", Nothing),
    ("ho[s]t:80", Nothing),
];

/// What a call said: a descriptor, or errno and gai.
type Answer = Result<c_int, (c_int, c_int)>;

fn asked(call: impl FnOnce(*mut c_int) -> c_int) -> Answer {
    let mut gai = 4711;
    set_errno(Errno(4711));
    let answer = call(&raw mut gai);
    let e = errno().0;
    if answer >= 0 {
        assert_eq!((e, gai), (4711, 0), "success");
        return Ok(answer);
    }
    assert_eq!(answer, -1);
    Err((e, gai))
}

fn c(text: impl Into<Vec<u8>>) -> CString {
    CString::new(text).unwrap()
}

fn listen(at: &str, backlog: c_int, flags: c_uint) -> Answer {
    asked(|gai| unsafe { sockutil_stream_listen(c(at).as_ptr(), backlog, flags, gai) })
}

fn connect(to: &str, flags: c_uint, timeout_ms: c_int) -> Answer {
    asked(|gai| unsafe { sockutil_stream_connect(c(to).as_ptr(), flags, timeout_ms, gai) })
}

/// What the functions that take no texts make of the same place: with no time they only check.
fn same_place(place: Place, flags: c_uint) -> Answer {
    match place {
        Nothing => Err((EINVAL, 0)),
        Unix(path) => asked(|gai| unsafe {
            *gai = 0;
            sockutil_unix_connect(c(path).as_ptr(), 0, NOWAIT)
        }),
        Tcp(host, service) => {
            let (host, service) = (host.map(c), c(service));
            let host = host.as_ref().map_or(ptr::null(), |host| host.as_ptr());
            asked(|gai| unsafe { sockutil_tcp_connect(host, service.as_ptr(), flags, NOWAIT, gai) })
        }
    }
}

/// A descriptor that was just made.
#[track_caller]
fn made(answer: Answer) -> OwnedFd {
    let fd = answer.unwrap();
    set_errno(Errno(4711));
    makes(|| fd)
}

fn path(name: &str) -> PathBuf {
    let path = crate::support::scratch("stream-texts").join(format!("{name}-{}", std::process::id()));
    let _ = fs::remove_file(&path);
    path
}

fn unix_text(path: &Path) -> String {
    format!("unix:{}", path.display())
}

#[test]
fn a_text_names_a_host_and_a_service_or_a_path_or_nothing() {
    for &(text, place) in TEXTS {
        for flags in [0, SOCKUTIL_IPV4, SOCKUTIL_IPV6].map(|family| family | SOCKUTIL_NUMERIC) {
            assert_eq!(connect(text, flags, NOWAIT), same_place(place, flags), "{text:?}, flags {flags:#x}");
        }
        if matches!(place, Nothing) {
            assert_eq!(connect(text, 0, 1000), Err((EINVAL, 0)), "{text:?}");
            assert_eq!(connect(text, 0, FOREVER), Err((EINVAL, 0)), "{text:?}");
            assert_eq!(listen(text, 8, 0), Err((EINVAL, 0)), "{text:?}");
            assert_eq!(listen(text, 8, SOCKUTIL_NUMERIC), Err((EINVAL, 0)), "{text:?}");
        }
    }
}

/// What the texts of the table say, without the functions that take no texts.
#[test]
fn what_is_wrong_with_a_host_or_a_service_is_the_resolvers_to_say() {
    let none = |code| Err((EADDRNOTAVAIL, code));
    for (text, answer) in [
        ("*:80", none(EAI_NONAME)),
        ("010.1.1.1:80", none(EAI_NONAME)),
        ("127.1:80", none(EAI_NONAME)),
        ("name:80", none(EAI_NONAME)),
        ("127.0.0.1:http", none(EAI_NONAME)),
        ("127.0.0.1:080", none(EAI_SERVICE)),
        ("127.0.0.1:65536", none(EAI_SERVICE)),
        ("[::1]:*", none(EAI_SERVICE)),
        (":+80", none(EAI_SERVICE)),
        ("[fe80::1%no-such-if]:80", Err((ENODEV, 0))),
    ] {
        assert_eq!(connect(text, SOCKUTIL_NUMERIC, 1000), answer, "{text}");
        assert_eq!(listen(text, 8, SOCKUTIL_NUMERIC), answer, "{text}");
    }
}

/// A name has at most 255 bytes (RFC 1035), and what getnameinfo(3) gives at most 1,024.
#[test]
fn a_host_that_is_too_long_is_no_name() {
    for length in [253, 255, 256, 1023, 1024, 1025, 1026, 100_000] {
        let host = "h".repeat(length);
        for text in [format!("{host}:80"), format!("[::1%{host}]:80")] {
            let answer = connect(&text, SOCKUTIL_NUMERIC, NOWAIT);
            let zone = text.starts_with('[') && length < 1020;
            let due = if zone { (ENODEV, 0) } else { (EADDRNOTAVAIL, EAI_NONAME) };
            assert_eq!(answer, Err(due), "{length}");
            assert_eq!(listen(&text, 8, SOCKUTIL_NUMERIC), Err(due), "{length}");
        }
    }
    // The resolver itself has to say so, too, without the network: it cannot ask for such a name.
    for length in [1025, 5000] {
        assert_eq!(connect(&format!("{}:80", "h".repeat(length)), 0, 1000), Err((EADDRNOTAVAIL, EAI_NONAME)));
    }
}

/// Service 0: the address of the listener is the text's, and a client of the library's and one of std's are served.
#[track_caller]
fn serves(at: &str, ip: &str, clients: &[&str]) {
    let listener = TcpListener::from(made(listen(at, 8, 0)));
    let address = listener.local_addr().unwrap();
    assert_eq!(address.ip(), ip.parse::<IpAddr>().unwrap(), "{at}");
    for client in clients {
        for timeout in [FOREVER, 5000] {
            let to = client.replace("PORT", &address.port().to_string());
            let client = TcpStream::from(made(connect(&to, 0, timeout)));
            let (_server, from) = listener.accept().unwrap();
            assert_eq!(from.port(), client.local_addr().unwrap().port(), "{to}");
        }
    }
}

#[test]
fn stream_listen_and_stream_connect_serve_tcp() {
    let v4 = ["127.0.0.1:PORT", ":PORT", "localhost:PORT"];
    serves("127.0.0.1:0", "127.0.0.1", &v4);
    serves("0.0.0.0:0", "0.0.0.0", &v4);
    if !has_ipv6("texts with brackets") {
        // The kernel may have the family all the same.
        let any = if std::net::UdpSocket::bind("[::]:0").is_ok() { "::" } else { "0.0.0.0" };
        serves(":0", any, &v4);
        return;
    }
    serves("[::1]:0", "::1", &["[::1]:PORT", "[::1%lo]:PORT", ":PORT"]);
    if imitates("v6only", "one socket for both families") {
        serves("[::]:0", "::", &["[::1]:PORT"]);
        serves(":0", "0.0.0.0", &v4);
        return;
    }
    serves("[::]:0", "::", &["[::1]:PORT", "127.0.0.1:PORT"]);
    serves(":0", "::", &["[::1]:PORT", "127.0.0.1:PORT", ":PORT", "localhost:PORT"]);
}

#[test]
fn stream_listen_and_stream_connect_serve_unix_sockets() {
    let path = path("serves");
    let (text, name) = (unix_text(&path), format!("unix:@sockutil-stream-{}", std::process::id()));
    for text in [text, name] {
        let listener = UnixListener::from(made(listen(&text, 8, 0)));
        for timeout in [FOREVER, 5000] {
            let client = UnixStream::from(made(connect(&text, 0, timeout)));
            assert!(client.peer_addr().is_ok());
            listener.accept().unwrap();
        }
    }
    // A file, and a stale one is replaced.
    assert!(path.exists());
    let begun = std::time::Instant::now();
    let again = loop {
        match listen(&unix_text(&path), 8, 0) {
            // A child that another test has just forked may hold a copy of the listener.
            Err((EADDRINUSE, 0)) if begun.elapsed().as_secs() < 20 => look_again(),
            answer => break made(answer),
        }
    };
    drop(UnixStream::connect(&path).unwrap());
    drop(again);
}

#[test]
fn streams_have_the_modes_they_were_asked_for() {
    let path = path("modes");
    let unix = unix_text(&path);
    for flags in [0, SOCKUTIL_NONBLOCK, SOCKUTIL_INHERIT, SOCKUTIL_NONBLOCK | SOCKUTIL_INHERIT] {
        for (at, flags) in [("127.0.0.1:0", flags), (&*unix, flags)] {
            let _ = fs::remove_file(&path);
            let listener = made(listen(at, 8, flags));
            let to = if at == unix { unix.clone() } else { local(listener.as_raw_fd()).to_string() };
            for fd in [made(connect(&to, flags, 5000)), made(connect(&to, flags, FOREVER)), listener] {
                let fd = fd.as_raw_fd();
                assert_eq!(is_nonblock(fd), flags & SOCKUTIL_NONBLOCK != 0, "{at}");
                assert_eq!(is_cloexec(fd), flags & SOCKUTIL_INHERIT == 0, "{at}");
                assert_eq!(option(fd, libc::SOL_SOCKET, libc::SO_TYPE), libc::SOCK_STREAM);
            }
        }
    }
}

#[test]
fn flags_of_tcp_do_what_they_do_for_tcp() {
    let first = made(listen("127.0.0.1:0", 8, SOCKUTIL_REUSEPORT));
    let at = local(first.as_raw_fd()).to_string();
    drop(made(listen(&at, 8, SOCKUTIL_REUSEPORT | SOCKUTIL_IPV4)));
    assert_eq!(listen(&at, 8, 0), Err((EADDRINUSE, 0)));
    let family = |fd: &OwnedFd| local(fd.as_raw_fd()).is_ipv6();
    assert!(!family(&made(listen(":0", 8, SOCKUTIL_IPV4))));
    if !has_ipv6("SOCKUTIL_IPV6 and SOCKUTIL_V6ONLY in stream_listen") {
        return;
    }
    for flags in [0, SOCKUTIL_V6ONLY, SOCKUTIL_IPV6, SOCKUTIL_IPV6 | SOCKUTIL_V6ONLY] {
        // The same port of IPv4 is held by a socket that does not listen, so that no other program has it.
        let (fd, _held) = loop {
            let fd = made(listen(":0", 8, flags));
            let held = held(([127, 0, 0, 1], local(fd.as_raw_fd()).port()).into());
            if held.is_some() || flags == 0 {
                break (fd, held);
            }
        };
        assert!(family(&fd));
        let only = option(fd.as_raw_fd(), libc::IPPROTO_IPV6, libc::IPV6_V6ONLY);
        assert_eq!(only, c_int::from(flags != 0), "{flags:#x}");
        let to = format!(":{}", local(fd.as_raw_fd()).port());
        assert!(family(&made(connect(&to, SOCKUTIL_IPV6, 5000))));
        if flags != 0 {
            assert_eq!(connect(&to, SOCKUTIL_IPV4, 5000), Err((ECONNREFUSED, 0)), "{flags:#x}");
        }
    }
}

#[test]
fn flags_of_tcp_are_ignored_for_a_path() {
    let path = path("ignored");
    let text = unix_text(&path);
    let lookup = [0, SOCKUTIL_NUMERIC, SOCKUTIL_IPV4, SOCKUTIL_IPV6, SOCKUTIL_IPV6 | SOCKUTIL_NUMERIC];
    for lookup in lookup {
        for flags in [0, SOCKUTIL_REUSEPORT, SOCKUTIL_V6ONLY, SOCKUTIL_REUSEPORT | SOCKUTIL_V6ONLY] {
            let _ = fs::remove_file(&path);
            let listener = made(listen(&text, 8, flags | lookup));
            drop(made(connect(&text, lookup, 1000)));
            assert_eq!(listen(&text, 8, flags | lookup), Err((EADDRINUSE, 0)), "{flags:#x}");
            drop(listener);
        }
    }
}

#[test]
fn the_flag_of_paths_replaces_a_living_listener_and_is_ignored_for_tcp() {
    let path = path("replaces");
    let text = unix_text(&path);
    let old = made(listen(&text, 8, 0));
    assert_eq!(listen(&text, 8, SOCKUTIL_REUSEPORT), Err((EADDRINUSE, 0)));
    let _new = made(listen(&text, 8, SOCKUTIL_REPLACE | SOCKUTIL_REUSEPORT));
    // The old listener has one connection: the failed call's probe.
    drop(made(connect(&text, 0, 1000)));
    for expected in [true, false] {
        let client = unsafe { sockutil_accept(old.as_raw_fd(), ptr::null_mut(), 0, NOWAIT) };
        assert_eq!(client >= 0, expected);
        if client >= 0 {
            assert_eq!(sockutil_close(client), 0);
        }
    }
    let first = made(listen("127.0.0.1:0", 8, SOCKUTIL_REPLACE));
    let at = local(first.as_raw_fd()).to_string();
    assert_eq!(listen(&at, 8, SOCKUTIL_REPLACE), Err((EADDRINUSE, 0)));
    assert_eq!(listen("unix:@sockutil-replace", 8, SOCKUTIL_REPLACE), Err((EINVAL, 0)));
    assert_eq!(connect(&text, SOCKUTIL_REPLACE, 1000), Err((EINVAL, 0)));
}

#[test]
fn sockutil_stream_listen_EINVAL() {
    let path = path("einval");
    let unix = unix_text(&path);
    assert_eq!(asked(|gai| unsafe { sockutil_stream_listen(ptr::null(), 8, 0, gai) }), Err((EINVAL, 0)));
    for at in ["127.0.0.1:0", &unix] {
        for backlog in [-1, c_int::MIN, 65_536, SOCKUTIL_NONBLOCK as c_int, c_int::MAX] {
            assert_eq!(listen(at, backlog, 0), Err((EINVAL, 0)), "{at}, backlog {backlog}");
        }
        for flags in [1, 128, 5000, 1 << 15, 1 << 30, 1 << 31, SOCKUTIL_REUSEADDR, SOCKUTIL_IPV4 | SOCKUTIL_IPV6] {
            assert_eq!(listen(at, 8, flags), Err((EINVAL, 0)), "{at}, flags {flags:#x}");
        }
        for backlog in [0, 65_535] {
            let _ = fs::remove_file(&path);
            drop(made(listen(at, backlog, 0)));
            let _ = fs::remove_file(&path);
        }
    }
    assert_eq!(listen("127.0.0.1:0", 8, SOCKUTIL_IPV4 | SOCKUTIL_V6ONLY), Err((EINVAL, 0)));
    for at in ["", "unix:", "unix:@", "host", "host:", "[name]:80", "[1.2.3.4]:80", "a:b:80"] {
        assert_eq!(listen(at, 8, 0), Err((EINVAL, 0)), "{at:?}");
    }
    assert!(!path.exists(), "nothing happened");
    // gai may be NULL.
    fails(EINVAL, || unsafe { sockutil_stream_listen(c"host".as_ptr(), 8, 0, ptr::null_mut()) });
}

#[test]
fn sockutil_stream_connect_EINVAL() {
    let path = path("connect-einval");
    let unix = unix_text(&path);
    let _listener = UnixListener::bind(&path).unwrap();
    for timeout in [NOWAIT, 1000, FOREVER] {
        let null = asked(|gai| unsafe { sockutil_stream_connect(ptr::null(), 0, timeout, gai) });
        assert_eq!(null, Err((EINVAL, 0)));
        for to in ["", "unix:", "unix:@", "host", "host:", "[name]:80", "[1.2.3.4]:80", "a:b:80"] {
            assert_eq!(connect(to, 0, timeout), Err((EINVAL, 0)), "{to:?}");
        }
        for to in ["127.0.0.1:9", &unix] {
            let listening = [SOCKUTIL_REUSEPORT, SOCKUTIL_V6ONLY, SOCKUTIL_REPLACE, SOCKUTIL_REUSEADDR];
            for flags in
                [1, 128, 5000, 1 << 15, 1 << 30, 1 << 31, SOCKUTIL_IPV4 | SOCKUTIL_IPV6].iter().chain(&listening)
            {
                assert_eq!(connect(to, *flags, timeout), Err((EINVAL, 0)), "{to}, flags {flags:#x}");
            }
        }
    }
    for to in ["127.0.0.1:9", &unix] {
        for timeout in [-2, c_int::MIN] {
            assert_eq!(connect(to, 0, timeout), Err((EINVAL, 0)), "{to}");
        }
    }
    fails(EINVAL, || unsafe { sockutil_stream_connect(c"host".as_ptr(), 0, 1000, ptr::null_mut()) });
}

#[test]
fn sockutil_stream_listen_EADDRINUSE() {
    let first = TcpListener::bind("127.0.0.1:0").unwrap();
    assert_eq!(listen(&first.local_addr().unwrap().to_string(), 8, 0), Err((EADDRINUSE, 0)));
    let path = path("in-use");
    let living = UnixListener::bind(&path).unwrap();
    assert_eq!(listen(&unix_text(&path), 8, 0), Err((EADDRINUSE, 0)));
    drop(living);
    let file = self::path("file");
    fs::write(&file, "content").unwrap();
    assert_eq!(listen(&unix_text(&file), 8, 0), Err((EADDRINUSE, 0)));
    assert_eq!(fs::read_to_string(&file).unwrap(), "content");
}

#[test]
fn sockutil_stream_listen_EADDRNOTAVAIL() {
    // RFC 5737: no host has this address.
    for flags in [0, SOCKUTIL_NUMERIC] {
        assert_eq!(listen("192.0.2.1:0", 8, flags), Err((EADDRNOTAVAIL, 0)));
    }
    assert_eq!(listen("name:0", 8, SOCKUTIL_NUMERIC), Err((EADDRNOTAVAIL, EAI_NONAME)));
}

#[test]
fn sockutil_stream_connect_EADDRNOTAVAIL() {
    assert_eq!(connect("name:80", SOCKUTIL_NUMERIC, 1000), Err((EADDRNOTAVAIL, EAI_NONAME)));
    assert_eq!(connect("name:80", SOCKUTIL_NUMERIC, NOWAIT), Err((EADDRNOTAVAIL, EAI_NONAME)));
}

#[test]
fn sockutil_stream_listen_EAFNOSUPPORT() {
    for (at, flags) in [("127.0.0.1:0", SOCKUTIL_IPV6), ("[::1]:0", SOCKUTIL_IPV4)] {
        assert_eq!(listen(at, 8, flags), Err((EAFNOSUPPORT, 0)), "{at}");
    }
}

#[test]
fn sockutil_stream_connect_EAFNOSUPPORT() {
    for (to, flags) in [("127.0.0.1:9", SOCKUTIL_IPV6), ("[::1]:9", SOCKUTIL_IPV4)] {
        assert_eq!(connect(to, flags, 1000), Err((EAFNOSUPPORT, 0)), "{to}");
    }
}

#[test]
fn sockutil_stream_listen_ENAMETOOLONG() {
    for length in [108, 109, 5000] {
        assert_eq!(listen(&format!("unix:/{}", "x".repeat(length - 1)), 8, 0), Err((ENAMETOOLONG, 0)), "{length}");
        assert_eq!(listen(&format!("unix:@{}", "x".repeat(length)), 8, 0), Err((ENAMETOOLONG, 0)), "{length}");
    }
}

#[test]
fn sockutil_stream_connect_ENAMETOOLONG() {
    for length in [108, 109, 5000] {
        for timeout in [NOWAIT, 1000] {
            let path = format!("unix:/{}", "x".repeat(length - 1));
            assert_eq!(connect(&path, 0, timeout), Err((ENAMETOOLONG, 0)), "{length}");
            let name = format!("unix:@{}", "x".repeat(length));
            assert_eq!(connect(&name, 0, timeout), Err((ENAMETOOLONG, 0)), "{length}");
        }
    }
    // As long as may be.
    assert_eq!(connect(&format!("unix:/{}", "x".repeat(106)), 0, 1000), Err((ENOENT, 0)));
    assert_eq!(connect(&format!("unix:@{}", "x".repeat(107)), 0, 1000), Err((ECONNREFUSED, 0)));
}

#[test]
fn sockutil_stream_connect_ENOENT() {
    let text = unix_text(&path("none"));
    for timeout in [FOREVER, 1000] {
        assert_eq!(connect(&text, 0, timeout), Err((ENOENT, 0)));
    }
}

#[test]
fn sockutil_stream_connect_ECONNREFUSED() {
    let bound = held(([127, 0, 0, 1], 0).into()).unwrap();
    let to = local(bound.as_raw_fd()).to_string();
    let path = path("refused");
    fs::write(&path, "").unwrap();
    for timeout in [FOREVER, 5000] {
        assert_eq!(connect(&to, 0, timeout), Err((ECONNREFUSED, 0)));
        assert_eq!(connect(&unix_text(&path), 0, timeout), Err((ECONNREFUSED, 0)));
    }
}

/// A time that has run out, for both kinds: after the checks, and without an attempt. And a backlog that stays full.
#[test]
fn sockutil_stream_connect_ETIMEDOUT() {
    let door = TcpListener::bind("127.0.0.1:0").unwrap();
    let path = path("timeout");
    let text = unix_text(&path);
    let unix = made(listen(&text, 0, 0));
    for to in [&door.local_addr().unwrap().to_string(), &text] {
        assert_eq!(connect(to, 0, NOWAIT), Err((ETIMEDOUT, 0)), "{to}");
        assert_eq!(connect(to, 0, sockutil_ms_left(sockutil_now_ms())), Err((ETIMEDOUT, 0)), "{to}");
    }
    for listener in [door.as_raw_fd(), unix.as_raw_fd()] {
        fails(EAGAIN, || sockutil_wait(listener, libc::POLLIN.into(), NOWAIT));
    }
    if imitates("refuse", "a client that waits for a place in the backlog") {
        return;
    }
    let mut clients = Vec::new();
    loop {
        match connect(&text, 0, 50) {
            Ok(fd) => clients.push(made(Ok(fd))),
            answer => break assert_eq!(answer, Err((ETIMEDOUT, 0))),
        }
        assert!(clients.len() < 100, "the backlog has no end");
    }
    takes_ms(120, || in_a_storm(|| assert_eq!(connect(&text, 0, 120), Err((ETIMEDOUT, 0)))));
}
