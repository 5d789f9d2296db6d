//! Addresses as text.

use core::ffi::{CStr, c_char, c_int, c_uint, c_void};
use core::mem::{self, MaybeUninit};
use core::ptr;

use errno::Errno;
use libc::{size_t, sockaddr_storage, socklen_t};

use super::check::{self, INVALID};
use super::flags;
use super::outcome;
use crate::address::{self, Address};
use crate::ip;
use crate::memory::Buffer;
use crate::network;
use crate::resolve::{self, Purpose};

/// A socket address of any family, and its length.
///
/// Pass it to bind(2) and the like as (struct sockaddr *)&a.ss, a.len.
/// Compare with sockutil_addr_equal, never with memcmp: there is padding.
#[repr(C)]
#[allow(non_camel_case_types, reason = "the name is the C type's")]
pub struct sockutil_addr {
    /// The address.
    pub ss: sockaddr_storage,
    /// The length of the address in ss.
    pub len: socklen_t,
}

const _: () =
    assert!(size_of::<sockutil_addr>() == size_of::<Address>() && align_of::<sockutil_addr>() == align_of::<Address>());

impl sockutil_addr {
    /// The same, as the core has it.
    pub(super) fn address(&self) -> &Address {
        // SAFETY: both are a sockaddr_storage and a socklen_t, in C's layout.
        unsafe { &*ptr::from_ref(self).cast() }
    }
}

impl From<Address> for sockutil_addr {
    fn from(address: Address) -> Self {
        // SAFETY: both are a sockaddr_storage and a socklen_t, in C's layout.
        unsafe { mem::transmute(address) }
    }
}

/// Read an address from its text.
///
/// Accepts for AF_INET four decimal numbers of 0 to 255 without leading zeros,
/// with dots between them; for AF_INET6 the forms of RFC 4291, section 2.2,
/// without a zone; no blanks, no other form. dst is a struct in_addr or a
/// struct in6_addr, in network byte order, of any alignment; it is written only
/// on success.
///
/// Returns 1; 0 if text is not an address of that family; -1 with errno:
///   EAFNOSUPPORT   af is neither AF_INET nor AF_INET6
///   EINVAL         text or dst is NULL
///
/// Async-signal-safe and thread-safe.
/// Source: POSIX inet_pton; RFC 4291.
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_NONNULL((2, 3))
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_pton(af: c_int, text: *const c_char, dst: *mut c_void) -> c_int {
    outcome::of_itself(|| {
        if text.is_null() || dst.is_null() {
            return Err(INVALID);
        }
        // SAFETY: not null; the caller promises a NUL at its end.
        let text = unsafe { CStr::from_ptr(text) };
        match af {
            // SAFETY: not null; the caller promises room for a struct in_addr.
            libc::AF_INET => Ok(unsafe { store_ip(ip::parse_v4(text.to_bytes()), dst) }),
            // SAFETY: not null; the caller promises room for a struct in6_addr.
            libc::AF_INET6 => Ok(unsafe { store_ip(ip::parse_v6(text.to_bytes()), dst) }),
            _ => Err(Errno(libc::EAFNOSUPPORT)),
        }
    })
}

/// Write an address as text.
///
/// Writes the one text that RFC 5952 allows, the same on every libc: lower
/// case, "::" for the first of the longest runs of two or more zero groups,
/// dotted only for ::ffff:0:0/96. src is a struct in_addr or a struct in6_addr,
/// in network byte order, of any alignment. size is the size of dst, NUL
/// included: INET_ADDRSTRLEN or INET6_ADDRSTRLEN is enough. Bytes after the
/// NUL, within size, are unspecified.
///
/// Returns dst; NULL with errno, and dst untouched:
///   ENOSPC         the text and its NUL are longer than size
///   EAFNOSUPPORT   af is neither AF_INET nor AF_INET6
///   EINVAL         src or dst is NULL
///
/// Async-signal-safe and thread-safe.
/// Source: POSIX inet_ntop; RFC 5952.
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_NONNULL((2, 3)) SOCKUTIL_WRITES(3, 4)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_ntop(
    af: c_int,
    src: *const c_void,
    dst: *mut c_char,
    size: socklen_t,
) -> *const c_char {
    outcome::of_itself(|| {
        if src.is_null() || dst.is_null() {
            return Err(INVALID);
        }
        // SAFETY: `dst` is NULL, or the caller promises `size` writable bytes there.
        let memory = unsafe { check::memory(dst.cast(), size as usize) }?;
        match af {
            libc::AF_INET => {
                // SAFETY: not null; the caller promises a struct in_addr there, and bytes have any alignment.
                let address = unsafe { src.cast::<[u8; 4]>().read() };
                check::write_text(memory, |text| ip::format_v4(address, text))?;
            }
            libc::AF_INET6 => {
                // SAFETY: not null; the caller promises a struct in6_addr there, and bytes have any alignment.
                let address = unsafe { src.cast::<[u8; 16]>().read() };
                check::write_text(memory, |text| ip::format_v6(address, text))?;
            }
            _ => return Err(Errno(libc::EAFNOSUPPORT)),
        }
        Ok(dst.cast_const())
    })
}

