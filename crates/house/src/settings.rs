//! `house.toml`: limits, ratchets, patterns, and exceptions with their reasons.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::Deserialize;

use crate::error::HouseError;

/// The settings as committed beside this crate's manifest.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct HouseRules {
    /// What the house is meant to be.
    pub goals: Goals,
    /// What it may be today.
    pub ratchets: Ratchets,
    /// Crates that several packages may depend on.
    pub basics: Vec<Exception>,
    /// Words that one package owns.
    pub vendor_words: VendorWords,
    /// Files that may import each other in a circle.
    #[serde(default)]
    pub circles: Vec<Exception>,
    /// Public type names that may exist more than once.
    #[serde(default)]
    pub type_names: Vec<Exception>,
    /// Packages whose vendors are not counted.
    #[serde(default)]
    pub tools: Vec<Exception>,
    /// Words and phrases to be written otherwise.
    pub patterns: Vec<Phrase>,
    /// Sentences that a pattern finds and that are right.
    #[serde(default)]
    pub prose: Vec<Exception>,
    /// Doc comments that say nothing, whatever the item is called.
    pub empty_phrases: BTreeSet<String>,
}

/// One entry of a list of exceptions.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// A crate, a type, a file, or a part of a sentence.
    pub name: String,
    /// Why the rule does not hold for it.
    pub reason: String,
}

/// Limits that do not change.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Goals {
    /// Modules per folder, 90th percentile.
    pub rooms: usize,
    /// Lines per file without tests, median.
    pub file_median: usize,
    /// Lines per file without tests, 90th percentile.
    pub file_p90: usize,
    /// Lines per function.
    pub function_lines: usize,
}

/// The highest figures that pass today.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Ratchets {
    /// Modules per folder, 90th percentile.
    pub rooms: usize,
    /// Lines per file without tests, median.
    pub file_median: usize,
    /// Lines per file without tests, 90th percentile.
    pub file_p90: usize,
    /// Functions longer than [`Goals::function_lines`].
    pub functions: usize,
    /// Files that are part of a circle, without what a file uses of the modules around it.
    pub circles_across: usize,
    /// Files that are part of any circle.
    pub circles: usize,
    /// Public type names that exist more than once.
    pub type_names: usize,
    /// Vendors in more than one manifest.
    pub vendors: usize,
    /// Files outside its package that name a vendor.
    pub vendor_words: usize,
    /// Sentences to be rewritten, by area: `docs` or the name of a package; 0 where an area is missing.
    pub prose: BTreeMap<String, usize>,
    /// Doc comments that repeat a name, by package; 0 where a package is missing.
    pub echoes: BTreeMap<String, usize>,
}

/// Words that Rust files outside one package may not hold.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VendorWords {
    /// The folder of the package that may.
    pub owner: String,
    /// Regular expressions, searched in comments and strings, too.
    pub words: Vec<String>,
}

/// A pattern of prose with the sentences that show what it finds.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Phrase {
    /// Shown beside each place.
    pub name: String,
    /// A regular expression, in which a space matches any white space.
    pub regex: String,
    /// Where a match of this overlaps, nothing is found.
    #[serde(default)]
    pub except: Option<String>,
    /// What to write.
    pub instead: String,
    /// Only in doc comments, where `^` is their beginning.
    #[serde(default)]
    pub doc_comments: bool,
    /// Sentences that it must find.
    pub bad: Vec<String>,
    /// Sentences that it must not find.
    #[serde(default)]
    pub good: Vec<String>,
}

impl HouseRules {
    /// Reads the committed settings.
    ///
    /// # Errors
    /// Invalid TOML, or an unknown key.
    pub fn committed() -> Result<Self, HouseError> {
        toml::from_str(include_str!("../house.toml"))
            .map_err(|source| HouseError::Toml { path: PathBuf::from("crates/house/house.toml"), source })
    }
}

/// Whether one of `exceptions` has this name.
#[must_use]
pub fn is_excepted(exceptions: &[Exception], name: &str) -> bool {
    exceptions.iter().any(|exception| exception.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_exception_has_a_reason() {
        let settings = HouseRules::committed().unwrap();
        let lists = [&settings.basics, &settings.circles, &settings.type_names, &settings.tools, &settings.prose];
        let without: Vec<&Exception> = lists.into_iter().flatten().filter(|one| one.reason.len() < 10).collect();
        assert!(without.is_empty(), "{without:?}");
    }
}
