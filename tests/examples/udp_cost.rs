//! `udp_cost`: what a connected UDP socket saves. The ratio is this machine's; that both arrive is UDP's.

use std::process::Command;

use crate::kit::*;
use crate::support::told;

#[test]
fn datagrams_with_and_without_an_address_arrive_and_their_cost_is_printed() {
    for kind in KINDS {
        let output = finished(Command::new(program("udp_cost", kind)).arg("20000"), b"");
        assert!(output.status.success() && output.stderr.is_empty(), "{}", told(&output));
        let said = String::from_utf8(output.stdout).unwrap();
        let lines: Vec<&str> = said.lines().collect();
        assert_eq!(lines[..2], ["sendto: 1 datagram arrived", "connected: 1 datagram arrived"]);
        let costs = lines[2].strip_prefix("20 rounds of 1000 datagrams: sendto ").unwrap_or_else(|| panic!("{said}"));
        let (with, rest) = costs.split_once(" ns each, connected ").unwrap();
        let (without, ratio) = rest.split_once(" ns, ratio ").unwrap();
        let [with, without, ratio] = [with, without, ratio].map(|number| number.parse::<f64>().unwrap());
        // Both were rounded.
        assert!(with >= 1.0 && without >= 1.0 && (without / with - ratio).abs() < 0.02, "{said}");
        assert_eq!(lines.len(), 3, "{said}");
    }
}

#[test]
fn a_number_of_datagrams_that_is_none_is_refused() {
    for arguments in [&["19"][..], &["x"], &["100x"], &["100000001"], &["100", "more"]] {
        let output = finished(Command::new(program("udp_cost", "")).args(arguments), b"");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", told(&output));
        assert!(output.stdout.is_empty() && lines_of(&output.stderr) == 1, "{arguments:?}: {}", told(&output));
    }
}