/// Read an address, with or without a port, from its text.
///
/// Reads "1.2.3.4", "1.2.3.4:80", "::1", "[::1]", "[::1]:80",
/// "[fe80::1%eth0]:80" (a zone is an interface's name or number),
/// "unix:/run/x.sock" and "unix:@name" (a name in Linux's abstract space). The
/// address is as for sockutil_pton; the port is 0 to 65535 without leading
/// zeros. If the text has no port, default_port is used; with -1 the text must
/// have one. a is written only on success.
///
/// Returns 1; 0 if text is not an address, or lacks a required port; -1 with
/// errno:
///   ENODEV         no interface has the zone's name
///   ENAMETOOLONG   a Unix path or name is longer than 107 bytes
///   EINVAL         a or text is NULL, default_port is not -1 to 65535
///
/// Thread-safe. Async-signal-safe unless the text has a zone's name.
/// Source: RFC 3986, section 3.2.2; RFC 4007, section 11; unix(7).
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_NONNULL((1, 2))
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_addr_parse(
    a: Option<&mut MaybeUninit<sockutil_addr>>,
    text: *const c_char,
    default_port: c_int,
) -> c_int {
    outcome::of(|| {
        // SAFETY: `text` is NULL, or a C string of the caller's.
        let text = unsafe { check::text_of(text) }.ok_or(INVALID)?;
        let port = match default_port {
            -1 => None,
            port => Some(u16::try_from(port).map_err(|_| INVALID)?),
        };
        let a = a.ok_or(INVALID)?;
        let Some(address) = address::parse(text.to_bytes(), port)? else {
            return Ok(0);
        };
        a.write(address.into());
        Ok(1)
    })
}

/// Write an address and its port as text that sockutil_addr_parse reads.
///
/// Writes "1.2.3.4:80", "[::1]:80", "[fe80::1%eth0]:80" (the zone's number if
/// its interface is gone), "unix:/run/x.sock", "unix:@name". 128 bytes are
/// enough for any. dst is written only on success.
///
/// Returns the text's length, without its NUL; -1 with errno:
///   ENOSPC         the text and its NUL are longer than size
///   EAFNOSUPPORT   a is of another family, is cut short, or is a Unix address
///                  without a name, with a NUL in its name, or with a path too
///                  long for sockutil_addr_parse
///   EINVAL         a is NULL, dst is NULL and size is not 0, or size is above
///                  SSIZE_MAX
///
/// Thread-safe. Async-signal-safe unless the address has a zone.
/// Source: RFC 5952; RFC 4007, section 11; unix(7).
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_NONNULL((1)) SOCKUTIL_WRITES(2, 3)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_addr_format(a: Option<&sockutil_addr>, dst: *mut c_char, size: size_t) -> c_int {
    outcome::of(|| {
        let address = a.ok_or(INVALID)?.address();
        // SAFETY: `dst` is NULL, or the caller promises `size` writable bytes there.
        let memory = unsafe { check::memory(dst.cast(), size) }?;
        let text = address::format(address)?;
        check::store_text(memory, text.as_bytes())?;
        c_int::try_from(text.as_bytes().len()).map_err(|_| INVALID)
    })
}

/// Return the port of an address.
///
/// Returns the port, in this host's byte order; -1 with errno:
///   EAFNOSUPPORT   a is neither IPv4 nor IPv6, or is cut short
///   EINVAL         a is NULL
///
/// Async-signal-safe and thread-safe.
/// Source: POSIX netinet/in.h.
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_NONNULL((1))
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_addr_port(a: Option<&sockutil_addr>) -> c_int {
    outcome::of(|| {
        let address = a.ok_or(INVALID)?.address();
        address::port(address).map(c_int::from)
    })
}

