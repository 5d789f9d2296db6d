//! Reads what `src/header/make.rs` wrote: the header's sections, and in each its constants, structs and functions.

use super::comment::Words;

/// The header's sections in their order.
pub struct Header {
    pub sections: Vec<Section>,
    /// A bare name and the function that it stands for.
    pub bare: Vec<(String, String)>,
    /// The functions that are declared without a comment: those with bare names.
    uncommented: Vec<String>,
}

pub struct Section {
    pub title: String,
    pub constants: Vec<Constant>,
    pub structs: Vec<Struct>,
    pub functions: Vec<Function>,
}

pub struct Constant {
    pub name: String,
    pub value: String,
    pub text: String,
}

pub struct Struct {
    pub name: String,
    /// The fields that have comments. The others are private.
    pub fields: Vec<String>,
    /// All fields, with their types.
    pub members: Vec<String>,
    pub paragraphs: Vec<String>,
}

pub struct Function {
    pub name: String,
    pub result: String,
    /// Each with its type; none for `void`.
    pub parameters: Vec<String>,
    pub words: Words,
}

impl Function {
    /// The parameters without their types.
    pub fn parameter_names(&self) -> impl Iterator<Item = &str> {
        let before_brackets = self.parameters.iter().filter_map(|parameter| parameter.split('[').next());
        before_brackets.filter_map(|parameter| parameter.rsplit([' ', '*']).next())
    }
}

impl Header {
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut sections = Vec::<Section>::new();
        let mut bare = Vec::new();
        let mut uncommented = Vec::new();
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            if let Some(title) = line.strip_prefix("/* ---- ") {
                let title = title.split(" --").next().unwrap_or(title).to_owned();
                sections.push(Section { title, constants: Vec::new(), structs: Vec::new(), functions: Vec::new() });
            } else if line == "/**" {
                let comment: Vec<&str> = lines.by_ref().take_while(|line| *line != " */").map(uncomment).collect();
                let section = sections.last_mut().ok_or("a comment stands before the first section")?;
                section.declaration(&comment, lines.next().unwrap_or_default(), &mut lines)?;
            } else if let Some(name) = line.strip_prefix("SOCKUTIL_CLASSIC ").and_then(declared) {
                bare.push((name.to_owned(), format!("sockutil_{name}")));
                uncommented.push(name.to_owned());
            } else if let Some(name) = declared(line) {
                uncommented.push(name.to_owned());
            }
        }
        // The bare names have declarations and no comments: their section is no family.
        sections.retain(|s| !(s.constants.is_empty() && s.structs.is_empty() && s.functions.is_empty()));
        if bare.is_empty() {
            return Err("the header has no bare name".to_owned());
        }
        Ok(Self { sections, bare, uncommented })
    }

    fn functions(&self) -> impl Iterator<Item = &Function> {
        self.sections.iter().flat_map(|section| &section.functions)
    }

    /// Every function that is declared.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.functions().map(|function| &function.name).chain(&self.uncommented).map(String::as_str)
    }

    /// Every function with each errno value that its comment lists.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.functions().flat_map(|function| {
            function.words.errors.iter().map(|(errno, _)| (function.name.as_str(), errno.as_str()))
        })
    }
}

impl Section {
    /// What the comment belongs to: `first`, and lines after it.
    fn declaration<'a>(
        &mut self,
        comment: &[&str],
        first: &'a str,
        lines: &mut impl Iterator<Item = &'a str>,
    ) -> Result<(), String> {
        if let Some(rest) = first.strip_prefix("#define ") {
            let (name, value) = rest.split_once(' ').ok_or(format!("{rest} has no value"))?;
            self.constants.push(Constant { name: name.to_owned(), value: value.to_owned(), text: comment.join(" ") });
        } else if let Some(rest) = first.strip_prefix("typedef struct ") {
            let name = rest.split(' ').next().unwrap_or(rest).to_owned();
            let body: Vec<&str> = lines.take_while(|line| !line.starts_with('}')).map(str::trim).collect();
            let is_comment = |line: &str| line.starts_with("/*") || line.starts_with('*');
            let members = body.iter().filter(|line| !is_comment(line)).map(|&line| line.to_owned()).collect();
            let fields = fields(body.into_iter());
            let paragraphs = comment.split(|line| line.is_empty()).map(|lines| lines.join(" ")).collect();
            self.structs.push(Struct { name, fields, members, paragraphs });
        } else {
            let mut declaration = first.to_owned();
            while !declaration.ends_with(';') {
                let line = lines.next().ok_or(format!("{declaration} has no end"))?;
                declaration.push_str(line.trim_start());
                declaration = declaration.replace(',', ", ").replace(",  ", ", ");
            }
            self.functions.push(function(&declaration, comment)?);
        }
        Ok(())
    }
}

/// A comment's line without what makes it one.
fn uncomment(line: &str) -> &str {
    line.strip_prefix(" *").map_or(line, |rest| rest.strip_prefix(' ').unwrap_or(rest))
}

fn fields<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut fields = Vec::new();
    let mut has_comment = false;
    for line in lines {
        match line {
            "/**" => has_comment = true,
            _ if line.starts_with('*') => {}
            _ if has_comment => {
                fields.push(line.to_owned());
                has_comment = false;
            }
            _ => {}
        }
    }
    fields
}

/// The name in a declaration's first line. Declarations begin in the first column, with a type.
fn declared(line: &str) -> Option<&str> {
    let (before, _) = line.split_once('(').filter(|_| line.starts_with(|c: char| c.is_ascii_lowercase()))?;
    before.rsplit([' ', '*']).next().filter(|name| !name.is_empty())
}

fn function(declaration: &str, comment: &[&str]) -> Result<Function, String> {
    let strange = || format!("not understood: {declaration}");
    let (before, after) = declaration.split_once('(').ok_or_else(strange)?;
    // What follows the parameters is for the compiler.
    let (parameters, _) = after.split_once(')').ok_or_else(strange)?;
    let name = declared(declaration).ok_or_else(strange)?;
    let result = before.strip_suffix(name).ok_or_else(strange)?.trim();
    let words = Words::parse(comment).map_err(|e| format!("{name}: {e}"))?;
    let parameters = parameters.split(", ").filter(|parameter| *parameter != "void").map(str::to_owned).collect();
    Ok(Function { name: name.to_owned(), result: result.to_owned(), parameters, words })
}
