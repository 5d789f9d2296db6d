//! Lines by `BufReader::read_until`, as a Rust program without sockutil would read them. The functions are called by
//! `bench/lines.c` and declared in `bench/read_until.h`.

use std::ffi::c_int;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::os::fd::{FromRawFd, IntoRawFd};

/// A reader over a socket that the caller still owns.
pub struct Lines {
    reader: BufReader<TcpStream>,
    line: Vec<u8>,
}

/// Makes a reader with a buffer of so many bytes.
///
/// # Safety
///
/// `fd` is a TCP socket that stays open until the reader is closed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bench_read_until_open(fd: c_int, capacity: usize) -> *mut Lines {
    // SAFETY: `fd` is an open TCP socket, as this function requires. It is released before the stream is dropped.
    let stream = unsafe { TcpStream::from_raw_fd(fd) };
    Box::into_raw(Box::new(Lines { reader: BufReader::with_capacity(capacity, stream), line: Vec::new() }))
}

/// Reads lines up to `batch` bytes in all, and returns the number of bytes; fewer after a failure, or after a line that
/// is not as expected.
///
/// # Safety
///
/// `lines` is from [`bench_read_until_open`]; `expected` is NULL or `batch` bytes long; `count` can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bench_read_until(
    lines: *mut Lines,
    batch: usize,
    expected: *const u8,
    line_bytes: usize,
    count: *mut usize,
) -> usize {
    // SAFETY: `lines` is from `bench_read_until_open`, as this function requires.
    let lines = unsafe { &mut *lines };
    let (number, bytes) = if expected.is_null() {
        lines.read(batch, |_, _| true)
    } else {
        // SAFETY: not null; `batch` bytes long, as this function requires.
        let expected = unsafe { std::slice::from_raw_parts(expected, batch) };
        lines.read(batch, |at, line| line.len() == line_bytes && expected.get(at..at + line_bytes) == Some(line))
    };
    // SAFETY: `count` can be written, as this function requires.
    unsafe { count.write(number) };
    bytes
}

impl Lines {
    fn read(&mut self, batch: usize, good: impl Fn(usize, &[u8]) -> bool) -> (usize, usize) {
        let (mut number, mut bytes) = (0, 0);
        while bytes < batch {
            self.line.clear();
            match self.reader.read_until(b'\n', &mut self.line) {
                Ok(1..) if good(bytes, &self.line) => {}
                _ => break,
            }
            number += 1;
            bytes += self.line.len();
        }
        (number, bytes)
    }
}

/// Ends a reader.
///
/// # Safety
///
/// `lines` is from [`bench_read_until_open`], and is not used any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bench_read_until_close(lines: *mut Lines) {
    // SAFETY: `lines` is from `bench_read_until_open`, as this function requires.
    let lines = unsafe { Box::from_raw(lines) };
    let _the_callers = lines.reader.into_inner().into_raw_fd();
}