/// Copy an address from a struct sockaddr.
///
/// sockaddr is what accept(2), recvfrom(2) or getaddrinfo(3) have filled in, len
/// its length. The rest of *a is zero.
///
/// Returns 0; -1 with errno, and a untouched:
///   EINVAL   a or sockaddr is NULL, len is above a sockaddr_storage's or below
///            the length of the family's struct, or the family is AF_UNSPEC
///
/// Async-signal-safe and thread-safe.
/// Source: POSIX sys/socket.h, netinet/in.h, sys/un.h.
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_NONNULL((1, 2)) SOCKUTIL_READS(2, 3)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_addr_from(
    a: Option<&mut MaybeUninit<sockutil_addr>>,
    sockaddr: *const c_void,
    len: socklen_t,
) -> c_int {
    outcome::of_itself(|| {
        let a = a.ok_or(INVALID)?;
        if sockaddr.is_null() {
            return Err(INVALID);
        }
        // SAFETY: not NULL; the caller promises `len` readable bytes.
        let address = unsafe { Address::copy_of(sockaddr.cast(), len as usize) };
        a.write(address.ok_or(INVALID)?.into());
        Ok(0)
    })
}

/// Set the port of an address.
///
/// port is 0 to 65535, in this host's byte order.
///
/// Returns 0; -1 with errno, and a untouched:
///   EAFNOSUPPORT   a is neither IPv4 nor IPv6, or is cut short
///   EINVAL         a is NULL, port is not 0 to 65535
///
/// Async-signal-safe and thread-safe.
/// Source: POSIX netinet/in.h.
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_NONNULL((1))
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_addr_set_port(a: Option<&mut sockutil_addr>, port: c_int) -> c_int {
    outcome::of_itself(|| {
        let a = a.ok_or(INVALID)?;
        let port = u16::try_from(port).map_err(|_| INVALID)?;
        *a = a.address().with_port(port).ok_or(Errno(libc::EAFNOSUPPORT))?.into();
        Ok(0)
    })
}

/// Replace an IPv4-mapped address by the IPv4 address that it stands for.
///
/// ::ffff:1.2.3.4 becomes 1.2.3.4, with its port. Other addresses are untouched.
/// On a socket that serves IPv6 and IPv4, IPv4 peers have mapped addresses. A
/// program that expects a struct sockaddr_in, counts clients by address or looks
/// up names calls this on each.
///
/// Returns 1 if it replaced the address, 0 if there was nothing to do; -1 with
/// errno:
///   EINVAL   a is NULL
///
/// Async-signal-safe and thread-safe.
/// Source: RFC 4291, section 2.5.5.2; ipv6(7).
/// cbindgen:postfix=SOCKUTIL_NONNULL((1))
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_addr_unmap(a: Option<&mut sockutil_addr>) -> c_int {
    outcome::of_itself(|| {
        let a = a.ok_or(INVALID)?;
        Ok(match address::unmap(a.address()) {
            Some(address) => {
                *a = address.into();
                1
            }
            None => 0,
        })
    })
}

/// Get the address that a socket is bound to.
///
/// Returns 0; -1 with errno, and a untouched:
///   EBADF      fd is not a descriptor
///   ENOTSOCK   fd is not a socket
///   EINVAL     a is NULL
///
/// Async-signal-safe and thread-safe.
/// Source: POSIX getsockname.
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_NONNULL((2))
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_addr_local(fd: c_int, a: Option<&mut MaybeUninit<sockutil_addr>>) -> c_int {
    store(a, || address::local(fd))
}

/// Get the address of a socket's peer.
///
/// Returns 0; -1 with errno, and a untouched:
///   ENOTCONN   the socket is not connected, or its peer has reset it
///   EBADF      fd is not a descriptor
///   ENOTSOCK   fd is not a socket
///   EINVAL     a is NULL
///
/// Async-signal-safe and thread-safe.
/// Source: POSIX getpeername.
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_NONNULL((2))
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_addr_peer(fd: c_int, a: Option<&mut MaybeUninit<sockutil_addr>>) -> c_int {
    store(a, || address::peer(fd))
}

