//! The manual pages as chapters, made by mandoc, and the index of all functions.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::Command;

use crate::language::Language;
use crate::tree::Tree;

/// A page as a chapter.
pub struct Page {
    /// Its file in the book's sources.
    pub file: String,
    /// Its Markdown: a title, and HTML.
    pub text: String,
    name: String,
    about: String,
}

/// The whole manual.
pub struct Manual {
    /// The index, then the pages.
    pub pages: Vec<Page>,
    /// Each function, and the address of its description below the folder `manual`.
    functions: BTreeMap<String, String>,
}

impl Manual {
    /// Reads all pages of the tree.
    pub fn read(tree: &Tree) -> Result<Self, String> {
        let mut sources = vec!["man/man7/sockutil.7".to_owned()];
        let folder = std::fs::read_dir(tree.path("man/man3")).map_err(|error| format!("man/man3: {error}"))?;
        let mut names: Vec<String> =
            folder.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        sources.extend(names.iter().map(|name| format!("man/man3/{name}")));

        let mut functions = BTreeMap::new();
        let mut known = Vec::new();
        for source in &sources {
            let text = tree.read(source)?;
            let page = source.rsplit('/').next().unwrap_or_default();
            known.push(page.to_owned());
            for name in text.lines().filter_map(|line| line.strip_prefix(".Fo ")) {
                functions.insert(name.to_owned(), format!("{page}.md#fn-{name}"));
            }
        }
        // The names without the prefix are described with those that have it.
        let long = |name: &String| format!("sockutil_{name}");
        let classic: Vec<String> =
            functions.keys().filter(|&name| functions.contains_key(&long(name))).cloned().collect();
        for name in classic {
            let address = functions[&long(&name)].clone();
            functions.insert(name, address);
        }
        let mut manual = Self { pages: Vec::new(), functions };
        for source in &sources {
            let html = mandoc(tree, source)?;
            let page = manual.page(source, &html, &known)?;
            manual.pages.push(page);
        }
        let index = manual.index(tree.language)?;
        manual.pages.insert(0, index);
        Ok(manual)
    }

    /// The lines of the summary for these pages.
    pub fn summary(&self, language: Language) -> String {
        let mut lines = format!("\n# {}\n\n", language.choose("Manual", "手册"));
        for page in &self.pages {
            let _ = writeln!(lines, "- [{}]({})", page.name, page.file);
        }
        lines
    }

    /// A chapter whose code spans that name a function lead to its description. What stands in a block of code, in a
    /// heading or in a link stays as it is.
    pub fn link(&self, text: &str) -> String {
        let mut linked = String::new();
        let mut fenced = false;
        for line in text.lines() {
            let fence = line.trim_start().starts_with("```");
            fenced ^= fence;
            if fenced || fence || line.starts_with(['#', '<']) || line.starts_with("    ") {
                linked += line;
            } else {
                self.link_line(line, &mut linked);
            }
            linked.push('\n');
        }
        linked
    }

    fn link_line(&self, line: &str, linked: &mut String) {
        for (i, part) in line.split('`').enumerate() {
            let name = part.split('(').next().unwrap_or_default();
            match self.functions.get(name) {
                Some(address) if i % 2 == 1 && !linked.ends_with('[') => {
                    let _ = write!(linked, "[`{part}`](manual/{address})");
                }
                _ if i % 2 == 1 => {
                    let _ = write!(linked, "`{part}`");
                }
                _ => *linked += part,
            }
        }
    }

    /// A page from mandoc's HTML: the headings one level deeper, a mark at each function, links inside the book.
    fn page(&self, source: &str, html: &str, known: &[String]) -> Result<Page, String> {
        let file = source.rsplit('/').next().unwrap_or_default();
        let (name, section) = file.rsplit_once('.').ok_or("no section")?;
        let mut text = format!("# {name}({section})\n\n<div class=\"manual\">\n");
        let mut about = "";
        for line in html.lines() {
            let line = line.replace("<h2", "<h3").replace("</h2", "</h3").replace("<h1", "<h2").replace("</h1", "</h2");
            let line = self.mark(&line);
            // A blank line would end the block of HTML.
            text += if line.is_empty() { "&#32;" } else { &line };
            text.push('\n');
        }
        if let Some((_, rest)) = html.split_once("<span class=\"Nd\">") {
            about = rest.split_once("</span>").map_or("", |(about, _)| about);
        }
        text = self.links(&text, known);
        text += "</div>\n";
        let about = about.split_whitespace().collect::<Vec<_>>().join(" ");
        Ok(Page { file: format!("manual/{file}.md"), text, name: format!("{name}({section})"), about })
    }

