//! The states of a TCP connection: figure 5 of RFC 9293, with the ways of the usual client and of the usual server.

use super::svg::{CODE, Ink, Point, Sheet, Stroke, THIN, WIDTH, WORDS};
use crate::language::Language;

/// A state, its place, and the program of `c_examples` that shows it. CLOSED is the first and the last.
const STATES: [(&str, Point, &str); 12] = [
    ("CLOSED", (260, 34), "linger_reset"),
    ("LISTEN", (70, 130), "reuse"),
    ("SYN_SENT", (450, 250), "connect_timeout"),
    ("SYN_RECV", (70, 250), "tcp_states"),
    ("ESTABLISHED", (260, 361), "half_open"),
    ("FIN_WAIT1", (70, 470), "timeline"),
    ("FIN_WAIT2", (70, 580), "half_close"),
    ("CLOSING", (260, 470), "tcp_states"),
    ("TIME_WAIT", (260, 580), "time_wait_flood"),
    ("CLOSE_WAIT", (450, 470), "close_wait"),
    ("LAST_ACK", (450, 580), "tcp_states"),
    ("CLOSED", (260, 690), ""),
];
const BOX: Point = (120, 44);

/// The client that connects and closes first.
const ACTIVE: Stroke = THIN.ink(Ink::Link).thick();
/// The server that accepts and closes second.
const PASSIVE: Stroke = THIN.ink(Ink::Good).thick().dashed();
const OTHER: Stroke = THIN.ink(Ink::Quiet);

/// The picture.
pub fn svg(language: Language) -> Result<String, String> {
    let mut sheet = Sheet::new(language.choose("The states of a TCP connection", "TCP 连接的状态转换图"));
    ways(&mut sheet);
    for (name, (x, y), program) in STATES {
        let (width, height) = if program.is_empty() { (BOX.0, 30) } else { BOX };
        sheet.outline((x - width / 2, y - height / 2), (width, height), THIN);
        let below = if program.is_empty() { 5 } else { -3 };
        sheet.words((x, y + below), name, CODE.bold().middle());
        if !program.is_empty() {
            sheet.words((x, y + 14), program, CODE.small().middle().ink(Ink::Quiet));
        }
    }
    labels(&mut sheet, language);
    legend(&mut sheet, language);
    sheet.svg(862)
}

fn ways(sheet: &mut Sheet) {
    let ways: [(&[Point], Stroke); 18] = [
        (&[(200, 44), (84, 44), (84, 108)], PASSIVE),
        (&[(50, 108), (50, 24), (200, 24)], OTHER),
        (&[(320, 44), (436, 44), (436, 228)], ACTIVE),
        (&[(470, 228), (470, 24), (320, 24)], OTHER),
        (&[(130, 130), (412, 130), (412, 228)], OTHER),
        (&[(84, 152), (84, 228)], PASSIVE),
        (&[(390, 250), (130, 250)], OTHER),
        (&[(104, 272), (104, 350), (200, 350)], PASSIVE),
        (&[(450, 272), (450, 350), (320, 350)], ACTIVE),
        (&[(28, 272), (28, 448)], OTHER),
        (&[(200, 372), (90, 372), (90, 448)], ACTIVE),
        (&[(320, 372), (450, 372), (450, 448)], PASSIVE),
        (&[(130, 470), (200, 470)], OTHER),
        (&[(70, 492), (70, 558)], ACTIVE),
        (&[(130, 580), (200, 580)], ACTIVE),
        (&[(260, 492), (260, 558)], OTHER),
        (&[(260, 602), (260, 675)], ACTIVE),
        (&[(450, 492), (450, 558)], PASSIVE),
    ];
    for (points, stroke) in ways {
        sheet.arrow(points, stroke);
    }
    sheet.arrow(&[(450, 602), (450, 690), (320, 690)], PASSIVE);
}

fn labels(sheet: &mut Sheet, language: Language) {
    let start = [
        ((92, 84), "listen"),
        ((92, 186), "← SYN"),
        ((92, 203), "→ SYN,ACK"),
        ((112, 300), "← ACK"),
        ((35, 404), "close"),
        ((35, 421), "→ FIN"),
        ((98, 404), "close"),
        ((98, 421), "→ FIN"),
        ((79, 530), "← ACK"),
        ((269, 530), "← ACK"),
    ];
    for (at, words) in start {
        sheet.words(at, words, CODE);
    }
    let end = [
        ((43, 68), "close"),
        ((427, 84), "connect"),
        ((427, 101), "→ SYN"),
        ((440, 300), "← SYN,ACK"),
        ((440, 317), "→ ACK"),
        ((440, 404), "← FIN"),
        ((440, 421), "→ ACK"),
        ((440, 522), "close"),
        ((440, 539), "→ FIN"),
        ((440, 650), "← ACK"),
    ];
    for (at, words) in end {
        sheet.words(at, words, CODE.end());
    }
    sheet.words((477, 68), "close", CODE);
    let middle = [
        ((271, 242), "← SYN → SYN,ACK"),
        ((165, 462), "← FIN"),
        ((165, 490), "→ ACK"),
        ((165, 572), "← FIN"),
        ((165, 600), "→ ACK"),
    ];
    for (at, words) in middle {
        sheet.words(at, words, CODE.middle());
    }
    let quiet = WORDS.small().middle().ink(Ink::Quiet);
    sheet.words((271, 268), language.choose("both connect at once", "两端同时 connect"), quiet);
    let send = language.choose("RFC: send → SYN; sockets cannot", "RFC：send → SYN；套接字做不到");
    sheet.words((271, 124), send, quiet);
    sheet.words((269, 642), language.choose("after 60 s", "60 秒后"), WORDS);
}

fn legend(sheet: &mut Sheet, language: Language) {
    let rows = [
        (ACTIVE, language.choose("connects, and closes first: mostly the client", "主动打开，先关闭：多半是客户端")),
        (PASSIVE, language.choose("accepts, and closes second: mostly the server", "被动打开，后关闭：多半是服务器")),
        (OTHER, language.choose("the other ways", "其他转换")),
    ];
    let mut y = 740;
    for (stroke, words) in rows {
        sheet.arrow(&[(20, y - 5), (76, y - 5)], stroke);
        sheet.words((88, y), words, WORDS);
        y += 22;
    }
    y += 4;
    let notes = [
        language.choose(
            "close: a call.  ← FIN: it arrives.  → ACK: it is sent.",
            "close：调用。← FIN：到达。→ ACK：发出。",
        ),
        language
            .choose("Under a state: the program of c_examples that shows it.", "状态下面：演示它的 c_examples 程序。"),
    ];
    for words in notes {
        sheet.words((20, y), words, WORDS.ink(Ink::Quiet));
        y += 21;
    }
    debug_assert!(y < 862 && WIDTH == 520);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Tree;

    #[test]
    fn all_eleven_states_are_there_each_with_a_program_of_the_tree() {
        let tree = Tree::new(Language::English);
        let mut names: Vec<&str> = STATES.iter().map(|(name, ..)| *name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 11);
        for (name, _, program) in STATES.iter().filter(|(.., program)| !program.is_empty()) {
            assert!(tree.path(&format!("c_examples/{program}.c")).exists(), "{program}");
            // The library has the same names.
            assert!(tree.read("include/sockutil.h").unwrap().contains(&format!("SOCKUTIL_TCP_{name} ")), "{name}");
        }
    }

    #[test]
    fn it_is_a_picture_in_both_languages() {
        for language in [Language::English, Language::Chinese] {
            svg(language).unwrap();
        }
    }
}
