//! One question to `sock_diag(7)`: the state of the TCP connection between two ends.

use core::ffi::c_int;
use core::mem::MaybeUninit;

use errno::Errno;

use crate::memory::Buffer;
use crate::sys::{TcpEnds, checked, recv, send};

const SOCK_DIAG_BY_FAMILY: u16 = 20;
const NLMSG_ERROR: u16 = 2;
const NLM_F_REQUEST: u16 = 1;

/// `struct nlmsghdr`.
const HEADER_BYTES: usize = 16;

/// `struct nlmsghdr` and `struct inet_diag_req_v2`.
const QUERY_BYTES: usize = HEADER_BYTES + 56;

/// Memory for an answer: larger than `struct inet_diag_msg` and its attributes.
const ANSWER_BYTES: usize = 1024;

/// The kernel sent something that is no answer.
const NO_ANSWER: Errno = Errno(libc::EPROTO);

/// `TCP_LISTEN`: no connection, even if its two addresses are those of the query.
const LISTEN: u8 = 10;

/// How an IPv4 address begins as an IPv6 address.
const V4_MAPPED: [u8; 12] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/// The connection that the kernel found; it may be another one than the query's.
struct Answer {
    family: u8,
    state: u8,
    local_port: u16,
    peer_port: u16,
    local: [u8; 16],
    peer: [u8; 16],
}

impl Answer {
    /// Whether it has the two ends of the query.
    fn is_about(&self, query: &TcpEnds) -> bool {
        let v4 = query.family == libc::AF_INET;
        let same_family = c_int::from(self.family) == query.family;
        let same_ip = |found: &[u8; 16], asked: &[u8; 16]| {
            let (found, asked) = match (v4, same_family) {
                // Bytes after the four of IPv4 do not count.
                (true, true) => (found.get(..4), asked.get(..4)),
                // An IPv6 socket also carries IPv4.
                (true, false) => (found.strip_prefix(&V4_MAPPED), asked.get(..4)),
                (false, true) => (found.get(..), asked.get(..)),
                (false, false) => return false,
            };
            found == asked
        };
        same_ip(&self.local, &query.local)
            && same_ip(&self.peer, &query.peer)
            && self.local_port == query.local_port
            && self.peer_port == query.peer_port
    }
}

/// Bytes in the order of a C struct's fields.
struct Fields {
    bytes: [MaybeUninit<u8>; QUERY_BYTES],
    used: usize,
}

impl Fields {
    // One copy: it is called for each field.
    #[inline(never)]
    fn put(&mut self, field: &[u8]) {
        for (place, byte) in self.bytes.iter_mut().skip(self.used).zip(field) {
            place.write(*byte);
        }
        self.used += field.len();
    }
}

/// A socket for the question.
pub fn open_diag() -> Result<c_int, Errno> {
    // SAFETY: the arguments are integers.
    checked(unsafe { libc::socket(libc::AF_NETLINK, libc::SOCK_RAW | libc::SOCK_CLOEXEC, libc::NETLINK_SOCK_DIAG) })
}

/// Sends the question.
pub fn send_diag(fd: c_int, query: &TcpEnds) -> Result<(), Errno> {
    let mut fields = Fields { bytes: [MaybeUninit::new(0); QUERY_BYTES], used: 0 };
    // struct nlmsghdr
    fields.put(&(QUERY_BYTES as u32).to_ne_bytes());
    fields.put(&SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    fields.put(&NLM_F_REQUEST.to_ne_bytes());
    fields.put(&[0; 8]);
    // struct inet_diag_req_v2: family, protocol, no extensions, padding, every state
    fields.put(&[low_byte(query.family), low_byte(libc::IPPROTO_TCP), 0, 0]);
    fields.put(&u32::MAX.to_ne_bytes());
    // struct inet_diag_sockid, with "no cookie"
    fields.put(&query.local_port.to_be_bytes());
    fields.put(&query.peer_port.to_be_bytes());
    fields.put(&query.local);
    fields.put(&query.peer);
    fields.put(&query.zone.to_ne_bytes());
    fields.put(&[0xff; 8]);
    send(fd, &fields.bytes, 0).map(|_| ())
}

/// Receives the answer: the state, with Linux's number; `None` when there is no such connection.
#[inline(never)]
pub fn recv_diag(fd: c_int, query: &TcpEnds) -> Result<Option<u8>, Errno> {
    let mut memory = [MaybeUninit::uninit(); ANSWER_BYTES];
    let mut buffer = Buffer::fresh(&mut memory);
    // The answer was queued before send returned, so this does not wait.
    recv(fd, &mut buffer, usize::MAX, 0)?;
    let bytes = buffer.filled();
    let kind = bytes.get(4..).and_then(<[u8]>::first_chunk).copied().map(u16::from_ne_bytes).ok_or(NO_ANSWER)?;
    let body = bytes.get(HEADER_BYTES..).ok_or(NO_ANSWER)?;
    match kind {
        NLMSG_ERROR => match body.first_chunk().copied().map(i32::from_ne_bytes).ok_or(NO_ANSWER)?.saturating_neg() {
            libc::ENOENT => Ok(None),
            0 => Err(NO_ANSWER),
            e => Err(Errno(e)),
        },
        SOCK_DIAG_BY_FAMILY => {
            let answer = parse(body).ok_or(NO_ANSWER)?;
            // If there is no connection, the kernel answers with the listener: only the same two ends are an answer.
            Ok((answer.state != LISTEN && answer.is_about(query)).then_some(answer.state))
        }
        _ => Err(NO_ANSWER),
    }
}

/// `struct inet_diag_msg`.
fn parse(body: &[u8]) -> Option<Answer> {
    let [family, state, ..] = *body.first_chunk::<4>()?;
    let rest = body.get(4..)?;
    Some(Answer {
        family,
        state,
        local_port: u16::from_be_bytes(*rest.first_chunk()?),
        peer_port: u16::from_be_bytes(*rest.get(2..)?.first_chunk()?),
        local: *rest.get(4..)?.first_chunk()?,
        peer: *rest.get(20..)?.first_chunk()?,
    })
}

fn low_byte(number: c_int) -> u8 {
    number as u8
}
