//! The tree that the book takes from: the sources, and parts of the documents.

use std::fs;
use std::path::{Path, PathBuf};

use crate::language::Language;

/// The repository, for a book in one language.
pub struct Tree {
    top: PathBuf,
    /// The book's language.
    pub language: Language,
}

impl Tree {
    /// The repository that this tool belongs to.
    pub fn new(language: Language) -> Self {
        Self { top: Path::new(env!("CARGO_MANIFEST_DIR")).join(".."), language }
    }

    /// The path of a file that is named from the top.
    pub fn path(&self, file: &str) -> PathBuf {
        self.top.join(file)
    }

    /// The text of a file that is named from the top.
    pub fn read(&self, file: &str) -> Result<String, String> {
        fs::read_to_string(self.path(file)).map_err(|error| format!("{file}: {error}"))
    }

    /// The text below a heading of a document, to the next heading of the same or a higher level.
    pub fn section(&self, file: &str, title: &str) -> Result<String, String> {
        let text = self.read(file)?;
        let mut level = 0;
        let mut fenced = false;
        let mut section = String::new();
        for line in text.lines() {
            fenced ^= line.starts_with("```");
            let hashes = if fenced { 0 } else { line.chars().take_while(|&c| c == '#').count() };
            if level == 0 {
                if hashes > 0 && line[hashes..].trim() == title {
                    level = hashes;
                }
                continue;
            }
            if hashes > 0 && hashes <= level {
                break;
            }
            section += line;
            section.push('\n');
        }
        if level == 0 {
            return Err(format!("{file} has no section \"{title}\""));
        }
        Ok(section.trim().to_owned() + "\n")
    }

    /// A program's section in the README of the examples; its title may name two programs.
    fn about(&self, program: &str) -> Result<String, String> {
        let readme = self.language.examples();
        let text = self.read(readme)?;
        let title = text
            .lines()
            .filter_map(|line| line.strip_prefix("## "))
            .find(|title| title.split(", ").any(|name| name == program))
            .ok_or_else(|| format!("{readme} has no section of {program}"))?;
        self.section(readme, title)
    }

    /// The table of a program's section whose first column has this title.
    pub fn table(&self, program: &str, title: &str) -> Result<String, String> {
        let about = self.about(program)?;
        let start = format!("| {title} |");
        let table: Vec<&str> = about
            .lines()
            .skip_while(|line| !line.starts_with(&start))
            .take_while(|line| line.starts_with('|'))
            .collect();
        if table.is_empty() {
            return Err(format!("the section of {program} has no table \"{title}\""));
        }
        Ok(table.join("\n") + "\n")
    }

    /// The list of what is easily got wrong: the one that ends a program's section, also where no title is above it.
    pub fn wrong(&self, program: &str) -> Result<String, String> {
        let about = self.about(program)?;
        let (_, list) =
            about.rsplit_once("\n\n- ").ok_or_else(|| format!("the section of {program} ends with no list"))?;
        Ok(format!("- {}\n", list.trim()))
    }

    /// The rows of the table about the kernel that these programs show.
    pub fn kernel(&self, programs: &[&str]) -> Result<String, String> {
        let title = self.language.choose("What the tutorials say, what the kernel does", "教程怎么说，内核怎么做");
        let section = self.section(self.language.examples(), title)?;
        let mut rows = section.lines().filter(|line| line.starts_with('|'));
        let mut table: Vec<&str> = rows.by_ref().take(2).collect();
        for program in programs {
            let before = table.len();
            for row in section.lines().filter(|row| shown_by(row).any(|name| name == *program)) {
                if !table.contains(&row) {
                    table.push(row);
                }
            }
            if table.len() == before {
                return Err(format!("the table about the kernel has no row of {program}"));
            }
        }
        Ok(table.join("\n") + "\n")
    }

    /// A program's source, or its numbered steps from first to last.
    pub fn program(&self, name: &str, steps: Option<(u32, u32)>) -> Result<String, String> {
        let source = self.read(&format!("c_examples/{name}.c"))?;
        let Some((first, last)) = steps else {
            return Ok(source);
        };
        let is_step = |line: &str, number: u32| line.trim_start().starts_with(&format!("/* {number}. "));
        let mut lines: Vec<&str> = source
            .lines()
            .skip_while(|line| !is_step(line, first))
            .take_while(|line| !is_step(line, last + 1) && *line != "}")
            .collect();
        let indent = lines.first().map_or(0, |line| line.len() - line.trim_start().len());
        // The steps may stand in a loop: what is left of them belongs to the function around it.
        let outside = |line: &&str| !line.is_empty() && line.len() - line.trim_start().len() < indent;
        if let Some(end) = lines.iter().position(outside) {
            lines.truncate(end);
        }
        // The next step may stand in a loop, whose first line belongs to it.
        while lines.last().is_some_and(|line| line.is_empty() || line.ends_with('{')) {
            lines.pop();
        }
        for line in &mut lines {
            *line = line.get(indent..).unwrap_or_default();
        }
        if lines.is_empty() {
            return Err(format!("{name}.c has no step {first}"));
        }
        Ok(lines.join("\n").trim_end().to_owned() + "\n")
    }
}

/// The programs that the last column of a row names.
fn shown_by(row: &str) -> impl Iterator<Item = &str> {
    let last = row.trim_end().trim_end_matches('|').rsplit('|').next().unwrap_or_default();
    last.split([',', '、']).map(str::trim)
}
