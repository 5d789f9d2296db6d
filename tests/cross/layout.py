"""Compares what C's headers say of a system with what the Rust side takes for true: the layout of sockutil.h's structs and
its constants, of the system's own structs, and the numbers of its constants. They are numbers in an object file of each,
since no program of that system runs here.
usage: layout.py write SYSTEM FOLDER         writes layout.c and layout.rs; SYSTEM is a file's name in src/sys/os
       layout.py compare FOLDER              of layout.c.hex and layout.rs.hex, dumps of the two sections by llvm-readobj"""

import json
import pathlib
import re
import sys

HEADERS = """sys/types.h sys/socket.h sys/un.h sys/uio.h sys/time.h sys/stat.h sys/ioctl.h sys/wait.h netinet/in.h netinet/tcp.h
    net/if.h netdb.h poll.h fcntl.h signal.h time.h errno.h limits.h unistd.h stddef.h sockutil.h""".split()
MORE_HEADERS = {"freebsd": ["sys/ucred.h"], "macos": ["sys/ucred.h"]}

# The system's structs and types, as far as the sources name them.
STRUCTS = {
    "addrinfo": "ai_flags ai_family ai_socktype ai_protocol ai_addrlen ai_addr ai_canonname ai_next",
    "cmsghdr": "cmsg_len cmsg_level cmsg_type",
    "in6_addr": "s6_addr",
    "in6_pktinfo": "ipi6_addr ipi6_ifindex",
    "in_addr": "s_addr",
    "iovec": "iov_base iov_len",
    "ip_mreq": "imr_multiaddr imr_interface",
    "ip_mreqn": "imr_multiaddr imr_address imr_ifindex",
    "ipv6_mreq": "ipv6mr_multiaddr ipv6mr_interface",
    "linger": "l_onoff l_linger",
    "msghdr": "msg_name msg_namelen msg_iov msg_iovlen msg_control msg_controllen msg_flags",
    "pollfd": "fd events revents",
    "sigaction": "sa_flags sa_mask",
    "sockaddr": "sa_family sa_data",
    "sockaddr_in": "sin_family sin_port sin_addr",
    "sockaddr_in6": "sin6_family sin6_port sin6_flowinfo sin6_addr sin6_scope_id",
    "sockaddr_storage": "ss_family",
    "sockaddr_un": "sun_family sun_path",
    "stat": "st_mode st_dev st_ino",
    "timespec": "tv_sec tv_nsec",
    "timeval": "tv_sec tv_usec",
}
TYPES = "clockid_t gid_t in_port_t mode_t nfds_t pid_t sa_family_t sigset_t size_t socklen_t ssize_t time_t uid_t".split()
NO_MREQN = ("netbsd", "openbsd")  # of which libc and C's headers have no, or only one has a, struct ip_mreqn

# The structs that a system's file declares itself, by C's names. With a star: a member of a union of another size.
OWN = {
    "freebsd": {
        "Xucred": "xucred cr_version cr_uid cr_ngroups cr_groups cr_pid*",
        "Mreqn": "ip_mreqn imr_multiaddr imr_address imr_ifindex",
    },
    "macos": {
        "Xucred": "xucred cr_version cr_uid cr_ngroups cr_groups",
        "PacketInfo": "in_pktinfo ipi_ifindex ipi_spec_dst ipi_addr",
        "Mreqn": "ip_mreqn imr_multiaddr imr_address imr_ifindex",
    },
    "netbsd": {
        "Unpcbid": "unpcbid unp_pid unp_euid unp_egid",
        "PacketInfo": "in_pktinfo ipi_addr ipi_ifindex",
    },
    "openbsd": {
        "Sockpeercred": "sockpeercred uid gid pid",
        "Mreqn": "ip_mreqn imr_multiaddr imr_address imr_ifindex",
    },
}
# What a file's constant is called in C, where the names differ.
RENAMED = {
    "IP_PKTINFO": ["IP_PKTINFO"],
    "MCAST_SOURCE_GROUP": ["MCAST_JOIN_SOURCE_GROUP", "MCAST_LEAVE_SOURCE_GROUP"],
    "SO_LINGER": ["SO_LINGER_SEC"],
}
ABSENT = -(2**63)


