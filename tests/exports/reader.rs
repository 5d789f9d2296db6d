//! The buffered reader.

use std::ffi::{c_char, c_void};
use std::mem::{self, MaybeUninit};
use std::os::fd::AsRawFd;
use std::ptr;

use crate::c::*;
use libc::c_int;

use crate::kit::*;

/// A reader with its memory, in which no byte after the capacity may change.
pub struct Reader {
    pub raw: sockutil_reader,
    pub memory: Vec<u8>,
    cap: usize,
}

const CANARY: [u8; 8] = [0xC5; 8];

impl Reader {
    pub fn new(fd: c_int, cap: usize) -> Self {
        let mut memory = vec![0xEE; cap];
        memory.extend(CANARY);
        let mut raw = MaybeUninit::uninit();
        gives(0, || unsafe { sockutil_reader_init(raw.as_mut_ptr(), fd, memory.as_mut_ptr().cast(), cap) });
        Self { raw: unsafe { raw.assume_init() }, memory, cap }
    }

    pub fn item(
        &mut self,
        call: impl FnOnce(*mut sockutil_reader, *mut *mut c_char, *mut usize) -> c_int,
    ) -> (c_int, Vec<u8>) {
        let (mut place, mut len) = (ptr::dangling_mut(), 4711);
        set_errno(Errno(0));
        let answer = call(&raw mut self.raw, &raw mut place, &raw mut len);
        assert_eq!(self.memory[self.cap..], CANARY);
        if answer == -1 && errno() != Errno(EMSGSIZE) {
            assert_eq!((place, len), (ptr::null_mut(), 0), "on failure there is nothing to see");
            return (answer, Vec::new());
        }
        if place.is_null() {
            assert_eq!(answer, -1);
            return (answer, Vec::new());
        }
        let range = self.memory.as_ptr_range();
        assert!(range.contains(&place.cast_const().cast()), "the item lies in the reader's memory");
        let item = unsafe { std::slice::from_raw_parts(place.cast::<u8>(), len + 1) };
        assert_eq!(item[len], 0, "a NUL stands behind the item");
        (answer, item[..len].to_vec())
    }

    pub fn line(&mut self, timeout: c_int) -> (c_int, Vec<u8>) {
        self.item(|r, place, len| unsafe { sockutil_reader_line(r, place, len, timeout) })
    }

    pub fn until(&mut self, delimiter: u8, timeout: c_int) -> (c_int, Vec<u8>) {
        self.item(|r, place, len| unsafe { sockutil_reader_until(r, delimiter.into(), place, len, timeout) })
    }

    pub fn until_text(&mut self, delimiter: &[u8], timeout: c_int) -> (c_int, Vec<u8>) {
        let (start, n) = (delimiter.as_ptr().cast(), delimiter.len());
        self.item(|r, place, len| unsafe { sockutil_reader_until_text(r, start, n, place, len, timeout) })
    }

    pub fn frame(&mut self, header_bytes: c_int, timeout: c_int) -> (c_int, Vec<u8>) {
        self.item(|r, place, len| unsafe { sockutil_reader_frame(r, header_bytes, place, len, timeout) })
    }

    pub fn read_full(&mut self, buffer: &mut [u8], done: &mut usize, timeout: c_int) -> c_int {
        unsafe { sockutil_reader_read_full(&raw mut self.raw, buffer.as_mut_ptr().cast(), buffer.len(), done, timeout) }
    }

    pub fn copy_line(&mut self, buffer: &mut [u8], done: &mut usize, timeout: c_int) -> c_int {
        unsafe { sockutil_reader_copy_line(&raw mut self.raw, buffer.as_mut_ptr().cast(), buffer.len(), done, timeout) }
    }

    pub fn read_some(&mut self, buffer: &mut [u8], len: &mut usize, timeout: c_int) -> c_int {
        unsafe { sockutil_reader_read_some(&raw mut self.raw, buffer.as_mut_ptr().cast(), buffer.len(), len, timeout) }
    }

    pub fn skip_frame(&mut self, header_bytes: c_int, done: &mut usize, timeout: c_int) -> c_int {
        unsafe { sockutil_reader_skip_frame(&raw mut self.raw, header_bytes, done, timeout) }
    }

    pub fn skip_line(&mut self, done: &mut usize, timeout: c_int) -> c_int {
        unsafe { sockutil_reader_skip_line(&raw mut self.raw, done, timeout) }
    }

