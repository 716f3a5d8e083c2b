//! The lines of a Dockerfile as words with places: continuations, comments, quotes, here-documents, directives.
//!
//! Source: BuildKit's reader, `frontend/dockerfile/parser`.

/// What an editor may put at the beginning of a file.
const MARK: char = '\u{feff}';

/// A part of an instruction between white space, quotes removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// The text, without quotes.
    pub text: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// Whether its first character stands outside of quotes.
    is_bare: bool,
}

/// The end of a here-document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HereDocument {
    /// The line that ends it.
    pub end: String,
    /// Whether tabs may come before the end, `<<-`.
    is_indented: bool,
}

impl Word {
    /// Returns line and column, both from 1.
    #[must_use]
    pub const fn place(&self) -> (usize, usize) {
        (self.line, self.column)
    }

    fn from(&self, at: usize, text: &str) -> Self {
        let column = self.column + self.text.get(..at).unwrap_or_default().chars().count();
        Self { text: text.to_owned(), line: self.line, column, is_bare: at > 0 || self.is_bare }
    }

    /// Returns the end of the here-document that this word begins.
    pub(super) fn here_document(&self) -> Option<HereDocument> {
        // A descriptor's number may come before it.
        let rest = self.text.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix("<<")?;
        let (is_indented, end) = rest.strip_prefix('-').map_or((false, rest), |rest| (true, rest));
        let good = self.is_bare && !end.is_empty() && !end.contains('<');
        good.then(|| HereDocument { end: end.to_owned(), is_indented })
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
    /// The line on which it begins, from 1.
    pub line: usize,
    /// What follows it.
    pub words: Vec<Word>,
}

impl DockerfileInstruction {
    /// Splits the flags, which come first, from what follows them. A lone `--` ends them.
    #[must_use]
    pub fn flags(&self) -> (&[Word], &[Word]) {
        let is_flag = |word: &&Word| word.text.starts_with("--") && word.text != "--";
        let (flags, rest) = self.words.split_at(self.words.iter().take_while(is_flag).count());
        let is_ended = rest.first().is_some_and(|word| word.text == "--");
        (flags, &rest[usize::from(is_ended)..])
    }

    /// Lists the values of a flag, each as it is written.
    #[must_use]
    pub fn flag(&self, name: &str) -> Vec<Word> {
        let prefix = format!("--{name}=");
        self.flags().0.iter().filter_map(|word| word.after(&prefix)).collect()
    }

    /// Returns the instruction that `ONBUILD` keeps for the stages which are based on this one.
    #[must_use]
    pub fn trigger(&self) -> Option<Self> {
        let (inner, words) = self.words.split_first().filter(|_| self.name == "ONBUILD")?;
        Some(Self { name: inner.text.to_ascii_uppercase(), line: self.line, words: words.to_vec() })
    }

    /// Whether what follows the flags is a list in JSON.
    pub(super) fn is_list(&self) -> bool {
        let rest = self.flags().1;
        rest.first().is_some_and(|word| word.text.starts_with('['))
            && rest.last().is_some_and(|word| word.text.ends_with(']'))
    }

