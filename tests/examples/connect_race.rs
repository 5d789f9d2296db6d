//! `connect_race`: a name with a dead and a live address.

use std::fs;
use std::process::Command;

use crate::kit::*;
use crate::support::{has_ipv6, left_out, scratch, told};

/// Checks the output. Returns the dead and the live address.
fn races(said: &str) -> (String, String) {
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 5, "{said}");
    let [first, second] = [(0, "first ", ": dead"), (1, "second ", ": alive")].map(|(i, before, after)| {
        lines[i]
            .strip_prefix(before)
            .and_then(|rest: &str| rest.strip_suffix(after))
            .unwrap_or_else(|| panic!("{said}"))
    });
    let port = |address: &str| address.rsplit_once(':').unwrap().1.parse::<u16>().unwrap();
    assert!(first != second && port(first) == port(second), "{said}");
    assert_eq!(lines[2], format!("one after the other: ETIMEDOUT at {first} after 1000 ms"));

    // RFC 8305, section 8: the next attempt begins after 250 ms. Time is never early, but it may be late.
    let raced =
        lines[3].strip_prefix(&format!("race: connected to {second} after ")).unwrap_or_else(|| panic!("{said}"));
    let (ms, other) = raced.split_once(" ms; ").unwrap();
    assert!((250..4000).contains(&ms.parse::<u32>().unwrap()), "{said}");
    assert_eq!(other, "in SYN_SENT at most 1, now 0", "the other was on its way all the time, and then was given up");

    // A refusal is an answer, so that nothing is left to wait for.
    let refused = lines[4].strip_prefix(&format!("race, the first refuses: connected to {second} after "));
    let (_, other) = refused.and_then(|rest| rest.split_once(" ms; ")).unwrap_or_else(|| panic!("{said}"));
    assert!(other.ends_with(", now 0"), "{said}");
    (first.into(), second.into())
}

#[test]
fn the_second_address_does_not_wait_for_a_dead_first_one() {
    for kind in KINDS {
        if !has_ipv6("a race of ::1 and 127.0.0.1") {
            let output = finished(&mut Command::new(program("connect_race", kind)), b"");
            assert_eq!(output.status.code(), Some(77), "{}", told(&output));
            return;
        }
        let (dead, live) = races(&printed("connect_race", kind).join("\n"));
        assert!(dead.starts_with("[::1]:") && live.starts_with("127.0.0.1:"), "IPv6 comes first: {dead}, {live}");
    }
}

#[test]
fn a_name_with_a_dead_address_connects_to_its_live_one() {
    let hosts = scratch("examples-hosts").join("hosts");
    fs::write(&hosts, "127.0.0.2 pair.test\n127.0.0.3 pair.test\n").unwrap();
    // The name is known in a mount namespace of its own.
    let script = r#"mount --bind "$1" /etc/hosts || exit 99; exec "$2" pair.test"#;
    let mut command = Command::new("unshare");
    command.args(["-m", "sh", "-c", script, "sh"]).arg(&hosts).arg(program("connect_race", ""));
    let output = finished(&mut command, b"");
    // The shell's own status, timeout(1)'s for a missing unshare(1), or what unshare(1) says.
    if matches!(output.status.code(), Some(99 | 127)) || output.stderr.starts_with(b"unshare: ") {
        left_out("no mount namespace", "a name with two addresses");
        return;
    }
    assert!(output.status.success(), "{}", told(&output));
    let (dead, live) = races(&String::from_utf8(output.stdout).unwrap());
    let mut hosts = [dead, live].map(|address| address.split_once(':').unwrap().0.to_owned());
    hosts.sort();
    assert_eq!(hosts, ["127.0.0.2", "127.0.0.3"]);
}

#[test]
fn a_host_of_one_address_or_none_is_a_bad_argument() {
    for arguments in [&["127.0.0.1"][..], &["127.1"], &["127.0.0.1", "more"]] {
        let output = finished(Command::new(program("connect_race", "")).args(arguments), b"");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", told(&output));
        assert!(output.stdout.is_empty() && lines_of(&output.stderr) == 1, "{arguments:?}: {}", told(&output));
    }
}