    pub fn take(&mut self) -> usize {
        unsafe { sockutil_reader_take(&raw mut self.raw) }
    }

    pub fn pending(&self) -> usize {
        unsafe { sockutil_reader_pending(&raw const self.raw) }
    }
}

pub fn whole(bytes: &[u8]) -> (c_int, Vec<u8>) {
    (1, bytes.to_vec())
}

#[track_caller]
pub fn not_yet(answer: (c_int, Vec<u8>)) {
    assert_eq!((answer.0, errno()), (-1, Errno(EAGAIN)));
}

#[track_caller]
pub fn too_long(answer: (c_int, Vec<u8>), held: &[u8]) {
    assert_eq!((answer.0, errno()), (-1, Errno(EMSGSIZE)));
    assert_eq!(answer.1, held);
}

/// A frame as it travels.
pub fn framed(header_bytes: usize, body: &[u8]) -> Vec<u8> {
    let length = (body.len() as u32).to_be_bytes();
    [&length[4 - header_bytes..], body].concat()
}

#[test]
fn lines_come_out_as_they_went_in() {
    for pair in streams() {
        for timeout in [FOREVER, NOWAIT, 1000] {
            let mut reader = Reader::new(pair.r(), 64);
            pair.feed(b"one\n\n\0\r\nhalf");
            assert_eq!(reader.line(timeout), whole(b"one\n"));
            assert_eq!(reader.pending(), 8);
            assert_eq!(reader.line(timeout), whole(b"\n"));
            assert_eq!(reader.line(timeout), whole(b"\0\r\n"));
            assert_eq!(reader.pending(), 4);
            not_yet(reader.line(NOWAIT));
            pair.feed(b" and half\n");
            assert_eq!(reader.line(timeout), whole(b"half and half\n"), "{}", pair.kind);
            assert_eq!(reader.pending(), 0);
        }
    }
}

#[test]
fn lines_of_all_lengths_come_out_of_one_memory() {
    // However they lie in it: each comes behind a line of each other length, short ones in numbers and long ones.
    let lengths = (1..=140_usize).flat_map(|length| [length, 1, 300 - length, length, 2, 64 - length % 64]);
    let lines: Vec<Vec<u8>> = lengths.map(|length| [vec![b'x'; length - 1], b"\n".to_vec()].concat()).collect();
    let stream = lines.concat();
    for cap in [302, 1000, 70_000] {
        for searched_before in [None, Some(0)] {
            let pair = unix();
            let mut reader = Reader::new(pair.r(), cap);
            let (mut fed, mut taken) = (0, 0);
            for line in &lines {
                if taken + line.len() > fed {
                    let more = (stream.len() - fed).min(20_000);
                    pair.feed(&stream[fed..fed + more]);
                    fed += more;
                    if let Some(delimiter) = searched_before {
                        // Nowhere: all that fits is held and searched for it.
                        assert_eq!(reader.until(delimiter, NOWAIT).0, -1);
                    }
                }
                assert_eq!(reader.line(NOWAIT), whole(line), "with {cap} bytes, after {taken}");
                taken += line.len();
            }
            not_yet(reader.line(NOWAIT));
        }
    }
}

#[test]
fn errno_is_untouched_on_success() {
    let pair = tcp();
    let mut reader = Reader::new(pair.r(), 64);
    pair.feed(b"one\ntwo\n");
    let (mut place, mut len) = (ptr::null_mut(), 0);
    for timeout in [FOREVER, NOWAIT] {
        gives(1, || unsafe { sockutil_reader_line(&raw mut reader.raw, &raw mut place, &raw mut len, timeout) });
    }
    gives(0, || reader.pending());
}

#[test]
fn the_memory_is_used_again_and_again() {
    for pair in streams() {
        for cap in [2, 3, 5, 8, 17, 64] {
            let mut reader = Reader::new(pair.r(), cap);
            for i in 0..300_usize {
                // Up to the longest that fits, newline included.
                let mut line = pattern(i * 7 % (cap - 1));
                line.push(b'\n');
                pair.feed(&line);
                if i % 3 == 0 {
                    pair.feed(&line);
                    assert_eq!(reader.line(1000), whole(&line));
                }
                assert_eq!(reader.line(1000), whole(&line), "{} {cap} {i}", pair.kind);
            }
            assert_eq!(reader.pending(), 0);
        }
    }
}

