//! The text of a plan, line by line.

use rcrepro_model::text::printable;

/// The most characters of a line of comment.
const WIDTH: usize = 118;

/// Writes TOML for people.
#[derive(Debug, Default)]
pub(super) struct Writer {
    text: String,
}

impl Writer {
    pub(super) fn finish(self) -> String {
        let mut text = self.text.trim_end().to_owned();
        text.push('\n');
        text
    }

    pub(super) fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// Writes a comment, apart from what is above unless that is a comment, too. What strangers wrote cannot end the line.
    /// A long one is broken between words, but for a TODO: `rcrepro check` prints its line.
    pub(super) fn comment(&mut self, text: &str) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") && !self.ends_with_comment() {
            self.line("");
        }
        let text = printable::line(text).replace('\t', " ");
        let width = if text.contains("TODO") { usize::MAX } else { WIDTH };
        let mut line = String::from("#");
        for word in text.split(' ') {
            if line.chars().count() + 1 + word.chars().count() > width && line.len() > 1 {
                self.line(&line);
                line = String::from("#");
            }
            line.push(' ');
            line.push_str(word);
        }
        self.line(&line);
    }

    pub(super) fn comments(&mut self, texts: &[String]) {
        for text in texts {
            self.comment(text);
        }
    }

    fn ends_with_comment(&self) -> bool {
        self.text.trim_end_matches('\n').rsplit('\n').next().is_some_and(|line| line.starts_with('#'))
    }

    pub(super) fn heading(&mut self, text: &str) {
        if !self.text.ends_with("\n\n") {
            self.line("");
        }
        self.comment(&format!("---- {text} ----"));
    }

    pub(super) fn table(&mut self, name: &str) {
        if !self.ends_with_comment()
            && !self.text.ends_with(
                "

",
            )
        {
            self.line("");
        }
        self.line(&format!("[{name}]"));
    }

    pub(super) fn entry(&mut self, key: &str, text: &str) {
        self.line(&format!("{key} = {}", quoted(text)));
    }

    /// Writes a folder; the plan's own is the default and left out.
    pub(super) fn folder(&mut self, key: &str, folder: &str) {
        if !folder.is_empty() {
            self.entry(key, folder);
        }
    }

    /// Writes a list; an empty one is the default and left out.
    pub(super) fn list(&mut self, key: &str, texts: &[impl AsRef<str>]) {
        if !texts.is_empty() {
            let texts: Vec<String> = texts.iter().map(|text| quoted(text.as_ref())).collect();
            self.line(&format!("{key} = [{}]", texts.join(", ")));
        }
    }
}

/// Writes a string of TOML: a literal one where quotes would have to be escaped. Nothing in it is shown raw that a terminal
/// would obey.
pub(super) fn quoted(text: &str) -> String {
    if text.contains('"') && !text.contains('\'') && !text.chars().any(printable::is_active) {
        return format!("'{text}'");
    }
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            _ if printable::is_active(character) => out.push_str(&format!("\\U{:08X}", u32::from(character))),
            _ => out.push(character),
        }
    }
    out.push('"');
    out
}
