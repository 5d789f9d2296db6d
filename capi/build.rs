//! Gives the shared library its soname.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libsockutil.so.{}", env!("CARGO_PKG_VERSION_MAJOR"));
    // With musl nothing else records that the library needs libc, and its loader does not check.
    if std::env::var("CARGO_CFG_TARGET_ENV").is_ok_and(|env| env == "musl") {
        println!("cargo::rustc-cdylib-link-arg=-lc");
    }
}