/// Find the local address from which the kernel would send to a peer.
///
/// Connects a datagram socket, which sends nothing, and reads its own address.
/// The port of *local is 0: each connection gets its own.
///
/// Returns 0; -1 with errno, and local untouched:
///   EAFNOSUPPORT   peer is neither IPv4 nor IPv6
///   EINVAL         peer or local is NULL
/// and the errors of socket(2) and connect(2): ENETUNREACH, there is no route;
/// EMFILE, ...
///
/// Async-signal-safe and thread-safe.
/// Source: UNP section 8.14.
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_NONNULL((1, 2))
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_addr_source_for(
    peer: Option<&sockutil_addr>,
    local: Option<&mut MaybeUninit<sockutil_addr>>,
) -> c_int {
    store(local, || address::source_for(peer.ok_or(INVALID)?.address()))
}

/// Compare two addresses: address, port and zone.
///
/// Unix addresses are compared by their names. An IPv4 address is not the same
/// as its IPv4-mapped IPv6 form.
///
/// Returns 1 if they are the same; 0 if not, or if one is NULL or of another
/// family. It cannot fail.
///
/// Async-signal-safe and thread-safe.
/// Source: UNP section 3.8, sock_cmp_addr.
/// cbindgen:postfix=SOCKUTIL_RESULT
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_addr_equal(a: Option<&sockutil_addr>, b: Option<&sockutil_addr>) -> c_int {
    let (Some(a), Some(b)) = (a, b) else {
        return 0;
    };
    c_int::from(address::equal(a.address(), b.address()))
}

/// A network: all addresses whose first bits are those of base.
///
/// A network of zeros holds no address.
#[repr(C)]
#[allow(non_camel_case_types, reason = "the name is the C type's")]
pub struct sockutil_network {
    /// The first address, with port 0.
    pub base: sockutil_addr,
    /// How many of its bits count: 0 to 32, or to 128 for IPv6.
    pub bits: c_int,
    reserved: [c_int; 3],
}

/// Read a network from text.
///
/// "192.168.0.0/16", "fe80::/10", or a single address. The bits after the first
/// ones must be zero: "10.0.0.1/8" is no network. A network inside
/// ::ffff:0:0/96 becomes the IPv4 network of its last 32 bits. Ports, zones and
/// leading zeros are not accepted.
///
/// Returns 1; 0 if text is not a network, and *n is all zeros: it holds no
/// address; -1 with errno, and n untouched:
///   EINVAL   n or text is NULL
///
/// Async-signal-safe and thread-safe.
/// Source: RFC 4632, section 3.1; RFC 4291, section 2.3.
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_NONNULL((1, 2))
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_network_parse(
    n: Option<&mut MaybeUninit<sockutil_network>>,
    text: *const c_char,
) -> c_int {
    outcome::of_itself(|| {
        let n = n.ok_or(INVALID)?;
        // SAFETY: `text` is NULL, or a C string of the caller's.
        let text = unsafe { check::text_of(text) }.ok_or(INVALID)?;
        let Some((base, bits)) = network::parse(text.to_bytes()) else {
            *n = MaybeUninit::zeroed();
            return Ok(0);
        };
        n.write(sockutil_network { base: base.into(), bits: bits as c_int, reserved: [0; 3] });
        Ok(1)
    })
}

/// Report whether an address is in a network.
///
/// An IPv4-mapped address is compared as IPv4, so that "::/0" holds no IPv4
/// address. Port and zone do not matter. An address of another family is in no
/// network.
///
/// Returns 1 if it is, 0 if not, or if a or n is NULL.
///
/// Async-signal-safe and thread-safe.
/// Source: RFC 4632, section 3.1; RFC 4291, section 2.3.
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_addr_in(a: Option<&sockutil_addr>, n: Option<&sockutil_network>) -> c_int {
    let (Some(a), Some(n)) = (a, n) else {
        return 0;
    };
    let holds = |bits| network::holds(n.base.address(), bits, a.address());
    c_int::from(u32::try_from(n.bits).is_ok_and(holds))
}

