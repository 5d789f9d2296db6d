//! A separate network: the test program starts itself again in new network and mount namespaces, so that no packet
//! leaves the machine and none of its files changes. What the machine does not allow is reported and left out.

use std::env;
use std::ffi::{CStr, CString};
use std::fs::File;
use std::io::{self, Read, Write};
use std::net::IpAddr;
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::ptr;

use libc::{c_char, c_int};

use crate::support::{self, left_out, pass_on};

/// Set in the process that is inside.
const INSIDE: &str = "SOCKUTIL_TEST_NAMESPACE";

/// Longer than any test here takes on a busy machine.
const SECONDS: u32 = 120;

/// Whether an error means that the machine lacks something, or does not allow it to this user.
pub fn is_lacking(e: &io::Error) -> bool {
    const LACKING: [c_int; 10] = [
        libc::EACCES,
        libc::EAFNOSUPPORT,
        libc::EINVAL,
        libc::ENODEV,
        libc::ENOENT,
        libc::ENOSPC,
        libc::ENOSYS,
        libc::ENXIO,
        libc::EOPNOTSUPP,
        libc::EPERM,
    ];
    e.raw_os_error().is_some_and(|code| LACKING.contains(&code))
}

/// Runs the body of the test of this name as root in a process with its own network.
pub fn inside(test: &str, body: impl FnOnce()) {
    if env::var_os(INSIDE).is_some() {
        unsafe { libc::alarm(SECONDS) };
        set_up("lo");
        body();
        return;
    }
    if support::emulated() {
        return left_out("emulated", "a network of its own");
    }
    let ids = [("uid_map", unsafe { libc::getuid() }), ("gid_map", unsafe { libc::getgid() })];
    let maps = ids.map(|(file, id)| {
        let path = CString::new(format!("/proc/self/{file}")).unwrap();
        (path, format!("0 {id} 1"))
    });
    let mut child = Command::new(env::current_exe().unwrap());
    child.args(["--exact", test, "--nocapture", "--test-threads=1"]).env(INSIDE, "1");
    // Between fork and exec there is one thread, as a user namespace requires, and nothing here allocates.
    unsafe { child.pre_exec(move || enter(&maps)) };
    let output = match child.output() {
        Err(e) if is_lacking(&e) => return left_out("no network namespace", e),
        output => output.unwrap(),
    };
    let said = support::told(&output);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("1 passed"), "{said}");
    pass_on(&said);
}

fn enter(maps: &[(CString, String); 2]) -> io::Result<()> {
    const OURS: c_int = libc::CLONE_NEWNET | libc::CLONE_NEWNS;
    if unsafe { libc::unshare(OURS) } == 0 {
        return Ok(());
    }
    done(unsafe { libc::unshare(OURS | libc::CLONE_NEWUSER) })?;
    write(c"/proc/self/setgroups", b"deny")?;
    maps.iter().try_for_each(|(path, map)| write(path, map.as_bytes()))
}

fn write(path: &CStr, bytes: &[u8]) -> io::Result<()> {
    let fd = unsafe { libc::open(path.as_ptr(), libc::O_WRONLY | libc::O_CLOEXEC) };
    done(fd)?;
    let written = unsafe { libc::write(fd, bytes.as_ptr().cast(), bytes.len()) };
    let result = done(written as c_int);
    unsafe { libc::close(fd) };
    result
}

