//! The rows of the table, under the plan's own headings: sentence, keys, and what goes red.

use super::plan::Sentence;

/// A row: a sentence of the plan, what holds it, and what goes red without it.
#[derive(Debug)]
pub struct PlanRow {
    /// Its line in the document, from 1.
    pub line: usize,
    /// The heading above it.
    pub heading: String,
    /// As the plan says it, word for word.
    pub sentence: String,
    /// Keys of the template, and files of the program.
    pub keys: Vec<String>,
    /// The tests that it names.
    pub tests: Vec<Test>,
    /// The last cell as it is written.
    pub proof: String,
}

/// One test that a row names.
#[derive(Debug)]
pub struct Test {
    /// Its file, from the project's root.
    pub file: String,
    /// The function.
    pub name: String,
    /// Whether the row says that it is not run by default.
    pub ignored: bool,
}

impl PlanRow {
    /// Whether it is that of a sentence.
    pub fn of(&self, sentence: &Sentence) -> bool {
        self.sentence == sentence.text && self.heading == sentence.heading
    }
}

/// Reads every row of the tables whose first column is `Sentence`.
pub fn rows(document: &str) -> Vec<PlanRow> {
    let mut heading = String::new();
    let mut inside = false;
    let mut found = Vec::new();
    for (index, line) in document.lines().enumerate() {
        if let Some(title) = line.strip_prefix("## ") {
            heading = title.trim().to_owned();
        }
        let cells = cells(line);
        match &cells[..] {
            [first, ..] if first == "Sentence" => inside = true,
            [sentence, keys, proof] if inside && !sentence.starts_with("---") => found.push(PlanRow {
                line: index + 1,
                heading: heading.clone(),
                sentence: sentence.clone(),
                keys: spans(keys).into_iter().map(|(text, _)| text).collect(),
                tests: tests(proof),
                proof: proof.clone(),
            }),
            [] => inside = false,
            _ => {}
        }
    }
    found
}

/// Splits a line at its bars, save those behind a backslash; none where it is not a row.
fn cells(line: &str) -> Vec<String> {
    let Some(inner) = line.trim().strip_prefix('|').and_then(|line| line.strip_suffix('|')) else { return Vec::new() };
    let held = inner.replace("\\|", "\u{0}");
    held.split('|').map(|cell| cell.trim().replace('\u{0}', "|")).collect()
}

/// Lists the code spans of a cell, each with the text behind it.
fn spans(cell: &str) -> Vec<(String, String)> {
    let parts: Vec<&str> = cell.split('`').collect();
    let behind = |at: usize| parts.get(at + 1).copied().unwrap_or_default().to_owned();
    (1..parts.len()).step_by(2).map(|at| (parts[at].to_owned(), behind(at))).collect()
}

fn tests(cell: &str) -> Vec<Test> {
    let of = |(text, behind): (String, String)| {
        let (file, name) = text.split_once("::")?;
        Some(Test { file: file.to_owned(), name: name.to_owned(), ignored: behind.starts_with(" (ignored)") })
    };
    spans(cell).into_iter().filter_map(of).collect()
}
