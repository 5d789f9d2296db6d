//! One text for a stream's endpoint, as configuration files have it: "host:port" for TCP, "unix:/path" for a Unix socket.

use core::ffi::{CStr, c_int};

use errno::Errno;

use crate::address;
use crate::memory;
use crate::race;
use crate::resolve::{Failure, Purpose, Query};
use crate::socket::Flags;
use crate::time::Limit;
use crate::{tcp, unix};

/// Room for the longest host that getnameinfo(3) gives, and its NUL.
const HOST_BYTES: usize = libc::NI_MAXHOST as usize;

/// What a text names.
enum Place<'a> {
    /// A path, or '@' and an abstract name.
    Unix(&'a CStr),
    /// A host, or none, and a service.
    Tcp(Option<&'a [u8]>, &'a CStr),
}

/// Takes a text apart. It is a text of neither kind if there is no service, or if a host with a ':' is not in brackets.
/// Brackets hold only a numeric IPv6 address: a name in them would be a mistake that works.
fn split(text: &CStr) -> Option<Place<'_>> {
    let bytes = text.to_bytes_with_nul();
    if let Some(path) = bytes.strip_prefix(address::UNIX_PREFIX) {
        return memory::c_string(path).filter(|path| !path.is_empty()).map(Place::Unix);
    }
    let colon = bytes.iter().rposition(|c| *c == b':')?;
    let (host, rest) = bytes.split_at_checked(colon)?;
    let service = memory::c_string(rest.get(1..)?).filter(|service| !service.is_empty())?;
    let host = match host {
        [] => None,
        [b'[', ip @ .., b']'] if !memory::has(b']', ip) && address::split_v6(ip).is_some() => Some(ip),
        _ if host.iter().any(|c| matches!(c, b':' | b'[' | b']')) => return None,
        name => Some(name),
    };
    Some(Place::Tcp(host, service))
}

/// Whether a text names a Unix socket.
pub fn is_unix(text: &CStr) -> bool {
    text.to_bytes().starts_with(address::UNIX_PREFIX)
}

/// The host with a NUL after it, which the resolver wants and the text does not have. One that is too long becomes "*",
/// a host to no resolver.
fn terminated<'a>(host: &[u8], room: &'a mut [u8; HOST_BYTES]) -> &'a CStr {
    let Some((place, [_, ..])) = room.split_at_mut_checked(host.len()) else { return c"*" };
    place.copy_from_slice(host);
    memory::c_string(room).unwrap_or(c"*")
}

/// How the host and the service are looked up: fields of a [`Query`].
pub struct Lookup {
    /// As in [`Query`].
    pub family: c_int,
    /// As in [`Query`].
    pub numeric: bool,
    /// As in [`Query`].
    pub purpose: Purpose,
}

impl Lookup {
    /// Calls `tcp` with the query for a host and a service.
    fn query(
        self,
        host: Option<&[u8]>,
        service: &CStr,
        tcp: impl FnOnce(&Query<'_>) -> Result<c_int, Failure>,
    ) -> Result<c_int, Failure> {
        let Self { family, numeric, purpose } = self;
        let mut memory = [0; HOST_BYTES];
        let host = host.map(|host| terminated(host, &mut memory));
        tcp(&Query { host, service, kind: libc::SOCK_STREAM, family, numeric, purpose })
    }
}

/// `sockutil_stream_listen`.
pub fn listen(text: &CStr, lookup: Lookup, backlog: c_int, flags: Flags) -> Result<c_int, Failure> {
    match split(text).ok_or(Errno(libc::EINVAL))? {
        Place::Unix(path) => Ok(unix::listen(path, backlog, flags)?),
        Place::Tcp(host, service) => lookup.query(host, service, |query| tcp::listen(query, backlog, flags)),
    }
}

/// `sockutil_stream_connect`.
pub fn connect(text: &CStr, lookup: Lookup, flags: Flags, timeout_ms: c_int) -> Result<c_int, Failure> {
    match split(text).ok_or(Errno(libc::EINVAL))? {
        Place::Unix(path) => Ok(unix::connect(path, flags, Limit::from_ms(timeout_ms)?)?),
        Place::Tcp(host, service) => lookup.query(host, service, |query| race::tcp_connect(query, flags, timeout_ms)),
    }
}
