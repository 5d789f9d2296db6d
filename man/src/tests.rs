//! What is read out of a header and a comment, and what becomes of their words.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and is no interface"
)]

use std::collections::HashMap;

use crate::comment::Words;
use crate::header::Header;
use crate::markup::{Names, Text};

/// A header with one of each: constant, struct, functions with and without errno values, bare names.
const HEADER: &str = r#"/* small.h - sockutil_nothing(int) stands in a comment
 * int sockutil_neither(int);
 */
#define SOCKUTIL_RESULT __attribute__((warn_unused_result))
extern "C" {
/* ---- Numbers ----------------------------------------------------------- */

/**
 * A constant.
 */
#define SOCKUTIL_ONE 1

/**
 * A struct.
 *
 * With a second paragraph.
 */
typedef struct sockutil_pair {
  /**
   * A field with a comment.
   */
  int first;
  int hidden;
} sockutil_pair;

/* ---- Calls ------------------------------------------------------------- */

/**
 * Does something.
 *
 * It waits.
 *
 * Returns 0, or -1 with errno:
 *   EINVAL  fd is negative,
 *           or not open
 *   E2BIG   too long
 * and those of read(2).
 *
 * Async-signal-safe and thread-safe.
 * Source: POSIX read.
 */
int sockutil_go(int fd,
                const void *buf,
                size_t n) SOCKUTIL_RESULT;

/**
 * Names a state.
 *
 * Returns a text.
 *
 * Thread-safe.
 * Source: none.
 */
const char *sockutil_name(void);

/* ---- Classic names ---------------------------------------------------- */
#define SOCKUTIL_CLASSIC static inline
SOCKUTIL_WRITES(2, 3)
SOCKUTIL_CLASSIC int go(int fd, const void *buf, size_t n)
{
    return sockutil_go(fd, buf, n);
}
#define SOCKUTIL_INLINE extern __inline
#define SOCKUTIL_BYTE_ORDER(bits, hton)                                      \
    SOCKUTIL_INLINE uint##bits##_t hton(uint##bits##_t host)                 \
    {                                                                        \
    }
SOCKUTIL_BYTE_ORDER(16, sockutil_htons)
"#;

fn header(text: &str) -> Header {
    Header::parse(text).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn every_declared_function_is_named_and_nothing_else() {
    let commented = HEADER.find("/**\n * Names a state").unwrap()..HEADER.find("/* ---- Classic").unwrap();
    for (what, text, names) in [
        ("all", HEADER.to_owned(), vec!["sockutil_go", "sockutil_name", "go"]),
        ("one less", HEADER.replace(&HEADER[commented], ""), vec!["sockutil_go", "go"]),
    ] {
        assert_eq!(header(&text).names().collect::<Vec<_>>(), names, "{what}");
    }
}

#[test]
fn every_errno_value_is_paired_with_its_function() {
    let two = vec![("sockutil_go", "EINVAL"), ("sockutil_go", "E2BIG")];
    let more = " *   EINVAL  fd is negative,\n *           or not open\n";
    for (what, text, pairs) in [
        ("all", HEADER.to_owned(), two.clone()),
        ("one less", HEADER.replace(more, ""), vec![("sockutil_go", "E2BIG")]),
        ("not three blanks in", HEADER.replace(" *   E2BIG ", " * E2BIG "), vec![("sockutil_go", "EINVAL")]),
    ] {
        assert_eq!(header(&text).pairs().collect::<Vec<_>>(), pairs, "{what}");
    }
}

#[test]
fn the_parts_of_a_header_are_found() {
    let header = header(HEADER);
    let titles: Vec<&str> = header.sections.iter().map(|section| section.title.as_str()).collect();
    assert_eq!(titles, ["Numbers", "Calls"]);
    assert_eq!(header.bare, [("go".to_owned(), "sockutil_go".to_owned())]);
    let [numbers, calls] = header.sections.as_slice() else { panic!("two sections") };
    let constants: Vec<_> = numbers.constants.iter().map(|c| [&*c.name, &*c.value, &*c.text]).collect();
    assert_eq!(constants, [["SOCKUTIL_ONE", "1", "A constant."]]);
    let structs: Vec<_> = numbers.structs.iter().map(|s| (&*s.name, &*s.fields, &*s.paragraphs)).collect();
    let paragraphs = ["A struct.", "With a second paragraph."].map(str::to_owned);
    assert_eq!(structs, [("sockutil_pair", &["int first;".to_owned()][..], &paragraphs[..])]);
    let functions: Vec<_> =
        calls.functions.iter().map(|f| (&*f.name, &*f.result, f.parameter_names().collect::<Vec<_>>())).collect();
    assert_eq!(
        functions,
        [("sockutil_go", "int", vec!["fd", "buf", "n"]), ("sockutil_name", "const char *", Vec::new())]
    );
}

#[test]
fn a_header_that_is_not_understood_is_refused() {
    for (right, wrong, said) in [
        ("/* ---- Numbers -", "/* Numbers -", "a comment stands before the first section"),
        ("SOCKUTIL_CLASSIC int", "SOCKUTIL_MODERN int", "the header has no bare name"),
        ("#define SOCKUTIL_ONE 1", "#define SOCKUTIL_ONE", "SOCKUTIL_ONE has no value"),
        ("const char *sockutil_name(void);", "const char *sockutil_name;", "not understood"),
        (" * Source: POSIX read.\n", "", "sockutil_go: \"Source: \" is missing"),
    ] {
        assert!(HEADER.contains(right), "{right}");
        let error = Header::parse(&HEADER.replacen(right, wrong, 1)).err().unwrap_or_default();
        assert!(error.contains(said), "{said}: {error}");
    }
}

#[test]
fn a_comment_is_taken_apart() {
    let comment = "Does something\nin two lines.\n\nIt waits.\n\nAnd more.\n\nReturns 0, or -1 with errno:\n  EINVAL  bad,\n          \
                   very bad\n  EAGAIN  late\nand those of read(2).\n\nThread-safe.\nSource: POSIX read.";
    let words = Words::parse(&comment.lines().collect::<Vec<_>>()).unwrap();
    let errors = [("EINVAL", "bad, very bad"), ("EAGAIN", "late")].map(|(a, b)| (a.to_owned(), b.to_owned()));
    assert_eq!(words.sentence, "Does something in two lines.");
    assert_eq!(words.paragraphs, ["It waits.", "And more."]);
    assert_eq!(words.returns, "0, or -1 with errno:");
    assert_eq!(words.errors, errors);
    assert_eq!(words.more, "and those of read(2).");
    assert_eq!((&*words.safety, &*words.source), ("Thread-safe.", "POSIX read."));
}

#[test]
fn a_comment_in_another_order_is_refused() {
    let end = "\n\nThread-safe.\nSource: none.";
    for (comment, said) in [
        (String::new(), "the first sentence is missing"),
        ("Does it.".to_owned(), "the safety is missing"),
        ("Does it.\n\nReturns 0.\n\nThread-safe.".to_owned(), "\"Source: \" is missing"),
        (format!("Does it.{end}"), "\"Returns \" is missing"),
        (format!("Does it.\n\nGives 0.{end}"), "\"Returns \" is missing"),
        (format!("Does it.\n\nReturns -1 with errno:{end}"), "errno values must follow a colon"),
        (format!("Does it.\n\nReturns -1.\n  EINVAL  bad{end}"), "errno values must follow a colon"),
        ("Does it.\n\nReturns 0.\n\nQuick.\nSource: none.".to_owned(), "not a word about threads"),
    ] {
        let error = Words::parse(&comment.lines().collect::<Vec<_>>()).err().unwrap_or_default();
        assert!(error.contains(said), "{comment}: {error}");
    }
}

/// What prose becomes on the page sockutil_calls, for a function with the parameters fd, buf and line.
fn prose(text: &str) -> Result<String, String> {
    let pages =
        [("sockutil_go", "sockutil_calls"), ("sockutil_far", "sockutil_other"), ("sockutil_pair", "sockutil_calls")];
    let pages: HashMap<String, String> = pages.map(|(name, page)| (name.to_owned(), page.to_owned())).into();
    let types = ["sockutil_pair".to_owned()];
    let names = Names { pages: &pages, types: &types, page: "sockutil_calls", parameters: vec!["fd", "buf", "line"] };
    let mut made = Text::default();
    made.prose(text, &names)?;
    Ok(made.finish())
}

#[test]
fn words_get_their_macros() {
    for (text, page) in [
        ("It waits.", "It waits.\n"),
        ("One. Two.", "One.\nTwo.\n"),
        ("see recv(2).", "see\n.Xr recv 2 .\n"),
        ("(EINVAL)", ".Er ( EINVAL )\n"),
        ("sets errno to EAGAIN, or", "sets\n.Va errno\nto\n.Er EAGAIN ,\nor\n"),
        ("NULL and MSG_DONTWAIT", ".Dv NULL\nand\n.Dv MSG_DONTWAIT\n"),
        ("POLLIN in TIME_WAIT", ".Dv POLLIN\nin TIME_WAIT\n"),
        ("sockutil_go of a sockutil_pair", ".Fn sockutil_go\nof a\n.Vt sockutil_pair\n"),
        ("as sockutil_far does", "as\n.Xr sockutil_far 3\ndoes\n"),
        ("if fd is bad", "if\n.Fa fd\nis bad\n"),
        // A parameter whose name is a word: one of the two.
        ("a line that ends", "a line that ends\n"),
        ("if line is NULL", "if\n.Fa line\nis\n.Dv NULL\n"),
        ("a \"fd or NULL\" text", "a \"fd or NULL\" text\n"),
        ("-1 and a\\b", "\\-1 and a\\eb\n"),
        (".so", "\\&.so\n"),
    ] {
        assert_eq!(prose(text).as_deref(), Ok(page), "{text}");
    }
    let unknown = prose("as sockutil_none does").unwrap_err();
    assert_eq!(unknown, "sockutil_none is in a comment, and not in the header");
}

#[test]
fn long_text_is_broken_between_words() {
    let text = prose(&"word ".repeat(40)).unwrap();
    assert!(text.lines().count() == 3 && text.lines().all(|line| line.len() <= 78), "{text}");
}

#[test]
fn functions_are_listed_as_a_sentence_does() {
    for (functions, page) in [
        (vec!["a"], ".Fn a :\n"),
        (vec!["a", "b"], ".Fn a\nand\n.Fn b :\n"),
        (vec!["a", "b", "c"], ".Fn a ,\n.Fn b\nand\n.Fn c :\n"),
    ] {
        let mut text = Text::default();
        text.functions(&functions, ":");
        assert_eq!(text.finish(), page);
    }
}
