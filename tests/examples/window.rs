//! `window`: a reader that does not read blocks the writer, and a stream has no messages.

use std::fs;
use std::process::Command;

use crate::kit::*;

/// More than the two buffers of 64 KiB hold. socket(7): the kernel doubles the requested size.
const TOTAL: usize = 1_000_000;

/// A line with a # for each number, and the numbers.
fn numbers(line: &str) -> (String, Vec<usize>) {
    let (mut shape, mut found) = (String::new(), Vec::new());
    for part in line.split_inclusive(|c: char| !c.is_ascii_digit()) {
        let digits = part.trim_end_matches(|c: char| !c.is_ascii_digit());
        if !digits.is_empty() {
            found.push(digits.parse().unwrap());
            shape.push('#');
        }
        shape.push_str(&part[digits.len()..]);
    }
    (shape, found)
}

/// The numbers of a line that must have this shape.
fn numbers_of<const N: usize>(line: &str, expected: &str) -> [usize; N] {
    let (shape, found) = numbers(line);
    assert_eq!(shape, expected, "{line}");
    found.try_into().unwrap()
}

const ADDRESSES: &str = "writer #.#.#.#:#, reader #.#.#.#:#, # bytes to write";
const NOT_YET: &str = "writer: # bytes taken after # ms, then EAGAIN";

#[test]
fn the_writer_waits_for_a_reader_that_does_not_read_and_goes_on_when_it_does() {
    for kind in KINDS {
        let said = printed("window", kind);
        assert_eq!(said.len(), 9, "{said:?}");
        let [.., total] = numbers_of::<11>(&said[0], ADDRESSES);
        assert_eq!(total, TOTAL);
        let [at_once, _] = numbers_of(&said[1], NOT_YET);
        let [taken, waited] = numbers_of(&said[2], NOT_YET);
        assert!(0 < at_once && at_once <= taken && taken < TOTAL, "{said:?}");
        assert!(waited >= 300, "it had that long, and gave up before: {said:?}");
        let [unread, unsent] = numbers_of(&said[3], "queued: # bytes at the reader, # at the writer");
        assert!(unread > 0 && unsent > 0 && unread + unsent == taken, "{said:?}");
        assert_eq!(numbers_of(&said[4], "reader: # bytes read"), [taken]);
        let [more] = numbers_of(&said[5], "writer: # bytes more");
        assert!(0 < more && more <= TOTAL - taken, "{said:?}");
        let [turns, written, read] = numbers_of(&said[6], "in # turns: # bytes written, # read, as sent");
        assert!(turns > 1 && (written, read) == (TOTAL, TOTAL), "{said:?}");
    }
}

/// The bytes that an end holds in `/proc/net/tcp`: not acknowledged, and not read.
fn queues(local: usize, peer: usize) -> Option<(usize, usize)> {
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    let ends = format!("0100007F:{local:04X} 0100007F:{peer:04X} ");
    let line = table.lines().find(|line| line.contains(&ends))?;
    let (sent, received) = line.split_whitespace().nth(4).unwrap().split_once(':').unwrap();
    Some((usize::from_str_radix(sent, 16).unwrap(), usize::from_str_radix(received, 16).unwrap()))
}

#[test]
fn the_kernel_holds_what_was_taken_while_nobody_reads() {
    let mut run = Stepping::start(&mut Command::new(program("window", "")));
    let [_, _, _, _, writer, _, _, _, _, reader, _] = numbers_of(&run.line().unwrap(), ADDRESSES);
    numbers_of::<2>(&run.line().unwrap(), NOT_YET);
    // Until the test takes the third line, the program stops before the fifth, and so before it reads.
    run.wait();
    let mut seen = Vec::new();
    let (unsent, unread) = within_deadline("queues that do not change", || {
        let (Some((unsent, 0)), Some((0, unread))) = (queues(writer, reader), queues(reader, writer)) else {
            panic!("bytes in the wrong direction, or no connection");
        };
        seen.push((unsent, unread));
        (seen.len() >= 20 && seen[seen.len() - 20..].iter().all(|now| *now == (unsent, unread)))
            .then_some((unsent, unread))
    });
    let [taken, _] = numbers_of(&run.line().unwrap(), NOT_YET);
    assert!(unsent > 0 && unread > 0 && unsent + unread == taken, "{unsent} and {unread}, not {taken}");
    let shape = "queued: # bytes at the reader, # at the writer";
    assert_eq!(numbers_of(&run.line().unwrap(), shape), [unread, unsent]);
    while run.line().is_some() {}
}

#[test]
fn many_small_writes_come_out_in_few_reads() {
    for kind in KINDS {
        let said = printed("window", kind);
        for (line, switch) in [(&said[7], "off"), (&said[8], "on")] {
            let shape = format!("TCP_NODELAY {switch}: # writes of # bytes, # reads: # bytes, as sent");
            let [writes, size, reads, total] = numbers_of(line, &shape);
            assert_eq!((writes, size, total), (1000, 10, 10_000), "{line}");
            assert!(0 < reads && reads <= writes / 10, "{line}");
        }
    }
}
