//! `urgent`: one byte, the last one, is urgent; the others are ordinary data.

use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;

use crate::kit::*;

/// tcp(7): recv(2) with `MSG_OOB` takes the urgent byte; `SIOCATMARK`; `SO_OOBINLINE`. EINVAL: there is none.
const LINES: [&str; 18] = [
    "send \"abc\", MSG_OOB",
    "send \"def\"",
    "  recv: \"ab\"",
    "  at the mark",
    "  recv, MSG_OOB: \"c\"",
    "  recv, MSG_OOB: EINVAL",
    "  recv: \"def\"",
    "send \"abc\", MSG_OOB",
    "send \"xyz\", MSG_OOB",
    "  recv, MSG_OOB: \"z\"",
    "  recv: \"abcxy\"",
    "SO_OOBINLINE",
    "send \"abc\", MSG_OOB",
    "send \"def\"",
    "  not at the mark",
    "  recv: \"ab\"",
    "  at the mark",
    "  recv: \"cdef\"",
];

#[test]
fn of_bytes_sent_with_msg_oob_only_the_last_one_is_urgent() {
    for kind in KINDS {
        assert_eq!(printed("urgent", kind), LINES);
    }
}

// ---- The same with a connection of the test's own ----

fn send(stream: &TcpStream, bytes: &[u8], flags: i32) {
    // SAFETY: the bytes live until the call returns.
    let n = unsafe { libc::send(stream.as_raw_fd(), bytes.as_ptr().cast(), bytes.len(), flags | libc::MSG_NOSIGNAL) };
    assert_eq!(usize::try_from(n), Ok(bytes.len()), "{}", io::Error::last_os_error());
}

/// Bytes, or an errno.
fn recv(stream: &TcpStream, flags: i32) -> Result<Vec<u8>, i32> {
    let mut bytes = vec![0_u8; 100];
    let into = bytes.as_mut_ptr().cast();
    // SAFETY: the memory lives until the call returns.
    let n = unsafe { libc::recv(stream.as_raw_fd(), into, bytes.len(), flags | libc::MSG_DONTWAIT) };
    let n = usize::try_from(n).map_err(|_| io::Error::last_os_error().raw_os_error().unwrap())?;
    bytes.truncate(n);
    Ok(bytes)
}

fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (client, listener.accept().unwrap().0)
}

/// Waits until all that was sent is acknowledged. tcp(7), SIOCOUTQ.
fn delivered(stream: &TcpStream) {
    within_deadline("the acknowledgement", || {
        let mut left = 0_i32;
        // SAFETY: a plain system call, with room for the number.
        assert_eq!(unsafe { libc::ioctl(stream.as_raw_fd(), libc::TIOCOUTQ as _, &raw mut left) }, 0);
        (left == 0).then_some(())
    });
}

#[test]
fn the_kernel_keeps_one_urgent_byte_and_stops_before_it() {
    let (client, server) = pair();
    send(&client, b"abc", libc::MSG_OOB);
    send(&client, b"def", 0);
    delivered(&client);
    assert_eq!(recv(&server, 0), Ok(b"ab".to_vec()));
    assert_eq!(recv(&server, libc::MSG_OOB), Ok(b"c".to_vec()));
    assert_eq!(recv(&server, libc::MSG_OOB), Err(libc::EINVAL));
    assert_eq!(recv(&server, 0), Ok(b"def".to_vec()));

    let (client, server) = pair();
    send(&client, b"abc", libc::MSG_OOB);
    delivered(&client);
    send(&client, b"xyz", libc::MSG_OOB);
    delivered(&client);
    assert_eq!(recv(&server, libc::MSG_OOB), Ok(b"z".to_vec()));
    assert_eq!(recv(&server, 0), Ok(b"abcxy".to_vec()));

    let (client, server) = pair();
    set_socket_option(&server, libc::SO_OOBINLINE, &1_i32);
    send(&client, b"abc", libc::MSG_OOB);
    send(&client, b"def", 0);
    delivered(&client);
    assert_eq!(recv(&server, 0), Ok(b"ab".to_vec()));
    assert_eq!(recv(&server, 0), Ok(b"cdef".to_vec()));
}
