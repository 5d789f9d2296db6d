//! Puts one language of the book together for mdBook: the chapters, with what they take from the tree (programs, what
//! these printed, tables and lists of the READMEs, pictures), and the manual pages as chapters.
//!
//! usage: `sockutil-book LANGUAGE FOLDER` writes FOLDER/book.toml and FOLDER/src.

mod chapter;
mod language;
mod manual;
mod pictures;
#[cfg(test)]
mod tests;
mod tree;

use std::error::Error;
use std::fs;
use std::path::Path;

use language::Language;
use manual::Manual;
use tree::Tree;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [language, folder] = arguments.as_slice() else {
        return Err("usage: sockutil-book LANGUAGE FOLDER".into());
    };
    let tree = Tree::new(language.parse()?);
    write(&tree, Path::new(folder))
}

/// Writes the book's sources for mdBook into a folder that is made anew.
fn write(tree: &Tree, folder: &Path) -> Result<(), Box<dyn Error>> {
    let tag = tree.language.tag();
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder.join("src/manual"))?;
    for name in ["book.css", "book.toml"] {
        let source = if name == "book.toml" { format!("book/{tag}/{name}") } else { format!("book/theme/{name}") };
        fs::write(folder.join(name), tree.read(&source)?)?;
    }

    let manual = Manual::read(tree)?;
    let summary = tree.read(&format!("book/{tag}/src/SUMMARY.md"))?;
    for name in chapter::files(&summary) {
        let text = tree.read(&format!("book/{tag}/src/{name}"))?;
        let text = chapter::expand(tree, &text).map_err(|error| format!("book/{tag}/src/{name}: {error}"))?;
        let text = manual.link(&text);
        fs::write(folder.join("src").join(name), format!("{}\n{text}", switch(tree.language, name)))?;
    }
    for page in &manual.pages {
        let text = format!("{}\n{}", switch(tree.language, &page.file), page.text);
        fs::write(folder.join("src").join(&page.file), text)?;
    }
    fs::write(folder.join("src/SUMMARY.md"), format!("{summary}{}", manual.summary(tree.language)))?;
    Ok(())
}

/// The line at a page's top that leads to the same page in the other language.
fn switch(language: Language, file: &str) -> String {
    let other = language.other();
    let up = "../".repeat(1 + file.matches('/').count());
    let page = format!("{up}{}/{}.html", other.tag(), file.trim_end_matches(".md"));
    format!("<p class=\"language\"><a href=\"{page}\" lang=\"{}\">{}</a></p>\n", other.tag(), other.name())
}