fn done(answer: c_int) -> io::Result<()> {
    if answer < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Replaces a file by another one, for this process only.
pub fn replace(file: &Path, by: &Path) -> io::Result<()> {
    let text = |path: &Path| CString::new(path.to_str().unwrap()).unwrap();
    let none = ptr::null();
    done(unsafe { libc::mount(none, c"/".as_ptr(), none, libc::MS_REC | libc::MS_PRIVATE, ptr::null()) })?;
    let (from, to) = (text(by), text(file));
    done(unsafe { libc::mount(from.as_ptr(), to.as_ptr(), none, libc::MS_BIND, ptr::null()) })
}

/// A network interface whose packets are read and written here: whole IP packets, one for each read and write.
pub fn open_tun(name: &CStr) -> io::Result<File> {
    let tun = File::options().read(true).write(true).open("/dev/net/tun")?;
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (place, byte) in request.ifr_name.iter_mut().zip(name.to_bytes()) {
        *place = *byte as c_char;
    }
    request.ifr_ifru.ifru_flags = (libc::IFF_TUN | libc::IFF_NO_PI) as i16;
    done(unsafe { libc::ioctl(tun.as_raw_fd(), libc::TUNSETIFF as _, &raw mut request) })?;
    Ok(tun)
}

/// An interface's number.
pub fn index(interface: &str) -> c_int {
    let name = CString::new(interface).unwrap();
    let index = unsafe { libc::if_nametoindex(name.as_ptr()) };
    assert_ne!(index, 0, "{interface}");
    index as c_int
}

/// Takes an interface up.
pub fn set_up(interface: &str) {
    const UP: u32 = libc::IFF_UP as u32;
    // struct ifinfomsg: no family, any type, the index, the flags, and which of them change.
    let body = [&[0; 4][..], &index(interface).to_ne_bytes(), &UP.to_ne_bytes(), &UP.to_ne_bytes()].concat();
    netlink(libc::RTM_NEWLINK, 0, &body, &[]).unwrap();
}

/// Gives an interface an address, without a network around it.
pub fn add_address(interface: &str, ip: IpAddr) -> io::Result<()> {
    let bytes = octets(ip);
    // struct ifaddrmsg: with the flag the kernel does not check first whether another host has the address; scope 0 is
    // everywhere.
    let body = [&[family(ip), bits(ip), libc::IFA_F_NODAD as u8, 0][..], &index(interface).to_ne_bytes()].concat();
    netlink(libc::RTM_NEWADDR, libc::NLM_F_CREATE, &body, &[(libc::IFA_LOCAL, &bytes), (libc::IFA_ADDRESS, &bytes)])
}

/// Adds a route to a network through an interface.
pub fn add_route(interface: &str, to: IpAddr, prefix: u8) -> io::Result<()> {
    let device = index(interface).to_ne_bytes();
    let scope = if to.is_ipv4() { libc::RT_SCOPE_LINK } else { libc::RT_SCOPE_UNIVERSE };
    // struct rtmsg.
    let body =
        [family(to), prefix, 0, 0, libc::RT_TABLE_MAIN, libc::RTPROT_STATIC, scope, libc::RTN_UNICAST, 0, 0, 0, 0];
    netlink(libc::RTM_NEWROUTE, libc::NLM_F_CREATE, &body, &[(libc::RTA_DST, &octets(to)), (libc::RTA_OIF, &device)])
}

fn family(ip: IpAddr) -> u8 {
    if ip.is_ipv4() { libc::AF_INET as u8 } else { libc::AF_INET6 as u8 }
}

fn bits(ip: IpAddr) -> u8 {
    if ip.is_ipv4() { 32 } else { 128 }
}

pub fn octets(ip: IpAddr) -> Vec<u8> {
    match ip {
        IpAddr::V4(ip) => ip.octets().into(),
        IpAddr::V6(ip) => ip.octets().into(),
    }
}

/// One request of rtnetlink(7), which the kernel acknowledges.
fn netlink(kind: u16, flags: c_int, body: &[u8], attributes: &[(u16, &[u8])]) -> io::Result<()> {
    let mut message = body.to_vec();
    for (name, value) in attributes {
        message.extend(((4 + value.len()) as u16).to_ne_bytes());
        message.extend(name.to_ne_bytes());
        message.extend(*value);
        message.resize(message.len().next_multiple_of(4), 0);
    }
    let flags = (libc::NLM_F_REQUEST | libc::NLM_F_ACK | flags) as u16;
    let mut request = ((16 + message.len()) as u32).to_ne_bytes().to_vec();
    request.extend(kind.to_ne_bytes());
    request.extend(flags.to_ne_bytes());
    request.extend([0; 8]);
    request.extend(message);
    let fd = unsafe { libc::socket(libc::AF_NETLINK, libc::SOCK_RAW | libc::SOCK_CLOEXEC, libc::NETLINK_ROUTE) };
    done(fd)?;
    // A socket without an address of its own sends to the kernel.
    let mut socket = unsafe { File::from_raw_fd(fd) };
    socket.write_all(&request)?;
    let mut answer = [0; 4096];
    let length = socket.read(&mut answer)?;
    assert!(length >= 20 && answer[4..6] == (libc::NLMSG_ERROR as u16).to_ne_bytes(), "{answer:?}");
    match i32::from_ne_bytes(answer[16..20].try_into().unwrap()) {
        0 => Ok(()),
        e => Err(io::Error::from_raw_os_error(-e)),
    }
}