#[test]
fn a_line_may_be_changed_in_place() {
    let pair = unix();
    let mut reader = Reader::new(pair.r(), 64);
    pair.feed(b"one\ntwo\nthree\n");
    for line in [&b"one\n"[..], b"two\n", b"three\n"] {
        let (mut place, mut len) = (ptr::null_mut(), 0);
        let answer = unsafe { sockutil_reader_line(&raw mut reader.raw, &raw mut place, &raw mut len, FOREVER) };
        assert_eq!(answer, 1);
        assert_eq!(unsafe { std::slice::from_raw_parts(place.cast::<u8>(), len) }, line);
        assert_eq!(unsafe { sockutil_chomp(place, len) }, len - 1);
        unsafe { ptr::write_bytes(place, b'z', len) };
    }
}

#[test]
fn the_end_hands_out_an_unterminated_rest_once() {
    for timeout in [FOREVER, NOWAIT, 1000] {
        for pair in streams() {
            pair.feed(b"one\nrest");
            let end = pair.end();
            let mut reader = Reader::new(end.as_raw_fd(), 16);
            assert_eq!(reader.line(timeout), whole(b"one\n"));
            assert_eq!(reader.line(timeout), (0, b"rest".to_vec()));
            assert_eq!(reader.pending(), 0);
            assert_eq!(reader.line(timeout), (0, Vec::new()));
            let (mut buffer, mut done) = ([0; 9], 0);
            gives(0, || reader.read_full(&mut buffer, &mut done, timeout));
            assert_eq!(done, 0);
        }
    }
}

#[test]
fn sockutil_reader_line_EAGAIN() {
    for pair in streams() {
        let mut reader = Reader::new(pair.r(), 16);
        not_yet(reader.line(NOWAIT));
        pair.feed(b"ab");
        takes_ms(40, || not_yet(reader.line(40)));
        assert_eq!(reader.pending(), 2);
        set_nonblock(pair.r());
        takes_ms(40, || not_yet(reader.line(40)));
        takes_ms(150, || in_a_storm(|| not_yet(reader.line(150))));
        pair.feed(b"c\n");
        assert_eq!(reader.line(NOWAIT), whole(b"abc\n"), "{}", pair.kind);
    }
}

#[test]
fn sockutil_reader_line_EMSGSIZE() {
    for pair in streams() {
        for timeout in [FOREVER, NOWAIT, 1000] {
            let mut reader = Reader::new(pair.r(), 5);
            pair.feed(b"abcdefg\nab\nabc\nabcd\n");
            too_long(reader.line(timeout), b"abcd");
            // Nothing is dropped: it says the same again, and the bytes can be taken.
            too_long(reader.line(timeout), b"abcd");
            let (mut buffer, mut done) = ([0; 6], 0);
            gives(1, || reader.read_full(&mut buffer, &mut done, timeout));
            assert_eq!(&buffer, b"abcdef");
            assert_eq!(reader.line(timeout), whole(b"g\n"));
            assert_eq!(reader.line(timeout), whole(b"ab\n"));
            // cap-1 bytes fit.
            assert_eq!(reader.line(timeout), whole(b"abc\n"));
            too_long(reader.line(timeout), b"abcd");
            done = 0;
            gives(1, || reader.skip_line(&mut done, timeout));
            assert_eq!((done, reader.pending()), (5, 0), "{}", pair.kind);
        }
    }
}

pub fn refuses_bad_pointers(call: impl Fn(*mut sockutil_reader, *mut *mut c_char, *mut usize, c_int) -> c_int) {
    let pair = unix();
    pair.feed(b"\x01\n");
    let mut reader = Reader::new(pair.r(), 16);
    let r = &raw mut reader.raw;
    let mut place = ptr::dangling_mut();
    let mut len = 7;
    // What is there is an output, whatever else is wrong.
    fails(EINVAL, || call(r, ptr::null_mut(), &raw mut len, FOREVER));
    fails(EINVAL, || call(r, &raw mut place, ptr::null_mut(), FOREVER));
    assert!(place.is_null() && len == 0);
    fails(EINVAL, || call(ptr::null_mut(), &raw mut place, &raw mut len, FOREVER));
    for timeout in [-2, c_int::MIN] {
        fails(EINVAL, || call(r, &raw mut place, &raw mut len, timeout));
    }
    // Never initialized.
    let mut zeros: sockutil_reader = unsafe { mem::zeroed() };
    fails(EINVAL, || call(&raw mut zeros, &raw mut place, &raw mut len, FOREVER));
    assert!(place.is_null() && len == 0);
    // And nothing was taken.
    gives(1, || call(r, &raw mut place, &raw mut len, FOREVER));
}

