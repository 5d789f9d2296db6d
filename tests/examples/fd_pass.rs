//! `fd_pass`: a descriptor passed to another process.

use std::process::Command;

use crate::kit::*;
use crate::support::told;

/// A process's line about a descriptor: its number, the socket's, `FD_CLOEXEC`, `O_NONBLOCK`.
fn described<'a>(line: &'a str, who: &str) -> (u32, &'a str, &'a str, &'a str) {
    let words: Vec<&str> = line.split([' ', ',']).filter(|word| !word.is_empty()).collect();
    let [name, "descriptor", fd, "is", "socket", socket, "FD_CLOEXEC", on_exec, "O_NONBLOCK", nonblock] = words[..]
    else {
        panic!("{line}")
    };
    assert_eq!(name.strip_suffix(':'), Some(who), "{line}");
    (fd.parse().unwrap(), socket, on_exec, nonblock)
}

#[test]
fn the_receiver_has_the_senders_socket_under_a_number_of_its_own() {
    for kind in KINDS {
        let lines = printed("fd_pass", kind);
        assert_eq!(lines.len(), 9, "{lines:?}");
        let (sent, socket, on_exec, nonblock) = described(&lines[0], "parent");
        assert_eq!((on_exec, nonblock), ("off", "off"), "{lines:?}");
        assert!(socket.parse::<u64>().unwrap() > 0, "{lines:?}");

        // FD_CLOEXEC belongs to the new descriptor, and O_NONBLOCK was passed.
        let (received, same, on_exec, nonblock) = described(&lines[1], "child");
        assert_eq!((same, on_exec, nonblock), (socket, "on", "off"), "{lines:?}");
        assert_ne!(received, sent, "{lines:?}");

        // The child has written through its descriptor, and set O_NONBLOCK for both.
        assert_eq!(lines[2], "client: reads greetings from the child");
        assert_eq!(described(&lines[3], "parent"), (sent, socket, "off", "on"), "{lines:?}");

        // The sender's copy is not needed any more.
        assert_eq!(lines[4], format!("parent: has closed descriptor {sent}; the connection is ESTABLISHED"));
        assert_eq!(lines[5], "child: reads a line for whoever serves me");
        assert_eq!(lines[6], "child: recv_fd fails with EPROTO: a message without a descriptor");
        assert_eq!(lines[7], "child: recv_fd returns 0: no more messages");
        assert_eq!(lines[8], "client: reads the end of the stream");
        assert!(lines.iter().all(|line| line.len() <= 100), "{lines:?}");
    }
}

#[test]
fn a_bad_argument_is_one_line_and_status_2() {
    for arguments in [&["-x"][..], &["1"]] {
        let output = finished(Command::new(program("fd_pass", "")).args(arguments), b"");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", told(&output));
        assert!(output.stdout.is_empty() && lines_of(&output.stderr) == 1, "{arguments:?}: {}", told(&output));
    }
}