    /// Lists the here-documents whose lines follow it, each with the line that names it, from 1.
    pub(super) fn here_documents(&self) -> Vec<(usize, HereDocument)> {
        let inner = self.trigger();
        let of = inner.as_ref().unwrap_or(self);
        if !["RUN", "COPY", "ADD"].contains(&of.name.as_str()) || of.is_list() {
            return Vec::new();
        }
        let joined = of.words.iter().enumerate().map(|(at, word)| match of.words.get(at + 1) {
            // White space may come before the end: `<< EOF`.
            Some(next) if word.is_bare && word.text.trim_start_matches(|c: char| c.is_ascii_digit()) == "<<" => {
                (word, Word { text: format!("{}{}", word.text, next.text), ..word.clone() })
            }
            _ => (word, word.clone()),
        });
        joined.filter_map(|(word, joined)| Some((word.line, joined.here_document()?))).collect()
    }
}

/// Lists the parser directives, which come before everything else: place of the value, name, value.
#[must_use]
pub fn directives(text: &str) -> Vec<((usize, usize), String, String)> {
    let mut found = Vec::new();
    for (number, line) in (1..).zip(text.trim_start_matches(MARK).lines()) {
        let Some((name, value)) = line.trim_start().strip_prefix('#').and_then(|comment| comment.split_once('='))
        else {
            break;
        };
        let (name, value) = (name.trim().to_ascii_lowercase(), value.trim_end());
        // The first line that is none ends them, whatever follows.
        if !["check", "escape", "syntax"].contains(&name.as_str()) || value.trim().is_empty() {
            break;
        }
        let column = line.find('=').map_or(1, |at| line[..at].chars().count() + 2);
        let indent = value.len() - value.trim_start().len();
        found.push(((number, column + indent), name, value.trim().to_owned()));
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
    let mut open = false;
    let lines: Vec<&str> = text.trim_start_matches(MARK).lines().collect();
    let mut next = 0;
    while let Some(line) = lines.get(next) {
        next += 1;
        let number = next;
        // Comments and empty lines may stand within a continued instruction.
        if line.trim_start().starts_with('#') || line.trim().is_empty() {
            continue;
        }
        let trimmed = line.trim_end();
        // The character itself, where it is written twice.
        let before = trimmed.strip_suffix(escape).filter(|before| !before.ends_with(escape));
        let code = before.unwrap_or(trimmed);
        let mut more = split(code, number).into_iter();
        // A line that is continued without a space goes on with the same word.
        if open
            && !code.starts_with(char::is_whitespace)
            && let (Some(last), Some(first)) = (words.last_mut(), more.next())
        {
            last.text.push_str(&first.text);
        }
        words.extend(more);
        open = before.is_some() && !code.ends_with(char::is_whitespace);
        if before.is_some() {
            continue;
        }
        found.extend(instruction(std::mem::take(&mut words)));
        let documents = found.last().map(DockerfileInstruction::here_documents).unwrap_or_default();
        next += documents_length(&documents, &lines[next..]);
    }
    found.extend(instruction(words));
    found
}

/// Counts the lines of here-documents; none where one of them does not end, which no builder takes.
fn documents_length(documents: &[(usize, HereDocument)], lines: &[&str]) -> usize {
    let mut length = 0;
    for (_, HereDocument { end, is_indented }) in documents {
        let is_end = |line: &&str| if *is_indented { line.trim_start_matches('\t') == end } else { line == end };
        match lines[length..].iter().position(is_end) {
            Some(at) => length += at + 1,
            None => return 0,
        }
    }
    length
}

fn instruction(mut words: Vec<Word>) -> Option<DockerfileInstruction> {
    if words.is_empty() {
        return None;
    }
    let first = words.remove(0);
    Some(DockerfileInstruction { name: first.text.to_ascii_uppercase(), line: first.line, words })
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
        let is_bare = c != '"' && c != '\'';
        let current = word.get_or_insert(Word { text: String::new(), line: number, column, is_bare });
        match quote {
            Some(end) if c == end => quote = None,
            None if !is_bare => {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        instructions(text).into_iter().map(|instruction| instruction.name).collect()
    }

    #[test]
    fn a_here_document_ends_where_buildkit_ends_it() {
        let cases = [
            ("RUN <<EOF\n\tEOF\nFROM x\nEOF\nUSER a\n", ["RUN", "USER"].as_slice()),
            ("RUN <<-EOF\nFROM x\n\tEOF\nUSER a\n", &["RUN", "USER"]),
            ("RUN cat << EOF\nFROM x\nEOF\nUSER a\n", &["RUN", "USER"]),
            ("RUN cat 3<<E.O-F\nFROM x\nE.O-F\nUSER a\n", &["RUN", "USER"]),
            ("ONBUILD RUN <<'E' cat <<F\nFROM x\nE\nFROM y\nF\nUSER a\n", &["ONBUILD", "USER"]),
            // These begin none.
            ("RUN echo \"<<EOF\"\nUSER a\n", &["RUN", "USER"]),
            ("RUN [\"cat\", \"<<EOF\"]\nUSER a\n", &["RUN", "USER"]),
            ("RUN [ <<EOF ]\nUSER a\n", &["RUN", "USER"]),
            ("RUN cat <<<x; cat<<EOF\nUSER a\n", &["RUN", "USER"]),
            ("CMD <<EOF\nUSER a\n", &["CMD", "USER"]),
            ("RUN echo $((1 <<2))\nUSER a\n", &["RUN", "USER"]),
        ];
        for (text, expected) in cases {
            assert_eq!(names(text), expected, "{text}");
        }
    }

    #[test]
    fn directives_end_with_the_first_line_that_is_none() {
        let names = |text: &str| directives(text).into_iter().map(|(_, name, _)| name).collect::<Vec<_>>();
        assert_eq!(names("\u{feff}# Syntax = a\n#escape=`\nFROM x\n"), ["syntax", "escape"]);
        assert_eq!(names("# what=that\n# escape=`\n"), Vec::<String>::new());
        let text = "\u{feff}FROM x AS a\nRUN a \\\\\nuser b\nRUN a \\ \n # a comment\n\n  b\nUSER c\n";
        assert_eq!(self::names(text), ["FROM", "RUN", "USER", "RUN", "USER"]);
    }

    #[test]
    fn flags_come_first() {
        let all = instructions(
            "COPY --from=a --link -- --x /b\nRUN echo --mount=type=secret,id=x\nONBUILD run --mount=a b\n",
        );
        assert_eq!(all[0].flag("from")[0].text, "a");
        let rest: Vec<&str> = all[0].flags().1.iter().map(|word| word.text.as_str()).collect();
        assert_eq!(rest, ["--x", "/b"]);
        assert_eq!(all[1].flag("mount"), []);
        let trigger = all[2].trigger().expect("one");
        assert_eq!((trigger.name.as_str(), trigger.flag("mount")[0].text.as_str()), ("RUN", "a"));
    }
}