#[test]
fn sockutil_reader_line_EINVAL() {
    refuses_bad_pointers(|r, place, len, timeout| unsafe { sockutil_reader_line(r, place, len, timeout) });
}

#[test]
fn sockutil_reader_line_EBADF() {
    for timeout in [FOREVER, NOWAIT, 10] {
        for fd in [-1, CLOSED, pipe().w()] {
            assert_eq!((Reader::new(fd, 9).line(timeout).0, errno()), (-1, Errno(EBADF)));
        }
    }
}

#[test]
fn until_any_byte() {
    for pair in streams() {
        let mut reader = Reader::new(pair.r(), 32);
        pair.feed(b"a;b\nc\0d\xFFe\n;");
        assert_eq!(reader.until(b';', FOREVER), whole(b"a;"));
        assert_eq!(reader.until(0, 1000), whole(b"b\nc\0"));
        // Bytes searched for one delimiter are searched again for another.
        not_yet(reader.until(b'#', NOWAIT));
        assert_eq!(reader.until(0xFF, NOWAIT), whole(b"d\xFF"));
        not_yet(reader.until(b'#', NOWAIT));
        assert_eq!(reader.line(NOWAIT), whole(b"e\n"));
        assert_eq!(reader.until(b';', NOWAIT), whole(b";"));
        pair.feed(b"x");
        not_yet(reader.until(b';', NOWAIT));
        let end = pair.end();
        assert_eq!(reader.until(b';', 1000), (0, b"x".to_vec()));
        drop(end);
    }
}

#[test]
fn sockutil_reader_until_EAGAIN() {
    for pair in streams() {
        let mut reader = Reader::new(pair.r(), 16);
        pair.feed(b"a\n");
        takes_ms(40, || not_yet(reader.until(b';', 40)));
        takes_ms(120, || in_a_storm(|| not_yet(reader.until(b';', 120))));
        pair.feed(b";");
        assert_eq!(reader.until(b';', FOREVER), whole(b"a\n;"));
    }
}

#[test]
fn sockutil_reader_until_EMSGSIZE() {
    let pair = tcp();
    let mut reader = Reader::new(pair.r(), 4);
    pair.feed(b"abc;d;");
    too_long(reader.until(b';', FOREVER), b"abc");
    let mut done = 0;
    gives(1, || reader.read_full(&mut [0; 4], &mut done, FOREVER));
    assert_eq!(reader.until(b';', FOREVER), whole(b"d;"));
}

#[test]
fn sockutil_reader_until_EINVAL() {
    refuses_bad_pointers(|r, place, len, timeout| unsafe { sockutil_reader_until(r, 10, place, len, timeout) });
    let pair = unix();
    pair.feed(b"ab\n");
    let mut reader = Reader::new(pair.r(), 16);
    let (mut place, mut len) = (ptr::null_mut(), 0);
    for delimiter in [-1, 256, c_int::MAX, c_int::MIN] {
        let r = &raw mut reader.raw;
        fails(EINVAL, || unsafe { sockutil_reader_until(r, delimiter, &raw mut place, &raw mut len, FOREVER) });
    }
    assert_eq!(reader.line(NOWAIT), whole(b"ab\n"));
}

#[test]
fn sockutil_reader_until_EBADF() {
    for fd in [-1, CLOSED, pipe().w()] {
        assert_eq!((Reader::new(fd, 9).until(b';', FOREVER).0, errno()), (-1, Errno(EBADF)));
    }
}

#[test]
fn frames_come_out_as_they_went_in() {
    for pair in streams() {
        for header_bytes in [1, 2, 4] {
            for timeout in [FOREVER, NOWAIT, 1000] {
                let mut reader = Reader::new(pair.r(), 64);
                let longest = pattern(63 - header_bytes);
                for body in [&b"one"[..], b"", b"\n\0", &longest, b"x"] {
                    pair.feed(&framed(header_bytes, body));
                }
                for body in [&b"one"[..], b"", b"\n\0", &longest, b"x"] {
                    assert_eq!(reader.frame(header_bytes as c_int, timeout), whole(body), "{}", pair.kind);
                }
                assert_eq!(reader.pending(), 0);
            }
        }
    }
}

