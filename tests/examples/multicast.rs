//! `multicast`: a group that is joined and left, and broadcast.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, UdpSocket};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use crate::interface::chooses_interface;
use crate::kit::*;
use crate::support::left_out;
use crate::support::told;

const GROUP: Ipv4Addr = Ipv4Addr::new(239, 255, 66, 66);

/// What it prints, with the port that the kernel chose.
fn sees_all(said: &[String]) {
    assert_eq!(said.len(), 17, "{said:#?}");
    let to = said[1].strip_prefix("send to 239.255.66.66:").and_then(|rest| rest.strip_suffix(": ok"));
    let to: u16 = to.unwrap_or_else(|| panic!("{said:#?}")).parse().unwrap();
    assert_ne!(to, 0, "{said:#?}");
    let lo = fs::read_to_string("/sys/class/net/lo/ifindex").unwrap();
    let to_group = format!("send to 239.255.66.66:{to}: ok");
    let expected = [
        format!("interface lo: number {}", lo.trim()),
        to_group.clone(),
        "received nothing: EAGAIN".to_owned(),
        "join: ok".to_owned(),
        to_group.clone(),
        "received \"joined\"".to_owned(),
        "join again: EADDRINUSE".to_owned(),
        "leave: ok".to_owned(),
        to_group,
        "received nothing: EAGAIN".to_owned(),
        "leave again: EADDRNOTAVAIL".to_owned(),
        format!("send to 127.255.255.255:{to}: EACCES"),
        "broadcast option on: ok".to_owned(),
        format!("send to 127.255.255.255:{to}: ok"),
        "received \"with option\"".to_owned(),
        "broadcast option off: ok".to_owned(),
        format!("send to 127.255.255.255:{to}: EACCES"),
    ];
    assert_eq!(said, expected);
}

#[test]
fn a_group_is_heard_while_joined_and_a_broadcast_needs_its_option() {
    if !chooses_interface(libc::AF_INET) {
        return;
    }
    for kind in KINDS {
        sees_all(&printed("multicast", kind));
    }
}

#[test]
fn what_others_of_this_host_have_joined_makes_no_difference() {
    let other = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
    // The interface is the one that has this address: lo.
    other.join_multicast_v4(&GROUP, &Ipv4Addr::LOCALHOST).unwrap();
    sees_all(&printed("multicast", ""));
}

/// Puts the calling process into a separate network namespace, whose only interface is lo, and takes that up.
fn leave_the_network() -> io::Result<()> {
    // SAFETY: plain system calls. The process has one thread.
    let alone = unsafe {
        libc::unshare(libc::CLONE_NEWNET) == 0 || libc::unshare(libc::CLONE_NEWUSER | libc::CLONE_NEWNET) == 0
    };
    if !alone {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: all-zero is a valid ifreq.
    let mut lo: libc::ifreq = unsafe { std::mem::zeroed() };
    lo.ifr_ifru.ifru_flags = libc::c_short::try_from(libc::IFF_UP).unwrap();
    // SAFETY: the name has room; the rest are plain system calls, and the request is alive.
    let up = unsafe {
        std::ptr::copy_nonoverlapping(c"lo".as_ptr(), lo.ifr_name.as_mut_ptr(), 3);
        let fd = libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0);
        libc::ioctl(fd, libc::SIOCSIFFLAGS as _, &raw mut lo)
    };
    if up == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[test]
fn no_network_is_needed() {
    if !chooses_interface(libc::AF_INET) {
        return;
    }
    let mut command = Command::new(program("multicast", ""));
    command.stdin(Stdio::null());
    // SAFETY: the code between fork and exec allocates nothing and takes no lock.
    unsafe { command.pre_exec(leave_the_network) };
    // If the machine allows no namespace, use its own network.
    let mut permitted = Command::new("true");
    // SAFETY: the code between fork and exec allocates nothing and takes no lock.
    unsafe { permitted.pre_exec(leave_the_network) };
    let mut run = match permitted.status() {
        Ok(_) => Running::start(&mut command),
        Err(e) => {
            left_out("no network namespace", e);
            Running::start(Command::new(program("multicast", "")).stdin(Stdio::null()))
        }
    };
    assert_eq!(run.ended().code(), Some(0));
    assert!(run.err.recv().is_err(), "no complaint");
    sees_all(&run.out.iter().collect::<Vec<_>>());
}

#[test]
fn multicast_takes_no_arguments() {
    let output = finished(Command::new(program("multicast", "")).arg("239.1.1.1"), b"");
    assert_eq!(output.status.code(), Some(2), "{}", told(&output));
    assert!(output.stdout.is_empty() && lines_of(&output.stderr) == 1, "{}", told(&output));
}
