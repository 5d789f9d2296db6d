//! Gives the shared library its name: the soname or, on macOS, the install name, which rpath is put before. With the
//! feature `header` it writes `include/sockutil.h` (src/header/make.rs).

use std::error::Error;

#[cfg(feature = "header")]
#[path = "../src/header/make.rs"]
mod header;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    #[cfg(feature = "header")]
    header::write()?;
    let major = std::env::var("CARGO_PKG_VERSION_MAJOR")?;
    if std::env::var("CARGO_CFG_TARGET_VENDOR").is_ok_and(|vendor| vendor == "apple") {
        println!("cargo::rustc-cdylib-link-arg=-Wl,-install_name,@rpath/libsockutil.{major}.dylib");
        // The libc crate asks for libiconv, of which nothing is called.
        println!("cargo::rustc-cdylib-link-arg=-Wl,-dead_strip_dylibs");
    } else {
        println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libsockutil.so.{major}");
    }
    // With musl nothing else records that the library needs libc, and its loader does not check.
    if std::env::var("CARGO_CFG_TARGET_ENV").is_ok_and(|env| env == "musl") {
        println!("cargo::rustc-cdylib-link-arg=-lc");
    }
    Ok(())
}
