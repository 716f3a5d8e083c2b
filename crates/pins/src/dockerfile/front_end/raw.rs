//! A Dockerfile as BuildKit's parser splits it: directives, continued lines, here-documents, and each instruction with its flags.

use super::documents::documents;
use super::refusal::FrontEndRefusal;

/// What an editor may put at the beginning of a file.
const MARK: char = '\u{feff}';
/// The most bytes of a line, without the character that ends it.
const LONGEST: usize = 65_535;
/// The directives.
const DIRECTIVES: [&str; 3] = ["check", "escape", "syntax"];

/// A file that was split.
#[derive(Debug, Default)]
pub(super) struct RawFile {
    pub instructions: Vec<RawInstruction>,
    pub refused: Vec<FrontEndRefusal>,
    /// Whether nothing kept the rest from being read.
    pub is_whole: bool,
}

/// An instruction as it is written, its continued lines joined.
#[derive(Debug, Clone)]
pub(super) struct RawInstruction {
    /// The line on which it begins, from 1.
    pub line: usize,
    /// Its name in the letters that were used.
    pub name: String,
    /// The flags that come first, without quotes.
    pub flags: Vec<String>,
    /// What follows them.
    pub rest: String,
    /// The character that escapes others.
    pub escape: char,
}

impl RawInstruction {
    /// Splits a joined line.
    fn of(line: usize, text: &str, escape: char) -> Self {
        let text = text.trim();
        let (name, rest) = text.find(is_blank).map_or((text, ""), |at| {
            let (name, rest) = text.split_at(at);
            (name, rest.trim_start_matches(is_blank))
        });
        let (flags, rest) = flags(rest, escape);
        Self { line, name: name.to_owned(), flags, rest: rest.trim().to_owned(), escape }
    }

    /// Returns the instruction that `ONBUILD` keeps.
    pub fn trigger(&self) -> Option<Self> {
        let is_one = self.name.eq_ignore_ascii_case("ONBUILD") && !self.rest.is_empty();
        is_one.then(|| Self::of(self.line, &self.rest, self.escape))
    }

    /// Splits what follows the flags at white space.
    pub fn words(&self) -> Vec<&str> {
        self.rest.split(is_blank).filter(|word| !word.is_empty()).collect()
    }

    /// Reads what follows the flags as a list in JSON; none where it is not one, and an error for one of other things than texts.
    pub fn list(&self) -> Result<Option<Vec<String>>, ()> {
        list(&self.rest)
    }
}

/// Reads a list in JSON, as [`RawInstruction::list`].
pub(super) fn list(text: &str) -> Result<Option<Vec<String>>, ()> {
    if !text.starts_with('[') {
        return Ok(None);
    }
    let Ok(values) = serde_json::from_str::<Vec<serde_json::Value>>(text) else { return Ok(None) };
    let text = |value: serde_json::Value| match value {
        serde_json::Value::String(text) => Ok(text),
        _ => Err(()),
    };
    values.into_iter().map(text).collect::<Result<_, _>>().map(Some)
}

fn is_blank(c: char) -> bool {
    matches!(c, '\t' | '\u{b}' | '\u{c}' | '\r' | ' ')
}

/// The state of the reading.
struct RawReader<'a> {
    lines: Vec<&'a str>,
    next: usize,
    escape: char,
    /// The directives that were met; none once they have ended.
    directives: Option<Vec<String>>,
    file: RawFile,
}

/// Splits a file.
pub(super) fn read(text: &str) -> RawFile {
    let text = text.strip_prefix(MARK).unwrap_or(text);
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut reader = RawReader {
        lines,
        next: 0,
        escape: '\\',
        directives: Some(Vec::new()),
        file: RawFile { is_whole: true, ..RawFile::default() },
    };
    if let Some(at) = reader.lines.iter().position(|line| line.trim_end_matches('\n').len() > LONGEST) {
        let length = reader.lines[at].trim_end_matches('\n').len();
        let says = format!("a line of {length} bytes: expected at most {LONGEST}");
        reader.refuse(at + 1, says, "split it with the escape character at its end, or COPY a file");
        reader.lines.truncate(at);
        reader.file.is_whole = false;
    }
    while let Some((line, text)) = reader.instruction() {
        let instruction = RawInstruction::of(line, &text, reader.escape);
        let is_ended = reader.skip_documents(&instruction, &text);
        reader.file.instructions.push(instruction);
        if !is_ended {
            reader.file.is_whole = false;
            break;
        }
    }
    reader.file
}

