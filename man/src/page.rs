//! Puts the pages together.

use std::collections::HashMap;
use std::fmt::Write;

use crate::header::{Constant, Function, Header, Section, Struct};
use crate::markup::{Names, Text};
use crate::parts::{Part, Parts, Program};

/// The day of the pages' release; a change of one page does not change it.
const DATE: &str = "November 21, 2026";

const NOTICE: &str = r#".\" SPDX-License-Identifier: MIT OR Apache-2.0
.\" Made by man/src from the comments in src/ffi and from man/parts and
.\" man/examples: change those, not this file.
"#;

/// Books that the comments cite by short names.
const BOOKS: [(&str, &str); 2] = [
    (
        "UNP",
        ".Rs\n.%A W. Richard Stevens\n.%A Bill Fenner\n.%A Andrew M. Rudoff\n.%B UNIX Network Programming\n\
         .%V Volume 1, third edition\n.%D 2004\n.%O cited as UNP\n.Re\n",
    ),
    (
        "CS:APP",
        ".Rs\n.%A Randal E. Bryant\n.%A David R. O'Hallaron\n\
         .%B Computer Systems: A Programmer's Perspective\n.%O cited as CS:APP\n.Re\n",
    ),
];

/// The header, page by page.
pub struct Library<'a> {
    pub pages: Vec<Page<'a>>,
    bare: &'a [(String, String)],
    page_of: HashMap<String, String>,
    types: Vec<String>,
    version: String,
}

pub struct Page<'a> {
    pub name: String,
    /// The name of its part.
    pub part: &'a str,
    sections: Vec<&'a Section>,
}

impl Page<'_> {
    pub fn functions(&self) -> impl Iterator<Item = &Function> {
        self.sections.iter().flat_map(|section| &section.functions)
    }

    fn constants(&self) -> impl Iterator<Item = &Constant> {
        self.sections.iter().flat_map(|section| &section.constants)
    }

    fn structs(&self) -> impl Iterator<Item = &Struct> {
        self.sections.iter().flat_map(|section| &section.structs)
    }

    /// Groups of functions with the same text, in the order of the first of each.
    fn groups<T: PartialEq>(&self, said: impl Fn(&Function) -> T) -> Vec<(Vec<&Function>, T)> {
        let mut groups = Vec::<(Vec<&Function>, T)>::new();
        for function in self.functions() {
            let words = said(function);
            match groups.iter_mut().find(|(_, other)| *other == words) {
                Some((functions, _)) => functions.push(function),
                None => groups.push((vec![function], words)),
            }
        }
        groups
    }
}

impl<'a> Library<'a> {
    pub fn new(header: &'a Header, pages: &[(&'a str, &[&str])]) -> Result<Self, String> {
        for section in &header.sections {
            if !pages.iter().any(|(_, titles)| titles.contains(&section.title.as_str())) {
                return Err(format!("no page tells of the header's section {}", section.title));
            }
        }
        let mut library = Self {
            pages: Vec::new(),
            bare: &header.bare,
            page_of: HashMap::new(),
            types: Vec::new(),
            version: version(header)?,
        };
        for (part, titles) in pages {
            let find = |title: &&str| header.sections.iter().find(|section| section.title == *title);
            let sections: Vec<&Section> = titles.iter().filter_map(find).collect();
            if sections.len() != titles.len() {
                return Err(format!("{part}: a section is missing in the header"));
            }
            let page = Page { name: format!("sockutil_{part}"), part, sections };
            for name in page.functions().map(|f| &f.name).chain(page.structs().map(|s| &s.name)) {
                library.page_of.insert(name.clone(), page.name.clone());
            }
            library.types.extend(page.structs().map(|s| s.name.clone()));
            library.pages.push(page);
        }
        Ok(library)
    }

    fn names<'b>(&'b self, page: &'b Page<'_>, parameters: Vec<&'b str>) -> Names<'b> {
        Names { pages: &self.page_of, types: &self.types, page: &page.name, parameters }
    }

    fn bare_of(&self, function: &Function) -> Option<&'a str> {
        self.bare.iter().find(|(_, name)| *name == function.name).map(|(bare, _)| bare.as_str())
    }

    fn head(&self, name: &str, section: char) -> String {
        format!("{NOTICE}.Dd {DATE}\n.Dt {} {section}\n.Os sockutil {}\n", name.to_uppercase(), self.version)
    }
}

