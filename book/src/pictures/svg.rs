//! What the generated pictures share: lines, arrows and words on a sheet. A sheet knows where its words and lines are, and
//! refuses to become a picture in which they collide.

use std::fmt::Write as _;

/// A place on a sheet: to the right, and down.
pub type Point = (i32, i32);

/// The widest sheet: a phone shows it at two thirds of its size.
pub const WIDTH: i32 = 520;

/// A colour that can be read on a light and on a dark page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// That of the page's text.
    Text,
    /// That of the page's links.
    Link,
    /// Grey, for what matters less.
    Quiet,
    /// Green.
    Good,
    /// Red.
    Bad,
    /// Orange.
    Warm,
}

impl Ink {
    /// As CSS has it.
    pub fn css(self) -> &'static str {
        match self {
            Self::Text => "var(--fg, currentColor)",
            Self::Link => "var(--links, #0969da)",
            // Near enough to the page's own text to be read on light and on dark.
            Self::Quiet => "color-mix(in srgb, var(--fg, CanvasText) 70%, var(--bg, Canvas))",
            Self::Good => "color-mix(in srgb, #2f9e58 75%, var(--fg, CanvasText))",
            Self::Bad => "color-mix(in srgb, #dc5048 65%, var(--fg, CanvasText))",
            Self::Warm => "color-mix(in srgb, #c27a1c 75%, var(--fg, CanvasText))",
        }
    }
}

/// How words look.
#[derive(Clone, Copy)]
pub struct Look {
    size: i32,
    code: bool,
    bold: bool,
    ink: Ink,
    anchor: &'static str,
    /// In degrees, clockwise.
    turn: f64,
}

/// Words of the page's text.
pub const WORDS: Look = Look { size: 15, code: false, bold: false, ink: Ink::Text, anchor: "start", turn: 0.0 };
/// Names of functions, states and flags.
pub const CODE: Look = Look { size: 14, code: true, ..WORDS };

impl Look {
    /// In smaller letters.
    pub fn small(self) -> Self {
        Self { size: self.size - 2, ..self }
    }

    /// In bold letters.
    pub fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    /// In a colour.
    pub const fn ink(self, ink: Ink) -> Self {
        Self { ink, ..self }
    }

    /// Around the place.
    pub fn middle(self) -> Self {
        Self { anchor: "middle", ..self }
    }

    /// Before the place.
    pub fn end(self) -> Self {
        Self { anchor: "end", ..self }
    }

    /// Along a line.
    pub fn along(self, from: Point, to: Point) -> Self {
        let ((x, y), (other_x, other_y)) = if from.0 <= to.0 { (from, to) } else { (to, from) };
        Self { turn: f64::from(other_y - y).atan2(f64::from(other_x - x)).to_degrees(), ..self }
    }

    /// How wide these words are: no less than in the fonts that pages use.
    fn width(self, words: &str) -> i32 {
        let percent: i32 = words.chars().map(|c| self.percent(c)).sum();
        (percent * self.size + 99) / 100
    }

    /// The width of a character, in percent of the size.
    fn percent(self, c: char) -> i32 {
        match c {
            '\u{2e80}'.. | '→' | '←' => 100,
            _ if self.code => 61,
            'i' | 'j' | 'l' | 't' | 'f' | 'r' | '.' | ',' | ':' | ';' | '(' | ')' | ' ' | '\'' => 36,
            'm' | 'w' | 'M' | 'W' => 92,
            'A'..='Z' => 70,
            _ => 59,
        }
    }
}

/// How a line looks.
#[derive(Clone, Copy)]
pub struct Stroke {
    /// Its colour.
    pub ink: Ink,
    /// Its width, in tenths.
    pub width: i32,
    /// The lengths of its dashes and gaps; empty for a whole line.
    pub dashes: &'static str,
}

/// A thin line.
pub const THIN: Stroke = Stroke { ink: Ink::Text, width: 15, dashes: "" };

impl Stroke {
    /// In a colour.
    pub const fn ink(self, ink: Ink) -> Self {
        Self { ink, ..self }
    }

    /// Wider.
    pub const fn thick(self) -> Self {
        Self { width: 28, ..self }
    }

    /// In dashes.
    pub const fn dashed(self) -> Self {
        Self { dashes: "7 4", ..self }
    }
}

