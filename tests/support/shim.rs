//! The shim of `tests/shim`, which stands before libc for programs that it is preloaded into.

use std::path::PathBuf;
use std::process::Command;

use super::{Link, below_root, compile_c, root};

/// The shim.
pub fn shim() -> PathBuf {
    // What a distribution's compiler may put before read and poll would collide with the shim's.
    let flags = ["-shared", "-fPIC", "-U_FORTIFY_SOURCE", "-Wl,--no-as-needed", "-ldl"];
    compile_c("shim", &["../shim/shim.c", "../shim/rules.c", "../shim/kernels.c"], Link::None, &flags)
}

/// Preloads the shim into a program that runs in the root, with these rules (`tests/shim/rules.c`).
pub fn shimmed<'a>(command: &'a mut Command, rules: &str) -> &'a mut Command {
    command.current_dir(root()).env("LD_PRELOAD", below_root(&shim())).env("SHIM", rules)
}