fn version(header: &Header) -> Result<String, String> {
    let number = |name: &str| {
        let mut constants = header.sections.iter().flat_map(|section| &section.constants);
        constants.find(|constant| constant.name == name).map(|constant| constant.value.as_str())
    };
    let numbers = ["SOCKUTIL_VERSION_MAJOR", "SOCKUTIL_VERSION_MINOR", "SOCKUTIL_VERSION_PATCH"].map(number);
    let numbers: Option<Vec<&str>> = numbers.into_iter().collect();
    Ok(numbers.ok_or("the header has no version")?.join("."))
}

/// A page of section 3.
pub fn family(library: &Library<'_>, page: &Page<'_>, part: &Part) -> Result<String, String> {
    let mut text = Text::default();
    text.macro_line(library.head(&page.name, '3').trim_end());
    name(&mut text, library, page, part);
    synopsis(&mut text, library, page);
    description(&mut text, library, page, part)?;
    // Before what mdoc(7) puts first: an example is what most readers come for.
    text.macro_line(".Sh EXAMPLES");
    text.macro_line(part.example.trim_end());
    program(&mut text, &part.program);
    returned(&mut text, library, page)?;
    errors(&mut text, library, page)?;
    safety(&mut text, library, page)?;
    see_also(&mut text, page, part);
    sources(&mut text, library, page)?;
    if !part.caveats.is_empty() {
        text.macro_line(".Sh CAVEATS");
        text.macro_line(part.caveats.trim_end());
    }
    Ok(text.finish())
}

fn name(text: &mut Text, library: &Library<'_>, page: &Page<'_>, part: &Part) {
    text.macro_line(".Sh NAME");
    let prefixed = page.functions().map(|function| function.name.as_str());
    let bare = page.functions().filter_map(|function| library.bare_of(function));
    let names: Vec<&str> = bare.chain(prefixed).collect();
    text.macro_line(&format!(".Nm {}", names.join(" ,\n.Nm ")));
    text.macro_line(&format!(".Nd {}", part.description));
    text.macro_line(".Sh LIBRARY\nsockutil (libsockutil, \\-lsockutil)");
}

fn synopsis(text: &mut Text, library: &Library<'_>, page: &Page<'_>) {
    text.macro_line(".Sh SYNOPSIS\n.In sockutil.h");
    for Constant { name, value, .. } in page.constants() {
        text.macro_line(&format!(".Fd \"#define {name} {}\"", value.replace('-', "\\-")));
    }
    for Struct { name, fields, .. } in page.structs() {
        let private = [String::from("/* all fields are private */")];
        let fields = if fields.is_empty() { &private } else { fields.as_slice() };
        let fields = fields.join("\n    ");
        text.macro_line(&format!(".Bd -literal\ntypedef struct {name} {{\n    {fields}\n}} {name};\n.Ed"));
    }
    if page.structs().next().is_some() {
        text.macro_line(".Pp");
    }
    let bare = page.functions().filter_map(|function| Some((library.bare_of(function)?, function)));
    let prefixed = page.functions().map(|function| (function.name.as_str(), function));
    for (name, Function { result, parameters, .. }) in bare.chain(prefixed) {
        let void = [String::from("void")];
        let parameters = if parameters.is_empty() { &void } else { parameters.as_slice() };
        text.macro_line(&format!(".Ft \"{result}\"\n.Fo {name}\n.Fa \"{}\"\n.Fc", parameters.join("\"\n.Fa \"")));
    }
}

fn description(text: &mut Text, library: &Library<'_>, page: &Page<'_>, part: &Part) -> Result<(), String> {
    text.macro_line(".Sh DESCRIPTION");
    text.macro_line(part.introduction.trim_end());
    text.macro_line(".Bl -tag -width Ds");
    let general = library.names(page, Vec::new());
    for constant in page.constants() {
        text.macro_line(&format!(".It Dv {}", constant.name));
        text.prose(&constant.text, &general)?;
    }
    for item in page.structs() {
        text.macro_line(&format!(".It Vt {}", item.name));
        paragraphs(text, item.paragraphs.iter(), &general)?;
    }
    for function in page.functions() {
        text.macro_line(&format!(".It Fn {}", function.name));
        let names = library.names(page, function.parameter_names().collect());
        let words = &function.words;
        paragraphs(text, std::iter::once(&words.sentence).chain(&words.paragraphs), &names)?;
    }
    text.macro_line(".El");
    Ok(())
}

fn paragraphs<'a>(
    text: &mut Text,
    paragraphs: impl Iterator<Item = &'a String>,
    names: &Names<'_>,
) -> Result<(), String> {
    for (index, paragraph) in paragraphs.enumerate() {
        if index > 0 {
            text.macro_line(".Pp");
        }
        text.prose(paragraph, names)?;
    }
    Ok(())
}

