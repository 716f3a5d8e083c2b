//! `docs/guide/plan.md` lists every key of the plan, of image definitions and of the user configuration, and no other.
//!
//! The keys are asked of the program itself. Each table refuses unknown keys and names those that it knows, so a key that does
//! not exist is put into every place: at the top, in every key that is found there, in lists, and in tables by name. What the
//! program says to it is the whole grammar, however it is read.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use crate::{read, repository};

/// A key that no table has.
const PROBE: &str = "no-such-key";

/// Where a value may hold a table, as TOML around the probe: the value itself, a list, a table by name, a list by name.
const SHAPES: [&str; 4] = [
    "{ no-such-key = 1 }",
    "[{ no-such-key = 1 }]",
    "{ any = { no-such-key = 1 } }",
    "{ any = [{ no-such-key = 1 }] }",
];

/// The tables of a file by their headings, each with its keys.
type Tables = BTreeMap<String, BTreeSet<String>>;

/// A file that rcrepro reads, and how it is made to read one.
struct Format {
    /// The heading in the page.
    heading: &'static str,
    /// The heading of the file's own keys.
    top: &'static str,
    /// Where the file is put.
    file: &'static str,
    /// A command that reads it, before anything else that could fail.
    arguments: &'static [&'static str],
    /// What tables of this file are called by name: the table's path and the word in the heading.
    named: &'static [(&'static str, &'static str)],
    /// Tables that share a heading.
    shared: &'static [(&'static str, &'static str)],
}

const FORMATS: [Format; 3] = [
    Format {
        heading: "## The plan: rcrepro.toml",
        top: "Top level",
        file: "rcrepro.toml",
        arguments: &["check"],
        named: &[("packets", "ID")],
        shared: &[
            ("packets.ID.checks", "Criteria"),
            ("packets.ID.evidence", "Criteria"),
            ("packets.ID.exit", "Criteria"),
            ("pins.go", "pins.go and pins.node"),
            ("pins.node", "pins.go and pins.node"),
        ],
    },
    Format {
        heading: "## Image definitions: images/NAME.toml",
        top: "Definition",
        file: "images/probe.toml",
        arguments: &["image", "lock", "--check"],
        named: &[("npm", "PACKAGE")],
        shared: &[],
    },
    Format {
        heading: "## The user configuration: rcrepro/config.toml",
        top: "Configuration",
        file: "config.toml",
        arguments: &[
            "image",
            "pull",
            "localhost:1/none@sha256:0000000000000000000000000000000000000000000000000000000000000000",
        ],
        named: &[],
        shared: &[],
    },
];

#[test]
fn every_key_is_documented_and_no_other() {
    let page = read(&repository().join("docs/guide/plan.md"));
    for format in &FORMATS {
        let documented = documented(section(&page, format.heading));
        let found = Probe::new(format).tables();
        assert!(found.len() > 1, "{}: no tables were found: {found:?}", format.file);
        assert_eq!(differences(&documented, &found), [""; 0], "docs/guide/plan.md, {}", format.heading);
    }
}

#[test]
fn a_key_that_is_missing_on_either_side_is_named() {
    let page = "### source\n\n| Key | Type | Default | What it does |\n|---|---|---|---|\n| `exclude` | globs | `[]` | Leaves out. |\n";
    let tables = |keys: &[&str]| Tables::from([("source".to_owned(), keys.iter().map(ToString::to_string).collect())]);
    assert_eq!(differences(&documented(page), &tables(&["exclude"])), [""; 0]);
    assert_eq!(
        differences(&documented(page), &tables(&["exclude", "include"])),
        ["`include` of [source] is not documented"]
    );
    assert_eq!(differences(&documented(page), &Tables::new()), ["`exclude` of [source] does not exist"]);
}

#[test]
#[should_panic(expected = "a key without a type, a default or a sentence")]
fn a_row_without_a_sentence_is_refused() {
    documented("### source\n\n| `exclude` | globs | `[]` | |\n");
}

/// Says which keys only one side has.
fn differences(documented: &Tables, found: &Tables) -> Vec<String> {
    let only = |one: &Tables, other: &Tables, says: &str| -> Vec<String> {
        let keys = one.iter().flat_map(|(table, keys)| keys.iter().map(move |key| (table, key)));
        let missing = keys.filter(|(table, key)| !other.get(*table).is_some_and(|keys| keys.contains(*key)));
        missing.map(|(table, key)| format!("`{key}` of [{table}] {says}")).collect()
    };
    let mut all = only(found, documented, "is not documented");
    all.extend(only(documented, found, "does not exist"));
    all
}