/// Describe a failure in words.
///
/// err is an errno value. gai is the code that a function with a gai parameter
/// has set, 0 for the others. If gai is neither 0 nor EAI_SYSTEM, it is
/// described, else err. The text is libc's, and cut to size. errno is untouched.
///
/// Returns buf; "" if buf is NULL or size is 0.
///
/// Thread-safe.
/// Source: POSIX strerror_r, gai_strerror.
/// cbindgen:postfix=SOCKUTIL_WRITES(3, 4)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_error_text(err: c_int, gai: c_int, buf: *mut c_char, size: size_t) -> *const c_char {
    // SAFETY: `buf` is NULL, or the caller promises `size` writable bytes there.
    let memory = unsafe { check::memory(buf.cast(), size) };
    match memory {
        Ok(memory) if !memory.is_empty() => {
            outcome::untouched(|| resolve::error_text(Errno(err), gai, &mut Buffer::fresh(memory)));
            buf
        }
        _ => c"".as_ptr(),
    }
}

/// Find the addresses of a host and a service.
///
/// host is a literal address, with or without a zone, or a name; NULL is the
/// loopback. service is a decimal port or a name. socktype is SOCK_STREAM,
/// SOCK_DGRAM or 0 for any. flags: SOCKUTIL_IPV4 or SOCKUTIL_IPV6 for addresses
/// of that family alone; with SOCKUTIL_NUMERIC host must be a literal or NULL
/// and service a number, and a name is an error. The resolver is not asked if
/// host is a literal (or NULL) and service is a number. A host that looks
/// numeric and is no address ("010.1.1.1", "127.1", "0x7f.1") is refused, never
/// read as octal; so is "*", which some resolvers take for every address. out
/// gets at most cap addresses, each once, in the resolver's order; *count is
/// the number found, and can be more than cap. No timeout bounds the resolver.
///
/// Returns 0; -1 with errno, and *count is 0:
///   EADDRNOTAVAIL   the resolver's failure: *gai is an EAI_ code of
///                   getaddrinfo(3), for gai_strerror(3); EAI_SERVICE for a
///                   port above 65535 or with leading zeros, EAI_SOCKTYPE for
///                   another socktype
///   EAFNOSUPPORT    host has no address of the family that flags asks for
///   EINVAL          service or count is NULL, out is NULL and cap is not 0,
///                   flags has other bits, or SOCKUTIL_IPV4 with SOCKUTIL_IPV6
///   ENODEV          no interface has the zone's name
/// EAI_SYSTEM keeps the resolver's errno, or sets EIO if there is none. *gai is
/// 0 for every other failure; gai may be NULL.
///
/// Thread-safe. Async-signal-safe with SOCKUTIL_NUMERIC, unless host has a
/// zone's name.
/// Source: POSIX getaddrinfo; RFC 6724.
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_NONNULL((2, 7)) SOCKUTIL_WRITES(5, 6)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_resolve(
    host: *const c_char,
    service: *const c_char,
    socktype: c_int,
    flags: c_uint,
    out: *mut sockutil_addr,
    cap: size_t,
    count: Option<&mut MaybeUninit<size_t>>,
    gai: Option<&mut MaybeUninit<c_int>>,
) -> c_int {
    let call = || {
        let count = count.ok_or(INVALID)?.write(0);
        let flags = flags::check(flags, flags::LOOKUP)?;
        // SAFETY: `host` and `service` are NULL, or C strings of the caller's.
        let query = unsafe { check::query(host, service, socktype, &flags, Purpose::Connect) }?;
        // SAFETY: `out` is NULL, or the caller promises `cap` entries there; the two types have one layout.
        let out = unsafe { check::array(out.cast::<Address>(), cap) }?;
        *count = resolve::resolve(&query, |index, address| {
            if let Some(place) = out.get_mut(index) {
                place.write(*address);
            }
        })?;
        Ok(0)
    };
    outcome::resolved(gai, call)
}

/// Stores the address that pton has read, and returns its answer: 1, or 0 for no address.
///
/// # Safety
/// `dst` is writable for an address, and has any alignment.
unsafe fn store_ip<T>(address: Option<T>, dst: *mut c_void) -> c_int {
    let Some(address) = address else {
        return 0;
    };
    // SAFETY: `dst` is writable for an address, as this function requires.
    unsafe { dst.cast::<T>().write_unaligned(address) };
    1
}

/// Stores an address if it can be found.
fn store(a: Option<&mut MaybeUninit<sockutil_addr>>, find: impl FnOnce() -> Result<Address, Errno>) -> c_int {
    outcome::of(|| {
        let a = a.ok_or(INVALID)?;
        a.write(find()?.into());
        Ok(0)
    })
}