/// The names of a group's functions, and every parameter that one of them has.
fn group<'a>(functions: &[&'a Function]) -> (Vec<&'a str>, Vec<&'a str>) {
    let parameters = functions.iter().flat_map(|function| function.parameter_names()).collect();
    (functions.iter().map(|function| function.name.as_str()).collect(), parameters)
}

fn returned(text: &mut Text, library: &Library<'_>, page: &Page<'_>) -> Result<(), String> {
    text.macro_line(".Sh RETURN VALUES");
    for (index, (functions, returns)) in page.groups(|function| function.words.returns.clone()).iter().enumerate() {
        if index > 0 {
            text.macro_line(".Pp");
        }
        let (functions, parameters) = group(functions);
        text.functions(&functions, "");
        let verb = if functions.len() == 1 { "returns" } else { "return" };
        // The errno values have a section of their own.
        let returns = returns.strip_suffix(':').map_or_else(|| returns.clone(), |returns| format!("{returns}."));
        let returns =
            returns.replace("-1 with errno", "-1 with errno set").replace("NULL with errno", "NULL with errno set");
        text.prose(&format!("{verb} {returns}"), &library.names(page, parameters))?;
    }
    Ok(())
}

/// An errno value with its cause, and the functions that fail with it.
type Shared<'a> = ((&'a str, &'a str), Vec<&'a Function>);

/// The errno values that three functions or more fail with, for one cause, but not exactly those of one group.
fn shared<'a>(page: &'a Page<'_>, groups: &[(Vec<&'a Function>, Fails)]) -> Vec<Shared<'a>> {
    let mut found = Vec::<Shared<'a>>::new();
    for function in page.functions() {
        for (error, cause) in &function.words.errors {
            let key = (error.as_str(), cause.as_str());
            match found.iter_mut().find(|(other, _)| *other == key) {
                Some((_, functions)) => functions.push(function),
                None => found.push((key, vec![function])),
            }
        }
    }
    let of_one_group = |functions: &[&Function]| {
        groups.iter().any(|(group, _)| {
            group.len() == functions.len()
                && functions.iter().all(|function| group.iter().any(|other| other.name == function.name))
        })
    };
    found.retain(|(_, functions)| functions.len() > 2 && !of_one_group(functions));
    found
}

/// The errno values of a function with their causes, and the sentences after them.
type Fails = (Vec<(String, String)>, String);

fn errors(text: &mut Text, library: &Library<'_>, page: &Page<'_>) -> Result<(), String> {
    let mut groups = page.groups(|function| (function.words.errors.clone(), function.words.more.clone()));
    groups.retain(|(_, (errors, _))| !errors.is_empty());
    text.macro_line(".Sh ERRORS");
    if groups.is_empty() {
        text.macro_line("None is defined.");
    }
    let shared = shared(page, &groups);
    let is_shared = |error: &str, cause: &str| shared.iter().any(|(key, _)| *key == (error, cause));
    if !shared.is_empty() {
        text.macro_line("Several functions fail with:");
        text.macro_line(".Bl -tag -width Er");
        for ((error, cause), functions) in &shared {
            let (functions, parameters) = group(functions);
            text.macro_line(&format!(".It Bq Er {error}"));
            text.prose(&format!("{cause}:"), &library.names(page, parameters))?;
            text.functions(&functions, ".");
        }
        text.macro_line(".El");
    }
    for (index, (functions, (errors, more))) in groups.iter().enumerate() {
        let own: Vec<_> = errors.iter().filter(|(error, cause)| !is_shared(error, cause)).collect();
        if own.is_empty() && more.is_empty() {
            continue;
        }
        if index > 0 || !shared.is_empty() {
            text.macro_line(".Pp");
        }
        let (functions, parameters) = group(functions);
        let names = library.names(page, parameters);
        text.functions(&functions, "");
        let (verb, can) = if functions.len() == 1 { ("fails", "It can") } else { ("fail", "They can") };
        if !own.is_empty() {
            text.prose(&format!("{verb} with:"), &names)?;
            text.macro_line(".Bl -tag -width Er");
            for (error, cause) in &own {
                text.macro_line(&format!(".It Bq Er {error}"));
                text.prose(&format!("{cause}."), &names)?;
            }
            text.macro_line(".El");
        }
        if !more.is_empty() {
            let subject = if own.is_empty() { "can" } else { can };
            if !own.is_empty() {
                text.macro_line(".Pp");
            }
            let more = more
                .strip_prefix("and ")
                .map_or_else(|| more.clone(), |rest| format!("{subject} also fail with {rest}"));
            text.prose(&more, &names)?;
        }
    }
    Ok(())
}

