//! Each claim of SECURITY.md names an existing test.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::fs;

/// The sections whose claims need no test.
const WITHOUT: [&str; 2] = ["What the library cannot do for you", "Reporting a problem"];

/// The items of the lists, each with its heading.
fn claims(text: &str) -> Vec<(&str, String)> {
    let mut claims: Vec<(&str, String)> = Vec::new();
    let mut heading = "";
    let mut in_item = false;
    for line in text.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            heading = title;
        }
        if let Some(start) = line.strip_prefix("- ") {
            claims.push((heading, start.to_owned()));
            in_item = true;
        } else if line.starts_with("  ") && in_item {
            let (_, claim) = claims.last_mut().unwrap();
            claim.push_str(line);
        } else {
            in_item = false;
        }
    }
    claims
}

/// `file::function` between backquotes.
fn tests_of(claim: &str) -> Vec<(&str, &str)> {
    claim.split('`').skip(1).step_by(2).filter_map(|word| word.split_once("::")).collect()
}

/// Whether a file of `tests` has a test of this name that `make test` runs.
fn is_a_test(file: &str, function: &str) -> bool {
    let Ok(source) = fs::read_to_string(support::root().join("tests").join(file)) else { return false };
    // By itself, or in a table of tests.
    let row = source.split_once(&format!("\n    fn {function}() ="));
    let Some((before, _)) = row.or_else(|| source.split_once(&format!("\nfn {function}()"))) else { return false };
    // Up to what stands before it, its attributes.
    let attributes = before.lines().rev().map(str::trim).take_while(|line| line.starts_with("#["));
    let attributes: Vec<&str> = attributes.collect();
    (row.is_some() || attributes.contains(&"#[test]"))
        && !attributes.iter().any(|attribute| attribute.starts_with("#[ignore"))
}

#[test]
fn every_claim_names_tests_that_there_are() {
    let text = fs::read_to_string(support::root().join("SECURITY.md")).unwrap();
    let (mut claimed, mut named) = (0, 0);
    for (heading, claim) in claims(&text) {
        let tests = tests_of(&claim);
        if WITHOUT.contains(&heading) {
            assert!(tests.is_empty(), "no test was expected here: {claim}");
            continue;
        }
        claimed += 1;
        named += tests.len();
        assert!(!tests.is_empty(), "no test is named: {claim}");
        for (file, function) in tests {
            assert!(is_a_test(file, function), "there is no test {function} in tests/{file}: {claim}");
        }
    }
    assert!(claimed >= 25 && named >= 50, "the text was not understood: {claimed} claims, {named} tests");
    for heading in WITHOUT {
        assert!(text.contains(&format!("\n## {heading}\n")), "{heading}");
    }
}

#[test]
fn a_test_that_is_not_there_is_missed() {
    assert!(is_a_test("security.rs", "a_test_that_is_not_there_is_missed"));
    assert!(is_a_test("threads.rs", "one_thread_reads_while_another_writes"));
    // No such function, no test, no such file, and one that `make test` leaves out.
    assert!(!is_a_test("security.rs", "nobody_wrote_this"));
    assert!(!is_a_test("exports/kit.rs", "tcp"));
    assert!(!is_a_test("nowhere.rs", "nobody_wrote_this"));
    assert!(!is_a_test("examples/load.rs", "a_thousand_threads"));
    let text = "## A\n- one `a.rs::b`\n  more `c.rs::d` `e`\n\nno claim\n  `f.rs::g`\n## B\n- two\n";
    let found = claims(text);
    assert_eq!(found.iter().map(|(heading, _)| *heading).collect::<Vec<_>>(), ["A", "B"]);
    assert_eq!(tests_of(&found.first().unwrap().1), [("a.rs", "b"), ("c.rs", "d")]);
    assert_eq!(tests_of(&found.last().unwrap().1), []);
}
