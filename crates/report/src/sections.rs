//! How documents with written sections stand, as people and machines read it.

use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

use rcrepro_model::standing::Standing;
use rcrepro_model::text::plural::counted;
use rcrepro_pins::documents::sections::StaleSection;

/// A document: its path, its state in a word, and its sections, or those that are stale.
#[derive(Debug, Clone, Serialize)]
pub struct DocumentLine<'a> {
    /// Its path, relative to the plan's folder.
    pub path: &'a str,
    /// `gone`, `bare`, `stale` or `current`.
    pub state: &'a str,
    /// The names of its sections, where they are current.
    pub current: &'a [String],
    /// The others, each with what it should hold.
    pub stale: &'a [StaleSection],
}

/// Writes each document with what is wrong in it, the lines that differ, and how many are current last.
#[must_use]
pub fn text(documents: &[DocumentLine<'_>]) -> String {
    let mut text = String::new();
    let mut put = |line: std::fmt::Arguments<'_>| super::text::put(&mut text, line);
    for DocumentLine { path, state, current, stale } in documents {
        match *state {
            "gone" => put(format_args!("{state:>10}  {path}: it is not there")),
            "bare" => put(format_args!("{state:>10}  {path}: it has no section")),
            "current" => put(format_args!("{state:>10}  {path}: {}", current.join(", "))),
            _ => {}
        }
        for section in *stale {
            put(format_args!("{state:>10}  {path}:{}: section `{}`", section.line, section.name));
            section.difference.iter().for_each(|line| put(format_args!("{:>12}{line}", "")));
        }
    }
    let wrong = |wanted: &str| documents.iter().any(|document| document.state == wanted);
    if wrong("stale") {
        put(format_args!("{}", row!("hint", "rcrepro status --write")));
    }
    if wrong("gone") || wrong("bare") {
        let markers = "<!-- rcrepro:begin board --> and <!-- rcrepro:end board -->, each alone on its line";
        put(format_args!("{}", row!("hint", "write the document with {markers}")));
    }
    let current = documents.iter().filter(|document| document.state == "current").count();
    let (all, are) = (counted(documents.len(), "document"), if current == 1 { "is" } else { "are" });
    put(format_args!("{current} of {all} with written sections {are} current"));
    text
}

/// Describes the same, by path, with what it comes to.
#[must_use]
pub fn json(documents: &[DocumentLine<'_>], standing: Standing) -> Value {
    let current = documents.iter().all(|document| document.state == "current");
    let by_path: BTreeMap<&str, &DocumentLine<'_>> =
        documents.iter().map(|document| (document.path, document)).collect();
    json!({ "standing": standing, "current": current && !documents.is_empty(), "documents": by_path })
}