#[test]
fn frames_that_are_held_come_out_without_another_read() {
    for (header_bytes, lengths) in
        [(1, &[0, 3, 0, 255, 1][..]), (2, &[0, 3, 0, 0x0102, 1]), (4, &[0, 3, 0, 0x0102, 0x0001_0203, 1])]
    {
        for timeout in [FOREVER, NOWAIT, 1000] {
            let pair = unix();
            let frames: Vec<_> = lengths.iter().map(|length| framed(header_bytes, &pattern(*length))).collect();
            let (bytes, header) = (frames.concat(), header_bytes as c_int);
            let mut reader = Reader::new(pair.r(), bytes.len() + header_bytes + 8);
            // AF_UNIX has all bytes at once. The first frame fills the memory; of the last one a byte is missing.
            pair.feed(&bytes);
            pair.feed(&framed(header_bytes, b"last")[..header_bytes + 3]);
            for (index, length) in lengths.iter().enumerate() {
                let before = reader.pending();
                assert_eq!(reader.frame(header, timeout), whole(&pattern(*length)));
                if index > 0 {
                    assert_eq!(reader.pending(), before - header_bytes - length, "no byte came in between");
                }
            }
            assert_eq!(reader.pending(), header_bytes + 3);
            for wrong in [0, 3, 5, -1] {
                assert_eq!((reader.frame(wrong, timeout).0, errno()), (-1, Errno(EINVAL)));
            }
            not_yet(reader.frame(header, NOWAIT));
            pair.feed(b"t");
            assert_eq!(reader.frame(header, timeout), whole(b"last"));
            assert_eq!(reader.pending(), 0);
        }
    }
}

#[test]
fn a_held_frame_is_refused_for_a_wrong_argument_and_stays() {
    let pair = unix();
    let mut reader = Reader::new(pair.r(), 64);
    pair.feed(&[framed(2, b"one"), framed(2, b"two")].concat());
    assert_eq!(reader.frame(2, FOREVER), whole(b"one"));
    for timeout in [-2, c_int::MIN] {
        assert_eq!((reader.frame(2, timeout).0, errno()), (-1, Errno(EINVAL)));
    }
    let (mut place, mut len, r) = (ptr::null_mut(), 0, &raw mut reader.raw);
    fails(EINVAL, || unsafe { sockutil_reader_frame(r, 2, ptr::null_mut(), &raw mut len, FOREVER) });
    assert_eq!(reader.pending(), 5);
    let r = &raw mut reader.raw;
    fails(EINVAL, || unsafe { sockutil_reader_frame(r, 2, &raw mut place, ptr::null_mut(), FOREVER) });
    assert_eq!(reader.frame(2, FOREVER), whole(b"two"));
}

#[test]
fn frames_and_lines_mix() {
    let pair = tcp();
    let mut reader = Reader::new(pair.r(), 32);
    pair.feed(&[b"LENGTH\n", &framed(2, b"a\nb")[..], b"END\n", &framed(1, b"")].concat());
    assert_eq!(reader.line(FOREVER), whole(b"LENGTH\n"));
    assert_eq!(reader.frame(2, NOWAIT), whole(b"a\nb"));
    assert_eq!(reader.line(NOWAIT), whole(b"END\n"));
    assert_eq!(reader.frame(1, NOWAIT), whole(b""));
}

#[test]
fn the_end_inside_a_frame_is_told_from_a_clean_one() {
    for timeout in [FOREVER, NOWAIT, 1000] {
        for (sent, held) in [(&b""[..], &b""[..]), (b"\0", b"\0"), (b"\0\x05ab", b"\0\x05ab"), (b"\0\x01xy", b"y")] {
            let pair = tcp();
            pair.feed(sent);
            let end = pair.end();
            let mut reader = Reader::new(end.as_raw_fd(), 16);
            let mut answer = reader.frame(2, timeout);
            if answer.0 == 1 {
                answer = reader.frame(2, timeout);
            }
            assert_eq!(answer, (0, held.to_vec()));
        }
    }
}

#[test]
fn sockutil_reader_frame_EAGAIN() {
    for pair in streams() {
        let mut reader = Reader::new(pair.r(), 16);
        for byte in framed(4, b"abcdef") {
            takes_ms(1, || not_yet(reader.frame(4, 1)));
            not_yet(reader.frame(4, NOWAIT));
            pair.feed(&[byte]);
        }
        assert_eq!(reader.frame(4, 1000), whole(b"abcdef"), "{}", pair.kind);
        takes_ms(120, || in_a_storm(|| not_yet(reader.frame(4, 120))));
    }
}