/// Where words are.
struct Placed {
    words: String,
    left: i32,
    right: i32,
    top: i32,
    bottom: i32,
    turned: bool,
}

impl Placed {
    fn touches(&self, other: &Self) -> bool {
        self.left < other.right && other.left < self.right && self.top < other.bottom && other.top < self.bottom
    }

    /// Whether a line crosses the words, less a pixel at each side.
    fn crossed_by(&self, &(from, to): &(Point, Point)) -> bool {
        let steps = (to.0 - from.0).abs().max((to.1 - from.1).abs()).max(1);
        (0..=steps).any(|step| {
            let x = from.0 + (to.0 - from.0) * step / steps;
            let y = from.1 + (to.1 - from.1) * step / steps;
            self.left + 1 < x && x < self.right - 1 && self.top + 1 < y && y < self.bottom - 1
        })
    }
}

/// A picture in the making.
pub struct Sheet {
    title: String,
    body: String,
    placed: Vec<Placed>,
    lines: Vec<(Point, Point)>,
}

impl Sheet {
    /// An empty one. The title is what a screen reader reads.
    pub fn new(title: &str) -> Self {
        Self { title: escaped(title), body: String::new(), placed: Vec::new(), lines: Vec::new() }
    }

    /// Words, whose line begins, ends or has its middle at a place.
    pub fn words(&mut self, at: Point, words: &str, look: Look) {
        let (x, y) = at;
        let width = look.width(words);
        let left = match look.anchor {
            "start" => x,
            "middle" => x - width / 2,
            _ => x - width,
        };
        let turned = look.turn != 0.0;
        let rise = rise(width / 2, look.turn);
        let (top, bottom) = (y - look.size * 4 / 5 - rise, y + look.size / 4 + rise);
        self.placed.push(Placed { words: words.to_owned(), left, right: left + width, top, bottom, turned });

        let family = if look.code { "var(--mono-font, ui-monospace, monospace)" } else { "system-ui, sans-serif" };
        let weight = if look.bold { ";font-weight:bold" } else { "" };
        let turn = if turned { format!(" transform=\"rotate({:.2} {x} {y})\"", look.turn) } else { String::new() };
        let _ = writeln!(
            self.body,
            "<text x=\"{x}\" y=\"{y}\" text-anchor=\"{}\"{turn} style=\"fill:{};font-family:{family};font-size:{}px{weight}\">{}</text>",
            look.anchor,
            look.ink.css(),
            look.size,
            escaped(words)
        );
    }

    /// A line through these points.
    pub fn line(&mut self, points: &[Point], stroke: Stroke) {
        self.lines.extend(points.windows(2).map(|pair| (pair[0], pair[1])));
        let points: Vec<String> = points.iter().map(|(x, y)| format!("{x},{y}")).collect();
        let dashes =
            if stroke.dashes.is_empty() { String::new() } else { format!(";stroke-dasharray:{}", stroke.dashes) };
        let _ = writeln!(
            self.body,
            "<polyline points=\"{}\" style=\"fill:none;stroke:{};stroke-width:{}.{}{dashes}\"/>",
            points.join(" "),
            stroke.ink.css(),
            stroke.width / 10,
            stroke.width % 10
        );
    }

    /// A line with a head at its last point.
    pub fn arrow(&mut self, points: &[Point], stroke: Stroke) {
        let [.., from, to] = points else { return };
        self.line(points, stroke);
        let (x, y) = (f64::from(to.0), f64::from(to.1));
        let (dx, dy) = (x - f64::from(from.0), y - f64::from(from.1));
        let length = dx.hypot(dy).max(1.0);
        let (dx, dy) = (dx / length, dy / length);
        let corner = |side: f64| format!("{:.1},{:.1}", x - 10.0 * dx - side * dy, y - 10.0 * dy + side * dx);
        let _ = writeln!(
            self.body,
            "<polygon points=\"{x},{y} {} {}\" style=\"fill:{}\"/>",
            corner(4.5),
            corner(-4.5),
            stroke.ink.css()
        );
    }

    /// A cross: what was on its way ends here.
    pub fn cross(&mut self, (x, y): Point) {
        let stroke = THIN.ink(Ink::Bad).thick();
        self.line(&[(x - 5, y - 5), (x + 5, y + 5)], stroke);
        self.line(&[(x - 5, y + 5), (x + 5, y - 5)], stroke);
    }

