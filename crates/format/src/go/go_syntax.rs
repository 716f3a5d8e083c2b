//! Whether Go's module files can be read at all, line by line.
//!
//! Source: Go Modules Reference, "Lexical elements", "Grammar", "go.work files" and "go.sum files". Go refuses a word that it does not
//! know in the files of the main module, and so does this, unless the file asks for a Go that may know more words.

use super::go_local::directives;

/// The words of a `go.mod`, each with the least and the most arguments.
const MODULE: [(&str, usize, usize); 10] = [
    ("module", 1, 1),
    ("go", 1, 1),
    ("toolchain", 1, 1),
    ("require", 2, 2),
    ("exclude", 2, 2),
    ("replace", 3, 5),
    ("retract", 1, usize::MAX),
    ("godebug", 1, 1),
    ("tool", 1, 1),
    ("ignore", 1, 1),
];

/// As [`MODULE`], of a `go.work`.
const WORKSPACE: [(&str, usize, usize); 5] =
    [("go", 1, 1), ("toolchain", 1, 1), ("use", 1, 1), ("replace", 3, 5), ("godebug", 1, 1)];

/// The newest Go whose words are known, as the second part of its version.
const KNOWN: u32 = 26;

/// A line that Go refuses, from 1, and why.
pub type RefusedLine = (usize, String);

/// Finds the first line of a `go.mod` that Go refuses.
#[must_use]
pub fn of_module(text: &str) -> Option<RefusedLine> {
    let lines = directives(text);
    let is_module = lines.iter().any(|(_, words)| words[0] == "module");
    let no_module = || (1, "it has no `module`: expected `module PATH`".to_owned());
    unread(text, &MODULE, "go.mod").or_else(|| (!is_module).then(no_module))
}

/// Finds the first line of a `go.work` that Go refuses.
#[must_use]
pub fn of_workspace(text: &str) -> Option<RefusedLine> {
    unread(text, &WORKSPACE, "go.work")
}

/// Finds the first line of a `go.sum` or `go.work.sum` that Go refuses.
#[must_use]
pub fn of_sums(text: &str) -> Option<RefusedLine> {
    let lines = (1..).zip(text.lines()).map(|(number, line)| (number, line.split_whitespace().count()));
    let wrong = lines.into_iter().find(|(_, count)| !matches!(count, 0 | 3))?;
    Some((wrong.0, format!("expected a module, a version and a checksum, found {} words", wrong.1)))
}

fn unread(text: &str, known: &[(&str, usize, usize)], file: &str) -> Option<RefusedLine> {
    let lines = directives(text);
    let is_newer = lines.iter().any(|(_, words)| words[0] == "go" && words.get(1).is_some_and(|go| is_newer(go)));
    let refused = lines.iter().find_map(|(line, words)| {
        let Some((_, least, most)) = known.iter().find(|(word, ..)| *word == words[0]) else {
            let says = format!("unknown word `{}` in a {file}: expected {}", shortened(&words[0]), listed(known));
            return (!is_newer || !is_word(&words[0])).then_some((*line, says));
        };
        let count = words.len() - 1;
        let is_right =
            (*least..=*most).contains(&count) && (words[0] != "replace" || words.iter().any(|word| word == "=>"));
        (!is_right).then(|| (*line, format!("`{}` has {count} words after it: expected {}", words[0], form(&words[0]))))
    });
    refused.or_else(|| unclosed(text))
}

/// What follows a word.
fn form(word: &str) -> &'static str {
    match word {
        "module" | "tool" => "a path",
        "go" | "toolchain" => "a version",
        "require" | "exclude" => "a path and a version",
        "replace" => "`PATH => FOLDER` or `PATH => PATH VERSION`",
        "use" | "ignore" => "a folder",
        _ => "a value",
    }
}

fn is_newer(go: &str) -> bool {
    go.split('.').nth(1).and_then(|minor| minor.parse().ok()).is_some_and(|minor: u32| minor > KNOWN)
}

fn is_word(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_lowercase())
}

fn shortened(word: &str) -> String {
    word.chars().take(40).collect()
}

fn listed(known: &[(&str, usize, usize)]) -> String {
    let words: Vec<String> = known.iter().map(|(word, ..)| format!("`{word}`")).collect();
    words.join(", ")
}

/// Finds a block that begins and does not end.
fn unclosed(text: &str) -> Option<RefusedLine> {
    let mut open = None;
    for (number, line) in (1..).zip(text.lines()) {
        let code = line.find("//").map_or(line, |at| &line[..at]).trim();
        match code {
            ")" => open = None,
            _ if code.ends_with('(') && open.is_none() => open = Some(number),
            _ => {}
        }
    }
    open.map(|line| (line, "the block does not end: expected `)`".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_go_reads_is_read() {
        let module = "// Deprecated: no\nmodule \"example.com/m\" // here\n\ngo 1.26.0\ntoolchain go1.26.8\ngodebug default=go1.21\n\
                      require a.example/a v1.0.0 // indirect\nrequire (\n\tb.example/b v1.0.0\n)\nexclude b.example/b v0.1.0\n\
                      replace a.example/a => ../a\nreplace(\n\tb.example/b v1.0.0 => c.example/c v1.0.0\n)\n\
                      retract [v1.0.0, v1.2.0]\nretract v0.9.0\ntool b.example/b/cmd/x\nignore ./node_modules\n";
        assert_eq!(of_module(module), None);
        assert_eq!(of_module("module m\n"), None);
        assert_eq!(of_module("module m\r\ngo 1.99\nnewword x\n"), None, "a Go to come knows more words");
        assert_eq!(of_workspace("go 1.26\nuse (\n\t./a\n\t.\n)\nreplace x.example/x => ../x\n"), None);
        assert_eq!(of_sums("a.example/a v1.0.0 h1:x=\n\na.example/a v1.0.0/go.mod h1:y=\n"), None);
    }

    #[test]
    fn what_go_refuses_is_found_with_its_line() {
        for (text, line, says) in [
            ("", 1, "no `module`"),
            ("go 1.26\n", 1, "no `module`"),
            ("module m\n<<<<<<< HEAD\ngo 1.26\n", 2, "unknown word `<<<<<<<`"),
            ("these are words\n", 1, "unknown word `these`"),
            ("module m\n{{{\ngo 1.99\n", 2, "unknown word `{{{`"),
            ("module m\nrequire a.example/a\n", 2, "`require` has 1 words after it: expected a path and a version"),
            ("module m\nrequire (\n\ta.example/a v1.0.0\n", 2, "the block does not end"),
            ("module m\nreplace a.example/a ../a b c\n", 2, "`PATH => FOLDER`"),
            ("module m\n)\n", 2, "unknown word `)`"),
        ] {
            let (found, why) = of_module(text).unwrap_or_else(|| panic!("{text}"));
            assert!(found == line && why.contains(says), "{text}: {found}: {why}");
        }
        assert_eq!(of_workspace("go 1.26\nrequire a b\n").map(|(line, _)| line), Some(2));
        assert_eq!(of_sums("a.example/a v1.0.0 h1:x=\n=======\n").map(|(line, _)| line), Some(2));
    }
}
