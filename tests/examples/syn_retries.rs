//! `syn_retries`: when a connect without an answer sends its SYN again, and when it gives up.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;

use crate::keepalive::{network, says_that_it_may_not};
use crate::kit::*;

/// How each thread's network is set, and how often it sends the SYN again until 1 + 2 + 4 seconds are over.
fn ways() -> [(&'static str, usize); 2] {
    let linear = Path::new("/proc/sys/net/ipv4/tcp_syn_linear_timeouts").exists();
    [("doubled pauses", 2), ("4 linear ones first", if linear { 5 } else { 2 })]
}

/// RFC 6298, section 2.1: the first pause is 1 s; 5.5: it doubles. ip-sysctl of the kernel's documentation:
/// `tcp_syn_retries`, `tcp_syn_linear_timeouts`. Time is the kernel's: it may be late, but it is hardly early.
fn sends_again(lines: &[String]) {
    for (way, times) in ways() {
        let start = format!("{way}: ");
        let mut mine: Vec<&str> = lines.iter().filter_map(|line| line.strip_prefix(&start)).collect();
        let end = mine.pop().and_then(|line| line.strip_prefix("ETIMEDOUT after ")?.strip_suffix(" ms"));
        let end: usize = end.unwrap_or_else(|| panic!("{lines:?}")).parse().unwrap();
        let second = if times == 2 { [1000, 3000].as_slice() } else { &[1000, 2000, 3000, 4000, 5000] };
        let mut last = 0;
        for line in mine {
            let (count, ms) = line.strip_prefix("SYN again, ").unwrap().split_once(", after ").unwrap();
            let count: usize = count.parse().unwrap();
            let ms: usize = ms.strip_suffix(" ms").unwrap().parse().unwrap();
            // A program that gets no processor for a second may miss one.
            assert!(last < count && count <= times, "{lines:?}");
            assert!(ms + 100 >= second[count - 1] && ms <= end, "{lines:?}");
            last = count;
        }
        assert_eq!(last, times, "{lines:?}");
        assert!((6900..20_000).contains(&end), "tcp_syn_retries is 2: {lines:?}");
    }
}

/// For each thread, in the order of their start, how often the kernel has sent a SYN again, by its table.
fn look(pid: i32, seen: &mut BTreeMap<i32, usize>) {
    let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else { return };
    for task in tasks.flatten() {
        let Ok(table) = fs::read_to_string(task.path().join("net/tcp")) else { continue };
        let rows = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        for row in rows.filter(|row| row[3] == "02") {
            let count = usize::from_str_radix(row[6], 16).unwrap();
            let most = seen.entry(task.file_name().to_str().unwrap().parse().unwrap()).or_default();
            *most = count.max(*most);
        }
    }
}

#[test]
fn a_syn_is_sent_again_after_1_and_3_seconds_and_tcp_syn_retries_ends_it() {
    let programs = KINDS.map(|kind| program("syn_retries", kind));
    if network().is_err() {
        return programs.iter().for_each(|program| says_that_it_may_not(program, "", None));
    }
    if !has_tcp_info("how often a SYN is sent again") {
        return;
    }
    thread::scope(|scope| {
        scope.spawn(|| sends_again(&printed("syn_retries", "_static")));
        let mut run = Running::start(&mut Command::new(&programs[0]));
        let mut seen = BTreeMap::new();
        let status = within_deadline("the end of the program", || {
            look(run.pid(), &mut seen);
            run.child.try_wait().unwrap()
        });
        assert_eq!(status.code(), Some(0));
        sends_again(&run.rest());
        let expected: Vec<usize> = ways().iter().map(|&(_, times)| times).collect();
        assert_eq!(seen.into_values().collect::<Vec<_>>(), expected, "by the kernel's table");
    });
}

#[test]
fn without_the_right_to_a_network_syn_retries_says_so_and_ends_with_2() {
    let deny = format!("unshare errno={}", libc::EPERM);
    says_that_it_may_not(&program("syn_retries", ""), &deny, Some(&reason(libc::EPERM)));
}