#[test]
fn sockutil_reader_frame_EMSGSIZE() {
    // Of 16 bytes one is for the NUL: this is regression 14, a length from the network used unchecked.
    for (header_bytes, announced) in
        [(1, 15), (1, 255), (2, 14), (2, 65_535), (4, 12), (4, 0x7fff_ffff), (4, 0x8000_0000), (4, 0xffff_ffff_u32)]
    {
        for timeout in [FOREVER, NOWAIT, 1000] {
            let pair = tcp();
            let mut reader = Reader::new(pair.r(), 16);
            let header = &announced.to_be_bytes()[4 - header_bytes..];
            pair.feed(header);
            for _ in 0..2 {
                let (mut place, mut len) = (ptr::dangling_mut(), 0);
                let r = &raw mut reader.raw;
                let wanted = header_bytes as c_int;
                fails(EMSGSIZE, || unsafe { sockutil_reader_frame(r, wanted, &raw mut place, &raw mut len, timeout) });
                assert_eq!((len, place), (announced as usize, ptr::null_mut()));
                // The header is still there.
                assert_eq!(reader.pending(), header_bytes);
            }
            let mut taken = vec![0; header_bytes];
            gives(1, || reader.read_full(&mut taken, &mut 0, NOWAIT));
            assert_eq!(taken, header);
        }
    }
}

#[test]
fn sockutil_reader_frame_EINVAL() {
    refuses_bad_pointers(|r, place, len, timeout| unsafe { sockutil_reader_frame(r, 1, place, len, timeout) });
    let pair = unix();
    pair.feed(b"\x01x");
    let mut reader = Reader::new(pair.r(), 16);
    let mut small = Reader::new(pair.r(), 4);
    for header_bytes in [0, 3, 5, 8, -1, c_int::MAX, c_int::MIN] {
        assert_eq!((reader.frame(header_bytes, FOREVER).0, errno()), (-1, Errno(EINVAL)));
    }
    // A header that its memory cannot hold would be waited for in vain.
    assert_eq!((small.frame(4, FOREVER).0, errno()), (-1, Errno(EINVAL)));
    assert_eq!(reader.frame(1, NOWAIT), whole(b"x"));
}

#[test]
fn sockutil_reader_frame_EBADF() {
    for fd in [-1, CLOSED, pipe().w()] {
        assert_eq!((Reader::new(fd, 9).frame(1, FOREVER).0, errno()), (-1, Errno(EBADF)));
    }
}

#[test]
fn read_full_takes_what_is_held_first() {
    for pair in streams() {
        for timeout in [FOREVER, NOWAIT, 1000] {
            let mut reader = Reader::new(pair.r(), 8);
            pair.feed(b"a\nbcdefghijklmnop");
            assert_eq!(reader.line(timeout), whole(b"a\n"));
            assert_eq!(reader.pending(), 5);
            let (mut buffer, mut done) = ([0; 3], 0);
            gives(1, || reader.read_full(&mut buffer, &mut done, timeout));
            assert_eq!((&buffer, reader.pending()), (b"bcd", 2));
            let mut buffer = [0; 8];
            done = 0;
            gives(1, || reader.read_full(&mut buffer, &mut done, timeout));
            // The rest went straight to the buffer, and no byte more than was asked for.
            assert_eq!((&buffer, reader.pending()), (b"efghijkl", 0));
            let mut rest = [0; 4];
            gives(4, || unsafe { sockutil_readn(pair.r(), rest.as_mut_ptr().cast(), 4) });
            assert_eq!(&rest, b"mnop", "{}", pair.kind);
        }
    }
}

#[test]
fn sockutil_reader_read_full_EAGAIN() {
    for pair in streams() {
        let mut reader = Reader::new(pair.r(), 8);
        pair.feed(b"a\nbc");
        assert_eq!(reader.line(FOREVER), whole(b"a\n"));
        let (mut buffer, mut done) = ([0; 5], 0);
        takes_ms(40, || fails(EAGAIN, || reader.read_full(&mut buffer, &mut done, 40)));
        assert_eq!(done, 2);
        takes_ms(120, || in_a_storm(|| fails(EAGAIN, || reader.read_full(&mut buffer, &mut done, 120))));
        pair.feed(b"def");
        gives(1, || reader.read_full(&mut buffer, &mut done, NOWAIT));
        assert_eq!(&buffer, b"bcdef");
    }
}

