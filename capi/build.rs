//! Gives the shared library its soname, and that name a link beside it, so that a program linked in the build tree
//! also runs there.

use std::env;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

const SONAME: &str = "libsockutil.so.0";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,{SONAME}");
    // Cargo's OUT_DIR is <libraries>/build/<package>/out.
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let Some(libraries) = out.ancestors().nth(3) else {
        return Ok(());
    };
    link(Path::new("libsockutil.so"), &libraries.join(SONAME))
}

fn link(target: &Path, at: &Path) -> io::Result<()> {
    match symlink(target, at) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        result => result,
    }
}
