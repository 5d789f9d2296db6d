//! A program that depends on the packaged crate (tests/crate.sh): a line over a socketpair, by the exports and by the
//! bare name, which the linker must find in the crate.

use std::ffi::{CStr, c_int, c_void};
use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;

use sockutil::ffi::{sockutil_chomp, sockutil_read_line, sockutil_version};

unsafe extern "C" {
    fn writen(fd: c_int, buf: *const c_void, n: usize) -> isize;
}

fn main() {
    let (mut near, far) = UnixStream::pair().unwrap();
    near.write_all(b"a ").unwrap();
    assert_eq!(unsafe { writen(near.as_raw_fd(), b"line\n".as_ptr().cast(), 5) }, 5);
    let mut line = [0; 64];
    let mut done = 0;
    let said = unsafe { sockutil_read_line(far.as_raw_fd(), line.as_mut_ptr(), line.len(), Some(&mut done), 1000) };
    assert_eq!((said, done), (1, 7));
    unsafe { sockutil_chomp(line.as_mut_ptr(), done) };
    let (version, line) = unsafe { (CStr::from_ptr(sockutil_version()), CStr::from_ptr(line.as_ptr())) };
    println!("sockutil {}: {}", version.to_str().unwrap(), line.to_str().unwrap());
}