#[test]
fn sockutil_reader_read_full_EINVAL() {
    let pair = unix();
    pair.feed(b"x\nabcd");
    let mut reader = Reader::new(pair.r(), 16);
    assert_eq!(reader.line(FOREVER), whole(b"x\n"));
    let mut buffer = [9; 4];
    let place: *mut c_void = buffer.as_mut_ptr().cast();
    let r = &raw mut reader.raw;
    let call = |r, buf, n, done: &mut usize, timeout| unsafe { sockutil_reader_read_full(r, buf, n, done, timeout) };
    let mut done = 0;
    let mut zeros: sockutil_reader = unsafe { mem::zeroed() };
    fails(EINVAL, || call(ptr::null_mut(), place, 4, &mut done, FOREVER));
    fails(EINVAL, || call(&raw mut zeros, place, 4, &mut done, FOREVER));
    fails(EINVAL, || call(r, ptr::null_mut(), 4, &mut done, FOREVER));
    for n in TOO_LONG {
        fails(EINVAL, || call(r, place, n, &mut done, FOREVER));
    }
    fails(EINVAL, || call(r, place, 4, &mut done, -2));
    for start in [4, 5, usize::MAX] {
        done = start;
        fails(EINVAL, || call(r, place, 4, &mut done, FOREVER));
        assert_eq!(done, start);
    }
    assert_eq!((buffer, reader.pending()), ([9; 4], 4));
    gives(1, || unsafe { sockutil_reader_read_full(r, ptr::null_mut(), 0, ptr::null_mut(), FOREVER) });
    gives(1, || unsafe { sockutil_reader_read_full(r, place, 4, ptr::null_mut(), FOREVER) });
    assert_eq!(&buffer, b"abcd");
}

#[test]
fn sockutil_reader_read_full_EBADF() {
    for fd in [-1, CLOSED, pipe().w()] {
        let mut reader = Reader::new(fd, 9);
        fails(EBADF, || reader.read_full(&mut [0; 3], &mut 0, FOREVER));
    }
}

#[test]
fn skip_line_drops_one_line_and_counts_it() {
    for pair in streams() {
        for timeout in [FOREVER, NOWAIT, 1000] {
            let mut reader = Reader::new(pair.r(), 4);
            pair.feed(b"a long one\n\nb\nc\n");
            for length in [11, 1] {
                let mut done = 0;
                gives(1, || reader.skip_line(&mut done, timeout));
                assert_eq!(done, length);
            }
            assert_eq!(reader.line(timeout), whole(b"b\n"));
            gives(1, || unsafe { sockutil_reader_skip_line(&raw mut reader.raw, ptr::null_mut(), timeout) });
            assert_eq!(reader.pending(), 0, "{}", pair.kind);
        }
    }
}

/// The memory is no part of 256 KiB.
#[test]
fn skip_line_without_waiting_drops_256_kib_at_most() {
    let zeros = std::fs::File::open("/dev/zero").unwrap();
    for cap in [1001, 100_001, 1 << 20] {
        let mut reader = Reader::new(zeros.as_raw_fd(), cap);
        let mut done = 0;
        for calls in 1..=2 {
            fails(EAGAIN, || reader.skip_line(&mut done, NOWAIT));
            assert_eq!(done, calls * 256 * 1024, "cap {cap}");
        }
    }
}

/// Nothing is asked of the descriptor for what is held already.
#[test]
fn held_bytes_need_no_descriptor_that_can_be_read() {
    let (pair, other) = (unix(), pipe());
    pair.feed(b"a\n0123456789");
    let fd = duplicate(pair.r());
    let mut reader = Reader::new(fd.as_raw_fd(), 100);
    assert_eq!(reader.line(NOWAIT), whole(b"a\n"));
    assert_eq!(unsafe { libc::dup2(other.w(), fd.as_raw_fd()) }, fd.as_raw_fd());
    let mut buffer = [0; 5];
    for (held, timeout) in [(b"01234", NOWAIT), (b"56789", FOREVER)] {
        let mut done = 0;
        gives(1, || reader.read_full(&mut buffer, &mut done, timeout));
        assert_eq!((&buffer, done), (held, 5));
    }
    fails(EBADF, || reader.read_full(&mut buffer, &mut 0, NOWAIT));
}

