//! Prepares what the tests need.

use std::env;
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    // The tests compile C for their own machine.
    println!("cargo::rustc-env=SOCKUTIL_TARGET={}", env::var("TARGET")?);
    link_shipped();
    Ok(())
}

/// With the feature `test-shipped` the tests link the library as it is shipped, and take only types and constants from
/// the crate. rustc may also take instances of generic functions from the crate, and exported functions come along: the
/// linker then keeps the first of each name, the shipped one (`tests/exports/shipped.rs`).
fn link_shipped() {
    if env::var_os("CARGO_FEATURE_TEST_SHIPPED").is_none() {
        return;
    }
    println!("cargo::rerun-if-env-changed=SOCKUTIL_LIBDIR");
    let folder = env::var("SOCKUTIL_LIBDIR").unwrap_or_default();
    println!("cargo::rustc-env=SOCKUTIL_LIBDIR={folder}");
    if !folder.is_empty() {
        println!("cargo::rustc-link-search=native={folder}");
        println!("cargo::rustc-link-arg-tests=-Wl,--allow-multiple-definition");
    }
}