def struct_text(text, name):
    found = re.search(r"#\[repr\(C\)\]\n(?:#\[[^\n]*\n)*(?:pub(?:\(\w+\))? )?struct " + name + r" \{\n.*?\n\}", text, re.S)
    assert found, f"no struct {name}"
    return found.group(0)


def all_public(text):
    return re.sub(r"^(    |)(?:pub(?:\(\w+\))? )?(struct |\w+: )", r"\1pub \2", text, flags=re.M)


def fields(text):
    return re.findall(r"^    (?:pub )?(\w+): ", text, re.M)


def entries(system):
    """Each as its name, and its value in C and in Rust; and the structs to be declared in Rust again."""
    folder = pathlib.Path("src/sys/os")
    own = folder.joinpath(system + ".rs").read_text()
    # What it shares with other systems.
    shared = re.findall(r"^pub use super::(\w+)::\{?\w", own, re.M)
    own += "".join(folder.joinpath(name + ".rs").read_text() for name in sorted(set(shared)))
    ffi = "".join(path.read_text() for path in sorted(pathlib.Path("src/ffi").rglob("*.rs")))
    rest = [path for path in pathlib.Path("src").rglob("*.rs") if "os" not in path.parts]
    source = "".join(path.read_text() for path in rest) + own + pathlib.Path("src/sys/os/posix.rs").read_text()
    header = pathlib.Path("include/sockutil.h").read_text()
    found, declared = [], []

    def struct(c, rust, c_fields, rust_fields):
        found.append((f"sizeof({c})", f"sizeof({c})", f"size_of::<{rust}>()"))
        found.append((f"_Alignof({c})", f"_Alignof({c})", f"align_of::<{rust}>()"))
        assert len(c_fields) == len(rust_fields), (c_fields, rust_fields)
        for there, here in zip(c_fields, rust_fields):
            member = there.endswith("*")
            there = there.rstrip("*")
            found.append((f"offsetof({c}, {there})", f"offsetof({c}, {there})", f"core::mem::offset_of!({rust}, {here})"))
            name = f"sizeof((({c} *)0)->{there})"
            if not member:
                found.append((name, name, f"size_of_field(|s: &{rust}| &s.{here})"))

    names = re.findall(r"^typedef struct (\w+) \{", header, re.M)
    assert len(names) >= 6, names
    for name in names:
        text = struct_text(ffi, name)
        declared.append(text.replace("sockutil_addr,", "super::sockutil_addr,"))
        struct(name, "again::" + name, fields(text), fields(text))
        found.append((f"sizeof({name}), exported", f"sizeof({name})", f"size_of::<sockutil::ffi::{name}>()"))
    for name in re.findall(r"^#define (SOCKUTIL_\w+) [-(0-9]", header, re.M):
        found.append((name, name, f"sockutil::ffi::{name}"))
    for name, its in STRUCTS.items():
        if re.search(rf"\b{name}\b", source) and not (name == "ip_mreqn" and system in NO_MREQN):
            struct(f"struct {name}", f"libc::{name}", its.split(), its.split())
    for name in TYPES:
        found.append((f"sizeof({name})", f"sizeof({name})", f"size_of::<libc::{name}>()"))
    for name, theirs in OWN.get(system, {}).items():
        text = struct_text(own, name)
        declared.append(text)
        c, *its = theirs.split()
        struct(f"struct {c}", "again::" + name, its, fields(text))
    for name in sorted(set(re.findall(r"\b[A-Z][A-Z0-9]*_?[A-Z0-9_]*\b", source))):
        if name not in ("CMSG_DATA", "CMSG_FIRSTHDR", "CMSG_NXTHDR", "CMSG_LEN", "CMSG_SPACE") and re.search(
            rf"libc::(?:\{{[^}}]*)?\b{name}\b", source
        ):
            found.append((name, f"#{name}", f"{{ use libc::*; {name} }}"))
    # NetBSD's file has its own.
    macros = re.search(r"const CONTROL_ALIGN.*?fn CMSG_SPACE.*?\n}", own, re.S)
    if macros:
        declared.append("use core::mem;\n" + macros.group(0))
    for length in (4, 8, 12, 20):
        for macro in ("CMSG_LEN", "CMSG_SPACE"):
            here = f"unsafe {{ {'again' if macros else 'libc'}::{macro}({length}) }}"
            found.append((f"{macro}({length})", f"{macro}({length})", here))
    for public, name, values in re.findall(r"^\s*(pub )?const (\w+): \S+(?: \w+\])? = \[?([0-9][^;\]]*)\]?;", own, re.M):
        theirs = RENAMED.get(name, [] if public else [name])
        for c, value in zip(theirs, values.split(",")):
            found.append((f"{c}, as the file has it", f"#{c}", value.strip()))
    return found, declared


