"""The library from Python: by ctypes, which knows no header, and by cffi, if that is installed, which reads
include/sockutil.cdef. CC is the C compiler whose sizes and constants cffi's are compared with.
usage: python.py LIBRARY"""

import ctypes
import errno
import os
import pathlib
import re
import shlex
import socket
import subprocess
import sys
import tempfile

library = ctypes.CDLL(sys.argv[1], use_errno=True)
c_int, c_size_t, c_void_p, c_char_p = ctypes.c_int, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_char_p


def function(name, result, *arguments):
    found = getattr(library, name)
    found.restype, found.argtypes = result, arguments
    return found


version = function("sockutil_version", c_char_p)
readn = function("readn", ctypes.c_ssize_t, c_int, c_void_p, c_size_t)
writen = function("sockutil_writen", ctypes.c_ssize_t, c_int, c_char_p, c_size_t)
read_full = function("sockutil_read_full", c_int, c_int, c_void_p, c_size_t, ctypes.POINTER(c_size_t), c_int)
send_frame = function("sockutil_send_frame", c_int, c_int, c_int, c_char_p, c_size_t, c_void_p, c_int)
reader_init = function("sockutil_reader_init", c_int, c_void_p, c_int, c_void_p, c_size_t)
reader_line = function("sockutil_reader_line", c_int, c_void_p, ctypes.POINTER(c_void_p), ctypes.POINTER(c_size_t), c_int)
reader_frame = function(
    "sockutil_reader_frame", c_int, c_void_p, c_int, ctypes.POINTER(c_void_p), ctypes.POINTER(c_size_t), c_int
)
htons = function("sockutil_htons", ctypes.c_uint16, ctypes.c_uint16)
pton = function("sockutil_pton", c_int, c_int, c_char_p, c_void_p)
ntop = function("sockutil_ntop", c_char_p, c_int, c_void_p, c_char_p, ctypes.c_uint32)

# The struct, as the header has it.
class Reader(ctypes.Structure):
    _fields_ = [("ints", c_int * 2), ("words", c_size_t * 7), ("more", c_int * 2)]


major, minor, patch = version().decode().split(".")
assert major.isdigit() and minor.isdigit() and patch.isdigit()

ours, theirs = socket.socketpair()
buffer = ctypes.create_string_buffer(64)

# Python's own sockets at one end, the library at the other.
theirs.sendall(b"hello")
assert readn(ours.fileno(), buffer, 5) == 5 and buffer.raw[:5] == b"hello"
assert writen(ours.fileno(), b"a\0b", 3) == 3 and theirs.recv(10) == b"a\0b"

# A time limit, a kept count, and errno.
theirs.sendall(b"abc")
done = c_size_t(0)
assert read_full(ours.fileno(), buffer, 5, ctypes.byref(done), 20) == -1
assert ctypes.get_errno() == errno.EAGAIN and done.value == 3
theirs.sendall(b"de")
assert read_full(ours.fileno(), buffer, 5, ctypes.byref(done), 1000) == 1 and buffer.raw[:5] == b"abcde"
assert readn(-1, buffer, 1) == -1 and ctypes.get_errno() == errno.EBADF

# The reader, its struct and memory owned by us.
reader, memory, item, length = Reader(), ctypes.create_string_buffer(64), c_void_p(), c_size_t()
assert reader_init(ctypes.byref(reader), ours.fileno(), memory, len(memory)) == 0
theirs.sendall(b"one\ntwo\n")
for line in (b"one\n", b"two\n"):
    assert reader_line(ctypes.byref(reader), ctypes.byref(item), ctypes.byref(length), 1000) == 1
    assert ctypes.string_at(item, length.value) == line
assert send_frame(theirs.fileno(), 4, b"frame", 5, None, 1000) == 1
assert reader_frame(ctypes.byref(reader), 4, ctypes.byref(item), ctypes.byref(length), 1000) == 1
assert ctypes.string_at(item, length.value) == b"frame"

# Byte order and addresses, against Python's.
assert all(htons(n) == socket.htons(n) for n in (0, 1, 0x0102, 0xFFFF))
for family, text in ((socket.AF_INET, "192.168.1.100"), (socket.AF_INET6, "2001:db8::1")):
    packed = ctypes.create_string_buffer(16)
    assert pton(family, text.encode(), packed) == 1
    assert packed.raw[: len(socket.inet_pton(family, text))] == socket.inet_pton(family, text)
    assert ntop(family, packed, buffer, len(buffer)) == text.encode()
