//! `addr_text`: which texts are addresses. The expected results come from POSIX (`inet_pton`, `inet_addr`), RFC 4291,
//! section 2.2, and RFC 5952.

use std::process::Command;

use crate::kit::*;
use crate::support::told;

/// A text; the results of `sockutil_pton`, `sockutil_addr_parse`, `inet_addr` and `inet_aton`, "" if they refuse it;
/// and the reason.
type Row = [&'static str; 6];

const OCTAL: &str = "a leading zero: octal for inet_aton";
const FEWER: &str = "fewer than 4 numbers: for inet_aton the last one is longer";
const BLANK: &str = "a blank";
const NO_DIGIT: &str = "a character that is no digit";
const MISSING: &str = "a number is missing";
const V4: &str = "4 numbers of 0 to 255";
const V6: &str = "a form of RFC 4291, written as in RFC 5952";
const MORE: &str = "more than an address: brackets, zone, port or path";
const NO_ENDPOINT: &str = "not ip:port or [ipv6]:port, port 0 to 65535 without leading zeros";
const NO_DEVICE: &str = "No such device";

/// The program's own table.
const TABLE: [Row; 27] = [
    ["192.168.1.100", "192.168.1.100", "192.168.1.100:6666", "192.168.1.100", "192.168.1.100", V4],
    // 0xffffffff, which is INADDR_NONE.
    [
        "255.255.255.255",
        "255.255.255.255",
        "255.255.255.255:6666",
        "",
        "255.255.255.255",
        "inet_addr's error is this address",
    ],
    ["010.1.1.1", "", "", "8.1.1.1", "8.1.1.1", OCTAL],
    ["08.1.1.1", "", "", "", "", OCTAL],
    ["0x7f.1", "", "", "127.0.0.1", "127.0.0.1", "0x: hexadecimal for inet_aton"],
    ["1.2.3", "", "", "1.2.0.3", "1.2.0.3", FEWER],
    ["2130706433", "", "", "127.0.0.1", "127.0.0.1", FEWER],
    ["256.1.1.1", "", "", "", "", "a number above 255"],
    ["1.2.3.4.5", "", "", "", "", "more than 4 numbers"],
    ["1.2..3", "", "", "", "", MISSING],
    [" 1.2.3.4", "", "", "", "", BLANK],
    BEHIND_A_BLANK,
    ["1.2.3.4x", "", "", "", "", NO_DIGIT],
    ["::1", "::1", "[::1]:6666", "", "", V6],
    ["::ffff:1.2.3.4", "::ffff:1.2.3.4", "[::ffff:1.2.3.4]:6666", "", "", V6],
    ["::ffff:1.2.3.04", "", "", "", "", OCTAL],
    ["2001:DB8::0:1", "2001:db8::1", "[2001:db8::1]:6666", "", "", V6],
    ["1:2:3:4:5:6:7", "", "", "", "", "not 8 groups"],
    ["1::2::3", "", "", "", "", "more than one \"::\""],
    ["12345::", "", "", "", "", "a group of more than 4 digits"],
    ["fe80::1%lo", "", "[fe80::1%lo]:6666", "", "", MORE],
    ["fe80::1%none", "", "", "", "", NO_DEVICE],
    ["1.2.3.4:80", "", "1.2.3.4:80", "", "", MORE],
    ["1.2.3.4:65536", "", "", "", "", NO_ENDPOINT],
    ["[::1]", "", "[::1]:6666", "", "", MORE],
    ["[::1]:80", "", "[::1]:80", "", "", MORE],
    ["[1.2.3.4]:80", "", "", "", "", NO_ENDPOINT],
];

/// glibc's old functions stop at a blank; POSIX does not say so.
const BEHIND_A_BLANK: Row = if cfg!(target_env = "gnu") {
    ["1.2.3.4 x", "", "", "1.2.3.4", "1.2.3.4", BLANK]
} else {
    ["1.2.3.4 x", "", "", "", "", BLANK]
};

/// Texts from the arguments.
const GIVEN: [Row; 33] = [
    ["", "", "", "", "", MISSING],
    [".", "", "", "", "", MISSING],
    ["1.2.3.4.", "", "", "", "", MISSING],
    ["0.0.0.0", "0.0.0.0", "0.0.0.0:6666", "0.0.0.0", "0.0.0.0", V4],
    ["0", "", "", "0.0.0.0", "0.0.0.0", FEWER],
    ["127.1", "", "", "127.0.0.1", "127.0.0.1", FEWER],
    ["1.65535", "", "", "1.0.255.255", "1.0.255.255", "a number above 255"],
    ["1.2.3.256", "", "", "", "", "a number above 255"],
    ["1.2.3.1000", "", "", "", "", "a number above 255"],
    ["00.0.0.0", "", "", "0.0.0.0", "0.0.0.0", OCTAL],
    ["1.2.3.0X10", "", "", "1.2.3.16", "1.2.3.16", "0x: hexadecimal for inet_aton"],
    ["-1.2.3.4", "", "", "", "", NO_DIGIT],
    ["1,2,3,4", "", "", "", "", NO_DIGIT],
    ["localhost", "", "", "", "", NO_DIGIT],
    ["localhost:80", "", "", "", "", NO_ENDPOINT],
    ["1.2.3.4:", "", "", "", "", NO_ENDPOINT],
    ["1.2.3.4:080", "", "", "", "", NO_ENDPOINT],
    ["[::1", "", "", "", "", NO_ENDPOINT],
    ["[::1]:080", "", "", "", "", NO_ENDPOINT],
    ["::", "::", "[::]:6666", "", "", V6],
    ["1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8", "[1:2:3:4:5:6:7:8]:6666", "", "", V6],
    ["1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304", "[1:2:3:4:5:6:102:304]:6666", "", "", V6],
    ["0:0:1:0:0:0:2:0", "0:0:1::2:0", "[0:0:1::2:0]:6666", "", "", V6],
    ["::FFFF:1.2.3.4", "::ffff:1.2.3.4", "[::ffff:1.2.3.4]:6666", "", "", V6],
    ["1:2:3:4:5:6:7:8:9", "", "", "", "", "not 8 groups"],
    ["1:2:3:4:5:6:7:1.2.3.4", "", "", "", "", "not 8 groups"],
    ["::g", "", "", "", "", "a character that is no hexadecimal digit"],
    ["1.2.3.4::", "", "", "", "", "a character that is no hexadecimal digit"],
    ["::1.2.3", "", "", "", "", FEWER],
    ["[fe80::1%lo]:80", "", "[fe80::1%lo]:80", "", "", MORE],
    ["unix:/run/x.sock", "", "unix:/run/x.sock", "", "", MORE],
    [
        "2001:0db8:85a3:0000:0000:8a2e:0370:7334",
        "2001:db8:85a3::8a2e:370:7334",
        "[2001:db8:85a3::8a2e:370:7334]:6666",
        "",
        "",
        V6,
    ],
    ["a text that is longer than its column", "", "", "", "", NO_DIGIT],
];

fn sees(line: &str, [text, pton, parse, addr, aton, why]: Row) {
    let rest = line.strip_prefix(&format!("\"{text}\" ")).unwrap_or_else(|| panic!("{text:?}: {line}"));
    let mut words = rest.split_whitespace();
    let mut next = || words.next().unwrap();
    let or = |expected: &'static str, refused| if expected.is_empty() { refused } else { expected };
    assert_eq!(next(), or(pton, "refused"), "sockutil_pton: {line}");
    assert_eq!(next(), or(parse, "refused"), "sockutil_addr_parse: {line}");
    assert_eq!(next(), or(addr, "INADDR_NONE"), "inet_addr: {line}");
    assert_eq!(next(), or(aton, "refused"), "inet_aton: {line}");
    let told: Vec<&str> = words.collect();
    assert_eq!(told.join(" "), why, "{line}");
}

fn sees_heading(line: &str) {
    let heading: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(heading, ["text", "sockutil_pton", "sockutil_addr_parse", "inet_addr", "inet_aton", "why"]);
}

#[test]
fn a_table_of_forms_is_judged_each_with_its_reason() {
    for kind in KINDS {
        let lines = printed("addr_text", kind);
        assert_eq!(lines.len(), 1 + TABLE.len() + 3, "{lines:#?}");
        sees_heading(&lines[0]);
        for (line, row) in lines[1..].iter().zip(TABLE) {
            sees(line, row);
        }
    }
}

#[test]
fn inet_ntoa_overwrites_its_answer_and_a_size_includes_the_nul() {
    for kind in KINDS {
        let lines = printed("addr_text", kind);
        assert_eq!(
            lines[1 + TABLE.len()..],
            [
                "inet_ntoa: 192.168.100.100, which after the next inet_ntoa reads 10.0.0.1",
                "sockutil_ntop into 16 bytes: 192.168.100.100",
                "sockutil_ntop into 15 bytes: ENOSPC",
            ]
        );
    }
}

#[test]
fn given_texts_are_judged_and_nothing_else() {
    let rows: Vec<Row> = TABLE.iter().chain(&GIVEN).copied().collect();
    let mut command = Command::new(program("addr_text", ""));
    // A text that starts with a minus is no option here.
    let output = finished(command.arg("--").args(rows.iter().map(|row| row[0])), b"");
    assert!(output.status.success() && output.stderr.is_empty(), "{}", told(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 1 + rows.len(), "{lines:#?}");
    sees_heading(lines[0]);
    for (line, row) in lines[1..].iter().zip(rows) {
        sees(line, row);
    }
}
