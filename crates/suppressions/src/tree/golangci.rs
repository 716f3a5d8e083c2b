//! `.golangci.yml` of version 1 and 2, and the same in TOML and JSON: what is excluded, and the linters that are off.

use serde_json::Value;

use super::flow::{FlowList, flow};
use super::places::Places;
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

/// The kind of everything here.
pub(super) const KIND: &str = "golangci-config";

/// Lists what a configuration of TOML or JSON excludes: every item of a list of exclusions.
pub(super) fn of_value(config: &Value, text: &str) -> Vec<FoundSuppression> {
    let (places, mut found) = (Places::new(text), Vec::new());
    let mut open: Vec<(&Value, bool)> = vec![(config, false)];
    while let Some((value, is_below)) = open.pop() {
        for (key, value) in value.as_object().into_iter().flatten() {
            let is_list = EXCLUSIONS.contains(&&**key) || (is_below && BELOW_EXCLUSIONS.contains(&&**key));
            for item in value.as_array().into_iter().flatten().filter(|_| is_list) {
                let text = item.as_str().map_or_else(|| item.to_string(), str::to_owned);
                found.push(FoundSuppression::new(KIND, places.line_of(&text), &format!("{key}: {text}")));
            }
            open.push((value, is_below || key == EXCLUDING));
        }
        open.extend(value.as_array().into_iter().flatten().map(|value| (value, is_below)));
    }
    found.sort_by(|one, other| (one.line, &one.silences).cmp(&(other.line, &other.silences)));
    found
}

/// Reads line by line, by how far each is set in: every item of a list of exclusions is an entry with the whole of its text.
pub(super) fn found(_path: &str, text: &str) -> Vec<FoundSuppression> {
    let (mut open, mut found): (Vec<Open<'_>>, Vec<Item>) = (Vec::new(), Vec::new());
    let mut unread = Vec::new();
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
        } else if let Some((key, value)) = trimmed.trim_start_matches("- ").split_once(':') {
            let key = key.trim().trim_matches(['"', '\'']);
            let is_list = EXCLUSIONS.contains(&key) || (BELOW_EXCLUSIONS.contains(&key) && is_below(EXCLUDING));
            match beside(value, is_list) {
                Ok(items) => found.extend(items.iter().map(|item| Item {
                    line,
                    text: format!("{key}: {item}"),
                    reason: reason.map(str::to_owned),
                })),
                Err(why) => unread.push(FoundSuppression::unread(KIND, line, why)),
            }
            // Of those set in as far, only the last is asked for, and whether one is `exclusions`.
            open.retain(|above| above.depth < depth || (above.key == EXCLUDING && key != EXCLUDING));
            open.push(Open { depth, key });
        }
        reason = reason.filter(|_| item.is_some());
        if trimmed.starts_with(['{', '[']) && current.is_none() {
            unread.push(FoundSuppression::unread(KIND, line, super::flow::WHY));
        }
    }
    unread.dedup();
    let entry =
        |item: &Item| FoundSuppression::new("golangci-config", item.line, &item.text).because(item.reason.as_deref());
    found.iter().map(entry).chain(unread).collect()
}

/// Lists the items of a list that is written beside its key; or why what is there cannot be read.
fn beside(value: &str, is_list: bool) -> Result<Vec<&str>, &'static str> {
    match flow(value) {
        FlowList::Items(items) if is_list => Ok(items),
        FlowList::Unread if is_list || names_exclusion(value) => Err(super::flow::WHY),
        FlowList::Items(_) | FlowList::Unread | FlowList::None => Ok(Vec::new()),
    }
}

/// Whether what is behind a key may hold exclusions that no line of its own names: a mapping in braces, or what an anchor has.
fn names_exclusion(value: &str) -> bool {
    let value = value.trim_start();
    let is_open = value.starts_with('{') && !plain(value).ends_with('}');
    is_open || value.starts_with('*') || EXCLUSIONS.iter().chain([&EXCLUDING]).any(|key| value.contains(key))
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
