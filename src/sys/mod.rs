//! One thin function per system call: no policy, no retry. This is the only place that makes system calls, and
//! [`checked`] the only place where -1 becomes an error.

#![allow(clippy::inline_always, reason = "with opt-level \"s\", each of these would be a call more for each transfer")]
#![expect(unsafe_code, reason = "system calls take raw pointers")]

mod address;
mod diag;
mod memory;

use core::ffi::{CStr, c_int};
use core::mem::{self, MaybeUninit};
use core::ptr;

use errno::{Errno, errno};
use libc::{c_long, c_short, iovec, pid_t, pollfd, socklen_t, timespec, timeval};

pub use address::{Address, Endpoint, UNIX_PATH_BYTES};
pub use diag::{DiagQuery, recv_diag, send_diag};
pub use memory::{Block, Buffer, Bytes, IoSlice, places};

/// Everything the kernel answers below zero is a failure whose cause is in `errno`.
fn checked<T: PartialOrd + From<bool>>(answer: T) -> Result<T, Errno> {
    if answer < T::from(false) { Err(errno()) } else { Ok(answer) }
}

/// The count of a transfer, which the kernel keeps at or below what it was asked for.
fn counted(answer: isize) -> Result<usize, Errno> {
    checked(answer).map(isize::unsigned_abs)
}

/// The count of what was put behind a buffer's contents, which are its contents from now on.
fn appended(buffer: &mut Buffer<'_>, answer: isize) -> Result<usize, Errno> {
    let got = counted(answer)?;
    buffer.append(got);
    Ok(got)
}

/// A value's size as `getsockopt(2)` and its kin want it; each is a few bytes.
fn size_of<T>() -> socklen_t {
    socklen_t::try_from(mem::size_of::<T>()).unwrap_or(socklen_t::MAX)
}

/// `recv(2)`: appends at most `most` bytes.
#[inline(always)]
pub fn recv(fd: c_int, buffer: &mut Buffer<'_>, most: usize, flags: c_int) -> Result<usize, Errno> {
    let (start, room) = buffer.spare(most);
    // SAFETY: `spare` gives `room` writable bytes, borrowed for as long as the call lasts.
    let got = unsafe { libc::recv(fd, start, room, flags) };
    appended(buffer, got)
}

/// `recv(2)` with `MSG_PEEK`: puts at most `most` bytes behind the buffer's contents, without adding them to it.
pub fn peek(fd: c_int, buffer: &mut Buffer<'_>, most: usize, flags: c_int) -> Result<usize, Errno> {
    let (start, room) = buffer.spare(most);
    // SAFETY: `spare` gives `room` writable bytes, borrowed for as long as the call lasts.
    let got = counted(unsafe { libc::recv(fd, start, room, flags | libc::MSG_PEEK) })?;
    buffer.note_ahead(got);
    Ok(got)
}

/// `read(2)`: appends at most `most` bytes.
pub fn read(fd: c_int, buffer: &mut Buffer<'_>, most: usize) -> Result<usize, Errno> {
    let (start, room) = buffer.spare(most);
    // SAFETY: `spare` gives `room` writable bytes, borrowed for as long as the call lasts.
    let got = unsafe { libc::read(fd, start, room) };
    appended(buffer, got)
}

/// `preadv2(2)` at the current position with `RWF_NOWAIT`: appends at most `most` bytes.
pub fn read_nowait(fd: c_int, buffer: &mut Buffer<'_>, most: usize) -> Result<usize, Errno> {
    let (start, room) = buffer.spare(most);
    let target = iovec { iov_base: start, iov_len: room };
    // SAFETY: one iovec is passed, and `spare` gives `room` writable bytes for as long as the call lasts.
    let got = unsafe { vector_nowait(libc::SYS_preadv2, fd, &raw const target, 1) }?;
    buffer.append(got);
    Ok(got)
}

