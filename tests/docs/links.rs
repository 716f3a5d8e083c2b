//! Every link between the documents of the repository leads to a file, and every anchor to a heading of it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::{read, repository};

#[test]
fn every_link_between_documents_resolves() {
    let root = repository();
    let mut documents: Vec<PathBuf> =
        ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(|name| root.join(name)).to_vec();
    collect(&root.join("docs"), &mut documents);
    assert!(documents.len() > 20, "too few documents: {documents:?}");
    let broken: Vec<String> = documents.iter().flat_map(|document| broken(document, &read(document))).collect();
    assert_eq!(broken, [""; 0], "links that lead nowhere");
}

#[test]
fn a_link_that_leads_nowhere_is_named() {
    let root = repository();
    let page = root.join("docs/page.md");
    let text = "# One\n\n## Two words, here\n\n[a](guide/README.md) [b](#two-words-here) [c](https://example.com/x) `[d](code.md)`\n";
    assert_eq!(broken(&page, text), [""; 0]);
    let text =
        "# One\n\n[a](guide/gone.md)\n[b](#two)\n[c](guide/README.md#no-such-heading)\n\n```md\n[d](gone.md)\n```\n";
    let found = broken(&page, text);
    let expected = ["page.md:3: guide/gone.md", "page.md:4: #two", "page.md:5: guide/README.md#no-such-heading"];
    assert_eq!(found, expected.map(str::to_owned));
}

fn collect(folder: &Path, documents: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder of documents") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, documents);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            documents.push(path);
        }
    }
}

/// Lists the links of a document that lead nowhere, as `FILE:LINE: TARGET`.
fn broken(document: &Path, text: &str) -> Vec<String> {
    let folder = document.parent().expect("a document has a folder");
    let name = document.file_name().expect("a document has a name").to_string_lossy().into_owned();
    let mut found = Vec::new();
    for (number, line) in prose(text) {
        for target in targets(&line) {
            let (file, anchor) = target.split_once('#').unwrap_or((target.as_str(), ""));
            let there = match file {
                "" => has_anchor(text, anchor),
                file => {
                    let path = folder.join(file);
                    path.exists() && (anchor.is_empty() || has_anchor(&read(&path), anchor))
                }
            };
            if !there {
                found.push(format!("{name}:{number}: {target}"));
            }
        }
    }
    found
}

/// The lines outside of fenced code, without code spans, from 1.
fn prose(text: &str) -> Vec<(usize, String)> {
    let mut fenced = false;
    let mut lines = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            // Every other part between backquotes is code.
            lines.push((index + 1, line.split('`').step_by(2).collect::<Vec<_>>().join("`")));
        }
    }
    lines
}

/// The targets of inline links and of link definitions, without those that have a scheme.
fn targets(line: &str) -> Vec<String> {
    let inline = line.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
    let definition = line.strip_prefix('[').and_then(|rest| rest.split_once("]: ")).map(|(_, target)| target.trim());
    inline.chain(definition).filter(|target| !target.contains("://")).map(str::to_owned).collect()
}

/// Tells whether a heading has this anchor, as GitHub makes them.
fn has_anchor(text: &str, anchor: &str) -> bool {
    let mut fenced = false;
    let mut anchors = BTreeSet::new();
    for line in text.lines() {
        fenced ^= line.trim_start().starts_with("```");
        if let Some(heading) = line.strip_prefix('#').filter(|_| !fenced) {
            let heading = heading.trim_start_matches('#').trim().to_lowercase();
            let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
            anchors.insert(kept.map(|c| if c == ' ' { '-' } else { c }).collect::<String>());
        }
    }
    anchors.contains(anchor)
}