/// The part of the page below a heading of the second level.
fn section<'a>(page: &'a str, heading: &str) -> &'a str {
    let (_, rest) = page.split_once(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("there is no `{heading}`"));
    rest.split("\n## ").next().unwrap_or(rest)
}

/// Reads the tables of a section: rows that begin with a key in backquotes, below the nearest heading.
fn documented(section: &str) -> Tables {
    let mut tables = Tables::new();
    let mut heading = String::new();
    for line in section.lines() {
        if let Some(text) = line.strip_prefix("### ") {
            text.clone_into(&mut heading);
        }
        let Some(row) = line.strip_prefix("| `") else { continue };
        let cells: Vec<&str> = row.trim_end_matches(" |").split(" | ").collect();
        let whole = cells.len() == 4 && cells.iter().all(|cell| !cell.trim().is_empty());
        assert!(whole, "a key without a type, a default or a sentence: {line}");
        let key = cells[0].trim_end_matches('`').to_owned();
        assert!(tables.entry(heading.clone()).or_default().insert(key), "a key that is listed twice: {line}");
    }
    tables
}

/// A place in the file: a table's path, and the TOML around its keys, such as `sets = { any = [{ ` and ` }] }`.
struct Table {
    path: String,
    before: String,
    after: String,
}

/// Asks the program for the keys of a format.
struct Probe<'a> {
    format: &'a Format,
    folder: tempfile::TempDir,
}

impl<'a> Probe<'a> {
    fn new(format: &'a Format) -> Self {
        Self { format, folder: tempfile::tempdir().expect("a temporary folder") }
    }

    /// Finds every table, from the top down.
    fn tables(&self) -> Tables {
        let mut tables = Tables::new();
        let mut open = vec![Table { path: String::new(), before: String::new(), after: String::new() }];
        while let Some(table) = open.pop() {
            let Table { before, after, .. } = &table;
            let keys = keys(&self.say(&format!("{before}{PROBE} = 1{after}"))).expect("a table that was found before");
            open.extend(keys.iter().filter_map(|key| self.table_in(&table, key)));
            tables.entry(self.heading(&table.path)).or_default().extend(keys);
        }
        tables
    }

    /// Finds the table that is the value of a key, by itself, in a list, by name, or in a list by name; none if the value is not a table.
    fn table_in(&self, table: &Table, key: &str) -> Option<Table> {
        let Table { path, before, after } = table;
        let mut found = None;
        for (number, shape) in SHAPES.into_iter().enumerate() {
            let said = self.say(&format!("{before}{key} = {shape}{after}"));
            if keys(&said).is_some() {
                found = Some((number, shape));
                break;
            }
            // Where a text belongs there is no table, in whatever it is put.
            if said.contains("expected a string") {
                break;
            }
        }
        let (number, shape) = found?;
        let (open, close) = shape.split_once("no-such-key = 1").expect("a shape has the probe");
        let path = if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
        Some(Table {
            path: if number < 2 { path } else { self.by_name(&path) },
            before: format!("{before}{key} = {open}"),
            after: format!("{close}{after}"),
        })
    }

    fn by_name(&self, path: &str) -> String {
        let word = self.format.named.iter().find(|(table, _)| *table == path).map_or("NAME", |(_, word)| *word);
        format!("{path}.{word}")
    }

    fn heading(&self, path: &str) -> String {
        if path.is_empty() {
            return self.format.top.to_owned();
        }
        self.format.shared.iter().find(|(table, _)| *table == path).map_or(path, |(_, heading)| *heading).to_owned()
    }

    /// Returns what the program says to this text.
    fn say(&self, text: &str) -> String {
        let folder = self.folder.path();
        let path = folder.join(self.format.file);
        std::fs::create_dir_all(path.parent().expect("a file has a folder")).expect("made");
        std::fs::write(&path, text).expect("written");
        run(folder, self.format.arguments)
    }
}

/// Reads the keys that the program names when it refuses the probe; none when it refuses something else.
fn keys(said: &str) -> Option<BTreeSet<String>> {
    let (_, expected) = said.split_once(&format!("unknown field `{PROBE}`, expected "))?;
    let line = expected.lines().next().unwrap_or(expected);
    Some(line.split('`').skip(1).step_by(2).map(str::to_owned).collect())
}

/// Runs the program in a folder that is all that it sees, and returns what it says to standard error.
fn run(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_rcrepro"))
        .current_dir(folder)
        .env_clear()
        .env("RCREPRO_STORE", folder.join("store"))
        .env("RCREPRO_CONFIG", folder.join("config.toml"))
        .args(arguments)
        .output()
        .expect("the program starts");
    String::from_utf8_lossy(&output.stderr).into_owned()
}
