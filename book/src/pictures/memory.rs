//! The caller's memory of a reader, byte by byte: `src/reader/mod.rs` in pictures.

use super::svg::{CODE, Ink, Sheet, THIN, WIDTH, WORDS};
use crate::language::Language;

/// The memory's size. One byte is kept for a NUL.
const BYTES: usize = 16;
const CELL: i32 = 29;
const LEFT: i32 = (WIDTH - CELL * 16) / 2;

/// What a byte is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Consumed,
    Returned,
    Nul,
    Held,
    Free,
}

/// The memory after a call.
struct Stage {
    english: [&'static str; 2],
    chinese: [&'static str; 2],
    /// The bytes that were written; '0' after a backslash is a NUL.
    text: &'static str,
    /// How many are consumed, of the line that is returned, and held or covered after it.
    parts: [usize; 3],
}

const STAGES: [Stage; 7] = [
    Stage {
        english: ["1. reader_init: the caller's 16 bytes", ""],
        chinese: ["1. reader_init：调用者的 16 个字节", ""],
        text: "",
        parts: [0, 0, 0],
    },
    Stage {
        english: ["2. reader_line: one recv takes what is there and fits;", "the last byte is kept for a NUL"],
        chinese: ["2. reader_line：一次 recv，有多少取多少；", "最后一个字节留给 NUL"],
        text: "one\ntwo\nthree i",
        parts: [0, 0, 15],
    },
    Stage {
        english: ["3. It returns the first line where it is; the NUL", "covers a byte, which the reader remembers"],
        chinese: ["3. 原地返回第一行，不复制；NUL 盖住一个字节，", "读取器记着它"],
        text: "one\n\0wo\nthree i",
        parts: [0, 4, 11],
    },
    Stage {
        english: ["4. The next call puts it back and returns the second", "line: no system call"],
        chinese: ["4. 下一次调用把它放回，返回第二行：", "没有系统调用"],
        text: "one\ntwo\n\0hree i",
        parts: [4, 4, 7],
    },
    Stage {
        english: [
            "5. No newline is held, and the end of the memory is",
            "reached: what is held moves to the front; recv",
        ],
        chinese: ["5. 留存的字节里没有换行，内存也到了尽头：", "留存的移到开头，再 recv"],
        text: "three is it\nand",
        parts: [0, 0, 15],
    },
    Stage {
        english: ["6. ... and returns the third line", ""],
        chinese: ["6. ……返回第三行", ""],
        text: "three is it\n\0nd",
        parts: [0, 12, 3],
    },
    Stage {
        english: [
            "7. Moved again; 15 bytes and no newline: -1, EMSGSIZE.",
            "All stays held: reader_take, reader_skip_line",
        ],
        chinese: ["7. 又移一次；15 个字节没有换行：-1，EMSGSIZE。", "全部留着：reader_take、reader_skip_line"],
        text: "and a very long\0",
        parts: [0, 0, 16],
    },
];

impl Stage {
    fn kind(&self, index: usize) -> Kind {
        let [consumed, returned, held] = self.parts;
        match index {
            _ if self.text.as_bytes().get(index) == Some(&0) => Kind::Nul,
            _ if index < consumed => Kind::Consumed,
            _ if index < consumed + returned => Kind::Returned,
            _ if index < consumed + returned + held => Kind::Held,
            _ => Kind::Free,
        }
    }
}

/// The picture.
pub fn svg(language: Language) -> Result<String, String> {
    let mut sheet = Sheet::new(language.choose("The memory of a reader", "读取器的内存"));
    let mut y = 20;
    for stage in &STAGES {
        for words in if language == Language::English { stage.english } else { stage.chinese } {
            if !words.is_empty() {
                sheet.words((LEFT, y), words, WORDS);
                y += 18;
            }
        }
        y -= 10;
        for (index, place) in (0..BYTES).zip(0..) {
            let x = LEFT + CELL * place;
            put_byte(&mut sheet, (x, y), stage.kind(index), stage.text.as_bytes().get(index).copied());
        }
        y += 28 + 30;
    }
    let names = [
        (Kind::Consumed, language.choose("returned before", "以前返回的")),
        (Kind::Returned, language.choose("the line returned", "返回的一行")),
        (Kind::Nul, language.choose("the NUL", "NUL")),
        (Kind::Held, language.choose("held", "留存")),
        (Kind::Free, language.choose("free", "空闲")),
    ];
    let widths = if language == Language::English { [130, 140, 84, 66, 60] } else { [110, 110, 80, 70, 70] };
    let mut x = LEFT;
    for ((kind, name), width) in names.into_iter().zip(widths) {
        put_cell(&mut sheet, (x, y - 12), (14, 16), kind);
        sheet.words((x + 19, y + 1), name, WORDS.small());
        x += width;
    }
    sheet.svg(y + 14)
}

fn put_byte(sheet: &mut Sheet, (x, y): (i32, i32), kind: Kind, byte: Option<u8>) {
    put_cell(sheet, (x, y), (CELL, 28), kind);
    let Some(byte) = byte else { return };
    let ink = if kind == Kind::Consumed { Ink::Quiet } else { Ink::Text };
    let words = match byte {
        b'\n' => "\\n".to_owned(),
        b' ' => return,
        0 => "\\0".to_owned(),
        byte => char::from(byte).to_string(),
    };
    sheet.words((x + CELL / 2, y + 19), &words, CODE.middle().ink(ink));
}

fn put_cell(sheet: &mut Sheet, at: (i32, i32), size: (i32, i32), kind: Kind) {
    let (ink, percent) = match kind {
        Kind::Consumed => (Ink::Quiet, 22),
        Kind::Returned => (Ink::Good, 40),
        Kind::Nul => (Ink::Warm, 60),
        Kind::Held => (Ink::Link, 30),
        Kind::Free => (Ink::Quiet, 0),
    };
    sheet.area(at, size, ink, percent);
    let ((x, y), (width, height)) = (at, size);
    let edge = [(x, y), (x + width, y), (x + width, y + height), (x, y + height), (x, y)];
    sheet.line(&edge, THIN.ink(Ink::Quiet));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the reader has it: a line ends with its newline, and after it is the NUL. What is held follows.
    #[test]
    fn each_stage_is_one_that_a_reader_can_be_in() {
        for stage in &STAGES {
            let [consumed, returned, held] = stage.parts;
            assert_eq!(consumed + returned + held, stage.text.len(), "{:?}", stage.text);
            assert!(stage.text.len() <= BYTES && stage.text[..consumed].bytes().all(|byte| byte != 0));
            if returned > 0 {
                let line = &stage.text[consumed..consumed + returned];
                assert_eq!(line.find('\n'), Some(returned - 1), "one line: {line:?}");
                assert_eq!(stage.kind(consumed + returned), Kind::Nul);
            }
            assert!(stage.text.find('\0').is_none_or(|nul| nul == consumed + returned || nul == BYTES - 1));
        }
    }

    #[test]
    fn it_is_a_picture_in_both_languages() {
        for language in [Language::English, Language::Chinese] {
            svg(language).unwrap();
        }
    }
}
