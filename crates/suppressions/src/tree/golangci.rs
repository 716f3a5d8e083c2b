//! `.golangci.yml` of version 1 and 2: what is excluded, and the linters that are off.

use crate::found::FoundSuppression;

/// Keys whose items are exclusions.
const EXCLUSIONS: [&str; 12] = [
    "exclude",
    "exclude-rules",
    "exclude-dirs",
    "exclude-files",
    "exclude-patterns",
    "exclude-functions",
    "excludes",
    "skip-dirs",
    "skip-files",
    "disable",
    "presets",
    "ignore-rules",
];
/// Keys whose items are exclusions below `exclusions:` of version 2.
const BELOW_EXCLUSIONS: [&str; 2] = ["rules", "paths"];

const EXCLUDING: &str = "exclusions";

/// How many bytes of an item are gathered: more than is kept of it.
const ENOUGH: usize = 1000;

/// A key that is open, by how far it is set in.
struct Open<'a> {
    depth: usize,
    key: &'a str,
}

/// Reads line by line, by how far each is set in: every item of a list of exclusions is an entry with the whole of its text.
pub(super) fn found(_path: &str, name: &str, text: &str) -> Vec<FoundSuppression> {
    if !matches!(name, ".golangci.yml" | ".golangci.yaml") {
        return Vec::new();
    }
    let (mut open, mut found): (Vec<Open<'_>>, Vec<Item>) = (Vec::new(), Vec::new());
    // How far the item is set in whose lines are read.
    let (mut reason, mut current): (Option<&str>, Option<usize>) = (None, None);
    for (line, content) in (1..).zip(text.lines()) {
        let trimmed = content.trim_start();
        let depth = content.len() - trimmed.len();
        if let Some(comment) = trimmed.strip_prefix('#') {
            reason = Some(comment.trim());
            continue;
        }
        if trimmed.is_empty() {
            reason = None;
            continue;
        }
        let item = trimmed.strip_prefix("- ");
        // A list may be set in as far as its key.
        open.retain(|above| above.depth < depth || (item.is_some() && above.depth == depth));
        let is_below = |key: &str| open.iter().any(|above| above.key == key);
        let listed = open.last().is_some_and(|above| {
            EXCLUSIONS.contains(&above.key) || (BELOW_EXCLUSIONS.contains(&above.key) && is_below(EXCLUDING))
        });
        current = current.filter(|above| *above < depth);
        if let (Some(_), Some(last)) = (current, found.last_mut()) {
            // What is set in below an item belongs to it.
            if last.text.len() < ENOUGH {
                last.text = format!("{} {}", last.text, plain(item.unwrap_or(trimmed)));
            }
        } else if let (Some(item), true) = (item, listed) {
            let key = open.last().map_or("", |above| above.key);
            found.push(Item { line, text: format!("{key}: {}", plain(item)), reason: reason.map(str::to_owned) });
            current = Some(depth);
        } else if let Some((key, _)) = trimmed.trim_start_matches("- ").split_once(':') {
            let key = key.trim();
            // Of those set in as far, only the last is asked for, and whether one is `exclusions`.
            open.retain(|above| above.depth < depth || (above.key == EXCLUDING && key != EXCLUDING));
            open.push(Open { depth, key });
        }
        if item.is_none() {
            reason = None;
        }
    }
    let entry =
        |item: &Item| FoundSuppression::new("golangci-config", item.line, &item.text).because(item.reason.as_deref());
    found.iter().map(entry).collect()
}

struct Item {
    line: u32,
    text: String,
    reason: Option<String>,
}

/// Takes a comment behind a value away.
fn plain(text: &str) -> &str {
    text.split(" #").next().unwrap_or_default().trim()
}