def write(system, folder):
    found, declared = entries(system)
    constants = [name for name, c, _ in found if c.startswith("#") and "," not in name]
    c = ["#define __APPLE_USE_RFC_3542"]
    c += [f"#include <{name}>" for name in HEADERS + MORE_HEADERS.get(system, [])]
    c += ["#if defined(__APPLE__)", '#define SECTION "__DATA,__layout"', "#else", '#define SECTION ".layout"', "#endif"]
    c += ["__attribute__((used, section(SECTION))) const long long layout[] = {"]
    for _, value, _ in found:
        if value.startswith("#"):
            name = value[1:]
            c += [f"#ifdef {name}", f"    (long long)({name}),", "#else", f"    -{-ABSENT - 1} - 1,", "#endif"]
        else:
            c += [f"    (long long)({value}),"]
    c += ["};"]
    rust = ["#![no_std]", "#![allow(unused, non_camel_case_types, non_upper_case_globals)]"]
    # A constant that the libc crate does not have for this system is this one.
    rust += [f"const {name}: i64 = {ABSENT};" for name in sorted(set(constants))]
    rust += ["use sockutil::ffi::sockutil_addr;", "mod again {", "    use core::ffi::*;", "    use libc::*;"]
    rust += [all_public(text) for text in declared] + ["}"]
    rust += ["const fn size_of_field<S, F>(_: fn(&S) -> &F) -> usize { size_of::<F>() }"]
    rust += ["#[unsafe(no_mangle)]", '#[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__layout"))]']
    rust += ['#[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".layout"))]']
    rust += [f"pub static LAYOUT: [i64; {len(found)}] = ["] + [f"    ({value}) as i64," for _, _, value in found] + ["];"]
    folder.joinpath("layout.c").write_text("\n".join(c) + "\n")
    folder.joinpath("layout.rs").write_text("\n".join(rust) + "\n")
    folder.joinpath("layout.json").write_text(json.dumps([name for name, _, _ in found]))


def dumped(path):
    """The numbers in `llvm-readobj --hex-dump`: lines of an address, up to four words of four bytes, and text."""
    lines = re.findall(r"^0x[0-9a-f]+ ((?:[0-9a-f]+ ){1,4})", path.read_text(), re.M)
    whole = bytes.fromhex("".join(lines))
    return [int.from_bytes(whole[i : i + 8], "little", signed=True) for i in range(0, len(whole), 8)]


def compare(folder):
    names = json.loads(folder.joinpath("layout.json").read_text())
    c, rust = dumped(folder / "layout.c.hex"), dumped(folder / "layout.rs.hex")
    assert len(names) == len(c) == len(rust), (len(names), len(c), len(rust))
    differ, compared = [], 0
    for name, there, here in zip(names, c, rust):
        compared += ABSENT not in (there, here)
        if there != here and here != ABSENT:
            differ.append(f"{name} is {'absent' if there == ABSENT else there} in C, {here} in Rust")
    assert compared > 200, compared
    if differ:
        sys.exit("layout.py: " + "\nlayout.py: ".join(differ))
    print(f"{compared} numbers of C and of Rust are the same")


if sys.argv[1] == "write":
    write(sys.argv[2], pathlib.Path(sys.argv[3]))
else:
    compare(pathlib.Path(sys.argv[2]))
