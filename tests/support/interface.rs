//! Interface numbers in qemu's user mode.

use super::support::{emulated, left_out};

/// Whether this machine can choose the interface for multicast datagrams of this family by its number. qemu's user mode
/// lacks `IPV6_MULTICAST_IF`, and loses the number on a 64-bit machine: there it accepts an impossible one.
pub fn chooses_interface(af: libc::c_int) -> bool {
    let none: libc::c_int = 2_000_000_000;
    if !emulated() {
        return true;
    }
    // SAFETY: plain system calls; their arguments live until they return.
    let refused = unsafe {
        let fd = libc::socket(af, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0);
        let set = if af == libc::AF_INET {
            let any = libc::in_addr { s_addr: 0 };
            let by_number = libc::ip_mreqn { imr_multiaddr: any, imr_address: any, imr_ifindex: none };
            let value = (&raw const by_number).cast();
            libc::setsockopt(fd, libc::IPPROTO_IP, libc::IP_MULTICAST_IF, value, 12)
        } else {
            libc::setsockopt(fd, libc::IPPROTO_IPV6, libc::IPV6_MULTICAST_IF, (&raw const none).cast(), 4)
        };
        let refused = set == -1 && std::io::Error::last_os_error().raw_os_error() != Some(libc::ENOPROTOOPT);
        libc::close(fd);
        refused
    };
    if !refused {
        left_out("emulated", format!("the choice of an interface by its number, family {af}"));
    }
    refused
}
