//! The lines of a Dockerfile as words with places: continuations, comments, quotes, here-documents, directives.

/// A part of an instruction between white space, quotes removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// The text, without quotes.
    pub text: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

impl Word {
    /// Returns line and column, both from 1.
    #[must_use]
    pub const fn place(&self) -> (usize, usize) {
        (self.line, self.column)
    }

    fn from(&self, at: usize, text: &str) -> Self {
        let column = self.column + self.text.get(..at).unwrap_or_default().chars().count();
        Self { text: text.to_owned(), line: self.line, column }
    }

    /// Returns what follows a prefix.
    #[must_use]
    pub fn after(&self, prefix: &str) -> Option<Self> {
        self.text.strip_prefix(prefix).map(|rest| self.from(prefix.len(), rest))
    }

    /// Splits at the first such character.
    #[must_use]
    pub fn split_once(&self, separator: char) -> Option<(Self, Self)> {
        let (before, after) = self.text.split_once(separator)?;
        Some((self.from(0, before), self.from(before.len() + 1, after)))
    }

    /// Splits at every such character.
    #[must_use]
    pub fn split(&self, separator: char) -> Vec<Self> {
        let mut at = 0;
        let mut parts = Vec::new();
        for part in self.text.split(separator) {
            parts.push(self.from(at, part));
            at += part.len() + separator.len_utf8();
        }
        parts
    }
}

/// An instruction with its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DockerfileInstruction {
    /// The name in capital letters.
    pub name: String,
    /// What follows it.
    pub words: Vec<Word>,
}

/// Lists the parser directives, which come before everything else: place of the value, name, value.
#[must_use]
pub fn directives(text: &str) -> Vec<((usize, usize), String, String)> {
    let mut found = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let Some((name, value)) = line.trim_start().strip_prefix('#').and_then(|comment| comment.split_once('='))
        else {
            break;
        };
        let column = line.find('=').map_or(1, |at| line[..at].chars().count() + 2);
        let indent = value.len() - value.trim_start().len();
        found.push(((number, column + indent), name.trim().to_ascii_lowercase(), value.trim().to_owned()));
    }
    found
}

/// Lists the instructions.
#[must_use]
pub fn instructions(text: &str) -> Vec<DockerfileInstruction> {
    let backtick = directives(text).iter().any(|(_, name, value)| name == "escape" && value == "`");
    let escape = if backtick { '`' } else { '\\' };
    let mut found: Vec<DockerfileInstruction> = Vec::new();
    let mut words: Vec<Word> = Vec::new();
    let mut here: Vec<String> = Vec::new();
    let mut open = false;
    for (number, line) in (1..).zip(text.lines()) {
        if let Some(end) = here.first() {
            if line.trim_start_matches('\t') == end {
                here.remove(0);
            }
            continue;
        }
        // Comments and empty lines may stand within a continued instruction.
        if line.trim_start().starts_with('#') || line.trim().is_empty() {
            continue;
        }
        let trimmed = line.trim_end();
        let continued = trimmed.ends_with(escape);
        let code = if continued { &trimmed[..trimmed.len() - escape.len_utf8()] } else { trimmed };
        let mut more = split(code, number).into_iter();
        // A line that is continued without a space goes on with the same word.
        if open
            && !code.starts_with(char::is_whitespace)
            && let (Some(last), Some(first)) = (words.last_mut(), more.next())
        {
            last.text.push_str(&first.text);
        }
        words.extend(more);
        open = continued && !code.ends_with(char::is_whitespace);
        if continued {
            continue;
        }
        found.extend(instruction(std::mem::take(&mut words), &mut here));
    }
    found.extend(instruction(words, &mut here));
    found
}

fn instruction(mut words: Vec<Word>, here: &mut Vec<String>) -> Option<DockerfileInstruction> {
    if words.is_empty() {
        return None;
    }
    let name = words.remove(0).text.to_ascii_uppercase();
    if ["RUN", "COPY", "ADD"].contains(&name.as_str()) {
        let ends = words.iter().filter_map(|word| word.text.strip_prefix("<<"));
        let ends = ends.map(|end| end.trim_start_matches('-').trim_matches(['"', '\'']));
        let word = |end: &&str| !end.is_empty() && end.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        here.extend(ends.filter(word).map(str::to_owned));
    }
    Some(DockerfileInstruction { name, words })
}

/// Splits a line at white space outside quotes; the quotes are dropped.
fn split(line: &str, number: usize) -> Vec<Word> {
    let mut words = Vec::new();
    let mut word: Option<Word> = None;
    let mut quote = None;
    for (column, c) in (1..).zip(line.chars()) {
        if quote.is_none() && c.is_whitespace() {
            words.extend(word.take());
            continue;
        }
        let current = word.get_or_insert(Word { text: String::new(), line: number, column });
        match quote {
            Some(end) if c == end => quote = None,
            None if c == '"' || c == '\'' => {
                quote = Some(c);
                if current.text.is_empty() {
                    current.column = column + 1;
                }
            }
            _ => current.text.push(c),
        }
    }
    words.extend(word);
    words
}
