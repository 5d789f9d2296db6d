//! The pictures, as SVG to be set into a page: drawings of `book/pictures`, and those that are made from records.

use crate::tree::Tree;

/// A picture by its name.
pub fn picture(tree: &Tree, name: &str) -> Result<String, String> {
    drawing(tree, name)
}

/// A drawing in characters. One without words serves both languages.
fn drawing(tree: &Tree, name: &str) -> Result<String, String> {
    let own = format!("book/pictures/{}/{name}.bob", tree.language.tag());
    let file = if tree.path(&own).exists() { own } else { format!("book/pictures/en/{name}.bob") };
    let settings = svgbob::Settings {
        background: "none".to_owned(),
        fill_color: "var(--fg, currentColor)".to_owned(),
        stroke_color: "var(--fg, currentColor)".to_owned(),
        include_backdrop: false,
        ..svgbob::Settings::default()
    };
    let svg = svgbob::to_svg_with_settings(&tree.read(&file)?, &settings);
    // A blank line would end the block of HTML.
    let lines: Vec<&str> = svg.lines().filter(|line| !line.trim().is_empty()).collect();
    Ok(lines.join("\n") + "\n")
}
