//! A scene of `c_examples/timeline.c`: two ends, the segments between them, and the calls that sent these.

use std::str::Lines;

use super::svg::{CODE, Ink, Look, Point, Sheet, THIN, WIDTH, WORDS};
use crate::language::Language;

/// The lines of the two ends.
const ENDS: [i32; 2] = [104, WIDTH - 104];
/// How far down a segment goes on its way.
const FALL: i32 = 24;

/// A call, or a wait for a timer, and what followed.
#[derive(Debug)]
struct Step {
    /// The ends that made it.
    ends: Vec<usize>,
    call: String,
    segments: Vec<Segment>,
    after: [State; 2],
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct State {
    name: String,
    /// "6 bytes unread", or nothing.
    unread: String,
}

#[derive(Debug)]
struct Segment {
    from: usize,
    flags: String,
    /// "seq 1, ack 2", and the length if there is data.
    numbers: String,
    data: bool,
    again: bool,
    lost: bool,
}

/// The picture of one scene of the record.
pub fn svg(language: Language, record: &str, scene: &str) -> Result<String, String> {
    let steps = steps(record, scene)?;
    let title = format!("{}: {scene}", language.choose("What each call sends", "每次调用发出的报文段"));
    let mut sheet = Sheet::new(&title);
    let names = [language.choose("client", "客户端"), language.choose("server", "服务器")];
    for (x, name) in ENDS.into_iter().zip(names) {
        sheet.words((x, 18), name, WORDS.bold().middle());
    }
    let mut y = 44;
    // All scenes but the first begin with a connection.
    let open = State { name: "ESTABLISHED".to_owned(), unread: String::new() };
    let mut states = [None, None];
    if steps.first().is_some_and(|step| step.call != "listen = 0") {
        put_states(&mut sheet, language, y, &mut states, &[open.clone(), open]);
        y += 4;
    }
    for step in &steps {
        y += 28;
        for &end in &step.ends {
            sheet.dot((ENDS[end], y - 5), Ink::Text);
            let (x, look) = inside(end, CODE.bold());
            // Two results would not fit; both calls succeed.
            let call = if step.ends.len() == 2 { step.call.trim_end_matches(" = 0") } else { &step.call };
            sheet.words((x, y), &call_in(language, call), look);
        }
        y += if step.segments.is_empty() { -1 } else { 9 };
        if step.ends.len() == 2 {
            for pair in step.segments.chunks(2) {
                y = put_pair(&mut sheet, language, y, pair);
            }
        } else {
            for segment in &step.segments {
                y = put_segment(&mut sheet, language, y, segment);
            }
        }
        y = put_states(&mut sheet, language, y, &mut states, &step.after);
    }
    y += 16;
    for x in ENDS {
        sheet.line(&[(x, 26), (x, y)], THIN);
    }
    let note = language.choose("seq and ack are counted from the SYNs", "seq 和 ack 从 SYN 数起");
    sheet.words((WIDTH / 2, y + 20), note, WORDS.small().middle().ink(Ink::Quiet));
    sheet.svg(y + 28)
}

/// The place between the lines for words of an end.
fn inside(end: usize, look: Look) -> (i32, Look) {
    if end == 0 { (ENDS[0] + 12, look) } else { (ENDS[1] - 12, look.end()) }
}

/// States that have changed, outside the lines. Returns where what comes next begins.
fn put_states(sheet: &mut Sheet, language: Language, y: i32, shown: &mut [Option<State>; 2], now: &[State; 2]) -> i32 {
    let mut below = y;
    for end in 0..2 {
        if shown[end].as_ref() == Some(&now[end]) {
            continue;
        }
        let (x, look) = if end == 0 { (ENDS[0] - 9, CODE.end()) } else { (ENDS[1] + 9, CODE) };
        let mut place = y;
        if shown[end].as_ref().map(|state| &state.name) != Some(&now[end].name) {
            sheet.words((x, place), &now[end].name, look.bold());
            place += 15;
        }
        if !now[end].unread.is_empty() {
            let number = now[end].unread.split(' ').next().unwrap_or_default();
            let words = language.choose("unread", "字节未读");
            let look = if end == 0 { WORDS.end() } else { WORDS };
            sheet.words((x, place), &format!("{number} {words}"), look.small().ink(Ink::Quiet));
            place += 10;
        }
        below = below.max(place - 12);
        shown[end] = Some(now[end].clone());
    }
    below
}

/// A segment by itself.
fn put_segment(sheet: &mut Sheet, language: Language, y: i32, segment: &Segment) -> i32 {
    let from = (ENDS[segment.from], y + 10);
    let to = (ENDS[1 - segment.from], y + 10 + FALL);
    let stop = if segment.lost { part_of(from, to, 85) } else { to };
    let middle = part_of(from, stop, 50);
    let again = if segment.again { format!(", {}", language.choose("again", "重发")) } else { String::new() };
    let words = format!("{} · {}{again}", segment.flags, segment.numbers);
    sheet.words((middle.0, middle.1 - 5), &words, CODE.middle().along(from, to).ink(words_ink(segment)));
    put_arrow(sheet, segment, from, stop);
    if segment.lost {
        let side = if segment.from == 0 { 12 } else { -12 };
        let look = if segment.from == 0 { WORDS } else { WORDS.end() };
        sheet.words((stop.0 + side, stop.1 + 5), lost(language), look.ink(Ink::Bad));
    }
    y + 10 + FALL
}

/// What the client and the server send at once: neither has arrived when the other is sent.
fn put_pair(sheet: &mut Sheet, language: Language, y: i32, pair: &[Segment]) -> i32 {
    let (start, fall) = (y + 36, 40);
    for segment in pair {
        let from = (ENDS[segment.from], start);
        let to = (ENDS[1 - segment.from], start + fall);
        let stop = if segment.lost { part_of(from, to, 42) } else { to };
        let (x, look) = inside(segment.from, CODE.ink(words_ink(segment)));
        let again = if segment.again { format!(", {}", language.choose("again", "重发")) } else { String::new() };
        sheet.words((x, start - 20), &format!("{}{again}", segment.flags), look);
        sheet.words((x, start - 4), &segment.numbers, look);
        put_arrow(sheet, segment, from, stop);
        if segment.lost {
            sheet.words((stop.0, stop.1 + 21), lost(language), WORDS.middle().ink(Ink::Bad));
        }
    }
    start + fall
}

fn put_arrow(sheet: &mut Sheet, segment: &Segment, from: Point, stop: Point) {
    let ink = match segment.flags.split(',').next() {
        Some("SYN") => Ink::Good,
        Some("FIN") => Ink::Link,
        Some("RST") => Ink::Bad,
        _ if segment.data => Ink::Text,
        _ => Ink::Quiet,
    };
    if segment.lost {
        sheet.line(&[from, stop], THIN.ink(ink));
        sheet.cross(stop);
    } else {
        sheet.arrow(&[from, stop], THIN.ink(ink));
    }
}

/// A point of a line, by its distance from the start in percent.
fn part_of(from: Point, to: Point, percent: i32) -> Point {
    (from.0 + (to.0 - from.0) * percent / 100, from.1 + (to.1 - from.1) * percent / 100)
}

fn words_ink(segment: &Segment) -> Ink {
    if segment.flags == "ACK" { Ink::Quiet } else { Ink::Text }
}

fn lost(language: Language) -> &'static str {
    language.choose("lost", "丢失")
}

