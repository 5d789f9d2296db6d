//! Control messages of IP and IPv6: the local address and the interface of a datagram.

use core::ffi::{c_int, c_uint};
use core::{mem, ptr};

use errno::Errno;
use libc::{IPPROTO_IP, IPPROTO_IPV6, cmsghdr, in6_addr, in6_pktinfo, iovec, msghdr};

use super::control::{Control, body, close_descriptors, each_message};
use super::{Address, counted, os, receive, set_option};
use crate::memory::{Buffer, Bytes};

/// A local address and an interface, 0 for none.
#[derive(Clone, Copy)]
pub enum PacketInfo {
    /// For a datagram of IPv4: the address to answer from. 0.0.0.0 is none.
    V4([u8; 4], c_uint),
    /// For one of IPv6: on arrival the address that it was sent to. `::` is none.
    V6([u8; 16], c_uint),
}

/// `recvmsg(2)`: appends a datagram to the buffer, and returns whether it was longer, and what the kernel reports about
/// it. Descriptors that come with it are closed.
pub fn recvfrom_at(
    fd: c_int,
    buffer: &mut Buffer<'_>,
    from: &mut Address,
    flags: c_int,
) -> Result<(bool, Option<PacketInfo>), Errno> {
    let mut control = Control::room();
    let message = receive(fd, buffer, from, control.bytes(), flags | os::RECV_CLOEXEC)?;
    let (mut v4, mut v6) = (None, None);
    let mut visit = |header: *const cmsghdr, level, kind| match (level, kind) {
        (IPPROTO_IP, kind) => {
            // SAFETY: the kernel has written the header and its body.
            if let Some((ip, interface)) = unsafe { os::pktinfo_v4(header, kind) } {
                v4 = Some(PacketInfo::V4(ip, interface));
            }
        }
        (IPPROTO_IPV6, libc::IPV6_PKTINFO) => {
            // SAFETY: the kernel has written the header, and this struct follows it.
            let info: in6_pktinfo = unsafe { body(header) };
            v6 = Some(PacketInfo::V6(info.ipi6_addr.s6_addr, info.ipi6_ifindex as c_uint));
        }
        _ => {}
    };
    // SAFETY: the kernel has filled the message, and the control memory is still there.
    unsafe { each_message(&message, &mut visit) };
    // SAFETY: the same.
    unsafe { close_descriptors(&message, true) };
    // A datagram of IPv4 brings both on an IPv6 socket. Only IP_PKTINFO has an address that one can answer from.
    Ok((message.msg_flags & libc::MSG_TRUNC != 0, v4.or(v6)))
}

/// `sendmsg(2)` of one datagram from this address and through this interface.
pub fn sendto_from(
    fd: c_int,
    bytes: Bytes<'_>,
    to: Option<&Address>,
    source: PacketInfo,
    flags: c_int,
) -> Result<usize, Errno> {
    let part = iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
    let (name, name_length) = to.map_or((ptr::null(), 0), Address::as_sockaddr);
    let mut control = Control::zeroed();
    // SAFETY: all-zero is a valid msghdr.
    let mut message: msghdr = unsafe { mem::zeroed() };
    message.msg_name = name.cast_mut().cast();
    message.msg_namelen = name_length;
    message.msg_iov = (&raw const part).cast_mut();
    message.msg_iovlen = 1;
    match source {
        PacketInfo::V4(ip, interface) => os::attach_pktinfo_v4(&mut control, &mut message, ip, interface),
        PacketInfo::V6(ip, interface) => {
            let info = in6_pktinfo { ipi6_addr: in6_addr { s6_addr: ip }, ipi6_ifindex: interface as _ };
            control.attach(&mut message, IPPROTO_IPV6, libc::IPV6_PKTINFO, &info);
        }
    }
    // SAFETY: the message and all it points to live until the call returns; an address is readable for its length.
    counted(unsafe { libc::sendmsg(fd, &raw const message, flags) })
}

/// `setsockopt(2)` with `IPV6_PKTINFO`: what the socket connects to and sends goes through this interface.
pub fn bind_to_interface(fd: c_int, interface: c_uint) -> Result<(), Errno> {
    let value = in6_pktinfo { ipi6_addr: in6_addr { s6_addr: [0; 16] }, ipi6_ifindex: interface as _ };
    set_option(fd, IPPROTO_IPV6, libc::IPV6_PKTINFO, &value)
}
