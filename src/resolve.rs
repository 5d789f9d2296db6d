//! From the text of a host and a service to addresses.

use core::ffi::{CStr, c_int};

use errno::Errno;

use crate::address;
use crate::memory::Buffer;
use crate::sys::{self, AddrInfo, Address, Entries};

/// The purpose of the addresses: it decides the meaning of no host.
#[derive(Clone, Copy, PartialEq)]
pub enum Purpose {
    /// No host is the loopback.
    Connect,
    /// No host is the wildcard.
    Bind,
}

/// A failure: errno, and the resolver's own code, 0 if another call failed.
#[derive(Clone, Copy)]
pub struct Failure {
    /// For errno.
    pub errno: Errno,
    /// For `*gai`.
    pub gai: c_int,
}

impl From<Errno> for Failure {
    fn from(errno: Errno) -> Self {
        Self { errno, gai: 0 }
    }
}

impl Failure {
    /// The failure that the resolver would report, without a query.
    fn resolver(gai: c_int) -> Self {
        Self { errno: Errno(libc::EADDRNOTAVAIL), gai }
    }

    /// The resolver's failure. With `EAI_SYSTEM` errno has the cause, but some resolvers set none.
    fn told((gai, left): (c_int, Errno)) -> Self {
        match (gai, left) {
            (libc::EAI_SYSTEM, Errno(0)) => Self { errno: Errno(libc::EIO), gai },
            (libc::EAI_SYSTEM, errno) => Self { errno, gai },
            _ => Self::resolver(gai),
        }
    }
}

/// A query.
#[derive(Clone, Copy)]
pub struct Query<'a> {
    /// A name, a literal address, or neither.
    pub host: Option<&'a CStr>,
    /// A name or a number.
    pub service: &'a CStr,
    /// `SOCK_STREAM` and so on; 0 for any.
    pub kind: c_int,
    /// `AF_INET` or `AF_INET6` for addresses of that family alone, or `AF_UNSPEC`.
    pub family: c_int,
    /// Whether `getaddrinfo` must not be called.
    pub numeric: bool,
    /// The purpose.
    pub purpose: Purpose,
}

/// The addresses found.
#[expect(clippy::large_enum_variant, reason = "there is no heap to put the addresses on")]
pub enum Found {
    /// One or two that needed no resolver.
    Literal([Option<Address>; 2]),
    /// The resolver's.
    List(AddrInfo),
}

impl Found {
    /// The addresses, each once, in the resolver's order.
    pub fn addresses(&self) -> Addresses<'_> {
        let (literal, list) = match self {
            Self::Literal(addresses) => (addresses.as_slice(), None),
            Self::List(list) => (Default::default(), Some(list)),
        };
        Addresses { literal, list, rest: list.map(AddrInfo::entries), seen: 0 }
    }
}

/// The rest of the addresses found.
pub struct Addresses<'a> {
    literal: &'a [Option<Address>],
    list: Option<&'a AddrInfo>,
    rest: Option<Entries<'a>>,
    seen: usize,
}

impl Addresses<'_> {
    fn next_literal(&mut self) -> Option<Address> {
        let (first, rest) = self.literal.split_first()?;
        self.literal = rest;
        *first
    }

    /// The next address that was not in the list before. The resolver lists an address once for each socket type, and
    /// again if several of its sources have it.
    fn next_of_list(&mut self) -> Option<Address> {
        loop {
            let entry = self.rest.as_mut()?.next()?;
            let mut earlier = self.list?.entries().take(self.seen);
            self.seen += 1;
            if earlier.any(|other| other.same_address(entry)) {
                continue;
            }
            if let Some(address) = entry.address() {
                return Some(address);
            }
        }
    }
}

impl Iterator for Addresses<'_> {
    type Item = Address;

    // Not inline: each loop over it would cost another kilobyte.
    #[inline(never)]
    fn next(&mut self) -> Option<Address> {
        self.next_literal().or_else(|| self.next_of_list())
    }
}