#[test]
fn skip_line_at_the_end() {
    let pair = tcp();
    pair.feed(b"a\nrest");
    let end = pair.end();
    let mut reader = Reader::new(end.as_raw_fd(), 4);
    let mut done = 0;
    gives(1, || reader.skip_line(&mut done, FOREVER));
    done = 0;
    gives(0, || reader.skip_line(&mut done, FOREVER));
    assert_eq!(done, 4);
    done = 0;
    gives(0, || reader.skip_line(&mut done, FOREVER));
    assert_eq!(done, 0);
}

#[test]
fn sockutil_reader_skip_line_EAGAIN() {
    for pair in streams() {
        let mut reader = Reader::new(pair.r(), 4);
        pair.feed(b"abcdef");
        let mut done = 0;
        fails(EAGAIN, || reader.skip_line(&mut done, NOWAIT));
        assert_eq!(done, 6);
        pair.feed(b"gh");
        takes_ms(40, || fails(EAGAIN, || reader.skip_line(&mut done, 40)));
        assert_eq!(done, 8);
        takes_ms(120, || in_a_storm(|| fails(EAGAIN, || reader.skip_line(&mut done, 120))));
        pair.feed(b"\nx\n");
        gives(1, || reader.skip_line(&mut done, 1000));
        assert_eq!(done, 9);
        assert_eq!(reader.line(1000), whole(b"x\n"));
    }
}

#[test]
fn sockutil_reader_skip_line_EINVAL() {
    let mut reader = Reader::new(unix().r(), 4);
    let mut zeros: sockutil_reader = unsafe { mem::zeroed() };
    let mut done = 7;
    fails(EINVAL, || unsafe { sockutil_reader_skip_line(ptr::null_mut(), &raw mut done, FOREVER) });
    fails(EINVAL, || unsafe { sockutil_reader_skip_line(&raw mut zeros, &raw mut done, FOREVER) });
    fails(EINVAL, || reader.skip_line(&mut done, -2));
    assert_eq!(done, 7);
}

#[test]
fn sockutil_reader_skip_line_EBADF() {
    for fd in [-1, CLOSED, pipe().w()] {
        let mut reader = Reader::new(fd, 9);
        fails(EBADF, || reader.skip_line(&mut 0, FOREVER));
    }
}

#[test]
fn sockutil_reader_init_EINVAL() {
    let mut memory = [0_u8; 16];
    let mut raw = MaybeUninit::<sockutil_reader>::uninit();
    let call = |r, mem, cap| fails(EINVAL, || unsafe { sockutil_reader_init(r, 0, mem, cap) });
    let place = memory.as_mut_ptr().cast();
    call(ptr::null_mut(), place, 16);
    call(raw.as_mut_ptr(), ptr::null_mut(), 16);
    for cap in [0, 1].into_iter().chain(TOO_LONG) {
        call(raw.as_mut_ptr(), place, cap);
    }
}

#[test]
fn pending_of_nothing() {
    gives(0, || unsafe { sockutil_reader_pending(ptr::null()) });
    gives(0, || Reader::new(CLOSED, 2).pending());
}

#[test]
fn a_reset_loses_nothing_that_came_before() {
    let pair = tcp();
    let mut reader = Reader::new(pair.r(), 16);
    pair.feed(b"one\nhalf");
    assert_eq!(reader.line(FOREVER), whole(b"one\n"));
    reset(pair.writer);
    assert_eq!((reader.line(FOREVER).0, errno()), (-1, Errno(libc::ECONNRESET)));
    let mut buffer = [0; 4];
    gives(1, || reader.read_full(&mut buffer, &mut 0, FOREVER));
    assert_eq!(&buffer, b"half");
}

#[test]
fn skip_line_with_nowait_moves_at_most_256_kib_whatever_the_memory() {
    const BOUND: usize = 256 * 1024;
    let path = crate::support::scratch("reader").join(format!("long-line-{}", std::process::id()));
    std::fs::write(&path, vec![b'x'; 2 * BOUND + 5]).unwrap();
    let file = std::fs::File::open(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let mut reader = Reader::new(file.as_raw_fd(), 1 << 20);
    let mut done = 0;
    fails(EAGAIN, || reader.skip_line(&mut done, NOWAIT));
    assert_eq!(done, BOUND);
    fails(EAGAIN, || reader.skip_line(&mut done, NOWAIT));
    assert_eq!(done, 2 * BOUND);
    gives(0, || reader.skip_line(&mut done, NOWAIT));
    assert_eq!(done, 2 * BOUND + 5);
}