impl RawReader<'_> {
    fn refuse(&mut self, line: usize, says: String, hint: &str) {
        self.file.refused.push(FrontEndRefusal::new(line, says, hint));
    }

    /// Joins the lines of the next instruction.
    fn instruction(&mut self) -> Option<(usize, String)> {
        loop {
            let begun = self.next + 1;
            let line = trimmed(self.lines.get(self.next)?).trim_start();
            self.next += 1;
            let (mut joined, mut is_open) = match self.take(line) {
                Some((code, is_open)) => (code.to_owned(), is_open),
                None => continue,
            };
            if joined.is_empty() && !is_open {
                continue;
            }
            while is_open {
                let Some(line) = self.lines.get(self.next).map(|line| trimmed(line)) else { break };
                self.next += 1;
                let Some((code, more)) = self.take(line).filter(|_| !line.trim().is_empty()) else { continue };
                joined.push_str(code);
                is_open = more;
            }
            return Some((begun, joined));
        }
    }

    /// Takes a line's code, and whether it goes on; none of a comment, which may be a directive.
    fn take<'a>(&mut self, line: &'a str) -> Option<(&'a str, bool)> {
        self.directive(line);
        if line.trim_start().starts_with('#') {
            return None;
        }
        let end = line.trim_end_matches([' ', '\t']);
        // The character itself, where it is written twice.
        match end.strip_suffix(self.escape).filter(|before| !before.ends_with(self.escape)) {
            Some(before) => Some((before, true)),
            None => Some((line, false)),
        }
    }

    /// Reads a directive, which only directives may be before.
    fn directive(&mut self, line: &str) {
        let Some(seen) = &mut self.directives else { return };
        let blank = [' ', '\t', '\u{c}', '\r'];
        let found = line.strip_prefix('#').and_then(|comment| comment.trim_start().split_once('='));
        let found =
            found.map(|(name, value)| (name.trim_end_matches(blank).to_ascii_lowercase(), value.trim_matches(blank)));
        let Some((name, value)) =
            found.filter(|(name, value)| DIRECTIVES.contains(&name.as_str()) && !value.is_empty())
        else {
            self.directives = None;
            return;
        };
        let at = self.next;
        if seen.contains(&name) {
            let says = format!("`# {name}=` is there twice: only one {name} parser directive can be used");
            return self.refuse(at, says, "leave one of the two");
        }
        seen.push(name.clone());
        match (name.as_str(), value) {
            ("escape", "\\") => {}
            ("escape", "`") => self.escape = '`',
            ("escape", other) => {
                let says = format!("`# escape={other}`: expected ` or \\");
                self.refuse(at, says, "leave the line out: the escape character is \\");
            }
            ("check", options) => {
                if let Some(wrong) = wrong_check(options) {
                    let says = format!(
                        "`# check={options}`: invalid check option `{wrong}`: expected skip=, error= or experimental="
                    );
                    self.refuse(at, says, "# check=skip=RULE,RULE;error=true");
                }
            }
            _ => {}
        }
    }

    /// Passes over the lines of here-documents; false where one does not end.
    fn skip_documents(&mut self, instruction: &RawInstruction, text: &str) -> bool {
        let inner = instruction.trigger();
        let of = inner.as_ref().unwrap_or(instruction);
        let is_taken = ["RUN", "COPY", "ADD"].iter().any(|name| of.name.eq_ignore_ascii_case(name));
        if !is_taken || matches!(of.list(), Ok(Some(_))) {
            return true;
        }
        for document in documents(text) {
            let is_end = |line: &&str| {
                let line = trimmed(line);
                document.end == if document.is_indented { line.trim_start_matches('\t') } else { line }
            };
            let rest = &self.lines[self.next.min(self.lines.len())..];
            match rest.iter().position(is_end) {
                Some(at) => self.next += at + 1,
                None => {
                    let says = format!(
                        "the here-document `<<{}` has no end: expected a line `{}`",
                        document.end, document.end
                    );
                    let hint = format!("end it with a line that is `{}` alone; or quote the `<<`", document.end);
                    self.refuse(instruction.line, says, &hint);
                    return false;
                }
            }
        }
        true
    }
}

/// Gives the option of a `# check=` line that cannot be read.
fn wrong_check(options: &str) -> Option<&str> {
    // What follows a space is not read.
    let options = options.split(' ').next().unwrap_or_default();
    options.splitn(3, ';').find(|option| match option.split_once('=') {
        Some((name, value)) => match name.trim() {
            "skip" | "experimental" => false,
            "error" => !BOOLEANS.contains(&value.trim()),
            _ => true,
        },
        None => true,
    })
}

/// What Go reads as true.
pub(in crate::dockerfile) const TRUE: [&str; 6] = ["1", "t", "T", "true", "TRUE", "True"];
/// What Go reads as true or false.
pub(in crate::dockerfile) const BOOLEANS: [&str; 12] =
    ["1", "t", "T", "true", "TRUE", "True", "0", "f", "F", "false", "FALSE", "False"];

fn trimmed(line: &str) -> &str {
    line.trim_end_matches(['\r', '\n'])
}

/// Splits the flags, which come first, from what follows them, as `extractBuilderFlags` does.
fn flags(line: &str, escape: char) -> (Vec<String>, &str) {
    let mut found = Vec::new();
    let mut rest = line;
    loop {
        rest = rest.trim_start();
        if !rest.starts_with("--") {
            return (found, rest);
        }
        let (mut word, mut quote, mut is_quoted, mut end) = (String::new(), None, false, rest.len());
        let mut characters = rest.char_indices();
        while let Some((at, c)) = characters.next() {
            match quote {
                None if c.is_whitespace() => {
                    end = at;
                    break;
                }
                None if c == '\'' || c == '"' => (quote, is_quoted) = (Some(c), true),
                Some(open) if c == open => quote = None,
                _ if c == escape => word.extend(characters.next().map(|(_, next)| next)),
                _ => word.push(c),
            }
        }
        rest = &rest[end..];
        if word == "--" {
            return (found, rest);
        }
        if is_quoted || !word.is_empty() {
            found.push(word);
        }
    }
}
