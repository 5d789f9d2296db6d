//! The layers of the library, with the rooms of `src/`: a call goes down, its result comes up.

use super::svg::{CODE, Ink, Sheet, THIN, WIDTH, WORDS};
use crate::language::Language;

const FFI: &str = "address bare byte_order classic close endpoint flags frame option process reader relay stream \
                   tcp_state time version writer check outcome";
const CORE: &str = "time channel memory stream line frame reader writer relay ip address network resolve socket tcp udp \
                    unix activation connect race stream_text option close tcp_state pass peer process";
const SYS: &str = "address control pktinfo resolver rights os";

const LEFT: i32 = 16;
const GAP: i32 = 46;

/// The picture.
pub fn svg(language: Language) -> Result<String, String> {
    let mut sheet = Sheet::new(language.choose("The layers of the library", "库的分层"));
    let layers = [
        (language.choose("C program", "C 程序"), "sockutil_reader_line(&r, &line, &len, 5000)", ""),
        ("src/ffi", language.choose("check the arguments, make C's answer", "检查参数，给出 C 的结果"), FFI),
        ("src", language.choose("the core: what to do, and how long to wait", "核心：做什么，等多久"), CORE),
        ("src/sys", language.choose("one function for each system call", "每个系统调用一个函数"), SYS),
        (language.choose("kernel", "内核"), "recv(fd, ..., MSG_DONTWAIT), poll(...)", ""),
    ];
    let ways = [
        (
            language.choose("pointers and numbers", "指针和数"),
            language.choose("1, 0 or -1 with errno", "1、0 或 -1 与 errno"),
        ),
        (language.choose("memory with its length", "带长度的内存"), "Ok, Err(errno)"),
        (language.choose("one call", "一次调用"), "Ok, Err(errno)"),
        (
            language.choose("libc's function", "libc 的函数"),
            language.choose("a count, or -1 and errno", "字节数，或 -1 与 errno"),
        ),
    ];
    let mut y = 12;
    for (i, (name, about, rooms)) in layers.into_iter().enumerate() {
        let lines = wrapped(rooms);
        let height = 50 + if lines.is_empty() { 0 } else { 4 + 17 * i32::try_from(lines.len()).unwrap_or(0) };
        let outer = rooms.is_empty();
        let stroke = if outer { THIN.ink(Ink::Quiet) } else { THIN };
        sheet.outline((LEFT, y), (WIDTH - 2 * LEFT, height), stroke);
        let look = if name.starts_with("src") { CODE } else { WORDS };
        sheet.words((LEFT + 12, y + 20), name, look.bold());
        let look = if outer { CODE } else { WORDS };
        sheet.words((LEFT + 12, y + 39), about, look);
        for (line, place) in lines.iter().zip(0..) {
            sheet.words((LEFT + 12, y + 60 + 17 * place), line, CODE.small().ink(Ink::Quiet));
        }
        y += height;
        if let Some((down, up)) = ways.get(i) {
            sheet.arrow(&[(60, y + 3), (60, y + GAP - 4)], THIN.ink(Ink::Link).thick());
            sheet.words((72, y + GAP / 2 + 5), down, WORDS);
            sheet.arrow(&[(WIDTH - 60, y + GAP - 4), (WIDTH - 60, y + 3)], THIN.ink(Ink::Good).thick());
            sheet.words((WIDTH - 72, y + GAP / 2 + 5), up, WORDS.end());
            y += GAP;
        }
    }
    sheet.svg(y + 12)
}

/// The names of rooms, on lines that fit a box.
fn wrapped(rooms: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for room in rooms.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.len() + room.len() < 62 => {
                line.push(' ');
                line.push_str(room);
            }
            _ => lines.push(room.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Tree;

    /// The rooms of a folder of the sources: its files, and folders with a room in each.
    fn rooms(folder: &str) -> Vec<String> {
        let tree = Tree::new(Language::English);
        let entries = std::fs::read_dir(tree.path(folder)).unwrap().flatten();
        let names = entries.map(|entry| entry.file_name().into_string().unwrap());
        let mut names: Vec<String> = names.map(|name| name.trim_end_matches(".rs").to_owned()).collect();
        // The roots, the other layers, and what makes the header.
        names.retain(|name| !["lib", "mod", "ffi", "sys", "header"].contains(&name.as_str()));
        names.sort();
        names
    }

    #[test]
    fn the_rooms_are_those_of_the_sources() {
        for (folder, drawn) in [("src/ffi", FFI), ("src", CORE), ("src/sys", SYS)] {
            let mut drawn: Vec<&str> = drawn.split_whitespace().collect();
            drawn.sort_unstable();
            assert_eq!(drawn, rooms(folder), "{folder}");
        }
    }

    #[test]
    fn it_is_a_picture_in_both_languages() {
        for language in [Language::English, Language::Chinese] {
            svg(language).unwrap();
        }
    }
}
