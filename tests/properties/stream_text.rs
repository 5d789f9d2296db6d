//! What a text for TCP and Unix sockets names, by API.md's words and Rust's own parser of addresses.

use std::net::Ipv6Addr;

/// What a text names.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Place<'a> {
    /// A host, or none, and a service.
    Tcp(Option<&'a [u8]>, &'a [u8]),
    /// A path, or an '@' and a name.
    Unix(&'a [u8]),
    /// It is no such text.
    Nothing,
}

/// "What begins with unix: is a path, which must not be empty; else the service is what follows the last ':', not empty;
/// a host with a ':' in it stands in brackets, and brackets hold a numeric IPv6 address, with or without a zone, and
/// nothing else."
pub fn place(text: &[u8]) -> Place<'_> {
    if let Some(path) = text.strip_prefix(b"unix:") {
        return if path.is_empty() { Place::Nothing } else { Place::Unix(path) };
    }
    let mut parts = text.rsplitn(2, |byte| *byte == b':');
    let (Some(service), Some(host)) = (parts.next(), parts.next()) else { return Place::Nothing };
    if service.is_empty() {
        return Place::Nothing;
    }
    if host.is_empty() {
        return Place::Tcp(None, service);
    }
    if !host.iter().any(|byte| b":[]".contains(byte)) {
        return Place::Tcp(Some(host), service);
    }
    let inside = match host {
        // An interface may have an opening bracket in its name; a closing one would end the address.
        [b'[', inside @ .., b']'] if !inside.contains(&b']') => inside,
        _ => return Place::Nothing,
    };
    if is_v6(inside) { Place::Tcp(Some(inside), service) } else { Place::Nothing }
}

/// An IPv6 address with or without a zone: a name, or a number of 32 bits without leading zeros.
fn is_v6(text: &[u8]) -> bool {
    let mut parts = text.splitn(2, |byte| *byte == b'%');
    let ip = parts.next().and_then(|ip| std::str::from_utf8(ip).ok());
    let zone = match parts.next() {
        Some([]) => false,
        Some(zone) if zone.iter().all(u8::is_ascii_digit) => {
            let digits = String::from_utf8_lossy(zone);
            digits.parse::<u32>().is_ok_and(|number| number.to_string() == digits)
        }
        None | Some(_) => true,
    };
    zone && ip.is_some_and(|ip| ip.parse::<Ipv6Addr>().is_ok())
}
