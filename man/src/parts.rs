//! The hand-written files: a part and an example for each page.

use std::fs;
use std::path::PathBuf;

pub struct Parts {
    pub folder: PathBuf,
}

/// The hand-written text of a page, in mdoc(7).
pub struct Part {
    /// For NAME.
    pub description: String,
    pub introduction: String,
    /// The text before the program.
    pub example: String,
    pub caveats: String,
    /// Names and sections of other pages.
    pub see_also: Vec<(String, String)>,
    pub program: Program,
}

/// A program and its output. The tests extract both from the page.
pub struct Program {
    pub source: String,
    pub output: String,
}

impl Parts {
    pub fn read(&self, name: &str) -> Result<Part, String> {
        let text = self.text(&format!("parts/{name}.mdoc"))?;
        let mut sections = text.split("\n.Sh ");
        let first = sections.next().and_then(|line| line.trim_end().strip_prefix(".Nd "));
        let mut part = Part {
            description: first.ok_or(format!("{name}: the first line is not .Nd"))?.to_owned(),
            introduction: String::new(),
            example: String::new(),
            caveats: String::new(),
            see_also: Vec::new(),
            program: self.program(name)?,
        };
        for section in sections {
            let (title, body) = section.split_once('\n').ok_or(format!("{name}: {section} is empty"))?;
            let body = format!("{}\n", body.trim_end());
            match title {
                "DESCRIPTION" => part.introduction = body,
                "EXAMPLES" => part.example = body,
                "CAVEATS" => part.caveats = body,
                "SEE ALSO" => part.see_also = body.lines().filter_map(reference).collect(),
                _ => return Err(format!("{name}: a section {title} is not known")),
            }
        }
        if part.introduction.is_empty() || part.example.is_empty() {
            return Err(format!("{name}: DESCRIPTION or EXAMPLES is missing"));
        }
        Ok(part)
    }

    pub fn program(&self, name: &str) -> Result<Program, String> {
        Ok(Program {
            source: self.text(&format!("examples/{name}.c"))?,
            output: self.text(&format!("examples/{name}.out"))?,
        })
    }

    pub fn text(&self, name: &str) -> Result<String, String> {
        let path = self.folder.join(name);
        fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))
    }
}

/// `.Xr recv 2 ,` as a name and a section.
fn reference(line: &str) -> Option<(String, String)> {
    let mut words = line.strip_prefix(".Xr ")?.split(' ');
    Some((words.next()?.to_owned(), words.next()?.to_owned()))
}
