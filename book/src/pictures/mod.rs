//! The pictures, as SVG to be set into a page: drawings of `book/pictures`, and those that are made from records.

mod cost;
mod layers;
mod memory;
mod states;
mod svg;
mod timeline;

use crate::tree::Tree;

/// A picture by its name.
pub fn picture(tree: &Tree, name: &str) -> Result<String, String> {
    let language = tree.language;
    match name {
        "states" => states::svg(language),
        "layers" => layers::svg(language),
        "reader_memory" => memory::svg(language),
        "cost" => cost::svg(language, &tree.read("bench/results.json")?),
        scene => {
            let record = tree.read("book/recorded/timeline.txt")?;
            if timeline::scenes(&record).any(|known| known == scene) {
                timeline::svg(language, &record, scene)
            } else {
                drawing(tree, name)
            }
        }
    }
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
    // A page may have several drawings, and each brings marks (arrow heads, circles) of the same names.
    let svg = svg.replace("id=\"", &format!("id=\"{name}-")).replace("url(#", &format!("url(#{name}-"));
    // A blank line would end the block of HTML.
    let lines: Vec<&str> = svg.lines().filter(|line| !line.trim().is_empty()).collect();
    Ok(scalable(&lines.join("\n")).ok_or_else(|| format!("{file}: svgbob's SVG has no size"))? + "\n")
}

/// With its size as a viewBox too, a narrow page shows the whole drawing smaller; without, its left part.
fn scalable(svg: &str) -> Option<String> {
    let (_, size) = svg.split_once(" width=\"")?;
    let (width, size) = size.split_once("\" height=\"")?;
    let (height, _) = size.split_once('"')?;
    Some(svg.replacen(" width=", &format!(" viewBox=\"0 0 {width} {height}\" width="), 1))
}
