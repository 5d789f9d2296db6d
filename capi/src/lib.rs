//! The C libraries: all their exports are in the `sockutil` crate's `ffi` module. This file has what a library without
//! the Rust standard library must define itself.

#![no_std]
#![allow(unsafe_code, reason = "the undefined function and the exported one, under the proof's switches, and abort")]

// This links the crate, which puts its exported symbols into the two libraries.
extern crate exports;

// The precompiled `core` refers to the unwinder's personality routine although this library never unwinds. Weak and
// hidden: a Rust program that links the archive keeps its own, and the shared library does not export it.
#[cfg(not(target_vendor = "apple"))]
core::arch::global_asm!(".weak rust_eh_personality", ".hidden rust_eh_personality", "rust_eh_personality:",);
// As macOS's assembler says it. There a symbol has bytes of its own.
#[cfg(target_vendor = "apple")]
core::arch::global_asm!(
    ".globl _rust_eh_personality",
    ".weak_definition _rust_eh_personality",
    ".private_extern _rust_eh_personality",
    "_rust_eh_personality:",
    ".long 0",
);

/// Never reached: the build with `--cfg sockutil_prove_no_panic` makes it a link error to reach it. (clippy's
/// `--all-targets` makes a test program of this crate, which has std's handler.)
#[cfg(not(test))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    #[cfg(sockutil_prove_no_panic)]
    {
        unsafe extern "C" {
            /// Defined nowhere.
            safe fn sockutil_a_panic_path_is_left() -> !;
        }
        sockutil_a_panic_path_is_left()
    }
    // The checks that tests/memory.sh turns on can fail.
    #[cfg(all(debug_assertions, not(sockutil_prove_no_panic)))]
    {
        unsafe extern "C" {
            /// libc's: a sanitizer shows where.
            safe fn abort() -> !;
        }
        abort()
    }
    #[cfg(not(any(debug_assertions, sockutil_prove_no_panic)))]
    loop {}
}

/// A function that can panic: the proof must refuse the library that has it.
#[cfg(sockutil_plant_panic)]
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_planted_panic(index: usize) -> u8 {
    #[expect(clippy::indexing_slicing, reason = "the panic path that the proof must find")]
    b"planted"[index]
}