/// `send(2)`.
#[inline(always)]
pub fn send(fd: c_int, bytes: Bytes<'_>, flags: c_int) -> Result<usize, Errno> {
    // SAFETY: a slice is readable for its length.
    counted(unsafe { libc::send(fd, bytes.as_ptr().cast(), bytes.len(), flags) })
}

/// `write(2)`.
pub fn write(fd: c_int, bytes: Bytes<'_>) -> Result<usize, Errno> {
    // SAFETY: a slice is readable for its length.
    counted(unsafe { libc::write(fd, bytes.as_ptr().cast(), bytes.len()) })
}

/// `sendmsg(2)` without address or control data.
pub fn sendmsg(fd: c_int, slices: &[IoSlice<'_>], flags: c_int) -> Result<usize, Errno> {
    // SAFETY: all-zero is a valid msghdr: null pointers with zero lengths.
    let mut message: libc::msghdr = unsafe { mem::zeroed() };
    message.msg_iov = IoSlice::as_iovec(slices).cast_mut();
    #[allow(clippy::useless_conversion, reason = "the count is a size_t in glibc, an int in musl")]
    let count = slices.len().try_into().unwrap_or_default();
    message.msg_iovlen = count;
    // SAFETY: each iovec names memory that is readable for its length, and the kernel writes to none of it.
    counted(unsafe { libc::sendmsg(fd, &raw const message, flags) })
}

/// `writev(2)`.
pub fn writev(fd: c_int, slices: &[IoSlice<'_>]) -> Result<usize, Errno> {
    let count = c_int::try_from(slices.len()).unwrap_or(c_int::MAX);
    // SAFETY: each iovec names memory that is readable for its length.
    counted(unsafe { libc::writev(fd, IoSlice::as_iovec(slices), count) })
}

/// `pwritev2(2)` at the current position with `RWF_NOWAIT`.
pub fn write_nowait(fd: c_int, slices: &[IoSlice<'_>]) -> Result<usize, Errno> {
    // SAFETY: each iovec names memory that is readable for its length.
    unsafe { vector_nowait(libc::SYS_pwritev2, fd, IoSlice::as_iovec(slices), slices.len()) }
}

/// `preadv2(2)` or `pwritev2(2)` by number, because musl has no functions for them before 1.2.5.
///
/// # Safety
/// `first` starts `count` iovecs whose memory suits the call.
unsafe fn vector_nowait(call: c_long, fd: c_int, first: *const iovec, count: usize) -> Result<usize, Errno> {
    // The offset -1, "the current position", is passed as its low and its high word.
    const HERE: c_long = -1;
    // Whole registers: of an int, C's variable arguments leave the upper half open.
    let (fd, flags) = (c_long::from(fd), c_long::from(libc::RWF_NOWAIT));
    // SAFETY: the caller vouches for the iovecs; the other arguments are integers.
    let answer = unsafe { libc::syscall(call, fd, first, count, HERE, HERE, flags) };
    counted(isize::try_from(answer).unwrap_or(-1))
}

/// `poll(2)` of one descriptor: its `revents`, 0 when the time ran out.
pub fn poll(fd: c_int, events: c_short, timeout_ms: c_int) -> Result<c_short, Errno> {
    let mut entry = pollfd { fd, events, revents: 0 };
    // SAFETY: one entry is passed, and it lives until the call returns.
    checked(unsafe { libc::poll(&raw mut entry, 1, timeout_ms) })?;
    Ok(entry.revents)
}

/// `poll(2)` of several descriptors: how many are ready. A descriptor below 0 is passed over.
pub fn poll_all(entries: &mut [pollfd], timeout_ms: c_int) -> Result<usize, Errno> {
    // SAFETY: a slice is writable for its length.
    let ready = checked(unsafe { libc::poll(entries.as_mut_ptr(), entries.len() as libc::nfds_t, timeout_ms) })?;
    Ok(ready as usize)
}

/// `clock_gettime(2)`.
pub fn clock_gettime(clock: libc::clockid_t) -> Result<timespec, Errno> {
    let mut time = MaybeUninit::<timespec>::uninit();
    // SAFETY: `time` is writable.
    checked(unsafe { libc::clock_gettime(clock, time.as_mut_ptr()) })?;
    // SAFETY: the call succeeded, so it was written.
    Ok(unsafe { time.assume_init() })
}

/// `lseek(2)` by nothing: whether there is an offset.
pub fn has_offset(fd: c_int) -> bool {
    // glibc's off_t has 32 bits where long has, too few for an offset behind 2 GiB.
    #[cfg(not(all(target_env = "gnu", target_pointer_width = "32")))]
    use libc::lseek;
    #[cfg(all(target_env = "gnu", target_pointer_width = "32"))]
    use libc::lseek64 as lseek;
    // SAFETY: the arguments are integers.
    checked(unsafe { lseek(fd, 0, libc::SEEK_CUR) }).is_ok()
}

/// `getsockopt(2)` for `SO_RCVTIMEO` or `SO_SNDTIMEO`.
#[inline]
pub fn socket_timeout(fd: c_int, name: c_int) -> Result<timeval, Errno> {
    let mut value = timeval { tv_sec: 0, tv_usec: 0 };
    let mut size = size_of::<timeval>();
    // SAFETY: `value` is writable for `size` bytes, and any bytes make a timeval.
    checked(unsafe { libc::getsockopt(fd, libc::SOL_SOCKET, name, (&raw mut value).cast(), &raw mut size) })?;
    Ok(value)
}

/// `setsockopt(2)` with an `int`.
pub fn setsockopt_int(fd: c_int, level: c_int, name: c_int, value: c_int) -> Result<(), Errno> {
    set_option(fd, level, name, &value)
}

/// `setsockopt(2)` with `SO_LINGER`.
pub fn set_linger(fd: c_int, on: bool, seconds: c_int) -> Result<(), Errno> {
    let value = libc::linger { l_onoff: c_int::from(on), l_linger: seconds };
    set_option(fd, libc::SOL_SOCKET, libc::SO_LINGER, &value)
}

/// `shutdown(2)` of the sending side.
pub fn shutdown_write(fd: c_int) -> Result<(), Errno> {
    // SAFETY: the arguments are integers.
    checked(unsafe { libc::shutdown(fd, libc::SHUT_WR) })?;
    Ok(())
}

/// `close(2)`.
pub fn close(fd: c_int) -> Result<(), Errno> {
    // SAFETY: the argument is an integer; the descriptor is the caller's to close.
    checked(unsafe { libc::close(fd) })?;
    Ok(())
}

/// `sigaction(2)` that sets a signal to `SIG_IGN`.
pub fn ignore_signal(signal: c_int) -> Result<(), Errno> {
    // SAFETY: all-zero is a valid sigaction: no flags, an empty mask.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    action.sa_sigaction = libc::SIG_IGN;
    // SAFETY: `action` is complete, and no old action is asked for.
    checked(unsafe { libc::sigaction(signal, &raw const action, ptr::null_mut()) })?;
    Ok(())
}

/// `waitpid(2)` for any child, without waiting and without its status: its process ID, 0 while all that are left live.
pub fn reap_one() -> Result<pid_t, Errno> {
    // SAFETY: a null status pointer asks for no status.
    checked(unsafe { libc::waitpid(-1, ptr::null_mut(), libc::WNOHANG) })
}

/// `memchr(3)`: the index of the first `byte`.
pub fn memchr(byte: u8, bytes: &[u8]) -> Option<usize> {
    // SAFETY: a slice is readable for its length.
    let found = unsafe { libc::memchr(bytes.as_ptr().cast(), c_int::from(byte), bytes.len()) };
    found.addr().checked_sub(bytes.as_ptr().addr())
}

/// `socket(2)`, with `SOCK_CLOEXEC` and the like among `flags`.
pub fn socket(family: c_int, kind: c_int, protocol: c_int) -> Result<c_int, Errno> {
    // SAFETY: the arguments are integers.
    checked(unsafe { libc::socket(family, kind, protocol) })
}

/// `bind(2)`.
pub fn bind(fd: c_int, address: &Address) -> Result<(), Errno> {
    let (start, length) = address.as_sockaddr();
    // SAFETY: an address is readable for its length.
    checked(unsafe { libc::bind(fd, start, length) })?;
    Ok(())
}

/// `listen(2)`.
pub fn listen(fd: c_int, backlog: c_int) -> Result<(), Errno> {
    // SAFETY: the arguments are integers.
    checked(unsafe { libc::listen(fd, backlog) })?;
    Ok(())
}

/// `connect(2)`.
pub fn connect(fd: c_int, address: &Address) -> Result<(), Errno> {
    let (start, length) = address.as_sockaddr();
    // SAFETY: an address is readable for its length.
    checked(unsafe { libc::connect(fd, start, length) })?;
    Ok(())
}

/// `accept4(2)`.
pub fn accept(fd: c_int, peer: &mut Address, flags: c_int) -> Result<c_int, Errno> {
    let (start, length) = peer.for_kernel();
    // SAFETY: the address is writable for the length that is passed.
    checked(unsafe { libc::accept4(fd, start, length, flags) })
}

/// `getsockname(2)`.
pub fn getsockname(fd: c_int) -> Result<Address, Errno> {
    let mut address = Address::empty();
    let (start, length) = address.for_kernel();
    // SAFETY: the address is writable for the length that is passed.
    checked(unsafe { libc::getsockname(fd, start, length) })?;
    Ok(address)
}

/// `getpeername(2)`.
pub fn getpeername(fd: c_int) -> Result<Address, Errno> {
    let mut address = Address::empty();
    let (start, length) = address.for_kernel();
    // SAFETY: the address is writable for the length that is passed.
    checked(unsafe { libc::getpeername(fd, start, length) })?;
    Ok(address)
}

/// `sendto(2)`; without an address, to the socket's peer.
pub fn sendto(fd: c_int, bytes: Bytes<'_>, to: Option<&Address>, flags: c_int) -> Result<usize, Errno> {
    let (start, length) = to.map_or((ptr::null(), 0), Address::as_sockaddr);
    // SAFETY: a slice is readable for its length, and an address for its.
    counted(unsafe { libc::sendto(fd, bytes.as_ptr().cast(), bytes.len(), flags, start, length) })
}

/// `recvmsg(2)` without control data: appends a datagram to the buffer, and says whether it was longer. Not `recvfrom(2)`
/// with `MSG_TRUNC`, which on TCP would throw the bytes away.
pub fn recvfrom(fd: c_int, buffer: &mut Buffer<'_>, from: &mut Address, flags: c_int) -> Result<bool, Errno> {
    let (start, room) = buffer.spare(usize::MAX);
    let mut part = iovec { iov_base: start, iov_len: room };
    // SAFETY: all-zero is a valid msghdr: null pointers with zero lengths.
    let mut message: libc::msghdr = unsafe { mem::zeroed() };
    message.msg_iov = &raw mut part;
    message.msg_iovlen = 1;
    from.receive_into(&mut message);
    // SAFETY: `spare` gives `room` writable bytes, the address is writable for its room, and both outlive the call.
    let got = counted(unsafe { libc::recvmsg(fd, &raw mut message, flags) })?;
    from.received(&message);
    buffer.append(got);
    Ok(message.msg_flags & libc::MSG_TRUNC != 0)
}

/// `fcntl(2)` with `F_GETFL`.
pub fn status_flags(fd: c_int) -> Result<c_int, Errno> {
    // SAFETY: the arguments are integers.
    checked(unsafe { libc::fcntl(fd, libc::F_GETFL) })
}

/// `fcntl(2)` with `F_SETFL`.
pub fn set_status_flags(fd: c_int, flags: c_int) -> Result<(), Errno> {
    // SAFETY: the arguments are integers.
    checked(unsafe { libc::fcntl(fd, libc::F_SETFL, flags) })?;
    Ok(())
}

/// `getsockopt(2)` of an `int`.
pub fn getsockopt_int(fd: c_int, level: c_int, name: c_int) -> Result<c_int, Errno> {
    let mut value: c_int = 0;
    let mut size = size_of::<c_int>();
    // SAFETY: `value` is writable for `size` bytes, and any bytes make an int.
    checked(unsafe { libc::getsockopt(fd, level, name, (&raw mut value).cast(), &raw mut size) })?;
    Ok(value)
}

/// `getsockopt(2)` of the first byte of `TCP_INFO`: the state.
pub fn tcp_info_state(fd: c_int) -> Result<u8, Errno> {
    let mut state: u8 = 0;
    let mut size = size_of::<u8>();
    let place = (&raw mut state).cast();
    // SAFETY: `state` is writable for `size` bytes, and the kernel writes no more.
    checked(unsafe { libc::getsockopt(fd, libc::IPPROTO_TCP, libc::TCP_INFO, place, &raw mut size) })?;
    Ok(state)
}

/// `setsockopt(2)` for `SO_RCVTIMEO` or `SO_SNDTIMEO`.
pub fn set_socket_timeout(fd: c_int, name: c_int, value: timeval) -> Result<(), Errno> {
    set_option(fd, libc::SOL_SOCKET, name, &value)
}

/// `setsockopt(2)` for an IPv4 group or interface.
pub fn set_option_v4(fd: c_int, name: c_int, group: [u8; 4], interface: c_int) -> Result<(), Errno> {
    let value = libc::ip_mreqn {
        imr_multiaddr: libc::in_addr { s_addr: u32::from_ne_bytes(group) },
        imr_address: libc::in_addr { s_addr: 0 },
        imr_ifindex: interface,
    };
    set_option(fd, libc::IPPROTO_IP, name, &value)
}

/// `setsockopt(2)` for an IPv6 group.
pub fn set_option_v6(fd: c_int, name: c_int, group: [u8; 16], interface: u32) -> Result<(), Errno> {
    let value = libc::ipv6_mreq { ipv6mr_multiaddr: libc::in6_addr { s6_addr: group }, ipv6mr_interface: interface };
    set_option(fd, libc::IPPROTO_IPV6, name, &value)
}

fn set_option<T>(fd: c_int, level: c_int, name: c_int, value: &T) -> Result<(), Errno> {
    // SAFETY: `value` is readable for its size.
    checked(unsafe { libc::setsockopt(fd, level, name, (&raw const *value).cast(), size_of::<T>()) })?;
    Ok(())
}

/// `unlink(2)`.
pub fn unlink(path: &CStr) -> Result<(), Errno> {
    // SAFETY: a CStr has its NUL.
    checked(unsafe { libc::unlink(path.as_ptr()) })?;
    Ok(())
}

/// `lstat(2)`, for one question: whether the path names a socket.
pub fn is_socket_file(path: &CStr) -> Result<bool, Errno> {
    let mut status = MaybeUninit::<libc::stat>::uninit();
    // SAFETY: a CStr has its NUL, and `status` is writable.
    checked(unsafe { libc::lstat(path.as_ptr(), status.as_mut_ptr()) })?;
    // SAFETY: the call succeeded, so it was written.
    let status = unsafe { status.assume_init() };
    Ok(status.st_mode & libc::S_IFMT == libc::S_IFSOCK)
}

/// `if_nametoindex(3)`; `ENODEV` for a name that no interface has.
pub fn if_nametoindex(name: &CStr) -> Result<u32, Errno> {
    // SAFETY: a CStr has its NUL.
    match unsafe { libc::if_nametoindex(name.as_ptr()) } {
        0 => Err(Errno(libc::ENODEV)),
        index => Ok(index),
    }
}

/// `if_indextoname(3)`: the name, with its NUL; `None` where no interface has the index.
pub fn if_indextoname(index: u32) -> Option<[u8; libc::IF_NAMESIZE]> {
    let mut name = [0; libc::IF_NAMESIZE];
    // SAFETY: `name` has the size that the function wants.
    let found = unsafe { libc::if_indextoname(index, name.as_mut_ptr().cast()) };
    if found.is_null() { None } else { Some(name) }
}

/// `getaddrinfo(3)`'s answer, freed when it goes.
pub struct AddrInfo(*mut libc::addrinfo);

/// `getaddrinfo(3)`; the error is its `EAI_` code.
pub fn getaddrinfo(host: Option<&CStr>, service: &CStr, kind: c_int, flags: c_int) -> Result<AddrInfo, c_int> {
    // SAFETY: all-zero is a valid addrinfo: no flags, any family.
    let mut hints: libc::addrinfo = unsafe { mem::zeroed() };
    hints.ai_socktype = kind;
    hints.ai_flags = flags;
    let mut list = ptr::null_mut();
    let host = host.map_or(ptr::null(), CStr::as_ptr);
    // SAFETY: the strings have their NULs, the hints are complete, and `list` is writable.
    match unsafe { libc::getaddrinfo(host, service.as_ptr(), &raw const hints, &raw mut list) } {
        0 => Ok(AddrInfo(list)),
        code => Err(code),
    }
}

impl AddrInfo {
    /// The addresses, in the resolver's order.
    pub fn addresses(&self) -> Entries<'_> {
        // SAFETY: the list is getaddrinfo's, and lives as long as this.
        Entries(unsafe { self.0.as_ref() })
    }
}

/// What is left of a list.
pub struct Entries<'a>(Option<&'a libc::addrinfo>);

impl Iterator for Entries<'_> {
    type Item = Address;

    fn next(&mut self) -> Option<Address> {
        loop {
            let entry = self.0?;
            // SAFETY: a list ends with a null pointer, and its entries live as long as it.
            self.0 = unsafe { entry.ai_next.as_ref() };
            // SAFETY: the entry's address is readable for its length.
            if let Some(address) = unsafe { Address::copy(entry.ai_addr, entry.ai_addrlen) } {
                return Some(address);
            }
        }
    }
}

