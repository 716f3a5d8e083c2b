//! What a person adds to what is found in a project: a table of a TOML file. Of TOML this reads tables, and keys
//! with a text or a list of texts on one line, because xtask has no dependencies.

use std::collections::BTreeMap;

/// The keys of a table.
const TEXTS: [&str; 10] =
    ["skip", "kind", "report", "folder", "version", "setup", "test", "timeout", "memory", "module"];
const LISTS: [&str; 5] = ["outputs", "env", "exclude", "drop", "set"];

/// What is in one project's table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProjectSettings {
    texts: BTreeMap<String, String>,
    lists: BTreeMap<String, Vec<String>>,
}

impl ProjectSettings {
    /// The value of a key that holds a text.
    pub fn text(&self, key: &str) -> Option<&str> {
        debug_assert!(TEXTS.contains(&key), "{key}");
        self.texts.get(key).map(String::as_str)
    }

    /// The values of a key that holds a list; none when it is not there.
    pub fn list(&self, key: &str) -> &[String] {
        debug_assert!(LISTS.contains(&key), "{key}");
        self.lists.get(key).map_or(&[], Vec::as_slice)
    }

    /// Puts a test line in place of any other.
    pub fn set_test(&mut self, line: &str) {
        self.texts.insert("test".to_owned(), line.to_owned());
    }
}

/// Reads the tables of a file, by name.
///
/// # Errors
/// What is wrong, with its line.
pub fn read(text: &str) -> Result<BTreeMap<String, ProjectSettings>, String> {
    let mut tables: BTreeMap<String, ProjectSettings> = BTreeMap::new();
    let mut current = None;
    for (number, line) in text.lines().enumerate().map(|(index, line)| (index + 1, line.trim())) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            current = Some(tables.entry(name.trim_matches('"').to_owned()).or_default());
            continue;
        }
        let wrong = |what: &str| format!("line {number}: {what}: `{line}`");
        let table = current.as_deref_mut().ok_or_else(|| wrong("a key before the first table"))?;
        let (key, value) = line.split_once('=').ok_or_else(|| wrong("expected KEY = VALUE"))?;
        let (key, value) = (key.trim().to_owned(), value.trim());
        if TEXTS.contains(&key.as_str()) {
            let (text, rest) = string(value).ok_or_else(|| wrong("expected a text on one line"))?;
            end(rest).ok_or_else(|| wrong("something follows the value"))?;
            table.texts.insert(key, text);
        } else if LISTS.contains(&key.as_str()) {
            let (texts, rest) = list(value).ok_or_else(|| wrong("expected a list of texts on one line"))?;
            end(rest).ok_or_else(|| wrong("something follows the value"))?;
            table.lists.insert(key, texts);
        } else {
            return Err(wrong(&format!("unknown key: known are {}, {}", TEXTS.join(", "), LISTS.join(", "))));
        }
    }
    Ok(tables)
}

fn end(rest: &str) -> Option<()> {
    let rest = rest.trim_start();
    (rest.is_empty() || rest.starts_with('#')).then_some(())
}

/// Reads a text in either kind of quotes and gives what follows.
fn string(value: &str) -> Option<(String, &str)> {
    if let Some(rest) = value.strip_prefix('\'') {
        return rest.split_once('\'').map(|(text, rest)| (text.to_owned(), rest));
    }
    let mut text = String::new();
    let inner = value.strip_prefix('"')?;
    let mut letters = inner.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((text, &inner[at + 1..])),
            '\\' => match letters.next()?.1 {
                letter @ ('"' | '\\') => text.push(letter),
                _ => return None,
            },
            letter => text.push(letter),
        }
    }
    None
}

fn list(value: &str) -> Option<(Vec<String>, &str)> {
    let mut rest = value.strip_prefix('[')?.trim_start();
    let mut texts = Vec::new();
    loop {
        if let Some(after) = rest.strip_prefix(']') {
            return Some((texts, after));
        }
        let (text, after) = string(rest)?;
        texts.push(text);
        rest = after.trim_start();
        rest = match rest.strip_prefix(',') {
            Some(after) => after.trim_start(),
            None if rest.starts_with(']') => rest,
            None => return None,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_hold_texts_and_lists() {
        let text = r#"# comment
[a]
test = "go test -run \"X\" ./..."  # why
outputs = ["dist", 'x\y',]
env = []
["b.c"]
skip = 'needs a database'
"#;
        let tables = read(text).unwrap();
        assert_eq!(tables["a"].text("test"), Some("go test -run \"X\" ./..."));
        assert_eq!(tables["a"].list("outputs"), ["dist", "x\\y"]);
        assert_eq!((tables["a"].list("env").len(), tables["a"].text("skip")), (0, None));
        assert_eq!(tables["b.c"].text("skip"), Some("needs a database"));
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        for (text, line) in [
            ("test = \"x\"", "line 1"),
            ("[a]\ntset = \"x\"", "line 2"),
            ("[a]\n\ntest = x", "line 3"),
            ("[a]\ntest = \"x", "line 2"),
            ("[a]\ntest = \"x\" y", "line 2"),
            ("[a]\nenv = [\"x\" \"y\"]", "line 2"),
            ("[a]\nwhat", "line 2"),
        ] {
            assert!(read(text).unwrap_err().starts_with(line), "{text}");
        }
    }
}
