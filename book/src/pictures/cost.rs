//! The cost of reading lines, as bars, from the results of `make bench`: the rows that `docs/speed.sh` shows.

use super::svg::{CODE, Ink, Sheet, WIDTH, WORDS};
use crate::language::Language;

const LEFT: i32 = 16;
/// The length of the bar for 100, in tenths for each line read.
const TENTHS: i32 = 43;

/// The picture, from the text of `bench/results.json`.
pub fn svg(language: Language, results: &str) -> Result<String, String> {
    let mut sheet =
        Sheet::new(language.choose("Lines read while sockutil reads 100", "sockutil 读 100 行时，别人读了多少行"));
    let title = language.choose("Lines read while sockutil reads 100", "sockutil 读 100 行的时间里读到的行数");
    sheet.words((LEFT, 22), title, WORDS.bold());
    let about =
        language.choose("lines of 64 bytes from a TCP socket; longer is better", "TCP 套接字，每行 64 字节；越长越好");
    sheet.words((LEFT, 43), about, WORDS.ink(Ink::Quiet));

    let others = [
        ("getline", "getline(3)", "getline(3)"),
        ("libevent evbuffer_readln", "libevent, evbuffer_readln", "libevent，evbuffer_readln"),
        ("textbook, static buffer", "as UNP does: readline", "UNP 的写法：readline"),
        ("textbook peek", "as tutorials do: readline with MSG_PEEK", "教程的写法：readline 加 MSG_PEEK"),
    ];
    let mut y = 74;
    put_bar(&mut sheet, y, "sockutil_reader_line", 100, true);
    for (name, english, chinese) in others {
        // A reader without a row has no bar.
        let Some(row) = results.lines().find(|line| is_row(line, name)) else { continue };
        let lines = lines(row).ok_or_else(|| format!("{name}: no number in the results"))?;
        y += 50;
        put_bar(&mut sheet, y, language.choose(english, chinese), lines, false);
    }
    let value = |name| field(results, name).ok_or_else(|| format!("{name}: not in the results"));
    let system = value("system")?.split('-').next().unwrap_or_default();
    let notes = [
        format!(
            "{}: {}, {system}, glibc {}, gcc {}",
            value("date")?,
            value("processor")?.replace("(R)", ""),
            value("glibc")?,
            value("compiler")?
        ),
        language
            .choose("Processor time, with the data already in the socket.", "处理器时间，数据已在套接字里。")
            .to_owned(),
        language
            .choose(
                "getline: on fdopen, with a buffer of 64 KB. The last two:",
                "getline：用 fdopen，缓冲区 64 KB。最后两个是",
            )
            .to_owned(),
        language
            .choose("our own code in that style (bench/README.md).", "我们按那种写法写的代码（bench/README.md）。")
            .to_owned(),
    ];
    y += 52;
    for note in notes {
        sheet.words((LEFT, y), &note, WORDS.small().ink(Ink::Quiet));
        y += 18;
    }
    sheet.svg(y)
}

fn put_bar(sheet: &mut Sheet, y: i32, name: &str, lines: i32, ours: bool) {
    let look = if name.is_ascii() && !name.contains(' ') { CODE } else { WORDS };
    sheet.words((LEFT, y), name, if ours { look.bold() } else { look });
    let length = (lines * TENTHS / 10).max(2);
    let ink = if ours { Ink::Good } else { Ink::Quiet };
    sheet.area((LEFT, y + 7), (length, 18), ink, 100);
    sheet.words((LEFT + length + 8, y + 21), &lines.to_string(), WORDS.bold());
    debug_assert!(length < WIDTH);
}

fn is_row(line: &str, against: &str) -> bool {
    field(line, "what") == Some("reader_line, 64 KB")
        && field(line, "size") == Some("64 B lines")
        && field(line, "against") == Some(against)
}

/// How many lines the other reads in the time of 100. The cost is ours, in theirs.
fn lines(row: &str) -> Option<i32> {
    let number = |name| field(row, name)?.parse::<f64>().ok();
    let lines =
        number("cost").map(|cost| 100.0 * cost).or_else(|| number("times_as_fast").map(|times| 100.0 / times))?;
    format!("{lines:.0}").parse().ok()
}

/// The text after `"name": `, or its number.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(&format!("\"{name}\":"))?;
    let rest = rest.trim_start();
    match rest.strip_prefix('"') {
        Some(rest) => rest.split_once('"').map(|(value, _)| value),
        None => rest.split([',', '}', '\n']).next(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Tree;

    const RESULTS: &str = r#"{
  "date": "2026-01-02",
  "processor": "A(R) B",
  "system": "Linux 6.1-x y",
  "compiler": "1",
  "glibc": "2",
  "rows": [
    {"what": "reader_line, 64 KB", "size": "64 B lines", "against": "getline", "cost": 0.70, "at_most": 0.60},
    {"what": "reader_line, 64 KB", "size": "64 B lines", "against": "textbook peek", "times_as_fast": 50.00}
  ]
}"#;

    #[test]
    fn bars_are_as_long_as_the_results_say() {
        let svg = svg(Language::English, RESULTS).unwrap();
        assert!(svg.contains(">100</text>") && svg.contains(">70</text>") && svg.contains(">2</text>"), "{svg}");
        assert!(svg.contains("width=\"301\"") && svg.contains("2026-01-02: A B, Linux 6.1, glibc 2, gcc 1"), "{svg}");
        assert!(!svg.contains("libevent"), "no row, no bar: {svg}");
        assert!(super::svg(Language::English, "{}").is_err());
    }

    /// `docs/speed.svg` shows the same numbers.
    #[test]
    fn it_agrees_with_the_chart_of_the_readme() {
        let tree = Tree::new(Language::Chinese);
        let (chart, results) = (tree.read("docs/speed.svg").unwrap(), tree.read("bench/results.json").unwrap());
        let svg = svg(Language::Chinese, &results).unwrap();
        let numbers = |text: &str| -> Vec<i32> {
            let words = text.split("</text>").filter_map(|part| part.rsplit_once('>')?.1.parse().ok());
            words.collect()
        };
        assert!(numbers(&svg).len() >= 4);
        assert_eq!(numbers(&svg), numbers(&chart));
    }
}
