//! What a packet's branch changed, as people and machines read it.

use serde_json::{Value, json};

use rcrepro_model::content::digest::Digest;
use rcrepro_model::decision::scope::{ScopeFinding, ScopeRecord};
use rcrepro_model::text::plural::counted;

/// How many characters of a commit's id are shown.
const SHORT: usize = 12;

/// Writes the findings, what was allowed, and the verdict last.
#[must_use]
pub fn text(record: &ScopeRecord) -> String {
    let mut text = String::new();
    let mut put = |line: std::fmt::Arguments<'_>| super::text::put(&mut text, line);
    for finding in &record.findings {
        put(format_args!("{}", row!("finding", "{finding}")));
    }
    let rules = &record.rules;
    let outside = record.findings.iter().any(|finding| matches!(finding, ScopeFinding::Outside { .. }));
    if outside {
        put(format_args!("{}", row!("scope", "{}", quoted(&rules.scope))));
    }
    for (path, name) in rules.guarded(&record.changes) {
        put(format_args!("{}", row!("protected", "`{path}` ({name})")));
    }
    for (at, digest) in &record.documents {
        put(format_args!("{}", row!("document", "`{at}` {digest}")));
    }
    if let Some(hint) = hint(record) {
        put(format_args!("{}", row!("hint", "{hint}")));
    }
    let files = counted(record.changes.len(), "file");
    let verdict = if record.findings.is_empty() { "within its scope" } else { "NOT within its scope" };
    let (base, head) = (short(&record.base.commit), short(&record.head.commit));
    put(format_args!("{} {verdict}: {files} changed from {base} to {head}", record.packet));
    text
}

/// Describes a record; `digest` is that of the committed one, if it was that.
#[must_use]
pub fn json(record: &ScopeRecord, digest: Option<Digest>) -> Value {
    json!({
        "packet": record.packet.to_string(),
        "within": record.findings.is_empty(),
        "standing": record.standing(),
        "recorded": digest.map(|digest| digest.to_string()),
        "protected": record.rules.guarded(&record.changes),
        "record": record,
        "hint": hint(record),
    })
}

/// Shortens a commit's id for people.
#[must_use]
pub fn short(commit: &str) -> &str {
    commit.get(..SHORT).unwrap_or(commit)
}

fn hint(record: &ScopeRecord) -> Option<String> {
    let packet = &record.packet;
    Some(match record.findings.first()? {
        ScopeFinding::Outside { .. } => {
            let outside: Vec<&str> = record
                .findings
                .iter()
                .filter_map(|finding| match finding {
                    ScopeFinding::Outside { path } => Some(path.as_str()),
                    _ => None,
                })
                .collect();
            format!(
                "take them out of the branch (git checkout {} -- {}), or widen `scope` of {packet} in the plan, or open \
                 another packet",
                short(&record.base.commit),
                outside.join(" ")
            )
        }
        ScopeFinding::Unguarded { document, .. } => {
            format!("name the document in [packets.{packet}]: {} = \"docs/…\"", document.as_str())
        }
        ScopeFinding::DocumentMissing { at, .. } => format!("git add {at} && git commit"),
        ScopeFinding::DocumentEmpty { at, .. } | ScopeFinding::DocumentSilent { at, .. } => {
            format!("say in `{at}` what {packet} changes: name the packet and each protected file by its path")
        }
    })
}

fn quoted(globs: &[String]) -> String {
    globs.iter().map(|glob| format!("`{glob}`")).collect::<Vec<_>>().join(", ")
}
