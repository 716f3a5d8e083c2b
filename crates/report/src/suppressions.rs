//! What `rcrepro suppressions` says, for people and as JSON.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::text::put;
use rcrepro_model::evidence::suppression::{Silenced, Suppression, SuppressionChanges, rows};
use rcrepro_model::standing::Standing;
use rcrepro_model::text::plural::counted;
use rcrepro_model::text::printable;

/// The suppressions of a commit, with what they are compared with.
#[derive(Debug, Clone, Copy)]
pub struct ShownSuppressions<'a> {
    /// Those that commands may heed, sorted.
    pub entries: &'a [Suppression],
    /// How many more there are of tools that no command runs.
    pub unheeded: usize,
    /// How many files were read.
    pub files: usize,
    /// Failed where something is new or silences nothing any more.
    pub standing: Standing,
    /// The name and the commit of the release before, and what changed since.
    pub since: Option<(&'a str, &'a str, &'a SuppressionChanges)>,
}

/// Writes one row per suppression with all its places, what changed, and a summary last.
#[must_use]
pub fn text(shown: &ShownSuppressions<'_>) -> String {
    let mut text = String::new();
    for row in rows(shown.entries) {
        let first = row.first;
        let mark = if first.silenced == Silenced::Nothing { "  (silences nothing any more)" } else { "" };
        put(&mut text, format_args!("{:<22} {}{mark}", first.kind, first.silences));
        if let Some(reason) = &first.reason {
            put(&mut text, format_args!("    because: {reason}"));
        }
        row.places.iter().for_each(|place| put(&mut text, format_args!("    {place}")));
    }
    if let Some((name, _, changed)) = shown.since {
        for (word, entries) in [("new", &changed.new), ("gone", &changed.gone)] {
            for entry in entries {
                put(&mut text, format_args!("{word} since {name}: {} ({})", entry.id(), entry.place()));
            }
        }
    }
    text + &summary(shown)
}

/// Counts the entries by kind, and says what they are compared with.
fn summary(shown: &ShownSuppressions<'_>) -> String {
    let mut text = String::new();
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for entry in shown.entries {
        *kinds.entry(&entry.kind).or_default() += 1;
    }
    let kinds: Vec<String> = kinds.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    let kinds = if kinds.is_empty() { String::new() } else { format!(": {}", kinds.join(", ")) };
    let idle = shown.entries.iter().filter(|entry| entry.silenced == Silenced::Nothing).count();
    let since = shown.since.map_or_else(
        || "no earlier release to compare with".to_owned(),
        |(name, _, changed)| format!("since {name}: {} new, {} gone", changed.new.len(), changed.gone.len()),
    );
    put(&mut text, format_args!("{}{kinds}", counted(shown.entries.len(), "suppression")));
    put(&mut text, format_args!("{idle} that silence nothing any more; {since}"));
    let unread = shown.entries.iter().filter(|entry| entry.is_unread()).count();
    if unread > 0 {
        put(&mut text, format_args!("undecided: {unread} cannot be read, and what they suppress is not known"));
    }
    let unheeded = counted(shown.unheeded, "other");
    put(&mut text, format_args!("{} read; {unheeded} of tools that no command runs", counted(shown.files, "file")));
    text
}

/// Gives `{"standing": WORD, "entries": [...], "rows": [...], "unheeded": N, "files": N, "since": {...} or null}`.
#[must_use]
pub fn json(shown: &ShownSuppressions<'_>) -> Value {
    let entry = |entry: &Suppression| {
        let mut value = json!(entry);
        value["id"] = json!(printable::line(&entry.id()));
        value
    };
    let list = |entries: &[Suppression]| entries.iter().map(entry).collect::<Vec<_>>();
    let since = shown.since.map(|(name, commit, changed)| {
        json!({ "name": name, "commit": commit, "new": list(&changed.new), "gone": list(&changed.gone) })
    });
    json!({
        "standing": shown.standing, "entries": list(shown.entries), "rows": rows(shown.entries), "unheeded": shown.unheeded, "files": shown.files,
        "since": since,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcrepro_model::evidence::suppression::SuppressionSource;

    fn entry(at: &str, line: u32) -> Suppression {
        Suppression {
            kind: "nolint".into(),
            at: at.into(),
            line,
            silences: "errcheck\u{1b}[2J".into(),
            reason: Some("known".into()),
            source: SuppressionSource::Tree,
            silenced: Silenced::Undecided,
        }
    }

    #[test]
    fn one_row_with_all_its_places_and_what_is_new() {
        let entries = [entry("a.go", 3), entry("b.go", 9)];
        let changed = SuppressionChanges { new: vec![entry("b.go", 9)], gone: Vec::new() };
        let shown = ShownSuppressions {
            entries: &entries,
            unheeded: 2,
            files: 7,
            standing: Standing::Failed,
            since: Some(("v1", "0123", &changed)),
        };
        let said = text(&shown);
        assert!(
            said.starts_with("nolint                 errcheck\\u{1b}[2J\n    because: known\n    a.go:3\n    b.go:9\n"),
            "{said}"
        );
        assert!(said.contains("new since v1: suppressions/nolint:b.go:errcheck"), "{said}");
        assert!(
            said.contains("2 suppressions: 2 nolint\n0 that silence nothing any more; since v1: 1 new, 0 gone\n"),
            "{said}"
        );
        assert!(said.ends_with("7 files read; 2 others of tools that no command runs\n"), "{said}");
        let document = json(&shown);
        assert_eq!(document["rows"][0]["places"], json!(["a.go:3", "b.go:9"]));
        assert_eq!((&document["since"]["new"][0]["at"], &document["files"]), (&json!("b.go"), &json!(7)));
    }
}
