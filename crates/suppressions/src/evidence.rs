//! What a command printed about tests that it skipped and files that it did not look at.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::bytes::Regex;

use rcrepro_model::evidence::suppression::{Silenced, Suppression, SuppressionSource};
use serde_json::Value;

/// The longest line that is read, in bytes.
const LONGEST: usize = 64 << 10;

/// Lists what the streams of a command show; `at` names the command.
#[must_use]
pub fn of_command(at: &str, streams: [&[u8]; 2]) -> Vec<Suppression> {
    let mut found: BTreeSet<(&'static str, String)> = BTreeSet::new();
    for line in streams.into_iter().flat_map(wanted) {
        let line = plain(&String::from_utf8_lossy(line));
        found.extend(go_test(&line).map(|test| ("go-test-skipped", test)));
        found.extend(too_large(&line).map(|file| ("gitleaks-too-large", file)));
        found.extend(summary(&line).map(|count| ("js-test-skipped", count)));
    }
    let entry = |(kind, silences): (&str, String)| Suppression {
        kind: kind.to_owned(),
        at: at.to_owned(),
        line: 0,
        silences,
        reason: None,
        source: SuppressionSource::Evidence,
        silenced: Silenced::Something,
    };
    found.into_iter().map(entry).collect()
}

/// Lists the lines with a word about something skipped.
fn wanted(stream: &[u8]) -> Vec<&[u8]> {
    static WORDS: LazyLock<Regex> = LazyLock::new(|| Regex::new("SKIP|skip|todo").expect("a constant pattern"));
    let (mut end, mut lines) = (0, Vec::new());
    for hit in WORDS.find_iter(stream) {
        if hit.start() < end {
            continue;
        }
        let start = stream[end..hit.start()].iter().rposition(|byte| *byte == b'\n').map_or(end, |at| end + at + 1);
        end = stream[hit.start()..].iter().position(|byte| *byte == b'\n').map_or(stream.len(), |at| hit.start() + at);
        lines.extend(stream.get(start..end).filter(|line| line.len() <= LONGEST));
    }
    lines
}

/// Takes colours away.
fn plain(line: &str) -> String {
    let mut parts = line.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once('m').map_or(part, |(_, rest)| rest))
}

/// Reads `--- SKIP: TestX (0.00s)` of `go test -v`, and the events of `-json`.
fn go_test(line: &str) -> Option<String> {
    if let Some(rest) = line.trim_start().strip_prefix("--- SKIP: ") {
        return rest.split_whitespace().next().map(str::to_owned);
    }
    if !line.starts_with('{') || !line.contains("\"skip\"") {
        return None;
    }
    let event: Value = serde_json::from_str(line).ok()?;
    let word = |key: &str| event.get(key).and_then(Value::as_str);
    (word("Action") == Some("skip")).then_some(())?;
    Some(format!("{} {}", word("Package").unwrap_or_default(), word("Test")?).trim().to_owned())
}

/// Reads `WRN skipping file: too large max_size=1MB, size=3MB path=big.txt`.
fn too_large(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("skipping file: too large")?;
    Some(rest.split_once("path=").map_or("a file", |(_, path)| path.trim().trim_matches('"')).to_owned())
}

/// Reads the summaries of vitest and jest (`Tests  2 passed | 1 skipped (3)`) and of `node --test` (`# skipped 1`).
fn summary(line: &str) -> Option<String> {
    let trimmed = line.trim();
    let number = |text: &str| text.trim().parse::<u64>().ok().filter(|count| *count > 0);
    if let Some(rest) = trimmed.strip_prefix("# ").or_else(|| trimmed.strip_prefix("\u{2139} ")) {
        let (word, count) = rest.split_once(' ')?;
        return matches!(word, "skipped" | "todo")
            .then(|| number(count))
            .flatten()
            .map(|count| format!("{count} {word}"));
    }
    let rest = trimmed.strip_prefix("Tests")?;
    let parts = rest.trim_start_matches(':').split(['|', ',']);
    let counts = parts.filter_map(|part| {
        let mut words = part.split_whitespace();
        let (count, word) = (number(words.next()?)?, words.next()?);
        matches!(word, "skipped" | "todo").then(|| format!("{count} {word}"))
    });
    let counts: Vec<String> = counts.collect();
    (!counts.is_empty()).then(|| counts.join(", "))
}
