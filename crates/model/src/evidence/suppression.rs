//! Suppressions: what a project tells its checks not to report, and how two lists of them compare.
//!
//! Hash rule: a ledger's digest is over its RFC 8785 bytes, with the entries sorted as their fields are ordered here. It holds
//! nothing that depends on the day: whether a waiver still counts is decided where it is shown.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The version of the ledger: of its form, and of the readers that make it. It is raised with every change of what they find, because
/// a ledger is verified by reading again.
pub const LEDGER_VERSION: u32 = 4;

/// How [`Suppression::silences`] begins where a file cannot be read, so that what it suppresses is unknown.
pub const UNREAD: &str = "cannot be read: ";

/// Where a suppression was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SuppressionSource {
    /// A file of the certified source.
    Tree,
    /// The line of a command.
    Line,
    /// The plan beside its lines.
    Plan,
    /// What a command printed.
    Evidence,
}

impl SuppressionSource {
    /// Returns the word that ledgers and reports use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tree => "tree",
            Self::Line => "line",
            Self::Plan => "plan",
            Self::Evidence => "evidence",
        }
    }
}

/// Whether a suppression still silences something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Silenced {
    /// It does.
    Something,
    /// What it names is gone: it silences nothing.
    Nothing,
    /// Only the tool could tell.
    Undecided,
}

impl Silenced {
    /// Returns the word that ledgers and reports use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Something => "something",
            Self::Nothing => "nothing",
            Self::Undecided => "undecided",
        }
    }
}

/// One thing that a check is told not to report.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suppression {
    /// The kind's stable id, such as `gitleaks-ignored`.
    pub kind: String,
    /// A file of the source, `commands.ID`, or the table of the plan, such as `waivers`.
    pub at: String,
    /// The line in the file, from 1; 0 where there is none.
    pub line: u32,
    /// The finding, rule, test or flag that it is about, as it is written there.
    pub silences: String,
    /// The reason that is written beside it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
    /// Where it was read from.
    pub source: SuppressionSource,
    /// Whether it still does something.
    pub silenced: Silenced,
}

impl Suppression {
    /// Returns the id that waivers name, which no moved line changes: `suppressions/KIND:PLACE:WHAT`.
    #[must_use]
    pub fn id(&self) -> String {
        format!("suppressions/{}:{}:{}", self.kind, self.at, self.silences)
    }

    /// Whether it is a file that cannot be read.
    #[must_use]
    pub fn is_unread(&self) -> bool {
        self.source == SuppressionSource::Tree && self.silences.starts_with(UNREAD)
    }

    /// Writes the place, with the line where there is one.
    #[must_use]
    pub fn place(&self) -> String {
        if self.line == 0 { self.at.clone() } else { format!("{}:{}", self.at, self.line) }
    }
}

/// A packet's suppressions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuppressionLedger {
    /// The format's version, [`LEDGER_VERSION`].
    pub version: u32,
    /// The entries, sorted.
    pub entries: Vec<Suppression>,
}

impl SuppressionLedger {
    /// Sorts entries.
    #[must_use]
    pub fn new(mut entries: Vec<Suppression>) -> Self {
        entries.sort();
        Self { version: LEDGER_VERSION, entries }
    }
}

/// What became of suppressions between two releases.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SuppressionChanges {
    /// Those that the earlier one did not have.
    pub new: Vec<Suppression>,
    /// Those that the later one does not have any more.
    pub gone: Vec<Suppression>,
}

/// Compares by [`Suppression::id`] and how often it occurs: a line that moved is the same suppression, a second comment in the
/// same file is a new one.
#[must_use]
pub fn changes(before: &[Suppression], now: &[Suppression]) -> SuppressionChanges {
    SuppressionChanges { new: beyond(now, before), gone: beyond(before, now) }
}

/// Lists what one list has more of than another.
fn beyond(list: &[Suppression], other: &[Suppression]) -> Vec<Suppression> {
    let mut left: BTreeMap<String, usize> = BTreeMap::new();
    for entry in other {
        *left.entry(entry.id()).or_default() += 1;
    }
    let is_more = |entry: &&Suppression| match left.get_mut(&entry.id()) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        _ => true,
    };
    list.iter().filter(is_more).cloned().collect()
}

/// An exception of the plan that does nothing: it has expired, or nothing is found that it is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct IdleException {
    /// The kind and what it is about, as ids have them: `waiver:pins/x`, `quarantine:e2e`.
    pub about: String,
    /// What is wrong with it, in a line.
    pub says: String,
}

/// Suppressions that differ in nothing but their place, as one row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SuppressionRow<'a> {
    /// The suppression in its first place.
    #[serde(flatten)]
    pub first: &'a Suppression,
    /// Every place, by file and line.
    pub places: Vec<String>,
}

/// Joins entries of one kind that silence the same for the same reason.
#[must_use]
pub fn rows(entries: &[Suppression]) -> Vec<SuppressionRow<'_>> {
    let mut at: BTreeMap<(&str, &str, Option<&str>, SuppressionSource, Silenced), usize> = BTreeMap::new();
    let mut rows: Vec<SuppressionRow<'_>> = Vec::new();
    for entry in entries {
        let key = (&*entry.kind, &*entry.silences, entry.reason.as_deref(), entry.source, entry.silenced);
        let row = *at.entry(key).or_insert(rows.len());
        match rows.get_mut(row) {
            Some(row) => row.places.push(entry.place()),
            None => rows.push(SuppressionRow { first: entry, places: vec![entry.place()] }),
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(at: &str, line: u32, silences: &str) -> Suppression {
        Suppression {
            kind: "nolint".into(),
            at: at.into(),
            line,
            silences: silences.into(),
            reason: None,
            source: SuppressionSource::Tree,
            silenced: Silenced::Undecided,
        }
    }

    #[test]
    fn a_moved_line_is_the_same_and_a_second_comment_is_new() {
        let before = [entry("a.go", 3, "errcheck"), entry("b.go", 1, "all")];
        let now = [entry("a.go", 9, "errcheck"), entry("a.go", 12, "errcheck")];
        let SuppressionChanges { new, gone } = changes(&before, &now);
        assert_eq!(new, [entry("a.go", 12, "errcheck")]);
        assert_eq!(gone, [entry("b.go", 1, "all")]);
        assert_eq!(changes(&now, &now), SuppressionChanges::default());
    }

    #[test]
    fn what_says_the_same_in_many_places_is_one_row() {
        let entries: Vec<Suppression> = (1..=15).map(|line| entry("a.go", line, "errcheck")).collect();
        let other = Suppression { reason: Some("known".into()), ..entry("b.go", 1, "errcheck") };
        let entries = [entries, vec![other]].concat();
        let rows = rows(&entries);
        assert_eq!(rows.iter().map(|row| row.places.len()).collect::<Vec<_>>(), [15, 1]);
        assert_eq!((rows[0].places[1].as_str(), rows[1].first.reason.as_deref()), ("a.go:2", Some("known")));
        assert_eq!(entries[0].id(), "suppressions/nolint:a.go:errcheck");
    }
}
