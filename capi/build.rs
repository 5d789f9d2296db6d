//! Gives the shared library its soname.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libsockutil.so.{}", env!("CARGO_PKG_VERSION_MAJOR"));
}