/// A call as the reader's language has it: only what is not a name changes.
fn call_in(language: Language, call: &str) -> String {
    match call.split_once(", after ") {
        _ if call == "wait" => language.choose("(timer)", "（定时器）").to_owned(),
        Some((call, time)) if language == Language::Chinese => {
            format!("{call}，{} 秒后", time.trim_end_matches(" s"))
        }
        _ => call.to_owned(),
    }
}

/// The steps of a scene of the record.
fn steps(record: &str, scene: &str) -> Result<Vec<Step>, String> {
    let text = record.split("scene ").find_map(|text| text.strip_prefix(scene)?.strip_prefix('\n'));
    let mut lines = text.ok_or_else(|| format!("{scene}: not in the record"))?.lines();
    let mut steps = Vec::new();
    while let Some(line) = lines.next() {
        steps.push(step(line, &mut lines).ok_or_else(|| format!("{scene}: {line}: not a line of timeline"))?);
    }
    Ok(steps)
}

fn step(line: &str, lines: &mut Lines<'_>) -> Option<Step> {
    let (who, call) = line.strip_prefix("  ")?.split_once(": ")?;
    let ends = match who {
        "client" => vec![0],
        "server" => vec![1],
        "both" => vec![0, 1],
        _ => return None,
    };
    let mut segments = Vec::new();
    loop {
        let line = lines.next()?.strip_prefix("    ")?;
        if !line.contains(" -> ") {
            let (client, server) = line.strip_prefix("client ")?.split_once(", server ")?;
            return Some(Step { ends, call: call.to_owned(), segments, after: [state(client), state(server)] });
        }
        segments.push(segment(line)?);
    }
}