impl Drop for AddrInfo {
    fn drop(&mut self) {
        // SAFETY: getaddrinfo made the list, and nothing refers to it any more.
        unsafe { libc::freeaddrinfo(self.0) };
    }
}

/// What came with `SCM_RIGHTS`.
pub struct Passed {
    /// The bytes of payload; 0 is the end of the stream.
    pub bytes: usize,
    /// How many descriptors came.
    pub count: usize,
    /// The first of them.
    pub first: Option<c_int>,
    /// Whether there were some that could not be given to this process.
    pub cut: bool,
}

/// Room for one control message with as many descriptors as Linux ever passes at once, and for another kind beside it.
#[repr(C, align(8))]
struct Control([MaybeUninit<u8>; 1280]);

/// `sendmsg(2)` of one byte and one descriptor.
pub fn send_descriptor(fd: c_int, passed: c_int, flags: c_int) -> Result<usize, Errno> {
    let byte = [0_u8];
    let part = iovec { iov_base: (&raw const byte).cast_mut().cast(), iov_len: byte.len() };
    let mut control = Control([MaybeUninit::zeroed(); 1280]);
    // SAFETY: all-zero is a valid msghdr.
    let mut message: libc::msghdr = unsafe { mem::zeroed() };
    message.msg_iov = (&raw const part).cast_mut();
    message.msg_iovlen = 1;
    message.msg_control = (&raw mut control).cast();
    let one = u32::try_from(mem::size_of::<c_int>()).unwrap_or_default();
    // SAFETY: it computes, and reads nothing.
    let space = unsafe { libc::CMSG_SPACE(one) };
    message.msg_controllen = space.try_into().unwrap_or_default();
    // SAFETY: the control memory is aligned, and its size is in the message.
    let header = unsafe { libc::CMSG_FIRSTHDR(&raw const message) };
    // SAFETY: it has room for one header, which is all zeros now.
    let header = unsafe { header.as_mut() }.ok_or(Errno(libc::EINVAL))?;
    header.cmsg_level = libc::SOL_SOCKET;
    header.cmsg_type = libc::SCM_RIGHTS;
    // SAFETY: it computes, and reads nothing.
    let length = unsafe { libc::CMSG_LEN(one) };
    header.cmsg_len = length.try_into().unwrap_or_default();
    // SAFETY: the data lies behind the header, within the control memory.
    let data: *mut c_int = unsafe { libc::CMSG_DATA(header) }.cast();
    // SAFETY: there is room for one descriptor; its alignment is not relied on.
    unsafe { data.write_unaligned(passed) };
    // SAFETY: the message and all it points to live until the call returns.
    counted(unsafe { libc::sendmsg(fd, &raw const message, flags) })
}

