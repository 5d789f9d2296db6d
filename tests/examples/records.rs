//! `records`: messages that end with a NUL, by one read each and by a reader.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::process::Command;

use crate::kit::*;
use crate::support::told;

/// How the tutorials lose the second of two messages, and that the reader loses no part of one.
const START: &str = "one read: 12 bytes, as a text: hello\na part: EAGAIN\nthe rest: in two parts\n";

/// The expected output for these texts: all but the last one are sent with their NUL.
fn expected(texts: &[Vec<u8>]) -> Vec<u8> {
    let mut all = START.as_bytes().to_vec();
    let (last, whole) = texts.split_last().unwrap();
    for text in whole {
        all.extend(format!("record of {} bytes: ", text.len() + 1).as_bytes());
        all.extend([text, &b"\n"[..]].concat());
    }
    if !last.is_empty() {
        all.extend(format!("last record, of {} bytes, without NUL: ", last.len()).as_bytes());
        all.extend([last, &b"\n"[..]].concat());
    }
    all
}

#[test]
fn one_read_takes_two_messages_for_one_text_and_a_reader_takes_each_whole() {
    for kind in KINDS {
        let texts = [&b"first"[..], b"", b"last"].map(<[u8]>::to_vec);
        assert_eq!(printed("records", kind).join("\n") + "\n", String::from_utf8(expected(&texts)).unwrap());
    }
}

#[test]
fn each_record_comes_out_whole_and_so_does_the_last_one_without_nul() {
    let long = bytes(100_000);
    let cases: [&[Vec<u8>]; 6] = [
        &[b"alone".to_vec()],
        &[Vec::new(), Vec::new(), Vec::new()],
        &[b"two\nlines\n".to_vec(), b"\r\n".to_vec(), vec![0xff, 0x80], "Grüße".into()],
        &[long.clone(), long.clone(), b"x".to_vec(), long.clone()],
        &vec![b"0123456789".to_vec(); 1000],
        &[b"after a text".to_vec(), b"-h".to_vec()],
    ];
    for kind in KINDS {
        for texts in cases {
            let words = texts.iter().map(|text| OsString::from_vec(text.clone()));
            let output = finished(Command::new(program("records", kind)).args(words), b"");
            assert!(output.status.success() && output.stderr.is_empty(), "{}", told(&output));
            assert!(output.stdout == expected(texts), "{}", String::from_utf8_lossy(&output.stdout));
        }
    }
}
