//! Networks: an address and how many of its first bits count.

use crate::address::{parse_decimal, unmapped};
use crate::ip::{parse_v4, parse_v6};
use crate::sys::{Address, Parts};

/// The bits of `::ffff:0:0/96`, in which the IPv4-mapped addresses are.
const MAPPED_BITS: u32 = 96;

/// The address that a network begins with, and how many of its bits count. IPv4-mapped networks are IPv4.
pub fn parse(text: &[u8]) -> Option<(Address, u32)> {
    let slash = text.iter().position(|c| *c == b'/');
    let (ip, bits) = match slash.and_then(|slash| text.split_at_checked(slash)) {
        Some((ip, rest)) => (ip, Some(parse_decimal(rest.split_first()?.1)?)),
        None => (text, None),
    };
    if let Some(v4) = parse_v4(ip) {
        return of_v4(v4, bits.unwrap_or(32));
    }
    let v6 = parse_v6(ip)?;
    let bits = bits.unwrap_or(128);
    let base = Address::v6(v6, 0, 0);
    match unmapped(&base) {
        Some(Parts::V4(v4, _)) if bits >= MAPPED_BITS => of_v4(v4, bits - MAPPED_BITS),
        _ => (bits <= 128 && is_base(&v6, bits)).then_some((base, bits)),
    }
}

fn of_v4(ip: [u8; 4], bits: u32) -> Option<(Address, u32)> {
    (bits <= 32 && is_base(&ip, bits)).then_some((Address::v4(ip, 0), bits))
}

/// Whether all bits after the first `bits` are zero.
fn is_base(ip: &[u8], bits: u32) -> bool {
    let (whole, rest) = (bits as usize / 8, bits % 8);
    let tail = ip.get(whole..).unwrap_or_default();
    // The first byte of the tail may have `rest` bits of the network.
    let first = tail.first().copied().unwrap_or(0);
    first & (0xff >> rest) == 0 && tail.iter().skip(1).all(|byte| *byte == 0)
}

/// Whether two addresses have the same first `bits` bits.
fn same_start(one: &[u8], other: &[u8], bits: u32) -> bool {
    let (whole, rest) = (bits as usize / 8, bits % 8);
    let differ = |index| Some(one.get(index)? ^ other.get(index)?);
    one.get(..whole) == other.get(..whole) && differ(whole).is_none_or(|byte: u8| byte & !(0xff >> rest) == 0)
}

/// Whether an address is in a network of `bits` bits that begins with `base`. An IPv4-mapped address is IPv4.
pub fn holds(base: &Address, bits: u32, address: &Address) -> bool {
    match (base.parts(), unmapped(address)) {
        (Some(Parts::V4(base, _)), Some(Parts::V4(ip, _))) => bits <= 32 && same_start(&base, &ip, bits),
        (Some(Parts::V6(base, ..)), Some(Parts::V6(ip, ..))) => bits <= 128 && same_start(&base, &ip, bits),
        _ => false,
    }
}
