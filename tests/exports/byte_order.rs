//! Byte order.

use std::ptr;

use crate::c::*;

use crate::kit::gives;

#[test]
fn host_and_network_order() {
    // What lies in memory is what RFC 1700 says, whatever this host is.
    assert_eq!(sockutil_htons(0x0102).to_ne_bytes(), [1, 2]);
    assert_eq!(sockutil_htonl(0x0102_0304).to_ne_bytes(), [1, 2, 3, 4]);
    assert_eq!(sockutil_htonll(0x0102_0304_0506_0708).to_ne_bytes(), [1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(sockutil_ntohs(u16::from_ne_bytes([1, 2])), 0x0102);
    assert_eq!(sockutil_ntohl(u32::from_ne_bytes([1, 2, 3, 4])), 0x0102_0304);
    assert_eq!(sockutil_ntohll(u64::from_ne_bytes([1, 2, 3, 4, 5, 6, 7, 8])), 0x0102_0304_0506_0708);
    for n in 0..=u16::MAX {
        assert_eq!(sockutil_ntohs(sockutil_htons(n)), n);
    }
}

#[test]
fn big_endian_numbers_at_any_alignment() {
    let bytes: Vec<u8> = (0x80..0xa0).collect();
    for at in 0..8 {
        let from = bytes[at..].as_ptr().cast();
        let first = at as u8 + 0x80;
        let expected = |n: u8| (0..n).fold(0, |sum: u64, i| sum << 8 | u64::from(first + i));
        unsafe {
            assert_eq!(u64::from(sockutil_get_be16(from)), expected(2));
            assert_eq!(u64::from(sockutil_get_be32(from)), expected(4));
            assert_eq!(sockutil_get_be64(from), expected(8));
        }
        let mut out = [0xEE_u8; 24];
        unsafe {
            sockutil_put_be16(out[at..].as_mut_ptr().cast(), 0x8182);
            assert_eq!(out[at..at + 3], [0x81, 0x82, 0xEE]);
            sockutil_put_be32(out[at..].as_mut_ptr().cast(), 0x9192_9394);
            assert_eq!(out[at..at + 5], [0x91, 0x92, 0x93, 0x94, 0xEE]);
            sockutil_put_be64(out[at..].as_mut_ptr().cast(), 0xA1A2_A3A4_A5A6_A7A8);
            assert_eq!(out[at..at + 9], [0xA1, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7, 0xA8, 0xEE]);
        }
        assert!(out[..at].iter().all(|&b| b == 0xEE));
    }
}

#[test]
fn null_is_zero_and_no_place() {
    unsafe {
        gives(0, || sockutil_get_be16(ptr::null()));
        gives(0, || sockutil_get_be32(ptr::null()));
        gives(0, || sockutil_get_be64(ptr::null()));
        sockutil_put_be16(ptr::null_mut(), 1);
        sockutil_put_be32(ptr::null_mut(), 1);
        sockutil_put_be64(ptr::null_mut(), 1);
    }
}

#[test]
fn this_hosts_order() {
    assert_eq!(sockutil_is_big_endian() == 1, 1_u16.to_ne_bytes() == [0, 1]);
    assert_eq!(sockutil_is_big_endian() == 0, 1_u16.to_ne_bytes() == [1, 0]);
}
