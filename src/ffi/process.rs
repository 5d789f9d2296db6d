//! Processes.

use core::ffi::c_int;

use super::outcome;
use crate::process;

/// Have the whole program ignore SIGPIPE.
///
/// Then a write to a pipe or socket without a reader fails with EPIPE instead
/// of killing the program. The functions here never raise SIGPIPE on a socket
/// anyway; this is for pipes, and for writes made by others. Children
/// inherit it, through execve(2) too.
///
/// Returns 0; -1 with the errno of sigaction(2), which has no reason to fail.
///
/// Async-signal-safe and thread-safe; the disposition belongs to the process.
/// Source: POSIX sigaction; signal(7).
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_ignore_sigpipe() -> c_int {
    outcome::of(|| process::ignore_sigpipe().map(|()| 0))
}

/// Reap every child that has ended, without waiting for those that live.
///
/// For a SIGCHLD handler: several children that end together raise one
/// signal, so one call takes them all. Their exit statuses are discarded; a
/// program that wants a child's status must wait for that child itself.
///
/// Returns how many were reaped; 0 if none has ended, or if there are none;
/// -1 with the errno of waitpid(2), which has no reason to fail. errno is
/// untouched on success, as a handler must leave it.
///
/// Async-signal-safe and thread-safe.
/// Source: POSIX waitpid; UNP figure 5.11.
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_reap_children() -> c_int {
    outcome::of(process::reap_children)
}
