//! The files that ARCHITECTURE.md names and the types that the glossary names exist.

use std::path::Path;

use crate::{read, repository};

#[test]
fn every_file_that_the_architecture_names_is_there() {
    let root = repository();
    let page = read(&root.join("docs/ARCHITECTURE.md"));
    assert!(paths(&page).len() > 30, "too few paths: {:?}", paths(&page));
    assert_eq!(missing(&root, &page), [""; 0], "docs/ARCHITECTURE.md");
    assert_eq!(missing(&root, "see `src/no_such_file.rs` and `src/main.rs`"), ["src/no_such_file.rs"]);
}

#[test]
fn every_type_of_the_glossary_exists() {
    let root = repository();
    let mut sources = Vec::new();
    for folder in ["src", "crates"] {
        collect(&root.join(folder), &mut sources);
    }
    let page = read(&root.join("docs/design/DESIGN.md"));
    let (_, glossary) = page.split_once("## 1. Words").expect("the design has a glossary");
    let types = types(glossary.split("\n## ").next().unwrap_or(glossary));
    assert!(types.len() > 30, "too few types: {types:?}");
    let gone: Vec<&String> = types.iter().filter(|name| !sources.iter().any(|text| defines(text, name))).collect();
    assert_eq!(gone, [""; 0], "types that docs/design/DESIGN.md §1 names and no source defines");
    assert!(!defines("pub struct Planet {", "Plan") && defines("pub struct Plan {", "Plan"));
}

/// The code spans of a page that begin with a folder of the repository.
fn paths(page: &str) -> Vec<&str> {
    let folders = ["crates/", "src/", "init/", "xtask/", "tests/", "examples/", "images/"];
    let spans = page.split('`').skip(1).step_by(2);
    spans.filter(|span| folders.iter().any(|folder| span.starts_with(folder)) && !span.contains("NAME")).collect()
}

fn missing<'a>(root: &Path, page: &'a str) -> Vec<&'a str> {
    paths(page).into_iter().filter(|path| !root.join(path).exists()).collect()
}

/// The types in the second cell of each row: code spans that begin with a capital letter.
fn types(glossary: &str) -> Vec<String> {
    let cells = glossary.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").nth(1));
    let spans = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    spans.filter(|span| span.starts_with(|c: char| c.is_ascii_uppercase())).map(str::to_owned).collect()
}

fn defines(source: &str, name: &str) -> bool {
    ["struct", "enum", "trait"].iter().any(|kind| {
        let wanted = format!("pub {kind} {name}");
        source
            .match_indices(&wanted)
            .any(|(at, _)| source[at + wanted.len()..].starts_with(|c: char| !c.is_alphanumeric() && c != '_'))
    })
}

fn collect(folder: &Path, sources: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push(read(&path));
        }
    }
}