    /// A dot.
    pub fn dot(&mut self, (x, y): Point, ink: Ink) {
        let _ = writeln!(self.body, "<circle cx=\"{x}\" cy=\"{y}\" r=\"4\" style=\"fill:{}\"/>", ink.css());
    }

    /// A box with an edge, filled with the page's colour.
    pub fn outline(&mut self, (x, y): Point, (width, height): Point, stroke: Stroke) {
        let dashes =
            if stroke.dashes.is_empty() { String::new() } else { format!(";stroke-dasharray:{}", stroke.dashes) };
        let _ = writeln!(
            self.body,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"4\" \
             style=\"fill:var(--bg, Canvas);stroke:{};stroke-width:{}.{}{dashes}\"/>",
            stroke.ink.css(),
            stroke.width / 10,
            stroke.width % 10
        );
    }

    /// A box of a colour, in percent of its strength.
    pub fn area(&mut self, (x, y): Point, (width, height): Point, ink: Ink, percent: i32) {
        let _ = writeln!(
            self.body,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" \
             style=\"fill:{};fill-opacity:{percent}%\"/>",
            ink.css()
        );
    }

    /// The picture. An error: words that touch others, are crossed by a line, or leave the sheet.
    pub fn svg(&self, height: i32) -> Result<String, String> {
        for (i, here) in self.placed.iter().enumerate() {
            if here.left < 0 || here.right > WIDTH || here.top < 0 || here.bottom > height {
                return Err(format!("{}: \"{}\" leaves the picture", self.title, here.words));
            }
            if let Some(other) = self.placed[..i].iter().find(|other| here.touches(other)) {
                return Err(format!("{}: \"{}\" is upon \"{}\"", self.title, here.words, other.words));
            }
            if !here.turned && self.lines.iter().any(|line| here.crossed_by(line)) {
                return Err(format!("{}: a line crosses \"{}\"", self.title, here.words));
            }
        }
        // The first line has one tag and nothing else, or Markdown would not take it as HTML.
        Ok(format!(
            "<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
             style=\"width:100%;max-width:{WIDTH}px;height:auto\">\n<title>{}</title>\n{}</svg>\n",
            self.title, self.body
        ))
    }
}

/// How far an end of turned words is above or below their middle, in whole pixels.
fn rise(half: i32, turn: f64) -> i32 {
    (0..=half).take_while(|&rise| f64::from(rise) < f64::from(half) * turn.to_radians().sin().abs()).last().unwrap_or(0)
}

/// Text as XML has it.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet_with(words: &[(Point, &str)]) -> Sheet {
        let mut sheet = Sheet::new("test");
        for &(at, words) in words {
            sheet.words(at, words, CODE);
        }
        sheet
    }

    #[test]
    fn words_that_collide_or_leave_the_sheet_are_an_error() {
        let apart = [((10, 20), "ESTABLISHED"), ((10, 40), "ESTABLISHED")];
        assert!(sheet_with(&apart).svg(60).is_ok());
        assert!(sheet_with(&apart).svg(30).unwrap_err().contains("leaves"));
        assert!(sheet_with(&[((500, 20), "FIN")]).svg(60).unwrap_err().contains("leaves"));
        assert!(sheet_with(&[((10, 20), "FIN"), ((20, 25), "ACK")]).svg(60).unwrap_err().contains("upon"));
        let mut crossed = sheet_with(&apart);
        crossed.line(&[(20, 0), (20, 60)], THIN);
        assert!(crossed.svg(60).unwrap_err().contains("crosses"));
    }

    #[test]
    fn a_picture_is_html_for_markdown() {
        let svg = sheet_with(&[((10, 20), "a < b & c")]).svg(60).unwrap();
        assert!(svg.lines().all(|line| !line.trim().is_empty()));
        let first = svg.lines().next().unwrap();
        assert!(first.starts_with("<svg viewBox=") && first.ends_with('>'), "{first}");
        assert_eq!(first.matches('<').count(), 1, "one tag alone on its line begins a block of HTML");
        assert!(svg.contains("a &lt; b &amp; c") && svg.ends_with("</svg>\n"), "{svg}");
    }

    #[test]
    fn a_line_of_words_along_an_arrow_is_turned_as_it_goes() {
        assert!(CODE.along((0, 0), (10, 10)).turn > 44.0);
        assert!(CODE.along((10, 0), (0, 10)).turn < -44.0);
    }
}