assert pton(socket.AF_INET, b"010.1.1.1", packed) == 0
assert pton(socket.AF_UNIX, b"1.1.1.1", packed) == -1 and ctypes.get_errno() == errno.EAFNOSUPPORT

theirs.close()
assert readn(ours.fileno(), buffer, 5) == 0
ours.close()
print(f"python: {os.path.basename(sys.argv[1])} {version().decode()}, by ctypes alone")


def compiled(expressions):
    """The values that the C compiler gives to expressions, as numbers."""
    prints = "".join(f'    printf("%lld\\n", (long long)({expression}));\n' for expression in expressions)
    source = f"#include <sockutil.h>\n#include <stdalign.h>\n#include <stdio.h>\nint main(void) {{\n{prints}    return 0;\n}}\n"
    include = pathlib.Path(__file__).parent.parent / "include"
    with tempfile.TemporaryDirectory() as folder:
        program = f"{folder}/values"
        compiler = shlex.split(os.environ.get("CC", "cc"))
        subprocess.run([*compiler, "-std=c11", "-D_GNU_SOURCE", f"-I{include}", "-x", "c", "-", "-o", program],
                       input=source.encode(), check=True)
        values = subprocess.run([program], stdout=subprocess.PIPE, check=True).stdout.split()
    assert len(values) == len(expressions)
    return dict(zip(expressions, map(int, values)))


try:
    import cffi
except ImportError:
    print("left out: no python3-cffi: sockutil.cdef")
    sys.exit()

cdef = (pathlib.Path(__file__).parent.parent / "include" / "sockutil.cdef").read_text()
ffi = cffi.FFI()
ffi.cdef(cdef)
sockutil = ffi.dlopen(sys.argv[1])

# Each function is in the library, and each constant, size, alignment and offset is the C compiler's.
functions = re.findall(r"^\w.*?(sockutil_\w+)\(", cdef, re.MULTILINE)
assert len(functions) > 70 and all(getattr(sockutil, name) for name in functions)
ours = {name: getattr(sockutil, name) for name in re.findall(r"^#define (\w+)", cdef, re.MULTILINE)}
assert len(ours) > 20
for struct in ("sockutil_reader", "sockutil_addr", "struct iovec", "struct sockaddr_storage"):
    ours[f"sizeof({struct})"] = ffi.sizeof(struct)
    ours[f"alignof({struct})"] = ffi.alignof(struct)
    # sockaddr_storage has other names for its fields.
    if "sockaddr" not in struct:
        for field, _ in ffi.typeof(struct).fields:
            ours[f"offsetof({struct}, {field})"] = ffi.offsetof(struct, field)
theirs = compiled(list(ours))
assert ours == theirs, {name: (ours[name], theirs[name]) for name in ours if ours[name] != theirs[name]}

# A reader, whose struct and memory Python owns.
here, there = socket.socketpair()
reader, memory = ffi.new("sockutil_reader *"), ffi.new("char[]", 64)
item, length, done = ffi.new("char **"), ffi.new("size_t *"), ffi.new("size_t *")
assert sockutil.sockutil_reader_init(reader, here.fileno(), memory, 64) == 0
there.sendall(b"one\n")
assert sockutil.sockutil_reader_line(reader, item, length, 1000) == 1 and ffi.unpack(item[0], length[0]) == b"one\n"
assert sockutil.sockutil_reader_line(reader, item, length, sockutil.SOCKUTIL_NOWAIT) == -1 and ffi.errno == errno.EAGAIN
assert sockutil.sockutil_send_frame(there.fileno(), 2, b"frame", 5, done, 1000) == 1 and done[0] == 7
assert sockutil.sockutil_reader_frame(reader, 2, item, length, 1000) == 1 and ffi.unpack(item[0], length[0]) == b"frame"

# An address, and buffers of several.
address, text = ffi.new("sockutil_addr *"), ffi.new("char[]", 128)
assert sockutil.sockutil_addr_parse(address, b"[::1]:80", -1) == 1 and sockutil.sockutil_addr_port(address) == 80
assert sockutil.sockutil_addr_format(address, text, 128) == 8 and ffi.string(text) == b"[::1]:80"
parts = [ffi.new("char[]", b"ab"), ffi.new("char[]", b"cd")]
iov = ffi.new("struct iovec[]", [(part, 2) for part in parts])
assert sockutil.sockutil_writev_full(there.fileno(), iov, 2, ffi.NULL, 1000) == 1 and here.recv(10) == b"abcd"
print(f"python: sockutil.cdef by cffi {cffi.__version__}: {len(functions)} functions, {len(ours)} numbers as in C")