    /// A line that begins a function's description gets the mark to which links lead.
    fn mark(&self, line: &str) -> String {
        let Some((_, rest)) = line.split_once("<dt").filter(|_| line.trim_start().starts_with("<dt")) else {
            return line.to_owned();
        };
        match rest.split_once("class=\"Fn\">").and_then(|(_, rest)| rest.split_once('<')) {
            Some((name, _)) if self.functions.contains_key(name) => {
                format!("  <dt id=\"fn-{name}\"><code class=\"Fn\">{name}</code>()</dt>")
            }
            _ => line.to_owned(),
        }
    }

    /// References to pages of ours lead to them; pages of the system have no address here.
    fn links(&self, text: &str, known: &[String]) -> String {
        let mut parts = text.split("<a class=\"Xr\" href=\"");
        let mut linked = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let Some((address, rest)) = part.split_once("\">") else { continue };
            let Some((label, rest)) = rest.split_once("</a>") else { continue };
            let page = address.trim_end_matches(".html");
            let name = page.rsplit_once('.').map_or(page, |(name, _)| name);
            let target = self.functions.get(name).map(|target| target.replacen(".md", ".html", 1));
            let target = target.or_else(|| known.iter().any(|known| known == page).then(|| address.to_owned()));
            match target {
                Some(target) => {
                    let _ = write!(linked, "<a class=\"Xr\" href=\"{target}\">{label}</a>{rest}");
                }
                None => {
                    let _ = write!(linked, "<span class=\"Xr\">{label}</span>{rest}");
                }
            }
        }
        linked
    }

    /// The index: each function with its page, and the pages.
    fn index(&self, language: Language) -> Result<Page, String> {
        let name = language.choose("All functions", "全部函数");
        let mut text = format!("# {name}\n");
        for (function, address) in &self.functions {
            let file = address.split_once(".md").map_or("", |(page, _)| page);
            let page = self.pages.iter().find(|page| page.file == format!("manual/{file}.md"));
            let mark = address.split_once('#').map_or("", |(_, mark)| mark);
            let does = page
                .and_then(|page| page.text.split_once(&format!("<dt id=\"{mark}\">")))
                .and_then(|(_, rest)| rest.split_once("<dd>"))
                .and_then(|(_, rest)| rest.split_once('.'))
                .map(|(sentence, _)| sentence.split_whitespace().collect::<Vec<_>>().join(" ") + ".");
            let does = does.ok_or_else(|| format!("{function} has no description in its page"))?;
            // A heading for each function: the search puts titles first.
            let title = page.map_or("", |page| &page.name);
            let _ = writeln!(text, "\n### {function}\n\n{does} [{title}]({address})");
        }
        let _ = write!(text, "\n## {}\n\n", language.choose("The pages", "各页"));
        for page in &self.pages {
            let file = page.file.trim_start_matches("manual/");
            let _ = writeln!(text, "- [{}]({file}): {}", page.name, page.about);
        }
        Ok(Page { file: "manual/index.md".to_owned(), text, name: name.to_owned(), about: String::new() })
    }
}

/// A page as HTML.
fn mandoc(tree: &Tree, source: &str) -> Result<String, String> {
    let output = Command::new("mandoc")
        .args(["-T", "html", "-O", "fragment,man=%N.%S.html"])
        .arg(tree.path(source))
        .output()
        .map_err(|error| format!("mandoc: {error}"))?;
    if !output.status.success() {
        return Err(format!("mandoc {source}: {}", output.status));
    }
    String::from_utf8(output.stdout).map_err(|error| format!("mandoc {source}: {error}"))
}
