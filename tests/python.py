"""The library as a language sees it that knows no header: Python's ctypes. usage: python.py LIBRARY"""

import ctypes
import errno
import os
import socket
import sys

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
print(f"python: {os.path.basename(sys.argv[1])} {version().decode()}, by ctypes alone")
