//! The names that the header declares, as the one tool that reads it, man/src, finds them.

#[path = "../../man/src/comment.rs"]
#[allow(dead_code, reason = "the manual pages are made of more than names")]
mod comment;
#[path = "../../man/src/header.rs"]
#[allow(dead_code, reason = "the manual pages are made of more than names")]
mod header;

use std::fs;

use crate::support::root;

/// Every function that the header declares.
#[allow(clippy::expect_used, reason = "a test fails by panicking")]
pub fn declared() -> Vec<String> {
    let header = fs::read_to_string(root().join("include/sockutil.h")).expect("the header is committed");
    let header = header::Header::parse(&header).expect("the header has the order of src/header/make.rs");
    header.names().map(str::to_owned).collect()
}