impl Query<'_> {
    /// Asks the resolver only if the texts are not numeric.
    pub fn resolve(&self) -> Result<Found, Failure> {
        let service = self.service.to_bytes();
        let port = if !service.is_empty() && service.iter().all(u8::is_ascii_digit) {
            Some(address::parse_decimal::<u16>(service).ok_or(Failure::resolver(libc::EAI_SERVICE))?)
        } else {
            None
        };
        // glibc's getaddrinfo takes all numbers of strtoul, and cuts them to 16 bits; "" and "*" are port 0 there.
        if service == b"*" || matches!(service.first(), None | Some(b'+' | b'-' | b' ' | b'\t'..=b'\r')) {
            return Err(Failure::resolver(libc::EAI_SERVICE));
        }
        let literal = match self.host {
            None => Some(self.no_host(port.unwrap_or_default())),
            Some(host) => {
                let text = host.to_bytes();
                let address = address::parse_host(text, port.unwrap_or_default())?;
                // "*" is every address to glibc, and nothing to musl.
                if address.is_none() && (text == b"*" || looks_numeric(text)) {
                    return Err(Failure::resolver(libc::EAI_NONAME));
                }
                address.map(|address| [Some(address), None])
            }
        };
        let literal = literal.map(|addresses| self.of_family(&addresses)).transpose()?;
        match literal {
            Some(addresses) if port.is_some() => Ok(Found::Literal(addresses)),
            _ if self.numeric => Err(Failure::resolver(libc::EAI_NONAME)),
            _ => {
                let passive = if self.purpose == Purpose::Bind { sys::AI_PASSIVE } else { 0 };
                let list = sys::getaddrinfo(self.host, self.service, self.kind, self.family, passive)
                    .map_err(Failure::told)?;
                if self.host.is_some() {
                    return Ok(Found::List(list));
                }
                // Without a host only the service was looked up: glibc would list IPv4 first.
                let port = list.entries().find_map(|entry| address::port(&entry.address()?).ok());
                Ok(Found::Literal(self.of_family(&self.no_host(port.unwrap_or_default()))?))
            }
        }
    }

    /// Those of the family that is asked for, at least one.
    fn of_family(&self, addresses: &[Option<Address>; 2]) -> Result<[Option<Address>; 2], Errno> {
        let fits = |address: &Address| self.family == libc::AF_UNSPEC || address.family() == self.family;
        let [first, second] = addresses.map(|address| address.filter(fits));
        // The first that is missing ends the list.
        match (first, second) {
            (None, None) => Err(Errno(libc::EAFNOSUPPORT)),
            (None, second) => Ok([second, None]),
            (first, second) => Ok([first, second]),
        }
    }

    fn no_host(&self, port: u16) -> [Option<Address>; 2] {
        const V6_LOOPBACK: [u8; 16] = 1_u128.to_be_bytes();
        let (v6, v4) = match self.purpose {
            Purpose::Bind => ([0; 16], [0; 4]),
            Purpose::Connect => (V6_LOOPBACK, [127, 0, 0, 1]),
        };
        [Some(Address::v6(v6, port, 0)), Some(Address::v4(v4, port))]
    }
}

/// Whether the last label is a number: then the host is a wrong address. Some resolvers would read it as octal,
/// hexadecimal or with missing parts.
fn looks_numeric(host: &[u8]) -> bool {
    let host = host.strip_suffix(b".").unwrap_or(host);
    let last = host.rsplit(|c| *c == b'.').next().unwrap_or_default();
    let hex = last.strip_prefix(b"0x").or_else(|| last.strip_prefix(b"0X"));
    match hex {
        Some(digits) => digits.iter().all(u8::is_ascii_hexdigit),
        None => !last.is_empty() && last.iter().all(u8::is_ascii_digit),
    }
}

/// `sockutil_resolve`: returns the number of addresses, and gives each to `store` with its index.
///
/// A service is a port, and only two socket types have ports here. glibc also takes `SOCK_DCCP`, and `SOCK_SEQPACKET`
/// for SCTP, musl neither; both refuse `SOCK_RAW` with any service.
pub fn resolve(query: &Query<'_>, mut store: impl FnMut(usize, &Address)) -> Result<usize, Failure> {
    if !matches!(query.kind, 0 | libc::SOCK_STREAM | libc::SOCK_DGRAM) {
        return Err(Failure::resolver(libc::EAI_SOCKTYPE));
    }
    let mut count: usize = 0;
    for address in query.resolve()?.addresses() {
        store(count, &address);
        count = count.saturating_add(1);
    }
    Ok(count)
}

/// `sockutil_error_text`: the text of a failure, cut to the buffer, which has room for at least a NUL.
pub fn error_text(errno: Errno, gai: c_int, buffer: &mut Buffer<'_>) {
    let mut memory = [0; 256];
    let text = match gai {
        0 | libc::EAI_SYSTEM => sys::strerror(errno, &mut memory),
        _ => sys::gai_strerror(gai),
    };
    let text = text.to_bytes();
    buffer.extend(text.get(..buffer.room() - 1).unwrap_or(text));
    buffer.terminate();
}
