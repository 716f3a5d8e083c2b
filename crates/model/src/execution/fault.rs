//! Something in the project's files that keeps a command or a step from succeeding, by its place.

use std::fmt;

use serde::Serialize;

use crate::text::address;

/// How many characters of a line or word are quoted.
const QUOTED: usize = 240;

/// One fault, or one thing to know.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Fault {
    /// The file, relative to the plan's folder.
    pub path: String,
    /// The line, from 1; none where the whole file is meant.
    pub line: Option<usize>,
    /// What is wrong.
    pub says: String,
    /// What mends it.
    pub hint: Option<String>,
}

impl Fault {
    /// Names a whole file. What is said may quote it: addresses lose their credentials, and long words their ends.
    pub fn of_file(path: impl Into<String>, says: impl Into<String>) -> Self {
        let says = quotable(&address::without_secrets(&says.into()));
        Self { path: path.into(), line: None, says, hint: None }
    }

    /// Names the line, where it is known.
    #[must_use]
    pub fn at(mut self, line: impl Into<Option<usize>>) -> Self {
        self.line = line.into();
        self
    }

    /// Returns what mends it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(quotable(&hint.into()));
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.path, self.says),
            None => write!(f, "{}: {}", self.path, self.says),
        }
    }
}

/// Cuts what is quoted of a file, between backticks and as single words: a line may have megabytes.
fn quotable(text: &str) -> String {
    let quoted = |(at, part): (usize, &str)| if at % 2 == 1 { cut(part) } else { words(part) };
    text.split('`').enumerate().map(quoted).collect::<Vec<_>>().join("`")
}

fn words(text: &str) -> String {
    text.split(' ').map(cut).collect::<Vec<_>>().join(" ")
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("{}… ({} more bytes)", &text[..end], text.len() - end),
        None => text.to_owned(),
    }
}

/// Returns the path of a file in a folder; the empty folder is the root.
#[must_use]
pub fn below(folder: &str, file: &str) -> String {
    if folder.is_empty() { file.to_owned() } else { format!("{folder}/{file}") }
}

/// Follows a relative path from a folder, by text; none when it leaves the root or is absolute. The root is empty.
#[must_use]
pub fn follow(folder: &str, path: &str) -> Option<String> {
    if path.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            other => parts.push(other),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_is_cut() {
        let long = "x".repeat(2 << 20);
        let fault =
            Fault::of_file("Dockerfile", format!("`ADD {long}` takes {long}, and more")).hint(format!("a {long}"));
        assert!(fault.to_string().len() < 700, "{}", fault.to_string().len());
        assert!(fault.says.ends_with("more bytes) and more"), "{}", fault.says);
        assert!(fault.says.contains("… (2096916 more bytes)` takes "), "{}", fault.says);
        assert!(fault.hint.is_some_and(|hint| hint.len() < 300));
        let short = "`FROM a` is `b`: expected `c`";
        assert_eq!(Fault::of_file("a", short).says, short);
    }

    #[test]
    fn paths_are_followed_within_the_root() {
        for (folder, path, expected) in [
            ("a", "../lib", Some("lib")),
            ("", "./lib/", Some("lib")),
            ("a/b", "..", Some("a")),
            ("a", "..", Some("")),
            ("a", "../..", None),
            ("", "../lib", None),
            ("a", "/lib", None),
        ] {
            assert_eq!(follow(folder, path).as_deref(), expected, "{folder} {path}");
        }
    }

    #[test]
    fn a_fault_begins_with_its_place() {
        assert_eq!(Fault::of_file("a/go.mod", "no").at(3).to_string(), "a/go.mod:3: no");
        assert_eq!(Fault::of_file("go.work", "no").to_string(), "go.work: no");
        let quotes = Fault::of_file("a", "`https://u:p@h/x?t=1` is far");
        assert_eq!(quotes.to_string(), "a: `https://…@h/x?…` is far");
    }
}