fn safety(text: &mut Text, library: &Library<'_>, page: &Page<'_>) -> Result<(), String> {
    text.macro_line(".Sh SIGNAL AND THREAD SAFETY");
    let groups = page.groups(|function| function.words.safety.clone());
    let alone = groups.len() == 1;
    for (index, (functions, safety)) in groups.iter().enumerate() {
        if index > 0 {
            text.macro_line(".Pp");
        }
        let (functions, parameters) = group(functions);
        let names = library.names(page, parameters);
        if alone && functions.len() > 1 {
            text.prose("All functions of this page:", &names)?;
        } else {
            text.functions(&functions, ":");
        }
        text.prose(safety, &names)?;
    }
    Ok(())
}

/// The pages that the part and the sources name, in the order of mdoc(7).
fn see_also(text: &mut Text, page: &Page<'_>, part: &Part) {
    let mut pages = part.see_also.clone();
    let sources = || page.functions().flat_map(|function| function.words.source.split([' ', ',', ';']));
    for word in sources() {
        let word = word.trim_end_matches('.');
        if let Some((name, section)) = word.strip_suffix(')').and_then(|word| word.split_once('(')) {
            pages.push((name.to_owned(), section.to_owned()));
        }
    }
    pages.push(("sockutil".to_owned(), "7".to_owned()));
    pages.sort_by(|a, b| (&a.1, &a.0).cmp(&(&b.1, &b.0)));
    pages.dedup();
    let pages: Vec<String> = pages.into_iter().map(|(name, section)| format!(".Xr {name} {section}")).collect();
    text.macro_line(".Sh SEE ALSO");
    text.macro_line(&pages.join(" ,\n"));
    for (short, book) in BOOKS {
        if sources().any(|word| word == short) {
            text.macro_line(book.trim_end());
        }
    }
}

fn sources(text: &mut Text, library: &Library<'_>, page: &Page<'_>) -> Result<(), String> {
    text.macro_line(".Sh STANDARDS");
    text.macro_line("No standard has these functions.\nWhat they come from:\n.Bl -item");
    for (functions, source) in page.groups(|function| function.words.source.clone()) {
        if source == "none." {
            continue;
        }
        let (functions, _) = group(&functions);
        text.macro_line(".It");
        text.functions(&functions, ":");
        text.prose(&source, &library.names(page, Vec::new()))?;
    }
    text.macro_line(".El");
    Ok(())
}

fn program(text: &mut Text, program: &Program) {
    text.macro_line(".Bd -literal");
    text.macro_line(literal(&program.source).trim_end());
    text.macro_line(".Ed\n.Pp\nIt prints:\n.Bd -literal");
    text.macro_line(literal(&program.output).trim_end());
    text.macro_line(".Ed");
}

/// Unchanged text: a reader copies programs from the page.
fn literal(source: &str) -> String {
    let mut lines = String::new();
    for line in source.lines() {
        let line = line.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq").replace('`', "\\(ga");
        let line = line.replace('^', "\\(ha").replace('~', "\\(ti");
        let guard = if line.starts_with('.') { "\\&" } else { "" };
        lines.push_str(guard);
        lines.push_str(&line);
        lines.push('\n');
    }
    lines
}

/// sockutil(7): its part, where a line `@program NAME` stands for a program and `@families` for the list of pages.
pub fn overview(library: &Library<'_>, parts: &Parts, summaries: &[(&Page<'_>, String)]) -> Result<String, String> {
    let mut text = Text::default();
    text.macro_line(library.head("sockutil", '7').trim_end());
    for line in parts.text("parts/sockutil.mdoc")?.lines() {
        if let Some(name) = line.strip_prefix("@program ") {
            program(&mut text, &parts.program(name)?);
        } else if line == "@families" {
            text.macro_line(families(summaries).trim_end());
        } else {
            text.macro_line(line);
        }
    }
    Ok(text.finish())
}

fn families(summaries: &[(&Page<'_>, String)]) -> String {
    let mut list = String::from(".Bl -tag -width Ds\n");
    for (page, description) in summaries {
        _ = write!(list, ".It Xr {} 3\n{description}\n", page.name);
    }
    list.push_str(".El\n");
    list
}
