//! A chapter: Markdown, in which a line `{{#what arguments}}` takes something from the tree.

use crate::pictures;
use crate::tree::Tree;

/// The files that a summary lists.
pub fn files(summary: &str) -> impl Iterator<Item = &str> {
    summary.lines().filter_map(|line| line.split_once("](")?.1.split_once(')')).map(|(file, _)| file)
}

/// A chapter with all that it takes from the tree.
pub fn expand(tree: &Tree, text: &str) -> Result<String, String> {
    let mut expanded = String::new();
    for line in text.lines() {
        match line.strip_prefix("{{#").and_then(|line| line.strip_suffix("}}")) {
            Some(order) => expanded += &take(tree, order)?,
            None => expanded += line,
        }
        expanded.push('\n');
    }
    Ok(expanded)
}

/// What one order takes.
fn take(tree: &Tree, order: &str) -> Result<String, String> {
    let language = tree.language;
    let words: Vec<&str> = order.split(' ').collect();
    match words.as_slice() {
        ["program", name] => Ok(source(name, &tree.program(name, None)?)),
        ["program", name, first, last] => {
            let number = |text: &str| text.parse().map_err(|_| format!("{text}: not the number of a step"));
            Ok(source(name, &tree.program(name, Some((number(first)?, number(last)?)))?))
        }
        ["output", name] => Ok(format!("```text\n{}```\n", tree.read(&format!("book/recorded/{name}.txt"))?)),
        ["picture", name] => Ok(format!("<div class=\"picture\">\n{}</div>\n", pictures::picture(tree, name)?)),
        ["kernel", programs @ ..] => tree.kernel(programs),
        ["wrong", name] => tree.wrong(name),
        ["look", name] => tree.table(name, language.choose("look at", "看什么")),
        ["hand", name] => tree.table(name, language.choose("by hand in the tutorial", "教程手写的")),
        ["section", file, title @ ..] => Ok(without_ways_out(&tree.section(file, &title.join(" "))?)),
        _ => Err(format!("{{{{#{order}}}}}: what is this?")),
    }
}

/// A source with its name above.
fn source(name: &str, text: &str) -> String {
    format!("`c_examples/{name}.c`\n\n```c\n{text}```\n")
}

/// The text of a document without the links to other files of the tree, which have no page in the book. What they are
/// called stays.
fn without_ways_out(text: &str) -> String {
    let mut parts = text.split("](");
    let mut inside = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match (part.split_once(')'), inside.rfind('[')) {
            (Some((target, rest)), Some(start)) if !target.starts_with('#') && !target.starts_with("http") => {
                inside.remove(start);
                inside += rest;
            }
            _ => {
                inside += "](";
                inside += part;
            }
        }
    }
    inside
}
