//! Turns the plain text of comments into mdoc(7): names of errno values, constants, parameters, functions and pages get
//! macros, lines are wrapped, and each sentence begins a line.

use std::collections::HashMap;

/// A longer line of text is bad style; a macro may be longer.
const WIDTH: usize = 78;

/// Constants in capitals without an underscore. Words in capitals with one are constants, too.
const CONSTANTS: [&str; 3] = ["NULL", "SIGPIPE", "SIGCHLD"];
/// With an underscore, but no constants: the names of states.
const STATES: [&str; 1] = ["TIME_WAIT"];

/// Parameters whose names are also words: a noun without an article means the parameter.
const WORDS: [&str; 27] = [
    "a",
    "b",
    "backlog",
    "body",
    "count",
    "data",
    "delimiter",
    "done",
    "flags",
    "from",
    "group",
    "host",
    "level",
    "line",
    "local",
    "name",
    "net",
    "on",
    "path",
    "peer",
    "seconds",
    "service",
    "size",
    "text",
    "to",
    "truncated",
    "value",
];
/// A word before such a parameter (or a sign),
const BEFORE: [&str; 10] = ["or", "and", "if", "where", "when", "unless", "that", "of", "than", "in"];
/// and a word after it.
const AFTER: [&str; 12] =
    ["is", "are", "may", "or", "and", "must", "has", "that", "untouched.", "questions", "(NULL", "0:"];

/// The meaning of names on a page.
pub struct Names<'a> {
    /// The page of each function and type.
    pub pages: &'a HashMap<String, String>,
    /// Types among them.
    pub types: &'a [String],
    /// The page that is being written.
    pub page: &'a str,
    /// The parameters of the text's function.
    pub parameters: Vec<&'a str>,
}

/// mdoc(7) in the making.
#[derive(Default)]
pub struct Text {
    done: String,
    line: String,
}

impl Text {
    pub fn macro_line(&mut self, line: &str) {
        self.end_line();
        self.done.push_str(line.trim_end());
        self.done.push('\n');
    }

    fn word(&mut self, word: &str) {
        let word = if word.starts_with('\'') || word.starts_with('.') { format!("\\&{word}") } else { word.to_owned() };
        if self.line.len().saturating_add(word.len()) >= WIDTH {
            self.end_line();
        }
        if !self.line.is_empty() {
            self.line.push(' ');
        }
        self.line.push_str(&word);
    }

    fn end_line(&mut self) {
        if !self.line.is_empty() {
            self.done.push_str(&self.line);
            self.done.push('\n');
            self.line.clear();
        }
    }

    pub fn finish(mut self) -> String {
        self.end_line();
        self.done
    }

    /// Text of a comment.
    pub fn prose(&mut self, text: &str, names: &Names<'_>) -> Result<(), String> {
        let mut before = "";
        let mut quoted = false;
        let mut words = text.split_whitespace().peekable();
        while let Some(token) = words.next() {
            let marks = token.matches('"').count();
            let after = words.peek().copied().unwrap_or_default();
            let macro_line = if quoted || marks > 0 { None } else { names.mark(before, token, after)? };
            match macro_line {
                Some(line) => self.macro_line(&line),
                None => self.word(&escape(token)),
            }
            quoted ^= marks % 2 == 1;
            if token.ends_with('.') {
                self.end_line();
            }
            before = token;
        }
        self.end_line();
        Ok(())
    }

    /// `a(), b() and c()`, ready for a verb, or with a sign after it.
    pub fn functions(&mut self, functions: &[&str], sign: &str) {
        let mut left = functions.len();
        for name in functions {
            left = left.saturating_sub(1);
            match left {
                0 => self.macro_line(&format!(".Fn {name} {sign}")),
                1 => {
                    self.macro_line(&format!(".Fn {name}"));
                    self.word("and");
                }
                _ => self.macro_line(&format!(".Fn {name} ,")),
            }
        }
    }
}