fn state(text: &str) -> State {
    let (name, unread) = text.split_once(" (").unwrap_or((text, ""));
    State { name: name.to_owned(), unread: unread.trim_end_matches(')').to_owned() }
}

fn segment(line: &str) -> Option<Segment> {
    let (ends, rest) = line.split_at_checked("client -> server".len())?;
    let (flags, numbers) = rest.trim().split_once(' ')?;
    let parts: Vec<&str> = numbers.trim().split(", ").collect();
    let has = |word: &str| parts.contains(&word);
    let numbers: Vec<&str> = parts.iter().copied().filter(|part| !["len 0", "again", "lost"].contains(part)).collect();
    Some(Segment {
        from: ["client -> server", "server -> client"].iter().position(|known| *known == ends)?,
        flags: flags.to_owned(),
        numbers: numbers.join(", "),
        data: !has("len 0"),
        again: has("again"),
        lost: has("lost"),
    })
}

/// The names of the scenes of a record.
pub fn scenes(record: &str) -> impl Iterator<Item = &str> {
    record.lines().filter_map(|line| line.strip_prefix("scene "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Tree;

    const RECORD: &str = "scene a\n  client: close = 0, after 1 s\n    client -> server  FIN,ACK  seq 7, ack 1, len 0, \
                          again, lost\n    client FIN_WAIT1, server ESTABLISHED (6 bytes unread)\nscene ab\n";

    #[test]
    fn a_scene_is_read_as_the_program_prints_it() {
        let steps = steps(RECORD, "a").unwrap();
        let [Step { ends, call, segments, after }] = &steps[..] else { panic!("{steps:?}") };
        assert_eq!((&ends[..], call.as_str()), (&[0][..], "close = 0, after 1 s"));
        let [segment] = &segments[..] else { panic!("{segments:?}") };
        assert_eq!((segment.from, segment.flags.as_str(), segment.numbers.as_str()), (0, "FIN,ACK", "seq 7, ack 1"));
        assert!(segment.again && segment.lost && !segment.data);
        assert_eq!(after[1], State { name: "ESTABLISHED".to_owned(), unread: "6 bytes unread".to_owned() });
    }

    #[test]
    fn what_is_not_a_record_is_an_error() {
        assert!(steps(RECORD, "b").is_err());
        assert!(steps(&RECORD.replace("client:", "nobody:"), "a").is_err());
        assert!(steps(&RECORD.replace("client -> server", "client => server"), "a").is_err());
        assert!(steps(&RECORD[..RECORD.find("    client FIN").unwrap()], "a").is_err());
    }

    #[test]
    fn each_scene_of_the_record_is_a_picture_in_both_languages() {
        for language in [Language::English, Language::Chinese] {
            let record = Tree::new(language).read("book/recorded/timeline.txt").unwrap();
            let names: Vec<&str> = scenes(&record).collect();
            assert_eq!(names.len(), 9);
            for scene in names {
                svg(language, &record, scene).unwrap();
            }
        }
    }

    #[test]
    fn calls_and_results_are_in_both_languages() {
        assert_eq!(call_in(Language::Chinese, "close = 0, after 1 s"), "close = 0，1 秒后");
        assert_eq!(call_in(Language::English, "close = 0, after 1 s"), "close = 0, after 1 s");
        assert!(svg(Language::Chinese, RECORD, "a").unwrap().contains("丢失"));
    }
}
