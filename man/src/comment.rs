//! Takes a function's comment apart. All have the same order; another order is an error.

/// The parts of a comment.
pub struct Words {
    /// What the function does, in one imperative sentence.
    pub sentence: String,
    /// Behaviour: waiting, signals, units.
    pub paragraphs: Vec<String>,
    /// The returned values, without the word "Returns".
    pub returns: String,
    /// The errno values and their causes.
    pub errors: Vec<(String, String)>,
    /// The text after them: the kernel's own errno values, and notes.
    pub more: String,
    /// Whether handlers and threads may call it.
    pub safety: String,
    /// Its sources: standards and books.
    pub source: String,
}

impl Words {
    pub fn parse(comment: &[&str]) -> Result<Self, String> {
        let mut blocks = comment.split(|line| line.is_empty());
        let sentence =
            blocks.next().filter(|block| !block.is_empty()).ok_or("the first sentence is missing")?.join(" ");
        let mut blocks: Vec<&[&str]> = blocks.collect();
        let last = blocks.pop().ok_or("the safety is missing")?.join(" ");
        let (safety, source) = last.split_once(" Source: ").ok_or("\"Source: \" is missing")?;
        let returns = blocks.pop().ok_or("\"Returns \" is missing")?;
        let mut words = Self {
            sentence,
            paragraphs: blocks.iter().map(|block| block.join(" ")).collect(),
            returns: String::new(),
            errors: Vec::new(),
            more: String::new(),
            safety: safety.to_owned(),
            source: source.to_owned(),
        };
        for line in returns {
            words.returned(line);
        }
        words.returns = words.returns.strip_prefix("Returns ").ok_or("\"Returns \" is missing")?.to_owned();
        if words.errors.is_empty() == words.returns.ends_with(':') {
            return Err("errno values must follow a colon, and nothing else may".to_owned());
        }
        if !words.safety.ends_with('.') || !words.safety.to_lowercase().contains("thread-safe") {
            return Err(format!("not a word about threads: {}", words.safety));
        }
        Ok(words)
    }

    /// One line of the paragraph on results: text, an errno value set in, or the rest of such a one.
    fn returned(&mut self, line: &str) {
        let text = line.trim_start();
        match self.errors.last_mut() {
            _ if line.starts_with("  E") => {
                let (name, cause) = text.split_once(' ').unwrap_or((text, ""));
                self.errors.push((name.to_owned(), cause.trim_start().to_owned()));
            }
            Some((_, cause)) if line.starts_with(' ') => join(cause, text),
            Some(_) => join(&mut self.more, text),
            None => join(&mut self.returns, text),
        }
    }
}

fn join(text: &mut String, line: &str) {
    if !text.is_empty() {
        text.push(' ');
    }
    text.push_str(line);
}