/// A word of text, escaped for roff. A minus sign stands only before a number.
fn escape(word: &str) -> String {
    let word = word.replace('\\', "\\e");
    if word.strip_prefix('-').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())) {
        format!("\\{word}")
    } else {
        word
    }
}

impl Names<'_> {
    /// A macro line for a word that has a macro, with the signs around it.
    fn mark(&self, before: &str, token: &str, after: &str) -> Result<Option<String>, String> {
        let unopened = token.trim_start_matches(['(', '[']);
        let opening = token.strip_suffix(unopened).unwrap_or_default();
        // recv(2) keeps its parentheses.
        let (core, closing) = match unopened.find(')') {
            Some(at) if unopened.contains('(') => unopened.split_at(at.saturating_add(1)),
            _ => unopened.split_at(unopened.trim_end_matches(['.', ',', ':', ';', '!', '?', ')', ']']).len()),
        };
        let (core, closing) = match core.strip_suffix("'s") {
            Some(core) => (core, format!(" Ns 's{closing}")),
            None => (core, closing.chars().fold(String::new(), |signs, sign| format!("{signs} {sign}"))),
        };
        let Some(marked) = self.mark_core(before, core, after, token.len() != core.len())? else { return Ok(None) };
        let (name, rest) = marked.split_once(' ').unwrap_or((&marked, ""));
        let opening = opening.chars().fold(String::new(), |signs, sign| format!("{signs}{sign} "));
        Ok(Some(format!(".{name} {opening}{rest}{closing}")))
    }

    fn mark_core(&self, before: &str, core: &str, after: &str, signs: bool) -> Result<Option<String>, String> {
        if let Some((name, section)) = core.strip_suffix(')').and_then(|rest| rest.split_once('(')) {
            return match section.parse::<u8>() {
                Ok(_) => Ok(Some(format!("Xr {name} {section}"))),
                // A call with its arguments, not a page with its section.
                Err(_) if name.starts_with("sockutil_") => {
                    Ok(Some(format!("Fn {name} {section}").trim_end().to_owned()))
                }
                Err(_) => Ok(None),
            };
        }
        if core == "errno" {
            return Ok(Some("Va errno".to_owned()));
        }
        if core.starts_with("sockutil_") {
            return self.own(core).map(Some);
        }
        if let Some(line) = self.parameter(before, core, after, signs) {
            return Ok(Some(line));
        }
        let capitals = core.len() > 2 && core.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
        Ok(if !capitals || STATES.contains(&core) {
            None
        } else if core.contains('_') || core.starts_with("POLL") || CONSTANTS.contains(&core) {
            Some(format!("Dv {core}"))
        } else if core.starts_with('E') {
            Some(format!("Er {core}"))
        } else {
            None
        })
    }

    /// A function or type of ours. One that does not exist is a mistake in a comment.
    fn own(&self, name: &str) -> Result<String, String> {
        let page = self.pages.get(name).ok_or(format!("{name} is in a comment, and not in the header"))?;
        Ok(if self.types.iter().any(|own| own == name) {
            format!("Vt {name}")
        } else if page == self.page {
            format!("Fn {name}")
        } else {
            format!("Xr {name} 3")
        })
    }

    /// A parameter, what it points to, or what is computed from it.
    fn parameter(&self, before: &str, core: &str, after: &str, signs: bool) -> Option<String> {
        let (name, rest) = match core.find(['-', '[']) {
            Some(at) => core.split_at(at),
            None => (core, ""),
        };
        let plain = name.trim_start_matches('*');
        if !self.parameters.contains(&plain) {
            return None;
        }
        let alone = plain == core;
        let between = before.is_empty() || before.ends_with([',', ';', ':', '.']) || BEFORE.contains(&before);
        if alone && WORDS.contains(&plain) && !(between && (signs && plain != "a" || AFTER.contains(&after))) {
            return None;
        }
        Some(if rest.is_empty() { format!("Fa {name}") } else { format!("Fa {name} Ns {}", rest.replace('-', "\\-")) })
    }
}
