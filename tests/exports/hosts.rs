//! Hosts and services that mean nothing, whoever is asked: each function that takes a host and a service refuses the
//! same ones, whatever the libc at hand would make of them.

use std::ffi::{CStr, CString};
use std::os::fd::{FromRawFd, OwnedFd};
use std::ptr;

use crate::c::*;
use libc::{EADDRNOTAVAIL, EAI_NONAME, EAI_SERVICE, SOCK_STREAM, c_char, c_int, c_uint};

use crate::kit::*;

type Call = unsafe fn(*const c_char, *const c_char, c_uint, *mut c_int) -> c_int;

/// Everything that takes a host and a service.
const CALLS: [(&str, Call); 5] = [
    ("tcp_listen", |host, service, flags, gai| unsafe { sockutil_tcp_listen(host, service, 1, flags, gai) }),
    ("tcp_connect", |host, service, flags, gai| unsafe { sockutil_tcp_connect(host, service, flags, 2000, gai) }),
    ("udp_bind", |host, service, flags, gai| unsafe { sockutil_udp_bind(host, service, flags, gai) }),
    ("udp_connect", |host, service, flags, gai| unsafe { sockutil_udp_connect(host, service, flags, gai) }),
    ("resolve", |host, service, flags, gai| unsafe {
        let mut count = 0;
        sockutil_resolve(host, service, SOCK_STREAM, flags, ptr::null_mut(), 0, &raw mut count, gai)
    }),
];

/// The call fails with the resolver's code.
#[track_caller]
fn refused(name: &str, call: Call, host: Option<&str>, service: &str, flags: c_uint, code: c_int) {
    let host_text = host.map(|host| CString::new(host).unwrap());
    let service_text = CString::new(service).unwrap();
    let mut gai = 4711;
    set_errno(Errno(4711));
    let answer = unsafe {
        call(host_text.as_deref().map_or(ptr::null(), CStr::as_ptr), service_text.as_ptr(), flags, &raw mut gai)
    };
    let e = errno().0;
    if answer > 2 {
        drop(unsafe { OwnedFd::from_raw_fd(answer) });
    }
    assert_eq!((answer, e, gai), (-1, EADDRNOTAVAIL, code), "{name} of {host:?}, {service:?}, flags {flags}");
}

#[test]
fn no_function_takes_a_host_that_looks_numeric_or_is_a_star() {
    for (name, call) in CALLS {
        for host in [
            "*",
            "010.1.1.1",
            "127.1",
            "127.0.1",
            "2130706433",
            "0",
            "0x7f.1",
            "0X7F.1",
            "0x7f000001",
            "127.0.0.0x1",
            "1.2.3.4.",
            "127.1.",
            "127.0.0.01",
            "1.2.3.256",
            "1.2.3.4.5",
            "localhost.1",
            "0x",
        ] {
            for flags in [0, SOCKUTIL_NUMERIC] {
                for service in ["0", "80", "http"] {
                    refused(name, call, Some(host), service, flags, EAI_NONAME);
                }
            }
        }
    }
}

#[test]
fn no_function_takes_a_service_that_is_neither_a_port_nor_a_name() {
    for (name, call) in CALLS {
        for host in [None, Some("127.0.0.1"), Some("::1"), Some("localhost")] {
            for service in ["*", "", " 80", "+80", "-1", "65536", "080", "4294967376"] {
                for flags in [0, SOCKUTIL_NUMERIC] {
                    refused(name, call, host, service, flags, EAI_SERVICE);
                }
            }
        }
    }
}

#[test]
fn a_star_beside_others_is_a_name_like_any_other() {
    // Not sent anywhere: only what never asks is called.
    for (name, call) in CALLS {
        for host in ["**", "*.", "*.example", "a*"] {
            refused(name, call, Some(host), "80", SOCKUTIL_NUMERIC, EAI_NONAME);
        }
    }
}
