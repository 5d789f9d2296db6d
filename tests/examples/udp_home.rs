//! `udp_home`: where the answers of a UDP server on any address come from.

use std::process::Command;

use crate::kit::*;
use crate::support::told;

/// The lines of one question, with its ports: the server's and the client's.
fn question(lines: &[String], who: &str, asked: &str) -> (String, String, Vec<String>) {
    let port = lines[0].strip_prefix(&format!("{who} asks {asked}:")).unwrap_or_else(|| panic!("{lines:?}")).to_owned();
    let client = lines[1].strip_prefix("  server: from 127.0.0.1:").unwrap_or_else(|| panic!("{lines:?}"));
    let (client, did) = client.split_once(", ").unwrap();
    let answer = lines[2].strip_prefix("  client: ").unwrap_or_else(|| panic!("{lines:?}"));
    (port, client.to_owned(), vec![did.to_owned(), answer.to_owned()])
}

#[test]
fn only_the_server_that_answers_from_home_reaches_a_connected_client() {
    for kind in KINDS {
        let lines = printed("udp_home", kind);
        assert_eq!(lines.len(), 12, "{lines:?}");
        let each: Vec<_> = lines
            .chunks(3)
            .zip(["a client", "a connected client"].into_iter().cycle())
            .map(|(lines, who)| question(lines, who, "127.0.0.2"))
            .collect();
        let [plain, home] = [0, 2].map(|i| each[i].0.as_str());
        assert!(plain == each[1].0 && home == each[3].0 && plain != home, "two servers: {lines:?}");

        // The kernel answers from the first address of the loopback interface, whatever was asked.
        assert_eq!(each[0].2, ["answered".into(), format!("14 bytes from 127.0.0.1:{plain}")]);
        assert_eq!(each[1].2, ["answered", "no answer"]);
        for connected in [2, 3] {
            let expected =
                ["asked at 127.0.0.2:0, answered from there".into(), format!("14 bytes from 127.0.0.2:{home}")];
            assert_eq!(each[connected].2, expected);
        }
    }
}

#[test]
fn at_the_first_address_of_the_interface_no_difference_shows() {
    let output = finished(Command::new(program("udp_home", "")).arg("127.0.0.1"), b"");
    let said = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(output.status.success(), "{}", told(&output));
    assert_eq!(said.matches("  client: 14 bytes from 127.0.0.1:").count(), 4, "{said}");
}

#[test]
fn bad_arguments_of_udp_home_are_one_line_and_status_2() {
    for arguments in [&["localhost"][..], &["1.2.3"], &["::1"], &["127.0.0.2", "more"]] {
        let output = finished(Command::new(program("udp_home", "")).args(arguments), b"");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", told(&output));
        assert!(output.stdout.is_empty() && lines_of(&output.stderr) == 1, "{arguments:?}: {}", told(&output));
    }
}