/// `recvmsg(2)` of one byte and the descriptors that come with it. All but the first are closed at once.
pub fn recv_descriptor(fd: c_int, flags: c_int) -> Result<Passed, Errno> {
    let mut byte = [0_u8];
    let mut part = iovec { iov_base: (&raw mut byte).cast(), iov_len: byte.len() };
    let mut control = Control([MaybeUninit::zeroed(); 1280]);
    // SAFETY: all-zero is a valid msghdr.
    let mut message: libc::msghdr = unsafe { mem::zeroed() };
    message.msg_iov = &raw mut part;
    message.msg_iovlen = 1;
    message.msg_control = (&raw mut control).cast();
    #[allow(clippy::useless_conversion, reason = "a size_t in glibc, a socklen_t in musl")]
    let room = mem::size_of::<Control>().try_into().unwrap_or_default();
    message.msg_controllen = room;
    // SAFETY: the message and all it points to live until the call returns, and are writable.
    let bytes = counted(unsafe { libc::recvmsg(fd, &raw mut message, flags) })?;
    let mut passed = Passed { bytes, count: 0, first: None, cut: message.msg_flags & libc::MSG_CTRUNC != 0 };
    // SAFETY: the kernel has filled the control memory, and the message says how far.
    let mut next = unsafe { libc::CMSG_FIRSTHDR(&raw const message) };
    // SAFETY: CMSG_FIRSTHDR and CMSG_NXTHDR give complete headers or null.
    while let Some(header) = unsafe { next.as_ref() } {
        if header.cmsg_level == libc::SOL_SOCKET && header.cmsg_type == libc::SCM_RIGHTS {
            // SAFETY: it computes, and reads nothing.
            let empty = usize::try_from(unsafe { libc::CMSG_LEN(0) }).unwrap_or(usize::MAX);
            #[allow(clippy::useless_conversion, reason = "a size_t in glibc, a socklen_t in musl")]
            let length = usize::try_from(header.cmsg_len).unwrap_or(0).saturating_sub(empty);
            // SAFETY: the data lies behind the header.
            let data: *const c_int = unsafe { libc::CMSG_DATA(header) }.cast_const().cast();
            for index in 0..length.div_euclid(mem::size_of::<c_int>()) {
                // SAFETY: the header's length covers it; its alignment is not relied on.
                let received = unsafe { data.wrapping_add(index).read_unaligned() };
                passed.count = passed.count.saturating_add(1);
                if passed.first.is_none() {
                    passed.first = Some(received);
                } else {
                    // It is this process's now, and unwanted; how closing it went matters to nobody.
                    let _ = close(received);
                }
            }
        }
        // SAFETY: `header` is the one before, within the message.
        next = unsafe { libc::CMSG_NXTHDR(&raw const message, header) };
    }
    Ok(passed)
}
