//! `byte_order`: the order of a number's bytes. The expected results come from the compiler.

use std::process::Command;

use crate::kit::*;
use crate::support::told;

#[test]
fn this_hosts_order_and_every_conversion_are_told() {
    let little = cfg!(target_endian = "little");
    let (net16, net32, net64) = if little {
        ("0x0201", "0x04030201", "0x0807060504030201")
    } else {
        ("0x0102", "0x01020304", "0x0102030405060708")
    };
    let expected = [
        format!(
            "this host is {}",
            if little {
                "little-endian, its memory holds 0x0102 as 02 01"
            } else {
                "big-endian, its memory holds 0x0102 as 01 02"
            }
        ),
        // Network order is big-endian on every host.
        format!("htons(0x0102) = {net16}, in memory 01 02"),
        format!("ntohs({net16}) = 0x0102"),
        format!("htonl(0x01020304) = {net32}, in memory 01 02 03 04"),
        format!("ntohl({net32}) = 0x01020304"),
        format!("htonll(0x0102030405060708) = {net64}, in memory 01 02 03 04 05 06 07 08"),
        format!("ntohll({net64}) = 0x0102030405060708"),
        "message, numbers at odd addresses: ff 01 02 01 02 03 04 01 02 03 04 05 06 07 08".to_owned(),
        "get_be16: 0x0102".to_owned(),
        "get_be32: 0x01020304".to_owned(),
        "get_be64: 0x0102030405060708".to_owned(),
        "192.168.1.100 in memory: c0 a8 01 64".to_owned(),
        format!(
            "as a number: s_addr = {}, ntohl(s_addr) = 0xc0a80164",
            if little { "0x6401a8c0" } else { "0xc0a80164" }
        ),
        "port 6666 in memory: 1a 0a".to_owned(),
        format!("port 6666 without htons is port {}", if little { 2586 } else { 6666 }),
    ];
    for kind in KINDS {
        assert_eq!(printed("byte_order", kind), expected, "byte_order{kind}");
    }
}

#[test]
fn byte_order_takes_no_arguments() {
    let output = finished(Command::new(program("byte_order", "")).arg("0x0102"), b"");
    assert_eq!(output.status.code(), Some(2), "{}", told(&output));
    assert!(output.stdout.is_empty() && lines_of(&output.stderr) == 1, "{}", told(&output));
}
